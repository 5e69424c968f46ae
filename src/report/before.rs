//! What ended a session before what a finding is about, and what came to the session in between.

use crate::check::CaseResult;
use crate::check::history::{Event, Record, Role, Sight};
use crate::http::Request;
use crate::wire::parameters;

/// What is told at most of what came in between: the last of it.
const BETWEEN: usize = 4;

/// `step 2 ended this session with 200; then step 4 DescribeTerminalSessions: 200`, where an answer of the same case did that
/// before the record of that index.
pub(super) fn before(result: &CaseResult, record: usize) -> Option<String> {
    let history = result.history.get(..record)?;
    let about = result.history.get(record)?;
    let id = session_id(about, history)?;
    let (at, ended) = history.iter().enumerate().find(|(_, record)| ends(record, &id))?;
    let status = ended.exchange()?.reply.answer()?.status;
    let step = match ended.step? {
        step if Some(step) == about.step && overlap(ended, about) => "an overlapping request of this step".to_owned(),
        step if Some(step) == about.step => "an earlier request of this step".to_owned(),
        step => format!("step {}", step + 1),
    };
    let mut words = format!("{step} ended this session with {status}");
    // What several clients did is drawn.
    if about.inner.is_none() {
        words.push_str(&between(&history[at + 1..], about, &id, history));
    }
    Some(words)
}

fn overlap(ended: &Record, about: &Record) -> bool {
    ended.exchange().zip(about.exchange()).is_some_and(|(ended, about)| ended.done > about.sent)
}

/// What named the session, or looked at it, after it was ended: it may be what opened it again.
fn between(records: &[Record], about: &Record, id: &str, history: &[Record]) -> String {
    let mut all: Vec<String> = Vec::new();
    // What a look sends is told with what it saw.
    let sent = records.iter().filter(|record| record.role != Role::Probe);
    for record in sent.filter(|record| session_id(record, history).as_deref() == Some(id)) {
        let place = record.step.map_or_else(String::new, |step| format!("step {} ", step + 1));
        let told = did(record).map(|words| format!("{place}{words}"));
        all.extend(told.filter(|words| all.last() != Some(words)));
    }
    // What the finding's own look saw before, one observer after another, belongs to it.
    if let Event::Look(look) = &about.event {
        let refused = look.observations.iter().take_while(|seen| seen.sight != Sight::Open);
        all.extend(refused.map(|seen| format!("{}: {}", seen.observer.name(), seen.words)));
    }
    let left_out = all.len().saturating_sub(BETWEEN);
    let more = if left_out > 0 { "..., " } else { "" };
    if all.is_empty() { String::new() } else { format!("; then {more}{}", all[left_out..].join(", ")) }
}

/// `EndTerminalSession: 404 InvalidSessionId.NotFound`.
fn did(record: &Record) -> Option<String> {
    match &record.event {
        Event::Exchange(_) => {
            let operation = record.operation.as_deref().unwrap_or("a request");
            let words = record.seen().map_or_else(|| "no answer".to_owned(), |seen| seen.words());
            Some(format!("{operation}: {words}"))
        }
        Event::Look(look) => {
            let saw = look.observations.iter().map(|seen| format!("{}: {}", seen.observer.name(), seen.words));
            let saw: Vec<String> = saw.collect();
            (!saw.is_empty()).then(|| format!("look ({})", saw.join(", ")))
        }
    }
}

/// The id of the session that a record is about: the one it names, or the one looked at.
fn session_id(record: &Record, history: &[Record]) -> Option<String> {
    match &record.event {
        Event::Exchange(exchange) => parameter(&exchange.request, "SessionId"),
        Event::Look(look) => {
            // Each variant has a session of that name.
            let same =
                |other: &&Record| other.session.as_ref() == Some(&look.session) && other.variant == record.variant;
            let naming = history.iter().filter(same);
            naming.filter_map(Record::exchange).find_map(|exchange| parameter(&exchange.request, "SessionId"))
        }
    }
}

fn ends(record: &Record, id: &str) -> bool {
    let judged = record.role == Role::Judged && record.operation.as_deref() == Some("EndTerminalSession");
    judged
        && record.seen().is_some_and(|seen| seen.took_effect())
        && record.exchange().and_then(|exchange| parameter(&exchange.request, "SessionId")).as_deref() == Some(id)
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    let given = [request.query().as_bytes(), request.body.as_slice()];
    given.into_iter().find_map(|text| {
        let parameters = parameters::parse(text).ok()?;
        parameters::first(&parameters, name).map(str::to_owned)
    })
}
