//! Looks at a session: what all observers together say of it.

use super::history::{Look, Observation, Observer, Sight};
use super::{Context, Finding, Judgement, Place};
use crate::case::Expectation;
use crate::case::expectation::LookOutcome;

pub(super) fn judge(
    context: Context<'_>,
    place: Place<'_>,
    clause: &str,
    look: &Look,
    expectation: &Expectation,
    judgement: &mut Judgement,
) {
    let Expectation::Look(outcome) = expectation else { return };
    let Some(telling) = telling(*outcome, look) else {
        judgement.undecided.insert(format!(
            "no observer could tell whether `{}` is {}",
            look.session,
            words(*outcome).0
        ));
        return;
    };
    let held = holds(*outcome, telling) == Some(true);
    let finding = (!held).then(|| finding(context, place, clause, *outcome, telling));
    judgement.test(clause, finding);
    if held && telling.observer != Observer::Describe {
        describe(context, place, *outcome, look, judgement);
    }
}

/// The observation that decides: one that uses the session, or else Describe's.
fn telling(outcome: LookOutcome, look: &Look) -> Option<&Observation> {
    let order = match outcome {
        LookOutcome::Listed | LookOutcome::NotListed => &[Observer::Describe][..],
        LookOutcome::Usable | LookOutcome::Unusable => &[Observer::WebSocket, Observer::End, Observer::Describe],
    };
    let by = |observer: &Observer| {
        look.observations.iter().find(|seen| seen.observer == *observer && holds(outcome, seen).is_some())
    };
    order.iter().find_map(by)
}

/// What Describe says where use has already shown the state: it has clauses of its own.
fn describe(context: Context<'_>, place: Place<'_>, outcome: LookOutcome, look: &Look, judgement: &mut Judgement) {
    let Some(seen) = look.observations.iter().find(|seen| seen.observer == Observer::Describe) else { return };
    let (clause, asked) = match outcome {
        LookOutcome::Usable => ("describe/lists", LookOutcome::Listed),
        LookOutcome::Unusable => ("describe/closed", LookOutcome::NotListed),
        LookOutcome::Listed | LookOutcome::NotListed => return,
    };
    if let Some(held) = holds(asked, seen) {
        judgement.test(clause, (!held).then(|| finding(context, place, clause, asked, seen)));
    }
}

/// Whether what an observer saw is what was expected; `None` where it says nothing on the question.
fn holds(outcome: LookOutcome, observation: &Observation) -> Option<bool> {
    use LookOutcome::{Listed, NotListed, Unusable, Usable};
    match (outcome, observation.sight) {
        (_, Sight::Unknown) => None,
        (Listed, sight) => Some(sight != Sight::Closed),
        (NotListed, sight) => Some(sight != Sight::Open),
        (Usable, Sight::Open) | (Unusable, Sight::Closed) => Some(true),
        (Usable, Sight::Closed) | (Unusable, Sight::Open) => Some(false),
        // Returned without a live connection is no verdict on whether it is closed (outcome `listed`).
        (Usable | Unusable, Sight::Listed) => None,
    }
}

fn finding(
    context: Context<'_>,
    place: Place<'_>,
    clause: &str,
    outcome: LookOutcome,
    observation: &Observation,
) -> Finding {
    let (expected, shape) = words(outcome);
    let observer = observation.observer.name();
    Finding::new(context, clause, place, format!("the session {expected}"), format!("{shape} by {observer}"))
        .label(format!("{observer} saw: {}", observation.words))
}

/// The outcome, and what it is not.
fn words(outcome: LookOutcome) -> (&'static str, &'static str) {
    match outcome {
        LookOutcome::Usable => ("usable", "unusable"),
        LookOutcome::Listed => ("listed", "not listed"),
        LookOutcome::Unusable => ("unusable", "usable"),
        LookOutcome::NotListed => ("not listed", "listed"),
    }
}
