//! Room for the sessions that calls start: what a step started before makes it, or else time does.

use std::collections::VecDeque;

use super::call::{self, Sending};
use super::clean_up;
use super::send::Bed;
use super::sessions::{self, Room, Session};
use super::state::State;
use crate::check::Seen;
use crate::check::history::{Record, Role};
use crate::http::Exchange;
use crate::limits;

/// Room for the session that a Start is about to open. Where there is none, the first of those that this step has started
/// is ended: what it captures stands for the last.
pub(super) async fn room<'a>(
    bed: &'a Bed,
    sending: &Sending<'_>,
    own: &mut VecDeque<Session>,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<Option<Room<'a>>, String> {
    if !sending.is_of("StartTerminalSession") {
        return Ok(None);
    }
    loop {
        if let Some(room) = bed.sessions.room() {
            return Ok(Some(room));
        }
        let first = own.pop_front().ok_or_else(sessions::full)?;
        Box::pin(give_back(bed, first, state, history)).await;
    }
}

/// Ends a session that a call has started, to have room for another.
async fn give_back(bed: &Bed, session: Session, state: &mut State, history: &mut Vec<Record>) {
    if bed.sessions.is_open(&session.id) {
        history.extend(clean_up::end(bed, &[session], &mut state.stream).await);
    }
}

/// Sends a request. A Start that is refused for the number of open sessions is sent again: once the first of those that
/// this step has started is ended, or else after a pause.
pub(super) async fn send(
    bed: &Bed,
    sending: &Sending<'_>,
    own: &mut VecDeque<Session>,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<Exchange, String> {
    let mut pause = limits::THROTTLED_PAUSE;
    for _ in 0..limits::THROTTLED_ATTEMPTS {
        let exchange = call::send_once(bed, sending, state, history).await?;
        let says_full = |response| Seen::of(response).is_full();
        if !(sending.is_of("StartTerminalSession") && exchange.reply.answer().is_some_and(says_full)) {
            return Ok(exchange);
        }
        history.push(sending.record(Role::Throttled, exchange));
        match own.pop_front() {
            Some(first) => Box::pin(give_back(bed, first, state, history)).await,
            None => bed.rest(pause).await,
        }
        if let Some(reason) = bed.stopped() {
            return Err(reason);
        }
        pause = (pause * 2).min(limits::THROTTLED_PAUSE_MOST);
    }
    Err(sessions::too_many())
}
