//! Faults of reading: parameters decoded, trimmed, folded, matched or chosen otherwise than they were meant.

mod choosing;
mod decoding;
mod ids;
mod regions;

use super::{Fault, HONEST, Hooks, Scene};
use crate::wire::Parameters;

pub(super) const FAULTS: &[&[Fault]] = &[ids::FAULTS, regions::FAULTS, choosing::FAULTS, decoding::FAULTS];

type Means = fn(&mut Parameters, &mut Scene<'_>);

/// A row whose parameters mean something else once the signature was checked.
const fn meaning(name: &'static str, clauses: &'static [&'static str], how: &'static str, means: Means) -> Fault {
    Fault { name, clauses, how, hooks: Hooks { means: Some(means), ..HONEST } }
}

/// Changes every value of a parameter.
fn change(parameters: &mut Parameters, name: &str, change: impl Fn(&str) -> String) {
    for (_, value) in parameters.iter_mut().filter(|(n, _)| n == name) {
        *value = change(value);
    }
}
