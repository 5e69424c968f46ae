//! Runs that wait for their target, and runs that end before all was run.

use std::fs;

use endspec::server::settings::INSTANCE_ID;
use tempfile::tempdir;

use crate::serve::serve;
use crate::target::{Target, error};
use crate::{endspec, endspec_in};

/// A few cases, of a server that takes unsigned calls, one after the other.
const RUN: [&str; 10] = [
    "run",
    "--select",
    "end/request/*,end/session/unknown-shape,end/session/malformed",
    "--without",
    "signatures,xml",
    "--instance-id",
    INSTANCE_ID,
    "--jobs",
    "1",
    "--report",
];

#[test]
fn the_first_breach_of_a_must_or_so_many_findings_end_a_run_and_leave_the_rest_inconclusive() {
    let served = serve(&["--auth", "open", "--fault", "request-id-without-dashes"], 1);
    let folder = tempdir().unwrap();
    let args = [&RUN[..], &["json=-", "--target", &served.url]].concat();
    let all = endspec(&args).ends(1).json();
    let failed = |report: &serde_json::Value| report["totals"]["fail"].as_u64().unwrap();
    assert!(failed(&all) > 1 && all["totals"]["inconclusive"] == 0, "{}", all["totals"]);
    let profile = |text: &str| fs::write(folder.path().join("endspec.yaml"), text).unwrap();
    type Row<'a> = (&'a [&'a str], &'a [(&'a str, &'a str)], &'a str, &'a str);
    let rows: [Row<'_>; 5] = [
        (&["--fail-fast"], &[], "", "`--fail-fast` ended the run when end/request/"),
        (&[], &[("ENDSPEC_FAIL_FAST", "true")], "", "`--fail-fast` ended the run when end/request/"),
        (&[], &[], "fail-fast: true\n", "`--fail-fast` ended the run when end/request/"),
        (&["--max-findings", "1"], &[], "", "`--max-findings 1` ended the run"),
        (&["--fail-fast=false"], &[("ENDSPEC_MAX_FINDINGS", "1")], "fail-fast: true\n", "`--max-findings 1` ended"),
    ];
    for (flags, variables, file, why) in rows {
        profile(file);
        let report = endspec_in(folder.path(), variables, &[&args[..], flags].concat()).ends(1).json();
        assert_eq!((failed(&report), &report["verdict"]), (1, &"fail".into()), "{flags:?}: {}", report["totals"]);
        let cases = report["cases"].as_array().unwrap();
        let left: Vec<_> = cases.iter().filter(|case| case["verdict"] == "inconclusive").collect();
        assert!(left.len() > 1, "{flags:?}: {}", report["totals"]);
        for case in left {
            assert!(case["reasons"][0].as_str().unwrap().starts_with(&format!("not run: {why}")), "{case}");
        }
    }
}

#[test]
fn findings_that_fail_nothing_end_no_run_fast_and_leave_a_run_that_they_end_undecided() {
    let served = serve(&["--auth", "open", "--fault", "host-id-missing"], 1);
    let args = [&RUN[..], &["json=-", "--target", &served.url]].concat();
    endspec(&[&args[..], &["--fail-fast"]].concat()).ends(0);
    endspec(&[&args[..], &["--fail-fast", "--strict"]].concat()).ends(1);
    let report = endspec(&[&args[..], &["--max-findings", "1"]].concat()).ends(3).json();
    assert_eq!(report["verdict"], "inconclusive");
}

#[test]
fn a_target_that_is_still_starting_is_waited_for_and_the_time_is_none_of_the_runs() {
    let unknown = || error(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
    let target = Target::after(3, move |_| unknown());
    let args = ["run", "--target", &target.url(), "--wait-for-target", "60s", "--time-limit", "0s"];
    endspec(&args).ends(3).says(&["the time limit of the run was reached"]);
    assert_eq!(target.asked(), 1, "one answer is enough, and nothing follows it within no time");
}

#[test]
fn what_stands_in_front_of_a_target_that_is_starting_is_not_the_target() {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let target = Target::new(move |_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0..3 => (503, "text/html", "<html>starting</html>".to_owned()),
        _ => error(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist."),
    });
    let args = ["run", "--target", &target.url(), "--wait-for-target", "60s", "--time-limit", "0s"];
    endspec(&args).ends(3).says(&["the time limit of the run was reached"]);
    assert_eq!(target.asked(), 4);
}

#[test]
fn a_target_that_never_answers_ends_the_run_with_a_sentence_and_with_its_reports() {
    let args = ["run", "--target", "http://127.0.0.1:1", "--wait-for-target", "300ms"];
    let done = endspec(&args).ends(3);
    let hint =
        "hint:     nothing answered at http://127.0.0.1:1/ within the 300ms of `--wait-for-target` (last: cannot";
    assert_eq!(done.out.matches(hint).count(), 1, "{}", done.out);
    assert!(done.out.lines().count() < 20, "{}", done.out);
    let report = endspec(&[&args[..], &["--report", "json=-"]].concat()).ends(3).json();
    assert_eq!(report["totals"]["pass"], 0);
    assert_eq!(report["totals"]["fail"], 0);
}
