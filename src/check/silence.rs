//! The two-strikes rule: silence is a finding when the same input is met with it twice on fresh connections while plain
//! requests before, between and after are answered (CONTRACT.md, rules for judging).

use std::sync::Arc;

use super::seen::printable;
use super::{Context, Finding, Judgement, Place, Record, Role};
use crate::case::{Action, Case};
use crate::http::{Exchange, Reply, Response};

/// Judges the silences of one step.
pub fn judge(context: Context<'_>, case: &Arc<Case>, index: usize, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    // What malformed HTTP may get is for its own case to say.
    if !matches!(case.steps[index].action, Action::Call(_)) {
        return judgement;
    }
    let struck = records.iter().enumerate().filter(|(_, record)| record.role == Role::Strike);
    for (at, record) in struck {
        let earlier = records[..at].iter().rposition(|r| r.role == Role::Strike && r.item == record.item);
        let Some(earlier) = earlier else { continue };
        let silent = |r: &Record| r.exchange().is_some_and(is_silent);
        if !silent(&records[earlier]) || !silent(record) || !surrounded(records, earlier, at) {
            continue;
        }
        let Some(exchange) = record.exchange() else { continue };
        let (clause, actual) = words(exchange);
        let place = Place { case, record, index: first + at };
        let finding = Finding::new(context, clause, place, "an answer", actual)
            .shape(clause)
            .note("again", "twice on fresh connections; plain requests before, between and after were answered");
        judgement.test(clause, Some(finding));
    }
    judgement
}

/// Silence: no whole answer, or a 502 or 504 of something in front.
pub fn is_silent(exchange: &Exchange) -> bool {
    match &exchange.reply {
        Reply::Answered(response) => is_gateway_failure(response),
        Reply::Lost(_) => true,
        Reply::Refused(_) => false,
    }
}

/// 502 and 504 once are `Lost`, as silence is.
pub fn is_gateway_failure(response: &Response) -> bool {
    matches!(response.status, 502 | 504)
}

/// Whether a probe was answered before the earlier strike, between the two, and after the later.
fn surrounded(records: &[Record], earlier: usize, later: usize) -> bool {
    let answered =
        |r: &Record| r.role == Role::Probe && r.exchange().is_some_and(|e| e.reply.answer().is_some() && !is_silent(e));
    let nearest_before = records[..earlier].iter().rev().find(|r| r.role == Role::Probe);
    let between = records[earlier + 1..later].iter().find(|r| r.role == Role::Probe);
    let after = records[later + 1..].iter().find(|r| r.role == Role::Probe);
    [nearest_before, between, after].into_iter().all(|probe| probe.is_some_and(answered))
}

fn words(exchange: &Exchange) -> (&'static str, String) {
    match &exchange.reply {
        Reply::Answered(response) => ("rpc/robust/no-5xx", response.status.to_string()),
        Reply::Lost(cause) | Reply::Refused(cause) => {
            let words = printable(&cause.words, 200);
            match cause.status {
                Some(status) => ("rpc/robust/framing", format!("a status line {status} and no whole answer: {words}")),
                None => ("rpc/robust/no-5xx", format!("no answer: {words}")),
            }
        }
    }
}
