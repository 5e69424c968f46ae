//! What changed between two runs: per clause and case what broke, was mended, is new, is gone, or changed otherwise.

mod render;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::model::{Case, Finding, Report, WHOLE};
use super::scope;
pub use render::{json, markdown, text};

/// Version of the comparison's shape.
pub const FORMAT: u32 = 1;

/// A comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diff {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of endspec.
    pub endspec: String,
    /// The older run.
    pub old: Run,
    /// The newer run.
    pub new: Run,
    /// What else differs between the runs, so that not every change is the target's.
    pub differs: Vec<String>,
    /// Whether something broke that would fail a run.
    pub broke: bool,
    /// Clauses that changed, in the order of the contract.
    pub clauses: Vec<Clause>,
    /// Cases that changed, in the order of their ids.
    pub cases: Vec<CaseChange>,
    /// What is the same on both sides.
    pub same: Same,
}

/// One of the two runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Run {
    /// The file of its report.
    pub file: String,
    /// The URL of its target.
    pub target: String,
    /// When it began.
    pub started: String,
    /// Its verdict.
    pub verdict: String,
}

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Change {
    /// It fails, and did not.
    Broke,
    /// It failed, and no longer does.
    Mended,
    /// It is in the newer run alone, and does not fail.
    New,
    /// It is in the older run alone.
    Gone,
    /// It is another, and neither of these.
    Changed,
}

impl Change {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Change::Broke => "broke",
            Change::Mended => "mended",
            Change::New => "new",
            Change::Gone => "gone",
            Change::Changed => "changed",
        }
    }

    /// All, the worst first.
    pub const ALL: [Change; 5] = [Change::Broke, Change::Mended, Change::New, Change::Gone, Change::Changed];

    /// What the verdicts of both sides make; `None` where they are the same.
    fn of(old: Option<&str>, new: Option<&str>) -> Option<Change> {
        match (old, new) {
            (old, new) if old == new => None,
            (_, Some("fail")) => Some(Change::Broke),
            (None, _) => Some(Change::New),
            (_, None) => Some(Change::Gone),
            (Some("fail"), Some("pass")) => Some(Change::Mended),
            _ => Some(Change::Changed),
        }
    }
}

/// A clause that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its id.
    pub id: String,
    /// Its level.
    pub level: String,
    /// How.
    pub change: Change,
    /// Its verdict in the older run.
    pub old: Option<String>,
    /// Its verdict in the newer run.
    pub new: Option<String>,
}

/// A case that changed, in its verdict or in what was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CaseChange {
    /// Its id.
    pub id: String,
    /// How.
    pub change: Change,
    /// Its verdict in the older run.
    pub old: Option<String>,
    /// Its verdict in the newer run.
    pub new: Option<String>,
    /// What was found otherwise than before.
    pub findings: Vec<FindingChange>,
    /// Why the newer run did not decide it.
    pub reasons: Vec<String>,
}

/// Findings of one clause in one case that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FindingChange {
    /// The clause.
    pub clause: String,
    /// Its level.
    pub level: String,
    /// How; `gone` where the newer run did not decide it.
    pub change: Change,
    /// What came in the older run.
    pub old: Vec<String>,
    /// What came in the newer run.
    pub new: Vec<String>,
    /// Whether a baseline of the newer run names it.
    pub known: bool,
}

/// How much is the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Same {
    /// Clauses of one verdict.
    pub clauses: usize,
    /// Cases of one verdict and the same findings.
    pub cases: usize,
    /// Clauses and cases with the same findings on both sides.
    pub findings: usize,
}

/// Compares two reports, each under the name of its file.
pub fn diff(old: (&str, &Report), new: (&str, &Report)) -> Diff {
    let mut same = Same::default();
    let clauses = clauses(old.1, new.1, &mut same);
    let cases = cases(old.1, new.1, &mut same);
    let fails = |finding: &FindingChange| {
        let level = finding.level == "MUST" || (new.1.strict && finding.level == "SHOULD");
        finding.change == Change::Broke && level && !finding.known
    };
    Diff {
        format: FORMAT,
        endspec: env!("CARGO_PKG_VERSION").to_owned(),
        old: run(old),
        new: run(new),
        differs: differs(old.1, new.1),
        broke: cases.iter().flat_map(|case| &case.findings).any(fails),
        clauses,
        cases,
        same,
    }
}

fn run((file, report): (&str, &Report)) -> Run {
    Run {
        file: file.to_owned(),
        target: report.target.url.clone(),
        started: report.started.clone(),
        verdict: report.verdict.clone(),
    }
}

fn differs(old: &Report, new: &Report) -> Vec<String> {
    let readings = |report: &Report| -> String {
        report.readings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
    };
    let digest = |report: &Report| report.suite.chars().take(12).collect::<String>();
    let some = |words: &str| if words.is_empty() { "none".to_owned() } else { words.to_owned() };
    let rows = [
        ("endspec", old.endspec.clone(), new.endspec.clone()),
        ("cases", digest(old), digest(new)),
        ("contract", old.contract.clone(), new.contract.clone()),
        ("readings", readings(old), readings(new)),
        ("without", some(&old.without.join(",")), some(&new.without.join(","))),
        ("seed", old.seed.clone(), new.seed.clone()),
        ("strict", old.strict.to_string(), new.strict.to_string()),
        ("shard", some(old.shard.as_deref().unwrap_or("")), some(new.shard.as_deref().unwrap_or(""))),
    ];
    rows.into_iter()
        .filter(|(_, old, new)| old != new)
        .map(|(what, old, new)| format!("{what}: {old} -> {new}"))
        .collect()
}

fn clauses(old: &Report, new: &Report, same: &mut Same) -> Vec<Clause> {
    let find = |report: &'_ Report, id: &str| report.clauses.iter().position(|clause| clause.id == id);
    let only_old = old.clauses.iter().filter(|clause| find(new, &clause.id).is_none());
    let mut changes = Vec::new();
    for clause in new.clauses.iter().chain(only_old) {
        let verdict = |report: &Report| find(report, &clause.id).map(|at| report.clauses[at].verdict.clone());
        let (before, now) = (verdict(old), verdict(new));
        match Change::of(before.as_deref(), now.as_deref()) {
            None => same.clauses += 1,
            Some(change) => changes.push(Clause {
                id: clause.id.clone(),
                level: clause.level.clone(),
                change,
                old: before,
                new: now,
            }),
        }
    }
    changes
}

fn cases(old: &Report, new: &Report, same: &mut Same) -> Vec<CaseChange> {
    let mut both: BTreeMap<&str, (Option<&Case>, Option<&Case>)> = BTreeMap::new();
    for case in &old.cases {
        both.entry(&case.id).or_default().0 = Some(case);
    }
    for case in &new.cases {
        both.entry(&case.id).or_default().1 = Some(case);
    }
    let mut changes = Vec::new();
    for (id, (before, now)) in both {
        let findings = findings(before, now, same);
        let verdict = |case: Option<&Case>| case.map(|case| case.verdict.clone());
        let (was, is) = (verdict(before), verdict(now));
        let change = Change::of(was.as_deref(), is.as_deref());
        // The same verdict of other findings: the worst that became of one of them.
        let Some(change) = change.or_else(|| findings.iter().map(|finding| finding.change).min()) else {
            same.cases += 1;
            continue;
        };
        let undecided = now.filter(|case| case.verdict == "inconclusive");
        let reasons = undecided.map(|case| case.reasons.clone()).unwrap_or_default();
        changes.push(CaseChange { id: id.to_owned(), change, old: was, new: is, findings, reasons });
    }
    changes
}

/// Findings of each clause on both sides; those that only observe are no breaches.
fn findings(before: Option<&Case>, now: Option<&Case>, same: &mut Same) -> Vec<FindingChange> {
    let mut both: BTreeMap<&str, [Vec<&Finding>; 2]> = BTreeMap::new();
    for (side, case) in [before, now].into_iter().enumerate() {
        for finding in case.iter().flat_map(|case| &case.findings).filter(|finding| scope::fails(finding, true)) {
            both.entry(&finding.clause).or_default()[side].push(finding);
        }
    }
    let mut changes = Vec::new();
    for (clause, [old, new]) in both {
        let came = |side: &[&Finding]| {
            let mut actual: Vec<String> = side.iter().map(|finding| finding.actual.clone()).collect();
            actual.sort_unstable();
            actual.dedup();
            actual
        };
        let (was, is) = (came(&old), came(&new));
        let change = match (was.is_empty(), is.is_empty()) {
            _ if was == is => {
                same.findings += 1;
                continue;
            }
            (true, _) => Change::Broke,
            (_, true) if decided(now, clause) => Change::Mended,
            (_, true) => Change::Gone,
            _ => Change::Changed,
        };
        changes.push(FindingChange {
            clause: clause.to_owned(),
            level: old.iter().chain(&new).map(|finding| finding.level.clone()).next().unwrap_or_default(),
            change,
            old: was,
            new: is,
            known: !new.is_empty() && new.iter().all(|finding| finding.known),
        });
    }
    changes
}

/// Whether the newer run put the clause to the test to the end of the case.
fn decided(case: Option<&Case>, clause: &str) -> bool {
    case.is_some_and(|case| case.course == WHOLE && case.tested.contains_key(clause))
}
