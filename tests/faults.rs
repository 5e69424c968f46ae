//! The faults of the reference server, held against the contract that the server itself may not know.

use endspec::load;
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
