//! Programs: what a generated case is to do, without what is to come of it, so that any part can be left out.

use std::collections::BTreeSet;

use super::malformed::Malformed;
use super::saying::Saying;
use crate::case::{Action, Flaw, Pause, Step, Via};

/// The session that every case knows and that was never issued.
pub const UNKNOWN: &str = "unknown";

/// What a generated case does, in order. Sessions go by their names in the case.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Program(pub Vec<Op>);

/// One thing that a case does. What cannot be done when it comes up - a session was never opened - is left out.
#[derive(Debug, Clone, PartialEq)]
pub enum Op {
    /// Opens a session, in the other region where it is `elsewhere`.
    Open {
        /// Its name.
        session: String,
        /// Whether it is in the other region.
        elsewhere: bool,
    },
    /// Holds a connection on a session.
    Connect(String),
    /// Looks at a session.
    Look {
        /// Its name.
        session: String,
        /// By these observers; by all when empty.
        by: Vec<Via>,
    },
    /// Ends a session, whether it is open or not.
    End {
        /// Its name.
        session: String,
        /// With parameters that only SDKs send.
        hidden: bool,
        /// How it is said.
        saying: Saying,
    },
    /// Calls EndTerminalSession with one thing wrong.
    Refuse {
        /// The session named; one that was never issued without.
        session: Option<String>,
        /// What is wrong.
        wrong: Wrong,
        /// How it is said.
        saying: Saying,
    },
    /// Describes one session, or all.
    Describe {
        /// The session; [`UNKNOWN`] for one that is not there.
        session: Option<String>,
        /// How it is said.
        saying: Saying,
    },
    /// Starts a session by a judged call; the run ends it.
    Start(Saying),
    /// Sends bytes that are no right HTTP.
    Bytes(Malformed),
    /// Waits.
    Wait(Pause),
    /// What several clients do at once: a script each.
    Together(Vec<Vec<Step>>),
}

/// The one thing that is wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// No RegionId.
    NoRegion,
    /// No SessionId.
    NoSession,
    /// A region without the API.
    Unsupported,
    /// Another region than the session's.
    Elsewhere,
    /// An id that was never issued.
    Unknown,
    /// No operation is called so.
    Action,
    /// No Action.
    NoAction,
    /// No version is called so.
    Version,
    /// No signature.
    Unsigned,
    /// A caller without permission.
    Denied,
    /// Another method.
    Method(&'static str),
    /// A wrong signature.
    Flaw(Flaw),
    /// A value of the catalogue in the place of a right one.
    Value {
        /// `RegionId` or `SessionId`.
        parameter: &'static str,
        /// Its name in the catalogue.
        name: &'static str,
    },
}

impl Op {
    /// The same with one thing less to it, plainest first.
    pub fn simpler(&self) -> Vec<Op> {
        match self {
            Op::Open { session, elsewhere: true } => vec![Op::Open { session: session.clone(), elsewhere: false }],
            Op::Open { .. } | Op::Connect(_) | Op::Bytes(_) => Vec::new(),
            Op::Look { session, by } => {
                let fewer = (0..by.len()).filter(|_| by.len() > 1).map(|at| without(by, at));
                let all = (!by.is_empty()).then(Vec::new);
                all.into_iter().chain(fewer).map(|by| Op::Look { session: session.clone(), by }).collect()
            }
            Op::End { session, hidden, saying } => {
                let end = |hidden, saying| Op::End { session: session.clone(), hidden, saying };
                let plain = hidden.then(|| end(false, saying.clone()));
                plain.into_iter().chain(saying.simpler().into_iter().map(|saying| end(*hidden, saying))).collect()
            }
            Op::Refuse { session, wrong, saying } => {
                let said =
                    |session: &Option<String>, saying| Op::Refuse { session: session.clone(), wrong: *wrong, saying };
                let unnamed = session.is_some().then(|| said(&None, saying.clone()));
                unnamed.into_iter().chain(saying.simpler().into_iter().map(|saying| said(session, saying))).collect()
            }
            Op::Describe { session, saying } => {
                let said = |saying| Op::Describe { session: session.clone(), saying };
                saying.simpler().into_iter().map(said).collect()
            }
            Op::Start(saying) => saying.simpler().into_iter().map(Op::Start).collect(),
            Op::Wait(Pause::Long) => vec![Op::Wait(Pause::Settle)],
            Op::Wait(_) => Vec::new(),
            Op::Together(scripts) => {
                let alone = |session| Op::End { session, hidden: false, saying: Saying::default() };
                let ended: BTreeSet<String> =
                    scripts.iter().flatten().filter(|step| ends(step)).map(session_of).collect();
                ended.into_iter().map(alone).chain(fewer(scripts).into_iter().map(Op::Together)).collect()
            }
        }
    }
}

impl Program {
    /// Whether it waits for something to pass.
    pub fn pauses(&self) -> bool {
        self.0.iter().any(|op| matches!(op, Op::Wait(_)))
    }

    /// The same without waiting for anything.
    pub fn without_pauses(&self) -> Program {
        Program(self.0.iter().filter(|op| !matches!(op, Op::Wait(_))).cloned().collect())
    }

    /// The same with other names for its sessions; `None` where clients have scripts, which name them too.
    pub fn within(&self, prefix: &str) -> Option<Program> {
        let renamed = |name: &mut String| {
            if name != UNKNOWN {
                name.insert_str(0, prefix);
            }
        };
        let mut ops = self.0.clone();
        for op in &mut ops {
            match op {
                Op::Open { session, .. }
                | Op::Connect(session)
                | Op::Look { session, .. }
                | Op::End { session, .. } => {
                    renamed(session);
                }
                Op::Refuse { session, .. } | Op::Describe { session, .. } => session.iter_mut().for_each(renamed),
                Op::Start(_) | Op::Bytes(_) | Op::Wait(_) => {}
                Op::Together(_) => return None,
            }
        }
        Some(Program(ops))
    }
}

/// Scripts of half the clients or half the steps, with a client less, or one of them with a step less; an overlap has two
/// clients at least.
fn fewer(scripts: &[Vec<Step>]) -> Vec<Vec<Vec<Step>>> {
    let mut all: Vec<Vec<Vec<Step>>> = Vec::new();
    if scripts.len() > 3 {
        let (first, second) = scripts.split_at(scripts.len() / 2);
        all.extend([first.to_vec(), second.to_vec()]);
    }
    if scripts.iter().any(|script| script.len() > 1) {
        all.push(scripts.iter().map(|script| script[..script.len().div_ceil(2)].to_vec()).collect());
    }
    if scripts.len() > 2 {
        all.extend((0..scripts.len()).map(|client| without(scripts, client)));
    }
    for (client, script) in scripts.iter().enumerate().filter(|(_, script)| script.len() > 1) {
        for at in 0..script.len() {
            let mut shorter = scripts.to_vec();
            shorter[client].remove(at);
            all.push(shorter);
        }
    }
    all
}

pub(super) fn without<T: Clone>(all: &[T], at: usize) -> Vec<T> {
    all.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, one)| one.clone()).collect()
}

/// Whether a step of a script ends a session.
pub(super) fn ends(step: &Step) -> bool {
    matches!(&step.action, Action::Call(call) if call.operation.value == "EndTerminalSession")
}

/// The session that a step of a script is about.
pub(super) fn session_of(step: &Step) -> String {
    match &step.action {
        Action::Open(open) => open.name.value.clone(),
        Action::Look(look) => look.session.value.clone(),
        Action::Connect(session) => session.value.clone(),
        Action::Call(call) => {
            let id = call.with.iter().find(|parameter| parameter.name.value == "SessionId");
            let variable = id.and_then(|id| id.values.first()).and_then(|value| value.variables().next());
            variable.map(|variable| variable.name.clone()).unwrap_or_default()
        }
        _ => String::new(),
    }
}
