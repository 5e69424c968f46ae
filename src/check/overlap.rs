//! Overlapping histories: what the clients of a case saw of each session must fit one life issued -> open -> closed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::linearizability::{
    Answer, Breach, Judged, Kind, Operation, RepeatEnd, Rules, Violation, judge as judge_life,
};
use super::silence::is_silent;
use super::{Context, Event, Finding, Judgement, Look, Observation, Observer, Place, Record, Seen, Sight};
use crate::case::{Action, Case};
use crate::clock::Moment;
use crate::http::Reply;
use crate::limits;

/// The clause that an overlap puts to the test.
const CLAUSE: &str = "end/effect/once";
/// The clause that a history puts to the test in which a session is found closed after it was ended.
const STAYS_CLOSED: &str = "end/effect/stays-closed";
/// The clause that a session puts to the test which is open after another was ended.
const ONLY_NAMED: &str = "end/effect/only-named";

/// What happened to one session.
#[derive(Debug, Default)]
struct History<'a> {
    /// What the case calls it: by one name, but for an id that was issued twice.
    name: &'a str,
    /// Whether an End was sent by a call, not by a look alone.
    asked: bool,
    /// Operations, each with the index of the record that says so.
    operations: Operations,
}

/// Judges one variant of a case that has an overlap, by all that happened in it. `first` is the index of the first of
/// `records` in the case's history; looks may be `settle` late.
pub fn judge(context: Context<'_>, case: &Arc<Case>, records: &[Record], first: usize, settle: Duration) -> Judgement {
    let mut judgement = Judgement::default();
    let overlaps = |action: &Action| matches!(action, Action::Overlap(_) | Action::Workload(_));
    if !case.steps.iter().any(|step| overlaps(&step.action)) {
        return judgement;
    }
    let rules = Rules { repeat_end: RepeatEnd::of(context.readings), settle };
    let histories = histories(records);
    for (at, history) in histories.iter().enumerate() {
        let others = || histories.iter().enumerate().filter(move |(other, _)| *other != at).map(|(_, other)| other);
        match by_use_or_report(history, rules) {
            (Judged::Violation(violation), operations) => {
                let at = violation.indices.last().map_or(0, |index| operations[*index].0);
                let place = Place { case, record: &records[at], index: first + at };
                let broken = broken(&operations, &violation, others());
                judgement.tested(CLAUSE);
                judgement.findings.push(finding(context, place, history.name, &violation, broken));
                continue;
            }
            // What nobody tried to end, or a look alone did, says nothing about ending it.
            (Judged::Undecided(_) | Judged::Linearizable, _) if !history.asked => {}
            (Judged::Undecided(doubt), _) => {
                let name = history.name;
                judgement.undecided.insert(format!("session `{name}` of an overlap: {}", doubt.words()));
            }
            (Judged::Linearizable, _) => {
                judgement.tested(CLAUSE);
                judgement.tested(STAYS_CLOSED);
            }
        }
        if outlived(history, others()) {
            judgement.tested(ONLY_NAMED);
        }
    }
    judgement
}

/// Operations, each with the index of the record that says so.
type Operations = Vec<(usize, Operation)>;

/// What becomes of a history by use alone, or else by what Describe reports besides, which has clauses of its own.
fn by_use_or_report(history: &History<'_>, rules: Rules) -> (Judged, Operations) {
    let judged = |operations: Operations| {
        let bare: Vec<Operation> = operations.iter().map(|(_, operation)| *operation).collect();
        (judge_life(&bare, rules), operations)
    };
    let used = |(_, operation): &&(usize, Operation)| !matches!(operation.kind, Kind::Look(Observer::Describe, _));
    let by_use = judged(history.operations.iter().filter(used).copied().collect());
    if matches!(by_use.0, Judged::Violation(_)) { by_use } else { judged(history.operations.clone()) }
}

/// What a violation breaks.
enum Broken<'a> {
    /// The clause of its kind.
    Life,
    /// Describe says what use does not: this clause.
    Report(&'static str),
    /// The session was closed, and only others had been ended, this one among them.
    Neighbour(&'a str),
}

fn broken<'a, 'b: 'a>(
    operations: &Operations,
    violation: &Violation,
    mut others: impl Iterator<Item = &'a History<'b>>,
) -> Broken<'b> {
    for operation in &violation.operations {
        match operation.kind {
            Kind::Look(Observer::Describe, Sight::Open) => return Broken::Report("describe/closed"),
            Kind::Look(Observer::Describe, _) => return Broken::Report("describe/lists"),
            _ => {}
        }
    }
    let unasked = unasked(operations, violation);
    let ended_by = |other: &&History<'b>| other.successes().any(|end| Some(end.invoked) <= unasked);
    match unasked.and_then(|_| others.find(ended_by)) {
        Some(other) => Broken::Neighbour(other.name),
        None => Broken::Life,
    }
}

fn finding(
    context: Context<'_>,
    place: Place<'_>,
    session: &str,
    violation: &Violation,
    broken: Broken<'_>,
) -> Finding {
    let (clause, words, note) = match broken {
        Broken::Life => (violation.clause(), violation.breach.words(), None),
        Broken::Report(clause) => (clause, violation.breach.words(), None),
        Broken::Neighbour(other) => {
            let note = format!("`{other}`, and no End of `{session}` had been sent");
            (ONLY_NAMED, "the session was found closed when only others had been ended", Some(note))
        }
    };
    let finding = Finding::new(context, clause, place, "one life: issued, open, closed", words)
        .label(format!("of `{session}`, {words}"))
        .note("timeline", violation.timeline());
    note.into_iter().fold(finding, |finding, note| finding.note("ended", note))
}

/// When a session was found closed before anybody had sent it an End, if that is the violation.
fn unasked(operations: &Operations, violation: &Violation) -> Option<Moment> {
    if !matches!(violation.breach, Breach::ClosedUnasked | Breach::NoneSucceeded) {
        return None;
    }
    let index = *violation.indices.last()?;
    let found = operations[index].1.returned?;
    let asked = |(at, (_, operation)): (usize, &(usize, Operation))| {
        at != index && matches!(operation.kind, Kind::End(_)) && operation.invoked <= found
    };
    (!operations.iter().enumerate().any(asked)).then_some(found)
}

/// Whether a session was seen open after another one's End had succeeded.
fn outlived<'a, 'b: 'a>(history: &History<'_>, mut others: impl Iterator<Item = &'a History<'b>>) -> bool {
    let open = |operation: &&Operation| matches!(operation.kind, Kind::End(Answer::Ok) | Kind::Look(_, Sight::Open));
    let operations = history.operations.iter().map(|(_, operation)| operation);
    let Some(last) = operations.filter(open).map(|operation| operation.invoked).max() else { return false };
    others.any(|other| other.successes().any(|end| end.returned.is_some_and(|ended| ended < last)))
}

impl History<'_> {
    fn successes(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().map(|(_, operation)| operation).filter(|end| end.kind == Kind::End(Answer::Ok))
    }

    /// A session without a connection for ten minutes is no longer judged as open: it may have closed by itself.
    fn forget_unattended(&mut self) {
        let Some(first) = self.operations.iter().map(|(_, operation)| operation.invoked).min() else { return };
        if self.successes().next().is_none() {
            let closed = |kind| matches!(kind, Kind::End(Answer::NotFound) | Kind::Look(_, Sight::Closed));
            self.operations.retain(|(_, operation)| {
                !closed(operation.kind) || operation.invoked.since(first) < limits::UNATTENDED
            });
        }
    }
}

/// What happened to each session. One that the run started goes by its id, since two Starts must not issue one.
fn histories(records: &[Record]) -> Vec<History<'_>> {
    let ids: BTreeMap<&str, String> =
        records.iter().filter_map(|record| Some((record.session.as_deref()?, issued(record)?))).collect();
    let mut histories: BTreeMap<&str, History<'_>> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        let Some(name) = record.session.as_deref() else { continue };
        let key = ids.get(name).map_or(name, String::as_str);
        let history = histories.entry(key).or_insert_with(|| History { name, ..History::default() });
        // The case's own steps are a client too, besides those of its overlaps.
        let client = if record.inner.is_some() { record.client + 1 } else { 0 };
        let operations = match &record.event {
            Event::Look(look) => looks(look, client),
            Event::Exchange(_) if issued(record).is_some() => start(record, client).into_iter().collect(),
            Event::Exchange(_) => end(record, client).into_iter().collect(),
        };
        let ends = |operation: &Operation| matches!(operation.kind, Kind::End(_));
        history.asked |= record.exchange().is_some() && operations.iter().any(ends);
        history.operations.extend(operations.into_iter().map(|operation| (index, operation)));
    }
    let mut histories: Vec<History<'_>> = histories.into_values().collect();
    histories.iter_mut().for_each(History::forget_unattended);
    histories
}

/// The id that a record's Start was answered with.
fn issued(record: &Record) -> Option<String> {
    let exchange = record.exchange().filter(|_| record.operation.as_deref() == Some("StartTerminalSession"))?;
    let seen = Seen::of(exchange.reply.answer()?);
    let id = seen.text("SessionId").filter(|id| !id.is_empty() && seen.is_ok(Some("StartTerminalSession")));
    id.map(str::to_owned)
}

fn start(record: &Record, client: usize) -> Option<Operation> {
    let exchange = record.exchange()?;
    Some(Operation { client, kind: Kind::Start, invoked: exchange.sent, returned: Some(exchange.done) })
}

fn end(record: &Record, client: usize) -> Option<Operation> {
    let exchange = record.exchange().filter(|_| record.operation.as_deref() == Some("EndTerminalSession"))?;
    let answer = match &exchange.reply {
        // Surely without effect, and without an answer: nothing happened.
        Reply::Refused(_) => return None,
        _ if is_silent(exchange) => Answer::Unknown,
        Reply::Lost(_) => Answer::Unknown,
        Reply::Answered(response) => {
            let seen = Seen::of(response);
            if seen.is_ok(Some("EndTerminalSession")) {
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

/// What a look says of the session by itself. A connection that is held is cut some time after the session was ended, and
/// may be cut without that; another token opens nothing, whether the session is open or not. A WebSocket that was refused
/// and then gave no answer is no verdict either.
fn looks(look: &Look, client: usize) -> Vec<Operation> {
    let refused_once = look.observations.iter().any(|seen| {
        seen.observer == Observer::WebSocket && seen.sight == Sight::Unknown
    });
    let kind = |seen: &Observation| match (seen.observer, seen.sight) {
        (_, Sight::Unknown | Sight::Listed) => None,
        (Observer::Connection | Observer::WrongToken | Observer::NoToken, _) => None,
        (Observer::WebSocket, Sight::Closed) if refused_once => None,
        (Observer::End, Sight::Open) => Some(Kind::End(Answer::Ok)),
        (Observer::End, Sight::Closed) => Some(Kind::End(Answer::NotFound)),
        (observer, sight) => Some(Kind::Look(observer, sight)),
    };
    let operation = |kind| Operation { client, kind, invoked: look.at, returned: Some(look.done) };
    look.observations.iter().filter_map(kind).map(operation).collect()
}
