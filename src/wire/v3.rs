//! Signature V3: ACS3-HMAC-SHA256 over method, path, query, headers and body (FACTS 1.4).

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::encoding::{Encoding, digit, hex, hex_into};
use crate::http::Headers;
use crate::limits;

/// The name of the scheme, as the `Authorization` header and the string to sign begin with it.
pub const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The parts of an `Authorization: ACS3-HMAC-SHA256 ...` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorization {
    /// AccessKeyId.
    pub credential: String,
    /// Lower-case names of the signed headers, in the header's order.
    pub signed_headers: Vec<String>,
    /// Hexadecimal signature as sent.
    pub signature: String,
}

impl Authorization {
    /// Reads the header's value; `None` when it is not of this scheme or lacks a part.
    ///
    /// The parts may come in any order and with spaces around the commas; parts of other names are passed over, a part
    /// that stands twice and more than `limits::HEADER_FIELDS` signed headers are refused.
    pub fn parse(value: &str) -> Option<Authorization> {
        let (scheme, parts) = value.trim().split_once([' ', '\t'])?;
        if scheme != ALGORITHM {
            return None;
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for part in parts.split(',') {
            let Some((name, value)) = part.split_once('=') else { continue };
            let place = match name.trim() {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => continue,
            };
            let value = value.trim();
            if value.is_empty() || place.replace(value).is_some() {
                return None;
            }
        }
        let (credential, signed_headers, signature) = (credential?, signed_headers?, signature?);
        if signed_headers.split(';').count() > limits::HEADER_FIELDS {
            return None;
        }
        Some(Authorization {
            credential: credential.to_owned(),
            signed_headers: signed_headers.split(';').map(|name| name.trim().to_ascii_lowercase()).collect(),
            signature: signature.to_owned(),
        })
    }
}

/// The header's value, without spaces after the commas.
impl fmt::Display for Authorization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ALGORITHM} Credential={},SignedHeaders=", self.credential)?;
        for (index, name) in self.signed_headers.iter().enumerate() {
            write!(f, "{}{name}", if index > 0 { ";" } else { "" })?;
        }
        write!(f, ",Signature={}", self.signature)
    }
}

/// The canonical request: query decoded, re-encoded and sorted; the signed headers in the given order, values trimmed
/// (a repeated header's values sorted and joined with `,`, as the SDKs do); `payload_hash` as hexadecimal text.
///
/// A signed header that is not there counts as empty. Bytes that are no UTF-8 are written as private characters, so
/// that two different values never sign alike.
pub fn canonical_request(
    method: &str,
    path: &str,
    query: &[(String, String)],
    headers: &Headers,
    signed_headers: &[String],
    payload_hash: &str,
) -> String {
    let query = query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    canonical_request_of(method, path, query, headers, signed_headers, payload_hash)
}

pub(super) fn canonical_request_of<'a>(
    method: &str,
    path: &str,
    query: impl Iterator<Item = (&'a str, &'a str)>,
    headers: &Headers,
    signed_headers: &[impl AsRef<str>],
    payload_hash: &str,
) -> String {
    let mut out = String::with_capacity(1024);
    out.push_str(method);
    out.push('\n');
    out.push_str(if path.is_empty() { "/" } else { path });
    out.push('\n');

    let mut sorted: Vec<(&str, &str)> = query.collect();
    sorted.sort_unstable();
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push('&');
        }
        Encoding::Strict.encode_into(name, &mut out);
        out.push('=');
        Encoding::Strict.encode_into(value, &mut out);
    }
    out.push('\n');

    for name in signed_headers {
        let name = name.as_ref();
        out.push_str(name);
        out.push(':');
        let mut values = headers.all(name).map(<[u8]>::trim_ascii);
        if let Some(first) = values.next() {
            match values.next() {
                None => push_bytes(first, &mut out),
                Some(second) => {
                    let mut all: Vec<&[u8]> = [first, second].into_iter().chain(values).collect();
                    all.sort_unstable();
                    for (index, value) in all.into_iter().enumerate() {
                        if index > 0 {
                            out.push(',');
                        }
                        push_bytes(value, &mut out);
                    }
                }
            }
        }
        out.push('\n');
    }
    out.push('\n');
    push_joined(signed_headers, &mut out);
    out.push('\n');
    out.push_str(payload_hash);
    out
}

/// `ACS3-HMAC-SHA256\n` and the hash of the canonical request.
pub fn string_to_sign(canonical_request: &str) -> String {
    let mut out = String::with_capacity(ALGORITHM.len() + 65);
    out.push_str(ALGORITHM);
    out.push('\n');
    hex_into(&Sha256::digest(canonical_request.as_bytes()), &mut out);
    out
}

/// Hexadecimal signature, lower case.
pub fn sign(secret: &str, string_to_sign: &str) -> String {
    hex(&mac(secret, string_to_sign))
}

/// Whether `signature` is the right one, in either case of its hexadecimal digits, in constant time.
pub fn verify(secret: &str, string_to_sign: &str, signature: &str) -> bool {
    let digits = signature.as_bytes();
    let mut given = [0; 32];
    if digits.len() != 2 * given.len() {
        return false;
    }
    for (byte, pair) in given.iter_mut().zip(digits.chunks_exact(2)) {
        let (Some(high), Some(low)) = (digit(pair[0]), digit(pair[1])) else { return false };
        *byte = high << 4 | low;
    }
    given.ct_eq(&mac(secret, string_to_sign)).into()
}

/// Hexadecimal SHA-256, lower case.
pub fn hash(bytes: &[u8]) -> String {
    // Most requests have no body.
    if bytes.is_empty() { HASH_OF_NOTHING.to_owned() } else { hex(&Sha256::digest(bytes)) }
}

const HASH_OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// The header's value for borrowed parts.
pub(super) fn authorization(credential: &str, signed_headers: &[impl AsRef<str>], signature: &str) -> String {
    let mut out = String::with_capacity(320);
    out.push_str(ALGORITHM);
    out.push_str(" Credential=");
    out.push_str(credential);
    out.push_str(",SignedHeaders=");
    push_joined(signed_headers, &mut out);
    out.push_str(",Signature=");
    out.push_str(signature);
    out
}

fn mac(secret: &str, string_to_sign: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("HMAC takes a key of any length");
    mac.update(string_to_sign.as_bytes());
    mac.finalize().into_bytes().into()
}

fn push_joined(names: &[impl AsRef<str>], out: &mut String) {
    for (index, name) in names.iter().enumerate() {
        if index > 0 {
            out.push(';');
        }
        out.push_str(name.as_ref());
    }
}

fn push_bytes(bytes: &[u8], out: &mut String) {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return out.push_str(text);
    }
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push(char::from_u32(0x10_FE00 + u32::from(*byte)).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_nothing_is_that_of_no_bytes() {
        assert_eq!(hash(b""), hex(&Sha256::digest(b"")));
    }

    #[test]
    fn an_authorization_is_read_as_clients_write_it() {
        let right = Authorization {
            credential: "id".to_owned(),
            signed_headers: vec!["host".to_owned(), "x-acs-date".to_owned()],
            signature: "ab".to_owned(),
        };
        let rows = [
            ("as documented", "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-date,Signature=ab"),
            ("spaces after commas", "ACS3-HMAC-SHA256 Credential=id, SignedHeaders=host;x-acs-date, Signature=ab"),
            (
                "spaces everywhere",
                "  ACS3-HMAC-SHA256   Credential = id , SignedHeaders = host ; x-acs-date,Signature= ab ",
            ),
            ("another order", "ACS3-HMAC-SHA256 Signature=ab,Credential=id,SignedHeaders=host;x-acs-date"),
            ("upper-case names", "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=Host;X-Acs-Date,Signature=ab"),
            ("unknown part", "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host;x-acs-date,Signature=ab,More=1,"),
        ];
        for (name, value) in rows {
            assert_eq!(Authorization::parse(value).as_ref(), Some(&right), "{name}");
        }
        assert_eq!(right.to_string(), rows[0].1);
    }

    #[test]
    fn an_authorization_that_lacks_a_part_is_none() {
        let rows = [
            ("empty", String::new()),
            ("scheme alone", "ACS3-HMAC-SHA256".to_owned()),
            ("another scheme", "ACS3-HMAC-SM3 Credential=id,SignedHeaders=host,Signature=ab".to_owned()),
            ("no credential", "ACS3-HMAC-SHA256 SignedHeaders=host,Signature=ab".to_owned()),
            ("no signed headers", "ACS3-HMAC-SHA256 Credential=id,Signature=ab".to_owned()),
            ("no signature", "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host".to_owned()),
            ("empty signature", "ACS3-HMAC-SHA256 Credential=id,SignedHeaders=host,Signature=".to_owned()),
            ("a part twice", "ACS3-HMAC-SHA256 Credential=id,Credential=id,SignedHeaders=host,Signature=ab".to_owned()),
            (
                "too many headers",
                format!("ACS3-HMAC-SHA256 Credential=id,SignedHeaders={}host,Signature=ab", "a;".repeat(256)),
            ),
        ];
        for (name, value) in rows {
            assert_eq!(Authorization::parse(&value), None, "{name}");
        }
    }

    #[test]
    fn signed_headers_are_trimmed_joined_and_never_alike_when_they_differ() {
        let line = |values: &[&[u8]]| {
            let headers: Headers = values.iter().map(|value| ("X-Acs-A", *value)).collect();
            let canonical = canonical_request("GET", "", &[], &headers, &["x-acs-a".to_owned()], "hash");
            let rest = canonical.strip_prefix("GET\n/\n\nx-acs-a:").expect("method, path, empty query");
            rest.strip_suffix("\n\nx-acs-a\nhash").expect("names and hash").to_owned()
        };
        assert_eq!(line(&[]), "");
        assert_eq!(line(&[b" \t two  words  "]), "two  words");
        assert_eq!(line(&[b"b", b" a", b"c"]), "a,b,c");
        assert_eq!(line(&["é".as_bytes()]), "é");
        let bytes: [&[u8]; 5] = [b"\xe9", b"\xe8", "é".as_bytes(), "\u{fffd}".as_bytes(), b"\xe9\xe9"];
        let lines: std::collections::BTreeSet<String> = bytes.iter().map(|value| line(&[*value])).collect();
        assert_eq!(lines.len(), bytes.len());
    }

    #[test]
    fn the_query_is_sorted_after_decoding_by_name_then_value() {
        let query = [("b", "2"), ("a", "é "), ("b", "1"), ("A", "")].map(|(n, v)| (n.to_owned(), v.to_owned()));
        let canonical = canonical_request("POST", "/", &query, &Headers::new(), &[], "hash");
        assert_eq!(canonical, "POST\n/\nA=&a=%C3%A9%20&b=1&b=2\n\n\nhash");
    }

    #[test]
    fn only_whole_hexadecimal_signatures_are_accepted() {
        let right = sign("secret", "text");
        let rows = [
            ("right", right.clone(), true),
            ("upper case", right.to_ascii_uppercase(), true),
            ("empty", String::new(), false),
            ("one digit less", right[1..].to_owned(), false),
            ("one digit more", format!("{right}0"), false),
            ("no digit", format!("{}g", &right[..63]), false),
            ("not ASCII", "é".repeat(32), false),
        ];
        for (name, signature, accepted) in rows {
            assert_eq!(verify("secret", "text", &signature), accepted, "{name}");
        }
    }

    #[test]
    fn the_hash_of_nothing_is_the_documented_one() {
        assert_eq!(hash(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
