//! Explicit matchers: status, code, message, schema, headers, body.

use super::call::is_pointer;
use super::expect::references;
use super::node::{Kind, Node};
use super::reader::Reader;
use super::yaml::shortened;
use crate::case::expectation::BodyMatch;
use crate::case::{Matchers, StatusPattern, TextMatch};
use crate::contract::{Contract, SchemaName};

/// Keys of explicit matchers.
pub(super) const KEYS: [&str; 8] = ["outcome", "status", "code", "message", "schema", "headers", "body", "closed"];
/// Forms of a text match.
const FORMS: [&str; 3] = ["one-of", "starts-with", "contains"];

/// Reads explicit matchers.
pub(super) fn matchers(reader: &mut Reader<'_>, node: &Node, vocabulary: &Contract) -> Option<Box<Matchers>> {
    let mut known = KEYS.to_vec();
    // For suggestions: a mapping with it would not have come here.
    known.push("reading");
    let fields = reader.fields(node, "an expectation", &known)?;
    let before = reader.mistakes.len();
    let mut matchers = Matchers::default();
    for (key, _, node) in fields.members {
        match key {
            "outcome" => matchers.outcomes = references(reader, node, vocabulary).unwrap_or_default(),
            "status" => matchers.status = statuses(reader, node),
            "code" => matchers.code = text_match(reader, node),
            "message" => matchers.message = text_match(reader, node),
            "schema" => matchers.schema = schema(reader, node, vocabulary),
            "headers" => matchers.headers = headers(reader, node),
            "body" => matchers.body = body(reader, node),
            "closed" => matchers.closed = reader.word(node, "word for `closed`", &[("permitted", ())]).is_some(),
            _ => {}
        }
    }
    (reader.mistakes.len() == before).then(|| Box::new(matchers))
}

fn statuses(reader: &mut Reader<'_>, node: &Node) -> Vec<StatusPattern> {
    let nodes = match &node.kind {
        Kind::List(_) => reader.list(node, "a list of statuses"),
        _ => std::slice::from_ref(node),
    };
    nodes.iter().filter_map(|node| status(reader, node)).collect()
}

fn status(reader: &mut Reader<'_>, node: &Node) -> Option<StatusPattern> {
    let found = match &node.kind {
        Kind::Number(number) => {
            let status = number.as_u64().and_then(|number| u16::try_from(number).ok());
            status.filter(|status| (100..600).contains(status)).map(StatusPattern::Exact)
        }
        Kind::Text(text) => match text.as_bytes() {
            [digit @ b'1'..=b'5', b'x', b'x'] => Some(StatusPattern::Class(u16::from(digit - b'0'))),
            _ => None,
        },
        _ => None,
    };
    if found.is_none() {
        let help = "write a number such as `404`, or a class such as `4xx`";
        reader.mend("bad-status", node.span, format!("{} is no status", node.found()), help);
    }
    found
}

fn text_match(reader: &mut Reader<'_>, node: &Node) -> Option<TextMatch> {
    match &node.kind {
        Kind::Text(text) if text == "absent" => Some(TextMatch::Absent),
        Kind::Text(_) => literal(reader, node, "the text that is expected").map(TextMatch::Equals),
        Kind::Map(_) => {
            let fields = reader.fields(node, "a text match", &FORMS)?;
            let &[(form, _, node)] = fields.members.as_slice() else {
                reader.mistake("contradiction", node.span, "one of `one-of`, `starts-with` and `contains` is expected");
                return None;
            };
            match form {
                "one-of" => {
                    let nodes = reader.list(node, "a list of texts");
                    let texts = nodes.iter().filter_map(|node| literal(reader, node, "a text")).collect::<Vec<_>>();
                    (!texts.is_empty()).then_some(TextMatch::OneOf(texts))
                }
                "starts-with" => literal(reader, node, "the text that it starts with").map(TextMatch::StartsWith),
                "contains" => literal(reader, node, "the text that it contains").map(TextMatch::Contains),
                _ => None,
            }
        }
        _ => {
            reader.expected("a text, `absent` or a mapping", node);
            None
        }
    }
}

/// A text to the letter: a variable in it would silently never match.
fn literal(reader: &mut Reader<'_>, node: &Node, what: &str) -> Option<String> {
    let text = match node.text() {
        Some(text) => text,
        None => reader.text(node, what)?,
    };
    if text.contains("{{") {
        let help = "texts that are expected are compared to the letter";
        reader.mend("bad-template", node.span, "variables are not filled in here", help);
        return None;
    }
    Some(text.to_owned())
}

fn schema(reader: &mut Reader<'_>, node: &Node, vocabulary: &Contract) -> Option<SchemaName> {
    let text = reader.text(node, "the name of a schema")?;
    let found = vocabulary.schemas.keys().find(|name| format!("{}/{}", name.operation, name.part) == text);
    if found.is_none() {
        let names: Vec<String> =
            vocabulary.schemas.keys().map(|name| format!("{}/{}", name.operation, name.part)).collect();
        reader.unknown("unknown-schema", "schema", text, node.span, names.iter().map(String::as_str));
    }
    found.cloned()
}

fn headers(reader: &mut Reader<'_>, node: &Node) -> Vec<(String, TextMatch)> {
    let Some(fields) = reader.map(node, "a mapping of header fields") else { return Vec::new() };
    let mut headers = Vec::new();
    for (name, _, node) in fields.members {
        if let Some(found) = text_match(reader, node) {
            headers.push((name.to_owned(), found));
        }
    }
    headers
}

fn body(reader: &mut Reader<'_>, node: &Node) -> Vec<(String, BodyMatch)> {
    let Kind::Map(members) = &node.kind else {
        reader.expected("a mapping of JSON pointers", node);
        return Vec::new();
    };
    let Some(fields) = reader.map(node, "a mapping of JSON pointers") else { return Vec::new() };
    let mut body = Vec::new();
    for (pointer, span, node) in fields.members {
        let key = members.iter().map(|(key, _)| key).find(|key| key.span == span);
        let fits = key.is_some_and(|key| is_pointer(reader, pointer, key));
        if let Some(found) = body_match(reader, node).filter(|_| fits) {
            body.push((pointer.to_owned(), found));
        }
    }
    body
}

fn body_match(reader: &mut Reader<'_>, node: &Node) -> Option<BodyMatch> {
    match &node.kind {
        Kind::Text(text) if text == "present" => Some(BodyMatch::Present),
        Kind::Map(members) if members.iter().any(|(key, _)| key.text() == Some("equals")) => {
            let fields = reader.fields(node, "a match by value", &["equals"])?;
            fields.get("equals").map(|node| BodyMatch::Equals(node.to_json()))
        }
        Kind::Text(_) | Kind::Map(_) => text_match(reader, node).map(BodyMatch::Text),
        _ => {
            let written = reader.source.text.get(node.span.range()).unwrap_or("");
            let help = format!("write `{{ equals: {} }}`", shortened(written));
            let message = format!("a text, `present`, `absent` or a mapping is expected here, found {}", node.found());
            reader.mend("wrong-type", node.span, message, help);
            None
        }
    }
}
