//! Documents that say the same in another writing, or more.

use serde_json::{Map, Value, json};

use super::answers::{edit, has_code, has_ended, identify, is_xml, page, retype, set, text};
use super::{Fault, Response, Scene, after};

pub(super) const VARIATIONS: &[Fault] = &[
    after("json-indented", "the serializer is set to write for people", json_indented),
    after("json-ends-with-line", "a line break ends what an encoder of streams writes", json_ends_with_line),
    after("json-escaped", "the serializer escapes slashes and what is not ASCII, and angle brackets", json_escaped),
    after("members-reversed", "members come in the order of another language's maps", members_reversed),
    after("errors-say-more", "errors carry what helps support to find out more", errors_say_more),
    after("successes-say-more", "successes carry the session that they are about", successes_say_more),
    after("json-type-alone", "JSON is always UTF-8, so that no charset is named", json_type_alone),
    after(
        "json-type-in-capitals",
        "the framework spells the charset in capitals, after a space",
        json_type_in_capitals,
    ),
    after("xml-indented", "the XML writer is set to write for people", xml_indented),
    after("xml-in-double-quotes", "most XML writers put the declaration in double quotes", xml_in_double_quotes),
    after("xml-undeclared", "a document in UTF-8 needs no declaration", xml_undeclared),
    after("xml-with-cdata", "texts are written as character data", xml_with_cdata),
    after("xml-with-namespace", "the root carries the namespace of the API's version", xml_with_namespace),
    after("xml-with-comment", "a comment after the document names the node that wrote it", xml_with_comment),
    after("request-id-of-version-1", "ids are made of the time and the machine", request_id_of_version_1),
    after("request-id-of-version-7", "ids begin with the time, so that they sort by it", request_id_of_version_7),
    after("request-id-header-twice", "a gateway adds an id of its own beside the service's", request_id_header_twice),
    after("broken-encoding-refused-by-proxy", "a proxy refuses what it cannot decode, with its page", refused_by_proxy),
];

/// Rewrites the text of an answer in the one format.
fn rewrite(response: &mut Response, xml: bool, change: impl Fn(&str) -> String) {
    if is_xml(response) == xml && !response.body.is_empty() {
        response.body = change(&String::from_utf8_lossy(&response.body)).into_bytes();
    }
}

fn json_indented(_: &mut Scene<'_>, response: &mut Response) {
    rewrite(response, false, |text| {
        serde_json::from_str::<Value>(text).map_or_else(|_| text.to_owned(), |v| format!("{v:#}"))
    });
}

fn json_ends_with_line(_: &mut Scene<'_>, response: &mut Response) {
    rewrite(response, false, |text| format!("{text}\r\n"));
}

fn json_escaped(_: &mut Scene<'_>, response: &mut Response) {
    rewrite(response, false, |text| text.replace('/', "\\/").replace('&', "\\u0026").replace("The", "\\u0054he"));
}

fn members_reversed(_: &mut Scene<'_>, response: &mut Response) {
    edit(response, |members| *members = std::mem::take(members).into_iter().rev().collect());
}

fn errors_say_more(_: &mut Scene<'_>, response: &mut Response) {
    if text(response, "Code").is_some() {
        edit(response, |members| {
            members.insert(
                "AccessDeniedDetail".to_owned(),
                json!({ "AuthAction": "ecs:EndTerminalSession", "Code": "X" }),
            );
            members.insert("code".to_owned(), "lower".into());
            members.insert("Status".to_owned(), "failed".into());
        });
    }
}

fn successes_say_more(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends().filter(|_| has_ended(scene, response)) {
        set(response, "SessionId", id);
        set(response, "Data", Value::Object(Map::from_iter([("Ended".to_owned(), "true".into())])));
    }
}

fn json_type_alone(_: &mut Scene<'_>, response: &mut Response) {
    if !is_xml(response) {
        retype(response, "application/json");
    }
}

fn json_type_in_capitals(_: &mut Scene<'_>, response: &mut Response) {
    if !is_xml(response) {
        retype(response, "Application/JSON; charset=UTF-8");
    }
}

fn xml_indented(_: &mut Scene<'_>, response: &mut Response) {
    rewrite(response, true, |xml| format!("{}\n", xml.replace("><", ">\n  <")));
}

fn xml_in_double_quotes(_: &mut Scene<'_>, response: &mut Response) {
    rewrite(response, true, |xml| {
        xml.replacen("'1.0' encoding='UTF-8'", "\"1.0\" encoding=\"utf-8\" standalone=\"yes\"", 1)
    });
}

fn xml_undeclared(_: &mut Scene<'_>, response: &mut Response) {
    rewrite(response, true, |xml| xml.split_once("?>").map_or(xml, |(_, document)| document).to_owned());
}

fn xml_with_cdata(_: &mut Scene<'_>, response: &mut Response) {
    if let Some(message) = text(response, "Message").filter(|message| !message.contains("]]>")) {
        set(response, "Message", "MESSAGE");
        rewrite(response, true, |xml| xml.replace(">MESSAGE<", &format!("><![CDATA[{message}]]><")));
        if !is_xml(response) {
            set(response, "Message", message);
        }
    }
}

fn xml_with_namespace(_: &mut Scene<'_>, response: &mut Response) {
    rewrite(response, true, |xml| {
        let Some((declaration, rest)) = xml.split_once("?>") else { return xml.to_owned() };
        format!("{declaration}?>{}", rest.replacen('>', " xmlns=\"http://ecs.example/doc/2014-05-26/\">", 1))
    });
}

fn xml_with_comment(_: &mut Scene<'_>, response: &mut Response) {
    rewrite(response, true, |xml| format!("{xml}\n<!-- node 7 -->\n"));
}

/// Gives the RequestId another version.
fn version(response: &mut Response, version: &str) {
    if let Some(mut id) = text(response, "RequestId") {
        id.replace_range(14..15, version);
        identify(response, &id);
    }
}

fn request_id_of_version_1(_: &mut Scene<'_>, response: &mut Response) {
    version(response, "1");
}

fn request_id_of_version_7(_: &mut Scene<'_>, response: &mut Response) {
    version(response, "7");
}

fn request_id_header_twice(_: &mut Scene<'_>, response: &mut Response) {
    response.headers.push("x-acs-request-id", "00000000-0000-4000-8000-00000000000A");
}

fn refused_by_proxy(scene: &mut Scene<'_>, response: &mut Response) {
    let undecoded = scene.asked.operation.is_none() && scene.asked.parameters.is_empty();
    if undecoded && response.status == 400 && has_code(response, "InvalidParameter") {
        page(response, 400, "400 Bad Request");
    }
}
