//! The faults of the reference server, held against the contract that the server itself may not know.

use endspec::contract::Level;
use endspec::load;
use endspec::selftest::ledger::ledger;
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
