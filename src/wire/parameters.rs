//! Parameters: ordered name-value pairs, duplicates kept, and their reading from a query or form body.

use std::fmt;

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
    let _ = text;
    todo!()
}

/// The first value of `name`.
pub fn first<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}
