//! Where a run begins and where it ends early: waiting for a target to be there, and having seen enough.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::expand::ordinary;
use super::preflight::NEVER_ISSUED;
use super::send::{Bed, Way, end_call};
use crate::check::result::{NOTHING, WAIT, fails};
use crate::check::seen::printable;
use crate::check::{CaseResult, Finding, Seen};
use crate::http::{Exchange, Reply, Response};
use crate::limits;
use crate::seed::Stream;

/// How long a run waits for its target, and after what it has seen enough.
#[derive(Debug, Clone, Default)]
pub struct Bounds {
    /// Longest wait until the target answers anything at all; it is not part of the run's own time.
    pub wait: Duration,
    /// Whether the first breach that fails the gate ends the run.
    pub fail_fast: bool,
    /// Findings after which it ends.
    pub findings: Option<usize>,
    /// Whether SHOULD counts as MUST.
    pub strict: bool,
    /// Clauses and cases of findings that are known: they are never enough.
    pub known: Arc<BTreeSet<(String, String)>>,
}

/// What a run has seen so far, as far as it may be enough.
#[derive(Debug, Default)]
pub struct Enough {
    found: AtomicUsize,
    why: OnceLock<String>,
}

impl Enough {
    /// Why the rest is not run, if so.
    pub fn why(&self) -> Option<&str> {
        self.why.get().map(String::as_str)
    }

    /// Counts what a case found: findings of one clause and shape are one, as reports tell them.
    pub(super) fn note(&self, bounds: &Bounds, result: &CaseResult) {
        let is_new = |finding: &&Finding| {
            !bounds.known.iter().any(|(clause, case)| *clause == finding.clause && *case == result.case.id)
        };
        let new: Vec<&Finding> = result.findings.iter().filter(is_new).collect();
        let broken = new.iter().find(|finding| fails(finding.level, bounds.strict));
        if let Some(finding) = broken.filter(|_| bounds.fail_fast) {
            let words = format!("`--fail-fast` ended the run when {} broke {}", result.case.id, finding.clause);
            // The first to get here says why.
            let _ = self.why.set(words);
        }
        let mut shapes: Vec<_> = new.iter().map(|finding| (&finding.clause, &finding.shape)).collect();
        shapes.sort_unstable();
        shapes.dedup();
        let found = self.found.fetch_add(shapes.len(), Ordering::SeqCst) + shapes.len();
        if let Some(most) = bounds.findings.filter(|most| found >= *most) {
            let _ = self.why.set(format!("`--max-findings {most}` ended the run"));
        }
    }
}

/// Waits until the target answers; why there is none to judge where it never does.
pub(super) async fn wait(bed: &Bed, longest: Duration) -> Option<String> {
    let mut stream = bed.plan.seed.stream("wait for target");
    let until = bed.clock.now().plus(longest);
    let mut last = None;
    while bed.stopped().is_none() {
        let left = until.since(bed.clock.now());
        if left.is_zero() {
            break;
        }
        let exchange = tokio::select! {
            biased;
            exchange = plain(bed, NEVER_ISSUED, &mut stream) => exchange,
            () = bed.sleep(left) => break,
        };
        if exchange.as_ref().is_some_and(is_there) {
            return None;
        }
        last = exchange.or(last);
        bed.sleep(limits::RESTART_PAUSE.min(until.since(bed.clock.now()))).await;
    }
    if bed.stopped().is_some() {
        return None;
    }
    let said = last.map_or_else(|| "no answer".to_owned(), |exchange| words(&exchange));
    Some(format!(
        "{NOTHING} at {} within the {:?} of {WAIT} (last: {said}): is the target being started there, and the \
         address right?",
        bed.target.endpoint, longest
    ))
}

fn words(exchange: &Exchange) -> String {
    match &exchange.reply {
        Reply::Answered(response) => response.status.to_string(),
        Reply::Refused(cause) | Reply::Lost(cause) => printable(&cause.words, 200),
    }
}

/// A plain End of a session that is not there, whose silence is expected; nothing where the run was stopped.
pub(super) async fn plain(bed: &Bed, id: &str, stream: &mut Stream) -> Option<Exchange> {
    let call = end_call(&bed.target.region, id);
    let request = bed.encode(&call, ordinary(&bed.target), stream);
    bed.unnoted(request, Way::Fresh).await.ok()
}

/// Whether the target itself answered, not what stands in front of it.
pub(super) fn is_there(exchange: &Exchange) -> bool {
    let answered = |response: &Response| !matches!(response.status, 502..=504) || Seen::of(response).is_throttled();
    let begun = |reply: &Reply| matches!(reply, Reply::Lost(cause) if cause.status.is_some());
    exchange.reply.answer().is_some_and(answered) || exchange.reply.is_no_http() || begun(&exchange.reply)
}
