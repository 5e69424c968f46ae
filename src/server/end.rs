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
    use crate::server::calls::{end, get, is, open, server, verdict};
    use crate::server::settings::{
        EmptyParameter, MissingCode, OTHER_REGION_ID, REGION_ID, Readings, RepeatedParameter, UNSUPPORTED_REGION_ID,
    };

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

    #[test]
    fn end_answers_as_documented() {
        let server = server(|_| ());
        let (first, second) = (open(&server), open(&server));
        is(end(&server, REGION_ID, "s-hz023od0x90000"), 404, "InvalidSessionId.NotFound", "unknown session");
        is(end(&server, OTHER_REGION_ID, &first), 404, "InvalidSessionId.NotFound", "another region's session");
        is(end(&server, UNSUPPORTED_REGION_ID, &first), 400, "RegionId.ApiNotSupported", "region without the API");
        is(end(&server, "CN-HANGZHOU", &first), 404, "InvalidRegionId.NotFound", "another case");
        is(end(&server, REGION_ID, &first.to_uppercase()), 404, "InvalidSessionId.NotFound", "another case");
        is(end(&server, REGION_ID, &format!("%20{first}")), 404, "InvalidSessionId.NotFound", "white space");
        is(end(&server, REGION_ID, &first), 200, "", "open session");
        is(end(&server, REGION_ID, &first), 404, "InvalidSessionId.NotFound", "ended session");
        is(end(&server, REGION_ID, &second), 200, "", "the other session is still open");
    }

    #[test]
    fn ending_adds_nothing_but_the_request_id() {
        let server = server(|_| ());
        let session = open(&server);
        let (_, body) = get(&server, &format!("Action=EndTerminalSession&RegionId={REGION_ID}&SessionId={session}"));
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["RequestId"]);
    }

    #[test]
    fn every_reading_of_an_open_question_changes_its_answer_alone() {
        type Row = (&'static str, fn(&mut Readings), &'static str, u16, &'static str);
        let rows: [Row; 16] = [
            ("repeat-end not-found", |_| (), "R&SessionId=ENDED", 404, "InvalidSessionId.NotFound"),
            ("repeat-end idempotent", |r| r.repeat_end = RepeatEnd::Idempotent, "R&SessionId=ENDED", 200, ""),
            ("unknown-region not-found", |_| (), "RegionId=x&SessionId=s-1", 404, "InvalidRegionId.NotFound"),
            (
                "unknown-region not-supported",
                |r| r.unknown_region = UnknownRegion::NotSupported,
                "RegionId=x&SessionId=s-1",
                400,
                "RegionId.ApiNotSupported",
            ),
            (
                "unknown-region invalid",
                |r| r.unknown_region = UnknownRegion::Invalid,
                "RegionId=x&SessionId=s-1",
                400,
                "InvalidParameter.RegionId",
            ),
            ("empty-parameter missing", |_| (), "R&SessionId=", 400, "MissingParameter"),
            (
                "empty-parameter not-found, session",
                |r| r.empty_parameter = EmptyParameter::NotFound,
                "R&SessionId=",
                404,
                "InvalidSessionId.NotFound",
            ),
            (
                "empty-parameter not-found, region",
                |r| r.empty_parameter = EmptyParameter::NotFound,
                "RegionId=&SessionId=s-1",
                404,
                "InvalidRegionId.NotFound",
            ),
            (
                "empty-parameter not-found, malformed-session invalid",
                |r| {
                    r.empty_parameter = EmptyParameter::NotFound;
                    r.malformed_session = MalformedSession::Invalid;
                },
                "R&SessionId=",
                404,
                "InvalidSessionId.NotFound",
            ),
            ("malformed-session not-found", |_| (), "R&SessionId=%00'--", 404, "InvalidSessionId.NotFound"),
            (
                "malformed-session invalid",
                |r| r.malformed_session = MalformedSession::Invalid,
                "R&SessionId=%00'--",
                400,
                "InvalidSessionId.Malformed",
            ),
            ("repeated-parameter first", |_| (), "R&SessionId=OPEN&SessionId=s-1", 200, ""),
            (
                "repeated-parameter last",
                |r| r.repeated_parameter = RepeatedParameter::Last,
                "R&SessionId=s-1&SessionId=OPEN",
                200,
                "",
            ),
            (
                "repeated-parameter refused",
                |r| r.repeated_parameter = RepeatedParameter::Refused,
                "R&SessionId=OPEN&SessionId=OPEN",
                400,
                "InvalidParameter",
            ),
            ("missing, dotted", |r| r.missing_code = MissingCode::Dotted, "R", 400, "MissingParameter.SessionId"),
            ("missing, joined", |r| r.missing_code = MissingCode::Joined, "R", 400, "MissingSessionId"),
        ];
        for (name, change, query, status, code) in rows {
            let server = server(change);
            let (opened, ended) = (open(&server), open(&server));
            is(end(&server, REGION_ID, &ended), 200, "", name);
            let region = format!("RegionId={REGION_ID}");
            let query =
                query.replacen("R&", &format!("{region}&"), 1).replace("OPEN", &opened).replace("ENDED", &ended);
            let query = if query == "R" { region } else { query };
            is(verdict(&server, &format!("Action=EndTerminalSession&{query}")), status, code, name);
        }
    }
}
