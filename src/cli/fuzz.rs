//! `endspec fuzz`: generated cases against a target for as long as a bound allows, and what they find as cases.

mod corpus;
mod own;
mod reported;
mod summary;
mod teller;

use std::sync::Arc;

use super::args::FuzzArgs;
use super::given::Taker;
use super::left::Left;
use super::outputs::Stale;
use super::plan::Extent;
use super::run::{announce_panics, formats, runtime, usual_jobs, written};
use super::settings::keys::{cleaning, lasting};
use super::settings::{self, Settings};
use super::{Exit, outputs, plan, signals, suite};
use crate::clock::{Clock, Moment, timestamp};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::files;
use crate::fuzz::corpus::{Identity, Past};
use crate::fuzz::{Abilities, Bounds, Campaign, Means, UNKEPT};
use crate::report::Report;
use crate::run::Target;
use crate::seed::Seed;
use corpus::Corpus;
use own::Own;
use teller::{Remembered, Teller};

pub(super) fn fuzz(args: &FuzzArgs) -> Result<Exit, Vec<Diagnostic>> {
    let profile = settings::profile(&args.network)?;
    let contract = suite::contract(settings::revision(&args.network, &profile).as_deref())?;
    let (own, mut settings) = match (own::own(args, &profile), settings::resolve(&args.network, &profile, &contract)) {
        (Ok(own), Ok(settings)) => (own, settings),
        (own, settings) => return Err([own.err(), settings.err()].into_iter().flatten().flatten().collect()),
    };
    if let (Some(care), Some(clients)) = (&settings.care, own.clients) {
        let given = Taker::new(&profile).given(args.clients.as_ref(), "clients");
        let exceeded = given.and_then(|given| care.exceeded(clients as usize, &given, "clients"));
        exceeded.map_or(Ok(()), |mistake| Err(vec![mistake]))?;
    }
    if let Some(folder) = &own.save {
        files::folder(folder).map_err(|mistake| vec![settings::of_flag("save", mistake)])?;
    }
    let corpus = own.corpus.as_ref().map(|folder| Corpus::open(folder, own.shard)).transpose()?;
    settings.seed = seed(&own, corpus.as_ref(), settings.seed)?;
    let outputs = outputs::open(&own.reports, &formats())?;
    let runtime = runtime(&settings.whom)?;
    announce_panics(settings.seed);
    let (calling, left) = (settings.calling.clone(), Left::default());
    let driven = runtime.spawn(drive(contract, settings, own, corpus, Stale::of(&outputs)?, left.clone()));
    let driven = runtime.block_on(driven).unwrap_or_else(|error| {
        left.tell();
        std::panic::resume_unwind(error.into_panic())
    });
    let (exit, report) = driven?;
    left.tell_of(&report.leaked, &calling);
    Ok(written(&report, outputs, exit, |_| None))
}

/// The user's seed, else that of what is replayed or gone on from.
fn seed(own: &Own, corpus: Option<&Corpus>, resolved: Seed) -> Result<Seed, Vec<Diagnostic>> {
    let before = corpus.map(Corpus::seed).transpose()?.flatten();
    if own.seeded {
        return Ok(resolved);
    }
    let replayed = own.replay.as_ref().map(|replay| replay.scenario.seed);
    if before.is_none() && !own.shard.is_whole() {
        let message = format!("--shard {}: without a seed every shard draws cases of its own", own.shard);
        return Err(vec![Diagnostic::new("flag", message).help("give all shards the same `--seed`")]);
    }
    Ok(replayed.or(before).unwrap_or(resolved))
}

async fn drive(
    contract: Contract,
    settings: Settings,
    mut own: Own,
    corpus: Option<Corpus>,
    stale: Stale,
    left: Left,
) -> Result<(Exit, Report), Vec<Diagnostic>> {
    let clock = Clock::system();
    let started = timestamp(clock.unix_seconds());
    let usual = usual_jobs(&settings.whom);
    let clients = own.clients.unwrap_or_else(|| u32::try_from(usual).unwrap_or(1));
    let jobs = usize::try_from(clients).unwrap_or(usual);
    let (endpoint, listening) = super::endpoint(settings.whom, &settings.about.readings, settings.seed, &clock).await?;
    let url = endpoint.to_string();
    super::warn(&settings.reach, &endpoint);
    let (origins, secrets) = (settings.about.keys.origins(), settings.about.secrets(&settings.reach));
    let until = settings.about.keys.until;
    let through = super::transport(&endpoint, &settings.reach, clock.clone()).proxy();
    let calling = settings.calling;
    let target = settings.about.at(endpoint, listening.is_some());
    let (care, rate) = (settings.care.as_ref(), settings.requests_per_second);
    plan::agree(care, &target, &Extent::Generated(own.time, clients), rate, &origins)?;
    stale.clear()?;
    own.time = lasting(until, own.time, cleaning(target.timeout) + own.wait, clock.unix_seconds());
    let abilities = Abilities::of(&target, &contract, clients);
    // The port of the server in this process is another one each time.
    let whom = if target.built_in { "reference server" } else { url.as_str() };
    let identity = Identity::new(whom, &contract.revision, settings.seed, own.shard, &abilities);
    let past = corpus.as_ref().map_or_else(|| Ok(Past::default()), |corpus| corpus.past(&identity))?;
    let contract = Arc::new(contract);
    let bounds = Bounds {
        wait: own.wait,
        until: Some(clock.now().since(Moment::default()) + own.time),
        cases: if own.replay.is_some() { Some(1) } else { own.cases },
        shard: own.shard,
        findings: own.findings,
        strict: own.strict,
        clients,
        jobs,
    };
    let program = own.replay.as_ref().map(|replay| replay.scenario.program.clone());
    let folder = own.save.as_ref().map_or_else(|| UNKEPT.to_owned(), |folder| folder.display().to_string());
    let teller = Arc::new(Teller {
        contract: contract.clone(),
        url,
        through,
        built_in: target.built_in,
        readings: target.readings.clone(),
        seed: settings.seed,
        again: settings.again,
        insecure: settings.reach.is_insecure(),
        secrets,
        clients,
        abilities,
        to_stderr: own.reports.iter().any(|report| report.ends_with("=-")),
        own,
        remembered: corpus.map(|corpus| Remembered { corpus, past: past.clone() }),
        identity,
        clock: clock.clone(),
        bar: teller::bar(),
        last: std::sync::Mutex::default(),
        lost: std::sync::Mutex::default(),
    });
    teller.say(&teller.head());
    let (lanes, stop) = (clock.clone(), signals::stop(left.clone()));
    let reach = settings.reach;
    // A finding is shrunk with less patience than it was found with.
    let transport = move |target: &Target| {
        let mut reach = reach.clone();
        reach.settings.timeout = target.timeout;
        super::transport(&target.endpoint, &reach, lanes.clone())
    };
    let means = Means {
        contract,
        target,
        transport: Box::new(transport),
        opens: Box::new(move || left.of(&calling)),
        clock: clock.clone(),
        stop,
        seed: settings.seed,
        program,
        past,
        salt: Seed::fresh(),
        requests_per_second: settings.requests_per_second,
        folder,
        told: teller.clone(),
    };
    let done = Campaign::new(bounds, means).run().await;
    if let Some(listening) = listening {
        listening.stop().await;
    }
    teller.bar.finish_and_clear();
    if done.found.is_empty() {
        teller.say(&teller.replayed());
    }
    let (exit, took) = (teller.exit(&done), teller.took(&done.tally));
    teller.say(&teller.summary(&done, exit, took));
    Ok((exit, reported::report(&teller, &done, exit, started, took)))
}
