//! The reference server as a target: its settings from flags, its facts for the run.

use crate::contract::Readings;
use crate::server::settings as server;

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
