//! `endspec serve`: the reference server as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::{command, endspec, endspec_in};

/// A running server, ended when it is dropped.
pub struct Served {
    child: Child,
    /// Where it listens.
    pub url: String,
    /// What it printed at its start.
    lines: Vec<String>,
}

/// Starts one, and reads so many lines of what it prints.
pub fn serve(args: &[&str], lines: usize) -> Served {
    let args = [&["serve", "--listen", "127.0.0.1:0"], args].concat();
    let mut child = command(&args).stdout(Stdio::piped()).spawn().unwrap();
    let out = BufReader::new(child.stdout.take().unwrap());
    let lines: Vec<String> = out.lines().take(lines).map(|line| line.unwrap()).collect();
    let url = lines[0].strip_prefix("listening ").expect("the address comes first").to_owned();
    Served { child, url, lines }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn it_prints_its_address_keys_and_regions_and_takes_calls() {
    let served = serve(&[], 3);
    let key = served.lines[1].split(": ").nth(1).unwrap().split(',').next().unwrap();
    let (id, secret) = key.split_once(" / ").unwrap();
    assert!(served.lines[2].contains("cn-hangzhou"), "{:?}", served.lines);
    let keys = [("ALIBABA_CLOUD_ACCESS_KEY_ID", id), ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret)];
    let args = ["call", "EndTerminalSession", "SessionId=s-1", "--target", &served.url, "--auth", "v3"];
    endspec_in(&std::env::temp_dir(), &keys, &args).ends(0).says(&["InvalidSessionId.NotFound"]);
    let args = ["call", "EndTerminalSession", "SessionId=s-1", "--target", &served.url];
    let unsigned = endspec(&args);
    assert!(!unsigned.out.contains("InvalidSessionId.NotFound"), "{}", unsigned.out);
}

#[test]
fn with_auth_open_it_takes_unsigned_calls() {
    let served = serve(&["--auth", "open"], 2);
    endspec(&["call", "EndTerminalSession", "SessionId=s-1", "--target", &served.url])
        .ends(0)
        .says(&["InvalidSessionId.NotFound", "outcome: session-not-found"]);
}

#[test]
fn with_a_fault_it_breaks_the_clause_of_that_fault_over_a_socket() {
    let rows = [
        ("session-not-found-as-400", "400 InvalidSessionId.NotFound", Some("end/error/status")),
        ("error-as-page", "<h1>404 Not Found</h1>", Some("end/error/envelope")),
        ("host-id-missing", "no HostId that is a string", Some("end/error/host-id")),
        ("chunked", "transfer-encoding: chunked", None),
    ];
    for (fault, said, broken) in rows {
        let served = serve(&["--auth", "open", "--fault", fault], 3);
        assert!(served.lines[2].starts_with(&format!("on purpose: {fault}, where ")), "{:?}", served.lines);
        let call = endspec(&["call", "EndTerminalSession", "SessionId=s-1", "--target", &served.url]);
        assert!(call.out.contains(said), "{fault}: {}", call.out);
        let select = "end/error/missing,end/session/unknown-shape";
        let run = endspec(&["run", "--select", select, "--target", &served.url, "--report", "json=-"]);
        let findings = run.json()["cases"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|case| case["findings"].as_array().unwrap().clone())
            .collect::<Vec<_>>();
        let found = |clause: &str| findings.iter().any(|finding| finding["clause"] == clause);
        assert!(broken.map_or(findings.is_empty(), found), "{fault}: {findings:?}");
    }
}

#[test]
fn an_unknown_fault_is_a_mistake_with_the_nearest_that_is_known() {
    endspec(&["serve", "--fault", "chunkd"]).ends(2).complains(&["--fault", "`chunkd`", "did you mean `chunked`?"]);
    endspec(&["serve", "--fault", "?"]).ends(2).complains(&["endspec list faults"]);
    endspec(&["serve", "--list-faults", "--auth", "open"]).ends(2).complains(&["--list-faults"]);
}

#[test]
fn a_second_server_on_the_same_port_is_a_mistake_with_a_way_out() {
    let served = serve(&["--auth", "open"], 2);
    let address = served.url.strip_prefix("http://").unwrap();
    endspec(&["serve", "--listen", address]).ends(2).complains(&["--listen", address, "--listen 127.0.0.1:0"]);
    endspec(&["serve", "--listen", "nonsense"]).ends(2).complains(&["--listen", "`nonsense`"]);
}

#[cfg(unix)]
#[test]
fn it_ends_by_a_signal_with_success() {
    for signal in ["-TERM", "-INT"] {
        let mut served = serve(&["--auth", "open"], 2);
        let pid = served.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        assert_eq!(served.child.wait().unwrap().code(), Some(0), "{signal}");
    }
}

#[test]
fn mistakes_in_its_flags_are_told_together() {
    endspec(&["serve", "--reading", "repeat-end", "--seed", "x"]).ends(2).complains(&["--reading", "--seed", "`x`"]);
    endspec(&["serve", "--auth", "none"]).ends(2).complains(&["none", "required", "open"]);
}
