//! Codes, statuses and messages that differ from the documents' tables.

use super::{Fault, HONEST, Hooks, Response, Scene, has_code, is_end, is_not_found, is_refusal, refuse, set, text};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "session-not-found-as-400",
        clauses: &["end/error/status"],
        how: "a framework maps every refusal of the domain to 400",
        hooks: Hooks { after: Some(session_not_found_as_400), ..HONEST },
    },
    Fault {
        name: "refusals-as-200",
        clauses: &["end/error/status"],
        how: "the transport worked, so that the status is 200 and the body tells of the error",
        hooks: Hooks { after: Some(refusals_as_200), ..HONEST },
    },
    Fault {
        name: "ended-session-as-410",
        clauses: &["end/error/status"],
        how: "what was there and is gone is 410 to the authors",
        hooks: Hooks { after: Some(ended_session_as_410), ..HONEST },
    },
    Fault {
        name: "session-code-misspelt",
        clauses: &["end/session/unknown", "end/error/known-code"],
        how: "the style guide writes ID in capitals, in codes too",
        hooks: Hooks { after: Some(session_code_misspelt), ..HONEST },
    },
    Fault {
        name: "session-code-of-another-api",
        clauses: &["end/session/unknown"],
        how: "the service of instances has a code for what is not found, and its client library was copied",
        hooks: Hooks { after: Some(session_code_of_another_api), ..HONEST },
    },
    Fault {
        name: "unsigned-as-unauthorized",
        clauses: &["end/error/known-code"],
        how: "a filter of the framework answers for a call without credentials, with a code of its own",
        hooks: Hooks { after: Some(unsigned_as_unauthorized), ..HONEST },
    },
    Fault {
        name: "message-without-full-stop",
        clauses: &["end/error/message"],
        how: "a linter forbids punctuation at the end of error messages",
        hooks: Hooks { after: Some(message_without_full_stop), ..HONEST },
    },
    Fault {
        name: "message-with-space-after-it",
        clauses: &["end/error/message"],
        how: "the message was copied from the page, with the space of the table's cell",
        hooks: Hooks { after: Some(message_with_space_after_it), ..HONEST },
    },
    Fault {
        name: "message-edited",
        clauses: &["end/error/message"],
        how: "an editor of texts writes API in capitals",
        hooks: Hooks { after: Some(message_edited), ..HONEST },
    },
    Fault {
        name: "message-placeholder-left",
        clauses: &["end/error/message"],
        how: "the message's template is sent and nobody filled it in",
        hooks: Hooks { after: Some(message_placeholder_left), ..HONEST },
    },
    Fault {
        name: "message-translated",
        clauses: &["end/error/message"],
        how: "messages follow the language of the machine that the service runs on",
        hooks: Hooks { after: Some(message_translated), ..HONEST },
    },
    Fault {
        name: "message-names-session",
        clauses: &["end/error/message"],
        how: "a helpful message names the id that was not found",
        hooks: Hooks { after: Some(message_names_session), ..HONEST },
    },
];

fn session_not_found_as_400(_: &mut Scene<'_>, response: &mut Response) {
    if response.status == 404 && is_not_found(response) {
        response.status = 400;
    }
}

fn refusals_as_200(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        response.status = 200;
    }
}

fn ended_session_as_410(scene: &mut Scene<'_>, response: &mut Response) {
    if is_not_found(response) && scene.ends().is_some_and(|id| scene.model.find(&id).is_some()) {
        response.status = 410;
    }
}

fn session_code_misspelt(_: &mut Scene<'_>, response: &mut Response) {
    if is_not_found(response) {
        set(response, "Code", "InvalidSessionID.NotFound");
    }
}

fn session_code_of_another_api(_: &mut Scene<'_>, response: &mut Response) {
    if is_not_found(response) {
        refuse(response, 404, "InvalidInstance.NotFound", "The specified instances not found.");
    }
}

fn unsigned_as_unauthorized(_: &mut Scene<'_>, response: &mut Response) {
    if has_code(response, "MissingParameter")
        && text(response, "Message").is_some_and(|words| words.contains("AccessKeyId"))
    {
        refuse(response, 401, "Unauthorized", "Full authentication is required to access this resource");
    }
}

/// Rewrites the message of a refusal of End.
fn reword(scene: &Scene<'_>, response: &mut Response, words: impl Fn(&str) -> String) {
    if let Some(message) = text(response, "Message").filter(|_| is_end(scene)) {
        set(response, "Message", words(&message));
    }
}

fn message_without_full_stop(scene: &mut Scene<'_>, response: &mut Response) {
    reword(scene, response, |message| message.trim_end_matches('.').to_owned());
}

fn message_with_space_after_it(scene: &mut Scene<'_>, response: &mut Response) {
    reword(scene, response, |message| format!("{message} "));
}

fn message_edited(scene: &mut Scene<'_>, response: &mut Response) {
    reword(scene, response, |message| message.replace("The api", "The API"));
}

fn message_placeholder_left(scene: &mut Scene<'_>, response: &mut Response) {
    reword(scene, response, |message| message.replace("SessionId", "{0}"));
}

fn message_translated(scene: &mut Scene<'_>, response: &mut Response) {
    if is_not_found(response) {
        reword(scene, response, |_| "指定的SessionId不存在。".to_owned());
    }
}

fn message_names_session(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends().filter(|_| is_not_found(response)) {
        reword(scene, response, |_| format!("The specified SessionId {id} does not exist."));
    }
}
