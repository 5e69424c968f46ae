//! Faults of state: sessions that live again, that die with others, or that are handed out twice.

use super::{Fault, HONEST, Hooks, Scene};
use crate::http::Response;
use crate::server::settings::Operation;

pub(super) const FAULTS: &[Fault] = &[Fault {
    name: "reopened-by-next-start",
    clauses: &["end/effect/stays-closed"],
    how: "a slot of a pool is reset for the next session while the ended one still points at it",
    hooks: Hooks { after: Some(reopened_by_next_start), ..HONEST },
}];

fn reopened_by_next_start(scene: &mut Scene<'_>, response: &mut Response) {
    note_ended(scene, response);
    if scene.asked.operation == Some(Operation::Start) && response.status == 200 {
        revive_noted(scene);
    }
}

/// Notes the session that the call has just ended.
fn note_ended(scene: &mut Scene<'_>, response: &Response) {
    if let Some(id) = scene.ends().filter(|_| response.status == 200) {
        scene.scratch.notes.push((id, scene.now));
    }
}

/// Takes back the end of every session that was noted.
fn revive_noted(scene: &mut Scene<'_>) {
    for (id, _) in std::mem::take(&mut scene.scratch.notes) {
        scene.model.revive(&id, scene.now);
    }
}
