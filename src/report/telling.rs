//! What every format tells alike: what voids or narrows a verdict, findings by importance, and a finding in lines.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::against::{Against, Compared, Difference, Values};
use super::build::is_left_out;
use super::model::{Case, EXPIRED, FIXED, Finding, Message, Report};
use super::scope::{self, ACROSS_CASES};
use super::standing;
use crate::check::result::HOWEVER;

/// Something that the verdict does not say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Gap<'a> {
    /// What kind of gap it is.
    pub kind: &'static str,
    /// Whether it keeps the run from passing.
    pub voids: bool,
    /// Why, in words.
    pub why: Cow<'a, str>,
    /// Clauses, cases, sessions or entries of a baseline that it is about.
    pub of: Vec<Cow<'a, str>>,
}

impl Gap<'_> {
    /// Whether it is about entries of the baseline that fail the run.
    pub(super) fn is_stale(&self) -> bool {
        self.kind == FIXED || self.kind == EXPIRED
    }

    /// Kind, reason and what it is about, on one line.
    pub(super) fn words(&self) -> String {
        let parts = [self.kind, &self.why, &self.of.join(", ")];
        parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
    }
}

/// All gaps, those that void the verdict first; one reason is told once.
pub(super) fn gaps(report: &Report) -> Vec<Gap<'_>> {
    let mut gaps = Vec::new();
    if report.interrupted {
        let why = "what was not run is not judged".into();
        gaps.push(Gap { kind: "interrupted", voids: true, why, of: Vec::new() });
    }
    if report.cases.is_empty() {
        gaps.push(Gap { kind: "nothing ran", voids: true, why: no_case(report).into(), of: Vec::new() });
    }
    if !report.leaked.is_empty() {
        let why = "sessions that the run opened and could not end".into();
        gaps.push(Gap { kind: "left open", voids: true, why, of: texts(&report.leaked) });
    }
    gaps.extend(standing::gaps(report, true));
    let not_tested = report.not_tested.iter().map(|gap| (gap.reason.as_str(), gap.clause.as_str()));
    gaps.extend(by_reason("not tested", true, not_tested));
    gaps.extend(by_reason("inconclusive", true, reasons(report, false)));
    let excluded = report.excluded.iter().map(|gap| (gap.reason.as_str(), gap.clause.as_str()));
    gaps.extend(by_reason("excluded", false, excluded));
    if !report.not_covered.is_empty() {
        let why = "this version ships no case for".into();
        gaps.push(Gap { kind: "not covered", voids: false, why, of: texts(&report.not_covered) });
    }
    gaps.extend(by_reason("left out", false, reasons(report, true)));
    gaps.extend(standing::gaps(report, false));
    gaps.extend(parts(report));
    if let Some(weather) = &report.weather {
        let of = [
            (weather.throttled > 0).then_some("throttled and sent again"),
            (weather.unanswered > 0).then_some("not wholly answered"),
        ];
        let mut of: Vec<Cow<'_, str>> = of.into_iter().flatten().map(Cow::from).collect();
        of.extend(weather.absent().map(Cow::from));
        of.extend(weather.unlisted().map(Cow::from));
        of.extend((!weather.clock.is_empty()).then_some(weather.clock.as_str().into()));
        let why = "no verdict, but what the run met on the way".into();
        gaps.push(Gap { kind: "weather", voids: false, why, of });
    }
    gaps
}

fn texts(words: &[String]) -> Vec<Cow<'_, str>> {
    words.iter().map(|word| word.as_str().into()).collect()
}

/// Why there is no case.
pub(super) fn no_case(report: &Report) -> &'static str {
    if report.elsewhere.is_empty() {
        "no case was selected"
    } else {
        "no case falls to this shard: there are more than are needed"
    }
}

/// That a run was less than the suite, one of several, or put together from them.
pub(super) fn parts(report: &Report) -> Vec<Gap<'_>> {
    let why = "only the cases that `--select` takes ran, and nothing is said of clauses that they do not list";
    let selected = report.selected.then(|| Gap { kind: "selected", voids: false, why: why.into(), of: Vec::new() });
    selected.into_iter().chain(part(report)).collect()
}

fn part(report: &Report) -> Option<Gap<'_>> {
    if let Some(shard) = &report.shard {
        let why = format!("shard {shard} alone: `endspec report` of all of them judges the whole");
        return Some(Gap { kind: "part", voids: false, why: why.into(), of: Vec::new() });
    }
    let shards = report.shards.filter(|shards| *shards > 1)?;
    let across = |id: &str| ACROSS_CASES.iter().any(|(across, _)| *across == id);
    let of: Vec<Cow<'_, str>> =
        report.clauses.iter().filter(|clause| across(&clause.id)).map(|clause| clause.id.as_str().into()).collect();
    let why = format!("judged within each of {shards} shards and not across them");
    (!of.is_empty()).then(|| Gap { kind: "per shard", voids: false, why: why.into(), of })
}

/// Reasons and cases: of what was left out, or of what is inconclusive.
fn reasons(report: &Report, left_out: bool) -> impl Iterator<Item = (&str, &str)> {
    let cases = report.cases.iter().filter(move |case| left_out || case.verdict == "inconclusive");
    cases.flat_map(move |case| {
        let reasons = case.reasons.iter().filter(move |reason| is_left_out(reason) == left_out);
        reasons.map(|reason| (answer_of(reason), case.id.as_str()))
    })
}

/// Of an answer that is wrong however the call is written, the answer alone: each case meets it at another request.
pub(super) fn answer_of(reason: &str) -> &str {
    let place = reason.strip_suffix(HOWEVER).and_then(|rest| rest.rfind(": "));
    place.map_or(reason, |at| &reason[at + 2..])
}

/// Gaps of one kind, a reason of several told once.
pub(super) fn by_reason<'a, T: Into<Cow<'a, str>>>(
    kind: &'static str,
    voids: bool,
    all: impl Iterator<Item = (T, T)>,
) -> impl Iterator<Item = Gap<'a>> {
    let mut by_reason: BTreeMap<Cow<'_, str>, Vec<Cow<'_, str>>> = BTreeMap::new();
    for (reason, name) in all {
        by_reason.entry(reason.into()).or_default().push(name.into());
    }
    by_reason.into_iter().map(move |(why, of)| Gap { kind, voids, why, of })
}

/// Whether a finding fails the run.
pub(super) fn fails(report: &Report, finding: &Finding) -> bool {
    !finding.known && scope::fails(finding, report.strict)
}

/// Every finding with its case: what is known last, by level, and those first that their case was written for.
pub(super) fn findings(report: &Report) -> Vec<(&Case, &Finding)> {
    let mut all: Vec<_> =
        report.cases.iter().flat_map(|case| case.findings.iter().map(move |finding| (case, finding))).collect();
    let rank = |level: &str| ["MUST", "SHOULD", "MAY"].iter().position(|name| *name == level);
    all.sort_by_key(|(case, finding)| (finding.known, rank(&finding.level), !case.clauses.contains(&finding.clause)));
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
        "endspec {} tested {kind}{}{}, contract {}, seed {}{strict}{}",
        report.endspec,
        report.target.url,
        report.target.warning(),
        report.contract,
        report.seed,
        shard(report)
    )
}

/// Which part of a run it is, or of how many parts it was put together; as words that follow others.
pub(super) fn shard(report: &Report) -> String {
    match (&report.shard, report.shards) {
        (Some(shard), _) => format!(", shard {shard}"),
        (None, Some(shards)) => format!(", {shards} shards"),
        (None, None) => String::new(),
    }
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
pub(super) fn lines(report: &Report, case: &Case, finding: &Finding) -> Vec<(String, String)> {
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
    if let Some(words) = standing::words(report, case, finding) {
        lines.push(("baseline", words));
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

/// Results of a comparison and what each means, what matters most first.
pub(super) const RESULTS: [(&str, &str); 6] = [
    ("target-breaks", "only the target breaks"),
    ("other-breaks", "only the other breaks"),
    ("both-break", "both break"),
    ("differ", "both are right, and differ"),
    ("not-compared", "not compared"),
    ("both-hold", "both hold"),
];

/// What stands before the command that shows again what one of two targets broke.
pub(super) const AGAIN: &str = "again: ";

/// How two targets compare, on one line.
pub(super) fn against(against: &Against) -> String {
    let count = |result: &str| against.of(result).count();
    let counts = RESULTS.iter().map(|(result, words)| format!("{words} {}", count(result)));
    let counts = counts.collect::<Vec<_>>().join(", ");
    let incomplete = match (against.is_complete(), against.leaked.is_empty()) {
        (true, _) => String::new(),
        (false, true) if against.of("not-compared").count() < against.clauses.len() => {
            "; the other left clauses open".to_owned()
        }
        (false, true) => "; nothing could be compared".to_owned(),
        (false, false) => format!("; sessions left open there: {}", against.leaked.join(", ")),
    };
    super::escape::line(&format!("{} (clauses): {counts}{incomplete}", against.target.url))
}

/// What is known of one clause of a comparison, in lines.
pub(super) fn compared(clause: &Compared) -> Vec<String> {
    let mut lines: Vec<String> = clause.why.iter().cloned().collect();
    lines.extend(clause.again.iter().map(|again| format!("{AGAIN}{again}")));
    for Difference { case, request, target, other, times } in &clause.differences {
        let more = if *times > 1 { format!(" ({times} requests)") } else { String::new() };
        lines.push(format!("the target {target}, the other {other}: {case}, {request}{more}"));
    }
    // A terminal would obey what a target, or whoever wrote a saved report, has put into them.
    lines.iter().map(|line| super::escape::line(line)).collect()
}

/// What two targets were seen to follow of a reading.
pub(super) fn followed(values: &Values) -> String {
    let words = |values: &[String]| if values.is_empty() { "nothing seen".to_owned() } else { values.join(" and ") };
    let (target, other) = (words(&values.target), words(&values.other));
    if target == other {
        return super::escape::line(&format!("reading {}: both follow {target}", values.reading));
    }
    super::escape::line(&format!("reading {}: the target follows {target}, the other {other}", values.reading))
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
