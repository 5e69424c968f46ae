//! SARIF and HAR: against JSON Schemas of what their standards require.

use serde_json::Value;

use crate::{sample, text};

const SARIF: &str = include_str!("../fixtures/schemas/sarif-2.1.0.json");
const HAR: &str = include_str!("../fixtures/schemas/har-1.2.json");

#[track_caller]
fn errors(schema: &str, document: &Value) -> Vec<String> {
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    validator.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

#[test]
fn every_report_is_valid() {
    for (name, report) in sample::all() {
        for (format, schema) in [("sarif", SARIF), ("har", HAR)] {
            let document = serde_json::from_str(&text(&report, format)).unwrap();
            assert_eq!(errors(schema, &document), Vec::<String>::new(), "{format} of {name}");
        }
    }
}

#[test]
fn the_schemas_see_what_the_standards_forbid() {
    let sarif: Value = serde_json::from_str(&text(&sample::failed(), "sarif")).unwrap();
    let har: Value = serde_json::from_str(&text(&sample::failed(), "har")).unwrap();
    let rows = [
        (SARIF, &sarif, "/version", Value::from("2.0.0")),
        (SARIF, &sarif, "/runs/0/tool/driver/name", Value::Null),
        (SARIF, &sarif, "/runs/0/results/0/message", Value::from("text")),
        (SARIF, &sarif, "/runs/0/results/0/level", Value::from("fatal")),
        (SARIF, &sarif, "/runs/0/results/0/locations/0/physicalLocation/region/startLine", Value::from(0)),
        (SARIF, &sarif, "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri", Value::from("a b")),
        (SARIF, &sarif, "/runs/0/invocations/0/executionSuccessful", Value::Null),
        (HAR, &har, "/log/version", Value::from(1.2)),
        (HAR, &har, "/log/entries/0/startedDateTime", Value::from("yesterday")),
        (HAR, &har, "/log/entries/0/request/queryString", Value::Null),
        (HAR, &har, "/log/entries/0/response/content", Value::from("{}")),
        (HAR, &har, "/log/entries/0/timings", serde_json::json!({})),
    ];
    for (schema, right, pointer, wrong) in rows {
        let mut document = right.clone();
        *document.pointer_mut(pointer).unwrap_or_else(|| panic!("{pointer}")) = wrong;
        assert!(!errors(schema, &document).is_empty(), "{pointer}");
    }
}

#[test]
fn results_point_at_their_rules_and_at_the_case_file() {
    let report = sample::failed();
    let document: Value = serde_json::from_str(&text(&report, "sarif")).unwrap();
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), report.cases.iter().map(|case| case.findings.len()).sum::<usize>());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
    let levels: Vec<&str> = results.iter().map(|result| result["level"].as_str().unwrap()).collect();
    assert_eq!(levels, ["error", "error", "warning", "note"]);
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "cases/end/effect/once/ends.yaml");
    assert_eq!((&place["region"]["startLine"], &place["region"]["endColumn"]), (&8.into(), &13.into()));
    let prints: std::collections::BTreeSet<String> =
        results.iter().map(|result| result["partialFingerprints"].to_string()).collect();
    assert_eq!(prints.len(), results.len(), "two findings are not taken for one");
}

#[test]
fn nothing_of_a_target_is_a_link_in_a_message() {
    let document: Value = serde_json::from_str(&text(&sample::hostile("[l](http://evil.test)"), "sarif")).unwrap();
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap().iter().map(|result| &result["message"]);
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap().iter().map(|rule| &rule["shortDescription"]);
    let notes = run["invocations"][0]["toolExecutionNotifications"].as_array().unwrap().iter();
    let messages: Vec<&str> =
        results.chain(rules).chain(notes.map(|note| &note["message"])).map(|m| m["text"].as_str().unwrap()).collect();
    assert!(messages.len() > 10, "{messages:?}");
    for message in messages {
        assert!(message.contains("[l] (http://evil.test)") && !message.contains("]("), "{message}");
    }
}

#[test]
fn a_built_in_case_is_no_file_of_the_users() {
    let mut report = sample::failed();
    report.cases[0].findings[0].place.file = "<built-in>/cases/end/x.yaml".to_owned();
    let document: Value = serde_json::from_str(&text(&report, "sarif")).unwrap();
    let artifact = &document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["artifactLocation"];
    assert_eq!(*artifact, serde_json::json!({ "uri": "cases/end/x.yaml", "uriBaseId": "ENDSPEC" }));
}

#[test]
fn the_archive_has_the_exchanges_in_the_order_of_time() {
    let document: Value = serde_json::from_str(&text(&sample::failed(), "har")).unwrap();
    let entries = document["log"]["entries"].as_array().unwrap();
    let begun: Vec<&str> = entries.iter().map(|entry| entry["startedDateTime"].as_str().unwrap()).collect();
    assert_eq!(begun, ["500", "501", "502", "503"].map(|end| format!("2026-01-31T12:00:01.{end}Z")));
    let first = &entries[0]["request"];
    assert_eq!(first["url"], "http://127.0.0.1:8080/?Action=EndTerminalSession&SessionId=s%2D1");
    assert_eq!(first["queryString"][1], serde_json::json!({ "name": "SessionId", "value": "s-1" }));
    let statuses: Vec<u64> = entries.iter().map(|entry| entry["response"]["status"].as_u64().unwrap()).collect();
    assert_eq!(statuses, [200, 200, 0, 200], "an answer that was lost has no status");
    assert_eq!(entries[1]["request"]["method"], "RAW");
}
