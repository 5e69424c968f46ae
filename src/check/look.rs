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
    let telling = telling(*outcome, look);
    judgement.undecided.extend(untold(look));
    if telling.is_empty() {
        let words = words(*outcome).0;
        judgement.undecided.insert(format!("no observer could tell whether `{}` is {words}", look.session));
        return;
    }
    let broken = telling.iter().find(|seen| holds(*outcome, seen) == Some(false));
    let mut found = broken.map(|seen| finding(context, place, clause, *outcome, seen));
    if *outcome == LookOutcome::Unusable && found.is_none() {
        found = manners(context, place, clause, look);
    }
    let held = found.is_none();
    judgement.test(clause.to_owned(), found.map(|finding| with_first_look(finding, look)));
    if held && telling.iter().any(|seen| seen.observer != Observer::Describe) {
        describe(context, place, *outcome, look, judgement);
    }
}

/// What those who were asked with another token or none could not tell: what the others saw says nothing of that.
fn untold(look: &Look) -> Vec<String> {
    let of = |observer| look.observations.iter().filter(move |seen: &&Observation| seen.observer == observer);
    let told = |observer| of(observer).any(|seen| seen.sight != Sight::Unknown);
    let untold = [Observer::WrongToken, Observer::NoToken].into_iter().filter(|observer| !told(*observer));
    let last = untold.filter_map(|observer| of(observer).next_back());
    last.map(|seen| format!("`{}` by {}: {}", look.session, seen.observer.name(), seen.words)).collect()
}

/// What was seen at once stands beside what was judged.
fn with_first_look(finding: Finding, look: &Look) -> Finding {
    let words: Vec<String> =
        look.at_once.iter().map(|seen| format!("{} saw: {}", seen.observer.name(), seen.words)).collect();
    if words.is_empty() { finding } else { finding.note("at once", words.join("; ")) }
}

/// The observations that decide: those that use the session, or else Describe's.
fn telling(outcome: LookOutcome, look: &Look) -> Vec<&Observation> {
    let says = |seen: &&Observation| holds(outcome, seen).is_some();
    let of_describe = matches!(outcome, LookOutcome::Listed | LookOutcome::NotListed);
    let (listed, used): (Vec<_>, Vec<_>) =
        look.observations.iter().filter(says).partition(|seen| seen.observer == Observer::Describe);
    if of_describe || used.is_empty() { listed } else { used }
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
        judgement.test(
            clause.to_owned(),
            (!held).then(|| with_first_look(finding(context, place, clause, asked, seen), look)),
        );
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
    let before = |(at, (observer, manner, _)): (usize, &(Observer, Manner, &str))| {
        let earlier = shown[..at].iter().find(|(earlier, before, _)| earlier == observer && before != manner);
        earlier.map(|(_, _, words)| (at, *words))
    };
    let (at, earlier) = shown.iter().enumerate().find_map(before)?;
    let (observer, manner, words) = &shown[at];
    let finding = Finding::new(context, clause, place, "the same answer every time", format!("now {}", manner.name()));
    Some(finding.label(format!("{} saw: {earlier}; and then: {words}", observer.name())))
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

#[cfg(test)]
mod tests {
    use super::super::sample::{self, broken};
    use super::super::{Event, Record, Role};
    use super::*;
    use crate::http::CauseKind;

    use Observer::{Describe, End, WebSocket};
    use Sight::{Closed, Listed, Open, Unknown};

    fn judged(expect: &str, observations: &[(Observer, Sight)]) -> Judgement {
        let case = sample::case(&format!(
            "clauses: [end/effect/refusal-is-inert]\nneeds: [sessions]\nsteps:\n  - open: victim\n  - look: victim\n    \
             expect: {expect}\n"
        ));
        let look = sample::look(observations);
        let record = Record { event: Event::Look(look), ..sample::sent(Role::Judged, sample::lost(CauseKind::Closed)) };
        super::super::expectation::judge(sample::context(), &case, 1, &[record], 0)
    }

    #[test]
    fn whoever_uses_the_session_decides_and_describe_has_clauses_of_its_own() {
        const STEP: &str = "end/effect/refusal-is-inert";
        type Row<'a> = (&'a str, &'a [(Observer, Sight)], Option<&'a [&'a str]>);
        let rows: [Row<'_>; 24] = [
            ("usable", &[(WebSocket, Open)], Some(&[])),
            ("usable", &[(WebSocket, Closed)], Some(&[STEP])),
            ("usable", &[(End, Open)], Some(&[])),
            ("usable", &[(End, Closed)], Some(&[STEP])),
            ("usable", &[(Describe, Open)], Some(&[])),
            ("usable", &[(Describe, Closed)], Some(&[STEP])),
            ("usable", &[(Describe, Listed)], None),
            ("usable", &[(Describe, Closed), (WebSocket, Open)], Some(&["describe/lists"])),
            ("usable", &[(Describe, Open), (WebSocket, Closed)], Some(&[STEP])),
            ("usable", &[(Describe, Closed), (WebSocket, Unknown)], Some(&[STEP])),
            ("usable", &[(Describe, Unknown), (WebSocket, Unknown), (End, Open)], Some(&[])),
            ("usable", &[(Describe, Unknown), (WebSocket, Unknown)], None),
            ("usable", &[], None),
            ("unusable", &[(WebSocket, Closed)], Some(&[])),
            ("unusable", &[(WebSocket, Open)], Some(&[STEP])),
            ("unusable", &[(Describe, Listed), (WebSocket, Closed)], Some(&[])),
            ("unusable", &[(Describe, Open), (WebSocket, Closed)], Some(&["describe/closed"])),
            ("unusable", &[(Describe, Open)], Some(&[STEP])),
            ("unusable", &[(Describe, Listed)], None),
            ("listed", &[(Describe, Listed), (WebSocket, Closed)], Some(&[])),
            ("listed", &[(Describe, Closed), (WebSocket, Open)], Some(&[STEP])),
            ("listed", &[(WebSocket, Open)], None),
            ("not-listed", &[(Describe, Open)], Some(&[STEP])),
            ("not-listed", &[(Describe, Listed)], Some(&[])),
        ];
        for (expect, observations, expected) in rows {
            let judgement = judged(expect, observations);
            let undecided = !judgement.undecided.is_empty();
            assert_eq!(undecided, expected.is_none(), "{expect} {observations:?}: {judgement:?}");
            assert_eq!(broken(&judgement), expected.unwrap_or(&[]), "{expect} {observations:?}");
            assert_eq!(judgement.tested.contains(STEP), expected.is_some(), "{expect} {observations:?}");
        }
    }
}
