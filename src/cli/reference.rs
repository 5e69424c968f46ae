//! The reference server as a target: its settings from flags, its facts for the run.

use super::ENVIRONMENT;
use super::settings::Whom;
use crate::clock::Clock;
use crate::contract::Readings;
use crate::diagnostic::Diagnostic;
use crate::seed::Seed;
use crate::server::listen::{self, Listening};
use crate::server::{Server, settings as server};
use crate::transport::Endpoint;

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
) -> Result<(Endpoint, Option<Listening>), Vec<Diagnostic>> {
    let failed =
        |error: String| vec![Diagnostic::new(ENVIRONMENT, format!("the reference server could not listen: {error}"))];
    match whom {
        Whom::Endpoint(endpoint) => Ok((endpoint, None)),
        Whom::Reference => {
            let bound = listen::bind(("127.0.0.1", 0), Server::new(settings(readings), seed), clock.clone()).await;
            let listening = bound.map_err(|error| failed(error.to_string()))?;
            let endpoint = Endpoint::parse(&listening.url()).map_err(|error| failed(error.to_string()))?;
            Ok((endpoint, Some(listening)))
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
