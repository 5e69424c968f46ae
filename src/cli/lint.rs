//! `endspec lint`: case, schema and profile files, without a network.

use std::path::{Path, PathBuf};

use super::args::LintArgs;
use super::{Exit, print, suite};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::{files, limits, load};

pub(super) fn lint(args: &LintArgs) -> Result<Exit, Vec<Diagnostic>> {
    let contract = suite::contract(args.contract.as_deref())?;
    let mut cases: Vec<PathBuf> = Vec::new();
    let mut checked = 0;
    let mut mistakes = Vec::new();
    for path in &args.paths {
        if is_profile(path) || is_schema(path) {
            checked += 1;
            mistakes.extend(other(path));
        } else {
            cases.push(path.clone());
        }
    }
    if !cases.is_empty() || args.paths.is_empty() {
        match suite::suite(&cases, &contract) {
            Ok(suite) => checked += suite.cases.len(),
            Err(found) => mistakes.extend(found),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    print(&summary(checked, &contract));
    Ok(Exit::Pass)
}

fn summary(checked: usize, contract: &Contract) -> String {
    let files = if checked == 1 { "1 file".to_owned() } else { format!("{checked} files") };
    format!("{files} checked against revision {}: no mistake\n", contract.revision)
}

fn is_profile(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "endspec.yaml" || name == "endspec.yml")
}

fn is_schema(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
}

fn other(path: &Path) -> Vec<Diagnostic> {
    let text = match files::read(path, limits::FILE_BYTES) {
        Ok(text) => text,
        Err(mistake) => return vec![mistake],
    };
    let source = Source::new(path.display().to_string(), text);
    if is_profile(path) {
        return load::profile::profile(&source).err().unwrap_or_default();
    }
    load::contract::lint_schema(&source)
}
