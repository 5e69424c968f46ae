//! What a request asked for, read back from what was sent: whatever a case gives itself replaces the wire form's.

use super::Seen;
use crate::http::Request;
use crate::wire::{Format, Incoming, Scheme};

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
pub(super) fn format(request: &Request) -> Wanted {
    let Ok(incoming) = Incoming::parse(request) else { return Wanted::Unclear };
    let named: Vec<&str> =
        incoming.parameters().filter(|(name, _)| *name == "Format").map(|(_, value)| value).collect();
    let accepts = request.headers.get("accept");
    match (named.as_slice(), accepts) {
        ([name], _) if name.eq_ignore_ascii_case("JSON") => Wanted::Format(Format::Json),
        ([name], _) if *name == "XML" => Wanted::Format(Format::Xml),
        ([], None) => Wanted::Nothing,
        ([], Some("application/json")) if incoming.scheme() == Scheme::V3 => Wanted::Format(Format::Json),
        _ => Wanted::Unclear,
    }
}

/// Whether the call names a version: without one it is not judged (CONTRACT.md, RPC answers).
pub(super) fn names_version(request: &Request) -> bool {
    Incoming::parse(request).is_ok_and(|incoming| incoming.version().is_some())
}

/// Whether outcome `too-long` is permitted besides: target or headers exceed 2 KiB, or the body 64 KiB, as sent.
pub(super) fn is_large(request: &Request) -> bool {
    let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    request.target.len() > 2048 || headers > 2048 || request.body.len() > 65_536
}

/// Statuses of the outcome `too-long`.
pub(super) fn is_too_long(status: u16) -> bool {
    matches!(status, 400 | 413 | 414 | 431)
}

/// Whether an answer is that of something in front which took the request for too long: a 400 without an envelope.
pub(super) fn is_refused_unread(request: &Request, seen: &Seen<'_>) -> bool {
    is_large(request) && is_too_long(seen.response.status) && seen.code().is_none()
}
