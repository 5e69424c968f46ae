//! The reference server as a target: its settings from flags, its facts for the run.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use super::ENVIRONMENT;
use super::settings::Whom;
use crate::clock::Clock;
use crate::contract::Readings;
use crate::diagnostic::Diagnostic;
use crate::run::Restart;
use crate::seed::Seed;
use crate::server::journal::{Keep, Saved};
use crate::server::listen::{self, Listening};
use crate::server::{Server, settings as server};
use crate::transport::Endpoint;

/// The reference server in this process. It keeps what it writes down in memory, so that it can be restarted: ended, and
/// begun again on the same port from nothing but that.
pub(super) struct Reference {
    settings: server::Settings,
    seed: Seed,
    clock: Clock,
    lines: Lines,
    listening: tokio::sync::Mutex<Option<Listening>>,
}

impl Reference {
    async fn begin(&self, addr: SocketAddr) -> io::Result<Listening> {
        let text = self.lines.text();
        let saved = Saved::read(&text).map_err(io::Error::other)?;
        let (unix, now) = (self.clock.unix_seconds(), self.clock.now());
        let keep = Box::new(self.lines.clone());
        let server = Server::resume(self.settings.clone(), self.seed, saved, keep, unix, now)?;
        listen::bind(addr, server, self.clock.clone()).await
    }

    async fn restart(&self) -> Result<(), String> {
        let mut listening = self.listening.lock().await;
        let Some(running) = listening.take() else { return Err("the reference server is not running".to_owned()) };
        let addr = running.addr;
        running.stop().await;
        *listening = Some(self.begin(addr).await.map_err(|error| error.to_string())?);
        Ok(())
    }

    /// How the run restarts it.
    pub(super) fn restarts(self: &Arc<Reference>) -> Restart {
        let server = self.clone();
        Restart::Within(Arc::new(move || {
            let server = server.clone();
            Box::pin(async move { server.restart().await })
        }))
    }

    /// Ends it.
    pub(super) async fn stop(&self) {
        if let Some(running) = self.listening.lock().await.take() {
            running.stop().await;
        }
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

/// The endpoint that a command talks to; the reference server is started on a free port of this machine where it is the
/// one, and stays as long as the second value.
///
/// # Errors
/// The machine has no port for it.
pub(super) async fn endpoint(
    whom: Whom,
    readings: &Readings,
    seed: Seed,
    clock: &Clock,
) -> Result<(Endpoint, Option<Arc<Reference>>), Vec<Diagnostic>> {
    let failed =
        |error: String| vec![Diagnostic::new(ENVIRONMENT, format!("the reference server could not listen: {error}"))];
    match whom {
        Whom::Endpoint(endpoint) => Ok((endpoint, None)),
        Whom::Reference => {
            let (settings, lines, clock) = (settings(readings), Lines::default(), clock.clone());
            let server = Reference { settings, seed, clock, lines, listening: tokio::sync::Mutex::default() };
            let bound = server.begin(SocketAddr::from(([127, 0, 0, 1], 0))).await;
            let listening = bound.map_err(|error| failed(error.to_string()))?;
            let endpoint = Endpoint::parse(&listening.url()).map_err(|error| failed(error.to_string()))?;
            *server.listening.lock().await = Some(listening);
            Ok((endpoint, Some(Arc::new(server))))
        }
    }
}

/// The server's settings under the readings in force; where a reading is open (`any`), its own default stands.
pub(super) fn settings(readings: &Readings) -> server::Settings {
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
