//! Case files: what the loader takes and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use endspec::case::Case;
use endspec::contract::Contract;
use endspec::diagnostic::Diagnostic;
use endspec::load;
use endspec::source::Source;

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths
}

fn source(path: &Path) -> Arc<Source> {
    Source::new(path.file_name().unwrap().to_str().unwrap(), fs::read_to_string(path).unwrap())
}

fn contract() -> Contract {
    load::contract::built_in(None)
}

fn load_case(path: &Path, contract: &Contract) -> Result<Case, Vec<Diagnostic>> {
    load::case::case(&source(path), path.file_stem().unwrap().to_str().unwrap(), contract)
}

#[test]
fn every_valid_case_loads() {
    let contract = contract();
    for path in fixtures("cases/valid") {
        if let Err(mistakes) = load_case(&path, &contract) {
            panic!("{}: {mistakes:#?}", path.display());
        }
    }
}

#[test]
fn every_built_in_case_loads() {
    if let Err(mistakes) = load::built_in::checked(&contract()) {
        panic!("{mistakes:#?}");
    }
}
