//! The report as TAP 14: a test point a case, one for what the run as a whole left undecided, and one for its baseline.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Report;
use super::escape::line;
use super::model::{Case, Finding, KNOWN};
use super::standing::{self, Outcome};
use super::telling;

/// The document.
pub fn render(report: &Report) -> Vec<u8> {
    let mut text = String::from("TAP version 14\n");
    let points = report.cases.len() + 1 + usize::from(report.baseline.is_some());
    let _ = writeln!(text, "1..{points}");
    comment(&telling::tested(report), &mut text);
    standing::counts(report).iter().for_each(|counts| comment(&format!("baseline: {counts}"), &mut text));
    report.hint.iter().for_each(|hint| comment(&format!("hint: {hint}"), &mut text));
    for (name, value) in &report.readings {
        comment(&format!("reading: {name}={value}"), &mut text);
    }
    for gap in telling::gaps(report).iter().filter(|gap| !gap.voids) {
        comment(&gap.words(), &mut text);
    }
    for (index, case) in report.cases.iter().enumerate() {
        self::case(report, index + 1, case, &mut text);
    }
    let voids = |stale| {
        let gaps = telling::gaps(report).into_iter().filter(|gap| gap.voids && gap.kind != "inconclusive");
        gaps.filter(|gap| gap.is_stale() == stale).map(|gap| gap.words()).collect::<Vec<String>>()
    };
    let name = "everything in scope was tested, and nothing left open";
    of_run(report.cases.len() + 1, name, "undecided", &voids(false), &mut text);
    if report.baseline.is_some() {
        of_run(points, "every entry of the baseline still fails", "entries", &voids(true), &mut text);
    }
    comment(&telling::verdict(report), &mut text);
    text.into_bytes()
}

fn of_run(number: usize, name: &str, what: &str, voids: &[String], text: &mut String) {
    let ok = if voids.is_empty() { "ok" } else { "not ok" };
    let _ = writeln!(text, "{ok} {number} - {name}");
    diagnostics(json!({ what: voids }), text);
}

fn comment(words: &str, text: &mut String) {
    let _ = writeln!(text, "# {}", line(words));
}

fn case(report: &Report, number: usize, case: &Case, text: &mut String) {
    let outcome = standing::outcome(report, case);
    let ok = if matches!(outcome, Outcome::Pass | Outcome::Skipped) { "ok" } else { "not ok" };
    let directive = match outcome {
        Outcome::Skipped => format!(" # SKIP {}", line(&case.reasons.join("; "))),
        // What fails and is to fail for now.
        Outcome::Known => format!(" # TODO {KNOWN}: {}", line(&standing::accepted(report, case))),
        _ => String::new(),
    };
    let _ = writeln!(text, "{ok} {number} - {}{directive}", description(&case.id));
    let findings: Vec<Value> = case.findings.iter().map(|finding| self::finding(report, case, finding)).collect();
    diagnostics(
        json!({
            "duration_ms": case.duration_ms,
            "verdict": case.verdict,
            "reasons": case.reasons,
            "findings": findings,
        }),
        text,
    );
}

fn finding(report: &Report, case: &Case, finding: &Finding) -> Value {
    let lines =
        telling::lines(report, case, finding).into_iter().map(|(name, text)| json!([name, text])).collect::<Value>();
    let mut said =
        json!({ "level": finding.level, "clause": finding.clause, "message": finding.message, "lines": lines });
    if let Some(standing) = standing::standing(report, case, finding) {
        said["baseline"] = json!(standing);
    }
    said
}

/// A description: `#` would begin a directive.
fn description(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('#', "\\#")
}

/// A block of YAML, its values in the part of YAML that is JSON; empty ones are left out.
fn diagnostics(members: Value, text: &mut String) {
    let Value::Object(members) = members else { return };
    let mut lines = String::new();
    for (name, value) in members.iter().filter(|(_, value)| value.as_array().is_none_or(|list| !list.is_empty())) {
        let _ = writeln!(lines, "  {name}: {}", clean(value.clone()));
    }
    if !lines.is_empty() {
        let _ = write!(text, "  ---\n{lines}  ...\n");
    }
}

/// The value with nothing in its texts that acts.
fn clean(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(super::escape::block(&text)),
        Value::Array(values) => values.into_iter().map(clean).collect(),
        Value::Object(members) => members.into_iter().map(|(name, value)| (name, clean(value))).collect(),
        other => other,
    }
}
