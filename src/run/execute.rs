//! Execution of one case: its steps in order, on sessions of its own, judged as they go, cleaned up after.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use super::expand::ordinary;
use super::send::Bed;
use super::sessions::{self, Places, Session, SessionSource};
use super::state::{State, context, fill};
use super::target::{Availability, Target};
use super::{absence, call, clean_up, expand, look, overlap, preflight, raw, restart, weather, workload};
use crate::case::step::OpenStep;
use crate::case::{Action, CallStep, Case, Element, LaneChoice, Pause, Situation, Step, mutation};
use crate::check::history::Record;
use crate::check::result::CAREFUL;
use crate::check::{self, CaseResult, Finding, Judgement, Skip};
use crate::contract::{Contract, Level};
use crate::limits;
use crate::wire::{Format, Scheme};

/// Runs a case; never fails: what goes wrong is in the result.
pub async fn execute(bed: &Bed, case: Arc<Case>) -> CaseResult {
    if let Some(skip) = skip(bed, &case) {
        return CaseResult::skipped(case, skip);
    }
    let opens = opens(&case, &bed.target);
    let places = if opens > 0 { Some(places(bed, opens).await) } else { None };
    bed.present().await;
    // The run may have been stopped meanwhile.
    if let Some(skip) = skip(bed, &case) {
        return CaseResult::skipped(case, skip);
    }
    let (began, doubts) = (bed.clock.now(), bed.absences.doubts());
    let mut result = CaseResult { skip: None, ..CaseResult::skipped(case.clone(), Skip::Excluded(String::new())) };
    let mut stream = bed.plan.seed.stream(&case.id);
    for (variant, base) in expand::variants(&case, &bed.target) {
        let unknown = stream.unstructured(64, |u| mutation::unlike("s-hz023od0x9abcd", u));
        let entropy = bed.plan.seed.stream(&format!("{}\0{}", case.id, variant.as_deref().unwrap_or("")));
        let mut state = State::new(entropy, unknown, base, variant);
        let (undecided, before) = (result.undecided.len(), (result.history.len(), result.findings.len()));
        let mut held = attempt(bed, &case, &mut state, &mut result).await;
        if state.cut && bed.stopped().or_else(|| bed.absences.spoil(doubts)).is_none() {
            // What depends on a connection that broke off is seen a second time before it is held against anybody.
            result.undecided.truncate(undecided);
            state.begin_again();
            held = attempt(bed, &case, &mut state, &mut result).await;
        }
        if bed.absences.spoil(doubts).is_some() {
            break;
        }
        if !held {
            Box::pin(doubt_forms(bed, &case, &mut state, &mut result, before)).await;
            result.cut_short = true;
            break;
        }
    }
    drop(places);
    if let Some(capability) = emptied(bed, &result) {
        result.skip = Some(Skip::Excluded(capability));
    }
    result.undecided.extend(never_occurred(bed, &result));
    if bed.absences.doubts() != doubts {
        absence::doubt(bed, &mut result);
    }
    let found: BTreeSet<usize> = result.findings.iter().map(|finding| finding.record).collect();
    let passed = result.history.iter_mut().enumerate().filter(|(index, _)| !found.contains(index));
    passed.for_each(|(_, record)| record.let_go_passed());
    result.took = bed.clock.now().since(began);
    result
}

/// Tries a variant once more in which an End succeeded a second time, where that would be blamed on how it was written: a
/// session that lives again by itself does so in any form, and hardly twice in the same place. `first` and `found` are how
/// many records and findings there were before.
async fn doubt_forms(
    bed: &Bed,
    case: &Arc<Case>,
    state: &mut State,
    result: &mut CaseResult,
    (first, found): (usize, usize),
) {
    let doubtful = |result: &CaseResult, first: usize, found: usize| -> Vec<usize> {
        let all = (found..result.findings.len()).rev();
        all.filter(|at| check::may_be_a_second_life(&result.history, first, &result.findings[*at])).collect()
    };
    let doubts = doubtful(result, first, found);
    if doubts.is_empty() || bed.stopped().is_some() {
        return;
    }
    let (records, findings, undecided) = (result.history.len(), result.findings.len(), result.undecided.len());
    let second = state.second;
    state.begin_again();
    // No connection has broken off for this attempt to be the second of.
    state.second = second;
    attempt(bed, case, state, result).await;
    result.undecided.truncate(undecided);
    let again =
        doubtful(result, records, findings).into_iter().map(|at| result.findings.remove(at)).collect::<Vec<_>>();
    // What was not tried to its end says nothing of the first time.
    if bed.stopped().is_some() {
        return;
    }
    for at in doubts {
        let finding = &result.findings[at];
        let place = |finding: &Finding| (finding.clause.clone(), finding.step, finding.item.clone());
        if !again.iter().any(|other| place(other) == place(finding)) {
            result.findings[at] = check::of_a_second_life(context(bed), finding.clone());
        }
    }
}

/// The right to open so many sessions. Who waits for it has no slot, so that those who have it can come to their end.
async fn places(bed: &Bed, count: usize) -> Places<'_> {
    match bed.sessions.places_now(count) {
        Some(places) => places,
        None => bed.slots.leave(bed.sessions.places(count), || bed.stopped().is_some()).await,
    }
}

/// Runs the steps of a variant, judges what only all of them tell, and cleans up; `false` when further variants would say
/// no more.
async fn attempt(bed: &Bed, case: &Arc<Case>, state: &mut State, result: &mut CaseResult) -> bool {
    let (first, findings) = (result.history.len(), result.findings.len());
    let mut held = steps(bed, case, state, result).await;
    let unbroken = result.findings.len() == findings;
    if (held || unbroken) && !state.cut {
        let mut judgement = histories(bed, case, &result.history[first..], first, state).await;
        if !held {
            // Where a client could not go on, what was seen still tells what is wrong, though not what is right.
            judgement = Judgement { findings: judgement.findings, ..Judgement::default() };
        }
        let judgement = weather::spare(bed, None, state, &mut result.history, judgement).await;
        held &= judgement.findings.is_empty() && !state.cut;
        result.add(judgement);
    }
    let ids: Vec<String> = state.sessions.values().map(|session| session.id.clone()).collect();
    clean_up(bed, state, result).await;
    preflight::doubt(bed, &ids, result, findings);
    held
}

/// Judges what several clients saw, and where that is wrong, once more without what a connection that broke off explains.
async fn histories(bed: &Bed, case: &Arc<Case>, records: &[Record], first: usize, state: &State) -> Judgement {
    let judge =
        |cut: BTreeSet<String>| check::overlap::judge(context(bed), case, records, first, bed.target.settle, &cut);
    let judgement = judge(BTreeSet::new());
    if judgement.findings.is_empty() { judgement } else { judge(weather::cut_off(bed, state).await) }
}

/// What should have occurred in a case that found nothing, and did not: its pass would mean nothing.
fn never_occurred(bed: &Bed, result: &CaseResult) -> Vec<String> {
    if result.skip.is_some() || !result.findings.is_empty() || !result.undecided.is_empty() {
        return Vec::new();
    }
    let asked = result.case.occurs.iter().map(|situation| situation.value);
    // Sessions of a command's or a pool's are no Starts of the run.
    let starts = matches!(bed.target.sessions, SessionSource::Start) || result.case.needs("start");
    let possible = asked.filter(|situation| {
        let lacks = situation.capability().is_some_and(|name| bed.target.lacking.contains(name));
        !lacks && (starts || ![Situation::Started, Situation::StartedAfter].contains(situation))
    });
    let missing = possible.filter(|situation| !check::situation::occurred(*situation, &result.history));
    missing.map(|situation| format!("`{}` never occurred: {}", situation.name(), situation.sentence())).collect()
}

/// Whether a target has all that a case needs, as far as that is known beforehand.
pub(super) fn unfit(case: &Case, target: &Target, contract: &Contract) -> Availability {
    let all = case.needs.iter().map(|need| target.has(&need.value, contract));
    all.into_iter().find(|has| *has != Availability::Has).unwrap_or(Availability::Has)
}

/// Whether a case does what a target that is somebody else's is spared: bytes that are no plain HTTP, and many at once.
pub(super) fn is_strange(case: &Case) -> bool {
    let most = limits::CAREFUL_AT_ONCE as u64;
    fn is_raw(step: &Step) -> bool {
        match &step.action {
            Action::Raw(_) => true,
            Action::Call(call) => call.lane == LaneChoice::Raw,
            Action::Overlap(overlap) => overlap.steps().any(is_raw),
            _ => false,
        }
    }
    case.steps.iter().any(|step| {
        is_raw(step)
            || match &step.action {
                Action::Overlap(overlap) => overlap.clients() > most,
                Action::Workload(workload) => u64::from(workload.clients) > most,
                _ => false,
            }
    })
}

/// Why a case is not run.
pub(super) fn skip(bed: &Bed, case: &Case) -> Option<Skip> {
    if bed.target.careful && is_strange(case) {
        return Some(Skip::Excluded(CAREFUL.to_owned()));
    }
    let barred = |need: &str| bed.preflight.get()?.barred.get(need).cloned();
    let mut untested = bed.stopped().map(Skip::Untested);
    for need in &case.needs {
        match bed.target.has(&need.value, &bed.contract) {
            Availability::Has => untested = untested.or_else(|| barred(&need.value).map(Skip::Untested)),
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
    let sent = result.history.iter().any(|record| record.is_attempt() && record.exchange().is_some());
    let nothing = calls && !sent && result.findings.is_empty() && result.undecided.is_empty();
    let schemes = bed.target.schemes();
    let lacks = |name: &&str| {
        bed.target.lacking.contains(*name)
            || match *name {
                "signature-v1" => schemes == [Scheme::V3],
                "signature-v3" => schemes == [Scheme::V1],
                _ => false,
            }
    };
    let of_xml = |call: &CallStep| {
        let formats = call.for_each.as_ref().and_then(|axes| axes.format.as_ref());
        formats.is_some_and(|formats| formats.iter().all(|format| *format == Some(Format::Xml)))
    };
    let any_of_xml = result.case.steps.iter().any(|step| matches!(&step.action, Action::Call(call) if of_xml(call)));
    let names =
        if any_of_xml { ["xml", "signature-v1", "signature-v3"] } else { ["signature-v1", "signature-v3", "xml"] };
    let lacking = names.into_iter().find(lacks);
    let formless = result.case.occurs.iter().any(|situation| situation.value == Situation::Form)
        && schemes == [Scheme::V3]
        && !check::situation::occurred(Situation::Form, &result.history)
        && result.findings.is_empty()
        && result.undecided.is_empty();
    // Under V3 a form body is only observed (clause `rpc/placement/form`).
    if formless { Some("signature-v1".to_owned()) } else { lacking.filter(|_| nothing).map(str::to_owned) }
}

/// Runs the steps; `false` when something was found or could not go on, so that further variants would say no more.
async fn steps(bed: &Bed, case: &Arc<Case>, state: &mut State, result: &mut CaseResult) -> bool {
    let doubts = bed.absences.doubts();
    for (index, step) in case.steps.iter().enumerate() {
        let first = result.history.len();
        if let Some(reason) = bed.stopped().or_else(|| bed.absences.spoil(doubts)) {
            result.undecided.push(format!("step {}: {reason}", index + 1));
            return false;
        }
        let done = act(bed, index, step, state, &mut result.history).await;
        let held = judge(bed, index, first, done, state, result).await;
        result.history[first..].iter_mut().for_each(Record::let_go);
        state.noted().answers = 0;
        if !held {
            return false;
        }
    }
    true
}

/// Judges a step by what was recorded of it from `first` on; `false` when what follows it would say no more.
async fn judge(
    bed: &Bed,
    index: usize,
    first: usize,
    done: Result<(), String>,
    state: &mut State,
    result: &mut CaseResult,
) -> bool {
    let (context, case) = (context(bed), result.case.clone());
    let judgement = match &done {
        Ok(()) => check::step(context, &case, index, &result.history, first),
        // What was met with silence again and again stands, whatever was to come.
        Err(reason) => {
            let mut judgement = check::silence::judge(context, &case, index, &result.history[first..], first);
            judgement.undecided.insert(format!("step {}: {reason}", index + 1));
            judgement
        }
    };
    let judgement = weather::spare(bed, Some(index), state, &mut result.history, judgement).await;
    // A broken SHOULD or MAY is reported and gone on from; after a broken MUST the state is another.
    let broken = judgement.findings.iter().any(|finding| finding.level == Level::Must);
    let held = !broken && judgement.undecided.is_empty();
    result.add(judgement);
    let records = &result.history[first..];
    let mut of_all = check::answers(context, &case, records, first);
    let ended = |id: &str| bed.sessions.ended_at(id);
    of_all.join(check::listed::judge(context, &case, records, first, ended, bed.target.settle));
    result.add(of_all);
    held
}

async fn act(bed: &Bed, index: usize, step: &Step, state: &mut State, history: &mut Vec<Record>) -> Result<(), String> {
    let first = history.len();
    let done = match &step.action {
        Action::Open(open) => open_session(bed, open, state, history).await,
        Action::Wait(pause) => {
            bed.rest(length(bed, *pause)).await;
            Ok(())
        }
        Action::Look(look) => look::look(bed, look, step, state, history).await,
        Action::Connect(session) => {
            Box::pin(look::hold(bed, &session.value, step.expect.is_some(), state, history)).await
        }
        Action::HangUp(session) => look::hang_up(bed, &session.value, state).await,
        Action::Raw(raw) => Box::pin(raw::send(bed, raw, state, history)).await,
        Action::Call(call) => call::call(bed, call, step, state, history).await,
        Action::Overlap(overlap) => Box::pin(overlap::overlap(bed, overlap, 0, state, history)).await,
        Action::Workload(workload) => Box::pin(workload::workload(bed, *workload, index, state, history)).await,
        Action::Restart => Box::pin(restart::restart(bed, state)).await,
    };
    for record in &mut history[first..] {
        record.step = Some(index);
        record.variant.clone_from(&state.variant);
    }
    done
}

fn length(bed: &Bed, pause: Pause) -> Duration {
    match pause {
        Pause::Time(duration) => duration,
        Pause::Settle => bed.target.settle,
        Pause::Long => bed.target.long_wait(),
    }
}

/// Opens a session under the name that the step gives it; the requests for it are about that name.
///
/// # Errors
/// Why there is none.
pub(super) async fn open_session(
    bed: &Bed,
    open: &OpenStep,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let region = match &open.region {
        Some(region) => fill(bed, state, region)?,
        None => bed.target.region.clone(),
    };
    let first = history.len();
    let opened = sessions::open(bed, &region, &mut state.stream, history).await;
    for record in &mut history[first..] {
        record.session = Some(open.name.value.clone());
    }
    let session = opened?;
    state.sessions.insert(open.name.value.clone(), session);
    Ok(())
}

/// The sessions that a case may have open at a time, if it ends none itself.
fn opens(case: &Case, target: &Target) -> usize {
    let of = |step: &Step| match &step.action {
        Action::Call(call) if call.operation.value == "StartTerminalSession" => {
            let forms = call.for_each.as_ref().map_or(1, |axes| expand::forms(axes, ordinary(target), target).len());
            forms * call.times as usize
        }
        action => action.opens(),
    };
    let all = case.steps.iter().map(|step| match &step.action {
        Action::Overlap(overlap) => overlap
            .elements
            .iter()
            .map(|element| match element {
                Element::Step(step) => of(step) * overlap.clients as usize,
                script => script.steps().iter().map(of).sum(),
            })
            .sum(),
        _ => of(step),
    });
    all.sum()
}

/// Ends what the variant opened and is not known to be ended.
async fn clean_up(bed: &Bed, state: &mut State, result: &mut CaseResult) {
    state.held.clear();
    let noted = std::mem::take(&mut *state.noted());
    result.left_out.extend(noted.left_out);
    result.spared.extend(noted.spared);
    // Clients of an overlap start sessions of their own.
    let opened = std::mem::take(&mut state.sessions).into_values().chain(noted.started);
    let by_id: BTreeMap<String, Session> = opened.map(|session| (session.id.clone(), session)).collect();
    let sessions: Vec<Session> = by_id.into_values().filter(|session| bed.sessions.is_open(&session.id)).collect();
    let mut sent = clean_up::end(bed, &sessions, &mut state.stream).await;
    sent.iter_mut().for_each(Record::let_go);
    result.history.append(&mut sent);
    let left = sessions.into_iter().map(|session| session.id).filter(|id| bed.sessions.is_open(id));
    result.leaked.extend(left);
}
