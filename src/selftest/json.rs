//! What a self-test came to, as one JSON document.

use serde_json::{Value, json as object};

use super::{Proof, Trial, Worth};
use crate::seed::Seed;

/// The document; the same trials and seed give the same, but for the seconds.
pub fn json(proofs: &[Proof], seed: Seed) -> String {
    let good = proofs.iter().all(|proof| proof.worth().is_good());
    let document = object!({
        "format": 1,
        "endspec": env!("CARGO_PKG_VERSION"),
        "seed": seed.to_string(),
        "verdict": if good { "pass" } else { "fail" },
        "trials": proofs.iter().map(trial).collect::<Vec<_>>(),
    });
    format!("{document:#}\n")
}

fn trial(proof: &Proof) -> Value {
    let (kind, how) = match &proof.trial {
        Trial::Faulty(fault) => ("fault", fault.how),
        Trial::Different(fault) => ("variation", fault.how),
        Trial::Honest(..) => ("honest", ""),
    };
    let worth = match proof.worth() {
        Worth::Caught => "caught",
        Worth::Misnamed => "misnamed",
        Worth::Missed => "missed",
        Worth::Silent => "silent",
        Worth::FalseAlarm => "false-alarm",
    };
    let own = proof.trial.clauses();
    let found: Vec<Value> = proof
        .found
        .iter()
        .map(|(clause, cases)| object!({ "clause": clause, "own": own.contains(&clause.as_str()), "cases": cases }))
        .collect();
    object!({
        "name": proof.trial.name(),
        "kind": kind,
        "how": how,
        "clauses": own,
        "result": worth,
        "found": found,
        "undecided": proof.undecided,
        "seconds": proof.took.as_secs_f64(),
    })
}
