//! Sameness: one input gets one kind of answer, every time and in every wire form.

use std::sync::Arc;

use super::{Context, Finding, Judgement, Place, Record, Role, Seen};
use crate::case::{Action, Case, Expectation};
use crate::contract::OutcomeRef;
use crate::wire::{Placement, WireForm};

type Kind = (u16, Option<String>);

/// Judges the requests of one step that carry the same input.
pub fn judge(context: Context<'_>, case: &Arc<Case>, index: usize, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    let step = &case.steps[index];
    let Action::Call(call) = &step.action else { return judgement };
    let open = step.expect.as_ref().is_some_and(|expect| leaves_open(&expect.value));
    if !open && call.times < 2 {
        return judgement;
    }
    let answers: Vec<(usize, &Record, Kind)> = records
        .iter()
        .enumerate()
        .filter(|(_, record)| matches!(record.role, Role::Judged | Role::Strike))
        .filter_map(|(offset, record)| {
            let response = record.exchange()?.reply.answer().filter(|_| record.is_rpc())?;
            let seen = Seen::of(response);
            // A success where refusals alone are permitted is the outcome's finding; what follows it is another state.
            let refusal = seen.is_error() && !seen.is_throttled() && !Seen::is_http_refusal(response.status);
            refusal.then(|| (offset, record, seen.kind()))
        })
        .collect();
    for (at, (offset, record, kind)) in answers.iter().enumerate() {
        let place = Place { case, record, index: first + offset };
        let own = record.mutation.as_ref().map_or_else(|| case.clause_of(step), |mutation| mutation.clause);
        let earlier = answers[..at].iter().filter(|(_, other, _)| input(other) == input(record));
        for (_, other, other_kind) in earlier {
            let Some(clause) = axis(other.form, record.form, own) else { continue };
            let finding = (kind != other_kind).then(|| {
                let expected = format!("{} as for {}", words(other_kind), form_words(other));
                Finding::new(context, clause, place, expected, words(kind)).shape(format!(
                    "{} / {}",
                    words(other_kind),
                    words(kind)
                ))
            });
            let broken = finding.is_some();
            judgement.test(clause, finding);
            if broken {
                return judgement;
            }
        }
    }
    judgement
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

fn words((status, code): &Kind) -> String {
    let code = code.as_deref().map(|code| super::seen::printable(code, 80));
    code.map_or_else(|| status.to_string(), |code| format!("{status} {code}"))
}

fn form_words(record: &Record) -> String {
    record.form.map_or_else(|| "the earlier request".to_owned(), |form| form.to_string())
}
