//! Lives: the search for the operations that no life issued -> open -> closed explains; why it is complete is in `mod.rs`.

use super::fact::{Fact, Meaning, NEVER};
use super::{Breach, RepeatEnd};
use crate::clock::Moment;

/// The first contradiction among `facts`, which are in the order of invocation; `None` when a life explains them all.
pub(super) fn contradiction(facts: &[Fact], repeat_end: RepeatEnd) -> Option<(Breach, Vec<Fact>)> {
    let life = Life { facts, start: start(facts), repeat_end };
    issued_twice(facts)
        .or_else(|| life.open_before_start())
        .or_else(|| life.ended_twice())
        .or_else(|| life.open_after_end())
        .or_else(|| life.repeat_refused())
        .or_else(|| life.wrongly_closed())
}

struct Life<'a> {
    facts: &'a [Fact],
    start: Option<Fact>,
    repeat_end: RepeatEnd,
}

fn of(facts: &[Fact], meaning: Meaning) -> impl Iterator<Item = &Fact> {
    facts.iter().filter(move |fact| fact.meaning == meaning)
}

/// The Start; one that was answered before one that was lost, since nobody was told the id of that.
fn start(facts: &[Fact]) -> Option<Fact> {
    of(facts, Meaning::Issues).min_by_key(|start| start.to == NEVER).copied()
}

fn issued_twice(facts: &[Fact]) -> Option<(Breach, Vec<Fact>)> {
    let mut starts = of(facts, Meaning::Issues).filter(|start| start.to != NEVER);
    let (first, second) = (starts.next()?, starts.next()?);
    match of(facts, Meaning::Ends).find(|end| end.to < second.from) {
        Some(end) => Some((Breach::IssuedAfterEnd, vec![*first, *end, *second])),
        None => Some((Breach::IssuedTwice, vec![*first, *second])),
    }
}

impl Life<'_> {
    /// Whether a fact shows that the session was open at some moment of its window.
    fn shows_open(&self, fact: &Fact) -> bool {
        match fact.meaning {
            Meaning::Open => true,
            Meaning::Ends => self.repeat_end == RepeatEnd::NotFound,
            _ => false,
        }
    }

    fn open_before_start(&self) -> Option<(Breach, Vec<Fact>)> {
        let start = self.start?;
        let early = |fact: &&Fact| matches!(fact.meaning, Meaning::Open | Meaning::Ends) && fact.to < start.from;
        self.facts.iter().find(early).map(|fact| (Breach::OpenBeforeStart, vec![*fact, start]))
    }

    fn ended_twice(&self) -> Option<(Breach, Vec<Fact>)> {
        if self.repeat_end == RepeatEnd::Idempotent {
            return None;
        }
        let mut ends = of(self.facts, Meaning::Ends);
        let (first, second) = (ends.next()?, ends.next()?);
        let breach = if first.to < second.from { Breach::EndedAgain } else { Breach::EndedTwice };
        Some((breach, vec![*first, *second]))
    }

    fn open_after_end(&self) -> Option<(Breach, Vec<Fact>)> {
        let end = of(self.facts, Meaning::Ends).min_by_key(|end| end.to)?;
        let open = of(self.facts, Meaning::Open).find(|open| end.to < open.from)?;
        let between = |fact: &&Fact| end.to < fact.invoked && fact.to < open.invoked;
        match of(self.facts, Meaning::NotOpen).find(between) {
            Some(closed) => Some((Breach::OpenAgain, vec![*end, *closed, *open])),
            None => Some((Breach::StillOpen, vec![*end, *open])),
        }
    }

    fn repeat_refused(&self) -> Option<(Breach, Vec<Fact>)> {
        let issued = self.issued();
        let refused = of(self.facts, Meaning::NotIssued).find(|fact| !self.may_precede_issue(fact, issued))?;
        Some((Breach::RepeatRefused, self.with_evidence(issued, &[*refused])))
    }

    fn wrongly_closed(&self) -> Option<(Breach, Vec<Fact>)> {
        let issued = self.issued();
        let closing = |fact: &&Fact| matches!(fact.meaning, Meaning::Ends | Meaning::MayEnd);
        let first_end = self.facts.iter().filter(closing).map(|fact| fact.from).min().unwrap_or(NEVER);
        let last_open = self.facts.iter().filter(|fact| self.shows_open(fact)).map(|fact| fact.from).max();
        let closed_from = last_open.map_or(first_end, |open| open.max(first_end));
        let wrong = of(self.facts, Meaning::NotOpen)
            .filter(|fact| !self.may_precede_issue(fact, issued) && fact.to < closed_from)
            .min_by_key(|fact| !fact.by_end)?;
        if wrong.to < first_end {
            let none = first_end == NEVER && wrong.by_end;
            let breach = if none { Breach::NoneSucceeded } else { Breach::ClosedUnasked };
            return Some((breach, self.with_evidence(issued, &[*wrong])));
        }
        let open = self.facts.iter().find(|fact| self.shows_open(fact) && wrong.to < fact.from)?;
        Some((Breach::Flickered, self.with_evidence(issued, &[*wrong, *open])))
    }

    /// The fact by which the session was surely issued the earliest; `None` when it was before the history began.
    fn issued(&self) -> Option<Fact> {
        self.start?;
        let shows = |fact: &&Fact| matches!(fact.meaning, Meaning::Issues | Meaning::Ends | Meaning::Open);
        self.facts.iter().filter(shows).min_by_key(|fact| fact.to).copied()
    }

    /// Whether what a fact says may be said of a moment before the session was issued.
    fn may_precede_issue(&self, fact: &Fact, issued: Option<Fact>) -> bool {
        issued.is_some_and(|issued| fact.from <= issued.to)
    }

    /// Puts before `facts` what shows that the session had been issued by then: the Start where it does.
    fn with_evidence(&self, issued: Option<Fact>, facts: &[Fact]) -> Vec<Fact> {
        let before: Moment = facts[0].from;
        let evidence = self.start.filter(|start| start.to < before).or(issued);
        evidence.iter().chain(facts).copied().collect()
    }
}
