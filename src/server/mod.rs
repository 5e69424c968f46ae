//! The reference server: an honest implementation of the three operations, written from the documents alone.
//!
//! It is the opponent of the checks. It shares no table of outcomes, codes or messages with them, so that one
//! misreading of the documents cannot make both agree. [`Server::handle`] is a function of the request, the state and
//! the time, for tests and fuzzing without sockets; [`listen`] stands in front of it on a socket.
//!
//! ```
//! use endspec::clock::Moment;
//! use endspec::http::{Headers, Request};
//! use endspec::seed::Seed;
//! use endspec::server::{Server, settings::{Auth, Settings}};
//!
//! let server = Server::new(Settings { auth: Auth::Open, ..Settings::default() }, Seed(1));
//! let target = "/?Action=EndTerminalSession&Version=2014-05-26&RegionId=cn-hangzhou&SessionId=s-hz1";
//! let request = Request { method: "GET".into(), target: target.into(), headers: Headers::new(), body: Vec::new() };
//! assert_eq!(server.handle(&request, 1_700_000_000, Moment(0)).status, 404);
//! ```

mod answer;
mod authorize;
#[cfg(test)]
mod calls;
mod describe;
mod end;
pub mod fault;
mod identifiers;
pub mod journal;
pub mod listen;
mod model;
mod nonces;
mod parameters;
mod problem;
mod region;
mod reply;
mod route;
mod session;
pub mod settings;
mod start;
pub mod terminal;
mod upgrade;

use std::fmt;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::broadcast;

use crate::clock::Moment;
use crate::http::{Request, Response};
use crate::seed::{Seed, Stream};
use answer::Problem;
use fault::{Asked, Origin, Scratch};
use journal::{Journal, Keep, Saved};
use model::Model;
use session::Now;
use settings::Settings;
use terminal::Handshake;

/// The server: settings and state. Clones share both.
#[derive(Clone)]
pub struct Server {
    settings: Arc<Settings>,
    state: Arc<Mutex<State>>,
    /// Wakes whoever waits in the order in which they came, unlike a `watch`: same seed, same bytes.
    ended: broadcast::Sender<()>,
    /// Connections so far.
    connections: Arc<AtomicU64>,
}

struct State {
    model: Model,
    entropy: Stream,
    journal: Option<Journal>,
    /// What the fault remembers, where there is one.
    scratch: Scratch,
}

impl State {
    /// Writes down what changed, before anybody is told of it.
    fn commit(&mut self) -> Result<(), Problem> {
        let changes = self.model.take_changes();
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.write(&self.model, &changes).map_err(|_| problem::unavailable())
    }
}

impl Server {
    /// A server without sessions. Ids and tokens follow from `seed` and the time of each request.
    pub fn new(settings: Settings, seed: Seed) -> Server {
        let state = State {
            model: Model::default(),
            entropy: seed.stream("reference server"),
            journal: None,
            scratch: Scratch::default(),
        };
        Server::of(settings, state)
    }

    /// A server that goes on where the one that wrote `saved` was, nobody being connected any more, and writes to `keep`
    /// what changes, before anybody is told of it. When that fails, it answers every call with 503 from then on.
    ///
    /// # Errors
    /// What was saved could not be written afresh.
    pub fn resume(
        settings: Settings,
        seed: Seed,
        mut saved: Saved,
        keep: Box<dyn Keep>,
        now_unix: u64,
        now: Moment,
    ) -> io::Result<Server> {
        if let Some(fault) = settings.fault {
            fault.resumes(&mut saved);
        }
        let starts = saved.starts.saturating_add(1);
        let model = Model::resume(saved, &settings.limits, Now { unix: now_unix, moment: now });
        let journal = Journal::begin(keep, starts, &model)?;
        let entropy = seed.stream(&format!("reference server, start {starts}"));
        Ok(Server::of(settings, State { model, entropy, journal: Some(journal), scratch: Scratch::default() }))
    }

    fn of(settings: Settings, state: State) -> Server {
        Server {
            settings: Arc::new(settings),
            state: Arc::new(Mutex::new(state)),
            ended: broadcast::Sender::new(16),
            connections: Arc::default(),
        }
    }

    /// Answers one request: `now_unix` is shown and compared with signatures, `now` measures how long things last.
    pub fn handle(&self, request: &Request, now_unix: u64, now: Moment) -> Response {
        self.answer(request, Origin::default(), Now { unix: now_unix, moment: now }).0
    }

    /// Tells whoever waits that a session was ended, or may have been.
    fn tell_ended(&self) {
        // Nobody may be waiting.
        let _ = self.ended.send(());
    }

    /// Answers one request and says, for faults alone, what it asked; the honest server does not care where it came from.
    fn answer(&self, request: &Request, origin: Origin, now: Now) -> (Response, Asked) {
        match self.settings.fault {
            None => {
                let asked = Asked::default();
                (route::handle(self, request, &asked, now), asked)
            }
            Some(fault) => fault::handle(self, fault, request, origin, now),
        }
    }

    /// Answers the request for a WebSocket, apart from what concerns HTTP's upgrade itself.
    pub fn connect(&self, request: &Request, now_unix: u64, now: Moment) -> Handshake {
        terminal::connect(self, request, Now { unix: now_unix, moment: now })
    }

    /// What it was made with.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Hears whenever a session was ended.
    fn endings(&self) -> broadcast::Receiver<()> {
        self.ended.subscribe()
    }

    /// State is changed in steps that cannot panic halfway, so that a poisoned lock holds sound state.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").field("settings", &self.settings).finish_non_exhaustive()
    }
}
