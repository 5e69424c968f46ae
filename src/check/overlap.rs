//! Overlapping histories: what the clients of a case saw of each session must fit one life issued -> open -> closed.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::histories::{History, Operations, histories};
use super::linearizability::{
    Answer, Breach, Judged, Kind, Operation, RepeatEnd, Rules, Violation, judge as judge_life,
};
use super::{Context, Finding, Judgement, Observer, Place, Record, Sight};
use crate::case::{Action, Case};
use crate::clock::Moment;

/// The clause that an overlap puts to the test.
const CLAUSE: &str = "end/effect/once";
/// The clause that a history puts to the test in which a session is found closed after it was ended.
const STAYS_CLOSED: &str = "end/effect/stays-closed";
/// The clause that a session puts to the test which is open after another was ended.
const ONLY_NAMED: &str = "end/effect/only-named";

/// Judges one variant of a case that has an overlap, by all that happened in it. `first` is the index of the first of
/// `records` in the case's history; looks may be `settle` late; a connection broke off on the sessions `cut`, by name.
pub fn judge(
    context: Context<'_>,
    case: &Arc<Case>,
    records: &[Record],
    first: usize,
    settle: Duration,
    cut: &BTreeSet<String>,
) -> Judgement {
    let mut judgement = Judgement::default();
    let overlaps = |action: &Action| matches!(action, Action::Overlap(_) | Action::Workload(_));
    if !case.steps.iter().any(|step| overlaps(&step.action)) {
        return judgement;
    }
    let rules = Rules { repeat_end: RepeatEnd::of(context.readings), settle };
    let histories = histories(records, cut);
    let mut spared = false;
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
        spared |= outlived(history, others());
    }
    // Once: how many of the sessions it is differs with the pace of the clients.
    if spared {
        judgement.tested(ONLY_NAMED);
    }
    judgement
}

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
    let clients = place.record.step.and_then(|step| beside(&place.case.steps[step].action, violation));
    let finding = Finding::new(context, clause, place, "one life: issued, open, closed", words)
        .label(format!("of `{session}`, {words}"))
        .note("timeline", violation.timeline());
    let finding = clients.into_iter().fold(finding, |finding, note| finding.note("clients", note));
    note.into_iter().fold(finding, |finding, note| finding.note("ended", note))
}

/// Who the clients are that a violation shows beside those of a workload.
fn beside(action: &Action, violation: &Violation) -> Option<String> {
    let Action::Workload(workload) = action else { return None };
    let own = usize::try_from(workload.clients).unwrap_or(usize::MAX);
    let others = violation.operations.iter().any(|operation| operation.client > own);
    others.then(|| {
        format!(
            "the workload's are 1 to {own}; each of the others opened a session before it, or looked at one and ended it \
             after"
        )
    })
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

#[cfg(test)]
mod tests {
    use super::super::sample::{self, broken};
    use super::super::{Event, Look, Role};
    use super::*;
    use crate::http::{Reply, Response};

    use Observer::{Connection, Describe, WebSocket, WrongToken};
    use Sight::{Closed, Open, Unknown};

    const CASE: &str = "clauses: [end/effect/once]\nneeds: [sessions]\nsteps:\n  - workload: { clients: 2 }\n";

    /// Something that happened to a session, from one moment to another.
    enum Deed {
        /// A Start that issued this id.
        Start(&'static str),
        Ended,
        Refused,
        Lost,
        Looked(&'static [(Observer, Sight)]),
    }

    use Deed::{Ended, Looked, Lost, Refused, Start};

    fn record(name: &str, from: u64, to: u64, deed: &Deed) -> Record {
        let answered = |response: Response| sample::sent(Role::Judged, Reply::Answered(response));
        let record = match deed {
            Start(id) => {
                let body = format!(
                    r#"{{"RequestId":"{}","SessionId":"{id}","SecurityToken":"t","WebSocketUrl":"w"}}"#,
                    sample::ID
                );
                Record { operation: Some("StartTerminalSession".to_owned()), ..answered(sample::answer(200, body)) }
            }
            Ended => answered(sample::success()),
            Refused => answered(sample::not_found()),
            Lost => sample::sent(Role::Judged, sample::lost(crate::http::CauseKind::Closed)),
            Looked(seen) => {
                let look = Look { at: Moment(from), done: Moment(to), ..sample::look(seen) };
                Record { event: Event::Look(look), ..answered(sample::success()) }
            }
        };
        let record = sample::with(record, |exchange| (exchange.sent, exchange.done) = (Moment(from), Moment(to)));
        Record { session: Some(name.to_owned()), inner: Some(0), ..record }
    }

    type Row<'a> = (&'a str, u64, u64, Deed);

    fn judged(rows: &[Row<'_>]) -> Judgement {
        judged_with(rows, &[])
    }

    fn judged_with(rows: &[Row<'_>], cut: &[&str]) -> Judgement {
        let cut = cut.iter().map(|name| (*name).to_owned()).collect();
        let records: Vec<Record> = rows.iter().map(|(name, from, to, deed)| record(name, *from, *to, deed)).collect();
        judge(sample::context(), &sample::case(CASE), &records, 0, Duration::ZERO, &cut)
    }

    #[test]
    fn each_violation_breaks_the_clause_that_it_is_about() {
        const LATE: u64 = 700_000_000;
        let rows: [(&str, &[Row<'_>], &[&str]); 14] = [
            ("one life", &[("a", 0, 1, Start("x")), ("a", 2, 3, Ended), ("a", 4, 5, Refused)], &[]),
            ("two successes", &[("a", 2, 6, Ended), ("a", 3, 5, Ended)], &["end/effect/once"]),
            (
                "one id for two",
                &[("a", 0, 1, Start("x")), ("b", 2, 3, Start("x")), ("a", 4, 5, Ended), ("b", 6, 7, Refused)],
                &["start/unique"],
            ),
            (
                "an id again",
                &[("a", 0, 1, Start("x")), ("a", 2, 3, Ended), ("b", 4, 5, Start("x"))],
                &["end/effect/id-not-reused"],
            ),
            (
                "an id each",
                &[("a", 0, 1, Start("x")), ("b", 0, 1, Start("y")), ("a", 2, 3, Ended), ("a", 4, 5, Refused)],
                &[],
            ),
            (
                "closed by another's End",
                &[("a", 0, 1, Start("x")), ("b", 2, 3, Ended), ("b", 4, 5, Refused), ("a", 6, 7, Refused)],
                &["end/effect/only-named"],
            ),
            (
                "closed by another's End, and looked at",
                &[("b", 2, 3, Ended), ("b", 4, 5, Refused), ("a", 6, 7, Looked(&[(WebSocket, Closed)]))],
                &["end/effect/only-named"],
            ),
            (
                "closed while its own was on the way",
                &[("b", 2, 3, Ended), ("b", 4, 5, Refused), ("a", 4, 9, Refused), ("a", 6, 7, Refused)],
                &["end/effect/once"],
            ),
            (
                "its own was lost",
                &[("b", 2, 3, Ended), ("b", 4, 5, Refused), ("a", 4, 5, Lost), ("a", 6, 7, Refused)],
                &[],
            ),
            (
                "listed for too long",
                &[("a", 2, 3, Ended), ("a", 4, 5, Refused), ("a", 6, 7, Looked(&[(Describe, Open)]))],
                &["describe/closed"],
            ),
            (
                "never listed",
                &[("a", 0, 1, Looked(&[(Describe, Closed)])), ("a", 2, 3, Ended), ("a", 4, 5, Refused)],
                &["describe/lists"],
            ),
            (
                "a connection that is cut late, another token, and one that was refused once",
                &[
                    ("a", 0, 1, Looked(&[(Connection, Closed), (WrongToken, Closed)])),
                    ("a", 0, 1, Looked(&[(WebSocket, Closed), (WebSocket, Unknown)])),
                    ("a", 2, 3, Ended),
                    ("a", 4, 5, Refused),
                    ("a", 6, 7, Looked(&[(Connection, Open)])),
                ],
                &[],
            ),
            ("ten minutes without a connection", &[("a", 0, 1, Start("x")), ("a", LATE, LATE + 1, Refused)], &[]),
            (
                "ten minutes after it was ended",
                &[("a", 0, 1, Start("x")), ("a", 2, 3, Ended), ("a", LATE, LATE + 1, Ended)],
                &["end/effect/stays-closed"],
            ),
        ];
        for (name, deeds, clauses) in rows {
            let judgement = judged(deeds);
            assert_eq!(broken(&judgement), clauses, "{name}: {judgement:?}");
            for finding in &judgement.findings {
                assert!(finding.notes.iter().any(|(name, _)| *name == "timeline"), "{name}: {finding:?}");
            }
        }
    }

    #[test]
    fn clients_that_are_none_of_the_workloads_are_accounted_for() {
        for (client, told) in [(1, false), (2, true)] {
            let ended = |from, client| Record { client, step: Some(0), ..record("a", from, from + 1, &Ended) };
            let records = [ended(2, 0), ended(4, client)];
            let judgement =
                judge(sample::context(), &sample::case(CASE), &records, 0, Duration::ZERO, &BTreeSet::new());
            let notes = &judgement.findings[0].notes;
            assert_eq!(notes.iter().any(|(name, _)| *name == "clients"), told, "{notes:?}");
        }
    }

    #[test]
    fn a_session_whose_connection_broke_off_may_have_closed_by_itself() {
        let looked: Row<'_> = ("a", 6, 7, Looked(&[(Describe, Closed), (WebSocket, Closed)]));
        let neighbours = |last| [("b", 2, 3, Ended), ("b", 4, 5, Refused), last];
        type Told<'a> = (&'a str, &'a [Row<'a>], &'a [&'a str], &'a [&'a str]);
        let rows: [Told<'_>; 6] = [
            ("an End finds nothing", &neighbours(("a", 6, 7, Refused)), &["a"], &[]),
            ("a look finds nothing", &neighbours(looked), &["a"], &[]),
            ("another one's broke off", &neighbours(("a", 6, 7, Refused)), &["b"], &["end/effect/only-named"]),
            ("none succeeded", &[("a", 4, 9, Refused), ("a", 6, 7, Refused)], &["a"], &[]),
            ("ended twice", &[("a", 2, 6, Ended), ("a", 3, 5, Ended)], &["a"], &["end/effect/once"]),
            ("found open after all", &[("a", 2, 3, Refused), ("a", 4, 5, Ended)], &["a"], &["end/effect/once"]),
        ];
        for (name, deeds, cut, clauses) in rows {
            let judgement = judged_with(deeds, cut);
            assert_eq!(broken(&judgement), clauses, "{name}: {judgement:?}");
        }
    }

    #[test]
    fn a_history_tests_no_more_than_it_shows() {
        let (once, stays, only) = ("end/effect/once", "end/effect/stays-closed", "end/effect/only-named");
        let rows: [(&str, &[Row<'_>], bool, &[&str]); 5] = [
            ("a success and a later look", &[("a", 2, 3, Ended), ("a", 4, 5, Refused)], false, &[once, stays]),
            ("a success alone", &[("a", 2, 3, Ended)], true, &[]),
            ("lost", &[("a", 2, 3, Lost), ("a", 4, 5, Refused)], true, &[]),
            (
                "another is open afterwards",
                &[("a", 2, 3, Ended), ("a", 4, 5, Refused), ("b", 4, 5, Looked(&[(WebSocket, Open)]))],
                false,
                &[only, once, stays],
            ),
            (
                "another was open meanwhile",
                &[("a", 2, 5, Ended), ("a", 6, 7, Refused), ("b", 4, 5, Looked(&[(WebSocket, Open)]))],
                false,
                &[once, stays],
            ),
        ];
        for (name, deeds, undecided, tested) in rows {
            let judgement = judged(deeds);
            assert_eq!(!judgement.undecided.is_empty(), undecided, "{name}: {judgement:?}");
            let mut tested = tested.to_vec();
            tested.sort_unstable();
            assert!(judgement.tested.sorted().keys().map(String::as_str).eq(tested), "{name}: {judgement:?}");
        }
    }
}
