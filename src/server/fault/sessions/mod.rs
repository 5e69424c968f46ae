//! Faults of state: sessions that live again, that die with others, or that are handed out twice.

mod again;
mod issued;
mod others;
mod reopened;
mod restarted;
mod unended;

use std::time::Duration;

use super::{Fault, HONEST, Hooks, Scene};
use crate::http::Response;

pub(super) const FAULTS: &[&[Fault]] =
    &[reopened::FAULTS, again::FAULTS, unended::FAULTS, others::FAULTS, issued::FAULTS, restarted::FAULTS];

type After = fn(&mut Scene<'_>, &mut Response);

/// A row that acts after the request was handled.
const fn after(name: &'static str, clauses: &'static [&'static str], how: &'static str, after: After) -> Fault {
    Fault { name, clauses, how, hooks: Hooks { after: Some(after), ..HONEST } }
}

/// Notes the session that the call has just ended.
fn note_ended(scene: &mut Scene<'_>, response: &Response) {
    if let Some(id) = scene.ends().filter(|_| response.status == 200) {
        scene.scratch.notes.push((id, scene.now));
    }
}

/// How long ago the session was noted.
fn noted_since(scene: &Scene<'_>, id: &str) -> Option<Duration> {
    let (_, at) = scene.scratch.notes.iter().find(|(noted, _)| noted == id)?;
    Some(scene.now.moment.since(at.moment))
}

/// Ends a session beside the call that is answered.
fn end_quietly(scene: &mut Scene<'_>, id: &str) {
    if let Some(region) = scene.model.find(id).map(|session| session.asked.region.clone()) {
        scene.model.end(&region, id, scene.now);
    }
}
