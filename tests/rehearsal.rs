//! Runs in memory and in simulated time: the honest server passes, and the same seed comes to the same end.

use std::collections::BTreeSet;
use std::sync::Arc;

use endspec::case::Case;
use endspec::check::Verdict;
use endspec::contract::{Contract, Readings};
use endspec::load;
use endspec::rehearsal::Rehearsal;
use endspec::report::{self, Facts};
use endspec::run::Ended;
use endspec::seed::Seed;
use endspec::server::fault;
use endspec::server::settings::Settings;
use endspec::source::Source;

struct Stage {
    contract: Arc<Contract>,
    cases: Vec<Arc<Case>>,
}

impl Stage {
    fn new() -> Stage {
        let contract = Arc::new(load::contract::built_in(None));
        let cases = load::built_in::suite(&contract).cases;
        Stage { contract, cases }
    }

    fn run(&self, cases: Vec<Arc<Case>>, server: Settings, seed: u64, jobs: usize) -> Ended {
        let readings = Readings::defaults(&self.contract);
        let contract = self.contract.clone();
        Rehearsal { cases, contract, readings, server, seed: Seed(seed), jobs }.run(|_| ()).unwrap()
    }

    /// The report, to the byte.
    fn report(&self, ended: &Ended) -> String {
        let facts = Facts {
            suite: String::new(),
            built_in: true,
            url: ended.target.endpoint.to_string(),
            through: None,
            readings: ended.target.readings.clone(),
            seed: "0".to_owned(),
            strict: false,
            whole: false,
            covered: BTreeSet::new(),
            exchanges: ended.exchanges,
            leaked: ended.leaked.clone(),
            interrupted: ended.interrupted,
            started: "2026-01-31T12:00:00Z".to_owned(),
            duration_ms: u64::try_from(ended.took.as_millis()).unwrap(),
            without: Vec::new(),
            part: report::Part::default(),
            baseline: None,
            restarts: false,
            flags: String::new(),
            weather: None,
            insecure: false,
            secrets: report::mask::Secrets::default(),
        };
        let report = report::build(&self.contract, &ended.results, &facts);
        String::from_utf8(report::json::render(&report)).unwrap()
    }
}

fn has_findings(ended: &Ended) -> bool {
    ended.results.iter().any(|result| !result.findings.is_empty())
}

/// What each case came to: its verdict and the clauses that it found broken.
fn verdicts(ended: &Ended) -> Vec<(String, Verdict, BTreeSet<String>)> {
    let results = ended.results.iter().map(|result| {
        let clauses = result.findings.iter().map(|finding| finding.clause.clone()).collect();
        (result.case.id.clone(), result.verdict(true), clauses)
    });
    results.collect()
}

#[test]
fn the_honest_server_passes_in_memory_and_leaves_nothing_open() {
    let stage = Stage::new();
    let ended = stage.run(stage.cases.clone(), Settings::default(), 1, 8);
    for result in &ended.results {
        assert_eq!(
            result.verdict(true),
            Verdict::Pass,
            "{}: {:?} {:?}",
            result.case.id,
            result.findings,
            result.undecided
        );
    }
    assert_eq!(ended.leaked, Vec::<String>::new());
}

#[test]
fn the_same_seed_gives_the_same_report_to_the_byte() {
    let stage = Stage::new();
    // Findings show what a pass would leave out: requests, answers, times, ids.
    let names = ["session-not-found-as-400", "reopened-by-next-start", "get-refused"];
    for fault in std::iter::once(None).chain(names.map(fault::named)) {
        // The honest server meets the whole suite, a faulty one what is about its fault.
        let clauses = fault.map(|fault| fault.clauses);
        let takes = |case: &&Arc<Case>| {
            clauses.is_none_or(|clauses| case.clauses.iter().any(|clause| clauses.contains(&clause.value.as_str())))
        };
        let cases: Vec<_> = stage.cases.iter().filter(takes).cloned().collect();
        let reports = [(); 2].map(|()| {
            let server = Settings { fault, ..Settings::default() };
            let ended = stage.run(cases.clone(), server, 7, 8);
            assert_eq!(has_findings(&ended), fault.is_some(), "{fault:?}");
            stage.report(&ended)
        });
        let differ = reports[0].lines().zip(reports[1].lines()).find(|(one, other)| one != other);
        assert_eq!(differ, None, "{fault:?}");
    }
}

/// The first seed has the whole suite, so that eight are at work all the time; with the others every case comes up twice.
#[test]
fn one_job_and_eight_come_to_the_same_verdicts_over_fifty_seeds() {
    let stage = Stage::new();
    let work = |half: usize| {
        for seed in (half..50).step_by(2) {
            let (from, step) = if seed == 0 { (0, 1) } else { (seed % 25, 25) };
            let cases: Vec<_> = stage.cases.iter().skip(from).step_by(step).cloned().collect();
            // A fault that bites one case by what another does would be found by other cases at another pace.
            let fault = if seed % 4 < 2 { None } else { fault::named("url-outlives-session") };
            let [one, eight] = [1, 8].map(|jobs| {
                let server = Settings { fault, ..Settings::default() };
                verdicts(&stage.run(cases.clone(), server, seed as u64, jobs))
            });
            assert_eq!(one, eight, "seed {seed}");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| work(0));
        scope.spawn(|| work(1));
    });
}

#[test]
fn a_session_without_a_connection_is_not_judged_as_open_after_ten_minutes() {
    let stage = Stage::new();
    let rows = [
        ("nobody came", "", Verdict::Inconclusive),
        ("somebody came and stayed", "  - connect: victim\n", Verdict::Pass),
    ];
    for (name, connect, verdict) in rows {
        let text = format!(
            "title: t\nclauses: [end/session/unknown]\nneeds: [sessions, websocket]\nsteps:\n  - open: victim\n{connect}  - wait: 600s\n  \
             - look: victim\n    expect: usable\n"
        );
        let case = load::case::case(&Source::new("late.yaml", text), "late", &stage.contract).unwrap();
        let ended = stage.run(vec![Arc::new(case)], Settings::default(), 1, 1);
        let result = &ended.results[0];
        assert!(result.findings.is_empty(), "{name}: {:?}", result.findings);
        assert_eq!(result.verdict(true), verdict, "{name}: {:?}", result.undecided);
    }
}
