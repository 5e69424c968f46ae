//! What is judged of sessions over a whole run, and what is left out and said so.

use endspec::clock::Clock;
use endspec::run::SessionSource;

use crate::endpoint::{Manner, broken, endpoint, leaves_nothing, passes, run_against, simulated};

#[tokio::test]
async fn a_success_that_lacks_only_its_request_id_is_one_to_whoever_asks_for_its_effect() {
    let case = r#"
clauses: [end/effect/once]
needs: [sessions]
steps:
  - open: victim
  - overlap:
      - call: EndTerminalSession
        with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
        expect: [ok, { reading: repeat-end }]
    clients: 4
  - wait: 1s
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: { reading: repeat-end }
"#;
    let small = endpoint(Manner::Wordless).await;
    let ended = simulated(&small, case).await;
    assert_eq!(broken(&ended), ["end/request-id/shape", "end/success/body"]);
    assert_eq!(ended.results[0].undecided, Vec::<String>::new());
    leaves_nothing(&ended, &small);
}

/// Ends a session, and asks for a list after `settle`.
const LISTS: &str = r#"
clauses: [describe/shape]
needs: [sessions, describe]
steps:
  - open: victim
  - open: other
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
  - wait: long
  - call: DescribeTerminalSessions
    with: { RegionId: "{{region}}" }
    expect: ok
"#;

#[tokio::test]
async fn an_ended_session_in_any_list_is_found() {
    let small = endpoint(Manner::ListsEnded).await;
    let ended = simulated(&small, LISTS).await;
    assert_eq!(broken(&ended), ["describe/closed"]);
    assert!(ended.results[0].findings.iter().any(|finding| finding.actual.contains("s-hz000")), "{ended:?}");
    let small = endpoint(Manner::Right).await;
    let ended = simulated(&small, LISTS).await;
    passes(&ended);
}

#[tokio::test]
async fn values_that_may_be_a_strangers_session_are_left_out_and_named() {
    let case = r#"
clauses: [end/session/near-miss]
needs: [sessions]
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    values: { invalid: SessionId, class: near-miss }
    expect: permitted
"#;
    let small = endpoint(Manner::Numbers).await;
    let ended = simulated(&small, case).await;
    passes(&ended);
    let left_out = &ended.results[0].left_out;
    assert!(left_out.contains("one-changed") && left_out.contains("last-changed"), "{left_out:?}");
    let small = endpoint(Manner::Right).await;
    assert!(simulated(&small, case).await.results[0].left_out.is_empty());
}

#[tokio::test]
async fn an_end_that_is_lost_once_is_not_blamed_on_how_it_was_written() {
    let case = r#"
clauses: [rpc/placement/form]
needs: [sessions]
for-each: { placement: [POST-query, POST-form] }
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: { reading: repeat-end }
"#;
    // The third and the fifth End are the first ones by a form, of the first attempt and of the second.
    let rows: [(&[usize], &[&str]); 3] =
        [(&[], &[]), (&[3], &["end/effect/stays-closed"]), (&[3, 5], &["rpc/placement/form"])];
    for (turns, clauses) in rows {
        let small = endpoint(Manner::LosesEnds(turns)).await;
        let ended = simulated(&small, case).await;
        assert_eq!(broken(&ended), clauses, "{turns:?}");
        let notes = |finding: &endspec::check::Finding| finding.notes.iter().any(|(name, _)| *name == "form");
        assert_eq!(ended.results[0].findings.iter().any(notes), turns == [3], "{turns:?}");
        leaves_nothing(&ended, &small);
    }
}

#[tokio::test]
async fn a_session_that_a_command_says_is_open_and_nobody_lists_is_a_matter_of_set_up() {
    let case = r#"
clauses: [end/success/status]
needs: [sessions]
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
"#;
    let command = r#"printf '{"SessionId":"s-in-%s"}' "$ENDSPEC_REGION""#;
    for lacking in [None, Some("describe")] {
        let small = endpoint(Manner::Right).await;
        let ended = run_against(&small, case, Clock::simulated(1_770_000_000), |target| {
            target.sessions = SessionSource::Command(command.to_owned());
            target.lacking.extend(lacking.map(str::to_owned));
        });
        let ended = ended.await;
        let words = ended.results[0].undecided.join("\n");
        assert!(words.contains("`s-in-cn-hangzhou` of `--session-command` names no open session"), "{words}");
        assert_eq!((broken(&ended), ended.results[0].findings.len()), (Vec::new(), 0), "{lacking:?}");
    }
}
