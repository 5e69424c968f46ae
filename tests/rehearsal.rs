//! Runs in memory and in simulated time: the honest server passes, and the same seed gives the same bytes.

use std::sync::Arc;

use endspec::check::Verdict;
use endspec::contract::{Contract, Readings};
use endspec::rehearsal::Rehearsal;
use endspec::seed::Seed;
use endspec::server::settings::Settings;
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
