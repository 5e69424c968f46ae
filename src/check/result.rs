//! Results of cases: verdicts from findings, and what was put to the test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::{Finding, Judgement, Record, Verdict};
use crate::case::Case;
use crate::contract::Level;

/// Why a case did not run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Skip {
    /// The target declares that it lacks this capability.
    Excluded(String),
    /// Something that the case needs was not given: what, and how to mend it.
    Untested(String),
}

/// What became of one case.
#[derive(Debug, Clone)]
pub struct CaseResult {
    /// The case.
    pub case: Arc<Case>,
    /// Why it did not run, if it did not.
    pub skip: Option<Skip>,
    /// All that happened.
    pub history: Vec<Record>,
    /// Breaches, in the order of the history.
    pub findings: Vec<Finding>,
    /// Judgements made, by clause.
    pub tested: BTreeMap<String, usize>,
    /// What could not be decided, and why.
    pub undecided: Vec<String>,
    /// Ids of sessions that could not be ended.
    pub leaked: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

impl CaseResult {
    /// A case that did not run.
    pub fn skipped(case: Arc<Case>, skip: Skip) -> CaseResult {
        CaseResult {
            case,
            skip: Some(skip),
            history: Vec::new(),
            findings: Vec::new(),
            tested: BTreeMap::new(),
            undecided: Vec::new(),
            leaked: Vec::new(),
            took: Duration::ZERO,
        }
    }

    /// Adds what a check came to.
    pub fn add(&mut self, judgement: Judgement) {
        for (clause, count) in judgement.tested {
            *self.tested.entry(clause).or_default() += count;
        }
        self.findings.extend(judgement.findings);
        for reason in judgement.undecided {
            if !self.undecided.contains(&reason) {
                self.undecided.push(reason);
            }
        }
    }

    /// Clauses that the case lists and that nothing in it put to the test: its pass would mean nothing for them.
    pub fn untested(&self) -> impl Iterator<Item = &str> {
        let clauses = self.case.clauses.iter().map(|clause| clause.value.as_str());
        clauses.filter(|clause| !self.tested.contains_key(*clause))
    }

    /// The verdict; `strict` counts SHOULD as MUST.
    pub fn verdict(&self, strict: bool) -> Verdict {
        match &self.skip {
            Some(Skip::Excluded(_)) => return Verdict::Skipped,
            Some(Skip::Untested(_)) => return Verdict::Inconclusive,
            None => {}
        }
        if self.findings.iter().any(|finding| fails(finding.level, strict)) {
            Verdict::Fail
        } else if !self.undecided.is_empty() || self.untested().next().is_some() {
            Verdict::Inconclusive
        } else {
            Verdict::Pass
        }
    }
}

/// Whether a breach at this level fails the gate.
pub fn fails(level: Level, strict: bool) -> bool {
    match level {
        Level::Must => true,
        Level::Should => strict,
        Level::May => false,
    }
}
