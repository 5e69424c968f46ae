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

use std::time::Duration;

use fact::{Fact, Meaning};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{Observer, Sight};
    use crate::clock::Moment;

    const OK: Kind = Kind::End(Answer::Ok);
    const NOT_FOUND: Kind = Kind::End(Answer::NotFound);
    const THROTTLED: Kind = Kind::End(Answer::Refused);
    const BROKEN: Kind = Kind::End(Answer::Unknown);
    const OPEN: Kind = Kind::Look(Observer::WebSocket, Sight::Open);
    const CLOSED: Kind = Kind::Look(Observer::WebSocket, Sight::Closed);
    const LISTED: Kind = Kind::Look(Observer::Describe, Sight::Listed);
    const START: Kind = Kind::Start;
    /// Returns never.
    const LOST: u64 = u64::MAX;

    /// Begin, end, what: a client each.
    type Row = (u64, u64, Kind);

    fn judged(rows: &[Row], repeat_end: RepeatEnd, settle: u64) -> String {
        let operation = |(client, &(from, to, kind)): (usize, &Row)| {
            let returned = (to != LOST).then_some(Moment(to));
            Operation { client, kind, invoked: Moment(from), returned }
        };
        let history: Vec<Operation> = rows.iter().enumerate().map(operation).collect();
        match judge(&history, Rules { repeat_end, settle: Duration::from_micros(settle) }) {
            Judged::Linearizable => "fits".to_owned(),
            Judged::Undecided(doubt) => format!("{doubt:?}"),
            Judged::Violation(found) => format!("{:?} {:?} {}", found.breach, found.indices, found.clause()),
        }
    }

    fn holds(repeat_end: RepeatEnd, table: &[(&str, u64, &[Row], &str)]) {
        for (name, settle, rows, expected) in table {
            assert_eq!(judged(rows, repeat_end, *settle), *expected, "{name}");
        }
    }

    #[test]
    fn histories_that_a_life_explains_fit() {
        holds(
            RepeatEnd::NotFound,
            &[
                ("end, then refused", 0, &[(0, 1, START), (2, 3, OK), (4, 5, NOT_FOUND)], "fits"),
                ("end, then closed", 0, &[(0, 1, START), (2, 3, OPEN), (4, 5, OK), (6, 7, CLOSED)], "fits"),
                ("open while it is being ended", 0, &[(2, 9, OK), (3, 8, OPEN), (10, 11, CLOSED)], "fits"),
                (
                    "closed, then open stamps of one instant",
                    0,
                    &[(2, 5, OK), (3, 5, CLOSED), (5, 8, OPEN), (9, 9, CLOSED)],
                    "fits",
                ),
                (
                    "one of eight succeeds",
                    0,
                    &[(0, 9, NOT_FOUND), (0, 9, OK), (1, 8, NOT_FOUND), (10, 11, NOT_FOUND)],
                    "fits",
                ),
                ("a refusal in an instant of the success", 0, &[(0, 5, OK), (5, 5, NOT_FOUND), (6, 7, CLOSED)], "fits"),
                ("open look within settle", 10, &[(2, 3, OK), (13, 14, OPEN), (15, 16, CLOSED)], "fits"),
                ("closed, then open within settle", 10, &[(2, 3, OK), (4, 5, CLOSED), (13, 14, OPEN)], "fits"),
                (
                    "not yet seen within settle",
                    10,
                    &[(0, 1, START), (11, 12, CLOSED), (20, 21, OK), (22, 23, CLOSED)],
                    "fits",
                ),
                (
                    "throttled says nothing",
                    0,
                    &[(0, 1, THROTTLED), (2, 3, OK), (4, 5, THROTTLED), (6, 7, CLOSED)],
                    "fits",
                ),
                ("lost End without effect", 0, &[(0, LOST, BROKEN), (5, 6, OPEN), (7, 8, OK), (9, 10, CLOSED)], "fits"),
            ],
        );
    }

    #[test]
    fn histories_that_no_life_explains_are_violations_of_the_right_clause() {
        holds(
            RepeatEnd::NotFound,
            &[
                ("two overlapping", 0, &[(0, 1, START), (2, 6, OK), (3, 5, OK)], "EndedTwice [1, 2] end/effect/once"),
                ("one after the other", 0, &[(2, 3, OK), (4, 5, OK)], "EndedAgain [0, 1] end/effect/stays-closed"),
                ("a second within settle", 100, &[(2, 3, OK), (4, 5, OK)], "EndedAgain [0, 1] end/effect/stays-closed"),
                (
                    "two and a lost one",
                    0,
                    &[(0, LOST, BROKEN), (2, 6, OK), (3, 5, OK)],
                    "EndedTwice [1, 2] end/effect/once",
                ),
                ("still open", 0, &[(0, 1, START), (2, 3, OK), (4, 5, OPEN)], "StillOpen [1, 2] end/effect/closes"),
                ("open after settle", 10, &[(2, 3, OK), (14, 15, OPEN)], "StillOpen [0, 1] end/effect/closes"),
                (
                    "open again",
                    0,
                    &[(2, 3, OK), (4, 5, CLOSED), (6, 7, OPEN)],
                    "OpenAgain [0, 1, 2] end/effect/stays-closed",
                ),
                (
                    "closed, then open, by a lost End",
                    0,
                    &[(0, LOST, BROKEN), (2, 3, CLOSED), (4, 5, OPEN)],
                    "Flickered [1, 2] end/effect/stays-closed",
                ),
                (
                    "refused, then open, all while ending",
                    0,
                    &[(0, 9, OK), (2, 3, NOT_FOUND), (4, 5, OPEN)],
                    "Flickered [1, 2] end/effect/once",
                ),
                (
                    "refused by a lost End, then ended",
                    0,
                    &[(0, LOST, OK), (2, 3, NOT_FOUND), (4, 5, OK)],
                    "Flickered [1, 2] end/effect/once",
                ),
                (
                    "none succeeded",
                    0,
                    &[(0, 1, START), (2, 6, NOT_FOUND), (3, 5, NOT_FOUND)],
                    "NoneSucceeded [0, 1] end/effect/once",
                ),
                (
                    "refused before the first success",
                    0,
                    &[(2, 3, NOT_FOUND), (4, 5, OK)],
                    "ClosedUnasked [0] end/effect/once",
                ),
                (
                    "closed by nobody",
                    0,
                    &[(0, 1, OPEN), (2, 3, THROTTLED), (4, 5, CLOSED)],
                    "ClosedUnasked [2] end/effect/once",
                ),
                (
                    "not seen after settle",
                    10,
                    &[(0, 1, START), (12, 13, CLOSED)],
                    "ClosedUnasked [0, 1] end/effect/once",
                ),
                (
                    "seen, then not seen within settle",
                    10,
                    &[(0, 5, START), (1, 2, OPEN), (13, 14, CLOSED)],
                    "ClosedUnasked [1, 2] end/effect/once",
                ),
                ("one id twice", 0, &[(0, 1, START), (2, 3, START)], "IssuedTwice [0, 1] start/unique"),
                (
                    "a closed id again",
                    0,
                    &[(0, 1, START), (2, 3, OK), (4, 5, START)],
                    "IssuedAfterEnd [0, 1, 2] end/effect/id-not-reused",
                ),
                ("open before Start", 0, &[(0, 1, OPEN), (2, 3, START)], "OpenBeforeStart [0, 1] start/unique"),
            ],
        );
    }

    #[test]
    fn histories_that_fit_any_endpoint_decide_nothing() {
        holds(
            RepeatEnd::NotFound,
            &[
                ("empty", 0, &[], "NoSuccess"),
                ("throttled", 0, &[(0, 1, START), (2, 3, THROTTLED), (4, 5, OPEN)], "NoSuccess"),
                ("none succeeded, and one was lost", 0, &[(0, LOST, BROKEN), (2, 6, NOT_FOUND)], "Lost"),
                ("502 is lost too", 0, &[(0, 1, BROKEN), (2, 6, NOT_FOUND)], "Lost"),
                ("a lost End explains closed", 0, &[(0, LOST, OK), (2, 6, CLOSED)], "Lost"),
                ("no look", 0, &[(0, 1, START), (2, 3, OK)], "NoLaterLook"),
                ("no look but a late one", 10, &[(2, 3, OK), (4, 5, OPEN)], "NoLaterLook"),
                ("a look sent before the answer", 0, &[(2, 5, OK), (4, 6, CLOSED)], "NoLaterLook"),
                (
                    "looks without a verdict",
                    0,
                    &[(2, 3, OK), (4, 5, LISTED), (6, LOST, CLOSED), (7, 8, THROTTLED)],
                    "NoLaterLook",
                ),
            ],
        );
    }

    #[test]
    fn an_idempotent_end_may_succeed_again_and_is_never_refused() {
        holds(
            RepeatEnd::Idempotent,
            &[
                ("twice", 0, &[(0, 1, START), (2, 3, OK), (4, 5, OK), (6, 7, CLOSED)], "fits"),
                ("success is no look", 0, &[(2, 3, OK), (4, 5, OK)], "NoLaterLook"),
                ("closed between two successes", 0, &[(2, 3, OK), (4, 5, CLOSED), (6, 7, OK)], "fits"),
                (
                    "open between two successes",
                    0,
                    &[(2, 3, OK), (4, 5, OPEN), (6, 7, OK)],
                    "StillOpen [0, 1] end/effect/closes",
                ),
                (
                    "refused after a success",
                    0,
                    &[(2, 3, OK), (4, 5, NOT_FOUND)],
                    "RepeatRefused [1] end/effect/stays-closed",
                ),
                (
                    "refused after Start",
                    9,
                    &[(0, 1, START), (11, 12, NOT_FOUND)],
                    "RepeatRefused [0, 1] end/effect/stays-closed",
                ),
                ("not yet known within settle", 10, &[(0, 1, START), (11, 12, NOT_FOUND)], "NoSuccess"),
                (
                    "a lost End explains closed, then a success",
                    0,
                    &[(0, LOST, OK), (2, 3, CLOSED), (4, 5, OK), (6, 7, CLOSED)],
                    "fits",
                ),
                (
                    "closed by nobody, then a success",
                    0,
                    &[(2, 3, CLOSED), (4, 5, OK)],
                    "ClosedUnasked [0] end/effect/once",
                ),
            ],
        );
    }
}
