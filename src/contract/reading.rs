//! Readings: open questions of the documents, each with a default and the values a target may declare.

use std::collections::BTreeMap;

use super::OutcomeRef;

/// One open question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// Public name.
    pub name: String,
    /// The question in words.
    pub sentence: String,
    /// The value in force when the target declares none.
    pub default: String,
    /// All values, in the order of the contract; `any` stands for all others.
    pub values: Vec<ReadingValue>,
}

/// One value of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingValue {
    /// Public name.
    pub name: String,
    /// What it means.
    pub sentence: String,
    /// Outcomes that it permits; empty for `any`, and for readings that judge something else than one answer
    /// (`repeated-parameter`, `closed-websocket`, `default-format`).
    pub permits: Vec<OutcomeRef>,
}

impl Reading {
    /// The value of that name.
    pub fn value(&self, name: &str) -> Option<&ReadingValue> {
        self.values.iter().find(|value| value.name == name)
    }
}

/// The value in force of every reading, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readings(pub BTreeMap<String, String>);

impl Readings {
    /// The value in force.
    pub fn of(&self, reading: &str) -> &str {
        self.0.get(reading).map_or("any", String::as_str)
    }
}
