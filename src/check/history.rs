//! Histories: what a case did and what came of it, in order.

use std::sync::{Arc, OnceLock};

use super::seen::Read;
use super::{Gist, Seen, request_id};
use crate::case::{Class, Mutation};
use crate::clock::Moment;
use crate::http::{Exchange, Reply, Request};
use crate::limits;
use crate::wire::WireForm;

/// Why a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Opens what a case needs; never a verdict.
    SetUp,
    /// A step's own request.
    Judged,
    /// A step's own request that was sent again: throttled, or refused for the number of open sessions.
    Throttled,
    /// A step's own request again, on a fresh connection, after silence.
    Strike,
    /// A plain request that tells whether the target answers at all.
    Probe,
    /// Ends what a case opened; never a verdict.
    CleanUp,
}

/// One thing that happened.
#[derive(Debug, Clone)]
pub struct Record {
    /// Index of the step in the case, `None` for what belongs to none.
    pub step: Option<usize>,
    /// The wire form that the whole case runs in, when it runs in several.
    pub variant: Option<String>,
    /// Which of the step's requests it is: wire form, mutation, repetition; empty when there is one.
    pub item: String,
    /// Why.
    pub role: Role,
    /// The operation called; `None` for exact bytes and other methods, whose answers are no RPC answers.
    pub operation: Option<String>,
    /// The form it was sent in.
    pub form: Option<WireForm>,
    /// The generated value it carries; many requests carry the same, and some are long.
    pub mutation: Option<Arc<Mutation>>,
    /// Whether its signature is wrong on purpose: its refusal says nothing about the set-up.
    pub flawed: bool,
    /// Index of the step within an overlap.
    pub inner: Option<usize>,
    /// Which client of an overlap sent it.
    pub client: usize,
    /// Name of the session that the call names to the letter, where the case opened it.
    pub session: Option<String>,
    /// What happened.
    pub event: Event,
    /// What its answer said, where the body was let go or will be when its case is over.
    pub gist: Option<Box<Gist>>,
    /// What its answer says, once somebody asked and while its body is whole: many judgements do.
    pub read: Option<OnceLock<Read>>,
    /// The RequestId that counts, once its case is over and what was read is let go.
    pub request_id: Option<Option<Box<str>>>,
}

/// What happened.
#[derive(Debug, Clone)]
pub enum Event {
    /// A request.
    Exchange(Box<Exchange>),
    /// A look at a session.
    Look(Look),
}

/// A look at a session by all observers that the target has.
#[derive(Debug, Clone)]
pub struct Look {
    /// Name of the session in the case.
    pub session: String,
    /// What some saw before the time had passed that the target may settle: reported, never judged.
    pub at_once: Vec<Observation>,
    /// What each observer saw.
    pub observations: Vec<Observation>,
    /// When it began.
    pub at: Moment,
    /// When it was over.
    pub done: Moment,
}

/// What one observer saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Who looked.
    pub observer: Observer,
    /// What it saw.
    pub sight: Sight,
    /// How a WebSocket showed that it is closed.
    pub manner: Option<Manner>,
    /// In words: "101, then a Pong".
    pub words: String,
}

/// How a WebSocket URL shows that its session is closed (reading `closed-websocket`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manner {
    /// 4xx, or the connection closed without 101.
    Refused,
    /// 101, then Close or the end of the connection before any Output frame.
    Closed,
    /// Any other answer to the handshake.
    Other,
}

impl Manner {
    /// Name of the reading's value.
    pub fn name(self) -> &'static str {
        match self {
            Manner::Refused => "refused",
            Manner::Closed => "closed",
            Manner::Other => "neither refused nor closed",
        }
    }
}

/// Ways to look at a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observer {
    /// DescribeTerminalSessions with its id.
    Describe,
    /// Its WebSocket URL, with its token.
    WebSocket,
    /// Its WebSocket URL, with another token.
    WrongToken,
    /// Its WebSocket URL, without a token.
    NoToken,
    /// A connection held on it.
    Connection,
    /// EndTerminalSession: an open one is ended by it.
    End,
}

impl Observer {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Observer::Describe => "Describe",
            Observer::WebSocket => "WebSocket",
            Observer::WrongToken => "WebSocket with a wrong token",
            Observer::NoToken => "WebSocket without a token",
            Observer::Connection => "the open connection",
            Observer::End => "End",
        }
    }
}

/// What a look shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// It is usable (Describe: listed, with a live connection).
    Open,
    /// It is not (Describe: not listed).
    Closed,
    /// Describe lists it without a live connection: no verdict on whether it is closed.
    Listed,
    /// The look failed; nothing is known.
    Unknown,
}

impl Record {
    /// A record of `event` that belongs to no step, for `operation` in `form`.
    pub fn new(role: Role, operation: Option<String>, form: Option<WireForm>, event: Event) -> Record {
        Record {
            step: None,
            variant: None,
            item: String::new(),
            role,
            operation,
            form,
            mutation: None,
            flawed: false,
            inner: None,
            client: 0,
            session: None,
            event,
            gist: None,
            read: Some(OnceLock::new()),
            request_id: None,
        }
    }

    /// Its answer, read.
    pub fn seen(&self) -> Option<Seen<'_>> {
        let response = self.exchange()?.reply.answer()?;
        let cut = self.gist.as_ref().filter(|gist| gist.length > response.body.len());
        Some(match (cut, &self.read) {
            (Some(gist), _) => gist.seen(response),
            (None, Some(read)) if response.body.len() <= limits::KEPT_BYTES => Seen::kept(response, read),
            (None, _) => Seen::of(response),
        })
    }

    /// Lets a large body go, once it was judged; what later judgements and reports ask of it stays.
    pub fn let_go(&mut self) {
        if let Event::Exchange(exchange) = &mut self.event
            && let Reply::Answered(response) = &mut exchange.reply
            && self.gist.is_none()
        {
            let read = self.read.as_ref().and_then(OnceLock::get);
            self.gist = Gist::of(response, read).map(Box::new);
            self.read.take_if(|_| response.body.len() > limits::PASSED_BYTES);
        }
    }

    /// Lets go of more, once its case is over and no finding is about it; one that only the whole run tells shows less of a long
    /// answer then. What a Start answered tells what reports mask.
    pub fn let_go_passed(&mut self) {
        if self.operation.as_deref() != Some("StartTerminalSession")
            && let Event::Exchange(exchange) = &mut self.event
            && let Reply::Answered(response) = &mut exchange.reply
            && let Some(gist) = Gist::of_passed(response, self.gist.as_deref())
        {
            self.gist = Some(Box::new(gist));
        }
        self.request_id = Some(request_id::of(self));
        self.read = None;
    }

    /// When it began.
    pub fn began(&self) -> Moment {
        match &self.event {
            Event::Exchange(exchange) => exchange.sent,
            Event::Look(look) => look.at,
        }
    }

    /// Whether its answer is an RPC answer (CONTRACT.md): to a well-formed GET or POST of an operation at the path, without
    /// an Upgrade header.
    pub fn is_rpc(&self) -> bool {
        let fits = |request: &Request| {
            matches!(request.method.as_str(), "GET" | "POST") && request.headers.all("upgrade").next().is_none()
        };
        self.operation.is_some()
            && self.exchange().is_none_or(|exchange| exchange.raw.is_none() && fits(&exchange.request))
    }

    /// Whether it asks for a list of sessions.
    pub fn is_list(&self) -> bool {
        self.operation.as_deref() == Some("DescribeTerminalSessions")
    }

    /// Whether it is one of the attempts to send a step's own request.
    pub fn is_attempt(&self) -> bool {
        matches!(self.role, Role::Judged | Role::Strike)
    }

    /// The exchange, if it is one.
    pub fn exchange(&self) -> Option<&Exchange> {
        match &self.event {
            Event::Exchange(exchange) => Some(exchange),
            Event::Look(_) => None,
        }
    }

    /// Whether the input is one that is not judged as a whole: the value is repeated.
    pub fn repeats(&self) -> bool {
        self.mutation.as_ref().is_some_and(|mutation| mutation.class == Class::Repeated)
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, sent, with};
    use super::*;
    use crate::http::CauseKind;

    #[test]
    fn rpc_answers_are_those_to_get_and_post_of_an_operation_without_upgrade() {
        let plain = || sent(Role::Judged, sample::lost(CauseKind::Closed));
        let method = |name: &str| with(plain(), |exchange| exchange.request.method = name.to_owned());
        let upgrade = with(plain(), |exchange| exchange.request.headers.push("Upgrade", "h2c"));
        let rows = [
            ("POST", plain(), true),
            ("GET", method("GET"), true),
            ("HEAD", method("HEAD"), false),
            ("PUT", method("PUT"), false),
            ("OPTIONS", method("OPTIONS"), false),
            ("upgrade", upgrade, false),
            ("exact bytes", with(plain(), |exchange| exchange.raw = Some(Vec::new())), false),
            ("no operation", Record { operation: None, ..plain() }, false),
            ("an operation left out", Record { operation: Some(String::new()), ..plain() }, true),
        ];
        for (name, record, rpc) in rows {
            assert_eq!(record.is_rpc(), rpc, "{name}");
        }
    }
}
