//! Requests as they arrive: a line of target, one of authorization, and a body.

use crate::http::{Headers, Request};
use crate::wire::v3::Authorization;
use crate::wire::{DecodeError, Encoding, Incoming, Parameters, parameters};

/// Reads them.
///
/// # Panics
/// When reading does not agree with a second reader, or what was read cannot be written and read again.
pub fn check(data: &[u8]) {
    agree(data, parameters::parse);
    let [target, authorization, body] = parts(data);
    let target = String::from_utf8_lossy(target).into_owned();
    let query = read(target.split_once('?').map_or("", |(_, query)| query).as_bytes());
    let mut request = Request { method: "POST".to_owned(), target, headers: Headers::new(), body: body.to_vec() };
    request.headers.push("authorization", authorization);
    let plain = Incoming::parse(&request).map(|incoming| (incoming.query, incoming.form));
    assert_eq!(plain, query.clone().map(|query| (query, Parameters::new())), "a body of no type is no form");

    request.headers.push("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    let both = query.and_then(|query| Ok((query, read(body)?)));
    match Incoming::parse(&request) {
        Ok(incoming) => {
            claims(&incoming, body);
            assert_eq!(Ok((incoming.query, incoming.form)), both);
        }
        Err(error) => assert_eq!(Err(error), both),
    }
}

/// Holds a reader of queries and form bodies against a second one.
fn agree(data: &[u8], parse: impl Fn(&[u8]) -> Result<Parameters, DecodeError>) {
    for text in parts(data) {
        let parsed = parse(text);
        assert_eq!(parsed, read(text), "{}", text.escape_ascii());
        let Ok(parsed) = parsed else { continue };
        for encoding in Encoding::ALL {
            let pairs = parsed.iter().map(|(name, value)| (name.as_str(), value.as_str()));
            let written = parameters::write(pairs, encoding);
            assert_eq!(parse(written.as_bytes()).as_ref(), Ok(&parsed), "{written}");
        }
    }
}

/// What a request claims is read without a panic, and an authorization means the same when it is written again.
fn claims(incoming: &Incoming<'_>, body: &[u8]) {
    let parameter = |name: &str| incoming.parameters().find(|(other, _)| *other == name).map(|(_, value)| value);
    for (name, _) in incoming.parameters() {
        assert_eq!(incoming.parameter(name), parameter(name), "the first of {name:?}");
    }
    assert!(incoming.v1_string_to_sign().starts_with("POST&%2F&"));
    if let Some(authorization) = incoming.authorization() {
        assert_eq!(Authorization::parse(&authorization.to_string()).as_ref(), Some(&authorization));
        assert_eq!(incoming.v3_string_to_sign(&authorization, body).len(), "ACS3-HMAC-SHA256\n".len() + 64);
        assert_eq!(incoming.signature(), Some(authorization.signature));
    }
}

/// Two lines and the rest.
fn parts(data: &[u8]) -> [&[u8]; 3] {
    let mut parts = data.splitn(3, |byte| *byte == b'\n');
    [(); 3].map(|()| parts.next().unwrap_or_default())
}

/// The second reader: by splitting where the first goes byte by byte.
fn read(text: &[u8]) -> Result<Parameters, DecodeError> {
    let mut read = Parameters::new();
    let mut start = 0;
    for pair in text.split(|byte| *byte == b'&') {
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let (name, value) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
        if !pair.is_empty() {
            read.push((once(name, start)?, once(value, start + name.len() + 1)?));
        }
        start += pair.len() + 1;
    }
    Ok(read)
}

/// A name or value, decoded once.
fn once(text: &[u8], start: usize) -> Result<String, DecodeError> {
    let is_escape = |at: usize| text.get(at + 1..at + 3).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit));
    if let Some(at) = (0..text.len()).find(|at| text[*at] == b'%' && !is_escape(*at)) {
        return Err(DecodeError::BadEscape(start + at));
    }
    let mut decoded = Vec::new();
    for (index, piece) in text.split(|byte| *byte == b'%').enumerate() {
        let (escaped, plain) = piece.split_at(if index == 0 { 0 } else { 2 });
        let escaped = std::str::from_utf8(escaped).ok().filter(|digits| !digits.is_empty());
        decoded.extend(escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()));
        decoded.extend(plain.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }));
    }
    String::from_utf8(decoded).map_err(|_| DecodeError::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parser with a text changed before it is read.
    fn after(change: impl Fn(&str) -> String) -> impl Fn(&[u8]) -> Result<Parameters, DecodeError> {
        move |text| {
            std::str::from_utf8(text).map_or(Err(DecodeError::NotUtf8), |t| parameters::parse(change(t).as_bytes()))
        }
    }

    fn is_caught(data: &str, parse: impl Fn(&[u8]) -> Result<Parameters, DecodeError>) -> bool {
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| agree(data.as_bytes(), parse))).is_err()
    }

    #[test]
    fn a_wrong_parser_does_not_agree() {
        const RIGHT: &str = "/?a=%C3%A9+%2541\n\nb=&c&=&d=%2B";
        assert!(!is_caught(RIGHT, parameters::parse));
        assert!(is_caught(RIGHT, after(|text| text.replace("%25", "%"))), "decodes twice");
        assert!(is_caught(RIGHT, after(|text| text.replace('+', "%2B"))), "leaves + as it is");
        assert!(is_caught("a=%zz", after(|text| text.replace("%zz", "zz"))), "takes what is no escape");
        let dropped = |text: &[u8]| {
            parameters::parse(text).map(|all| all.into_iter().filter(|(_, value)| !value.is_empty()).collect())
        };
        assert!(is_caught(RIGHT, dropped), "drops an empty value");
    }
}
