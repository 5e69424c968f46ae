//! `endspec report --write-baseline` and `--prune`: the only things that change a baseline.

use std::fmt::Write as _;
use std::path::Path;

use super::args::ReportArgs;
use super::gate;
use super::report::contract;
use super::{Exit, print};
use crate::case::accept;
use crate::case::baseline::{Baseline, Entry};
use crate::clock::{Clock, timestamp};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::report::{Report, baseline, day, escape};
use crate::source::{Place, Source, Span};
use crate::{files, load};

/// Writes findings of a report into a baseline, or takes entries out of one.
pub(super) fn accept(args: &ReportArgs, mut report: Report) -> Result<Exit, Vec<Diagnostic>> {
    let contract = contract(&report)?;
    let now = timestamp(Clock::system().unix_seconds());
    let today = day(&now);
    if let Some(path) = &args.prune {
        let old = gate::baseline(path, &contract)?;
        baseline::hold(&mut report, &old, today, &contract);
        return prune(path, &old, &report, &contract);
    }
    let Some(path) = &args.write_baseline else { return Ok(Exit::Pass) };
    let accepted = words(args, today)?;
    let old = if path.exists() { Some(gate::baseline(path, &contract)?) } else { None };
    write(path, old.as_ref(), &accepted, &report, today, &contract)
}

/// What is said of each finding.
struct Words {
    reason: String,
    ticket: Option<String>,
    expires: Option<String>,
}

fn words(args: &ReportArgs, today: &str) -> Result<Words, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let given = |value: &Option<String>| value.clone().filter(|text| !text.trim().is_empty());
    let reason = given(&args.reason);
    if reason.is_none() {
        mistakes.push(Diagnostic::new("flag", "--reason: it is empty").help("say why the findings are accepted"));
    }
    let expires = given(&args.expires);
    if let Some(day) = &expires {
        let help = "write year, month and day, such as 2027-01-31: the last day on which they are accepted, in UTC";
        if !load::baseline::is_day(day) {
            mistakes.push(Diagnostic::new("bad-date", format!("--expires: `{day}` is no day")).help(help));
        } else if day.as_str() < today {
            mistakes.push(Diagnostic::new("bad-date", format!("--expires: {day} is over; it is {today}")).help(help));
        }
    }
    match reason {
        Some(reason) if mistakes.is_empty() => Ok(Words { reason, ticket: given(&args.ticket), expires }),
        _ => Err(mistakes),
    }
}

fn write(
    path: &Path,
    old: Option<&Baseline>,
    words: &Words,
    report: &Report,
    today: &str,
    contract: &Contract,
) -> Result<Exit, Vec<Diagnostic>> {
    let mut more = Vec::new();
    let mut told = String::new();
    let file = path.display();
    for (case, clause) in baseline::failing(report) {
        match old.and_then(|old| Some((old, old.entry(&clause, &case)?))) {
            None => {
                let _ = writeln!(told, "accepted: {clause} in {case}");
                let (reason, ticket, expires) = (words.reason.clone(), words.ticket.clone(), words.expires.clone());
                more.push(Entry { clause, case, reason, ticket, expires, span: Span::default() });
            }
            Some((old, entry)) if entry.has_expired(today) => {
                let (line, _) = old.source.line_column(entry.span.start);
                let _ =
                    writeln!(told, "expired, and left as it is: {clause} in {case}: set another day in {file}:{line}");
            }
            Some(_) => {
                let _ = writeln!(told, "known already: {clause} in {case}");
            }
        }
    }
    if !more.is_empty() {
        let text = match old {
            Some(old) => accept::with(old, &more).map_err(|span| vec![form(old, span)])?,
            None => accept::new(&more),
        };
        let kept = old.map(|old| old.entries.clone()).unwrap_or_default();
        put(path, old, &text, &[kept, more.clone()].concat(), contract)?;
    }
    let _ = writeln!(told, "{} added to {file}", entries(more.len()));
    print(&escape::block(&told));
    Ok(Exit::Pass)
}

fn prune(path: &Path, old: &Baseline, report: &Report, contract: &Contract) -> Result<Exit, Vec<Diagnostic>> {
    let mut told = String::new();
    let (mut gone, mut kept) = (Vec::new(), Vec::new());
    for (index, entry) in old.entries.iter().enumerate() {
        if baseline::no_longer_fails(report, entry) {
            let _ = writeln!(told, "taken out: {} in {} ({})", entry.clause, entry.case, entry.reason);
            gone.push(index);
        } else {
            kept.push(entry.clone());
        }
    }
    if !gone.is_empty() {
        let text = accept::without(old, &gone).map_err(|span| vec![form(old, span)])?;
        put(path, Some(old), &text, &kept, contract)?;
    }
    let _ = writeln!(told, "{} taken out of {}, {} left", entries(gone.len()), path.display(), kept.len());
    print(&escape::block(&told));
    Ok(Exit::Pass)
}

fn entries(count: usize) -> String {
    if count == 1 { "1 entry".to_owned() } else { format!("{count} entries") }
}

/// Writes the text, once it says just what it is to say.
fn put(
    path: &Path,
    old: Option<&Baseline>,
    text: &str,
    expected: &[Entry],
    contract: &Contract,
) -> Result<(), Vec<Diagnostic>> {
    let read = load::baseline::baseline(&Source::new(path.display().to_string(), text), contract);
    let same = read.as_ref().is_ok_and(|read| {
        read.entries.len() == expected.len() && read.entries.iter().zip(expected).all(|(a, b)| a.says_as(b))
    });
    match old {
        Some(old) if !same => Err(vec![form(old, old.list)]),
        _ => files::write(path, text.as_bytes()).map_err(|mistake| vec![mistake]),
    }
}

/// What no program can change without the risk of losing something of it.
fn form(old: &Baseline, span: Span) -> Diagnostic {
    let message = "the baseline is written in a form that is not changed without losing something of it";
    let help = "write each entry as lines of its own that begin with `- clause: ...`, without anchors and aliases";
    Diagnostic::at("baseline-form", message, Place { source: old.source.clone(), span }).help(help)
}
