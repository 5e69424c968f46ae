//! `endspec run`: what it says and how it ends.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;

use tempfile::tempdir;

use crate::target::{Sessions, Target, error, json};
use crate::{endspec, endspec_in};

#[test]
fn a_plain_run_passes_against_the_reference_server_and_says_so_in_line_one() {
    let done = endspec(&["run"]).ends(0);
    let first = done.out.lines().next().unwrap();
    assert!(first.contains("tested reference server (built in) at http://127.0.0.1:"), "{first}");
    assert_eq!(done.err, "");
    assert!(!done.out.contains("selected:"), "{}", done.out);
    let done = done.says(&["0 failed, 0 inconclusive, 0 skipped", "verdict:  PASS\n"]);
    assert!(done.out.lines().all(|line| line.chars().count() <= 120), "{}", done.out);
    assert!(done.out.lines().count() <= 24, "a green run fits a screen: {}", done.out);
    let readme = include_str!("../../README.md");
    for (label, until) in [("cases:    ", " passed"), ("clauses:  ", " held")] {
        let line = done.out.lines().find(|line| line.starts_with(label)).expect("a line");
        let figure = &line[..line.find(until).expect("a figure")];
        assert!(readme.lines().any(|line| line.starts_with(figure)), "README.md shows other figures than `{figure}`");
    }
}

#[test]
fn a_listed_clause_that_no_step_names_is_told_with_the_key_that_is_missing() {
    let folder = tempdir().unwrap();
    let case = "clauses: [end/request/session-required, end/request/empty]\nsteps:\n  - call: EndTerminalSession\n    \
                with: { RegionId: \"{{region}}\" }\n    expect: missing(SessionId)\n";
    fs::write(folder.path().join("two.yaml"), case).unwrap();
    let words = "nothing in it put `end/request/empty` to the test: the step that proves it has to say `clause: end/request/empty`";
    let done = endspec_in(folder.path(), &[], &["run", "two.yaml"]).ends(3);
    assert!(done.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{}", done.out);
    let named = format!(
        "{case}  - call: EndTerminalSession\n    with: {{ RegionId: \"{{{{region}}}}\", SessionId: \"\" }}\n    \
                         expect: {{ reading: empty-parameter, of: SessionId }}\n    clause: end/request/empty\n"
    );
    fs::write(folder.path().join("two.yaml"), named).unwrap();
    endspec_in(folder.path(), &[], &["run", "two.yaml"]).ends(0);
}

#[test]
fn a_green_run_of_some_cases_says_that_it_is_not_of_all() {
    let done = endspec(&["run", "--select", "end/request/region-required"]).ends(0);
    let words =
        "selected: only the cases that `--select` takes ran, and nothing is said of clauses that they do not list";
    assert!(done.out.split_whitespace().collect::<Vec<_>>().join(" ").contains(words), "{}", done.out);
}

#[test]
fn a_port_that_speaks_no_tls_is_told_as_that() {
    let files = Target::files();
    let url = files.url().replace("http://", "https://");
    let done = endspec(&["run", "--target", &url, "--select", "end/request/*"]).ends(3);
    done.says(&["TLS failed", "is this a port of plain"]);
}

#[test]
fn no_colour_and_no_control_character_reaches_what_is_no_terminal() {
    let files = Target::files();
    let done = endspec(&["run", "--target", &files.url(), "--select", "end/request/*"]).ends(1);
    assert!(done.out.chars().all(|c| c == '\n' || !c.is_control()), "{:?}", done.out);
}

#[test]
fn a_selection_that_takes_nothing_is_told_a_misspelt_one_as_a_mistake() {
    endspec(&["run", "--select", "end/reqest/*"]).ends(2).complains(&["error[selects-nothing]", "`end/reqest/*`"]);
    let done = endspec(&["run", "--select", "end/request/* !end/*"]).ends(3);
    done.says(&["INCONCLUSIVE - no case was selected"]);
}

#[test]
fn where_nothing_listens_the_end_is_inconclusive_and_says_what_to_look_at() {
    let done = endspec(&["run", "--target", "http://127.0.0.1:1"]).ends(3);
    assert!(done.out.starts_with("endspec 0.1.0 tested http://127.0.0.1:1/\n"), "{}", done.out);
    let hint = "nothing answered at http://127.0.0.1:1/ (cannot connect";
    done.says(&["left 10 requests in a row unanswered", hint, "is the target", "verdict:  INCONCLUSIVE"]);
}

#[test]
fn a_target_that_ends_in_the_middle_is_said_to() {
    let left = AtomicUsize::new(20);
    let target = Target::new(move |_| match left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => error(404, "InvalidSessionId.NotFound", "m"),
        // Ends the connection without an answer.
        Err(_) => std::panic::resume_unwind(Box::new(())),
    });
    let select = ["--select", "end/session/unknown-shape end/session/malformed", "--without", "xml", "--jobs", "1"];
    let done = endspec(&[&["run", "--target", &target.url()], &select[..]].concat()).ends(3);
    done.says(&["hint:", "requests in a row unanswered", "did it end, or is it overloaded?"]);
}

#[test]
fn a_start_whose_success_tells_no_id_may_have_left_a_session() {
    let target = Target::new(|asked| match asked.parameter("Action").as_deref() {
        Some("StartTerminalSession") => (200, "application/json", "{\"SessionId\":\"s-1\"".to_owned()),
        _ => error(404, "InvalidSessionId.NotFound", "m"),
    });
    let select = ["--select", "end/success/ok", "--instance-id", "i-1"];
    let done = endspec(&[&["run", "--target", &target.url()], &select[..]].concat()).ends(3);
    done.says(&["1 call of StartTerminalSession told no session, and may have opened one all the same"]);
}

#[test]
fn a_file_server_is_told_from_an_endpoint() {
    let files = Target::files();
    // A broken request may be waited for until the timeout: this target reads on and on.
    let select = ["--select", "!rpc/robust/malformed/*"];
    let done = endspec(&[&["run", "--target", &files.url(), "--without", "sessions"], &select[..]].concat()).ends(1);
    let hint = "no answer looks like one of this API, the first is 404 text/html";
    let done = done.says(&[hint, "verdict:  FAIL"]);
    let full = done.out.matches("\nerror[").count();
    assert!(full <= 10, "{full} findings in full:\n{}", done.out);
}

#[test]
fn a_target_that_wants_signatures_says_how_to_give_them() {
    let target = Target::new(|_| error(400, "MissingAccessKeyId", "AccessKeyId is mandatory for this action."));
    let done = endspec(&["run", "--target", &target.url(), "--select", "end/session/unknown-shape"]);
    done.says(&["it wants signed calls: give `--auth v3`"]);
}

#[test]
fn a_time_limit_of_nothing_leaves_everything_inconclusive() {
    let target = Target::untouched();
    let done = endspec(&["run", "--time-limit", "0s", "--target", &target.url()]).ends(3);
    done.says(&["the time limit of the run was reached", "0 requests", "verdict:  INCONCLUSIVE"]);
    target.is_untouched();
}

/// A target whose only breach is that errors have no HostId.
fn without_host_id() -> Target {
    let sessions = Sessions::default();
    Target::new(move |asked| {
        let (status, media, body) = sessions.answer(asked);
        (status, media, body.replace(",\"HostId\":\"ecs.example\"", ""))
    })
}

#[test]
fn a_broken_should_warns_and_fails_only_a_strict_run() {
    let target = without_host_id();
    let url = target.url();
    let args = ["run", "--target", &url, "--without", "xml,signatures", "--select", "end/request/session-required"];
    let done = endspec(&args).ends(0);
    done.says(&[
        "WARN  end/request/session-required",
        "warning[end/error/host-id]",
        "SHOULD end/error/host-id",
        "PASS",
    ]);
    let done = endspec(&[&args[..], &["--strict"]].concat()).ends(1);
    done.says(&["error[end/error/host-id]", "FAIL - 1 clause broken", "--without xml,signatures --strict"]);
}

#[test]
fn a_finding_shows_the_rule_the_line_the_answer_and_how_to_see_it_again() {
    let target = Target::new(|asked| match asked.parameter("SessionId") {
        None => json(200, ""),
        Some(_) => error(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist."),
    });
    let url = target.url();
    let args = ["run", "--target", &url, "--seed", "1", "--without", "xml"];
    let done = endspec(&[&args[..], &["--select", "end/request/session-required"]].concat()).ends(1);
    let done = done.says(&[
        "FAIL  end/request/session-required  (step 1 of 1; GET, JSON, none)",
        "error[end/request/session-required]: permitted 400 MissingParameter",
        "--> <built-in>/cases/end/request/session-required.yaml:",
        "^ the target answered 200",
        "= clause:  the endpoint refuses a call without SessionId",
        "= again:   endspec run --select end/request/session-required --seed 0000000000000001 --target http://127.0.0.1:",
        "= sent:    curl -X GET 'http://127.0.0.1:",
        "< 200\n",
        "verdict:  FAIL - 1 MUST clause broken",
    ]);
    endspec(&again(&done.out)).ends(1).says(&["error[end/request/session-required]"]);
}

/// The command of a report's first `again:` line.
fn again(out: &str) -> Vec<&str> {
    let line = out.lines().find_map(|line| line.split_once("= again:   endspec ")).unwrap_or_else(|| panic!("{out}"));
    line.1.split(' ').collect()
}

#[test]
fn what_only_several_cases_show_names_all_of_them_to_be_run_again() {
    let case = "clauses: [end/request-id/unique]\nsteps:\n  - call: EndTerminalSession\n    \
                with: { RegionId: \"{{region}}\" }\n    expect: missing(SessionId)\n";
    let folder = tempdir().unwrap();
    for name in ["a.yaml", "b.yaml"] {
        fs::write(folder.path().join(name), case).unwrap();
    }
    let target = Target::new(|_| {
        let (status, media, body) = error(400, "MissingSessionId", "m");
        let id = body.split('"').nth(3).unwrap().to_owned();
        (status, media, body.replace(&id, "00000000-0000-4000-8000-000000000000"))
    });
    let args = ["run", "a.yaml", "b.yaml", "--target", &target.url()];
    let done = endspec_in(folder.path(), &[], &args).ends(1);
    let done = done.says(&["error[end/request-id/unique]", "= again:   endspec run a.yaml b.yaml --seed "]);
    endspec_in(folder.path(), &[], &again(&done.out)).ends(1).says(&["error[end/request-id/unique]"]);
    endspec_in(folder.path(), &[], &["run", "b.yaml", "--target", &target.url()]).ends(0);
}

#[test]
fn a_session_that_is_ended_twice_tells_which_step_ended_it_first() {
    let folder = tempdir().unwrap();
    let case = "clauses: [end/effect/stays-closed]\nneeds: [sessions]\nsteps:\n  - open: a\n  \
                - call: EndTerminalSession\n    with: { RegionId: \"{{region}}\", SessionId: \"{{a.SessionId}}\" }\n    \
                expect: ok\n  \
                - call: EndTerminalSession\n    with: { RegionId: \"{{region}}\", SessionId: \"{{a.SessionId}}\" }\n    \
                expect: { reading: repeat-end }\n";
    let path = folder.path().join("twice.yaml");
    fs::write(&path, case).unwrap();
    let sessions = Arc::new(Sessions::default());
    let target = Target::new(move |asked| match asked.parameter("Action").as_deref() {
        Some("EndTerminalSession") => json(200, ""),
        _ => sessions.answer(asked),
    });
    let args =
        ["run", "twice.yaml", "--target", &target.url(), "--instance-id", "i-1", "--without", "xml,websocket,describe"];
    endspec_in(folder.path(), &[], &args).ends(1).says(&[
        "error[end/effect/stays-closed]: permitted 404 InvalidSessionId.NotFound, got 200",
        "--> twice.yaml:10:13",
        "= reading: repeat-end = not-found; `--reading repeat-end=idempotent` would permit this answer",
        "= before:  step 2 ended this session with 200",
        "= again:   endspec run twice.yaml --seed",
    ]);
}

#[test]
fn everything_can_be_excluded_by_name() {
    let all =
        "start,describe,websocket,xml,signatures,unsupported-region,other-region,denied-credential,restart,sessions";
    let done = endspec(&["run", "--without", all]).ends(0);
    let excluded: Vec<&str> = done.out.lines().filter(|line| line.starts_with("excluded: ")).collect();
    assert!(excluded.iter().any(|line| line.contains("the target lacks sessions")), "{excluded:?}");
    assert!(done.out.contains("skipped") && done.out.contains("verdict:  PASS"), "{}", done.out);
}

#[test]
fn paths_are_run_in_place_of_the_built_in_suite() {
    let folder = tempdir().unwrap();
    let case = |clause: &str| {
        format!(
            "clauses: [{clause}]\nsteps:\n  - call: EndTerminalSession\n    with: {{ RegionId: \"{{{{region}}}}\" }}\n    \
             expect: missing(SessionId)\n"
        )
    };
    fs::create_dir(folder.path().join("more")).unwrap();
    fs::write(folder.path().join("one.yaml"), case("end/request/session-required")).unwrap();
    fs::write(folder.path().join("more/two.yaml"), case("end/error/envelope")).unwrap();
    let run = |paths: &[&str]| {
        let args = [&["run", "--report", "json=-"], paths].concat();
        let report = endspec_in(folder.path(), &[], &args).ends(0).json();
        let cases = report["cases"].as_array().unwrap().iter();
        cases.map(|case| case["id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(run(&["one.yaml"]), ["one"]);
    assert_eq!(run(&["more"]), ["two"]);
    assert_eq!(run(&["."]), ["more/two", "one"]);
    assert_eq!(run(&["more/two.yaml", "one.yaml"]), ["one", "two"]);
    assert_eq!(run(&[".", "--select", "clause:end/error/*"]), ["more/two"]);
    endspec_in(folder.path(), &[], &["run", "on.yaml"]).ends(2).complains(&["error[file-missing]", "`on.yaml`"]);
}

#[test]
fn the_target_is_asked_no_more_often_than_permitted_by_one_job() {
    let target = without_host_id();
    let args = ["run", "--target", &target.url(), "--without", "xml,signatures", "--report", "json=-"];
    let more = ["--jobs", "1", "--select", "end/request/session-required"];
    let report = endspec(&[&args[..], &more].concat()).ends(0).json();
    assert_eq!(report["exchanges"], target.asked(), "every request is counted");
}
