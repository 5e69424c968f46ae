//! Files that cannot be read as what they should be: told in full before anything is sent.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;

use tempfile::tempdir;

use crate::endspec;
use crate::target::Target;

/// A case without a mistake, to put one into.
const CASE: &str = "clauses: [end/request/session-required]\nsteps:\n  - call: EndTerminalSession\n    \
                    with: { RegionId: \"{{region}}\" }\n    expect: missing(SessionId)\n";

/// Runs and lints the path: exit 2, these words, and not a single connection.
#[track_caller]
fn refused(path: &Path, words: &[&str]) {
    let target = Target::untouched();
    let path = path.to_str().unwrap();
    let done = endspec(&["run", path, "--target", &target.url()]).ends(2).complains(words);
    assert_eq!(done.out, "");
    endspec(&["lint", path]).ends(2).complains(words);
    target.is_untouched();
}

fn bad(text: &str, words: &[&str]) {
    let folder = tempdir().unwrap();
    let path = folder.path().join("bad.yaml");
    fs::write(&path, text).unwrap();
    refused(&path, words);
}

#[test]
fn the_case_that_mistakes_are_put_into_has_none() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("good.yaml");
    fs::write(&path, CASE).unwrap();
    endspec(&["lint", path.to_str().unwrap()]).ends(0).says(&["1 file checked", "no mistake"]);
    endspec(&["run", path.to_str().unwrap()]).ends(0).says(&["1 passed"]);
}

#[test]
fn broken_yaml_is_told_with_its_place() {
    bad("clauses: [end/request/session-required\nsteps:\n", &["error[yaml-syntax]", "bad.yaml:"]);
}

#[test]
fn a_variable_without_quotes_is_told_with_the_way_to_write_it() {
    bad(&CASE.replace("\"{{region}}\"", "{{region}}"), &["bad.yaml:4", "in quotes"]);
}

#[test]
fn unknown_words_come_with_the_one_that_was_meant() {
    for (right, wrong, words) in [
        ("expect:", "expct:", ["error[unknown-key]", "bad.yaml:5:5", "did you mean `expect`?"]),
        (
            "session-required",
            "sesion-required",
            ["error[unknown-clause]", "bad.yaml:1:", "did you mean `end/request/session-required`?"],
        ),
        ("missing(", "mising(", ["error[unknown-outcome]", "bad.yaml:5:13", "did you mean `missing`?"]),
        (
            "EndTerminalSession",
            "EndTerminalSesion",
            ["error[unknown-operation]", "bad.yaml:3:11", "did you mean `EndTerminalSession`?"],
        ),
        ("{{region}}", "{{regoin}}", ["error[unknown-variable]", "bad.yaml:4:", "did you mean"]),
    ] {
        bad(&CASE.replacen(right, wrong, 1), &words);
    }
}

#[test]
fn every_kind_of_word_in_a_case_comes_with_the_one_that_was_meant() {
    const CALL: &str = "call: EndTerminalSession";
    let rows = [
        ("clause: end/sesion/unknown", "end/session/unknown"),
        ("cal: EndTerminalSession", "call"),
        ("call: EndTerminalSesion", "EndTerminalSession"),
        ("look: victm", "victim"),
        ("{ look: victim, by: wesocket }", "websocket"),
        ("{ look: victim, expect: unusible }", "unusable"),
        ("{ look: victim, expct: usable }", "expect"),
        ("expect: permited", "permitted"),
        ("expect: sesion-not-found", "session-not-found"),
        ("expect: [refsed]", "refused"),
        ("expect: repeat-edn", "{ reading: repeat-end }"),
        ("expect: { reading: repeat-edn }", "repeat-end"),
        ("expect: { readng: repeat-end }", "reading"),
        ("expect: { sttus: 404 }", "status"),
        ("expect: { code: { starts-wth: A } }", "starts-with"),
        ("expect: { schema: Error/eror }", "Error/error"),
        ("expect: { status: 4xx, closed: permited }", "permitted"),
        ("values: invlid(SessionId)", "invalid(SessionId)"),
        ("values: invalid(SesionId)", "SessionId"),
        ("values: { invalid: SesionId }", "SessionId"),
        ("values: { invald: SessionId, valid: SessionId }", "invalid"),
        ("values: { invalid: SessionId, class: near-mis }", "near-miss"),
        ("for-each: { wire: evry }", "every"),
        ("for-each: { placment: every }", "placement"),
        ("for-each: { placement: evry }", "every"),
        ("for-each: { placement: POST-frm }", "POST-form"),
        ("for-each: { placement: [POST-frm] }", "POST-form"),
        ("for-each: { format: [JSN] }", "JSON"),
        ("for-each: { signature: [v33] }", "v3"),
        ("without: [Verson]", "Version"),
        ("lane: rwa", "raw"),
        ("connection: frsh", "fresh"),
        ("credential: denid", "denied"),
        ("with: { RegionId: \"{{regoin}}\" }", "region"),
        ("with: { RegionId: \"{{victim.SesionId}}\" }", "SessionId"),
    ];
    let folder = tempdir().unwrap();
    for (line, near) in rows {
        let own = ["cal", "look", "{"].iter().any(|start| line.starts_with(start));
        let step = if own { line.to_owned() } else { format!("{CALL}\n    {line}") };
        let text = format!("clauses: [end/session/unknown]\nneeds: [sessions]\nsteps:\n  - open: victim\n  - {step}\n");
        fs::write(folder.path().join("bad.yaml"), text).unwrap();
        let path = folder.path().join("bad.yaml");
        let done = endspec(&["lint", path.to_str().unwrap()]).ends(2);
        let help = format!("did you mean `{near}`?");
        assert!(done.err.contains(&help), "{line}: no `{help}` in\n{}", done.err);
    }
}

#[test]
fn a_value_of_another_type_is_told_with_what_is_expected() {
    bad(
        &CASE.replace("[end/request/session-required]", "end/request/session-required"),
        &["error[wrong-type]", "bad.yaml:1:10", "write `["],
    );
    bad(&CASE.replace("EndTerminalSession", "5"), &["error[wrong-type]", "bad.yaml:3:11", "found"]);
}

#[test]
fn mistakes_of_one_file_and_of_many_are_told_together() {
    let folder = tempdir().unwrap();
    let text = CASE.replace("expect:", "expct:").replace("sesion", "session").replace("region", "regoin");
    fs::write(folder.path().join("a.yaml"), text).unwrap();
    fs::write(folder.path().join("b.yaml"), CASE.replace("missing(", "mising(")).unwrap();
    fs::write(folder.path().join("c.yaml"), "").unwrap();
    let words = ["a.yaml:5:5", "a.yaml:4:", "b.yaml:5:13", "error[empty-file]", "c.yaml"];
    refused(folder.path(), &words);
}

#[test]
fn two_documents_in_a_file_are_one_too_many() {
    bad(&format!("{CASE}---\n{CASE}"), &["error[many-documents]", "bad.yaml:6"]);
}

#[test]
fn a_hundred_thousand_brackets_are_refused() {
    bad(&"[".repeat(100_000), &["error[yaml-too-deep]", "bad.yaml:1"]);
}

#[test]
fn a_billion_laughs_are_refused() {
    let mut text = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for i in 1..20 {
        let _ = writeln!(text, "a{i}: &a{i} [{}]", vec![format!("*a{}", i - 1); 9].join(","));
    }
    bad(&text, &["error[yaml-too-large]", "bad.yaml:"]);
}

#[test]
fn a_file_of_a_hundred_megabytes_is_refused_unread() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("large.yaml");
    File::create(&path).unwrap().set_len(100 << 20).unwrap();
    refused(&path, &["error[file-too-large]", "large.yaml"]);
}

#[test]
fn a_path_that_leads_nowhere_is_told_with_the_part_that_exists() {
    let folder = tempdir().unwrap();
    let there = folder.path().display().to_string();
    refused(
        &folder.path().join("gone/case.yaml"),
        &["error[file-missing]", "does not exist", &format!("`{there}` does")],
    );
}

#[test]
fn a_folder_without_cases_is_a_mistake() {
    let folder = tempdir().unwrap();
    refused(folder.path(), &["error[no-cases]"]);
}

#[test]
fn a_profile_with_an_unknown_key_or_a_secret_is_refused() {
    let folder = tempdir().unwrap();
    let target = Target::untouched();
    let path = folder.path().join("endspec.yaml");
    fs::write(&path, "regoin: cn-hangzhou\naccess-key-secret: hunter2\n").unwrap();
    let path = path.to_str().unwrap();
    let words = ["endspec.yaml:1:1", "did you mean `region`?", "endspec.yaml:2:1", "error[secret-in-file]"];
    endspec(&["run", "--profile", path, "--target", &target.url()]).ends(2).complains(&words);
    endspec(&["lint", path]).ends(2).complains(&words);
    target.is_untouched();
}
