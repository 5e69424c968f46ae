//! Faults: what real implementations get wrong, one deliberate defect each, for a tester to be tested by.
//!
//! The honest server knows of faults in a few places alone, the fields of `Hooks`; a row of functions fills them.

mod answers;
mod forged;
mod reading;
mod sessions;
mod terminals;
mod trust;
mod variations;
mod wire;

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::journal::Saved;
use super::model::Model;
use super::session::Now;
use super::settings::Operation;
use super::{Server, route};
use crate::http::{Request, Response};
use crate::seed::Stream;
use crate::wire::{Incoming, Parameters};

pub use terminals::Hold;
pub use trust::Trust;
pub use wire::Talk;
pub(super) use wire::{Note, Talking};

/// One way in which a server is wrong, or merely different.
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// The clauses that it breaks; none for a variation that every clause permits.
    pub clauses: &'static [&'static str],
    /// How it comes about in practice, in one sentence.
    pub how: &'static str,
    hooks: Hooks,
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Fault").field(&self.name).finish()
    }
}

/// Where a fault bites. What is `None` is honest.
struct Hooks {
    /// Changes a request before anything is read of it.
    reads: Option<fn(&mut Request, &mut Scratch)>,
    /// Changes what the parameters mean, after the signature was checked.
    means: Option<fn(&mut Parameters, &mut Scene<'_>)>,
    /// Acts before the request is handled; an answer takes the place of the server's.
    before: Option<fn(&mut Scene<'_>) -> Option<Response>>,
    /// Acts after the request was handled, or changes the answer.
    after: Option<fn(&mut Scene<'_>, &mut Response)>,
    /// Weakens the check of signatures.
    trusts: Option<Trust>,
    /// Treats WebSockets otherwise.
    holds: Option<Hold>,
    /// Changes the bytes of an answer, or breaks off.
    talks: Option<fn(&Asked, Vec<u8>) -> Talk>,
    /// How long an answer is held back, once all that was asked is done.
    pauses: Option<fn(&Asked) -> Duration>,
    /// Changes what a restarted server finds.
    resumes: Option<fn(&mut Saved)>,
}

/// No hook at all.
const HONEST: Hooks = Hooks {
    reads: None,
    means: None,
    before: None,
    after: None,
    trusts: None,
    holds: None,
    talks: None,
    pauses: None,
    resumes: None,
};

/// What a request asks, as far as it can be read.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// The method.
    pub method: String,
    /// The operation's name as given.
    pub action: Option<String>,
    /// Whether a cookie came along.
    pub has_cookie: bool,
    /// The operation, where it is one of the three.
    pub operation: Option<Operation>,
    /// Parameters of query and form body, decoded.
    pub parameters: Parameters,
    /// How long the target is, as it was sent.
    pub length: usize,
    /// The number of the request, from 1 on, over all connections.
    pub number: u64,
    /// The connection that it came on.
    pub origin: Origin,
}

impl Asked {
    fn of(request: &Request, number: u64, origin: Origin) -> Asked {
        let incoming = Incoming::parse(request).ok();
        let parameters: Parameters = incoming.iter().flat_map(Incoming::parameters).map(owned).collect();
        let action = incoming.as_ref().and_then(Incoming::action).or_else(|| first(&parameters, "Action"));
        let operation = Operation::ALL.into_iter().find(|operation| Some(operation.name()) == action);
        let action = action.map(str::to_owned);
        let has_cookie = request.headers.all("cookie").next().is_some();
        let (method, length) = (request.method.clone(), request.target.len());
        Asked { method, action, has_cookie, operation, parameters, length, number, origin }
    }

    /// The first value of a parameter.
    pub fn value(&self, name: &str) -> Option<&str> {
        first(&self.parameters, name)
    }

    /// Whether it asks to be answered in XML.
    pub fn is_xml(&self) -> bool {
        self.value("Format").is_some_and(|format| format.eq_ignore_ascii_case("xml"))
    }
}

/// Where a request came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Origin {
    /// The number of the connection.
    pub connection: u64,
    /// The number of the request on it, from 1 on.
    pub request: u64,
}

/// What a fault remembers, in whatever way it needs.
#[derive(Default)]
pub struct Scratch {
    /// Requests so far.
    number: u64,
    /// Counts by name.
    counts: BTreeMap<String, u64>,
    /// Texts in the order in which they were noted, each with the time: session ids mostly.
    notes: Vec<(String, Now)>,
    /// Answers by what was asked.
    cache: BTreeMap<String, Response>,
}

impl Scratch {
    /// True every second time.
    pub(super) fn turn(&mut self) -> bool {
        let turns = self.counts.entry("turns".to_owned()).or_default();
        *turns += 1;
        turns.is_multiple_of(2)
    }
}

/// What a fault sees and may change while a request is handled.
pub struct Scene<'a> {
    asked: &'a Asked,
    model: &'a mut Model,
    scratch: &'a mut Scratch,
    entropy: &'a mut Stream,
    now: Now,
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn first<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    parameters.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

/// Every fault, in the order of what it breaks.
pub fn all() -> impl Iterator<Item = &'static Fault> {
    let slices = answers::FAULTS.iter().chain(reading::FAULTS).chain(sessions::FAULTS).copied();
    slices.chain([terminals::FAULTS, trust::FAULTS, wire::FAULTS]).flatten()
}

/// Every way of being different and right.
pub fn variations() -> impl Iterator<Item = &'static Fault> {
    variations::VARIATIONS.iter().copied().flatten()
}

/// The fault or variation of that name.
pub fn named(name: &str) -> Option<&'static Fault> {
    all().chain(variations()).find(|fault| fault.name == name)
}

impl Fault {
    /// How signatures are checked.
    pub(super) fn trusts(&self) -> Option<Trust> {
        self.hooks.trusts
    }

    /// How WebSockets are treated.
    pub(super) fn holds(&self) -> Option<Hold> {
        self.hooks.holds
    }

    /// What becomes of the bytes of an answer.
    pub(super) fn talks(&self) -> Option<fn(&Asked, Vec<u8>) -> Talk> {
        self.hooks.talks
    }

    /// How long an answer is held back.
    pub(super) fn pauses(&self) -> Option<fn(&Asked) -> Duration> {
        self.hooks.pauses
    }

    /// What a restarted server finds.
    pub(super) fn resumes(&self, saved: &mut Saved) {
        if let Some(resumes) = self.hooks.resumes {
            resumes(saved);
        }
    }

    /// What the parameters are taken to mean, once the signature was checked; the operation is among them then.
    pub(super) fn meant(&self, incoming: &Incoming<'_>, scene: &mut Scene<'_>) -> Option<Parameters> {
        let means = self.hooks.means?;
        let mut parameters: Parameters = incoming.parameters().map(owned).collect();
        for (name, value) in [("Action", incoming.action()), ("Version", incoming.version())] {
            if let Some(value) = value.filter(|_| first(&parameters, name).is_none()) {
                parameters.push((name.to_owned(), value.to_owned()));
            }
        }
        means(&mut parameters, scene);
        parameters.retain(|(name, _)| name != "Signature");
        Some(parameters)
    }
}

/// Answers a request as a server with this fault does.
pub(super) fn handle(server: &Server, fault: &Fault, request: &Request, origin: Origin, now: Now) -> (Response, Asked) {
    let mut request = request.clone();
    let asked = {
        let scratch = &mut server.lock().scratch;
        scratch.number += 1;
        if let Some(reads) = fault.hooks.reads {
            reads(&mut request, scratch);
        }
        Asked::of(&request, scratch.number, origin)
    };
    let instead = fault.hooks.before.and_then(|before| stage(server, &asked, now, before));
    let mut response = instead.unwrap_or_else(|| route::handle(server, &request, &asked, now));
    if let Some(after) = fault.hooks.after {
        stage(server, &asked, now, |scene| after(scene, &mut response));
    }
    (response, asked)
}

/// Lets a hook act on the state; whoever waits for the end of a session looks again after it.
fn stage<T>(server: &Server, asked: &Asked, now: Now, act: impl FnOnce(&mut Scene<'_>) -> T) -> T {
    let result = {
        let mut state = server.lock();
        let state = &mut *state;
        act(&mut Scene {
            asked,
            model: &mut state.model,
            scratch: &mut state.scratch,
            entropy: &mut state.entropy,
            now,
        })
    };
    server.tell_ended();
    result
}

impl<'a> Scene<'a> {
    /// For a hook that is called while a request is handled.
    pub(super) fn new(
        asked: &'a Asked,
        model: &'a mut Model,
        scratch: &'a mut Scratch,
        entropy: &'a mut Stream,
        now: Now,
    ) -> Scene<'a> {
        Scene { asked, model, scratch, entropy, now }
    }

    /// The SessionId that is asked about, when the call is an End.
    fn ends(&self) -> Option<String> {
        let session = self.asked.value("SessionId").filter(|_| self.asked.operation == Some(Operation::End));
        session.map(str::to_owned)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn faults_have_names_of_their_own_clauses_and_a_sentence() {
        let mut names = BTreeSet::new();
        for fault in all().chain(variations()) {
            assert!(names.insert(fault.name), "{} twice", fault.name);
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(fault.name.chars().all(plain), "{}", fault.name);
            assert!(fault.how.len() > 20 && fault.how.ends_with(|c: char| c != '.'), "{}: {}", fault.name, fault.how);
        }
        assert!(all().all(|fault| !fault.clauses.is_empty()), "a fault breaks something");
        assert!(variations().all(|fault| fault.clauses.is_empty()), "a variation breaks nothing");
    }
}
