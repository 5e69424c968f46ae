//! Whole runs in memory against the honest server: whatever is drawn, nothing is found.

use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;

use super::{CONTRACT, of};
use crate::case::workload::{Abilities, Scripts, Workload, afterwards, generate};
use crate::case::{Action, Case, Element, OverlapStep, Step, write};
use crate::check::Verdict;
use crate::contract::{Contract, Readings};
use crate::load;
use crate::reference;
use crate::rehearsal::Rehearsal;
use crate::seed::Seed;
use crate::source::{Source, Span, Spanned};
use crate::wire::{Format, Scheme};

static CASES: LazyLock<Vec<Arc<Case>>> = LazyLock::new(|| load::built_in::suite(&CONTRACT).cases);
static SHARED: LazyLock<Arc<Contract>> = LazyLock::new(|| Arc::new(load::contract::built_in(None)));

/// Runs a drawn workload and a built-in case, under drawn readings.
///
/// # Panics
/// When something is found, cannot be decided, or is left open.
pub fn check(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let seed = Seed(u.arbitrary().unwrap_or(1));
    let readings = readings(&mut u);
    let built_in = of(&mut u, &(0..CASES.len()).collect::<Vec<_>>());
    let cases = vec![CASES[built_in].clone(), Arc::new(workload(&mut u))];
    let told: Vec<String> = cases.iter().map(|case| write::write(case)).collect();
    let server = reference::settings(&readings);
    let rehearsal = Rehearsal { cases, contract: SHARED.clone(), readings, server, seed, jobs: 2 };
    let ended = rehearsal.run(|_| ()).unwrap_or_else(|error| panic!("the machine gave no runtime: {error}"));
    assert_eq!(ended.results.len(), 2, "a case is missing");
    for (result, text) in ended.results.iter().zip(&told) {
        let (findings, undecided) = (&result.findings, &result.undecided);
        assert_eq!(result.verdict(true), Verdict::Pass, "seed {seed}: {findings:?} {undecided:?}\n{text}");
    }
    assert_eq!(ended.leaked, Vec::<String>::new(), "seed {seed}: left open");
}

/// Any declaration of a target that the server can be told.
fn readings(u: &mut Unstructured<'_>) -> Readings {
    let mut readings = Readings::defaults(&CONTRACT);
    for reading in CONTRACT.readings.values() {
        let names: Vec<&str> = reading.values.iter().map(|value| value.name.as_str()).collect();
        readings.0.insert(reading.name.clone(), of(u, &names).to_owned());
    }
    readings
}

/// A workload as a case of its own: what is found can be kept as a file.
fn workload(u: &mut Unstructured<'_>) -> Case {
    let mut number = |least: u32, most: u32| u.int_in_range(least..=most).unwrap_or(least);
    let workload = Workload { clients: number(2, 6), sessions: number(1, 6), calls: number(1, 5) };
    let abilities = Abilities {
        describe: true,
        websocket: true,
        start: true,
        schemes: &[Scheme::V1, Scheme::V3],
        formats: &Format::ALL,
    };
    let Scripts { mut opens, overlap } = generate(workload, abilities, "s", u);
    let sessions: Vec<String> = opens.iter().chain(overlap.steps()).filter_map(opened).collect();
    // Which are still open is not known before it runs: each is ended first, and then looked at.
    let last = |name: &String| Element::Script(afterwards(name, true, true).split_off(1));
    let last = OverlapStep { elements: sessions.iter().map(last).collect(), clients: 1 };
    let at_once =
        |overlap| Step { span: Span::default(), clause: None, action: Action::Overlap(overlap), expect: None };
    opens.extend([at_once(overlap), at_once(last)]);
    let name = |text: &str| Spanned::new(text.to_owned(), Span::default());
    Case {
        id: "workload".to_owned(),
        source: Source::new("workload.yaml", ""),
        title: None,
        clauses: vec![name("end/effect/once")],
        needs: vec![name("sessions")],
        occurs: Vec::new(),
        tags: Vec::new(),
        for_each: None,
        steps: opens,
    }
}

fn opened(step: &Step) -> Option<String> {
    match &step.action {
        Action::Open(open) => Some(open.name.value.clone()),
        _ => None,
    }
}
