//! Pursuit: what was found in a batch, confirmed, shrunk, and told once by the least case that shows it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::campaign::Told;
use super::confirm::{Again, breaks};
use super::corpus::Past;
use super::lower;
use super::program::Program;
use super::rig::Rig;
use super::shrink::shrink;
use super::stated;
use crate::case::{Case, write};
use crate::check::result::fails;
use crate::check::{CaseResult, Finding, Record};
use crate::contract::Level;
use crate::http::{CauseKind, Reply};
use crate::seed::Seed;
use crate::source::{Place, Source, Span};
use crate::{limits, load};

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

/// A generated case.
pub(super) struct Drawn {
    pub number: usize,
    pub program: Program,
}

/// Generated cases that were run side by side.
pub(super) struct Batch {
    pub drawn: Vec<Drawn>,
    /// With little patience.
    pub hasty: bool,
    /// Generated cases, of all shards, up to its end.
    pub reached: usize,
}

/// Something seen in a generated case.
struct Sight {
    /// The id of the case that will show it.
    id: String,
    finding: Finding,
    /// Whether the case is to list the clause.
    listed: bool,
    /// [`Batch::reached`].
    reached: usize,
    /// All of the case.
    whole: Seen,
    /// What it was found in, where a connection was ended, or the target was gone: no patience would have changed that.
    ended: Option<CaseResult>,
}

/// A program in which something was seen, and the run that showed it with all the patience that the target is given.
#[derive(Clone)]
struct Seen {
    program: Program,
    patiently: Option<CaseResult>,
}

/// What is known of a target's breaches.
pub(super) struct Pursuit {
    /// Findings that fail it, after which it ends, and whether SHOULD counts as MUST.
    most: (usize, bool),
    folder: String,
    told: Arc<dyn Told>,
    /// Turns that are over, and what was told.
    pub past: Past,
    /// What was told by this campaign.
    pub found: Vec<Found>,
    /// What was seen and did not surely come again, by clause: it is told where nothing that comes again is found instead.
    doubtful: BTreeMap<String, Vec<Sight>>,
}

impl Pursuit {
    /// Nothing found yet but what an earlier campaign told.
    pub fn new(most: (usize, bool), folder: String, told: Arc<dyn Told>, past: Past) -> Pursuit {
        Pursuit { most, folder, told, past, found: Vec::new(), doubtful: BTreeMap::new() }
    }

    /// Whether as much was found as is asked for. What fails nothing is never enough: more may be found that does.
    pub fn is_enough(&self) -> bool {
        let (most, strict) = self.most;
        self.found.iter().filter(|found| fails(found.level, strict)).count() >= most
    }

    /// Has it told how far the campaign came.
    pub fn reached(&self) {
        self.told.reached(&self.past);
    }

    /// Confirms, shrinks and tells what is new in the results of a batch, MUST before SHOULD; whether it came to the end.
    pub async fn batch(&mut self, rig: &mut Rig, batch: &Batch, results: &[CaseResult]) -> bool {
        let mut seen: Vec<(usize, &Finding)> = Vec::new();
        for (at, result) in results.iter().enumerate() {
            seen.extend(result.findings.iter().filter(|finding| finding.level > Level::May).map(|found| (at, found)));
        }
        seen.sort_by_key(|(at, finding)| (finding.level != Level::Must, batch.drawn[*at].program.0.len()));
        for (at, finding) in seen {
            if rig.is_stopped() || self.is_enough() {
                return false;
            }
            if self.is_new(finding) {
                self.one(rig, batch, at, sight(batch, at, &results[at], finding, rig.seed)).await;
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

    async fn one(&mut self, rig: &mut Rig, batch: &Batch, at: usize, sight: Sight) {
        let (clause, left) = (sight.finding.clause.as_str(), limits::FUZZ_SHRINKS);
        let mut again = Again { rig, id: &sight.id, clause, tries: 1, left };
        for candidate in [Some(sight.whole.program.clone()), batch.before(at)].into_iter().flatten() {
            if let Some(tries) = again.first(&candidate).await {
                again.tries = tries;
                let least = Seen { program: shrink(candidate, &mut again).await, patiently: None };
                if self.tell(rig, &sight, least).await {
                    return;
                }
                break;
            }
        }
        self.doubtful.entry(sight.finding.clause.clone()).or_default().push(sight);
    }

    /// Tells of each clause the first doubt, where nothing better was found: MUST before SHOULD, and no more than are asked for.
    pub async fn tell_doubtful(&mut self, rig: &mut Rig) {
        let doubtful = std::mem::take(&mut self.doubtful);
        let mut firsts: Vec<Sight> = doubtful.into_values().filter_map(|doubts| doubts.into_iter().next()).collect();
        firsts.sort_by_key(|sight| sight.finding.level != Level::Must);
        for sight in firsts {
            // That a MUST is broken decides what the campaign comes to.
            let decides =
                sight.finding.level == Level::Must && !self.found.iter().any(|found| found.level == Level::Must);
            let is_told = self.past.told.get(&sight.finding.clause).is_some_and(|shapes| !shapes.is_empty());
            if (decides || !self.is_enough()) && !is_told {
                self.tell(rig, &sight, sight.whole.clone()).await;
            }
        }
    }

    /// Tells a finding by a case, if that shows it.
    async fn tell(&mut self, rig: &mut Rig, sight: &Sight, seen: Seen) -> bool {
        let Some(found) = self.shown(rig, sight, seen).await else { return false };
        let shapes = self.past.told.entry(sight.finding.clause.clone()).or_default();
        // What there was no time to run again counts, and is pursued by whoever goes on from here.
        if found.again.1 > 0 {
            shapes.insert(sight.finding.shape.clone());
            shapes.extend(found.result.findings.first().map(|finding| finding.shape.clone()));
        }
        self.told.found(&found);
        self.found.push(found);
        true
    }

    /// The finding as it is told: by the case as it is read from its text, run again with all the patience that the
    /// target is given, and then a few times more. What was seen with less patience alone is not told.
    async fn shown(&self, rig: &mut Rig, sight: &Sight, seen: Seen) -> Option<Found> {
        let Sight { id, finding, listed, reached, .. } = sight;
        let clause = &finding.clause;
        let mut case = lower::case(id, &seen.program, &rig.abilities)?;
        if *listed {
            stated::list(&mut case, clause);
        }
        case.title = Some(format!("found by fuzzing, seed {}: {clause} is broken", rig.seed));
        let mut text = write::write(&case);
        let source = Source::new(format!("{}/{id}.yaml", self.folder), text.as_str());
        let case = Arc::new(load::case::case(&source, id, &rig.contract).unwrap_or(case));
        let (mut broken, mut times) = (0, 0);
        // Where there is no time to see it again it is told as it was seen.
        let once = sight.ended.clone().filter(|_| rig.is_stopped() && seen.program == sight.whole.program);
        let mut shown = seen.patiently.or(once);
        while times < limits::FUZZ_CONFIRMATIONS && !rig.is_stopped() {
            let result = match times {
                0 => rig.patiently(case.clone()).await,
                _ => rig.hastily(case.clone()).await,
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
            let words = match times {
                0 => "once: there was no time to run this case again".to_owned(),
                _ => format!("once, and in {broken} of {times} further runs of this case"),
            };
            if times > 0 {
                // At the end, so that every place in the text stays where it is.
                text.push_str(&format!("# Seen {words}: it may need what ran beside it.\n"));
            }
            result.findings.iter_mut().for_each(|finding| finding.notes.push(("seen", words.clone())));
        }
        let (clause, level, cases) = (clause.clone(), finding.level, *reached);
        Some(Found { clause, level, case, text, again: (broken, times), result, cases })
    }
}

/// What was seen, with what is known of it before it is run again.
fn sight(batch: &Batch, at: usize, result: &CaseResult, finding: &Finding, seed: Seed) -> Sight {
    let Drawn { number, program } = &batch.drawn[at];
    let clause = finding.clause.as_str();
    let record = result.history.get(finding.record);
    // No step says what a generated value proves; other rules find a breach where a pass would not tell of them.
    let listed = record.and_then(|record| record.mutation.as_ref()).is_some_and(|value| value.clause == clause);
    let reply = record.and_then(Record::exchange).map(|exchange| &exchange.reply);
    // An answer is what it is, however long one would have waited for it; that of a gateway is none of the target's.
    let answered = reply.and_then(Reply::answer).is_some_and(|answer| !answer.is_of_gateway());
    let ended = match reply {
        Some(Reply::Lost(cause)) => cause.kind != CauseKind::Timeout,
        Some(Reply::Answered(answer)) => answer.is_of_gateway() && result.absent,
        Some(Reply::Refused(_)) | None => false,
    };
    let patiently = Some(result.clone()).filter(|_| !batch.hasty || answered);
    Sight {
        id: format!("{}-{:x}-{number}", clause.replace('/', "-"), seed.0),
        finding: finding.clone(),
        listed,
        reached: batch.reached,
        whole: Seen { program: program.clone(), patiently },
        ended: ended.then(|| result.clone()),
    }
}

impl Batch {
    /// The program of a case with those of the cases before it: what it found may have come of them.
    fn before(&self, at: usize) -> Option<Program> {
        let from = at.saturating_sub(limits::FUZZ_BATCH);
        let drawn = &self.drawn[from..=at];
        let programs = drawn.iter().filter_map(|drawn| drawn.program.within(&format!("c{}-", drawn.number)));
        let ops: Vec<_> = programs.flat_map(|program| program.0).collect();
        (from < at && ops.len() < limits::CASE_STEPS / 2).then_some(Program(ops))
    }
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
