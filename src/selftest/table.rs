//! What a self-test came to, as a table for people.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Proof, Trial, UNTESTED, Worth};
use crate::check::seen::counted;

/// A line a fault, then what is not as it should be, then the sum.
pub fn table(proofs: &[Proof], took: Duration) -> String {
    let mut out = String::new();
    let faults: Vec<&Proof> = proofs.iter().filter(|proof| matches!(proof.trial, Trial::Faulty(_))).collect();
    let right: Vec<&Proof> = proofs.iter().filter(|proof| !matches!(proof.trial, Trial::Faulty(_))).collect();
    let width = proofs.iter().map(|proof| proof.trial.name().len()).max().unwrap_or(0);
    for proof in &faults {
        line(&mut out, proof, width);
    }
    section(&mut out, "not caught", &faults, Worth::Missed);
    section(&mut out, "not caught by every clause of its own", &faults, Worth::Misnamed);
    section(&mut out, "false alarms", &right, Worth::FalseAlarm);
    let count = |of: &[&Proof]| of.iter().filter(|proof| proof.worth().is_good()).count();
    out.push('\n');
    if !faults.is_empty() {
        out.push_str(&format!(
            "faults:     {} of {} caught by every clause of their own\n",
            count(&faults),
            faults.len()
        ));
    }
    if !right.is_empty() {
        out.push_str(&format!("variations: {} of {} passed without a finding\n", count(&right), right.len()));
    }
    let good = proofs.iter().all(|proof| proof.worth().is_good());
    out.push_str(&format!("verdict:    {} in {:.1} s\n", if good { "PASS" } else { "FAIL" }, took.as_secs_f64()));
    out
}

fn line(out: &mut String, proof: &Proof, width: usize) {
    let own = proof.trial.clauses().iter().filter_map(|clause| Some((*clause, proof.found.get(*clause)?.len())));
    let own = own.map(|(clause, cases)| format!("{clause} ({})", counted(cases, "case")));
    let words: Vec<String> = own.chain(proof.unfound().map(|clause| format!("NOT BY {clause}"))).collect();
    let further: Vec<&str> = proof.further().collect();
    let further = if further.is_empty() { String::new() } else { format!("; with it {}", further.join(", ")) };
    let (name, words, seconds) = (proof.trial.name(), words.join(", "), proof.took.as_secs_f64());
    out.push_str(&format!("{name:width$}  {words}{further}  {seconds:.1} s\n"));
}

/// Cases by why they came to no verdict: many share a reason, wherever in them it came up.
fn undecided(proof: &Proof) -> BTreeMap<&str, Vec<&str>> {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (case, reason) in &proof.undecided {
        let reason = match reason.split_once(": ") {
            Some((place, why)) if place.starts_with("step ") => why,
            _ if reason.ends_with(UNTESTED) => "a clause that it lists was not put to the test",
            _ => reason,
        };
        by_reason.entry(reason).or_default().push(case);
    }
    by_reason
}

fn section(out: &mut String, title: &str, proofs: &[&Proof], worth: Worth) {
    let mut these = proofs.iter().filter(|proof| proof.worth() == worth).peekable();
    if these.peek().is_none() {
        return;
    }
    out.push_str(&format!("\n{title}:\n"));
    for proof in these {
        out.push_str(&format!("  {}", proof.trial.name()));
        if let Trial::Faulty(fault) | Trial::Different(fault) = proof.trial {
            out.push_str(&format!(": {}", fault.how));
        }
        out.push('\n');
        if !proof.trial.clauses().is_empty() {
            out.push_str(&format!("    breaks {}\n", proof.trial.clauses().join(", ")));
        }
        for (clause, cases) in &proof.found {
            let first = cases.iter().next().map_or("", String::as_str);
            out.push_str(&format!("    found {clause} by {}, first {first}\n", counted(cases.len(), "case")));
        }
        for (reason, cases) in undecided(proof) {
            out.push_str(&format!("    undecided {}: {reason}, first in {}\n", counted(cases.len(), "case"), cases[0]));
        }
    }
}
