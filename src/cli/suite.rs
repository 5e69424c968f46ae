//! The cases that a command works on: built in, or from paths.

use std::path::PathBuf;

use super::settings::of_flag;
use crate::case::Suite;
use crate::case::selection::Selection;
use crate::contract::Contract;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::load;

/// The contract of a revision.
///
/// # Errors
/// When there is no such revision.
pub(super) fn contract(revision: Option<&str>) -> Result<Contract, Vec<Diagnostic>> {
    let revisions = load::contract::revisions();
    if let Some(revision) = revision.filter(|revision| !revisions.contains(revision)) {
        let close = did_you_mean(revision, revisions.iter().copied());
        let help = close
            .map_or_else(|| format!("known: {}", revisions.join(", ")), |close| format!("did you mean `{close}`?"));
        return Err(vec![
            Diagnostic::new("unknown-revision", format!("--contract: there is no revision `{revision}`")).help(help),
        ]);
    }
    Ok(load::contract::built_in(revision))
}

/// The cases at the paths, or the built-in ones.
///
/// # Errors
/// Every mistake in every file.
pub(super) fn suite(paths: &[PathBuf], contract: &Contract) -> Result<Suite, Vec<Diagnostic>> {
    if paths.is_empty() {
        return Ok(load::built_in::suite(contract));
    }
    load::suite::paths(paths, contract)
}

/// The cases of a suite that are selected.
///
/// # Errors
/// A term that is none, or that takes nothing.
pub(super) fn select(suite: &Suite, expression: Option<&str>, contract: &Contract) -> Result<Suite, Vec<Diagnostic>> {
    let Some(expression) = expression else { return Ok(suite.clone()) };
    let selection =
        Selection::parse(expression, suite, contract).map_err(|mistake| vec![of_flag("select", mistake)])?;
    let cases = suite.cases.iter().filter(|case| selection.takes(case)).cloned().collect();
    Ok(Suite { cases, digest: suite.digest.clone() })
}
