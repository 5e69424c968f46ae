//! Looks: what shows that a session is open, what does not, and what a look itself has changed.

use crate::endpoint::{Manner, broken, endpoint, leaves_nothing, passes, simulated};

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
async fn one_broken_handshake_is_weather() {
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
