//! Waits: an interruption ends them, and what is seen too early after one is not judged.

use std::time::Duration;

use endspec::clock::Clock;

use crate::endpoint::{Manner, leaves_nothing, run, stopping};

#[tokio::test]
async fn a_wait_ends_with_an_interruption() {
    let case = "clauses: [start/usable]\nneeds: [sessions]\nsteps:\n  - open: victim\n  - wait: 600s\n  - look: victim\n    \
                expect: usable\n";
    let small = stopping(Manner::Right, true, None).await;
    // The bench gives up long before the wait would end.
    let ended = run(&small, case, Clock::system(), Duration::ZERO).await;
    assert!(ended.interrupted);
    leaves_nothing(&ended, &small);
    // A wait that has begun ends too: the Start's own `settle` is one.
    let small = stopping(Manner::Right, true, None).await;
    let ended = run(&small, case, Clock::system(), Duration::from_secs(600)).await;
    assert!(ended.interrupted);
}

#[tokio::test]
async fn a_pause_after_throttling_ends_with_an_interruption_and_nothing_more_is_sent() {
    let case = "clauses: [end/session/unknown]\nsteps:\n  - call: EndTerminalSession\n    with: { RegionId: r, SessionId: s }\n    \
                expect: session-not-found\n";
    let small = stopping(Manner::Throttles(usize::MAX), false, Some(3)).await;
    let ended = run(&small, case, Clock::system(), Duration::ZERO).await;
    assert!(ended.interrupted);
    assert_eq!(small.ends.lock().unwrap().get("s"), Some(&3));
}
