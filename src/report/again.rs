//! The command that shows a finding again: its case, and the case in which came before what may come only once.

use std::fmt::Write as _;

use super::Facts;
use super::exchange::quoted_where_needed;
use super::scope::ACROSS_CASES;
use crate::check::{CaseResult, Finding, Record};

/// How the names of the built-in cases' files begin.
const BUILT_IN: &str = "<built-in>/";

/// How the names of generated cases begin that are kept nowhere.
const UNKEPT: &str = "<generated>/";

/// The command: cases by their ids where they are built in, else by their files.
pub(super) fn again(result: &CaseResult, found: &Finding, all: &[CaseResult], facts: &Facts) -> String {
    let with = earlier(result, found, all);
    let cases = || with.into_iter().chain([result]).map(|result| &result.case);
    let which = if result.case.source.name.starts_with(BUILT_IN) {
        format!("--select {}", cases().map(|case| case.id.as_str()).collect::<Vec<_>>().join(","))
    } else {
        cases().map(|case| quoted_where_needed(&case.source.name)).collect::<Vec<_>>().join(" ")
    };
    let mut words = if result.case.source.name.starts_with(UNKEPT) {
        format!("endspec fuzz --seed {}", facts.seed)
    } else {
        format!("endspec run {which} --seed {}", facts.seed)
    };
    if !facts.flags.is_empty() {
        let _ = write!(words, " {}", facts.flags);
    }
    // What the command says may be secret.
    if facts.restarts && result.case.needs("restart") {
        words.push_str(" --restart-command CMD");
    }
    words
}

/// The other case in which the repeated id came last before; none where the finding's own case has it twice.
fn earlier<'a>(result: &CaseResult, found: &Finding, all: &'a [CaseResult]) -> Option<&'a CaseResult> {
    let (_, member) = ACROSS_CASES.iter().find(|(clause, _)| *clause == found.clause)?;
    let repeated = id(result.history.get(found.record)?, member)?;
    let has = |record: &Record| id(record, member).is_some_and(|id| id.eq_ignore_ascii_case(&repeated));
    if result.history.iter().filter(|record| has(record)).count() > 1 {
        return None;
    }
    let (before, from) = all.split_at(all.iter().position(|other| other.case.id == result.case.id)?);
    before.iter().rev().chain(from.iter().skip(1)).find(|other| other.history.iter().any(has))
}

fn id(record: &Record, member: &str) -> Option<String> {
    record.seen()?.text(member).map(str::to_owned)
}
