//! The end of the terminal report: what is undecided and why, what was not tested, the verdict.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Style;
use super::layout::{entry, indented, paint, some};
use crate::check::seen::{counted, printable};
use crate::report::build::is_left_out;
use crate::report::escape;
use crate::report::model::{Reason, Report};
use crate::report::standing::{self, Outcome};
use crate::report::telling;

/// Columns of the labels in the summary.
pub(super) const COLUMN: usize = 10;
/// Columns of the labels under a reason.
const INNER: usize = 14;
/// Lines that a terminal shows at once: what stands above them is said again at the end.
const SCREEN: usize = 24;
/// Clauses that are excluded for one reason and named; a JSON report names all.
const EXCLUDED: usize = 3;
/// Entries of a baseline that fail nothing, are accepted for one reason, and named.
const ENTRIES: usize = 3;
/// Characters of a session's id that are shown.
const ID_CHARACTERS: usize = 200;
/// What stands between a reason and the capability that could be declared as lacking instead.
const DECLARE: &str = ", or declare `--without ";

/// Cases and clauses of one reason.
#[derive(Default)]
struct Costs<'a> {
    cases: Vec<&'a str>,
    clauses: Vec<&'a str>,
    /// Capabilities of which each could be declared as lacking instead.
    lacking: BTreeSet<&'a str>,
}

impl Costs<'_> {
    /// The reason, with one declaration for all of it: `signatures` says what `signature-v1` says and more.
    fn words(&self, reason: &str) -> String {
        let covered = |name: &str| {
            self.lacking
                .iter()
                .any(|other| name.strip_prefix(other.trim_end_matches('s')).is_some_and(|r| r.starts_with('-')))
        };
        let names: Vec<&str> = self.lacking.iter().copied().filter(|name| !covered(name)).collect();
        if names.is_empty() { reason.to_owned() } else { format!("{reason}{DECLARE}{}`", names.join(",")) }
    }
}

/// Why cases and clauses are undecided, each reason once.
pub(super) fn undecided(report: &Report, style: Style, text: &mut String) {
    let mut reasons: BTreeMap<&str, Costs<'_>> = BTreeMap::new();
    let split = |reason| declaration(telling::answer_of(without_step(reason)));
    for case in report.cases.iter().filter(|case| case.verdict == "inconclusive") {
        for reason in case.reasons.iter().filter(|reason| !is_left_out(reason)) {
            let (why, lacking) = split(reason);
            let costs = reasons.entry(why).or_default();
            costs.lacking.extend(lacking);
            if costs.cases.last() != Some(&case.id.as_str()) {
                costs.cases.push(&case.id);
            }
        }
    }
    for Reason { clause, reason } in &report.not_tested {
        let (why, lacking) = split(reason);
        let costs = reasons.entry(why).or_default();
        costs.lacking.extend(lacking);
        costs.clauses.push(clause);
    }
    let mut reasons: Vec<_> = reasons.into_iter().collect();
    reasons.sort_by_key(|(_, costs)| std::cmp::Reverse(costs.cases.len()));
    // What the hint has said above is not said again.
    let hint = report.hint.as_deref();
    for (reason, costs) in reasons.into_iter().filter(|(reason, _)| Some(*reason) != hint) {
        text.push('\n');
        let words = indented(&costs.words(reason), INNER, style.width);
        let _ = writeln!(text, "{} {words}", paint("inconclusive:", "1;33", style));
        if !costs.cases.is_empty() {
            entry("  cases:", INNER, &some(&costs.cases, 6), style, text);
        }
        if !costs.clauses.is_empty() {
            entry("  not tested:", INNER, &some(&costs.clauses, 12), style, text);
        }
    }
}

/// A reason without the capability that could be declared as lacking instead, and that capability.
fn declaration(reason: &str) -> (&str, Option<&str>) {
    let parts = reason.strip_suffix('`').and_then(|reason| reason.rsplit_once(DECLARE));
    parts.map_or((reason, None), |(why, capability)| (why, Some(capability)))
}

/// A reason of one step is the same as that of another.
fn without_step(reason: &str) -> &str {
    let rest = reason.strip_prefix("step ").map(|rest| rest.trim_start_matches(|c: char| c.is_ascii_digit()));
    rest.and_then(|rest| rest.strip_prefix(": ")).unwrap_or(reason)
}

/// Counts, gaps and verdict.
pub(super) fn write(report: &Report, style: Style, text: &mut String) {
    text.push('\n');
    if !report.not_covered.is_empty() {
        text.push_str("not covered by this version:\n");
        entry("", 2, &some(&texts(&report.not_covered), 30), style, text);
    }
    counts(report, style, text);
    excluded(&report.excluded, style, text);
    left_out(report, style, text);
    baseline(report, style, text);
    for gap in telling::parts(report) {
        let of: Vec<&str> = gap.of.iter().map(AsRef::as_ref).collect();
        let words = if of.is_empty() { gap.why.to_string() } else { format!("{}: {}", gap.why, of.join(", ")) };
        let label = format!("{}:", gap.kind);
        entry(&label, COLUMN.max(label.len() + 1), &words, style, text);
    }
    if let Some(weather) = &report.weather {
        entry("weather:", COLUMN, &weather.words(), style, text);
    }
    if !report.leaked.is_empty() {
        // An id is the target's text: it may hold what a terminal obeys.
        let ids: Vec<String> = report.leaked.iter().map(|id| printable(id, ID_CHARACTERS)).collect();
        let words = format!("{}: {}", counted(ids.len(), "session"), some(&texts(&ids), 50));
        entry("left open:", COLUMN + 1, &words, style, text);
    }
    if let Some(hint) = report.hint.as_ref().filter(|_| text.lines().count() > SCREEN) {
        entry("hint:", COLUMN, hint, style, text);
    }
    if let Some(against) = &report.against {
        super::against::line(against, style, text);
    }
    verdict(report, style, text);
}

fn texts(words: &[String]) -> Vec<&str> {
    words.iter().map(String::as_str).collect()
}

fn counts(report: &Report, style: Style, text: &mut String) {
    let totals = &report.totals;
    let of = |outcome| standing::cases(report, outcome);
    let known = of(Outcome::Known);
    let known = if known == 0 { String::new() } else { format!(", {known} known") };
    let cases = format!(
        "{} passed, {} failed, {} inconclusive, {} skipped{known}; {} in {:.1}s",
        totals.pass,
        of(Outcome::Fail),
        of(Outcome::Undecided),
        totals.skipped,
        counted(report.exchanges, "request"),
        duration(report.duration_ms)
    );
    entry("cases:", COLUMN, &cases, style, text);
    let of = |verdict: &str| report.clauses.iter().filter(|clause| clause.verdict == verdict).count();
    let (held, excluded) = (of("pass"), of("skipped"));
    let (must, should) = (standing::broken(report, "MUST"), standing::broken(report, "SHOULD"));
    let in_scope = report.clauses.len() - excluded;
    let mut clauses = format!("{held} of {in_scope} held, {} MUST broken, {} SHOULD broken", must.len(), should.len());
    let known = standing::known(report).len();
    for (number, what) in [(known, "known"), (report.not_tested.len(), "not tested"), (excluded, "excluded")] {
        if number > 0 {
            let _ = write!(clauses, ", {number} {what}");
        }
    }
    entry("clauses:", COLUMN, &clauses, style, text);
    let readings: Vec<String> = report.readings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    entry("readings:", COLUMN, &readings.join(", "), style, text);
    for (level, clauses) in [("MUST", must), ("SHOULD", should)] {
        if !clauses.is_empty() {
            entry("broken:", COLUMN, &format!("{level} {}", clauses.join(", ")), style, text);
        }
    }
    let observed = observed(report);
    if !observed.is_empty() {
        entry("observed:", COLUMN, &format!("MAY {}", observed.join(", ")), style, text);
    }
}

/// Observations: what the target does where the documents only permit it.
fn observed(report: &Report) -> Vec<&str> {
    let may = report.cases.iter().flat_map(|case| &case.findings).filter(|finding| finding.level == "MAY");
    let mut seen: Vec<&str> = may.map(|finding| finding.clause.as_str()).collect();
    seen.sort_unstable();
    seen.dedup();
    seen
}

fn excluded(list: &[Reason], style: Style, text: &mut String) {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for reason in list {
        // `signatures` says what `signature-v1` says and more.
        let whole = reason.reason.rsplit_once('-').map(|(start, _)| format!("{start}s"));
        let of = list.iter().find(|other| Some(&other.reason) == whole.as_ref()).unwrap_or(reason);
        by_reason.entry(&of.reason).or_default().push(&reason.clause);
    }
    for (reason, clauses) in by_reason {
        entry("excluded:", COLUMN, &format!("{reason}: {}", some(&clauses, EXCLUDED)), style, text);
    }
}

/// What cases have left out: a pass says what it did not test.
fn left_out(report: &Report, style: Style, text: &mut String) {
    for case in &report.cases {
        for reason in case.reasons.iter().filter(|reason| is_left_out(reason)) {
            entry("left out:", COLUMN, &format!("{}: {reason}", case.id), style, text);
        }
    }
}

/// What became of the entries of the baseline, those first that fail the run.
fn baseline(report: &Report, style: Style, text: &mut String) {
    let Some(counts) = standing::counts(report) else { return };
    entry("baseline:", COLUMN, &counts, style, text);
    for gap in standing::gaps(report, true).chain(standing::gaps(report, false)) {
        let of: Vec<&str> = gap.of.iter().map(AsRef::as_ref).collect();
        let label = format!("{}:", gap.kind);
        let column = COLUMN.max(label.len() + 1);
        // Each that fails is to be taken out; of the others a JSON report names all.
        let most = if gap.voids { of.len() } else { ENTRIES };
        let words = escape::line(&format!("{}: {}", gap.why, some(&of, most)));
        entry(&label, column, &words, style, text);
    }
}

fn verdict(report: &Report, style: Style, text: &mut String) {
    let (word, code) = match report.verdict.as_str() {
        "pass" => ("PASS", "1;32"),
        "fail" => ("FAIL", "1;31"),
        _ => ("INCONCLUSIVE", "1;33"),
    };
    let why = why(report).map_or_else(String::new, |why| format!(" - {why}"));
    let words = indented(&format!("{word}{why}"), COLUMN, style.width).replacen(word, &paint(word, code, style), 1);
    let _ = writeln!(text, "{:COLUMN$}{words}", "verdict:");
}

/// What the verdict comes from, in a few words.
pub(in crate::report) fn why(report: &Report) -> Option<String> {
    if report.interrupted {
        return Some("interrupted, and what was not run is not judged".to_owned());
    }
    let incomplete = report.against.as_ref().is_some_and(|against| !against.is_complete());
    match report.verdict.as_str() {
        "pass" if incomplete => Some("but the comparison is not complete".to_owned()),
        "pass" if report.totals.known == 0 => None,
        "pass" => Some(format!("but for {}", counted(report.totals.known, "known finding"))),
        "fail" => Some(failing(report)),
        _ if report.cases.is_empty() => Some(telling::no_case(report).to_owned()),
        _ if !report.not_tested.is_empty() => {
            let verb = if report.not_tested.len() == 1 { "was" } else { "were" };
            let clauses = counted(report.not_tested.len(), "clause");
            Some(format!("{clauses} in scope {verb} neither tested nor excluded"))
        }
        _ if report.totals.inconclusive > 0 => {
            Some(format!("{} undecided", counted(report.totals.inconclusive, "case")))
        }
        _ if !report.leaked.is_empty() => Some("sessions were left open".to_owned()),
        _ => Some("nothing was put to the test".to_owned()),
    }
}

/// What fails a run: broken clauses, and entries of the baseline that are to be taken out.
fn failing(report: &Report) -> String {
    let of = |level: &str| standing::broken(report, level).len();
    let (broken, stale) = (of("MUST") + if report.strict { of("SHOULD") } else { 0 }, standing::stale(report));
    let clauses = format!("{} broken", counted(broken, if report.strict { "clause" } else { "MUST clause" }));
    let verb = if stale == 1 { "is" } else { "are" };
    let entries =
        format!("{stale} {} of the baseline {verb} fixed or expired", if stale == 1 { "entry" } else { "entries" });
    match (broken, stale) {
        (_, 0) => clauses,
        (0, _) => entries,
        _ => format!("{clauses}, {entries}"),
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run, shown to a tenth of a second")]
fn duration(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}
