//! JSON and XML: the wrong one, the wrong type, the wrong root, or two that differ.

use super::{
    Fault, HONEST, Hooks, Response, Scene, has_code, has_ended, is_end, is_not_found, is_refusal, is_xml, lacks, read,
    refuse, replace, retype, write,
};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "json-always",
        clauses: &["rpc/format/xml"],
        how: "the framework knows JSON, and nobody asks for XML any more",
        hooks: Hooks { after: Some(json_always), ..HONEST },
    },
    Fault {
        name: "json-name-case-sensitive",
        clauses: &["rpc/format/json"],
        how: "the format is compared with `JSON` to the letter, and everything else is the default",
        hooks: Hooks { after: Some(json_name_case_sensitive), ..HONEST },
    },
    Fault {
        name: "missing-parameter-in-xml-always",
        clauses: &["rpc/format/json"],
        how: "errors before the handler are written by the gateway, in its own default format",
        hooks: Hooks { after: Some(missing_parameter_in_xml_always), ..HONEST },
    },
    Fault {
        name: "json-as-text",
        clauses: &["rpc/format/json"],
        how: "the body is a text that the handler serialized itself, and texts are text/plain",
        hooks: Hooks { after: Some(json_as_text), ..HONEST },
    },
    Fault {
        name: "json-as-script",
        clauses: &["rpc/format/json"],
        how: "pages of other sites may call the API, by a script that passes the answer to a function",
        hooks: Hooks { after: Some(json_as_script), ..HONEST },
    },
    Fault {
        name: "error-without-type",
        clauses: &["rpc/format/json", "rpc/format/xml"],
        how: "the error handler writes bytes and sets no content type",
        hooks: Hooks { after: Some(error_without_type), ..HONEST },
    },
    Fault {
        name: "xml-as-application",
        clauses: &["rpc/format/xml"],
        how: "RFC 7303 prefers application/xml, and so does the framework",
        hooks: Hooks { after: Some(xml_as_application), ..HONEST },
    },
    Fault {
        name: "xml-type-spaced",
        clauses: &["rpc/format/xml-type"],
        how: "the framework writes a space before `charset`, and official clients test for exactly one spelling",
        hooks: Hooks { after: Some(xml_type_spaced), ..HONEST },
    },
    Fault {
        name: "xml-type-without-charset",
        clauses: &["rpc/format/xml-type"],
        how: "the declaration in the document names the encoding, so that the header leaves it out",
        hooks: Hooks { after: Some(xml_type_without_charset), ..HONEST },
    },
    Fault {
        name: "xml-not-escaped",
        clauses: &["rpc/format/xml", "rpc/robust/no-reflection"],
        how: "XML is put together from texts, the caller's id among them",
        hooks: Hooks { after: Some(xml_not_escaped), ..HONEST },
    },
    Fault {
        name: "xml-after-line-break",
        clauses: &["rpc/format/xml"],
        how: "the template's first line is for its own directives, and leaves a line break before the declaration",
        hooks: Hooks { after: Some(xml_after_line_break), ..HONEST },
    },
    Fault {
        name: "xml-root-of-class",
        clauses: &["rpc/format/xml"],
        how: "the serializer names the root after the class of the answer",
        hooks: Hooks { after: Some(xml_root_of_class), ..HONEST },
    },
    Fault {
        name: "xml-error-as-response",
        clauses: &["rpc/format/xml"],
        how: "the root is made of the action before anybody knows how the call ends",
        hooks: Hooks { after: Some(xml_error_as_response), ..HONEST },
    },
    Fault {
        name: "xml-message-left-out",
        clauses: &["end/error/envelope"],
        how: "the class for XML has a field `Msg`, which is not serialized under the name that JSON has",
        hooks: Hooks { after: Some(xml_message_left_out), ..HONEST },
    },
    Fault {
        name: "xml-refusals-as-500",
        clauses: &["rpc/format/same", "rpc/robust/no-5xx"],
        how: "there is no XML writer for the error class, and the failure to write is an error of its own",
        hooks: Hooks { after: Some(xml_refusals_as_500), ..HONEST },
    },
    Fault {
        name: "xml-empty-session-as-unknown",
        clauses: &["rpc/format/same"],
        how: "the adapter for XML clients fills in the empty text for what is unset, and does not ask again",
        hooks: Hooks { after: Some(xml_empty_session_as_unknown), ..HONEST },
    },
    Fault {
        name: "xml-ends-nothing",
        clauses: &["end/effect/closes", "rpc/format/same"],
        how: "the adapter for XML clients answers from a stub that was never finished",
        hooks: Hooks { after: Some(xml_ends_nothing), ..HONEST },
    },
];

/// Writes an answer in the other format.
fn turn(response: &mut Response, content_type: &str) {
    let Some((_, members)) = read(response) else { return };
    retype(response, content_type);
    let root = if members.contains_key("Code") { "Error" } else { "EndTerminalSessionResponse" };
    write(response, root, members);
}

fn json_always(scene: &mut Scene<'_>, response: &mut Response) {
    if is_end(scene) && is_xml(response) {
        turn(response, "application/json;charset=utf-8");
    }
}

fn json_name_case_sensitive(scene: &mut Scene<'_>, response: &mut Response) {
    let odd = scene.asked.value("Format").is_some_and(|format| format != "JSON");
    if is_end(scene) && odd && !is_xml(response) {
        turn(response, "text/xml;charset=utf-8");
    }
}

fn missing_parameter_in_xml_always(scene: &mut Scene<'_>, response: &mut Response) {
    if is_end(scene) && has_code(response, "MissingParameter") && !is_xml(response) {
        turn(response, "text/xml;charset=utf-8");
    }
}

fn json_as_script(_: &mut Scene<'_>, response: &mut Response) {
    if !is_xml(response) {
        let script = format!("callback({});", String::from_utf8_lossy(&response.body));
        replace(response, "application/javascript", script);
    }
}

fn json_as_text(_: &mut Scene<'_>, response: &mut Response) {
    if !is_xml(response) {
        retype(response, "text/plain;charset=UTF-8");
    }
}

fn error_without_type(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        response.headers.remove("content-type");
    }
}

/// Gives answers in XML another content type.
fn retype_xml(response: &mut Response, content_type: &str) {
    if is_xml(response) {
        retype(response, content_type);
    }
}

fn xml_as_application(_: &mut Scene<'_>, response: &mut Response) {
    retype_xml(response, "application/xml;charset=utf-8");
}

fn xml_type_spaced(_: &mut Scene<'_>, response: &mut Response) {
    retype_xml(response, "text/xml; charset=utf-8");
}

fn xml_type_without_charset(_: &mut Scene<'_>, response: &mut Response) {
    retype_xml(response, "text/xml");
}

/// Changes the text of an answer in XML.
fn rewrite_xml(response: &mut Response, change: impl Fn(&str) -> String) {
    if is_xml(response) {
        response.body = change(&String::from_utf8_lossy(&response.body)).into_bytes();
    }
}

fn xml_not_escaped(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends().filter(|_| is_not_found(response)) {
        rewrite_xml(response, |xml| xml.replace("The specified SessionId", &format!("The specified SessionId {id}")));
    }
}

fn xml_after_line_break(_: &mut Scene<'_>, response: &mut Response) {
    rewrite_xml(response, |xml| format!("\n{xml}"));
}

/// Names the root of an answer in XML otherwise.
fn reroot(response: &mut Response, root: &str) {
    if let Some((_, members)) = read(response).filter(|_| is_xml(response)) {
        write(response, root, members);
    }
}

fn xml_root_of_class(scene: &mut Scene<'_>, response: &mut Response) {
    if has_ended(scene, response) {
        reroot(response, "EndTerminalSessionResult");
    }
}

fn xml_error_as_response(scene: &mut Scene<'_>, response: &mut Response) {
    if is_end(scene) && is_refusal(response) {
        reroot(response, "EndTerminalSessionResponse");
    }
}

fn xml_message_left_out(_: &mut Scene<'_>, response: &mut Response) {
    rewrite_xml(response, |xml| xml.replace("<Message>", "<Msg>").replace("</Message>", "</Msg>"));
}

fn xml_refusals_as_500(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) && is_xml(response) {
        super::crash(response);
    }
}

fn xml_empty_session_as_unknown(scene: &mut Scene<'_>, response: &mut Response) {
    let empty = scene.ends().is_some_and(|id| id.is_empty());
    if empty && is_xml(response) && lacks(response, "SessionId") {
        refuse(response, 404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
    }
}

fn xml_ends_nothing(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends().filter(|_| response.status == 200 && is_xml(response)) {
        scene.model.revive(&id, scene.now);
    }
}
