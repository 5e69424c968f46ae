//! `endspec serve`: the reference server as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::{command, endspec, endspec_in};

/// A running server, ended when it is dropped.
struct Served {
    child: Child,
    url: String,
    /// What it printed at its start.
    lines: Vec<String>,
}

fn serve(args: &[&str], lines: usize) -> Served {
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
