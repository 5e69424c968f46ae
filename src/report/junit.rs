//! The report as JUnit XML: a test case a case, one for what the run as a whole left undecided, and one for its baseline.

use std::fmt::Write as _;

use super::Report;
use super::escape::{Xml, XmlBlock};
use super::model::{Case, Finding, KNOWN};
use super::standing::{self, Outcome};
use super::telling;

/// The document: one `testsuite`, as Surefire writes it.
pub fn render(report: &Report) -> Vec<u8> {
    let (undecided, stale) = (voiding(report, false), voiding(report, true));
    let of = |outcome| standing::cases(report, outcome);
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuite name=\"endspec\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{}\" timestamp=\"{}\">",
        report.cases.len() + 1 + usize::from(report.baseline.is_some()),
        of(Outcome::Fail) + usize::from(!stale.is_empty()),
        of(Outcome::Undecided) + usize::from(!undecided.is_empty()),
        of(Outcome::Skipped) + of(Outcome::Known),
        telling::seconds(report.duration_ms),
        // The schema of Jenkins takes no zone.
        Xml(report.started.trim_end_matches('Z')),
    );
    properties(report, &mut text);
    for case in &report.cases {
        self::case(report, case, &mut text);
    }
    run(report, &undecided, &mut text);
    if report.baseline.is_some() {
        baseline(&stale, &mut text);
    }
    text.push_str("</testsuite>\n");
    text.into_bytes()
}

/// What keeps the run from passing and is no case's own: what is undecided, or entries of the baseline.
fn voiding(report: &Report, stale: bool) -> Vec<String> {
    let gaps = telling::gaps(report).into_iter().filter(|gap| gap.voids && gap.kind != "inconclusive");
    gaps.filter(|gap| gap.is_stale() == stale).map(|gap| gap.words()).collect()
}

fn properties(report: &Report, text: &mut String) {
    let given = [
        ("verdict", telling::verdict(report)),
        ("tested", telling::tested(report)),
        ("hint", report.hint.clone().unwrap_or_default()),
        ("baseline", standing::counts(report).unwrap_or_default()),
    ];
    let readings = report.readings.iter().map(|(name, value)| ("reading", format!("{name}={value}")));
    let narrow = telling::gaps(report).into_iter().filter(|gap| !gap.voids).map(|gap| (gap.kind, gap.words()));
    text.push_str("  <properties>\n");
    for (name, value) in given.into_iter().chain(readings).chain(narrow).filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(text, "    <property name=\"{}\" value=\"{}\"/>", Xml(name), Xml(&value));
    }
    text.push_str("  </properties>\n");
}

fn case(report: &Report, case: &Case, text: &mut String) {
    let (folder, name) = case.id.rsplit_once('/').unwrap_or(("cases", &case.id));
    let _ = writeln!(
        text,
        "  <testcase classname=\"{}\" name=\"{}\" time=\"{}\">",
        Xml(&folder.replace('/', ".")),
        Xml(name),
        telling::seconds(case.duration_ms)
    );
    match standing::outcome(report, case) {
        Outcome::Fail => failure(report, case, text),
        Outcome::Skipped => skipped(&case.reasons.join("; "), text),
        Outcome::Known => skipped(&format!("{KNOWN}: {}", standing::accepted(report, case)), text),
        Outcome::Undecided => error(&case.reasons, text),
        Outcome::Pass => {}
    }
    // What fails nothing is still told: broken SHOULDs, observations, and what was left out.
    let told = case.findings.iter().filter(|finding| !telling::fails(report, finding));
    let told: Vec<String> = told.map(|finding| said(report, case, finding)).collect();
    let reasons = case.reasons.iter().filter(|_| matches!(case.verdict.as_str(), "pass" | "fail")).cloned();
    let told: Vec<String> = told.into_iter().chain(reasons).collect();
    if !told.is_empty() {
        let lines: Vec<String> = told.iter().map(|line| Xml(line).to_string()).collect();
        let _ = writeln!(text, "    <system-out>{}</system-out>", lines.join("\n"));
    }
    text.push_str("  </testcase>\n");
}

fn said(report: &Report, case: &Case, finding: &Finding) -> String {
    let standing = standing::standing(report, case, finding).map_or_else(String::new, |word| format!("{word}: "));
    format!("{standing}{} {}: {}", finding.level, finding.clause, finding.message)
}

/// One element for all findings: more than one is not in every schema.
fn failure(report: &Report, case: &Case, text: &mut String) {
    let failing: Vec<_> = case.findings.iter().filter(|finding| telling::fails(report, finding)).collect();
    let words: Vec<String> = failing.iter().map(|finding| said(report, case, finding)).collect();
    let kind = failing.first().map_or("", |finding| finding.clause.as_str());
    let _ = writeln!(text, "    <failure type=\"{}\" message=\"{}\">", Xml(kind), Xml(&words.join("; ")));
    for finding in failing {
        let lines = telling::lines(report, case, finding);
        let _ = writeln!(text, "{}", XmlBlock(&telling::plain(&lines)));
    }
    text.push_str("    </failure>\n");
}

fn skipped(why: &str, text: &mut String) {
    let _ = writeln!(text, "    <skipped message=\"{}\"/>", Xml(why));
}

fn error(reasons: &[String], text: &mut String) {
    let _ = writeln!(text, "    <error type=\"inconclusive\" message=\"{}\"/>", Xml(&reasons.join("; ")));
}

fn run(report: &Report, undecided: &[String], text: &mut String) {
    let name = "everything in scope was tested, and nothing left open";
    let time = telling::seconds(report.duration_ms);
    let _ = writeln!(text, "  <testcase classname=\"endspec\" name=\"{name}\" time=\"{time}\">");
    if !undecided.is_empty() {
        error(undecided, text);
    }
    text.push_str("  </testcase>\n");
}

fn baseline(stale: &[String], text: &mut String) {
    let name = "every entry of the baseline still fails";
    let _ = writeln!(text, "  <testcase classname=\"endspec\" name=\"{name}\" time=\"0.000\">");
    if !stale.is_empty() {
        let words = stale.join("; ");
        let _ = writeln!(text, "    <failure type=\"baseline\" message=\"{0}\">{0}</failure>", Xml(&words));
    }
    text.push_str("  </testcase>\n");
}
