//! `endspec run`: the suite against a target, a verdict, reports.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::args::RunArgs;
use super::gate::{self, Gate};
use super::given::Taker;
use super::left::Left;
use super::outputs::{Output, Stale};
use super::plan::Extent;
use super::progress::{Bar, Stream, Watched};
use super::settings::keys::{cleaning, lasting};
use super::settings::{self, Settings, Whom};
use super::{ENVIRONMENT, Exit, both, bounds, colored, outputs, plan, signals, suite, tell_people, together, width};
use crate::case::Suite;
use crate::case::baseline::Baseline;
use crate::check::CaseResult;
use crate::clock::{Clock, Moment, timestamp};
use crate::contract::{Contract, Readings};
use crate::diagnostic::Diagnostic;
use crate::load::profile::Values;
use crate::report::against::{Side, against};
use crate::report::ndjson::{self, Begun};
use crate::report::scope;
use crate::report::{self, Facts, Part, Report, model, terminal};
use crate::run::{self, Bounds, Ended, Means, Plan, Weather, tally};
use crate::seed::Seed;

pub(super) fn run(args: RunArgs) -> Result<Exit, Vec<Diagnostic>> {
    let profile = settings::profile(&args.network)?;
    let contract = suite::contract(settings::revision(&args.network, &profile).as_deref())?;
    let (all, (more, gate), settings) = together(
        suite::suite(&args.paths, &contract),
        both(more(&args, &profile), gate::gate(&args, &profile, &contract)),
        settings::resolve(&args.network, &profile, &contract),
    )?;
    let other = super::against::settings(&args, &profile, &contract, &settings)?;
    let jobs = Taker::new(&profile).given(args.jobs.as_ref(), "jobs").zip(more.jobs);
    let exceeded = settings
        .care
        .as_ref()
        .zip(jobs)
        .and_then(|(care, (given, jobs))| care.exceeded(jobs, &given, "cases at a time"));
    exceeded.map_or(Ok(()), |mistake| Err(vec![mistake]))?;
    let chosen = suite::select(&all, more.select.as_deref(), &contract)?;
    let outputs = outputs::open(&more.reports, &formats())?;
    let written = Written { streams: outputs::streams(&outputs), stale: Stale::of(&outputs)? };
    let mut sides = [Some(settings), other];
    if more.strict {
        sides.iter_mut().flatten().for_each(|settings| settings.again.push_str(" --strict"));
    }
    let [Some(settings), other] = sides else { unreachable!("the first is there") };
    let covered = all.cases.iter().flat_map(|case| case.clauses.iter().map(|clause| clause.value.clone())).collect();
    let whole = args.paths.is_empty() && more.select.is_none();
    let (chosen, part) = gate.part(chosen, more.select.is_some());
    let runtime = runtime(&settings.whom)?;
    announce_panics(settings.seed);
    let (calling, left) = (settings.calling.clone(), Left::default());
    let opened = left.clone();
    // A task of its own: waking the very future that a runtime blocks on costs system calls, and every case wakes it.
    let driven = runtime.spawn(async move {
        let (contract, stop) = (Arc::new(contract), signals::stop(opened.clone()));
        drive(Shared { chosen, contract, more, gate, part, covered, whole, stop, opened }, settings, other, written)
            .await
    });
    let report = runtime.block_on(driven).unwrap_or_else(|error| {
        left.tell();
        std::panic::resume_unwind(error.into_panic())
    })?;
    left.tell_of(&report.leaked, &calling);
    // What happened before the end is written already.
    Ok(tell(&report, outputs, |format| if format == "ndjson" { Some(ndjson::rest(&report)) } else { None }))
}

/// What a report says of the weather, where there was any.
pub(super) fn weather(weather: Weather) -> Option<model::Weather> {
    let told = model::Weather {
        throttled: weather.throttled,
        waited_ms: u64::try_from(weather.waited.as_millis()).unwrap_or(u64::MAX),
        unanswered: weather.unanswered,
        starts: weather.starts,
        absences: weather.absences,
        clock: tally::apart(weather.skew).unwrap_or_default(),
    };
    (!told.words().is_empty()).then_some(told)
}

/// Formats that a run is reported in.
pub(super) fn formats() -> Vec<&'static str> {
    report::FORMATS.iter().map(|(name, _)| *name).collect()
}

/// Shows and writes a report, in its formats but where `other` has another writing of one; how the command ends.
pub(super) fn tell(report: &Report, outputs: Vec<Output>, other: impl Fn(&str) -> Option<Vec<u8>>) -> Exit {
    show(report, &outputs);
    written(report, outputs, exit(report), other)
}

/// Writes a report, as [`tell`] does; how a command ends that would otherwise end so.
pub(super) fn written(
    report: &Report,
    outputs: Vec<Output>,
    exit: Exit,
    other: impl Fn(&str) -> Option<Vec<u8>>,
) -> Exit {
    let render = |format: &str| other(format).or_else(|| report::render(report, format)).unwrap_or_default();
    if let Err(words) = outputs::write(outputs, render) {
        let _ = writeln!(std::io::stderr(), "endspec: {words}");
        return worst(exit, Exit::Inconclusive);
    }
    exit
}

/// One thread waits for an endpoint's answers and judges them in less CPU than several that wake each other; the
/// reference server has work of its own to do meanwhile.
pub(super) fn runtime(whom: &Whom) -> Result<Runtime, Vec<Diagnostic>> {
    let mut builder = match whom {
        Whom::Endpoint(_) => Builder::new_current_thread(),
        Whom::Reference => Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build();
    runtime.map_err(|error| vec![Diagnostic::new(ENVIRONMENT, format!("no runtime: {error}"))])
}

/// Settings that only `run` has.
struct More {
    /// Cases at a time; what is usual for the target without.
    jobs: Option<usize>,
    time_limit: Option<Duration>,
    strict: bool,
    bounds: Bounds,
    select: Option<String>,
    reports: Vec<String>,
}

fn more(args: &RunArgs, profile: &Values) -> Result<More, Vec<Diagnostic>> {
    let mut taker = Taker::new(profile);
    let jobs = taker.given(args.jobs.as_ref(), "jobs").and_then(|given| match given.text.parse() {
        Ok(jobs @ 1..=256) => Some(jobs),
        _ => {
            let mistake = given.wrong(format!("`{}` is no number from 1 to 256", given.text));
            taker.mistake(mistake.help("write how many cases may run side by side, such as 4"));
            None
        }
    });
    let strict = taker.switch(args.strict.as_ref(), "strict");
    let more = More {
        jobs,
        time_limit: taker.duration(args.time_limit.as_ref(), "time-limit"),
        strict,
        bounds: bounds::bounds(&mut taker, args, strict),
        select: taker.text(args.select.as_ref(), "select"),
        reports: taker.list(&args.report, "report").into_iter().map(|given| given.text).collect(),
    };
    taker.mistakes.extend(outputs::mistakes(&more.reports, &formats()));
    if taker.mistakes.is_empty() { Ok(more) } else { Err(taker.mistakes) }
}

/// Cases at a time where the user does not say: a machine of others is not to be flooded.
pub(super) fn usual_jobs(whom: &Whom) -> usize {
    match whom {
        Whom::Endpoint(endpoint) if !endpoint.is_loopback() => 4,
        _ => 8,
    }
}

/// What both runs of a comparison share.
struct Shared {
    chosen: Suite,
    contract: Arc<Contract>,
    more: More,
    gate: Gate,
    part: Part,
    covered: BTreeSet<String>,
    whole: bool,
    stop: watch::Receiver<bool>,
    opened: Left,
}

/// The files of reports, as far as a run has to do with them before it has ended.
#[derive(Default)]
struct Written {
    streams: Vec<Sender<Vec<u8>>>,
    stale: Stale,
}

/// One run, told.
struct Told {
    report: Report,
    results: Vec<CaseResult>,
    readings: Readings,
}

impl Told {
    fn side(&self) -> Side<'_> {
        Side { report: &self.report, results: &self.results, readings: &self.readings }
    }
}

/// Runs against the target, and where there is another one, then against that.
async fn drive(
    shared: Shared,
    settings: Settings,
    other: Option<Settings>,
    written: Written,
) -> Result<Report, Vec<Diagnostic>> {
    let mut target = once(&shared, settings, written, shared.gate.baseline.clone()).await?;
    if let Some(other) = other {
        // What is accepted is accepted of the target.
        let other = once(&shared, other, Written::default(), None).await?;
        if other.report.interrupted {
            scope::interrupt(&mut target.report);
        }
        target.report.against = Some(against(&shared.contract, target.side(), other.side()));
    }
    Ok(target.report)
}

async fn once(
    shared: &Shared,
    settings: Settings,
    written: Written,
    baseline: Option<Arc<Baseline>>,
) -> Result<Told, Vec<Diagnostic>> {
    let more = &shared.more;
    let clock = Clock::system();
    let started = timestamp(clock.unix_seconds());
    let insecure = settings.reach.is_insecure();
    let jobs = more.jobs.unwrap_or_else(|| usual_jobs(&settings.whom));
    let (endpoint, listening) = super::endpoint(settings.whom, &settings.about.readings, settings.seed, &clock).await?;
    let url = endpoint.to_string();
    super::warn(&settings.reach, &endpoint);
    let transport = super::transport(&endpoint, &settings.reach, clock.clone());
    let through = transport.proxy();
    let secrets = settings.about.secrets(&settings.reach);
    let (origins, until) = (settings.about.keys.origins(), settings.about.keys.until);
    let mut target = settings.about.at(endpoint, listening.is_some());
    target.restart = target.restart.or_else(|| listening.as_ref().map(|server| server.restarts()));
    let (care, rate) = (settings.care.as_ref(), settings.requests_per_second);
    let estimate = run::estimate(&shared.chosen.cases, &target, &shared.contract);
    let time_limit = more.time_limit.unwrap_or_else(|| plan::time_limit(care, &estimate, rate));
    plan::agree(care, &target, &Extent::Cases(estimate), rate, &origins)?;
    written.stale.clear()?;
    let time_limit = lasting(until, time_limit, cleaning(target.timeout) + more.bounds.wait, clock.unix_seconds());
    let plan = Plan {
        jobs,
        seed: settings.seed,
        requests_per_second: settings.requests_per_second,
        // Whoever was asked may have taken time to answer.
        time_limit: Some(clock.now().since(Moment::default()) + time_limit),
    };
    let begun = Begun {
        suite: shared.chosen.digest.clone(),
        target: model::Target { insecure, ..model::Target::new(&url, target.built_in) },
        contract: shared.contract.revision.clone(),
        readings: target.readings.0.clone(),
        seed: settings.seed.to_string(),
        strict: more.strict,
        started: started.clone(),
    };
    let known = baseline.iter().flat_map(|baseline| baseline.known(report::day(&started))).collect();
    let bounds = Bounds { known: Arc::new(known), ..more.bounds.clone() };
    let stream = Stream::begin(written.streams, &begun, baseline.clone());
    let open = shared.opened.of(&settings.calling);
    let bar = Arc::new(Watched { bar: Bar::new(shared.chosen.cases.len(), "cases"), stream });
    let means = Means {
        transport,
        clock,
        stop: shared.stop.clone(),
        progress: bar.clone(),
        salt: Seed::fresh(),
        sessions: open,
    };
    let (cases, contract) = (shared.chosen.cases.clone(), shared.contract.clone());
    let ended = run::run_as_set_up(cases, contract, target, plan, means, bounds).await;
    bar.bar.finish();
    if let Some(listening) = listening {
        listening.stop().await;
    }
    let facts = Facts {
        suite: begun.suite,
        built_in: ended.target.built_in,
        url,
        through,
        readings: ended.target.readings.clone(),
        seed: settings.seed.to_string(),
        strict: more.strict,
        whole: shared.whole,
        covered: shared.covered.clone(),
        exchanges: ended.exchanges,
        leaked: ended.leaked.clone(),
        interrupted: ended.interrupted,
        started,
        duration_ms: u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX),
        without: ended.target.lacking.iter().cloned().collect(),
        part: shared.part.clone(),
        baseline,
        flags: settings.again,
        restarts: settings.restarts,
        weather: weather(ended.weather),
        insecure,
        secrets,
    };
    let Ended { results, contract, target, .. } = ended;
    Ok(Told { report: report::build(&contract, &results, &facts), results, readings: target.readings })
}

/// A panic is a defect of endspec: it names the seed that shows it again.
pub(super) fn announce_panics(seed: Seed) {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        before(panic);
        let _ = writeln!(
            std::io::stderr(),
            "endspec: this is a defect of endspec; please report it with the words above and `--seed {seed}`"
        );
    }));
}

fn show(report: &Report, outputs: &[outputs::Output]) {
    let to_stderr = outputs::takes_stdout(outputs);
    let color = if to_stderr { colored(&std::io::stderr()) } else { colored(&std::io::stdout()) };
    let text = terminal::render(report, terminal::Style { color, width: width() });
    tell_people(&text, to_stderr);
}

fn exit(report: &Report) -> Exit {
    match report.verdict.as_str() {
        _ if report.interrupted => Exit::Interrupted,
        // The verdict is the target's; but a comparison that was asked for and could not be made is no pass.
        "pass" if report.against.as_ref().is_some_and(|against| !against.is_complete()) => Exit::Inconclusive,
        "pass" => Exit::Pass,
        "fail" => Exit::Fail,
        _ => Exit::Inconclusive,
    }
}

/// A pass whose report was lost is none.
fn worst(exit: Exit, other: Exit) -> Exit {
    if exit == Exit::Pass { other } else { exit }
}
