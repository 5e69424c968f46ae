//! Building a report from the results of a run: clause verdicts, scope, what was not tested.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::mask;
use super::model::{Case, Clause, Exchange, FORMAT, Finding, Message, Place, Reason, Report, Target, Totals};
use crate::check::history::{Event, Record};
use crate::check::result::fails;
use crate::check::seen::printable;
use crate::check::{self, CaseResult, Skip, Verdict};
use crate::contract::{Contract, Level, Readings};
use crate::http::{Headers, Reply};
use crate::limits;

/// What a report says of a run besides its results.
#[derive(Debug, Clone)]
pub struct Facts {
    /// Digest of the suite.
    pub suite: String,
    /// The target's URL.
    pub url: String,
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
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The flags that make the same run again: `--target http://... --auth none`.
    pub flags: String,
}

/// Builds the report.
pub fn build(contract: &Contract, results: &[CaseResult], facts: &Facts) -> Report {
    let clauses = clauses(contract, results);
    let (excluded, not_tested) = gaps(contract, results, &clauses, facts.whole);
    let totals = totals(results, facts.strict);
    let mut report = Report {
        format: FORMAT,
        endspec: env!("CARGO_PKG_VERSION").to_owned(),
        suite: facts.suite.clone(),
        target: Target {
            url: facts.url.clone(),
            kind: if facts.built_in { "reference server (built in)" } else { "endpoint" }.to_owned(),
        },
        shard: None,
        contract: contract.revision.clone(),
        readings: facts.readings.0.clone(),
        seed: facts.seed.clone(),
        strict: facts.strict,
        verdict: String::new(),
        interrupted: facts.interrupted,
        totals,
        clauses,
        cases: results.iter().map(|result| case(result, facts)).collect(),
        excluded,
        not_tested,
        not_covered: if facts.whole { not_covered(contract, &facts.covered) } else { Vec::new() },
        leaked: facts.leaked.clone(),
        exchanges: facts.exchanges,
        duration_ms: facts.duration_ms,
    };
    report.verdict = verdict(&report, results, facts.strict).name().to_owned();
    report
}

fn not_covered(contract: &Contract, covered: &BTreeSet<String>) -> Vec<String> {
    contract.clauses.iter().map(|clause| clause.id.clone()).filter(|id| !covered.contains(id)).collect()
}

fn totals(results: &[CaseResult], strict: bool) -> Totals {
    let mut totals = Totals::default();
    for result in results {
        match result.verdict(strict) {
            Verdict::Pass => totals.pass += 1,
            Verdict::Fail => totals.fail += 1,
            Verdict::Inconclusive => totals.inconclusive += 1,
            Verdict::Skipped => totals.skipped += 1,
        }
    }
    totals
}

/// The run's verdict: worst wins, and a run that tested nothing or left something open is no pass.
fn verdict(report: &Report, results: &[CaseResult], strict: bool) -> Verdict {
    let findings = results.iter().flat_map(|result| &result.findings);
    if findings.into_iter().any(|finding| fails(finding.level, strict)) {
        return Verdict::Fail;
    }
    let undecided = report.totals.inconclusive > 0 || !report.not_tested.is_empty() || report.interrupted;
    if undecided || report.totals.pass == 0 || !report.leaked.is_empty() {
        Verdict::Inconclusive
    } else {
        Verdict::Pass
    }
}

fn clauses(contract: &Contract, results: &[CaseResult]) -> Vec<Clause> {
    let mut listed: BTreeMap<&str, Vec<&CaseResult>> = BTreeMap::new();
    let mut broken: BTreeSet<&str> = BTreeSet::new();
    let mut judgements: BTreeMap<&str, usize> = BTreeMap::new();
    for result in results {
        for clause in &result.case.clauses {
            listed.entry(&clause.value).or_default().push(result);
        }
        broken.extend(result.findings.iter().map(|finding| finding.clause.as_str()));
        for (clause, count) in &result.tested {
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
                cases: cases.iter().map(|result| result.case.id.clone()).collect(),
                judgements: judgements.get(id).copied().unwrap_or(0),
            }
        })
        .collect()
}

/// The verdict of a clause that nothing broke: pass when a case put it to the test and none that lists it was cut short.
fn clause_verdict(clause: &str, cases: &[&CaseResult]) -> Verdict {
    let tested = cases.iter().any(|result| result.tested.contains_key(clause));
    let cut = cases.iter().any(|result| result.skip.is_none() && !result.undecided.is_empty());
    let excluded = |result: &&CaseResult| matches!(result.skip, Some(Skip::Excluded(_)));
    if cut || (!tested && !cases.iter().all(excluded)) {
        Verdict::Inconclusive
    } else if tested {
        Verdict::Pass
    } else {
        Verdict::Skipped
    }
}

/// Clauses excluded, and clauses neither tested nor excluded, each with its reason.
fn gaps(contract: &Contract, results: &[CaseResult], clauses: &[Clause], whole: bool) -> (Vec<Reason>, Vec<Reason>) {
    let mut excluded = Vec::new();
    let mut not_tested = Vec::new();
    for clause in clauses {
        let listing: Vec<&CaseResult> =
            results.iter().filter(|result| result.case.clauses.iter().any(|c| c.value == clause.id)).collect();
        let reason = |reason: String| Reason { clause: clause.id.clone(), reason };
        match clause.verdict.as_str() {
            "skipped" => {
                let lacking = listing.iter().find_map(|result| match &result.skip {
                    Some(Skip::Excluded(capability)) => Some(capability.as_str()),
                    _ => None,
                });
                excluded.push(reason(format!("the target lacks {}", lacking.unwrap_or("what it needs"))));
            }
            "inconclusive" => {
                let why = listing.iter().find_map(|result| match &result.skip {
                    Some(Skip::Untested(why)) => Some(why.clone()),
                    _ => result.undecided.first().cloned(),
                });
                let why = why.unwrap_or_else(|| "no case put it to the test".to_owned());
                not_tested.push(reason(printable(&why, 300)));
            }
            _ => {}
        }
    }
    let _ = (contract, whole);
    (excluded, not_tested)
}

fn case(result: &CaseResult, facts: &Facts) -> Case {
    let mut reasons: Vec<String> = result.undecided.iter().map(|reason| printable(reason, 300)).collect();
    match &result.skip {
        Some(Skip::Excluded(capability)) => reasons.push(format!("excluded: the target lacks {capability}")),
        Some(Skip::Untested(reason)) => reasons.push(reason.clone()),
        None if result.findings.is_empty() && result.undecided.is_empty() => {
            reasons.extend(result.untested().map(|clause| format!("nothing in it put `{clause}` to the test")));
        }
        None => {}
    }
    Case {
        id: result.case.id.clone(),
        title: result.case.title.clone(),
        verdict: result.verdict(facts.strict).name().to_owned(),
        clauses: result.case.clauses.iter().map(|clause| clause.value.clone()).collect(),
        duration_ms: u64::try_from(result.took.as_millis()).unwrap_or(u64::MAX),
        exchanges: result.history.iter().filter(|record| record.exchange().is_some()).count(),
        findings: findings(result, facts),
        reasons,
    }
}

/// Findings, those of one clause and shape as one.
fn findings(result: &CaseResult, facts: &Facts) -> Vec<Finding> {
    let mut shapes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut findings: Vec<Finding> = Vec::new();
    for found in &result.findings {
        match shapes.get(&(found.clause.as_str(), found.shape.as_str())) {
            Some(at) => findings[*at].times += 1,
            None => {
                shapes.insert((&found.clause, &found.shape), findings.len());
                findings.push(finding(result, found, facts));
            }
        }
    }
    findings
}

fn finding(result: &CaseResult, found: &check::Finding, facts: &Facts) -> Finding {
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
        notes: found.notes.iter().map(|(name, text)| ((*name).to_owned(), text.clone())).collect(),
        times: 1,
        exchange,
        again: again(result, facts),
        curl: record.and_then(|record| curl(record, &facts.url)),
        known: false,
    }
}

fn again(result: &CaseResult, facts: &Facts) -> String {
    let mut words = format!("endspec run --select {} --seed {}", result.case.id, facts.seed);
    if !facts.flags.is_empty() {
        let _ = write!(words, " {}", facts.flags);
    }
    words
}

fn place(found: &check::Finding) -> Place {
    let source = &found.place.source;
    let span = found.place.span;
    let (line, column) = source.line_column(span.start);
    let text = source.text.lines().nth(line - 1).unwrap_or("").to_owned();
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

fn exchange(record: &Record) -> Option<Exchange> {
    let Event::Exchange(exchange) = &record.event else { return None };
    let request = match &exchange.raw {
        Some(bytes) => Message { start: String::new(), headers: Vec::new(), body: body(bytes) },
        None => Message {
            start: cut(&mask::text(&format!("{} {}", exchange.request.method, exchange.request.target))),
            headers: headers(&exchange.request.headers),
            body: body(&exchange.request.body),
        },
    };
    let (response, lost) = match &exchange.reply {
        Reply::Answered(response) => {
            let message = Message {
                start: response.status.to_string(),
                headers: headers(&response.headers),
                body: body(&response.body),
            };
            (Some(message), None)
        }
        Reply::Refused(cause) => (None, Some(format!("refused: {}", printable(&cause.words, 300)))),
        Reply::Lost(cause) => (None, Some(format!("lost: {}", printable(&cause.words, 300)))),
    };
    Some(Exchange { request, response, lost })
}

fn headers(headers: &Headers) -> Vec<(String, String)> {
    let shown = headers.iter().take(limits::HEADER_FIELDS);
    shown
        .map(|(name, value)| (printable(name, 200), cut(&mask::header(name, &String::from_utf8_lossy(value)))))
        .collect()
}

fn body(bytes: &[u8]) -> String {
    cut(&mask::text(&String::from_utf8_lossy(bytes)))
}

fn cut(text: &str) -> String {
    let shown = printable(text, limits::SHOWN_BYTES);
    if shown.ends_with('…') { format!("{shown} ({} bytes in all)", text.len()) } else { shown }
}

/// The request for `curl`; what no shell line can carry has none.
fn curl(record: &Record, url: &str) -> Option<String> {
    let exchange = record.exchange().filter(|exchange| exchange.raw.is_none())?;
    let request = &exchange.request;
    if request.target.len() + request.body.len() > limits::SHOWN_BYTES {
        return None;
    }
    let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
    let mut line =
        format!("curl -X {} {}", request.method, quoted(&mask::text(&format!("{origin}{}", request.target))));
    for (name, value) in request.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        let value = mask::header(name, &String::from_utf8_lossy(value));
        let _ = write!(line, " -H {}", quoted(&format!("{name}: {value}")));
    }
    if !request.body.is_empty() {
        let _ = write!(line, " --data-binary {}", quoted(&mask::text(&String::from_utf8_lossy(&request.body))));
    }
    Some(line)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
