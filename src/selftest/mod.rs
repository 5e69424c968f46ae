//! The tester tested: the suite against every fault of the reference server, and against every honest way of being it.

mod json;
pub mod ledger;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::check::{Finding, Verdict};
use crate::contract::{Contract, Level, Readings};
use crate::reference;
use crate::rehearsal::Rehearsal;
use crate::run::Ended;
use crate::seed::Seed;
use crate::server::fault::{self, Fault};
use crate::server::settings::Settings;

pub use json::json;
pub use table::table;

/// What follows the clause in the reason of a case that did not put one of its clauses to the test.
const UNTESTED: &str = " was not put to the test";
/// Cases at a time in one trial: what overlaps in a run overlaps here too.
const JOBS: usize = 8;

/// One server that the suite is held against.
#[derive(Debug, Clone)]
pub enum Trial {
    /// It has a fault, which must be caught.
    Faulty(&'static Fault),
    /// It differs and is right.
    Different(&'static Fault),
    /// It is honest under these readings, with the words that say so.
    Honest(String, Readings),
}

impl Trial {
    /// What the trial is called.
    pub fn name(&self) -> &str {
        match self {
            Trial::Faulty(fault) | Trial::Different(fault) => fault.name,
            Trial::Honest(words, _) => words,
        }
    }

    /// The clauses that must be found broken: none where the server is right.
    pub fn clauses(&self) -> &'static [&'static str] {
        match self {
            Trial::Faulty(fault) => fault.clauses,
            Trial::Different(_) | Trial::Honest(..) => &[],
        }
    }
}

/// What the suite is worth, by one trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// The fault was found, under every clause of its own.
    Caught,
    /// The fault was found, and not under every clause of its own.
    Misnamed,
    /// The fault was not found.
    Missed,
    /// A right server passed.
    Silent,
    /// A right server did not pass.
    FalseAlarm,
}

impl Worth {
    /// Whether it is as it should be.
    pub fn is_good(self) -> bool {
        matches!(self, Worth::Caught | Worth::Silent)
    }
}

/// What one trial came to.
#[derive(Debug, Clone)]
pub struct Proof {
    /// The trial.
    pub trial: Trial,
    /// The cases that found something, by clause.
    pub found: BTreeMap<String, BTreeSet<String>>,
    /// Cases that came to no verdict, each with its first reason.
    pub undecided: BTreeMap<String, String>,
    /// How long it took, in the world's time.
    pub took: Duration,
}

impl Proof {
    fn of(trial: Trial, ended: &Ended, took: Duration) -> Proof {
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut undecided = BTreeMap::new();
        for result in &ended.results {
            // What a MAY says is an observation: a right server may differ there, and a fault may be seen by it.
            let counts = |finding: &&Finding| finding.level != Level::May || !trial.clauses().is_empty();
            for finding in result.findings.iter().filter(counts) {
                found.entry(finding.clause.clone()).or_default().insert(result.case.id.clone());
            }
            if result.verdict(true) == Verdict::Inconclusive {
                let untested = result.untested().next().map(|clause| format!("{clause}{UNTESTED}"));
                let reason = result.undecided.first().cloned().or(untested).unwrap_or_default();
                undecided.insert(result.case.id.clone(), reason);
            }
        }
        Proof { trial, found, undecided, took }
    }

    /// Clauses of the trial's own under which nothing was found.
    pub fn unfound(&self) -> impl Iterator<Item = &'static str> {
        self.trial.clauses().iter().copied().filter(|clause| !self.found.contains_key(*clause))
    }

    /// Clauses that fell with those of its own: what is wrong may be wrong in their eyes too.
    pub fn further(&self) -> impl Iterator<Item = &str> {
        self.found.keys().map(String::as_str).filter(|clause| !self.trial.clauses().contains(clause))
    }

    /// What it says of the suite.
    pub fn worth(&self) -> Worth {
        match self.trial {
            Trial::Faulty(_) if self.found.is_empty() => Worth::Missed,
            Trial::Faulty(_) if self.unfound().next().is_none() => Worth::Caught,
            Trial::Faulty(_) => Worth::Misnamed,
            _ if self.found.is_empty() && self.undecided.is_empty() => Worth::Silent,
            _ => Worth::FalseAlarm,
        }
    }
}

/// What is tried, and with what.
#[derive(Debug, Clone)]
pub struct SelfTest {
    /// The suite.
    pub cases: Vec<Arc<Case>>,
    /// The documents.
    pub contract: Arc<Contract>,
    /// What is tried.
    pub trials: Vec<Trial>,
    /// Where entropy comes from; each trial has a stream of its own.
    pub seed: Seed,
    /// Trials at a time.
    pub jobs: usize,
    /// Every case meets every fault, to show all that falls with it. Else those that list a clause of the fault's own come
    /// first, and the others only where these do not catch it: what is caught is the same.
    pub whole: bool,
}

/// Every trial there is.
///
/// # Panics
/// Never: the readings are those of the contract.
pub fn trials(contract: &Contract) -> Vec<Trial> {
    let mut trials: Vec<Trial> = fault::all().map(Trial::Faulty).collect();
    trials.extend(fault::variations().map(Trial::Different));
    let honest = |words: String, declared: &[(String, String)]| {
        let readings =
            Readings::resolve(contract, declared).unwrap_or_else(|_| unreachable!("a reading of the contract"));
        Trial::Honest(words, readings)
    };
    trials.push(honest("honest".to_owned(), &[]));
    for reading in contract.readings.values() {
        for value in reading.values.iter().filter(|value| value.name != "any") {
            let words = format!("honest, {}={}", reading.name, value.name);
            trials.push(honest(words, &[(reading.name.clone(), value.name.clone())]));
        }
    }
    trials
}

impl SelfTest {
    /// Tries everything, several trials side by side; `told` hears of each as it ends. Proofs come in the order of the
    /// trials.
    ///
    /// # Errors
    /// The machine gave no runtime.
    ///
    /// # Panics
    /// When a trial did: a defect of this program.
    pub fn run(&self, told: impl Fn(&Proof) + Sync) -> io::Result<Vec<Proof>> {
        let next = AtomicUsize::new(0);
        let work = || {
            let mut proofs = Vec::new();
            while let Some((at, trial)) = {
                let at = next.fetch_add(1, Ordering::Relaxed);
                self.trials.get(at).map(|trial| (at, trial))
            } {
                let proof = self.prove(trial)?;
                told(&proof);
                proofs.push((at, proof));
            }
            io::Result::Ok(proofs)
        };
        let mut proofs = std::thread::scope(|scope| {
            let workers: Vec<_> = (0..self.jobs.max(1)).map(|_| scope.spawn(work)).collect();
            let done = workers
                .into_iter()
                .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            done.collect::<io::Result<Vec<_>>>()
        })?
        .concat();
        proofs.sort_by_key(|(at, _)| *at);
        Ok(proofs.into_iter().map(|(_, proof)| proof).collect())
    }

    fn prove(&self, trial: &Trial) -> io::Result<Proof> {
        let own =
            |case: &&Arc<Case>| case.clauses.iter().any(|clause| trial.clauses().contains(&clause.value.as_str()));
        if !self.whole && matches!(trial, Trial::Faulty(_)) {
            let proof = self.prove_by(trial, self.cases.iter().filter(own).cloned().collect())?;
            if proof.worth() == Worth::Caught {
                return Ok(proof);
            }
        }
        self.prove_by(trial, self.cases.clone())
    }

    fn prove_by(&self, trial: &Trial, cases: Vec<Arc<Case>>) -> io::Result<Proof> {
        let began = Instant::now();
        let (readings, fault) = match trial {
            Trial::Honest(_, readings) => (readings.clone(), None),
            Trial::Faulty(fault) | Trial::Different(fault) => {
                (Readings::resolve(&self.contract, &[]).map_err(|_| io::Error::other("no readings"))?, Some(*fault))
            }
        };
        let server = Settings { fault, ..reference::settings(&readings) };
        let rehearsal = Rehearsal {
            cases,
            contract: self.contract.clone(),
            readings,
            server,
            seed: Seed(self.seed.stream(trial.name()).number()),
            jobs: JOBS,
        };
        let ended = rehearsal.run(|_| ())?;
        Ok(Proof::of(trial.clone(), &ended, began.elapsed()))
    }
}
