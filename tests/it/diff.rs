//! `endspec report --diff`: what broke, was mended, is new, is gone, and how it ends.

use std::fs;

use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::target::{Sessions, Target, json};
use crate::{Done, endspec_in};

/// Runs of the right target, of one that is broken in one way, and of one in another.
fn runs() -> TempDir {
    let folder = tempdir().unwrap();
    let right = Target::new({
        let sessions = Sessions::default();
        move |asked| sessions.answer(asked)
    });
    // Takes calls with a session that nobody knows, or those without any.
    let broken = |unknown: bool| {
        let sessions = Sessions::default();
        Target::new(move |asked| {
            let ends = asked.parameter("Action").as_deref() == Some("EndTerminalSession");
            let region = asked.parameter("RegionId").is_some();
            let takes = ends && region && asked.parameter("SessionId").is_some() == unknown;
            if takes { json(200, "") } else { sessions.answer(asked) }
        })
    };
    let run = |target: &Target, file: &str, flags: &[&str]| {
        let (url, report) = (target.url(), format!("json={file}"));
        let args =
            ["run", "--target", &url, "--seed", "7", "--without", "sessions,signatures,xml", "--report", &report];
        endspec_in(folder.path(), &[], &[&args[..], flags].concat());
    };
    let both = ["--select", "end/session/unknown-shape,end/request/session-required"];
    run(&right, "right.json", &both);
    run(&broken(false), "session.json", &both);
    run(&broken(true), "unknown.json", &both);
    run(&right, "less.json", &["--select", "end/session/unknown-shape"]);
    run(&right, "silent.json", &[&both[..], &["--time-limit", "0s"]].concat());
    folder
}

fn diff(folder: &TempDir, args: &[&str]) -> Done {
    endspec_in(folder.path(), &[], &[&["report", "--diff"], args].concat())
}

#[test]
fn what_broke_was_mended_is_new_is_gone_or_is_no_longer_decided_is_told_apart() {
    let folder = runs();
    let (unknown, session) = ("end/session/unknown-shape", "end/request/session-required");
    type Row<'a> = (&'a str, &'a str, i32, &'a [(&'a str, &'a str)]);
    let rows: [Row<'_>; 7] = [
        ("right.json", "right.json", 0, &[]),
        ("right.json", "session.json", 1, &[(session, "broke")]),
        ("session.json", "right.json", 0, &[(session, "mended")]),
        ("session.json", "unknown.json", 1, &[(session, "mended"), (unknown, "broke")]),
        ("less.json", "right.json", 0, &[(session, "new")]),
        ("less.json", "session.json", 1, &[(session, "broke")]),
        ("session.json", "less.json", 0, &[(session, "gone")]),
    ];
    for (old, new, code, expected) in rows {
        let done = diff(&folder, &[old, new, "--report", "json=-"]).ends(code);
        let document = done.json();
        assert_eq!(document["broke"], code == 1, "{old} {new}");
        for list in ["clauses", "cases"] {
            let mut found: Vec<(&str, &str)> = document[list]
                .as_array()
                .unwrap()
                .iter()
                .map(|change| (change["id"].as_str().unwrap(), change["change"].as_str().unwrap()))
                .map(|(id, change)| (if id == "end/session/unknown" { unknown } else { id }, change))
                .filter(|(id, _)| [unknown, session].contains(id))
                .collect();
            found.sort_unstable();
            assert_eq!(found, expected, "{list}: {old} {new}");
        }
    }
    let done = diff(&folder, &["session.json", "silent.json"]).ends(0);
    let done = done.says(&[
        "\nchanged:\n",
        "fail -> inconclusive",
        "gone MUST end/request/session-required",
        "-> not decided",
    ]);
    assert!(!done.out.contains("mended"), "what was not looked at is not mended: {}", done.out);
}

#[test]
fn what_is_the_same_is_counted_and_not_told() {
    let folder = runs();
    let done = diff(&folder, &["session.json", "session.json"]).ends(0);
    assert!(
        !done.out.contains("clause MUST") && done.out.ends_with("nothing broke: nothing changed\n"),
        "{}",
        done.out
    );
    let document = diff(&folder, &["session.json", "session.json", "--report", "json=-"]).json();
    let same = &document["same"];
    assert_eq!((&same["cases"], &same["findings"]), (&2.into(), &1.into()), "{same}");
}

#[test]
fn comparisons_are_written_for_people_and_programs_and_say_what_else_differs() {
    let folder = runs();
    let done =
        diff(&folder, &["right.json", "session.json", "--report", "markdown=diff.md", "--report", "json=diff.json"]);
    let words = [
        "\nbroke:\n  clause MUST end/request/session-required: pass -> fail",
        "nothing wrong -> 200",
        "BROKE: 1 clause and 1 case broke",
    ];
    done.ends(1).says(&words);
    let text = fs::read_to_string(folder.path().join("diff.md")).unwrap();
    assert!(text.starts_with("## endspec: BROKE") && text.contains("| broke | pass | fail |"), "{text}");
    let document: Value = serde_json::from_slice(&fs::read(folder.path().join("diff.json")).unwrap()).unwrap();
    let schema = serde_json::from_str(include_str!("../../schemas/diff.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&document).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");

    let mut other: Value = serde_json::from_slice(&fs::read(folder.path().join("right.json")).unwrap()).unwrap();
    other["seed"] = "00000000000000ff".into();
    fs::write(folder.path().join("other.json"), other.to_string()).unwrap();
    diff(&folder, &["right.json", "other.json"])
        .ends(0)
        .says(&["differs in seed: 0000000000000007 -> 00000000000000ff"]);
}

#[test]
fn what_cannot_be_compared_is_a_mistake() {
    let folder = runs();
    fs::write(folder.path().join("later.json"), r#"{"format":7}"#).unwrap();
    diff(&folder, &["right.json", "later.json"])
        .ends(2)
        .complains(&["error[bad-report]: later.json", "it is of format 7"]);
    diff(&folder, &["right.json"]).ends(2).complains(&["two reports are compared, and 1 is given"]);
    let three = ["right.json", "session.json", "unknown.json"];
    diff(&folder, &three).ends(2).complains(&["3 are given", "shards are merged first"]);
    diff(&folder, &["right.json", "session.json", "--report", "html=x"])
        .ends(2)
        .complains(&["`html` is no report format"]);
    assert!(!folder.path().join("x").exists());
}

#[test]
fn a_breach_that_a_baseline_names_broke_nothing_that_fails_a_run() {
    let folder = runs();
    let flags = ["report", "session.json", "--write-baseline", "b.yaml", "--reason", "known"];
    endspec_in(folder.path(), &[], &flags).ends(0);
    let mut known: Value = serde_json::from_slice(&fs::read(folder.path().join("session.json")).unwrap()).unwrap();
    for case in known["cases"].as_array_mut().unwrap() {
        for finding in case["findings"].as_array_mut().unwrap() {
            finding["known"] = true.into();
        }
    }
    fs::write(folder.path().join("known.json"), known.to_string()).unwrap();
    let done = diff(&folder, &["right.json", "known.json"]).ends(0);
    done.says(&["broke MUST end/request/session-required, known", "nothing broke that would fail a run"]);
}
