//! Reports: one model, from which every format is rendered; pure, report -> bytes.

mod again;
mod before;
pub mod build;
pub mod exchange;
mod hint;
pub mod json;
pub mod mask;
pub mod model;
pub mod terminal;

pub use build::{Facts, build};
pub use model::Report;
