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
    /// An ended session's URL connects as if it were open, to whoever has no token.
    AliveWithoutToken,
    /// An ended session's URL is refused and closed by turns.
    Alternates,
    /// An ended session's URL is answered with 200 and no WebSocket.
    Page,
    /// An ended session's connections go on for this long.
    Lingers,
    /// URLs take connections for a moment after the start alone.
    Lapses,
    /// An ended session's URL shows the prompt before it is closed.
    PromptFirst,
    /// No URL takes a connection.
    Refuses,
    /// Every connection is closed as soon as it is made.
    Drops,
}

impl Hold {
    /// Whether an ended session's URL takes a connection, with a token that was given and is the right one, or not.
    pub(in crate::server) fn revives(self, given: bool, right: bool) -> bool {
        match self {
            Hold::AliveForAnyToken | Hold::PromptFirst => true,
            Hold::Alive => right,
            Hold::AliveWithoutToken => !given,
            _ => false,
        }
    }

    /// Whether the URL of a session, open or ended, that was opened so many seconds ago is refused.
    pub(in crate::server) fn refuses(self, age: u64) -> bool {
        self == Hold::Refuses || (self == Hold::Lapses && age > LAPSES)
    }

    /// Whether a connection goes on without its session, that ended so many seconds ago or is open.
    pub(in crate::server) fn outlives(self, ended: Option<u64>) -> bool {
        match self {
            Hold::Immortal | Hold::Alive | Hold::AliveForAnyToken | Hold::AliveWithoutToken => true,
            Hold::Lingers => ended.is_some_and(|ago| ago < LINGERS),
            _ => false,
        }
    }
}

/// Seconds after the start for which a URL takes connections that lapses too soon.
const LAPSES: u64 = 1;
/// Seconds for which a connection goes on that lingers.
const LINGERS: u64 = 40;

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
        name: "url-outlives-session-without-token",
        clauses: &["end/effect/websocket-url"],
        how: "a URL without a token is taken for that of an older client, and looked up in the older table",
        hooks: Hooks { holds: Some(Hold::AliveWithoutToken), ..HONEST },
    },
    Fault {
        name: "url-answers-by-turns",
        clauses: &["end/effect/websocket-url"],
        how: "of two gateways one refuses an ended session and the other accepts and then closes",
        hooks: Hooks { holds: Some(Hold::Alternates), ..HONEST },
    },
    Fault {
        name: "url-answers-with-page",
        clauses: &["end/effect/websocket-url"],
        how: "a proxy replaces every refusal by its own page, and that comes with 200",
        hooks: Hooks { holds: Some(Hold::Page), ..HONEST },
    },
    Fault {
        name: "connection-lingers",
        clauses: &["end/effect/connection"],
        how: "connections ask for their session's state on a timer of their own",
        hooks: Hooks { holds: Some(Hold::Lingers), ..HONEST },
    },
    Fault {
        name: "url-lapses-at-once",
        clauses: &["start/usable"],
        how: "the ten minutes of a URL are counted in thousandths of what they should be",
        hooks: Hooks { holds: Some(Hold::Lapses), ..HONEST },
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
