//! `endspec explain`: one thing in full, with its source.

mod mend;
mod words;

use std::fmt::Write as _;
use std::sync::Arc;

use super::args::ExplainArgs;
use super::{ENVIRONMENT, Exit, faults, print, suite};
use crate::case::{Case, Class, Situation, Suite, mutation};
use crate::contract::reading::ANY;
use crate::contract::{Answer, Capability, Clause, Contract, Outcome, Reading};
use crate::diagnostic::{self, Diagnostic, did_you_mean};
use crate::server::fault;

pub(super) fn explain(args: &ExplainArgs) -> Result<Exit, Vec<Diagnostic>> {
    let contract = suite::contract(args.contract.as_deref())?;
    let suite = suite::suite(&[], &contract)?;
    let id = args.id.trim();
    let text = named(id, &contract, &suite).ok_or_else(|| vec![unknown(id, &contract, &suite)])?;
    print(&text);
    Ok(Exit::Pass)
}

/// The exit code of a panic, which no command ends with by itself.
const DEFECT: &str = "101";

fn named(id: &str, contract: &Contract, suite: &Suite) -> Option<String> {
    let found = [
        contract.clause(id).map(|clause| of_clause(clause, contract, suite)),
        suite.cases.iter().find(|case| case.id == id).map(|case| of_case(case)),
        contract.outcomes.get(id.split('(').next().unwrap_or(id)).map(of_outcome),
        contract.readings.get(id).map(|reading| of_reading(reading, suite)),
        of_value(id, contract),
        contract.capabilities.iter().find(|capability| capability.name == id).map(of_capability),
        Class::ALL.into_iter().find(|class| class.name() == id).map(of_class),
        mutation::CATALOGUE.iter().find(|kind| kind.name == id).map(of_mutation),
        Situation::named(id).map(|situation| of_situation(situation, suite)),
        words::explain(id),
        fault::named(id).map(|fault| faults::explain(fault, contract)),
        diagnostic::CODES.iter().find(|(code, _)| *code == id).map(|(code, words)| of_diagnostic(code, words)),
        of_exit(id),
    ];
    let texts: Vec<String> = found.into_iter().flatten().collect();
    if texts.is_empty() { None } else { Some(texts.join("\n")) }
}

/// Every name that is explained but for exit codes, which nobody misspells.
fn names(contract: &Contract, suite: &Suite) -> Vec<String> {
    let values =
        contract.readings.values().flat_map(|reading| reading.values.iter().map(move |value| (reading, value)));
    let own = contract.clauses.iter().map(|clause| clause.id.clone());
    own.chain(suite.cases.iter().map(|case| case.id.clone()))
        .chain(contract.outcomes.keys().cloned())
        .chain(contract.readings.keys().cloned())
        .chain(contract.capabilities.iter().map(|capability| capability.name.clone()))
        .chain(values.flat_map(|(reading, value)| [value.name.clone(), format!("{}={}", reading.name, value.name)]))
        .chain(Class::ALL.iter().map(|class| class.name().to_owned()))
        .chain(mutation::CATALOGUE.iter().map(|kind| kind.name.to_owned()))
        .chain(Situation::ALL.iter().map(|row| row.1.to_owned()))
        .chain(faults::names().map(str::to_owned))
        .chain(words::names().map(str::to_owned))
        .chain(diagnostic::CODES.iter().map(|(code, _)| (*code).to_owned()))
        .collect()
}

fn of_diagnostic(code: &str, words: &str) -> String {
    let (cause, way_out) = words.split_once('\n').unwrap_or((words, ""));
    format!("diagnostic {code}\n{}{}\n", mend::lines(cause, way_out), ends(code))
}

fn ends(code: &str) -> &'static str {
    if code == ENVIRONMENT {
        "It ends a command with exit code 3."
    } else {
        "It ends a command with exit code 2, before anything is sent."
    }
}

fn unknown(id: &str, contract: &Contract, suite: &Suite) -> Diagnostic {
    let names = names(contract, suite);
    let help = did_you_mean(id, names.iter().map(String::as_str)).map_or_else(
        || "`endspec list cases|clauses|outcomes|readings|capabilities|mutations|situations|faults` shows what there is".to_owned(),
        |close| format!("did you mean `{close}`?"),
    );
    Diagnostic::new("unknown-id", format!("there is nothing called `{id}`")).help(help)
}

fn of_situation(situation: Situation, suite: &Suite) -> String {
    let asks = |case: &&Arc<Case>| case.occurs.iter().any(|asked| asked.value == situation);
    let cases: Vec<&str> = suite.cases.iter().filter(asks).map(|case| case.id.as_str()).collect();
    let (name, sentence) = (situation.name(), situation.sentence());
    format!("situation {name}: {sentence}\nasked for by: {}\n", cases.join(", "))
}

/// An exit code, and what to do about it.
fn of_exit(id: &str) -> Option<String> {
    if id == DEFECT {
        let lines =
            mend::lines("a mistake in endspec itself, not in the target", "report it with the words that it printed");
        return Some(format!(
            "exit code {DEFECT}: a defect of endspec; it prints the seed that shows it again\n{lines}"
        ));
    }
    let (exit, words) = Exit::ALL.iter().find(|(exit, _)| exit.code().to_string() == id)?;
    let (cause, way_out) = match exit {
        Exit::Pass => (
            "the target did what every clause in scope says",
            "nothing; what was not tested stands in the report: `not covered by this version` and `excluded:`",
        ),
        Exit::Fail => (
            "each finding names the clause that was broken, and the line of the case that says so",
            "`again:` of a finding runs its one case again (and the one that it clashed with, where it takes two); the run \
             as a whole comes again with the `--seed` of its second line. `endspec explain CLAUSE` tells where the clause \
             comes from. Where the documents leave a question open, the target may declare another reading: `endspec list \
             readings`",
        ),
        Exit::Mistake => (
            "every mistake is told with its place, all at once",
            "`help:` below each says how; `endspec explain CODE` tells more of the word in brackets after `error`, such as \
             `unknown-key`",
        ),
        Exit::Inconclusive => (
            "the lines after `inconclusive:` say why; a `hint:` says what is most likely wrong with the set-up",
            "give what they ask for: an instance, a key, a region. What the target lacks is declared with `--without \
             CAPABILITY` (`endspec list capabilities`); one that is still starting is waited for with `--wait-for-target \
             30s`",
        ),
        Exit::Interrupted => ("Ctrl-C, or a signal to end", "run it again: what was not run was not judged"),
    };
    Some(format!("exit code {id}: {words}\n{}", mend::lines(cause, way_out)))
}

/// Values of readings by `VALUE` or `READING=VALUE`; `any` is the same for all of them.
fn of_value(id: &str, contract: &Contract) -> Option<String> {
    let (of, name) = id.split_once('=').map_or((None, id), |(reading, value)| (Some(reading), value));
    if of.is_none() && name == ANY {
        return None;
    }
    let mut text = String::new();
    for reading in contract.readings.values().filter(|reading| of.is_none_or(|of| of == reading.name)) {
        if let Some(value) = reading.value(name) {
            let default = if reading.default == value.name { ", its default" } else { "" };
            let _ = writeln!(text, "value {id}, of the reading {}{default}: {}", reading.name, value.sentence);
            let _ = writeln!(text, "declare with: --reading {}={name}", reading.name);
        }
    }
    (!text.is_empty()).then_some(text)
}

fn of_capability(capability: &Capability) -> String {
    let name = &capability.name;
    let clauses = if capability.all_of.is_empty() { &capability.clauses } else { &capability.all_of };
    let goes = if clauses.is_empty() { String::new() } else { format!("goes with: {}\n", clauses.join(", ")) };
    format!("capability {name}: {}\n{goes}`--without {name}` declares that the target lacks it\n", capability.sentence)
}

fn of_class(class: Class) -> String {
    let words = match class {
        Class::Valid => "well-formed values",
        Class::Absent => "the parameter is left out",
        Class::Empty => "nothing, or white space alone",
        Class::Exact => "another letter case, or space around it",
        Class::NearMiss => "resembles the right value: something missing, added or changed",
        Class::Unknown => "well-formed and never issued",
        Class::Malformed => "can be no such value",
        Class::Repeated => "given more than once",
    };
    let all = mutation::CATALOGUE.iter().filter(|kind| kind.class == class);
    let mutations: Vec<&str> = all.map(|kind| kind.name).collect();
    let (name, mutations, proved) = (class.name(), mutations.join(", "), proved(class).join(", "));
    format!("class {name}: {words}\nproves: {proved}\nmutations: {mutations}\nask with: {}\n", values(class))
}

/// The clauses that the values of a class prove.
fn proved(class: Class) -> Vec<&'static str> {
    let made = mend::generated(class, Vec::new());
    let mut clauses: Vec<&str> = made.into_iter().map(|mutation| mutation.clause).collect();
    clauses.sort_unstable();
    clauses.dedup();
    clauses
}

fn of_mutation(kind: &mutation::Kind) -> String {
    let (name, class) = (kind.name, kind.class.name());
    let (ask, mend) = (values(kind.class), mend::of_mutation(kind));
    format!("mutation {name}: {}\nclass: {class}\n{mend}ask with: {ask}\n", kind.sentence)
}

/// How a case asks for the values of a class.
fn values(class: Class) -> String {
    match class {
        Class::Valid => "`values: valid(SessionId)`".to_owned(),
        _ => format!("`values: {{ invalid: SessionId, class: {} }}`", class.name()),
    }
}

fn of_clause(clause: &Clause, contract: &Contract, suite: &Suite) -> String {
    let mut text = format!(
        "clause {} ({}, revision {})\nthe endpoint {}\n",
        clause.id, clause.level, contract.revision, clause.sentence
    );
    for source in &clause.sources {
        let words = contract.sources.iter().find(|(name, _)| *name == source).map_or("", |(_, words)| words);
        let _ = writeln!(text, "source: {source} - {words}");
    }
    if clause.sources.is_empty() {
        text.push_str("source: none; the documents are silent\n");
    }
    let lists = |case: &&std::sync::Arc<Case>| case.clauses.iter().any(|c| c.value == clause.id);
    for case in suite.cases.iter().filter(lists) {
        let _ = writeln!(text, "case: {} - {}", case.id, case.title.as_deref().unwrap_or(""));
    }
    match suite.cases.iter().any(|case| lists(&case)) {
        true => _ = writeln!(text, "test it alone: endspec run --select clause:{}", clause.id),
        false => text.push_str("no case: not covered by this version\n"),
    }
    text.push_str(&mend::of_clause(clause, contract, suite));
    for fault in fault::all().filter(|fault| fault.clauses.contains(&clause.id.as_str())) {
        let _ = writeln!(text, "proved by the fault: {} - {}", fault.name, fault.how);
    }
    for capability in contract.capabilities.iter().filter(|capability| capability.takes(&clause.id)) {
        let _ = writeln!(text, "excluded by: --without {}", capability.name);
    }
    text
}

fn of_case(case: &Case) -> String {
    let needs: Vec<&str> = case.needs.iter().map(|need| need.value.as_str()).collect();
    let needs = if needs.is_empty() { String::new() } else { format!("needs: {}\n", needs.join(", ")) };
    format!("case {}: {}\n{needs}\n{}\n", case.id, case.title.as_deref().unwrap_or(""), case.source.text.trim_end())
}

fn of_outcome(outcome: &Outcome) -> String {
    let mut text = format!("outcome {}: {}\n", outcome.name, outcome.sentence);
    for answer in &outcome.answers {
        let _ = writeln!(text, "permits: {}", words(answer));
    }
    text.push_str(&mend::of_outcome(outcome));
    text
}

fn words(answer: &Answer) -> String {
    let codes: Vec<String> = answer.codes.iter().map(ToString::to_string).collect();
    format!("{} {}", answer.status, codes.join(" or ")).trim_end().to_owned()
}

fn of_reading(reading: &Reading, suite: &Suite) -> String {
    let mut text = format!("reading {}: {}\n", reading.name, reading.sentence);
    for value in &reading.values {
        let default = if value.name == reading.default { " (default)" } else { "" };
        let _ = writeln!(text, "  {}{default}: {}", value.name, value.sentence);
    }
    text.push_str(&mend::of_reading(reading));
    let asks = suite.cases.iter().filter(|case| case.source.text.contains(reading.name.as_str()));
    let cases: Vec<&str> = asks.map(|case| case.id.as_str()).collect();
    let _ = writeln!(text, "declare with: --reading {}=VALUE", reading.name);
    if !cases.is_empty() {
        let _ = writeln!(text, "asked in: {}", cases.join(", "));
    }
    text
}
