//! Mistakes of authors (cases, schemas, profiles, flags), many at once, each at its place with a way to mend it.

mod codes;
mod render;

pub use codes::CODES;
pub use render::render;

use crate::source::Place;

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable public name, kebab-case: `unknown-key`, `unknown-clause`, ...; `endspec explain` knows it.
    pub code: &'static str,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Where; `None` for flags and for files that cannot be read at all.
    pub place: Option<Place>,
    /// Words under the place; empty for none.
    pub label: String,
    /// How to mend it.
    pub help: Option<String>,
}

impl Diagnostic {
    /// A mistake at a place.
    pub fn at(code: &'static str, message: impl Into<String>, place: Place) -> Diagnostic {
        Diagnostic { code, message: message.into(), place: Some(place), label: String::new(), help: None }
    }

    /// A mistake that has no place in a text.
    pub fn new(code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic { code, message: message.into(), place: None, label: String::new(), help: None }
    }

    /// Adds words under the place.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Diagnostic {
        self.label = label.into();
        self
    }

    /// Adds a way to mend it.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }
}

/// The candidate that `word` was probably meant to be.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_ascii_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_ascii_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (candidate.chars().count() / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}
