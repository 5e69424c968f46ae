//! How long it takes to load the built-in contract: every run pays for it before its first request.

use std::hint::black_box;
use std::time::Instant;

use endspec::contract::{OutcomeRef, Readings};
use endspec::load::contract::{built_in, built_in_files, contract, revisions};

fn main() {
    for revision in revisions() {
        measure(&format!("load {revision}"), 200, || black_box(built_in(Some(revision))));
    }
    let files = built_in_files();
    let newest = revisions().pop().expect("there is a revision");
    measure("load and check every schema", 50, || black_box(contract(&files, newest).expect("the data is right")));
    let contract = built_in(None);
    let readings = Readings::defaults(&contract);
    let outcome = OutcomeRef::reading("empty-parameter(SessionId)");
    measure("permitted answers of a reading", 2000, || black_box(contract.permitted(&outcome, &readings)));
}

fn measure<T>(what: &str, rounds: u32, mut body: impl FnMut() -> T) {
    let first = Instant::now();
    body();
    let first = first.elapsed();
    let rest = Instant::now();
    for _ in 0..rounds {
        body();
    }
    println!("{what}: first {first:?}, then {:?} each", rest.elapsed() / rounds);
}
