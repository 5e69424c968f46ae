//! Strikes: what was met with silence is sent again, so that the two-strikes rule can tell the input's silence from weather.

use std::sync::atomic::Ordering;

use super::call::{self, Sending};
use super::clean_up;
use super::send::{Bed, Patience, Way, is_silent, is_throttled};
use super::sessions;
use super::state::{State, context};
use crate::case::Step;
use crate::check::expectation;
use crate::check::history::{Record, Role};
use crate::http::Lane;

/// Silence is struck twice more, unless it is permitted to this request.
pub(super) fn is_struck(bed: &Bed, whole: &Step, record: &Record) -> bool {
    let Some(exchange) = record.exchange() else { return false };
    let expected = whole.expect.as_ref().map(|expect| &expect.value);
    is_silent(exchange) && !expectation::permits_loss(context(bed), record, exchange, expected)
}

/// Whether what came is no HTTP.
fn is_unread(record: &Record) -> bool {
    record.exchange().is_some_and(|exchange| exchange.reply.is_no_http())
}

/// Sends a silent input twice more on fresh connections, or more often where much is lost on the way, with plain requests
/// before, between and after: the two-strikes rule is judged from what is recorded here. An End that had its effect all the
/// same cannot be sent again: those of other sessions are the same input.
///
/// Once the run is stopped the strikes that are left are one that was not sent: fewer than are asked for say nothing, and each
/// may take as long as the target is given.
///
/// # Errors
/// Why the input cannot be sent again.
pub(super) async fn strike(
    bed: &Bed,
    sending: &Sending<'_>,
    whole: &Step,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    if let Some(reason) = bed.stopped() {
        return unsent(bed, sending, &reason, state, history);
    }
    let probe = bed.probe(&sending.item.label, &mut state.stream).await;
    history.push(probe);
    // What the polished lane cannot read is read by the exact one, which tells what is wrong with it.
    let unread = history.iter().rev().find(|record| record.role == Role::Judged).is_some_and(is_unread);
    let way = if unread { Way::Lane(Lane::Raw) } else { Way::Fresh };
    let times = bed.tally.strikes(bed.sent.load(Ordering::Relaxed));
    for _ in 0..times {
        if let Some(reason) = bed.stopped() {
            return unsent(bed, sending, &reason, state, history);
        }
        match once(bed, sending, whole, way, state, history).await? {
            Came::Nothing => {}
            Came::Answer => return Ok(()),
            Came::TooLate => return on_others(bed, sending, whole, (way, times), state, history).await,
        }
    }
    Ok(())
}

/// What came of a strike.
enum Came {
    Nothing,
    Answer,
    /// The answer that the session is not known, where a success is due: the first attempt had its effect.
    TooLate,
}

/// Strikes once, and asks whether the target is there.
async fn once(
    bed: &Bed,
    sending: &Sending<'_>,
    whole: &Step,
    way: Way,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<Came, String> {
    let mut patience = Patience::default();
    let exchange = loop {
        let request = sending.request(bed, &mut state.stream)?;
        let exchange = bed.exchange(request, way).await;
        if !is_throttled(&exchange) || !patience.waits(bed, &exchange).await {
            break exchange;
        }
        history.push(sending.record(Role::Throttled, exchange));
    };
    call::ended(bed, sending, &exchange);
    call::started(bed, sending, &exchange, state);
    let silent = is_silent(&exchange);
    let record = sending.record(Role::Strike, exchange);
    let expected = whole.expect.as_ref().map(|expect| &expect.value);
    let unknown = || record.seen().is_some_and(|seen| seen.code() == Some("InvalidSessionId.NotFound"));
    let came = match silent {
        true => Came::Nothing,
        false if unknown() && expectation::lacks_success(context(bed), &record, expected) => Came::TooLate,
        false => Came::Answer,
    };
    history.push(record);
    let probe = bed.probe(&sending.item.label, &mut state.stream).await;
    history.push(probe);
    Ok(came)
}

/// Strikes an End of an open session on sessions of their own: the first attempt has ended the one that it names.
async fn on_others(
    bed: &Bed,
    sending: &Sending<'_>,
    whole: &Step,
    (way, times): (Way, u32),
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let Some(ended) = sending.ends(bed, state).cloned() else { return Ok(()) };
    bed.sessions.gone(&ended.id);
    for _ in 0..times {
        if let Some(reason) = bed.stopped() {
            return unsent(bed, sending, &reason, state, history);
        }
        // Where there is no other, the End stays lost, and nothing is held against anybody.
        let Some(place) = bed.sessions.places_now(1) else { return Ok(()) };
        let opened = sessions::open(bed, &ended.region, &mut state.stream, history).await;
        let Ok(session) = opened else { return Ok(()) };
        let other = sending.of_another(&session.id);
        state.sessions.insert(format!("#{}", session.id), session.clone());
        if let Some(reason) = bed.stopped() {
            return unsent(bed, &other, &reason, state, history);
        }
        let came = once(bed, &other, whole, way, state, history).await?;
        if bed.sessions.is_open(&session.id) {
            history.extend(clean_up::end(bed, &[session], &mut state.stream).await);
        }
        drop(place);
        if !matches!(came, Came::Nothing) {
            return Ok(());
        }
    }
    Ok(())
}

/// Records a strike that was not sent.
fn unsent(
    bed: &Bed,
    sending: &Sending<'_>,
    reason: &str,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let request = sending.request(bed, &mut state.stream)?;
    history.push(sending.record(Role::Strike, bed.unsent(request, reason)));
    Ok(())
}
