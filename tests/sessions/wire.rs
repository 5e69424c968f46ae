//! What is no HTTP, and what is sent byte by byte: found, counted, and no sign that the target is gone.

use std::sync::Arc;

use endspec::check::Event;
use endspec::clock::Clock;
use endspec::http::Reply;
use endspec::run::Restart;

use crate::endpoint::{Manner, broken, endpoint, leaves_nothing, passes, run_against, simulated};

const TWENTY: &str = r#"
clauses: [rpc/robust/framing]
steps:
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    times: 20
    expect: { reading: malformed-session }
"#;

#[tokio::test]
async fn bytes_before_the_status_line_break_framing_alone_however_many_answers_have_them() {
    for (always, lane) in [(false, "polished"), (true, "polished"), (false, "raw"), (true, "raw")] {
        let small = endpoint(Manner::Babbles { always }).await;
        let case = if lane == "raw" { TWENTY.replace("times: 20", "times: 20\n    lane: raw") } else { TWENTY.into() };
        let ended = simulated(&small, &case).await;
        let result = &ended.results[0];
        assert_eq!(broken(&ended), ["rpc/robust/framing"], "{lane}, {always}: {:?}", result.undecided);
        assert!(result.findings.iter().all(|finding| finding.actual.contains("but with `D`")), "{:?}", result.findings);
        // What the answer says besides is not judged, and nobody was given up.
        assert!(!result.tested.contains("end/session/unknown"), "{lane}, {always}");
        let gave_up = result.undecided.iter().find(|words| words.contains("in a row"));
        assert_eq!((gave_up, result.undecided.len()), (None, 20), "{lane}, {always}: {:?}", result.undecided);
    }
}

#[tokio::test]
async fn every_request_is_counted_once_whatever_lane_it_takes() {
    let case = r#"
clauses: [rpc/robust/malformed]
steps:
  - raw: "GET /?Action=EndTerminalSession HTTP/1.1\r\nhost: {{host}}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
    expect: { status: 4xx, closed: permitted }
  - call: EndTerminalSession
    lane: raw
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: { reading: malformed-session }
"#;
    let small = endpoint(Manner::Right).await;
    let ended = simulated(&small, case).await;
    passes(&ended);
    let sent = |event: &Event| matches!(event, Event::Exchange(sent) if !matches!(sent.reply, Reply::Refused(_)));
    let records = ended.results[0].history.iter().filter(|record| sent(&record.event)).count();
    assert_eq!((ended.exchanges, records), (4, 4));
}

#[tokio::test]
async fn a_target_that_takes_long_to_come_back_is_waited_for_and_not_given_up() {
    let case = r#"
clauses: [end/effect/stays-closed]
needs: [sessions, restart]
steps:
  - open: victim
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: ok
  - restart: true
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{victim.SessionId}}" }
    expect: { reading: repeat-end }
"#;
    for (requests, words) in [(50, ""), (usize::MAX, "step 3: the target does not answer 120 s after the restart")] {
        let small = endpoint(Manner::ReturnsAfter(requests)).await;
        let down = small.clone();
        let restart = Restart::Within(Arc::new(move || {
            let down = down.clone();
            Box::pin(async move {
                down.goes_down();
                Ok(())
            })
        }));
        let clock = Clock::simulated(1_770_000_000);
        let ended = run_against(&small, case, clock, |target| target.restart = Some(restart)).await;
        assert_eq!((broken(&ended), ended.results[0].undecided.join("")), (vec![], words.to_owned()), "{requests}");
        leaves_nothing(&ended, &small);
    }
}
