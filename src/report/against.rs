//! Two targets under the same cases: which clauses both hold, both break, one alone breaks, or both answer differently.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Report;
use super::model::{Clause, Finding, Target, Totals};
use crate::check::followed::{self, Followed};
use crate::check::{CaseResult, Context};
use crate::contract::{Contract, Readings};

/// The other target of a run, and how it compares; the first is the report's own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Against {
    /// Which it is.
    pub target: Target,
    /// What its own report would say.
    pub verdict: String,
    /// Its cases by verdict.
    pub totals: Totals,
    /// Requests sent to it.
    pub exchanges: usize,
    /// Sessions of it that could not be ended.
    pub leaked: Vec<String>,
    /// Clauses in scope of either, in the order of the contract.
    pub clauses: Vec<Compared>,
    /// Values of readings that the two were seen to follow, by reading.
    pub followed: Vec<Values>,
}

/// One clause under both.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// Its id.
    pub id: String,
    /// `MUST`, `SHOULD`, `MAY`.
    pub level: String,
    /// `both-hold`, `both-break`, `target-breaks`, `other-breaks`, `differ` or `not-compared`.
    pub result: String,
    /// The target's verdict on it; empty where it is not in its scope.
    pub target: String,
    /// The other's.
    pub other: String,
    /// Why it is not compared, or what the one that breaks it did.
    pub why: Option<String>,
    /// How to see again what the one that breaks it did.
    pub again: Option<String>,
    /// Different permitted answers to one request.
    pub differences: Vec<Difference>,
}

/// Two permitted answers to one request, and how many more requests got the same two.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The case of the first such request.
    pub case: String,
    /// Which of its requests that is.
    pub request: String,
    /// The target's answer, and the value of a reading that it follows: `400 MissingParameter (empty-parameter=missing)`.
    pub target: String,
    /// The other's.
    pub other: String,
    /// How many requests got these two.
    pub times: usize,
}

/// Values of one reading that the two follow; several where not all requests were answered alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Values {
    /// The reading.
    pub reading: String,
    /// What the target follows.
    pub target: Vec<String>,
    /// What the other follows.
    pub other: Vec<String>,
}

impl Against {
    /// Whether the other was held to all that the target was, and left nothing open; else a pass of the run says less than
    /// was asked. What either is declared to lack is not asked.
    pub fn is_complete(&self) -> bool {
        // What a broken clause has left open is told with it.
        let unsettled = self.verdict == INCONCLUSIVE;
        let open = |clause: &Compared| unsettled && clause.target != INCONCLUSIVE && clause.other == INCONCLUSIVE;
        self.leaked.is_empty()
            && !self.clauses.iter().any(open)
            && self.clauses.iter().any(|clause| clause.result != "not-compared")
    }

    /// Clauses of a result.
    pub fn of(&self, result: &str) -> impl Iterator<Item = &Compared> {
        self.clauses.iter().filter(move |clause| clause.result == result)
    }
}

/// The verdict on a clause that was not decided.
const INCONCLUSIVE: &str = "inconclusive";

/// One side of a comparison.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Its report.
    pub report: &'a Report,
    /// What it was built from.
    pub results: &'a [CaseResult],
    /// The readings that it was judged by.
    pub readings: &'a Readings,
}

/// Compares two runs of the same cases with one seed.
pub fn against(contract: &Contract, target: Side<'_>, other: Side<'_>) -> Against {
    let answers = [seen(contract, target), seen(contract, other)];
    let clauses = contract.clauses.iter().filter_map(|clause| {
        let clauses = [target, other].map(|side| side.report.clauses.iter().find(|own| own.id == clause.id));
        let known = clauses[0].or(clauses[1])?;
        Some(compared(known, [target, other].map(|side| verdict(side, &clause.id)), [target, other], &answers))
    });
    Against {
        target: other.report.target.clone(),
        verdict: other.report.verdict.clone(),
        totals: other.report.totals,
        exchanges: other.report.exchanges,
        leaked: other.report.leaked.clone(),
        clauses: clauses.collect(),
        followed: values(&answers),
    }
}

/// What a side was seen to answer, by case and request.
type Answers = BTreeMap<(String, String), Followed>;

fn seen(contract: &Contract, side: Side<'_>) -> Answers {
    let context = Context { contract, readings: side.readings };
    let all = side.results.iter().flat_map(|result| {
        let case = result.case.id.clone();
        followed::of_case(context, result).into_iter().map(move |seen| ((case.clone(), seen.request.clone()), seen))
    });
    all.collect()
}

fn values(answers: &[Answers; 2]) -> Vec<Values> {
    let mut values: BTreeMap<&str, [BTreeSet<&str>; 2]> = BTreeMap::new();
    for (side, answers) in answers.iter().enumerate() {
        for (reading, value) in answers.values().filter_map(|seen| seen.reading.as_ref()) {
            values.entry(reading).or_default()[side].insert(value);
        }
    }
    let owned = |set: &BTreeSet<&str>| set.iter().map(|value| (*value).to_owned()).collect();
    let all = values.into_iter();
    all.map(|(reading, [target, other])| Values {
        reading: reading.to_owned(),
        target: owned(&target),
        other: owned(&other),
    })
    .collect()
}

/// The verdict on a clause. One that no case lists is in scope where it is broken; where it is not, it was put to the test
/// by the same answers all the same.
fn verdict<'a>(side: Side<'a>, clause: &str) -> &'a str {
    let own = side.report.clauses.iter().find(|own| own.id == clause).map(|own| own.verdict.as_str());
    let tested = || side.results.iter().any(|result| result.tested.contains(clause));
    own.unwrap_or_else(|| if tested() { "pass" } else { "" })
}

fn compared(known: &Clause, verdicts: [&str; 2], sides: [Side<'_>; 2], answers: &[Answers; 2]) -> Compared {
    // An observation breaks nothing, and differs where only one of the two shows it.
    let observed = sides.map(|side| finding(side.report, &known.id).is_some());
    let mut differences = Vec::new();
    let (result, of) = match verdicts {
        ["fail", "fail"] => ("both-break", None),
        ["fail", "pass"] => ("target-breaks", Some(0)),
        ["pass", "fail"] => ("other-breaks", Some(1)),
        ["pass", "pass"] => {
            differences = differ(&known.id, answers);
            let differs = !differences.is_empty() || observed[0] != observed[1];
            (
                if differs { "differ" } else { "both-hold" },
                (observed[0] != observed[1]).then(|| usize::from(observed[1])),
            )
        }
        _ => ("not-compared", None),
    };
    let shown = of.and_then(|side| Some((side, finding(sides[side].report, &known.id)?)));
    let why = match (result, shown) {
        ("not-compared", _) => Some(gaps(&known.id, verdicts, sides)),
        (_, Some((side, found))) => Some(format!("{} in {}: {}", WHO[side], found.case, found.words())),
        _ => None,
    };
    Compared {
        id: known.id.clone(),
        level: known.level.clone(),
        result: result.to_owned(),
        target: verdicts[0].to_owned(),
        other: verdicts[1].to_owned(),
        why,
        again: shown.map(|(_, found)| found.finding.again.clone()),
        differences,
    }
}

const WHO: [&str; 2] = ["the target", "the other"];

/// A finding and its case.
#[derive(Clone, Copy)]
struct Found<'a> {
    case: &'a str,
    finding: &'a Finding,
}

impl Found<'_> {
    /// What was wrong, and the declaration that would permit it.
    fn words(&self) -> String {
        let reading = self.finding.notes.iter().find(|(name, text)| name == "reading" && text.contains("`--reading "));
        let message = &self.finding.message;
        reading.map_or_else(|| message.clone(), |(_, reading)| format!("{message} ({reading})"))
    }
}

/// The first finding of a clause.
fn finding<'a>(report: &'a Report, clause: &str) -> Option<Found<'a>> {
    let all = report.cases.iter().flat_map(|case| case.findings.iter().map(move |finding| (case, finding)));
    let mut of = all.filter(|(_, finding)| finding.clause == clause);
    of.next().map(|(case, finding)| Found { case: &case.id, finding })
}

/// Why a clause is not compared: what keeps each of the two from a verdict on it.
fn gaps(clause: &str, verdicts: [&str; 2], sides: [Side<'_>; 2]) -> String {
    let mut words = Vec::new();
    for (side, verdict) in verdicts.into_iter().enumerate().filter(|(_, verdict)| !matches!(*verdict, "pass" | "fail"))
    {
        let report = sides[side].report;
        let reasons = report.excluded.iter().chain(&report.not_tested);
        let reason = reasons.filter(|gap| gap.clause == clause).map(|gap| gap.reason.as_str()).next();
        let reason = reason.unwrap_or(if verdict.is_empty() { "it is not in scope" } else { "it is undecided" });
        words.push((WHO[side], reason));
    }
    match words.as_slice() {
        [(_, reason), (_, same)] if reason == same => format!("either: {reason}"),
        _ => words.iter().map(|(who, reason)| format!("{who}: {reason}")).collect::<Vec<_>>().join("; "),
    }
}

/// Requests of a clause that both answered as permitted, and differently: each pair of answers once.
fn differ(clause: &str, [target, other]: &[Answers; 2]) -> Vec<Difference> {
    let pairs = target.iter().filter_map(|(key, seen)| Some((key, seen, other.get(key)?)));
    let of = pairs.filter(|(_, seen, theirs)| seen.clause == clause && theirs.clause == clause);
    let mut differences: Vec<Difference> = Vec::new();
    for ((case, request), seen, theirs) in of.filter(|(_, seen, theirs)| seen.answer != theirs.answer) {
        let (target, other) = (words(seen), words(theirs));
        match differences.iter_mut().find(|known| known.target == target && known.other == other) {
            Some(known) => known.times += 1,
            None => {
                differences.push(Difference { case: case.clone(), request: request.clone(), target, other, times: 1 })
            }
        }
    }
    differences
}

fn words(seen: &Followed) -> String {
    match &seen.reading {
        Some((reading, value)) => format!("{} ({reading}={value})", seen.answer),
        None => seen.answer.clone(),
    }
}
