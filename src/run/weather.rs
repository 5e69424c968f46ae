//! Weather: a connection that breaks off without a word about its session is held against nobody the first time.

use std::collections::BTreeSet;

use super::send::{Bed, is_silent};
use super::sessions::Session;
use super::state::State;
use crate::check::Judgement;
use crate::check::history::Record;
use crate::contract::Level;

/// What a judgement comes to where a connection on an open session broke off. A target that died, or was restarted, looks
/// like one that ends sessions by itself: only in a second attempt, with the target answering otherwise, is it blamed.
pub(super) async fn spare(
    bed: &Bed,
    step: Option<usize>,
    state: &mut State,
    history: &mut Vec<Record>,
    judgement: Judgement,
) -> Judgement {
    let broken = judgement.findings.iter().any(|finding| finding.level == Level::Must);
    if !broken && judgement.undecided.is_empty() {
        return judgement;
    }
    // Apart from what is awaited for every step: a future is copied as large as it may ever be.
    Box::pin(async move {
        let Some(session) = cut_off(bed, state).await.into_iter().next() else { return judgement };
        if state.second && answers(bed, step, state, history).await {
            return judgement;
        }
        state.cut = true;
        let place = step.map_or_else(String::new, |step| format!("step {}: ", step + 1));
        let words = "broke off without a word about the session, and may have done so for other reasons";
        let mut spared = Judgement::default();
        spared.undecided.insert(format!("{place}a connection on `{session}` {words}"));
        spared
    })
    .await
}

/// The sessions, by name, on which a connection broke off, other than by an End. From then on each may have closed by
/// itself.
pub(super) async fn cut_off(bed: &Bed, state: &State) -> BTreeSet<String> {
    let open = || state.sessions.iter().filter(|(_, session)| bed.sessions.is_open(&session.id));
    for held in open().flat_map(|(name, _)| state.held_on(name)) {
        // The end of a connection may come after an answer that was sent later: whoever is asked has noticed.
        held.ping(bed.target.timeout).await;
    }
    let noted = state.noted();
    let cut = |name: &str, session: &Session| {
        let held = state.held_on(name).filter_map(|held| held.ended()).filter(|ended| ended.is_abrupt());
        let mut moments = held.map(|ended| ended.at).chain(noted.cut.get(&session.id).copied());
        moments.any(|at| !bed.sessions.was_ended_by(&session.id, at))
    };
    state.sessions.iter().filter(|(name, session)| cut(name, session)).map(|(name, _)| name.clone()).collect()
}

async fn answers(bed: &Bed, step: Option<usize>, state: &mut State, history: &mut Vec<Record>) -> bool {
    let probe = bed.probe("broken off", &mut state.stream).await;
    let answered = probe.exchange().is_some_and(|exchange| !is_silent(exchange));
    history.push(Record { step, variant: state.variant.clone(), ..probe });
    answered
}
