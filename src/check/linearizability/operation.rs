//! Operations: what a client did to one session, when, and what it was told.

use crate::check::{Observer, Sight};
use crate::clock::Moment;

/// One call or look of one client, on the session that a history is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operation {
    /// Who: the row of the timeline.
    pub client: usize,
    /// What it was and what came of it.
    pub kind: Kind,
    /// Before its first byte was sent.
    pub invoked: Moment,
    /// After its last byte was read; `None` when it never was, and then `kind` tells only what was tried.
    pub returned: Option<Moment>,
}

/// What was tried and what came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The StartTerminalSession that issued the id. Of a lost one nobody learns the id: a history has no such Start beside
    /// another.
    Start,
    /// EndTerminalSession with the id.
    End(Answer),
    /// A look at the session that cannot change it: Describe, or connecting to its WebSocket URL.
    Look(Observer, Sight),
}

/// What an End was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Outcome `ok`.
    Ok,
    /// Outcome `session-not-found`: there is no open session of this id.
    NotFound,
    /// Refused for a reason that says nothing of the session, throttling say: surely without effect.
    Refused,
    /// Lost: it may take effect at any time after it was sent, or never.
    Unknown,
}

impl Operation {
    /// Whether it is unknown what became of it.
    pub fn is_lost(&self) -> bool {
        self.returned.is_none() || self.kind == Kind::End(Answer::Unknown)
    }

    /// What it was and what its client saw, in two or three words.
    pub fn label(&self) -> String {
        match self.kind {
            Kind::Start if self.is_lost() => "Start lost".to_owned(),
            Kind::Start => "Start ok".to_owned(),
            Kind::End(_) if self.is_lost() => "End lost".to_owned(),
            Kind::End(Answer::Ok) => "End ok".to_owned(),
            Kind::End(Answer::NotFound) => "End not found".to_owned(),
            Kind::End(Answer::Refused | Answer::Unknown) => "End refused".to_owned(),
            Kind::Look(observer, _) if self.is_lost() => format!("{} lost", observer.name()),
            Kind::Look(observer, sight) => {
                let saw = match sight {
                    Sight::Open => "open",
                    Sight::Closed => "closed",
                    Sight::Listed => "listed",
                    Sight::Unknown => "no verdict",
                };
                format!("{} {saw}", observer.name())
            }
        }
    }
}
