//! The JSON report: real ones against its schema, and the schema against itself.

use endspec::report::json::SCHEMA;
use endspec::server::settings::INSTANCE_ID;
use serde_json::{Map, Value};
use tempfile::tempdir;

use crate::serve::serve;
use crate::target::Target;
use crate::{endspec, endspec_in};

fn schema() -> Value {
    serde_json::from_str(SCHEMA).expect("the schema is JSON")
}

/// Asserts that a report is as its schema says.
#[track_caller]
pub fn assert_valid(report: &Value) {
    let validator = jsonschema::draft202012::new(&schema()).expect("the schema is one");
    let errors: Vec<String> =
        validator.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

/// The report without its volatile members.
pub fn steady(report: &Value) -> Value {
    let schema = schema();
    strip(&schema, &schema, report.clone())
}

fn strip(root: &Value, schema: &Value, value: Value) -> Value {
    let schema = resolve(root, schema);
    match value {
        Value::Object(members) => {
            let mut kept = Map::new();
            for (name, value) in members {
                let member = schema["properties"].get(&name).unwrap_or(&Value::Null);
                if member["x-volatile"] != true {
                    kept.insert(name, strip(root, member, value));
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => items.into_iter().map(|item| strip(root, &schema["items"], item)).collect(),
        other => other,
    }
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    let pointer = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.map_or(schema, |pointer| root.pointer(pointer).expect("the reference leads somewhere"))
}

#[test]
fn reports_of_every_verdict_are_valid() {
    let files = Target::files();
    let url = files.url();
    let cases = "end/request/* end/error/* rpc/format/*";
    let rows: [(&str, i32, &[&str]); 4] = [
        ("pass", 0, &["--select", "end/request/*"]),
        ("fail", 1, &["--select", cases, "--target", &url, "--without", "sessions,signatures"]),
        ("inconclusive", 3, &["--select", cases, "--target", "http://127.0.0.1:1"]),
        ("pass", 0, &["--contract", "2026-06-18", "--select", "end/request/*", "--without", "xml"]),
    ];
    for (verdict, code, flags) in rows {
        let done = endspec(&[&["run", "--report", "json=-"], flags].concat()).ends(code);
        let report = done.json();
        assert_valid(&report);
        assert_eq!(report["verdict"], verdict);
    }
}

#[test]
fn every_object_is_closed_every_member_required_and_described() {
    let schema = schema();
    walk("", &schema, &mut |at, schema| {
        let Some(members) = schema["properties"].as_object() else {
            let open = schema["type"] != "object" || schema["additionalProperties"].is_object();
            assert!(open, "{at}: an object without members");
            return;
        };
        assert_eq!(schema["additionalProperties"], false, "{at}");
        let names: Vec<&String> = members.keys().collect();
        let required: Vec<&str> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert_eq!(names, required, "{at}");
        for (name, member) in members {
            assert!(resolve(&schema_root(), member)["description"].is_string(), "{at}/{name} is not described");
        }
    });
}

fn schema_root() -> Value {
    schema()
}

fn walk(at: &str, schema: &Value, visit: &mut impl FnMut(&str, &Value)) {
    match schema {
        Value::Object(members) => {
            if members.contains_key("type") {
                visit(at, schema);
            }
            for (name, value) in members {
                walk(&format!("{at}/{name}"), value, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(at, item, visit)),
        _ => {}
    }
}

#[test]
fn members_that_other_programs_rely_on_are_there() {
    let report = endspec(&["run", "--report", "json=-", "--select", "end/request/empty-region"]).ends(0).json();
    assert_eq!(report["format"], 1);
    assert_eq!(report["target"]["kind"], "reference server (built in)");
    for name in ["endspec", "suite", "contract", "readings", "seed", "totals", "clauses", "excluded", "leaked"] {
        assert!(!report[name].is_null(), "{name}");
    }
    let case = &report["cases"][0];
    assert_eq!((&case["id"], &case["verdict"]), (&"end/request/empty-region".into(), &"pass".into()));
    assert!(report["exchanges"].as_u64() > Some(0) && case["durationMs"].is_u64());
    for name in ["notTested", "notCovered"] {
        assert_eq!(report[name], serde_json::json!([]), "{name}");
    }
}

#[test]
fn the_same_seed_gives_the_same_report_with_one_job_and_with_eight() {
    let run = |jobs: &str| {
        let args = ["run", "--seed", "5eed", "--jobs", jobs, "--report", "json=-"];
        steady(&endspec(&args).ends(0).json())
    };
    let first = run("8");
    assert_eq!(first, run("8"));
    assert_eq!(first, run("1"));
}

#[test]
fn the_same_seed_gives_the_same_findings() {
    let files = Target::files();
    let run = || {
        let args = ["run", "--seed", "5eed", "--report", "json=-", "--target", &files.url()];
        let more = ["--select", "end/request/* end/session/* rpc/format/*", "--without", "sessions"];
        steady(&endspec(&[&args[..], &more].concat()).ends(1).json())
    };
    assert_eq!(run(), run());
}

#[test]
fn a_report_on_standard_output_is_one_document_and_people_read_the_other_stream() {
    let done = endspec(&["run", "--report", "json=-", "--select", "end/request/*"]).ends(0);
    assert_valid(&done.json());
    assert!(done.err.starts_with("endspec ") && done.err.contains("verdict:  PASS"), "{}", done.err);
}

#[test]
fn several_reports_are_written() {
    let folder = tempdir().unwrap();
    let at = |name: &str| format!("json={}", folder.path().join(name).display());
    let args = ["run", "--select", "end/request/*", "--report", &at("one.json"), "--report", &at("two.json")];
    endspec(&args).ends(0).says(&["verdict:  PASS"]);
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    assert_eq!(read("one.json"), read("two.json"));
    assert_valid(&serde_json::from_slice(&read("two.json")).unwrap());
}

#[test]
fn a_report_into_a_folder_that_is_missing_is_a_mistake_and_nothing_is_made() {
    let target = Target::untouched();
    let folder = tempdir().unwrap();
    let at = |name: &str| format!("json={}", folder.path().join(name).display());
    let args = ["run", "--target", &target.url(), "--report", &at("one.json"), "--report", &at("a/b/two.json")];
    let there = folder.path().join("a/b").display().to_string();
    let words = ["error[file-not-written]", &format!("the folder `{there}` does not exist"), "mkdir -p "];
    endspec(&args).ends(2).complains(&words);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "neither folder nor report");
    target.is_untouched();
}

#[test]
fn a_report_that_cannot_be_created_is_a_mistake_before_the_first_request() {
    let target = Target::untouched();
    let folder = tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let report = format!("json={}", file.join("report.json").display());
    let args = ["run", "--target", &target.url(), "--report", &report];
    endspec(&args).ends(2).complains(&["error[file-not-written]", "report.json"]);
    target.is_untouched();
}

#[cfg(unix)]
#[test]
fn two_paths_to_one_file_are_a_mistake_and_what_it_holds_stays() {
    let folder = tempdir().unwrap();
    std::fs::write(folder.path().join("a.x"), "before").unwrap();
    let args = ["run", "--select", "end/request/*", "--report", "json=a.x", "--report", "html=./a.x"];
    endspec_in(folder.path(), &[], &args).ends(2).complains(&["error[flag]", "a.x and ./a.x are one file"]);
    assert_eq!(std::fs::read_to_string(folder.path().join("a.x")).unwrap(), "before");
}

#[cfg(unix)]
#[test]
fn a_report_of_an_earlier_run_is_gone_when_the_first_request_is_sent() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("a.json");
    std::fs::write(&file, "before").unwrap();
    let seen = std::sync::Arc::new(std::sync::Mutex::new(None));
    let (noted, read) = (seen.clone(), file.clone());
    let target = Target::new(move |_| {
        noted.lock().unwrap().get_or_insert_with(|| std::fs::read_to_string(&read).unwrap());
        crate::target::error(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.")
    });
    let report = format!("json={}", file.display());
    let mistaken = ["run", "--target", &target.url(), "--select", "nothing/*", "--report", &report];
    endspec(&mistaken).ends(2);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "before", "nothing was sent");
    let without = "--without=sessions,signatures,xml";
    endspec(&["run", "--target", &target.url(), without, "--select", "end/request/*", "--report", &report]);
    assert_eq!(seen.lock().unwrap().as_deref(), Some(""));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_behind_standard_output_is_told() {
    for args in [&["list", "clauses"][..], &["run", "--select", "end/request/*"], &["completions", "bash"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = crate::command(args);
        let child = command.stdout(full).stderr(std::process::Stdio::piped()).spawn().unwrap();
        let done = child.wait_with_output().unwrap();
        let words = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(3), "{args:?}: {words}");
        assert!(words.contains("standard output could not be written"), "{args:?}: {words}");
    }
}

#[test]
fn a_finding_tells_what_ended_the_session_what_came_to_it_since_and_how_to_see_it_again() {
    let folder = tempdir().unwrap();
    let case = r#"title: a look after a Describe
clauses: [end/effect/stays-closed, end/success/status, describe/shape]
needs: [sessions, restart]
for-each: { placement: [POST-query, GET] }
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    clause: end/success/status
    expect: ok
  - call: DescribeTerminalSessions
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    clause: describe/shape
    expect: ok
  - look: victim
    by: websocket
    expect: unusable
"#;
    std::fs::write(folder.path().join("a.yaml"), case).unwrap();
    let served = serve(&["--auth", "open", "--fault", "reopened-by-describe"], 1);
    let flags = ["--target", &served.url, "--timeout=1s", "--instance-id", INSTANCE_ID, "--restart-command", "true"];
    let without = ["--without", "signatures,denied-credential,other-region,unsupported-region"];
    let report = ["--report", "json=-"];
    let report = endspec_in(folder.path(), &[], &[&["run", "a.yaml"], &flags[..], &without, &report].concat());
    let report = report.ends(1).json();
    let finding = &report["cases"][0]["findings"][0];
    let notes = finding["notes"].to_string();
    let told = "step 2 ended this session with 200; then step 3 DescribeTerminalSessions: 200";
    assert!(notes.contains(told), "{notes}");
    let again = finding["again"].as_str().unwrap();
    assert!(again.ends_with(" --restart-command CMD") && !again.contains("true"), "{again}");
}
