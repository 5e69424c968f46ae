//! Settings that only `fuzz` has.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cli::args::FuzzArgs;
use crate::cli::gate;
use crate::cli::given::Taker;
use crate::cli::{outputs, run, settings};
use crate::diagnostic::Diagnostic;
use crate::fuzz::Shard;
use crate::fuzz::targets::scenario::Scenario;
use crate::load::profile::Values;
use crate::{files, limits};

/// They.
pub(super) struct Own {
    pub(super) wait: Duration,
    pub(super) time: Duration,
    pub(super) cases: Option<usize>,
    pub(super) findings: usize,
    pub(super) clients: Option<u32>,
    pub(super) shard: Shard,
    pub(super) corpus: Option<PathBuf>,
    pub(super) save: Option<PathBuf>,
    pub(super) replay: Option<Replay>,
    /// Whether SHOULD counts as MUST.
    pub(super) strict: bool,
    pub(super) reports: Vec<String>,
    /// Whether the user gave the seed.
    pub(super) seeded: bool,
}

/// An input of the fuzz target `scenario`.
pub(super) struct Replay {
    /// The file.
    pub(super) path: PathBuf,
    /// What it stands for.
    pub(super) scenario: Scenario,
}

/// From flags, environment and profile.
///
/// # Errors
/// Every mistake in them.
pub(super) fn own(args: &FuzzArgs, profile: &Values) -> Result<Own, Vec<Diagnostic>> {
    let mut taker = Taker::new(profile);
    let cases = taker.number(args.cases.as_ref(), "cases", 1_000_000_000);
    let findings = taker.number(args.max_findings.as_ref(), "max-findings", limits::FINDINGS_MOST);
    let clients = taker.number(args.clients.as_ref(), "clients", limits::CLIENTS);
    let time = taker.duration(args.time.as_ref(), "time");
    let usual = if cases.is_some() { limits::FUZZ_OF_CASES } else { limits::FUZZ };
    let shard = gate::shard(&mut taker, args.shard.as_ref()).unwrap_or_default();
    let replay = taker.text(args.replay.as_ref(), "replay").map(|path| replay(Path::new(&path))).transpose();
    let replay = replay.unwrap_or_else(|mistake| {
        taker.mistake(settings::of_flag("replay", mistake));
        None
    });
    let own = Own {
        wait: taker.duration(args.wait_for_target.as_ref(), "wait-for-target").unwrap_or(Duration::ZERO),
        time: time.unwrap_or(usual),
        cases: cases.and_then(|cases| usize::try_from(cases).ok()),
        findings: findings.and_then(|findings| usize::try_from(findings).ok()).unwrap_or(limits::FUZZ_FINDINGS),
        clients: clients.and_then(|clients| u32::try_from(clients).ok()),
        // What a profile says of campaigns is not about a single case.
        shard: if replay.is_some() { Shard::default() } else { shard },
        corpus: taker.text(args.corpus.as_ref(), "corpus").map(PathBuf::from).filter(|_| replay.is_none()),
        save: taker.text(args.save.as_ref(), "save").map(PathBuf::from),
        seeded: taker.text(args.network.seed.as_ref(), "seed").is_some(),
        replay,
        strict: taker.switch(args.strict.as_ref(), "strict"),
        reports: taker.list(&args.report, "report").into_iter().map(|given| given.text).collect(),
    };
    if args.network.written.contains("restart-command") {
        let message = "--restart-command: a campaign never restarts its target";
        taker
            .mistake(Diagnostic::new("flag", message).help("leave it out; `endspec run` tests what a restart changes"));
    }
    taker.mistakes.extend(outputs::mistakes(&own.reports, &run::formats()));
    if taker.mistakes.is_empty() { Ok(own) } else { Err(taker.mistakes) }
}

fn replay(path: &Path) -> Result<Replay, Diagnostic> {
    let data = files::bytes(path, limits::FUZZ_FILE)?;
    Ok(Replay { path: path.to_owned(), scenario: Scenario::read(&data) })
}
