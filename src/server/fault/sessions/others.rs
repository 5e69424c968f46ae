//! Ends that end what they were not asked to: another session, more sessions, or one that they refused to end.

use super::super::{Fault, HONEST, Hooks, Scene, first};
use super::{after, end_quietly};
use crate::http::Response;
use crate::server::session::Session;
use crate::server::settings::Operation;
use crate::wire::Parameters;

/// Characters of an id by which a cache tells entries apart.
const DISTINCT: usize = 12;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "ends-newest-instead",
        clauses: &["end/effect/only-named", "end/effect/closes"],
        how: "the handler ends the session that the connection to the agent was last used for",
        hooks: Hooks { means: Some(newest_instead), ..HONEST },
    },
    after(
        "ends-all-of-instance",
        &["end/effect/only-named"],
        "the agent is told to stop, and takes every session of its instance along",
        |scene, response| also(scene, response, |named, other| other.asked.instances == named.asked.instances),
    ),
    after(
        "ends-next-in-order",
        &["end/effect/only-named"],
        "the index is scanned from the id to the next one, both of them included",
        ends_next_in_order,
    ),
    after(
        "ends-namesakes-of-other-regions",
        &["end/effect/only-named"],
        "the end is sent to every region, and there finds sessions by the second in which they were opened",
        |scene, response| {
            also(scene, response, |named, other| {
                other.asked.region != named.asked.region && other.created == named.created
            });
        },
    ),
    after(
        "ends-before-region-check",
        &["end/effect/refusal-is-inert", "end/region/unknown"],
        "the region is needed only for the log, where it is found to be none after the act",
        |scene, response| ends_though(scene, response, "InvalidRegionId.NotFound"),
    ),
    after(
        "ends-before-signature-check",
        &["end/effect/refusal-is-inert", "rpc/signature/required"],
        "the signature is checked by a filter of answers, which comes after the act",
        |scene, response| ends_though(scene, response, "AccessKeyId"),
    ),
    after(
        "ends-before-permission-check",
        &["end/authorization/required"],
        "the permission is asked for side by side with the act, and only its answer is waited for",
        |scene, response| ends_though(scene, response, "Forbidden.RAM"),
    ),
    after(
        "denied-end-hangs-up",
        &["end/authorization/required"],
        "the terminal gateway closes what is connected first, so that nothing is typed while the permission is asked for",
        |scene, response| hangs_up(scene, response, "Forbidden.RAM"),
    ),
    after(
        "refused-end-hangs-up",
        &["end/effect/refusal-is-inert"],
        "the terminal gateway closes what is connected as soon as an End comes by, and the rest is another service's",
        |scene, response| hangs_up(scene, response, "InvalidRegionId.NotFound"),
    ),
    after(
        "ends-before-version-check",
        &["end/effect/refusal-is-inert", "rpc/version/unknown"],
        "that there is no template for an answer of that version is noticed when the answer is written",
        |scene, response| ends_though(scene, response, "InvalidVersion"),
    ),
    after(
        "near-miss-ends-and-is-refused",
        &["end/session/near-miss"],
        "an entry is dropped from a cache by the first characters of its key, and the row is then looked for in full",
        near_miss_ends_and_is_refused,
    ),
];

/// Ends the session that an End names though it was refused with that Code.
fn ends_though(scene: &mut Scene<'_>, response: &Response, code: &str) {
    if let Some(id) = scene.ends().filter(|_| String::from_utf8_lossy(&response.body).contains(code)) {
        end_quietly(scene, &id);
    }
}

/// Ends the connections of the session that an End names though it was refused with that Code; the session stays open.
fn hangs_up(scene: &mut Scene<'_>, response: &Response, code: &str) {
    if let Some(id) = scene.ends().filter(|_| String::from_utf8_lossy(&response.body).contains(code)) {
        let was_open = scene.model.is_open(&id);
        end_quietly(scene, &id);
        if was_open {
            scene.model.revive(&id, scene.now);
        }
    }
}

fn newest_instead(parameters: &mut Parameters, scene: &mut Scene<'_>) {
    let region = first(parameters, "RegionId").filter(|_| scene.asked.operation == Some(Operation::End));
    let named_is_open = first(parameters, "SessionId").is_some_and(|id| scene.model.is_open(id));
    let is_open = |session: &&Session| session.ended.is_none() && Some(session.asked.region.as_str()) == region;
    let newest = scene.model.newest(None).map(|(_, session)| session).find(is_open);
    if let Some(id) = newest.filter(|_| named_is_open).map(|session| session.id.clone()) {
        parameters.retain(|(name, _)| name != "SessionId");
        parameters.push(("SessionId".to_owned(), id));
    }
}

/// Ends with the session that an End has ended all others that go with it.
fn also(scene: &mut Scene<'_>, response: &Response, goes_with: impl Fn(&Session, &Session) -> bool) {
    let ended = scene.ends().filter(|_| response.status == 200);
    let Some(named) = ended.and_then(|id| scene.model.find(&id)) else { return };
    let others = scene.model.all().map(|(_, other)| other).filter(|other| goes_with(named, other));
    let others: Vec<String> = others.map(|other| other.id.clone()).collect();
    for id in others {
        end_quietly(scene, &id);
    }
}

fn ends_next_in_order(scene: &mut Scene<'_>, response: &mut Response) {
    let ended = scene.ends().filter(|_| response.status == 200);
    let open = scene.model.all().map(|(_, session)| session).filter(|session| session.ended.is_none());
    let next = ended.and_then(|id| open.map(|session| session.id.clone()).filter(|other| *other > id).min());
    if let Some(id) = next {
        end_quietly(scene, &id);
    }
}

fn near_miss_ends_and_is_refused(scene: &mut Scene<'_>, response: &mut Response) {
    let Some(given) = scene.ends().filter(|_| response.status != 200) else { return };
    let Some(key) = given.get(..DISTINCT).map(str::to_owned) else { return };
    let hit = scene.model.newest(None).find(|(_, session)| session.id != given && session.id.starts_with(&key));
    if let Some(id) = hit.map(|(_, session)| session.id.clone()) {
        end_quietly(scene, &id);
    }
}
