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
    let mut looked = false;
    for observation in &look.observations {
        if matches!(outcome, LookOutcome::Listed | LookOutcome::NotListed) && observation.observer != Observer::Describe
        {
            continue;
        }
        match holds(*outcome, observation) {
            None => {}
            Some(true) => looked = true,
            Some(false) => {
                looked = true;
                judgement.findings.push(finding(context, place, clause, *outcome, observation));
            }
        }
    }
    if looked {
        judgement.tested(clause);
    } else {
        judgement.undecided.insert(format!("no observer could tell whether `{}` is usable", look.session));
    }
}

/// Whether what an observer saw is what was expected; `None` where it says nothing on the question.
fn holds(outcome: LookOutcome, observation: &Observation) -> Option<bool> {
    let describes = observation.observer == Observer::Describe;
    match (outcome, observation.sight) {
        (_, Sight::Unknown) => None,
        (LookOutcome::Listed, sight) => Some(sight != Sight::Closed),
        (LookOutcome::Usable, Sight::Open) => Some(true),
        (LookOutcome::Usable, Sight::Closed) => Some(false),
        (LookOutcome::Unusable | LookOutcome::NotListed, Sight::Open) => Some(false),
        (LookOutcome::Unusable | LookOutcome::NotListed, Sight::Closed) => Some(true),
        // Returned without any connection is no verdict on whether it is closed (outcome `not-listed`).
        (LookOutcome::Usable | LookOutcome::Unusable | LookOutcome::NotListed, Sight::Listed) => {
            if describes {
                None
            } else {
                Some(outcome != LookOutcome::Usable)
            }
        }
    }
}

fn finding(
    context: Context<'_>,
    place: Place<'_>,
    clause: &str,
    outcome: LookOutcome,
    observation: &Observation,
) -> Finding {
    let (expected, shape) = match outcome {
        LookOutcome::Usable => ("usable", "unusable"),
        LookOutcome::Listed => ("listed", "not listed"),
        LookOutcome::Unusable => ("unusable", "usable"),
        LookOutcome::NotListed => ("not listed", "listed"),
    };
    let observer = observation.observer.name();
    Finding::new(context, clause, place, format!("the session {expected}"), format!("{shape} by {observer}"))
        .label(format!("{observer} saw: {}", observation.words))
}
