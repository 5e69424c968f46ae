//! What the cases of a report come to: verdicts of clauses and of the run, what was excluded and what not tested. The same for
//! a run and for shards put together.

use std::collections::{BTreeMap, BTreeSet};

use super::build::is_left_out;
use super::model::{
    CUT_SHORT, Case, Clause, EXCUSED, EXPIRED, FIXED, Finding, NOT_RUN, Reason, Report, Totals, UNDECIDED, WHOLE,
};
use crate::check::Verdict;
use crate::contract::{Contract, Level};

/// How the reason of a case begins that goes with a capability which the target lacks.
pub(super) const EXCLUDED: &str = "excluded: ";

/// Clauses that are judged over a whole run, with the member of an answer that no other answer may have.
pub(super) const ACROSS_CASES: [(&str, &str); 3] =
    [("end/request-id/unique", "RequestId"), ("start/unique", "SessionId"), ("end/effect/id-not-reused", "SessionId")];

/// Fills in everything that follows from the cases and the baseline.
pub(super) fn judge(report: &mut Report, contract: &Contract) {
    report.clauses = clauses(contract, &report.cases);
    (report.excluded, report.not_tested) = gaps(&report.cases, &report.clauses);
    report.totals = totals(&report.cases);
    report.verdict = verdict(report).name().to_owned();
}

/// Has a run be one that was interrupted: it passes no more.
pub fn interrupt(report: &mut Report) {
    report.interrupted = true;
    report.verdict = verdict(report).name().to_owned();
}

/// Whether a finding at its level fails a run.
pub(super) fn fails(finding: &Finding, strict: bool) -> bool {
    finding.level == Level::Must.name() || (strict && finding.level == Level::Should.name())
}

fn totals(cases: &[Case]) -> Totals {
    let of = |verdict: Verdict| cases.iter().filter(|case| case.verdict == verdict.name()).count();
    Totals {
        pass: of(Verdict::Pass),
        fail: of(Verdict::Fail),
        inconclusive: of(Verdict::Inconclusive),
        skipped: of(Verdict::Skipped),
        known: cases.iter().flat_map(|case| &case.findings).filter(|finding| finding.known).count(),
    }
}

/// The run's verdict: worst wins, and a run that tested nothing or left something open is no pass.
fn verdict(report: &Report) -> Verdict {
    let mut findings = report.cases.iter().flat_map(|case| &case.findings);
    let stale = |state: &str| state == FIXED || state == EXPIRED;
    let mut entries = report.baseline.iter().flat_map(|baseline| &baseline.entries);
    if findings.any(|finding| !finding.known && fails(finding, report.strict)) || entries.any(|e| stale(&e.state)) {
        return Verdict::Fail;
    }
    let totals = &report.totals;
    let open = report.cases.iter().any(|case| case.course == UNDECIDED);
    let undecided = open || totals.inconclusive > 0 || !report.not_tested.is_empty() || report.interrupted;
    if undecided || totals.pass + totals.fail == 0 || !report.leaked.is_empty() {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

fn clauses(contract: &Contract, cases: &[Case]) -> Vec<Clause> {
    let mut listed: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    let mut broken: BTreeSet<&str> = BTreeSet::new();
    let mut judgements: BTreeMap<&str, usize> = BTreeMap::new();
    for case in cases {
        for clause in &case.clauses {
            listed.entry(clause).or_default().push(case);
        }
        broken.extend(case.findings.iter().map(|finding| finding.clause.as_str()));
        for (clause, count) in &case.tested {
            *judgements.entry(clause).or_default() += count;
        }
    }
    let in_scope = |id: &str| listed.contains_key(id) || broken.contains(id);
    let clauses = contract.clauses.iter().filter(|clause| in_scope(&clause.id));
    clauses
        .map(|clause| {
            let id = clause.id.as_str();
            let cases = listed.get(id).map_or(&[][..], Vec::as_slice);
            let verdict = if broken.contains(id) && clause.level > Level::May {
                Verdict::Fail
            } else {
                clause_verdict(id, cases)
            };
            Clause {
                id: clause.id.clone(),
                level: clause.level.name().to_owned(),
                sentence: clause.sentence.clone(),
                verdict: verdict.name().to_owned(),
                cases: cases.iter().map(|case| case.id.clone()).collect(),
                judgements: judgements.get(id).copied().unwrap_or(0),
            }
        })
        .collect()
}

/// The verdict of a clause that nothing broke: pass when a case put it to the test and none that lists it was cut short by
/// what could not be decided.
fn clause_verdict(clause: &str, cases: &[&Case]) -> Verdict {
    let tested = cases.iter().any(|case| case.tested.contains_key(clause));
    let open = cases.iter().any(|case| case.course == UNDECIDED);
    let excused = |case: &&Case| {
        case.verdict == Verdict::Skipped.name() || case.course == EXCUSED || known_end(case, clause).is_some()
    };
    if open || (!tested && !cases.iter().all(excused)) {
        Verdict::Inconclusive
    } else if tested {
        Verdict::Pass
    } else {
        Verdict::Skipped
    }
}

/// The known finding that kept a case from putting a clause to the test, by ending it or by taking the place of the answer,
/// where nothing else did.
fn known_end<'a>(case: &'a Case, clause: &str) -> Option<&'a Finding> {
    let first = end(case, clause)?;
    let mut ending = case.findings.iter().filter(|finding| finding.level == Level::Must.name());
    ending.all(|finding| finding.known).then_some(first)
}

/// The finding that kept a case from putting a clause to the test.
fn end<'a>(case: &'a Case, clause: &str) -> Option<&'a Finding> {
    let ended = case.course == CUT_SHORT || case.course == WHOLE;
    let missed = ended && !case.tested.contains_key(clause);
    case.findings.iter().find(|finding| missed && finding.level == Level::Must.name())
}

/// Clauses excluded, and clauses neither tested nor excluded, each with its reason.
fn gaps(cases: &[Case], clauses: &[Clause]) -> (Vec<Reason>, Vec<Reason>) {
    let mut excluded = Vec::new();
    let mut not_tested = Vec::new();
    for clause in clauses {
        let mut listing = cases.iter().filter(|case| case.clauses.contains(&clause.id));
        let reason = |reason: Option<String>, without: &str| Reason {
            clause: clause.id.clone(),
            reason: reason.unwrap_or_else(|| without.to_owned()),
        };
        match clause.verdict.as_str() {
            "skipped" => excluded
                .push(reason(listing.find_map(|case| excuse(case, &clause.id)), "the target lacks what it needs")),
            "inconclusive" => {
                not_tested.push(reason(listing.find_map(|case| why(case, &clause.id)), "nothing put it to the test"))
            }
            _ => {}
        }
    }
    (excluded, not_tested)
}

fn excuse(case: &Case, clause: &str) -> Option<String> {
    let declared = case.reasons.iter().find_map(|reason| reason.strip_prefix(EXCLUDED)).map(str::to_owned);
    let answer =
        || case.reasons.iter().find(|_| case.course == EXCUSED).map(|reason| format!("{reason}, which is known"));
    let finding = || known_end(case, clause).map(|finding| format!("a known {}", kept(finding, case)));
    declared.filter(|_| case.verdict == Verdict::Skipped.name()).or_else(answer).or_else(finding)
}

/// How a finding keeps a case from putting a clause to the test.
fn kept(finding: &Finding, case: &Case) -> String {
    let verb = if case.course == CUT_SHORT { "ends" } else { "takes the place of the answer that would tell, in" };
    let before = if case.course == CUT_SHORT { " before it" } else { "" };
    format!("finding of {} {verb} {}{before}", finding.clause, case.id)
}

/// Why a case decided nothing, or not all.
fn why(case: &Case, clause: &str) -> Option<String> {
    let told = case.course == UNDECIDED || (case.course == NOT_RUN && case.verdict == "inconclusive");
    let reason = case.reasons.iter().find(|reason| told && !is_left_out(reason)).cloned();
    reason.or_else(|| end(case, clause).map(|finding| format!("a {}", kept(finding, case))))
}
