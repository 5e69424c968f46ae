//! The faults of the reference server, held against the contract that the server itself may not know.

use std::collections::BTreeSet;
use std::sync::Arc;

use endspec::contract::Level;
use endspec::load;
use endspec::seed::Seed;
use endspec::selftest::ledger::ledger;
use endspec::selftest::{SelfTest, Trial, Worth};
use endspec::server::fault;

#[test]
fn every_clause_that_a_fault_breaks_is_one_of_the_contract() {
    let contract = load::contract::built_in(None);
    for fault in fault::all() {
        for clause in fault.clauses {
            assert!(contract.clause(clause).is_some(), "{} breaks `{clause}`, which is no clause", fault.name);
        }
    }
}

#[test]
fn a_fault_names_few_clauses_and_none_twice() {
    for fault in fault::all() {
        let mut clauses = fault.clauses.to_vec();
        clauses.sort_unstable();
        clauses.dedup();
        assert_eq!(clauses.len(), fault.clauses.len(), "{}", fault.name);
        assert!((1..=3).contains(&clauses.len()), "{} breaks too much to say what it is", fault.name);
    }
}

#[test]
fn every_clause_has_a_case_and_what_must_or_should_hold_a_fault_that_proves_it() {
    let contract = load::contract::built_in(None);
    let suite = load::built_in::suite(&contract);
    for entry in ledger(&contract, &suite.cases) {
        let id = &entry.clause.id;
        assert!(!entry.cases.is_empty(), "no case lists `{id}`");
        assert!(entry.clause.level == Level::May || !entry.faults.is_empty(), "no fault breaks `{id}`");
    }
}

#[test]
fn every_case_lists_a_clause_and_says_what_must_occur() {
    let contract = load::contract::built_in(None);
    for case in load::built_in::suite(&contract).cases {
        assert!(!case.clauses.is_empty() && !case.occurs.is_empty(), "{}", case.id);
    }
}

/// One fault a clause, against the cases that list a clause of its own; `endspec selftest` holds all against the whole suite.
#[test]
fn a_fault_is_found_under_every_clause_of_its_own_by_the_cases_that_list_one() {
    let contract = Arc::new(load::contract::built_in(None));
    let suite = load::built_in::suite(&contract);
    let names: BTreeSet<&str> =
        ledger(&contract, &suite.cases).iter().filter_map(|entry| entry.faults.first().copied()).collect();
    assert!(names.len() > 40, "{names:?}");
    let (names, contract, suite) = (&names, &contract, &suite);
    let prove = |half: usize| {
        let mut uncaught = Vec::new();
        for name in names.iter().skip(half).step_by(2) {
            let fault = fault::named(name).unwrap();
            let lists = |clause: &str| fault.clauses.contains(&clause);
            let cases = suite.cases.iter().filter(|case| case.clauses.iter().any(|clause| lists(&clause.value)));
            let (cases, trials) = (cases.cloned().collect(), vec![Trial::Faulty(fault)]);
            let test = SelfTest { cases, contract: contract.clone(), trials, seed: Seed(0), jobs: 1, whole: true };
            let proofs = test.run(|_| ()).unwrap();
            uncaught.extend((proofs[0].worth() != Worth::Caught).then(|| format!("{name}: {:?}", proofs[0].found)));
        }
        uncaught
    };
    let uncaught = std::thread::scope(|scope| {
        let halves = [0, 1].map(|half| scope.spawn(move || prove(half)));
        halves.map(|half| half.join().unwrap()).concat()
    });
    assert_eq!(uncaught, Vec::<String>::new());
}
