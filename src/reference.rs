//! The reference server as a target: on a socket of this machine or in memory, restarted from what it wrote down.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Clock;
use crate::contract::Readings;
use crate::run::{Restart, SessionSource, Target};
use crate::seed::Seed;
use crate::server::journal::{Keep, Saved};
use crate::server::listen::{self, Hall, Listening};
use crate::server::{Server, settings as server};
use crate::transport::{Endpoint, Local};
use crate::wire::{Credential, Scheme};

/// Where the server is when it is in memory: a name of this machine that no socket answers to.
const AUTHORITY: &str = "reference.localhost:80";

/// The reference server in this process. It keeps what it writes down in memory, so that it can be restarted: ended, and
/// begun again at the same place from nothing but that.
pub struct Reference {
    settings: server::Settings,
    seed: Seed,
    clock: Clock,
    lines: Lines,
    /// `None` while it is down. One restart at a time: cases that restart run alone.
    standing: Mutex<Option<Standing>>,
}

enum Standing {
    Listening(Listening),
    InMemory(Hall),
}

impl Standing {
    async fn stop(self) {
        match self {
            Standing::Listening(listening) => listening.stop().await,
            Standing::InMemory(hall) => hall.stop().await,
        }
    }
}

impl Reference {
    fn down(settings: server::Settings, seed: Seed, clock: &Clock) -> Arc<Reference> {
        let (lines, standing) = (Lines::default(), Mutex::default());
        Arc::new(Reference { settings, seed, clock: clock.clone(), lines, standing })
    }

    /// Starts it on a free port of this machine.
    ///
    /// # Errors
    /// The machine has no port for it.
    pub async fn listen(
        settings: server::Settings,
        seed: Seed,
        clock: &Clock,
    ) -> io::Result<(Endpoint, Arc<Reference>)> {
        let reference = Reference::down(settings, seed, clock);
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let listening = listen::bind(any, reference.begin()?, clock.clone()).await?;
        let endpoint = Endpoint::parse(&listening.url()).map_err(io::Error::other)?;
        *reference.standing() = Some(Standing::Listening(listening));
        Ok((endpoint, reference))
    }

    /// Starts it in memory, to be reached by the way that is returned and no other.
    ///
    /// # Errors
    /// None that can happen: nothing was saved.
    pub fn in_memory(
        settings: server::Settings,
        seed: Seed,
        clock: &Clock,
    ) -> io::Result<(Endpoint, Local, Arc<Reference>)> {
        let reference = Reference::down(settings, seed, clock);
        *reference.standing() = Some(Standing::InMemory(Hall::new(reference.begin()?, clock.clone())));
        let endpoint = Endpoint::parse(&format!("http://{AUTHORITY}")).map_err(io::Error::other)?;
        let server = reference.clone();
        let local = Local::new(AUTHORITY, move |far| match &mut *server.standing() {
            Some(Standing::InMemory(hall)) => {
                hall.take(far);
                true
            }
            _ => false,
        });
        Ok((endpoint, local, reference))
    }

    /// A server that goes on from what was written down.
    fn begin(&self) -> io::Result<Server> {
        let saved = Saved::read(&self.lines.text()).map_err(io::Error::other)?;
        let (unix, now) = (self.clock.unix_seconds(), self.clock.now());
        Server::resume(self.settings.clone(), self.seed, saved, Box::new(self.lines.clone()), unix, now)
    }

    async fn restart(&self) -> Result<(), String> {
        let running = self.standing().take().ok_or("the reference server is not running")?;
        let addr = match &running {
            Standing::Listening(listening) => Some(listening.addr),
            Standing::InMemory(_) => None,
        };
        running.stop().await;
        let server = self.begin().map_err(|error| error.to_string())?;
        let again = match addr {
            Some(addr) => {
                let bound = listen::bind(addr, server, self.clock.clone()).await;
                Standing::Listening(bound.map_err(|error| error.to_string())?)
            }
            None => Standing::InMemory(Hall::new(server, self.clock.clone())),
        };
        *self.standing() = Some(again);
        Ok(())
    }

    /// How a run restarts it.
    pub fn restarts(self: &Arc<Reference>) -> Restart {
        let server = self.clone();
        Restart::Within(Arc::new(move || {
            let server = server.clone();
            Box::pin(async move { server.restart().await })
        }))
    }

    /// Ends it.
    pub async fn stop(&self) {
        let running = self.standing().take();
        if let Some(running) = running {
            running.stop().await;
        }
    }

    fn standing(&self) -> MutexGuard<'_, Option<Standing>> {
        // What stands is put there whole, or not at all.
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a server wrote down, in memory.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<String>>);

impl Lines {
    fn text(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Keep for Lines {
    fn append(&mut self, lines: &str, _durable: bool) -> io::Result<()> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_str(lines);
        Ok(())
    }

    fn replace(&mut self, lines: &str) -> io::Result<()> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = lines.to_owned();
        Ok(())
    }
}

/// The reference server as a run sees it: it has everything, and calls are signed with its own keys.
pub fn target(endpoint: Endpoint, server: &Arc<Reference>, readings: Readings) -> Target {
    Target {
        endpoint,
        built_in: true,
        auth: Scheme::V3,
        credential: Some(Credential::new(server::ACCESS_KEY_ID, server::ACCESS_KEY_SECRET)),
        denied: Some(Credential::new(server::DENIED_ACCESS_KEY_ID, server::DENIED_ACCESS_KEY_SECRET)),
        restart: Some(server.restarts()),
        region: server::REGION_ID.to_owned(),
        other_region: Some(server::OTHER_REGION_ID.to_owned()),
        unsupported_region: Some(server::UNSUPPORTED_REGION_ID.to_owned()),
        instance_id: Some(server::INSTANCE_ID.to_owned()),
        lacking: BTreeSet::new(),
        readings,
        sessions: SessionSource::Start,
        timeout: Duration::from_secs(10),
        settle: Duration::ZERO,
        id_header: None,
        headers: Default::default(),
        careful: false,
    }
}

/// The server's settings under the readings in force; where a reading is open (`any`), its own default stands.
pub fn settings(readings: &Readings) -> server::Settings {
    let mut settings = server::Settings::default();
    let own = &mut settings.readings;
    match readings.of("repeat-end") {
        "idempotent" => own.repeat_end = server::RepeatEnd::Idempotent,
        _ => own.repeat_end = server::RepeatEnd::NotFound,
    }
    match readings.of("unknown-region") {
        "not-supported" => own.unknown_region = server::UnknownRegion::NotSupported,
        "not-found" => own.unknown_region = server::UnknownRegion::NotFound,
        "invalid" => own.unknown_region = server::UnknownRegion::Invalid,
        _ => {}
    }
    match readings.of("empty-parameter") {
        "missing" => own.empty_parameter = server::EmptyParameter::Missing,
        "not-found" => own.empty_parameter = server::EmptyParameter::NotFound,
        _ => {}
    }
    match readings.of("malformed-session") {
        "not-found" => own.malformed_session = server::MalformedSession::NotFound,
        "invalid" => own.malformed_session = server::MalformedSession::Invalid,
        _ => {}
    }
    match readings.of("repeated-parameter") {
        "first" => own.repeated_parameter = server::RepeatedParameter::First,
        "last" => own.repeated_parameter = server::RepeatedParameter::Last,
        "refused" => own.repeated_parameter = server::RepeatedParameter::Refused,
        _ => {}
    }
    match readings.of("closed-websocket") {
        "refused" => own.closed_websocket = server::ClosedWebSocket::Refused,
        "closed" => own.closed_websocket = server::ClosedWebSocket::Closed,
        _ => {}
    }
    match readings.of("default-format") {
        "xml" => own.default_format = server::DefaultFormat::Xml,
        "json" => own.default_format = server::DefaultFormat::Json,
        _ => {}
    }
    settings
}
