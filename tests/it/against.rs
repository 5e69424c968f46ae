//! Two endpoints under the same cases: what one alone breaks, what both are right about and answer differently.

use std::collections::BTreeMap;

use endspec::server::settings::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, INSTANCE_ID};
use serde_json::Value;

use crate::serve::{Served, serve};
use crate::target::Target;
use crate::{Done, endspec, endspec_in};

const SELECT: &str = "end/request/*,end/session/unknown,end/session/malformed,end/success/ok,end/effect/closes,rpc/format/default,rpc/signature/v3";
const WITHOUT: &str = "restart,denied-credential,other-region";

fn open(more: &[&str]) -> Served {
    serve(&[&["--auth", "open"], more].concat(), 1)
}

fn compare(first: &str, second: &str, variables: &[(&str, &str)], more: &[&str]) -> Done {
    let args = ["run", "--target", first, "--against", second, "--select", SELECT, "--instance-id", INSTANCE_ID];
    endspec_in(&std::env::temp_dir(), variables, &[&args[..], &["--without", WITHOUT], more].concat())
}

/// Results of the comparison, by clause.
fn results(report: &Value) -> BTreeMap<&str, &str> {
    let clauses = report["against"]["clauses"].as_array().expect("a comparison").iter();
    clauses.map(|clause| (clause["id"].as_str().unwrap(), clause["result"].as_str().unwrap())).collect()
}

#[test]
fn two_endpoints_that_differ_in_two_faults_and_two_readings_are_told_apart_by_clause() {
    let first = open(&["--fault", "request-id-lower-case", "--reading", "empty-parameter=missing"]);
    let second =
        open(&["--fault", "host-id-missing", "--reading", "empty-parameter=not-found,closed-websocket=closed"]);
    let signatures = ["--without", "signatures", "--seed", "7"];
    let done = compare(&first.url, &second.url, &[], &[&signatures[..], &["--report", "json=-"]].concat()).ends(0);
    let report = done.json();
    let results = results(&report);
    for (clause, result) in [
        ("end/request-id/upper-case", "target-breaks"),
        ("end/error/host-id", "other-breaks"),
        ("end/request/empty", "differ"),
        ("end/request/session-required", "both-hold"),
        ("end/effect/closes", "differ"),
        ("rpc/signature/v3", "not-compared"),
    ] {
        assert_eq!(results.get(clause), Some(&result), "{clause}: {results:#?}");
    }
    let followed = report["against"]["followed"].as_array().unwrap();
    let of = |reading: &str| followed.iter().find(|values| values["reading"] == reading).expect("the reading was seen");
    let values = |reading: &str| (of(reading)["target"].to_string(), of(reading)["other"].to_string());
    assert_eq!(values("empty-parameter"), (r#"["missing"]"#.to_owned(), r#"["not-found"]"#.to_owned()));
    assert_eq!(values("closed-websocket"), (r#"["refused"]"#.to_owned(), r#"["closed"]"#.to_owned()));
    let (target, other) = values("malformed-session");
    assert_eq!(target, other);
    assert_eq!(report["seed"], "0000000000000007");
    let other =
        report["against"]["clauses"].as_array().unwrap().iter().find(|c| c["result"] == "other-breaks").unwrap();
    let again = other["again"].as_str().unwrap();
    assert!(again.contains(&second.url) && again.contains("--seed 0000000000000007"), "{again}");
    // Told to people as well, and again from the report.
    let words = [
        "only the target breaks:\n    SHOULD end/request-id/upper-case",
        "only the other breaks:\n    SHOULD end/error/host-id",
        "reading closed-websocket: the target follows refused, the other closed",
        "against:  http://127.0.0.1:",
    ];
    for word in words {
        assert!(done.err.contains(word), "`{word}` is not in\n{}", done.err);
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.json"), &done.out).unwrap();
    endspec_in(folder.path(), &[], &["report", "a.json"]).ends(0).says(&words);
}

#[test]
fn the_exit_code_is_the_targets_unless_the_comparison_could_not_be_made() {
    let right = open(&[]);
    let wrong = open(&["--fault", "session-not-found-as-400"]);
    let signatures = ["--without", "signatures"];
    compare(&right.url, &wrong.url, &[], &signatures)
        .ends(0)
        .says(&["only the other breaks:\n    MUST end/error/status"]);
    compare(&wrong.url, &right.url, &[], &signatures)
        .ends(1)
        .says(&["only the target breaks:\n    MUST end/error/status"]);
    let done = compare(&right.url, "http://127.0.0.1:1", &[], &signatures).ends(3);
    done.says(&["nothing could be compared", "verdict:  PASS - but the comparison is not complete"]);
}

#[test]
fn the_second_endpoint_is_signed_for_only_where_the_command_line_says_so() {
    let keys = [("ALIBABA_CLOUD_ACCESS_KEY_ID", ACCESS_KEY_ID), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", ACCESS_KEY_SECRET)];
    let first = serve(&[], 1);
    let asked = std::sync::Arc::new(std::sync::Mutex::new(String::new()));
    let noted = std::sync::Arc::clone(&asked);
    let second = Target::new(move |asked| {
        noted.lock().unwrap().push_str(&format!("{}\n{}\n", asked.target, asked.rest));
        crate::target::error(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.")
    });
    let variables = [&keys[..], &[("ENDSPEC_AUTH", "v3")]].concat();
    let select = ["--select", "end/session/unknown-shape"];
    let args = ["run", "--target", &first.url, "--against", &second.url()];
    endspec_in(&std::env::temp_dir(), &variables, &[&args[..], &select].concat());
    let sent = std::mem::take(&mut *asked.lock().unwrap());
    assert!(!sent.is_empty() && !sent.contains(ACCESS_KEY_ID), "{sent}");
    endspec_in(&std::env::temp_dir(), &variables, &[&args[..], &select, &["--auth", "v3"]].concat());
    assert!(asked.lock().unwrap().contains(ACCESS_KEY_ID));
}

#[test]
fn what_cannot_be_compared_is_a_mistake_before_anything_is_sent() {
    let target = Target::untouched();
    let url = target.url();
    let rows: [(&[&str], &[&str]); 4] = [
        (&["--against", ""], &["--against", "is empty", "leave `--against`"]),
        (&["--against", "nonsense"], &["--against", "`nonsense`", "write http://nonsense"]),
        (&["--against", &url, "--session-id", "s-1"], &["--against", "are of one target", "--sessions start"]),
        (&["--against", &url, "--session-command", "true"], &["--against", "are of one target"]),
    ];
    for (flags, words) in rows {
        endspec(&[&["run", "--target", &url], flags].concat()).ends(2).complains(words);
    }
    target.is_untouched();
}

#[test]
fn what_another_declaration_would_permit_is_told_of_the_one_that_breaks_by_it() {
    let (first, second) = (open(&[]), open(&["--reading", "repeat-end=idempotent"]));
    let done = compare(&first.url, &second.url, &[], &["--without", "signatures", "--report", "json=-"]).ends(0);
    let report = done.json();
    let broken = report["against"]["clauses"].as_array().unwrap().iter().find(|c| c["id"] == "end/effect/stays-closed");
    let why = broken.unwrap()["why"].as_str().unwrap();
    assert!(why.contains("`--reading repeat-end=idempotent` would permit this answer"), "{why}");
    let followed = report["against"]["followed"].as_array().unwrap();
    let of = followed.iter().find(|values| values["reading"] == "repeat-end").expect("it was seen");
    assert_eq!(
        (of["target"].to_string(), of["other"].to_string()),
        ("[\"not-found\"]".into(), "[\"idempotent\"]".into())
    );
}
