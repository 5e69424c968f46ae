//! Cases: what a case file says, and what the rest of the program runs.

pub mod accept;
pub mod baseline;
pub mod expectation;
pub mod mutation;
pub mod selection;
mod shard;
pub mod sign;
mod situation;
pub mod step;
pub mod template;
pub mod workload;
pub mod write;

use std::sync::Arc;

pub use expectation::{Expectation, Matchers, StatusPattern, TextMatch};
pub use mutation::{Class, Mutation, Values};
pub use shard::Shard;
pub use sign::Flaw;
pub use situation::Situation;
pub use step::{
    Action, CallStep, Element, ForEach, LaneChoice, LookAt, OpenStep, OverlapStep, Parameter, Pause, RawStep, Step, Via,
};
pub use template::{Template, Variable};
pub use workload::Workload;

use crate::source::{Source, Spanned};
use crate::wire::Scheme;

/// A set of cases, in the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct Suite {
    /// The cases.
    pub cases: Vec<Arc<Case>>,
    /// SHA-256 over ids and texts, hexadecimal: tells two suites apart.
    pub digest: String,
}

/// One case: steps in order, on sessions of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Path of its file without folder prefix and ending: `end/request/region-required`.
    pub id: String,
    /// The file.
    pub source: Arc<Source>,
    /// One sentence for people.
    pub title: Option<String>,
    /// Clauses that it proves; at least one.
    pub clauses: Vec<Spanned<String>>,
    /// Capabilities that it needs.
    pub needs: Vec<Spanned<String>>,
    /// What must have occurred at least once for its pass to mean anything.
    pub occurs: Vec<Spanned<Situation>>,
    /// Free words to select by.
    pub tags: Vec<String>,
    /// Runs the whole case once for each of these wire forms.
    pub for_each: Option<ForEach>,
    /// What it does.
    pub steps: Vec<Step>,
}

impl Case {
    /// The clause that a step's expectation proves: its own, or the case's first.
    pub fn clause_of<'a>(&'a self, step: &'a Step) -> &'a str {
        step.clause.as_ref().map_or_else(|| self.clauses[0].value.as_str(), |clause| clause.value.as_str())
    }

    /// How many sessions the case has open at a time, at most.
    pub fn opens(&self) -> usize {
        self.steps.iter().map(|step| step.action.opens()).sum()
    }

    /// Whether every call of the case can be signed, rightly or wrongly, in a scheme to a target that is `secure`.
    pub fn can_be_signed(&self, scheme: Scheme, secure: bool) -> bool {
        let ordinary = self.steps.iter().filter_map(|step| match &step.action {
            Action::Call(call) if call.for_each.as_ref().is_none_or(|axes| axes.signature.is_none()) => Some(call),
            _ => None,
        });
        let mut flawed = ordinary.filter(|call| !call.sign.is_empty());
        flawed.all(|call| call.sign.iter().any(|flaw| flaw.is_in(scheme, secure)))
    }

    /// Whether the case needs the capability, spelled out or through a step that opens a session.
    pub fn needs(&self, capability: &str) -> bool {
        self.needs.iter().any(|need| need.value == capability)
    }
}
