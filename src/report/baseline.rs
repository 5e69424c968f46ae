//! The baseline of a run: which findings are known, and what became of its entries.

use std::collections::BTreeSet;

use super::build::is_left_out;
use super::model::{self, Case, EXCUSED, EXPIRED, FIXED, KNOWN, NOT_OBSERVED, Report, UNDECIDED, WHOLE};
use super::scope::{ACROSS_CASES, fails};
use crate::case::baseline::{Baseline, Entry};
use crate::check::Verdict;
use crate::check::result::HOWEVER;
use crate::contract::{Contract, Level};
use crate::diagnostic::did_you_mean;
use crate::source::{Source, Span};

/// Holds a report to a baseline, in the place of the one that it was held to before: marks what is known, says what became of
/// each entry, and judges anew. `today` is a day as `2026-01-31`, in UTC.
pub fn hold(report: &mut Report, baseline: &Baseline, today: &str, contract: &Contract) {
    mark(report, baseline, today);
    super::scope::judge(report, contract);
}

/// As [`hold`], of a report that is not judged yet.
pub(super) fn mark(report: &mut Report, baseline: &Baseline, today: &str) {
    for case in &mut report.cases {
        for finding in &mut case.findings {
            finding.known = baseline.covers(&finding.clause, &case.id, today);
        }
    }
    excuse(report);
    let entries = baseline.entries.iter().map(|entry| {
        let (state, why) = state(report, entry, today);
        let (line, _) = baseline.source.line_column(entry.span.start);
        model::Entry {
            clause: entry.clause.clone(),
            case: entry.case.clone(),
            reason: entry.reason.clone(),
            ticket: entry.ticket.clone(),
            expires: entry.expires.clone(),
            line,
            state: state.to_owned(),
            why,
        }
    });
    report.baseline = Some(model::Baseline { file: baseline.source.name.clone(), entries: entries.collect() });
}

/// An answer that is wrong in every form of a call leaves the clauses on those forms undecided; where it is known, that is
/// too. Only what came is compared: whatever else could not be decided stays so.
fn excuse(report: &mut Report) {
    let findings = report.cases.iter().flat_map(|case| &case.findings);
    // Of a part that somebody chose it is not known whether the case ran that tells whether all of such answers are known.
    let whole = !report.selected;
    let known = findings.filter(|finding| whole && finding.known && finding.level == Level::Must.name());
    let answers: BTreeSet<String> = known.map(|finding| finding.actual.clone()).collect();
    let strict = report.strict;
    for case in report.cases.iter_mut().filter(|case| [UNDECIDED, EXCUSED].contains(&case.course.as_str())) {
        let mut why = case.reasons.iter().filter(|reason| !is_left_out(reason)).peekable();
        let is_known = |reason: &String| {
            let answer = reason.strip_suffix(HOWEVER).and_then(|reason| reason.rsplit_once(": "));
            answer.is_some_and(|(_, answer)| answers.contains(answer))
        };
        let excused = why.peek().is_some() && why.all(is_known);
        case.course = if excused { EXCUSED } else { UNDECIDED }.to_owned();
        if !case.findings.iter().any(|finding| fails(finding, strict)) {
            case.verdict = if excused { Verdict::Skipped } else { Verdict::Inconclusive }.name().to_owned();
        }
    }
}

/// What became of an entry, and why. Of a case that this run does not have, nothing is said but that.
fn state(report: &Report, entry: &Entry, today: &str) -> (&'static str, String) {
    let Some(case) = report.cases.iter().find(|case| case.id == entry.case) else {
        return (NOT_OBSERVED, absent(report, entry));
    };
    let found = case.findings.iter().any(|finding| finding.clause == entry.clause);
    if let Some(day) = entry.expires.as_deref().filter(|_| entry.has_expired(today)) {
        let still = if found { "and it still fails" } else { "and it did not fail in this run" };
        return (EXPIRED, format!("accepted until {day}, {still}"));
    }
    if found {
        return (KNOWN, String::new());
    }
    match undecided(report, case, &entry.clause) {
        Some(why) => (NOT_OBSERVED, why),
        None => (FIXED, "it no longer fails".to_owned()),
    }
}

/// Whether the finding of an entry did not come in this run, although it could have.
pub fn no_longer_fails(report: &Report, entry: &Entry) -> bool {
    let case = report.cases.iter().find(|case| case.id == entry.case);
    case.is_some_and(|case| {
        let found = case.findings.iter().any(|finding| finding.clause == entry.clause);
        !found && undecided(report, case, &entry.clause).is_none()
    })
}

/// Cases and clauses of the findings that would fail the run without any baseline, each pair once.
pub fn failing(report: &Report) -> BTreeSet<(String, String)> {
    let findings = report.cases.iter().flat_map(|case| case.findings.iter().map(move |finding| (case, finding)));
    let failing = findings.filter(|(_, finding)| fails(finding, report.strict));
    failing.map(|(case, finding)| (case.id.clone(), finding.clause.clone())).collect()
}

fn absent(report: &Report, entry: &Entry) -> String {
    if report.elsewhere.iter().any(|other| other.id == entry.case) {
        return "another shard runs the case".to_owned();
    }
    let near = did_you_mean(&entry.case, report.cases.iter().map(|case| case.id.as_str()));
    match near {
        Some(near) if !report.selected => format!("this run has no such case: is `{near}` meant?"),
        _ => "this run does not have the case".to_owned(),
    }
}

/// Why that a finding did not come says nothing.
fn undecided(report: &Report, case: &Case, clause: &str) -> Option<String> {
    let part = report.selected || report.shards.is_some() || !report.elsewhere.is_empty();
    if part && ACROSS_CASES.iter().any(|(across, _)| *across == clause) {
        return Some("it is judged over a whole run, and this is a part".to_owned());
    }
    match case.course.as_str() {
        WHOLE if case.tested.contains_key(clause) => None,
        WHOLE => Some("nothing put it to the test in this run".to_owned()),
        model::CUT_SHORT => Some("another finding ends the case before its end".to_owned()),
        UNDECIDED | EXCUSED => Some("the case could not be decided".to_owned()),
        _ => Some(format!("the case did not run: {}", case.reasons.join("; "))),
    }
}

/// The baseline that a report was held to, as far as the report tells it.
pub(super) fn saved(baseline: &model::Baseline) -> Baseline {
    let entries = baseline.entries.iter().map(|entry| Entry {
        clause: entry.clause.clone(),
        case: entry.case.clone(),
        reason: entry.reason.clone(),
        ticket: entry.ticket.clone(),
        expires: entry.expires.clone(),
        span: Span::default(),
    });
    Baseline {
        source: Source::new(baseline.file.clone(), ""),
        entries: entries.collect(),
        key: Span::default(),
        list: Span::default(),
    }
}
