//! Lists: no answer of Describe, whatever it was asked, shows a live connection of a session that ended before it was asked
//! (clause `describe/closed`).

use std::sync::Arc;
use std::time::Duration;

use super::seen::printable;
use super::{Context, Finding, Judgement, Place, Record, Role, Seen, asked};
use crate::case::Case;
use crate::clock::Moment;
use crate::tree::Node;

/// The clause that a list puts to the test.
const CLAUSE: &str = "describe/closed";

/// A session in an answer of Describe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listed<'a> {
    /// SessionId.
    pub id: &'a str,
    /// The status of its first connection that is live.
    pub live: Option<&'a str>,
}

/// The sessions in an answer of Describe; `None` for one that cannot be read as that.
pub fn sessions<'a>(seen: &'a Seen<'_>) -> Option<Vec<Listed<'a>>> {
    let document = seen.document().as_ref().ok().filter(|_| seen.took_effect())?;
    // A list that cannot be read says of nobody that it is not in it.
    if !document.value().is_object() {
        return None;
    }
    Some(list(document.value(), "Sessions", "Session").filter_map(listed).collect())
}

fn listed(session: Node<'_>) -> Option<Listed<'_>> {
    let id = session.get("SessionId")?.as_str()?;
    let connections = list(session, "Connections", "Connection");
    let mut states = connections.filter_map(|connection| connection.get("Status")?.as_str());
    Some(Listed { id, live: states.find(|status| matches!(*status, "Connecting" | "Connected")) })
}

/// What a member of a member holds: an array, or the single element that stands in its place in XML.
fn list<'a>(value: Node<'a>, outer: &str, inner: &str) -> impl Iterator<Item = Node<'a>> {
    let held = value.get(outer).and_then(|value| value.get(inner));
    held.into_iter().flat_map(|held| held.items().chain(Some(held).filter(|held| held.is_object())))
}

/// Judges the lists in a stretch of history by when sessions of the whole run were ended: `ended` has the moment of the
/// answer that said so, by id. Looks may be `settle` late.
pub fn judge(
    context: Context<'_>,
    case: &Arc<Case>,
    records: &[Record],
    first: usize,
    ended: impl Fn(&str) -> Option<Moment>,
    settle: Duration,
) -> Judgement {
    let mut judgement = Judgement::default();
    for (offset, record) in records.iter().enumerate() {
        let judged = record.is_rpc() && (record.is_attempt() || record.role == Role::Probe);
        let Some(exchange) = record.exchange().filter(|_| judged) else { continue };
        if !record.is_list() {
            continue;
        }
        let Some(seen) = record.seen() else { continue };
        let Some(listed) = sessions(&seen) else { continue };
        let over = |at: Moment| at.plus(settle) < exchange.sent;
        // A look by the session's own id has a judgement of its own.
        let is_own = |id: &str| {
            record.role == Role::Probe && asked::parameter(&exchange.request, "SessionId").as_deref() == Some(id)
        };
        let wrong = listed.iter().find_map(|session| {
            let live = session.live?;
            (ended(session.id).is_some_and(over) && !is_own(session.id)).then_some((session.id, live))
        });
        // One that shows nothing wrong is not counted: which sessions had ended by then is for the other cases to say.
        if let Some((id, status)) = wrong {
            let place = Place { case, record, index: first + offset };
            judgement.test(CLAUSE, Some(finding(context, place, id, status)));
        }
    }
    judgement
}

fn finding(context: Context<'_>, place: Place<'_>, id: &str, status: &str) -> Finding {
    let actual = format!("`{}`, which was ended before, with a connection {status}", printable(id, 60));
    Finding::new(context, CLAUSE, place, "no live connection of an ended session", actual).shape("listed as live")
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, answer, broken};
    use super::*;
    use crate::http::Reply;

    const SETTLE: Duration = Duration::from_micros(10);

    fn session(id: &str, status: &str) -> String {
        format!(
            r#"{{"SessionId":"{id}","Connections":{{"Connection":[{{"Status":"Terminated"}},{{"Status":"{status}"}}]}}}}"#
        )
    }

    /// An answer of Describe to what was asked at a moment.
    fn asked(role: Role, query: &str, at: u64, sessions: &[String]) -> Record {
        let body = format!(r#"{{"RequestId":"{}","Sessions":{{"Session":[{}]}}}}"#, sample::ID, sessions.join(","));
        let record = sample::sent(role, Reply::Answered(answer(200, body)));
        let record = sample::with(record, |exchange| {
            exchange.request.target = format!("/?Action=DescribeTerminalSessions{query}");
            exchange.sent = Moment(at);
        });
        Record { operation: Some("DescribeTerminalSessions".to_owned()), ..record }
    }

    #[test]
    fn what_is_no_object_is_no_list_and_an_object_without_sessions_is_an_empty_one() {
        let whole = format!(r#"{{"RequestId":"{}","Sessions":{{"Session":[]}}}}"#, sample::ID);
        for (body, count) in
            [(&*whole, Some(0)), ("{}", Some(0)), (&format!("[{whole}]"), None), ("null", None), ("", None)]
        {
            let response = answer(200, body);
            assert_eq!(sessions(&Seen::of(&response)).map(|sessions| sessions.len()), count, "{body}");
        }
    }

    #[test]
    fn an_ended_session_is_shown_live_by_no_list_and_only_what_is_sure_is_blamed() {
        let live = || vec![session("s-ended", "Connected")];
        let of = |sessions: &[String]| asked(Role::Judged, "", 111, sessions);
        let rows: [(&str, Record, bool); 13] = [
            ("live", of(&live()), true),
            ("connecting", of(&[session("s-ended", "Connecting")]), true),
            ("among others", of(&[session("s-open", "Connected"), live().remove(0)]), true),
            ("to a probe", asked(Role::Probe, "", 111, &live()), true),
            ("by another filter", asked(Role::Probe, "&SessionId=s-open", 111, &live()), true),
            ("to a call of the case's", asked(Role::Judged, "&SessionId=s-ended", 111, &live()), true),
            ("to a look, which is judged itself", asked(Role::Probe, "&SessionId=s-ended", 111, &live()), false),
            ("within settle", asked(Role::Judged, "", 110, &live()), false),
            ("before its end", asked(Role::Judged, "", 90, &live()), false),
            ("terminated", of(&[session("s-ended", "Terminated")]), false),
            ("another run's", of(&[session("s-other", "Connected")]), false),
            ("to a set-up", asked(Role::SetUp, "", 111, &live()), false),
            ("of no RPC answer", Record { operation: None, ..of(&live()) }, false),
        ];
        let case = sample::call("describe/closed", "ok");
        let ended = |id: &str| (id == "s-ended").then_some(Moment(100));
        for (name, record, blamed) in rows {
            let judgement = judge(sample::context(), &case, &[record], 0, ended, SETTLE);
            let expected: &[&str] = if blamed { &[CLAUSE] } else { &[] };
            assert_eq!(broken(&judgement), expected, "{name}");
        }
    }
}
