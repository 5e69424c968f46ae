//! What a run opened is ended, whatever happens; what could not be ended is listed, exactly.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use endspec::check::Role;
use endspec::clock::Clock;
use endspec::run::Restart;
use futures_util::FutureExt as _;

use crate::endpoint::{Manner, broken, endpoint, leaves_nothing, passes, run, run_against, simulated, stopping};

const STARTS: &str = r#"
clauses: [start/success]
needs: [start]
steps:
  - call: StartTerminalSession
    with: { RegionId: "{{region}}", InstanceId.1: "{{instance-id}}" }
    expect: ok
"#;

/// Opens five sessions and ends none.
const OPENS: &str = r#"
clauses: [describe/shape]
needs: [sessions, describe]
steps:
  - open: a
  - open: b
  - open: c
  - open: d
  - open: e
  - call: DescribeTerminalSessions
    with: { RegionId: "{{region}}" }
    times: 3
    expect: ok
"#;

#[tokio::test]
async fn sessions_that_a_call_started_are_ended() {
    let small = endpoint(Manner::Right).await;
    let ended = simulated(&small, STARTS).await;
    passes(&ended);
    leaves_nothing(&ended, &small);
}

#[tokio::test]
async fn sessions_that_overlapping_calls_started_are_ended_with_their_case() {
    let case = r#"
clauses: [start/success]
needs: [start]
steps:
  - overlap:
      - call: StartTerminalSession
        with: { RegionId: "{{region}}", InstanceId.1: "{{instance-id}}" }
        expect: ok
    clients: 8
"#;
    let small = endpoint(Manner::Right).await;
    let ended = simulated(&small, case).await;
    leaves_nothing(&ended, &small);
    let ends = ended.results[0].history.iter().filter(|record| record.role == Role::CleanUp);
    assert_eq!(ends.count(), 8);
}

#[tokio::test]
async fn of_what_one_step_starts_never_more_than_fifty_are_open() {
    let small = endpoint(Manner::Right).await;
    let ended = simulated(&small, &format!("{STARTS}    times: 90\n")).await;
    passes(&ended);
    leaves_nothing(&ended, &small);
    assert_eq!(small.issued.lock().unwrap().len(), 90);
    assert_eq!(small.most.load(Ordering::SeqCst), 50);
}

#[tokio::test]
async fn a_case_whose_clients_would_open_more_is_undecided_and_says_why() {
    let case = r#"
clauses: [start/success]
needs: [start]
steps:
  - overlap:
      - call: StartTerminalSession
        with: { RegionId: "{{region}}", InstanceId.1: "{{instance-id}}" }
        expect: ok
    clients: 51
"#;
    let small = endpoint(Manner::Right).await;
    let ended = simulated(&small, case).await;
    assert!(ended.results[0].undecided[0].contains("50 sessions are open, the most at a time"), "{ended:?}");
    leaves_nothing(&ended, &small);
}

#[tokio::test]
async fn a_start_that_is_refused_for_the_number_of_open_sessions_is_waited_out_and_no_verdict() {
    let opened = STARTS.replace("[start]", "[sessions, start]").replace("steps:\n", "steps:\n  - open: a\n");
    let overlap = r#"
clauses: [start/success]
needs: [start]
steps:
  - overlap:
      - call: StartTerminalSession
        with: { RegionId: "{{region}}", InstanceId.1: "{{instance-id}}" }
        expect: ok
    clients: 8
"#;
    let rows = [
        ("a call", STARTS.to_owned(), Manner::Full(5), 6, true),
        ("a set-up", opened.clone(), Manner::Full(5), 7, true),
        ("calls that make room for each other", format!("{STARTS}    times: 9\n"), Manner::Takes(3), 15, true),
        ("a call that never has room", opened.clone(), Manner::Takes(1), 9, false),
        ("a set-up that never has room", opened.clone(), Manner::Takes(0), 8, false),
        ("clients that share too little room", overlap.to_owned(), Manner::Takes(7), 15, false),
    ];
    for (name, case, manner, starts, decided) in rows {
        let small = endpoint(manner).await;
        let ended = simulated(&small, &case).await;
        let result = &ended.results[0];
        assert_eq!((broken(&ended), result.undecided.is_empty()), (vec![], decided), "{name}: {:?}", result.undecided);
        assert!(decided || result.undecided[0].contains("too many open ones"), "{name}: {:?}", result.undecided);
        assert_eq!((small.starts.load(Ordering::SeqCst), ended.leaked.len()), (starts, 0), "{name}");
        assert!(small.open.lock().unwrap().is_empty(), "{name}");
    }
}

#[tokio::test]
async fn sessions_are_ended_side_by_side() {
    // One after the other, each would wait in vain for the rest.
    let small = endpoint(Manner::EndsTogether(5)).await;
    let ended = simulated(&small, OPENS).await;
    passes(&ended);
    leaves_nothing(&ended, &small);
    assert!(small.ends.lock().unwrap().values().all(|times| *times == 1));
}

#[tokio::test]
async fn a_target_that_was_given_up_is_asked_once_for_each_session_and_what_is_left_is_listed() {
    let small = endpoint(Manner::HangsUp).await;
    let ended = simulated(&small, OPENS).await;
    let issued: Vec<String> = small.issued.lock().unwrap().iter().cloned().collect();
    assert_eq!(issued.len(), 5);
    assert_eq!((&ended.leaked, &ended.results[0].leaked), (&issued, &issued));
    let ends = small.ends.lock().unwrap();
    assert!(issued.iter().all(|id| ends.get(id) == Some(&1)), "{ends:?}");
}

#[tokio::test]
async fn throttling_is_waited_out_after_an_interruption_too() {
    let small = stopping(Manner::Throttles(6), true, None).await;
    let ended = simulated(&small, STARTS).await;
    assert!(ended.interrupted);
    leaves_nothing(&ended, &small);
}

#[tokio::test]
async fn an_end_that_met_a_broken_server_is_sent_again() {
    let small = endpoint(Manner::Fails(2)).await;
    let ended = simulated(&small, STARTS).await;
    leaves_nothing(&ended, &small);
}

#[tokio::test]
async fn a_session_whose_id_is_longer_than_any_that_is_used_is_not_used() {
    let small = endpoint(Manner::LongIds).await;
    let ended = simulated(&small, OPENS).await;
    let words = "StartTerminalSession opened no session: a SessionId of 5002 bytes, longer than any that is used";
    assert!(ended.results[0].undecided.iter().any(|reason| reason.contains(words)), "{:?}", ended.results[0].undecided);
}

#[tokio::test]
async fn throttling_without_end_is_waited_out_within_the_bound_and_then_listed() {
    let small = stopping(Manner::Throttles(usize::MAX), true, None).await;
    let ended = simulated(&small, STARTS).await;
    let issued: Vec<String> = small.issued.lock().unwrap().iter().cloned().collect();
    assert_eq!(ended.leaked, issued);
    assert!(ended.took <= Duration::from_secs(61), "{:?}", ended.took);
    assert!(ended.took > Duration::from_secs(10), "{:?}", ended.took);
}

#[tokio::test]
async fn not_found_right_after_a_start_is_not_taken_for_gone() {
    let small = endpoint(Manner::SettlesLate).await;
    let ended = run(&small, STARTS, Clock::simulated(1_770_000_000), Duration::from_secs(2)).await;
    leaves_nothing(&ended, &small);
}

#[tokio::test]
async fn the_sessions_of_a_case_that_panics_are_ended_before_the_panic_goes_on() {
    let case = r"
clauses: [end/effect/survives-restart]
needs: [sessions, restart]
steps:
  - open: first
  - open: second
  - restart: true
";
    let small = endpoint(Manner::Right).await;
    let panics = Restart::Within(Arc::new(|| panic!("a defect of ours")));
    let run = run_against(&small, case, Clock::simulated(1_770_000_000), |target| target.restart = Some(panics));
    let panic = AssertUnwindSafe(run).catch_unwind().await.expect_err("it goes on");
    assert_eq!(panic.downcast_ref(), Some(&"a defect of ours"));
    assert_eq!((small.starts.load(Ordering::SeqCst), small.open.lock().unwrap().len()), (2, 0));
}
