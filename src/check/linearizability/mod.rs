//! Linearizability: whether what clients saw of one session, overlapping or not, fits one life issued -> open -> closed.
//!
//! # The model
//!
//! A life is two moments, S (issued) and C (closed), S <= C, C perhaps never: not issued before S, open from S to C, closed
//! from C on. Without a Start in the history the session was open before it began. Each operation took effect, or saw what
//! it saw, at one moment of its window, from its invocation to its return; of equal moments the order is free.
//!
//! | operation | what it says |
//! |---|---|
//! | Start | S lies in its window |
//! | End `ok` | `repeat-end = not-found`: C lies in its window and is its doing. `idempotent`: C is at or before a moment of its window |
//! | End `session-not-found` | not open at a moment of its window; under `idempotent`, which answers `ok` for a closed session too, not issued |
//! | End refused otherwise | nothing, and it has no effect |
//! | End lost | C may be its doing at any moment from its invocation on |
//! | look: open, closed | open, not open, at a moment of its window |
//! | look: listed, no verdict, lost | nothing |
//!
//! C is the doing of an End that succeeded or was lost, or never is. `settle` opens the windows of looks and of
//! `session-not-found` that much earlier: they may be that late, so a session may be seen open until `settle` after C and not
//! yet seen until `settle` after S. The window of a success is never widened, so nothing excuses a second one; and since a
//! closed session stays closed, earlier moments excuse no `session-not-found` but one before S.
//!
//! # Why there is no search
//!
//! A state space of three states in a row leaves two unknowns, S and C. Let S* be the earliest end of the windows of the
//! Start, of successes and of looks that saw it open, and C0 the latest of: the earliest begin of a window of an End that may
//! have closed it (never, when there is none), the begins of the windows of looks that saw it open, and, under `not-found`,
//! the begin of the success's. Every life has S <= S* (success: S <= C <= its end) and C >= C0. Take S = S* and
//! C = max(C0, S*); what must hold, and is all that can fail:
//!
//! 1. one Start, and one success under `not-found`;
//! 2. no success and no look that saw it open ends before the Start begins (S* is within the Start's window);
//! 3. no look that saw it open begins after a success ended (C is not after a success's end);
//! 4. under `idempotent`, no `session-not-found` begins after S*;
//! 5. nothing that saw it not open begins after S* and ends before C0.
//!
//! If any life (S, C) explains the history, this one does: what saw it not open did so before S <= S*, or at or after C. In the
//! latter case it ends at or after C >= C0; if it begins after S* too, it ends after max(C0, S*). Conversely the conditions give
//! a linearization: all at their moments, ties in the order not yet issued, Start, open, End, closed. A moment for C
//! within reach always belongs to an End: the window that begins first either never ends or, as an `ok`, ends no earlier than
//! the earliest `ok` does.
//!
//! So the judgement is exact, linear but for one sort, and needs no budget; a history that breaks a condition does so by one
//! to three operations, which are the violation (with the closed look between for [`Breach::OpenAgain`]). Those are smallest
//! in this sense: forget any one of them - an End that may have had an effect turns into a lost one, a Start into one at any
//! time - and what remains does not show the breach. Forgetting, not removing: a history from which the success was removed
//! would blame the refusals that followed it. `agreement` compares all of this with trying every order.

mod fact;
mod life;
mod operation;
mod timeline;
mod violation;

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod histories;
#[cfg(test)]
mod planted;

use std::time::Duration;

use fact::{Fact, Meaning};

use crate::contract::Readings;

pub use operation::{Answer, Kind, Operation};
pub use timeline::timeline;
pub use violation::{Breach, Violation};

/// What a history is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The reading `repeat-end`.
    pub repeat_end: RepeatEnd,
    /// How late a look may be.
    pub settle: Duration,
}

/// The reading `repeat-end`: what an End on a closed session is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RepeatEnd {
    /// `session-not-found`: at most one End succeeds.
    NotFound,
    /// `ok`.
    Idempotent,
}

impl RepeatEnd {
    /// The value in force; the stricter one where none is.
    pub fn of(readings: &Readings) -> RepeatEnd {
        match readings.of("repeat-end") {
            "idempotent" => RepeatEnd::Idempotent,
            _ => RepeatEnd::NotFound,
        }
    }
}

/// What came of judging a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judged {
    /// A life explains it, and it put the session to the test: ended, and found closed later.
    Linearizable,
    /// No life explains it.
    Violation(Violation),
    /// A life explains it, but it would whether or not the endpoint keeps its promise.
    Undecided(Doubt),
}

/// Why a history decides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Doubt {
    /// No End succeeded, and none was lost.
    NoSuccess,
    /// No End succeeded, and one was lost: whether the session was closed is unknown.
    Lost,
    /// An End succeeded, and nothing that was sent after its answer found the session closed.
    NoLaterLook,
}

impl Doubt {
    /// Why, in words.
    pub fn words(self) -> &'static str {
        match self {
            Doubt::NoSuccess => "no End succeeded",
            Doubt::Lost => "no End succeeded, and the answer of one was lost",
            Doubt::NoLaterLook => "nothing after the successful End could tell whether the session was closed",
        }
    }
}

/// Judges the history of one session, in whatever order its operations are listed.
pub fn judge(history: &[Operation], rules: Rules) -> Judged {
    let facts = fact::facts(history, rules);
    match life::contradiction(&facts, rules.repeat_end) {
        Some((breach, mut core)) => {
            core.sort_by_key(|fact| (fact.invoked, fact.index));
            let indices: Vec<usize> = core.iter().map(|fact| fact.index).collect();
            let operations = indices.iter().map(|&index| history[index]).collect();
            Judged::Violation(Violation { breach, indices, operations })
        }
        None => doubt(&facts).map_or(Judged::Linearizable, Judged::Undecided),
    }
}

fn doubt(facts: &[Fact]) -> Option<Doubt> {
    let of = |meaning: Meaning| facts.iter().filter(move |fact| fact.meaning == meaning);
    let Some(ended) = of(Meaning::Ends).map(|end| end.to).min() else {
        return Some(if of(Meaning::MayEnd).next().is_some() { Doubt::Lost } else { Doubt::NoSuccess });
    };
    let looked = of(Meaning::NotOpen).any(|fact| ended < fact.invoked);
    (!looked).then_some(Doubt::NoLaterLook)
}
