//! Sessions: what is kept and shown of those that have ended.

use serde_json::json;

use super::super::super::settings::Operation;
use super::answers::set;
use super::{Fault, Response, Scene, after};

pub(super) const VARIATIONS: &[Fault] = &[
    after("ended-not-listed", "the list is one of what is open", ended_not_listed),
    after("ended-forgotten", "the row of a session is deleted when it ends", ended_forgotten),
];

fn ended_not_listed(scene: &mut Scene<'_>, response: &mut Response) {
    let session = scene.asked.value("SessionId").and_then(|id| scene.model.find(id));
    let lists = scene.asked.operation == Some(Operation::Describe) && response.status == 200;
    if lists && session.is_some_and(|session| session.ended.is_some()) {
        set(response, "Sessions", json!({ "Session": [] }));
    }
}

fn ended_forgotten(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends().filter(|_| response.status == 200) {
        scene.model.erase(&id);
    }
}
