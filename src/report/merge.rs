//! Shards put together: one report of the whole, in which nothing passes that no shard ran.

use std::collections::{BTreeMap, BTreeSet};

use super::model::{Case, Elsewhere, Entry, NOT_RUN, Report, Weather};
use super::{baseline, build, scope};
use crate::case::Shard;
use crate::contract::Contract;
use crate::limits;

/// Puts the reports of shards together, each under the name of its file. What no shard ran is not tested.
///
/// # Errors
/// What keeps them from being of one run, all of it.
pub fn merge(reports: &[(String, Report)], contract: &Contract) -> Result<Report, Vec<String>> {
    let mistakes = mistakes(reports);
    let Some(((_, first), _)) = reports.split_first().filter(|_| mistakes.is_empty()) else { return Err(mistakes) };
    let all = || reports.iter().map(|(_, report)| report);
    let of = shard(first).map_or(1, Shard::of);
    let mut whole = first.clone();
    whole.shard = None;
    whole.shards = Some(of);
    whole.elsewhere = Vec::new();
    whole.cases = all().flat_map(|report| report.cases.iter().cloned()).collect();
    whole.cases.extend(missing(reports, of));
    whole.cases.sort_by(|a, b| a.id.cmp(&b.id));
    whole.target.insecure = all().any(|report| report.target.insecure);
    whole.interrupted = all().any(|report| report.interrupted);
    whole.hint = all().find_map(|report| report.hint.clone());
    whole.leaked = all().flat_map(|report| report.leaked.iter().cloned()).collect();
    whole.weather = all().filter_map(|report| report.weather.clone()).reduce(Weather::and);
    whole.exchanges = all().map(|report| report.exchanges).sum();
    whole.started = all().map(|report| &report.started).min().cloned().unwrap_or_default();
    // Shards run side by side: what the whole took is what the longest did.
    whole.duration_ms = all().map(|report| report.duration_ms).max().unwrap_or(0);
    if let Some(entries) = whole.baseline.take() {
        let last = all().map(|report| &report.started).max().cloned().unwrap_or_default();
        let saved = baseline::saved(&entries);
        baseline::mark(&mut whole, &saved, build::day(&last));
        keep_lines(&mut whole, &entries.entries);
    }
    scope::judge(&mut whole, contract);
    Ok(whole)
}

/// Entries that were read from a report have no places of their own.
fn keep_lines(whole: &mut Report, entries: &[Entry]) {
    let own = whole.baseline.iter_mut().flat_map(|baseline| &mut baseline.entries);
    own.zip(entries).for_each(|(entry, saved)| entry.line = saved.line);
}

fn shard(report: &Report) -> Option<Shard> {
    report.shard.as_ref()?.parse().ok()
}

/// The id of the case that all generated cases of a shard of a campaign are told as.
pub fn campaign(seed: &str, shard: Shard) -> String {
    if shard.is_whole() {
        format!("fuzz-{seed}")
    } else {
        format!("fuzz-{seed}-{}", shard.to_string().replace('/', "-of-"))
    }
}

/// Cases of shards of which there is no report.
fn missing(reports: &[(String, Report)], of: usize) -> Vec<Case> {
    let all = || reports.iter().map(|(_, report)| report);
    let ran: BTreeSet<&str> = all().flat_map(|report| &report.cases).map(|case| case.id.as_str()).collect();
    let others: BTreeSet<&Elsewhere> = all().flat_map(|report| &report.elsewhere).collect();
    let others = others.into_iter().filter(|other| !ran.contains(other.id.as_str()));
    others
        .map(|other| {
            let shards = || (0..of).filter_map(|index| Shard::from_zero(index, of));
            let drawn = shards().find(|shard| other.id == campaign(&reports[0].1.seed, *shard));
            let number = drawn.or_else(|| shards().find(|shard| shard.takes(&other.id)));
            let name = number.map_or_else(String::new, |shard| format!(" {shard}"));
            Case {
                id: other.id.clone(),
                title: None,
                verdict: "inconclusive".to_owned(),
                clauses: other.clauses.clone(),
                duration_ms: 0,
                exchanges: 0,
                course: NOT_RUN.to_owned(),
                tested: BTreeMap::new(),
                findings: Vec::new(),
                reasons: vec![format!("there is no report of shard{name}, which runs it")],
            }
        })
        .collect()
}

/// Everything that keeps reports from being shards of one run.
fn mistakes(reports: &[(String, Report)]) -> Vec<String> {
    let mut mistakes: Vec<String> = reports
        .iter()
        .filter(|(_, report)| shard(report).is_none())
        .map(|(file, _)| {
            format!("{file} is the report of a whole run and of no shard, so it cannot be put together with others")
        })
        .collect();
    let compared = reports.iter().filter(|(_, report)| report.against.is_some());
    mistakes.extend(
        compared.map(|(file, _)| format!("{file} compares two targets, and no shards of such runs are put together")),
    );
    let sharded: Vec<&(String, Report)> = reports.iter().filter(|(_, report)| shard(report).is_some()).collect();
    let Some(((first, one), rest)) = sharded.split_first() else { return mistakes };
    for (file, other) in rest {
        for (what, a, b) in differences(one, other) {
            mistakes.push(format!("{first} and {file} are of two runs: {what} {} and {}", cut(&a), cut(&b)));
        }
    }
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for (file, report) in &sharded {
        let name = report.shard.as_deref().unwrap_or_default();
        if let Some(before) = seen.insert(name, file) {
            mistakes.push(format!("{before} and {file} are both shard {name}"));
        }
    }
    mistakes
}

fn cut(text: &str) -> String {
    let shown: String = text.chars().take(limits::QUOTED_CHARACTERS).collect();
    if shown.len() < text.len() { format!("`{shown}...`") } else { format!("`{shown}`") }
}

/// What must be the same of all shards of a run, and is not: its name and both values.
fn differences(a: &Report, b: &Report) -> Vec<(&'static str, String, String)> {
    let rows = [
        ("version", a.endspec.clone(), b.endspec.clone()),
        ("suite", a.suite.clone(), b.suite.clone()),
        ("target", target(a), target(b)),
        ("contract", a.contract.clone(), b.contract.clone()),
        ("readings", readings(a), readings(b)),
        ("capabilities that the target lacks", a.without.join(","), b.without.join(",")),
        ("seed", a.seed.clone(), b.seed.clone()),
        ("strict", a.strict.to_string(), b.strict.to_string()),
        ("shards", of(a), of(b)),
    ];
    let mut found: Vec<_> = rows.into_iter().filter(|(_, a, b)| a != b).collect();
    if found.is_empty() && cases(a) != cases(b) {
        found.push(("selected cases, here", cases(a).len().to_string(), cases(b).len().to_string()));
    }
    if entries(a) != entries(b) {
        let file =
            |report: &Report| report.baseline.as_ref().map_or("none", |baseline| baseline.file.as_str()).to_owned();
        found.push(("the entries of the baseline", file(a), file(b)));
    }
    found
}

/// The built-in reference server has another port in each process.
fn target(report: &Report) -> String {
    if report.target.kind == "endpoint" { report.target.url.clone() } else { report.target.kind.clone() }
}

fn readings(report: &Report) -> String {
    report.readings.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(", ")
}

fn of(report: &Report) -> String {
    shard(report).map_or_else(String::new, |shard| shard.of().to_string())
}

/// The cases of the whole run; what a campaign found has cases of its own, which no other shard knows of.
fn cases(report: &Report) -> BTreeSet<&str> {
    let campaign = shard(report).map(|shard| campaign(&report.seed, shard));
    let drawn = report.cases.iter().any(|case| Some(&case.id) == campaign.as_ref());
    let own = report.cases.iter().filter(|case| !drawn || Some(&case.id) == campaign.as_ref());
    let own = own.map(|case| case.id.as_str());
    own.chain(report.elsewhere.iter().map(|other| other.id.as_str())).collect()
}

/// The baseline, but for what became of it.
fn entries(report: &Report) -> Vec<(&str, &str, &str, Option<&str>)> {
    let entries = report.baseline.iter().flat_map(|baseline| &baseline.entries);
    entries.map(|entry| (&*entry.clause, &*entry.case, &*entry.reason, entry.expires.as_deref())).collect()
}
