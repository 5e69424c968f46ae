//! What a self-test came to, as a table for people.

use std::time::Duration;

use super::{Proof, Trial, Worth};

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
    section(&mut out, "caught by none of its own clauses", &faults, Worth::Misnamed);
    section(&mut out, "false alarms", &right, Worth::FalseAlarm);
    let count = |of: &[&Proof]| of.iter().filter(|proof| proof.worth().is_good()).count();
    out.push('\n');
    if !faults.is_empty() {
        out.push_str(&format!("faults:     {} of {} caught by a clause of their own\n", count(&faults), faults.len()));
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
    let own: Vec<String> = own.map(|(clause, cases)| format!("{clause} ({})", plural(cases))).collect();
    let further = proof.found.keys().filter(|clause| !proof.trial.clauses().contains(&clause.as_str())).count();
    let mut words = if own.is_empty() { "NOT BY ITS CLAUSES".to_owned() } else { own.join(", ") };
    if further > 0 {
        words.push_str(&format!(", and {further} more"));
    }
    out.push_str(&format!("{:width$}  {words}  {:.1} s\n", proof.trial.name(), proof.took.as_secs_f64()));
}

fn plural(cases: usize) -> String {
    if cases == 1 { "1 case".to_owned() } else { format!("{cases} cases") }
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
            out.push_str(&format!("    found {clause} by {}\n", cases.iter().cloned().collect::<Vec<_>>().join(", ")));
        }
        for (case, reason) in &proof.undecided {
            out.push_str(&format!("    undecided {case}: {reason}\n"));
        }
    }
}
