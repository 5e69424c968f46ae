//! Weather: a connection that breaks off without a word about its session is held against nobody the first time.

use super::send::{Bed, is_silent};
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
    let Some(session) = broken_off(bed, state) else { return judgement };
    if state.second && answers(bed, step, state, history).await {
        return judgement;
    }
    state.cut = true;
    let place = step.map_or_else(String::new, |step| format!("step {}: ", step + 1));
    let words = "broke off without a word about the session, and may have done so for other reasons";
    let mut spared = Judgement::default();
    spared.undecided.insert(format!("{place}a connection on `{session}` {words}"));
    spared
}

/// The session on which a connection broke off, other than by an End.
fn broken_off(bed: &Bed, state: &State) -> Option<String> {
    let noted = state.noted();
    let mut sessions = state.sessions.iter();
    let cut = sessions.find(|(name, session)| {
        let held = state.held_on(name).filter_map(|held| held.ended()).filter(|ended| ended.is_abrupt());
        let mut moments = held.map(|ended| ended.at).chain(noted.cut.get(&session.id).copied());
        moments.any(|at| !bed.sessions.was_ended_by(&session.id, at))
    });
    cut.map(|(name, _)| name.clone())
}

async fn answers(bed: &Bed, step: Option<usize>, state: &mut State, history: &mut Vec<Record>) -> bool {
    let probe = bed.probe("broken off", &mut state.stream).await;
    let answered = probe.exchange().is_some_and(|exchange| !is_silent(exchange));
    history.push(Record { step, variant: state.variant.clone(), ..probe });
    answered
}
