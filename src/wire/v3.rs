//! Signature V3: ACS3-HMAC-SHA256 over method, path, query, headers and body (FACTS 1.4).

use crate::http::Headers;

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
    pub fn parse(value: &str) -> Option<Authorization> {
        let _ = value;
        todo!()
    }
}

/// The canonical request: query decoded, re-encoded and sorted; the signed headers in the given order, values trimmed
/// (a repeated header's values joined with `,`); `payload_hash` as hexadecimal text.
pub fn canonical_request(
    method: &str,
    path: &str,
    query: &[(String, String)],
    headers: &Headers,
    signed_headers: &[String],
    payload_hash: &str,
) -> String {
    let _ = (method, path, query, headers, signed_headers, payload_hash);
    todo!()
}

/// `ACS3-HMAC-SHA256\n` and the hash of the canonical request.
pub fn string_to_sign(canonical_request: &str) -> String {
    let _ = canonical_request;
    todo!()
}

/// Hexadecimal signature, lower case.
pub fn sign(secret: &str, string_to_sign: &str) -> String {
    let _ = (secret, string_to_sign);
    todo!()
}

/// Whether `signature` is the right one, in either case of its hexadecimal digits, in constant time.
pub fn verify(secret: &str, string_to_sign: &str, signature: &str) -> bool {
    let _ = (secret, string_to_sign, signature);
    todo!()
}

/// Hexadecimal SHA-256, lower case.
pub fn hash(bytes: &[u8]) -> String {
    let _ = bytes;
    todo!()
}
