//! Readings: open questions of the documents, each with a default and the values a target may declare.

use std::collections::BTreeMap;

use super::{Answer, Contract, OutcomeRef};
use crate::diagnostic::{Diagnostic, did_you_mean};

/// The value that stands for all others.
pub const ANY: &str = "any";

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
    /// Whether something else than one answer decides it (`repeated-parameter`, `closed-websocket`, `default-format`).
    pub elsewhere: bool,
}

/// One value of a reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadingValue {
    /// Public name.
    pub name: String,
    /// What it means.
    pub sentence: String,
    /// Outcomes that it permits, whatever the parameter. Together with the two members below it is empty for `any`,
    /// and for readings that judge something else than one answer.
    pub permits: Vec<OutcomeRef>,
    /// Outcomes that it permits for one parameter each (`empty-parameter=not-found`).
    pub permits_for: BTreeMap<String, Vec<OutcomeRef>>,
    /// Answers that it permits and that are no outcome of their own.
    pub answers: Vec<Answer>,
}

impl ReadingValue {
    /// The outcomes that it permits for a parameter; without one, those that hold for every parameter.
    pub(super) fn permits_about<'a>(&'a self, parameter: Option<&str>) -> impl Iterator<Item = &'a OutcomeRef> {
        let about = parameter.and_then(|name| self.permits_for.get(name));
        self.permits.iter().chain(about.into_iter().flatten())
    }
}

impl Reading {
    /// The value of that name.
    pub fn value(&self, name: &str) -> Option<&ReadingValue> {
        self.values.iter().find(|value| value.name == name)
    }

    /// The values that count: the one in force, or all others of `any`.
    pub fn in_force(&self, readings: &Readings) -> Vec<&ReadingValue> {
        let name = readings.0.get(&self.name).unwrap_or(&self.default);
        self.values.iter().filter(|value| if name == ANY { value.name != ANY } else { value.name == *name }).collect()
    }
}

/// The value in force of every reading, by name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readings(pub BTreeMap<String, String>);

impl Readings {
    /// The value in force.
    pub fn of(&self, reading: &str) -> &str {
        self.0.get(reading).map_or(ANY, String::as_str)
    }

    /// The defaults of a contract.
    pub fn defaults(contract: &Contract) -> Readings {
        Readings(contract.readings.values().map(|reading| (reading.name.clone(), reading.default.clone())).collect())
    }

    /// The defaults, with what a target declares: names and values.
    ///
    /// # Errors
    /// Every name or value that the contract does not know, and every reading declared twice with two values.
    pub fn resolve(contract: &Contract, overrides: &[(String, String)]) -> Result<Readings, Vec<Diagnostic>> {
        let mut readings = Readings::defaults(contract);
        let mut declared: BTreeMap<&str, &str> = BTreeMap::new();
        let mut mistakes = Vec::new();
        for (name, value) in overrides {
            let Some(reading) = contract.readings.get(name) else {
                let names = contract.readings.keys().map(String::as_str);
                let mistake = Diagnostic::new("unknown-reading", format!("there is no reading `{name}`"));
                mistakes.push(mistake.help(suggestion(name, names)));
                continue;
            };
            if reading.value(value).is_none() {
                let names = reading.values.iter().map(|value| value.name.as_str());
                let mistake = Diagnostic::new("unknown-value", format!("the reading `{name}` has no value `{value}`"));
                mistakes.push(mistake.help(suggestion(value, names)));
                continue;
            }
            let first = *declared.entry(name).or_insert(value);
            if first != value {
                let message = format!("the reading `{name}` is declared twice, as `{first}` and as `{value}`");
                mistakes.push(Diagnostic::new("duplicate-reading", message).help("declare it once"));
                continue;
            }
            readings.0.insert(name.clone(), value.clone());
        }
        if mistakes.is_empty() { Ok(readings) } else { Err(mistakes) }
    }
}

/// The nearest name, and all of them.
fn suggestion<'a>(word: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let all: Vec<String> = names.clone().map(|name| format!("`{name}`")).collect();
    match did_you_mean(word, names) {
        Some(name) => format!("did you mean `{name}`? there are {}", all.join(", ")),
        None => format!("there are {}", all.join(", ")),
    }
}
