//! Absences: a target that has answered and then takes no connection, as while it is started again after it ended, is waited
//! for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Mutex;

use super::bounds::{self, is_there};
use super::preflight::NEVER_ISSUED;
use super::send::Bed;
use super::sessions::SessionSource;
use crate::case::Case;
use crate::check::result::ABSENT;
use crate::check::{CaseResult, Skip, Tested, silence};
use crate::http::{CauseKind, Exchange, Reply};
use crate::limits;

/// What a run knows of the absences of its target.
#[derive(Debug, Default)]
pub struct Absences {
    count: AtomicUsize,
    away: AtomicBool,
    /// Whether cases run beside each other, so that it does not show which of them ended it.
    pub beside: AtomicBool,
    /// How many cases were run again because of that.
    pub again: AtomicUsize,
    /// Held by the one who asks whether it is back.
    asking: Mutex<()>,
}

impl Absences {
    /// How often it was away so far.
    pub fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// Whether cases run beside each other, and it was away so often that nothing more is learned from that.
    pub fn are_too_many(&self) -> bool {
        self.beside.load(Ordering::SeqCst) && self.count() >= limits::ABSENCES_BESIDE
    }

    /// Whether it is.
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }
}

/// Whether a request never reached a target that is merely away: one that has answered before. Sessions that somebody gave may be
/// gone when it is back, and nobody opens others.
pub(super) fn is_of(bed: &Bed, exchange: &Exchange) -> bool {
    let refused =
        matches!(&exchange.reply, Reply::Refused(cause) if cause.kind == CauseKind::Connect && !cause.of_proxy);
    refused && bed.transport.has_answered() && !matches!(bed.target.sessions, SessionSource::Pool(_))
}

/// Waits until the target takes connections again; whether it does before it is given up. However many wait, one asks.
pub(super) async fn ends(bed: &Bed) -> bool {
    let Absences { count, away, asking, .. } = &bed.absences;
    if !away.swap(true, Ordering::SeqCst) {
        count.fetch_add(1, Ordering::SeqCst);
    }
    let _asking = asking.lock().await;
    let mut stream = bed.plan.seed.stream("absence");
    let mut pause = limits::ABSENCE_PAUSE;
    while away.load(Ordering::SeqCst) {
        if bed.over().is_some() {
            return false;
        }
        bed.sleep(pause).await;
        pause = (pause * 2).min(limits::ABSENCE_PAUSE_MOST);
        let Some(exchange) = bounds::plain(bed, NEVER_ISSUED, &mut stream).await else { return false };
        bed.note(&exchange);
        away.store(!is_there(&exchange), Ordering::SeqCst);
    }
    bed.tally.lost_with_the_target();
    if bed.absences.count() >= limits::ABSENCES {
        // The first to get here says why; all say the same.
        let _ = bed.gave_up.set(format!("the target took no connection for a while {} times", limits::ABSENCES));
    }
    true
}

/// Takes from a result what rests on sessions that the target may have lost while it was away: all but that an input was met
/// with silence again and again.
pub(super) fn doubt(result: &mut CaseResult) {
    let history = &result.history;
    result.findings.retain(|finding| history.get(finding.record).is_some_and(|record| silence::is_of(finding, record)));
    result.tested = Tested::default();
    for finding in &result.findings {
        result.tested.add(finding.clause.clone(), 1);
    }
    result.undecided = vec![ABSENT.to_owned()];
    result.absent = true;
}

/// A case that was not begun, since the target is away too often for cases beside each other.
pub(super) fn unbegun(case: &Arc<Case>) -> CaseResult {
    let mut result = CaseResult::skipped(case.clone(), Skip::Untested(ABSENT.to_owned()));
    result.absent = true;
    result
}
