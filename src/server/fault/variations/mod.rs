//! Variations: servers that differ from the reference and break nothing, so that a tester must stay silent.

mod codes;
mod documents;
mod sessions;
mod traffic;

use super::{Fault, HONEST, Hooks, Scene, answers};
use crate::http::Response;

pub(super) const VARIATIONS: &[&[Fault]] =
    &[codes::VARIATIONS, documents::VARIATIONS, traffic::VARIATIONS, sessions::VARIATIONS];

/// A server that differs in these places.
const fn differs(name: &'static str, how: &'static str, hooks: Hooks) -> Fault {
    Fault { name, clauses: &[], how, hooks }
}

/// A server that differs in its answers.
const fn after(name: &'static str, how: &'static str, after: fn(&mut Scene<'_>, &mut Response)) -> Fault {
    differs(name, how, Hooks { after: Some(after), ..HONEST })
}
