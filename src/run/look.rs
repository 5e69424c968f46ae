//! Looks at a session, by every observer that the target has; and connections that are held on one.

use std::sync::Arc;

use super::expand::ordinary;
use super::handshake;
use super::send::{Bed, Way, call, end_call};
use super::sessions::Session;
use super::state::State;
use crate::case::expectation::LookOutcome;
use crate::case::{Expectation, LookAt, Step, Via};
use crate::check::history::{Event, Look, Manner, Observation, Observer, Record, Role, Sight};
use crate::check::seen::printable;
use crate::check::{Seen, listed};
use crate::clock::Moment;
use crate::http::{CauseKind, Exchange, Lane, Reply};
use crate::limits;
use crate::transport::{Ended, Standing};
use crate::wire::WireForm;

/// Looks at a session of the case, once `settle` has passed.
///
/// # Errors
/// When the session was not opened.
pub(super) async fn look(
    bed: &Bed,
    look: &LookAt,
    step: &Step,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let name = look.session.value.as_str();
    let session = state.sessions.get(name).cloned().ok_or_else(|| format!("session `{name}` is not open"))?;
    if state.consumed.contains(name) {
        return Err(format!("a look had no other observer than End, and has ended `{name}`"));
    }
    if may_be_over(bed, name, &session, state) {
        return Ok(());
    }
    let expected = match step.expect.as_ref().map(|expect| &expect.value) {
        Some(Expectation::Look(outcome)) => *outcome,
        _ => LookOutcome::Usable,
    };
    // A look that is not judged by itself may be as late as it is: the history that it is part of excuses that.
    let mut soon = Vec::new();
    if step.expect.is_some() && !bed.target.settle.is_zero() {
        soon = at_once(bed, &observers(bed, look, expected, &session, state), &session, name, state, history).await;
        bed.settle().await?;
    }
    if matches!(expected, LookOutcome::Usable | LookOutcome::Listed) {
        awake(bed, name, state)?;
    }
    let at = bed.clock.now();
    let mut observations = Vec::new();
    for via in observers(bed, look, expected, &session, state) {
        match via {
            Via::Describe => observations.push(describe(bed, &session, state, history).await),
            Via::Connection => observations.extend(connection(bed, &session, name, expected, state).await),
            Via::WebSocket | Via::WrongToken | Via::NoToken => {
                observations.extend(web_socket(bed, &session, via, name, expected, state).await);
            }
            Via::End => observations.push(by_end(bed, name, &session, expected, state, history).await),
        }
    }
    // It may have lapsed while turns were waited for.
    if matches!(expected, LookOutcome::Usable | LookOutcome::Listed) && is_closed(&observations) {
        awake(bed, name, state)?;
    }
    // Where no other observer can tell, "usable" means that the first End answers `ok` (CONTRACT.md, capabilities).
    let told = observations.iter().any(|seen| matches!(seen.sight, Sight::Open | Sight::Closed));
    let of_describe = matches!(expected, LookOutcome::Listed | LookOutcome::NotListed);
    if !told && look.by.is_empty() && !of_describe {
        observations.push(by_end(bed, name, &session, expected, state, history).await);
    }
    history.push(record(bed, name, soon, observations, at));
    Ok(())
}

/// What is seen before `settle` has passed, by those who cannot disturb: it is reported, and judged by nobody.
async fn at_once(
    bed: &Bed,
    observers: &[Via],
    session: &Session,
    name: &str,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Vec<Observation> {
    let mut observations = Vec::new();
    if observers.contains(&Via::Describe) {
        observations.push(describe(bed, session, state, history).await);
    }
    if let Some(held) = state.held.get(name).filter(|_| observers.contains(&Via::Connection)) {
        let (sight, words) = held
            .ended()
            .map_or_else(|| (Sight::Open, "no end yet".to_owned()), |ended| (Sight::Closed, end_words(&ended)));
        observations.push(Observation { observer: Observer::Connection, sight, manner: None, words });
    }
    observations
}

fn is_closed(observations: &[Observation]) -> bool {
    observations.iter().any(|seen| seen.sight == Sight::Closed)
}

fn end_words(ended: &Ended) -> String {
    format!("its end: {:?}", ended.ending)
}

/// A session that nobody came to for ten minutes may lapse, and is no longer judged as open (rules for judging). It may have
/// begun while its Start was under way, and lapse while it is asked for.
pub(super) fn awake(bed: &Bed, name: &str, state: &State) -> Result<(), String> {
    let doubt = (2 * bed.target.timeout).min(limits::UNATTENDED / 2);
    let left = |session: &Session| bed.clock.now().since(session.since) + doubt;
    let idle = state.sessions.get(name).is_some_and(|session| left(session) >= limits::UNATTENDED);
    if idle && !state.held.contains_key(name) {
        return Err(format!("`{name}` had no connection for ten minutes, and is no longer judged as open"));
    }
    Ok(())
}

fn record(bed: &Bed, name: &str, at_once: Vec<Observation>, observations: Vec<Observation>, at: Moment) -> Record {
    let look = Look { session: name.to_owned(), at_once, observations, at, done: bed.clock.now() };
    Record { session: Some(name.to_owned()), ..Record::new(Role::Judged, None, None, Event::Look(look)) }
}

/// The observers that look: those named, as far as the target has them, or all but End.
fn observers(bed: &Bed, look: &LookAt, expected: LookOutcome, session: &Session, state: &State) -> Vec<Via> {
    let lacks = |capability: &str| bed.target.lacking.contains(capability);
    let held = state.held.contains_key(&look.session.value);
    let url = session.url.is_some() && !lacks("websocket");
    let has = |via: &Via| match via {
        Via::Describe => !lacks("describe"),
        Via::WebSocket | Via::WrongToken | Via::NoToken => url,
        Via::Connection => held,
        Via::End => true,
    };
    if !look.by.is_empty() {
        return look.by.iter().copied().filter(has).collect();
    }
    let all: &[Via] = match expected {
        LookOutcome::Listed | LookOutcome::NotListed => &[Via::Describe],
        // While the run holds a connection on a session, that connection is the look (rules for judging).
        LookOutcome::Usable if held => &[Via::Describe, Via::Connection],
        LookOutcome::Usable => &[Via::Describe, Via::WebSocket],
        LookOutcome::Unusable => &[Via::Describe, Via::Connection, Via::WebSocket],
    };
    all.iter().copied().filter(has).collect()
}

/// Whether a session may have ended with its connection: it is no longer judged as open, and closed only once an End said so.
fn may_be_over(bed: &Bed, name: &str, session: &Session, state: &State) -> bool {
    state.hung_up.contains(name) && bed.sessions.ended_at(&session.id).is_none()
}

/// Closes the WebSocket that is held on a session.
///
/// # Errors
/// When none is held.
pub(super) async fn hang_up(bed: &Bed, name: &str, state: &mut State) -> Result<(), String> {
    let held = state.held.get(name).filter(|held| held.ended().is_none());
    let held = held.ok_or_else(|| format!("no connection is held on `{name}`: `connect` to it before"))?;
    held.close(bed.target.timeout).await;
    state.held.remove(name);
    state.hung_up.insert(name.to_owned());
    Ok(())
}

/// Opens a WebSocket on a session and holds it until the case ends.
///
/// # Errors
/// When the session has no URL to connect to.
pub(super) async fn hold(
    bed: &Bed,
    name: &str,
    judged: bool,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let session = state.sessions.get(name).cloned().ok_or_else(|| format!("session `{name}` is not open"))?;
    if may_be_over(bed, name, &session, state) {
        return Err(format!("the connection on `{name}` was closed, and the session may have ended with it"));
    }
    if session.url.is_none() || bed.target.lacking.contains("websocket") {
        return Err(format!("session `{name}` has no WebSocket URL; `--without websocket` declares that"));
    }
    bed.settled(session.since).await?;
    awake(bed, name, state)?;
    let at = bed.clock.now();
    let observations = web_socket(bed, &session, Via::WebSocket, name, LookOutcome::Usable, state).await;
    if is_closed(&observations) {
        awake(bed, name, state)?;
    }
    let words = observations.last().map_or_else(String::new, |seen| seen.words.clone());
    history.push(record(bed, name, Vec::new(), observations, at));
    if judged || state.held.contains_key(name) {
        return Ok(());
    }
    Err(format!("no connection on `{name}` could be held: {words}"))
}

async fn describe(bed: &Bed, session: &Session, state: &mut State, history: &mut Vec<Record>) -> Observation {
    let call = call("DescribeTerminalSessions", &[("RegionId", &session.region), ("SessionId", &session.id)]);
    let form = ordinary(&bed.target);
    let (mut exchange, _) = bed.call(&call, form, Way::Lane(Lane::Live), &mut state.stream).await;
    // A list changes nothing: one that went with its connection is asked for again, on a connection of its own.
    if matches!(&exchange.reply, Reply::Lost(cause) if cause.kind == CauseKind::Closed) && bed.stopped().is_none() {
        history.push(probe("DescribeTerminalSessions", form, exchange));
        (exchange, _) = bed.call(&call, form, Way::Fresh, &mut state.stream).await;
    }
    let lost = match &exchange.reply {
        Reply::Refused(cause) | Reply::Lost(cause) => printable(&cause.words, 200),
        Reply::Answered(_) => String::new(),
    };
    let record = probe("DescribeTerminalSessions", form, exchange);
    let (sight, words) = record.seen().map_or((Sight::Unknown, lost), |seen| described(&seen, &session.id));
    history.push(record);
    Observation { observer: Observer::Describe, sight, manner: None, words }
}

fn probe(operation: &str, form: WireForm, exchange: Exchange) -> Record {
    let event = Event::Exchange(Box::new(exchange));
    Record { item: "look".to_owned(), ..Record::new(Role::Probe, Some(operation.to_owned()), Some(form), event) }
}

fn described(seen: &Seen<'_>, id: &str) -> (Sight, String) {
    let Some(sessions) = listed::sessions(seen) else {
        // What is answered where there is nothing to list is nowhere documented.
        let sight = if seen.says_not_found() { Sight::Closed } else { Sight::Unknown };
        return (sight, seen.words());
    };
    match sessions.iter().find(|session| session.id == id).map(|session| session.live) {
        None => (Sight::Closed, "not listed".to_owned()),
        Some(Some(status)) => (Sight::Open, format!("listed, with a connection {status}")),
        Some(None) => (Sight::Listed, "listed, without a live connection".to_owned()),
    }
}

/// The connection that is held: alive, or closed within the time that a target has to close it.
async fn connection(
    bed: &Bed,
    session: &Session,
    name: &str,
    expected: LookOutcome,
    state: &mut State,
) -> Option<Observation> {
    let held = state.held.get(name)?.clone();
    let (sight, words) = if expected == LookOutcome::Unusable {
        match held.wait_closed(bed.target.settle.max(bed.target.timeout)).await {
            Standing::Closed(ended) => (Sight::Closed, end_words(&ended)),
            Standing::StillOpen => (Sight::Open, "neither Close nor the end of the connection".to_owned()),
        }
    } else if held.ping(bed.target.timeout).await {
        (Sight::Open, "a Pong".to_owned())
    } else {
        match held.ended() {
            Some(ended) => (Sight::Closed, end_words(&ended)),
            None => (Sight::Unknown, "no Pong".to_owned()),
        }
    };
    if sight == Sight::Closed {
        state.held.remove(name);
        let cut = held.ended().filter(|ended| ended.is_abrupt() && expected != LookOutcome::Unusable);
        state.noted().cut.extend(cut.map(|ended| (session.id.clone(), ended.at)));
    }
    Some(Observation { observer: Observer::Connection, sight, manner: None, words })
}

/// Connects to the session's URL: twice when it is to be closed, since it must answer the same way every time; what is
/// open is held from then on, since a session whose connection the run has closed is no longer judged as open.
async fn web_socket(
    bed: &Bed,
    session: &Session,
    via: Via,
    name: &str,
    expected: LookOutcome,
    state: &mut State,
) -> Vec<Observation> {
    let Some(url) = session.url.as_deref() else { return Vec::new() };
    let Some(url) = handshake::url_of(url, session, via) else { return vec![handshake::untested(via)] };
    let mut observations = Vec::new();
    let mut broken_off = false;
    for _ in 0..2 {
        let (observation, held, abrupt) = handshake::connect(bed, &url, via, expected).await;
        broken_off |= abrupt;
        let (sight, mute) = (observation.sight, observation.manner == Some(Manner::Other));
        observations.push(observation);
        if let Some(held) = held {
            let before = state.held.insert(name.to_owned(), Arc::new(held));
            let cut = before.and_then(|before| before.ended()).filter(Ended::is_abrupt);
            state.noted().cut.extend(cut.map(|ended| (session.id.clone(), ended.at)));
        }
        if sight == Sight::Open {
            // One that opens settles it, whether what was refused before was weather or made it open.
            let before = observations.drain(..observations.len() - 1).map(|seen| seen.words).next();
            if let Some((words, seen)) = before.zip(observations.last_mut()) {
                seen.words = format!("{} at the second handshake; the first: {words}", seen.words);
            }
            broken_off = false;
            break;
        }
        // A handshake that was given up may have had its effect: a second one would tell of that.
        if sight == Sight::Unknown && !mute {
            break;
        }
    }
    let mute = |seen: &Observation| seen.sight == Sight::Unknown && seen.manner == Some(Manner::Other);
    if observations.len() == 2 && observations.iter().all(mute) {
        observations[1].sight = Sight::Closed;
    }
    // A session that should be usable is refused twice, or nothing is known: the run may have ended before the second time.
    if let ([first, second], true) = (&mut observations[..], expected != LookOutcome::Unusable)
        && first.sight == Sight::Closed
        && second.sight == Sight::Unknown
    {
        first.sight = Sight::Unknown;
    }
    if broken_off && expected != LookOutcome::Unusable {
        state.noted().cut.insert(session.id.clone(), bed.clock.now());
    }
    observations
}

async fn by_end(
    bed: &Bed,
    name: &str,
    session: &Session,
    expected: LookOutcome,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Observation {
    let call = end_call(&session.region, &session.id);
    let form = ordinary(&bed.target);
    let (exchange, _) = bed.call(&call, form, Way::Lane(Lane::Live), &mut state.stream).await;
    let (sight, words) = match &exchange.reply {
        Reply::Answered(response) => {
            let seen = Seen::of(response);
            if seen.took_effect() {
                bed.sessions.ended(&session.id, &session.region, &exchange);
                if expected == LookOutcome::Usable {
                    state.consumed.insert(name.to_owned());
                }
                // Where an End may be repeated, its success says nothing of an ended session.
                let repeats = bed.target.readings.of("repeat-end") == "idempotent";
                let told = !repeats || expected == LookOutcome::Usable;
                (if told { Sight::Open } else { Sight::Unknown }, seen.words())
            } else if seen.code() == Some("InvalidSessionId.NotFound") {
                (Sight::Closed, seen.words())
            } else {
                (Sight::Unknown, seen.words())
            }
        }
        Reply::Refused(cause) | Reply::Lost(cause) => (Sight::Unknown, printable(&cause.words, 200)),
    };
    history.push(probe("EndTerminalSession", form, exchange));
    Observation { observer: Observer::End, sight, manner: None, words }
}
