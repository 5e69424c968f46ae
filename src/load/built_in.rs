//! The suite that comes with the program.

use std::sync::Arc;

use include_dir::{Dir, DirEntry, include_dir};

use super::suite;
use crate::case::Suite;
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::source::Source;

/// The `cases` folder, in the program.
static CASES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/cases");

/// The built-in cases, by id: `<built-in>/cases/ID.yaml`.
pub fn sources() -> Vec<(String, Arc<Source>)> {
    let mut found = Vec::new();
    let mut folders = vec![&CASES];
    while let Some(folder) = folders.pop() {
        for entry in folder.entries() {
            match entry {
                DirEntry::Dir(folder) => folders.push(folder),
                DirEntry::File(file) => {
                    let id = file.path().to_str().and_then(|path| path.strip_suffix(".yaml"));
                    if let (Some(id), Some(text)) = (id, file.contents_utf8()) {
                        let id = id.replace('\\', "/");
                        let source = Source::new(format!("<built-in>/cases/{id}.yaml"), text);
                        found.push((id, source));
                    }
                }
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found
}

/// The built-in cases.
///
/// # Errors
/// Never, for a contract of this version: a test reads them all.
pub fn checked(contract: &Contract) -> Result<Suite, Vec<Diagnostic>> {
    suite::suite(sources(), contract)
}

/// The built-in cases.
///
/// # Panics
/// When one of them has a mistake, which a test would have told.
pub fn suite(contract: &Contract) -> Suite {
    checked(contract).unwrap_or_else(|mistakes| {
        let told: Vec<String> = mistakes
            .iter()
            .map(|mistake| match &mistake.place {
                Some(place) => format!("{}: {}", place.at(), mistake.message),
                None => mistake.message.clone(),
            })
            .collect();
        panic!("the built-in cases are broken: {}", told.join("; "))
    })
}
