//! Errors that are wrapped, spelt or framed otherwise than as the envelope.

use serde_json::{Value, json};

use super::{
    Fault, HONEST, Hooks, Response, Scene, edit, has_code, is_not_found, is_refusal, is_xml, lower_camel, page, read,
    rename, replace, set, text,
};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "error-as-page",
        clauses: &["end/error/envelope"],
        how: "the framework shows its own page for 404, whoever set that status",
        hooks: Hooks { after: Some(error_as_page), ..HONEST },
    },
    Fault {
        name: "error-as-words",
        clauses: &["end/error/envelope"],
        how: "the library's function for errors writes the message as plain text",
        hooks: Hooks { after: Some(error_as_words), ..HONEST },
    },
    Fault {
        name: "error-empty",
        clauses: &["end/error/envelope"],
        how: "the handler sets a status and returns, and nobody writes a body for it",
        hooks: Hooks { after: Some(error_empty), ..HONEST },
    },
    Fault {
        name: "error-as-problem",
        clauses: &["end/error/envelope", "rpc/format/json"],
        how: "the framework writes errors as RFC 9457 has them",
        hooks: Hooks { after: Some(error_as_problem), ..HONEST },
    },
    Fault {
        name: "error-nested",
        clauses: &["end/error/envelope"],
        how: "another cloud's style of errors has them under `error`",
        hooks: Hooks { after: Some(error_nested), ..HONEST },
    },
    Fault {
        name: "error-listed",
        clauses: &["end/error/envelope"],
        how: "validation may find several errors, so that code and message are those of a list's items",
        hooks: Hooks { after: Some(error_listed), ..HONEST },
    },
    Fault {
        name: "error-lower-camel",
        clauses: &["end/error/envelope"],
        how: "successes name their members by annotations, and the error class was forgotten",
        hooks: Hooks { after: Some(error_lower_camel), ..HONEST },
    },
    Fault {
        name: "error-code-as-number",
        clauses: &["end/error/envelope"],
        how: "the envelope's `Code` is the status, as a number",
        hooks: Hooks { after: Some(error_code_as_number), ..HONEST },
    },
    Fault {
        name: "error-message-null",
        clauses: &["end/error/envelope"],
        how: "an exception without a message is serialized as it is",
        hooks: Hooks { after: Some(error_message_null), ..HONEST },
    },
    Fault {
        name: "error-message-left-out",
        clauses: &["end/error/envelope"],
        how: "messages are hidden in production, so as to tell attackers nothing",
        hooks: Hooks { after: Some(error_message_left_out), ..HONEST },
    },
    Fault {
        name: "error-message-by-language",
        clauses: &["end/error/envelope"],
        how: "the message is an object of translations",
        hooks: Hooks { after: Some(error_message_by_language), ..HONEST },
    },
    Fault {
        name: "error-code-twice",
        clauses: &["end/error/envelope"],
        how: "a base class and the class derived from it both serialize a field of that name",
        hooks: Hooks { after: Some(error_code_twice), ..HONEST },
    },
    Fault {
        name: "mark-before-error",
        clauses: &["end/error/envelope"],
        how: "a text writer in UTF-8 begins every stream with a byte order mark",
        hooks: Hooks { after: Some(mark_before_error), ..HONEST },
    },
    Fault {
        name: "error-in-utf-16",
        clauses: &["end/error/envelope", "rpc/format/json"],
        how: "texts are written as the platform keeps them, in two bytes a character",
        hooks: Hooks { after: Some(error_in_utf_16), ..HONEST },
    },
    Fault {
        name: "prefix-before-error",
        clauses: &["end/error/envelope"],
        how: "a guard against scripts that include JSON puts a line before it",
        hooks: Hooks { after: Some(prefix_before_error), ..HONEST },
    },
    Fault {
        name: "error-written-twice",
        clauses: &["end/error/envelope"],
        how: "the error handler writes the body, and the handler that it was called from goes on and writes it again",
        hooks: Hooks { after: Some(error_written_twice), ..HONEST },
    },
    Fault {
        name: "error-ends-with-nul",
        clauses: &["end/error/envelope"],
        how: "the length of a buffer in C counts the NUL at its end",
        hooks: Hooks { after: Some(error_ends_with_nul), ..HONEST },
    },
    Fault {
        name: "error-with-comma-too-many",
        clauses: &["end/error/envelope", "rpc/format/json"],
        how: "JSON is written by a template, whose loop ends each member with a comma",
        hooks: Hooks { after: Some(error_with_comma_too_many), ..HONEST },
    },
    Fault {
        name: "error-in-single-quotes",
        clauses: &["end/error/envelope", "rpc/format/json"],
        how: "a dictionary of Python is turned into text, and not into JSON",
        hooks: Hooks { after: Some(error_in_single_quotes), ..HONEST },
    },
    Fault {
        name: "error-quotes-not-escaped",
        clauses: &["end/error/envelope", "rpc/format/json"],
        how: "JSON is put together from texts, and the message for a missing parameter has quotes in it",
        hooks: Hooks { after: Some(error_quotes_not_escaped), ..HONEST },
    },
    Fault {
        name: "host-id-missing",
        clauses: &["end/error/host-id"],
        how: "the host is none of the service's business, and the gateway that would add it is missing",
        hooks: Hooks { after: Some(host_id_missing), ..HONEST },
    },
    Fault {
        name: "host-id-missing-in-xml",
        clauses: &["end/error/host-id"],
        how: "JSON and XML are written by two classes, and only one of them was kept up",
        hooks: Hooks { after: Some(host_id_missing_in_xml), ..HONEST },
    },
];

fn error_as_page(_: &mut Scene<'_>, response: &mut Response) {
    if is_not_found(response) {
        page(response, 404, "404 Not Found");
    }
}

fn error_as_words(_: &mut Scene<'_>, response: &mut Response) {
    if let Some(message) = text(response, "Message").filter(|_| is_refusal(response)) {
        replace(response, "text/plain; charset=utf-8", message);
    }
}

fn error_empty(_: &mut Scene<'_>, response: &mut Response) {
    if is_not_found(response) {
        response.body.clear();
        response.headers.remove("content-type");
    }
}

fn error_as_problem(_: &mut Scene<'_>, response: &mut Response) {
    let Some((_, members)) = read(response).filter(|_| is_refusal(response) && !is_xml(response)) else { return };
    let problem = json!({
        "type": "about:blank",
        "title": members["Code"],
        "status": response.status,
        "detail": members["Message"],
        "instance": members["RequestId"],
    });
    replace(response, "application/problem+json", problem.to_string());
}

fn error_nested(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        edit(response, |members| {
            let error = Value::Object(std::mem::take(members));
            members.insert("error".to_owned(), error);
        });
    }
}

fn error_listed(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        edit(response, |members| {
            let error = json!({ "Code": members.shift_remove("Code"), "Message": members.shift_remove("Message") });
            members.insert("Errors".to_owned(), json!([error]));
        });
    }
}

fn error_lower_camel(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        rename(response, lower_camel);
    }
}

fn error_code_as_number(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) && !is_xml(response) {
        let status = response.status;
        set(response, "Code", status);
    }
}

fn error_message_null(_: &mut Scene<'_>, response: &mut Response) {
    if is_not_found(response) && !is_xml(response) {
        set(response, "Message", Value::Null);
    }
}

fn error_message_left_out(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        edit(response, |members| {
            members.shift_remove("Message");
        });
    }
}

fn error_message_by_language(_: &mut Scene<'_>, response: &mut Response) {
    if let Some(message) = text(response, "Message") {
        set(response, "Message", json!({ "en": message, "zh": "" }));
    }
}

fn error_code_twice(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) && !is_xml(response) {
        let body = String::from_utf8_lossy(&response.body).replacen('{', "{\"Code\":\"BusinessException\",", 1);
        response.body = body.into_bytes();
    }
}

/// Puts bytes before the body of a refusal in JSON.
fn precede(response: &mut Response, before: &[u8]) {
    if is_refusal(response) && !is_xml(response) {
        response.body = [before, response.body.as_slice()].concat();
    }
}

fn mark_before_error(_: &mut Scene<'_>, response: &mut Response) {
    precede(response, b"\xef\xbb\xbf");
}

fn error_in_utf_16(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) && !is_xml(response) {
        let text = String::from_utf8_lossy(&response.body);
        response.body = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    }
}

fn prefix_before_error(_: &mut Scene<'_>, response: &mut Response) {
    precede(response, b")]}',\n");
}

fn error_written_twice(_: &mut Scene<'_>, response: &mut Response) {
    if is_not_found(response) {
        response.body = response.body.repeat(2);
    }
}

fn error_ends_with_nul(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        response.body.push(0);
    }
}

fn error_with_comma_too_many(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) && !is_xml(response) {
        response.body.pop();
        response.body.extend(b",}");
    }
}

fn error_in_single_quotes(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) && !is_xml(response) {
        response.body.iter_mut().filter(|byte| **byte == b'"').for_each(|byte| *byte = b'\'');
    }
}

fn error_quotes_not_escaped(_: &mut Scene<'_>, response: &mut Response) {
    if has_code(response, "MissingParameter") && !is_xml(response) {
        response.body.retain(|byte| *byte != b'\\');
    }
}

fn host_id_missing(_: &mut Scene<'_>, response: &mut Response) {
    edit(response, |members| {
        members.shift_remove("HostId");
    });
}

fn host_id_missing_in_xml(scene: &mut Scene<'_>, response: &mut Response) {
    if is_xml(response) {
        host_id_missing(scene, response);
    }
}
