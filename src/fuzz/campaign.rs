//! Campaigns: batches of generated cases for as long as a bound allows, and what is found in them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Shard;
use super::corpus::Past;
use super::generate::{self, Abilities};
use super::lower;
use super::pausing::{Pace, Pausing, Turn};
use super::program::Program;
use super::pursuit::{Batch, Drawn, Found, Pursuit};
use super::rig::{Lanes, Opens, Rig};
use super::tally::{Coverage, Tally};
use crate::case::Case;
use crate::check::result::WAIT;
use crate::check::{CaseResult, Skip, Tested};
use crate::clock::{Clock, Moment};
use crate::contract::Contract;
use crate::limits;
use crate::run::Target;
use crate::run::tally::Weather;
use crate::seed::Seed;

/// How far a campaign goes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Longest wait until the target answers anything at all; it is not part of its own time.
    pub wait: Duration,
    /// Until when, by its clock; confirming and shrinking included.
    pub until: Option<Duration>,
    /// Generated cases of all shards together.
    pub cases: Option<usize>,
    /// Which of them are this campaign's.
    pub shard: Shard,
    /// Findings that fail it, after which it ends.
    pub findings: usize,
    /// Whether SHOULD counts as MUST.
    pub strict: bool,
    /// Clients that may do something at once within a case.
    pub clients: u32,
    /// Cases at a time.
    pub jobs: usize,
}

/// What a campaign works with.
pub struct Means {
    /// The documents.
    pub contract: Arc<Contract>,
    /// The target.
    pub target: Target,
    /// Makes the lanes to the target.
    pub transport: Lanes,
    /// Makes what a run keeps its sessions in.
    pub opens: Opens,
    /// Time.
    pub clock: Clock,
    /// Becoming true ends it early.
    pub stop: watch::Receiver<bool>,
    /// Where the cases come from.
    pub seed: Seed,
    /// What every case does, instead of what the seed draws.
    pub program: Option<Program>,
    /// What an earlier campaign did that this one goes on from.
    pub past: Past,
    /// Makes nonces differ between campaigns with one seed.
    pub salt: Seed,
    /// Most requests per second.
    pub requests_per_second: Option<f64>,
    /// The folder that cases are named by: where they are kept, or [`UNKEPT`].
    pub folder: String,
    /// Is told of what happens.
    pub told: Arc<dyn Told>,
}

/// The folder of cases that are kept nowhere.
pub const UNKEPT: &str = "<generated>";

/// Is told of what happens in a campaign.
pub trait Told: Send + Sync {
    /// A batch ended.
    fn tally(&self, tally: &Tally);
    /// Something was found, confirmed and shrunk.
    fn found(&self, found: &Found);
    /// A later campaign can go on from here.
    fn reached(&self, past: &Past);
}

/// A batch that put nothing to the test.
#[derive(Debug)]
pub struct Mute {
    /// Why it did not.
    pub reason: String,
    /// What became of its cases.
    pub results: Vec<CaseResult>,
}

/// What a campaign came to.
#[derive(Debug)]
pub struct Done {
    /// All that was found, in the order in which it was.
    pub found: Vec<Found>,
    /// What was done.
    pub tally: Tally,
    /// Judgements made of generated cases, by clause.
    pub tested: Tested,
    /// Sessions that could not be ended.
    pub leaked: Vec<String>,
    /// What it met on the way that is no verdict.
    pub weather: Weather,
    /// Why it ended early: the target tells nothing any more.
    pub silent: Option<Mute>,
    /// Why most of those cases could not be decided in something that could not.
    pub doubt: Option<String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// What it ran against.
    pub target: Option<Target>,
}

/// A campaign.
pub struct Campaign {
    bounds: Bounds,
    rig: Rig,
    program: Option<Program>,
    told: Arc<dyn Told>,
    tally: Tally,
    coverage: Coverage,
    /// Whether cases are run with little patience: until one cannot be decided so.
    hasty: bool,
    /// The last batch, where it judged nothing.
    mute: Option<Mute>,
    /// Turns of the shard that were drawn.
    turns: usize,
    pausing: Pausing,
    pursuit: Pursuit,
}

impl Campaign {
    /// A campaign to come.
    pub fn new(bounds: Bounds, means: Means) -> Campaign {
        let Means { contract, target, transport, clock, stop, seed, program, past, salt, .. } = means;
        let Means { requests_per_second, folder, told, opens, .. } = means;
        let abilities = Abilities::of(&target, &contract, bounds.clients);
        let rig = Rig {
            contract,
            abilities,
            seed,
            wait: bounds.wait,
            waited: Duration::ZERO,
            exchanges: 0,
            leaked: BTreeSet::new(),
            weather: Weather::default(),
            opens,
            target: Some(target),
            lanes: transport,
            made: BTreeMap::new(),
            clock,
            stop,
            until: bounds.until,
            salt,
            runs: 0,
            requests_per_second,
        };
        let long = rig.target.as_ref().map_or(limits::LONG_WAIT, Target::long_wait);
        let (turns, pausing) = (past.turns, Pausing::new(past.turns, rig.clock.now(), long));
        let pursuit = Pursuit::new((bounds.findings, bounds.strict), folder, told.clone(), past);
        Campaign {
            bounds,
            rig,
            program,
            told,
            tally: Tally::default(),
            coverage: Coverage::default(),
            hasty: true,
            mute: None,
            turns,
            pausing,
            pursuit,
        }
    }

    /// Goes on until a bound is reached, the target falls silent, or it is stopped.
    ///
    /// # Panics
    /// As [`crate::run::run`].
    pub async fn run(mut self) -> Done {
        let mut silent = false;
        let waiting = self.pursuit.past.pausing.iter().copied();
        let (beyond, waiting): (Vec<usize>, Vec<usize>) = waiting.partition(|number| self.is_beyond(*number));
        let waiting = waiting.into_iter().filter_map(|number| self.turn(number, self.turns)).collect();
        self.pausing.resume(waiting, beyond);
        while !self.is_over() && !silent {
            silent = self.batch().await;
        }
        self.pursuit.tell_doubtful(&mut self.rig).await;
        self.pursuit.reached();
        self.tell();
        let Campaign { rig, pursuit, tally, coverage, mute, .. } = self;
        let silent = mute.filter(|_| silent || tally.judged == 0);
        Done {
            found: pursuit.found,
            tally,
            doubt: coverage.doubt(),
            tested: coverage.tested,
            leaked: rig.leaked.into_iter().collect(),
            weather: rig.weather,
            silent,
            interrupted: *rig.stop.borrow(),
            target: rig.target,
        }
    }

    /// Runs a batch and pursues what it found; whether nothing more is to be expected of the target.
    async fn batch(&mut self) -> bool {
        let (cases, drawn) = self.drawn();
        let (hasty, jobs) = (self.hasty, self.bounds.jobs);
        let pauses = !drawn.is_empty() && drawn.iter().all(|drawn| drawn.program.pauses());
        // A few that pause may have had bad luck; others tell soon enough that the target is silent.
        let tells = !pauses || (self.is_enough() && self.pausing.is_empty());
        let began = self.rig.clock.now();
        let ended = self.rig.batch(cases, jobs, hasty).await;
        if pauses {
            self.pausing.paused(began, self.rig.clock.now());
        }
        let judged = self.tally.add(&ended, &mut self.coverage);
        self.tell();
        let reached = self.bounds.shard.case(self.turns.saturating_sub(1)) + 1;
        let pursued = self.pursuit.batch(&mut self.rig, &Batch { drawn, hasty, reached }, &ended).await;
        let mute = ended
            .iter()
            .filter(|result| !result.absent)
            .any(|result| result.skip.is_some() || !result.undecided.is_empty());
        self.hasty &= !mute;
        let gave_up = ended.is_empty() && !self.is_enough();
        let told_enough = gave_up || (mute && !hasty) || waited_in_vain(&ended);
        let silent = tells && judged == 0 && told_enough && !self.is_over();
        // What a target that was not there was to be asked is to be asked yet.
        if pursued && !silent && !self.rig.is_stopped() {
            self.pursuit.past.turns = self.turns;
            self.pursuit.past.pausing = self.pausing.numbers();
        }
        self.pursuit.reached();
        self.tell();
        self.mute =
            (judged == 0 && (silent || !ended.is_empty())).then(|| Mute { reason: reason(&ended), results: ended });
        silent
    }

    fn tell(&mut self) {
        (self.tally.exchanges, self.tally.found) = (self.rig.exchanges, self.pursuit.found.len());
        self.tally.waited = self.rig.waited;
        self.told.tally(&self.tally);
    }

    fn is_over(&self) -> bool {
        self.rig.is_stopped() || (self.is_enough() && self.pausing.is_empty()) || self.pursuit.is_enough()
    }

    /// Whether all cases were drawn.
    fn is_enough(&self) -> bool {
        self.is_beyond(self.turns)
    }

    /// Whether a turn is none of the cases that are asked for.
    fn is_beyond(&self, turn: usize) -> bool {
        self.bounds.cases.is_some_and(|cases| self.bounds.shard.case(turn) >= cases)
    }

    /// The next cases, each beside what it was lowered from. What nothing is left of is a case that judges nothing.
    fn drawn(&mut self) -> (Vec<Arc<Case>>, Vec<Drawn>) {
        let (mut batch, mut empty) = (Vec::new(), 0);
        while batch.len() < self.bounds.jobs * limits::FUZZ_BATCH
            && !self.pausing.is_due(self.pace())
            && empty < limits::FUZZ_EMPTY
            && !self.is_enough()
        {
            let (number, since) = (self.turns, self.turns);
            self.turns += 1;
            let Some(turn) = self.turn(number, since).and_then(|turn| self.in_time(turn)) else {
                (empty, self.tally.cases) = (empty + 1, self.tally.cases + 1);
                continue;
            };
            empty = 0;
            if turn.drawn.program.pauses() {
                self.pausing.push(turn);
            } else {
                batch.push(turn);
            }
        }
        if batch.is_empty() {
            // Where one follows another none waits for others.
            let most = if self.bounds.jobs == 1 && !self.is_enough() { 1 } else { limits::FUZZ_PAUSING };
            batch = self.pausing.take(most);
        }
        self.tally.cases += batch.len();
        batch.into_iter().map(|turn| (turn.case, turn.drawn)).unzip()
    }

    /// What decides when cases pause: the time, unless a number of cases is asked for or all do the same.
    fn pace(&self) -> Pace {
        if self.bounds.cases.is_some() || self.program.is_some() {
            return Pace::Turns(self.turns);
        }
        Pace::Time { now: self.rig.clock.now(), until: self.rig.until.map(|until| Moment::default().plus(until)) }
    }

    /// A turn as it is run: where the time decides and as many wait as pause together, it does all else that it is to do.
    fn in_time(&self, turn: Turn) -> Option<Turn> {
        let is_too_much = self.pausing.is_full() && turn.drawn.program.pauses();
        if !is_too_much || matches!(self.pace(), Pace::Turns(_)) {
            return Some(turn);
        }
        let program = turn.drawn.program.without_pauses();
        let case = lower::case(&turn.case.id, &program, &self.rig.abilities)?;
        Some(Turn { case: Arc::new(case), drawn: Drawn { program, ..turn.drawn }, ..turn })
    }

    /// What a turn is to run; `None` when nothing is left of it.
    fn turn(&self, number: usize, since: usize) -> Option<Turn> {
        let drawn = self.draw(self.bounds.shard.case(number));
        let case = lower::case(&format!("fuzz-{}", drawn.number), &drawn.program, &self.rig.abilities)?;
        Some(Turn { number, since, case: Arc::new(case), drawn })
    }

    /// The case of a number: each has a stream of its own, so that no pace changes it.
    fn draw(&self, number: usize) -> Drawn {
        let draw = || {
            let mut stream = self.rig.seed.stream(&format!("fuzz {number}"));
            stream.unstructured(generate::ENTROPY, |u| generate::program(&self.rig.abilities, u))
        };
        Drawn { number, program: self.program.clone().unwrap_or_else(draw) }
    }
}

/// Whether the target was not there for as long as it was waited for.
fn waited_in_vain(results: &[CaseResult]) -> bool {
    let in_vain = |result: &CaseResult| matches!(&result.skip, Some(Skip::Untested(why)) if why.contains(WAIT));
    !results.is_empty() && results.iter().all(in_vain)
}

/// Why a batch judged nothing.
fn reason(results: &[CaseResult]) -> String {
    let skipped = results.iter().filter_map(|result| match &result.skip {
        Some(Skip::Untested(reason)) => Some(reason.clone()),
        _ => None,
    });
    let undecided = results.iter().flat_map(|result| result.undecided.iter().cloned());
    undecided
        .chain(skipped)
        .next()
        .unwrap_or_else(|| "the target has nothing that generated cases could use".to_owned())
}
