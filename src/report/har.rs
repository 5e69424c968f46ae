//! The report's exchanges as an HTTP archive, HAR 1.2, for whatever shows requests.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::Report;
use super::escape::{block, line};
use super::model::{Case, Exchange, Finding, Message};
use super::telling;
use crate::wire::parameters;

/// The document: the exchange of every finding, in the order in which they were sent.
pub fn render(report: &Report) -> Vec<u8> {
    let found = report.cases.iter().flat_map(|case| case.findings.iter().map(move |finding| (case, finding)));
    let mut all: Vec<(&Case, &Finding, &Exchange)> =
        found.filter_map(|(case, finding)| Some((case, finding, finding.exchange.as_ref()?))).collect();
    all.sort_by_key(|(_, _, exchange)| exchange.sent_ms);
    let entries: Vec<Value> =
        all.into_iter().map(|(case, finding, shown)| entry(report, case, finding, shown)).collect();
    let document = json!({ "log": {
        "version": "1.2",
        "creator": { "name": "endspec", "version": line(&report.endspec) },
        "comment": line(&telling::tested(report)),
        "entries": entries,
    } });
    format!("{document:#}\n").into_bytes()
}

fn entry(report: &Report, case: &Case, finding: &Finding, exchange: &Exchange) -> Value {
    json!({
        "startedDateTime": moment(&report.started, exchange.sent_ms),
        "time": exchange.duration_ms,
        "request": request(report, &exchange.request),
        "response": response(exchange),
        "cache": {},
        "timings": { "send": 0, "wait": exchange.duration_ms, "receive": 0 },
        "comment": line(&format!("{} in {}: {}", finding.clause, case.id, finding.message)),
    })
}

/// The moment of a run in which so many milliseconds had passed.
fn moment(started: &str, milliseconds: u64) -> String {
    let after = SignedDuration::from_millis(i64::try_from(milliseconds).unwrap_or(i64::MAX));
    let moment = started.parse::<Timestamp>().ok().and_then(|start| start.checked_add(after).ok());
    moment.map_or_else(|| "1970-01-01T00:00:00.000Z".to_owned(), |moment| format!("{moment:.3}"))
}

fn request(report: &Report, message: &Message) -> Value {
    let (method, target) = message.start.split_once(' ').unwrap_or(("", "/"));
    let origin = report.target.url.split('/').take(3).collect::<Vec<_>>().join("/");
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let query: Vec<Value> = parameters::parse(query.as_bytes())
        .unwrap_or_default()
        .iter()
        .map(|(name, value)| json!({ "name": line(name), "value": line(value) }))
        .collect();
    let mut request = json!({
        // Exact bytes have no method of their own; all of them stand in the body.
        "method": if method.is_empty() { "RAW".to_owned() } else { line(method) },
        "url": line(&format!("{origin}{target}")),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(message),
        "queryString": query,
        "headersSize": -1,
        "bodySize": message.body.len(),
    });
    if !message.body.is_empty() {
        request["postData"] = json!({ "mimeType": kind(message), "text": block(&message.body) });
    }
    request
}

fn response(exchange: &Exchange) -> Value {
    let nothing = Message { start: "0".to_owned(), headers: Vec::new(), body: String::new() };
    let message = exchange.response.as_ref().unwrap_or(&nothing);
    let redirect = message.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("location"));
    json!({
        "status": message.start.parse::<u16>().unwrap_or(0),
        "statusText": line(exchange.lost.as_deref().unwrap_or_default()),
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": headers(message),
        "content": { "size": message.body.len(), "mimeType": kind(message), "text": block(&message.body) },
        "redirectURL": redirect.map_or_else(String::new, |(_, value)| line(value)),
        "headersSize": -1,
        "bodySize": -1,
    })
}

fn headers(message: &Message) -> Vec<Value> {
    message.headers.iter().map(|(name, value)| json!({ "name": line(name), "value": line(value) })).collect()
}

fn kind(message: &Message) -> String {
    let field = message.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    field.map_or_else(String::new, |(_, value)| line(value))
}
