//! Runs in memory and in simulated time: the honest server passes, and the same seed gives the same bytes.

use std::sync::Arc;

use endspec::check::Verdict;
use endspec::contract::{Contract, Readings};
use endspec::rehearsal::Rehearsal;
use endspec::seed::Seed;
use endspec::server::settings::Settings;
use endspec::source::Source;
use endspec::{load, run};

fn rehearse(seed: u64, jobs: usize) -> (run::Ended, Arc<Contract>) {
    let contract = Arc::new(load::contract::built_in(None));
    let cases = load::built_in::suite(&contract).cases;
    let readings = Readings::resolve(&contract, &[]).unwrap();
    let rehearsal =
        Rehearsal { cases, contract: contract.clone(), readings, server: Settings::default(), seed: Seed(seed), jobs };
    (rehearsal.run(|_| ()).unwrap(), contract)
}

#[test]
fn the_honest_server_passes_in_memory() {
    let start = std::time::Instant::now();
    let (ended, _) = rehearse(1, 8);
    eprintln!("{:?} {} requests, {:?} of its own time", start.elapsed(), ended.exchanges, ended.took);
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
}

#[test]
fn a_session_without_a_connection_is_not_judged_as_open_after_ten_minutes() {
    let contract = Arc::new(load::contract::built_in(None));
    let rows = [
        ("nobody came", "", Verdict::Inconclusive),
        ("somebody came and stayed", "  - connect: victim\n", Verdict::Pass),
    ];
    for (name, connect, verdict) in rows {
        let text = format!(
            "title: t\nclauses: [end/session/unknown]\nneeds: [sessions, websocket]\nsteps:\n  - open: victim\n{connect}  - wait: 600s\n  \
             - look: victim\n    expect: usable\n"
        );
        let case = load::case::case(&Source::new("late.yaml", text), "late", &contract).unwrap();
        let readings = Readings::resolve(&contract, &[]).unwrap();
        let (cases, server) = (vec![Arc::new(case)], Settings::default());
        let rehearsal = Rehearsal { cases, contract: contract.clone(), readings, server, seed: Seed(1), jobs: 1 };
        let ended = rehearsal.run(|_| ()).unwrap();
        let result = &ended.results[0];
        assert!(result.findings.is_empty(), "{name}: {:?}", result.findings);
        assert_eq!(result.verdict(true), verdict, "{name}: {:?}", result.undecided);
    }
}
