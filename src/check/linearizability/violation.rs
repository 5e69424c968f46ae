//! Violations: the few operations of a history that no life of a session explains.

use super::{Answer, Kind, Operation, timeline};

/// Operations that contradict each other whatever the rest of the history says, and no more of them than that takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// In which way.
    pub breach: Breach,
    /// Indices of the operations in the history, in the order of invocation: one to three.
    pub indices: Vec<usize>,
    /// The operations themselves, in the same order.
    pub operations: Vec<Operation>,
}

/// Ways to contradict issued -> open -> closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breach {
    /// Two Starts issued one id.
    IssuedTwice,
    /// A Start issued the id of a session that had been ended.
    IssuedAfterEnd,
    /// An End succeeded, or a look found it open, before its id was issued.
    OpenBeforeStart,
    /// Two overlapping Ends succeeded.
    EndedTwice,
    /// An End succeeded after another one had.
    EndedAgain,
    /// Found open after an End had succeeded.
    StillOpen,
    /// Found open after an End had succeeded and it had been found closed.
    OpenAgain,
    /// Found closed, then found open or ended, with no success before.
    Flickered,
    /// An End found no open session although no End had succeeded or been lost.
    NoneSucceeded,
    /// Found closed before an End that could have closed it was sent.
    ClosedUnasked,
    /// An End found no session although the reading `repeat-end` is `idempotent`.
    RepeatRefused,
}

impl Violation {
    /// The clause that it breaks.
    pub fn clause(&self) -> &'static str {
        match self.breach {
            Breach::IssuedTwice | Breach::OpenBeforeStart => "start/unique",
            Breach::IssuedAfterEnd => "end/effect/id-not-reused",
            Breach::StillOpen => "end/effect/closes",
            Breach::EndedAgain | Breach::OpenAgain | Breach::RepeatRefused => "end/effect/stays-closed",
            Breach::EndedTwice | Breach::NoneSucceeded | Breach::ClosedUnasked => "end/effect/once",
            // An End may have been refused wrongly; a look leaves no doubt that it was closed.
            Breach::Flickered => {
                let refused = self.operations.iter().any(|o| o.kind == Kind::End(Answer::NotFound));
                if refused { "end/effect/once" } else { "end/effect/stays-closed" }
            }
        }
    }

    /// The operations drawn over time.
    pub fn timeline(&self) -> String {
        timeline(&self.operations)
    }
}

impl Breach {
    /// What happened, in words.
    pub fn words(self) -> &'static str {
        match self {
            Breach::IssuedTwice => "two Starts issued the same id",
            Breach::IssuedAfterEnd => "a Start issued the id of a session that had been ended",
            Breach::OpenBeforeStart => "the session was open before its id was issued",
            Breach::EndedTwice => "two overlapping Ends succeeded",
            Breach::EndedAgain => "an End succeeded after another End had succeeded",
            Breach::StillOpen => "the session was found open after an End had succeeded",
            Breach::OpenAgain => "the session was found open after an End had succeeded and it had been found closed",
            Breach::Flickered => "the session was found closed and later open",
            Breach::NoneSucceeded => "an End found no open session although no End had succeeded or been lost",
            Breach::ClosedUnasked => "the session was found closed before an End that could have closed it was sent",
            Breach::RepeatRefused => "an End found no session although it had been issued, and an End may be repeated",
        }
    }
}
