//! What a request asked for, read back from what was sent: whatever a case gives itself replaces the wire form's.

use super::Seen;
use crate::http::Request;
use crate::wire::{self, Format, Incoming, Scheme};

/// The format that a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// JSON or XML.
    Format(Format),
    /// None: neither Format nor Accept.
    Nothing,
    /// Something that no document decides: another Format, several, an Accept that the scheme does not know.
    Unclear,
}

/// The format that a request asks for.
pub(super) fn format(incoming: &Incoming<'_>) -> Wanted {
    let named: Vec<&str> =
        incoming.parameters().filter(|(name, _)| *name == "Format").map(|(_, value)| value).collect();
    let accepts = incoming.headers.get("accept");
    match (named.as_slice(), accepts) {
        ([name], _) if name.eq_ignore_ascii_case("JSON") => Wanted::Format(Format::Json),
        ([name], _) if *name == "XML" => Wanted::Format(Format::Xml),
        ([], None) => Wanted::Nothing,
        ([], Some("application/json")) if incoming.scheme() == Scheme::V3 => Wanted::Format(Format::Json),
        _ => Wanted::Unclear,
    }
}

/// The first value of a parameter, wherever it stands.
pub(super) fn parameter(request: &Request, name: &str) -> Option<String> {
    parameters(request, name).into_iter().next()
}

/// Every value of a parameter, wherever it stands.
pub(super) fn parameters(request: &Request, name: &str) -> Vec<String> {
    let given = [request.query().as_bytes(), request.body.as_slice()];
    let given = given.into_iter().filter_map(|text| wire::parameters::parse(text).ok()).flatten();
    given.filter(|(other, _)| other == name).map(|(_, value)| value).collect()
}

/// Bytes of a target, and of all header fields, up to which a request is not large (CONTRACT.md, outcome `too-long`).
pub(super) const HEAD_BYTES: usize = 2048;
/// Bytes of a body up to which it is not.
pub(super) const BODY_BYTES: usize = 65_536;

/// Whether outcome `too-long` is permitted besides: target or headers exceed 2 KiB, or the body 64 KiB, as sent.
pub(super) fn is_large(request: &Request) -> bool {
    request.target.len() > HEAD_BYTES || request.headers.written() > HEAD_BYTES || request.body.len() > BODY_BYTES
}

/// Statuses of the outcome `too-long`.
pub(super) fn is_too_long(status: u16) -> bool {
    matches!(status, 400 | 413 | 414 | 431)
}

/// Whether an answer is that of something in front which took the request for too long: a 400 without an envelope.
pub(super) fn is_refused_unread(request: &Request, seen: &Seen<'_>) -> bool {
    is_large(request) && is_too_long(seen.response.status) && seen.code().is_none()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::wire::{Placement, WireForm};

    #[test]
    fn the_format_is_read_from_what_was_sent() {
        let of = |scheme, format| WireForm { scheme, format, ..sample::form() };
        let (json, xml) = (Some(Format::Json), Some(Format::Xml));
        let rows = [
            ("JSON", of(Scheme::None, json), "", Wanted::Format(Format::Json)),
            ("JSON under V1", of(Scheme::V1, json), "", Wanted::Format(Format::Json)),
            ("JSON under V3", of(Scheme::V3, json), "", Wanted::Format(Format::Json)),
            ("XML", of(Scheme::None, xml), "", Wanted::Format(Format::Xml)),
            ("XML under V3", of(Scheme::V3, xml), "", Wanted::Format(Format::Xml)),
            ("none", of(Scheme::None, None), "", Wanted::Nothing),
            ("none under V3", of(Scheme::V3, None), "", Wanted::Nothing),
            ("of the case's, in lower case", of(Scheme::None, None), "&Format=json", Wanted::Format(Format::Json)),
            ("of the case's, XML", of(Scheme::None, None), "&Format=XML", Wanted::Format(Format::Xml)),
            ("XML in lower case", of(Scheme::None, None), "&Format=xml", Wanted::Unclear),
            ("another one", of(Scheme::None, None), "&Format=YAML", Wanted::Unclear),
            ("an empty one", of(Scheme::None, None), "&Format=", Wanted::Unclear),
            ("two", of(Scheme::None, json), "&Format=XML", Wanted::Unclear),
        ];
        for (name, form, more, wanted) in rows {
            let mut request = sample::request(form, "s");
            request.target.push_str(more);
            assert_eq!(super::format(&Incoming::parse(&request).expect("reads")), wanted, "{name}");
        }
        let form = WireForm { placement: Placement::PostForm, ..of(Scheme::V1, xml) };
        let request = sample::request(form, "s");
        let incoming = Incoming::parse(&request).expect("reads");
        assert_eq!(super::format(&incoming), Wanted::Format(Format::Xml), "in a form body");
        let mut accepts = sample::request(of(Scheme::None, None), "s");
        accepts.headers.push("accept", "application/json");
        let incoming = Incoming::parse(&accepts).expect("reads");
        assert_eq!(super::format(&incoming), Wanted::Unclear, "accept, unsigned");
    }

    #[test]
    fn a_request_is_large_only_beyond_each_bound() {
        let plain =
            || Request { method: "GET".to_owned(), target: "/".to_owned(), ..sample::request(sample::form(), "s") };
        let bare = || Request { headers: crate::http::Headers::new(), ..plain() };
        let target = |length| Request { target: "a".repeat(length), ..bare() };
        let body = |length| Request { body: vec![b'a'; length], ..bare() };
        let field = |length: usize| {
            let mut request = bare();
            request.headers.push("ab", "a".repeat(length - 6));
            request
        };
        let rows = [
            ("target of 2 KiB", target(2048), false),
            ("target beyond", target(2049), true),
            ("headers of 2 KiB", field(2048), false),
            ("headers beyond", field(2049), true),
            ("body of 64 KiB", body(65_536), false),
            ("body beyond", body(65_537), true),
            ("an ordinary one", plain(), false),
        ];
        for (name, request, large) in rows {
            assert_eq!(is_large(&request), large, "{name}");
        }
    }
}
