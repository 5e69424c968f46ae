//! Time that passes: looks at once and later, sessions that nobody came to, runs that are stopped while they wait.

use std::time::Duration;

use endspec::check::{Event, Look, Observer, Sight};
use endspec::run::Ended;

use crate::endpoint::{broken, passes};
use crate::memory::Run;

const CLOSES: &str = r#"
clauses: [end/effect/closes]
needs: [sessions, websocket]
steps:
  - open: victim
  - connect: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
  - look: victim
    expect: unusable
"#;

const MINUTE: Duration = Duration::from_secs(60);

fn looks(ended: &Ended) -> Vec<&Look> {
    let records = ended.results[0].history.iter();
    let looks = records.filter_map(|record| match &record.event {
        Event::Look(look) => Some(look),
        Event::Exchange(_) => None,
    });
    looks.collect()
}

#[tokio::test(start_paused = true)]
async fn a_look_is_taken_at_once_and_reported_and_the_one_after_settle_is_judged() {
    let saw = |ended: &Ended| {
        let seen = looks(ended).last().unwrap().at_once.clone();
        seen.into_iter().map(|seen| (seen.observer, seen.sight)).collect::<Vec<_>>()
    };
    let open = [(Observer::Describe, Sight::Open), (Observer::Connection, Sight::Open)];
    // Its Ends come three seconds late.
    let late = Run { fault: Some("end-comes-late"), settle: MINUTE, ..Run::default() }.of(CLOSES).await;
    passes(&late);
    assert_eq!(saw(&late), open);
    let never = Run { fault: Some("end-does-nothing"), settle: MINUTE, ..Run::default() }.of(CLOSES).await;
    assert_eq!(broken(&never), ["end/effect/closes"]);
    let notes = &never.results[0].findings[0].notes;
    assert!(notes.iter().any(|(name, text)| *name == "at once" && text.contains("no end yet")), "{notes:?}");
    // Where nothing may be late one look is both.
    let never = Run { fault: Some("end-does-nothing"), ..Run::default() }.of(CLOSES).await;
    assert_eq!((broken(&never), saw(&never)), (vec!["end/effect/closes".to_owned()], vec![]));
}

#[tokio::test(start_paused = true)]
async fn what_is_seen_before_the_target_may_have_settled_is_not_judged_when_the_run_is_stopped() {
    let wrong = Run { fault: Some("end-does-nothing"), settle: MINUTE, ..Run::default() };
    let middle = Some(MINUTE * 3 / 2);
    let rows = [
        ("interrupted", Run { interrupted: middle, ..wrong }, "interrupted"),
        ("out of time", Run { time_limit: middle, ..wrong }, "time limit"),
    ];
    for (name, run, words) in rows {
        let ended = run.of(CLOSES).await;
        let undecided = &ended.results[0].undecided;
        assert_eq!((broken(&ended), undecided.len()), (vec![], 1), "{name}: {undecided:?}");
        assert!(undecided[0].starts_with("step 4") && undecided[0].contains(words), "{name}: {undecided:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_that_nobody_came_to_for_ten_minutes_is_not_judged_by_its_end_either() {
    let later = include_str!("../../cases/end/effect/closes-later.yaml");
    let restart = include_str!("../../cases/end/effect/survives-restart.yaml");
    for (name, case) in [("later", later), ("restart", restart)] {
        let ended = Run { settle: MINUTE * 5, ..Run::default() }.of(case).await;
        let undecided = ended.results[0].undecided.join("; ");
        assert!(undecided.contains("for ten minutes") && broken(&ended).is_empty(), "{name}: {undecided:?}");
        passes(&Run { settle: MINUTE, ..Run::default() }.of(case).await);
    }
    let held = later.replace("  - wait: long", "  - connect: victim\n  - wait: long");
    passes(&Run { settle: MINUTE * 5, ..Run::default() }.of(&held).await);
}

#[tokio::test(start_paused = true)]
async fn a_wait_for_turns_ends_with_the_run_and_sessions_are_ended_at_its_pace() {
    let case = r#"
clauses: [end/effect/once]
needs: [sessions]
steps:
  - open: victim
  - overlap:
      call: EndTerminalSession
      with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    clients: 64
"#;
    let case = case.replace("      call:", "      - call:").replace("      with:", "        with:");
    // Sixty-four turns are an hour and more.
    let slow = Run { requests_per_second: Some(1.0 / 60.0), ..Run::default() };
    let rows = [
        ("interrupted", Run { interrupted: Some(MINUTE * 5), ..slow }),
        ("out of time", Run { time_limit: Some(MINUTE * 5), ..slow }),
    ];
    for (name, run) in rows {
        let ended = run.of(&case).await;
        assert!(ended.took <= MINUTE * 7, "{name}: {:?}", ended.took);
        assert_eq!((ended.leaked, ended.exchanges), (Vec::<String>::new(), 2), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_is_paced_like_any_other_request() {
    let case = r#"
clauses: [end/effect/websocket-url]
needs: [sessions, websocket]
steps:
  - open: victim
  - look: victim
    by: websocket
    expect: usable
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
  - look: victim
    by: [websocket, wrong-token]
    expect: unusable
"#;
    let ended = Run { requests_per_second: Some(1.0 / 60.0), ..Run::default() }.of(case).await;
    passes(&ended);
    // One while it is open, and two by each token afterwards.
    assert_eq!((ended.exchanges, ended.handshakes), (2, 5));
    assert!(ended.took >= MINUTE * 6, "{:?}", ended.took);
}

#[tokio::test(start_paused = true)]
async fn silence_that_a_run_had_no_time_to_meet_again_is_no_finding() {
    let case = "clauses: [end/session/malformed]\nsteps:\n  - call: EndTerminalSession\n    \
                with: { RegionId: \"{{region}}\", SessionId: s-hz0 }\n    \
                values: { invalid: SessionId, only: [nul-inside] }\n    expect: permitted\n";
    let silent = Run { fault: Some("nul-hangs"), ..Run::default() };
    assert_eq!(broken(&silent.of(case).await), ["rpc/robust/no-5xx"]);
    // The input waits for ten seconds, and so does each of the two times that it is sent again.
    for seconds in [5, 15] {
        let ended = Run { time_limit: Some(Duration::from_secs(seconds)), ..silent }.of(case).await;
        let undecided = &ended.results[0].undecided;
        assert_eq!((broken(&ended), undecided.len()), (vec![], 1), "{seconds}: {undecided:?}");
        assert!(undecided[0].contains("time limit"), "{seconds}: {undecided:?}");
        assert!(ended.took < Duration::from_secs(seconds + 11), "{seconds}: {:?}", ended.took);
    }
}
