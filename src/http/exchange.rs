//! A request together with what became of it.

use super::{Request, Response};
use crate::clock::Moment;

/// What became of a request (Jepsen's ok, fail, info).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An answer came, whole.
    Answered(Response),
    /// Surely without effect: it never reached the endpoint.
    Refused(Cause),
    /// Perhaps with effect: sent, in whole or in part, and no whole answer came.
    Lost(Cause),
}

impl Reply {
    /// The answer, if one came.
    pub fn answer(&self) -> Option<&Response> {
        match self {
            Reply::Answered(response) => Some(response),
            Reply::Refused(_) | Reply::Lost(_) => None,
        }
    }

    /// Whether the endpoint said something that is no HTTP: it is there, and what it did is unknown.
    pub fn is_no_http(&self) -> bool {
        matches!(self, Reply::Lost(cause) if cause.kind == CauseKind::NotHttp)
    }
}

/// Why no whole answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// What kind of failure it was.
    pub kind: CauseKind,
    /// The failure in words, causes joined with `: `.
    pub words: String,
    /// The status line, where one arrived before the failure.
    pub status: Option<u16>,
    /// Whether nobody listened where a connection was to be made.
    pub unheard: bool,
    /// Whether it is that of a proxy before the target, which could not be reached or opened no connection.
    pub of_proxy: bool,
}

impl Cause {
    /// A failure before any status line.
    pub fn new(kind: CauseKind, words: impl Into<String>) -> Cause {
        Cause { kind, words: words.into(), status: None, unheard: false, of_proxy: false }
    }
}

/// Kinds of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CauseKind {
    /// The name could not be resolved.
    Resolve,
    /// The connection could not be made.
    Connect,
    /// TLS failed.
    Tls,
    /// No whole answer within the timeout.
    Timeout,
    /// The connection ended early or was reset.
    Closed,
    /// What came is no HTTP.
    NotHttp,
}

/// The way a request was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lane {
    /// The polished client, connections reused.
    Live,
    /// Exact bytes on a connection of its own.
    Raw,
}

/// One request, its reply, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The request, as sent.
    pub request: Request,
    /// Exact bytes that were sent instead, for a `raw` step.
    pub raw: Option<Vec<u8>>,
    /// What became of it.
    pub reply: Reply,
    /// How it was sent.
    pub lane: Lane,
    /// Before its first byte.
    pub sent: Moment,
    /// After its last byte, or when it was given up.
    pub done: Moment,
}
