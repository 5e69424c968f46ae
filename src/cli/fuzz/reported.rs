//! What a campaign is reported as: the model that every format is rendered from.

use std::time::Duration;

use super::teller::Teller;
use crate::cli::Exit;
use crate::cli::run::weather;
use crate::fuzz::corpus::Past;
use crate::fuzz::results::results;
use crate::fuzz::{Done, Shard};
use crate::report::merge::campaign;
use crate::report::model::Elsewhere;
use crate::report::{self, Facts, Part, Report};

/// The report, with the verdict that the command ends by.
pub(super) fn report(teller: &Teller, done: &Done, exit: Exit, started: String, took: Duration) -> Report {
    let shard = teller.own.shard;
    let seed = teller.seed.to_string();
    let id = campaign(&seed, shard);
    let nothing = Past::default();
    let before = teller.remembered.as_ref().map_or(&nothing, |remembered| &remembered.past);
    let cases = done.found.iter().map(|found| found.cases).max().unwrap_or(done.tally.cases);
    let facts = Facts {
        exchanges: done.tally.exchanges,
        leaked: done.leaked.clone(),
        weather: weather(done.weather),
        interrupted: done.interrupted,
        started,
        duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        part: part(&seed, shard),
        ..teller.facts(&teller.flags(cases))
    };
    let results = results(&id, done, before, &teller.contract, took);
    let mut report = report::build(&teller.contract, &results, &facts);
    report.hint = report.hint.or_else(|| teller.hint(done));
    let verdict = match exit {
        Exit::Pass => "pass",
        Exit::Fail => "fail",
        _ if report.verdict == "fail" => "fail",
        _ => "inconclusive",
    };
    report.verdict = verdict.to_owned();
    // The generated cases are one, whose requests nothing has kept.
    let found: usize = done.found.iter().map(|found| found.result.history.len()).sum();
    if let Some(whole) = report.cases.iter_mut().find(|case| case.id == id) {
        whole.exchanges = done.tally.exchanges.saturating_sub(found);
    }
    report
}

/// The other shards of the campaign, each a case. What they put to the test is known when they have run.
fn part(seed: &str, shard: Shard) -> Part {
    let others =
        (0..shard.of()).filter_map(|index| Shard::from_zero(index, shard.of())).filter(|other| *other != shard);
    let elsewhere = others.map(|other| Elsewhere { id: campaign(seed, other), clauses: Vec::new() });
    Part { shard: Some(shard).filter(|shard| !shard.is_whole()), elsewhere: elsewhere.collect(), selected: false }
}
