//! Agreement of the judgement with trying every order of small histories, right ones and mutated ones.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Answer, Breach, Judged, Kind, Operation, RepeatEnd, Rules, Violation, judge};
use crate::check::{Observer, Sight};
use crate::clock::Moment;

const HISTORIES: usize = 20_000;
const OPERATIONS: u64 = 6;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Unissued,
    Open,
    Closed,
}

/// The model as a machine: the states that an operation may leave behind, none when it cannot have happened in `state`.
fn step(state: State, operation: &Operation, repeat_end: RepeatEnd) -> Vec<State> {
    use State::{Closed, Open, Unissued};
    let only_if = |holds: bool| if holds { vec![state] } else { vec![] };
    let lost = operation.returned.is_none();
    match (operation.kind, state) {
        (Kind::Start, Unissued) if lost => vec![Unissued, Open],
        (Kind::Start, Unissued) => vec![Open],
        (Kind::Start, _) => only_if(lost),
        (Kind::Look(..), _) if lost => vec![state],
        (Kind::Look(_, Sight::Open), _) => only_if(state == Open),
        (Kind::Look(_, Sight::Closed), _) => only_if(state != Open),
        (Kind::Look(_, Sight::Listed | Sight::Unknown), _) => vec![state],
        (Kind::End(answer), Open) if lost || answer == Answer::Unknown => vec![Open, Closed],
        (Kind::End(answer), _) if lost || answer == Answer::Unknown => vec![state],
        (Kind::End(Answer::Ok), Open) => vec![Closed],
        (Kind::End(Answer::Ok), _) => only_if(state == Closed && repeat_end == RepeatEnd::Idempotent),
        (Kind::End(Answer::NotFound), Closed) => only_if(repeat_end == RepeatEnd::NotFound),
        (Kind::End(Answer::NotFound), _) => only_if(state == Unissued),
        (Kind::End(Answer::Refused | Answer::Unknown), _) => vec![state],
    }
}

/// Whether some order that respects real time runs through the machine.
pub(super) fn fits(history: &[Operation], rules: Rules) -> bool {
    let settle = u64::try_from(rules.settle.as_micros()).expect("is small");
    let window = |operation: &Operation| {
        let late = matches!(operation.kind, Kind::Look(..) | Kind::End(Answer::NotFound)) && !operation.is_lost();
        let from = if late { operation.invoked.0.saturating_sub(settle) } else { operation.invoked.0 };
        (from, if operation.is_lost() { u64::MAX } else { operation.returned.map_or(u64::MAX, |to| to.0) })
    };
    let windows: Vec<(u64, u64)> = history.iter().map(window).collect();
    let issued_within = history.iter().any(|operation| operation.kind == Kind::Start);
    let first = if issued_within { State::Unissued } else { State::Open };
    go(history, &windows, rules.repeat_end, (1 << history.len()) - 1, first)
}

fn go(history: &[Operation], windows: &[(u64, u64)], repeat_end: RepeatEnd, left: u32, state: State) -> bool {
    let is_left = |index: &usize| left >> index & 1 == 1;
    let first = |index: &usize| (0..history.len()).filter(is_left).all(|other| windows[other].1 >= windows[*index].0);
    left == 0
        || (0..history.len()).filter(is_left).filter(first).any(|index| {
            let rest = left & !(1 << index);
            let states = step(state, &history[index], repeat_end);
            states.into_iter().any(|next| go(history, windows, repeat_end, rest, next))
        })
}

/// The same numbers in every run (splitmix64); checks are below `seed` and may not take theirs from it.
pub(super) struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }

    pub fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }
}

fn look(sight: Sight) -> Kind {
    Kind::Look(Observer::WebSocket, sight)
}

/// What some honest endpoint could have answered.
fn right(dice: &mut Dice, rules: Rules) -> Vec<Operation> {
    let starts = !dice.one_in(3);
    let issued = if starts { dice.below(8) } else { 0 };
    let ended = issued + dice.below(25);
    let mut history = Vec::new();
    let mut add = |dice: &mut Dice, at: u64, kind: Kind| {
        let lost = kind == Kind::End(Answer::Unknown);
        let invoked = Moment(at.saturating_sub(dice.below(6)));
        let returned = (!lost || dice.one_in(2)).then(|| Moment(at + dice.below(6)));
        history.push(Operation { client: history.len(), kind, invoked, returned });
    };
    if starts {
        add(dice, issued, Kind::Start);
    }
    let ends = !dice.one_in(6);
    if ends {
        let lost = dice.one_in(4);
        add(dice, ended, Kind::End(if lost { Answer::Unknown } else { Answer::Ok }));
    }
    let lateness = u64::try_from(rules.settle.as_micros()).expect("is small") + 1;
    for _ in 0..1 + dice.below(OPERATIONS - 2) {
        let at = dice.below(35);
        let kind = dice.below(6);
        let seen_at = if kind < 3 { at.saturating_sub(dice.below(lateness)) } else { at };
        let unissued = starts && seen_at < issued;
        let closed = ends && seen_at >= ended;
        let kind = match kind {
            0..3 if unissued || closed => look(Sight::Closed),
            0..3 => look(Sight::Open),
            3 | 4 if unissued => Kind::End(Answer::NotFound),
            3 | 4 if closed && rules.repeat_end == RepeatEnd::NotFound => Kind::End(Answer::NotFound),
            3 | 4 if closed => Kind::End(Answer::Ok),
            5 if dice.one_in(2) => Kind::End(Answer::Unknown),
            _ => Kind::End(Answer::Refused),
        };
        add(dice, at, kind);
    }
    history
}

/// Changes what was seen, or when.
fn mutate(dice: &mut Dice, history: &mut Vec<Operation>) {
    let index = usize::try_from(dice.below(history.len() as u64)).expect("is small");
    let shift = dice.below(20);
    let operation = &mut history[index];
    match dice.below(5) {
        0 => {
            operation.invoked.0 += shift;
            operation.returned = operation.returned.map(|to| Moment(to.0 + shift));
        }
        1 => {
            operation.returned =
                operation.returned.map(|to| Moment(to.0.saturating_sub(shift).max(operation.invoked.0)));
        }
        2 => {
            history.remove(index);
        }
        _ => {
            operation.kind = match dice.below(12) {
                0..3 => Kind::End(Answer::Ok),
                3..5 => Kind::End(Answer::NotFound),
                5 => Kind::End(Answer::Unknown),
                6..9 => look(Sight::Open),
                9..11 => look(Sight::Closed),
                _ => Kind::Start,
            };
        }
    }
}

/// Forgets what became of all operations but those of `kept`; what they may have done stays possible.
pub(super) fn forget_but(history: &[Operation], kept: &[usize]) -> Vec<Operation> {
    let forgotten = |operation: &Operation| match operation.kind {
        Kind::Start => Some(Operation { invoked: Moment(0), returned: None, ..*operation }),
        Kind::End(Answer::Ok | Answer::Unknown) => Some(Operation { returned: None, ..*operation }),
        Kind::End(_) if operation.is_lost() => Some(*operation),
        Kind::End(_) | Kind::Look(..) => None,
    };
    let each = |(index, operation): (usize, &Operation)| {
        if kept.contains(&index) { Some(*operation) } else { forgotten(operation) }
    };
    history.iter().enumerate().filter_map(each).collect()
}

/// Whether no Start is lost beside another one. Nobody learns the id that a lost one issued, so no run records such a history;
/// its verdict is right, but either of the two Starts may be left out of the violation only while the other is kept.
fn has_one_story_of_its_id(history: &[Operation]) -> bool {
    let mut starts = history.iter().filter(|operation| operation.kind == Kind::Start);
    starts.clone().count() < 2 || starts.all(|start| !start.is_lost())
}

/// What is claimed of every violation: its operations show the breach by themselves, and none of them is too many.
fn is_smallest(history: &[Operation], found: &Violation, rules: Rules) {
    let Violation { breach, indices, operations } = found;
    assert!((1..=3).contains(&operations.len()), "{found:?}");
    assert!(!fits(operations, rules), "no violation by itself: {found:?}");
    assert!(!fits(&forget_but(history, indices), rules), "explained by what was left out: {found:?} of {history:?}");
    for spared in indices {
        let rest: Vec<usize> = indices.iter().copied().filter(|index| index != spared).collect();
        let rest = forget_but(history, &rest);
        // The closed look of OpenAgain, the success of IssuedAfterEnd: without them the breach is another one.
        match breach {
            Breach::OpenAgain | Breach::IssuedAfterEnd => match judge(&rest, rules) {
                Judged::Violation(other) => assert_ne!(other.breach, *breach, "{spared} is too many: {found:?}"),
                Judged::Linearizable | Judged::Undecided(_) => {}
            },
            _ => assert!(fits(&rest, rules), "{spared} is too many: {found:?} of {history:?}"),
        }
    }
}

#[test]
fn the_judgement_agrees_with_trying_every_order_and_blames_no_operation_too_many() {
    let mut dice = Dice(3);
    let mut verdicts = [0, 0];
    let mut breaches: BTreeMap<Breach, usize> = BTreeMap::new();
    for round in 0..HISTORIES {
        let repeat_end = if dice.one_in(3) { RepeatEnd::Idempotent } else { RepeatEnd::NotFound };
        let settle = if dice.one_in(2) { 0 } else { dice.below(8) };
        let rules = Rules { repeat_end, settle: Duration::from_micros(settle) };
        let mut history = right(&mut dice, rules);
        let mutated = round % 2 == 1;
        if mutated {
            for _ in 0..2 + dice.below(4) {
                if !history.is_empty() {
                    mutate(&mut dice, &mut history);
                }
            }
        } else {
            assert!(fits(&history, rules), "right by construction: {history:?}");
        }
        let judged = judge(&history, rules);
        let violates = matches!(judged, Judged::Violation(_));
        assert_eq!(violates, !fits(&history, rules), "{rules:?} {history:?} {judged:?}");
        verdicts[usize::from(violates)] += 1;
        if let Judged::Violation(found) = judged {
            *breaches.entry(found.breach).or_default() += 1;
            if has_one_story_of_its_id(&history) {
                is_smallest(&history, &found, rules);
            }
            history.reverse();
            assert!(matches!(judge(&history, rules), Judged::Violation(_)), "in whatever order they are listed");
        }
    }
    assert!(verdicts.iter().all(|&count| count > 4_000), "{verdicts:?}");
    assert!(breaches.len() == 11 && breaches.values().all(|&count| count > 20), "{breaches:?}");
}
