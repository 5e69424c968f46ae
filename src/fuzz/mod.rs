//! Fuzzing: cases drawn from entropy, run in batches against a target, and what must hold of every input of the parsers.

pub mod campaign;
pub mod generate;
mod lower;
mod program;
mod shrink;
pub mod targets;

use std::sync::Arc;

use arbitrary::Unstructured;

use crate::case::Case;

pub use campaign::{Bounds, Campaign, Done, Found, Means, Tally, Told, UNKEPT};
pub use generate::Abilities;

/// Draws a case that an endpoint with these abilities passes if it keeps the contract. The same entropy makes the same
/// case; `None` where nothing of what was drawn can be done.
pub fn case(id: &str, abilities: &Abilities, entropy: &mut Unstructured<'_>) -> Option<Arc<Case>> {
    let program = generate::program(abilities, entropy);
    lower::case(id, &program, abilities).map(Arc::new)
}
