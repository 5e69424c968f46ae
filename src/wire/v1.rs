//! Signature V1: `Base64(HMAC-SHA1(secret + "&", METHOD&%2F&enc(sorted parameters)))` (FACTS 1.3).

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

use super::encoding::encode_twice_into;

/// Bytes of a signature, and characters of its Base64.
const MAC_BYTES: usize = 20;
const MAC_CHARACTERS: usize = 28;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The string to sign for decoded parameters, `Signature` left out wherever it stands.
///
/// Parameters are sorted by name, repeated ones by value, as bytes.
pub fn string_to_sign(method: &str, parameters: &[(String, String)]) -> String {
    string_to_sign_of(method, parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())))
}

pub(super) fn string_to_sign_of<'a>(method: &str, parameters: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut sorted: Vec<(&str, &str)> = parameters.filter(|(name, _)| *name != "Signature").collect();
    sorted.sort_unstable();
    let length: usize = sorted.iter().map(|(name, value)| name.len() + value.len() + 12).sum();
    let mut out = String::with_capacity(method.len() + 5 + length);
    out.push_str(method);
    out.push_str("&%2F&");
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push_str("%26");
        }
        encode_twice_into(name, &mut out);
        out.push_str("%3D");
        encode_twice_into(value, &mut out);
    }
    out
}

/// The signature of a string to sign, in Base64.
pub fn sign(secret: &str, string_to_sign: &str) -> String {
    BASE64.encode(mac(secret, string_to_sign))
}

/// Whether `signature` is the right one, compared as bytes in constant time; the unused bits of its last Base64
/// character do not matter.
pub fn verify(secret: &str, string_to_sign: &str, signature: &str) -> bool {
    let mut given = [0; MAC_BYTES + 4];
    if signature.len() != MAC_CHARACTERS || BASE64.decode_slice(signature, &mut given) != Ok(MAC_BYTES) {
        return false;
    }
    given[..MAC_BYTES].ct_eq(&mac(secret, string_to_sign)).into()
}

fn mac(secret: &str, string_to_sign: &str) -> [u8; MAC_BYTES] {
    let mut key = Zeroizing::new(Vec::with_capacity(secret.len() + 1));
    key.extend_from_slice(secret.as_bytes());
    key.push(b'&');
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn owned(parameters: Pairs<'_>) -> Vec<(String, String)> {
        parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_string_to_sign_is_sorted_by_bytes_and_encoded_twice() {
        let rows: [(&str, Pairs<'_>, &str); 6] = [
            ("nothing", &[], "GET&%2F&"),
            ("signature left out", &[("Signature", "x"), ("a", "1"), ("Signature", "y")], "GET&%2F&a%3D1"),
            ("upper case first", &[("a", "1"), ("Z", "2")], "GET&%2F&Z%3D2%26a%3D1"),
            ("numbers are text", &[("I.2", ""), ("I.10", "")], "GET&%2F&I.10%3D%26I.2%3D"),
            ("repeated by value", &[("a", "2"), ("a", "10"), ("a", "")], "GET&%2F&a%3D%26a%3D10%26a%3D2"),
            ("encoded twice", &[("k é", "a b*~=&")], "GET&%2F&k%2520%25C3%25A9%3Da%2520b%252A~%253D%2526"),
        ];
        for (name, parameters, expected) in rows {
            assert_eq!(string_to_sign("GET", &owned(parameters)), expected, "{name}");
        }
    }

    #[test]
    fn only_whole_signatures_in_canonical_padding_are_accepted() {
        let right = sign("secret", "text");
        let rows = [
            ("right", right.clone(), true),
            ("empty", String::new(), false),
            ("no padding", right.trim_end_matches('=').to_owned(), false),
            ("too much padding", format!("{right}="), false),
            ("white space", format!("{right} "), false),
            ("another alphabet", format!("-{}", &right[1..]), false),
            ("fewer bytes", "AAAAAAAAAAAAAAAAAAAAAAAAAA==".to_owned(), false),
            ("more bytes", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(), false),
            ("not ASCII", "é".repeat(14), false),
        ];
        for (name, signature, accepted) in rows {
            assert_eq!(verify("secret", "text", &signature), accepted, "{name}");
        }
    }
}
