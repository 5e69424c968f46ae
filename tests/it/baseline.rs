//! Baselines: what is known fails nothing, what is mended must go, and nothing is lost on the way.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use endspec::report::FORMATS;
use tempfile::{TempDir, tempdir};

use crate::report::assert_valid;
use crate::serve::serve;
use crate::target::{Sessions, Target, json};
use crate::{Done, endspec_in};

const CASE: &str = "end/request/session-required";
const SELECT: &str = "end/request/session-required,end/session/unknown-shape";

/// A target that takes a call without SessionId for as long as `broken` is true.
fn target(broken: &Arc<AtomicBool>) -> Target {
    let (sessions, broken) = (Sessions::default(), broken.clone());
    Target::new(move |asked| {
        let without = asked.parameter("SessionId").is_none() && asked.parameter("RegionId").is_some();
        let ends = asked.parameter("Action").as_deref() == Some("EndTerminalSession");
        if broken.load(Ordering::SeqCst) && ends && without { json(200, "") } else { sessions.answer(asked) }
    })
}

/// A folder to work in, and a target whose breach can be mended.
struct Gate {
    folder: TempDir,
    target: Target,
    broken: Arc<AtomicBool>,
}

impl Gate {
    fn new() -> Gate {
        let broken = Arc::new(AtomicBool::new(true));
        Gate { folder: tempdir().unwrap(), target: target(&broken), broken }
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn run(&self, flags: &[&str]) -> Done {
        let url = self.target.url();
        let args = ["run", "--target", &url, "--seed", "7", "--without", "sessions,signatures,xml", "--select", SELECT];
        endspec_in(self.path(), &[], &[&args[..], flags].concat())
    }

    fn report(&self, flags: &[&str]) -> Done {
        endspec_in(self.path(), &[], &[&["report", "run.json"], flags].concat())
    }

    fn baseline(&self, text: &str) {
        fs::write(self.path().join("b.yaml"), text).unwrap();
    }

    fn text(&self) -> String {
        fs::read_to_string(self.path().join("b.yaml")).unwrap()
    }
}

/// An entry as it is written by hand.
fn entry(clause: &str, case: &str, more: &str) -> String {
    format!("  - clause: {clause}\n    case: {case}\n    reason: known since spring\n{more}")
}

#[test]
fn what_was_accepted_is_known_what_was_mended_fails_until_it_is_pruned() {
    let gate = Gate::new();
    gate.run(&["--report", "json=run.json"]).ends(1);
    let flags = ["--write-baseline", "b.yaml", "--reason", "the next release checks it", "--ticket", "GATE-1"];
    let words = ["accepted: end/request/session-required in end/request/session-required", "1 entry added to b.yaml"];
    gate.report(&flags).ends(0).says(&words);

    let done = gate.run(&["--baseline", "b.yaml", "--report", "json=-"]).ends(0);
    let report = done.json();
    assert_valid(&report);
    assert_eq!((&report["verdict"], &report["totals"]["known"]), (&"pass".into(), &1.into()));
    assert_eq!(report["baseline"]["entries"][0]["state"], "known");
    let case = report["cases"].as_array().unwrap().iter().find(|case| case["id"] == CASE).unwrap();
    assert_eq!((&case["verdict"], &case["findings"][0]["known"]), (&"fail".into(), &true.into()));
    let words = ["PASS - but for 1 known finding", "1 known, 0 new, 0 fixed, 0 expired, 0 not observed (b.yaml)"];
    for words in words {
        assert!(done.err.contains(words), "{}", done.err);
    }

    gate.broken.store(false, Ordering::SeqCst);
    let done = gate.run(&["--baseline", "b.yaml", "--report", "json=run.json"]).ends(1);
    done.says(&[
        "fixed:    it no longer fails",
        "`endspec report REPORT.json --prune b.yaml`",
        "FAIL - 1 entry of the baseline is",
    ]);
    gate.report(&["--prune", "b.yaml"])
        .ends(0)
        .says(&["taken out: end/request/session-required", "1 entry taken out of b.yaml, 0 left"]);
    gate.run(&["--baseline", "b.yaml"]).ends(0).says(&["verdict:  PASS\n"]);
}

#[test]
fn a_new_finding_fails_beside_what_is_known() {
    let gate = Gate::new();
    gate.baseline(&format!("known:\n{}", entry("end/error/envelope", CASE, "")));
    let done = gate.run(&["--baseline", "b.yaml"]).ends(1);
    done.says(&["= baseline: new: no entry names it", "0 known, 1 new, 0 fixed, 0 expired, 1 not observed"]);
}

#[test]
fn an_entry_is_accepted_to_the_end_of_its_day_and_then_fails() {
    let gate = Gate::new();
    let with = |day: &str| gate.baseline(&format!("known:\n{}", entry(CASE, CASE, &format!("    expires: {day}\n"))));
    with("2999-12-31");
    gate.run(&["--baseline", "b.yaml"]).ends(0);
    with("2020-02-29");
    let words = ["expired:  accepted until 2020-02-29, and it still fails", "0 known, 0 new, 0 fixed, 1 expired"];
    gate.run(&["--baseline", "b.yaml"]).ends(1).says(&words);
    // One that is over is neither renewed nor written a second time.
    gate.run(&["--report", "json=run.json"]).ends(1);
    let before = gate.text();
    let flags = ["--write-baseline", "b.yaml", "--reason", "again"];
    gate.report(&flags).ends(0).says(&[
        "expired, and left as it is: end/request/session-required",
        "b.yaml:2",
        "0 entries added",
    ]);
    assert_eq!(gate.text(), before);
    let flags = [&flags[..], &["--expires", "2020-02-30"]].concat();
    gate.report(&flags).ends(2).complains(&["error[bad-date]", "`2020-02-30` is no day"]);
    let flags = ["--write-baseline", "b.yaml", "--reason", " ", "--expires", "2020-02-28"];
    gate.report(&flags).ends(2).complains(&["--reason: it is empty", "--expires: 2020-02-28 is over"]);
}

#[test]
fn what_was_not_decided_is_not_observed_and_neither_fails_nor_is_pruned() {
    let gate = Gate::new();
    let entries = [
        entry(CASE, CASE, ""),
        entry("end/effect/once", "end/effect/once/ends", "    expires: 2020-02-29\n"),
        entry("end/error/envelope", "end/request/sesion-required", ""),
        entry("rpc/format/xml", "end/session/unknown-shape", ""),
    ];
    gate.baseline(&format!("known:\n{}", entries.concat()));
    let done = gate.run(&["--baseline", "b.yaml", "--report", "json=run.json"]).ends(0);
    done.says(&["1 known, 0 new, 0 fixed, 0 expired, 3 not observed (b.yaml)"]);
    let before = gate.text();
    gate.report(&["--prune", "b.yaml"]).ends(0).says(&["0 entries taken out of b.yaml, 4 left"]);
    assert_eq!(gate.text(), before);
    // Nothing answers: nothing is fixed.
    let args = ["run", "--target", "http://127.0.0.1:1", "--select", SELECT, "--baseline", "b.yaml"];
    endspec_in(gate.path(), &[], &args).ends(3).says(&["0 known, 0 new, 0 fixed, 0 expired, 4 not observed"]);
}

#[test]
fn a_case_that_is_not_there_is_told_with_the_one_that_may_be_meant() {
    let gate = Gate::new();
    let cases = gate.path().join("cases");
    fs::create_dir(&cases).unwrap();
    let case = "clauses: [end/request/region-required]\nsteps: [{ call: EndTerminalSession, with: { SessionId: s }, expect: missing(RegionId) }]\n";
    fs::write(cases.join("no-region.yaml"), case).unwrap();
    // Among cases a baseline of its usual name is none of them.
    let text = format!("known:\n{}", entry("end/request/region-required", "no-regoin", ""));
    fs::write(cases.join("endspec-baseline.yaml"), text).unwrap();
    let done = endspec_in(gate.path(), &[], &["run", "cases", "--baseline", "cases/endspec-baseline.yaml"]).ends(0);
    done.says(&["not observed: this run has no such case: is `no-region` meant?"]);
}

#[test]
fn every_mistake_of_a_baseline_is_told_before_anything_is_sent() {
    let (gate, target) = (Gate::new(), Target::untouched());
    gate.baseline("known:\n  - { clause: end/request/sesion-required, case: a, reson: b }\n  - { clause: end/effect/once, case: a, reason: c, expires: soon }\n");
    let url = target.url();
    let done = endspec_in(gate.path(), &[], &["run", "--target", &url, "--baseline", "b.yaml", "--jobs", "0"]).ends(2);
    let words = [
        "did you mean `end/request/session-required`?",
        "did you mean `reason`?",
        "`soon` is no day",
        "b.yaml:2:",
        "--jobs",
    ];
    done.complains(&words);
    endspec_in(gate.path(), &[], &["lint", "b.yaml"]).ends(2).complains(&words[..4]);
    gate.baseline("known: []\n");
    endspec_in(gate.path(), &[], &["lint", "b.yaml"]).ends(0).says(&["1 file checked"]);
    let done = endspec_in(gate.path(), &[], &["run", "--target", &url, "--baseline", "c.yaml"]).ends(2);
    done.complains(&["error[file-missing]", "--write-baseline"]);
    target.is_untouched();
}

#[test]
fn a_baseline_that_does_not_parse_or_shares_lines_is_never_written() {
    let gate = Gate::new();
    gate.run(&["--report", "json=run.json"]).ends(1);
    let flags = ["--write-baseline", "b.yaml", "--reason", "known"];
    let rows = [
        ("known: [", "error[yaml-syntax]"),
        ("known:\n  - { clause: end/nothing, case: a, reason: b }\n", "error[unknown-clause]"),
        ("known: [{ clause: end/effect/once, case: a, reason: b }]\n", "error[baseline-form]"),
    ];
    for (text, words) in rows {
        gate.baseline(text);
        gate.report(&flags).ends(2).complains(&[words]);
        assert_eq!(gate.text(), text);
    }
    gate.broken.store(false, Ordering::SeqCst);
    gate.run(&["--report", "json=run.json"]).ends(0);
    let text = format!("known: [{{ clause: {CASE}, case: {CASE}, reason: b }}]\n");
    gate.baseline(&text);
    gate.report(&["--prune", "b.yaml"]).ends(2).complains(&["error[baseline-form]", "begin with `- clause: ...`"]);
    assert_eq!(gate.text(), text);
}

#[test]
fn a_baseline_is_named_by_flag_environment_or_profile_and_told_in_every_format() {
    let gate = Gate::new();
    gate.baseline(&format!("known:\n{}", entry(CASE, CASE, "")));
    let args = ["run", "--target", &gate.target.url(), "--without", "sessions,signatures,xml", "--select", SELECT];
    endspec_in(gate.path(), &[("ENDSPEC_BASELINE", "b.yaml")], &args).ends(0);
    fs::write(gate.path().join("endspec.yaml"), "baseline: b.yaml\n").unwrap();
    endspec_in(gate.path(), &[], &args).ends(0);
    let flags: Vec<String> = FORMATS.iter().map(|(format, _)| format!("--report={format}={format}")).collect();
    endspec_in(gate.path(), &[], &[&args[..], &flags.iter().map(String::as_str).collect::<Vec<_>>()].concat()).ends(0);
    for (format, _) in FORMATS.iter().filter(|(format, _)| *format != "har") {
        let text = fs::read_to_string(gate.path().join(format)).unwrap();
        assert!(text.contains("known since spring"), "{format}");
    }
    let events = fs::read_to_string(gate.path().join("ndjson")).unwrap();
    assert!(
        events.lines().any(|line| line.contains(r#""event":"ended""#) && line.contains(r#""known":true"#)),
        "{events}"
    );
}

#[test]
fn a_gate_with_a_baseline_is_green_where_what_is_known_takes_the_place_of_other_answers() {
    let folder = tempdir().unwrap();
    let served = serve(&["--auth", "open", "--fault", "error-nested"], 1);
    let run = |more: &[&str]| {
        let lacking = "--without=signatures,denied-credential,restart,sessions,other-region,unsupported-region";
        let args = ["run", "--target", &served.url, "--seed", "7", lacking, "--select", "end/error/* end/request/*"];
        endspec_in(folder.path(), &[], &[&args[..], more].concat())
    };
    run(&["--report", "json=run.json"]).ends(1);
    endspec_in(folder.path(), &[], &["report", "run.json", "--write-baseline", "b.yaml", "--reason", "old"]).ends(0);
    run(&["--baseline", "b.yaml"]).ends(0).says(&["takes the place of the answer that would tell", "0 new, 0 fixed"]);
}

#[cfg(unix)]
#[test]
fn a_baseline_that_is_a_link_is_written_where_it_leads() {
    let gate = Gate::new();
    gate.baseline("known: []\n");
    std::os::unix::fs::symlink("b.yaml", gate.path().join("link.yaml")).unwrap();
    gate.run(&["--report", "json=run.json"]).ends(1);
    gate.report(&["--write-baseline", "link.yaml", "--reason", "x"]).ends(0);
    assert!(fs::symlink_metadata(gate.path().join("link.yaml")).unwrap().is_symlink());
    assert!(gate.text().contains(CASE), "{}", gate.text());
}
