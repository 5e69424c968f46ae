//! A call step: its requests one after the other, each judged input, throttling and silence noted.

use std::borrow::Cow;
use std::collections::VecDeque;

use super::expand::{self, Item};
use super::send::{Bed, Patience, Way, is_silent, is_throttled};
use super::sessions::{self, Session, SessionSource};
use super::state::{State, fill};
use super::{look, raw, room, sign, strike};
use crate::case::mutation::{self, Base, Generated};
use crate::case::{CallStep, Flaw, LaneChoice, Step};
use crate::check::Seen;
use crate::check::history::{Event, Record, Role};
use crate::http::{Exchange, Headers, Lane, Request};
use crate::limits;
use crate::seed::Stream;
use crate::tree::Node;
use crate::wire::{Call, Credential, Stamp};

/// How often an input and its strikes end a target that ends on it, at least: one that is back at once is not seen to be away.
const ENDS: usize = 2;

/// One request of a step: the call as filled, the form and value it takes, and what reports say of it.
pub(super) struct Sending<'a> {
    step: &'a CallStep,
    pub(super) call: Cow<'a, Call>,
    pub(super) item: Item,
    session: Option<String>,
    /// The nonce, and its time, that an earlier call used up.
    used: Option<Stamp>,
}

impl Sending<'_> {
    /// A record of what became of it. Answers to another method are no RPC answers.
    pub(super) fn record(&self, role: Role, exchange: Exchange) -> Record {
        let operation = self.step.method.is_none().then(|| self.call.action.clone().unwrap_or_default());
        Record {
            item: self.item.label.clone(),
            mutation: self.item.mutation.clone(),
            flawed: self.item.flaw.is_some(),
            session: self.session.clone(),
            ..Record::new(role, operation, Some(self.item.form), Event::Exchange(Box::new(exchange)))
        }
    }

    /// Whether it calls an operation, so that its answer tells of an effect. Answers to another method do not.
    pub(super) fn is_of(&self, operation: &str) -> bool {
        self.step.method.is_none() && self.call.action.as_deref() == Some(operation)
    }

    /// The open session that it rightly ends, where the run can open others.
    pub(super) fn ends<'s>(&self, bed: &Bed, state: &'s State) -> Option<&'s Session> {
        let session = state.sessions.get(self.session.as_deref()?)?;
        let all = |name: &'static str| self.call.parameters.iter().filter(move |(other, _)| other == name);
        let here = all("RegionId").all(|(_, region)| *region == session.region);
        let one = all("RegionId").count() == 1 && all("SessionId").count() == 1;
        let rightly = self.item.flaw.is_none() && self.item.mutation.is_none() && self.step.method.is_none();
        let opens = !matches!(bed.target.sessions, SessionSource::Pool(_));
        (here && one && rightly && opens && bed.sessions.is_open(&session.id)).then_some(session)
    }

    /// The same, of another session, which no step knows.
    pub(super) fn of_another(&self, id: &str) -> Sending<'_> {
        let mut call = self.call.clone().into_owned();
        for (name, value) in &mut call.parameters {
            if name == "SessionId" {
                id.clone_into(value);
            }
        }
        Sending { step: self.step, call: Cow::Owned(call), item: self.item.clone(), session: None, used: None }
    }

    fn key<'b>(&self, bed: &'b Bed) -> Option<&'b Credential> {
        if self.step.denied { bed.target.denied.as_ref() } else { bed.target.credential.as_ref() }
    }

    /// Encoded and signed anew, rightly unless the step says otherwise.
    pub(super) fn request(&self, bed: &Bed, stream: &mut Stream) -> Result<Request, String> {
        if let Some(flaw) = self.item.flaw {
            let key = self.key(bed).ok_or("there is no key to sign with")?;
            return sign::encode(bed, &self.call, self.item.form, key, (flaw, self.used.as_ref()), stream);
        }
        let stamp = bed.stamp(stream);
        let mut request = bed.encode_as(&self.call, self.item.form, self.key(bed), &stamp, stream);
        if let Some(method) = &self.step.method {
            request.method.clone_from(method);
        }
        Ok(request)
    }
}

/// Sends every request of a call step.
///
/// # Errors
/// Why the step could not go on.
pub(super) async fn call(
    bed: &Bed,
    step: &CallStep,
    whole: &Step,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let call = filled(bed, state, step)?;
    let items = expand::items(step, state.base, mutations(bed, step, &call, state)?, &bed.target);
    let (mut own, doubts) = (VecDeque::new(), bed.absences.doubts());
    for mut item in items {
        if step.without.iter().any(|name| name.value == "Format") {
            item.form.format = None;
        }
        if let Some(reason) = bed.stopped().or_else(|| bed.absences.spoil(doubts)) {
            return Err(reason);
        }
        let before = (history.len(), bed.absences.count());
        let repeats = matches!(item.flaw, Some(Flaw::UsedNonce | Flaw::Replayed));
        let used = repeats.then(|| sign::used(history, state.variant.as_deref(), item.form.scheme)).flatten();
        let sending = Sending { used, ..sending(step, &call, item, state) };
        if sending.session.as_ref().is_some_and(|name| state.consumed.contains(name)) {
            return Err("a look had no other observer than End, and has ended the session".to_owned());
        }
        lapsed(bed, &sending, state)?;
        let place = room::room(bed, &sending, &mut own, state, history).await?;
        let exchange = room::send(bed, &sending, &mut own, state, history).await?;
        ended(bed, &sending, &exchange);
        own.extend(started(bed, &sending, &exchange, state));
        drop(place);
        capture(step, &exchange, state)?;
        let held = state.holds(&exchange);
        let record = sending.record(Role::Judged, exchange);
        let struck = strike::is_struck(bed, whole, &record);
        history.push(record);
        if struck {
            Box::pin(strike::strike(bed, &sending, whole, state, history)).await?;
        }
        held?;
        // Each further input of that kind would end it as often.
        if bed.absences.are_of_one_case() && bed.absences.count() >= before.1 + ENDS && all_silent(&history[before.0..])
        {
            let input = if sending.item.label.is_empty() { "this call" } else { &sending.item.label };
            return Err(format!("the target ended on {input} again and again: the rest was not sent"));
        }
    }
    Ok(())
}

/// Whether an input was struck, and no attempt at it answered.
fn all_silent(records: &[Record]) -> bool {
    let silent = |record: &&Record| record.exchange().is_some_and(is_silent);
    let mut attempts = records.iter().filter(|record| record.is_attempt()).peekable();
    attempts.peek().is_some() && attempts.all(|record| silent(&record))
}

/// Whether an End may find nothing, although the session that it names was never ended, since nobody came to that for so
/// long. Of a wrong signature it is judged first that it is refused.
fn lapsed(bed: &Bed, sending: &Sending<'_>, state: &State) -> Result<(), String> {
    let session = sending.session.as_deref().filter(|_| sending.item.flaw.is_none());
    let open = |name: &&str| state.sessions.get(*name).is_some_and(|session| bed.sessions.is_open(&session.id));
    session.filter(open).map_or(Ok(()), |name| look::awake(bed, name, state))
}

fn sending<'a>(step: &'a CallStep, call: &'a Call, item: Item, state: &State) -> Sending<'a> {
    let call = with_mutation(call, step, &item);
    let named = session_of(state, &call);
    let session = named.map(|(name, _)| name.to_owned());
    Sending { step, call, item, session, used: None }
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
        headers.push(name, fill(bed, state, value)?);
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
    known.extend(bed.sessions.issued());
    let issued = state.sessions.values().any(|session| session.id == right);
    let base = Base { parameter, value: right, issued, known: &known };
    let Generated { mutations, strangers } =
        state.stream.unstructured(4096, |u| mutation::generate(&values.value, base, u));
    let (spared, mutations): (Vec<_>, Vec<_>) =
        mutations.into_iter().partition(|mutation| target.careful && is_over_long(mutation));
    let mut noted = state.noted();
    noted.left_out.extend(strangers);
    noted.spared.extend(spared.iter().map(|mutation| mutation.name));
    drop(noted);
    Ok(mutations)
}

/// Whether a value is longer than a target that is somebody else's is sent.
pub(super) fn is_over_long(mutation: &mutation::Mutation) -> bool {
    mutation.values.iter().any(|value| value.len() > limits::CAREFUL_BYTES)
}

/// Puts a generated value in the place of the right one.
fn with_mutation<'a>(call: &'a Call, step: &CallStep, item: &Item) -> Cow<'a, Call> {
    let (Some(values), Some(mutation)) = (&step.values, &item.mutation) else { return Cow::Borrowed(call) };
    let parameter = values.value.parameter.as_str();
    let mut changed = Call { parameters: Vec::new(), ..call.clone() };
    for (name, value) in &call.parameters {
        if name == parameter {
            changed.parameters.extend(mutation.values.iter().map(|value| (name.clone(), value.clone())));
        } else {
            changed.parameters.push((name.clone(), value.clone()));
        }
    }
    Cow::Owned(changed)
}

pub(super) async fn send_once(
    bed: &Bed,
    sending: &Sending<'_>,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<Exchange, String> {
    let way = if sending.step.fresh { Way::Fresh } else { Way::Lane(Lane::Live) };
    let mut patience = Patience::default();
    loop {
        let exchange = if sending.step.method.is_none() && sending.step.lane == LaneChoice::Raw {
            Box::pin(raw::pair(bed, sending, state, history)).await?
        } else {
            bed.exchange(sending.request(bed, &mut state.stream)?, way).await
        };
        if !is_throttled(&exchange) {
            return Ok(exchange);
        }
        let goes_on = patience.waits(bed, &exchange).await;
        let held = state.holds(&exchange);
        history.push(sending.record(Role::Throttled, exchange));
        held?;
        if !goes_on {
            return Err(format!("the target throttled {} times", patience.times()));
        }
    }
}

/// The session that an End names to the letter.
fn session_of<'a>(state: &'a State, call: &Call) -> Option<(&'a str, &'a Session)> {
    if call.action.as_deref() != Some("EndTerminalSession") {
        return None;
    }
    let (_, id) = call.parameters.iter().find(|(name, _)| name == "SessionId")?;
    state.sessions.iter().find(|(_, session)| session.id == *id).map(|(name, session)| (name.as_str(), session))
}

/// Takes over a session that a call opened, so that it is ended with the case's own.
pub(super) fn started(bed: &Bed, sending: &Sending<'_>, exchange: &Exchange, state: &mut State) -> Option<Session> {
    if !sending.is_of("StartTerminalSession") {
        return None;
    }
    let region = crate::wire::parameters::first(&sending.call.parameters, "RegionId").unwrap_or(&bed.target.region);
    let session = sessions::opened_by(bed, exchange, region).ok()?;
    bed.sessions.opened(&session);
    state.noted().started.push(session.clone());
    // No name of a case begins so.
    state.sessions.insert(format!("#{}", session.id), session.clone());
    Some(session)
}

/// Notes the session that an answer ended; of several ids in one call nobody knows which was meant.
pub(super) fn ended(bed: &Bed, sending: &Sending<'_>, exchange: &Exchange) {
    let Some(response) = exchange.reply.answer().filter(|_| sending.is_of("EndTerminalSession")) else { return };
    let of = |wanted: &'static str| {
        sending.call.parameters.iter().filter(move |(name, _)| name == wanted).map(|(_, value)| value)
    };
    let (Some(id), Some(region)) = (of("SessionId").next(), of("RegionId").next()) else { return };
    let one = of("SessionId").all(|other| other == id) && of("RegionId").all(|other| other == region);
    if one && Seen::of(response).took_effect() {
        bed.sessions.ended(id, region, exchange);
    }
}

fn capture(step: &CallStep, exchange: &Exchange, state: &mut State) -> Result<(), String> {
    if step.capture.is_empty() {
        return Ok(());
    }
    let response = exchange.reply.answer().ok_or("no answer to capture from")?;
    let seen = Seen::of(response);
    for (name, pointer) in &step.capture {
        let value = seen.document().as_ref().ok().and_then(|document| document.value().pointer(pointer));
        let text = value.and_then(Node::as_str).ok_or_else(|| format!("the answer has no text at `{pointer}`"))?;
        state.captured.insert(name.value.clone(), text.to_owned());
    }
    Ok(())
}
