//! Confirmation: whether a program breaks a clause again, and how often it is asked.

use std::sync::Arc;

use super::lower;
use super::program::Program;
use super::rig::Rig;
use super::shrink::Trial;
use crate::check::CaseResult;
use crate::limits;

/// Whether a clause was found broken.
pub(super) fn breaks(result: &CaseResult, clause: &str) -> bool {
    result.findings.iter().any(|finding| finding.clause == clause)
}

/// Whether a smaller program breaks the same clause when it is run again.
pub(super) struct Again<'a> {
    pub rig: &'a mut Rig,
    pub id: &'a str,
    pub clause: &'a str,
    /// How often a program is run before it counts as one that does not.
    pub tries: usize,
    /// Runs left.
    pub left: usize,
}

impl Again<'_> {
    /// Which of a few runs was the first to break it.
    pub async fn first(&mut self, program: &Program) -> Option<usize> {
        for time in 1..=limits::FUZZ_CONFIRMATIONS {
            if self.fails(program).await? {
                return Some(time);
            }
        }
        None
    }
}

impl Trial for Again<'_> {
    async fn fails(&mut self, program: &Program) -> Option<bool> {
        let Some(case) = lower::case(self.id, program, &self.rig.abilities) else { return Some(false) };
        let case = Arc::new(case);
        for _ in 0..self.tries {
            self.left = self.left.checked_sub(1)?;
            let result = self.rig.hastily(case.clone()).await;
            if result.is_some_and(|result| breaks(&result, self.clause)) {
                return Some(true);
            }
            if self.rig.is_stopped() {
                return None;
            }
        }
        Some(false)
    }
}
