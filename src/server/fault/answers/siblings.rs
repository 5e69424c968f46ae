//! Start and Describe: members that are missing, wrapped otherwise, or tell something else than what is so.

use serde_json::{Map, Value};

use super::{Fault, HONEST, Hooks, Response, Scene, edit, is_xml, set};
use crate::server::settings::Operation;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "start-token-left-out",
        clauses: &["start/success"],
        how: "the token is part of the URL already, so that nobody sees why it should be told twice",
        hooks: Hooks { after: Some(start_token_left_out), ..HONEST },
    },
    Fault {
        name: "start-token-as-number",
        clauses: &["start/success"],
        how: "tokens are one-time numbers, and the serializer writes numbers as such",
        hooks: Hooks { after: Some(start_token_as_number), ..HONEST },
    },
    Fault {
        name: "start-url-in-capitals",
        clauses: &["start/success"],
        how: "the language's style has URL in capitals, and the serializer takes the field's name",
        hooks: Hooks { after: Some(start_url_in_capitals), ..HONEST },
    },
    Fault {
        name: "describe-bare-list",
        clauses: &["describe/shape"],
        how: "sessions are a plain array, as JSON has them everywhere else",
        hooks: Hooks { after: Some(describe_bare_list), ..HONEST },
    },
    Fault {
        name: "describe-single-as-object",
        clauses: &["describe/shape"],
        how: "JSON is converted from XML, where a list of one cannot be told from an element",
        hooks: Hooks { after: Some(describe_single_as_object), ..HONEST },
    },
    Fault {
        name: "describe-lower-camel",
        clauses: &["describe/shape"],
        how: "the rows of the database are sent as the mapper names their fields",
        hooks: Hooks { after: Some(describe_lower_camel), ..HONEST },
    },
    Fault {
        name: "describe-status-as-number",
        clauses: &["describe/shape"],
        how: "an enumeration is serialized by its ordinal",
        hooks: Hooks { after: Some(describe_status_as_number), ..HONEST },
    },
    Fault {
        name: "describe-null-when-empty",
        clauses: &["describe/shape"],
        how: "a slice that nothing was appended to is serialized as null",
        hooks: Hooks { after: Some(describe_null_when_empty), ..HONEST },
    },
    Fault {
        name: "describe-filters-after-page",
        clauses: &["describe/lists"],
        how: "the database gives the first page, oldest first, and the id is looked for in that",
        hooks: Hooks { after: Some(describe_filters_after_page), ..HONEST },
    },
    Fault {
        name: "describe-connected-only",
        clauses: &["describe/lists"],
        how: "an inner join with the connections leaves out every session to which nobody has come yet",
        hooks: Hooks { after: Some(describe_connected_only), ..HONEST },
    },
    Fault {
        name: "describe-ended-as-connected",
        clauses: &["describe/closed"],
        how: "the status is the last event of the connection, and ending a session by a call writes none",
        hooks: Hooks { after: Some(describe_ended_as_connected), ..HONEST },
    },
    Fault {
        name: "describe-ended-as-connected-in-xml",
        clauses: &["describe/closed"],
        how: "the writer of XML has a view of its own, which a job brings up to date at night",
        hooks: Hooks { after: Some(describe_ended_as_connected_in_xml), ..HONEST },
    },
    Fault {
        name: "describe-ended-unused-as-connecting",
        clauses: &["describe/closed"],
        how: "whether anybody has connected is asked first, and of a session that nobody came to the answer is no",
        hooks: Hooks { after: Some(describe_ended_unused_as_connecting), ..HONEST },
    },
];

/// Whether the call was of that operation and succeeded.
fn did(scene: &Scene<'_>, response: &Response, operation: Operation) -> bool {
    scene.asked.operation == Some(operation) && response.status == 200
}

fn start_token_left_out(scene: &mut Scene<'_>, response: &mut Response) {
    if did(scene, response, Operation::Start) {
        edit(response, |members| {
            members.shift_remove("SecurityToken");
        });
    }
}

fn start_token_as_number(scene: &mut Scene<'_>, response: &mut Response) {
    if did(scene, response, Operation::Start) && !is_xml(response) {
        set(response, "SecurityToken", 731_955);
    }
}

fn start_url_in_capitals(scene: &mut Scene<'_>, response: &mut Response) {
    if did(scene, response, Operation::Start) {
        super::rename(response, |name| name.replace("WebSocketUrl", "WebSocketURL"));
    }
}

/// Changes `Sessions` of an answer of Describe in JSON.
fn reshape(scene: &Scene<'_>, response: &mut Response, change: impl Fn(&mut Value)) {
    if did(scene, response, Operation::Describe) && !is_xml(response) {
        edit(response, |members| {
            members.get_mut("Sessions").into_iter().for_each(change);
        });
    }
}

/// Changes every session that Describe shows, in JSON.
fn each(scene: &Scene<'_>, response: &mut Response, change: impl Fn(&mut Map<String, Value>)) {
    reshape(scene, response, |sessions| {
        let items = sessions.get_mut("Session").and_then(Value::as_array_mut).into_iter().flatten();
        items.filter_map(Value::as_object_mut).for_each(&change);
    });
}

fn describe_bare_list(scene: &mut Scene<'_>, response: &mut Response) {
    reshape(scene, response, |sessions| *sessions = sessions["Session"].take());
}

fn describe_single_as_object(scene: &mut Scene<'_>, response: &mut Response) {
    reshape(scene, response, |sessions| {
        if sessions["Session"].as_array().is_some_and(|items| items.len() == 1) {
            let only = sessions["Session"][0].take();
            sessions["Session"] = only;
        }
    });
}

fn describe_lower_camel(scene: &mut Scene<'_>, response: &mut Response) {
    each(scene, response, |session| {
        *session =
            std::mem::take(session).into_iter().map(|(name, value)| (super::lower_camel(&name), value)).collect();
    });
}

/// Changes every connection of a session that Describe shows.
fn connections(session: &mut Map<String, Value>, change: impl Fn(&mut Map<String, Value>)) {
    let items = session.get_mut("Connections").and_then(|all| all.get_mut("Connection")).and_then(Value::as_array_mut);
    items.into_iter().flatten().filter_map(Value::as_object_mut).for_each(change);
}

fn describe_status_as_number(scene: &mut Scene<'_>, response: &mut Response) {
    each(scene, response, |session| {
        connections(session, |connection| {
            connection.insert("Status".to_owned(), 1.into());
        });
    });
}

fn describe_null_when_empty(scene: &mut Scene<'_>, response: &mut Response) {
    reshape(scene, response, |sessions| {
        if sessions["Session"].as_array().is_some_and(Vec::is_empty) {
            sessions["Session"] = Value::Null;
        }
    });
}

/// Has Describe find nothing.
fn empty(scene: &Scene<'_>, response: &mut Response) {
    if did(scene, response, Operation::Describe) {
        set(response, "Sessions", serde_json::json!({ "Session": [] }));
    }
}

fn describe_filters_after_page(scene: &mut Scene<'_>, response: &mut Response) {
    let Some(id) = scene.asked.value("SessionId") else { return };
    let region = scene.asked.value("RegionId").unwrap_or_default();
    let mut page = scene.model.all().filter(|(_, session)| session.asked.region == region).take(10);
    if !page.any(|(_, session)| session.id == id) {
        empty(scene, response);
    }
}

fn describe_connected_only(scene: &mut Scene<'_>, response: &mut Response) {
    let session = scene.asked.value("SessionId").and_then(|id| scene.model.find(id));
    if session.is_some_and(|session| session.connected.is_none()) {
        empty(scene, response);
    }
}

/// Shows the connections of the ended session that was asked for by another status.
/// Whether the call names a session that was ended, and was `used` before, where that matters.
fn names_ended(scene: &Scene<'_>, used: Option<bool>) -> bool {
    let session = scene.asked.value("SessionId").and_then(|id| scene.model.find(id));
    session
        .is_some_and(|session| session.ended.is_some() && used.is_none_or(|used| session.connected.is_some() == used))
}

fn show_ended(scene: &Scene<'_>, response: &mut Response, used: Option<bool>, status: &str) {
    if names_ended(scene, used) {
        each(scene, response, |session| {
            connections(session, |connection| {
                connection.insert("Status".to_owned(), status.into());
            });
        });
    }
}

fn describe_ended_as_connected_in_xml(scene: &mut Scene<'_>, response: &mut Response) {
    if names_ended(scene, Some(true)) && did(scene, response, Operation::Describe) && is_xml(response) {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        let mut parts = text.split("<Status>");
        let mut shown = parts.next().unwrap_or("").to_owned();
        for part in parts {
            let rest = part.split_once("</Status>").map_or("", |(_, rest)| rest);
            shown.push_str(&format!("<Status>Connected</Status>{rest}"));
        }
        response.body = shown.into_bytes();
    }
}

fn describe_ended_as_connected(scene: &mut Scene<'_>, response: &mut Response) {
    show_ended(scene, response, Some(true), "Connected");
}

fn describe_ended_unused_as_connecting(scene: &mut Scene<'_>, response: &mut Response) {
    show_ended(scene, response, Some(false), "Connecting");
}
