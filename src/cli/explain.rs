//! `endspec explain`: one thing in full, with its source.

use std::fmt::Write as _;

use super::args::ExplainArgs;
use super::{ENVIRONMENT, Exit, faults, print, suite};
use crate::case::{Case, Suite, mutation};
use crate::contract::{Answer, Clause, Contract, Outcome, Reading};
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

fn named(id: &str, contract: &Contract, suite: &Suite) -> Option<String> {
    let found = [
        contract.clause(id).map(|clause| of_clause(clause, contract, suite)),
        suite.cases.iter().find(|case| case.id == id).map(|case| of_case(case)),
        contract.outcomes.get(id.split('(').next().unwrap_or(id)).map(of_outcome),
        contract.readings.get(id).map(|reading| of_reading(reading, suite)),
        contract.capabilities.iter().find(|capability| capability.name == id).map(|capability| {
            format!(
                "capability {id}: {}\ngoes with: {}\n`--without {id}` declares that the target lacks it\n",
                capability.sentence,
                if capability.all_of.is_empty() { capability.clauses.join(", ") } else { capability.all_of.join(", ") }
            )
        }),
        mutation::CATALOGUE.iter().find(|kind| kind.name == id).map(|kind| {
            format!(
                "mutation {id}: {}\nclass: {} (`values: {{ invalid: SessionId, class: {} }}`)\n",
                kind.sentence,
                kind.class.name(),
                kind.class.name()
            )
        }),
        fault::named(id).map(|fault| faults::explain(fault, contract)),
        diagnostic::CODES
            .iter()
            .find(|(code, _)| *code == id)
            .map(|(code, words)| format!("diagnostic {code}\n{words}\n{}\n", ends(code))),
        Exit::ALL
            .iter()
            .find(|(exit, _)| exit.code().to_string() == id)
            .map(|(_, words)| format!("exit code {id}: {words}\n")),
        (id == "101")
            .then(|| "exit code 101: a defect of endspec; it prints the seed that shows it again\n".to_owned()),
    ];
    let texts: Vec<String> = found.into_iter().flatten().collect();
    if texts.is_empty() { None } else { Some(texts.join("\n")) }
}

fn ends(code: &str) -> &'static str {
    if code == ENVIRONMENT {
        "It ends a command with exit code 3."
    } else {
        "It ends a command with exit code 2, before anything is sent."
    }
}

fn unknown(id: &str, contract: &Contract, suite: &Suite) -> Diagnostic {
    let names = contract
        .clauses
        .iter()
        .map(|clause| clause.id.as_str())
        .chain(suite.cases.iter().map(|case| case.id.as_str()))
        .chain(contract.outcomes.keys().map(String::as_str))
        .chain(contract.readings.keys().map(String::as_str))
        .chain(contract.capabilities.iter().map(|capability| capability.name.as_str()))
        .chain(mutation::CATALOGUE.iter().map(|kind| kind.name))
        .chain(faults::names())
        .chain(diagnostic::CODES.iter().map(|(code, _)| *code));
    let help = did_you_mean(id, names).map_or_else(
        || {
            "`endspec list cases|clauses|outcomes|readings|capabilities|mutations|faults` shows what there is"
                .to_owned()
        },
        |close| format!("did you mean `{close}`?"),
    );
    Diagnostic::new("unknown-id", format!("there is nothing called `{id}`")).help(help)
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
    let asks = suite.cases.iter().filter(|case| case.source.text.contains(reading.name.as_str()));
    let cases: Vec<&str> = asks.map(|case| case.id.as_str()).collect();
    let _ = writeln!(text, "declare with: --reading {}=VALUE", reading.name);
    if !cases.is_empty() {
        let _ = writeln!(text, "asked in: {}", cases.join(", "));
    }
    text
}
