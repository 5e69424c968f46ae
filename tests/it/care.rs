//! Public targets and Alibaba Cloud's own: sent little and nothing strange, after the user has agreed.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::target::{Sessions, Target, error};
use crate::{Done, endspec};

const HOST: &str = "ecs.cn-hangzhou.aliyuncs.com";
const LESS: &str = "--without=websocket,describe,signatures,unsupported-region,other-region,xml";

/// A command against a target of ours under the name of one that is somebody else's.
fn public(command: &str, target: &Target, args: &[&str]) -> Done {
    let port = target.url().rsplit(':').next().unwrap().to_owned();
    let (url, pin) = (format!("http://{HOST}:{port}"), format!("{HOST}:127.0.0.1"));
    let shared = [command, "--target", &url, "--resolve", &pin, "--auth", "none", "--settle", "0s", LESS];
    endspec(&[&shared, args].concat())
}

fn sessions() -> Target {
    let sessions = Sessions::default();
    Target::new(move |asked| sessions.answer(asked))
}

#[test]
fn nothing_is_sent_before_the_user_has_agreed_to_what_is_shown() {
    let target = Target::untouched();
    let told =
        ["a host of Alibaba Cloud", "EndTerminalSession in cn-hangzhou", "at most 5 a second", "instance i-1", "--yes"];
    public("run", &target, &["--instance-id", "i-1"]).ends(2).complains(&told);
    public("fuzz", &target, &["--instance-id", "i-1", "--time", "10s"])
        .ends(2)
        .complains(&["generated for 10 s", "--yes"]);
    target.is_untouched();
}

#[test]
fn more_than_a_public_target_is_spared_has_to_be_asked_for() {
    let target = Target::untouched();
    let rows: [(&str, &[&str], &str); 3] = [
        ("run", &["--requests-per-second", "6"], "at most 5 requests a second"),
        ("run", &["--jobs", "5"], "at most 4 cases at a time"),
        ("fuzz", &["--clients", "5"], "at most 4 clients"),
    ];
    for (command, flags, words) in rows {
        let args = [&["--yes", "--instance-id", "i-1"], flags].concat();
        public(command, &target, &args).ends(2).complains(&[words, "--thorough"]);
    }
    target.is_untouched();
}

#[test]
fn what_is_spared_is_excluded_or_left_out_by_name() {
    let longest = Arc::new(Mutex::new(0));
    let (sessions, seen) = (Sessions::default(), longest.clone());
    let target = Target::new(move |asked| {
        let mut longest = seen.lock().unwrap();
        *longest = asked.target.len().max(*longest);
        sessions.answer(asked)
    });
    let select = "--select=end/session/malformed rpc/robust/malformed/chunk-broken";
    let args = ["--yes", "--instance-id", "i-1", select, "--report", "json=-"];
    let report: Value = public("run", &target, &args).json();
    crate::report::assert_valid(&report);
    let case = |id: &str| report["cases"].as_array().unwrap().iter().find(|case| case["id"] == id).unwrap().clone();
    let left_out = case("end/session/malformed")["reasons"].to_string();
    assert!(left_out.contains("`--thorough` sends them") && left_out.contains("long"), "{left_out}");
    assert_eq!(case("rpc/robust/malformed/chunk-broken")["verdict"], "skipped");
    let excluded = report["excluded"].to_string();
    assert!(excluded.contains("rpc/robust/malformed") && excluded.contains("careful"), "{excluded}");
    let longest_with_care = *longest.lock().unwrap();
    // Percent-encoding takes three bytes for one.
    assert!(longest_with_care <= 3 * 4_096 + 500, "{longest_with_care}");
    let thorough = ["--thorough", "--requests-per-second", "1000"];
    let report: Value = public("run", &target, &[&args[..], &thorough].concat()).json();
    assert_eq!(report["excluded"], serde_json::json!([]));
    assert!(*longest.lock().unwrap() > longest_with_care);
}

#[test]
fn a_target_of_ones_own_is_tested_unasked() {
    let target = sessions();
    let url = target.url();
    let args = ["run", "--target", &url, "--instance-id", "i-1", LESS, "--select", "end/session/unknown"];
    let done = endspec(&args).ends(0);
    assert!(!done.err.contains("is about to test"), "{}", done.err);
}

#[test]
fn a_session_that_could_not_be_ended_is_listed_with_the_command_that_ends_it() {
    let sessions = Sessions::default();
    let target = Target::new(move |asked| match (asked.parameter("Action").as_deref(), asked.parameter("SessionId")) {
        (Some("EndTerminalSession"), Some(id)) if sessions.started.lock().unwrap().contains(&id) => {
            error(403, "Forbidden.RAM", "m")
        }
        _ => sessions.answer(asked),
    });
    let url = target.url();
    let args = ["run", "--target", &url, "--instance-id", "i-1", LESS, "--select", "start/unique"];
    let done = endspec(&args);
    let command = format!("endspec call EndTerminalSession SessionId=s-hz0000000000000 --target {url}/ --auth none");
    assert_eq!(done.code, 3, "{}\n{}", done.out, done.err);
    done.complains(&[&command]);
}

#[test]
fn alibaba_clouds_endpoint_is_that_of_its_region() {
    let rows: [(&[&str], &str); 3] = [
        (&["--target", "aliyun"], "name it with `--region`"),
        (&["--target", "aliyun", "--region", "cn-x.example.com/"], "cannot be a region's id"),
        (&["--target", "aliyun", "--region", "cn-qingdao", "--auth", "v3"], "there is no key to sign with"),
    ];
    for (args, words) in rows {
        endspec(&[&["call", "DescribeTerminalSessions", "--dry-run"], args].concat()).ends(2).complains(&[words]);
    }
    let own = [
        ("aliyun", "https://ecs.cn-qingdao.aliyuncs.com/"),
        ("aliyun-vpc", "https://ecs-vpc.cn-qingdao.aliyuncs.com/"),
    ];
    for (target, url) in own {
        let args = [
            "call",
            "DescribeTerminalSessions",
            "--dry-run",
            "--region",
            "cn-qingdao",
            "--auth",
            "none",
            "--target",
            target,
        ];
        endspec(&args).ends(0).says(&[url, "RegionId=cn-qingdao", "nothing was sent"]);
    }
}

#[test]
fn a_public_target_is_not_asked_what_it_has_before_somebody_agreed() {
    let folder = tempfile::tempdir().unwrap();
    let args = ["init", "--target", "https://ecs.cn-hangzhou.aliyuncs.com", "--auth", "none"];
    let words = ["a host of Alibaba Cloud", "a few dozen at most", "there is no terminal to ask on", "--yes"];
    crate::endspec_in(folder.path(), &[], &args).ends(2).complains(&words);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was written");
}
