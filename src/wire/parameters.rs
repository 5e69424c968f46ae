//! Parameters: ordered name-value pairs, duplicates kept, and their reading from a query or form body.

use std::fmt;

use super::encoding::{Encoding, digit};

/// Decoded parameters in the order they were written.
pub type Parameters = Vec<(String, String)>;

/// Why a query or form body cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DecodeError {
    /// `%` without two hexadecimal digits, at this byte.
    BadEscape(usize),
    /// Decodes to bytes that are no UTF-8.
    NotUtf8,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::BadEscape(at) => write!(f, "`%` without two hexadecimal digits at byte {at}"),
            DecodeError::NotUtf8 => f.write_str("decodes to bytes that are no UTF-8"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Reads `a=1&b=2`: `%XX` decoded once, `+` as space, a name without `=` has an empty value, empty pairs are skipped.
///
/// # Errors
/// [`DecodeError`] for the first pair that cannot be decoded.
pub fn parse(text: &[u8]) -> Result<Parameters, DecodeError> {
    let mut parameters = Parameters::new();
    let mut start = 0;
    for pair in text.split(|byte| *byte == b'&') {
        if !pair.is_empty() {
            let equals = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let name = decode(&pair[..equals], start)?;
            let value = match pair.get(equals + 1..) {
                Some(value) => decode(value, start + equals + 1)?,
                None => String::new(),
            };
            parameters.push((name, value));
        }
        start += pair.len() + 1;
    }
    Ok(parameters)
}

/// Writes `a=1&b=2`, always with `=`, the inverse of [`parse`] in every encoding.
pub fn write<'a>(parameters: impl IntoIterator<Item = (&'a str, &'a str)>, encoding: Encoding) -> String {
    let mut out = String::with_capacity(512);
    for (name, value) in parameters {
        if !out.is_empty() {
            out.push('&');
        }
        encoding.encode_into(name, &mut out);
        out.push('=');
        encoding.encode_into(value, &mut out);
    }
    out
}

/// Decodes a name or value that begins at byte `start` of the whole.
fn decode(text: &[u8], start: usize) -> Result<String, DecodeError> {
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(text).map(str::to_owned).map_err(|_| DecodeError::NotUtf8);
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'%' => {
                let high = text.get(at + 1).copied().and_then(digit);
                let low = text.get(at + 2).copied().and_then(digit);
                let (Some(high), Some(low)) = (high, low) else { return Err(DecodeError::BadEscape(start + at)) };
                bytes.push(high << 4 | low);
                at += 3;
            }
            b'+' => {
                bytes.push(b' ');
                at += 1;
            }
            _ => {
                bytes.push(*byte);
                at += 1;
            }
        }
    }
    String::from_utf8(bytes).map_err(|_| DecodeError::NotUtf8)
}

/// The first value of `name`.
pub fn first<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}
