//! Outcomes: the sets of answers that clauses permit.

use std::borrow::Cow;
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

impl OutcomeRef {
    /// An outcome, as `name` or `name(argument)`.
    pub fn named(text: &str) -> OutcomeRef {
        let (name, argument) = split_argument(text);
        OutcomeRef::Named { name, argument }
    }

    /// A reading, as `name` or `name(argument)`.
    pub fn reading(text: &str) -> OutcomeRef {
        let (name, argument) = split_argument(text);
        OutcomeRef::Reading { name, argument }
    }

    /// Its name, without the argument.
    pub fn name(&self) -> &str {
        let (OutcomeRef::Named { name, .. } | OutcomeRef::Reading { name, .. }) = self;
        name
    }

    /// Its argument.
    pub fn argument(&self) -> Option<&str> {
        let (OutcomeRef::Named { argument, .. } | OutcomeRef::Reading { argument, .. }) = self;
        argument.as_deref()
    }

    /// The reference with `{NAME}` in its argument replaced by the argument of what refers to it.
    fn within(&self, outer: Option<&str>) -> OutcomeRef {
        let mut inner = self.clone();
        let (OutcomeRef::Named { argument, .. } | OutcomeRef::Reading { argument, .. }) = &mut inner;
        if argument.as_deref() == Some(NAME) {
            *argument = outer.map(str::to_owned);
        }
        inner
    }
}

impl fmt::Display for OutcomeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self.argument() {
            Some(argument) => write!(f, "({argument})"),
            None => Ok(()),
        }
    }
}

fn split_argument(text: &str) -> (String, Option<String>) {
    match text.strip_suffix(')').and_then(|text| text.split_once('(')) {
        Some((name, argument)) => (name.to_owned(), Some(argument.to_owned())),
        None => (text.to_owned(), None),
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
    /// Permitted codes. Of a success: those that do not make it an error. Of an error: empty for any.
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

impl Answer {
    /// Whether an answer of this status and Code (`None`: the body has none) is of this kind. Of the rest of the
    /// envelope, and of the message, it says nothing.
    pub fn permits(&self, status: u16, code: Option<&str>) -> bool {
        if !self.status.contains(status) {
            return false;
        }
        match code {
            Some(code) => {
                let any = self.codes.is_empty() && !self.success;
                any || self.codes.iter().any(|pattern| pattern.fits(code))
            }
            None => self.success || !self.envelope,
        }
    }

    /// Whether two answers permit the same, whatever they stand for.
    fn same_set(&self, other: &Answer) -> bool {
        let Answer { status, codes, success, envelope, closed, message_contains_v1, origin: _ } = self;
        (status, codes, success, envelope, closed, message_contains_v1)
            == (&other.status, &other.codes, &other.success, &other.envelope, &other.closed, &other.message_contains_v1)
    }

    /// The answer with the argument in its codes: itself, where that changes nothing.
    fn within(&self, argument: Option<&str>, origin: &str) -> Cow<'_, Answer> {
        let names = |code: &CodePattern| matches!(code, CodePattern::WithName(..));
        if self.origin == origin && (argument.is_none() || !self.codes.iter().any(names)) {
            return Cow::Borrowed(self);
        }
        let codes = self.codes.iter().map(|code| argument.map_or_else(|| code.clone(), |name| code.with_name(name)));
        Cow::Owned(Answer { codes: codes.collect(), origin: origin.to_owned(), ..self.clone() })
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if !self.success {
            if !self.codes.is_empty() {
                write!(f, " {}", alternatives(&self.codes))?;
            } else if self.envelope {
                f.write_str(" with the error envelope")?;
            }
        }
        if self.closed {
            f.write_str(", or the end of the connection")?;
        }
        Ok(())
    }
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
            StatusSet::OneOf(list) => f.write_str(&alternatives(list)),
        }
    }
}

/// `a`, `a or b`, `a, b or c`.
fn alternatives<T: fmt::Display>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(T::to_string).collect();
    match texts.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Stands for a parameter's name in patterns of codes and in arguments.
const NAME: &str = "{NAME}";

/// A code, or the beginning of one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum CodePattern {
    /// To the letter.
    Exact(String),
    /// Every code with this beginning.
    StartsWith(String),
    /// A parameter's name between these.
    WithName(String, String),
}

impl CodePattern {
    /// Reads `InvalidAction.NotFound`, `Throttling*` or `Missing{NAME}`.
    pub fn parse(text: &str) -> CodePattern {
        if let Some((before, after)) = text.split_once(NAME) {
            return CodePattern::WithName(before.to_owned(), after.to_owned());
        }
        match text.strip_suffix('*') {
            Some(prefix) => CodePattern::StartsWith(prefix.to_owned()),
            None => CodePattern::Exact(text.to_owned()),
        }
    }

    /// Reads a pattern that somebody wrote.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn checked(text: &str) -> Result<CodePattern, &'static str> {
        let letters = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let pattern = CodePattern::parse(text);
        match &pattern {
            CodePattern::Exact(code) if code.is_empty() => Err("is empty"),
            CodePattern::StartsWith(prefix) if prefix.is_empty() => Err("fits every code"),
            CodePattern::WithName(before, after) if before.is_empty() && after.is_empty() => {
                Err("is nothing but a parameter's name")
            }
            CodePattern::Exact(code) | CodePattern::StartsWith(code) if letters(code) => Ok(pattern),
            CodePattern::WithName(before, after) if letters(before) && letters(after) => Ok(pattern),
            _ => Err("holds something else than letters, digits, `.`, `_`, `-`, one `{NAME}` or one `*` at its end"),
        }
    }

    /// Whether `code` fits. A name is one or more letters and digits: what the name may be, the caller knows.
    pub fn fits(&self, code: &str) -> bool {
        match self {
            CodePattern::Exact(text) => text == code,
            CodePattern::StartsWith(prefix) => code.starts_with(prefix.as_str()),
            CodePattern::WithName(..) => {
                self.name_in(code).is_some_and(|name| name.chars().all(|c| c.is_ascii_alphanumeric()))
            }
        }
    }

    /// What stands for the name in `code`.
    pub(super) fn name_in<'a>(&self, code: &'a str) -> Option<&'a str> {
        let CodePattern::WithName(before, after) = self else { return None };
        let name = code.strip_prefix(before.as_str())?.strip_suffix(after.as_str())?;
        (!name.is_empty()).then_some(name)
    }

    /// The pattern for one name.
    #[must_use]
    pub fn with_name(&self, name: &str) -> CodePattern {
        match self {
            CodePattern::WithName(before, after) => CodePattern::Exact(format!("{before}{name}{after}")),
            other => other.clone(),
        }
    }
}

impl fmt::Display for CodePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CodePattern::Exact(text) => f.write_str(text),
            CodePattern::StartsWith(prefix) => write!(f, "{prefix}..."),
            CodePattern::WithName(before, after) => write!(f, "{before}<Name>{after}"),
        }
    }
}

/// The kind of an answer: the origin of the first of `answers` that permits it. Two answers to one request must be of
/// one kind.
pub fn kind<'a>(answers: &'a [Cow<'_, Answer>], status: u16, code: Option<&str>) -> Option<&'a str> {
    answers.iter().find(|answer| answer.permits(status, code)).map(|answer| answer.origin.as_str())
}

/// Readings that lead to readings: loading refuses circles, and nothing written by hand is deeper.
const DEPTH: usize = 8;

pub(super) fn permitted<'a>(contract: &'a Contract, outcome: &OutcomeRef, readings: &Readings) -> Vec<Cow<'a, Answer>> {
    let mut answers = Vec::with_capacity(8);
    collect(contract, outcome, readings, None, DEPTH, &mut answers);
    answers
}

fn collect<'a>(
    contract: &'a Contract,
    outcome: &OutcomeRef,
    readings: &Readings,
    origin: Option<&str>,
    depth: usize,
    answers: &mut Vec<Cow<'a, Answer>>,
) {
    match outcome {
        OutcomeRef::Named { name, argument } => {
            let row = contract.outcomes.get(name).unwrap_or_else(|| panic!("there is no outcome `{name}`"));
            let own = if argument.is_none() { Cow::Borrowed(name.as_str()) } else { Cow::Owned(outcome.to_string()) };
            for answer in &row.answers {
                add(answer.within(argument.as_deref(), origin.unwrap_or(&own)), answers);
            }
        }
        OutcomeRef::Reading { name, argument } => {
            let reading = contract.readings.get(name).unwrap_or_else(|| panic!("there is no reading `{name}`"));
            for value in reading.in_force(readings) {
                let origin = format!("{name}={}", value.name);
                for answer in &value.answers {
                    add(answer.within(argument.as_deref(), &origin), answers);
                }
                if depth > 0 {
                    for inner in value.permits_about(argument.as_deref()) {
                        let inner = inner.within(argument.as_deref());
                        collect(contract, &inner, readings, Some(&origin), depth - 1, answers);
                    }
                }
            }
        }
    }
}

/// Adds an answer unless another one permits the same already: the first names the kind.
fn add<'a>(answer: Cow<'a, Answer>, answers: &mut Vec<Cow<'a, Answer>>) {
    if !answers.iter().any(|other| other.same_set(&answer)) {
        answers.push(answer);
    }
}

/// Readings that an outcome depends on, itself included, whatever is in force; each once, outer ones first.
pub(super) fn readings_behind(contract: &Contract, outcome: &OutcomeRef) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut waiting = vec![outcome.clone()];
    while let Some(next) = waiting.pop() {
        let OutcomeRef::Reading { name, argument } = &next else { continue };
        let Some(reading) = contract.readings.get(name) else { continue };
        if found.contains(name) {
            continue;
        }
        found.push(name.clone());
        let inner = reading.values.iter().flat_map(|value| value.permits_about(argument.as_deref()));
        waiting.extend(inner.map(|inner| inner.within(argument.as_deref())));
    }
    found
}

pub(super) fn also_permitted_by(
    contract: &Contract,
    outcome: &OutcomeRef,
    readings: &Readings,
    status: u16,
    code: Option<&str>,
) -> Vec<(String, String)> {
    let mut others = Vec::new();
    for name in readings_behind(contract, outcome) {
        let reading = &contract.readings[&name];
        let now = readings.0.get(&name).unwrap_or(&reading.default);
        for value in reading.values.iter().filter(|value| value.name != *now && value.name != super::reading::ANY) {
            let mut other = readings.clone();
            other.0.insert(name.clone(), value.name.clone());
            if kind(&permitted(contract, outcome, &other), status, code).is_some() {
                others.push((name.clone(), value.name.clone()));
            }
        }
    }
    others
}
