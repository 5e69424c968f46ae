//! Looks at a session, by every observer that the target has.

use serde_json::Value;

use super::execute::State;
use super::expand::ordinary;
use super::send::{Bed, Way, call, end_call};
use super::sessions::Session;
use crate::case::expectation::LookOutcome;
use crate::case::{Expectation, Step};
use crate::check::Seen;
use crate::check::history::{Event, Look, Observation, Observer, Record, Role, Sight};
use crate::check::seen::printable;
use crate::http::{Headers, Lane, Reply};
use crate::transport::websocket::WsOutcome;

/// Looks at a session of the case, once `settle` has passed.
pub(super) async fn look(
    bed: &Bed,
    name: &str,
    index: usize,
    step: &Step,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let session = state.sessions.get(name).cloned().ok_or_else(|| format!("session `{name}` is not open"))?;
    bed.clock.sleep(bed.target.settle).await;
    let at = bed.clock.now();
    let mut observations = Vec::new();
    let lacks = |capability: &str| bed.target.lacking.contains(capability);
    let only_listed = matches!(
        step.expect.as_ref().map(|expect| &expect.value),
        Some(Expectation::Look(LookOutcome::Listed | LookOutcome::NotListed))
    );
    if !lacks("describe") {
        observations.push(describe(bed, &session, state, history).await);
    }
    if !lacks("websocket")
        && !only_listed
        && let Some(url) = &session.url
    {
        observations.push(connect(bed, url).await);
    }
    // Where no other observer can tell, "usable" means that the first End answers `ok` (CONTRACT.md, capabilities).
    let told = observations.iter().any(|seen| matches!(seen.sight, Sight::Open | Sight::Closed));
    if !told && !only_listed {
        observations.push(by_end(bed, &session, state, history).await);
    }
    history.push(Record {
        step: Some(index),
        variant: None,
        item: String::new(),
        role: Role::Judged,
        operation: None,
        form: None,
        mutation: None,
        session: Some(name.to_owned()),
        event: Event::Look(Look { session: name.to_owned(), observations, at }),
    });
    Ok(())
}

fn probe_record(operation: &str, form: crate::wire::WireForm, exchange: crate::http::Exchange) -> Record {
    Record {
        step: None,
        variant: None,
        item: "look".to_owned(),
        role: Role::Probe,
        operation: Some(operation.to_owned()),
        form: Some(form),
        mutation: None,
        session: None,
        event: Event::Exchange(Box::new(exchange)),
    }
}

async fn describe(bed: &Bed, session: &Session, state: &mut State, history: &mut Vec<Record>) -> Observation {
    let call = call("DescribeTerminalSessions", &[("RegionId", &session.region), ("SessionId", &session.id)]);
    let form = ordinary(&bed.target);
    let (exchange, _) = bed.call(&call, form, Way::Lane(Lane::Live), &mut state.stream).await;
    let (sight, words) = match &exchange.reply {
        Reply::Answered(response) => described(&Seen::of(response), &session.id),
        Reply::Refused(cause) | Reply::Lost(cause) => (Sight::Unknown, printable(&cause.words, 200)),
    };
    history.push(probe_record("DescribeTerminalSessions", form, exchange));
    Observation { observer: Observer::Describe, sight, words }
}

fn described(seen: &Seen<'_>, id: &str) -> (Sight, String) {
    if seen.not_ok(Some("DescribeTerminalSessions")).is_some() {
        return (Sight::Unknown, seen.words());
    }
    let Ok(document) = &seen.document else { return (Sight::Unknown, seen.words()) };
    let list = list(document.value.pointer("/Sessions/Session"));
    let found = list.iter().find(|session| session.get("SessionId").and_then(Value::as_str) == Some(id));
    let Some(found) = found else { return (Sight::Closed, "not listed".to_owned()) };
    let connections = self::list(found.pointer("/Connections/Connection"));
    let live = connections
        .iter()
        .filter_map(|c| c.get("Status").and_then(Value::as_str))
        .find(|status| matches!(*status, "Connecting" | "Connected"));
    match live {
        Some(status) => (Sight::Open, format!("listed, with a connection {status}")),
        None => (Sight::Listed, "listed, without a live connection".to_owned()),
    }
}

/// An array, or the single element that stands in its place in XML.
fn list(value: Option<&Value>) -> Vec<&Value> {
    match value {
        Some(Value::Array(list)) => list.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => Vec::new(),
    }
}

async fn connect(bed: &Bed, url: &str) -> Observation {
    let (sight, words) = match bed.transport.websockets().connect(url, &Headers::new()).await {
        WsOutcome::Open(held) => {
            drop(held.close(bed.target.timeout).await);
            (Sight::Open, "101, then a sign of life".to_owned())
        }
        WsOutcome::Closed { ended, .. } => (Sight::Closed, format!("101, then {:?}", ended.ending)),
        WsOutcome::UpgradeRefused(answer) if (400..500).contains(&answer.status) => {
            (Sight::Closed, format!("{} to the handshake", answer.status))
        }
        WsOutcome::UpgradeRefused(answer) => (Sight::Unknown, format!("{} to the handshake", answer.status)),
        WsOutcome::Refused(cause) | WsOutcome::Lost(cause) => (Sight::Unknown, printable(&cause.words, 200)),
    };
    Observation { observer: Observer::WebSocket, sight, words }
}

async fn by_end(bed: &Bed, session: &Session, state: &mut State, history: &mut Vec<Record>) -> Observation {
    let call = end_call(&session.region, &session.id);
    let form = ordinary(&bed.target);
    let (exchange, _) = bed.call(&call, form, Way::Lane(Lane::Live), &mut state.stream).await;
    let (sight, words) = match &exchange.reply {
        Reply::Answered(response) => {
            let seen = Seen::of(response);
            if seen.is_ok(Some("EndTerminalSession")) {
                bed.sessions.ended(&session.id);
                (Sight::Open, seen.words())
            } else if seen.code() == Some("InvalidSessionId.NotFound") {
                (Sight::Closed, seen.words())
            } else {
                (Sight::Unknown, seen.words())
            }
        }
        Reply::Refused(cause) | Reply::Lost(cause) => (Sight::Unknown, printable(&cause.words, 200)),
    };
    history.push(probe_record("EndTerminalSession", form, exchange));
    Observation { observer: Observer::End, sight, words }
}
