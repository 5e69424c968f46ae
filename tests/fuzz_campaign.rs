//! Generated cases in memory: the honest server passes them, faults are found by few of them, and what is found is small.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use endspec::case::{Case, write};
use endspec::contract::{Contract, Level, Readings};
use endspec::fuzz::{self, Abilities, Bounds, Campaign, Done, Found, Means, Tally, Told};
use endspec::rehearsal::{self, Rehearsal, Stage};
use endspec::run::Ended;
use endspec::seed::Seed;
use endspec::server::fault;
use endspec::server::settings::Settings;
use endspec::source::Source;
use endspec::{load, reference};

fn contract() -> Arc<Contract> {
    Arc::new(load::contract::built_in(None))
}

/// What a target has that has everything.
fn abilities(contract: &Contract, clients: u32) -> Abilities {
    let readings = Readings::defaults(contract);
    let of = async |stage: Stage| Abilities::of(&stage.target, contract, clients);
    rehearsal::in_memory(Settings::default(), readings, Seed(0), of).unwrap()
}

fn cases(abilities: &Abilities, seed: u64, count: usize) -> Vec<Arc<Case>> {
    let draw = |number: usize| {
        let mut stream = Seed(seed).stream(&format!("case {number}"));
        stream.unstructured(1024, |u| fuzz::case(&format!("fuzz-{number}"), abilities, u))
    };
    (0..count).filter_map(draw).collect()
}

fn rehearse(cases: Vec<Arc<Case>>, server: Settings, readings: Readings, seed: u64, jobs: usize) -> Ended {
    let contract = contract();
    Rehearsal { cases, contract, readings, server, seed: Seed(seed), jobs }.run(|_| ()).unwrap()
}

/// What is wrong in a run of a right server, in a few words each.
fn alarms(ended: &Ended, inconclusive: bool) -> BTreeSet<String> {
    let mut alarms: BTreeSet<String> = ended.leaked.iter().map(|id| format!("left open: {id}")).collect();
    for result in &ended.results {
        let findings = result.findings.iter().filter(|finding| finding.level > Level::May);
        let found = findings.map(|finding| format!("{}: {} for {}", finding.clause, finding.actual, finding.expected));
        let untested = result.untested().map(|clause| format!("{clause} was not put to the test"));
        let undecided = result.undecided.iter().cloned().chain(untested).filter(|_| inconclusive);
        let text = write::write(&result.case);
        alarms.extend(found.chain(undecided).map(|words| format!("{words}\n{text}")));
    }
    alarms
}

#[test]
fn the_honest_server_passes_every_generated_case() {
    let contract = contract();
    for (seed, clients, jobs) in [(1, 8, 8), (2, 1, 1), (3, 8, 1)] {
        let cases = cases(&abilities(&contract, clients), seed, 300);
        assert!(cases.len() > 290, "{}", cases.len());
        let ended = rehearse(cases, Settings::default(), Readings::defaults(&contract), seed, jobs);
        let alarms = alarms(&ended, true);
        for a in &alarms {
            eprintln!("@@ {}", a.lines().next().unwrap());
        }
        assert!(alarms.is_empty(), "seed {seed}: {} alarms, {}", alarms.len(), alarms.first().unwrap());
    }
}

#[test]
fn no_reading_and_no_variation_of_a_right_server_is_found_anything_in() {
    let contract = contract();
    let abilities = abilities(&contract, 8);
    let mut wrong = Vec::new();
    for (seed, variation) in fault::variations().enumerate() {
        let server = Settings { fault: Some(variation), ..Settings::default() };
        let cases = cases(&abilities, 100 + seed as u64, 20);
        let ended = rehearse(cases, server, Readings::defaults(&contract), 1, 8);
        wrong.extend(alarms(&ended, false).into_iter().map(|alarm| format!("{}: {alarm}", variation.name)));
    }
    for reading in contract.readings.values() {
        for value in reading.values.iter().filter(|value| value.name != "any") {
            let declared = [(reading.name.clone(), value.name.clone())];
            let readings = Readings::resolve(&contract, &declared).unwrap();
            let ended = rehearse(cases(&abilities, 7, 60), reference::settings(&readings), readings, 1, 8);
            let words = format!("{}={}", reading.name, value.name);
            wrong.extend(alarms(&ended, false).into_iter().map(|alarm| format!("{words}: {alarm}")));
        }
    }
    for a in &wrong {
        eprintln!("@@ {}", a.lines().next().unwrap());
    }
    assert!(wrong.is_empty(), "{} alarms, {}", wrong.len(), wrong[0]);
}

struct Unheard;

impl Told for Unheard {
    fn tally(&self, _: &Tally) {}
    fn found(&self, _: &Found) {}
}

/// A campaign in memory against a server with a fault.
fn campaign(server: Settings, seed: u64, bounds: Bounds) -> Done {
    let contract = contract();
    let readings = Readings::defaults(&contract);
    let play = async |stage: Stage| {
        let Stage { target, transport, clock } = stage;
        let (_send, stop) = tokio::sync::watch::channel(false);
        let (seed, told) = (Seed(seed), Arc::new(Unheard));
        let means = Means {
            contract: contract.clone(),
            target,
            transport,
            clock,
            stop,
            seed,
            salt: seed,
            requests_per_second: None,
            told,
        };
        Campaign::new(bounds, means).run().await
    };
    rehearsal::in_memory(server, readings, Seed(seed), play).unwrap()
}

const BOUNDS: Bounds =
    Bounds { until: Some(Duration::from_secs(3_600)), cases: Some(800), findings: 1, clients: 8, jobs: 8 };

#[test]
fn measure() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    let all: Vec<_> = fault::all().collect();
    let skip: usize = std::env::var("EVERY").ok().and_then(|t| t.parse().ok()).unwrap_or(1);
    let results = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(skip, std::sync::atomic::Ordering::SeqCst);
                    let Some(fault) = all.get(at) else { return };
                    let began = std::time::Instant::now();
                    let done = campaign(Settings { fault: Some(fault), ..Settings::default() }, 5, BOUNDS);
                    let own = done.found.iter().find(|found| fault.clauses.contains(&found.clause.as_str()));
                    let any = own.or(done.found.first());
                    let words = any.map_or("MISSED".to_owned(), |found| {
                        format!(
                            "{} {} steps {}/{} after {}",
                            if own.is_some() { "own" } else { "OTHER" },
                            found.case.steps.len(),
                            found.again.0,
                            found.again.1,
                            found.cases
                        )
                    });
                    eprintln!(
                        "@@ {:36} {words} [{}] cases {} requests {} {:?} silent {:?} {:.1}s",
                        fault.name,
                        done.found.iter().map(|f| f.clause.as_str()).collect::<Vec<_>>().join(","),
                        done.tally.cases,
                        done.tally.exchanges,
                        done.leaked.len(),
                        done.silent,
                        began.elapsed().as_secs_f32()
                    );
                    results.lock().unwrap().push((own.is_some(), any.map(|f| f.case.steps.len())));
                }
            });
        }
    });
    let results = results.into_inner().unwrap();
    let mut steps: Vec<usize> = results.iter().filter_map(|r| r.1).collect();
    steps.sort();
    eprintln!(
        "@@@ {} of {} own, {} any; steps median {} worst {}",
        results.iter().filter(|r| r.0).count(),
        results.len(),
        steps.len(),
        steps[steps.len() / 2],
        steps.last().unwrap()
    );
}
