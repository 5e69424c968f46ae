//! What a campaign tells its user while it runs, progress and findings, and what it leaves in its folders.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::corpus::Corpus;
use super::own::Own;
use crate::case::mutation::CATALOGUE;
use crate::case::{Case, write};
use crate::check::seen::counted;
use crate::cli::{Exit, colored, tell_people, width};
use crate::clock::{Clock, Moment};
use crate::contract::{Contract, Level, Readings};
use crate::diagnostic::Diagnostic;
use crate::fuzz::corpus::{Identity, Past};
use crate::fuzz::{self, Abilities, Done, Found, Tally, Told};
use crate::report::exchange::quoted_where_needed;
use crate::report::mask::Secrets;
use crate::report::{self, Facts, terminal};
use crate::seed::Seed;
use crate::{files, limits};

/// How long plain lines of progress lie apart.
const LINES_APART: Duration = Duration::from_secs(10);

/// A line on a terminal's standard error, hidden elsewhere.
pub(super) fn bar() -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// What a folder remembers of the campaign.
pub(super) struct Remembered {
    pub(super) corpus: Corpus,
    /// What was done before.
    pub(super) past: Past,
}

/// Tells the user what happens.
pub(super) struct Teller {
    pub(super) contract: Arc<Contract>,
    pub(super) url: String,
    /// The proxy that everything goes through.
    pub(super) through: Option<String>,
    pub(super) built_in: bool,
    /// Standard output is taken by a report.
    pub(super) to_stderr: bool,
    pub(super) readings: Readings,
    pub(super) seed: Seed,
    pub(super) again: String,
    /// Whether nobody asks who answers.
    pub(super) insecure: bool,
    /// What nothing that is told may repeat.
    pub(super) secrets: Secrets,
    pub(super) clients: u32,
    pub(super) abilities: Abilities,
    pub(super) own: Own,
    pub(super) identity: Identity,
    pub(super) remembered: Option<Remembered>,
    pub(super) clock: Clock,
    pub(super) bar: ProgressBar,
    /// When the last plain line was written.
    pub(super) last: Mutex<Moment>,
    /// What could not be written.
    pub(super) lost: Mutex<Vec<Diagnostic>>,
}

impl Teller {
    pub(super) fn head(&self) -> String {
        let kind = if self.built_in { "reference server (built in) at " } else { "" };
        let (version, url, revision) = (env!("CARGO_PKG_VERSION"), &self.url, &self.contract.revision);
        let mut text = format!("endspec {version} fuzzes {kind}{url}\ncontract {revision}, seed {}", self.seed);
        if !self.own.shard.is_whole() {
            let _ = write!(text, ", shard {}", self.own.shard);
        }
        let turns = self.remembered.as_ref().map_or(0, |remembered| remembered.past.turns);
        if turns > 0 {
            let _ = write!(text, "; {turns} cases were run before");
        }
        text + "\n"
    }

    /// How long the campaign has taken, from when its target was there.
    pub(super) fn took(&self, tally: &Tally) -> Duration {
        self.clock.now().since(Moment::default()).saturating_sub(tally.waited)
    }

    /// Says something to the user.
    pub(super) fn say(&self, text: &str) {
        tell_people(text, self.to_stderr);
    }

    /// What a report says of the campaign besides its results.
    pub(super) fn facts(&self, flags: &str) -> Facts {
        Facts {
            suite: self.identity.suite(),
            url: self.url.clone(),
            through: self.through.clone(),
            built_in: self.built_in,
            readings: self.readings.clone(),
            seed: self.seed.to_string(),
            strict: self.own.strict,
            whole: false,
            covered: BTreeSet::new(),
            exchanges: 0,
            leaked: Vec::new(),
            interrupted: false,
            started: String::new(),
            duration_ms: 0,
            without: Vec::new(),
            part: report::Part::default(),
            baseline: None,
            flags: flags.trim().to_owned(),
            restarts: false,
            weather: None,
            insecure: self.insecure,
            secrets: self.secrets.clone(),
        }
    }

    /// Flags that come upon findings that are kept nowhere, the last of them after so many cases.
    pub(super) fn flags(&self, cases: usize) -> String {
        let again = &self.again;
        if self.own.save.is_some() {
            return again.clone();
        }
        match &self.own.replay {
            Some(replay) => format!("--replay {} {again}", quoted_where_needed(&replay.path.display().to_string())),
            None => {
                let shard = Some(self.own.shard).filter(|shard| !shard.is_whole());
                let shard = shard.map_or_else(String::new, |shard| format!("--shard {shard} "));
                format!("--cases {cases} --clients {} {shard}{again}", self.clients)
            }
        }
    }

    /// Why the user knows what: the finding as `run` shows it, and the case where it is kept nowhere.
    fn words(&self, found: &Found, color: bool) -> String {
        let flags = self.flags(found.cases);
        let report = report::build(&self.contract, std::slice::from_ref(&found.result), &self.facts(&flags));
        let mut text = terminal::findings(&report, terminal::Style { color, width: width() });
        match &self.own.save {
            Some(folder) => {
                let _ = writeln!(text, "saved: {}", path(folder, &found.case.id).display());
            }
            None => text.push_str(&indented(&found.text)),
        }
        text
    }

    /// The case that was replayed, where nothing was found in it.
    pub(super) fn replayed(&self) -> String {
        let Some(replay) = &self.own.replay else { return String::new() };
        let id = format!("replayed-{}", self.seed);
        let Some(case) = fuzz::lowered(&id, &replay.scenario.program, &self.abilities) else {
            return String::new();
        };
        let name = replay.path.file_name().unwrap_or_default().to_string_lossy();
        let titled = Case { title: Some(format!("replayed from {name}, seed {}", self.seed)), ..(*case).clone() };
        let text = write::write(&titled);
        let Some(folder) = &self.own.save else { return indented(&text) };
        match files::write(&path(folder, &id), text.as_bytes()) {
            Ok(()) => format!("saved: {}\n", path(folder, &id).display()),
            Err(mistake) => {
                self.lose(mistake);
                String::new()
            }
        }
    }

    /// What the cases have come by.
    pub(super) fn coverage(&self, tally: &Tally) -> String {
        let (all, values) = (self.contract.clauses.len(), CATALOGUE.len());
        let Tally { clauses, mutations, forms, .. } = tally;
        format!("{clauses} of {all} clauses, {mutations} of {values} wrong values, {}", counted(*forms, "wire form"))
    }

    /// Clauses that were found broken by earlier runs of this campaign.
    pub(super) fn all_told_before(&self) -> Vec<&str> {
        self.remembered.iter().flat_map(|remembered| remembered.past.told.keys().map(String::as_str)).collect()
    }

    /// Clauses of a level that were found broken by earlier runs of this campaign.
    pub(super) fn told_before(&self, level: Level) -> usize {
        let clauses = self.remembered.iter().flat_map(|remembered| remembered.past.told.keys());
        clauses.filter(|id| self.contract.clause(id).is_some_and(|clause| clause.level == level)).count()
    }

    /// Whether the target was away too often for a campaign that found no MUST broken to have shown that nothing is wrong.
    pub(super) fn ends_again_and_again(&self, done: &Done) -> bool {
        let is_found = done.found.iter().any(|found| found.level == Level::Must) || self.told_before(Level::Must) > 0;
        done.weather.absences >= limits::ABSENCES_BESIDE && !is_found
    }

    fn lose(&self, mistake: Diagnostic) {
        let mut lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        if !lost.iter().any(|other| other.message == mistake.message) {
            lost.push(mistake);
        }
    }

    /// Whether this run or an earlier one of the campaign found a clause of a level broken.
    fn fails(&self, done: &Done, level: Level) -> bool {
        done.found.iter().any(|found| found.level == level) || self.told_before(level) > 0
    }

    pub(super) fn exit(&self, done: &Done) -> Exit {
        let lost = !self.lost.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if done.interrupted {
            Exit::Interrupted
        } else if self.fails(done, Level::Must) || (self.own.strict && self.fails(done, Level::Should)) {
            Exit::Fail
        } else if done.tally.judged == 0
            || done.silent.is_some()
            || self.ends_again_and_again(done)
            || !done.leaked.is_empty()
            || lost
        {
            Exit::Inconclusive
        } else {
            Exit::Pass
        }
    }
}

fn path(folder: &Path, id: &str) -> PathBuf {
    folder.join(format!("{id}.yaml"))
}

fn indented(case: &str) -> String {
    case.lines().fold("case:\n".to_owned(), |text, line| text + "    " + line + "\n")
}

impl Told for Teller {
    fn reached(&self, past: &Past) {
        if let Some(Remembered { corpus, .. }) = &self.remembered
            && let Err(mistake) = corpus.write(&self.identity, past)
        {
            self.lose(mistake);
        }
    }

    fn tally(&self, tally: &Tally) {
        let (now, took) = (self.clock.now(), self.took(tally));
        let (pace, left) = (rate(tally.exchanges, took), self.own.time.saturating_sub(took).as_secs());
        let (Tally { cases, exchanges, .. }, reached) = (tally, self.coverage(tally));
        let found = counted(tally.found, "finding");
        let words = format!("{cases} cases, {exchanges} requests ({pace}/s), {reached}, {found}, {left} s left");
        if !self.bar.is_hidden() {
            self.bar.set_message(words);
            self.bar.tick();
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if now.since(*last) >= LINES_APART {
            *last = now;
            let _ = writeln!(std::io::stderr(), "endspec: {words}");
        }
    }

    fn found(&self, found: &Found) {
        if let Some(folder) = &self.own.save
            && let Err(mistake) = files::write(&path(folder, &found.case.id), found.text.as_bytes())
        {
            self.lose(mistake);
        }
        let color = if self.to_stderr { colored(&std::io::stderr()) } else { colored(&std::io::stdout()) };
        let words = self.words(found, color);
        self.bar.suspend(|| self.say(&words));
    }
}

fn rate(count: usize, took: Duration) -> u64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    count.saturating_mul(1_000) / u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1)
}
