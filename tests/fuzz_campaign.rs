//! Generated cases in memory: the honest server passes them, faults are found by few of them, and what is found is small.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arbitrary::Unstructured;

use endspec::case::{Case, write};
use endspec::contract::{Contract, Level, Readings};
use endspec::fuzz::corpus::Past;
use endspec::fuzz::generate;
use endspec::fuzz::{self, Abilities, Bounds, Campaign, Done, Found, Means, Shard, Tally, Told, UNKEPT};
use endspec::rehearsal::{self, Rehearsal, Stage};
use endspec::run::{Ended, Target};
use endspec::seed::Seed;
use endspec::server::fault;
use endspec::server::settings::{Auth, Settings};
use endspec::source::Source;
use endspec::wire::Scheme;
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

#[test]
fn the_server_in_memory_has_everything_that_a_scenario_is_drawn_for() {
    assert_eq!(abilities(&contract(), 8), Abilities::everything(8));
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
        let cases = cases(&abilities(&contract, clients), seed, 40);
        assert_eq!(cases.len(), 40, "seed {seed}");
        let ended = rehearse(cases, Settings::default(), Readings::defaults(&contract), seed, jobs);
        let alarms = alarms(&ended, true);
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
        let cases = cases(&abilities, 100 + seed as u64, 2);
        let ended = rehearse(cases, server, Readings::defaults(&contract), 1, 8);
        wrong.extend(alarms(&ended, false).into_iter().map(|alarm| format!("{}: {alarm}", variation.name)));
    }
    for reading in contract.readings.values() {
        for value in reading.values.iter().filter(|value| value.name != "any") {
            let declared = [(reading.name.clone(), value.name.clone())];
            let readings = Readings::resolve(&contract, &declared).unwrap();
            let ended = rehearse(cases(&abilities, 7, 5), reference::settings(&readings), readings, 1, 8);
            let words = format!("{}={}", reading.name, value.name);
            wrong.extend(alarms(&ended, false).into_iter().map(|alarm| format!("{words}: {alarm}")));
        }
    }
    assert!(wrong.is_empty(), "{} alarms, {}", wrong.len(), wrong[0]);
}

struct Unheard;

impl Told for Unheard {
    fn tally(&self, _: &Tally) {}
    fn found(&self, _: &Found) {}
    fn reached(&self, _: &Past) {}
}

/// Notes where a later campaign would go on from.
#[derive(Default)]
struct Heard(Mutex<Vec<Past>>);

impl Told for Heard {
    fn tally(&self, _: &Tally) {}
    fn found(&self, _: &Found) {}
    fn reached(&self, past: &Past) {
        self.0.lock().unwrap().push(past.clone());
    }
}

/// A campaign in memory that ends with the first finding.
fn campaign(fault: &'static fault::Fault, seed: u64, cases: usize) -> Done {
    let server = Settings { fault: Some(fault), ..Settings::default() };
    campaign_after(Past::default(), server, seed, cases, Arc::new(Unheard))
}

fn campaign_after(past: Past, server: Settings, seed: u64, cases: usize, told: Arc<dyn Told>) -> Done {
    campaign_without("", past, server, seed, cases, told)
}

fn campaign_without(lacks: &str, past: Past, server: Settings, seed: u64, cases: usize, told: Arc<dyn Told>) -> Done {
    campaign_until(usize::MAX, lacks, past, server, seed, cases, told)
}

/// A campaign that is stopped as its run of that number begins: the first is a batch.
fn campaign_until(
    last: usize,
    lacks: &str,
    past: Past,
    server: Settings,
    seed: u64,
    cases: usize,
    told: Arc<dyn Told>,
) -> Done {
    let contract = contract();
    let until = Some(Duration::from_secs(3_600));
    let (until, wait) = (until, Duration::ZERO);
    let bounds = Bounds {
        wait,
        until,
        cases: Some(cases),
        shard: Shard::default(),
        findings: 1,
        strict: false,
        clients: 8,
        jobs: 8,
    };
    let play = async |stage: Stage| {
        let Stage { mut target, transport, clock } = stage;
        target.lacking.insert(lacks.to_owned());
        let (send, stop) = tokio::sync::watch::channel(false);
        let runs = AtomicUsize::new(0);
        let opens = move || {
            send.send_replace(runs.fetch_add(1, Ordering::SeqCst) + 1 >= last);
            Arc::default()
        };
        let (contract, seed, folder) = (contract.clone(), Seed(seed), UNKEPT.to_owned());
        let requests_per_second = None;
        let (program, salt) = (None, seed);
        let means = Means {
            contract,
            target,
            transport,
            opens: Box::new(opens),
            clock,
            stop,
            seed,
            program,
            past,
            salt,
            requests_per_second,
            folder,
            told,
        };
        Campaign::new(bounds, means).run().await
    };
    rehearsal::in_memory(server, Readings::defaults(&contract), Seed(seed), play).unwrap()
}

#[test]
fn cases_that_pause_wait_for_each_other_for_a_while_and_none_is_left_out() {
    const CASES: usize = 600;
    let abilities = abilities(&contract(), 8);
    let pauses = |number: &usize| {
        let mut stream = Seed(8).stream(&format!("fuzz {number}"));
        stream.unstructured(generate::ENTROPY, |u| generate::program(&abilities, u)).pauses()
    };
    let pausing: BTreeSet<usize> = (0..CASES).filter(pauses).collect();
    let heard = Arc::new(Heard::default());
    let done = campaign_after(Past::default(), Settings::default(), 8, CASES, heard.clone());
    assert_eq!(done.tally.cases, CASES);
    let pasts = heard.0.lock().unwrap();
    assert_eq!(pasts.last().map(|past| past.turns), Some(CASES));
    // A later campaign goes on from any moment, with those that still wait.
    let waits = |past: &&Past| !past.pausing.is_empty() && past.pausing.iter().all(|turn| pausing.contains(turn));
    let first = pasts.iter().find(waits).expect("a case that waits for others");
    let later = campaign_after(first.clone(), Settings::default(), 8, CASES, Arc::new(Unheard));
    assert_eq!(later.tally.cases, CASES - first.turns + first.pausing.len());
}

#[test]
fn every_overlap_is_decided_without_a_websocket_too() {
    let done = campaign_without("websocket", Past::default(), Settings::default(), 8, 100, Arc::new(Unheard));
    assert_eq!((done.tally.cases, done.tally.undecided, done.found.len()), (100, 0, 0), "{:?}", done.doubt);
    assert!(done.tested.contains("end/effect/once"), "{:?}", done.tested);
}

/// A wrong signature on a session that was never issued is wrong twice: which is said first shows nothing.
#[test]
fn without_sessions_signatures_are_tested_where_they_alone_are_wrong() {
    let run = |server| campaign_without("sessions", Past::default(), server, 5, 400, Arc::new(Unheard));
    let honest = run(Settings::default());
    assert!(honest.found.is_empty(), "{:?}", honest.found.first());
    let signed = ["required", "tampered", "access-key", "expired", "nonce"].map(|name| format!("rpc/signature/{name}"));
    for clause in signed.iter().chain(&["rpc/version/unknown".to_owned()]) {
        assert!(honest.tested.contains(clause), "{clause}");
    }
    let of_a_session = ["end/request/region-required", "end/session/near-miss", "end/session/exact"];
    for clause in of_a_session.iter().chain(&["end/authorization/required"]) {
        assert!(!honest.tested.contains(clause), "{clause}");
    }
    let trusting = run(Settings { auth: Auth::Open, ..Settings::default() });
    let found = trusting.found.first().expect("what asks for no signature is found out");
    assert!(signed.contains(&found.clause), "{}", found.text);
}

/// Does something with each of these on two threads.
fn each<T: Sync, R: Send>(all: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let half = |first: usize| all.iter().skip(first).step_by(2).map(&work).collect::<Vec<R>>();
    std::thread::scope(|scope| {
        let other = scope.spawn(|| half(1));
        half(0).into_iter().chain(other.join().unwrap()).collect()
    })
}

#[test]
fn the_same_entropy_makes_the_same_case_and_its_text_reads_back() {
    let contract = contract();
    let abilities = abilities(&contract, 8);
    let (one, other) = (cases(&abilities, 4, 60), cases(&abilities, 4, 60));
    assert_eq!(one, other);
    for case in one {
        let text = write::write(&case);
        let read = load::case::case(&Source::new("generated.yaml", text.as_str()), &case.id, &contract);
        let read = read.unwrap_or_else(|mistakes| panic!("{text}\n{mistakes:?}"));
        assert_eq!(write::without_places(&read), write::without_places(&case), "{text}");
    }
    // Entropy that is used up makes everything plain, and a case all the same.
    let plain = fuzz::case("plain", &abilities, &mut Unstructured::new(&[])).unwrap();
    assert!(!plain.steps.is_empty());
}

#[test]
fn a_target_that_has_next_to_nothing_is_fuzzed_with_what_is_left() {
    let contract = contract();
    let lacking = ["describe", "websocket", "signatures", "signature-v1", "signature-v3", "xml"];
    let adapt = |target: &mut Target| {
        target.lacking.extend(lacking.map(str::to_owned));
        (target.other_region, target.unsupported_region, target.denied) = (None, None, None);
        (target.auth, target.credential) = (Scheme::None, None);
    };
    let readings = Readings::defaults(&contract);
    let of = async |mut stage: Stage| {
        adapt(&mut stage.target);
        Abilities::of(&stage.target, &contract, 8)
    };
    let abilities = rehearsal::in_memory(Settings::default(), readings.clone(), Seed(0), of).unwrap();
    let (cases, server) = (cases(&abilities, 9, 60), Settings { auth: Auth::Open, ..Settings::default() });
    assert!(cases.len() > 50, "{}", cases.len());
    let ended = Rehearsal { cases, contract, readings, server, seed: Seed(9), jobs: 8 }.run(adapt).unwrap();
    let alarms = alarms(&ended, false);
    assert!(alarms.is_empty(), "{} alarms, {}", alarms.len(), alarms.first().unwrap());
    let untested = ended.results.iter().find(|result| result.tested.is_empty());
    assert!(untested.is_none(), "{:?}\n{}", untested.unwrap().undecided, write::write(&untested.unwrap().case));
}

/// Faults of every kind, each visible to some request.
const FAULTS: [&str; 20] = [
    "region-defaulted",
    "unknown-session-ok",
    "nul-as-500",
    "ended-as-204",
    "request-id-constant",
    "error-as-page",
    "session-not-found-as-400",
    "xml-root-of-class",
    "get-refused",
    "version-ignored",
    "describe-ended-as-connected",
    "session-by-like",
    "form-not-read",
    "reopened-by-second-end",
    "end-written-behind",
    "ends-newest-instead",
    "ends-all-of-instance",
    "url-outlives-session",
    "signature-not-compared",
    "nonce-not-kept",
];

/// What the shrunk case, read from its text, comes to against a server.
fn replayed(found: &Found, fault: Option<&'static fault::Fault>) -> Ended {
    let contract = contract();
    let source = Source::new("found.yaml", found.text.as_str());
    let case = load::case::case(&source, &found.case.id, &contract).unwrap();
    let server = Settings { fault, ..Settings::default() };
    rehearse(vec![Arc::new(case)], server, Readings::defaults(&contract), 5, 1)
}

#[test]
fn nine_in_ten_faults_are_found_shrunk_to_five_steps_and_replayed_red_and_honest_green() {
    let faults: Vec<_> = FAULTS.iter().map(|name| fault::named(name).unwrap()).collect();
    // Each has a twelfth of the requests of half a minute on loopback.
    let done = each(&faults, |fault| (*fault, campaign(fault, 5, 200)));
    let mut steps = Vec::new();
    let (mut missed, mut green) = (Vec::new(), Vec::new());
    for (fault, done) in &done {
        let Some(found) = done.found.first() else {
            missed.push(fault.name);
            continue;
        };
        let words = format!("{}: {}\n{}", fault.name, found.clause, found.text);
        steps.push(found.case.steps.len());
        assert!(found.case.steps.len() <= 5, "{words}");
        let red = replayed(found, Some(*fault));
        let clauses: Vec<&str> = red.results[0].findings.iter().map(|finding| finding.clause.as_str()).collect();
        green.extend((!clauses.contains(&found.clause.as_str())).then_some(fault.name));
        assert_eq!(alarms(&replayed(found, None), true), BTreeSet::new(), "{words}");
    }
    assert!(missed.len() * 10 <= FAULTS.len(), "{missed:?}");
    // What sessions of other cases are there decides which one a wrong End ends: on a fresh server there are none.
    assert!(green.len() <= 1, "{green:?}");
    steps.sort_unstable();
    assert!(steps[steps.len() / 2] <= 3, "{steps:?}");
}

#[test]
fn the_same_seed_comes_upon_the_same_case() {
    let fault = fault::named("reopened-by-second-end").unwrap();
    let [one, other] = [(); 2].map(|()| campaign(fault, 6, 100));
    assert!(!one.found.is_empty());
    assert_eq!((one.tally, &one.found[0].text), (other.tally, &other.found[0].text));
}

#[test]
fn what_an_earlier_run_had_no_time_to_try_again_is_found_by_a_later_one() {
    let fault = fault::named("unknown-session-as-403").unwrap();
    let server = || Settings { fault: Some(fault), ..Settings::default() };
    let first = campaign(fault, 6, 100);
    let Found { clause, result, .. } = first.found.first().expect("a finding");
    let after = |shapes: BTreeSet<String>| {
        let past = Past { told: [(clause.clone(), shapes)].into(), ..Past::default() };
        let later = campaign_after(past, server(), 6, 100, Arc::new(Unheard));
        later
            .found
            .iter()
            .any(|found| found.clause == *clause && found.result.findings[0].shape == result.findings[0].shape)
    };
    let heard = Arc::new(Heard::default());
    let stopped = campaign_until(2, "", Past::default(), server(), 6, 100, heard.clone());
    assert_eq!(stopped.found.first().map(|found| found.again), Some((0, 0)), "stopped as it was to try again");
    let pasts = heard.0.lock().unwrap();
    let past = pasts.last().expect("where a later campaign goes on from");
    assert_eq!((past.turns, past.told.get(clause)), (0, Some(&BTreeSet::new())));
    assert!(after(past.told[clause].clone()), "seen once, by a run that had no time");
    assert!(!after(BTreeSet::from([result.findings[0].shape.clone()])), "told in full");
}

#[test]
#[ignore = "a figure for people: every fault there is, with as many cases as half a minute has on loopback"]
fn every_fault() {
    let all: Vec<_> = fault::all().collect();
    let done = each(&all, |fault| (*fault, campaign(fault, 5, 2_000)));
    let mut steps = Vec::new();
    for (fault, done) in &done {
        let words = done.found.first().map(|found| {
            steps.push(found.case.steps.len());
            let own = fault.clauses.contains(&found.clause.as_str());
            let (again, times) = found.again;
            format!(
                "{} own={own} {} steps, {again}/{times}, {} cases",
                found.clause,
                found.case.steps.len(),
                found.cases
            )
        });
        println!(
            "{}: {} ({} requests, {:?})",
            fault.name,
            words.unwrap_or_default(),
            done.tally.exchanges,
            done.silent.as_ref().map(|mute| &mute.reason)
        );
    }
    steps.sort_unstable();
    println!("{} of {}; steps {:?}", steps.len(), done.len(), steps);
}
