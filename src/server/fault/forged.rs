//! Answers that a fault gives in the place of the server's, told from honest ones by nothing but their being wrong.

use serde_json::Map;

use super::{Scene, first};
use crate::http::Response;
use crate::server::answer::{Answer, Problem, Writing};
use crate::server::settings::Operation;
use crate::wire::Parameters;

/// An id that nobody has.
const NOBODY: &str = "s-0";

/// Has an End go past the session that it names, every check before it made, and notes that it did.
pub(super) fn divert(parameters: &mut Parameters, scene: &mut Scene<'_>) {
    let names = first(parameters, "SessionId").is_some_and(|id| scene.model.find(id).is_some());
    if names && scene.asked.operation == Some(Operation::End) {
        for (_, value) in parameters.iter_mut().filter(|(name, _)| name == "SessionId") {
            NOBODY.clone_into(value);
        }
        scene.scratch.counts.insert("diverted".to_owned(), scene.asked.number);
    }
}

/// Whether this End was diverted and nothing else was wrong with it.
pub(super) fn was_diverted(scene: &Scene<'_>, response: &Response) -> bool {
    scene.scratch.counts.get("diverted") == Some(&scene.asked.number) && is_not_found(response)
}

/// Whether a session was not found.
pub(super) fn is_not_found(response: &Response) -> bool {
    response.status == 404 && String::from_utf8_lossy(&response.body).contains("InvalidSessionId.NotFound")
}

/// Has the answer be that of an End that ended a session.
pub(super) fn succeed(response: &mut Response) {
    let answer = Answer { action: Operation::End.name(), members: Map::new() };
    let (writing, request_id) = (writing(response), request_id(response));
    (response.status, response.body) = (200, writing.answer(answer, &request_id).into_bytes());
}

/// Has the answer be a refusal.
pub(super) fn refuse(response: &mut Response, problem: &Problem) {
    let (writing, request_id) = (writing(response), request_id(response));
    response.status = problem.status;
    response.body = writing.problem(problem, &request_id, "ecs.aliyuncs.com").into_bytes();
}

/// As the answer whose place is taken was written.
fn writing(response: &Response) -> Writing {
    let is_xml = response.headers.get("content-type").is_some_and(|media| media.starts_with("text/xml"));
    if is_xml { Writing::Xml } else { Writing::Json }
}

fn request_id(response: &Response) -> String {
    response.headers.get("x-acs-request-id").unwrap_or("").to_owned()
}
