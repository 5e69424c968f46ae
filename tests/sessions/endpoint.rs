//! A small endpoint with sessions and WebSockets, and a run of one case against it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use endspec::check::CaseResult;
use endspec::clock::Clock;
use endspec::contract::Readings;
use endspec::load;
use endspec::run::{self, Ended, Means, Plan, Progress, SessionSource, Target};
use endspec::seed::Seed;
use endspec::source::Source;
use endspec::transport::{Endpoint, Settings, Transport};
use endspec::wire::{Scheme, parameters};
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role};

/// A bound against hanging, no measure of speed.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How the endpoint differs from a right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    Right,
    /// Success says nothing: `{}`.
    Wordless,
    /// The first so many Ends are throttled.
    Throttles(usize),
    /// The first so many Ends find a server that is broken.
    Fails(usize),
    /// Ids of 5,000 bytes.
    LongIds,
    /// The first so many WebSocket handshakes are throttled.
    ThrottlesHandshakes(usize),
    /// So many sessions may be open.
    Takes(usize),
    /// The first so many Starts are refused as if too many sessions were open.
    Full(usize),
    /// The first End of each session finds nothing.
    SettlesLate,
    /// Ends of these numbers succeed without an effect.
    LosesEnds(&'static [usize]),
    /// Ends are answered once so many of them wait.
    EndsTogether(usize),
    /// All but Starts close the connection.
    HangsUp,
    /// Ended sessions are listed as connected.
    ListsEnded,
    /// On an ended session a Ping is answered before the end.
    PongsAtTheEnd,
    /// The first WebSocket handshake is cut.
    BreaksOnce,
    /// Ids are numbers.
    Numbers,
    /// When it is first asked for a list, every connection breaks off and no session is known any more.
    RestartsAtList,
    /// As `RestartsAtList`, but it tells those who hold a WebSocket that it goes away.
    GoesAwayAtList,
    /// As `RestartsAtList`, but it never comes back.
    DiesAtList,
    /// As `RestartsAtList`, but at the first WebSocket handshake.
    RestartsAtHandshake,
    /// Each End breaks off the WebSockets on all other sessions.
    CutsNeighbours,
    /// A session ends with its connection.
    EndsAtHangUp,
    /// An End has no effect on a session whose client has hung up.
    KeepsHungUp,
    /// As `EndsAtHangUp`, and once, before this request or the first after it that finds a WebSocket, one breaks off.
    CutsOnce(usize),
    /// A line comes before the status line: of every answer, or of refusals alone.
    Babbles {
        always: bool,
    },
    /// After a restart the first so many requests are not answered, or by what stands in front.
    ReturnsAfter(usize),
}

#[derive(Debug)]
pub struct Small {
    manner: Manner,
    addr: String,
    pub open: Mutex<BTreeSet<String>>,
    pub issued: Mutex<BTreeSet<String>>,
    /// Most sessions that were open at a time.
    pub most: AtomicUsize,
    /// Ends by session, in order.
    pub ends: Mutex<BTreeMap<String, usize>>,
    ended: AtomicUsize,
    together: watch::Sender<usize>,
    handshakes: AtomicUsize,
    /// How often all connections were broken off.
    lives: watch::Sender<usize>,
    /// Starts, the refused ones too.
    pub starts: AtomicUsize,
    /// Sessions whose client has hung up.
    hung_up: Mutex<BTreeSet<String>>,
    /// How often a session was ended.
    closings: watch::Sender<usize>,
    /// Requests, and those since the last restart.
    requests: AtomicUsize,
    returning: AtomicUsize,
    /// Sessions with a WebSocket, each as often as it has one.
    connected: watch::Sender<Vec<String>>,
    /// The session whose WebSockets were cut.
    severed: watch::Sender<Option<String>>,
    /// Becomes true when a case says so: by a Start, or by so many Ends.
    pub stop: watch::Sender<bool>,
    pub stop_at_start: bool,
    pub stop_after_ends: Option<usize>,
}

/// Listens until the test ends.
pub async fn endpoint(manner: Manner) -> Arc<Small> {
    stopping(manner, false, None).await
}

/// An endpoint that stops the run when a session is started, or a moment after it answered so many Ends.
pub async fn stopping(manner: Manner, stop_at_start: bool, stop_after_ends: Option<usize>) -> Arc<Small> {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let small = Arc::new(Small {
        manner,
        addr: listener.local_addr().unwrap().to_string(),
        open: Mutex::default(),
        issued: Mutex::default(),
        most: AtomicUsize::new(0),
        ends: Mutex::default(),
        ended: AtomicUsize::new(0),
        together: watch::Sender::new(0),
        handshakes: AtomicUsize::new(0),
        lives: watch::Sender::new(0),
        starts: AtomicUsize::new(0),
        hung_up: Mutex::default(),
        closings: watch::Sender::new(0),
        requests: AtomicUsize::new(0),
        returning: AtomicUsize::new(0),
        connected: watch::Sender::new(Vec::new()),
        severed: watch::Sender::new(None),
        stop: watch::Sender::new(false),
        stop_at_start,
        stop_after_ends,
    });
    let shared = small.clone();
    tokio::spawn(async move {
        let mut lives = shared.lives.subscribe();
        loop {
            tokio::select! {
                Ok((stream, _)) = listener.accept() => drop(tokio::spawn(serve(shared.clone(), stream))),
                Ok(_) = lives.wait_for(|lives| *lives > 0 && manner == Manner::DiesAtList) => return,
            }
        }
    });
    small
}

async fn serve(small: Arc<Small>, stream: TcpStream) {
    let mut lives = small.lives.subscribe();
    let upgraded = tokio::select! {
        upgraded = small.requests(stream) => upgraded,
        Ok(()) = lives.changed(), if small.manner != Manner::CutsNeighbours => return,
    };
    if let Some((stream, target, key)) = upgraded {
        small.terminal(stream, &target, &key).await;
    }
}

fn error(status: u16, code: &str, message: &str) -> Option<(u16, String)> {
    Some((status, format!("\"HostId\":\"h\",\"Code\":\"{code}\",\"Message\":\"{message}\"")))
}

impl Small {
    /// Answers requests until the connection ends, or one asks for a WebSocket: its target and key.
    async fn requests(&self, mut stream: TcpStream) -> Option<(TcpStream, String, String)> {
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.ok()?);
            }
            let head = String::from_utf8_lossy(&head).into_owned();
            let target = head.split(' ').nth(1).unwrap().to_owned();
            let field = |name: &str| {
                head.lines()
                    .find_map(|line| line.split_once(": ").filter(|(other, _)| other.eq_ignore_ascii_case(name)))
            };
            if let Some((_, key)) = field("sec-websocket-key") {
                let key = key.to_owned();
                return Some((stream, target, key));
            }
            let length = field("content-length").map_or(0, |(_, length)| length.parse().unwrap());
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.ok()?;
            let query = target.split_once('?').map_or("", |(_, query)| query);
            let mut given = parameters::parse(query.as_bytes()).unwrap_or_default();
            given.extend(parameters::parse(&body).unwrap_or_default());
            let (status, members) = self.answer(&given).await?;
            static NEXT: AtomicU64 = AtomicU64::new(0);
            let id = format!("473469C7-AA6F-4DC5-B3DB-{:012X}", NEXT.fetch_add(1, Ordering::SeqCst));
            let wordless = self.manner == Manner::Wordless && status == 200 && members.is_empty();
            let comma = if members.is_empty() { "" } else { "," };
            let body = if wordless { "{}".to_owned() } else { format!("{{\"RequestId\":\"{id}\"{comma}{members}}}") };
            let babbles = matches!(self.manner, Manner::Babbles { always } if always || status != 200);
            let before = if babbles { "DEBUG\n" } else { "" };
            let text = format!(
                "{before}HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nx-acs-request-id: {id}\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(text.as_bytes()).await.ok()?;
        }
    }

    async fn answer(&self, given: &[(String, String)]) -> Option<(u16, String)> {
        let id = parameters::first(given, "SessionId");
        let number = self.requests.fetch_add(1, Ordering::SeqCst) + 1;
        match self.manner {
            Manner::CutsOnce(at) if number >= at => self.sever().await,
            Manner::ReturnsAfter(count) if *self.lives.borrow() > 0 => {
                let since = self.returning.fetch_add(1, Ordering::SeqCst);
                if since < count {
                    return if since.is_multiple_of(2) { None } else { error(503, "ServiceUnavailable", "m") };
                }
            }
            _ => {}
        }
        match parameters::first(given, "Action") {
            Some("StartTerminalSession") if self.is_full() => error(403, "SessionCount.ExceedLimit", "m"),
            Some("StartTerminalSession") => Some((200, self.start())),
            Some("EndTerminalSession") => {
                let answer = self.end(id.unwrap_or("")).await;
                answer.filter(|_| self.manner != Manner::HangsUp)
            }
            Some("DescribeTerminalSessions") if self.manner == Manner::HangsUp => None,
            Some("DescribeTerminalSessions") => {
                let dies = [Manner::RestartsAtList, Manner::GoesAwayAtList, Manner::DiesAtList].contains(&self.manner);
                if dies && id.is_none() && *self.lives.borrow() == 0 {
                    self.restart();
                    std::future::pending::<()>().await;
                }
                Some((200, self.list(id)))
            }
            _ => error(404, "InvalidAction.NotFound", "m"),
        }
    }

    /// Breaks off the WebSockets on one session, which ends with them; returns when they are gone.
    async fn sever(&self) {
        let Some(id) = self.connected.borrow().iter().min().cloned() else { return };
        if self.severed.send_if_modified(|severed| severed.is_none() && severed.replace(id.clone()).is_none()) {
            let _ = self.connected.subscribe().wait_for(|connected| !connected.contains(&id)).await;
            // Only now: who is connected is told nothing.
            self.open.lock().unwrap().remove(&id);
        }
    }

    /// Whether a WebSocket broke off.
    pub fn has_severed(&self) -> bool {
        self.severed.borrow().is_some()
    }

    /// Comes back knowing everything, after a while.
    pub fn goes_down(&self) {
        self.lives.send_modify(|lives| *lives += 1);
    }

    /// As the end of a process does it, and the begin of another that knows nothing of it.
    fn restart(&self) {
        self.open.lock().unwrap().clear();
        self.lives.send_modify(|lives| *lives += 1);
    }

    fn is_full(&self) -> bool {
        let asked = self.starts.fetch_add(1, Ordering::SeqCst);
        match self.manner {
            Manner::Takes(most) => self.open.lock().unwrap().len() >= most,
            Manner::Full(first) => asked < first,
            _ => false,
        }
    }

    fn start(&self) -> String {
        let mut issued = self.issued.lock().unwrap();
        let number = issued.len();
        let id = match self.manner {
            Manner::Numbers => format!("s-{}", 1_000 + number),
            Manner::LongIds => format!("s-{number:05000}"),
            _ => format!("s-hz{number:03}q0x9abcdez"),
        };
        issued.insert(id.clone());
        let mut open = self.open.lock().unwrap();
        open.insert(id.clone());
        self.most.fetch_max(open.len(), Ordering::SeqCst);
        if self.stop_at_start {
            self.stop.send_replace(true);
        }
        format!("\"SessionId\":\"{id}\",\"SecurityToken\":\"token-{id}\",\"WebSocketUrl\":\"ws://{}/{id}\"", self.addr)
    }

    async fn end(&self, id: &str) -> Option<(u16, String)> {
        let turn = self.ended.fetch_add(1, Ordering::SeqCst) + 1;
        let times = {
            let mut ends = self.ends.lock().unwrap();
            let times = ends.entry(id.to_owned()).or_default();
            *times += 1;
            *times
        };
        if self.stop_after_ends == Some(turn) {
            let stop = self.stop.clone();
            // No event tells that the answer has been read and the pause begun: too early a stop only tests less.
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                stop.send_replace(true);
            });
        }
        let not_found = || error(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
        match self.manner {
            Manner::Fails(most) if turn <= most => return error(503, "ServiceUnavailable", "m"),
            Manner::Throttles(most) if turn <= most => return error(429, "Throttling.User", "m"),
            Manner::SettlesLate if times == 1 => return not_found(),
            Manner::LosesEnds(turns) if turns.contains(&turn) => return Some((200, String::new())),
            Manner::EndsTogether(count) => {
                self.together.send_modify(|waiting| *waiting += 1);
                let _ = self.together.subscribe().wait_for(|waiting| *waiting >= count).await;
            }
            _ => {}
        }
        if self.manner == Manner::KeepsHungUp && self.hung_up.lock().unwrap().contains(id) {
            return Some((200, String::new()));
        }
        let known = self.open.lock().unwrap().remove(id);
        self.closings.send_modify(|closings| *closings += 1);
        if known && self.manner == Manner::CutsNeighbours {
            self.lives.send_modify(|lives| *lives += 1);
        }
        if known { Some((200, String::new())) } else { not_found() }
    }

    fn list(&self, id: Option<&str>) -> String {
        let listed = match self.manner {
            Manner::ListsEnded if id.is_none() => self.issued.lock().unwrap().clone(),
            _ => self.open.lock().unwrap().clone(),
        };
        let listed = listed.iter().filter(|other| id.is_none_or(|id| id == *other));
        let one = |id: &String| {
            format!("{{\"SessionId\":\"{id}\",\"Connections\":{{\"Connection\":[{{\"Status\":\"Connected\"}}]}}}}")
        };
        format!("\"Sessions\":{{\"Session\":[{}]}}", listed.map(one).collect::<Vec<_>>().join(","))
    }

    async fn terminal(&self, mut stream: TcpStream, target: &str, key: &str) {
        let before = self.handshakes.fetch_add(1, Ordering::SeqCst);
        let first = before == 0;
        if matches!(self.manner, Manner::ThrottlesHandshakes(most) if before < most) {
            let _ = stream.write_all(b"HTTP/1.1 429 x\r\ncontent-length: 0\r\n\r\n").await;
            return;
        }
        if first && self.manner == Manner::RestartsAtHandshake {
            self.restart();
        }
        if first && matches!(self.manner, Manner::BreaksOnce | Manner::RestartsAtHandshake) {
            return;
        }
        let open = self.open.lock().unwrap().contains(target.trim_start_matches('/'));
        if !open && self.manner != Manner::PongsAtTheEnd {
            let _ = stream.write_all(b"HTTP/1.1 404 x\r\ncontent-length: 0\r\n\r\n").await;
            return;
        }
        let accept = derive_accept_key(key.as_bytes());
        let head = format!(
            "HTTP/1.1 101 x\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: {accept}\r\n\r\n"
        );
        if stream.write_all(head.as_bytes()).await.is_err() {
            return;
        }
        let socket = WebSocketStream::from_raw_socket(stream, Role::Server, None).await;
        let id = target.trim_start_matches('/');
        self.connected.send_modify(|connected| connected.push(id.to_owned()));
        self.talk(socket, id, open).await;
        self.connected.send_modify(|connected| {
            let at = connected.iter().position(|other| other == id).unwrap();
            connected.remove(at);
        });
    }

    async fn talk(&self, mut socket: WebSocketStream<TcpStream>, id: &str, open: bool) {
        let (mut lives, mut closings) = (self.lives.subscribe(), self.closings.subscribe());
        let mut severed = self.severed.subscribe();
        let is_open = || self.open.lock().unwrap().contains(id);
        // It may have ended between the look at it and this.
        if open && !is_open() {
            return drop(socket.close(None).await);
        }
        loop {
            let message = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(message)) => message,
                    _ => return self.hangs_up(id),
                },
                () = async { drop(severed.wait_for(|severed| severed.as_deref() == Some(id)).await) } => return,
                Ok(()) = lives.changed() => return self.cut(socket).await,
                Ok(()) = closings.changed() => {
                    if !is_open() {
                        return drop(socket.close(None).await);
                    }
                    continue;
                }
            };
            if let Message::Ping(_) = message {
                // The library has its Pong ready, and sends it here.
                drop(socket.flush().await);
            }
            if !open {
                drop(socket.close(None).await);
            }
        }
    }
    fn hangs_up(&self, id: &str) {
        self.hung_up.lock().unwrap().insert(id.to_owned());
        if matches!(self.manner, Manner::EndsAtHangUp | Manner::CutsOnce(_)) {
            self.open.lock().unwrap().remove(id);
        }
    }

    async fn cut(&self, mut socket: WebSocketStream<TcpStream>) {
        if self.manner == Manner::GoesAwayAtList {
            let frame = CloseFrame { code: CloseCode::Away, reason: "".into() };
            drop(socket.close(Some(frame)).await);
        }
    }
}

struct Quiet;

impl Progress for Quiet {
    fn case(&self, _: &CaseResult) {}
}

/// Runs a case; `clock` and `settle` as the test needs them.
pub async fn run(small: &Small, case: &str, clock: Clock, settle: Duration) -> Ended {
    run_against(small, case, clock, |target| target.settle = settle).await
}

/// Runs a case against the endpoint; `adapt` says what else is known of it.
pub async fn run_against(small: &Small, case: &str, clock: Clock, adapt: impl FnOnce(&mut Target)) -> Ended {
    let contract = load::contract::built_in(None);
    let source = Source::new("sessions.yaml", case);
    let case =
        load::case::case(&source, "sessions", &contract).unwrap_or_else(|mistakes| panic!("{case}: {mistakes:#?}"));
    let endpoint = Endpoint::parse(&format!("http://{}", small.addr)).unwrap();
    let timeout = Duration::from_secs(10);
    let settings = Settings::new(timeout);
    let transport = Transport::new(&endpoint, &settings, clock.clone());
    let plan = Plan { jobs: 1, seed: Seed(7), requests_per_second: None, time_limit: None };
    let mut target = Target {
        endpoint,
        built_in: false,
        auth: Scheme::None,
        denied: None,
        restart: None,
        credential: None,
        region: "cn-hangzhou".to_owned(),
        other_region: None,
        unsupported_region: None,
        instance_id: Some("i-1".to_owned()),
        lacking: BTreeSet::from(["xml".to_owned()]),
        readings: Readings::defaults(&contract),
        sessions: SessionSource::Start,
        timeout,
        settle: Duration::ZERO,
        id_header: None,
        headers: endspec::http::Headers::new(),
        careful: false,
    };
    adapt(&mut target);
    let means = Means {
        transport,
        clock,
        stop: small.stop.subscribe(),
        progress: Arc::new(Quiet),
        salt: Seed(0),
        sessions: Arc::default(),
    };
    tokio::time::timeout(PATIENCE, run::run(vec![Arc::new(case)], Arc::new(contract), target, plan, means))
        .await
        .expect("the run ends")
}

/// Runs a case in time that only pauses take.
pub async fn simulated(small: &Small, case: &str) -> Ended {
    run(small, case, Clock::simulated(1_770_000_000), Duration::ZERO).await
}

/// The clauses that MUST hold and were broken, each once.
pub fn broken(ended: &Ended) -> Vec<String> {
    let findings = ended.results.iter().flat_map(|result| &result.findings);
    let must = findings.filter(|finding| endspec::check::result::fails(finding.level, false));
    must.map(|finding| finding.clause.clone()).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Asserts that nothing was found and nothing left undecided.
#[track_caller]
pub fn passes(ended: &Ended) {
    let result = &ended.results[0];
    assert_eq!((broken(ended), &result.undecided), (Vec::new(), &Vec::new()));
    assert_eq!(result.skip, None);
}

/// Asserts that no session is left open, by what the run says and by what the endpoint knows.
#[track_caller]
pub fn leaves_nothing(ended: &Ended, small: &Small) {
    assert_eq!(ended.leaked, Vec::<String>::new());
    assert_eq!(*small.open.lock().unwrap(), BTreeSet::new());
    assert!(!small.issued.lock().unwrap().is_empty(), "nothing was opened");
}
