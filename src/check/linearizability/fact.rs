//! Facts: what one operation says of the life of its session, and the window of time that it says it of.

use super::{Answer, Kind, Operation, RepeatEnd, Rules};
use crate::check::Sight;
use crate::clock::Moment;

/// Later than every moment: the end of the window of what may still happen, and when what never happens does.
pub(super) const NEVER: Moment = Moment(u64::MAX);

/// What an operation says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The session was issued within the window.
    Issues,
    /// An End that succeeded within the window.
    Ends,
    /// An End that may have taken effect within the window.
    MayEnd,
    /// The session was open at some moment of the window.
    Open,
    /// The session was closed, or not yet issued, at some moment of the window.
    NotOpen,
    /// The session was not yet issued at some moment of the window.
    NotIssued,
}

/// What one operation says of its session.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fact {
    /// Index of the operation in its history.
    pub index: usize,
    /// What it says.
    pub meaning: Meaning,
    /// Begin of the window, which is closed at both ends.
    pub from: Moment,
    /// End of the window.
    pub to: Moment,
    /// When the operation was invoked; later than `from` where `settle` widens the window.
    pub invoked: Moment,
    /// Whether it was an End that said so.
    pub by_end: bool,
}

/// What a history says, in the order of invocation.
pub(super) fn facts(history: &[Operation], rules: Rules) -> Vec<Fact> {
    let settle = u64::try_from(rules.settle.as_micros()).unwrap_or(u64::MAX);
    let mut facts: Vec<Fact> = history
        .iter()
        .enumerate()
        .filter_map(|(index, operation)| {
            let meaning = meaning(operation, rules.repeat_end)?;
            let Operation { invoked, .. } = *operation;
            let late = matches!(meaning, Meaning::Open | Meaning::NotOpen | Meaning::NotIssued);
            let from = if late { Moment(invoked.0.saturating_sub(settle)) } else { invoked };
            let to = operation.returned.filter(|_| !operation.is_lost()).map_or(NEVER, |to| to.max(invoked));
            let by_end = matches!(operation.kind, Kind::End(_));
            Some(Fact { index, meaning, from, to, invoked, by_end })
        })
        .collect();
    facts.sort_by_key(|fact| (fact.invoked, fact.index));
    facts
}

fn meaning(operation: &Operation, repeat_end: RepeatEnd) -> Option<Meaning> {
    match operation.kind {
        Kind::Start => Some(Meaning::Issues),
        Kind::End(_) if operation.is_lost() => Some(Meaning::MayEnd),
        Kind::Look(..) if operation.is_lost() => None,
        Kind::End(Answer::Ok) => Some(Meaning::Ends),
        Kind::End(Answer::NotFound) => Some(match repeat_end {
            RepeatEnd::NotFound => Meaning::NotOpen,
            RepeatEnd::Idempotent => Meaning::NotIssued,
        }),
        Kind::End(Answer::Refused | Answer::Unknown) => None,
        Kind::Look(_, Sight::Open) => Some(Meaning::Open),
        Kind::Look(_, Sight::Closed) => Some(Meaning::NotOpen),
        Kind::Look(_, Sight::Listed | Sight::Unknown) => None,
    }
}
