//! Generated cases in memory against the honest server: whatever is drawn, nothing is found.

use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;

use super::{CONTRACT, of};
use crate::case::write;
use crate::check::Verdict;
use crate::contract::{Contract, Readings};
use crate::fuzz::{Abilities, Program, generate, lowered};
use crate::load;
use crate::reference;
use crate::rehearsal::Rehearsal;
use crate::seed::Seed;

/// Clients that may do something at once.
const CLIENTS: u32 = 8;

static SHARED: LazyLock<Arc<Contract>> = LazyLock::new(|| Arc::new(load::contract::built_in(None)));

/// What an input stands for.
#[derive(Debug)]
pub struct Scenario {
    /// Where the run's own choices come from.
    pub seed: Seed,
    /// What a target is declared to do where the documents leave it open.
    pub readings: Readings,
    /// What is done, to a target that has everything.
    pub program: Program,
}

impl Scenario {
    /// The same bytes stand for the same scenario.
    pub fn read(data: &[u8]) -> Scenario {
        let mut u = Unstructured::new(data);
        let seed = Seed(u.arbitrary().unwrap_or(1));
        let readings = readings(&mut u);
        Scenario { seed, readings, program: generate::program(&Abilities::everything(CLIENTS), &mut u) }
    }
}

/// Runs the case that is drawn, under drawn readings.
///
/// # Panics
/// When something is found, cannot be decided, or is left open.
pub fn check(data: &[u8]) {
    let Scenario { seed, readings, program } = Scenario::read(data);
    let case = lowered("scenario", &program, &Abilities::everything(CLIENTS));
    let cases: Vec<_> = case.into_iter().collect();
    let text = cases.iter().map(|case| write::write(case)).collect::<String>();
    let server = reference::settings(&readings);
    let rehearsal = Rehearsal { cases, contract: SHARED.clone(), readings, server, seed, jobs: 1 };
    let ended = rehearsal.run(|_| ()).unwrap_or_else(|error| panic!("the machine gave no runtime: {error}"));
    assert_eq!(ended.results.len(), 1, "nothing was drawn: {program:?}");
    for result in &ended.results {
        let (findings, undecided) = (&result.findings, &result.undecided);
        assert_eq!(result.verdict(true), Verdict::Pass, "seed {seed}: {findings:?} {undecided:?}\n{text}");
    }
    assert_eq!(ended.leaked, Vec::<String>::new(), "seed {seed}: left open\n{text}");
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
