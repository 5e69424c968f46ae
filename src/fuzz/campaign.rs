//! Campaigns: batches of generated cases for as long as a bound allows; each finding is confirmed, shrunk and told once.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::Shard;
use super::corpus::Past;
use super::generate::{self, Abilities};
use super::lower;
use super::program::Program;
use super::shrink::{Trial, shrink};
use crate::case::{Case, write};
use crate::check::{CaseResult, Finding, Record};
use crate::clock::{Clock, Moment};
use crate::contract::{Contract, Level};
use crate::run::{self, Ended, Plan, Progress, Target};
use crate::seed::Seed;
use crate::source::{Place, Source, Span};
use crate::transport::Transport;
use crate::wire::WireForm;
use crate::{limits, load};

/// How far a campaign goes.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Until when, by its clock; confirming and shrinking included.
    pub until: Option<Duration>,
    /// Generated cases of all shards together.
    pub cases: Option<usize>,
    /// Which of them are this campaign's.
    pub shard: Shard,
    /// Findings after which it ends.
    pub findings: usize,
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
    pub transport: Box<dyn Fn(&Target) -> Transport + Send + Sync>,
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

/// What was done so far.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tally {
    /// Generated cases run.
    pub cases: usize,
    /// Of these, those that put anything to the test.
    pub judged: usize,
    /// Of these, those that could not be decided in something.
    pub undecided: usize,
    /// Requests sent, those to confirm and to shrink included.
    pub exchanges: usize,
    /// Findings told.
    pub found: usize,
    /// Clauses put to the test.
    pub clauses: usize,
    /// Wrong values of the catalogue sent.
    pub mutations: usize,
    /// Wire forms that calls were sent in.
    pub forms: usize,
}

/// What a campaign has come by, each counted once.
#[derive(Debug, Default)]
struct Coverage {
    clauses: BTreeSet<String>,
    mutations: BTreeSet<&'static str>,
    forms: BTreeSet<WireForm>,
}

impl Coverage {
    fn add(&mut self, result: &CaseResult) {
        for clause in result.tested.keys().filter(|clause| !self.clauses.contains(*clause)).cloned().collect::<Vec<_>>()
        {
            self.clauses.insert(clause);
        }
        for record in &result.history {
            self.mutations.extend(record.mutation.as_ref().map(|value| value.name));
            self.forms.extend(record.form);
        }
    }
}

/// One finding: a clause and how it broke.
#[derive(Debug)]
pub struct Found {
    /// The clause.
    pub clause: String,
    /// Its level.
    pub level: Level,
    /// The case that shows it, as read from `text`.
    pub case: Arc<Case>,
    /// The case as YAML.
    pub text: String,
    /// How often it was seen when the case was run again, and how often that was.
    pub again: (usize, usize),
    /// What became of the case in the run that shows it, with the findings of this clause alone.
    pub result: CaseResult,
    /// Generated cases, of all shards, after which a campaign with this seed has come upon it.
    pub cases: usize,
}

/// What a campaign came to.
#[derive(Debug)]
pub struct Done {
    /// All that was found, in the order in which it was.
    pub found: Vec<Found>,
    /// What was done.
    pub tally: Tally,
    /// Sessions that could not be ended.
    pub leaked: Vec<String>,
    /// Why it ended early: the target tells nothing any more.
    pub silent: Option<String>,
    /// Whether it was interrupted.
    pub interrupted: bool,
    /// What it ran against.
    pub target: Option<Target>,
}

/// A campaign.
pub struct Campaign {
    bounds: Bounds,
    abilities: Abilities,
    contract: Arc<Contract>,
    target: Option<Target>,
    transport: Box<dyn Fn(&Target) -> Transport + Send + Sync>,
    clock: Clock,
    stop: watch::Receiver<bool>,
    seed: Seed,
    program: Option<Program>,
    salt: Seed,
    runs: u64,
    requests_per_second: Option<f64>,
    folder: String,
    told: Arc<dyn Told>,
    tally: Tally,
    leaked: BTreeSet<String>,
    coverage: Coverage,
    /// Whether cases are run with little patience: until one cannot be decided so.
    hasty: bool,
    /// Turns of the shard that were drawn.
    turns: usize,
    /// Turns that are over, and what was told.
    past: Past,
    found: Vec<Found>,
    /// What was seen and did not come again, by clause: it is told where nothing that comes again is found instead.
    doubtful: BTreeMap<String, Vec<Doubt>>,
}

/// Something seen that did not come again.
struct Doubt {
    id: String,
    seen: Seen,
    finding: Finding,
    /// Whether the case is to list the clause.
    listed: bool,
}

/// A program in which something was seen, and the run that showed it with all the patience that the target is given.
struct Seen {
    program: Program,
    patiently: Option<CaseResult>,
}

/// A generated case.
struct Drawn {
    number: usize,
    program: Program,
}

impl Campaign {
    /// A campaign to come.
    pub fn new(bounds: Bounds, means: Means) -> Campaign {
        let abilities = Abilities::of(&means.target, &means.contract, bounds.clients);
        Campaign {
            bounds,
            abilities,
            contract: means.contract,
            target: Some(means.target),
            transport: means.transport,
            clock: means.clock,
            stop: means.stop,
            seed: means.seed,
            program: means.program,
            salt: means.salt,
            runs: 0,
            requests_per_second: means.requests_per_second,
            folder: means.folder,
            told: means.told,
            tally: Tally::default(),
            leaked: BTreeSet::new(),
            coverage: Coverage::default(),
            hasty: true,
            turns: means.past.turns,
            past: means.past,
            found: Vec::new(),
            doubtful: BTreeMap::new(),
        }
    }

    /// Goes on until a bound is reached, the target falls silent, or it is stopped.
    ///
    /// # Panics
    /// As [`run::run`].
    pub async fn run(mut self) -> Done {
        let mut silent = None;
        while !self.is_over() && silent.is_none() {
            let (cases, drawn) = self.batch();
            let hasty = self.hasty;
            let ended = match hasty {
                true => self.hastily(cases, self.bounds.jobs).await,
                false => self.cases(cases, self.bounds.jobs).await,
            };
            let judged = ended.iter().filter(|result| !result.tested.is_empty()).count();
            self.account(&ended, judged);
            self.told.tally(&self.tally);
            let pursued = self.pursue(&drawn, &ended, hasty).await;
            if pursued && !self.is_stopped() {
                self.past.turns = self.turns;
            }
            self.told.reached(&self.past);
            self.told.tally(&self.tally);
            let mute = ended.iter().any(|result| result.skip.is_some() || !result.undecided.is_empty());
            self.hasty &= !mute;
            let gave_up = ended.is_empty() && !self.is_enough();
            if judged == 0 && ((mute && !hasty) || gave_up) && !self.is_over() {
                silent = Some(reason(&ended));
            }
        }
        self.tell_doubtful().await;
        self.told.reached(&self.past);
        let interrupted = *self.stop.borrow();
        let leaked = self.leaked.into_iter().collect();
        Done { found: self.found, tally: self.tally, leaked, silent, interrupted, target: self.target }
    }

    fn is_over(&self) -> bool {
        self.is_stopped() || self.is_enough() || self.tally.found >= self.bounds.findings
    }

    /// Whether all cases were drawn.
    fn is_enough(&self) -> bool {
        self.bounds.cases.is_some_and(|cases| self.bounds.shard.case(self.turns) >= cases)
    }

    /// The next cases, each beside what it was lowered from. What nothing is left of is a case that judges nothing.
    fn batch(&mut self) -> (Vec<Arc<Case>>, Vec<Drawn>) {
        let (mut cases, mut kept, mut empty) = (Vec::new(), Vec::new(), 0);
        while cases.len() < self.bounds.jobs * limits::FUZZ_BATCH && empty < limits::FUZZ_EMPTY && !self.is_enough() {
            let drawn = self.draw(self.bounds.shard.case(self.turns));
            self.turns += 1;
            self.tally.cases += 1;
            match lower::case(&format!("fuzz-{}", drawn.number), &drawn.program, &self.abilities) {
                Some(case) => {
                    cases.push(Arc::new(case));
                    kept.push(drawn);
                    empty = 0;
                }
                None => empty += 1,
            }
        }
        (cases, kept)
    }

    /// The case of a number: each has a stream of its own, so that no pace changes it.
    fn draw(&self, number: usize) -> Drawn {
        let draw = || {
            let mut stream = self.seed.stream(&format!("fuzz {number}"));
            stream.unstructured(generate::ENTROPY, |u| generate::program(&self.abilities, u))
        };
        Drawn { number, program: self.program.clone().unwrap_or_else(draw) }
    }

    fn account(&mut self, ended: &[CaseResult], judged: usize) {
        self.tally.judged += judged;
        self.tally.undecided += ended.iter().filter(|result| !result.undecided.is_empty()).count();
        ended.iter().for_each(|result| self.coverage.add(result));
        let Coverage { clauses, mutations, forms } = &self.coverage;
        (self.tally.clauses, self.tally.mutations, self.tally.forms) = (clauses.len(), mutations.len(), forms.len());
    }

    /// Runs cases, with no more patience than an endpoint on the same machine needs.
    async fn hastily(&mut self, cases: Vec<Arc<Case>>, jobs: usize) -> Vec<CaseResult> {
        let Some(patience) = self.target.as_ref().map(|target| target.timeout) else { return Vec::new() };
        self.be_patient(patience.min(limits::FUZZ_TIMEOUT));
        let results = self.cases(cases, jobs).await;
        self.be_patient(patience);
        results
    }

    fn be_patient(&mut self, timeout: Duration) {
        self.target.iter_mut().for_each(|target| target.timeout = timeout);
    }

    /// Runs cases, and keeps account of what that took.
    async fn cases(&mut self, cases: Vec<Arc<Case>>, jobs: usize) -> Vec<CaseResult> {
        let Some(target) = self.target.take() else { return Vec::new() };
        let plan = Plan {
            jobs,
            seed: self.seed,
            requests_per_second: self.requests_per_second,
            time_limit: self.bounds.until,
        };
        self.runs += 1;
        let means = run::Means {
            transport: (self.transport)(&target),
            clock: self.clock.clone(),
            stop: self.stop.clone(),
            progress: Arc::new(Unheard),
            salt: Seed(self.salt.0.wrapping_add(self.runs)),
        };
        let Ended { results, exchanges, leaked, target, .. } =
            run::run(cases, self.contract.clone(), target, plan, means).await;
        self.target = Some(target);
        self.tally.exchanges += exchanges;
        self.leaked.extend(leaked);
        results
    }

    /// Confirms, shrinks and tells what is new in the results of a batch, MUST before SHOULD; whether it came to the end.
    async fn pursue(&mut self, drawn: &[Drawn], results: &[CaseResult], hasty: bool) -> bool {
        let mut seen: Vec<(usize, &Finding)> = Vec::new();
        for (at, result) in results.iter().enumerate() {
            seen.extend(result.findings.iter().filter(|finding| finding.level > Level::May).map(|found| (at, found)));
        }
        seen.sort_by_key(|(at, finding)| (finding.level != Level::Must, drawn[*at].program.0.len()));
        for (at, finding) in seen {
            if self.is_stopped() || self.tally.found >= self.bounds.findings {
                return false;
            }
            if self.is_new(finding) {
                self.one(drawn, at, &results[at], finding, hasty).await;
            }
        }
        true
    }

    /// Whether a clause was not yet found broken in this way; of one clause a few ways are told, and of a SHOULD one.
    fn is_new(&self, finding: &Finding) -> bool {
        let most = if finding.level == Level::Must { limits::FINDINGS_SHOWN } else { 1 };
        let known = self.past.told.get(&finding.clause);
        let doubts = self.doubtful.get(&finding.clause).map_or(0, Vec::len);
        doubts < limits::FUZZ_CONFIRMATIONS
            && known.is_none_or(|shapes| shapes.len() < most && !shapes.contains(&finding.shape))
    }

    async fn one(&mut self, drawn: &[Drawn], at: usize, result: &CaseResult, finding: &Finding, hasty: bool) {
        let Drawn { number, program } = &drawn[at];
        let id = format!("{}-{:x}-{number}", finding.clause.replace('/', "-"), self.seed.0);
        let (clause, left) = (finding.clause.as_str(), limits::FUZZ_SHRINKS);
        let mut trial = Again { campaign: self, id: &id, clause, tries: 1, left };
        let mut confirmed = None;
        for candidate in [Some(program.clone()), before(drawn, at)].into_iter().flatten() {
            if let Some(tries) = trial.first(&candidate).await {
                trial.tries = tries;
                confirmed = Some(candidate);
                break;
            }
        }
        let record = result.history.get(finding.record);
        // No step says what a generated value proves; other rules find a breach where a pass would not tell of them.
        let listed = record.and_then(|record| record.mutation.as_ref()).is_some_and(|value| value.clause == clause);
        // An answer is what it is, however long one would have waited for it.
        let answered = record.and_then(Record::exchange).is_some_and(|exchange| exchange.reply.answer().is_some());
        let patiently = Some(result.clone()).filter(|_| !hasty || answered);
        let whole = Seen { program: program.clone(), patiently };
        let Some(confirmed) = confirmed else {
            let doubt = Doubt { id, seen: whole, finding: finding.clone(), listed };
            self.doubtful.entry(finding.clause.clone()).or_default().push(doubt);
            return;
        };
        let least = Seen { program: shrink(confirmed, &mut trial).await, patiently: None };
        self.tell(&id, vec![least, whole], finding, listed).await;
    }

    /// Tells of each clause the first doubt, where nothing better was found.
    async fn tell_doubtful(&mut self) {
        for (clause, doubts) in std::mem::take(&mut self.doubtful) {
            let Some(Doubt { id, seen, finding, listed }) = doubts.into_iter().next() else { continue };
            if !self.past.told.contains_key(&clause) {
                self.tell(&id, vec![seen], &finding, listed).await;
            }
        }
    }

    /// Tells a finding by the first case that shows it.
    async fn tell(&mut self, id: &str, cases: Vec<Seen>, finding: &Finding, listed: bool) {
        for seen in cases {
            let Some(found) = self.shown(id, seen, finding, listed).await else { continue };
            let shapes = self.past.told.entry(finding.clause.clone()).or_default();
            shapes.insert(finding.shape.clone());
            shapes.extend(found.result.findings.first().map(|finding| finding.shape.clone()));
            self.tally.found += 1;
            self.told.found(&found);
            self.found.push(found);
            return;
        }
    }

    /// The finding as it is told: by the case as it is read from its text, run again with all the patience that the
    /// target is given, and then a few times more. What was seen with less patience alone is not told.
    async fn shown(&mut self, id: &str, seen: Seen, finding: &Finding, listed: bool) -> Option<Found> {
        let (clause, cases) = (&finding.clause, self.bounds.shard.case(self.turns.saturating_sub(1)) + 1);
        let mut case = lower::case(id, &seen.program, &self.abilities)?;
        if listed {
            lower::list(&mut case, clause);
        }
        case.title = Some(format!("found by fuzzing, seed {}: {clause} is broken", self.seed));
        let text = write::write(&case);
        let source = Source::new(format!("{}/{id}.yaml", self.folder), text.as_str());
        let case = Arc::new(load::case::case(&source, id, &self.contract).unwrap_or(case));
        let (mut broken, mut times) = (0, 0);
        let mut shown = seen.patiently;
        while times < limits::FUZZ_CONFIRMATIONS && !self.is_stopped() {
            let result = if times == 0 {
                self.cases(vec![case.clone()], 1).await.pop()
            } else {
                self.hastily(vec![case.clone()], 1).await.pop()
            };
            if let Some(result) = result.filter(|result| breaks(result, clause)) {
                broken += 1;
                shown = if times == 0 { Some(result) } else { shown };
            }
            times += 1;
            shown.as_ref()?;
        }
        let mut result = placed(shown?, &case);
        result.findings.retain(|finding| finding.clause == *clause);
        if broken < times || times == 0 {
            let words = format!("once, and in {broken} of {times} further runs of this case");
            result.findings.iter_mut().for_each(|finding| finding.notes.push(("seen", words.clone())));
        }
        let (clause, level) = (clause.clone(), finding.level);
        Some(Found { clause, level, case, text, again: (broken, times), result, cases })
    }

    fn is_stopped(&self) -> bool {
        let late = self.bounds.until.is_some_and(|until| self.clock.now() >= Moment::default().plus(until));
        *self.stop.borrow() || late
    }
}

/// The program of a case with those of the cases before it in the batch: what it found may have come of them.
fn before(drawn: &[Drawn], at: usize) -> Option<Program> {
    let from = at.saturating_sub(limits::FUZZ_BATCH);
    let programs = drawn[from..=at].iter().filter_map(|drawn| drawn.program.within(&format!("c{}-", drawn.number)));
    let ops: Vec<_> = programs.flat_map(|program| program.0).collect();
    (from < at && ops.len() < limits::CASE_STEPS / 2).then_some(Program(ops))
}

fn breaks(result: &CaseResult, clause: &str) -> bool {
    result.findings.iter().any(|finding| finding.clause == clause)
}

/// Why a batch judged nothing.
fn reason(results: &[CaseResult]) -> String {
    let skipped = results.iter().filter_map(|result| match &result.skip {
        Some(crate::check::Skip::Untested(reason)) => Some(reason.clone()),
        _ => None,
    });
    let undecided = results.iter().flat_map(|result| result.undecided.iter().cloned());
    undecided
        .chain(skipped)
        .next()
        .unwrap_or_else(|| "the target has nothing that generated cases could use".to_owned())
}

/// The result with its findings at the places of the same case, as it is read from a text.
fn placed(mut result: CaseResult, case: &Arc<Case>) -> CaseResult {
    for finding in &mut result.findings {
        let step = finding.step.and_then(|step| case.steps.get(step));
        let span = step.map_or_else(Span::default, |step| step.expect.as_ref().map_or(step.span, |expect| expect.span));
        finding.place = Place { source: case.source.clone(), span };
    }
    result.case = case.clone();
    result
}

/// Whether a smaller program breaks the same clause when it is run again.
struct Again<'a> {
    campaign: &'a mut Campaign,
    id: &'a str,
    clause: &'a str,
    /// How often a program is run before it counts as one that does not.
    tries: usize,
    /// Runs left.
    left: usize,
}

impl Again<'_> {
    /// Which of a few runs was the first to break it.
    async fn first(&mut self, program: &Program) -> Option<usize> {
        for time in 1..=limits::FUZZ_CONFIRMATIONS {
            if self.fails(program).await? {
                return Some(time);
            }
        }
        None
    }
}

impl Trial for Again<'_> {
    async fn fails(&mut self, program: &Program) -> Option<bool> {
        let Some(case) = lower::case(self.id, program, &self.campaign.abilities) else { return Some(false) };
        let case = Arc::new(case);
        for _ in 0..self.tries {
            self.left = self.left.checked_sub(1)?;
            let result = self.campaign.hastily(vec![case.clone()], 1).await.pop();
            if result.is_some_and(|result| breaks(&result, self.clause)) {
                return Some(true);
            }
            if self.campaign.is_stopped() {
                return None;
            }
        }
        Some(false)
    }
}

struct Unheard;

impl Progress for Unheard {
    fn case(&self, _: &CaseResult) {}
}
