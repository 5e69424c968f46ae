//! Signature V3: ACS3-HMAC-SHA256 over method, path, query, headers and body (FACTS 1.4).

use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::encoding::{Encoding, digit, hex_into};
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
    hex(&Sha256::digest(bytes))
}

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

fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    hex_into(bytes, &mut out);
    out
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
    for chunk in bytes.utf8_chunks() {
        out.push_str(chunk.valid());
        for byte in chunk.invalid() {
            out.push(char::from_u32(0x10_FE00 + u32::from(*byte)).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
}
