//! Results of cases: verdicts from findings, and what was put to the test.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::{Finding, Judgement, Record, Tested, Verdict};
use crate::case::Case;
use crate::contract::Level;

/// How it is said that the target refuses what the user has set up.
pub const REFUSES: &str = "the target refuses ";
/// How it is said that there is no target to judge.
pub const NOTHING: &str = "nothing answered";
/// How it is said for how long it was waited for.
pub const WAIT: &str = "`--wait-for-target`";
/// How it is said that a target was given up.
pub const UNANSWERED: &str = "requests in a row unanswered";
/// What is said of a case during which the target was away.
pub const ABSENT: &str = "the target was away for a while, and may have lost what this case needs";
/// What is said of what a run had no time for.
pub const TIME_IS_UP: &str = "the time limit of the run was reached";
/// What is said of what was not done since somebody ended the run.
pub const INTERRUPTED: &str = "interrupted";
/// How it is said that an answer is wrong in every form of a call, which is for other cases to judge.
pub const HOWEVER: &str = ", wrong in every wire form that was tried, which other cases judge";

/// What a case is excluded for that the target is spared, where a capability is named otherwise.
pub const CAREFUL: &str = "careful";

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
    /// Whether a breach ended it before everything that it has to do was done.
    pub cut_short: bool,
    /// Breaches, in the order of the history.
    pub findings: Vec<Finding>,
    /// Judgements made, by clause.
    pub tested: Tested,
    /// What could not be decided, and why.
    pub undecided: Vec<String>,
    /// Whether the target was away meanwhile, or too often for it to begin beside others.
    pub absent: bool,
    /// Ids of sessions that could not be ended.
    pub leaked: Vec<String>,
    /// Generated values that were not sent, since they may name a stranger's session.
    pub left_out: BTreeSet<&'static str>,
    /// Generated values that were not sent, since the target is spared them.
    pub spared: BTreeSet<&'static str>,
    /// How long it took.
    pub took: Duration,
}

impl CaseResult {
    /// A case that did not run.
    pub fn skipped(case: Arc<Case>, skip: Skip) -> CaseResult {
        let absent = matches!(&skip, Skip::Untested(reason) if reason == ABSENT);
        CaseResult {
            case,
            skip: Some(skip),
            history: Vec::new(),
            cut_short: false,
            findings: Vec::new(),
            tested: Tested::default(),
            undecided: Vec::new(),
            absent,
            leaked: Vec::new(),
            left_out: BTreeSet::new(),
            spared: BTreeSet::new(),
            took: Duration::ZERO,
        }
    }

    /// Adds what a check came to.
    pub fn add(&mut self, judgement: Judgement) {
        self.tested.join(judgement.tested);
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
        clauses.filter(|clause| !self.tested.contains(clause))
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

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::super::sample;
    use super::super::{Place, finding::Finding};
    use super::*;
    use crate::http::CauseKind;

    #[test]
    fn the_worst_of_a_case_decides_and_what_was_not_tested_is_no_pass() {
        let case = sample::case(
            "clauses: [end/session/unknown, end/error/message]\nsteps:\n  - call: EndTerminalSession\n    \
             with: { RegionId: r, SessionId: s }\n    expect: session-not-found\n",
        );
        let both: &[&str] = &["end/session/unknown", "end/error/message"];
        let (must, should, may) = ("end/session/unknown", "end/error/message", "end/success/extra");
        use Verdict::{Fail, Inconclusive, Pass, Skipped};
        type Row<'a> = (&'a str, Option<Skip>, &'a [&'a str], &'a [&'a str], bool, Verdict, Verdict);
        let rows: [Row<'_>; 11] = [
            ("all held", None, both, &[], false, Pass, Pass),
            ("one not tested", None, &both[..1], &[], false, Inconclusive, Inconclusive),
            ("MUST", None, both, &[must], false, Fail, Fail),
            ("SHOULD", None, both, &[should], false, Pass, Fail),
            ("MAY", None, both, &[may], false, Pass, Pass),
            ("SHOULD, one not tested", None, &both[..1], &[should], false, Inconclusive, Fail),
            ("MAY, one not tested", None, &both[..1], &[may], false, Inconclusive, Inconclusive),
            ("undecided", None, both, &[], true, Inconclusive, Inconclusive),
            ("MUST and undecided", None, both, &[must], true, Fail, Fail),
            ("excluded", Some(Skip::Excluded("xml".to_owned())), &[], &[], false, Skipped, Skipped),
            ("untested", Some(Skip::Untested("why".to_owned())), &[], &[], false, Inconclusive, Inconclusive),
        ];
        for (name, skip, tested, broken, undecided, verdict, strict) in rows {
            let record = sample::sent(Role::Judged, sample::lost(CauseKind::Closed));
            let place = Place { case: &case, record: &record, index: 0 };
            let mut judgement = Judgement::default();
            tested.iter().for_each(|clause| judgement.tested(clause.to_string()));
            let findings = broken.iter().map(|clause| Finding::new(sample::context(), clause, place, "a", "b"));
            judgement.findings.extend(findings);
            judgement.undecided.extend(undecided.then(|| "why".to_owned()));
            let mut result = CaseResult { skip, ..CaseResult::skipped(case.clone(), Skip::Excluded(String::new())) };
            result.add(judgement);
            assert_eq!((result.verdict(false), result.verdict(true)), (verdict, strict), "{name}");
        }
    }
}
