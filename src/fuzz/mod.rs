//! Fuzzing: cases drawn from entropy, run in batches against a target, and what must hold of every input of the parsers.

pub mod campaign;
mod confirm;
pub mod corpus;
pub mod generate;
mod lower;
mod malformed;
mod pausing;
mod program;
mod pursuit;
mod refusal;
pub mod results;
mod rig;
mod saying;
mod shrink;
mod stated;
mod tally;
pub mod targets;

use std::sync::Arc;

use arbitrary::Unstructured;

use crate::case::Case;
pub use crate::case::Shard;

pub use campaign::{Bounds, Campaign, Done, Means, Mute, Told, UNKEPT};
pub use generate::Abilities;
pub use program::Program;
pub use pursuit::Found;
pub use rig::{Lanes, Opens};
pub use tally::Tally;

/// Draws a case that an endpoint with these abilities passes if it keeps the contract. The same entropy makes the same
/// case; `None` where nothing of what was drawn can be done.
pub fn case(id: &str, abilities: &Abilities, entropy: &mut Unstructured<'_>) -> Option<Arc<Case>> {
    lowered(id, &generate::program(abilities, entropy), abilities)
}

/// The case that a program stands for, as far as an endpoint has what it takes; `None` where nothing of it is left.
pub fn lowered(id: &str, program: &Program, abilities: &Abilities) -> Option<Arc<Case>> {
    lower::case(id, program, abilities).map(Arc::new)
}
