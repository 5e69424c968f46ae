//! `endspec report`: saved reports, rendered again, put together, compared, and made into a baseline.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use super::args::ReportArgs;
use super::{Exit, accept, compare, outputs, run, suite};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::report::{Report, json, merge};
use crate::{files, limits};

pub(super) fn report(args: &ReportArgs) -> Result<Exit, Vec<Diagnostic>> {
    if args.diff {
        return compare::compare(args);
    }
    let formats = run::formats();
    let mistakes = outputs::mistakes(&args.report, &formats);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let report = whole(&args.files)?;
    if args.write_baseline.is_some() || args.prune.is_some() {
        return accept::accept(args, report);
    }
    Ok(run::tell(&report, outputs::open(&args.report, &formats)?, |_| None))
}

/// The report of a run: as it was saved, or put together where it is one of shards.
fn whole(files: &[PathBuf]) -> Result<Report, Vec<Diagnostic>> {
    let reports = all(files)?;
    match reports.as_slice() {
        [(_, report)] if report.shard.is_none() => Ok(report.clone()),
        reports => {
            let contract = contract(&reports[0].1)?;
            merge::merge(reports, &contract).map_err(|words| {
                let one = |words: String| Diagnostic::new("not-mergeable", words);
                words.into_iter().map(one).collect()
            })
        }
    }
}

/// Every report, under the name of its file.
///
/// # Errors
/// Every file that is none.
pub(super) fn all(files: &[PathBuf]) -> Result<Vec<(String, Report)>, Vec<Diagnostic>> {
    let mut reports = Vec::new();
    let mut mistakes = Vec::new();
    for path in files {
        if files.len() > 1 && files::is_empty(path) {
            let words = "is empty: its run ended before it wrote a report, and counts as none";
            let _ = writeln!(std::io::stderr(), "endspec: {} {words}", path.display());
            continue;
        }
        match saved(path) {
            Ok(report) => reports.push((path.display().to_string(), report)),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if reports.is_empty() && mistakes.is_empty() {
        let words = "every file is empty: no run wrote a report";
        mistakes.push(Diagnostic::new("bad-report", words).help("run again: a run that is killed leaves empty files"));
    }
    if mistakes.is_empty() { Ok(reports) } else { Err(mistakes) }
}

fn saved(path: &Path) -> Result<Report, Diagnostic> {
    let text = files::read(path, limits::REPORT_BYTES)?;
    json::read(text.as_bytes()).map_err(|words| {
        let message = format!("{} is no report that can be read: {words}", path.display());
        let help = "name a file that `endspec run --report json=FILE` of this version wrote";
        Diagnostic::new("bad-report", message).help(help)
    })
}

/// The documents that a report was judged by.
///
/// # Errors
/// A revision that this version does not know.
pub(super) fn contract(report: &Report) -> Result<Contract, Vec<Diagnostic>> {
    suite::contract(Some(&report.contract))
}
