//! The ledger: every clause with its level, sentence and source, the cases that hold it, and the faults that prove them.

use std::fmt::Write as _;

use crate::case::Case;
use crate::contract::{Clause, Contract};
use crate::server::fault;

/// One clause and what stands for it.
#[derive(Debug)]
pub struct Entry<'a> {
    /// The clause.
    pub clause: &'a Clause,
    /// Ids of the cases that list it.
    pub cases: Vec<&'a str>,
    /// Names of the faults that break it.
    pub faults: Vec<&'static str>,
}

/// An entry a clause, in the contract's order.
pub fn ledger<'a>(contract: &'a Contract, cases: &'a [std::sync::Arc<Case>]) -> Vec<Entry<'a>> {
    let entry = |clause: &'a Clause| {
        let lists = |case: &&std::sync::Arc<Case>| case.clauses.iter().any(|listed| listed.value == clause.id);
        let breaks = |fault: &&fault::Fault| fault.clauses.contains(&clause.id.as_str());
        Entry {
            clause,
            cases: cases.iter().filter(lists).map(|case| case.id.as_str()).collect(),
            faults: fault::all().filter(breaks).map(|fault| fault.name).collect(),
        }
    };
    contract.clauses.iter().map(entry).collect()
}

/// The ledger as a table in Markdown.
pub fn markdown(entries: &[Entry<'_>]) -> String {
    let mut text =
        String::from("| clause | level | the endpoint ... | source | cases | faults |\n|---|---|---|---|---|---|\n");
    for Entry { clause, cases, faults } in entries {
        let cell = |text: &str| text.replace('|', "\\|");
        let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ");
        let (level, sentence, sources) = (clause.level.name(), cell(&clause.sentence), sources(clause));
        let (cases, faults) = (list(cases), list(faults));
        let _ = writeln!(text, "| `{}` | {level} | {sentence} | {sources} | {cases} | {faults} |", clause.id);
    }
    text
}

/// The ledger as a page of HTML that needs nothing else.
pub fn html(entries: &[Entry<'_>], contract: &Contract) -> String {
    let mut rows = String::new();
    for Entry { clause, cases, faults } in entries {
        let code = |name: &&str| format!("<code>{}</code>", escaped(name));
        let list = |names: &[&str]| names.iter().map(code).collect::<Vec<_>>().join("<br>");
        let (id, level, sentence) = (escaped(&clause.id), clause.level.name(), marked(&clause.sentence, entries));
        let _ = writeln!(
            rows,
            "<tr id=\"{id}\"><td><a href=\"#{id}\"><code>{id}</code></a></td><td>{level}</td><td>{sentence}</td><td>{}</td>\
             <td>{}</td><td>{}</td></tr>",
            linked_sources(clause),
            list(cases),
            list(faults)
        );
    }
    let source = |(name, words): (&String, &String)| {
        format!("<dt id=\"source-{0}\"><code>{0}</code></dt><dd>{1}</dd>\n", escaped(name), marked(words, entries))
    };
    let legend: String = contract.sources.iter().map(source).collect();
    format!("{HEAD}{rows}</tbody></table><h2>Sources</h2><dl>\n{legend}</dl></body></html>\n")
}

/// Sources as links to the legend.
fn linked_sources(clause: &Clause) -> String {
    let link = |name: &String| format!("<a href=\"#source-{0}\">{0}</a>", escaped(name));
    if clause.sources.is_empty() {
        "-".to_owned()
    } else {
        clause.sources.iter().map(link).collect::<Vec<_>>().join(", ")
    }
}

/// A sentence with what stands between back-ticks as code; a clause's id leads to its row.
fn marked(sentence: &str, entries: &[Entry<'_>]) -> String {
    let code = |text: &str| {
        let code = format!("<code>{}</code>", escaped(text));
        let known = entries.iter().any(|entry| entry.clause.id == text);
        if known { format!("<a href=\"#{}\">{code}</a>", escaped(text)) } else { code }
    };
    let parts = sentence.split('`').enumerate();
    parts.map(|(at, text)| if at % 2 == 1 { code(text) } else { escaped(text) }).collect()
}

const HEAD: &str = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
    <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>endspec: clauses</title><style>\n\
    :root{color-scheme:light dark}body{font:15px/1.45 system-ui,sans-serif;margin:2rem auto;max-width:90rem;padding:0 1rem}\n\
    table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;\
    border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent);overflow-wrap:anywhere}\n\
    th{position:sticky;top:0;background:Canvas}td:nth-child(n+5){font-size:.85em}tr:target{background:color-mix(in srgb,\
    currentColor 10%,transparent)}a{color:inherit}\n\
    @media(max-width:50rem){table,tbody,tr,td{display:block}thead{display:none}td{border:0;padding:.15rem 0}\
    tr{border-bottom:1px solid;padding:.6rem 0}}\n\
    </style></head><body><h1>Clauses, cases and faults</h1><table><thead><tr><th>clause<th>level<th>the endpoint ...\
    <th>source<th>cases<th>faults that prove them</tr></thead><tbody>\n";

/// The sources of a clause, `-` where the documents are silent.
pub fn sources(clause: &Clause) -> String {
    if clause.sources.is_empty() { "-".to_owned() } else { clause.sources.join(", ") }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
