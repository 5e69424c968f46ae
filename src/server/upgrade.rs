//! WebSockets: HTTP's upgrade, and a [`Terminal`] on the socket that it leaves.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::{SinkExt as _, StreamExt as _};
use hyper::body::Incoming;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};

use super::answer::Problem;
use super::terminal::{self, Handshake, Signal, Terminal};
use super::{Server, listen, reply};
use crate::clock::Clock;
use crate::http::{Headers, Request, Response};

/// Most bytes of a message, so that its payload fits every version of frames.
const MESSAGE_BYTES: usize = 64 << 10;
/// Bytes that are read at a time: all of them are zeroed before each read, and most frames are small.
const READ_BYTES: usize = 4 << 10;
/// How long a client may take to read what it is sent, and to answer a Close.
const PATIENCE: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// A connection that becomes a WebSocket once the 101 is sent.
pub(super) struct Upgraded {
    io: OnUpgrade,
    terminal: Box<Terminal>,
}

/// Whether the request is one for a WebSocket.
pub(super) fn is_asked(request: &Request) -> bool {
    let websocket = |name: &str, wanted: &str| {
        let mut items = request.headers.all(name).filter_map(|value| std::str::from_utf8(value).ok());
        items.any(|value| value.split(',').any(|item| item.trim().eq_ignore_ascii_case(wanted)))
    };
    request.method == "GET"
        && request.path() == terminal::PATH
        && websocket("upgrade", "websocket")
        && websocket("connection", "upgrade")
}

/// The answer, and what follows a 101.
pub(super) fn accept(
    plain: &Request,
    request: &mut hyper::Request<Incoming>,
    server: &Server,
    clock: &Clock,
) -> (Response, Option<Upgraded>) {
    let (unix, now) = (clock.unix_seconds(), clock.now());
    let refuse = |status, what: &'static str| {
        let mut response = reply::refuse(server, &Problem::new(status, "InvalidParameter", what), unix, now);
        response.headers.push("sec-websocket-version", "13");
        (response, None)
    };
    if plain.headers.get("sec-websocket-version") != Some("13") {
        return refuse(426, "The WebSocket version is not supported.");
    }
    let key = plain.headers.get("sec-websocket-key").unwrap_or("");
    if STANDARD.decode(key).map_or(0, |bytes| bytes.len()) != 16 {
        return refuse(400, "The WebSocket key is not valid.");
    }
    match server.connect(plain, unix, now) {
        Handshake::Refused(response) => (response, None),
        Handshake::Accepted(terminal) => {
            let mut headers = Headers::new();
            headers.push("connection", "Upgrade");
            headers.push("upgrade", "websocket");
            headers.push("sec-websocket-accept", derive_accept_key(key.as_bytes()));
            (Response::new(101, headers, ""), Some(Upgraded { io: hyper::upgrade::on(request), terminal }))
        }
    }
}

/// Speaks until either side is done, the session ends or the server stops.
pub(super) async fn converse(upgraded: Upgraded, clock: &Clock, mut stopped: watch::Receiver<bool>) {
    let Upgraded { io, mut terminal } = upgraded;
    let Ok(io) = io.await else { return };
    let config = WebSocketConfig::default()
        .read_buffer_size(READ_BYTES)
        .max_message_size(Some(MESSAGE_BYTES))
        .max_frame_size(Some(MESSAGE_BYTES))
        .max_write_buffer_size(16 * MESSAGE_BYTES);
    let mut socket = WebSocketStream::from_raw_socket(TokioIo::new(io), Role::Server, Some(config)).await;
    let mut signals = terminal.greeting(clock.unix_seconds(), clock.now());
    while say(&mut socket, signals).await {
        let patience = terminal.patience(clock.now());
        signals = tokio::select! {
            biased;
            () = terminal.ending() => terminal.look(clock.unix_seconds(), clock.now()),
            () = listen::stop(&mut stopped) => vec![Signal::Close(CloseCode::Away.into())],
            heard = timeout(patience, socket.next()) => match heard {
                Err(_) => terminal.look(clock.unix_seconds(), clock.now()),
                Ok(Some(Ok(Message::Binary(bytes)))) => terminal.receive(&bytes, clock.unix_seconds(), clock.now()),
                Ok(Some(Ok(Message::Close(_)))) => break,
                Ok(Some(Ok(_))) => {
                    terminal.touch(clock.unix_seconds(), clock.now());
                    Vec::new()
                }
                Ok(Some(Err(_)) | None) => break,
            },
        };
    }
    drop(terminal);
    // Reading on answers the client's Close, or awaits its answer to ours.
    let _ = timeout(PATIENCE, async { while let Some(Ok(_)) = socket.next().await {} }).await;
}

/// Sends; whether the conversation goes on.
async fn say(socket: &mut Socket, signals: Vec<Signal>) -> bool {
    for signal in signals {
        let going_on = matches!(signal, Signal::Message(_));
        let message = match signal {
            Signal::Message(bytes) => Message::Binary(bytes.into()),
            Signal::Close(code) => Message::Close(Some(CloseFrame { code: code.into(), reason: "".into() })),
        };
        let sent = timeout(PATIENCE, socket.send(message)).await;
        if !going_on || !matches!(sent, Ok(Ok(()))) {
            return false;
        }
    }
    true
}
