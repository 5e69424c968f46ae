//! Second successes of End: the session stays closed and somebody is told that it was open until now.

use std::time::Duration;

use super::super::{Fault, Scene, forged};
use super::{After, after, note_ended, noted_since};
use crate::http::Response;

/// How long the slower of two calls takes between looking and ending.
const RACE: Duration = Duration::from_millis(30);
/// How far other replicas lie behind.
const LAG: Duration = Duration::from_millis(300);

pub(super) const FAULTS: &[Fault] = &[
    again(
        "ends-again-in-xml",
        "each format has a handler with a cache of sessions of its own, and only JSON's hears of ends",
        |scene, response| again_if(scene, response, |scene, _| scene.asked.is_xml()),
    ),
    again(
        "ends-again-under-v1",
        "clients with old signatures are served by the old cluster, which has its own copy of the sessions",
        |scene, response| again_if(scene, response, |scene, _| scene.asked.value("Signature").is_some()),
    ),
    again(
        "ends-again-by-get",
        "reads may go to a copy, and whatever comes by GET is taken for a read",
        |scene, response| again_if(scene, response, |scene, _| scene.asked.method == "GET"),
    ),
    again(
        "ends-again-on-one-replica",
        "connections are spread over three replicas, and one of them lost its subscription to ends",
        |scene, response| again_if(scene, response, |scene, _| scene.asked.origin.connection.is_multiple_of(3)),
    ),
    again(
        "ends-again-every-third-time",
        "requests go round three replicas, and one of them lost its subscription to ends",
        ends_again_every_third_time,
    ),
    again(
        "ends-again-while-replicas-lag",
        "an end reaches the other replicas a moment later, and any of them may be asked next",
        |scene, response| again_if(scene, response, |scene, id| noted_since(scene, id).is_some_and(|age| age < LAG)),
    ),
    again(
        "ends-once-per-connection",
        "the state of a session is looked up once per connection and kept with it",
        ends_once_per_connection,
    ),
    again(
        "end-answer-repeated",
        "retries are made idempotent by a table of answers, whose key is the session and not the call",
        |scene, response| again_if(scene, response, |_, _| true),
    ),
    again(
        "sixth-end-succeeds",
        "after five failures the circuit breaker answers what it answered when all was well",
        sixth_end_succeeds,
    ),
    again(
        "ends-again-in-upper-case",
        "ended sessions are looked up in a table of the past, whose collation folds letters, and what is found there was ended",
        ends_again_in_upper_case,
    ),
    after(
        "end-written-behind",
        &["end/effect/once"],
        "the end is written behind the answer, so that another connection still finds the session open for a moment",
        end_written_behind,
    ),
    after(
        "refused-end-writes-back",
        &["end/effect/stays-closed"],
        "the row is read before the other parameters are checked and written back with what is wrong noted, over an end that \
         another call wrote meanwhile",
        refused_end_writes_back,
    ),
];

/// A row that breaks the permanence of an end.
const fn again(name: &'static str, how: &'static str, acts: After) -> Fault {
    after(name, &["end/effect/stays-closed"], how, acts)
}

/// Has an End on a session that was ended succeed.
fn again_if(scene: &mut Scene<'_>, response: &mut Response, when: impl Fn(&Scene<'_>, &str) -> bool) {
    if let Some(id) = scene.ends().filter(|_| forged::is_not_found(response))
        && noted_since(scene, &id).is_some()
        && when(scene, &id)
    {
        forged::succeed(response);
    } else {
        note_ended(scene, response);
    }
}

fn ends_again_every_third_time(scene: &mut Scene<'_>, response: &mut Response) {
    if scene.ends().is_some() {
        *scene.scratch.counts.entry("ends".to_owned()).or_default() += 1;
    }
    again_if(scene, response, |scene, _| scene.scratch.counts["ends"].is_multiple_of(3));
}

fn ends_once_per_connection(scene: &mut Scene<'_>, response: &mut Response) {
    let key = format!("{} on {}", scene.ends().unwrap_or_default(), scene.asked.origin.connection);
    again_if(scene, response, |scene, _| !scene.scratch.counts.contains_key(&key));
    if response.status == 200 {
        scene.scratch.counts.insert(key, 1);
    }
}

fn sixth_end_succeeds(scene: &mut Scene<'_>, response: &mut Response) {
    let key = scene.ends().unwrap_or_default();
    *scene.scratch.counts.entry(key.clone()).or_default() += 1;
    again_if(scene, response, |scene, _| scene.scratch.counts[&key].is_multiple_of(6));
}

fn ends_again_in_upper_case(scene: &mut Scene<'_>, response: &mut Response) {
    let folded = scene.ends().map(|id| (id.to_lowercase(), id)).filter(|(folded, id)| folded != id);
    match folded.filter(|_| forged::is_not_found(response)) {
        Some((folded, _)) if noted_since(scene, &folded).is_some() => forged::succeed(response),
        _ => note_ended(scene, response),
    }
}

fn end_written_behind(scene: &mut Scene<'_>, response: &mut Response) {
    let connection = scene.asked.origin.connection;
    if response.status == 200
        && let Some(id) = scene.ends()
    {
        scene.scratch.counts.entry(id).or_insert(connection);
    }
    again_if(scene, response, |scene, id| {
        noted_since(scene, id).is_some_and(|age| age < RACE) && scene.scratch.counts.get(id) != Some(&connection)
    });
}

fn refused_end_writes_back(scene: &mut Scene<'_>, response: &mut Response) {
    note_ended(scene, response);
    let connection = scene.asked.origin.connection;
    let Some(id) = scene.ends() else { return };
    if response.status == 200 {
        scene.scratch.counts.insert(id, connection);
    } else if !forged::is_not_found(response)
        && noted_since(scene, &id).is_some_and(|age| age < RACE)
        && scene.scratch.counts.get(&id) != Some(&connection)
    {
        scene.model.revive(&id, scene.now);
    }
}
