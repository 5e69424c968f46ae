//! Ctrl-C in the middle of a run: sessions are ended, reports are written, and the exit code tells.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tempfile::tempdir;

use crate::report::assert_valid;
use crate::target::{Sessions, Target};
use crate::{BOUND, command};

/// Requests that the target has received when the signal is sent.
const REQUESTS: usize = 25;

/// What none of these runs asks of the target.
const WITHOUT: [&str; 2] = ["--without", "xml,websocket,describe,signatures,unsupported-region,other-region"];

/// Interrupts a command while its target has sessions open and answers nothing; what it says, once every one of them is ended.
fn interrupted(args: &[&str]) -> String {
    let sessions = Arc::new(Sessions::default());
    let (reached, at_last) = channel();
    let (go, waiting) = channel::<()>();
    let target = stalling(&sessions, true, reached, waiting);
    let mut child = command(args)
        .args(["--target", &target.url(), "--instance-id", "i-1"])
        .args(WITHOUT)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    at_last.recv_timeout(BOUND).expect("it asks that often");
    assert!(!sessions.open.lock().unwrap().is_empty(), "a session is open when the signal comes");
    let pid = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &pid]).status().unwrap().success());
    let mut line = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("stopping; open sessions are ended first"), "{line}");
    drop(go);
    let mut out = String::new();
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{out}");
    assert_eq!(*sessions.open.lock().unwrap(), Default::default(), "every session was ended");
    out
}

#[test]
fn ctrl_c_ends_sessions_writes_reports_and_ends_130() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("report.json");
    let report = format!("json={}", path.display());
    let select = ["--select", "end/session/near-miss end/session/malformed-open"];
    let out = interrupted(&[&["run", "--jobs", "2", "--report", &report], &select[..]].concat());
    assert!(out.contains("INCONCLUSIVE - interrupted"), "{out}");
    let report: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_valid(&report);
    assert_eq!(report["interrupted"], true);
    assert_eq!(report["leaked"], serde_json::json!([]));
}

#[test]
fn ctrl_c_ends_fuzzing_with_its_sessions_and_ends_130() {
    let out = interrupted(&["fuzz", "--clients", "2"]);
    assert!(out.contains("INCONCLUSIVE - interrupted"), "{out}");
}

#[test]
fn a_second_signal_ends_at_once_and_lists_what_is_open() {
    let run: &[&str] = &["run", "--jobs", "2", "--select", "end/session/near-miss end/session/malformed-open"];
    for command_line in [run, &["fuzz", "--clients", "2"]] {
        let sessions = Arc::new(Sessions::default());
        let (reached, at_last) = channel();
        let (_go, waiting) = channel::<()>();
        let target = stalling(&sessions, true, reached, waiting);
        let mut child = command(command_line)
            .args(["--target", &target.url(), "--instance-id", "i-1"])
            .args(WITHOUT)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        at_last.recv_timeout(BOUND).expect("it asks that often");
        let pid = child.id().to_string();
        // What comes within a second of the first is the same signal. Nothing is answered any more, so that none ends it by
        // cleaning up.
        let begun = std::time::Instant::now();
        while child.try_wait().unwrap().is_none() {
            assert!(begun.elapsed() < BOUND, "it does not end");
            Command::new("kill").args(["-INT", &pid]).status().unwrap();
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        assert_eq!(child.wait().unwrap().code(), Some(130));
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        let open = sessions.open.lock().unwrap();
        assert!(!open.is_empty(), "{err}");
        for id in open.iter() {
            assert!(err.contains(&format!("endspec call EndTerminalSession SessionId={id} ")), "{id}: {err}");
        }
    }
}

#[test]
fn a_comparison_that_is_interrupted_at_the_second_target_is_no_pass() {
    let sessions = Arc::new(Sessions::default());
    let (reached, at_last) = channel();
    let (go, waiting) = channel::<()>();
    let honest = Sessions::default();
    let first = Target::new(move |asked| honest.answer(asked));
    let second = stalling(&sessions, false, reached, waiting);
    let mut child = command(&["run", "--target", &first.url(), "--against", &second.url(), "--report", "json=-"])
        .args(["--without", "sessions,xml,signatures", "--select", "end/session/malformed end/session/unknown"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    at_last.recv_timeout(BOUND).expect("the run asks that often");
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    let mut line = String::new();
    let mut err = BufReader::new(child.stderr.take().unwrap());
    err.read_line(&mut line).unwrap();
    assert!(line.contains("stopping"), "{line}");
    drop(go);
    let (mut out, mut rest) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    err.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130), "{rest}");
    let report: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&report["interrupted"], &report["verdict"]), (&true.into(), &"inconclusive".into()));
}

/// A target that, asked so often and with a session open where there are any, says so and answers nothing until it may go on.
fn stalling(
    sessions: &Arc<Sessions>,
    any: bool,
    reached: std::sync::mpsc::Sender<()>,
    waiting: Receiver<()>,
) -> Target {
    let sessions = Arc::clone(sessions);
    let (count, turn, waiting) = (AtomicUsize::new(0), Mutex::new(()), Mutex::new(waiting));
    Target::new(move |asked| {
        // One at a time, so that what is open stays open once nothing is answered.
        let own = turn.lock().unwrap();
        let often = count.fetch_add(1, Ordering::SeqCst) >= REQUESTS;
        if often && !(any && sessions.open.lock().unwrap().is_empty()) {
            drop(own);
            let _ = reached.send(());
            // Ends when the sender is dropped, at once from then on.
            let _ = waiting.lock().unwrap().recv_timeout(BOUND);
        }
        sessions.answer(asked)
    })
}
