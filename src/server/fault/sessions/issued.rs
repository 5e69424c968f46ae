//! Ids that are issued twice, and sessions that end because others are opened.

use super::super::{Fault, HONEST, Hooks, Scene};
use super::{after, end_quietly, note_ended};
use crate::http::Response;
use crate::server::session::Session;
use crate::server::settings::Operation;

/// Ids that wait in the list of free ones before the first of them is taken.
const FREE: usize = 5;
/// Sessions of an instance that are handed out in turn.
const POOL: u64 = 5;

pub(super) const FAULTS: &[Fault] = &[
    reissuing(
        "id-of-ended-issued-again",
        "ids come from a stack of free ones, on which that of the session ended last lies on top",
        |scene| reissue(scene, 1, |count| count - 1),
    ),
    reissuing("ids-from-free-list", "ids come from a queue of free ones as soon as it holds enough", |scene| {
        reissue(scene, FREE, |_| 0)
    }),
    after(
        "open-session-handed-out",
        &["start/unique"],
        "opening is made cheap by a pool, whose size is less than the number of callers",
        open_session_handed_out,
    ),
    after(
        "start-ends-previous",
        &["start/usable"],
        "an instance has one terminal, and whoever opens the next takes it over",
        start_ends_previous,
    ),
];

/// A row whose sessions get the ids of ended ones.
const fn reissuing(name: &'static str, how: &'static str, before: fn(&mut Scene<'_>) -> Option<Response>) -> Fault {
    let hooks = Hooks { before: Some(before), after: Some(|scene, response| note_ended(scene, response)), ..HONEST };
    Fault { name, clauses: &["end/effect/id-not-reused"], how, hooks }
}

/// The session that the call has just opened.
fn opened<'a>(scene: &'a Scene<'_>, response: &Response) -> Option<&'a Session> {
    let started = scene.asked.operation == Some(Operation::Start) && response.status == 200;
    scene.model.newest(None).next().map(|(_, session)| session).filter(|_| started)
}

/// Has the answer say another text instead.
fn say(response: &mut Response, old: &str, new: &str) {
    response.body = String::from_utf8_lossy(&response.body).replace(old, new).into_bytes();
}

/// Gives the next session the id of an ended one, once so many are free; `place` says which of so many.
fn reissue(scene: &mut Scene<'_>, enough: usize, place: fn(usize) -> usize) -> Option<Response> {
    let count = scene.scratch.notes.len();
    if scene.asked.operation == Some(Operation::Start) && count >= enough {
        let (id, _) = scene.scratch.notes.remove(place(count));
        scene.model.issue_next(id);
    }
    None
}

fn open_session_handed_out(scene: &mut Scene<'_>, response: &mut Response) {
    let Some(new) = opened(scene, response) else { return };
    let same = |other: &&Session| other.id != new.id && other.ended.is_none() && other.asked == new.asked;
    let Some(old) = scene.model.newest(None).map(|(_, session)| session).find(same) else { return };
    let (new, old) = ((new.id.clone(), new.token.clone()), (old.id.clone(), old.token.clone()));
    let turn = scene.scratch.counts.entry("starts".to_owned()).or_default();
    *turn += 1;
    if turn.is_multiple_of(POOL) {
        say(response, &new.0, &old.0);
        say(response, &new.1, &old.1);
        end_quietly(scene, &new.0);
    }
}

fn start_ends_previous(scene: &mut Scene<'_>, response: &mut Response) {
    let Some(new) = opened(scene, response) else { return };
    let same = |other: &&Session| other.id != new.id && other.asked.instances == new.asked.instances;
    let previous = scene.model.newest(None).map(|(_, session)| session).find(same).map(|session| session.id.clone());
    if let Some(id) = previous {
        end_quietly(scene, &id);
    }
}
