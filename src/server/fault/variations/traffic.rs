//! HTTP: headers, framing, connections, methods, and what stands in front of a service.

use std::time::Duration;

use super::super::{Asked, HONEST, Hooks, Talk};
use super::answers::{early, page};
use super::{Fault, Response, Scene, after, differs};
use crate::server::settings::Operation;

/// Hooks that change the bytes of answers.
const fn talks(talks: fn(&Asked, Vec<u8>) -> Talk) -> Hooks {
    Hooks { talks: Some(talks), ..HONEST }
}

/// Hooks that answer in place of the server.
const fn before(before: fn(&mut Scene<'_>) -> Option<Response>) -> Hooks {
    Hooks { before: Some(before), ..HONEST }
}

pub(super) const VARIATIONS: &[Fault] = &[
    after("connection-closed-each-time", "a proxy in front allows one request a connection", closed_each_time),
    after(
        "connection-closed-after-three",
        "a proxy gives a connection three requests, and says so",
        closed_after_three,
    ),
    after("headers-added", "proxies add headers, and say who they are", headers_added),
    after("headers-bare", "a small service sends no header that it need not send", headers_bare),
    differs("header-names-in-capitals", "an older server writes the names of headers in capitals", talks(capitals)),
    differs("reason-phrase-empty", "a server leaves out the words that nobody reads", talks(reason_phrase_empty)),
    differs("chunked", "a proxy that compresses does not know the length beforehand", talks(chunked)),
    differs("chunked-with-trailer", "a proxy counts what it sent and says so at the end", talks(chunked_with_trailer)),
    differs("early-hints", "a proxy sends 103 before the answer is there", talks(early_hints)),
    differs("slow", "the service asks three others before it answers", Hooks { pauses: Some(slow), ..HONEST }),
    differs(
        "slow-now-and-then",
        "garbage is collected now and then",
        Hooks { pauses: Some(slow_now_and_then), ..HONEST },
    ),
    differs("throttled-at-first", "the limiter's bucket is empty when it starts", before(throttled_at_first)),
    differs("throttled-every-seventh", "the limiter is shared with other callers", before(throttled_every_seventh)),
    differs("throttled-as-400", "the gateway's limit for a user is told by 400", before(throttled_as_400)),
    differs("throttled-by-flow", "the gateway sheds load with 503", before(throttled_by_flow)),
    differs("bad-gateway-once", "a backend is replaced while a request is on its way to it", before(bad_gateway_once)),
    differs(
        "target-too-long",
        "the web server in front takes 4 KiB of a request's line and shows its page for 414",
        before(target_too_long),
    ),
    differs("headers-too-large", "a proxy in front refuses large targets with an empty 431", before(headers_too_large)),
    after("methods-as-501", "the web server does not know the methods that it was not built for", methods_as_501),
    after("methods-as-403", "a firewall refuses other methods with its page", methods_as_403),
    after("options-refused", "nobody calls the API from browsers", options_refused),
];

fn closed_each_time(_: &mut Scene<'_>, response: &mut Response) {
    response.headers.push("connection", "close");
}

fn closed_after_three(scene: &mut Scene<'_>, response: &mut Response) {
    match scene.asked.origin.request {
        0..3 => response.headers.push("keep-alive", format!("timeout=5, max={}", 3 - scene.asked.origin.request)),
        _ => response.headers.push("connection", "close"),
    }
}

fn headers_added(_: &mut Scene<'_>, response: &mut Response) {
    for (name, value) in [
        ("server", "nginx/1.27.0"),
        ("via", "1.1 edge-7 (squid)"),
        ("x-powered-by", "PHP/8.3"),
        ("set-cookie", "acw_tc=0a5cc9; Path=/; HttpOnly; Max-Age=1800"),
        ("set-cookie", "lb=2; Path=/"),
        ("strict-transport-security", "max-age=31536000"),
        ("vary", "Accept-Encoding"),
        ("cache-control", "no-store"),
        ("x-empty", ""),
    ] {
        response.headers.push(name, value);
    }
}

fn headers_bare(_: &mut Scene<'_>, response: &mut Response) {
    let needed = ["content-type", "x-acs-request-id", "allow", "upgrade"];
    let kept = response.headers.iter().filter(|(name, _)| needed.contains(name));
    response.headers = kept.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
}

/// Changes the head of an answer; a body is left as it is.
fn rehead(bytes: &[u8], change: impl FnOnce(&str) -> String) -> Vec<u8> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap_or(bytes.len());
    let head = String::from_utf8_lossy(&bytes[..end]);
    [change(&head).into_bytes(), bytes[end..].to_vec()].concat()
}

fn capitals(_: &Asked, bytes: Vec<u8>) -> Talk {
    let capital = |line: &str| match line.split_once(": ") {
        Some((name, value)) => format!("{}:{value}", name.to_ascii_uppercase()),
        None => line.to_owned(),
    };
    Talk::Say(rehead(&bytes, |head| head.split("\r\n").map(capital).collect::<Vec<_>>().join("\r\n")))
}

fn reason_phrase_empty(_: &Asked, bytes: Vec<u8>) -> Talk {
    Talk::Say(rehead(&bytes, |head| {
        let (line, fields) = head.split_once("\r\n").unwrap_or((head, ""));
        format!("{} \r\n{fields}", line.chars().take(12).collect::<String>())
    }))
}

/// The answer in chunks of seven bytes, with an extension, and what comes `after` them. What has no length has no body.
fn in_chunks(bytes: Vec<u8>, after: &str) -> Vec<u8> {
    let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return bytes };
    let head = String::from_utf8_lossy(&bytes[..end]);
    if !head.contains("content-length: ") {
        return bytes;
    }
    let fields = head.split("\r\n").filter(|line| !line.starts_with("content-length: ")).collect::<Vec<_>>();
    let mut out = format!("{}\r\ntransfer-encoding: chunked\r\n\r\n", fields.join("\r\n")).into_bytes();
    for chunk in bytes[end + 4..].chunks(7) {
        out.extend(format!("{:X};node=7\r\n", chunk.len()).as_bytes());
        out.extend_from_slice(chunk);
        out.extend(b"\r\n");
    }
    out.extend(format!("0\r\n{after}\r\n").as_bytes());
    out
}

fn chunked(_: &Asked, bytes: Vec<u8>) -> Talk {
    Talk::Say(in_chunks(bytes, ""))
}

fn chunked_with_trailer(_: &Asked, bytes: Vec<u8>) -> Talk {
    Talk::Say(in_chunks(bytes, "x-sent: all of it\r\n"))
}

fn early_hints(_: &Asked, bytes: Vec<u8>) -> Talk {
    Talk::Say([b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n", bytes.as_slice()].concat())
}

fn slow(_: &Asked) -> Duration {
    Duration::from_millis(300)
}

fn slow_now_and_then(asked: &Asked) -> Duration {
    Duration::from_secs(if asked.number.is_multiple_of(50) { 8 } else { 0 })
}

fn throttled(scene: &mut Scene<'_>, status: u16, code: &str) -> Response {
    early(scene, status, code, "Request was denied due to request throttling.")
}

fn throttled_at_first(scene: &mut Scene<'_>) -> Option<Response> {
    (scene.asked.number <= 3).then(|| throttled(scene, 429, "Throttling.User"))
}

fn throttled_every_seventh(scene: &mut Scene<'_>) -> Option<Response> {
    (scene.asked.number.is_multiple_of(7)).then(|| throttled(scene, 429, "Throttling"))
}

fn throttled_as_400(scene: &mut Scene<'_>) -> Option<Response> {
    (scene.asked.number.is_multiple_of(11)).then(|| throttled(scene, 400, "Throttling.User"))
}

fn throttled_by_flow(scene: &mut Scene<'_>) -> Option<Response> {
    (scene.asked.number.is_multiple_of(13)).then(|| throttled(scene, 503, "Throttling.Api"))
}

/// An answer of something that knows nothing of the API.
fn foreign(scene: &mut Scene<'_>, status: u16, title: &str) -> Response {
    let mut response = early(scene, status, "", "");
    response.headers.remove("x-acs-request-id");
    page(&mut response, status, title);
    response
}

/// Not a Start, after which nobody would know what to end.
fn bad_gateway_once(scene: &mut Scene<'_>) -> Option<Response> {
    let late = scene.asked.number >= 500 && scene.asked.operation != Some(Operation::Start);
    let first = late && std::mem::replace(scene.scratch.counts.entry("bad gateway".to_owned()).or_default(), 1) == 0;
    first.then(|| foreign(scene, 502, "502 Bad Gateway"))
}

fn target_too_long(scene: &mut Scene<'_>) -> Option<Response> {
    (scene.asked.length > 4096).then(|| foreign(scene, 414, "414 Request-URI Too Large"))
}

fn headers_too_large(scene: &mut Scene<'_>) -> Option<Response> {
    (scene.asked.length > 2048).then(|| {
        let mut response = foreign(scene, 431, "");
        response.headers.remove("content-type");
        response.body.clear();
        response
    })
}

/// Whether the call is made by a method that means nothing here.
fn is_foreign(scene: &Scene<'_>) -> bool {
    !matches!(scene.asked.method.as_str(), "GET" | "POST" | "OPTIONS" | "HEAD")
}

fn methods_as_501(scene: &mut Scene<'_>, response: &mut Response) {
    if is_foreign(scene) {
        page(response, 501, "501 Not Implemented");
    }
}

fn methods_as_403(scene: &mut Scene<'_>, response: &mut Response) {
    if is_foreign(scene) {
        page(response, 403, "403 Forbidden");
    }
}

fn options_refused(scene: &mut Scene<'_>, response: &mut Response) {
    if scene.asked.method == "OPTIONS" {
        page(response, 405, "405 Method Not Allowed");
    }
}
