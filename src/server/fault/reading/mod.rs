//! Faults of reading: parameters decoded, trimmed, folded, matched or chosen otherwise than they were meant.

use super::{Fault, HONEST, Hooks, Scene};
use crate::wire::Parameters;

pub(super) const FAULTS: &[Fault] = &[Fault {
    name: "session-trimmed",
    clauses: &["end/session/exact"],
    how: "a framework trims every text that it binds to a field",
    hooks: Hooks { means: Some(session_trimmed), ..HONEST },
}];

fn session_trimmed(parameters: &mut Parameters, _: &mut Scene<'_>) {
    change(parameters, "SessionId", |value| value.trim().to_owned());
}

/// Changes every value of a parameter.
fn change(parameters: &mut Parameters, name: &str, change: impl Fn(&str) -> String) {
    for (_, value) in parameters.iter_mut().filter(|(n, _)| n == name) {
        *value = change(value);
    }
}
