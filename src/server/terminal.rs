//! A connection on a session: who may open one, what it says, and when it is over. No sockets.

use std::time::Duration;

use subtle::ConstantTimeEq as _;
use tokio::sync::broadcast;

use super::Server;
use super::answer::{Problem, Writing};
use super::fault::{Fault, Hold};
use super::problem;
use super::reply::Reply;
use super::session::{ClosedReason, NotConnected, Now};
use super::settings::ClosedWebSocket;
use crate::clock::Moment;
use crate::http::{Request, Response};
use crate::wire::frame::{Frame, FrameKind, ID_BYTES, Layout, State};
use crate::wire::parameters;

/// The path of WebSocket URLs.
pub const PATH: &str = "/session";
/// What a terminal shows before anything was typed.
const PROMPT: &[u8] = b"sh-5.1# ";
/// The code of a Close that ends a connection in order.
const NORMAL: u16 = 1000;
/// The code of a Close in place of what cannot be said.
const INTERNAL: u16 = 1011;

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
    hold: Option<Hold>,
    endings: broadcast::Receiver<()>,
    channel: Vec<u8>,
    instance: Vec<u8>,
    layout: Layout,
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
    let (ended, age) = (session.ended.is_some(), now.unix.saturating_sub(session.created));
    let known = bool::from(session.token.as_bytes().ct_eq(token.as_bytes()));
    let hold = server.settings.fault.and_then(Fault::holds);
    let instance = session.asked.instances.first().map_or_else(Vec::new, |id| fitting(id));
    let limits = &server.settings.limits;
    let connection = match (ended, server.settings.readings.closed_websocket) {
        _ if hold.is_some_and(|hold| hold.refuses(age)) => {
            return refuse(Problem::new(403, "Forbidden", "The WebSocketUrl is no longer valid."));
        }
        _ if ended && hold == Some(Hold::Page) => return refuse(Problem::new(200, "Closed", "The session is over.")),
        _ if ended && hold == Some(Hold::Alternates) && state.scratch.turn() => None,
        _ if ended && hold.is_some_and(|hold| hold.revives(!token.is_empty(), known)) => None,
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
    if let Err(problem) = state.commit() {
        return refuse(problem);
    }
    Handshake::Accepted(Box::new(Terminal {
        server: server.clone(),
        session: id.to_owned(),
        connection,
        hold,
        endings,
        channel: value("channelId").map_or_else(|| fitting(&format!("d-{id}")), fitting),
        instance,
        layout: Layout::v102(0, 0),
        active: now,
    }))
}

/// As much of an id as a frame holds: the client chose it, and its length is no fault that the documents name.
fn fitting(id: &str) -> Vec<u8> {
    id.bytes().take(ID_BYTES).collect()
}

impl Terminal {
    /// What is said first.
    pub fn greeting(&mut self, now_unix: u64, now: Moment) -> Vec<Signal> {
        let now = Now { unix: now_unix, moment: now };
        match self.over(now) {
            Some(farewell) if self.hold == Some(Hold::PromptFirst) => {
                [vec![self.output(PROMPT, now)], farewell].concat()
            }
            Some(farewell) => farewell,
            None if self.hold == Some(Hold::Drops) => self.farewell(ClosedReason::AgentSocketClosed, "Aborted", now),
            None => vec![self.status(State::Opened, "", now), self.output(PROMPT, now)],
        }
    }

    /// Takes a message and says what it is answered with: input comes back as output. Text is not for terminals, and
    /// what is no frame of a known kind is passed over.
    pub fn receive(&mut self, message: &[u8], now_unix: u64, now: Moment) -> Vec<Signal> {
        let now = Now { unix: now_unix, moment: now };
        if let Some(farewell) = self.over(now) {
            return farewell;
        }
        self.active = now;
        let Ok(frame) = Frame::parse(message) else { return Vec::new() };
        if !matches!(frame.kind, FrameKind::Other(_)) {
            self.follow(frame.layout);
        }
        match frame.kind {
            FrameKind::Input if !frame.payload.is_empty() => vec![self.output(&frame.payload, now)],
            FrameKind::Close => self.farewell(ClosedReason::ClientClosed, "Exit", now),
            FrameKind::Input
            | FrameKind::Output
            | FrameKind::Resize
            | FrameKind::Open
            | FrameKind::Status
            | FrameKind::Sync
            | FrameKind::Other(_) => Vec::new(),
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
        // Having missed some is having heard of one; the sender lives in `self.server`.
        let _ = self.endings.recv().await;
    }

    /// The farewell when the session has ended or nothing came for too long.
    fn over(&mut self, now: Now) -> Option<Vec<Signal>> {
        let connected = |connection| self.server.lock().model.is_connected(&self.session, connection);
        let open =
            self.hold.is_some_and(|hold| hold.outlives(self.ended_for(now))) || self.connection.is_some_and(connected);
        match open {
            false => Some(self.farewell(ClosedReason::ClientClosed, "Exit", now)),
            true if self.patience(now.moment).is_zero() => {
                Some(self.farewell(ClosedReason::AgentSocketClosed, "AgentTimeout", now))
            }
            true => None,
        }
    }

    /// How many seconds ago the session ended.
    fn ended_for(&self, now: Now) -> Option<u64> {
        let ended = self.server.lock().model.find(&self.session)?.ended?;
        Some(now.unix.saturating_sub(ended))
    }

    fn farewell(&mut self, reason: ClosedReason, words: &str, now: Now) -> Vec<Signal> {
        self.leave(reason, now);
        vec![self.status(State::Closed, words, now), Signal::Close(NORMAL)]
    }

    fn leave(&mut self, reason: ClosedReason, now: Now) {
        if let Some(connection) = self.connection.take() {
            let mut state = self.server.lock();
            state.model.disconnect(&self.session, connection, reason, now);
            // Nobody is there to be told of a failure; the next call is.
            let _ = state.commit();
        }
    }

    /// Answers in the version that the client speaks, and counts its input.
    fn follow(&mut self, theirs: Layout) {
        self.layout = match (theirs, self.layout) {
            (Layout::V102 { input, .. }, Layout::V102 { output, .. }) => Layout::v102(input, output),
            (Layout::V102 { input, .. }, Layout::V101 { .. }) => Layout::v102(input, 0),
            (Layout::V101 { .. }, Layout::V102 { .. }) => Layout::V101 { sequence: 0 },
            (Layout::V101 { .. }, ours @ Layout::V101 { .. }) => ours,
        };
    }

    fn output(&mut self, payload: &[u8], now: Now) -> Signal {
        let signal = self.frame(FrameKind::Output, payload.to_vec(), now);
        match &mut self.layout {
            Layout::V101 { sequence } => *sequence = sequence.wrapping_add(1),
            Layout::V102 { output, .. } => *output = output.wrapping_add(1),
        }
        signal
    }

    fn status(&self, state: State, words: &str, now: Now) -> Signal {
        self.frame(FrameKind::Status, [&[state.number()], words.as_bytes()].concat(), now)
    }

    /// Ids fit since [`connect`], and an echo fits the version that its input came in.
    fn frame(&self, kind: FrameKind, payload: Vec<u8>, now: Now) -> Signal {
        let (layout, channel, instance) = (self.layout, self.channel.clone(), self.instance.clone());
        let millis = now.unix.saturating_mul(1_000).max(1);
        let frame = Frame { kind, layout, channel, instance, millis, payload };
        frame.encode().map_or(Signal::Close(INTERNAL), Signal::Message)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.leave(ClosedReason::ClientClosed, self.active);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::http::Headers;
    use crate::seed::Seed;
    use crate::server::settings::{Auth, Settings};

    const NOW: u64 = 1_700_000_000;

    struct World {
        server: Server,
        session: String,
        url: String,
    }

    fn at(seconds: u64) -> Moment {
        Moment(seconds * 1_000_000)
    }

    fn request(target: &str) -> Request {
        let headers = Headers::from_iter([("host", "localhost")]);
        Request { method: "GET".to_owned(), target: target.to_owned(), headers, body: Vec::new() }
    }

    fn call(server: &Server, query: &str) -> Value {
        let target = format!("/?Version=2014-05-26&Format=JSON&RegionId=cn-hangzhou&{query}");
        serde_json::from_slice(&server.handle(&request(&target), NOW, at(0)).body).unwrap()
    }

    fn world(closed_websocket: ClosedWebSocket) -> World {
        let mut settings = Settings { auth: Auth::Open, ..Settings::default() };
        settings.readings.closed_websocket = closed_websocket;
        let server = Server::new(settings, Seed(1));
        let body = call(&server, "Action=StartTerminalSession&InstanceId.1=i-1");
        let url = body["WebSocketUrl"].as_str().unwrap().replace("ws://localhost", "");
        World { server, session: body["SessionId"].as_str().unwrap().to_owned(), url }
    }

    impl World {
        fn end(&self) {
            let body = call(&self.server, &format!("Action=EndTerminalSession&SessionId={}", self.session));
            assert_eq!(body["Code"], Value::Null);
        }

        fn status(&self) -> Value {
            let body = call(&self.server, &format!("Action=DescribeTerminalSessions&SessionId={}", self.session));
            body["Sessions"]["Session"][0]["Connections"]["Connection"][0].clone()
        }

        fn connect(&self, url: &str, now: Moment) -> Result<Box<Terminal>, u16> {
            match self.server.connect(&request(url), NOW, now) {
                Handshake::Accepted(terminal) => Ok(terminal),
                Handshake::Refused(response) => Err(response.status),
            }
        }
    }

    fn frames(signals: Vec<Signal>) -> Vec<(FrameKind, Vec<u8>)> {
        let frame = |signal| match signal {
            Signal::Message(bytes) => Frame::parse(&bytes).ok().map(|frame| (frame.kind, frame.payload)),
            Signal::Close(_) => None,
        };
        signals.into_iter().filter_map(frame).collect()
    }

    fn said(kind: FrameKind, layout: Layout, payload: &[u8]) -> Vec<u8> {
        Frame { layout, ..Frame::new(kind, 1, payload) }.encode().unwrap()
    }

    const V102: Layout = Layout::V102 { input: 7, output: 0, encoding: 0, reserved: 0 };

    #[test]
    fn a_terminal_opens_with_a_prompt_and_echoes_input_in_the_version_of_the_client() {
        let world = world(ClosedWebSocket::Refused);
        let mut terminal = world.connect(&world.url, at(0)).unwrap();
        let opened = (FrameKind::Status, vec![State::Opened.number()]);
        assert_eq!(frames(terminal.greeting(NOW, at(0))), [opened, (FrameKind::Output, PROMPT.to_vec())]);
        assert_eq!(world.status()["Status"], "Connected");
        for layout in [V102, Layout::V101 { sequence: 0 }] {
            let echo = terminal.receive(&said(FrameKind::Input, layout, b"pwd"), NOW, at(1));
            let [Signal::Message(echo)] = &echo[..] else { panic!("one frame") };
            let echo = Frame::parse(echo).unwrap();
            assert_eq!((echo.kind, &*echo.payload, echo.millis), (FrameKind::Output, &b"pwd"[..], NOW * 1_000));
            assert_eq!(std::mem::discriminant(&echo.layout), std::mem::discriminant(&layout));
        }
    }

    #[test]
    fn heartbeats_sizes_and_garbage_get_no_answer() {
        let world = world(ClosedWebSocket::Refused);
        let mut terminal = world.connect(&world.url, at(0)).unwrap();
        for (name, message) in [
            ("heartbeat", said(FrameKind::Input, V102, b"")),
            ("resize", said(FrameKind::Resize, V102, &[40, 0, 120, 0])),
            ("unknown kind", said(FrameKind::Other(7), V102, b"pwd")),
            ("garbage", b"pwd".to_vec()),
            ("nothing", Vec::new()),
        ] {
            assert_eq!(terminal.receive(&message, NOW, at(1)), [], "{name}");
        }
    }

    #[test]
    fn a_channel_id_beyond_what_a_frame_holds_is_cut() {
        let world = world(ClosedWebSocket::Refused);
        for length in [1, 255, 256, 1_000] {
            let url = format!("{}&channelId={}", world.url, "c".repeat(length));
            let greeting = world.connect(&url, at(0)).unwrap().greeting(NOW, at(0));
            let [Signal::Message(opened), Signal::Message(_)] = &greeting[..] else { panic!("two frames: {length}") };
            assert_eq!(Frame::parse(opened).unwrap().channel, vec![b'c'; length.min(255)], "{length}");
        }
    }

    #[test]
    fn ending_the_session_ends_the_connection_and_its_url() {
        let world = world(ClosedWebSocket::Refused);
        let mut terminal = world.connect(&world.url, at(0)).unwrap();
        assert_eq!(terminal.look(NOW, at(1)), []);
        world.end();
        let farewell = terminal.look(NOW, at(1));
        assert_eq!(farewell.last(), Some(&Signal::Close(NORMAL)));
        assert_eq!(frames(farewell), [(FrameKind::Status, b"\x05Exit".to_vec())]);
        assert_eq!(
            (world.status()["Status"].clone(), world.connect(&world.url, at(2)).err()),
            ("Terminated".into(), Some(404))
        );
    }

    #[test]
    fn who_may_connect() {
        let open = world(ClosedWebSocket::Refused);
        let (bare, _) = open.url.split_once("&token").unwrap();
        assert_eq!(open.connect(&format!("{bare}&token=x"), at(0)).err(), Some(403), "wrong token");
        assert_eq!(open.connect(bare, at(0)).err(), Some(403), "no token");
        assert_eq!(open.connect(&open.url.replace("sessionId=", "sessionId=x"), at(0)).err(), Some(404), "no session");
        assert_eq!(
            open.connect(&open.url.replace("sessionId", "sessionid"), at(0)).err(),
            None,
            "as old clients write"
        );
        assert_eq!(open.connect("/session?sessionId=%", at(0)).err(), Some(400), "undecodable");
    }

    #[test]
    fn an_ended_session_answers_as_set_whatever_the_token() {
        for (reading, statuses) in [
            (ClosedWebSocket::Refused, [Some(404), Some(403), Some(403)]),
            (ClosedWebSocket::Closed, [None, None, None]),
        ] {
            let world = world(reading);
            world.end();
            let (bare, _) = world.url.split_once("&token").unwrap();
            let urls = [world.url.clone(), format!("{bare}&token=x"), bare.to_owned()];
            for (url, status) in urls.iter().zip(statuses) {
                match world.connect(url, at(1)) {
                    Ok(mut terminal) => {
                        let greeting = terminal.greeting(NOW, at(1));
                        assert_eq!(greeting.last(), Some(&Signal::Close(NORMAL)));
                        assert_eq!(frames(greeting), [(FrameKind::Status, b"\x05Exit".to_vec())]);
                    }
                    Err(actual) => assert_eq!(Some(actual), status, "{reading:?} {url}"),
                }
            }
        }
    }

    #[test]
    fn silence_ends_a_connection_and_not_the_session() {
        let world = world(ClosedWebSocket::Refused);
        let mut terminal = world.connect(&world.url, at(0)).unwrap();
        terminal.touch(NOW, at(100));
        assert_eq!((terminal.look(NOW, at(279)), terminal.patience(at(279))), (vec![], Duration::from_secs(1)));
        assert_eq!(frames(terminal.look(NOW, at(280))), [(FrameKind::Status, b"\x05AgentTimeout".to_vec())]);
        assert_eq!(world.status()["ClosedReason"], "AgentSocketClosed");
        assert!(world.connect(&world.url, at(281)).is_ok());
    }

    #[test]
    fn a_client_that_leaves_is_noted() {
        let world = world(ClosedWebSocket::Refused);
        let mut terminal = world.connect(&world.url, at(0)).unwrap();
        let farewell = terminal.receive(&said(FrameKind::Close, V102, b"1"), NOW, at(1));
        assert_eq!(farewell.last(), Some(&Signal::Close(NORMAL)));
        assert_eq!(world.status()["Status"], "Terminated");
        drop(world.connect(&world.url, at(2)).unwrap());
        assert_eq!(world.status()["ClosedReason"], "ClientClosed");
    }
}
