//! Servers that come back from a restart with another past: ends that were never written, ids that are forgotten.

use super::super::{Fault, HONEST, Hooks, Scene};
use crate::http::Response;
use crate::server::journal::Saved;
use crate::server::session::Session;
use crate::server::settings::Operation;

/// Seconds between two snapshots.
const SNAPSHOT: u64 = 1;

pub(super) const FAULTS: &[Fault] = &[
    resumed(
        "restart-forgets-ends",
        "sessions are written when they are opened, and their end is known in memory alone",
        |saved| reopen(saved, |_| true),
    ),
    resumed(
        "restart-forgets-last-end",
        "writes are buffered, and what was not flushed when the process ended is lost",
        restart_forgets_last_end,
    ),
    resumed(
        "restart-from-snapshot",
        "the state comes back from the last snapshot, and nothing was written since",
        restart_from_snapshot,
    ),
    Fault {
        name: "restart-forgets-ends-by-get",
        clauses: &["end/effect/survives-restart"],
        how: "the middleware that commits what a call has changed is not run for GET, and memory alone knows of the end",
        hooks: Hooks { after: Some(note_by_get), resumes: Some(forget_by_get), ..HONEST },
    },
    Fault {
        name: "restart-forgets-ends-of-used",
        clauses: &["end/effect/survives-restart"],
        how: "the end of a session that is in use is written when its connection has gone, by a job that a restart loses",
        hooks: Hooks { resumes: Some(forget_used), ..HONEST },
    },
    Fault {
        name: "restart-counts-ids-anew",
        clauses: &["end/effect/id-not-reused"],
        how: "ids are numbers made unreadable, and the number goes on from how many open sessions were found",
        hooks: Hooks { before: Some(count_ids), resumes: Some(forget_ended), ..HONEST },
    },
];

/// A row that changes what a restarted server finds.
const fn resumed(name: &'static str, how: &'static str, resumes: fn(&mut Saved)) -> Fault {
    Fault { name, clauses: &["end/effect/survives-restart"], how, hooks: Hooks { resumes: Some(resumes), ..HONEST } }
}

fn reopen(saved: &mut Saved, which: impl Fn(&Session) -> bool) {
    for (session, _) in saved.sessions.values_mut().filter(|(session, _)| which(session)) {
        session.ended = None;
    }
}

fn last_end(saved: &Saved) -> Option<u64> {
    saved.sessions.values().filter_map(|(session, _)| session.ended).max()
}

fn restart_forgets_last_end(saved: &mut Saved) {
    let last = last_end(saved);
    reopen(saved, |session| session.ended == last);
}

fn restart_from_snapshot(saved: &mut Saved) {
    let Some(taken) = last_end(saved).map(|last| last.saturating_sub(SNAPSHOT)) else { return };
    saved.sessions.retain(|_, (session, _)| session.created <= taken);
    reopen(saved, |session| session.ended.is_some_and(|at| at > taken));
}

fn forget_ended(saved: &mut Saved) {
    saved.sessions.retain(|_, (session, _)| session.ended.is_none());
}

fn forget_used(saved: &mut Saved) {
    reopen(saved, |session| session.connected.is_some());
}

/// Gives the next session an id that follows from how many there are.
fn count_ids(scene: &mut Scene<'_>) -> Option<Response> {
    if scene.asked.operation == Some(Operation::Start) {
        let number = scene.model.all().count() as u64;
        scene.model.issue_next(format!("s-hz{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
    }
    None
}

/// What stands beside a session that was ended by GET.
const BY_GET: &str = "ended by GET";

fn note_by_get(scene: &mut Scene<'_>, response: &mut Response) {
    let ended = scene.ends().filter(|_| response.status == 200 && scene.asked.method == "GET");
    if let Some(id) = ended {
        scene.model.note(&id, BY_GET);
    }
}

fn forget_by_get(saved: &mut Saved) {
    reopen(saved, |session| session.asked.command_line == BY_GET);
}
