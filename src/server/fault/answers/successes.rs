//! Successes of End that do not look like one.

use serde_json::Value;

use super::{Fault, HONEST, Hooks, Response, Scene, edit, has_ended, is_xml, lower_camel, rename, replace, set};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "ended-as-204",
        clauses: &["end/success/status"],
        how: "a framework answers 204 where a handler has nothing to return",
        hooks: Hooks { after: Some(ended_as_204), ..HONEST },
    },
    Fault {
        name: "ended-as-202",
        clauses: &["end/success/status"],
        how: "ending a session is a job in a queue, and its acceptance is what is answered",
        hooks: Hooks { after: Some(ended_as_202), ..HONEST },
    },
    Fault {
        name: "ended-empty",
        clauses: &["end/success/body"],
        how: "the handler returns nothing and the framework sends 200 with an empty body",
        hooks: Hooks { after: Some(ended_empty), ..HONEST },
    },
    Fault {
        name: "ended-as-true",
        clauses: &["end/success/body"],
        how: "the handler returns whether a row was changed, and the framework writes that down as JSON",
        hooks: Hooks { after: Some(ended_as_true), ..HONEST },
    },
    Fault {
        name: "ended-as-words",
        clauses: &["end/success/body", "rpc/format/json"],
        how: "a handler that returns a text is sent as plain text, whatever was asked for",
        hooks: Hooks { after: Some(ended_as_words), ..HONEST },
    },
    Fault {
        name: "ended-as-list",
        clauses: &["end/success/body"],
        how: "one call for one session is the bulk call for a list of one, its answer included",
        hooks: Hooks { after: Some(ended_as_list), ..HONEST },
    },
    Fault {
        name: "ended-code-zero",
        clauses: &["end/success/body"],
        how: "the company's envelope has `Code` 0 for success, which official clients take for an error",
        hooks: Hooks { after: Some(ended_code_zero), ..HONEST },
    },
    Fault {
        name: "ended-code-error",
        clauses: &["end/success/body"],
        how: "the agent's failure is reported in the body of an answer that is 200 all the same",
        hooks: Hooks { after: Some(ended_code_error), ..HONEST },
    },
    Fault {
        name: "ended-request-id-null",
        clauses: &["end/request-id/shape"],
        how: "the id is in a context of the thread that handles errors, and the worker that answers is another one",
        hooks: Hooks { after: Some(ended_request_id_null), ..HONEST },
    },
    Fault {
        name: "ended-within-data",
        clauses: &["end/success/body"],
        how: "an interceptor wraps whatever a handler returns in `success` and `data`",
        hooks: Hooks { after: Some(ended_within_data), ..HONEST },
    },
    Fault {
        name: "ended-lower-camel",
        clauses: &["end/success/body"],
        how: "the serializer's default naming writes `requestId`",
        hooks: Hooks { after: Some(ended_lower_camel), ..HONEST },
    },
];

fn ended_as_204(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        response.status = 204;
        response.headers.remove("content-type");
        response.body.clear();
    }
}

fn ended_as_202(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        response.status = 202;
    }
}

fn ended_empty(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        response.body.clear();
    }
}

fn ended_as_true(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) && !is_xml(response) {
        response.body = b"true".to_vec();
    }
}

fn ended_as_words(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        replace(response, "text/plain;charset=utf-8", "OK");
    }
}

fn ended_as_list(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) && !is_xml(response) {
        response.body = [b"[", response.body.as_slice(), b"]"].concat();
    }
}

fn ended_code_zero(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        set(response, "Code", "0");
    }
}

fn ended_code_error(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        set(response, "Code", "AgentUnreachable");
    }
}

fn ended_request_id_null(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) && !is_xml(response) {
        set(response, "RequestId", Value::Null);
    }
}

fn ended_within_data(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        edit(response, |members| {
            let data = Value::Object(std::mem::take(members));
            *members = [("success".to_owned(), true.into()), ("data".to_owned(), data)].into_iter().collect();
        });
    }
}

fn ended_lower_camel(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        rename(response, lower_camel);
    }
}
