//! SessionIds across a whole run: none is issued twice (clauses `start/unique`, `end/effect/id-not-reused`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Context, Finding, Judgement, Place, Record, Seen, asked};
use crate::case::Case;
use crate::clock::Moment;
use crate::http::Exchange;

/// A Start that issued an id: when it was sent, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Issue {
    sent: Moment,
    case: usize,
    record: usize,
}

/// What happened to one id.
#[derive(Debug, Default)]
struct Life {
    issues: Vec<Issue>,
    /// When Ends of it were answered with success.
    ended: Vec<Moment>,
}

/// Judges the histories of all cases, in whatever order they ran: a judgement for each.
pub fn judge(context: Context<'_>, histories: &[(&Arc<Case>, &[Record])]) -> Vec<Judgement> {
    let mut judgements: Vec<Judgement> = histories.iter().map(|_| Judgement::default()).collect();
    for (id, mut life) in lives(histories) {
        life.issues.sort_unstable();
        for (at, issue) in life.issues.iter().enumerate() {
            let judgement = &mut judgements[issue.case];
            let Some(earlier) = at.checked_sub(1).map(|before| life.issues[before]) else {
                judgement.tested("start/unique");
                judgement.tested("end/effect/id-not-reused");
                continue;
            };
            // Which promise it breaks is decided by when things happened, not by the order of the cases.
            let reused = life.ended.iter().any(|ended| *ended <= issue.sent);
            let clause = if reused { "end/effect/id-not-reused" } else { "start/unique" };
            let place = |issue: Issue| {
                let (case, records) = histories[issue.case];
                Place { case, record: &records[issue.record], index: issue.record }
            };
            let actual = format!("`{}`, which {} had got", super::seen::printable(&id, 60), words(place(earlier)));
            let finding = Finding::new(context, clause, place(*issue), "a SessionId that was never issued", actual);
            judgement.test(clause, Some(finding.shape("issued twice")));
        }
    }
    judgements
}

fn lives(histories: &[(&Arc<Case>, &[Record])]) -> BTreeMap<String, Life> {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    for (case, (_, records)) in histories.iter().enumerate() {
        for (index, record) in records.iter().enumerate() {
            let Some(exchange) = record.exchange() else { continue };
            // Most answers need not be read to know that they are no successes.
            let success = exchange.reply.answer().is_some_and(|response| response.status == 200) && record.is_rpc();
            let read = success.then(|| record.seen()).flatten();
            let Some(seen) = read.filter(Seen::took_effect) else { continue };
            match record.operation.as_deref() {
                Some("StartTerminalSession") => {
                    let Some(id) = seen.text("SessionId").filter(|id| !id.is_empty()) else { continue };
                    let issue = Issue { sent: exchange.sent, case, record: index };
                    lives.entry(id.to_owned()).or_default().issues.push(issue);
                }
                Some("EndTerminalSession") => {
                    let Some(id) = named(exchange) else { continue };
                    lives.entry(id).or_default().ended.push(exchange.done);
                }
                _ => {}
            }
        }
    }
    lives
}

/// The id that an End names; of several nobody knows which was meant.
fn named(exchange: &Exchange) -> Option<String> {
    let mut ids = asked::parameters(&exchange.request, "SessionId");
    let id = ids.pop()?;
    ids.iter().all(|other| *other == id).then_some(id)
}

fn words(place: Place<'_>) -> String {
    match place.record.step {
        Some(step) => format!("step {} of {}", step + 1, place.case.id),
        None => format!("a request around {}", place.case.id),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::super::sample::{self, answer, broken};
    use super::*;
    use crate::http::Reply;

    fn at(record: Record, sent: u64, done: u64) -> Record {
        sample::with(record, |exchange| (exchange.sent, exchange.done) = (Moment(sent), Moment(done)))
    }

    fn start(sent: u64, done: u64) -> Record {
        // Without a RequestId: that breaks its own clause, and the session was issued all the same.
        let record = sample::sent(Role::SetUp, Reply::Answered(answer(200, r#"{"SessionId":"s-hz00000000000000"}"#)));
        Record { operation: Some("StartTerminalSession".to_owned()), ..at(record, sent, done) }
    }

    fn end(status: u16, sent: u64, done: u64) -> Record {
        at(sample::sent(Role::Judged, Reply::Answered(answer(status, "{}"))), sent, done)
    }

    #[test]
    fn the_moments_decide_whether_an_open_or_an_ended_sessions_id_was_issued_again() {
        const UNIQUE: &str = "start/unique";
        const REUSED: &str = "end/effect/id-not-reused";
        type Row = (&'static str, Vec<Record>, Vec<Record>, [&'static [&'static str]; 2]);
        let rows: [Row; 8] = [
            ("once", vec![start(0, 1)], vec![end(200, 2, 3)], [&[], &[]]),
            ("twice", vec![start(0, 1)], vec![start(5, 6)], [&[], &[UNIQUE]]),
            ("ended between", vec![start(0, 1), end(200, 2, 3)], vec![start(5, 6)], [&[], &[REUSED]]),
            ("ended after both", vec![start(0, 1), end(200, 7, 8)], vec![start(5, 6)], [&[], &[UNIQUE]]),
            ("ended while it was issued", vec![start(0, 1), end(200, 2, 6)], vec![start(5, 7)], [&[], &[UNIQUE]]),
            ("not ended between", vec![start(0, 1), end(404, 2, 3)], vec![start(5, 6)], [&[], &[UNIQUE]]),
            ("the later case came first", vec![start(5, 6)], vec![start(0, 1), end(200, 2, 3)], [&[REUSED], &[]]),
            ("the later case came first, open", vec![start(5, 6), end(200, 7, 8)], vec![start(0, 1)], [&[UNIQUE], &[]]),
        ];
        let case = sample::call(UNIQUE, "ok");
        for (name, first, second, expected) in rows {
            let judgements = judge(sample::context(), &[(&case, &first), (&case, &second)]);
            assert_eq!([broken(&judgements[0]), broken(&judgements[1])], expected.map(<[&str]>::to_vec), "{name}");
        }
    }
}
