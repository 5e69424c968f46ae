//! Handshakes: what one connection to a session's WebSocket URL shows of it, with its token, another or none.

use super::send::{Bed, Patience};
use super::sessions::Session;
use crate::case::Via;
use crate::case::expectation::LookOutcome;
use crate::check::Seen;
use crate::check::history::{Manner, Observation, Observer, Sight};
use crate::check::seen::printable;
use crate::http::{Cause, CauseKind, Headers, Response};
use crate::transport::{Held, Sight as Message, Standing, WsOutcome};
use crate::wire::FrameKind;

/// Connects once: what was seen, the connection where it is open, and whether it ended without a word about its session.
pub(super) async fn connect(
    bed: &Bed,
    url: &str,
    via: Via,
    expected: LookOutcome,
) -> (Observation, Option<Held>, bool) {
    let observer = observer(via);
    let mut patience = Patience::default();
    let outcome = loop {
        let outcome = bed.handshake(url, &headers(bed, url)).await;
        match &outcome {
            WsOutcome::UpgradeRefused(answer) if is_throttled(answer) && patience.goes_on(bed, answer).await => {}
            _ => break outcome,
        }
    };
    let abrupt = match &outcome {
        WsOutcome::Closed { ended, .. } => ended.is_abrupt(),
        WsOutcome::Lost(cause) => cause.kind == CauseKind::Closed,
        WsOutcome::Open(_) | WsOutcome::UpgradeRefused(_) | WsOutcome::Refused(_) => false,
    };
    let (sight, manner, words) = match outcome {
        WsOutcome::Open(held) if expected == LookOutcome::Unusable => {
            return (closes(bed, held, observer).await, None, false);
        }
        WsOutcome::Open(held) => {
            let words = "101, then a sign of life".to_owned();
            return (Observation { observer, sight: Sight::Open, manner: None, words }, Some(held), false);
        }
        WsOutcome::Closed { ended, .. } => {
            (Sight::Closed, Some(Manner::Closed), format!("101, then {:?}", ended.ending))
        }
        WsOutcome::UpgradeRefused(answer) => refused(&answer),
        WsOutcome::Lost(Cause { kind: CauseKind::Closed, words, .. }) => {
            (Sight::Closed, Some(Manner::Refused), printable(&words, 200))
        }
        // 101 and then nothing at all is neither open nor closed; once it may be weather.
        WsOutcome::Lost(Cause { kind: CauseKind::Timeout, status: Some(101), .. }) => {
            (Sight::Unknown, Some(Manner::Other), "101, then nothing".to_owned())
        }
        WsOutcome::Refused(cause) | WsOutcome::Lost(cause) => (Sight::Unknown, None, printable(&cause.words, 200)),
    };
    (Observation { observer, sight, manner, words }, None, abrupt)
}

/// What gateways before the target ask for, where the URL is the target's own.
fn headers(bed: &Bed, url: &str) -> Headers {
    let authority = url.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?']).next().unwrap_or(""));
    if authority.eq_ignore_ascii_case(bed.target.endpoint.host_header()) {
        bed.target.headers.clone()
    } else {
        Headers::new()
    }
}

fn observer(via: Via) -> Observer {
    match via {
        Via::WrongToken => Observer::WrongToken,
        Via::NoToken => Observer::NoToken,
        _ => Observer::WebSocket,
    }
}

/// What is said where there is no token to change: the look says nothing, and nothing is passed by that.
pub(super) fn untested(via: Via) -> Observation {
    let words = "not tested: the token is not part of the URL's query".to_owned();
    Observation { observer: observer(via), sight: Sight::Unknown, manner: None, words }
}

/// Throttling is never a verdict, and who speaks for a WebSocket need not have the envelope to say so.
fn is_throttled(answer: &Response) -> bool {
    answer.status == 429 || Seen::of(answer).is_throttled()
}

/// What an answer other than 101 says of the session.
fn refused(answer: &Response) -> (Sight, Option<Manner>, String) {
    let words = format!("{} to the handshake", answer.status);
    match answer.status {
        _ if is_throttled(answer) => (Sight::Unknown, None, format!("{words}, throttled")),
        400..500 => (Sight::Closed, Some(Manner::Refused), words),
        // As silence: something in front had no answer.
        502 | 504 => (Sight::Unknown, None, words),
        _ => (Sight::Closed, Some(Manner::Other), words),
    }
}

/// A library may answer Pings before the application has looked the session up: the end may still come, and only an
/// Output frame before it shows that the session is usable (reading `closed-websocket`).
async fn closes(bed: &Bed, held: Held, observer: Observer) -> Observation {
    let seen = |sight, manner, words| Observation { observer, sight, manner, words };
    let output = |held: &Held| held.seen().iter().any(|sight| matches!(sight, Message::Frame(FrameKind::Output, _)));
    if output(&held) {
        return seen(Sight::Open, None, "101, then an Output frame".to_owned());
    }
    match held.wait_closed(bed.target.settle.max(bed.target.timeout)).await {
        Standing::Closed(ended) if !output(&held) => {
            seen(Sight::Closed, Some(Manner::Closed), format!("101, then {:?}", ended.ending))
        }
        _ => seen(Sight::Open, None, "101, then a sign of life and no end".to_owned()),
    }
}

/// The URL as it is, with another token, or without one; `None` where it has none to change.
pub(super) fn url_of(url: &str, session: &Session, via: Via) -> Option<String> {
    if via == Via::WebSocket {
        return Some(url.to_owned());
    }
    let (address, query) = url.split_once('?')?;
    let token = |pair: &str| {
        let value = pair.split_once('=').map_or("", |(_, value)| value);
        pair.starts_with("token=") || session.token.as_deref().is_some_and(|token| !token.is_empty() && token == value)
    };
    let mut pairs: Vec<String> = Vec::new();
    let mut found = false;
    for pair in query.split('&') {
        if !token(pair) {
            pairs.push(pair.to_owned());
            continue;
        }
        found = true;
        if via == Via::WrongToken {
            let (name, value) = pair.split_once('=')?;
            let other: String = value
                .chars()
                .rev()
                .map(|c| {
                    if c == '0' {
                        '1'
                    } else if c.is_ascii_digit() {
                        '0'
                    } else {
                        c
                    }
                })
                .collect();
            pairs.push(format!("{name}={other}0"));
        }
    }
    found.then(|| format!("{address}?{}", pairs.join("&")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_to_the_handshake_is_no_verdict_where_it_speaks_of_load_or_for_another() {
        let throttled = r#"{"Code":"Throttling.User"}"#;
        let rows = [
            (404, "", Sight::Closed, Some(Manner::Refused)),
            (403, "{}", Sight::Closed, Some(Manner::Refused)),
            (200, "", Sight::Closed, Some(Manner::Other)),
            (500, "", Sight::Closed, Some(Manner::Other)),
            (429, "slow down", Sight::Unknown, None),
            (400, throttled, Sight::Unknown, None),
            (503, throttled, Sight::Unknown, None),
            (502, "", Sight::Unknown, None),
            (504, "", Sight::Unknown, None),
        ];
        for (status, body, sight, manner) in rows {
            let (seen, shown, words) = refused(&Response::new(status, Headers::new(), body));
            assert_eq!((seen, shown), (sight, manner), "{status} {body}");
            assert!(words.starts_with(&status.to_string()), "{words}");
        }
    }
}
