//! DescribeTerminalSessions (FACTS 4.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::answer::{Answer, Problem};
use super::model::Model;
use super::parameters::Given;
use super::problem;
use super::session::{ClosedReason, Now, Session, Status};
use super::settings::{Limits, Operation, Settings};
use crate::clock;

/// Sessions of a page when `MaxResults` is not given.
const PAGE: usize = 10;
/// Most sessions of a page.
const LARGEST_PAGE: usize = 100;
/// Seconds for which an ended session is shown: 30 days.
const SHOWN_FOR: u64 = 30 * 24 * 60 * 60;
/// What every NextToken begins with before it is encoded.
const TOKEN: &[u8] = b"after";

/// Answers one call. An unknown SessionId is no error, since none is documented: the list is empty.
///
/// # Errors
/// The documented refusals.
pub fn describe<'m>(model: &'m Model, settings: &Settings, given: Given<'_>, now: Now) -> Result<Answer, Problem> {
    let region = given.required("RegionId")?;
    if !settings.regions.contains(region) {
        let message = "The specified parameter RegionId does not exist.";
        return Err(Problem::new(404, "InvalidRegionId.NotFound", message));
    }
    if settings.unsupported_regions.contains(region) {
        return Err(problem::not_supported_in_region());
    }
    let size = given.optional("MaxResults")?.map_or(Ok(PAGE), page_size)?;
    let before = given.optional("NextToken")?.map(read_token).transpose()?;
    let (instance, session_id) = (given.optional("InstanceId")?, given.optional("SessionId")?);

    let wanted = |session: &Session| {
        session.asked.region == region
            && instance.is_none_or(|id| session.asked.instances.iter().any(|i| i == id))
            && session.ended.is_none_or(|at| now.unix.saturating_sub(at) <= SHOWN_FOR)
    };
    let first = |sessions: &mut dyn Iterator<Item = (u64, &'m Session)>| {
        sessions.filter(|(_, session)| wanted(session)).take(size + 1).collect::<Vec<_>>()
    };
    // By id it is one look, however many sessions there were.
    let mut found = match session_id {
        Some(id) => first(&mut model.one(id, before)),
        None => first(&mut model.newest(before)),
    };
    let more = found.len() > size;
    found.truncate(size);
    let next = found.last().filter(|_| more).map_or_else(String::new, |(number, _)| write_token(*number));
    let sessions: Vec<Value> = found.iter().map(|(_, session)| shown(session, &settings.limits, now)).collect();
    let members = [("NextToken".to_owned(), next.into()), ("Sessions".to_owned(), json!({ "Session": sessions }))];
    Ok(Answer { action: Operation::Describe.name(), members: Map::from_iter(members) })
}

fn page_size(text: &str) -> Result<usize, Problem> {
    let number = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    number.filter(|n| (1..=LARGEST_PAGE).contains(n)).ok_or_else(|| problem::invalid("MaxResults"))
}

fn write_token(number: u64) -> String {
    URL_SAFE_NO_PAD.encode([TOKEN, &number.to_be_bytes()].concat())
}

fn read_token(text: &str) -> Result<u64, Problem> {
    let bytes = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    let number = bytes.strip_prefix(TOKEN).and_then(|rest| rest.try_into().ok());
    number.map(u64::from_be_bytes).ok_or_else(|| problem::invalid("NextToken"))
}

fn shown(session: &Session, limits: &Limits, now: Now) -> Value {
    let status = session.status(limits, now);
    let connections: Vec<Value> =
        session.asked.instances.iter().map(|instance| connection(session, instance, status)).collect();
    let (principal, temporary) = &session.asked.principal;
    let mut members = json!({
        "SessionId": session.id,
        "CreationTime": clock::timestamp(session.created),
        "IdentityType": if *temporary { "AssumedRoleUser" } else { "Account" },
        "PrincipalId": principal,
        "Username": session.asked.username,
        "TargetServer": session.asked.target_server,
        "Connections": { "Connection": connections },
    });
    if let Some(port) = session.asked.port {
        members["PortNumber"] = port.into();
    }
    members
}

fn connection(session: &Session, instance: &str, status: Status) -> Value {
    let mut members = json!({
        "InstanceId": instance,
        "Status": match status {
            Status::Connecting => "Connecting",
            Status::Connected => "Connected",
            Status::Terminated(..) => "Terminated",
        },
        "StartTime": clock::timestamp(session.connected.unwrap_or(session.created)),
    });
    if let Status::Terminated(at, reason) = status {
        members["EndTime"] = clock::timestamp(at).into();
        members["ClosedReason"] = match reason {
            ClosedReason::ClientClosed => "ClientClosed",
            ClosedReason::AgentSocketClosed => "AgentSocketClosed",
            ClosedReason::DeliveryTimeout => "DeliveryTimeout",
        }
        .into();
    }
    members
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::server::calls::{end, get, is, open, server, verdict};
    use crate::server::settings::{INSTANCE_ID, REGION_ID};

    #[test]
    fn a_token_leads_back_to_its_place_and_no_other_text_does() {
        for number in [0, 1, u64::MAX] {
            assert_eq!(read_token(&write_token(number)), Ok(number));
        }
        for text in ["1", "AAAA", "\u{e9}", &write_token(7)[1..], &format!("{}A", write_token(7))] {
            assert_eq!(read_token(text).map_err(|p| p.code), Err("InvalidParameter.NextToken".into()), "{text}");
        }
    }

    #[test]
    fn a_page_has_one_to_a_hundred_sessions() {
        for (text, expected) in [("1", Ok(1)), ("100", Ok(100)), ("0", Err(())), ("101", Err(())), ("ten", Err(()))] {
            assert_eq!(page_size(text).map_err(|_| ()), expected, "{text}");
        }
    }

    #[test]
    fn describe_lists_page_by_page_until_every_session_was_shown_once() {
        let server = server(|_| ());
        let opened: BTreeSet<String> = (0..25).map(|_| open(&server)).collect();
        let (mut seen, mut token) = (Vec::new(), String::new());
        for page in [10, 10, 5] {
            let query = format!("Action=DescribeTerminalSessions&RegionId={REGION_ID}&NextToken={token}");
            let (status, body) = get(&server, &query);
            let sessions = body["Sessions"]["Session"].as_array().unwrap();
            assert_eq!((status, sessions.len()), (200, page));
            seen.extend(sessions.iter().map(|session| session["SessionId"].as_str().unwrap().to_owned()));
            token = body["NextToken"].as_str().unwrap().to_owned();
        }
        assert_eq!((token.as_str(), seen.len()), ("", 25));
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), opened);
    }

    #[test]
    fn describe_finds_by_session_and_instance_and_shows_the_end() {
        let server = server(|_| ());
        let session = open(&server);
        let look = |query: &str| {
            let (_, body) = get(&server, &format!("Action=DescribeTerminalSessions&RegionId={REGION_ID}&{query}"));
            body["Sessions"]["Session"].as_array().unwrap().clone()
        };
        let by_id = format!("SessionId={session}");
        let connection = |sessions: &[Value]| sessions[0]["Connections"]["Connection"][0].clone();
        assert_eq!(connection(&look(&by_id))["Status"], "Connecting");
        assert_eq!(look(&format!("InstanceId={INSTANCE_ID}")).len(), 1);
        assert_eq!((look("InstanceId=i-2").len(), look("SessionId=s-1").len()), (0, 0));
        is(end(&server, REGION_ID, &session), 200, "", "end");
        let ended = connection(&look(&by_id));
        assert_eq!((&ended["Status"], &ended["ClosedReason"]), (&"Terminated".into(), &"ClientClosed".into()));
        assert_eq!(ended["EndTime"], "2023-11-14T22:13:20Z");
    }

    #[test]
    fn describe_refuses_what_the_documents_refuse() {
        let server = server(|_| ());
        let rows = [
            ("no region", "x=1", 400, "MissingParameter"),
            ("unknown region", "RegionId=x", 404, "InvalidRegionId.NotFound"),
            ("page size", "RegionId=cn-hangzhou&MaxResults=0", 400, "InvalidParameter.MaxResults"),
            ("page token", "RegionId=cn-hangzhou&NextToken=x", 400, "InvalidParameter.NextToken"),
        ];
        for (name, query, status, code) in rows {
            is(verdict(&server, &format!("Action=DescribeTerminalSessions&{query}")), status, code, name);
        }
    }
}
