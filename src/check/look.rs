//! Looks at a session: what all observers together say of it.

use super::history::{Look, Manner, Observation, Observer, Sight};
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
    if *outcome == LookOutcome::Unusable {
        judgement.findings.extend(manners(context, place, clause, look));
    }
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
    match (outcome, observation.sight) {
        (_, Sight::Unknown) => None,
        (LookOutcome::Listed, sight) => Some(sight != Sight::Closed),
        (LookOutcome::Usable, Sight::Open) => Some(true),
        (LookOutcome::Usable, Sight::Closed) => Some(false),
        (LookOutcome::Unusable | LookOutcome::NotListed, Sight::Open) => Some(false),
        (LookOutcome::Unusable | LookOutcome::NotListed, Sight::Closed) => Some(true),
        // Listed without a live connection: that is what `not-listed` asks for, and no verdict on whether it is closed.
        (LookOutcome::NotListed, Sight::Listed) => Some(true),
        (LookOutcome::Usable | LookOutcome::Unusable, Sight::Listed) => None,
    }
}

/// Clause and reading `closed-websocket`: one kind of token is shown the end in one manner, the one that the target reads.
fn manners(context: Context<'_>, place: Place<'_>, clause: &str, look: &Look) -> Option<Finding> {
    let reading = context.readings.of("closed-websocket");
    let shown: Vec<(Observer, Manner, &str)> = look
        .observations
        .iter()
        .filter(|seen| seen.sight == Sight::Closed)
        .filter_map(|seen| Some((seen.observer, seen.manner?, seen.words.as_str())))
        .collect();
    let permitted = |manner: Manner| manner != Manner::Other && (reading == "any" || reading == manner.name());
    if let Some((observer, manner, words)) = shown.iter().find(|(_, manner, _)| !permitted(*manner)) {
        let expected = if reading == "any" { "refused or closed" } else { reading };
        let finding = Finding::new(context, clause, place, format!("the WebSocket {expected}"), manner.name());
        let finding = finding.label(format!("{} saw: {words}", observer.name()));
        return Some(finding.note("reading", format!("closed-websocket = {reading}")));
    }
    let other = |(at, (observer, manner, _)): (usize, &(Observer, Manner, &str))| {
        shown[..at].iter().any(|(earlier, before, _)| earlier == observer && before != manner)
    };
    let (_, (observer, manner, words)) = shown.iter().enumerate().find(|(at, seen)| other((*at, seen)))?;
    let finding = Finding::new(context, clause, place, "the same answer every time", format!("now {}", manner.name()));
    Some(finding.label(format!("{} saw: {words}", observer.name())))
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
