//! Expectations: what must come of a step.

use serde_json::Value;

use crate::contract::{OutcomeRef, SchemaName};

/// What a step expects, as its file says it.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// One of these outcomes or readings: `ok`, `[ok, session-not-found]`, `{ reading: repeat-end }`.
    Outcomes(Vec<OutcomeRef>),
    /// Whatever each generated value is permitted: `permitted`.
    Permitted,
    /// By the reading `repeated-parameter`: as the first value alone, as the last alone, or refused.
    Repeated {
        /// What the first value alone would get.
        first: Vec<OutcomeRef>,
        /// What the last value alone would get.
        last: Vec<OutcomeRef>,
    },
    /// Of a look: the session is `usable` or `unusable`, `listed` or `not-listed`.
    Look(LookOutcome),
    /// Explicit matchers; all must hold.
    Matchers(Box<Matchers>),
}

/// Outcomes of a look at a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LookOutcome {
    /// By every observer.
    Usable,
    /// By every observer.
    Unusable,
    /// By Describe alone.
    Listed,
    /// By Describe alone.
    NotListed,
}

/// Explicit matchers.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Matchers {
    /// One of these outcomes, besides the matchers below.
    pub outcomes: Vec<OutcomeRef>,
    /// One of these statuses.
    pub status: Vec<StatusPattern>,
    /// `Code`.
    pub code: Option<TextMatch>,
    /// `Message`.
    pub message: Option<TextMatch>,
    /// The body is valid by this schema.
    pub schema: Option<SchemaName>,
    /// Header fields: name, match.
    pub headers: Vec<(String, TextMatch)>,
    /// Members of the body: JSON pointer, match.
    pub body: Vec<(String, BodyMatch)>,
    /// The end of the connection without an answer is permitted too.
    pub closed: bool,
}

/// A status, or a class of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusPattern {
    /// `404`.
    Exact(u16),
    /// `4xx`: its first digit.
    Class(u16),
}

impl StatusPattern {
    /// Whether the status fits.
    pub fn fits(self, status: u16) -> bool {
        match self {
            StatusPattern::Exact(exact) => exact == status,
            StatusPattern::Class(digit) => status / 100 == digit,
        }
    }
}

impl std::fmt::Display for StatusPattern {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            StatusPattern::Exact(status) => write!(f, "{status}"),
            StatusPattern::Class(digit) => write!(f, "{digit}xx"),
        }
    }
}

/// A match of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TextMatch {
    /// To the letter.
    Equals(String),
    /// One of these, to the letter.
    OneOf(Vec<String>),
    /// `{ starts-with: ... }`.
    StartsWith(String),
    /// `{ contains: ... }`.
    Contains(String),
    /// `absent`.
    Absent,
}

/// A match of a member of the body.
#[derive(Debug, Clone, PartialEq)]
pub enum BodyMatch {
    /// A text match of a string member.
    Text(TextMatch),
    /// Any JSON value, equal.
    Equals(Value),
    /// `present`.
    Present,
}
