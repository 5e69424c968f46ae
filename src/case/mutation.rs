//! The catalogue of generated values: every named way in which a parameter is right or wrong.

use crate::contract::OutcomeRef;

/// `values:` of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// The parameter: `RegionId` or `SessionId`.
    pub parameter: String,
    /// `valid(P)` or `invalid(P)`.
    pub valid: bool,
    /// The classes taken; empty for all.
    pub classes: Vec<Class>,
}

/// What kind of wrong (or right) a value is; each belongs to one clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Well-formed values.
    Valid,
    /// The parameter is left out.
    Absent,
    /// Empty, or white space alone.
    Empty,
    /// Other letter case, surrounding space.
    Exact,
    /// Resembles the value given: something missing, added or changed.
    NearMiss,
    /// Well-formed and never issued.
    Unknown,
    /// Can be no such value.
    Malformed,
    /// Given more than once.
    Repeated,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 8] = [
        Class::Valid,
        Class::Absent,
        Class::Empty,
        Class::Exact,
        Class::NearMiss,
        Class::Unknown,
        Class::Malformed,
        Class::Repeated,
    ];

    /// Name in case files.
    pub fn name(self) -> &'static str {
        match self {
            Class::Valid => "valid",
            Class::Absent => "absent",
            Class::Empty => "empty",
            Class::Exact => "exact",
            Class::NearMiss => "near-miss",
            Class::Unknown => "unknown",
            Class::Malformed => "malformed",
            Class::Repeated => "repeated",
        }
    }
}

/// One generated value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// Public name: `truncated`, `sql-or`, ...
    pub name: &'static str,
    /// What kind it is.
    pub class: Class,
    /// The clause that it proves.
    pub clause: &'static str,
    /// The values sent: none when absent, several when repeated.
    pub values: Vec<String>,
    /// What it is permitted.
    pub permits: Vec<OutcomeRef>,
}
