//! The exact lane: given bytes on a connection of their own, and an own reader that misses no breach of framing.
//!
//! On the wire: the request's own fields in their order and case, then `content-length` where there is a body or the
//! method expects one and no field says how long it is, then `connection: close` where no `connection` field is given
//! and nothing is to follow. Nothing else.

use std::time::Duration;

use tokio::time::timeout;

use super::answer::{End, Reader};
use super::connect::{Progress, Route, late};
use super::surplus::{second_answer, surplus_fault};
use super::talk::{Next, Talked, talk};
use crate::clock::Clock;
use crate::http::{Cause, CauseKind, Exchange, Lane, Reply, Request};
use crate::limits;

/// The exact lane to one endpoint.
pub struct Raw {
    route: Route,
    timeout: Duration,
}

impl Raw {
    pub(super) fn new(route: Route, timeout: Duration) -> Raw {
        Raw { route, timeout }
    }

    /// Sends a request that asks to close the connection, and reads until it is closed: bytes after the answer are
    /// faults of it.
    pub async fn send(&self, request: &Request) -> Reply {
        self.single(&serialise(request, None, true), &request.method, true).await
    }

    /// Sends bytes as they are, and reads one answer. What follows it is not judged, as the bytes may well have been
    /// two requests.
    pub async fn send_bytes(&self, bytes: &[u8]) -> Reply {
        let method = if bytes.starts_with(b"HEAD ") { "HEAD" } else { "GET" };
        self.single(bytes, method, false).await
    }

    async fn single(&self, bytes: &[u8], method: &str, judged: bool) -> Reply {
        let mut reader = Reader::new(method);
        let mut progress = Progress::default();
        let talking = async {
            let mut stream = self.route.open_through().await?;
            progress.sent = true;
            let take = |piece: &[u8]| {
                reader.push(piece);
                match &reader {
                    reader if !reader.is_done() => Next::Read,
                    reader if judged && follows(reader) => Next::Hush,
                    _ => Next::Stop,
                }
            };
            Ok(talk(&mut stream, bytes, take).await.end)
        };
        match timeout(self.timeout, talking).await {
            Ok(Ok(end)) => conclude(reader, end, judged),
            Ok(Err(cause)) => progress.failed(cause),
            Err(_) if progress.sent => conclude(reader, self.late(), judged),
            Err(_) => progress.late(self.timeout),
        }
    }

    /// Sends two requests one after the other on one connection, the second when the first is answered, and reads
    /// until the end: bytes that belong to neither answer are faults of the one before them.
    ///
    /// The second is refused, unsent, when the connection cannot go on after the first answer.
    pub async fn send_pair(&self, first: Request, second: Request, clock: &Clock) -> [Exchange; 2] {
        let mut reader = Reader::new(&first.method);
        let mut progress = Progress::default();
        let mut stream = None;
        let sent = clock.now();
        let talking = async {
            let open = stream.insert(self.route.open_through().await?);
            progress.sent = true;
            let bytes = serialise(&first, None, false);
            let take = |piece: &[u8]| if reader.push(piece) { Next::Read } else { Next::Stop };
            let Talked { end, written } = talk(open, &bytes, take).await;
            Ok((end, written == bytes.len()))
        };
        let (end, whole) = match timeout(self.timeout, talking).await {
            Ok(Ok(talked)) => talked,
            Ok(Err(cause)) => return unsent(first, second, progress.failed(cause), sent, clock),
            Err(_) => (self.late(), false),
        };
        let Some(mut stream) = stream else {
            return unsent(first, second, progress.late(self.timeout), sent, clock);
        };
        // What waits for the rest of the first request would take the second for it.
        if !follows(&reader) || !whole {
            return unsent(first, second, conclude(reader, end, false), sent, clock);
        }
        if reader.closes() {
            let take = |piece: &[u8]| {
                reader.push(piece);
                if follows(&reader) { Next::Read } else { Next::Stop }
            };
            let _ = timeout(self.timeout, talk(&mut stream, b"", take)).await;
            return unsent(first, second, conclude(reader, end, true), sent, clock);
        }
        let mut rest = reader.surplus().to_vec();
        let before = rest.len();
        let mut first = Exchange {
            request: first,
            raw: None,
            reply: conclude(reader, end, false),
            lane: Lane::Raw,
            sent,
            done: clock.now(),
        };
        let sent = clock.now();
        let mut reader = Reader::new(&second.method);
        let bytes = serialise(&second, None, true);
        let take = |piece: &[u8]| {
            rest.extend_from_slice(piece);
            reader.push(piece);
            if rest.len() > 2 * (limits::HEAD_BYTES + limits::BODY_BYTES) {
                Next::Stop
            } else if reader.is_framed() {
                Next::Hush
            } else {
                Next::Read
            }
        };
        let talked = timeout(self.timeout, talk(&mut stream, &bytes, take)).await;
        let end = talked.map_or_else(|_| self.late(), |talked| talked.end);
        let (faults, result) = second_answer(&rest, before, &second.method, end);
        if let Reply::Answered(response) = &mut first.reply {
            response.framing.extend(faults);
        }
        let reply = result.map_or_else(Reply::Lost, Reply::Answered);
        [first, Exchange { request: second, raw: None, reply, lane: Lane::Raw, sent, done: clock.now() }]
    }

    fn late(&self) -> End {
        let Cause { kind, words, .. } = late(self.timeout);
        End::Failed(kind, words)
    }
}

/// Whether HTTP goes on after the answer, within bounds: what follows a switch of protocols is none.
fn follows(reader: &Reader) -> bool {
    reader.is_framed() && reader.status() != Some(101) && reader.surplus().len() <= limits::BODY_BYTES
}

fn conclude(reader: Reader, end: End, judged: bool) -> Reply {
    let judged = judged && reader.status() != Some(101);
    match reader.finish(end) {
        (Ok(mut response), surplus) => {
            response.framing.extend(surplus_fault(&surplus).filter(|_| judged));
            Reply::Answered(response)
        }
        (Err(cause), _) => Reply::Lost(cause),
    }
}

fn unsent(first: Request, second: Request, reply: Reply, sent: crate::clock::Moment, clock: &Clock) -> [Exchange; 2] {
    let done = clock.now();
    let words = match reply {
        Reply::Answered(_) => "not sent: the connection ends with the first answer",
        Reply::Refused(_) | Reply::Lost(_) => "not sent: the first request was not answered",
    };
    let refused = Reply::Refused(Cause::new(CauseKind::Closed, words));
    [
        Exchange { request: first, raw: None, reply, lane: Lane::Raw, sent, done },
        Exchange { request: second, raw: None, reply: refused, lane: Lane::Raw, sent: done, done },
    ]
}

/// Whether a request says how long its body is, even when it has none (RFC 9110, 8.6).
pub(super) fn expects_length(request: &Request) -> bool {
    !request.body.is_empty() || matches!(request.method.as_str(), "POST" | "PUT" | "PATCH")
}

/// The request as bytes; with what it is `forwarded` by to a proxy, which is told the endpoint and what admits to it;
/// `last` when nothing is to follow on the connection.
pub(super) fn serialise(request: &Request, forwarded: Option<(String, Option<&[u8]>)>, last: bool) -> Vec<u8> {
    let length = request.target.len() + request.headers.written() + request.body.len();
    let mut bytes = Vec::with_capacity(128 + length);
    let (before, authorization) = forwarded.unwrap_or_default();
    for part in [&request.method, " ", &before, &request.target, " HTTP/1.1\r\n"] {
        bytes.extend_from_slice(part.as_bytes());
    }
    let mut field = |name: &str, value: &[u8]| {
        for part in [name.as_bytes(), b": ", value, b"\r\n"] {
            bytes.extend_from_slice(part);
        }
    };
    let is_replaced = |name: &str| authorization.is_some() && name.eq_ignore_ascii_case("proxy-authorization");
    for (name, value) in request.headers.iter().filter(|(name, _)| !is_replaced(name)) {
        field(name, value);
    }
    if let Some(authorization) = authorization {
        field("proxy-authorization", authorization);
    }
    let has = |name| request.headers.all(name).next().is_some();
    if expects_length(request) && !has("content-length") && !has("transfer-encoding") {
        field("content-length", request.body.len().to_string().as_bytes());
    }
    if last && !has("connection") {
        field("connection", b"close");
    }
    bytes.extend_from_slice(b"\r\n");
    bytes.extend_from_slice(&request.body);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_written_with_nothing_but_length_and_close_added() {
        type Row<'a> = (&'a str, &'a str, &'a [(&'a str, &'a str)], &'a str, bool, &'a str);
        let rows: [Row; 6] = [
            ("get", "GET", &[("Host", "a")], "", true, "GET /?* HTTP/1.1\r\nHost: a\r\nconnection: close\r\n\r\n"),
            ("get, more follows", "GET", &[], "", false, "GET /?* HTTP/1.1\r\n\r\n"),
            ("post", "POST", &[], "", false, "POST /?* HTTP/1.1\r\ncontent-length: 0\r\n\r\n"),
            (
                "body",
                "GET",
                &[("b", "1"), ("a", "2"), ("B", "3")],
                "hi",
                false,
                "GET /?* HTTP/1.1\r\nb: 1\r\na: 2\r\nB: 3\r\ncontent-length: 2\r\n\r\nhi",
            ),
            (
                "length of its own",
                "POST",
                &[("Content-Length", "+9")],
                "hi",
                false,
                "POST /?* HTTP/1.1\r\nContent-Length: +9\r\n\r\nhi",
            ),
            (
                "options of its own",
                "POST",
                &[("Transfer-Encoding", "x"), ("Connection", "y")],
                "hi",
                true,
                "POST /?* HTTP/1.1\r\nTransfer-Encoding: x\r\nConnection: y\r\n\r\nhi",
            ),
        ];
        for (name, method, fields, body, last, wanted) in rows {
            let headers = fields.iter().copied().collect();
            let request = Request { method: method.to_owned(), target: "/?*".to_owned(), headers, body: body.into() };
            assert_eq!(String::from_utf8_lossy(&serialise(&request, None, last)), wanted, "{name}");
        }
    }
}
