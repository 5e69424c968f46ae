//! Execution of one case: its steps in order, on sessions of its own, judged as they go, cleaned up after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::send::Bed;
use super::sessions;
use super::state::{State, context, fill};
use super::target::Availability;
use super::{call, expand, look, overlap, raw, restart};
use crate::case::step::OpenStep;
use crate::case::{Action, Case, Pause, Step, mutation};
use crate::check::history::Record;
use crate::check::{self, CaseResult, Skip};
use crate::contract::Level;
use crate::limits;

/// Runs a case; never fails: what goes wrong is in the result.
pub async fn execute(bed: &Bed, case: Arc<Case>) -> CaseResult {
    if let Some(skip) = skip(bed, &case) {
        return CaseResult::skipped(case, skip);
    }
    let began = bed.clock.now();
    let mut result = CaseResult { skip: None, ..CaseResult::skipped(case.clone(), Skip::Excluded(String::new())) };
    let opens = case.steps.iter().filter(|step| matches!(step.action, Action::Open(_))).count();
    let places = if opens > 0 { Some(bed.sessions.places(opens).await) } else { None };
    let mut stream = bed.plan.seed.stream(&case.id);
    for (variant, base) in expand::variants(&case, &bed.target) {
        let unknown = stream.unstructured(64, |u| mutation::unlike("s-hz023od0x9abcd", u));
        let variant_stream = bed.plan.seed.stream(&format!("{}\0{}", case.id, variant.as_deref().unwrap_or("")));
        let mut state = State {
            stream: variant_stream,
            captured: BTreeMap::new(),
            sessions: BTreeMap::new(),
            opened: BTreeMap::new(),
            held: BTreeMap::new(),
            consumed: BTreeSet::new(),
            unknown,
            base,
            variant,
        };
        let first = result.history.len();
        let mut held = steps(bed, &case, &mut state, &mut result).await;
        if held {
            let records = &result.history[first..];
            let judgement = check::overlap::judge(context(bed), &case, records, first, bed.target.settle);
            held = judgement.findings.is_empty();
            result.add(judgement);
        }
        clean_up(bed, &mut state, &mut result).await;
        if !held {
            break;
        }
    }
    drop(places);
    let judgement = check::answers(context(bed), &case, &result.history, 0);
    result.add(judgement);
    if let Some(capability) = emptied(bed, &result) {
        result.skip = Some(Skip::Excluded(capability));
    }
    result.took = bed.clock.now().since(began);
    result
}

fn skip(bed: &Bed, case: &Case) -> Option<Skip> {
    let mut untested = bed.stopped().map(Skip::Untested);
    for need in &case.needs {
        match bed.target.has(&need.value, &bed.contract) {
            Availability::Has => {}
            Availability::Lacks => return Some(Skip::Excluded(need.value.clone())),
            Availability::Unknown(reason) => untested = untested.or(Some(Skip::Untested(reason))),
        }
    }
    untested
}

/// A case of which nothing is left because each of its requests needs a scheme or format that the target lacks goes with
/// that capability.
fn emptied(bed: &Bed, result: &CaseResult) -> Option<String> {
    let calls = result.case.steps.iter().any(|step| matches!(step.action, Action::Call(_)));
    let sent = result.history.iter().any(|record| record.is_attempt());
    let nothing = calls && !sent && result.findings.is_empty() && result.undecided.is_empty();
    let lacking = ["signature-v1", "signature-v3", "xml"].into_iter().find(|name| bed.target.lacking.contains(*name));
    lacking.filter(|_| nothing).map(str::to_owned)
}

/// Runs the steps; `false` when something was found or could not go on, so that further variants would say no more.
async fn steps(bed: &Bed, case: &Arc<Case>, state: &mut State, result: &mut CaseResult) -> bool {
    for (index, step) in case.steps.iter().enumerate() {
        let first = result.history.len();
        if let Some(reason) = bed.stopped() {
            result.undecided.push(format!("step {}: {reason}", index + 1));
            return false;
        }
        if let Err(reason) = act(bed, index, step, state, &mut result.history).await {
            let reason = format!("step {}: {reason}", index + 1);
            if !result.undecided.contains(&reason) {
                result.undecided.push(reason);
            }
            return false;
        }
        let judgement = check::step(context(bed), case, index, &result.history[first..], first);
        // A broken SHOULD or MAY is reported and gone on from; after a broken MUST the state is another.
        let broken = judgement.findings.iter().any(|finding| finding.level == Level::Must);
        let held = !broken && judgement.undecided.is_empty();
        result.add(judgement);
        if !held {
            return false;
        }
    }
    true
}

async fn act(bed: &Bed, index: usize, step: &Step, state: &mut State, history: &mut Vec<Record>) -> Result<(), String> {
    let first = history.len();
    let done = match &step.action {
        Action::Open(open) => open_session(bed, open, state, history).await,
        Action::Wait(pause) => {
            wait(bed, length(bed, *pause), state).await;
            Ok(())
        }
        Action::Look(look) => look::look(bed, look, step, state, history).await,
        Action::Connect(session) => look::hold(bed, &session.value, step.expect.is_some(), state, history).await,
        Action::Raw(raw) => raw::send(bed, raw, state, history).await,
        Action::Call(call) => call::call(bed, call, step, state, history).await,
        Action::Overlap(overlap) => overlap::overlap(bed, overlap, state, history).await,
        Action::Restart => restart::restart(bed, state).await,
    };
    for record in &mut history[first..] {
        record.step = Some(index);
        record.variant.clone_from(&state.variant);
    }
    done
}

/// Waits; connections that are held are kept awake meanwhile (clause `start/usable`).
async fn wait(bed: &Bed, mut left: Duration, state: &State) {
    while !left.is_zero() && bed.stopped().is_none() {
        let stretch = left.min(limits::KEEP_AWAKE);
        bed.sleep(stretch).await;
        left -= stretch;
        for held in state.held.values() {
            held.keep_awake().await;
        }
    }
}

/// Ten times as long as the target may be late, and at least two seconds, is long.
fn length(bed: &Bed, pause: Pause) -> Duration {
    match pause {
        Pause::Time(duration) => duration,
        Pause::Settle => bed.target.settle,
        Pause::Long => (bed.target.settle * 10).max(limits::LONG_WAIT),
    }
}

async fn open_session(bed: &Bed, open: &OpenStep, state: &mut State, history: &mut Vec<Record>) -> Result<(), String> {
    let region = match &open.region {
        Some(region) => fill(bed, state, region)?,
        None => bed.target.region.clone(),
    };
    let before = bed.clock.now();
    let session = sessions::open(bed, &region, &mut state.stream, history).await?;
    state.opened.insert(open.name.value.clone(), before);
    state.sessions.insert(open.name.value.clone(), session);
    Ok(())
}

/// Ends what the variant opened and is not known to be ended.
async fn clean_up(bed: &Bed, state: &mut State, result: &mut CaseResult) {
    state.held.clear();
    for session in std::mem::take(&mut state.sessions).into_values() {
        if bed.sessions.is_open(&session.id)
            && !sessions::end(bed, &session, &mut state.stream, &mut result.history).await
        {
            result.leaked.push(session.id);
        }
    }
}
