//! Absences: a target that has answered and then takes no connection, or is said to by what stands in front of it, as while it is
//! started again after it ended, is waited for.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use super::bounds;
use super::expand::ordinary;
use super::preflight::NEVER_ISSUED;
use super::send::{Bed, Way, call, is_silent};
use super::sessions::SessionSource;
use crate::check::history::{Record, Role};
use crate::check::result::{ABSENT, UNANSWERED};
use crate::check::{CaseResult, Tested};
use crate::clock::Moment;
use crate::http::{Exchange, Reply, Response};
use crate::limits;
use crate::seed::Stream;
use crate::transport::WsOutcome;

/// What a run knows of the absences of its target.
#[derive(Debug, Default)]
pub struct Absences {
    count: AtomicUsize,
    /// How often it may have lost what it knew: that, and moments too short to be called so.
    doubts: AtomicUsize,
    away: AtomicBool,
    /// Whether what stands in front said for so long that it is away that its word is no longer waited for.
    is_futile: AtomicBool,
    /// How long it was waited for, in the units of a [`Moment`].
    waited: AtomicU64,
    /// When somebody who asked was last answered, in the units of a [`Moment`].
    seen: AtomicU64,
    /// How often somebody began to ask: no two ask with the same nonces.
    asked: AtomicUsize,
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

    /// How often it may have lost what it knew so far.
    pub fn doubts(&self) -> usize {
        self.doubts.load(Ordering::SeqCst)
    }

    /// Whether cases run beside each other, and it was away so often that nothing more is learned from that.
    pub fn are_too_many(&self) -> bool {
        self.beside.load(Ordering::SeqCst) && self.count() >= limits::ABSENCES_BESIDE
    }

    /// Why a case that had counted so many doubts as it began is not gone on with: it runs beside others, and is run again.
    pub fn spoil(&self, counted: usize) -> Option<String> {
        (self.beside.load(Ordering::SeqCst) && self.doubts() != counted).then(|| ABSENT.to_owned())
    }

    /// Whether no other case runs that may have ended it.
    pub fn are_of_one_case(&self) -> bool {
        !self.beside.load(Ordering::SeqCst)
    }

    /// Whether it is waited for.
    pub fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    /// How long it was waited for, that time included.
    fn waited(&self, now: Duration) -> Duration {
        now + Duration::from_micros(self.waited.load(Ordering::SeqCst))
    }

    /// Notes that it is there.
    fn seen(&self, bed: &Bed) {
        self.seen.store(bed.clock.now().0, Ordering::SeqCst);
        self.away.store(false, Ordering::SeqCst);
    }

    /// Notes that nobody asks any more: who comes next finds out.
    fn unknown(&self) {
        self.away.store(false, Ordering::SeqCst);
    }

    /// Whether somebody who asked was answered after that.
    fn was_seen_after(&self, moment: Moment) -> bool {
        moment.0 < self.seen.load(Ordering::SeqCst)
    }

    fn stream(&self, bed: &Bed) -> Stream {
        bed.plan.seed.stream(&format!("absence {}", self.asked.fetch_add(1, Ordering::SeqCst)))
    }
}

/// Whether a request found nobody listening where somebody has answered before.
pub(super) fn is_of(bed: &Bed, exchange: &Exchange) -> bool {
    matches!(&exchange.reply, Reply::Refused(cause) if cause.unheard && !cause.of_proxy) && awaits(bed)
}

/// Whether a target that was there before is waited for. Sessions that somebody gave may be gone when it is back, and nobody opens
/// others.
fn awaits(bed: &Bed) -> bool {
    bed.transport.has_answered() && !matches!(bed.target.sessions, SessionSource::Pool(_))
}

/// Waits until the target is there again, where a request of those moments, sent and done, found nobody listening; whether it is
/// before it is given up. However many wait, one asks. What turns away one of many and takes the next was not away.
pub(super) async fn ends(bed: &Bed, sent: Moment, done: Moment) -> bool {
    // Apart from what is awaited for every request: a future is copied as large as it may ever be.
    Box::pin(refused(bed, sent, done)).await
}

async fn refused(bed: &Bed, sent: Moment, done: Moment) -> bool {
    let absences = &bed.absences;
    if absences.was_seen_after(sent) {
        return true;
    }
    absences.away.store(true, Ordering::SeqCst);
    let _asking = absences.asking.lock().await;
    if !absences.is_away() {
        return true;
    }
    let (began, mut stream) = (bed.clock.now(), absences.stream(bed));
    bed.silences.end();
    if !goes_on(bed, 0, began) {
        return false;
    }
    let Some(exchange) = ask(bed, &mut stream).await else {
        absences.unknown();
        return false;
    };
    bed.note(&exchange);
    if is_there(&exchange) {
        // Where requests are paced the first to ask comes late, and nobody knows what was before.
        let is_late = exchange.sent.since(done) >= limits::ABSENCE_PAUSE;
        absences.doubts.fetch_add(usize::from(is_late), Ordering::SeqCst);
        absences.seen(bed);
        return true;
    }
    absences.count.fetch_add(1, Ordering::SeqCst);
    absences.doubts.fetch_add(1, Ordering::SeqCst);
    let came = wait(bed, &mut stream, began).await;
    if came == Came::Never {
        give_up(bed, format!("the target left {} {UNANSWERED} as it was waited for", limits::SILENT_IN_A_ROW));
    }
    came == Came::Back
}

/// Where something in front said of a request that the target gave no answer, and plain requests after it find nobody either, twice
/// and a pause between: waits until it is there again. One such answer is no more than lost, and nobody waits for it but who got it.
/// Once the run is over that is not asked about: what is open is ended as well as it goes. Whether it was such an answer.
pub(super) async fn behind(bed: &Bed, exchange: &Exchange) -> bool {
    let is_of_gateway = exchange.reply.answer().is_some_and(Response::is_of_gateway);
    if is_of_gateway {
        doubted(bed, exchange.done).await;
    }
    is_of_gateway
}

/// The same of a handshake.
pub(super) async fn behind_handshake(bed: &Bed, outcome: &WsOutcome) {
    let is_away = match outcome {
        WsOutcome::UpgradeRefused(answer) => answer.is_of_gateway(),
        WsOutcome::Refused(cause) => cause.unheard && !cause.of_proxy,
        WsOutcome::Open(_) | WsOutcome::Closed { .. } | WsOutcome::Lost(_) => false,
    };
    if is_away {
        doubted(bed, bed.clock.now()).await;
    }
}

async fn doubted(bed: &Bed, done: Moment) {
    if awaits(bed) && bed.over().is_none() && !bed.absences.is_futile.load(Ordering::SeqCst) {
        Box::pin(unanswered(bed, done)).await;
    }
}

async fn unanswered(bed: &Bed, done: Moment) {
    let absences = &bed.absences;
    let _asking = absences.asking.lock().await;
    if absences.was_seen_after(done) {
        return;
    }
    let (began, mut stream) = (bed.clock.now(), absences.stream(bed));
    for pause in [Duration::ZERO, limits::ABSENCE_PAUSE] {
        bed.sleep(pause).await;
        // It may have become so while somebody else asked.
        if bed.over().is_some() || absences.is_futile.load(Ordering::SeqCst) {
            return;
        }
        let Some(exchange) = ask(bed, &mut stream).await else { return };
        bed.note(&exchange);
        if is_there(&exchange) {
            absences.seen(bed);
            return;
        }
        // A moment is enough to be started again.
        absences.doubts.fetch_add(usize::from(pause.is_zero()), Ordering::SeqCst);
    }
    absences.away.store(true, Ordering::SeqCst);
    absences.count.fetch_add(1, Ordering::SeqCst);
    if wait(bed, &mut stream, began).await == Came::Never {
        // Perhaps it says so of these requests alone: each is judged for itself then.
        absences.is_futile.store(true, Ordering::SeqCst);
        absences.unknown();
    }
}

/// What came of waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Came {
    Back,
    /// It was asked as often as any that leaves requests unanswered.
    Never,
    /// Nobody asks any more.
    Unknown,
}

/// Asks a target that is away until it is there, or was asked often enough.
async fn wait(bed: &Bed, stream: &mut Stream, began: Moment) -> Came {
    let mut pause = limits::ABSENCE_PAUSE;
    for asks in 1..limits::SILENT_IN_A_ROW {
        if !goes_on(bed, asks, began) {
            return Came::Unknown;
        }
        bed.sleep(pause).await;
        let Some(exchange) = ask(bed, stream).await else {
            bed.absences.unknown();
            return Came::Unknown;
        };
        if is_there(&exchange) {
            back(bed, &exchange, began);
            return Came::Back;
        }
        bed.note(&exchange);
        pause = (pause * 2).min(limits::ABSENCE_PAUSE_MOST);
    }
    Came::Never
}

/// Whether it is asked once more. Who has no more time still ends what is open, once the target is back; who is stopped ends it as
/// well as it goes.
fn goes_on(bed: &Bed, asks: usize, began: Moment) -> bool {
    if *bed.stop.borrow() {
        return false;
    }
    let waited = bed.absences.waited(bed.clock.now().since(began));
    if waited >= limits::ABSENCE_TIME {
        give_up(bed, format!("the target was away {} times, {} s in all", bed.absences.count(), waited.as_secs()));
    }
    let goes_on = bed.over().is_none() || (bed.gave_up.get().is_none() && asks < limits::ABSENCE_ASKS_AT_END);
    if !goes_on {
        give_up(bed, ABSENT.to_owned());
    }
    goes_on
}

/// Notes that the target answered, and that what was lost before was lost with it.
fn back(bed: &Bed, exchange: &Exchange, began: Moment) {
    let absences = &bed.absences;
    bed.tally.lost_with_the_target();
    bed.note(exchange);
    absences.seen(bed);
    absences.waited.fetch_add(bed.clock.now().0.saturating_sub(began.0), Ordering::SeqCst);
}

/// A plain request: a list of sessions, or where that is not answered either, an End that is refused. What breaks one of them is
/// not away.
async fn ask(bed: &Bed, stream: &mut Stream) -> Option<Exchange> {
    if !bed.target.lacking.contains("describe") {
        let describe = call("DescribeTerminalSessions", &[("RegionId", &bed.target.region)]);
        let request = bed.encode(&describe, ordinary(&bed.target), stream);
        let exchange = bed.unnoted(request, Way::Fresh).await.ok()?;
        if is_there(&exchange) || matches!(exchange.reply, Reply::Refused(_)) {
            return Some(exchange);
        }
    }
    bounds::plain(bed, NEVER_ISSUED, stream).await
}

fn is_there(exchange: &Exchange) -> bool {
    !is_silent(exchange) || exchange.reply.is_no_http()
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
