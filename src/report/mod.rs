//! Reports: one model, from which every format is rendered; pure, report -> bytes.

mod again;
pub mod against;
pub mod baseline;
mod before;
pub mod build;
pub mod diff;
pub(crate) mod escape;
pub mod exchange;
mod github;
mod har;
pub(crate) mod hint;
mod html;
pub mod json;
mod junit;
mod markdown;
pub mod mask;
pub mod merge;
pub mod model;
pub mod ndjson;
mod sarif;
pub(crate) mod scope;
mod standing;
mod tap;
mod telling;
pub mod terminal;

pub use build::{Facts, Part, build, day};
pub use model::Report;

/// A format: its name, and what makes its bytes.
pub type Format = (&'static str, fn(&Report) -> Vec<u8>);

/// Every format.
pub const FORMATS: [Format; 9] = [
    ("json", json::render),
    ("ndjson", ndjson::render),
    ("junit", junit::render),
    ("tap", tap::render),
    ("html", html::render),
    ("sarif", sarif::render),
    ("har", har::render),
    ("github", github::render),
    ("markdown", markdown::render),
];

/// The report in the format of that name, where there is one.
pub fn render(report: &Report, format: &str) -> Option<Vec<u8>> {
    let (_, render) = FORMATS.iter().find(|(name, _)| *name == format)?;
    Some(render(report))
}
