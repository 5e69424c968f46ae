//! Faults of WebSockets: connections that outlive their session, URLs that do, and URLs that never worked.

use super::{Fault, HONEST, Hooks};

/// How WebSockets are treated otherwise than they should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// Connections do not notice that their session ends.
    Immortal,
    /// An ended session's URL connects as if it were open, with the right token.
    Alive,
    /// An ended session's URL connects as if it were open, whatever the token.
    AliveForAnyToken,
    /// An ended session's URL shows the prompt before it is closed.
    PromptFirst,
    /// No URL takes a connection.
    Refuses,
    /// Every connection is closed as soon as it is made.
    Drops,
}

impl Hold {
    /// Whether an ended session's URL takes a connection, with a token that is the right one or not.
    pub(in crate::server) fn revives(self, token: bool) -> bool {
        matches!(self, Hold::AliveForAnyToken | Hold::PromptFirst) || (self == Hold::Alive && token)
    }

    /// Whether a connection goes on without its session.
    pub(in crate::server) fn outlives(self) -> bool {
        matches!(self, Hold::Immortal | Hold::Alive | Hold::AliveForAnyToken)
    }
}

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "connection-outlives-session",
        clauses: &["end/effect/connection"],
        how: "the terminal gateway is told of new sessions and not of ended ones, so that an open shell goes on",
        hooks: Hooks { holds: Some(Hold::Immortal), ..HONEST },
    },
    Fault {
        name: "url-outlives-session",
        clauses: &["end/effect/websocket-url"],
        how: "the WebSocket gateway checks the token's signature and age, and never whether the session is open",
        hooks: Hooks { holds: Some(Hold::Alive), ..HONEST },
    },
    Fault {
        name: "url-outlives-session-for-any-token",
        clauses: &["end/effect/websocket-url"],
        how: "an ended session has no token any more, so that the comparison with it is passed over",
        hooks: Hooks { holds: Some(Hold::AliveForAnyToken), ..HONEST },
    },
    Fault {
        name: "prompt-before-close",
        clauses: &["end/effect/websocket-url"],
        how: "the shell is started before the session is looked up, and its first output is sent on",
        hooks: Hooks { holds: Some(Hold::PromptFirst), ..HONEST },
    },
    Fault {
        name: "url-never-works",
        clauses: &["start/usable"],
        how: "the token is stored only when the first call of Describe comes by",
        hooks: Hooks { holds: Some(Hold::Refuses), ..HONEST },
    },
    Fault {
        name: "connection-dropped-at-once",
        clauses: &["start/usable"],
        how: "the agent of the instance is not reached, and the gateway closes every connection that it just accepted",
        hooks: Hooks { holds: Some(Hold::Drops), ..HONEST },
    },
];
