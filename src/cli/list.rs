//! `endspec list`: what there is, one line each.

use std::fmt::Write as _;

use super::args::{ListArgs, ListForm, ListWhat};
use super::{Exit, faults, print, suite, width};
use crate::case::{Situation, Suite, mutation};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::report::terminal::entry_of;
use crate::selftest::ledger::{self, Entry};

/// Columns of a clause's id and level.
const COLUMN: usize = 40;

pub(super) fn list(args: &ListArgs) -> Result<Exit, Vec<Diagnostic>> {
    let contract = suite::contract(args.contract.as_deref())?;
    let all = suite::suite(&[], &contract)?;
    if args.select.is_some() && args.what != ListWhat::Cases {
        let help = "leave it out, or list cases";
        return Err(vec![Diagnostic::new("flag", "--select: it chooses among cases alone").help(help)]);
    }
    if args.form != ListForm::Text && args.what != ListWhat::Clauses {
        let help = "leave it out, or list clauses";
        return Err(vec![Diagnostic::new("flag", "--form: clauses alone are listed in another form").help(help)]);
    }
    let chosen = suite::select(&all, args.select.as_deref(), &contract)?;
    let text = match args.what {
        ListWhat::Cases => cases(&chosen),
        ListWhat::Clauses => clauses(&contract, &all, args.form),
        ListWhat::Outcomes => outcomes(&contract),
        ListWhat::Readings => readings(&contract),
        ListWhat::Capabilities => capabilities(&contract),
        ListWhat::Mutations => mutations(),
        ListWhat::Situations => situations(),
        ListWhat::Faults => faults::list(),
    };
    print(&text);
    Ok(Exit::Pass)
}

fn cases(suite: &Suite) -> String {
    let mut text = String::new();
    for case in &suite.cases {
        let clauses: Vec<&str> = case.clauses.iter().map(|clause| clause.value.as_str()).collect();
        let _ = writeln!(text, "{:42} {}", case.id, case.title.as_deref().unwrap_or(""));
        let _ = writeln!(text, "{:42}   proves {}", "", clauses.join(", "));
    }
    text
}

fn clauses(contract: &Contract, suite: &Suite, form: ListForm) -> String {
    let entries = ledger::ledger(contract, &suite.cases);
    match form {
        ListForm::Text => ledger_text(&entries, contract, width()),
        ListForm::Markdown => ledger::markdown(&entries),
        ListForm::Html => ledger::html(&entries, contract),
    }
}

/// The ledger as lines for a terminal, with what the names of sources stand for.
fn ledger_text(entries: &[Entry<'_>], contract: &Contract, width: usize) -> String {
    let mut text = String::new();
    for Entry { clause, cases, faults } in entries {
        let label = format!("{:32} {:6} ", clause.id, clause.level.name());
        let words = format!("{} [{}]", clause.sentence, ledger::sources(clause));
        text.push_str(&entry_of(&label, COLUMN, &words, width));
        let cases = if cases.is_empty() { "not covered by this version".to_owned() } else { cases.join(", ") };
        text.push_str(&entry_of(&format!("{:COLUMN$}cases:", ""), COLUMN + 8, &cases, width));
        if !faults.is_empty() {
            text.push_str(&entry_of(&format!("{:COLUMN$}faults:", ""), COLUMN + 8, &faults.join(", "), width));
        }
    }
    text.push_str("\nsources:\n");
    for (name, words) in &contract.sources {
        text.push_str(&entry_of(&format!("  {name}"), 10, words, width));
    }
    text.push_str(&entry_of("  -", 10, "none: the documents are silent", width));
    text
}

fn outcomes(contract: &Contract) -> String {
    let outcomes = contract.outcomes.values();
    outcomes.fold(String::new(), |text, outcome| format!("{text}{:24} {}\n", outcome.name, outcome.sentence))
}

fn readings(contract: &Contract) -> String {
    let mut text = String::new();
    for reading in contract.readings.values() {
        let _ = writeln!(text, "{}: {}", reading.name, reading.sentence);
        for value in &reading.values {
            let mark = if value.name == reading.default { "*" } else { " " };
            let _ = writeln!(text, "  {mark} {:16} {}", value.name, value.sentence);
        }
    }
    text.push_str("* the default; `--reading NAME=VALUE` declares another\n");
    text
}

fn capabilities(contract: &Contract) -> String {
    let mut text = String::new();
    for capability in &contract.capabilities {
        let takes = if capability.all_of.is_empty() { &capability.clauses } else { &capability.all_of };
        let _ = writeln!(text, "{:20} {}", capability.name, capability.sentence);
        if !takes.is_empty() {
            let _ = writeln!(text, "{:20}   goes with {}", "", takes.join(", "));
        }
    }
    text
}

fn situations() -> String {
    let all = Situation::ALL.iter();
    all.fold(String::new(), |text, (_, name, sentence)| format!("{text}{name:16} {sentence}\n"))
}

fn mutations() -> String {
    let all = mutation::CATALOGUE.iter();
    all.fold(String::new(), |text, kind| format!("{text}{:28} {:10} {}\n", kind.name, kind.class.name(), kind.sentence))
}
