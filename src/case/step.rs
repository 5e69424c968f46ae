//! Steps of a case.

use std::time::Duration;

use super::{Expectation, Flaw, Template, Values, Workload};
use crate::source::{Span, Spanned};
use crate::wire::{Encoding, Format, Order, Placement, Scheme};

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The whole step in its file.
    pub span: Span,
    /// The clause that its expectation proves, when it is not the case's first.
    pub clause: Option<Spanned<String>>,
    /// What it does.
    pub action: Action,
    /// What must come of it; `None` where nothing is judged but the rules for every answer.
    pub expect: Option<Spanned<Expectation>>,
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Opens a session of the case's own.
    Open(OpenStep),
    /// Calls an operation.
    Call(Box<CallStep>),
    /// Looks at a session by every observer that the target has.
    Look(LookAt),
    /// Sends exact bytes on a connection of its own.
    Raw(RawStep),
    /// Waits.
    Wait(Pause),
    /// Opens a WebSocket on a session and holds it until the case ends, or hangs up.
    Connect(Spanned<String>),
    /// Closes the WebSocket that is held on a session.
    HangUp(Spanned<String>),
    /// Steps of several clients at once.
    Overlap(OverlapStep),
    /// Generated steps of several clients at once.
    Workload(Workload),
    /// Restarts the target by the user's command.
    Restart,
}

/// `wait: TIME`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pause {
    /// This long.
    Time(Duration),
    /// `settle`: as long as the target may be late.
    Settle,
    /// `long`: ten times as long as the target may be late, and at least two seconds.
    Long,
}

/// `overlap: [...]`.
#[derive(Debug, Clone, PartialEq)]
pub struct OverlapStep {
    /// What is done at once.
    pub elements: Vec<Element>,
    /// How many clients do each element that is a single step; a script has one.
    pub clients: u32,
}

/// One element of an overlap.
#[derive(Debug, Clone, PartialEq)]
pub enum Element {
    /// A call, look or connect.
    Step(Step),
    /// Steps that one client does in order; it may open sessions, which are its own until the overlap is over.
    Script(Vec<Step>),
}

impl Element {
    /// What each of its clients does.
    pub fn steps(&self) -> &[Step] {
        match self {
            Element::Step(step) => std::slice::from_ref(step),
            Element::Script(steps) => steps,
        }
    }
}

impl OverlapStep {
    /// How many clients it has.
    pub fn clients(&self) -> u64 {
        let of = |element: &Element| match element {
            Element::Step(_) => u64::from(self.clients),
            Element::Script(_) => 1,
        };
        self.elements.iter().map(of).sum()
    }

    /// The steps of all elements in turn: what the index of a step within an overlap counts.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        self.elements.iter().flat_map(Element::steps)
    }
}

/// An observer of a session, as a case names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Via {
    /// DescribeTerminalSessions with its id.
    Describe,
    /// Its WebSocket URL, with its token.
    WebSocket,
    /// Its WebSocket URL with another token.
    WrongToken,
    /// Its WebSocket URL without a token.
    NoToken,
    /// A connection that an earlier step opened and that is held.
    Connection,
    /// EndTerminalSession.
    End,
}

impl Action {
    /// How many sessions it opens.
    pub fn opens(&self) -> usize {
        match self {
            Action::Open(_) => 1,
            Action::Overlap(overlap) => overlap.steps().map(|step| step.action.opens()).sum(),
            Action::Workload(workload) => usize::try_from(workload.sessions).unwrap_or(usize::MAX),
            _ => 0,
        }
    }
}

impl Via {
    /// All of them.
    pub const ALL: [Via; 6] = [Via::Describe, Via::WebSocket, Via::WrongToken, Via::NoToken, Via::Connection, Via::End];

    /// Name in case files.
    pub fn name(self) -> &'static str {
        match self {
            Via::Describe => "describe",
            Via::WebSocket => "websocket",
            Via::WrongToken => "wrong-token",
            Via::NoToken => "no-token",
            Via::Connection => "connection",
            Via::End => "end",
        }
    }
}

/// `open: NAME`.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenStep {
    /// The name that later steps know it by.
    pub name: Spanned<String>,
    /// The region; `{{region}}` without.
    pub region: Option<Template>,
}

/// `look: NAME`.
#[derive(Debug, Clone, PartialEq)]
pub struct LookAt {
    /// A session that an earlier step opened.
    pub session: Spanned<String>,
    /// The observers that look; every one that the target has when empty.
    pub by: Vec<Via>,
}

/// `raw: "bytes"`.
#[derive(Debug, Clone, PartialEq)]
pub struct RawStep {
    /// The bytes, as text with variables; YAML's escapes write control characters.
    pub bytes: Template,
    /// Sent after the bytes: this many times this text (`repeat: { text: "a", times: 70000 }` replaces `{{filler}}`).
    pub filler: Option<(String, usize)>,
}

/// `call: OPERATION`.
#[derive(Debug, Clone, PartialEq)]
pub struct CallStep {
    /// `EndTerminalSession`, `StartTerminalSession`, `DescribeTerminalSessions`.
    pub operation: Spanned<String>,
    /// Parameters in order. `Action`, `Version` and `Format` replace the common ones.
    pub with: Vec<Parameter>,
    /// Common parameters that are left out: `Action`, `Version`, `Format`.
    pub without: Vec<Spanned<String>>,
    /// Generated values for one of the parameters.
    pub values: Option<Spanned<Values>>,
    /// Wire forms to send it in; the target's ordinary one without.
    pub for_each: Option<ForEach>,
    /// Another method than the wire form's.
    pub method: Option<String>,
    /// Further header fields.
    pub headers: Vec<(String, Template)>,
    /// The lane.
    pub lane: LaneChoice,
    /// How often each request is sent (each signed anew); answers must be of one kind when more than once.
    pub times: u32,
    /// Whether each request goes on a connection of its own.
    pub fresh: bool,
    /// Whether it is signed with the key that has no permission to end sessions.
    pub denied: bool,
    /// What is wrong with its signature, one request each, all of one key of `sign`; rightly signed when empty.
    pub sign: Vec<Flaw>,
    /// Values taken from the answer: name, JSON pointer.
    pub capture: Vec<(Spanned<String>, String)>,
}

/// One parameter of a call.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its name as sent.
    pub name: Spanned<String>,
    /// One value; several for a repeated parameter.
    pub values: Vec<Template>,
}

/// How a call is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LaneChoice {
    /// By the polished client.
    #[default]
    Live,
    /// Byte by byte, followed on the same connection by a plain call, so that bytes too many are seen.
    Raw,
}

/// Axes that a step or a case is run over; an axis that is not named keeps the target's ordinary choice.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForEach {
    /// Where it stands.
    pub span: Span,
    /// `wire: every`: placement, signature, order and encoding together, as a covering set.
    pub wire: bool,
    /// `placement`.
    pub placement: Option<Vec<Placement>>,
    /// `format`.
    pub format: Option<Vec<Option<Format>>>,
    /// `signature`; schemes that calls to the target cannot be made with are left out. `none` alone leaves the
    /// signature out whatever the target asks for.
    pub signature: Option<Vec<Scheme>>,
    /// `order`.
    pub order: Option<Vec<Order>>,
    /// `encoding`.
    pub encoding: Option<Vec<Encoding>>,
}
