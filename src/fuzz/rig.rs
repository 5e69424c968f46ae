//! Rigs: a target with what it takes to run cases against it, and account of what that took.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::generate::Abilities;
use crate::case::Case;
use crate::check::CaseResult;
use crate::clock::{Clock, Moment};
use crate::contract::Contract;
use crate::limits;
use crate::run::sessions::Sessions;
use crate::run::tally::Weather;
use crate::run::{self, Ended, Plan, Progress, Target};
use crate::seed::Seed;
use crate::transport::Transport;

/// Makes the lanes to a target.
pub type Lanes = Box<dyn Fn(&Target) -> Transport + Send + Sync>;

/// Makes what a run keeps its sessions in, so that whoever ends the process in the middle can say what is left.
pub type Opens = Box<dyn Fn() -> Arc<Sessions> + Send + Sync>;

/// Where cases are run.
pub(super) struct Rig {
    /// What is judged by.
    pub contract: Arc<Contract>,
    /// What the target has.
    pub abilities: Abilities,
    /// The seed of every run.
    pub seed: Seed,
    /// How long the first batch waits for the target to be there; zero from then on.
    pub wait: Duration,
    /// How long it did.
    pub waited: Duration,
    /// Requests sent, handshakes included.
    pub exchanges: usize,
    /// Sessions that could not be ended.
    pub leaked: BTreeSet<String>,
    /// What was met on the way.
    pub weather: Weather,
    /// Where each run keeps its sessions.
    pub opens: Opens,
    /// The target, but while a run has it.
    pub target: Option<Target>,
    /// Makes the ways to it.
    pub lanes: Lanes,
    /// Those made, by how long they wait: connections outlive a batch.
    pub made: BTreeMap<Duration, Transport>,
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

    /// Runs a case, with no more patience than an endpoint on the same machine needs.
    pub async fn hastily(&mut self, case: Arc<Case>) -> Option<CaseResult> {
        self.run(vec![case], Manner { hasty: true, jobs: 1, first: false }).await.pop()
    }

    /// Runs a case, with all the patience that the target is given.
    pub async fn patiently(&mut self, case: Arc<Case>) -> Option<CaseResult> {
        self.run(vec![case], Manner { hasty: false, jobs: 1, first: false }).await.pop()
    }

    /// Runs new cases side by side, the first of them when the target is there. What shows that the set-up does not fit the target is no verdict, and is asked first.
    pub async fn batch(&mut self, cases: Vec<Arc<Case>>, jobs: usize, hasty: bool) -> Vec<CaseResult> {
        self.run(cases, Manner { hasty, jobs, first: true }).await
    }

    async fn run(&mut self, cases: Vec<Arc<Case>>, manner: Manner) -> Vec<CaseResult> {
        let Some(mut target) = self.target.take() else { return Vec::new() };
        let patience = target.timeout;
        target.timeout = if manner.hasty { patience.min(limits::FUZZ_TIMEOUT) } else { patience };
        let timeout = target.timeout;
        let plan = Plan {
            jobs: manner.jobs,
            seed: self.seed,
            requests_per_second: self.requests_per_second,
            time_limit: self.until,
        };
        self.runs += 1;
        let met = self.made.values().any(Transport::has_answered);
        let transport = self.made.remove(&timeout).unwrap_or_else(|| (self.lanes)(&target));
        if met {
            transport.answered_before();
        }
        let means = run::Means {
            transport,
            clock: self.clock.clone(),
            stop: self.stop.clone(),
            progress: Arc::new(Unheard),
            salt: Seed(self.salt.0.wrapping_add(self.runs)),
            sessions: (self.opens)(),
        };
        let ended = match manner.first {
            true => {
                let bounds = run::Bounds { wait: std::mem::take(&mut self.wait), ..run::Bounds::default() };
                run::run_as_set_up(cases, self.contract.clone(), target, plan, means, bounds).await
            }
            false => run::run(cases, self.contract.clone(), target, plan, means).await,
        };
        let Ended { results, exchanges, handshakes, leaked, weather, waited, target, transport, .. } = ended;
        self.waited += waited;
        self.until = self.until.map(|until| until + waited);
        self.made.insert(timeout, transport);
        self.target = Some(Target { timeout: patience, ..target });
        self.exchanges += exchanges + handshakes;
        self.leaked.extend(leaked);
        self.weather = self.weather.and(weather);
        results
    }
}

/// How cases are run.
struct Manner {
    hasty: bool,
    /// Cases at a time.
    jobs: usize,
    /// Nothing is known of the target yet that would tell a wrong set-up.
    first: bool,
}

struct Unheard;

impl Progress for Unheard {
    fn case(&self, _: &CaseResult) {}
}
