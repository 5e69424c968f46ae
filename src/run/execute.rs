//! Execution of one case: its steps in order, on sessions of its own, judged as they go, cleaned up after.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::expand::{self, Item};
use super::send::{Bed, Way, is_silent, is_throttled};
use super::sessions::{self, Session};
use super::target::Availability;
use super::{look, raw};
use crate::case::mutation::{self, Base};
use crate::case::step::OpenStep;
use crate::case::{Action, CallStep, Case, LaneChoice, Step, Template, Variable};
use crate::check::history::{Event, Record, Role};
use crate::check::{self, CaseResult, Context, Seen, Skip, expectation};
use crate::http::{Exchange, Headers, Lane};
use crate::seed::Stream;
use crate::wire::{Call, WireForm};

/// What a case knows while it runs.
pub(super) struct State {
    /// Entropy of this case.
    pub stream: Stream,
    /// Captured values.
    pub captured: BTreeMap<String, String>,
    /// Sessions by name.
    pub sessions: BTreeMap<String, Session>,
    /// A session id that was never issued.
    pub unknown: String,
    /// The wire form of the variant, and its label.
    pub base: WireForm,
    /// Its label, where the case runs in several.
    pub variant: Option<String>,
}

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
            unknown,
            base,
            variant,
        };
        let held = steps(bed, &case, &mut state, &mut result).await;
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

fn context(bed: &Bed) -> Context<'_> {
    Context { contract: &bed.contract, readings: &bed.target.readings }
}

fn skip(bed: &Bed, case: &Case) -> Option<Skip> {
    if let Some(reason) = bed.stopped() {
        return Some(Skip::Untested(reason));
    }
    let mut untested = None;
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
    let nothing = result.tested.is_empty() && result.findings.is_empty() && result.undecided.is_empty();
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
        let held = judgement.findings.is_empty() && judgement.undecided.is_empty();
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
        Action::Wait(duration) => {
            bed.clock.sleep(*duration).await;
            Ok(())
        }
        Action::Look(look) => look::look(bed, &look.session.value, index, step, state, history).await,
        Action::Raw(raw) => raw::send(bed, raw, index, state, history).await,
        Action::Call(call) => call_step(bed, call, index, step, state, history).await,
    };
    for record in &mut history[first..] {
        record.step = Some(index);
        record.variant.clone_from(&state.variant);
    }
    done
}

async fn open_session(bed: &Bed, open: &OpenStep, state: &mut State, history: &mut Vec<Record>) -> Result<(), String> {
    let region = match &open.region {
        Some(region) => fill(bed, state, region)?,
        None => bed.target.region.clone(),
    };
    let session = sessions::open(bed, &region, &mut state.stream, history).await?;
    state.sessions.insert(open.name.value.clone(), session);
    Ok(())
}

/// Fills a template from what the case and the target know.
pub(super) fn fill(bed: &Bed, state: &State, template: &Template) -> Result<String, String> {
    template
        .fill(|variable| value(bed, state, variable))
        .map_err(|variable| format!("`{{{{{variable}}}}}` has no value"))
}

fn value(bed: &Bed, state: &State, variable: &Variable) -> Option<String> {
    let target = &bed.target;
    match (variable.name.as_str(), variable.member.as_deref()) {
        ("region", None) => Some(target.region.clone()),
        ("other-region", None) => target.other_region.clone(),
        ("unsupported-region", None) => target.unsupported_region.clone(),
        ("instance-id", None) => target.instance_id.clone(),
        ("host", None) => Some(target.endpoint.host_header()),
        ("path", None) => Some(target.endpoint.path().to_owned()),
        ("unknown", Some("SessionId")) => Some(state.unknown.clone()),
        (name, None) => state.captured.get(name).cloned(),
        (name, Some(member)) => {
            let session = state.sessions.get(name)?;
            match member {
                "SessionId" => Some(session.id.clone()),
                "SecurityToken" => session.token.clone(),
                "WebSocketUrl" => session.url.clone(),
                _ => None,
            }
        }
    }
}

async fn call_step(
    bed: &Bed,
    step: &CallStep,
    index: usize,
    whole: &Step,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let call = filled(bed, state, step)?;
    let items = expand::items(step, state.base, mutations(bed, step, &call, state)?, &bed.target);
    for item in items {
        if let Some(reason) = bed.stopped() {
            return Err(reason);
        }
        let call = with_mutation(&call, step, &item);
        let named = session_of(state, &call).filter(|(_, session)| bed.sessions.is_open(&session.id));
        let session = named.map(|(name, _)| name);
        let template = Record {
            step: Some(index),
            variant: state.variant.clone(),
            item: item.label.clone(),
            role: Role::Judged,
            operation: step
                .method
                .is_none()
                .then(|| call.action.clone())
                .flatten()
                .or_else(|| step.method.is_none().then(String::new)),
            form: Some(item.form),
            mutation: item.mutation.clone(),
            session,
            event: Event::Look(check::Look { session: String::new(), observations: Vec::new(), at: bed.clock.now() }),
        };
        let exchange = send_item(bed, step, &call, &item, &template, state, history).await?;
        ended(bed, &call, &exchange);
        let expected = whole.expect.as_ref().map(|expect| &expect.value);
        let struck = is_silent(&exchange) && !expectation::permits_loss(context(bed), &template, &exchange, expected);
        capture(step, &exchange, state)?;
        history.push(Record { event: Event::Exchange(Box::new(exchange)), ..template.clone() });
        if struck {
            strikes(bed, step, &call, &item, &template, state, history).await;
        }
    }
    Ok(())
}

/// The call with all variables filled, common parameters taken out of `with`.
fn filled(bed: &Bed, state: &State, step: &CallStep) -> Result<Call, String> {
    let mut call = super::send::call(&step.operation.value, &[]);
    for parameter in &step.with {
        for value in &parameter.values {
            let value = fill(bed, state, value)?;
            match parameter.name.value.as_str() {
                "Action" => call.action = Some(value),
                "Version" => call.version = Some(value),
                name => call.parameters.push((name.to_owned(), value)),
            }
        }
    }
    for name in &step.without {
        match name.value.as_str() {
            "Action" => call.action = None,
            "Version" => call.version = None,
            _ => {}
        }
    }
    let mut headers = Headers::new();
    for (name, value) in &step.headers {
        headers.push(name.clone(), fill(bed, state, value)?);
    }
    call.headers = headers;
    Ok(call)
}

fn mutations(bed: &Bed, step: &CallStep, call: &Call, state: &mut State) -> Result<Vec<mutation::Mutation>, String> {
    let Some(values) = &step.values else { return Ok(Vec::new()) };
    let parameter = values.value.parameter.as_str();
    let right = crate::wire::parameters::first(&call.parameters, parameter)
        .ok_or_else(|| format!("`values` needs a right {parameter} under `with`"))?;
    let target = &bed.target;
    let mut known = if parameter == "RegionId" { bed.contract.regions.clone() } else { Vec::new() };
    known.push(target.region.clone());
    known.extend(target.other_region.clone());
    known.extend(target.unsupported_region.clone());
    let issued = state.sessions.values().any(|session| session.id == right);
    let base = Base { parameter, value: right, issued, known: &known };
    Ok(state.stream.unstructured(4096, |u| mutation::generate(&values.value, base, u)))
}

/// Puts a generated value in the place of the right one.
fn with_mutation(call: &Call, step: &CallStep, item: &Item) -> Call {
    let (Some(values), Some(mutation)) = (&step.values, &item.mutation) else { return call.clone() };
    let parameter = values.value.parameter.as_str();
    let mut changed = Call { parameters: Vec::new(), ..call.clone() };
    for (name, value) in &call.parameters {
        if name == parameter {
            changed.parameters.extend(mutation.values.iter().map(|value| (name.clone(), value.clone())));
        } else {
            changed.parameters.push((name.clone(), value.clone()));
        }
    }
    changed
}

async fn send_item(
    bed: &Bed,
    step: &CallStep,
    call: &Call,
    item: &Item,
    template: &Record,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<Exchange, String> {
    if let Some(method) = &step.method {
        let mut request = bed.encode(call, item.form, &mut state.stream);
        request.method.clone_from(method);
        return Ok(bed.exchange(request, Way::Lane(Lane::Live)).await);
    }
    if step.lane == LaneChoice::Raw {
        return Ok(raw::pair(bed, call, item.form, template, state, history).await);
    }
    let (exchange, throttled) = bed.call(call, item.form, Way::Lane(Lane::Live), &mut state.stream).await;
    let count = throttled.len();
    for exchange in throttled {
        history.push(Record { role: Role::Throttled, event: Event::Exchange(Box::new(exchange)), ..template.clone() });
    }
    if is_throttled(&exchange) {
        return Err(format!("the target throttled {} times", count + 1));
    }
    Ok(exchange)
}

fn session_of<'a>(state: &'a State, call: &Call) -> Option<(String, &'a Session)> {
    if call.action.as_deref() != Some("EndTerminalSession") {
        return None;
    }
    let mut ids = call.parameters.iter().filter(|(name, _)| name == "SessionId").map(|(_, value)| value);
    let id = ids.next()?;
    state.sessions.iter().find(|(_, session)| session.id == *id).map(|(name, session)| (name.clone(), session))
}

/// Notes sessions that an answer ended.
fn ended(bed: &Bed, call: &Call, exchange: &Exchange) {
    let Some(response) = exchange.reply.answer() else { return };
    let may_end = call.action.as_deref() == Some("EndTerminalSession") && response.status == 200;
    if may_end && Seen::of(response).is_ok(None) {
        for (_, id) in call.parameters.iter().filter(|(name, _)| name == "SessionId") {
            bed.sessions.ended(id);
        }
    }
}

fn capture(step: &CallStep, exchange: &Exchange, state: &mut State) -> Result<(), String> {
    if step.capture.is_empty() {
        return Ok(());
    }
    let response = exchange.reply.answer().ok_or("no answer to capture from")?;
    let seen = Seen::of(response);
    for (name, pointer) in &step.capture {
        let value = seen.document.as_ref().ok().and_then(|document| document.value.pointer(pointer));
        let text = value.and_then(|v| v.as_str()).ok_or_else(|| format!("the answer has no text at `{pointer}`"))?;
        state.captured.insert(name.value.clone(), text.to_owned());
    }
    Ok(())
}

/// Sends a silent input twice more on fresh connections, with plain requests before, between and after: the two-strikes
/// rule is judged from what is recorded here.
async fn strikes(
    bed: &Bed,
    step: &CallStep,
    call: &Call,
    item: &Item,
    template: &Record,
    state: &mut State,
    history: &mut Vec<Record>,
) {
    let probe = bed.probe(template, &mut state.stream).await;
    history.push(probe);
    for _ in 0..2 {
        let mut request = bed.encode(call, item.form, &mut state.stream);
        if let Some(method) = &step.method {
            request.method.clone_from(method);
        }
        let exchange = bed.exchange(request, Way::Fresh).await;
        ended(bed, call, &exchange);
        let answered = !is_silent(&exchange);
        history.push(Record { role: Role::Strike, event: Event::Exchange(Box::new(exchange)), ..template.clone() });
        let probe = bed.probe(template, &mut state.stream).await;
        history.push(probe);
        if answered {
            return;
        }
    }
}

/// Ends what the variant opened and is not known to be ended.
async fn clean_up(bed: &Bed, state: &mut State, result: &mut CaseResult) {
    for session in std::mem::take(&mut state.sessions).into_values() {
        if bed.sessions.is_open(&session.id)
            && !sessions::end(bed, &session, &mut state.stream, &mut result.history).await
        {
            result.leaked.push(session.id);
        }
    }
}
