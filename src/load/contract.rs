//! The contract: its files, a folder a revision, read into one [`Contract`] or into every mistake in them.

mod answers;
mod draft;
mod keywords;
mod references;
mod rows;
mod schemas;

use std::path::Path;
use std::sync::Arc;

use include_dir::{Dir, include_dir};

use crate::contract::{Contract, DEFAULT_REVISION};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::limits;
use crate::load::node::Node;
use crate::load::yaml;
use crate::source::{Place, Source};
use draft::Draft;

/// The contract's part of the `schemas` folder, in the program.
static SCHEMAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/schemas");

/// The file of a revision that is not a schema.
const CONTRACT: &str = "contract.yaml";

/// The built-in contract of a revision; of [`DEFAULT_REVISION`] for none.
///
/// # Panics
/// When there is no such revision: what comes from a user goes through [`named`].
pub fn built_in(revision: Option<&str>) -> Contract {
    let revision = revision.unwrap_or(DEFAULT_REVISION);
    load(&built_in_files(), revision, Trust::Known).unwrap_or_else(|mistakes| {
        let told: Vec<String> = mistakes.iter().map(told).collect();
        panic!("the built-in contract {revision} is broken: {}", told.join("; "))
    })
}

/// The built-in contract of a revision that a user named.
///
/// # Errors
/// One mistake, when there is no such revision.
pub fn named(revision: &str) -> Result<Contract, Diagnostic> {
    let revisions = revisions();
    if revisions.contains(&revision) {
        return Ok(built_in(Some(revision)));
    }
    let all: Vec<String> = revisions.iter().map(|name| format!("`{name}`")).collect();
    let help = match did_you_mean(revision, revisions.iter().copied()) {
        Some(name) => format!("did you mean `{name}`? there are {}", all.join(", ")),
        None => format!("there are {}", all.join(", ")),
    };
    Err(Diagnostic::new("unknown-revision", format!("there is no contract of revision `{revision}`")).help(help))
}

/// The built-in revisions, oldest first.
pub fn revisions() -> Vec<&'static str> {
    let mut names: Vec<&str> = folders().map(|(name, _)| name).collect();
    names.sort_unstable();
    names
}

/// The files of the built-in contract: `<built-in>/REVISION/FILE`.
pub fn built_in_files() -> Vec<Arc<Source>> {
    let files = folders().flat_map(|(revision, folder)| folder.files().map(move |file| (revision, file)));
    let sources = files.filter_map(|(revision, file)| {
        let name = file.path().file_name()?.to_str()?;
        Some(Source::new(format!("<built-in>/{revision}/{name}"), file.contents_utf8()?))
    });
    sources.collect()
}

fn folders() -> impl Iterator<Item = (&'static str, &'static Dir<'static>)> {
    let named = SCHEMAS.dirs().filter_map(|folder| Some((folder.path().file_name()?.to_str()?, folder)));
    named.filter(|(_, folder)| folder.get_file(folder.path().join(CONTRACT)).is_some())
}

/// Reads the contract of a revision from files named `.../REVISION/contract.yaml` and `.../REVISION/NAME.json`, those
/// of the revisions that it extends among them.
///
/// # Errors
/// Every mistake in the files of the revision and of those that it extends, in the order of the files.
pub fn contract(files: &[Arc<Source>], revision: &str) -> Result<Contract, Vec<Diagnostic>> {
    load(files, revision, Trust::Checked)
}

/// Whether schemas are looked into, or known to be right because a test did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    Known,
    Checked,
}

fn load(files: &[Arc<Source>], revision: &str, trust: Trust) -> Result<Contract, Vec<Diagnostic>> {
    let mut draft = Draft::new(revision);
    let mut chain: Vec<(String, &Arc<Source>, Node)> = Vec::new();
    let mut wanted: Option<(String, Option<Place>)> = Some((revision.to_owned(), None));
    while let Some((name, place)) = wanted.take() {
        if let Some(place) = place.as_ref().filter(|_| chain.iter().any(|(other, ..)| *other == name)) {
            let mistake = Diagnostic::at("unknown-revision", "this revision extends itself", place.clone());
            draft.mistakes.push(mistake);
            break;
        }
        let Some(file) = file(files, &name, CONTRACT) else {
            let names = files.iter().filter_map(|file| folder_and_file(file)).map(|(folder, _)| folder);
            draft.unknown("unknown-revision", "contract of revision", &name, place, names);
            break;
        };
        draft.turn_to(file);
        match yaml::tree(file, limits::YAML_NODES) {
            Ok(root) => {
                wanted = rows::extends(&root).map(|(name, span)| (name.to_owned(), Some(draft.place(span))));
                chain.push((name, file, root));
            }
            Err(mistakes) => draft.mistakes.extend(mistakes),
        }
    }
    // Rows that lean on a file that cannot be read would all be called dangling: the first mistakes are enough.
    if !draft.mistakes.is_empty() {
        return draft.finish();
    }
    for (position, (name, contract, root)) in chain.iter().rev().enumerate() {
        draft.turn_to(contract);
        yaml::strictness(contract, root, &mut draft.mistakes);
        draft.read(root, name, position == 0);
        for file in files.iter().filter(|file| folder_and_file(file).is_some_and(|(folder, _)| folder == *name)) {
            schemas::read(&mut draft, file, trust);
        }
    }
    references::check(&mut draft);
    draft.finish()
}

fn folder_and_file(source: &Source) -> Option<(&str, &str)> {
    let path = Path::new(&source.name);
    Some((path.parent()?.file_name()?.to_str()?, path.file_name()?.to_str()?))
}

fn file<'a>(files: &'a [Arc<Source>], folder: &str, name: &str) -> Option<&'a Arc<Source>> {
    files.iter().find(|file| folder_and_file(file) == Some((folder, name)))
}

fn told(mistake: &Diagnostic) -> String {
    match &mistake.place {
        Some(place) => format!("{}: {}", place.at(), mistake.message),
        None => mistake.message.clone(),
    }
}

/// Every mistake in a file that is to be a JSON Schema, whatever it describes.
pub fn lint_schema(file: &Arc<Source>) -> Vec<Diagnostic> {
    schemas::lint(file)
}
