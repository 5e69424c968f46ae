//! Absences: a target that has answered and then takes no connection, or is said to by what stands in front of it, as while it is
//! started again after it ended, is waited for.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::bounds;
use super::preflight::NEVER_ISSUED;
use super::send::{Bed, is_silent};
use super::sessions::SessionSource;
use crate::check::history::{Record, Role};
use crate::check::result::{ABSENT, UNANSWERED};
use crate::check::{CaseResult, Tested, silence};
use crate::clock::Moment;
use crate::http::{Exchange, Reply, Response};
use crate::limits;

/// What a run knows of the absences of its target.
#[derive(Debug, Default)]
pub struct Absences {
    count: AtomicUsize,
    away: AtomicBool,
    /// How long it was waited for, in the units of a [`Moment`].
    waited: AtomicU64,
    /// When the last one ended, in the units of a [`Moment`].
    ended: AtomicU64,
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

    /// Why a case that had counted so many as it began is not gone on with: it runs beside others, and is run again.
    pub fn spoil(&self, counted: usize) -> Option<String> {
        (self.beside.load(Ordering::SeqCst) && self.count() != counted).then(|| ABSENT.to_owned())
    }

    /// Whether a connection was refused since it was last seen.
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }
}

/// Whether a request found nobody listening where somebody has answered before.
pub(super) fn is_of(bed: &Bed, exchange: &Exchange) -> bool {
    matches!(&exchange.reply, Reply::Refused(cause) if cause.unheard && !cause.of_proxy) && awaits(bed)
}

/// Whether something in front found nobody to answer a request, which may have had its effect and is not sent again.
pub(super) fn may_be_behind(bed: &Bed, exchange: &Exchange) -> bool {
    exchange.reply.answer().is_some_and(Response::is_of_gateway) && awaits(bed)
}

/// Whether a target that was there before is waited for. Sessions that somebody gave may be gone when it is back, and nobody opens
/// others.
fn awaits(bed: &Bed) -> bool {
    bed.transport.has_answered() && !matches!(bed.target.sessions, SessionSource::Pool(_))
}

/// Waits until the target is there again, where a request of those moments, sent and done, did not find it; whether it is before it
/// is given up. However many wait, one asks. What turns away one of many and takes the next was not away.
pub(super) async fn ends(bed: &Bed, sent: Moment, done: Moment) -> bool {
    // Apart from what is awaited for every request: a future is copied as large as it may ever be.
    Box::pin(awaited(bed, sent, done)).await
}

async fn awaited(bed: &Bed, sent: Moment, done: Moment) -> bool {
    let Absences { count, away, waited, ended, asking, .. } = &bed.absences;
    if sent.0 < ended.load(Ordering::SeqCst) {
        return true;
    }
    away.store(true, Ordering::SeqCst);
    let _asking = asking.lock().await;
    if away.load(Ordering::SeqCst) {
        // How often it is asked is bounded here.
        bed.silences.end();
    }
    let began = bed.clock.now();
    let mut stream = bed.plan.seed.stream("absence");
    let (mut pause, mut asks) = (Duration::ZERO, 0);
    while away.load(Ordering::SeqCst) {
        // Who has no more time still ends what is open, once the target is back.
        let ends_all = bed.gave_up.get().is_none() && !*bed.stop.borrow() && asks < limits::ABSENCE_ASKS_AT_END;
        if bed.over().is_some() && !ends_all {
            give_up(bed, ABSENT.to_owned());
            return false;
        }
        bed.sleep(pause).await;
        let Some(exchange) = bounds::plain(bed, NEVER_ISSUED, &mut stream).await else { return false };
        let back = !is_silent(&exchange) || exchange.reply.is_no_http();
        // Where requests are paced, the first to ask comes late, too.
        let late = exchange.sent.since(done) >= limits::ABSENCE_PAUSE;
        if asks == 0 && (!back || late) {
            count.fetch_add(1, Ordering::SeqCst);
        }
        if back && (asks > 0 || late) {
            bed.tally.lost_with_the_target();
        }
        bed.note(&exchange);
        if back {
            let now = bed.clock.now();
            waited.fetch_add(now.0.saturating_sub(began.0), Ordering::SeqCst);
            ended.store(now.0, Ordering::SeqCst);
            away.store(false, Ordering::SeqCst);
            break;
        }
        asks += 1;
        if asks >= limits::SILENT_IN_A_ROW {
            let said = silence::said(&exchange);
            give_up(bed, format!("the target left {asks} {UNANSWERED} as it was waited for ({said})"));
        }
        pause = (pause * 2).clamp(limits::ABSENCE_PAUSE, limits::ABSENCE_PAUSE_MOST);
    }
    let waited = Duration::from_micros(waited.load(Ordering::SeqCst));
    if waited >= limits::ABSENCE_TIME {
        let times = count.load(Ordering::SeqCst);
        give_up(bed, format!("the target was away {times} times, {} s in all", waited.as_secs()));
    }
    true
}

/// The first to get here says why.
fn give_up(bed: &Bed, words: String) {
    let _ = bed.gave_up.set(words);
}

/// Takes from a result what rests on sessions that the target may have lost while it was away: all but that an input was met
/// with silence again and again.
pub(super) fn doubt(bed: &Bed, result: &mut CaseResult) {
    let history = &result.history;
    result.findings.retain(|finding| history.get(finding.record).is_some_and(is_struck));
    result.tested = Tested::default();
    for finding in &result.findings {
        result.tested.add(finding.clause.clone(), 1);
    }
    // What happened to whom is told after that.
    because(result, bed.over().unwrap_or_else(|| ABSENT.to_owned()));
    result.absent = true;
}

/// Says why nothing can be decided, unless it says so.
pub(super) fn because(result: &mut CaseResult, reason: String) {
    if !result.undecided.iter().any(|other| other.contains(&reason)) {
        result.undecided.insert(0, reason);
    }
}

/// Whether it is that of an input which was met with silence before.
fn is_struck(record: &Record) -> bool {
    record.role == Role::Strike && record.exchange().is_some_and(is_silent)
}
