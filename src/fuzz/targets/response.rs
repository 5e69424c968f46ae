//! Answers: bytes as they come over the wire, and bodies in both formats.

use serde_json::Value;

use super::CONTRACT;
use crate::check::Seen;
use crate::check::seen::violations;
use crate::http::{Cause, Headers, Response};
use crate::limits;
use crate::transport::answer::{End, Reader};
use crate::wire::{Document, DocumentFault, Format};

/// Members that a body is said to repeat, at most.
const DUPLICATES: usize = 16;
/// Bytes in which an answer is said, at most.
const WORDS: usize = 1_000;

/// Reads them as a whole answer, and as a body alone.
///
/// # Panics
/// When reading depends on how the bytes are cut, goes beyond its bounds, or does not agree with a second reader.
pub fn check(data: &[u8]) {
    let (answer, surplus) = whole(data, data.len().max(1));
    for size in [1, 7] {
        assert_eq!(whole(data, size), (answer.clone(), surplus.clone()), "in pieces of {size}");
    }
    if let Ok(response) = answer {
        assert!(response.body.len() <= limits::BODY_BYTES && response.headers.len() <= limits::HEADER_FIELDS);
        seen(&response);
    }
    for status in [200, 404] {
        seen(&Response::new(status, Headers::new(), data));
    }
    for format in Format::ALL {
        document(data, format);
    }
}

/// An answer that comes in pieces and then ends.
fn whole(data: &[u8], size: usize) -> (Result<Response, Cause>, Vec<u8>) {
    let mut reader = Reader::new("GET");
    for piece in data.chunks(size) {
        reader.push(piece);
    }
    reader.finish(End::Closed)
}

/// What is said of an answer holds together, and can be shown.
fn seen(response: &Response) {
    let seen = Seen::of(response);
    let words = seen.words();
    assert!(words.len() <= WORDS && !words.chars().any(char::is_control), "{words:?}");
    assert!(!seen.is_ok(None) || seen.took_effect(), "a success that took no effect: {words}");
    assert!(!seen.is_throttled() || seen.is_error(), "throttled, and no error: {words}");
    assert_eq!(seen.is_ok(None), seen.not_ok(None).is_none());
}

fn document(body: &[u8], format: Format) {
    let read = Document::parse(body, format);
    let second = std::str::from_utf8(body).ok().map(|text| match format {
        Format::Json => serde_json::from_str::<Value>(text).is_ok(),
        Format::Xml => roxmltree::Document::parse(text).is_ok(),
    });
    let document = match read {
        Ok(document) => document,
        Err(faults) => {
            assert!(!faults.is_empty(), "refused for nothing");
            let bounds = |fault: &DocumentFault| match fault {
                DocumentFault::TooDeep => true,
                DocumentFault::Malformed(words) => words.ends_with("attributes"),
                DocumentFault::Bom => true,
                _ => false,
            };
            assert!(second != Some(true) || faults.iter().any(bounds), "only we refuse it: {faults:?}");
            return;
        }
    };
    let follows = |fault: &DocumentFault| matches!(fault, DocumentFault::Bom | DocumentFault::Trailing(_));
    assert!(second == Some(true) || document.faults.iter().any(follows), "only we read it: {document:?}");
    let value = document.value().to_value();
    assert!(depth(&value) <= limits::DOCUMENT_DEPTH, "too deep: {document:?}");
    let repeated = document.faults.iter().filter(|fault| matches!(fault, DocumentFault::Duplicate(_)));
    assert!(repeated.count() <= DUPLICATES, "{:?}", document.faults);
    assert_eq!(document.root.is_some(), format == Format::Xml);
    assert!(format == Format::Json || value.is_object(), "{document:?}");
    if format == Format::Json && document.faults.is_empty() {
        assert_eq!(serde_json::from_slice::<Value>(body).ok(), Some(value.clone()));
    }
    for schema in CONTRACT.schemas.values() {
        let found = violations(schema, &document);
        assert!(
            format == Format::Xml || found == schema.violations(&value),
            "judged otherwise than by itself: {document:?}"
        );
        assert!(found.is_sorted() && (value.is_object() || !found.is_empty()), "{document:?}");
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
