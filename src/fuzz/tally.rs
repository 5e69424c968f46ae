//! Tallies: what a campaign did so far, and what its cases have come by.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::check::result::{INTERRUPTED, TIME_IS_UP};
use crate::check::{CaseResult, Tested};
use crate::limits;
use crate::wire::WireForm;

/// What was done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Generated cases run.
    pub cases: usize,
    /// Of these, those that put anything to the test.
    pub judged: usize,
    /// Of these, those that could not be decided in something.
    pub undecided: usize,
    /// Requests sent, those to confirm and to shrink included.
    pub exchanges: usize,
    /// How long the target was waited for before the first of them.
    pub waited: Duration,
    /// Findings told.
    pub found: usize,
    /// Clauses put to the test.
    pub clauses: usize,
    /// Wrong values of the catalogue sent.
    pub mutations: usize,
    /// Wire forms that calls were sent in.
    pub forms: usize,
}

/// What a campaign has come by.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    /// Judgements made, by clause.
    pub tested: Tested,
    /// How often cases were left undecided for a reason.
    doubts: BTreeMap<String, usize>,
    mutations: BTreeSet<&'static str>,
    forms: BTreeSet<WireForm>,
}

impl Tally {
    /// Adds a batch; how many of its cases put anything to the test.
    pub(super) fn add(&mut self, results: &[CaseResult], coverage: &mut Coverage) -> usize {
        let judged = results.iter().filter(|result| !result.tested.is_empty()).count();
        self.judged += judged;
        self.undecided += results.iter().filter(|result| doubts(result).next().is_some()).count();
        results.iter().for_each(|result| coverage.add(result));
        let Coverage { tested, mutations, forms, .. } = coverage;
        (self.clauses, self.mutations, self.forms) = (tested.len(), mutations.len(), forms.len());
        judged
    }
}

/// Why a case was left undecided in something, but that the campaign ended: that says nothing of the target.
fn doubts(result: &CaseResult) -> impl Iterator<Item = &str> {
    let ended = |reason: &&str| reason.contains(TIME_IS_UP) || reason.ends_with(INTERRUPTED);
    result.undecided.iter().map(String::as_str).filter(move |reason| !ended(reason))
}

impl Coverage {
    /// Why most cases were left undecided in something that were, of one step or session as of another.
    pub(super) fn doubt(&self) -> Option<String> {
        let most = self.doubts.iter().max_by_key(|(_, count)| **count);
        most.map(|(reason, _)| reason.clone())
    }

    fn add(&mut self, result: &CaseResult) {
        for reason in doubts(result) {
            let placed = ["step ", "session `"].iter().any(|place| reason.starts_with(place));
            let why = if placed { reason.split_once(": ").map_or(reason, |(_, why)| why) } else { reason };
            // Reasons may quote the target, and be as many as it likes.
            if self.doubts.contains_key(why) || self.doubts.len() < limits::FUZZ_DOUBTS {
                *self.doubts.entry(why.to_owned()).or_default() += 1;
            }
        }
        self.tested.count(&result.tested);
        for record in &result.history {
            self.mutations.extend(record.mutation.as_ref().map(|value| value.name));
            self.forms.extend(record.form);
        }
    }
}
