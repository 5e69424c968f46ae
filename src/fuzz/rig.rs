//! Rigs: a target with what it takes to run cases against it, and account of what that took.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::generate::Abilities;
use crate::case::Case;
use crate::check::CaseResult;
use crate::clock::{Clock, Moment};
use crate::contract::Contract;
use crate::limits;
use crate::run::{self, Ended, Plan, Progress, Target};
use crate::seed::Seed;
use crate::transport::Transport;

/// Makes the lanes to a target.
pub type Lanes = Box<dyn Fn(&Target) -> Transport + Send + Sync>;

/// Where cases are run.
pub(super) struct Rig {
    /// What is judged by.
    pub contract: Arc<Contract>,
    /// What the target has.
    pub abilities: Abilities,
    /// The seed of every run.
    pub seed: Seed,
    /// Requests sent.
    pub exchanges: usize,
    /// Sessions that could not be ended.
    pub leaked: BTreeSet<String>,
    /// The target, but while a run has it.
    pub target: Option<Target>,
    /// The ways to it.
    pub lanes: Lanes,
    /// Time.
    pub clock: Clock,
    /// Becoming true ends everything.
    pub stop: watch::Receiver<bool>,
    /// When everything ends by itself.
    pub until: Option<Duration>,
    /// Makes nonces differ between campaigns with one seed.
    pub salt: Seed,
    /// Runs so far, whose nonces differ too.
    pub runs: u64,
    /// Most requests per second.
    pub requests_per_second: Option<f64>,
}

impl Rig {
    /// Whether it was interrupted, or the time is up.
    pub fn is_stopped(&self) -> bool {
        let late = self.until.is_some_and(|until| self.clock.now() >= Moment::default().plus(until));
        *self.stop.borrow() || late
    }

    /// Runs cases, with no more patience than an endpoint on the same machine needs.
    pub async fn hastily(&mut self, cases: Vec<Arc<Case>>, jobs: usize) -> Vec<CaseResult> {
        let Some(patience) = self.target.as_ref().map(|target| target.timeout) else { return Vec::new() };
        self.be_patient(patience.min(limits::FUZZ_TIMEOUT));
        let results = self.patiently(cases, jobs).await;
        self.be_patient(patience);
        results
    }

    fn be_patient(&mut self, timeout: Duration) {
        self.target.iter_mut().for_each(|target| target.timeout = timeout);
    }

    /// Runs cases, with all the patience that the target is given.
    pub async fn patiently(&mut self, cases: Vec<Arc<Case>>, jobs: usize) -> Vec<CaseResult> {
        let Some(target) = self.target.take() else { return Vec::new() };
        let plan =
            Plan { jobs, seed: self.seed, requests_per_second: self.requests_per_second, time_limit: self.until };
        self.runs += 1;
        let means = run::Means {
            transport: (self.lanes)(&target),
            clock: self.clock.clone(),
            stop: self.stop.clone(),
            progress: Arc::new(Unheard),
            salt: Seed(self.salt.0.wrapping_add(self.runs)),
        };
        let Ended { results, exchanges, leaked, target, .. } =
            run::run(cases, self.contract.clone(), target, plan, means).await;
        self.target = Some(target);
        self.exchanges += exchanges;
        self.leaked.extend(leaked);
        results
    }
}

struct Unheard;

impl Progress for Unheard {
    fn case(&self, _: &CaseResult) {}
}
