//! Ended sessions that are open again, for everybody, once something else happened; and Describe, which lags.

use std::time::Duration;

use super::super::{Fault, HONEST, Hooks, Scene};
use super::{after, note_ended};
use crate::http::Response;
use crate::server::settings::Operation;

/// How long the mark on an ended session lasts.
const MARK: Duration = Duration::from_millis(1_500);
/// Ids of ended sessions that are remembered at a time.
const REMEMBERED: usize = 4;
/// How far the copy of the state that Describe reads lies behind.
const LAG: Duration = Duration::from_secs(3);

pub(super) const FAULTS: &[Fault] = &[
    after(
        "reopened-by-next-start",
        &["end/effect/stays-closed"],
        "a slot of a pool is reset for the next session while the ended one still points at it",
        reopened_by_next_start,
    ),
    after(
        "reopened-by-describe",
        &["end/effect/stays-closed"],
        "an object mapper writes back the whole row that Describe read from a cache before the end",
        reopened_by_describe,
    ),
    after(
        "reopened-by-second-end",
        &["end/effect/stays-closed"],
        "the second End fails and rolls back, and the first one is still part of the transaction",
        reopened_by_second_end,
    ),
    after(
        "reopened-by-refused-call",
        &["end/effect/stays-closed"],
        "the session is loaded and written back before the other parameters are checked, its old state with it",
        reopened_by_refused_call,
    ),
    Fault {
        name: "refusal-is-cached-by-id",
        clauses: &["end/success/status"],
        how: "a cache of ids that were not found does not know the region that was asked, so that the right End is refused, too",
        hooks: Hooks { before: Some(cached_refusal), after: Some(cache_refusal), ..HONEST },
    },
    after(
        "reopened-by-end-of-another",
        &["end/effect/stays-closed"],
        "the agent of an instance is told of the one session that it must close, in place of the last one",
        reopened_by_end_of_another,
    ),
    Fault {
        name: "reopened-when-mark-expires",
        clauses: &["end/effect/stays-closed"],
        how: "ended sessions are marked in a cache whose entries expire, and the row itself is never changed",
        hooks: Hooks { before: Some(reopened_when_mark_expires), after: Some(noted_alone), ..HONEST },
    },
    after(
        "reopened-when-list-is-full",
        &["end/effect/stays-closed"],
        "the list of revoked sessions has room for a few, and the oldest makes place for the newest",
        reopened_when_list_is_full,
    ),
    after("describe-lags", &["describe/closed"], "Describe reads a replica that follows seconds behind", describe_lags),
    Fault {
        name: "describe-cached",
        clauses: &["describe/closed"],
        how: "answers of Describe are cached by their parameters, and nobody tells the cache of ends",
        hooks: Hooks { before: Some(cached), after: Some(describe_cached), ..HONEST },
    },
    after(
        "describe-searches-first-page",
        &["describe/lists"],
        "the condition on SessionId is applied to the page that was read and not to the query",
        describe_searches_first_page,
    ),
];

/// Takes back the end of every session that was noted.
fn revive_noted(scene: &mut Scene<'_>) {
    for (id, _) in std::mem::take(&mut scene.scratch.notes) {
        scene.model.revive(&id, scene.now);
    }
}

/// Takes back the end of a session, if it was noted.
fn revive_one(scene: &mut Scene<'_>, id: &str) {
    let count = scene.scratch.notes.len();
    scene.scratch.notes.retain(|(noted, _)| noted != id);
    if scene.scratch.notes.len() < count {
        scene.model.revive(id, scene.now);
    }
}

fn noted_alone(scene: &mut Scene<'_>, response: &mut Response) {
    note_ended(scene, response);
}

fn reopened_by_next_start(scene: &mut Scene<'_>, response: &mut Response) {
    note_ended(scene, response);
    if scene.asked.operation == Some(Operation::Start) && response.status == 200 {
        revive_noted(scene);
    }
}

fn reopened_by_describe(scene: &mut Scene<'_>, response: &mut Response) {
    note_ended(scene, response);
    if scene.asked.operation == Some(Operation::Describe)
        && response.status == 200
        && let Some(id) = scene.asked.value("SessionId")
    {
        revive_one(scene, id);
    }
}

fn reopened_by_refused_call(scene: &mut Scene<'_>, response: &mut Response) {
    match scene.ends() {
        Some(id) if response.status == 400 => revive_one(scene, &id),
        _ => note_ended(scene, response),
    }
}

fn reopened_by_second_end(scene: &mut Scene<'_>, response: &mut Response) {
    match scene.ends() {
        Some(id) if response.status != 200 => revive_one(scene, &id),
        _ => note_ended(scene, response),
    }
}

fn reopened_by_end_of_another(scene: &mut Scene<'_>, response: &mut Response) {
    if scene.ends().is_some() && response.status == 200 {
        revive_noted(scene);
        note_ended(scene, response);
    }
}

fn reopened_when_mark_expires(scene: &mut Scene<'_>) -> Option<Response> {
    let now = scene.now;
    let (old, young) =
        std::mem::take(&mut scene.scratch.notes).into_iter().partition(|(_, at)| now.moment.since(at.moment) >= MARK);
    scene.scratch.notes = old;
    revive_noted(scene);
    scene.scratch.notes = young;
    None
}

fn reopened_when_list_is_full(scene: &mut Scene<'_>, response: &mut Response) {
    note_ended(scene, response);
    if scene.scratch.notes.len() > REMEMBERED {
        let (id, _) = scene.scratch.notes.remove(0);
        scene.model.revive(&id, scene.now);
    }
}

fn describe_lags(scene: &mut Scene<'_>, response: &mut Response) {
    note_ended(scene, response);
    let lags = |id: &str| super::noted_since(scene, id).is_some_and(|since| since < LAG);
    if scene.asked.operation == Some(Operation::Describe) && scene.asked.value("SessionId").is_some_and(lags) {
        let body = String::from_utf8_lossy(&response.body).replace("Terminated", "Connected");
        response.body = body.into_bytes();
    }
}

/// The parameters of a Describe, without those that differ each time.
fn key(scene: &Scene<'_>) -> Option<String> {
    let asked = scene.asked;
    let plain = |name: &&str| asked.value(name).map(|value| format!("{name}={value}"));
    let named = ["RegionId", "SessionId", "Format"].iter().filter_map(plain).collect::<Vec<_>>();
    (asked.operation == Some(Operation::Describe)).then(|| named.join("&"))
}

fn cached(scene: &mut Scene<'_>) -> Option<Response> {
    scene.scratch.cache.get(&key(scene)?).cloned()
}

fn describe_cached(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(key) = key(scene).filter(|_| response.status == 200) {
        scene.scratch.cache.entry(key).or_insert_with(|| response.clone());
    }
}

fn describe_searches_first_page(scene: &mut Scene<'_>, response: &mut Response) {
    const PAGE: usize = 10;
    if scene.asked.operation != Some(Operation::Describe) || scene.asked.is_xml() || response.status != 200 {
        return;
    }
    let (region, wanted) = (scene.asked.value("RegionId"), scene.asked.value("SessionId"));
    let of_region = |id: &&str| scene.model.find(id).is_some_and(|s| Some(s.asked.region.as_str()) == region);
    let mut page = scene.model.newest(None).map(|(_, s)| s.id.as_str()).filter(of_region).take(PAGE);
    if let Some(wanted) = wanted.filter(|wanted| !page.any(|id| id == *wanted))
        && let Ok(mut body) = serde_json::from_slice::<serde_json::Value>(&response.body)
        && scene.model.find(wanted).is_some()
    {
        body["Sessions"]["Session"] = serde_json::json!([]);
        response.body = body.to_string().into_bytes();
    }
}

fn cache_refusal(scene: &mut Scene<'_>, response: &mut Response) {
    let refused = String::from_utf8_lossy(&response.body).contains("InvalidSessionId.NotFound");
    let named = scene.ends().filter(|id| refused && scene.model.is_open(id));
    if let Some(id) = named {
        scene.scratch.cache.insert(id, response.clone());
    }
}

fn cached_refusal(scene: &mut Scene<'_>) -> Option<Response> {
    scene.ends().and_then(|id| scene.scratch.cache.get(&id).cloned())
}
