//! The report as TAP 14: a test point a case, and one for what the run as a whole left undecided.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::Report;
use super::escape::line;
use super::model::{Case, Finding};
use super::telling;

/// The document.
pub fn render(report: &Report) -> Vec<u8> {
    let mut text = String::from("TAP version 14\n");
    let _ = writeln!(text, "1..{}", report.cases.len() + 1);
    comment(&telling::tested(report), &mut text);
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
    let voids = telling::gaps(report).into_iter().filter(|gap| gap.voids && gap.kind != "inconclusive");
    let voids: Vec<String> = voids.map(|gap| gap.words()).collect();
    let name = "everything in scope was tested, and nothing left open";
    let ok = if voids.is_empty() { "ok" } else { "not ok" };
    let _ = writeln!(text, "{ok} {} - {name}", report.cases.len() + 1);
    diagnostics(json!({ "undecided": voids }), &mut text);
    comment(&telling::verdict(report), &mut text);
    text.into_bytes()
}

fn comment(words: &str, text: &mut String) {
    let _ = writeln!(text, "# {}", line(words));
}

fn case(report: &Report, number: usize, case: &Case, text: &mut String) {
    let ok = if matches!(case.verdict.as_str(), "pass" | "skipped") { "ok" } else { "not ok" };
    let skip =
        if case.verdict == "skipped" { format!(" # SKIP {}", line(&case.reasons.join("; "))) } else { String::new() };
    let _ = writeln!(text, "{ok} {number} - {}{skip}", description(&case.id));
    let findings: Vec<Value> = case.findings.iter().map(|finding| self::finding(report, finding)).collect();
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

fn finding(report: &Report, finding: &Finding) -> Value {
    let lines = telling::lines(report, finding).into_iter().map(|(name, text)| json!([name, text])).collect::<Value>();
    json!({ "level": finding.level, "clause": finding.clause, "message": finding.message, "lines": lines })
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
