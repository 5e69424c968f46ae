//! The report as workflow commands of GitHub: an annotation on the case file for every clause that is broken.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::Report;
use super::escape::{block, line, unmarked};
use super::model::{Case, Finding};
use super::{standing, telling};

/// The commands, the worst first: GitHub shows the first ten of a step.
pub fn render(report: &Report) -> Vec<u8> {
    let mut text = String::new();
    let mut by_clause: BTreeMap<&str, Vec<&Case>> = BTreeMap::new();
    let findings = telling::findings(report);
    for (case, finding) in &findings {
        by_clause.entry(&finding.clause).or_default().push(case);
    }
    for (case, finding) in findings {
        // The first stands for the clause: it shows it best.
        if let Some(cases) = by_clause.remove(finding.clause.as_str()) {
            self::finding(report, case, finding, &cases, &mut text);
        }
    }
    let mut told = |command: &str, words: &str| {
        let _ = writeln!(text, "::{command} title={}::{}", property("endspec"), data(words));
    };
    let counts = standing::counts(report).map_or_else(String::new, |counts| format!("\nbaseline: {counts}"));
    let words = format!("{}\n{}{counts}", telling::verdict(report), telling::tested(report));
    let passed = report.verdict == "pass";
    // Of the notices of a step ten are shown, so a pass is the first of them.
    if passed {
        told("notice", &words);
    }
    for gap in telling::gaps(report) {
        told(if gap.voids { "warning" } else { "notice" }, &gap.words());
    }
    if !passed {
        told("error", &words);
    }
    text.into_bytes()
}

fn finding(report: &Report, case: &Case, finding: &Finding, cases: &[&Case], text: &mut String) {
    let command = match finding.level.as_str() {
        _ if telling::fails(report, finding) => "error",
        "SHOULD" if !finding.known => "warning",
        _ => "notice",
    };
    let place = &finding.place;
    // A built-in case is no file of the repository.
    let file = if place.file.starts_with('<') { String::new() } else { at(finding) };
    let standing = standing::standing(report, case, finding).map_or_else(String::new, |word| format!("{word}: "));
    let title = format!("{standing}{} {} in {}", finding.level, finding.clause, case.id);
    let mut words = format!("{}\n{}", finding.message, telling::step(finding));
    let mut others: Vec<&str> = cases.iter().map(|case| case.id.as_str()).filter(|id| *id != case.id).collect();
    others.dedup();
    if !others.is_empty() {
        let _ = write!(words, "\nalso in {}", others.join(", "));
    }
    let _ = write!(words, "\nagain: {}", finding.again);
    let _ = writeln!(text, "::{command} {file}title={}::{}", property(&title), data(&words));
}

fn at(finding: &Finding) -> String {
    let place = &finding.place;
    let end = place.column.saturating_add(place.length);
    format!("file={},line={},col={},endColumn={end},", property(&place.file), place.line, place.column)
}

/// The value of a command: lines stay lines, and nothing ends it or begins another one.
fn data(text: &str) -> String {
    unmarked(&block(text)).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    unmarked(&line(text)).replace('%', "%25").replace(':', "%3A").replace(',', "%2C")
}
