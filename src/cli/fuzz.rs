//! `endspec fuzz`: generated cases against a target for as long as a bound allows, and what they find as cases.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::args::FuzzArgs;
use super::given::Taker;
use super::run::{announce_panics, runtime, stop_on_signal, usual_jobs};
use super::settings::{self, Settings};
use super::{Exit, colored, print, suite, width};
use crate::check::Verdict;
use crate::clock::{Clock, Moment};
use crate::contract::{Contract, Level, Readings};
use crate::diagnostic::Diagnostic;
use crate::fuzz::{Bounds, Campaign, Done, Found, Means, Tally, Told, UNKEPT};
use crate::load::profile::Values;
use crate::report::{self, Facts, terminal};
use crate::run::Target;
use crate::seed::Seed;
use crate::{files, limits};

/// How long plain lines of progress lie apart.
const LINES_APART: Duration = Duration::from_secs(10);

pub(super) fn fuzz(args: &FuzzArgs) -> Result<Exit, Vec<Diagnostic>> {
    let profile = settings::profile(&args.network)?;
    let contract = suite::contract(settings::revision(&args.network, &profile).as_deref())?;
    let (own, settings) = match (own(args, &profile), settings::resolve(&args.network, &profile, &contract)) {
        (Ok(own), Ok(settings)) => (own, settings),
        (own, settings) => return Err([own.err(), settings.err()].into_iter().flatten().flatten().collect()),
    };
    if let Some(folder) = &own.save {
        files::folder(folder).map_err(|mistake| vec![settings::of_flag("save", mistake)])?;
    }
    let runtime = runtime(&settings.whom)?;
    announce_panics(settings.seed);
    let driven = runtime.spawn(drive(contract, settings, own));
    runtime.block_on(driven).unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Settings that only `fuzz` has.
struct Own {
    time: Duration,
    cases: Option<usize>,
    findings: usize,
    clients: Option<u32>,
    save: Option<PathBuf>,
}

fn own(args: &FuzzArgs, profile: &Values) -> Result<Own, Vec<Diagnostic>> {
    let mut taker = Taker::new(profile);
    let cases = number(&mut taker, args.cases.as_ref(), "cases", 1_000_000_000);
    let findings = number(&mut taker, args.max_findings.as_ref(), "max-findings", 1_000);
    let clients = number(&mut taker, args.clients.as_ref(), "clients", limits::CLIENTS);
    let time = taker.duration(args.time.as_ref(), "time");
    let usual = if cases.is_some() { limits::FUZZ_OF_CASES } else { limits::FUZZ };
    let own = Own {
        time: time.unwrap_or(usual),
        cases: cases.and_then(|cases| usize::try_from(cases).ok()),
        findings: findings.and_then(|findings| usize::try_from(findings).ok()).unwrap_or(limits::FUZZ_FINDINGS),
        clients: clients.and_then(|clients| u32::try_from(clients).ok()),
        save: taker.text(args.save.as_ref(), "save").map(PathBuf::from),
    };
    if taker.mistakes.is_empty() { Ok(own) } else { Err(taker.mistakes) }
}

fn number(taker: &mut Taker<'_>, flag: Option<&String>, key: &'static str, most: u64) -> Option<u64> {
    let given = taker.given(flag, key)?;
    let number = given.text.trim().parse().ok().filter(|number| (1..=most).contains(number));
    if number.is_none() {
        let mistake = given.wrong(format!("`{}` is no number from 1 to {most}", given.text));
        taker.mistake(mistake.help("write a whole number, such as 4"));
    }
    number
}

async fn drive(contract: Contract, settings: Settings, own: Own) -> Result<Exit, Vec<Diagnostic>> {
    let clock = Clock::system();
    let usual = usual_jobs(&settings.whom);
    let clients = own.clients.unwrap_or_else(|| u32::try_from(usual).unwrap_or(1));
    let jobs = usize::try_from(clients).unwrap_or(usual).min(usual);
    let (endpoint, listening) = super::endpoint(settings.whom, &settings.about.readings, settings.seed, &clock).await?;
    let url = endpoint.to_string();
    let target = settings.about.at(endpoint, listening.is_some());
    let contract = Arc::new(contract);
    let teller = Arc::new(Teller {
        contract: contract.clone(),
        url,
        built_in: target.built_in,
        readings: target.readings.clone(),
        seed: settings.seed,
        again: settings.again,
        clients,
        time: own.time,
        save: own.save.clone(),
        clock: clock.clone(),
        bar: bar(),
        last: Mutex::default(),
        lost: Mutex::default(),
    });
    print(&teller.head());
    let bounds = Bounds {
        until: Some(clock.now().since(Moment::default()) + own.time),
        cases: own.cases,
        findings: own.findings,
        clients,
        jobs,
    };
    let lanes = clock.clone();
    let transport = move |target: &Target| super::transport(&target.endpoint, target.timeout, lanes.clone());
    let means = Means {
        contract,
        target,
        transport: Box::new(transport),
        clock: clock.clone(),
        stop: stop_on_signal(),
        seed: settings.seed,
        salt: Seed::fresh(),
        requests_per_second: settings.requests_per_second,
        folder: own.save.map_or_else(|| UNKEPT.to_owned(), |folder| folder.display().to_string()),
        told: teller.clone(),
    };
    let done = Campaign::new(bounds, means).run().await;
    if let Some(listening) = listening {
        listening.stop().await;
    }
    teller.bar.finish_and_clear();
    let exit = teller.exit(&done);
    print(&teller.summary(&done, exit, clock.now().since(Moment::default())));
    Ok(exit)
}

/// A line on a terminal's standard error, hidden elsewhere.
fn bar() -> ProgressBar {
    let bar = if std::io::stderr().is_terminal() { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar
}

/// Tells the user what happens.
struct Teller {
    contract: Arc<Contract>,
    url: String,
    built_in: bool,
    readings: Readings,
    seed: Seed,
    again: String,
    clients: u32,
    time: Duration,
    save: Option<PathBuf>,
    clock: Clock,
    bar: ProgressBar,
    /// When the last plain line was written.
    last: Mutex<Moment>,
    /// Cases that could not be written.
    lost: Mutex<Vec<Diagnostic>>,
}

impl Teller {
    fn head(&self) -> String {
        let kind = if self.built_in { "reference server (built in) at " } else { "" };
        let (version, url, revision) = (env!("CARGO_PKG_VERSION"), &self.url, &self.contract.revision);
        format!("endspec {version} fuzzes {kind}{url}\ncontract {revision}, seed {}\n", self.seed)
    }

    /// Why the user knows what: the finding as `run` shows it, and the case where it is kept nowhere.
    fn words(&self, found: &Found, color: bool) -> String {
        let mut flags = self.again.clone();
        if self.save.is_none() {
            flags = format!("--cases {} --clients {} {flags}", found.cases, self.clients);
        }
        let facts = Facts {
            suite: String::new(),
            url: self.url.clone(),
            built_in: self.built_in,
            readings: self.readings.clone(),
            seed: self.seed.to_string(),
            strict: false,
            whole: false,
            covered: BTreeSet::new(),
            exchanges: 0,
            leaked: Vec::new(),
            interrupted: false,
            duration_ms: 0,
            flags: flags.trim().to_owned(),
        };
        let report = report::build(&self.contract, std::slice::from_ref(&found.result), &facts);
        let mut text = terminal::findings(&report, terminal::Style { color, width: width() });
        match &self.save {
            Some(folder) => {
                let _ = writeln!(text, "saved: {}", path(folder, found).display());
            }
            None => {
                let indented = found.text.lines().map(|line| format!("    {line}\n")).collect::<String>();
                let _ = write!(text, "case:\n{indented}");
            }
        }
        text
    }

    fn exit(&self, done: &Done) -> Exit {
        let lost = !self.lost.lock().unwrap_or_else(PoisonError::into_inner).is_empty();
        if done.interrupted {
            Exit::Interrupted
        } else if done.found.iter().any(|found| found.level == Level::Must) {
            Exit::Fail
        } else if done.tally.judged == 0 || done.silent.is_some() || !done.leaked.is_empty() || lost {
            Exit::Inconclusive
        } else {
            Exit::Pass
        }
    }

    fn summary(&self, done: &Done, exit: Exit, took: Duration) -> String {
        let Tally { cases, judged, undecided, exchanges, .. } = done.tally;
        let of = |level| done.found.iter().filter(|found| found.level == level).count();
        let mut text = String::new();
        let seconds = took.as_secs_f64();
        let _ = writeln!(
            text,
            "\ncases:    {judged} of {cases} judged, {undecided} in part undecided; {exchanges} requests in {seconds:.1} s"
        );
        let _ = writeln!(text, "found:    {} MUST broken, {} SHOULD broken", of(Level::Must), of(Level::Should));
        if !done.leaked.is_empty() {
            let _ = writeln!(
                text,
                "left:     {} sessions could not be ended: {}",
                done.leaked.len(),
                done.leaked.join(", ")
            );
        }
        if let Some(reason) = &done.silent {
            let _ = writeln!(text, "reason:   nothing was judged any more: {reason}");
        }
        for mistake in self.lost.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let _ = writeln!(text, "lost:     {}", mistake.message);
        }
        let verdict = match exit {
            Exit::Pass => Verdict::Pass.name().to_uppercase(),
            Exit::Fail => Verdict::Fail.name().to_uppercase(),
            Exit::Interrupted => "INCONCLUSIVE - interrupted".to_owned(),
            Exit::Mistake | Exit::Inconclusive => Verdict::Inconclusive.name().to_uppercase(),
        };
        let _ = writeln!(text, "verdict:  {verdict}");
        text
    }
}

fn path(folder: &Path, found: &Found) -> PathBuf {
    folder.join(format!("{}.yaml", found.case.id))
}

impl Told for Teller {
    fn tally(&self, tally: &Tally) {
        let now = self.clock.now();
        let took = now.since(Moment::default());
        let (pace, left) = (rate(tally.exchanges, took), self.time.saturating_sub(took).as_secs());
        let Tally { cases, exchanges, found, .. } = tally;
        let words = format!("{cases} cases, {exchanges} requests ({pace}/s), {found} findings, {left} s left");
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
        if let Some(folder) = &self.save
            && let Err(mistake) = files::write(&path(folder, found), found.text.as_bytes())
        {
            self.lost.lock().unwrap_or_else(PoisonError::into_inner).push(mistake);
        }
        let words = self.words(found, colored(&std::io::stdout()));
        self.bar.suspend(|| print(&words));
    }
}

fn rate(count: usize, took: Duration) -> u64 {
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    count.saturating_mul(1_000) / u64::try_from(took.as_millis()).unwrap_or(u64::MAX).max(1)
}
