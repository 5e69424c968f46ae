//! Outcomes: the sets of answers that clauses permit.

use std::fmt;

use super::{Contract, Readings};

/// A reference to an outcome, as written in a case: `ok`, `missing(RegionId)`, or a reading.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutcomeRef {
    /// An outcome by name, with its argument.
    Named {
        /// Name in the outcome table.
        name: String,
        /// The argument of `missing(NAME)`.
        argument: Option<String>,
    },
    /// What a reading permits, with the parameter it is asked about where it needs one.
    Reading {
        /// Name in the reading table.
        name: String,
        /// The parameter, for `empty-parameter`.
        argument: Option<String>,
    },
}

impl fmt::Display for OutcomeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (OutcomeRef::Named { name, argument } | OutcomeRef::Reading { name, argument }) = self;
        f.write_str(name)?;
        if let Some(argument) = argument {
            write!(f, "({argument})")?;
        }
        Ok(())
    }
}

/// One row of the outcome table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Public name.
    pub name: String,
    /// What it means.
    pub sentence: String,
    /// Whether it takes an argument (`missing(NAME)`).
    pub takes_argument: bool,
    /// The answers permitted; empty for outcomes of looks (`usable`, `listed`, ...).
    pub answers: Vec<Answer>,
    /// Whether it is the outcome of a look at a session and not of a request.
    pub of_looks: bool,
}

/// One permitted kind of answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Permitted statuses.
    pub status: StatusSet,
    /// Permitted codes; empty for any code where `success` is false.
    pub codes: Vec<CodePattern>,
    /// A success: 2xx with RequestId and no error Code.
    pub success: bool,
    /// Whether the error envelope is required (`too-long` and HTTP's own refusals do without).
    pub envelope: bool,
    /// Permits the end of the connection without an answer (`too-long`).
    pub closed: bool,
    /// Text that the message must contain under V1 (`signature-mismatch`).
    pub message_contains_v1: Option<String>,
    /// The outcome, or `reading=value`, that this answer stands for: names the kind of answer.
    pub origin: String,
}

/// A set of statuses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StatusSet {
    /// One of these.
    OneOf(Vec<u16>),
    /// 400 to 499.
    Any4xx,
}

impl StatusSet {
    /// Whether the status is in the set.
    pub fn contains(&self, status: u16) -> bool {
        match self {
            StatusSet::OneOf(list) => list.contains(&status),
            StatusSet::Any4xx => (400..500).contains(&status),
        }
    }
}

impl fmt::Display for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StatusSet::Any4xx => f.write_str("4xx"),
            StatusSet::OneOf(list) => {
                let texts: Vec<String> = list.iter().map(u16::to_string).collect();
                f.write_str(&texts.join(" or "))
            }
        }
    }
}

/// A code, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodePattern {
    /// To the letter.
    Exact(String),
    /// Every code with this beginning.
    StartsWith(String),
}

impl CodePattern {
    /// Reads `InvalidAction.NotFound` or `Throttling*`.
    pub fn parse(text: &str) -> CodePattern {
        match text.strip_suffix('*') {
            Some(prefix) => CodePattern::StartsWith(prefix.to_owned()),
            None => CodePattern::Exact(text.to_owned()),
        }
    }

    /// Whether `code` fits.
    pub fn fits(&self, code: &str) -> bool {
        match self {
            CodePattern::Exact(text) => text == code,
            CodePattern::StartsWith(prefix) => code.starts_with(prefix.as_str()),
        }
    }
}

impl fmt::Display for CodePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodePattern::Exact(text) => f.write_str(text),
            CodePattern::StartsWith(prefix) => write!(f, "{prefix}..."),
        }
    }
}

pub(super) fn permitted(contract: &Contract, outcome: &OutcomeRef, readings: &Readings) -> Vec<Answer> {
    let _ = (contract, outcome, readings);
    todo!()
}
