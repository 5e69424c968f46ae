//! Looks: what shows that a session is open, what does not, and what a look itself has changed.

use std::time::Duration;

use endspec::clock::Clock;

use crate::endpoint::{Manner, broken, endpoint, leaves_nothing, passes, run, simulated};

#[tokio::test]
async fn a_pong_before_the_end_of_a_connection_on_an_ended_session_does_not_make_it_usable() {
    let case = r#"
clauses: [end/effect/websocket-url]
needs: [sessions, websocket]
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
  - look: victim
    by: websocket
    expect: unusable
"#;
    let small = endpoint(Manner::PongsAtTheEnd).await;
    passes(&simulated(&small, case).await);
}

#[tokio::test]
async fn one_broken_handshake_is_weather_and_so_are_throttled_ones() {
    let case = r#"
clauses: [start/usable]
needs: [sessions, websocket]
steps:
  - open: victim
  - look: victim
    by: websocket
    expect: usable
"#;
    let small = endpoint(Manner::BreaksOnce).await;
    passes(&simulated(&small, case).await);
    let small = endpoint(Manner::ThrottlesHandshakes(3)).await;
    passes(&simulated(&small, case).await);
}

#[tokio::test]
async fn what_a_look_by_end_has_ended_is_not_blamed_afterwards() {
    let rows = [
        ("a look", "  - look: victim\n    expect: usable\n"),
        (
            "a call",
            "  - call: EndTerminalSession\n    with: { RegionId: \"{{region}}\", SessionId: \"{{victim.SessionId}}\" }\n    expect: ok\n",
        ),
    ];
    for (name, after) in rows {
        let case = format!(
            "clauses: [end/effect/refusal-is-inert]\nneeds: [sessions]\nsteps:\n  - open: victim\n  - look: victim\n    \
             by: end\n    expect: usable\n{after}"
        );
        let small = endpoint(Manner::Right).await;
        let ended = simulated(&small, &case).await;
        assert_eq!(broken(&ended), Vec::<String>::new(), "{name}");
        assert!(ended.results[0].undecided[0].contains("no other observer than End"), "{name}: {ended:?}");
        leaves_nothing(&ended, &small);
    }
}

#[tokio::test]
async fn a_session_whose_client_has_hung_up_may_be_over_but_is_surely_once_it_was_ended() {
    let case = include_str!("../../cases/end/effect/closes-hung-up.yaml");
    let rows = [(Manner::Right, ""), (Manner::EndsAtHangUp, ""), (Manner::KeepsHungUp, "end/effect/closes")];
    for (manner, clause) in rows {
        let small = endpoint(manner).await;
        // In real time: the endpoint sees the end of the connection meanwhile.
        let ended = run(&small, case, Clock::system(), Duration::ZERO).await;
        assert_eq!(broken(&ended).join(""), clause, "{manner:?}");
        assert_eq!(ended.results[0].undecided, Vec::<String>::new(), "{manner:?}");
    }
}

#[tokio::test]
async fn what_is_not_known_of_a_session_after_hanging_up_is_not_judged() {
    let rows = [
        ("usable", "  - look: victim\n    expect: usable\n", false),
        ("unusable", "  - look: victim\n    expect: unusable\n", false),
        ("connected again", "  - connect: victim\n    expect: usable\n", true),
        ("hung up twice", "  - hang-up: victim\n", true),
    ];
    for (name, after, undecided) in rows {
        for manner in [Manner::Right, Manner::EndsAtHangUp] {
            let case = format!(
                "clauses: [start/usable]\nneeds: [sessions, websocket]\nsteps:\n  - open: victim\n  - connect: victim\n  \
                 - hang-up: victim\n{after}"
            );
            let small = endpoint(manner).await;
            let ended = simulated(&small, &case).await;
            let result = &ended.results[0];
            assert_eq!((broken(&ended), !result.undecided.is_empty()), (vec![], undecided), "{manner:?}, {name}");
            assert!(!result.tested.contains("start/usable"), "{manner:?}, {name}");
            leaves_nothing(&ended, &small);
        }
    }
}

#[tokio::test]
async fn a_look_without_a_token_to_change_is_not_passed() {
    // Its URLs have their session in the path, and no query.
    let small = endpoint(Manner::Right).await;
    let ended = simulated(&small, include_str!("../../cases/end/effect/websocket-url.yaml")).await;
    let undecided = &ended.results[0].undecided;
    assert_eq!((broken(&ended), undecided.len()), (vec![], 2), "{undecided:?}");
    let words = "not tested: the token is not part of the URL's query";
    assert!(undecided.iter().all(|reason| reason.ends_with(words)), "{undecided:?}");
    leaves_nothing(&ended, &small);
}
