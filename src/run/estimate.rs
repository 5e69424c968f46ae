//! How much a run would do: about how many requests and sessions, told before the first of them.

use std::sync::Arc;

use super::execute::unfit;
use super::expand;
use super::target::{Availability, Target};
use crate::case::mutation::{self, Base};
use crate::case::{Action, CallStep, Case, Element, Step};
use crate::contract::Contract;

/// About how much a run would do. What only shows on the way - throttling, silence, sessions that are waited for - is not in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Estimate {
    /// Cases that would run.
    pub cases: usize,
    /// Cases that are left out with care.
    pub spared: usize,
    /// Requests, WebSocket handshakes included.
    pub requests: usize,
    /// Sessions that would be opened.
    pub sessions: usize,
}

/// Looks that a session is seen by, besides End.
struct Observers(usize);

/// About how much these cases do to a target.
pub fn estimate(cases: &[Arc<Case>], target: &Target, contract: &Contract) -> Estimate {
    let has = |name: &str| target.has(name, contract) == Availability::Has;
    let observers = Observers(usize::from(has("describe")) + usize::from(has("websocket")));
    let mut all = Estimate::default();
    for case in cases {
        if target.careful && super::execute::is_strange(case) {
            all.spared += 1;
            continue;
        }
        if !matches!(unfit(case, target, contract), Availability::Has) {
            continue;
        }
        all.cases += 1;
        for (_, base) in expand::variants(case, target) {
            for step in &case.steps {
                let (requests, sessions) = of_step(step, base, target, contract, &observers);
                all.requests += requests;
                all.sessions += sessions;
            }
        }
    }
    // Each session is ended, by its case or after it.
    all.requests += all.sessions;
    all
}

fn of_step(
    step: &Step,
    base: crate::wire::WireForm,
    target: &Target,
    contract: &Contract,
    observers: &Observers,
) -> (usize, usize) {
    let of = |step: &Step| of_step(step, base, target, contract, observers);
    match &step.action {
        Action::Open(_) => (1, 1),
        Action::Call(call) => {
            let requests = expand::items(call, base, values(call, target, contract), target).len();
            let starts = call.operation.value == "StartTerminalSession";
            (requests, if starts { requests } else { 0 })
        }
        // A usable session is ended only where nothing else shows it.
        Action::Look(look) if look.by.is_empty() => (observers.0.max(1), 0),
        Action::Look(look) => (look.by.len(), 0),
        // The bytes, and a plain request after them.
        Action::Raw(_) => (2, 0),
        Action::Connect(_) => (1, 0),
        Action::Overlap(overlap) => {
            let of_element = |element: &Element| {
                let times = if matches!(element, Element::Step(_)) { overlap.clients as usize } else { 1 };
                let steps = element.steps().iter().map(of);
                steps.fold((0, 0), |sum, (requests, sessions)| (sum.0 + requests * times, sum.1 + sessions * times))
            };
            overlap.elements.iter().map(of_element).fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
        }
        Action::Workload(workload) => {
            let sessions = workload.sessions as usize;
            let calls = (workload.clients * workload.calls) as usize;
            (sessions + calls + sessions * observers.0, sessions)
        }
        Action::Wait(_) | Action::HangUp(_) | Action::Restart => (0, 0),
    }
}

/// The values of a step, made of ones like those that it will have.
fn values(call: &CallStep, target: &Target, contract: &Contract) -> Vec<mutation::Mutation> {
    let Some(values) = &call.values else { return Vec::new() };
    let parameter = values.value.parameter.as_str();
    let value = if parameter == "RegionId" { target.region.as_str() } else { "s-hz023od0x9abcdefgh" };
    let base = Base { parameter, value, issued: true, known: &contract.regions };
    let bytes = [0x5a; 4096];
    let mut made = mutation::generate(&values.value, base, &mut arbitrary::Unstructured::new(&bytes)).mutations;
    if target.careful {
        made.retain(|mutation| !super::call::is_over_long(mutation));
    }
    made
}
