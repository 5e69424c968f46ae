//! Checks: pure judgements of what a target answered, (contract, case, history) -> findings.

pub mod answer;
mod asked;
mod blame;
pub mod envelope;
pub mod expectation;
pub mod finding;
pub mod followed;
pub mod framing;
mod gist;
mod histories;
pub mod history;
pub mod linearizability;
pub mod listed;
pub mod look;
mod matchers;
pub mod overlap;
mod permitted;
mod reflection;
pub mod request_id;
pub mod result;
pub mod same;
#[cfg(test)]
mod sample;
pub mod seen;
pub mod session_id;
pub mod silence;
pub mod situation;
mod tested;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::Arc;

pub use blame::{may_be_a_second_life, of_a_second_life};
pub use finding::{Finding, Verdict};
pub use gist::Gist;
pub use history::{Event, Look, Manner, Observation, Observer, Record, Role, Sight};
pub use result::{CaseResult, Skip};
pub use seen::Seen;
pub use tested::Tested;

use crate::case::Case;
use crate::contract::{Contract, Level, Readings};
use crate::http::{Exchange, Reply};
use crate::wire::Incoming;

/// What every check may know besides the history.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The documents.
    pub contract: &'a Contract,
    /// The readings in force.
    pub readings: &'a Readings,
}

impl Context<'_> {
    /// The level of a clause; MUST for one that the contract does not have.
    pub fn level(&self, clause: &str) -> Level {
        self.contract.clause(clause).map_or(Level::Must, |clause| clause.level)
    }
}

/// What a check came to: findings, and how often each clause was really put to the test.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// Judgements made, by clause.
    pub tested: Tested,
    /// Breaches.
    pub findings: Vec<Finding>,
    /// What could not be decided, and why.
    pub undecided: BTreeSet<String>,
}

impl Judgement {
    /// Notes that `clause` was put to the test once, and the finding if it did not hold.
    pub fn test(&mut self, clause: impl Into<Cow<'static, str>> + AsRef<str>, finding: Option<Finding>) {
        self.tested(clause);
        // Most are none, which `extend` would carry about as if they were large.
        if let Some(finding) = finding {
            self.findings.push(finding);
        }
    }

    /// Notes that `clause` was put to the test once and held.
    pub fn tested(&mut self, clause: impl Into<Cow<'static, str>> + AsRef<str>) {
        self.tested.add(clause, 1);
    }

    /// Takes over another judgement.
    pub fn join(&mut self, other: Judgement) {
        self.tested.join(other.tested);
        self.findings.extend(other.findings);
        self.undecided.extend(other.undecided);
    }
}

/// Judges one step by what was recorded of it, which is the case's history from `first` on: its expectation, sameness, silence.
pub fn step(context: Context<'_>, case: &Arc<Case>, index: usize, history: &[Record], first: usize) -> Judgement {
    let records = &history[first..];
    let mut judgement = expectation::judge(context, case, index, history, first);
    judgement.join(same::judge(context, case, index, records, first));
    judgement.join(silence::judge(context, case, index, records, first));
    judgement
}

/// Judges every answer in a stretch of history by the rules that hold for all answers.
pub fn answers(context: Context<'_>, case: &Arc<Case>, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    for (offset, record) in records.iter().enumerate() {
        // Set-up and clean-up are never verdicts, throttling is none either, and silence takes two strikes.
        if !(record.is_attempt() || record.role == Role::Probe) {
            continue;
        }
        let Event::Exchange(exchange) = &record.event else { continue };
        let Reply::Answered(response) = &exchange.reply else { continue };
        let Some(seen) = record.seen() else { continue };
        if silence::is_silent(exchange) || (exchange.raw.is_none() && seen.is_throttled()) {
            continue;
        }
        let place = Place { case, record, index: first + offset };
        framing::judge(context, place, exchange, response, &mut judgement);
        if let Some(asked) = rpc_request(record, exchange, &seen) {
            answer::judge(context, place, &seen, &mut judgement);
            envelope::judge(context, place, &asked, &seen, &mut judgement);
        }
    }
    judgement
}

/// What was asked, where the clauses on RPC answers apply: not to HTTP's own refusals, nor to what is not judged, as is what
/// names no version (CONTRACT.md).
fn rpc_request<'a>(record: &Record, exchange: &'a Exchange, seen: &Seen<'_>) -> Option<Incoming<'a>> {
    let applies = record.is_rpc()
        && !Seen::is_http_refusal(seen.response.status)
        && !seen.response.body_cut
        && !asked::is_refused_unread(&exchange.request, seen);
    let asked = if applies { Incoming::parse(&exchange.request).ok()? } else { return None };
    asked.version().is_some().then_some(asked)
}

/// A record and where it stands, for findings.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The case.
    pub case: &'a Arc<Case>,
    /// The record.
    pub record: &'a Record,
    /// Its index in the case's history.
    pub index: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_for_all_answers_spare_what_is_no_verdict() {
        let case = sample::call("end/session/unknown", "session-not-found");
        let html = |status| sample::answer(status, "<html><br>");
        let record = |role, response| sample::sent(role, Reply::Answered(response));
        let large = |record| sample::with(record, |exchange| exchange.request.target.push_str(&"a".repeat(2048)));
        let unversioned = |record| {
            sample::with(record, |exchange| {
                exchange.request.target = exchange.request.target.replace("Version=", "Vorsion=");
            })
        };
        let throttled = || sample::refusal(503, "Throttling.User", "m");
        let v3 = || {
            let form = crate::wire::WireForm { scheme: crate::wire::Scheme::V3, ..sample::form() };
            sample::sent_in(form, Role::Judged, Reply::Answered(html(404)))
        };
        let undecodable =
            sample::with(record(Role::Judged, html(404)), |exchange| exchange.request.target.push_str("&x=%ff"));
        let rows: [(&str, Record, bool); 19] = [
            ("a page", record(Role::Judged, html(404)), true),
            ("a page to a probe", record(Role::Probe, html(404)), true),
            ("a page to a strike", record(Role::Strike, html(404)), true),
            ("a page to a set-up", record(Role::SetUp, html(404)), false),
            ("a page to a clean-up", record(Role::CleanUp, html(404)), false),
            ("a page of 500", record(Role::Judged, html(500)), true),
            ("a page of 502", record(Role::Judged, html(502)), false),
            ("a page of 504 to a probe", record(Role::Probe, html(504)), false),
            ("a page of 405", record(Role::Judged, html(405)), false),
            ("a page of 413", record(Role::Judged, html(413)), false),
            ("throttled probe", record(Role::Probe, throttled()), false),
            ("throttled strike", record(Role::Strike, throttled()), false),
            ("503 without throttling", record(Role::Probe, sample::refusal(503, "ServiceUnavailable", "m")), true),
            ("a page of 400 to a large one", large(record(Role::Judged, html(400))), false),
            ("a page of 404 to a large one", large(record(Role::Judged, html(404))), true),
            (
                "a bad envelope of 400 to a large one",
                large(record(Role::Judged, sample::refusal(400, "Oops", "m"))),
                true,
            ),
            ("a page to a call whose version is a header", v3(), true),
            ("a page to a call that cannot be decoded", undecodable, false),
            ("a page to a call without a version", unversioned(record(Role::Judged, html(404))), false),
        ];
        for (name, record, judged) in rows {
            let judgement = answers(sample::context(), &case, &[record], 0);
            assert_eq!(!judgement.findings.is_empty(), judged, "{name}: {judgement:?}");
        }
    }
}
