//! The report as SARIF 2.1.0: clauses are rules, findings are results on the case file.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::Report;
use super::escape::{block, line};
use super::model::{Case, Clause, Finding, Place};
use super::{standing, telling};
use crate::wire::encoding::hex;

/// How the names of the built-in cases' files begin.
const BUILT_IN: &str = "<built-in>/";
/// What stands for the folder of the built-in cases.
const BASE: &str = "ENDSPEC";

/// The document.
pub fn render(report: &Report) -> Vec<u8> {
    let gaps = telling::gaps(report);
    let notifications = gaps.iter().map(|gap| {
        let level = if gap.voids { "warning" } else { "note" };
        json!({ "level": level, "descriptor": { "id": gap.kind.replace(' ', "-") }, "message": message(&gap.words()) })
    });
    let document = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "endspec",
                "version": line(&report.endspec),
                "rules": report.clauses.iter().map(|clause| rule(report, clause)).collect::<Vec<_>>(),
            } },
            "invocations": [{
                // Whether it ran to its end; the verdict is another question.
                "executionSuccessful": !report.interrupted,
                "startTimeUtc": line(&report.started),
                "toolExecutionNotifications": notifications.collect::<Vec<_>>(),
            }],
            "originalUriBaseIds": { BASE: { "description": { "text": "cases that are built into endspec" } } },
            "columnKind": "unicodeCodePoints",
            "results": results(report),
            "properties": {
                "verdict": line(&telling::verdict(report)),
                "tested": line(&telling::tested(report)),
                "baseline": line(&standing::counts(report).unwrap_or_default()),
                "readings": report.readings.iter().map(|(name, value)| line(&format!("{name}={value}"))).collect::<Vec<_>>(),
            },
        }],
    });
    format!("{document:#}\n").into_bytes()
}

/// A message; `](` in it would make a link of what a target said.
fn message(text: &str) -> Value {
    json!({ "text": block(text).replace("](", "] (") })
}

fn level(level: &str, strict: bool) -> &'static str {
    match level {
        "MUST" => "error",
        "SHOULD" if strict => "error",
        "SHOULD" => "warning",
        _ => "note",
    }
}

fn rule(report: &Report, clause: &Clause) -> Value {
    json!({
        "id": line(&clause.id),
        "shortDescription": message(&format!("the endpoint {}", clause.sentence)),
        "defaultConfiguration": { "level": level(&clause.level, report.strict) },
        "properties": { "tags": [line(&clause.level)], "verdict": line(&clause.verdict), "judgements": clause.judgements },
    })
}

fn results(report: &Report) -> Vec<Value> {
    let rules: BTreeMap<&str, usize> =
        report.clauses.iter().enumerate().map(|(index, clause)| (clause.id.as_str(), index)).collect();
    let mut seen: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut results = Vec::new();
    for (case, finding) in telling::findings(report) {
        let nth = seen.entry((&case.id, &finding.clause)).or_default();
        *nth += 1;
        let mut result = result(report, case, finding, *nth);
        if let Some(index) = rules.get(finding.clause.as_str()) {
            result["ruleIndex"] = json!(index);
        }
        results.push(result);
    }
    results
}

fn result(report: &Report, case: &Case, finding: &Finding, nth: usize) -> Value {
    let lines = telling::lines(report, case, finding);
    let mut result = json!({
        "ruleId": line(&finding.clause),
        "level": level(&finding.level, report.strict),
        "message": message(&format!("{}\n{}", finding.message, telling::plain(&lines))),
        "locations": [{
            "physicalLocation": location(&finding.place),
            "logicalLocations": [{ "fullyQualifiedName": line(&case.id), "kind": "module" }],
        }],
        "partialFingerprints": { "caseAndClause/v1": fingerprint(case, finding, nth) },
        "occurrenceCount": finding.times,
    });
    if let Some(word) = standing::standing(report, case, finding) {
        result["properties"] = json!({ "baseline": word });
    }
    if let Some(words) = standing::words(report, case, finding).filter(|_| finding.known) {
        // In the words of the format what is known is accepted by somebody outside of the code.
        result["suppressions"] = json!([{ "kind": "external", "status": "accepted", "justification": line(&words) }]);
    }
    result
}

fn location(place: &Place) -> Value {
    let (file, built_in) = place.file.strip_prefix(BUILT_IN).map_or((place.file.as_str(), false), |file| (file, true));
    let mut artifact = json!({ "uri": uri(file) });
    if built_in {
        artifact["uriBaseId"] = json!(BASE);
    }
    json!({
        "artifactLocation": artifact,
        "region": {
            "startLine": place.line,
            "startColumn": place.column,
            "endColumn": place.column.saturating_add(place.length),
            "snippet": message(&place.text),
        },
    })
}

/// A path as a reference: what a reference does not hold is percent-encoded.
fn uri(path: &str) -> String {
    let path = line(path);
    let path = path.strip_prefix("./").unwrap_or(&path);
    path.split('/').map(|part| crate::wire::Encoding::Strict.encode(part)).collect::<Vec<_>>().join("/")
}

/// What is the same in two runs of which both find it.
fn fingerprint(case: &Case, finding: &Finding, nth: usize) -> String {
    let digest = Sha256::digest(format!("{}\0{}\0{nth}", case.id, finding.clause));
    hex(&digest[..16])
}
