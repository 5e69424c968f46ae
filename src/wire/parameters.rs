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

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    #[test]
    fn queries_are_read_as_clients_write_them() {
        let rows: [(&str, &str, Pairs<'_>); 12] = [
            ("nothing", "", &[]),
            ("separators alone", "&&&", &[]),
            ("in order", "b=1&a=2", &[("b", "1"), ("a", "2")]),
            ("repeated", "a=1&a=2&a=1", &[("a", "1"), ("a", "2"), ("a", "1")]),
            ("no equals sign", "a&b=", &[("a", ""), ("b", "")]),
            ("no name", "=&=v", &[("", ""), ("", "v")]),
            ("equals signs in the value", "a=b=c==", &[("a", "b=c==")]),
            ("empty pairs", "&a=1&&b=2&", &[("a", "1"), ("b", "2")]),
            ("spaces", "a+b=c%20d%2Be", &[("a b", "c d+e")]),
            ("either hex case", "%c3%A9=%2a%2A", &[("é", "**")]),
            ("decoded once", "a=%2541", &[("a", "%41")]),
            ("raw UTF-8", "é=😀", &[("é", "😀")]),
        ];
        for (name, text, expected) in rows {
            let expected: Parameters = expected.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
            assert_eq!(parse(text.as_bytes()), Ok(expected), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_decoded_is_refused_with_its_place() {
        let rows: [(&str, &[u8], DecodeError); 8] = [
            ("no digits", b"a=1&b=%", DecodeError::BadEscape(6)),
            ("one digit", b"a=%4", DecodeError::BadEscape(2)),
            ("digit cut by the next pair", b"a=%4&b=1", DecodeError::BadEscape(2)),
            ("no hexadecimal digit", b"a=xy%4G", DecodeError::BadEscape(4)),
            ("in a name", b"&&%zz=1", DecodeError::BadEscape(2)),
            ("a sign is no digit", b"a=%+1", DecodeError::BadEscape(2)),
            ("escaped bytes that are no UTF-8", b"a=%FF", DecodeError::NotUtf8),
            ("raw bytes that are no UTF-8", b"a=\xff", DecodeError::NotUtf8),
        ];
        for (name, text, error) in rows {
            assert_eq!(parse(text), Err(error), "{name}");
        }
    }

    #[test]
    fn writing_is_the_inverse_of_reading() {
        let parameters = [("", ""), ("a b", "c&d=e"), ("", "x"), ("é", "%"), ("a b", "")];
        for encoding in Encoding::ALL {
            let read = parse(write(parameters, encoding).as_bytes()).expect("what was written can be read");
            let read: Vec<(&str, &str)> = read.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
            assert_eq!(read, parameters, "{}", encoding.name());
        }
    }

    #[test]
    fn the_first_of_repeated_parameters_is_found() {
        let parameters = parse(b"a=1&b=2&a=3").expect("reads");
        assert_eq!((first(&parameters, "a"), first(&parameters, "A")), (Some("1"), None));
    }
}
