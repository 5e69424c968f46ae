//! A suite: many case files, all their mistakes together.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::case::case;
use crate::case::Suite;
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::source::Source;
use crate::wire::encoding::hex;
use crate::{files, limits};

/// Reads the case files of `(id, text)`, in the order of their ids.
///
/// # Errors
/// Every mistake in every file, and ids given twice.
pub fn suite(mut files: Vec<(String, Arc<Source>)>, vocabulary: &Contract) -> Result<Suite, Vec<Diagnostic>> {
    files.sort_by(|(a, _), (b, _)| a.cmp(b));
    let mut mistakes = Vec::new();
    for pair in files.windows(2) {
        if let [(id, first), (other, second)] = pair
            && id == other
        {
            let message = format!("{} and {} are both the case `{id}`", first.name, second.name);
            mistakes.push(Diagnostic::new("same-id", message).help("rename one of them"));
        }
    }
    let mut digest = Sha256::new();
    let mut cases = Vec::with_capacity(files.len());
    for (id, source) in &files {
        for bytes in [id.as_bytes(), source.text.as_bytes()] {
            digest.update(bytes);
            digest.update([0]);
        }
        match case(source, id, vocabulary) {
            Ok(case) => cases.push(Arc::new(case)),
            Err(found) => mistakes.extend(found),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Suite { cases, digest: hex(&digest.finalize()) })
}

/// Reads the case files at the paths: files as they are, folders with all that is in them.
///
/// # Errors
/// Every path that cannot be read, and every mistake in every file that can.
pub fn paths(paths: &[PathBuf], vocabulary: &Contract) -> Result<Suite, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let mut sources = Vec::new();
    for (id, path) in files::case_files(paths)? {
        match files::read(&path, limits::CASE_BYTES) {
            Ok(text) => sources.push((id, Source::new(path.display().to_string(), text))),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    match suite(sources, vocabulary) {
        Ok(suite) if mistakes.is_empty() => Ok(suite),
        Ok(_) => Err(mistakes),
        Err(more) => {
            mistakes.extend(more);
            Err(mistakes)
        }
    }
}
