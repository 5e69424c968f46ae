//! How findings and entries of a baseline stand to each other, in the five words of every format: known, new, fixed, expired,
//! not observed.

use super::model::{Case, Clause, EXPIRED, Entry, FIXED, Finding, KNOWN, NOT_OBSERVED, Report, UNDECIDED};
use super::scope;
use super::telling::{Gap, by_reason};

/// A finding that fails and that no entry names.
pub(super) const NEW: &str = "new";

/// What a case comes to in formats that have no verdict for what is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Everything held.
    Pass,
    /// A finding fails the run.
    Fail,
    /// Something is undecided, and nothing fails the run.
    Undecided,
    /// It did not run, for a declared reason.
    Skipped,
    /// It failed, but with findings that are all known.
    Known,
}

/// What a case comes to.
pub(super) fn outcome(report: &Report, case: &Case) -> Outcome {
    match case.verdict.as_str() {
        "pass" => Outcome::Pass,
        "skipped" => Outcome::Skipped,
        "fail" if case.findings.iter().any(|finding| super::telling::fails(report, finding)) => Outcome::Fail,
        "fail" if case.course != UNDECIDED => Outcome::Known,
        _ => Outcome::Undecided,
    }
}

/// How many cases come to that.
pub(super) fn cases(report: &Report, of: Outcome) -> usize {
    report.cases.iter().filter(|case| outcome(report, case) == of).count()
}

/// Whether a clause is broken in ways alone that are known.
pub(super) fn is_known(report: &Report, clause: &Clause) -> bool {
    let findings = report.cases.iter().flat_map(|case| &case.findings);
    let mut of = findings.filter(|finding| finding.clause == clause.id).peekable();
    clause.verdict == "fail" && of.peek().is_some() && of.all(|finding| finding.known)
}

/// Broken clauses of a level, those left out of which all is known.
pub(super) fn broken<'a>(report: &'a Report, level: &str) -> Vec<&'a str> {
    let broken = report.clauses.iter().filter(|clause| clause.verdict == "fail" && clause.level == level);
    broken.filter(|clause| !is_known(report, clause)).map(|clause| clause.id.as_str()).collect()
}

/// Clauses of which all that is broken is known.
pub(super) fn known(report: &Report) -> Vec<&str> {
    report.clauses.iter().filter(|clause| is_known(report, clause)).map(|clause| clause.id.as_str()).collect()
}

/// Entries that fail the run.
pub(super) fn stale(report: &Report) -> usize {
    entries(report).filter(|entry| entry.state == FIXED || entry.state == EXPIRED).count()
}

fn entries(report: &Report) -> impl Iterator<Item = &Entry> {
    report.baseline.iter().flat_map(|baseline| &baseline.entries)
}

/// How a finding stands to the baseline: known, new, or named by an entry that has expired. Without a baseline, and of what
/// would fail no run, there is no word.
pub(super) fn standing(report: &Report, case: &Case, finding: &Finding) -> Option<&'static str> {
    report.baseline.as_ref()?;
    if finding.known {
        return Some(KNOWN);
    }
    let named = entry(report, case, finding).is_some_and(|entry| entry.state == EXPIRED);
    scope::fails(finding, report.strict).then_some(if named { EXPIRED } else { NEW })
}

fn entry<'a>(report: &'a Report, case: &Case, finding: &Finding) -> Option<&'a Entry> {
    entries(report).find(|entry| entry.clause == finding.clause && entry.case == case.id)
}

/// The word, and what the baseline says of it.
pub(super) fn words(report: &Report, case: &Case, finding: &Finding) -> Option<String> {
    let word = standing(report, case, finding)?;
    Some(match entry(report, case, finding) {
        Some(entry) => format!("{word}: {}", reason(entry)),
        None => format!("{word}: no entry names it"),
    })
}

/// Why an entry is accepted, where it is followed up, and until when.
fn reason(entry: &Entry) -> String {
    let ticket = entry.ticket.iter().map(|ticket| format!("; {ticket}"));
    let until = entry.expires.iter().map(|day| format!("; until {day}"));
    [entry.reason.clone()].into_iter().chain(ticket).chain(until).collect()
}

/// Reasons of the entries that name findings of a case.
pub(super) fn accepted(report: &Report, case: &Case) -> String {
    let mut reasons: Vec<String> =
        entries(report).filter(|entry| entry.case == case.id && entry.state == KNOWN).map(reason).collect();
    reasons.dedup();
    reasons.join("; ")
}

/// How many of each of the five there are, of a report that was held to a baseline.
pub(super) fn counts(report: &Report) -> Option<String> {
    let baseline = report.baseline.as_ref()?;
    let findings = report.cases.iter().flat_map(|case| case.findings.iter().map(move |finding| (case, finding)));
    let new = findings.filter(|(case, finding)| standing(report, case, finding) == Some(NEW)).count();
    let of = |state: &str| entries(report).filter(|entry| entry.state == state).count();
    Some(format!(
        "{} known, {new} new, {} fixed, {} expired, {} not observed ({})",
        report.totals.known,
        of(FIXED),
        of(EXPIRED),
        of(NOT_OBSERVED),
        baseline.file
    ))
}

/// Entries that void a verdict, fixed and expired ones, or those that narrow it.
pub(super) fn gaps(report: &Report, voids: bool) -> impl Iterator<Item = Gap<'_>> {
    let file = report.baseline.as_ref().map_or("", |baseline| baseline.file.as_str());
    let states: &[&'static str] = if voids { &[FIXED, EXPIRED] } else { &[KNOWN, NOT_OBSERVED] };
    states.iter().flat_map(move |state| {
        let of = entries(report).filter(move |entry| entry.state == *state);
        let told = of.map(move |entry| (why(entry, file), format!("{} in {}", entry.clause, entry.case)));
        by_reason(state, voids, told)
    })
}

fn why(entry: &Entry, file: &str) -> String {
    match entry.state.as_str() {
        KNOWN => reason(entry),
        FIXED => format!("{}, so take it out: `endspec report REPORT.json --prune {file}`", entry.why),
        EXPIRED => format!("{}: mend it, or set another day in line {} of {file}", entry.why, entry.line),
        _ => entry.why.clone(),
    }
}
