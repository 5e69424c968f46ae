//! Set-ups that do not fit the target: never a verdict, always with what to mend.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use endspec::server::settings::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, DENIED_ACCESS_KEY_ID, DENIED_ACCESS_KEY_SECRET, INSTANCE_ID,
};

use crate::serve::serve;
use crate::target::{Target, error, json};
use crate::{Done, endspec, endspec_in};

/// Variables of a key and of one without permission.
fn keys<'a>(own: [&'a str; 2], denied: [&'a str; 2]) -> [(&'static str, &'a str); 4] {
    [
        ("ALIBABA_CLOUD_ACCESS_KEY_ID", own[0]),
        ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", own[1]),
        ("ENDSPEC_DENIED_ACCESS_KEY_ID", denied[0]),
        ("ENDSPEC_DENIED_ACCESS_KEY_SECRET", denied[1]),
    ]
}

const OWN: [&str; 2] = [ACCESS_KEY_ID, ACCESS_KEY_SECRET];
const DENIED: [&str; 2] = [DENIED_ACCESS_KEY_ID, DENIED_ACCESS_KEY_SECRET];
/// What is asked of the reference server; few cases, of every kind that a wrong set-up makes look broken.
const RUN: [&str; 9] = [
    "run",
    "--select",
    "end/request/*,end/session/unknown,end/session/other-region,end/success/ok,end/authorization/*,rpc/signature/v*,rpc/format/json",
    "--instance-id",
    INSTANCE_ID,
    "--unsupported-region",
    "cn-fuzhou",
    "--without",
    "restart",
];

fn run(variables: &[(&str, &str)], url: &str, more: &[&str]) -> Done {
    endspec_in(&std::env::temp_dir(), variables, &[&RUN[..], &["--target", url], more].concat())
}

#[test]
fn a_target_that_refuses_the_caller_or_the_region_is_not_judged_and_says_so_once() {
    let served = serve(&[], 3);
    let other = ["--other-region", "cn-shanghai"];
    type Row<'a> = (&'a str, [&'a str; 2], &'a [&'a str], &'a str, &'a str);
    let rows: [Row<'_>; 7] = [
        ("no key", OWN, &["--auth", "none"], "400 MissingParameter", "give `--auth v3` (or v1)"),
        ("wrong secret", [ACCESS_KEY_ID, "x"], &["--auth", "v3"], "SignatureDoesNotMatch", "ACCESS_KEY_SECRET"),
        ("wrong secret, v1", [ACCESS_KEY_ID, "x"], &["--auth", "v1"], "SignatureDoesNotMatch", "ACCESS_KEY_SECRET"),
        ("unknown key", ["nobody", "x"], &["--auth", "v3"], "InvalidAccessKeyId.NotFound", "ACCESS_KEY_ID"),
        (
            "unknown key, one scheme",
            ["nobody", "x"],
            &["--auth", "v3", "--without", "signature-v1"],
            "InvalidAccessKeyId.NotFound",
            "ACCESS_KEY_ID",
        ),
        ("unknown region", OWN, &["--auth", "v3", "--region", "cn-x"], "the region cn-x", "is `--region` right?"),
        ("a key without End", DENIED, &["--auth", "v3"], "403 Forbidden.RAM", "may the key use this operation?"),
    ];
    for (name, own, flags, said, mend) in rows {
        let denied = if own == DENIED { ["other", "secret"] } else { DENIED };
        let done = run(&keys(own, denied), &served.url, &[flags, &other].concat()).ends(3);
        assert!(done.out.lines().any(|line| line.starts_with("hint:     the target refuses ")), "{name}: {}", done.out);
        assert_eq!(done.out.matches(said).count(), 1, "{name}: {}", done.out);
        let words = done.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains(mend) && words.contains("0 MUST broken"), "{name}: {}", done.out);
        assert!(done.out.lines().count() < 20, "{name}: {}", done.out);
    }
}

#[test]
fn what_only_some_cases_rest_on_leaves_those_alone_undecided() {
    let served = serve(&[], 3);
    type Row<'a> = (&'a str, [&'a str; 2], &'a str, &'a str, &'a str);
    let rows: [Row<'_>; 3] = [
        (
            "denied key unknown",
            ["nobody", "x"],
            "cn-shanghai",
            "the key without permission",
            "end/authorization/required",
        ),
        (
            "denied secret wrong",
            [DENIED[0], "x"],
            "cn-shanghai",
            "the key without permission",
            "end/authorization/required",
        ),
        ("other region unknown", DENIED, "cn-x", "the region cn-x", "end/session/other-region"),
    ];
    for (name, denied, other, said, untested) in rows {
        let flags = ["--auth", "v3", "--other-region", other];
        let done = run(&keys(OWN, denied), &served.url, &flags).ends(3).says(&[said, untested]);
        assert!(done.out.contains("0 failed, 2 inconclusive"), "{name}: {}", done.out);
    }
}

#[test]
fn what_only_v1_can_be_asked_goes_with_it() {
    let served = serve(&[], 3);
    for without in ["signature-v1", "signatures"] {
        let flags = ["run", "--select", "rpc/action/*", "--instance-id", INSTANCE_ID, "--auth", "v3"];
        let flags = [&flags[..], &["--target", &served.url, "--without", without]].concat();
        let done = endspec_in(&std::env::temp_dir(), &keys(OWN, DENIED), &flags).ends(0);
        done.says(&["2 passed, 0 failed, 0 inconclusive, 2 skipped"]);
    }
}

#[test]
fn a_scheme_that_the_target_breaks_is_found_though_every_ordinary_call_is_refused() {
    let served = serve(&["--fault", "v1-retired"], 4);
    let flags = ["--auth", "v1", "--other-region", "cn-shanghai"];
    run(&keys(OWN, DENIED), &served.url, &flags).ends(1).says(&["error[rpc/signature/v1]"]);
}

#[test]
fn flags_that_contradict_each_other_are_mistakes_before_anything_is_sent() {
    let target = Target::untouched();
    type Row<'a> = (&'a str, [(&'a str, &'a str); 4], &'a [&'a str], &'a [&'a str]);
    let (url, right) = (target.url(), keys(OWN, DENIED));
    let rows: [Row<'_>; 11] = [
        (
            "unsupported",
            right,
            &["--unsupported-region", "cn-hangzhou"],
            &["--unsupported-region: `cn-hangzhou`", "`--region`"],
        ),
        ("other", right, &["--region", "cn-a", "--other-region", "CN-A"], &["--other-region: `CN-A`", "`--region`"]),
        (
            "other and unsupported",
            right,
            &["--other-region", "cn-a", "--unsupported-region", "cn-a"],
            &["--unsupported-region: `cn-a`", "`--other-region`", "--without unsupported-region"],
        ),
        ("same key", keys(OWN, OWN), &["--auth", "v3"], &["the key without permission is the one with it"]),
        ("same secret", keys(["a", "x"], ["b", "x"]), &["--auth", "v1"], &["the secret without permission"]),
        ("id twice", right, &["--session-id", "s-1,s-2,s-1"], &["--session-id: `s-1` is given twice"]),
        (
            "two sources",
            right,
            &["--session-id", "s-1", "--session-command", "true"],
            &["`--session-id` gives sessions as well"],
        ),
        (
            "no restart",
            right,
            &["--restart-command", "true", "--without", "restart"],
            &["--restart-command: `--without restart` says"],
        ),
        (
            "no other region",
            right,
            &["--other-region", "cn-b", "--without", "other-region,xml"],
            &["--other-region: `--without other-region` says"],
        ),
        ("empty region", right, &["--region", ""], &["--region", "the region is empty", "variable of your CI"]),
        ("no key", keys(["", ""], DENIED), &["--auth", "v3"], &["as `--auth v3` says", "--auth none"]),
    ];
    for (name, variables, flags, words) in rows {
        let args = [&["run", "--target", &url], flags].concat();
        let done = endspec_in(&std::env::temp_dir(), &variables, &args).ends(2).complains(words);
        assert!(done.out.is_empty(), "{name}: {}", done.out);
    }
    target.is_untouched();
}

#[test]
fn the_reference_server_is_asked_for_regions_that_it_has() {
    let few = ["run", "--select", "end/region/unsupported,end/session/other-region"];
    endspec(&[&few[..], &["--region", "cn-shanghai"]].concat()).ends(0);
    for (flag, region) in [
        ("--region", "cn-x"),
        ("--region", "cn-fuzhou"),
        ("--other-region", "cn-x"),
        ("--unsupported-region", "cn-beijing"),
    ] {
        endspec(&[&few[..], &[flag, region]].concat()).ends(2).complains(&[flag, region]);
    }
}

#[test]
fn what_a_profile_gives_a_flag_may_replace_or_leave_out() {
    let folder = tempfile::tempdir().unwrap();
    let profile = "session-command: exit 7\nrestart-command: exit 7\n";
    std::fs::write(folder.path().join("endspec.yaml"), profile).unwrap();
    let served = serve(&["--auth", "open"], 2);
    let few = ["run", "--target", &served.url, "--select", "end/success/ok,end/effect/survives-restart"];
    let flags = ["--session-id", "s-1", "--without", "restart,start,websocket,xml,signatures"];
    endspec_in(folder.path(), &[], &[&few[..], &flags].concat()).ends(3).says(&["`--session-id s-1`", "excluded"]);
    // The environment is further than a flag, too, whichever of the two takes something away.
    std::fs::write(folder.path().join("endspec.yaml"), "without: [xml]\n").unwrap();
    let without = [("ENDSPEC_WITHOUT", "other-region,signatures,xml")];
    let other = ["run", "--select", "end/session/other-region", "--other-region", "cn-shanghai"];
    endspec_in(folder.path(), &without, &other).ends(0).says(&["1 passed"]);
    std::fs::write(folder.path().join("endspec.yaml"), "other-region: cn-b\n").unwrap();
    let files = Target::files();
    let args = ["run", "--target", &files.url(), "--select", "end/error/missing", "--without", "xml,other-region"];
    let done = endspec_in(folder.path(), &[], &args).ends(1).says(&["= again:", "--without xml,other-region"]);
    assert!(!done.out.contains("--other-region"), "{}", done.out);
}

#[test]
fn ids_of_no_open_session_are_told_from_a_target_that_does_not_end_them() {
    let served = serve(&["--auth", "open"], 2);
    let few =
        ["run", "--target", &served.url, "--select", "end/success/ok,end/effect/closes", "--session-id", "s-1,s-2,s-3"];
    let without = ["--without", "start,websocket,xml,signatures"];
    let done = endspec(&[&few[..], &without].concat()).ends(3);
    done.says(&["`--session-id s-1`", "names no open session", "0 MUST broken"]);
    let without = ["--without", "start,websocket,xml,signatures,describe"];
    let done = endspec(&[&few[..], &without].concat()).ends(3);
    done.says(&["never showed itself as an open session", "0 MUST broken"]);
}

#[test]
fn a_permission_that_nobody_who_is_unsigned_could_have_is_the_targets_breach() {
    let target = Target::new(|asked| match asked.parameter("Action").as_deref() {
        Some("DescribeTerminalSessions") => json(200, "\"Sessions\":{\"Session\":[]}"),
        _ => error(403, "Forbidden", "m"),
    });
    let args = ["run", "--target", &target.url(), "--select", "end/session/unknown-shape", "--without", "xml"];
    endspec(&args).ends(1).says(&["error[end/session/unknown]"]);
}

#[test]
fn what_speaks_no_http_is_another_address_and_no_verdict() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for mut stream in listener.incoming().flatten().take_while(|_| !ended.load(Ordering::SeqCst)) {
                // Read first: closing with bytes unread would reset the connection before the greeting is seen.
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.6\r\n");
            }
        });
        let url = format!("http://{addr}");
        let done = endspec(&["run", "--target", &url, "--select", "end/session/unknown-shape", "--without", "xml"]);
        ended.store(true, Ordering::SeqCst);
        TcpStream::connect(addr).unwrap();
        done.ends(3).says(&["nothing answered in HTTP", "is the address right?", "0 MUST broken"]);
    });
}
