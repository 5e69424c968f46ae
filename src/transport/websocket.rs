//! WebSockets: a look at a session's URL.

use std::sync::Arc;

use futures_util::SinkExt;
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

use super::answer::{End, Reader};
use super::connect::{Progress, Route, Stream, chain, late};
use super::held::{Ended, Ending, Held, Sight, Watched, ping, take};
use super::raw::serialise;
use super::{Endpoint, EndpointError, Settings};
use crate::clock::Clock;
use crate::http::{Cause, CauseKind, Headers, Reply, Request, Response};
use crate::limits;

/// A client for the WebSocket URLs of sessions.
#[derive(Clone)]
pub struct WebSockets {
    settings: Settings,
    tls: Arc<ClientConfig>,
    clock: Clock,
}

/// What a look at a WebSocket URL found.
#[derive(Debug)]
pub enum WsOutcome {
    /// 101, then a Pong to our Ping, an Output frame, or a Status frame that tells no end.
    Open(Held),
    /// 101, then an end before any of these.
    Closed {
        /// How it ended.
        ended: Ended,
        /// What came before.
        seen: Vec<Sight>,
    },
    /// An answer other than 101.
    UpgradeRefused(Response),
    /// Nothing was sent.
    Refused(Cause),
    /// No whole answer, or nothing that tells open from closed within the timeout.
    Lost(Cause),
}

impl WebSockets {
    pub(super) fn new(settings: &Settings, tls: Arc<ClientConfig>, clock: Clock) -> WebSockets {
        WebSockets { settings: settings.clone(), tls, clock }
    }

    /// Connects to `ws(s)://host[:port][/path][?query]` with further header fields, sends a Ping, and tells what comes
    /// first. The whole look ends within the timeout.
    pub async fn connect(&self, url: &str, headers: &Headers) -> WsOutcome {
        let mut progress = Progress::default();
        let cause = match timeout(self.settings.timeout, self.look(url, headers, &mut progress)).await {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(cause)) => cause,
            Err(_) => late(self.settings.timeout),
        };
        match progress.failed(cause) {
            Reply::Refused(cause) => WsOutcome::Refused(cause),
            Reply::Lost(cause) => WsOutcome::Lost(cause),
            Reply::Answered(answer) => WsOutcome::UpgradeRefused(answer),
        }
    }

    async fn look(&self, url: &str, headers: &Headers, progress: &mut Progress) -> Result<WsOutcome, Cause> {
        let (endpoint, target) = parse(url)
            .map_err(|error| Cause::new(CauseKind::Resolve, format!("the WebSocket URL cannot be used: {error}")))?;
        let route = Route::new(&endpoint, &self.settings, self.tls.clone());
        let mut stream = route.open_through().await?;
        progress.sent = true;
        let key = generate_key();
        let mut request = Request { method: "GET".to_owned(), target, headers: Headers::new(), body: Vec::new() };
        request.headers.push("host", endpoint.host_header());
        request.headers.push("upgrade", "websocket");
        request.headers.push("connection", "Upgrade");
        request.headers.push("sec-websocket-key", key.as_str());
        request.headers.push("sec-websocket-version", "13");
        for (name, value) in headers.iter() {
            request.headers.push(name, value);
        }
        let (answer, surplus) = handshake(&mut stream, &request, progress).await?;
        if answer.status != 101 {
            return Ok(WsOutcome::UpgradeRefused(answer));
        }
        if answer.headers.get("sec-websocket-accept") != Some(derive_accept_key(key.as_bytes()).as_str()) {
            return Err(Cause::new(CauseKind::NotHttp, "the answer to the handshake accepts another key than ours"));
        }
        let config = WebSocketConfig::default()
            .read_buffer_size(4 << 10)
            .max_message_size(Some(limits::BODY_BYTES))
            .max_frame_size(Some(limits::BODY_BYTES));
        let mut socket = WebSocketStream::from_partially_read(stream, surplus, Role::Client, Some(config)).await;
        let mut watched = Watched::default();
        // A failure to send shows when reading.
        drop(socket.send(ping(1)).await);
        loop {
            let opens = match take(&mut socket, &mut watched, &self.clock).await {
                Some(sight) => sight.opens(),
                None => watched.pong > 0,
            };
            match watched.ended {
                Some(Ended { ending: Ending::Broken(words), .. }) => return Err(Cause::new(CauseKind::NotHttp, words)),
                Some(ended) => return Ok(WsOutcome::Closed { ended, seen: watched.seen }),
                None if opens => return Ok(WsOutcome::Open(Held::new(socket, watched, self.clock.clone()))),
                None => {}
            }
        }
    }
}

/// The endpoint and the request target of a WebSocket URL; path and query are kept as they are.
fn parse(url: &str) -> Result<(Endpoint, String), EndpointError> {
    if url.is_empty() {
        return Err(EndpointError::Empty);
    }
    if url.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(EndpointError::Space);
    }
    if url.contains('#') {
        return Err(EndpointError::Fragment);
    }
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    let http = match scheme.to_ascii_lowercase().as_str() {
        "ws" => "http",
        "wss" => "https",
        _ => return Err(EndpointError::WebSocketScheme(scheme.to_owned())),
    };
    let (before, query) = rest.split_once('?').map_or((rest, None), |(before, query)| (before, Some(query)));
    let endpoint = Endpoint::parse(&format!("{http}://{before}"))?;
    let target = query.map_or_else(|| endpoint.path().to_owned(), |query| format!("{}?{query}", endpoint.path()));
    Ok((endpoint, target))
}

/// Asks for the upgrade; the answer, and the bytes that came after it.
async fn handshake(
    stream: &mut Stream,
    request: &Request,
    progress: &mut Progress,
) -> Result<(Response, Vec<u8>), Cause> {
    let closed = |error: std::io::Error| Cause::new(CauseKind::Closed, chain(&error));
    stream.write_all(&serialise(request, None, false)).await.map_err(closed)?;
    stream.flush().await.map_err(closed)?;
    let mut reader = Reader::new(&request.method);
    let mut piece = vec![0; 4 << 10];
    let mut end = End::Closed;
    while !reader.is_done() {
        match stream.read(&mut piece).await {
            Ok(0) => break,
            Ok(count) => reader.push(&piece[..count]),
            Err(error) => {
                end = End::Failed(CauseKind::Closed, chain(&error));
                break;
            }
        };
        progress.status = reader.status();
    }
    let (result, surplus) = reader.finish(end);
    Ok((result?, surplus))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_websocket_url_keeps_path_and_query_as_they_are() {
        let rows = [
            (
                "ws://127.0.0.1:9/session?sessionId=s-a&token=T%2b'*",
                "127.0.0.1:9",
                "/session?sessionId=s-a&token=T%2b'*",
            ),
            ("WSS://cn-hangzhou.axt.aliyuncs.com/session?a=/?b", "cn-hangzhou.axt.aliyuncs.com", "/session?a=/?b"),
            ("wss://h:444?x", "h:444", "/?x"),
            ("ws://[::1]", "[::1]", "/"),
        ];
        for (url, host, target) in rows {
            let (endpoint, found) = parse(url).unwrap_or_else(|error| panic!("{url}: {error}"));
            assert_eq!((endpoint.host_header(), found.as_str()), (host, target), "{url}");
            assert_eq!(endpoint.is_secure(), url.to_lowercase().starts_with("wss"), "{url}");
        }
    }

    #[test]
    fn what_is_no_websocket_url_is_refused() {
        for url in ["", "http://h/", "h:80/", "ws://", "ws://h/#x", "ws://h/?a b", "ws://u:p@h/", "ws://h\n"] {
            let error = parse(url).expect_err(url);
            assert!(!error.to_string().contains("u:p"), "{url}: {error}");
        }
    }
}
