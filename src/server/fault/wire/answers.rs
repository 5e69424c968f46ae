//! Rows of faults below HTTP: what becomes of the bytes of an answer.

use super::super::{Asked, Fault, HONEST, Hooks, Scene};
use super::Talk;
use crate::http::Response;
use crate::server::settings::Operation;

/// A row of the table below that changes bytes.
const fn fault(
    name: &'static str,
    clauses: &'static [&'static str],
    how: &'static str,
    talks: fn(&Asked, Vec<u8>) -> Talk,
) -> Fault {
    Fault { name, clauses, how, hooks: Hooks { talks: Some(talks), ..HONEST } }
}

const FRAMING: &[&str] = &["rpc/robust/framing"];
const ANSWERS: &[&str] = &["rpc/robust/no-5xx"];
const MALFORMED: &[&str] = &["rpc/robust/malformed"];

pub(in super::super) const FAULTS: &[Fault] = &[
    fault(
        "length-short-by-two",
        FRAMING,
        "the length of a refusal is counted before its line ends are written",
        |asked, bytes| refusal(asked, bytes, |bytes| with_length(bytes, |length| length.saturating_sub(2))),
    ),
    fault(
        "length-long-in-xml",
        FRAMING,
        "the length of XML counts a declaration that is not written",
        |asked, bytes| {
            let longer = |bytes| with_length(bytes, |length| length + 38);
            if asked.is_xml() { refusal(asked, bytes, longer) } else { Talk::Say(bytes) }
        },
    ),
    fault(
        "lengths-that-differ",
        FRAMING,
        "a filter that compresses adds a length and leaves the first one in place",
        |asked, bytes| refusal(asked, bytes, |bytes| with_field(&bytes, "content-length: 20")),
    ),
    fault("length-and-chunks", FRAMING, "a proxy chunks a body again and keeps its length", |asked, bytes| {
        refusal(asked, bytes, |bytes| chunked(&bytes, true, "0\r\n\r\n", |size| format!("{size:x}")))
    }),
    fault("chunk-size-in-decimal", FRAMING, "chunks are written by hand, with sizes in decimal", |asked, bytes| {
        refusal(asked, bytes, |bytes| chunked(&bytes, false, "0\r\n\r\n", |size| size.to_string()))
    }),
    fault("chunks-without-end", FRAMING, "a stream of chunks is flushed and never closed", |asked, bytes| {
        refusal(asked, bytes, |bytes| chunked(&bytes, false, "", |size| format!("{size:x}")))
    }),
    fault("second-answer", FRAMING, "an error handler answers a call that was answered already", |asked, bytes| {
        refusal(asked, bytes, |bytes| [bytes.clone(), bytes].concat())
    }),
    fault("byte-after-body", FRAMING, "a terminating NUL is sent along with a text that C wrote", |asked, bytes| {
        refusal(asked, bytes, |bytes| [&bytes[..], b"\0"].concat())
    }),
    fault("bytes-before-status", FRAMING, "a line of debugging output goes to the socket", |asked, bytes| {
        refusal(asked, bytes, |bytes| [&b"DEBUG handler done\n"[..], &bytes].concat())
    }),
    fault("body-cut", FRAMING, "a worker is ended while it writes", |asked, bytes| {
        match refusal(asked, bytes, |bytes| bytes[..bytes.len() - 20].to_vec()) {
            Talk::Say(bytes) if is_refusal(asked, &bytes) => Talk::Last(bytes),
            other => other,
        }
    }),
    fault("success-cut", FRAMING, "a worker is ended as soon as it has closed the session", |asked, bytes| {
        if is_success(asked, &bytes) { Talk::Last(bytes[..bytes.len() - 20].to_vec()) } else { Talk::Say(bytes) }
    }),
    fault("success-drops", ANSWERS, "the connection is kept with the session, and goes with it", |asked, bytes| {
        if is_success(asked, &bytes) { Talk::Last(Vec::new()) } else { Talk::Say(bytes) }
    }),
    fault(
        "no-length",
        FRAMING,
        "neither a length nor an end of the connection says where a body ends",
        |asked, bytes| refusal(asked, bytes, |bytes| replaced(&bytes, "content-length: ", "x-length: ")),
    ),
    fault(
        "nul-hangs",
        ANSWERS,
        "a text with a NUL in it ends early in C, and a loop waits for the rest",
        |asked, bytes| {
            if session(asked).contains('\0') { Talk::Mute } else { Talk::Say(bytes) }
        },
    ),
    fault(
        "non-ascii-drops",
        ANSWERS,
        "a decoder panics on non-ASCII, and the connection goes with its thread",
        |asked, bytes| {
            if session(asked).is_ascii() { Talk::Say(bytes) } else { Talk::Last(Vec::new()) }
        },
    ),
    fault(
        "long-value-drops",
        ANSWERS,
        "a value that does not fit its column takes the connection down",
        |asked, bytes| {
            if session(asked).len() > 200 { Talk::Last(Vec::new()) } else { Talk::Say(bytes) }
        },
    ),
    fault(
        "inherited-member-drops",
        ANSWERS,
        "sessions are members of a JavaScript object, where `constructor` is found and is no session",
        |asked, bytes| {
            if session(asked) == "constructor" { Talk::Last(Vec::new()) } else { Talk::Say(bytes) }
        },
    ),
    fault("missing-parameter-drops", ANSWERS, "a parameter that is not there is a null pointer", |asked, bytes| {
        let missing = is_end(asked) && asked.value("SessionId").is_none();
        if missing { Talk::Last(Vec::new()) } else { Talk::Say(bytes) }
    }),
    Fault {
        name: "bad-escape-fails",
        clauses: MALFORMED,
        how: "the exception of a URL decoder is caught by nobody but the container",
        hooks: Hooks { after: Some(|scene, response| bad_escape(scene, response, 500)), ..HONEST },
    },
    Fault {
        name: "bad-escape-succeeds",
        clauses: MALFORMED,
        how: "a handler of last resort writes its page with the status that was set before",
        hooks: Hooks { after: Some(|scene, response| bad_escape(scene, response, 200)), ..HONEST },
    },
];

fn is_end(asked: &Asked) -> bool {
    asked.operation == Some(Operation::End)
}

fn session(asked: &Asked) -> &str {
    asked.value("SessionId").filter(|_| is_end(asked)).unwrap_or("")
}

fn is_refusal(asked: &Asked, bytes: &[u8]) -> bool {
    is_end(asked) && !bytes.starts_with(b"HTTP/1.1 200")
}

fn is_success(asked: &Asked, bytes: &[u8]) -> bool {
    is_end(asked) && bytes.starts_with(b"HTTP/1.1 200")
}

/// A refusal of End with other bytes: everything else is answered rightly, so that the target is seen to be there.
fn refusal(asked: &Asked, bytes: Vec<u8>, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Talk {
    Talk::Say(if is_refusal(asked, &bytes) { change(bytes) } else { bytes })
}

/// The answer with the first occurrence of a text replaced.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replacen(from, to, 1).into_bytes()
}

/// The answer with another `content-length`.
fn with_length(bytes: Vec<u8>, change: impl FnOnce(usize) -> usize) -> Vec<u8> {
    let text = String::from_utf8_lossy(&bytes);
    let field = "content-length: ";
    let Some((before, rest)) = text.split_once(field) else { return bytes };
    let Some((length, after)) = rest.split_once("\r\n") else { return bytes };
    let length = change(length.parse().unwrap_or(0));
    format!("{before}{field}{length}\r\n{after}").into_bytes()
}

/// The answer with a further field.
fn with_field(bytes: &[u8], field: &str) -> Vec<u8> {
    replaced(bytes, "\r\n\r\n", &format!("\r\n{field}\r\n\r\n"))
}

/// The answer with its body in one chunk and an end of choice.
fn chunked(bytes: &[u8], with_length: bool, end: &str, size: impl Fn(usize) -> String) -> Vec<u8> {
    let bytes = with_field(bytes, "transfer-encoding: chunked");
    let bytes = if with_length { bytes } else { replaced(&bytes, "content-length: ", "x-length: ") };
    let text = String::from_utf8_lossy(&bytes);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return bytes };
    format!("{head}\r\n\r\n{}\r\n{body}\r\n{end}", size(body.len())).into_bytes()
}

/// Another status where nothing can be read of the request, whose operation is not known then.
fn bad_escape(scene: &Scene<'_>, response: &mut Response, status: u16) {
    let unread = scene.asked.parameters.is_empty() && scene.asked.operation.is_none();
    if unread && matches!(scene.asked.method.as_str(), "GET" | "POST") && response.status == 400 {
        response.status = status;
    }
}
