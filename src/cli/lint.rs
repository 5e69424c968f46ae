//! `endspec lint`: case, schema, profile and baseline files, without a network.

use std::path::{Path, PathBuf};

use super::args::LintArgs;
use super::{Exit, print, suite};
use crate::check::seen::counted;
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::{files, limits, load};

pub(super) fn lint(args: &LintArgs) -> Result<Exit, Vec<Diagnostic>> {
    let contract = suite::contract(args.contract.as_deref())?;
    let mut cases: Vec<PathBuf> = Vec::new();
    let mut checked = 0;
    let mut mistakes = Vec::new();
    // Without a path: the built-in suite, and the profile that `run` would take from here.
    let own = [PathBuf::from("endspec.yaml")];
    let profile = if args.paths.is_empty() && own[0].is_file() { &own[..] } else { &[] };
    for path in args.paths.iter().chain(profile) {
        if is_profile(path) || is_schema(path) || is_baseline(path) {
            checked += 1;
            mistakes.extend(other(path, &contract));
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
    let files = counted(checked, "file");
    format!("{files} checked against revision {}: no mistake\n", contract.revision)
}

fn is_profile(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name == "endspec.yaml" || name == "endspec.yml")
}

fn is_schema(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "json")
}

/// By its name or by what it holds: it may be called anything.
fn is_baseline(path: &Path) -> bool {
    let yaml = path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml");
    let stem = path.file_stem().is_some_and(|stem| stem.to_string_lossy().ends_with("baseline"));
    let meant = || {
        let text = files::read(path, limits::FILE_BYTES);
        text.is_ok_and(|text| load::baseline::is_meant(&Source::new("", text)))
    };
    yaml && path.is_file() && (stem || meant())
}

fn other(path: &Path, contract: &Contract) -> Vec<Diagnostic> {
    let text = match files::read(path, limits::FILE_BYTES) {
        Ok(text) => text,
        Err(mistake) => return vec![mistake],
    };
    let source = Source::new(path.display().to_string(), text);
    if is_profile(path) {
        return load::profile::profile(&source).err().unwrap_or_default();
    }
    if is_baseline(path) {
        return load::baseline::baseline(&source, contract).err().unwrap_or_default();
    }
    load::contract::lint_schema(&source)
}
