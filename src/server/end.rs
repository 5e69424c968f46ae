//! EndTerminalSession (FACTS 4.1).

use serde_json::Map;

use super::answer::{Answer, Problem};
use super::model::{Ending, Model};
use super::parameters::Given;
use super::problem;
use super::session::Now;
use super::settings::{MalformedSession, Operation, RepeatEnd, Settings, UnknownRegion};

/// Answers one call.
///
/// # Errors
/// The documented refusals; region before session.
pub fn end(model: &mut Model, settings: &Settings, given: Given<'_>, now: Now) -> Result<Answer, Problem> {
    let region = given.required("RegionId")?;
    let session = given.required("SessionId")?;
    if !settings.regions.contains(region) {
        return Err(no_such_region(settings.readings.unknown_region));
    }
    if settings.unsupported_regions.contains(region) {
        return Err(problem::not_supported_in_region());
    }
    if settings.readings.malformed_session == MalformedSession::Invalid
        && !session.is_empty()
        && !is_session_id(session)
    {
        return Err(Problem::new(400, "InvalidSessionId.Malformed", "The specified SessionId is not valid."));
    }
    match (model.end(region, session, now), settings.readings.repeat_end) {
        (Ending::Ended, _) | (Ending::Already, RepeatEnd::Idempotent) => {
            Ok(Answer { action: Operation::End.name(), members: Map::new() })
        }
        (Ending::Already, RepeatEnd::NotFound) | (Ending::Unknown, _) => Err(problem::no_such_session()),
    }
}

fn no_such_region(reading: UnknownRegion) -> Problem {
    match reading {
        UnknownRegion::NotSupported => problem::not_supported_in_region(),
        UnknownRegion::NotFound => {
            Problem::new(404, "InvalidRegionId.NotFound", "The RegionId provided does not exist in our records.")
        }
        UnknownRegion::Invalid => problem::invalid("RegionId"),
    }
}

/// `^s-[a-z0-9]{1,64}$` (FACTS 6).
fn is_session_id(text: &str) -> bool {
    text.strip_prefix("s-").is_some_and(|rest| {
        (1..=64).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn session_ids_have_a_shape() {
        let long = format!("s-{}", "a".repeat(64));
        let longer = format!("s-{}", "a".repeat(65));
        let rows = [
            ("documented", "s-hz023od0x90000", true),
            ("longest", &long, true),
            ("too long", &longer, false),
            ("nothing after the dash", "s-", false),
            ("upper case", "s-HZ023", false),
            ("white space", " s-hz023", false),
            ("empty", "", false),
        ];
        for (name, text, expected) in rows {
            assert_eq!(is_session_id(text), expected, "{name}");
        }
    }
}
