//! Overlapping histories: what the clients of a case saw of each session must fit one life issued -> open -> closed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::linearizability::{Answer, Judged, Kind, Operation, RepeatEnd, Rules, Violation, judge as judge_life};
use super::silence::is_silent;
use super::{Context, Event, Finding, Judgement, Observation, Observer, Place, Record, Sight};
use crate::case::{Action, Case};
use crate::http::Reply;

/// The clause that an overlap puts to the test.
const CLAUSE: &str = "end/effect/once";

/// Judges one variant of a case that has an overlap, by all that happened in it. `first` is the index of the first of
/// `records` in the case's history; looks may be `settle` late.
pub fn judge(context: Context<'_>, case: &Arc<Case>, records: &[Record], first: usize, settle: Duration) -> Judgement {
    let mut judgement = Judgement::default();
    if !case.steps.iter().any(|step| matches!(step.action, Action::Overlap(_))) {
        return judgement;
    }
    let repeat_end = RepeatEnd::of(context.readings);
    for (session, history) in histories(records) {
        let operations: Vec<Operation> = history.iter().map(|(_, operation)| *operation).collect();
        match judge_life(&operations, Rules { repeat_end, settle }) {
            Judged::Linearizable => judgement.tested(CLAUSE),
            Judged::Undecided(doubt) => {
                judgement.undecided.insert(format!("session `{session}` of an overlap: {}", doubt.words()));
            }
            Judged::Violation(violation) => {
                let at = violation.indices.last().map_or(0, |index| history[*index].0);
                let place = Place { case, record: &records[at], index: first + at };
                judgement.test(CLAUSE, None);
                judgement.findings.push(finding(context, place, session, &violation));
            }
        }
    }
    judgement
}

fn finding(context: Context<'_>, place: Place<'_>, session: &str, violation: &Violation) -> Finding {
    let words = violation.breach.words();
    Finding::new(context, violation.clause(), place, "one life: issued, open, closed", words)
        .label(format!("of `{session}`, {words}"))
        .note("timeline", violation.timeline())
}

/// What happened to each session by name, with the index of the record that says so.
fn histories(records: &[Record]) -> BTreeMap<&str, Vec<(usize, Operation)>> {
    let mut histories: BTreeMap<&str, Vec<(usize, Operation)>> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        let Some(session) = record.session.as_deref() else { continue };
        // The case's own steps are a client too, besides those of its overlaps.
        let client = if record.inner.is_some() { record.client + 1 } else { 0 };
        let history = histories.entry(session).or_default();
        match &record.event {
            Event::Exchange(_) => history.extend(end(record, client).map(|operation| (index, operation))),
            Event::Look(look) => {
                let seen = look.observations.iter().filter_map(|seen| {
                    let kind = sight(seen)?;
                    Some((index, Operation { client, kind, invoked: look.at, returned: Some(look.done) }))
                });
                history.extend(seen);
            }
        }
    }
    // A session that nobody tried to end, or a look alone did, says nothing about ending.
    let called = |index: usize| matches!(records[index].event, Event::Exchange(_));
    histories.retain(|_, history| history.iter().any(|(index, _)| called(*index)));
    histories
}

fn end(record: &Record, client: usize) -> Option<Operation> {
    let exchange = record.exchange().filter(|_| record.operation.as_deref() == Some("EndTerminalSession"))?;
    let answer = match &exchange.reply {
        // Surely without effect, and without an answer: nothing happened.
        Reply::Refused(_) => return None,
        _ if is_silent(exchange) => Answer::Unknown,
        Reply::Lost(_) => Answer::Unknown,
        Reply::Answered(_) => {
            let seen = record.seen()?;
            if seen.took_effect() {
                Answer::Ok
            } else if seen.code() == Some("InvalidSessionId.NotFound") {
                Answer::NotFound
            } else {
                Answer::Refused
            }
        }
    };
    let returned = (answer != Answer::Unknown).then_some(exchange.done);
    Some(Operation { client, kind: Kind::End(answer), invoked: exchange.sent, returned })
}

fn sight(seen: &Observation) -> Option<Kind> {
    match (seen.observer, seen.sight) {
        (_, Sight::Unknown | Sight::Listed) => None,
        (Observer::End, Sight::Open) => Some(Kind::End(Answer::Ok)),
        (Observer::End, Sight::Closed) => Some(Kind::End(Answer::NotFound)),
        (observer, sight) => Some(Kind::Look(observer, sight)),
    }
}
