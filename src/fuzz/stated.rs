//! What a generated case states of itself: the clauses that its steps prove, and what they need.

use std::collections::BTreeSet;

use super::lower::spanned;
use super::program::ends;
use crate::case::{Action, CallStep, Case, Flaw, ForEach, Step, Template, Via};
use crate::wire::{Format, Part, Scheme};

/// The clause of a case that calls and expects nothing in particular: every answer puts it to the test.
const ANY_ANSWER: &str = "end/request-id/shape";
/// The clause of a case that only opens sessions.
const ANY_SESSION: &str = "start/unique";
/// The clause of what several clients do at once.
const ONCE: &str = "end/effect/once";

/// Has the case list a clause that it puts to the test.
pub(super) fn list(case: &mut Case, clause: &str) {
    if case.clauses.iter().any(|listed| listed.value == clause) {
        return;
    }
    let no_step_proves = |listed: &str| listed == ANY_ANSWER || listed == ANY_SESSION;
    case.clauses.retain(|listed| !no_step_proves(&listed.value));
    case.clauses.push(spanned(clause));
}

/// The clauses that the steps prove. A step that proves the first need not say so.
pub(super) fn clauses(steps: &mut [Step]) -> Vec<String> {
    let mut clauses: Vec<String> = Vec::new();
    let mut overlaps = false;
    for step in steps.iter() {
        let own = step.clause.as_ref().map(|clause| clause.value.clone());
        clauses.extend(own.filter(|clause| !clauses.contains(clause)));
        overlaps |= matches!(&step.action, Action::Overlap(overlap) if overlap.steps().any(ends));
    }
    if overlaps && !clauses.iter().any(|clause| clause == ONCE) {
        clauses.push(ONCE.to_owned());
    }
    if clauses.is_empty() {
        let calls = steps.iter().any(|step| matches!(step.action, Action::Call(_)));
        clauses.push(if calls { ANY_ANSWER } else { ANY_SESSION }.to_owned());
    }
    for step in steps {
        step.clause.take_if(|clause| clause.value == clauses[0]);
    }
    clauses
}

/// The capabilities without which the steps mean nothing.
pub(super) fn needs(steps: &[Step]) -> BTreeSet<&'static str> {
    let mut needs = BTreeSet::new();
    let within = steps.iter().flat_map(|step| match &step.action {
        Action::Overlap(overlap) => overlap.steps().collect(),
        _ => vec![step],
    });
    for step in within {
        match &step.action {
            Action::Open(open) => {
                needs.insert("sessions");
                needs.extend(open.region.is_some().then_some("other-region"));
            }
            Action::Connect(_) => needs.extend(["sessions", "websocket"]),
            Action::Look(look) => {
                needs.insert("sessions");
                needs.extend(look.by.contains(&Via::Describe).then_some("describe"));
                needs.extend(look.by.iter().any(|via| *via != Via::Describe).then_some("websocket"));
            }
            Action::Call(call) => of_call(call, &mut needs),
            _ => {}
        }
    }
    needs
}

fn of_call(call: &CallStep, needs: &mut BTreeSet<&'static str>) {
    for variable in call.with.iter().flat_map(|parameter| &parameter.values).flat_map(Template::variables) {
        match variable.name.as_str() {
            "other-region" => needs.extend(["other-region"]),
            "unsupported-region" => needs.extend(["unsupported-region"]),
            "region" | "unknown" | "instance-id" => {}
            _ => needs.extend(["sessions"]),
        }
    }
    needs.extend(call.denied.then_some("denied-credential"));
    needs.extend((!call.sign.is_empty()).then_some("signatures"));
    let other_secret = Flaw::Tampered(Part::OtherSecret);
    needs.extend(call.sign.contains(&other_secret).then_some("denied-credential"));
    match call.operation.value.as_str() {
        "StartTerminalSession" => needs.extend(["start"]),
        "DescribeTerminalSessions" => needs.extend(["describe"]),
        _ => {}
    }
    let axes = call.for_each.iter();
    let unsigned = |axes: &ForEach| axes.signature.as_deref() == Some(&[Scheme::None]);
    needs.extend(axes.clone().any(unsigned).then_some("signatures"));
    let alone = |axes: &ForEach, format| axes.format.as_deref() == Some(&[Some(format)]);
    needs.extend(axes.clone().any(|axes| alone(axes, Format::Xml)).then_some("xml"));
    for (scheme, name) in [(Scheme::V1, "signature-v1"), (Scheme::V3, "signature-v3")] {
        let alone = |axes: &ForEach| axes.signature.as_deref() == Some(&[scheme]);
        needs.extend(axes.clone().any(alone).then_some(name));
    }
}
