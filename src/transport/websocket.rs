//! WebSockets: a look at a session's URL, and connections that are held on one.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use rustls::ClientConfig;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message};

use super::answer::{End, Reader};
use super::connect::{Progress, Route, Stream, chain, late};
use super::raw::serialise;
use super::{Endpoint, EndpointError, Settings};
use crate::clock::{Clock, Moment};
use crate::http::{Cause, CauseKind, Headers, Reply, Request, Response};
use crate::limits;
use crate::wire::frame::{Frame, FrameError, FrameKind, State};

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

/// One message of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// A frame of the terminal, with the state that a Status frame tells.
    Frame(FrameKind, Option<State>),
    /// A binary message that is no frame.
    Unreadable(FrameError),
    /// A text message.
    Text,
}

impl Sight {
    fn of(message: &[u8]) -> Sight {
        match Frame::parse(message) {
            Ok(frame) => Sight::Frame(frame.kind, frame.status().map(|(state, _)| state)),
            Err(error) => Sight::Unreadable(error),
        }
    }

    fn opens(self) -> bool {
        match self {
            Sight::Frame(FrameKind::Status, state) => !state.is_some_and(State::is_end),
            Sight::Frame(kind, _) => kind == FrameKind::Output,
            Sight::Unreadable(_) | Sight::Text => false,
        }
    }

    fn ends(self) -> Option<Ending> {
        match self {
            Sight::Frame(FrameKind::Close, _) => Some(Ending::CloseFrame),
            Sight::Frame(_, Some(state)) if state.is_end() => Some(Ending::Status(state)),
            _ => None,
        }
    }
}

/// How a connection ended, whichever came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// A Status frame told that the session is aborted, closed or exited; official clients close after it, and so do
    /// we.
    Status(State),
    /// A Close frame of the terminal's own protocol.
    CloseFrame,
    /// A WebSocket Close, with its code where it had one.
    Close(Option<u16>),
    /// The connection ended without a word.
    Gone(String),
    /// The other side broke the WebSocket protocol.
    Broken(String),
}

/// The end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How it came.
    pub ending: Ending,
    /// When it was seen.
    pub at: Moment,
}

impl Ended {
    /// Whether nothing was said of this session: the connection broke off, or the other side goes away as a whole (codes
    /// 1001, 1012 and 1013).
    pub fn is_abrupt(&self) -> bool {
        matches!(self.ending, Ending::Gone(_) | Ending::Close(Some(1001 | 1012 | 1013)))
    }

    /// The code of a WebSocket Close.
    pub fn code(&self) -> Option<u16> {
        match self.ending {
            Ending::Close(code) => code,
            _ => None,
        }
    }
}

/// Whether a held connection is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Neither a Close nor the end of the connection came in that time.
    StillOpen,
    /// It ended.
    Closed(Ended),
}

/// A connection that is held on a session and read all the time; dropping it cuts it.
#[derive(Debug)]
pub struct Held {
    messages: mpsc::Sender<Message>,
    watched: watch::Receiver<Watched>,
    pings: AtomicU64,
    clock: Clock,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Watched {
    ended: Option<Ended>,
    /// The highest of our Pings that was answered.
    pong: u64,
    seen: Vec<Sight>,
}

impl Watched {
    fn see(&mut self, sight: Sight) {
        // A terminal that prints without end is not kept: as many messages as an answer may have fields tell enough.
        if self.seen.len() < limits::HEADER_FIELDS {
            self.seen.push(sight);
        }
    }
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
        let mut stream = route.open_through().await?.stream;
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

impl Held {
    fn new(socket: WebSocketStream<Stream>, watched: Watched, clock: Clock) -> Held {
        let (messages, orders) = mpsc::channel(8);
        let (sender, receiver) = watch::channel(watched);
        let task = tokio::spawn(hold(socket, orders, sender, clock.clone()));
        Held { messages, watched: receiver, pings: AtomicU64::new(1), clock, task }
    }

    /// The end, when it has come.
    pub fn ended(&self) -> Option<Ended> {
        self.watched.borrow().ended.clone()
    }

    /// The first messages that came.
    pub fn seen(&self) -> Vec<Sight> {
        self.watched.borrow().seen.clone()
    }

    /// Waits for the end, but not longer than that.
    pub async fn wait_closed(&self, within: Duration) -> Standing {
        let mut watched = self.watched.clone();
        let wait = watched.wait_for(|watched| watched.ended.is_some());
        drop(timeout(within, wait).await);
        self.ended().map_or(Standing::StillOpen, Standing::Closed)
    }

    /// Sends a Ping and tells whether its Pong came within that time.
    pub async fn ping(&self, within: Duration) -> bool {
        let number = self.pings.fetch_add(1, Ordering::Relaxed) + 1;
        let mut watched = self.watched.clone();
        let answered = async {
            self.messages.send(ping(number)).await.is_ok()
                && watched.wait_for(|w| w.pong >= number || w.ended.is_some()).await.is_ok_and(|w| w.pong >= number)
        };
        timeout(within, answered).await.unwrap_or(false)
    }

    /// Sends an empty Input frame, the heartbeat that keeps a session from being cut as idle.
    pub async fn keep_awake(&self) {
        let heartbeat = Frame::new(FrameKind::Input, self.clock.unix_seconds() * 1000, []);
        if let Ok(bytes) = heartbeat.encode() {
            drop(self.messages.send(Message::binary(bytes)).await);
        }
    }

    /// Closes the connection with code 1000 and waits for the end, but not longer than that.
    pub async fn close(&self, within: Duration) -> Standing {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        drop(self.messages.send(Message::Close(Some(frame))).await);
        self.wait_closed(within).await
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Reads until the end, so that Pings are answered, buffers stay empty and the end is seen when it comes.
async fn hold(
    mut socket: WebSocketStream<Stream>,
    mut orders: mpsc::Receiver<Message>,
    shared: watch::Sender<Watched>,
    clock: Clock,
) {
    let mut news = Watched::default();
    while news.ended.is_none() {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                // A failure to send shows when reading.
                Some(message) => drop(socket.send(message).await),
                None => return,
            },
            _ = take(&mut socket, &mut news, &clock) => {}
        }
        shared.send_modify(|watched| {
            news.seen.drain(..).for_each(|sight| watched.see(sight));
            watched.pong = watched.pong.max(news.pong);
            watched.ended = news.ended.clone();
        });
    }
}

/// Reads one message and notes what it tells; the message itself when it is no control message.
async fn take(socket: &mut WebSocketStream<Stream>, watched: &mut Watched, clock: &Clock) -> Option<Sight> {
    let (sight, ending) = match socket.next().await {
        Some(Ok(Message::Binary(bytes))) => {
            let sight = Sight::of(&bytes);
            (Some(sight), sight.ends())
        }
        Some(Ok(Message::Text(_))) => (Some(Sight::Text), None),
        Some(Ok(Message::Pong(payload))) => {
            watched.pong = watched.pong.max(pong(&payload).unwrap_or(0));
            (None, None)
        }
        Some(Ok(Message::Close(frame))) => (None, Some(Ending::Close(frame.map(|frame| frame.code.into())))),
        Some(Ok(Message::Ping(_) | Message::Frame(_))) => (None, None),
        None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => {
            (None, Some(Ending::Gone("the connection was closed".to_owned())))
        }
        Some(Err(error @ (Error::Io(_) | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)))) => {
            (None, Some(Ending::Gone(chain(&error))))
        }
        Some(Err(error)) => (None, Some(Ending::Broken(chain(&error)))),
    };
    if let Some(sight) = sight {
        watched.see(sight);
    }
    if let Some(ending) = ending {
        watched.ended = Some(Ended { ending: ending.clone(), at: clock.now() });
        match ending {
            Ending::Status(_) | Ending::CloseFrame => {
                let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                drop(socket.send(Message::Close(Some(frame))).await);
            }
            // The answer to a Close lies ready and wants sending.
            Ending::Close(_) => drop(socket.flush().await),
            Ending::Gone(_) | Ending::Broken(_) => {}
        }
    }
    sight
}

/// What our Pings carry, so that an unasked Pong is not taken for an answer.
fn ping(number: u64) -> Message {
    Message::Ping(format!("endspec {number}").into_bytes().into())
}

fn pong(payload: &[u8]) -> Option<u64> {
    std::str::from_utf8(payload).ok()?.strip_prefix("endspec ")?.parse().ok()
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
    stream.write_all(&serialise(request, false)).await.map_err(closed)?;
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
            assert_eq!((endpoint.host_header().as_str(), found.as_str()), (host, target), "{url}");
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

    #[test]
    fn frames_tell_open_from_ended() {
        let status = |state: State| Frame::new(FrameKind::Status, 1, [state.number()]);
        let rows = [
            ("output", Frame::new(FrameKind::Output, 1, *b"$ "), true, None),
            ("opened", status(State::Opened), true, None),
            ("a status without state", Frame::new(FrameKind::Status, 1, []), true, None),
            ("closed", status(State::Closed), false, Some(Ending::Status(State::Closed))),
            ("aborted", status(State::Aborted), false, Some(Ending::Status(State::Aborted))),
            ("exited", status(State::Exited), false, Some(Ending::Status(State::Exited))),
            ("close", Frame::new(FrameKind::Close, 1, *b"1"), false, Some(Ending::CloseFrame)),
            ("sync", Frame::new(FrameKind::Sync, 1, []), false, None),
        ];
        for (name, frame, opens, ends) in rows {
            let sight = Sight::of(&frame.encode().expect(name));
            assert_eq!((sight.opens(), sight.ends()), (opens, ends), "{name}");
        }
        assert!(!Sight::of(b"hello").opens());
    }
}
