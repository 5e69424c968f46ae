//! Tallies: what a campaign did so far, and what its cases have come by.

use std::collections::BTreeSet;

use crate::check::{CaseResult, Tested};
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
    mutations: BTreeSet<&'static str>,
    forms: BTreeSet<WireForm>,
}

impl Tally {
    /// Adds a batch; how many of its cases put anything to the test.
    pub(super) fn add(&mut self, results: &[CaseResult], coverage: &mut Coverage) -> usize {
        let judged = results.iter().filter(|result| !result.tested.is_empty()).count();
        self.judged += judged;
        self.undecided += results.iter().filter(|result| !result.undecided.is_empty()).count();
        results.iter().for_each(|result| coverage.add(result));
        let Coverage { tested, mutations, forms } = coverage;
        (self.clauses, self.mutations, self.forms) = (tested.len(), mutations.len(), forms.len());
        judged
    }
}

impl Coverage {
    fn add(&mut self, result: &CaseResult) {
        self.tested.count(&result.tested);
        for record in &result.history {
            self.mutations.extend(record.mutation.as_ref().map(|value| value.name));
            self.forms.extend(record.form);
        }
    }
}
