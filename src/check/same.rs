//! Sameness: one input gets one kind of answer, every time and in every wire form.

use std::sync::Arc;

use super::permitted::Permitted;
use super::seen::printable;
use super::silence::is_silent;
use super::{Context, Finding, Judgement, Place, Record, Seen, asked};
use crate::case::{Action, Case, Expectation};
use crate::contract::OutcomeRef;
use crate::wire::{Placement, WireForm};

/// An answer that is compared.
struct Said<'a> {
    record: &'a Record,
    index: usize,
    status: u16,
    code: Option<String>,
    /// The outcome, or the value of a reading, that permits it.
    origin: Option<String>,
    /// An error whose Code cannot be read: its envelope is broken, and what it means is unknown.
    unread: bool,
}

/// Judges the requests of one step that carry the same input.
pub fn judge(context: Context<'_>, case: &Arc<Case>, index: usize, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    let step = &case.steps[index];
    let (Action::Call(call), Some(expect)) = (&step.action, &step.expect) else { return judgement };
    if !leaves_open(&expect.value) && call.times < 2 {
        return judgement;
    }
    let said = |(at, record)| said(context, &expect.value, first + at, record);
    let answers: Vec<Said<'_>> = records.iter().enumerate().filter_map(said).collect();
    for (at, answer) in answers.iter().enumerate() {
        let record = answer.record;
        let own = record.mutation.as_ref().map_or_else(|| case.clause_of(step), |mutation| mutation.clause);
        for earlier in answers[..at].iter().filter(|earlier| input(earlier.record) == input(record)) {
            let Some(clause) = axis(earlier.record.form, record.form, own) else { continue };
            if is_same(clause, earlier, answer) {
                judgement.tested(clause);
                continue;
            }
            let place = Place { case, record, index: answer.index };
            let (before, now) = (words(earlier), words(answer));
            let expected = format!("{before} as for {}", form_words(earlier.record));
            let shape = format!("{before} / {now}");
            judgement.test(clause, Some(Finding::new(context, clause, place, expected, now).shape(shape)));
            return judgement;
        }
    }
    judgement
}

/// The answer of a record, where it can be compared: silence, throttling, failures and HTTP's own refusals are judged
/// elsewhere, and what stands in front may take a large request for too long or let it through.
fn said<'a>(context: Context<'_>, expectation: &Expectation, index: usize, record: &'a Record) -> Option<Said<'a>> {
    let exchange = record.exchange().filter(|_| record.is_attempt() && record.is_rpc())?;
    let response = exchange.reply.answer().filter(|response| response.status < 500 && !is_silent(exchange))?;
    let seen = Seen::of(response);
    let refused = Seen::is_http_refusal(response.status)
        || (asked::is_large(&exchange.request) && asked::is_too_long(response.status));
    // A success where refusals alone are permitted is the outcome's finding; what follows it is another state.
    if refused || !seen.is_error() || seen.is_throttled() || response.body_cut {
        return None;
    }
    let permitted = Permitted::of(context, record, &exchange.request, expectation);
    let origin = permitted.kind(&seen).map(str::to_owned);
    let (status, code) = seen.kind();
    let unread = seen.is_error() && code.is_none();
    Some(Said { record, index, status, code, origin, unread })
}

/// Whether two answers are of one kind: permitted by the same outcome or value of a reading, or else the same to the
/// letter. JSON and XML are held to the letter.
fn is_same(clause: &str, a: &Said<'_>, b: &Said<'_>) -> bool {
    if a.status == b.status && (a.code == b.code || a.unread || b.unread) {
        return true;
    }
    clause != "rpc/format/same" && a.origin.is_some() && a.origin == b.origin
}

/// Whether more than one kind of answer is permitted, so that sameness says more than the outcome does.
fn leaves_open(expectation: &Expectation) -> bool {
    let reading = |outcome: &OutcomeRef| matches!(outcome, OutcomeRef::Reading { .. });
    match expectation {
        Expectation::Outcomes(refs) => refs.iter().any(reading),
        Expectation::Permitted | Expectation::Repeated { .. } => true,
        Expectation::Matchers(matchers) => matchers.outcomes.iter().any(reading),
        Expectation::Look(_) => false,
    }
}

/// What makes two requests of a step the same input: the generated value, not the form it is written in.
fn input(record: &Record) -> (Option<&str>, Option<&str>) {
    (record.variant.as_deref(), record.mutation.as_ref().map(|mutation| mutation.name))
}

/// The clause that says that two forms mean the same: the one of the single axis on which they differ. `None` where no
/// document says so (other signature scheme), or they differ on several.
fn axis(a: Option<WireForm>, b: Option<WireForm>, own: &str) -> Option<&str> {
    let (Some(a), Some(b)) = (a, b) else { return Some(own) };
    let mut clauses = Vec::new();
    if a.placement != b.placement {
        let form = a.placement == Placement::PostForm || b.placement == Placement::PostForm;
        clauses.push(if form { "rpc/placement/form" } else { "rpc/method/get-post" });
    }
    if a.format != b.format {
        if a.format.is_none() || b.format.is_none() {
            return None;
        }
        clauses.push("rpc/format/same");
    }
    if a.order != b.order {
        clauses.push("rpc/parameter/order");
    }
    if a.encoding != b.encoding {
        clauses.push("rpc/parameter/encoding");
    }
    if a.scheme != b.scheme {
        return None;
    }
    match clauses.as_slice() {
        [] => Some(own),
        [one] => Some(one),
        _ => None,
    }
}

fn words(said: &Said<'_>) -> String {
    match &said.code {
        Some(code) => format!("{} {}", said.status, printable(code, 80)),
        None => said.status.to_string(),
    }
}

fn form_words(record: &Record) -> String {
    record.form.map_or_else(|| "the earlier request".to_owned(), |form| form.to_string())
}
