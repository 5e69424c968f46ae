//! Scheduling: cases side by side, results in the order of the suite, an orderly end whatever happens.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};

use super::absence::{self, Absences};
use super::bounds::{self, Bounds, Enough};
use super::clean_up;
use super::execute::execute;
use super::pace::Pace;
use super::preflight::{Preflight, preflight};
use super::send::Bed;
use super::sessions::Sessions;
use super::silences::Silences;
use super::slots::Slots;
use super::tally::{Tally, Weather};
use super::target::Target;
use crate::case::Case;
use crate::check::request_id::RequestIds;
use crate::check::{CaseResult, Context, Skip, Tested, session_id};
use crate::clock::{Clock, Moment};
use crate::contract::Contract;
use crate::seed::Seed;
use crate::transport::Transport;

/// How to run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Cases at a time. Those that wait do not count, unless it is one, the target is spared or requests are paced.
    pub jobs: usize,
    /// Where entropy comes from.
    pub seed: Seed,
    /// Most requests per second.
    pub requests_per_second: Option<f64>,
    /// Longest time for the whole run.
    pub time_limit: Option<Duration>,
}

/// Is told of every case that ends, in the order in which they end.
pub trait Progress: Send + Sync {
    /// A case ended.
    fn case(&self, result: &CaseResult);
}

/// What a run works with.
pub struct Means {
    /// The lanes to the target.
    pub transport: Transport,
    /// Time.
    pub clock: Clock,
    /// Becoming true ends the run early: sessions are ended and what was done is kept.
    pub stop: watch::Receiver<bool>,
    /// Is told of every case that ends.
    pub progress: Arc<dyn Progress>,
    /// Makes nonces differ between two runs with one seed: a target remembers nonces.
    pub salt: Seed,
    /// What the run opens: whoever ends the process in the middle can say what is left.
    pub sessions: Arc<Sessions>,
}

/// What a run came to.
#[derive(Debug)]
pub struct Ended {
    /// Results in the order of the cases given.
    pub results: Vec<CaseResult>,
    /// Requests sent.
    pub exchanges: usize,
    /// WebSocket handshakes besides.
    pub handshakes: usize,
    /// Sessions that could not be ended.
    pub leaked: Vec<String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// How long it took, from when the target was there.
    pub took: Duration,
    /// How long it was waited for before that.
    pub waited: Duration,
    /// What it met on the way.
    pub weather: Weather,
    /// What it ran against.
    pub target: Target,
    /// The documents it judged by.
    pub contract: Arc<Contract>,
    /// The lanes that it used, with the connections that are still good.
    pub transport: Transport,
}

/// Runs `cases` against `target`, whatever it says of its caller.
///
/// # Panics
/// When a case panicked: a defect of this program. Sessions are ended before.
pub async fn run(cases: Vec<Arc<Case>>, contract: Arc<Contract>, target: Target, plan: Plan, means: Means) -> Ended {
    let (bed, progress) = bed(contract, target, plan, means, Bounds::default());
    let began = bed.clock.now();
    let bed = Arc::new(bed);
    finish(bed, cases, progress, (began, began)).await
}

/// Runs `cases` against a `target` that somebody set up, within `bounds`: what shows that the set-up does not fit it is
/// never a verdict.
///
/// # Panics
/// As [`run`].
pub async fn run_as_set_up(
    cases: Vec<Arc<Case>>,
    contract: Arc<Contract>,
    target: Target,
    plan: Plan,
    means: Means,
    bounds: Bounds,
) -> Ended {
    let waits = !bounds.wait.is_zero();
    let (mut bed, progress) = bed(contract, target, plan, means, bounds);
    let made = bed.clock.now();
    let obstacle = if !waits { None } else { waited(&mut bed).await };
    let bed = Arc::new(bed);
    let began = bed.clock.now();
    let found = match obstacle {
        Some(words) => Preflight { obstacle: Some(words), ..Preflight::default() },
        None => preflight(&bed, &cases).await,
    };
    // Nobody else has set it.
    let _ = bed.preflight.set(found);
    finish(bed, cases, progress, (made, began)).await
}

/// Waits for the target; the time that this takes is none of the run's.
async fn waited(bed: &mut Bed) -> Option<String> {
    let limit = bed.plan.time_limit.take();
    let began = bed.clock.now();
    let obstacle = bounds::wait(bed, bed.bounds.wait).await;
    bed.plan.time_limit = limit.map(|limit| limit + bed.clock.now().since(began));
    obstacle
}

fn bed(contract: Arc<Contract>, target: Target, plan: Plan, means: Means, bounds: Bounds) -> (Bed, Arc<dyn Progress>) {
    let Means { transport, clock, stop, progress, salt, sessions } = means;
    let spared = target.careful || plan.requests_per_second.is_some();
    let bed = Bed {
        contract,
        target,
        pace: Pace::new(plan.requests_per_second),
        slots: Slots::new(plan.jobs, spared),
        salt: format!("{:016x}", salt.0),
        plan,
        transport,
        clock,
        sessions,
        silences: Silences::default(),
        absences: Absences::default(),
        sent: AtomicUsize::new(0),
        handshakes: AtomicUsize::new(0),
        tally: Tally::default(),
        gave_up: OnceLock::new(),
        bounds,
        enough: Enough::default(),
        preflight: OnceLock::new(),
        cleaned_until: OnceLock::new(),
        stop,
    };
    (bed, progress)
}

/// Runs the cases; a run is `made`, may wait for its target, and `began` when that was there.
async fn finish(
    bed: Arc<Bed>,
    cases: Vec<Arc<Case>>,
    progress: Arc<dyn Progress>,
    (made, began): (Moment, Moment),
) -> Ended {
    let (mut results, panic) = all(&bed, cases, &progress).await;
    let leaked = sweep(&bed, &mut results).await;
    if let Some(panic) = panic {
        std::panic::resume_unwind(panic);
    }
    let context = Context { contract: &bed.contract, readings: &bed.target.readings };
    let histories: Vec<_> = results.iter().map(|result| (&result.case, result.history.as_slice())).collect();
    let of_sessions = session_id::judge(context, &histories);
    let mut requests = RequestIds::default();
    for (result, of_sessions) in results.iter_mut().zip(of_sessions) {
        result.add(requests.judge(context, &result.case, &result.history));
        result.add(of_sessions);
        result.findings.sort_by_key(|finding| (finding.step, finding.record));
    }
    let took = bed.clock.now().since(began);
    let interrupted = *bed.stop.borrow();
    let bed = Arc::into_inner(bed).unwrap_or_else(|| unreachable!("every case has ended"));
    Ended {
        results,
        exchanges: bed.sent.load(Ordering::SeqCst),
        handshakes: bed.handshakes.load(Ordering::SeqCst),
        leaked,
        interrupted,
        took,
        waited: began.since(made),
        weather: Weather { absences: bed.absences.count(), ..bed.tally.weather() },
        target: bed.target,
        contract: bed.contract,
        transport: bed.transport,
    }
}

type Panic = Box<dyn std::any::Any + Send>;

/// Runs all cases; those that restart the target run alone, after the others.
async fn all(bed: &Arc<Bed>, cases: Vec<Arc<Case>>, progress: &Arc<dyn Progress>) -> (Vec<CaseResult>, Option<Panic>) {
    // What a case leaves when it panics; all others put their result in its place.
    let failed = || Skip::Untested("endspec itself failed in this case".to_owned());
    let mut results: Vec<CaseResult> = cases.iter().map(|case| CaseResult::skipped(case.clone(), failed())).collect();
    let (alone, others): (Vec<_>, Vec<_>) = cases.into_iter().enumerate().partition(|(_, case)| case.needs("restart"));
    let beside = bed.plan.jobs > 1 && others.len() > 1;
    bed.absences.beside.store(beside, Ordering::SeqCst);
    let mut panic = side_by_side(bed, others, true, progress, &mut results).await;
    panic = panic.or(one_at_a_time(bed, progress, &mut results).await);
    for case in alone {
        panic = panic.or(side_by_side(bed, vec![case], false, progress, &mut results).await);
    }
    (results, panic)
}

/// Runs cases again during which the target was away, one at a time: which of them ended it, and what each comes to without. What
/// was found of one that ran alone stands.
async fn one_at_a_time(bed: &Arc<Bed>, progress: &Arc<dyn Progress>, results: &mut [CaseResult]) -> Option<Panic> {
    let mut panic = None;
    let beside = bed.absences.beside.swap(false, Ordering::SeqCst);
    for index in 0..results.len() {
        if !is_run_again(&results[index], beside) {
            continue;
        }
        if let Some(reason) = bed.over() {
            let result = &mut results[index];
            // Beside others, silence may be what another brought about.
            (result.findings, result.tested) = (Vec::new(), Tested::default());
            absence::because(result, reason);
            progress.case(result);
            continue;
        }
        bed.absences.again.fetch_add(1, Ordering::Relaxed);
        let leaked = std::mem::take(&mut results[index].leaked);
        let case = (index, results[index].case.clone());
        panic = panic.or(side_by_side(bed, vec![case], false, progress, results).await);
        results[index].leaked.extend(leaked);
    }
    panic
}

/// Whether a case is to be run again, and told of then.
fn is_run_again(result: &CaseResult, beside: bool) -> bool {
    result.absent && (beside || result.findings.is_empty())
}

/// Runs cases, as many at a time as there are slots, and puts each result in its place; the last panic, if a case panicked.
/// `again` is whether those are to be run again during which the target was away, and not told of before.
async fn side_by_side(
    bed: &Arc<Bed>,
    cases: Vec<(usize, Arc<Case>)>,
    again: bool,
    progress: &Arc<dyn Progress>,
    results: &mut [CaseResult],
) -> Option<Panic> {
    let mut panic = None;
    let mut take = |ended: Result<(usize, Box<CaseResult>), JoinError>| match ended {
        Ok((index, result)) => results[index] = *result,
        Err(error) => panic = error.try_into_panic().ok().or(panic.take()),
    };
    // A task is as large as the deepest thing that a case can do: none outlives its case.
    let mut running = JoinSet::new();
    for (index, case) in cases {
        let slot = bed.slots.next().await;
        while let Some(ended) = running.try_join_next() {
            take(ended);
        }
        let (bed, progress) = (bed.clone(), progress.clone());
        running.spawn(async move {
            // It is over only when it was told of: what comes next may not begin after it.
            let case = Box::pin(async {
                let result = execute(&bed, case).await;
                if !(again && is_run_again(&result, bed.absences.beside.load(Ordering::SeqCst))) {
                    bed.enough.note(&bed.bounds, &result);
                    progress.case(&result);
                }
                // Whoever asks for it is handed it each time, there or not.
                Box::new(result)
            });
            let result = Slots::run(slot, case).await;
            drop(bed);
            (index, result)
        });
    }
    while let Some(ended) = running.join_next().await {
        take(ended);
    }
    panic
}

/// Ends what is still open after all cases: sessions of a case that panicked, or whose clean-up failed. Of a target that was
/// given up each session is asked once alone.
async fn sweep(bed: &Bed, results: &mut [CaseResult]) -> Vec<String> {
    let mut left = bed.sessions.left();
    if bed.gave_up.get().is_some() {
        left.retain(|session| !results.iter().any(|result| result.leaked.contains(&session.id)));
    }
    clean_up::end(bed, &left, &mut bed.plan.seed.stream("clean-up")).await;
    let leaked: Vec<String> = bed.sessions.left().into_iter().map(|session| session.id).collect();
    for result in results {
        result.leaked.retain(|id| leaked.contains(id));
    }
    leaked
}
