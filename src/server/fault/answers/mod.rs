//! Faults of answers: wrong statuses, codes, messages, envelopes, ids and headers.

mod envelopes;
mod formats;
mod gateway;
mod ids;
mod refusals;
mod siblings;
mod successes;
mod tables;

use serde_json::{Map, Value};

use super::{Fault, HONEST, Hooks, Scene};
use crate::http::{Headers, Response};
use crate::server::answer::document;
use crate::server::settings::Operation;
use crate::server::{identifiers, reply};
use crate::wire::{Document, Format};

pub(super) use ids::identify;

pub(super) const FAULTS: &[&[Fault]] = &[
    refusals::FAULTS,
    successes::FAULTS,
    ids::FAULTS,
    envelopes::FAULTS,
    tables::FAULTS,
    formats::FAULTS,
    gateway::FAULTS,
    siblings::FAULTS,
];

/// Whether an answer, in JSON or XML, has that `Code`.
pub(super) fn has_code(response: &Response, code: &str) -> bool {
    let text = String::from_utf8_lossy(&response.body);
    text.contains(&format!("\"Code\":\"{code}\"")) || text.contains(&format!("<Code>{code}</Code>"))
}

/// Whether an answer is the refusal of a session that is not known, or not open.
pub(super) fn is_not_found(response: &Response) -> bool {
    has_code(response, "InvalidSessionId.NotFound")
}

/// Whether an answer is the refusal of a call that lacks this parameter.
pub(super) fn lacks(response: &Response, name: &str) -> bool {
    let says = |message: String| message.contains(&format!("\"{name}\""));
    has_code(response, "MissingParameter") && text(response, "Message").is_some_and(says)
}

/// Whether the call is an End.
pub(super) fn is_end(scene: &Scene<'_>) -> bool {
    scene.asked.operation == Some(Operation::End)
}

/// Whether the call is an End that succeeded.
pub(super) fn has_ended(scene: &Scene<'_>, response: &Response) -> bool {
    is_end(scene) && response.status == 200
}

/// Whether an answer refuses what its operation was asked.
pub(super) fn is_refusal(response: &Response) -> bool {
    matches!(response.status, 400 | 403 | 404)
}

/// Whether an answer is written in XML.
pub(super) fn is_xml(response: &Response) -> bool {
    response.headers.get("content-type").is_some_and(|value| value.starts_with("text/xml"))
}

/// The root and the members of an answer that the server wrote.
fn read(response: &Response) -> Option<(String, Map<String, Value>)> {
    let format = if is_xml(response) { Format::Xml } else { Format::Json };
    let document = Document::parse(&response.body, format).ok()?;
    match document.value().to_value() {
        Value::Object(members) => Some((document.root.unwrap_or_default(), members)),
        _ => None,
    }
}

/// Writes an answer's body afresh, in the format that it had.
fn write(response: &mut Response, root: &str, members: Map<String, Value>) {
    let text = if is_xml(response) { document(root, &members, "") } else { Value::Object(members).to_string() };
    response.body = text.into_bytes();
}

/// Changes the members of an answer, in the format that it has.
pub(super) fn edit(response: &mut Response, change: impl FnOnce(&mut Map<String, Value>)) {
    let Some((root, mut members)) = read(response) else { return };
    change(&mut members);
    write(response, &root, members);
}

/// Sets a member of an answer.
pub(super) fn set(response: &mut Response, name: &str, value: impl Into<Value>) {
    edit(response, |members| {
        members.insert(name.to_owned(), value.into());
    });
}

/// A member of an answer that is text.
pub(super) fn text(response: &Response, name: &str) -> Option<String> {
    let (_, members) = read(response)?;
    members.get(name)?.as_str().map(str::to_owned)
}

/// A name as serializers write it that begin every name in lower case.
pub(super) fn lower_camel(name: &str) -> String {
    let (first, rest) = name.split_at(1);
    format!("{}{rest}", first.to_ascii_lowercase())
}

/// Renames the members of an answer.
pub(super) fn rename(response: &mut Response, name: impl Fn(&str) -> String) {
    edit(response, |members| {
        *members = std::mem::take(members).into_iter().map(|(old, value)| (name(&old), value)).collect();
    });
}

/// Makes an answer a refusal with the RequestId and in the format that it has.
pub(super) fn refuse(response: &mut Response, status: u16, code: &str, message: &str) {
    let Some((_, members)) = read(response) else { return };
    let id = members.get("RequestId").cloned().unwrap_or_default();
    let rows = [("RequestId", id), ("HostId", "ecs.aliyuncs.com".into()), ("Code", code.into())];
    let mut members = Map::from_iter(rows.map(|(name, value)| (name.to_owned(), value)));
    members.insert("Message".to_owned(), message.into());
    response.status = status;
    write(response, "Error", members);
}

/// Makes an answer one of those that nobody foresaw.
pub(super) fn crash(response: &mut Response) {
    let message = "The request processing has failed due to some unknown error, exception or failure.";
    refuse(response, 500, "InternalError", message);
}

/// Makes an answer the success of an End, with the RequestId and in the format that it has.
pub(super) fn accept(response: &mut Response) {
    let Some((_, mut members)) = read(response) else { return };
    members.retain(|name, _| name == "RequestId");
    response.status = 200;
    write(response, "EndTerminalSessionResponse", members);
}

/// Gives an answer another body.
pub(super) fn replace(response: &mut Response, content_type: &str, body: impl Into<Vec<u8>>) {
    retype(response, content_type);
    response.body = body.into();
}

/// Gives an answer another content type.
pub(super) fn retype(response: &mut Response, content_type: &str) {
    response.headers.remove("content-type");
    response.headers.push("content-type", content_type);
}

/// A page such as proxies and frameworks show.
pub(super) fn page(response: &mut Response, status: u16, title: &str) {
    response.status = status;
    let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1><hr></body></html>");
    replace(response, "text/html", body);
}

/// An answer that is made before anybody looked at the call.
pub(super) fn early(scene: &mut Scene<'_>, status: u16, code: &str, message: &str) -> Response {
    let id = identifiers::uuid(scene.entropy, scene.now);
    let content_type = if scene.asked.is_xml() { "text/xml;charset=utf-8" } else { "application/json;charset=utf-8" };
    let date = reply::date(scene.now.unix);
    let headers = [("date", date.as_str()), ("content-type", content_type), ("x-acs-request-id", id.as_str())];
    let headers = Headers::from_iter(headers);
    let mut response = Response::new(status, headers, "");
    write(&mut response, "Error", Map::from_iter([("RequestId".to_owned(), id.into())]));
    refuse(&mut response, status, code, message);
    response
}
