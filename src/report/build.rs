//! Building a report from the results of a run: cases, their findings, and what all of them come to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::exchange::{curl, exchange};
use super::model::{
    CUT_SHORT, Case, Elsewhere, FORMAT, Finding, NOT_RUN, Place, Report, Target, Totals, UNDECIDED, WHOLE, Weather,
};
use super::scope::{self, EXCLUDED};
use super::{again, baseline, before, hint, mask};
use crate::case::Shard;
use crate::case::baseline::Baseline;
use crate::check::result::CAREFUL;
use crate::check::seen::printable;
use crate::check::{self, CaseResult, Record, Seen, Skip, Verdict};
use crate::contract::{Contract, Readings};
use crate::limits;

/// How the reason for values that were not sent begins; it decides nothing.
pub(super) const LEFT_OUT: &str = "not sent, since they may be the ids of sessions that are not the case's own:";
/// How it begins where the target is spared them.
const SPARED: &str = "not sent, since a public target is spared them (`--thorough` sends them):";

/// Whether a reason tells of values that were not sent.
pub(super) fn is_left_out(reason: &str) -> bool {
    reason.starts_with(LEFT_OUT) || reason.starts_with(SPARED)
}

/// Why clauses or cases are excluded.
fn excluded_for(capability: &str) -> String {
    if capability == CAREFUL {
        return "careful: a public target is spared it, and `--thorough` tests it".to_owned();
    }
    format!("the target lacks {capability}")
}

/// What a report says of a run besides its results.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Digest of the suite.
    pub suite: String,
    /// The target's URL.
    pub url: String,
    /// The proxy that requests went by, `host:port`.
    pub through: Option<String>,
    /// Whether it is the reference server in this process.
    pub built_in: bool,
    /// Readings in force.
    pub readings: Readings,
    /// The seed.
    pub seed: String,
    /// SHOULD counts as MUST.
    pub strict: bool,
    /// Whether the whole suite ran: clauses without any case are then named.
    pub whole: bool,
    /// Clauses that any shipped case lists.
    pub covered: BTreeSet<String>,
    /// Requests sent.
    pub exchanges: usize,
    /// Sessions left open.
    pub leaked: Vec<String>,
    /// Interrupted.
    pub interrupted: bool,
    /// When it began, as [`Report::started`].
    pub started: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Capabilities that the target is declared to lack.
    pub without: Vec<String>,
    /// Which part of the suite it is.
    pub part: Part,
    /// Findings that are known.
    pub baseline: Option<Arc<Baseline>>,
    /// The flags that make the same run again: `--target http://... --auth none`.
    pub flags: String,
    /// Whether a case that restarts the target needs to be told how.
    pub restarts: bool,
    /// What it met on the way.
    pub weather: Option<Weather>,
    /// Whether the target's certificate was not checked.
    pub insecure: bool,
    /// Secrets of the user's, which nothing that the target said may repeat.
    pub secrets: mask::Secrets,
}

/// The part of a suite that a run is; the whole by default.
#[derive(Debug, Clone, Default)]
pub struct Part {
    /// Which of several.
    pub shard: Option<Shard>,
    /// Cases that the others run.
    pub elsewhere: Vec<Elsewhere>,
    /// Whether only some cases were selected.
    pub selected: bool,
}

/// Builds the report.
pub fn build(contract: &Contract, results: &[CaseResult], facts: &Facts) -> Report {
    let mut report = Report {
        format: FORMAT,
        endspec: env!("CARGO_PKG_VERSION").to_owned(),
        suite: facts.suite.clone(),
        target: Target { insecure: facts.insecure, ..Target::new(&facts.url, facts.built_in) },
        shard: facts.part.shard.map(|shard| shard.to_string()),
        shards: None,
        selected: facts.part.selected,
        contract: contract.revision.clone(),
        readings: facts.readings.0.clone(),
        without: facts.without.clone(),
        seed: facts.seed.clone(),
        strict: facts.strict,
        verdict: String::new(),
        hint: hint::hint(results, &facts.url, facts.through.as_deref()),
        interrupted: facts.interrupted,
        totals: Totals::default(),
        clauses: Vec::new(),
        cases: results.iter().map(|result| case(result, results, facts)).collect(),
        elsewhere: facts.part.elsewhere.clone(),
        baseline: None,
        excluded: Vec::new(),
        not_tested: Vec::new(),
        not_covered: if facts.whole { not_covered(contract, &facts.covered) } else { Vec::new() },
        leaked: facts.leaked.clone(),
        weather: facts.weather.clone(),
        against: None,
        exchanges: facts.exchanges,
        started: facts.started.clone(),
        duration_ms: facts.duration_ms,
    };
    report = masked(report, results, facts.secrets.clone());
    if let Some(baseline) = &facts.baseline {
        baseline::mark(&mut report, baseline, day(&facts.started));
    }
    scope::judge(&mut report, contract);
    report
}

/// The day of a moment that is written as [`Report::started`].
pub fn day(moment: &str) -> &str {
    moment.get(..10).unwrap_or(moment)
}

/// Members of a finding that hold what the target said.
const SAID: [&str; 6] = ["actual", "message", "place", "notes", "exchange", "curl"];

/// The report without the tokens of the run's sessions, wherever the target repeated them.
fn masked(report: Report, results: &[CaseResult], mut secrets: mask::Secrets) -> Report {
    let started = |record: &&Record| record.operation.as_deref() == Some("StartTerminalSession");
    for record in results.iter().flat_map(|result| &result.history).filter(started) {
        if let Some(Ok(document)) = record.seen().map(Seen::into_document) {
            secrets.learn(document.value());
        }
    }
    let found = |result: &CaseResult| {
        let records = result.findings.iter().filter_map(|finding| result.history.get(finding.record));
        records.filter_map(|record| record.exchange().map(|exchange| exchange.request.clone())).collect::<Vec<_>>()
    };
    results.iter().flat_map(found).for_each(|request| secrets.learn_signature(&request));
    let Ok(mut value) = serde_json::to_value(&report) else { return report };
    let cases = value.get_mut("cases").and_then(serde_json::Value::as_array_mut).into_iter().flatten();
    for case in cases {
        case.get_mut("reasons").into_iter().for_each(|reasons| secrets.mask(reasons));
        let findings = case.get_mut("findings").and_then(serde_json::Value::as_array_mut).into_iter().flatten();
        for finding in findings {
            SAID.iter().for_each(|name| finding.get_mut(name).into_iter().for_each(|said| secrets.mask(said)));
        }
    }
    value.get_mut("hint").into_iter().for_each(|hint| secrets.mask(hint));
    serde_json::from_value(value).unwrap_or_else(|_| unreachable!("only texts were changed"))
}

fn not_covered(contract: &Contract, covered: &BTreeSet<String>) -> Vec<String> {
    contract.clauses.iter().map(|clause| clause.id.clone()).filter(|id| !covered.contains(id)).collect()
}

fn case(result: &CaseResult, all: &[CaseResult], facts: &Facts) -> Case {
    let mut reasons: Vec<String> = result.undecided.iter().map(|reason| printable(reason, 300)).collect();
    match &result.skip {
        Some(Skip::Excluded(capability)) => reasons.push(format!("{EXCLUDED}{}", excluded_for(capability))),
        Some(Skip::Untested(reason)) => reasons.push(reason.clone()),
        None if result.undecided.is_empty() && result.verdict(facts.strict) == Verdict::Inconclusive => {
            reasons.extend(result.untested().map(|clause| untested(result, clause)));
        }
        None => {}
    }
    for (why, names) in [(LEFT_OUT, &result.left_out), (SPARED, &result.spared)] {
        if !names.is_empty() {
            let names: Vec<&str> = names.iter().copied().collect();
            reasons.push(format!("{why} {}", names.join(", ")));
        }
    }
    Case {
        id: result.case.id.clone(),
        title: result.case.title.clone(),
        verdict: result.verdict(facts.strict).name().to_owned(),
        clauses: result.case.clauses.iter().map(|clause| clause.value.clone()).collect(),
        duration_ms: u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
        course: course(result).to_owned(),
        tested: result.tested.sorted(),
        exchanges: result.history.iter().filter(|record| record.exchange().is_some()).count(),
        findings: findings(result, all, facts),
        reasons,
    }
}

fn course(result: &CaseResult) -> &'static str {
    match &result.skip {
        Some(_) => NOT_RUN,
        None if !result.undecided.is_empty() => UNDECIDED,
        None if result.cut_short => CUT_SHORT,
        None => WHOLE,
    }
}

/// A step proves the clause that it names, or the first of its case.
fn untested(result: &CaseResult, clause: &str) -> String {
    let words = format!("nothing in it put `{clause}` to the test");
    if result.case.clauses.len() == 1 {
        return words;
    }
    format!("{words}: the step that proves it has to say `clause: {clause}`")
}

/// Findings, those of one clause and shape as one.
fn findings(result: &CaseResult, all: &[CaseResult], facts: &Facts) -> Vec<Finding> {
    let mut shapes: BTreeMap<(&str, &str), (usize, String)> = BTreeMap::new();
    let mut findings: Vec<Finding> = Vec::new();
    for found in &result.findings {
        match shapes.get(&(found.clause.as_str(), found.shape.as_str())) {
            Some((at, first)) => {
                let (known, other) = (&mut findings[*at], which(result, found));
                known.times += 1;
                if known.others.len() < limits::FINDINGS_SHOWN && other != *first && !known.others.contains(&other) {
                    known.others.push(other);
                }
            }
            None => {
                shapes.insert((&found.clause, &found.shape), (findings.len(), which(result, found)));
                findings.push(finding(result, found, all, facts));
            }
        }
    }
    findings
}

fn finding(result: &CaseResult, found: &check::Finding, all: &[CaseResult], facts: &Facts) -> Finding {
    let record = result.history.get(found.record);
    let exchange = record.and_then(exchange);
    Finding {
        clause: found.clause.clone(),
        level: found.level.name().to_owned(),
        expected: found.expected.clone(),
        actual: found.actual.clone(),
        message: format!("permitted {}, got {}", found.expected, found.actual),
        place: place(found),
        step: found.step.map(|step| step + 1),
        steps: result.case.steps.len(),
        item: found.item.clone(),
        notes: notes(result, found),
        times: 1,
        others: Vec::new(),
        exchange,
        again: again::again(result, found, all, facts),
        curl: record.and_then(|record| curl(record, &facts.url)),
        known: false,
    }
}

/// What is wrong with the value that was sent, where one was generated, since that tells more than in which form it went;
/// else the form.
fn which(result: &CaseResult, found: &check::Finding) -> String {
    let mutation = result.history.get(found.record).and_then(|record| record.mutation.as_ref());
    let form = || found.item.rsplit_once("; time ").map_or(found.item.as_str(), |(form, _)| form);
    mutation.map_or_else(form, |mutation| mutation.name).to_owned()
}

/// The check's own lines, each once, and what ended the session before.
fn notes(result: &CaseResult, found: &check::Finding) -> Vec<(String, String)> {
    let own = found.notes.iter().map(|(name, text)| ((*name).to_owned(), text.clone()));
    let before = before::before(result, found.record).map(|words| ("before".to_owned(), words));
    let mut notes = Vec::new();
    for note in own.chain(before) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

fn place(found: &check::Finding) -> Place {
    let source = &found.place.source;
    let span = found.place.span;
    let (line, column) = source.line_column(span.start);
    let written = source.text.lines().nth(line - 1).unwrap_or("");
    let text: String = written.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect();
    let rest = text.chars().count().saturating_sub(column - 1);
    let meant = source.text.get(span.range()).map_or(1, |meant| meant.lines().next().unwrap_or("").chars().count());
    Place {
        file: source.name.clone(),
        line,
        column,
        text,
        length: meant.clamp(1, rest.max(1)),
        label: found.label.clone(),
    }
}
