//! XML answers: read into the shape of JSON, within bounds that hold before the parser begins.

use serde_json::{Map, Value};

use super::DocumentFault;
use super::envelope::{is_space, malformed};
use crate::limits;

/// Attributes of an XML answer: the parser's work grows with their square, and the service sends next to none.
const ATTRIBUTES: usize = 512;
/// The member that holds the text of an element that has children too.
const MIXED_TEXT: &str = "#text";

/// Reads `text`, which begins at byte `start` of the body, into the root's name and its content.
pub(super) fn parse(
    text: &str,
    start: usize,
    faults: &mut Vec<DocumentFault>,
) -> Result<(String, Value), DocumentFault> {
    let end = survey(text)?;
    let document = roxmltree::Document::parse(&text[..end.unwrap_or(text.len())]).map_err(|error| malformed(&error))?;
    if let Some(end) = end {
        faults.push(DocumentFault::Trailing(start + end));
    }
    let root = document.root_element();
    let value = match element(root) {
        Value::String(text) if text.bytes().all(is_space) => Value::Object(Map::new()),
        Value::String(text) => Value::Object(Map::from_iter([(MIXED_TEXT.to_owned(), Value::String(text))])),
        value => value,
    };
    Ok((root.tag_name().name().to_owned(), value))
}

/// Looks over the tags before the parser does, which builds lists whose length grows with the square of nesting and
/// attributes. Gives the byte where something else follows the root element.
///
/// Whatever it takes for no tag, the parser refuses at that place or before it.
fn survey(text: &str) -> Result<Option<usize>, DocumentFault> {
    let bytes = text.as_bytes();
    let past = |from: usize, mark: &str| {
        memchr::memmem::find(&bytes[from..], mark.as_bytes()).map(|found| from + found + mark.len())
    };
    let (mut at, mut depth, mut attributes, mut ended) = (0, 0_usize, 0_usize, false);
    loop {
        if ended {
            let rest = &text[at..];
            at = text.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            let rest = &text[at..];
            let belongs = rest.starts_with("<!--") || (rest.starts_with("<?") && !rest.starts_with("<?xml "));
            if !rest.is_empty() && !belongs {
                return Ok(Some(at));
            }
        }
        let Some(found) = memchr::memchr(b'<', &bytes[at..]) else { return Ok(None) };
        at += found;
        let rest = &text[at..];
        let next = if rest.starts_with("<!--") {
            past(at + 4, "-->")
        } else if rest.starts_with("<![CDATA[") {
            past(at + 9, "]]>")
        } else if rest.starts_with("<?") {
            past(at + 2, "?>")
        } else if rest.starts_with("<!") {
            None
        } else if rest.starts_with("</") {
            depth = depth.saturating_sub(1);
            ended = depth == 0;
            past(at + 2, ">")
        } else {
            depth += 1;
            if depth > limits::DOCUMENT_DEPTH {
                return Err(DocumentFault::TooDeep);
            }
            let end = tag_end(bytes, at + 1, &mut attributes);
            if attributes > ATTRIBUTES {
                return Err(DocumentFault::Malformed(format!("more than {ATTRIBUTES} attributes")));
            }
            if end.is_some_and(|end| bytes[end - 2] == b'/') {
                depth -= 1;
                ended = depth == 0;
            }
            end
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
}

/// The byte after the `>` of a start tag, quoted values passed over and counted.
fn tag_end(bytes: &[u8], mut at: usize, attributes: &mut usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'>' => return Some(at + 1),
            quote @ (b'"' | b'\'') => {
                *attributes += 1;
                at += 2 + bytes.get(at + 1..)?.iter().position(|byte| *byte == quote)?;
            }
            _ => at += 1,
        }
    }
}

/// The value of an element; `survey` bounds how deep it goes.
fn element(node: roxmltree::Node<'_, '_>) -> Value {
    if !node.children().any(|child| child.is_element()) {
        return Value::String(own_text(node));
    }
    let mut object = Map::new();
    for child in node.children().filter(roxmltree::Node::is_element) {
        let value = element(child);
        match object.get_mut(child.tag_name().name()) {
            None => {
                object.insert(child.tag_name().name().to_owned(), value);
            }
            Some(Value::Array(items)) => items.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
        }
    }
    let text = own_text(node);
    if !text.bytes().all(is_space) {
        object.insert(MIXED_TEXT.to_owned(), Value::String(text));
    }
    Value::Object(object)
}

fn own_text(node: roxmltree::Node<'_, '_>) -> String {
    node.children().filter(roxmltree::Node::is_text).filter_map(|child| child.text()).collect()
}
