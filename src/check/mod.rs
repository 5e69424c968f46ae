//! Checks: pure judgements of what a target answered, (contract, case, history) -> findings.

pub mod answer;
pub mod envelope;
pub mod expectation;
pub mod finding;
pub mod framing;
pub mod history;
pub mod linearizability;
pub mod look;
pub mod request_id;
pub mod result;
pub mod same;
pub mod seen;
pub mod silence;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use finding::{Finding, Verdict};
pub use history::{Event, Look, Observation, Observer, Record, Role, Sight};
pub use result::{CaseResult, Skip};
pub use seen::Seen;

use crate::case::Case;
use crate::contract::{Contract, Level, Readings};
use crate::http::Reply;

/// What every check may know besides the history.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The documents.
    pub contract: &'a Contract,
    /// The readings in force.
    pub readings: &'a Readings,
}

impl Context<'_> {
    /// The level of a clause; MUST for one that the contract does not have.
    pub fn level(&self, clause: &str) -> Level {
        self.contract.clause(clause).map_or(Level::Must, |clause| clause.level)
    }
}

/// What a check came to: findings, and how often each clause was really put to the test.
#[derive(Debug, Clone, Default)]
pub struct Judgement {
    /// Judgements made, by clause.
    pub tested: BTreeMap<String, usize>,
    /// Breaches.
    pub findings: Vec<Finding>,
    /// What could not be decided, and why.
    pub undecided: BTreeSet<String>,
}

impl Judgement {
    /// Notes that `clause` was put to the test once, and the finding if it did not hold.
    pub fn test(&mut self, clause: &str, finding: Option<Finding>) {
        self.tested(clause);
        self.findings.extend(finding);
    }

    /// Notes that `clause` was put to the test once and held.
    pub fn tested(&mut self, clause: &str) {
        match self.tested.get_mut(clause) {
            Some(count) => *count += 1,
            None => {
                self.tested.insert(clause.to_owned(), 1);
            }
        }
    }

    /// Takes over another judgement.
    pub fn join(&mut self, other: Judgement) {
        for (clause, count) in other.tested {
            *self.tested.entry(clause).or_default() += count;
        }
        self.findings.extend(other.findings);
        self.undecided.extend(other.undecided);
    }
}

/// Judges one step by what was recorded of it: its expectation, sameness, silence. `first` is the index of the first of
/// `records` in the case's history.
pub fn step(context: Context<'_>, case: &Arc<Case>, index: usize, records: &[Record], first: usize) -> Judgement {
    let mut judgement = expectation::judge(context, case, index, records, first);
    judgement.join(same::judge(context, case, index, records, first));
    judgement.join(silence::judge(context, case, index, records, first));
    judgement
}

/// Judges every answer in a stretch of history by the rules that hold for all answers.
pub fn answers(context: Context<'_>, case: &Arc<Case>, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    for (offset, record) in records.iter().enumerate() {
        let Event::Exchange(exchange) = &record.event else { continue };
        let Reply::Answered(response) = &exchange.reply else { continue };
        // Set-up and clean-up are never verdicts, throttling is none either.
        if !matches!(record.role, Role::Judged | Role::Strike | Role::Probe) {
            continue;
        }
        let found = Place { case, record, index: first + offset };
        framing::judge(context, found, response, &mut judgement);
        if !record.is_rpc() || Seen::is_http_refusal(response.status) {
            continue;
        }
        let seen = Seen::of(response);
        answer::judge(context, found, &seen, &mut judgement);
        envelope::judge(context, found, &seen, &mut judgement);
    }
    judgement
}

/// A record and where it stands, for findings.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The case.
    pub case: &'a Arc<Case>,
    /// The record.
    pub record: &'a Record,
    /// Its index in the case's history.
    pub index: usize,
}
