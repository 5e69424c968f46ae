//! Planted violations: one wrong operation among the many of a right history is found, and few others are blamed with it.

use std::time::Duration;

use super::agreement::{Dice, fits, forget_but};
use super::{Answer, Breach, Judged, Kind, Operation, RepeatEnd, Rules, Violation, judge};
use crate::check::{Observer, Sight};
use crate::clock::Moment;

const HISTORIES: usize = 3_000;
/// When the session was issued and when it was ended, in the right history.
const ISSUED: u64 = 100;
const ENDED: u64 = 1_000;
/// How long an operation takes at most, to either side of its moment.
const REACH: u64 = 60;

const OPEN: Kind = Kind::Look(Observer::WebSocket, Sight::Open);
const CLOSED: Kind = Kind::Look(Observer::WebSocket, Sight::Closed);

fn operation(dice: &mut Dice, at: u64, kind: Kind) -> Operation {
    let invoked = Moment(at - dice.below(REACH));
    let returned = (kind != Kind::End(Answer::Unknown)).then(|| Moment(at + dice.below(REACH)));
    Operation { client: usize::try_from(dice.below(64)).expect("is small"), kind, invoked, returned }
}

/// What 64 clients of a right endpoint could have seen; looks are up to `settle` late.
fn right(dice: &mut Dice, settle: u64) -> Vec<Operation> {
    let mut history = vec![operation(dice, ISSUED, Kind::Start), operation(dice, ENDED, Kind::End(Answer::Ok))];
    for _ in 0..20 + dice.below(100) {
        let at = ISSUED + dice.below(2 * ENDED);
        let seen_at = at - dice.below(settle + 1).min(at);
        let kind = match dice.below(5) {
            0 | 1 if at < ENDED => OPEN,
            0 if (ISSUED..ENDED).contains(&seen_at) => OPEN,
            2 | 3 if at >= ENDED => Kind::End(Answer::NotFound),
            4 if at >= ENDED => Kind::End(Answer::Unknown),
            _ if at >= ENDED => CLOSED,
            _ => Kind::End(Answer::Refused),
        };
        history.push(operation(dice, at, kind));
    }
    history
}

/// One operation that no life explains beside the others, and the ways in which that may be said.
fn wrong(dice: &mut Dice, settle: u64) -> (Operation, &'static [Breach]) {
    let early = ISSUED + 2 * REACH + settle;
    let late = ENDED + 2 * REACH + settle;
    let (at, kind, breaches): (u64, Kind, &[Breach]) = match dice.below(7) {
        0 => (ENDED, Kind::End(Answer::Ok), &[Breach::EndedTwice, Breach::EndedAgain]),
        1 => (late, Kind::End(Answer::Ok), &[Breach::EndedAgain]),
        2 => (late + dice.below(500), OPEN, &[Breach::StillOpen, Breach::OpenAgain]),
        3 => (early, CLOSED, &[Breach::ClosedUnasked]),
        4 => (early, Kind::End(Answer::NotFound), &[Breach::ClosedUnasked]),
        5 => (early, Kind::Start, &[Breach::IssuedTwice]),
        _ => (late, Kind::Start, &[Breach::IssuedAfterEnd]),
    };
    (operation(dice, at, kind), breaches)
}

/// The operations contradict each other by themselves; with what became of any of them forgotten they do not. The two
/// breaches that tell a whole story have one more than a contradiction takes: without it they are another breach.
fn is_smallest(found: &Violation, rules: Rules) {
    let operations = &found.operations;
    assert!((1..=5).contains(&operations.len()), "{found:?}");
    assert!(!fits(operations, rules), "no violation by itself: {found:?}");
    for spared in 0..operations.len() {
        let kept: Vec<usize> = (0..operations.len()).filter(|index| *index != spared).collect();
        let rest = forget_but(operations, &kept);
        match (found.breach, judge(&rest, rules)) {
            (Breach::OpenAgain | Breach::IssuedAfterEnd, Judged::Violation(other)) => {
                assert_ne!(other.breach, found.breach, "{spared} is too many: {found:?}");
            }
            _ => assert!(fits(&rest, rules), "{spared} is too many: {found:?}"),
        }
    }
}

#[test]
fn one_wrong_operation_among_many_is_found_and_few_others_are_blamed_with_it() {
    let mut dice = Dice(11);
    let mut found = std::collections::BTreeMap::new();
    for _ in 0..HISTORIES {
        let settle = if dice.one_in(2) { 0 } else { dice.below(200) };
        let rules = Rules { repeat_end: RepeatEnd::NotFound, settle: Duration::from_micros(settle) };
        let mut history = right(&mut dice, settle);
        let judged = judge(&history, rules);
        assert!(!matches!(judged, Judged::Violation(_)), "right by construction: {judged:?}");
        let (wrong, breaches) = wrong(&mut dice, settle);
        let at = usize::try_from(dice.below(history.len() as u64)).expect("is small");
        history.insert(at, wrong);
        let Judged::Violation(violation) = judge(&history, rules) else { panic!("{wrong:?} was not found") };
        assert!(breaches.contains(&violation.breach), "{wrong:?}: {violation:?}");
        assert!(violation.indices.contains(&at), "{wrong:?} is not blamed: {violation:?}");
        assert!(violation.indices.iter().zip(&violation.operations).all(|(index, blamed)| history[*index] == *blamed));
        is_smallest(&violation, rules);
        *found.entry(violation.breach).or_insert(0) += 1;
    }
    assert!(found.len() == 7 && found.values().all(|count| *count > 10), "{found:?}");
}
