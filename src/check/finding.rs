//! Findings: breaches of the contract by the target; and verdicts.

use std::fmt;

use super::{Context, Place};
use crate::contract::Level;
use crate::source;

/// The judgement of a case, a clause or a run; the worst of several wins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Did not run, with a declared reason.
    Skipped,
    /// Ran, and everything held.
    Pass,
    /// Could not be decided.
    Inconclusive,
    /// Broken.
    Fail,
}

impl Verdict {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Skipped => "skipped",
            Verdict::Pass => "pass",
            Verdict::Inconclusive => "inconclusive",
            Verdict::Fail => "fail",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One breach.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The clause broken.
    pub clause: String,
    /// Its level.
    pub level: Level,
    /// The permitted answers in words.
    pub expected: String,
    /// What came, in words.
    pub actual: String,
    /// What makes two findings of one clause the same: statuses and codes, never ids.
    pub shape: String,
    /// The statement of the case file that it broke.
    pub place: source::Place,
    /// What stands under the place: what the target did.
    pub label: String,
    /// Further lines: `(name, text)`.
    pub notes: Vec<(&'static str, String)>,
    /// Index of the step, from 0.
    pub step: Option<usize>,
    /// Which of the step's requests, and the case's variant.
    pub item: String,
    /// Index of the record in the case's history.
    pub record: usize,
}

impl Finding {
    /// A breach of `clause` at `place`.
    pub fn new(
        context: Context<'_>,
        clause: &str,
        place: Place<'_>,
        expected: impl Into<String>,
        actual: impl Into<String>,
    ) -> Finding {
        let step = place.record.step.and_then(|index| place.case.steps.get(index));
        let span = step.map_or_else(Default::default, |step| step.expect.as_ref().map_or(step.span, |e| e.span));
        let actual = actual.into();
        let item = match (&place.record.variant, place.record.item.as_str()) {
            (Some(variant), "") => variant.clone(),
            (Some(variant), item) => format!("{variant}; {item}"),
            (None, item) => item.to_owned(),
        };
        Finding {
            clause: clause.to_owned(),
            level: context.level(clause),
            expected: expected.into(),
            shape: actual.clone(),
            label: format!("the target answered {actual}"),
            actual,
            place: source::Place { source: place.case.source.clone(), span },
            notes: Vec::new(),
            step: place.record.step,
            item,
            record: place.index,
        }
    }

    /// Replaces the words under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Finding {
        self.label = label.into();
        self
    }

    /// Adds a line.
    #[must_use]
    pub fn note(mut self, name: &'static str, text: impl Into<String>) -> Finding {
        self.notes.push((name, text.into()));
        self
    }

    /// Replaces what makes it the same as another.
    #[must_use]
    pub fn shape(mut self, shape: impl Into<String>) -> Finding {
        self.shape = shape.into();
        self
    }
}
