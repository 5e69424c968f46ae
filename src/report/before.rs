//! What ended a session before what a finding is about, and what came to the session in between.

use crate::case::{Action, Step};
use crate::check::CaseResult;
use crate::check::history::{Event, Observation, Record, Role, Sight};
use crate::http::Request;
use crate::wire::parameters;

/// What is told at most of what came in between: the last of it.
const BETWEEN: usize = 4;

/// `step 2 ended this session with 200; then step 4 DescribeTerminalSessions: 200`, where an answer of the same case did that
/// before the record of that index.
pub(super) fn before(result: &CaseResult, record: usize) -> Option<String> {
    let history = result.history.get(..=record)?;
    let about = history.last()?;
    let id = session_id(history)?;
    let (at, ended) = history[..record].iter().enumerate().find(|(_, record)| ends(record, &id))?;
    let status = ended.exchange()?.reply.answer()?.status;
    let step = match ended.step? {
        step if Some(step) == about.step && overlap(ended, about) => "an overlapping request of this step".to_owned(),
        step if Some(step) == about.step => "an earlier request of this step".to_owned(),
        step => format!("step {}", step + 1),
    };
    let mut words = format!("{step} ended this session with {status}");
    // What several clients did is drawn.
    if about.inner.is_none() {
        words.push_str(&between(&result.case.steps, history, at, &id));
    }
    Some(words)
}

fn overlap(ended: &Record, about: &Record) -> bool {
    ended.exchange().zip(about.exchange()).is_some_and(|(ended, about)| ended.done > about.sent)
}

/// What named the session, or looked at it, after it was ended by the record of that index, and pauses and restarts: it may
/// be what opened it again.
fn between(steps: &[Step], history: &[Record], ended: usize, id: &str) -> String {
    let mut all: Vec<String> = Vec::new();
    let mut reached = history[ended].step;
    for at in ended + 1..history.len() {
        let record = &history[at];
        if record.step > reached {
            let from = reached.map_or(0, |step| step + 1);
            all.extend((from..record.step.unwrap_or(0)).filter_map(|step| pause(steps, step)));
            reached = record.step;
        }
        // What a look sends is told with what it saw.
        if at + 1 == history.len() || record.role == Role::Probe || session_id(&history[..=at]).as_deref() != Some(id) {
            continue;
        }
        let place = record.step.map_or_else(String::new, |step| format!("step {} ", step + 1));
        let told = did(record).map(|words| format!("{place}{words}"));
        all.extend(told.filter(|words| all.last() != Some(words)));
    }
    all.extend(history.last().into_iter().flat_map(seen_before));
    let left_out = all.len().saturating_sub(BETWEEN);
    let more = if left_out > 0 { "..., " } else { "" };
    if all.is_empty() { String::new() } else { format!("; then {more}{}", all[left_out..].join(", ")) }
}

/// `step 6 restart`.
fn pause(steps: &[Step], index: usize) -> Option<String> {
    let words = match steps.get(index)?.action {
        Action::Restart => "restart",
        Action::Wait(_) => "wait",
        _ => return None,
    };
    Some(format!("step {} {words}", index + 1))
}

/// What a look saw before it saw the session open, one observer after another.
fn seen_before(record: &Record) -> Vec<String> {
    let Event::Look(look) = &record.event else { return Vec::new() };
    let open = look.observations.iter().position(|seen| seen.sight == Sight::Open).unwrap_or(0);
    look.observations[..open].iter().map(saw).collect()
}

fn saw(seen: &Observation) -> String {
    format!("{}: {}", seen.observer.name(), seen.words)
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
            let saw: Vec<String> = look.observations.iter().map(saw).collect();
            (!saw.is_empty()).then(|| format!("look ({})", saw.join(", ")))
        }
    }
}

/// The id of the session that the last of these records is about: the one it names, or the one looked at.
fn session_id(history: &[Record]) -> Option<String> {
    let (record, before) = history.split_last()?;
    match &record.event {
        Event::Exchange(exchange) => parameter(&exchange.request, "SessionId"),
        Event::Look(look) => {
            // Each variant has a session of that name, and so has each attempt: the last one counts.
            let same =
                |other: &&Record| other.session.as_ref() == Some(&look.session) && other.variant == record.variant;
            let naming = before.iter().rev().filter(same).filter_map(Record::exchange);
            naming.into_iter().find_map(|exchange| parameter(&exchange.request, "SessionId"))
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::check::Skip;
    use crate::check::history::{Look, Observer};
    use crate::clock::Moment;
    use crate::http::{Exchange, Headers, Lane, Reply, Response};
    use crate::source::Source;

    fn call(step: usize, variant: &str, operation: &str, id: &str, status: u16) -> Record {
        let target = format!("/?Action={operation}&SessionId={id}");
        let request = Request { method: "GET".to_owned(), target, headers: Headers::new(), body: Vec::new() };
        let body = if status == 200 { r#"{"RequestId":"r"}"# } else { r#"{"Code":"InvalidVersion"}"# };
        let json: Headers = [("content-type", "application/json")].into_iter().collect();
        let reply = Reply::Answered(Response::new(status, json, body));
        let (sent, done) = (Moment(1), Moment(2));
        let exchange = Exchange { request, raw: None, reply, lane: Lane::Live, sent, done };
        let event = Event::Exchange(Box::new(exchange));
        let record = Record::new(Role::Judged, Some(operation.to_owned()), None, event);
        Record { step: Some(step), variant: Some(variant.to_owned()), session: Some("victim".to_owned()), ..record }
    }

    fn look(step: usize, variant: &str, seen: &[(Observer, Sight)]) -> Record {
        let observation = |(observer, sight): &(Observer, Sight)| {
            let words = format!("{sight:?}").to_lowercase();
            Observation { observer: *observer, sight: *sight, manner: None, words }
        };
        let observations = seen.iter().map(observation).collect();
        let (at, done) = (Moment(3), Moment(4));
        let event = Event::Look(Look { session: "victim".to_owned(), at_once: Vec::new(), observations, at, done });
        let record = Record::new(Role::Judged, None, None, event);
        Record { step: Some(step), variant: Some(variant.to_owned()), session: Some("victim".to_owned()), ..record }
    }

    /// What is told of the last of these.
    fn told(history: Vec<Record>) -> Option<String> {
        let text = "clauses: [end/success/status]\nsteps:\n  - call: EndTerminalSession\n    expect: ok\n";
        let contract = crate::load::contract::built_in(None);
        let case = crate::load::case::case(&Source::new("a.yaml", text), "a", &contract).expect("a case");
        let last = history.len() - 1;
        let skipped = CaseResult::skipped(Arc::new(case), Skip::Excluded(String::new()));
        before(&CaseResult { history, ..skipped }, last)
    }

    #[test]
    fn a_session_is_told_what_came_to_it_and_not_to_its_namesakes() {
        const END: &str = "EndTerminalSession";
        let open: &[(Observer, Sight)] = &[(Observer::Describe, Sight::Closed), (Observer::WebSocket, Sight::Open)];
        let closed: &[(Observer, Sight)] = &[(Observer::WebSocket, Sight::Closed), (Observer::NoToken, Sight::Closed)];
        let first = || [call(1, "GET", END, "a", 200), call(2, "GET", END, "a", 404), look(3, "GET", closed)];
        let again =
            |variant: &str| [call(1, variant, END, "b", 200), call(2, variant, "DescribeTerminalSessions", "b", 200)];
        let ended = "step 2 ended this session with 200";
        let rows = [
            ("another variant", "POST", open, "; then step 3 DescribeTerminalSessions: 200, Describe: closed"),
            ("another attempt", "GET", open, "; then step 3 DescribeTerminalSessions: 200, Describe: closed"),
            ("found closed", "GET", closed, "; then step 3 DescribeTerminalSessions: 200"),
        ];
        for (name, variant, seen, words) in rows {
            let history = first().into_iter().chain(again(variant)).chain([look(3, variant, seen)]).collect();
            assert_eq!(told(history), Some(format!("{ended}{words}")), "{name}");
        }
        let many = (2..9).map(|step| call(step, "GET", END, "a", 404));
        let history = first().into_iter().chain(many).chain([look(9, "GET", open)]).collect();
        let words = told(history).expect("an End");
        assert!(words.starts_with(&format!("{ended}; then ..., step 7 {END}: 404 ")), "{words}");
        assert_eq!(told(vec![call(1, "GET", END, "a", 404), look(3, "GET", open)]), None, "nothing ended it");
    }
}
