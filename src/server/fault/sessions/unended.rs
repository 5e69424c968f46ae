//! Ends that are answered with 200 and end nothing, always or in some circumstances.

use std::time::Duration;

use super::super::{Fault, HONEST, Hooks, Scene, first, forged};
use super::end_quietly;
use crate::http::Response;
use crate::server::session::Session;
use crate::server::settings::{Operation, REGION_ID};
use crate::wire::Parameters;

/// Seconds for which the gateway may speak to the agent of a session.
const AGENT_TOKEN: u64 = 1;
/// How long a job waits in its queue.
const QUEUE: Duration = Duration::from_secs(3);

pub(super) const FAULTS: &[Fault] = &[
    unended(
        "end-does-nothing",
        &["end/effect/closes"],
        "the end is put into a queue whose worker was never deployed",
        |parameters, scene| divert_if(parameters, scene, |_, _| true),
    ),
    unended(
        "end-does-nothing-while-connected",
        &["end/effect/closes", "end/effect/connection"],
        "a session that is in use is left for the collector of idle ones",
        |parameters, scene| divert_if(parameters, scene, |_, session| session.is_live()),
    ),
    unended(
        "end-does-nothing-for-second-session",
        &["end/effect/closes"],
        "sessions are kept by instance, and the entry of the first one is the only one that is found",
        |parameters, scene| divert_if(parameters, scene, is_second),
    ),
    unended(
        "end-does-nothing-for-older-session",
        &["end/effect/closes"],
        "the gateway's token for the agent has expired a moment after the start, and the failure is only logged",
        |parameters, scene| {
            divert_if(parameters, scene, |scene, session| scene.now.unix - session.created > AGENT_TOKEN);
        },
    ),
    unended(
        "end-does-nothing-in-xml",
        &["end/effect/closes", "rpc/format/same"],
        "the renderer of XML is called with the request, and the operation never is",
        |parameters, scene| divert_if(parameters, scene, |scene, _| scene.asked.is_xml()),
    ),
    unended(
        "get-is-dry-run",
        &["end/effect/closes", "rpc/method/get-post"],
        "GET must be safe, so that a call by GET checks everything and changes nothing",
        |parameters, scene| divert_if(parameters, scene, |scene, _| scene.asked.method == "GET"),
    ),
    unended(
        "end-does-nothing-in-second-region",
        &["end/effect/closes"],
        "the agents of the second region are not reachable from where the call is handled, and the failure is only logged",
        |parameters, scene| divert_if(parameters, scene, |_, session| session.asked.region != REGION_ID),
    ),
    Fault {
        name: "end-finds-none-started-by-get",
        clauses: &["end/success/status"],
        how: "whatever comes by GET is served by a copy, whose new sessions nobody carries over to where Ends look",
        hooks: Hooks {
            means: Some(|parameters, scene| {
                let noted =
                    |scene: &Scene<'_>, session: &Session| scene.scratch.notes.iter().any(|(id, _)| *id == session.id);
                divert_if(parameters, scene, noted);
            }),
            after: Some(note_started_by_get),
            ..HONEST
        },
    },
    Fault {
        name: "end-comes-late",
        clauses: &["end/effect/closes"],
        how: "the end is put into a queue that is worked off seconds later",
        hooks: Hooks {
            before: Some(work_off),
            means: Some(|parameters, scene| divert_if(parameters, scene, |_, _| true)),
            after: Some(queue),
            ..HONEST
        },
    },
];

/// A row whose Ends are diverted and answered as if they were not.
const fn unended(
    name: &'static str,
    clauses: &'static [&'static str],
    how: &'static str,
    means: fn(&mut Parameters, &mut Scene<'_>),
) -> Fault {
    Fault { name, clauses, how, hooks: Hooks { means: Some(means), after: Some(pretend), ..HONEST } }
}

/// Diverts an End of an open session of which this is so.
fn divert_if(parameters: &mut Parameters, scene: &mut Scene<'_>, when: impl Fn(&Scene<'_>, &Session) -> bool) {
    let session = first(parameters, "SessionId").and_then(|id| scene.model.find(id));
    let region = first(parameters, "RegionId");
    if session.is_some_and(|session| {
        session.ended.is_none() && Some(session.asked.region.as_str()) == region && when(scene, session)
    }) {
        forged::divert(parameters, scene);
    }
}

fn pretend(scene: &mut Scene<'_>, response: &mut Response) {
    if forged::was_diverted(scene, response) {
        forged::succeed(response);
    }
}

fn is_second(scene: &Scene<'_>, session: &Session) -> bool {
    let same = |other: &Session| other.ended.is_none() && other.asked.instances == session.asked.instances;
    scene.model.all().find(|(_, other)| same(other)).is_some_and(|(_, oldest)| oldest.id != session.id)
}

fn note_started_by_get(scene: &mut Scene<'_>, response: &mut Response) {
    if scene.asked.operation == Some(Operation::Start) && scene.asked.method == "GET" && response.status == 200 {
        let body = String::from_utf8_lossy(&response.body);
        let started = scene.model.newest(None).map(|(_, session)| &session.id).find(|id| body.contains(id.as_str()));
        scene.scratch.notes.extend(started.map(|id| (id.clone(), scene.now)));
    }
}

fn work_off(scene: &mut Scene<'_>) -> Option<Response> {
    let now = scene.now;
    let notes = std::mem::take(&mut scene.scratch.notes).into_iter();
    let (due, waiting): (Vec<_>, Vec<_>) = notes.partition(|(_, at)| now.moment.since(at.moment) >= QUEUE);
    scene.scratch.notes = waiting;
    for (id, _) in due {
        end_quietly(scene, &id);
    }
    None
}

fn queue(scene: &mut Scene<'_>, response: &mut Response) {
    if forged::was_diverted(scene, response) {
        pretend(scene, response);
        scene.scratch.notes.extend(scene.ends().map(|id| (id, scene.now)));
    }
}
