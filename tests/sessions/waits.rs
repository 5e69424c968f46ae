//! Waits: connections are kept awake meanwhile, and an interruption ends them.

use std::time::Duration;

use endspec::clock::Clock;

use crate::endpoint::{Manner, endpoint, leaves_nothing, passes, run, simulated, stopping};

#[tokio::test]
async fn connections_that_are_held_get_an_input_frame_at_least_every_25_seconds() {
    let case = r#"
clauses: [start/usable]
needs: [sessions, websocket]
steps:
  - open: victim
  - connect: victim
  - wait: 190s
  - look: victim
    by: connection
    expect: usable
"#;
    let small = endpoint(Manner::Right).await;
    passes(&simulated(&small, case).await);
    let mut times = vec![1_770_000_000_000];
    times.extend(small.awake.lock().unwrap().iter().copied());
    times.push(1_770_000_190_000);
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 25_000), "{times:?}");
}

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
