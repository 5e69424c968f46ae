//! Envelopes and formats of RPC answers: what an error must hold, and that JSON is JSON and XML is XML.

use serde_json::Value;

use super::asked::{self, Wanted};
use super::seen::printable;
use super::{Context, Finding, Judgement, Place, Seen};
use crate::http::Exchange;
use crate::wire::{DocumentFault, Format};

/// Members that every error has, as strings.
const ENVELOPE: [&str; 3] = ["RequestId", "Code", "Message"];

pub(super) fn judge(
    context: Context<'_>,
    place: Place<'_>,
    exchange: &Exchange,
    seen: &Seen<'_>,
    judgement: &mut Judgement,
) {
    if seen.is_error() {
        error(context, place, seen, judgement);
    }
    if seen.is_bodiless() {
        return;
    }
    match asked::format(&exchange.request) {
        Wanted::Format(Format::Json) => json(context, place, seen, judgement),
        Wanted::Format(Format::Xml) => xml(context, place, seen, judgement),
        Wanted::Nothing => default_format(context, place, seen, judgement),
        Wanted::Unclear => {}
    }
}

fn error(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "end/error/envelope";
    let expected = "an object with string RequestId, Code and Message, and nothing else around it";
    let finding =
        envelope_fault(seen).map(|(shape, actual)| Finding::new(context, clause, place, expected, actual).shape(shape));
    judgement.test(clause, finding);
    if let Ok(document) = &seen.document {
        let finding = document.text("HostId").is_none().then(|| {
            Finding::new(context, "end/error/host-id", place, "HostId, a string", "no HostId that is a string")
                .shape("none")
        });
        judgement.test("end/error/host-id", finding);
    }
}

/// What is wrong with an error's envelope: shape, words.
fn envelope_fault(seen: &Seen<'_>) -> Option<(String, String)> {
    let document = match &seen.document {
        Ok(document) => document,
        Err(faults) => return faults.first().map(|fault| (format!("{fault:?}"), fault_words(fault))),
    };
    if let Some(fault) = document.faults.iter().find(|fault| is_breach(fault)) {
        let shape = match fault {
            DocumentFault::Trailing(_) => "trailing".to_owned(),
            other => format!("{other:?}"),
        };
        return Some((shape, fault_words(fault)));
    }
    let Value::Object(members) = &document.value else {
        return Some(("no object".to_owned(), "a document that is no object".to_owned()));
    };
    for name in ENVELOPE {
        match members.get(name) {
            Some(Value::String(text)) if name == "Code" && text.is_empty() => {
                return Some(("empty Code".to_owned(), "an empty Code".to_owned()));
            }
            Some(Value::String(_)) => {}
            Some(_) => return Some((format!("{name} no string"), format!("a {name} that is no string"))),
            None => {
                let other = members.keys().find(|key| key.eq_ignore_ascii_case(name));
                let words = other
                    .map_or_else(|| format!("no {name}"), |key| format!("`{}` in place of {name}", printable(key, 40)));
                return Some((format!("no {name}"), words));
            }
        }
    }
    None
}

/// Whether a fault that lets a document be read breaks the envelope. A member given twice leaves open what it says; of
/// members that nobody must send no document decides.
fn is_breach(fault: &DocumentFault) -> bool {
    match fault {
        DocumentFault::Duplicate(pointer) => ENVELOPE.iter().any(|name| pointer.strip_prefix('/') == Some(name)),
        _ => true,
    }
}

/// A fault of a document for people.
pub fn fault_words(fault: &DocumentFault) -> String {
    match fault {
        DocumentFault::Bom => "a byte order mark before the document".to_owned(),
        DocumentFault::Trailing(at) => format!("something after the document, from byte {at} on"),
        DocumentFault::Duplicate(pointer) => format!("member `{}` twice", printable(pointer, 80)),
        DocumentFault::NotUtf8 => "a body that is not UTF-8".to_owned(),
        DocumentFault::Malformed(words) => format!("a body that is not well-formed: {}", printable(words, 160)),
        DocumentFault::TooDeep => "a body nested too deep".to_owned(),
        DocumentFault::Empty => "an empty body".to_owned(),
    }
}

fn json(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "rpc/format/json";
    let expected = "JSON, declared as application/json";
    let declared = seen.field("content-type");
    let declared = declared.as_deref();
    let finding = if let Some((shape, actual)) = not_format(seen, Format::Json) {
        Some(Finding::new(context, clause, place, expected, actual).shape(shape))
    } else if declared.is_some_and(|value| is_type(value, "application/json")) {
        None
    } else {
        Some(Finding::new(context, clause, place, expected, type_words(declared)))
    };
    judgement.test(clause, finding);
}

fn xml(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "rpc/format/xml";
    let operation = place.record.operation.as_deref().unwrap_or("");
    let expected_root = if seen.is_error() { "Error".to_owned() } else { format!("{operation}Response") };
    let expected = format!("well-formed XML with root {expected_root}, declared as text/xml");
    let declared = seen.field("content-type");
    let declared = declared.as_deref();
    let root = seen.document.as_ref().ok().and_then(|document| document.root.as_deref());
    let fault = if let Some(fault) = not_format(seen, Format::Xml) {
        Some(fault)
    } else if root != Some(&expected_root) {
        let root = root.unwrap_or("");
        Some((format!("root {root}"), format!("root `{}`", printable(root, 60))))
    } else if declared.is_some_and(|value| is_type(value, "text/xml")) {
        None
    } else {
        Some((type_words(declared), type_words(declared)))
    };
    let broken = fault.is_some();
    let finding = fault.map(|(shape, actual)| Finding::new(context, clause, place, expected, actual).shape(shape));
    judgement.test(clause, finding);
    if !broken {
        let exact = declared.is_some_and(|value| value == "text/xml;charset=utf-8");
        let finding = (!exact).then(|| {
            Finding::new(context, "rpc/format/xml-type", place, "text/xml;charset=utf-8", type_words(declared))
        });
        judgement.test("rpc/format/xml-type", finding);
    }
}

/// Clause `rpc/format/default`: one default, the one that the reading names; an observation.
fn default_format(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    if seen.document.is_err() {
        return;
    }
    let wanted = match context.readings.of("default-format") {
        "xml" => Some(Format::Xml),
        "json" => Some(Format::Json),
        _ => None,
    };
    let finding = wanted.filter(|wanted| *wanted != seen.format).map(|wanted| {
        Finding::new(context, "rpc/format/default", place, wanted.name(), seen.format.name())
            .note("reading", format!("default-format = {}", context.readings.of("default-format")))
    });
    judgement.test("rpc/format/default", finding);
}

fn not_format(seen: &Seen<'_>, wanted: Format) -> Option<(String, String)> {
    match &seen.document {
        _ if seen.format != wanted => {
            Some(("other format".to_owned(), format!("{} in place of {}", seen.format.name(), wanted.name())))
        }
        Err(faults) => faults.first().map(|fault| (format!("{fault:?}"), fault_words(fault))),
        Ok(document) => {
            // Of errors the envelope's clause judges what stands around the document; XML may begin with a mark.
            let around = |fault: &&DocumentFault| match fault {
                DocumentFault::Duplicate(_) => false,
                DocumentFault::Bom => !seen.is_error() && wanted == Format::Json,
                _ => !seen.is_error(),
            };
            let fault = document.faults.iter().find(around);
            fault.map(|fault| (format!("{fault:?}"), fault_words(fault)))
        }
    }
}

/// Whether a content type is of that media type, in any case, with any parameters.
fn is_type(value: &str, media_type: &str) -> bool {
    value.split(';').next().is_some_and(|first| first.trim().eq_ignore_ascii_case(media_type))
}

fn type_words(declared: Option<&str>) -> String {
    declared.map_or_else(|| "no content-type".to_owned(), |value| format!("content-type `{}`", printable(value, 80)))
}
