//! A connection on a session: who may open one, what it says, and when it is over. No sockets.

use std::time::Duration;

use subtle::ConstantTimeEq as _;
use tokio::sync::watch;

use super::Server;
use super::answer::{Problem, Writing};
use super::model::{ClosedReason, NotConnected, Now};
use super::problem;
use super::route::Reply;
use super::settings::ClosedWebSocket;
use super::websocket::{Frame, Kind, State, Version};
use crate::clock::Moment;
use crate::http::{Request, Response};
use crate::wire::parameters;

/// The path of WebSocket URLs.
pub const PATH: &str = "/session";
/// What a terminal shows before anything was typed.
const PROMPT: &[u8] = b"sh-5.1# ";
/// The code of a Close that ends a connection in order.
const NORMAL: u16 = 1000;

/// The answer to a request for a WebSocket.
#[derive(Debug)]
pub enum Handshake {
    /// No 101, this instead.
    Refused(Response),
    /// 101, and what speaks then.
    Accepted(Box<Terminal>),
}

/// Something to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signal {
    /// A binary message.
    Message(Vec<u8>),
    /// A Close with this code; nothing follows.
    Close(u16),
}

/// One open connection. Dropping it tells the state that the client left.
#[derive(Debug)]
pub struct Terminal {
    server: Server,
    session: String,
    /// `None` when the session had ended before.
    connection: Option<u64>,
    endings: watch::Receiver<u64>,
    channel: Vec<u8>,
    instance: Vec<u8>,
    version: Version,
    active: Now,
}

pub(super) fn connect(server: &Server, request: &Request, now: Now) -> Handshake {
    let endings = server.endings();
    let mut state = server.lock();
    let reply = Reply::new(server, &mut state.entropy, now);
    let refuse = |problem: Problem| Handshake::Refused(reply.problem(&problem, Writing::Json));
    let Ok(query) = parameters::parse(request.query().as_bytes()) else {
        return refuse(problem::not_valid("sessionId"));
    };
    let value = |name: &str| parameters::first(&query, name).filter(|value| !value.is_empty());
    let id = value("sessionId").or_else(|| value("sessionid")).unwrap_or("");
    let token = value("token").or_else(|| request.headers.get("x-acs-session-token")).unwrap_or("");
    let Some(session) = state.model.find(id) else { return refuse(problem::no_such_session()) };
    let ended = session.ended.is_some();
    let known = bool::from(session.token.as_bytes().ct_eq(token.as_bytes()));
    let instance = session.asked.instances.first().map_or_else(Vec::new, |id| id.as_bytes().to_vec());
    let limits = &server.settings.limits;
    let connection = match (ended, server.settings.readings.closed_websocket) {
        (true, ClosedWebSocket::Closed) => None,
        _ if !known => return refuse(Problem::new(403, "Forbidden", "The specified token is not valid.")),
        _ => match state.model.connect(id, limits, now) {
            Ok(connection) => Some(connection),
            Err(NotConnected::Ended) => return refuse(problem::no_such_session()),
            Err(NotConnected::Lapsed) => {
                return refuse(Problem::new(403, "Forbidden", "The WebSocketUrl is no longer valid."));
            }
            Err(NotConnected::TooMany) => {
                return refuse(Problem::new(403, "Forbidden", "The number of connections exceeds the upper limit."));
            }
        },
    };
    Handshake::Accepted(Box::new(Terminal {
        server: server.clone(),
        session: id.to_owned(),
        connection,
        endings,
        channel: value("channelId").map_or_else(|| format!("d-{id}"), str::to_owned).into_bytes(),
        instance,
        version: Version::V102 { input: 0, output: 0, encoding: 0 },
        active: now,
    }))
}

impl Terminal {
    /// What is said first.
    pub fn greeting(&mut self, now_unix: u64, now: Moment) -> Vec<Signal> {
        let now = Now { unix: now_unix, moment: now };
        match self.over(now) {
            Some(farewell) => farewell,
            None => vec![self.status(State::Opened, "", now), self.output(PROMPT, now)],
        }
    }

    /// Takes a message and says what it is answered with: input comes back as output. Text is not for terminals, and
    /// what is no frame is passed over.
    pub fn receive(&mut self, message: &[u8], now_unix: u64, now: Moment) -> Vec<Signal> {
        let now = Now { unix: now_unix, moment: now };
        if let Some(farewell) = self.over(now) {
            return farewell;
        }
        self.active = now;
        let Some(frame) = Frame::parse(message) else { return Vec::new() };
        self.follow(frame.version);
        match frame.kind {
            Kind::Input if !frame.payload.is_empty() => vec![self.output(&frame.payload, now)],
            Kind::Close => self.farewell(ClosedReason::ClientClosed, "Exit", now),
            Kind::Input | Kind::Output | Kind::Resize | Kind::Open | Kind::Status | Kind::Sync => Vec::new(),
        }
    }

    /// Notes that the client is there, by whatever means.
    pub fn touch(&mut self, now_unix: u64, now: Moment) {
        self.active = Now { unix: now_unix, moment: now };
    }

    /// What is to be said without being asked: nothing, or the end.
    pub fn look(&mut self, now_unix: u64, now: Moment) -> Vec<Signal> {
        self.over(Now { unix: now_unix, moment: now }).unwrap_or_default()
    }

    /// How long until silence ends it.
    pub fn patience(&self, now: Moment) -> Duration {
        self.server.settings.limits.idle.saturating_sub(now.since(self.active.moment))
    }

    /// Waits until some session has ended, perhaps this one.
    pub async fn ending(&mut self) {
        // The sender lives in `self.server`, so that this never fails.
        let _ = self.endings.changed().await;
    }

    /// The farewell when the session has ended or nothing came for too long.
    fn over(&mut self, now: Now) -> Option<Vec<Signal>> {
        let open = self.connection.is_some() && self.server.lock().model.is_open(&self.session);
        match open {
            false => Some(self.farewell(ClosedReason::ClientClosed, "Exit", now)),
            true if self.patience(now.moment).is_zero() => {
                Some(self.farewell(ClosedReason::AgentSocketClosed, "AgentTimeout", now))
            }
            true => None,
        }
    }

    fn farewell(&mut self, reason: ClosedReason, words: &str, now: Now) -> Vec<Signal> {
        self.leave(reason, now);
        vec![self.status(State::Closed, words, now), Signal::Close(NORMAL)]
    }

    fn leave(&mut self, reason: ClosedReason, now: Now) {
        if let Some(connection) = self.connection.take() {
            self.server.lock().model.disconnect(&self.session, connection, reason, now);
        }
    }

    /// Answers in the version that the client speaks, and counts its input.
    fn follow(&mut self, theirs: Version) {
        self.version = match (theirs, self.version) {
            (Version::V102 { input, .. }, Version::V102 { output, encoding, .. }) => {
                Version::V102 { input, output, encoding }
            }
            (Version::V102 { input, .. }, Version::V101 { .. }) => Version::V102 { input, output: 0, encoding: 0 },
            (Version::V101 { .. }, Version::V102 { .. }) => Version::V101 { sequence: 0 },
            (Version::V101 { .. }, ours @ Version::V101 { .. }) => ours,
        };
    }

    fn output(&mut self, payload: &[u8], now: Now) -> Signal {
        let signal = self.frame(Kind::Output, payload.to_vec(), now);
        match &mut self.version {
            Version::V101 { sequence } => *sequence = sequence.wrapping_add(1),
            Version::V102 { output, .. } => *output = output.wrapping_add(1),
        }
        signal
    }

    fn status(&self, state: State, words: &str, now: Now) -> Signal {
        self.frame(Kind::Status, [&[state as u8], words.as_bytes()].concat(), now)
    }

    fn frame(&self, kind: Kind, payload: Vec<u8>, now: Now) -> Signal {
        let (channel, instance) = (self.channel.clone(), self.instance.clone());
        let timestamp = now.unix.saturating_mul(1_000).max(1);
        Signal::Message(Frame { kind, version: self.version, channel, instance, timestamp, payload }.encode())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave(ClosedReason::ClientClosed, self.active);
    }
}
