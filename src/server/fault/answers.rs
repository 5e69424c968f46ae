//! Faults of answers: wrong statuses, codes, messages, envelopes, ids and headers.

use super::{Fault, HONEST, Hooks, Scene};
use crate::http::Response;

pub(super) const FAULTS: &[Fault] = &[Fault {
    name: "session-not-found-as-400",
    clauses: &["end/error/status"],
    how: "a framework maps every refusal of the domain to 400",
    hooks: Hooks { after: Some(session_not_found_as_400), ..HONEST },
}];

fn session_not_found_as_400(_: &mut Scene<'_>, response: &mut Response) {
    if response.status == 404 && has_code(response, "InvalidSessionId.NotFound") {
        response.status = 400;
    }
}

/// Whether an answer, in JSON or XML, has that `Code`.
pub(super) fn has_code(response: &Response, code: &str) -> bool {
    let text = String::from_utf8_lossy(&response.body);
    text.contains(&format!("\"Code\":\"{code}\"")) || text.contains(&format!("<Code>{code}</Code>"))
}
