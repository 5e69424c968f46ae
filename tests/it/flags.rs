//! Flags, variables and the profile: which goes before which, and mistakes in them.

use std::fs;

use serde_json::Value;
use tempfile::tempdir;

use crate::target::Target;
use crate::{endspec, endspec_in};

/// One case that needs nothing and ends at once.
const ONE: [&str; 4] = ["run", "--report", "json=-", "--select=end/request/session-required"];

fn report(folder: &std::path::Path, variables: &[(&str, &str)], flags: &[&str]) -> Value {
    endspec_in(folder, variables, &[&ONE, flags].concat()).ends(0).json()
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_profile() {
    let folder = tempdir().unwrap();
    let profile = "seed: 1\ncontract: 2026-06-18\nstrict: true\nreading: { repeat-end: idempotent }\n";
    fs::write(folder.path().join("endspec.yaml"), profile).unwrap();
    let variables = [
        ("ENDSPEC_SEED", "2"),
        ("ENDSPEC_CONTRACT", "2025-04-25"),
        ("ENDSPEC_STRICT", "false"),
        ("ENDSPEC_READING", "repeat-end=not-found"),
    ];
    let flags = ["--seed", "3", "--contract", "2026-06-18", "--strict", "--reading", "repeat-end=idempotent"];
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a [&'a str], [&'a str; 3], bool);
    let rows: [Row<'_>; 3] = [
        ("profile", &[], &[], ["0000000000000001", "2026-06-18", "idempotent"], true),
        ("environment", &variables, &[], ["0000000000000002", "2025-04-25", "not-found"], false),
        ("flag", &variables, &flags, ["0000000000000003", "2026-06-18", "idempotent"], true),
    ];
    for (name, variables, flags, [seed, contract, reading], strict) in rows {
        let report = report(folder.path(), variables, flags);
        assert_eq!(report["seed"], seed, "{name}");
        assert_eq!(report["contract"], contract, "{name}");
        assert_eq!(report["readings"]["repeat-end"], reading, "{name}");
        assert_eq!(report["strict"], strict, "{name}");
    }
}

#[test]
fn a_profile_is_found_upwards_and_one_of_its_names_goes_before_the_rest() {
    let folder = tempdir().unwrap();
    let below = folder.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    let profile = "seed: 1\nprofiles:\n  ci:\n    seed: 2\n";
    fs::write(folder.path().join("endspec.yaml"), profile).unwrap();
    assert_eq!(report(&below, &[], &[])["seed"], "0000000000000001");
    let named = format!("{}#ci", folder.path().join("endspec.yaml").display());
    assert_eq!(report(&below, &[], &["--profile", &named])["seed"], "0000000000000002");
}

#[test]
fn every_flag_with_a_bad_value_is_named_with_the_value_and_a_way_to_mend_it() {
    let target = Target::untouched();
    let folder = tempdir().unwrap();
    let there = folder.path().display().to_string();
    let rows: &[(&[&str], &[&str])] = &[
        (&["--target", "nonsense"], &["--target", "`nonsense`", "write http://nonsense"]),
        (&["--target", "ftp://a"], &["--target", "`ftp`", "write http://"]),
        (&["--target", "http://u:p@a"], &["--target", "leave them out"]),
        (&["--profile", "no/such.yaml"], &["--profile", "`no/such.yaml`", "write `--profile FILE`"]),
        (&["--auth", "v9"], &["--auth", "`v9`", "one of none, v1, v3"]),
        (&["--auth", "v3"], &["v3", "ALIBABA_CLOUD_ACCESS_KEY_ID", "--auth none"]),
        (&["--sessions", "stars"], &["--sessions", "`stars`", "one of start, command, pool"]),
        (&["--sessions", "command"], &["--sessions", "--session-command"]),
        (&["--sessions", "pool"], &["--sessions", "--session-id"]),
        (&["--without", "websockt"], &["--without", "`websockt`", "did you mean `websocket`?"]),
        (&["--reading", "repeat-end"], &["--reading", "`repeat-end`", "NAME=VALUE"]),
        (&["--reading", "repeat-end=idempotnt"], &["--reading", "`idempotnt`", "did you mean `idempotent`?"]),
        (&["--reading", "repeat-ed=any"], &["--reading", "`repeat-ed`", "did you mean `repeat-end`?"]),
        (&["--contract", "2025-04-26"], &["--contract", "`2025-04-26`", "did you mean `2025-04-25`?"]),
        (&["--select", "nothing/here"], &["--select", "`nothing/here`", "endspec list cases"]),
        (&["--select", "level:MOST"], &["--select", "MOST", "one of MUST, SHOULD, MAY"]),
        (&["--timeout", "5"], &["--timeout", "the unit of `5` is missing", "write `5s`"]),
        (&["--timeout", "0s"], &["--timeout", "`0s`", "write a time above 0"]),
        (&["--settle", "soon"], &["--settle", "`soon`", "write a number"]),
        (&["--settle", "-1"], &["--settle", "`-1`", "write a number"]),
        (&["--time-limit", "5h"], &["--time-limit", "`5h`", "write a number"]),
        (&["--requests-per-second", "0"], &["--requests-per-second", "`0`", "write how many"]),
        (&["--jobs", "0"], &["--jobs", "`0`", "from 1 to 256"]),
        (&["--jobs", "many"], &["--jobs", "`many`", "from 1 to 256"]),
        (&["--seed", "xyz"], &["--seed", "`xyz`", "write up to 16 hexadecimal digits"]),
        (&["--fail-fast=perhaps"], &["--fail-fast", "`perhaps`", "neither true nor false"]),
        (&["--max-findings", "0"], &["--max-findings", "`0`", "from 1 to 1000"]),
        (&["--wait-for-target", "30"], &["--wait-for-target", "the unit of `30` is missing", "write `30s`"]),
        (&["--strict=perhaps"], &["--strict", "`perhaps`", "neither true nor false"]),
        (&["--id-header", "a b"], &["--id-header", "`a b`", "name one such as"]),
        (&["--id-header", "Host"], &["--id-header", "`host`", "name one such as"]),
        (&["--report", "json"], &["--report", "`json`", "write `--report json=PATH`"]),
        (&["--report", "json="], &["--report", "`json=`", "write `--report json=PATH`"]),
        (&["--report", "jsn=a"], &["--report", "`jsn`", "did you mean `json`?"]),
        (&["--report", "json=-", "--report", "json=-"], &["--report", "standard output"]),
        (&["--report", &format!("json={there}")], &["error[file-not-written]", "directory"]),
    ];
    for (flags, words) in rows {
        let mut args = vec!["run", "--target"];
        let url = target.url();
        if flags[0] != "--target" {
            args.push(&url);
        } else {
            args.pop();
        }
        args.extend_from_slice(flags);
        let done = endspec(&args).ends(2).complains(words).complains(&["error["]);
        assert_eq!(done.out, "", "{flags:?}");
    }
    target.is_untouched();
}

#[test]
fn several_mistakes_are_told_at_once() {
    let args =
        ["run", "no/such/case.yaml", "--auth", "v9", "--jobs", "0", "--seed", "x", "--report", "x", "--timeout", "1"];
    endspec(&args).ends(2).complains(&["`no/such/case.yaml`", "--auth", "--jobs", "--seed", "--report", "--timeout"]);
}

#[test]
fn a_mistake_is_shown_where_it_was_made() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("endspec.yaml"), "region: cn-hangzhou\ntimeout: \"5\"\nwithout: [startt]\n").unwrap();
    let done = endspec_in(folder.path(), &[("ENDSPEC_AUTH", "v9")], &["run"]).ends(2);
    done.complains(&["endspec.yaml:3:11", "`startt`", "endspec.yaml:2:10", "--auth (ENDSPEC_AUTH): `v9`"]);
}

#[test]
fn an_empty_target_is_a_mistake_and_no_call_for_the_reference_server() {
    let words = ["the target is empty", "is a variable of your CI not set?", "leave `--target`"];
    for command in ["run", "call"] {
        let args: &[&str] = if command == "run" { &["run"] } else { &["call", "EndTerminalSession"] };
        endspec(&[args, &["--target", ""]].concat()).ends(2).complains(&words);
        endspec(&[args, &["--target", " "]].concat()).ends(2).complains(&words);
        let folder = std::env::temp_dir();
        let done = endspec_in(&folder, &[("ENDSPEC_TARGET", "")], args).ends(2).complains(&words);
        assert!(done.err.contains("ENDSPEC_TARGET"), "{}", done.err);
    }
}

#[test]
fn other_variables_that_are_empty_are_as_good_as_not_set() {
    let variables = [("ENDSPEC_SEED", ""), ("ENDSPEC_STRICT", ""), ("ENDSPEC_REPORT", ""), ("ENDSPEC_AUTH", "")];
    let args = ["run", "--select", "end/request/session-required"];
    endspec_in(&std::env::temp_dir(), &variables, &args).ends(0).says(&["verdict:  PASS"]);
}

#[test]
fn an_unknown_flag_is_a_mistake_with_a_suggestion() {
    endspec(&["run", "--targt", "http://127.0.0.1:1"]).ends(2).complains(&["--targt", "--target"]);
    endspec(&["expain"]).ends(2).complains(&["expain", "'explain'"]);
    endspec(&[]).ends(2).complains(&["Usage: endspec <COMMAND>"]);
}

#[test]
fn help_tells_of_variables_once_and_never_their_values() {
    let variables = [("ENDSPEC_SESSION_COMMAND", "open --password hunter2")];
    for command in ["run", "call"] {
        let done = endspec_in(&std::env::temp_dir(), &variables, &[command, "--help"]).ends(0);
        assert!(!done.out.contains("hunter2"), "{}", done.out);
        // One is what a session command is told.
        let told = done.out.replace("$ENDSPEC_REGION", "");
        assert_eq!(told.matches("ENDSPEC_").count(), 1, "{}", done.out);
    }
}
