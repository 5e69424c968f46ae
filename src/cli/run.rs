//! `endspec run`: the suite against a target, a verdict, reports.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;

use super::args::RunArgs;
use super::progress::Bar;
use super::settings::{self, Settings, Whom};
use super::{Exit, colored, outputs, print, reference, suite, width};
use crate::case::Suite;
use crate::clock::Clock;
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::report::{self, Facts, Report, terminal};
use crate::run::{self, Ended, Means, Plan};
use crate::seed::Seed;
use crate::server::{Server, listen};
use crate::transport::Endpoint;

pub(super) fn run(args: RunArgs) -> Result<Exit, Vec<Diagnostic>> {
    let profile = settings::profile(&args.network)?;
    let revision = args.network.contract.clone().or_else(|| profile.text("contract").map(str::to_owned));
    let contract = suite::contract(revision.as_deref())?;
    let (all, settings) =
        both(suite::suite(&args.paths, &contract), settings::resolve(&args.network, profile, &contract))?;
    let more = more(&args, &settings)?;
    let chosen = suite::select(&all, more.select.as_deref(), &contract)?;
    let outputs = outputs::open(&more.reports)?;
    let covered = all.cases.iter().flat_map(|case| case.clauses.iter().map(|clause| clause.value.clone())).collect();
    let whole = args.paths.is_empty() && more.select.is_none();
    let runtime = runtime(&settings.whom)?;
    announce_panics(settings.seed);
    let strict = more.strict;
    // A task of its own: waking the very future that a runtime blocks on costs system calls, and every case wakes it.
    let driven = runtime.spawn(drive(chosen, contract, settings, more, covered, whole));
    let report = runtime.block_on(driven).unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))?;
    show(&report, &outputs);
    if let Err(words) = outputs::write(outputs, &report) {
        let _ = writeln!(std::io::stderr(), "endspec: {words}");
        return Ok(worst(exit(&report), Exit::Inconclusive));
    }
    let _ = strict;
    Ok(exit(&report))
}

/// One thread waits for an endpoint's answers and judges them in less CPU than several that wake each other; the
/// reference server has work of its own to do meanwhile.
fn runtime(whom: &Whom) -> Result<Runtime, Vec<Diagnostic>> {
    let mut builder = match whom {
        Whom::Endpoint(_) => Builder::new_current_thread(),
        Whom::Reference => Builder::new_multi_thread(),
    };
    let runtime = builder.enable_all().build();
    runtime.map_err(|error| vec![Diagnostic::new("environment", format!("no runtime: {error}"))])
}

/// Mistakes of both sides at once.
fn both<A, B>(a: Result<A, Vec<Diagnostic>>, b: Result<B, Vec<Diagnostic>>) -> Result<(A, B), Vec<Diagnostic>> {
    match (a, b) {
        (Ok(a), Ok(b)) => Ok((a, b)),
        (Err(mut a), Err(b)) => {
            a.extend(b);
            Err(a)
        }
        (Err(a), Ok(_)) => Err(a),
        (Ok(_), Err(b)) => Err(b),
    }
}

/// Settings that only `run` has.
struct More {
    jobs: usize,
    time_limit: Duration,
    strict: bool,
    select: Option<String>,
    reports: Vec<String>,
}

fn more(args: &RunArgs, settings: &Settings) -> Result<More, Vec<Diagnostic>> {
    let profile = &settings.profile;
    let text = |flag: &Option<String>, key: &str| flag.clone().or_else(|| profile.text(key).map(str::to_owned));
    let loopback = match &settings.whom {
        Whom::Reference => true,
        Whom::Endpoint(endpoint) => endpoint.is_loopback(),
    };
    let mut mistakes = Vec::new();
    let mut mistake = |message: String| mistakes.push(Diagnostic::new("flag", message));
    let jobs = match text(&args.jobs, "jobs").map(|text| (text.parse::<usize>(), text)) {
        None => {
            if loopback {
                8
            } else {
                4
            }
        }
        Some((Ok(jobs @ 1..=256), _)) => jobs,
        Some((_, text)) => {
            mistake(format!("--jobs: `{text}` is no number from 1 to 256"));
            1
        }
    };
    let time_limit = match text(&args.time_limit, "time-limit").map(|text| settings::duration(&text)) {
        None => Duration::from_secs(600),
        Some(Ok(limit)) => limit,
        Some(Err(error)) => {
            mistake(format!("--time-limit: {error}"));
            Duration::ZERO
        }
    };
    let strict = args.strict
        || match profile.text("strict") {
            None | Some("false") => false,
            Some("true") => true,
            Some(other) => {
                mistake(format!("strict: `{other}` is neither true nor false"));
                false
            }
        };
    let reports = if args.report.is_empty() { profile.list("report") } else { args.report.clone() };
    let select = text(&args.select, "select").filter(|text| !text.trim().is_empty());
    if mistakes.is_empty() { Ok(More { jobs, time_limit, strict, select, reports }) } else { Err(mistakes) }
}

async fn drive(
    chosen: Suite,
    contract: Contract,
    settings: Settings,
    more: More,
    covered: BTreeSet<String>,
    whole: bool,
) -> Result<Report, Vec<Diagnostic>> {
    let clock = Clock::system();
    let failed = |error: String| vec![Diagnostic::new("environment", error)];
    let (endpoint, listening) = match settings.whom {
        Whom::Endpoint(endpoint) => (endpoint, None),
        Whom::Reference => {
            let server = Server::new(reference::settings(&settings.about.readings), settings.seed);
            let bound = listen::bind(("127.0.0.1", 0), server, clock.clone()).await;
            let listening = bound.map_err(|error| failed(format!("the reference server could not listen: {error}")))?;
            let endpoint = Endpoint::parse(&listening.url()).map_err(|error| failed(error.to_string()))?;
            (endpoint, Some(listening))
        }
    };
    let url = endpoint.to_string();
    let transport = super::transport(&endpoint, settings.about.timeout, clock.clone());
    let target = settings.about.at(endpoint, listening.is_some());
    let plan = Plan {
        jobs: more.jobs,
        seed: settings.seed,
        requests_per_second: settings.requests_per_second,
        time_limit: Some(more.time_limit),
    };
    let bar = Arc::new(Bar::new(chosen.cases.len()));
    let digest = chosen.digest.clone();
    let stop = stop_on_signal();
    let means = Means { transport, clock, stop, progress: bar.clone() };
    let ended = run::run(chosen.cases, contract, target, plan, means).await;
    bar.finish();
    if let Some(listening) = listening {
        listening.stop().await;
    }
    let facts = Facts {
        suite: digest,
        built_in: ended.target.built_in,
        url,
        readings: ended.target.readings.clone(),
        seed: settings.seed.to_string(),
        strict: more.strict,
        whole,
        covered,
        exchanges: ended.exchanges,
        leaked: ended.leaked.clone(),
        interrupted: ended.interrupted,
        duration_ms: u64::try_from(ended.took.as_millis()).unwrap_or(u64::MAX),
        flags: settings.again,
    };
    let Ended { results, contract, .. } = ended;
    Ok(report::build(&contract, &results, &facts))
}

/// Becomes true with the first Ctrl-C or TERM; a second one ends the process at once.
fn stop_on_signal() -> watch::Receiver<bool> {
    let (send, receive) = watch::channel(false);
    tokio::spawn(async move {
        interrupted().await;
        let _ = writeln!(std::io::stderr(), "endspec: stopping; open sessions are ended first (again: at once)");
        let _ = send.send(true);
        interrupted().await;
        std::process::exit(i32::from(Exit::Interrupted.code()));
    });
    receive
}

pub(super) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// A panic is a defect of endspec: it names the seed that shows it again.
fn announce_panics(seed: Seed) {
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
    if to_stderr {
        let _ = std::io::stderr().write_all(text.as_bytes());
    } else {
        print(&text);
    }
}

fn exit(report: &Report) -> Exit {
    match report.verdict.as_str() {
        _ if report.interrupted => Exit::Interrupted,
        "pass" => Exit::Pass,
        "fail" => Exit::Fail,
        _ => Exit::Inconclusive,
    }
}

/// A pass whose report was lost is none.
fn worst(exit: Exit, other: Exit) -> Exit {
    if exit == Exit::Pass { other } else { exit }
}
