//! The expectation of a step, for each of its requests: the last attempt counts, and nothing is judged on a guess.

use std::sync::Arc;

use super::permitted::Permitted;
use super::seen::printable;
use super::silence::{self, Strikes, is_silent, named};
use super::{Context, Event, Finding, Judgement, Place, Record, Seen, look};
use crate::case::Case;
use crate::http::{Exchange, Reply, Response};

pub use super::permitted::permits_loss;

/// Judges every request of a step by what the step expects.
pub fn judge(context: Context<'_>, case: &Arc<Case>, index: usize, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    let step = &case.steps[index];
    let Some(expectation) = &step.expect else { return judgement };
    let expectation = &expectation.value;
    for (at, record) in records.iter().enumerate() {
        let place = Place { case, record, index: first + at };
        let clause = record.mutation.as_ref().map_or_else(|| case.clause_of(step), |mutation| mutation.clause);
        match &record.event {
            Event::Look(seen) => look::judge(context, place, clause, seen, expectation, &mut judgement),
            Event::Exchange(exchange) if is_last_attempt(records, at) => {
                let permitted = Permitted::of(context, record, &exchange.request, expectation);
                match &exchange.reply {
                    Reply::Answered(response) if !is_silent(exchange) => {
                        let found = permitted.judge(context, place, clause, &Seen::of(response));
                        settle(records, at, response, clause, found, &mut judgement);
                    }
                    _ if permitted.permits_end(exchange) => judgement.tested(clause),
                    _ => no_answer(context, place, clause, records, at, exchange, &mut judgement),
                }
            }
            Event::Exchange(_) => {}
        }
    }
    judgement
}

/// A step's own request counts, or the last one sent again after silence.
fn is_last_attempt(records: &[Record], at: usize) -> bool {
    let record = &records[at];
    record.is_attempt() && !records[at + 1..].iter().any(|later| later.is_attempt() && later.item == record.item)
}

/// Notes what an answer came to, unless it decides nothing.
fn settle(
    records: &[Record],
    at: usize,
    response: &Response,
    clause: &str,
    found: Option<Finding>,
    judgement: &mut Judgement,
) {
    let record = &records[at];
    let exact = record.exchange().is_some_and(|exchange| exchange.raw.is_some());
    let why = if !exact && Seen::of(response).is_throttled() {
        Some("throttled")
    } else if found.is_some() && response.body_cut {
        Some("the answer was too long to be read whole")
    } else if found.is_some() && record.session.is_some() && was_lost(records, at) {
        Some("an earlier attempt was lost, and what it did to the session is unknown")
    } else {
        None
    };
    match why {
        Some(why) => {
            judgement.undecided.insert(format!("{}: {why}", named(record)));
        }
        None => judgement.test(clause, found),
    }
}

/// Whether an earlier attempt may have had its effect without an answer.
fn was_lost(records: &[Record], at: usize) -> bool {
    let same = |earlier: &&Record| earlier.is_attempt() && earlier.item == records[at].item;
    records[..at].iter().filter(same).any(|earlier| earlier.exchange().is_some_and(is_silent))
}

/// Silence teaches nothing about the clause. To a call it breaks one of its own (`silence`); exact bytes and other
/// methods are held to the step's.
fn no_answer(
    context: Context<'_>,
    place: Place<'_>,
    clause: &str,
    records: &[Record],
    at: usize,
    exchange: &Exchange,
    judgement: &mut Judgement,
) {
    if !place.record.is_rpc() && silence::strikes(records, at) == Strikes::Two {
        let expected = "an answer, or the end of the connection where that is permitted";
        let actual = "neither, twice, while others were answered";
        let label = format!("the target gave {}", silence::said(exchange));
        judgement.test(clause, Some(Finding::new(context, clause, place, expected, actual).label(label)));
    } else {
        let words = printable(&silence::said(exchange), 200);
        judgement.undecided.insert(format!("{}: {words}", named(place.record)));
    }
}
