//! Connections that break off: a restart is held against nobody, what does so every time is found.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use endspec::case::Case;
use endspec::check::history::Event;
use endspec::check::{Role, Verdict};
use endspec::clock::Clock;
use endspec::load;
use endspec::run::Ended;
use futures_util::StreamExt as _;

use crate::endpoint::{Manner, Small, broken, endpoint, leaves_nothing, passes, run};

/// What happens between the connection and the steps that depend on it: where a restart comes, it comes here.
fn case(clause: &str, steps: &str) -> String {
    format!(
        "clauses: [{clause}]\nneeds: [sessions, websocket, describe]\nsteps:\n  - open: victim\n  - connect: victim\n  \
         - call: DescribeTerminalSessions\n    with: {{ RegionId: \"{{{{region}}}}\" }}\n{steps}"
    )
}

const END: &str = "  - call: EndTerminalSession\n    \
                   with: { RegionId: \"{{region}}\", SessionId: \"{{victim.SessionId}}\" }\n    expect: ";

/// Cases that depend on a session whose connection breaks off.
fn cases() -> Vec<(&'static str, String)> {
    let look = "  - look: victim\n    expect: usable\n";
    let by_connection = "  - look: victim\n    by: connection\n    expect: usable\n";
    let overlap = format!(
        "  - overlap:\n      - - look: victim\n        - look: victim\n{END}[ok, session-not-found]\n  - look: victim\n    expect: unusable\n"
    );
    vec![
        ("a look by every observer", case("start/usable", look)),
        ("a look by the connection", case("start/usable", by_connection)),
        ("an End", case("end/success/status", &format!("{END}ok\n"))),
        ("an overlap", case("end/effect/once", &overlap)),
    ]
}

/// Ends `other` while a connection is held on `victim`.
const NEIGHBOURS: &str = r#"
clauses: [end/effect/only-named]
needs: [sessions, websocket]
steps:
  - open: victim
  - open: other
  - connect: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{other.SessionId}}" }
    expect: ok
  - look: victim
    expect: usable
"#;

/// In real time: it tells what broke off before an End from what did after.
async fn ran(small: &Small, case: &str) -> Ended {
    run(small, case, Clock::system(), Duration::ZERO).await
}

fn started(small: &Small) -> usize {
    small.issued.lock().unwrap().len()
}

/// Plain requests that asked whether the target is there; every request of the run is in the history.
#[track_caller]
fn asked(ended: &Ended) -> usize {
    let records = || ended.results[0].history.iter();
    assert_eq!(records().filter(|record| matches!(record.event, Event::Exchange(_))).count(), ended.exchanges);
    records().filter(|record| record.role == Role::Probe && record.item == "broken off").count()
}

#[tokio::test]
async fn a_restart_while_a_connection_is_held_is_held_against_nobody() {
    for manner in [Manner::RestartsAtList, Manner::GoesAwayAtList] {
        for (name, case) in cases() {
            let small = endpoint(manner).await;
            let ended = ran(&small, &case).await;
            assert_eq!((broken(&ended), &ended.results[0].undecided), (vec![], &vec![]), "{manner:?}, {name}");
            assert_eq!(ended.results[0].verdict(true), Verdict::Pass, "{manner:?}, {name}");
            assert_eq!((started(&small), asked(&ended)), (2, 0), "{manner:?}, {name}");
            leaves_nothing(&ended, &small);
        }
    }
}

#[tokio::test]
async fn a_restart_at_a_handshake_is_held_against_nobody() {
    let connects = "  - connect: victim\n";
    let looks = "  - look: victim\n    expect: usable\n";
    for steps in [looks.to_owned(), format!("{connects}{looks}"), format!("{connects}    expect: usable\n")] {
        let small = endpoint(Manner::RestartsAtHandshake).await;
        let case =
            format!("clauses: [start/usable]\nneeds: [sessions, websocket]\nsteps:\n  - open: victim\n{steps}{looks}");
        let ended = ran(&small, &case).await;
        passes(&ended);
        assert_eq!((started(&small), asked(&ended)), (2, 0), "{steps}");
        leaves_nothing(&ended, &small);
    }
}

#[tokio::test]
async fn a_target_that_dies_for_good_leaves_the_case_undecided_and_says_so() {
    for (name, case) in cases() {
        let small = endpoint(Manner::DiesAtList).await;
        let ended = ran(&small, &case).await;
        assert_eq!(broken(&ended), Vec::<String>::new(), "{name}");
        assert_eq!(ended.results[0].verdict(true), Verdict::Inconclusive, "{name}");
        assert_eq!(ended.results[0].undecided.len(), 1, "{name}: {:?}", ended.results[0].undecided);
        // Nobody can tell what became of it.
        assert_eq!(ended.leaked, small.issued.lock().unwrap().iter().cloned().collect::<Vec<_>>(), "{name}");
    }
}

#[tokio::test]
async fn an_end_that_cuts_the_connections_of_others_is_found_at_the_second_attempt() {
    let small = endpoint(Manner::CutsNeighbours).await;
    let ended = ran(&small, NEIGHBOURS).await;
    let result = &ended.results[0];
    assert_eq!((broken(&ended), &result.undecided), (vec!["end/effect/only-named".to_owned()], &vec![]));
    assert_eq!((started(&small), asked(&ended)), (4, 1));
    // What the finding shows is the look of the second attempt, the fifth step.
    let shown = &result.history[result.findings[0].record];
    let last = result.history.iter().rposition(|record| matches!(record.event, Event::Look(_)));
    assert_eq!((shown.step, Some(result.findings[0].record)), (Some(4), last));
    leaves_nothing(&ended, &small);
    // A right endpoint is asked nothing twice.
    let small = endpoint(Manner::Right).await;
    let ended = ran(&small, NEIGHBOURS).await;
    passes(&ended);
    assert_eq!((started(&small), asked(&ended)), (2, 0));
}

/// Every built-in case that looks at sessions or holds connections on them, and needs nothing else: the endpoint knows
/// neither regions nor versions.
fn that_look() -> Vec<Arc<Case>> {
    let contract = load::contract::built_in(None);
    let of = |case: &Arc<Case>| {
        ["end/effect/", "start/usable", "describe/"].iter().any(|area| case.id.starts_with(area))
            && !case.id.contains("refus")
    };
    let has = |name: &str| ["sessions", "websocket", "describe"].contains(&name);
    let cases = load::built_in::suite(&contract).cases.into_iter();
    cases.filter(|case| of(case) && case.needs.iter().all(|need| has(&need.value))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_ends_with_its_connection_is_held_against_nobody_whenever_that_breaks_off() {
    let mut runs = Vec::new();
    for at in [1, 2, 3, 5, 8, 13, 21] {
        runs.extend(that_look().into_iter().map(|case| (at, case)));
    }
    assert!(runs.len() > 150, "{}", runs.len());
    let (severed, blamed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let run = |(at, case): (usize, Arc<Case>)| {
        let (severed, blamed) = (&severed, &blamed);
        async move {
            let small = endpoint(Manner::CutsOnce(at)).await;
            let ended = ran(&small, &case.source.text).await;
            if !broken(&ended).is_empty() {
                blamed.lock().unwrap().push((at, case.id.clone(), broken(&ended)));
            }
            severed.fetch_add(usize::from(small.has_severed()), Ordering::SeqCst);
        }
    };
    futures_util::stream::iter(runs).for_each_concurrent(16, run).await;
    assert_eq!(blamed.into_inner().unwrap(), Vec::new());
    assert!(severed.into_inner() > 50);
}
