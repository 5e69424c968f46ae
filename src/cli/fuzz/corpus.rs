//! The folder that remembers a campaign: a file a shard.

use std::path::{Path, PathBuf};

use crate::cli::settings;
use crate::diagnostic::Diagnostic;
use crate::fuzz::Shard;
use crate::fuzz::corpus::{self, Identity, Past};
use crate::seed::Seed;
use crate::{files, limits};

/// What there is of a shard's campaign in the folder.
pub(super) struct Corpus {
    path: PathBuf,
    text: Option<String>,
}

impl Corpus {
    /// Reads what is there; the folder is made where it is not.
    pub(super) fn open(folder: &Path, shard: Shard) -> Result<Corpus, Vec<Diagnostic>> {
        files::folder(folder).map_err(|mistake| vec![settings::of_flag("corpus", mistake)])?;
        let path = folder.join(format!("shard-{}.json", shard.to_string().replace('/', "-of-")));
        if !path.exists() {
            return Ok(Corpus { path, text: None });
        }
        let text =
            files::read(&path, limits::FUZZ_FILE).map_err(|mistake| vec![settings::of_flag("corpus", mistake)])?;
        Ok(Corpus { path, text: Some(text) })
    }

    /// The seed of the campaign that is there.
    pub(super) fn seed(&self) -> Result<Option<Seed>, Vec<Diagnostic>> {
        self.text.as_deref().map(corpus::seed).transpose().map_err(|words| self.refused(&words))
    }

    /// What was done of the campaign before.
    pub(super) fn past(&self, identity: &Identity) -> Result<Past, Vec<Diagnostic>> {
        let read = self.text.as_deref().map(|text| corpus::read(text, identity)).transpose();
        read.map(Option::unwrap_or_default).map_err(|words| self.refused(&words))
    }

    pub(super) fn write(&self, identity: &Identity, past: &Past) -> Result<(), Diagnostic> {
        files::write(&self.path, corpus::write(identity, past).as_bytes())
    }

    fn refused(&self, words: &str) -> Vec<Diagnostic> {
        let message = format!("--corpus: `{}` cannot be gone on from: {words}", self.path.display());
        vec![Diagnostic::new("flag", message).help("name another folder, or remove the file to begin anew")]
    }
}
