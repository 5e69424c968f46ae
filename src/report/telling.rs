//! What every format tells alike: what voids or narrows a verdict, findings by importance, and a finding in lines.

use std::collections::BTreeMap;

use super::build::is_left_out;
use super::model::{Case, Finding, Message, Report};

/// Something that the verdict does not say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gap<'a> {
    /// What kind of gap it is.
    pub kind: &'static str,
    /// Whether it keeps the run from passing.
    pub voids: bool,
    /// Why, in words.
    pub why: &'a str,
    /// Clauses, cases or sessions that it is about.
    pub of: Vec<&'a str>,
}

impl Gap<'_> {
    /// Kind, reason and what it is about, on one line.
    pub(super) fn words(&self) -> String {
        let parts = [self.kind, self.why, &self.of.join(", ")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
    }
}

/// All gaps, those that void the verdict first; one reason is told once.
pub(super) fn gaps(report: &Report) -> Vec<Gap<'_>> {
    let mut gaps = Vec::new();
    if report.interrupted {
        let why = "what was not run is not judged";
        gaps.push(Gap { kind: "interrupted", voids: true, why, of: Vec::new() });
    }
    if report.cases.is_empty() {
        gaps.push(Gap { kind: "nothing ran", voids: true, why: "no case was selected", of: Vec::new() });
    }
    if !report.leaked.is_empty() {
        let why = "sessions that the run opened and could not end";
        gaps.push(Gap { kind: "left open", voids: true, why, of: texts(&report.leaked) });
    }
    let not_tested = report.not_tested.iter().map(|gap| (gap.reason.as_str(), gap.clause.as_str()));
    gaps.extend(by_reason("not tested", true, not_tested));
    gaps.extend(by_reason("inconclusive", true, reasons(report, false)));
    let excluded = report.excluded.iter().map(|gap| (gap.reason.as_str(), gap.clause.as_str()));
    gaps.extend(by_reason("excluded", false, excluded));
    if !report.not_covered.is_empty() {
        let why = "this version ships no case for";
        gaps.push(Gap { kind: "not covered", voids: false, why, of: texts(&report.not_covered) });
    }
    gaps.extend(by_reason("left out", false, reasons(report, true)));
    if let Some(weather) = &report.weather {
        let of = [
            (weather.throttled > 0).then_some("throttled and sent again"),
            (weather.unanswered > 0).then_some("not wholly answered"),
        ];
        let mut of: Vec<&str> = of.into_iter().flatten().collect();
        of.extend((!weather.clock.is_empty()).then_some(weather.clock.as_str()));
        let why = "no verdict, but what the run met on the way";
        gaps.push(Gap { kind: "weather", voids: false, why, of });
    }
    gaps
}

fn texts(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

/// Reasons and cases: of what was left out, or of what is inconclusive.
fn reasons(report: &Report, left_out: bool) -> impl Iterator<Item = (&str, &str)> {
    let cases = report.cases.iter().filter(move |case| left_out || case.verdict == "inconclusive");
    cases.flat_map(move |case| {
        let reasons = case.reasons.iter().filter(move |reason| is_left_out(reason) == left_out);
        reasons.map(|reason| (reason.as_str(), case.id.as_str()))
    })
}

fn by_reason<'a>(
    kind: &'static str,
    voids: bool,
    all: impl Iterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = Gap<'a>> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (reason, name) in all {
        by_reason.entry(reason).or_default().push(name);
    }
    by_reason.into_iter().map(move |(why, of)| Gap { kind, voids, why, of })
}

/// Whether a finding fails the run.
pub(super) fn fails(report: &Report, finding: &Finding) -> bool {
    finding.level == "MUST" || (report.strict && finding.level == "SHOULD")
}

/// Every finding with its case: by level, and those first that their case was written for.
pub(super) fn findings(report: &Report) -> Vec<(&Case, &Finding)> {
    let mut all: Vec<_> =
        report.cases.iter().flat_map(|case| case.findings.iter().map(move |finding| (case, finding))).collect();
    let rank = |level: &str| ["MUST", "SHOULD", "MAY"].iter().position(|name| *name == level);
    all.sort_by_key(|(case, finding)| (rank(&finding.level), !case.clauses.contains(&finding.clause)));
    all
}

/// The verdict and where it comes from, on one line.
pub(super) fn verdict(report: &Report) -> String {
    let why = super::terminal::why(report).map_or_else(String::new, |why| format!(" - {why}"));
    format!("{}{why}", report.verdict.to_uppercase())
}

/// What was tested, by which documents, on one line.
pub(super) fn tested(report: &Report) -> String {
    let kind = if report.target.kind == "endpoint" { String::new() } else { format!("{} at ", report.target.kind) };
    let strict = if report.strict { ", SHOULD counts as MUST" } else { "" };
    format!(
        "endspec {} tested {kind}{}{}, contract {}, seed {}{strict}",
        report.endspec,
        report.target.url,
        report.target.warning(),
        report.contract,
        report.seed
    )
}

/// The sentence of a clause.
pub(super) fn sentence<'a>(report: &'a Report, clause: &str) -> &'a str {
    report.clauses.iter().find(|known| known.id == clause).map_or("", |clause| clause.sentence.as_str())
}

/// Where in its case a finding was made: step and request.
pub(super) fn step(finding: &Finding) -> String {
    let step = finding.step.map(|step| format!("step {step} of {}", finding.steps));
    let parts = step.into_iter().chain((!finding.item.is_empty()).then(|| finding.item.clone()));
    parts.collect::<Vec<_>>().join("; ")
}

/// How often, and with what else.
pub(super) fn times(finding: &Finding) -> String {
    let with = if finding.others.is_empty() { "" } else { ", also with " };
    format!("{} times in this case{with}{}", finding.times, finding.others.join("; "))
}

/// Name and text of everything that is known of a finding.
pub(super) fn lines(report: &Report, finding: &Finding) -> Vec<(String, String)> {
    let place = &finding.place;
    let mut lines = vec![
        ("clause", format!("{}: the endpoint {}", finding.clause, sentence(report, &finding.clause))),
        ("expected", finding.expected.clone()),
        ("actual", finding.actual.clone()),
        ("place", format!("{}:{}:{}: {}", place.file, place.line, place.column, place.text.trim())),
        ("where", step(finding)),
    ];
    if finding.times > 1 {
        lines.push(("times", times(finding)));
    }
    let mut lines: Vec<(String, String)> = lines.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    lines.extend(finding.notes.iter().cloned());
    lines.push(("again".to_owned(), finding.again.clone()));
    lines.extend(finding.curl.iter().map(|curl| ("sent".to_owned(), curl.clone())));
    if let Some(exchange) = &finding.exchange {
        if finding.curl.is_none() {
            lines.push(("request".to_owned(), message(&exchange.request)));
        }
        let answer = exchange.response.as_ref().map(message).or_else(|| exchange.lost.clone());
        lines.push(("answer".to_owned(), answer.unwrap_or_default()));
    }
    lines.retain(|(_, text)| !text.is_empty());
    lines
}

/// A message as its lines.
pub(super) fn message(message: &Message) -> String {
    let mut lines = vec![message.start.clone()];
    lines.extend(message.headers.iter().map(|(name, value)| format!("{name}: {value}")));
    lines.push(message.body.clone());
    lines.retain(|line| !line.is_empty());
    // A line feed within one of them is the endpoint's, and not the end of a line.
    lines.iter().map(|line| super::escape::line(line)).collect::<Vec<_>>().join("\n")
}

/// Lines as one text: a name before each, what has several lines on lines of its own.
pub(super) fn plain(lines: &[(String, String)]) -> String {
    let mut text = String::new();
    for (name, words) in lines {
        let words = words.trim_end();
        let between = if words.contains('\n') { "\n" } else { " " };
        text.push_str(&format!("{name}:{between}{words}\n"));
    }
    text
}

/// Seconds with three digits.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("{}.{:03}", milliseconds / 1_000, milliseconds % 1_000)
}
