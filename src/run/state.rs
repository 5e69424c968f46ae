//! What a case knows while it runs, and what its templates are filled from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::send::Bed;
use super::sessions::Session;
use crate::case::{Template, Variable};
use crate::check::Context;
use crate::clock::Moment;
use crate::http::Exchange;
use crate::limits;
use crate::seed::Stream;
use crate::transport::Held;
use crate::wire::WireForm;

/// What a case knows while it runs.
pub(super) struct State {
    /// Entropy of this case.
    pub stream: Stream,
    /// Captured values.
    pub captured: BTreeMap<String, String>,
    /// Sessions by name.
    pub sessions: BTreeMap<String, Session>,
    /// Connections held on sessions, by the session's name. Clients of an overlap share those of the case: a connection
    /// that is held is the look, for each of them.
    pub held: BTreeMap<String, Arc<Held>>,
    /// Sessions that a look by End has ended, by name.
    pub consumed: BTreeSet<String>,
    /// Sessions whose connection the case has closed, by name.
    pub hung_up: BTreeSet<String>,
    /// What all clients of the case note for its end.
    pub noted: Arc<Mutex<Noted>>,
    /// Whether the attempt came to nothing because a connection broke off.
    pub cut: bool,
    /// Whether the case is tried again because of that.
    pub second: bool,
    /// A session id that was never issued.
    pub unknown: String,
    /// The wire form of the variant, and its label.
    pub base: WireForm,
    /// Its label, where the case runs in several.
    pub variant: Option<String>,
}

/// Between the name of a session and the number of the client that holds one more connection on it.
const OF_CLIENT: &str = " client ";

/// What is noted for the end of a case.
#[derive(Debug, Default)]
pub(super) struct Noted {
    /// Generated values that were not sent, since they may name a stranger's session.
    pub left_out: BTreeSet<&'static str>,
    /// Generated values that were not sent, since the target is spared them.
    pub spared: BTreeSet<&'static str>,
    /// Bytes of answers that the step holds until it is judged, those of all clients of an overlap.
    pub answers: usize,
    /// Sessions that calls have started.
    pub started: Vec<Session>,
    /// When a connection that should have gone on ended without a word about its session, by the session's id.
    pub cut: BTreeMap<String, Moment>,
}

impl State {
    /// What a case knows as it begins.
    pub fn new(stream: Stream, unknown: String, base: WireForm, variant: Option<String>) -> State {
        State {
            stream,
            captured: BTreeMap::new(),
            sessions: BTreeMap::new(),
            held: BTreeMap::new(),
            consumed: BTreeSet::new(),
            hung_up: BTreeSet::new(),
            noted: Arc::default(),
            cut: false,
            second: false,
            unknown,
            base,
            variant,
        }
    }

    /// Forgets the first attempt, once that was cleaned up.
    pub fn begin_again(&mut self) {
        (self.captured, self.consumed, self.hung_up) = Default::default();
        (self.cut, self.second) = (false, true);
    }

    /// What was noted so far.
    pub(super) fn noted(&self) -> MutexGuard<'_, Noted> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts an answer that is held until its step is judged.
    ///
    /// # Errors
    /// They are more than a step is given.
    pub(super) fn holds(&self, exchange: &Exchange) -> Result<(), String> {
        let mut noted = self.noted();
        noted.answers += exchange.reply.answer().map_or(0, |answer| answer.body.capacity());
        if noted.answers <= limits::STEP_BYTES {
            return Ok(());
        }
        let most = limits::STEP_BYTES >> 20;
        Err(format!("the answers are larger than the {most} MiB that one step is given: the rest was not sent"))
    }

    /// What a client of an overlap knows as it begins.
    pub fn of_client(&self, stream: Stream) -> State {
        State {
            stream,
            captured: self.captured.clone(),
            sessions: self.sessions.clone(),
            held: self.held.clone(),
            consumed: self.consumed.clone(),
            hung_up: self.hung_up.clone(),
            noted: self.noted.clone(),
            cut: false,
            second: self.second,
            unknown: self.unknown.clone(),
            base: self.base,
            variant: None,
        }
    }

    /// Takes over what a client of an overlap opened, learned and holds. Of several connections on one session each is
    /// held on: a session whose connection the run has closed would no longer be judged as open.
    pub fn take_over(&mut self, client: usize, own: State) {
        self.captured.extend(own.captured);
        self.sessions.extend(own.sessions);
        self.consumed.extend(own.consumed);
        for (name, held) in own.held {
            let other = self.held.get(&name).is_some_and(|known| !Arc::ptr_eq(known, &held));
            // No name of a case has a space.
            self.held.insert(if other { format!("{name}{OF_CLIENT}{client}") } else { name }, held);
        }
    }

    /// The connections held on a session of the case: its own and those of clients.
    pub fn held_on<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<Held>> {
        let of =
            move |key: &str| key.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(OF_CLIENT));
        self.held.iter().filter(move |(key, _)| of(key)).map(|(_, held)| held)
    }
}

/// What checks may know.
pub(super) fn context(bed: &Bed) -> Context<'_> {
    Context { contract: &bed.contract, readings: &bed.target.readings }
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
        ("host", None) => Some(target.endpoint.host_header().to_owned()),
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
