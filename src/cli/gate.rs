//! What makes a run a gate's: findings that are known, and the part of the suite that it is.

use std::path::Path;
use std::sync::Arc;

use super::args::RunArgs;
use super::given::{Given, Taker};
use super::settings::of_flag;
use crate::case::baseline::Baseline;
use crate::case::{Case, Shard, Suite};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::load::profile::Values;
use crate::report::Part;
use crate::report::model::Elsewhere;
use crate::source::Source;
use crate::{files, limits, load};

/// The variable in which a Kubernetes Indexed Job says which of its pods this is, from 0.
const INDEX: &str = "JOB_COMPLETION_INDEX";

/// Settings of a gate.
pub(super) struct Gate {
    /// Findings that are known.
    pub(super) baseline: Option<Arc<Baseline>>,
    /// Which shard to run.
    shard: Option<Shard>,
}

/// From flags, environment and profile.
///
/// # Errors
/// Every mistake in them and in the baseline.
pub(super) fn gate(args: &RunArgs, profile: &Values, contract: &Contract) -> Result<Gate, Vec<Diagnostic>> {
    let mut taker = Taker::new(profile);
    let shard = shard(&mut taker, args.shard.as_ref());
    let seeded = taker.text(args.network.seed.as_ref(), "seed").is_some();
    if let Some(shard) = shard.filter(|shard| !shard.is_whole() && !seeded) {
        let message = format!("--shard {shard}: without a seed every shard would make a run of its own");
        taker.mistake(Diagnostic::new("flag", message).help("give all shards the same `--seed`"));
    }
    let file = taker.text(args.baseline.as_ref(), "baseline");
    let read = file.map(|file| baseline(Path::new(&file), contract)).transpose();
    let baseline = read.unwrap_or_else(|mistakes| {
        taker.mistakes.extend(mistakes);
        None
    });
    let mistakes = taker.mistakes;
    if mistakes.is_empty() { Ok(Gate { baseline: baseline.map(Arc::new), shard }) } else { Err(mistakes) }
}

/// The shard that is named, `I/N` or `auto/N`.
pub(super) fn shard(taker: &mut Taker<'_>, flag: Option<&String>) -> Option<Shard> {
    let given = taker.given(flag, "shard")?;
    let parsed = match given.text.trim().strip_prefix("auto/") {
        Some(of) => indexed(&given, of),
        None => given.text.parse().map_err(|error: String| given.wrong(error)),
    };
    parsed.map_err(|mistake| taker.mistake(mistake)).ok()
}

fn indexed(given: &Given, of: &str) -> Result<Shard, Diagnostic> {
    let help = "a Kubernetes Job of `completionMode: Indexed` sets it, from 0 up to the number of shards less one; \
                elsewhere write I/N";
    let of = format!("1/{of}").parse::<Shard>().map_err(|error| given.wrong(error))?.of();
    let Ok(index) = std::env::var(INDEX) else {
        return Err(given.wrong(format!("`auto` takes the shard from {INDEX}, which is not set")).help(help));
    };
    let shard = index.trim().parse().ok().and_then(|index| Shard::from_zero(index, of));
    shard.ok_or_else(|| given.wrong(format!("{INDEX} is `{index}`, and there are {of} shards")).help(help))
}

/// Reads a baseline.
///
/// # Errors
/// A file that cannot be read, or every mistake in it.
pub(super) fn baseline(path: &Path, contract: &Contract) -> Result<Baseline, Vec<Diagnostic>> {
    let text = files::read(path, limits::FILE_BYTES).map_err(|mistake| {
        let mistake = of_flag("baseline", mistake);
        let help = "`endspec report FILE --write-baseline BASELINE --reason TEXT` makes one of a saved report";
        vec![if mistake.code == "file-missing" { mistake.help(help) } else { mistake }]
    })?;
    load::baseline::baseline(&Source::new(path.display().to_string(), text), contract)
}

impl Gate {
    /// The cases of a suite that this run has, and which part of the suite they are.
    pub(super) fn part(&self, suite: Suite, selected: bool) -> (Suite, Part) {
        let shard = self.shard.filter(|shard| !shard.is_whole());
        let own = |case: &Arc<Case>| shard.is_none_or(|shard| shard.takes(&case.id));
        let (cases, others): (Vec<_>, Vec<_>) = suite.cases.into_iter().partition(own);
        let elsewhere = others.iter().map(|case| Elsewhere {
            id: case.id.clone(),
            clauses: case.clauses.iter().map(|clause| clause.value.clone()).collect(),
        });
        let part = Part { shard, elsewhere: elsewhere.collect(), selected };
        (Suite { cases, digest: suite.digest }, part)
    }
}
