//! Cases that pause: they wait for each other, since many can pause in the time of one.

use std::sync::Arc;
use std::time::Duration;

use super::pursuit::Drawn;
use crate::case::Case;
use crate::clock::Moment;
use crate::limits;

/// A generated case, what it was lowered from, the turn that it was drawn in, and that since which it waits.
pub(super) struct Turn {
    pub number: usize,
    pub since: usize,
    pub case: Arc<Case>,
    pub drawn: Drawn,
}

/// What was drawn and pauses, the oldest first: it is run when there is more of it, so that all pause at the same time.
pub(super) struct Pausing {
    turns: Vec<Turn>,
    /// Turns of an earlier campaign that wait on, beyond the cases that this one is to run.
    beyond: Vec<usize>,
    /// Turns that an earlier campaign drew.
    began: usize,
    /// When the last that paused were over.
    over: Moment,
    /// How long they took; at first, how long any take at least.
    took: Duration,
}

/// What decides when cases pause.
#[derive(Debug, Clone, Copy)]
pub(super) enum Pace {
    /// How many turns were drawn, so that the same seed does the same.
    Turns(usize),
    /// The time: a quarter of it may go by with pauses. Now, and when all ends.
    Time { now: Moment, until: Option<Moment> },
}

impl Pausing {
    /// Of a campaign that goes on after so many turns.
    pub fn new(began: usize, now: Moment, took: Duration) -> Pausing {
        Pausing { turns: Vec::new(), beyond: Vec::new(), began, over: now, took }
    }

    /// Takes over what an earlier campaign left.
    pub fn resume(&mut self, turns: Vec<Turn>, beyond: Vec<usize>) {
        (self.turns, self.beyond) = (turns, beyond);
    }

    pub fn push(&mut self, turn: Turn) {
        self.turns.push(turn);
    }

    pub fn is_empty(&self) -> bool {
        self.turns.is_empty()
    }

    /// Whether as many wait as pause together.
    pub fn is_full(&self) -> bool {
        self.turns.len() >= limits::FUZZ_PAUSING
    }

    /// The turns of all that wait.
    pub fn numbers(&self) -> Vec<usize> {
        self.turns.iter().map(|turn| turn.number).chain(self.beyond.iter().copied()).collect()
    }

    /// Whether they have waited for each other for long enough.
    pub fn is_due(&self, pace: Pace) -> bool {
        let Some(first) = self.turns.first() else { return false };
        match pace {
            Pace::Turns(turns) => {
                // Those of an earlier campaign wait anew: one that is always ended early would run nothing else.
                let drawn = self.turns.iter().filter(|turn| turn.number >= self.began).count();
                drawn >= limits::FUZZ_PAUSING || turns - first.since >= limits::FUZZ_PAUSES_AFTER
            }
            Pace::Time { now, until } => {
                let ends = until.is_some_and(|until| until.since(now) < self.took);
                !ends && now.since(self.over) >= self.took * limits::FUZZ_PAUSES_APART
            }
        }
    }

    /// Takes out those that pause now.
    pub fn take(&mut self, most: usize) -> Vec<Turn> {
        self.turns.drain(..most.min(self.turns.len())).collect()
    }

    /// Notes that some paused.
    pub fn paused(&mut self, from: Moment, to: Moment) {
        (self.over, self.took) = (to, to.since(from));
    }
}

#[cfg(test)]
mod tests {
    use super::super::program::Op;
    use super::super::{Abilities, Program, lowered};
    use super::*;
    use crate::case::Pause;

    fn turn(number: usize, since: usize) -> Turn {
        let program = Program(vec![Op::Wait(Pause::Settle)]);
        let case = lowered("x", &program, &Abilities::everything(1)).expect("a case");
        Turn { number, since, case, drawn: Drawn { number, program } }
    }

    fn second(number: u64) -> Moment {
        Moment::default().plus(Duration::from_secs(number))
    }

    #[test]
    fn by_turns_enough_of_a_campaigns_own_pause_or_one_that_has_waited_for_long() {
        let mut pausing = Pausing::new(100, second(0), Duration::from_secs(2));
        pausing.resume((0..20).map(|number| turn(number, 100)).collect(), vec![300]);
        assert!(pausing.is_full() && !pausing.is_due(Pace::Turns(100 + limits::FUZZ_PAUSES_AFTER - 1)));
        assert!(pausing.is_due(Pace::Turns(100 + limits::FUZZ_PAUSES_AFTER)));
        for number in 0..limits::FUZZ_PAUSING {
            assert!(!pausing.is_due(Pace::Turns(200)), "{number}");
            pausing.push(turn(100 + number, 100 + number));
        }
        assert!(pausing.is_due(Pace::Turns(200)));
        let taken = pausing.take(limits::FUZZ_PAUSING);
        assert_eq!((taken.len(), taken[0].number), (limits::FUZZ_PAUSING, 0), "the oldest first");
        let left = (16..20).chain(100..116).chain([300]).collect::<Vec<_>>();
        assert_eq!(pausing.numbers(), left);
        assert_eq!((pausing.take(99).len(), pausing.is_empty()), (20, true));
        assert_eq!(pausing.numbers(), [300]);
    }

    #[test]
    fn by_time_pauses_take_a_quarter_of_it_and_none_is_begun_that_could_not_end() {
        let mut pausing = Pausing::new(0, second(0), Duration::from_secs(2));
        let due =
            |pausing: &Pausing, now: u64| pausing.is_due(Pace::Time { now: second(now), until: Some(second(60)) });
        assert!(!due(&pausing, 50), "nothing waits");
        pausing.push(turn(0, 0));
        assert_eq!([5, 6, 58, 59].map(|now| due(&pausing, now)), [false, true, true, false]);
        pausing.paused(second(6), second(11));
        assert_eq!([25, 26, 55, 56].map(|now| due(&pausing, now)), [false, true, true, false]);
        assert!(pausing.is_due(Pace::Time { now: second(900), until: None }));
    }
}
