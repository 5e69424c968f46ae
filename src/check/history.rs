//! Histories: what a case did and what came of it, in order.

use std::sync::Arc;

use crate::case::{Class, Mutation};
use crate::clock::Moment;
use crate::http::{Exchange, Request};
use crate::wire::WireForm;

/// Why a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Opens what a case needs; never a verdict.
    SetUp,
    /// A step's own request.
    Judged,
    /// A step's own request that was throttled and sent again.
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
    /// Name of the session that the call names, where the case opened it.
    pub session: Option<String>,
    /// What happened.
    pub event: Event,
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
    /// What each observer saw.
    pub observations: Vec<Observation>,
    /// When it began.
    pub at: Moment,
}

/// What one observer saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Who looked.
    pub observer: Observer,
    /// What it saw.
    pub sight: Sight,
    /// In words: "101, then a Pong".
    pub words: String,
}

/// Ways to look at a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Observer {
    /// DescribeTerminalSessions with its id.
    Describe,
    /// Its WebSocket URL, with its token.
    WebSocket,
    /// EndTerminalSession: an open one is ended by it.
    End,
}

impl Observer {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Observer::Describe => "Describe",
            Observer::WebSocket => "WebSocket",
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
    /// Whether its answer is an RPC answer (CONTRACT.md): to a well-formed GET or POST of an operation at the path, without
    /// an Upgrade header.
    pub fn is_rpc(&self) -> bool {
        let fits = |request: &Request| {
            matches!(request.method.as_str(), "GET" | "POST") && request.headers.all("upgrade").next().is_none()
        };
        self.operation.is_some()
            && self.exchange().is_none_or(|exchange| exchange.raw.is_none() && fits(&exchange.request))
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
