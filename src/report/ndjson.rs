//! The report as events, a JSON document a line: what began, cases as they end, and in full what the run came to.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::Report;
use super::escape;
use super::model::{FORMAT, Target};
use crate::case::baseline::Baseline;
use crate::check::CaseResult;

/// What is known before the first request.
#[derive(Debug, Clone, Serialize)]
pub struct Begun {
    /// Digest of the cases.
    pub suite: String,
    /// What is tested.
    pub target: Target,
    /// Revision of the documents.
    pub contract: String,
    /// Readings in force.
    pub readings: BTreeMap<String, String>,
    /// Seed of the run.
    pub seed: String,
    /// Whether SHOULD counts as MUST.
    pub strict: bool,
    /// When it began.
    pub started: String,
}

/// Findings that are known on the day of the run.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// They.
    pub baseline: Option<Arc<Baseline>>,
    /// The day, as `2026-01-31`, in UTC.
    pub today: String,
}

impl Known {
    fn names(&self, clause: &str, case: &str) -> bool {
        self.baseline.as_ref().is_some_and(|baseline| baseline.covers(clause, case, &self.today))
    }
}

/// The first event, `run`.
pub fn begun(begun: &Begun) -> Vec<u8> {
    let mut event = json!({ "event": "run", "format": FORMAT, "endspec": env!("CARGO_PKG_VERSION") });
    if let (Value::Object(event), Ok(Value::Object(members))) = (&mut event, serde_json::to_value(begun)) {
        event.extend(members);
    }
    line(&event)
}

/// A case that ended, `ended`: what it came to, before what is judged over the whole run.
///
/// Nothing in it was said by the target: which tokens are to be masked is known only when all cases have ended.
pub fn ended(result: &CaseResult, strict: bool, known: &Known) -> Vec<u8> {
    let findings = result.findings.iter().map(|finding| {
        let (at, _) = finding.place.source.line_column(finding.place.span.start);
        json!({
            "clause": finding.clause,
            "level": finding.level.name(),
            "known": known.names(&finding.clause, &result.case.id),
            "file": finding.place.source.name,
            "line": at,
        })
    });
    line(&json!({
        "event": "ended",
        "id": result.case.id,
        "verdict": result.verdict(strict).name(),
        "durationMs": u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
        "findings": findings.collect::<Vec<_>>(),
    }))
}

/// The events after the last case: every `case` and every `clause` in full, and `end` with the verdict.
pub fn rest(report: &Report) -> Vec<u8> {
    let mut events = Vec::new();
    let whole = serde_json::to_value(report).unwrap_or_else(|_| unreachable!("a report has string keys alone"));
    let Value::Object(mut whole) = whole else { unreachable!("a report is an object") };
    for (list, name) in [("cases", "case"), ("clauses", "clause")] {
        for member in whole.remove(list).as_mut().and_then(Value::as_array_mut).into_iter().flatten() {
            events.extend(line(&event(name, member.take())));
        }
    }
    events.extend(line(&event("end", Value::Object(whole))));
    events
}

fn event(name: &str, members: Value) -> Value {
    let mut event = json!({ "event": name });
    if let (Value::Object(event), Value::Object(members)) = (&mut event, members) {
        event.extend(members);
    }
    event
}

/// All events of a run that is over; when its cases ended is no longer known.
pub fn render(report: &Report) -> Vec<u8> {
    let mut events = begun(&Begun {
        suite: report.suite.clone(),
        target: report.target.clone(),
        contract: report.contract.clone(),
        readings: report.readings.clone(),
        seed: report.seed.clone(),
        strict: report.strict,
        started: report.started.clone(),
    });
    events.extend(rest(report));
    events
}

fn line(event: &Value) -> Vec<u8> {
    format!("{}\n", escape::json(&event.to_string())).into_bytes()
}
