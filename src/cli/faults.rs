//! Faults of the reference server and its variations, as the commands name, list and explain them.

use std::fmt::Write as _;

use crate::contract::Contract;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::server::fault::{self, Fault};

/// The fault or variation that `--fault` names.
///
/// # Errors
/// There is none of that name.
pub(super) fn named(name: &str) -> Result<&'static Fault, Diagnostic> {
    fault::named(name).ok_or_else(|| {
        let help = did_you_mean(name, names())
            .map_or_else(|| "`endspec list faults` lists them".to_owned(), |close| format!("did you mean `{close}`?"));
        Diagnostic::new("flag", format!("--fault: there is no fault `{name}`")).help(help)
    })
}

/// The names of all faults and variations.
pub(super) fn names<'a>() -> impl Iterator<Item = &'a str> {
    fault::all().chain(fault::variations()).map(|fault| fault.name)
}

/// All faults with the clauses that they break, then all variations.
pub(super) fn list() -> String {
    let mut text = String::new();
    for fault in fault::all() {
        row(&mut text, fault, &fault.clauses.join(", "));
    }
    for fault in fault::variations() {
        row(&mut text, fault, "breaks nothing: a variation");
    }
    text
}

fn row(text: &mut String, fault: &Fault, clauses: &str) {
    let _ = writeln!(text, "{:38} {clauses}", fault.name);
    let _ = writeln!(text, "{:38}   {}", "", fault.how);
}

/// One of them in full.
pub(super) fn explain(fault: &Fault, contract: &Contract) -> String {
    let kind = if fault.clauses.is_empty() { "variation" } else { "fault" };
    let mut text = format!("{kind} {}: {}\n", fault.name, fault.how);
    if fault.clauses.is_empty() {
        text.push_str("breaks nothing: every clause permits it, and the suite must be silent\n");
    }
    for id in fault.clauses {
        let sentence = contract.clause(id).map_or("", |clause| clause.sentence.as_str());
        let _ = writeln!(text, "breaks: {id} - the endpoint {sentence}");
    }
    let _ = writeln!(text, "serve it: endspec serve --fault {}", fault.name);
    let _ = writeln!(text, "hold the suite against it: endspec selftest --fault {}", fault.name);
    text
}
