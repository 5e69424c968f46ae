//! A baseline: findings that are known and accepted, each with its reason.

use std::sync::Arc;

use crate::source::{Source, Span};

/// What a baseline file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Baseline {
    /// The file.
    pub source: Arc<Source>,
    /// Its entries, in their order; none of one clause and case twice.
    pub entries: Vec<Entry>,
    /// The key of the entries.
    pub key: Span,
    /// All entries.
    pub list: Span,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The clause that is known to be broken.
    pub clause: String,
    /// The case in which it is.
    pub case: String,
    /// Why that is accepted.
    pub reason: String,
    /// Where it is followed up.
    pub ticket: Option<String>,
    /// The last day on which it is accepted, as `2026-01-31`, in UTC.
    pub expires: Option<String>,
    /// Its mapping.
    pub span: Span,
}

impl Baseline {
    /// Whether an entry that has not expired names findings of this clause in this case.
    pub fn covers(&self, clause: &str, case: &str, today: &str) -> bool {
        self.entry(clause, case).is_some_and(|entry| !entry.has_expired(today))
    }

    /// Clauses and cases of the entries that have not expired.
    pub fn known(&self, today: &str) -> impl Iterator<Item = (String, String)> {
        let entries = self.entries.iter().filter(move |entry| !entry.has_expired(today));
        entries.map(|entry| (entry.clause.clone(), entry.case.clone()))
    }

    /// The entry of a clause and a case.
    pub fn entry(&self, clause: &str, case: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.clause == clause && entry.case == case)
    }
}

impl Entry {
    /// Whether its last day is over on the day `today`.
    pub fn has_expired(&self, today: &str) -> bool {
        // Days that are written with all their digits are in the order of their texts.
        self.expires.as_deref().is_some_and(|last| last < today)
    }

    /// Whether both say the same, wherever they stand.
    pub fn says_as(&self, other: &Entry) -> bool {
        Entry { span: other.span, ..self.clone() } == *other
    }
}
