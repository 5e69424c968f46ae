//! What every RPC answer must say: RequestId, error table, success body; what it must not say is in `reflection`.

use super::seen::{either, printable, violations};
use super::{Context, Finding, Judgement, Place, Seen, reflection};
use crate::tree::Node;
use crate::wire::{Document, DocumentFault};

pub(super) fn judge(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    request_id(context, place, seen, judgement);
    if seen.says_error() {
        error_table(context, place, seen, judgement);
    }
    if (200..300).contains(&seen.response.status) {
        success(context, place, seen, judgement);
    }
    reflection::judge(context, place, seen, judgement);
}

fn request_id(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let Ok(document) = seen.document() else { return };
    let id = document.value().get("RequestId");
    let expected = "RequestId of 8-4-4-4-12 hexadecimal digits";
    let problem = match (id, id.and_then(Node::as_str)) {
        (None, _) => Some("no RequestId".to_owned()),
        (_, Some(text)) if is_uuid(text) => None,
        (_, Some(text)) => Some(format!("RequestId `{}`", printable(text, 60))),
        (Some(other), None) => Some(format!("a RequestId that is no string: {}", printable(&other.to_string(), 60))),
    };
    let finding = problem.map(|actual| {
        let shape = if id.is_none() { "none" } else { "malformed" };
        Finding::new(context, "end/request-id/shape", place, expected, actual).shape(shape)
    });
    judgement.test("end/request-id/shape", finding);

    let Some(text) = id.and_then(Node::as_str).filter(|text| is_uuid(text)) else { return };
    let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    let finding = lower.then(|| {
        Finding::new(context, "end/request-id/upper-case", place, "RequestId in upper case", format!("`{text}`"))
            .shape("lower case")
    });
    judgement.test("end/request-id/upper-case", finding);

    let headers = &seen.response.headers;
    // Something in front may add a field of its own, or join several into one.
    let said = |value: &[u8]| value.split(|byte| *byte == b',').any(|part| part.trim_ascii() == text.as_bytes());
    let finding = (!headers.all("x-acs-request-id").any(said)).then(|| {
        let (shape, actual) = match seen.field("x-acs-request-id") {
            Some(field) => ("other", format!("`{}`", printable(&field, 60))),
            None => ("absent", "no such header".to_owned()),
        };
        let label = format!("the answer has {actual}");
        let expected = format!("x-acs-request-id: {text}");
        Finding::new(context, "end/request-id/header", place, expected, actual).shape(shape).label(label)
    });
    judgement.test("end/request-id/header", finding);
}

fn is_uuid(text: &str) -> bool {
    let dash = |index: usize| matches!(index, 8 | 13 | 18 | 23);
    text.len() == 36
        && text.bytes().enumerate().all(|(i, byte)| if dash(i) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

fn error_table(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let Some(code) = seen.code() else { return };
    let operation = place.record.operation.as_deref().unwrap_or("");
    let rows = context.contract.error_rows(code, operation);
    let documented: Vec<u16> = rows.iter().flat_map(|row| row.status.iter().copied()).collect();
    if !documented.is_empty() {
        let finding = (!documented.contains(&seen.response.status)).then(|| {
            let texts: Vec<String> = documented.iter().map(u16::to_string).collect();
            let expected = format!("{code} with status {}", either(&texts));
            Finding::new(context, "end/error/status", place, expected, seen.words())
        });
        judgement.test("end/error/status", finding);
    }
    if let Some(message) = rows.iter().find_map(|row| row.message.as_deref()) {
        let said = seen.text("Message");
        let finding = (said != Some(message)).then(|| {
            let actual = said.map_or_else(|| "no Message".to_owned(), |text| format!("`{}`", printable(text, 200)));
            Finding::new(context, "end/error/message", place, format!("`{message}`"), actual)
        });
        judgement.test("end/error/message", finding);
    }
    let known = !rows.is_empty() || context.contract.known_code(code, operation, context.readings);
    let finding = (!known).then(|| {
        Finding::new(context, "end/error/known-code", place, "a documented Code", format!("`{}`", printable(code, 80)))
    });
    judgement.test("end/error/known-code", finding);
}

/// The clause on the body of an operation's success.
pub(super) fn success_clause(operation: &str) -> Option<&'static str> {
    match operation {
        "EndTerminalSession" => Some("end/success/body"),
        "StartTerminalSession" => Some("start/success"),
        "DescribeTerminalSessions" => Some("describe/shape"),
        _ => None,
    }
}

fn success(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let operation = place.record.operation.as_deref().unwrap_or("");
    let Some(clause) = success_clause(operation) else { return };
    let finding = success_fault(context, seen, operation).map(|(expected, shape, why)| {
        Finding::new(context, clause, place, expected, seen.words_with(&why)).shape(shape)
    });
    judgement.test(clause, finding);
    if operation == "EndTerminalSession"
        && let Some(body) = seen.document().as_ref().ok().map(Document::value).filter(|body| body.is_object())
    {
        let extra: Vec<&str> = body.members().map(|(name, _)| name).filter(|name| *name != "RequestId").collect();
        let finding = (!extra.is_empty()).then(|| {
            let actual = format!("also {}", printable(&extra.join(", "), 120));
            Finding::new(context, "end/success/extra", place, "RequestId alone", actual)
        });
        judgement.test("end/success/extra", finding);
    }
}

/// What is wrong with the body of a success: expected, shape, actual.
fn success_fault(context: Context<'_>, seen: &Seen<'_>, operation: &str) -> Option<(&'static str, String, String)> {
    if let Some(why) = seen.not_ok_body(Some(operation)) {
        return Some(("RequestId and no error Code", why.to_owned(), format!("an answer {why}")));
    }
    let Ok(document) = seen.document() else { return None };
    let schema = context.contract.schema(operation, "success")?;
    let members = schema.value.get("properties").and_then(|properties| properties.as_object());
    let twice = document.faults.iter().find_map(|fault| match fault {
        DocumentFault::Duplicate(pointer) => {
            members?.keys().find(|name| pointer.strip_prefix('/') == Some(name.as_str()))
        }
        _ => None,
    });
    if let Some(name) = twice {
        return Some(("every member once", format!("{name} twice"), format!("with {name} twice")));
    }
    // A RequestId of another shape breaks its own clause.
    let violation = violations(schema, document).into_iter().find(|violation| violation.instance != "/RequestId")?;
    let actual = format!("{} at `{}`", violation.message, violation.instance);
    Some(("a body valid by the success schema", actual.clone(), format!("with {actual}")))
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, ID, NOT_FOUND, answer, broken, refusal};
    use super::*;
    use crate::http::Response;

    fn found(operation: &str, response: &Response) -> Vec<String> {
        let judgement = sample::judged(operation, response, |place, seen, judgement| {
            judge(sample::context(), place, seen, judgement)
        });
        broken(&judgement).into_iter().map(str::to_owned).collect()
    }

    fn of_end(response: &Response) -> Vec<String> {
        found("EndTerminalSession", response)
    }

    #[test]
    fn request_ids_are_hexadecimal_text_in_the_documented_shape() {
        let lower = ID.to_ascii_lowercase();
        let quoted = |text: &str| format!("\"{text}\"");
        let (shape, upper) = ("end/request-id/shape", "end/request-id/upper-case");
        let rows: [(&str, String, &[&str]); 14] = [
            ("as documented", quoted(ID), &[]),
            ("version 3", quoted("473469C7-AA6F-3DC5-B3DB-A3DC0DE3C83E"), &[]),
            ("no version", quoted("00000000-0000-0000-0000-000000000000"), &[]),
            ("lower case", quoted(&lower), &[upper]),
            ("one letter in lower case", quoted("473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83e"), &[upper]),
            ("number", "7".to_owned(), &[shape]),
            ("null", "null".to_owned(), &[shape]),
            ("empty", quoted(""), &[shape]),
            ("no hyphens", quoted(&ID.replace('-', "")), &[shape]),
            ("braces", quoted(&format!("{{{ID}}}")), &[shape]),
            ("one digit less", quoted(&ID[1..]), &[shape]),
            ("another letter", quoted(&ID.replace('C', "G")), &[shape]),
            ("white space around", quoted(&format!(" {ID}")), &[shape]),
            ("hyphen elsewhere", quoted("473469C-7AA6F-4DC5-B3DB-A3DC0DE3C83EA"), &[shape]),
        ];
        for (name, id, expected) in rows {
            let mut response = answer(200, format!(r#"{{"RequestId":{id}}}"#));
            response.headers.remove("x-acs-request-id");
            response.headers.push("x-acs-request-id", id.trim_matches('"'));
            assert_eq!(of_end(&response), expected, "{name}");
        }
        assert_eq!(of_end(&answer(404, "{}")), [shape], "none, in an error");
        assert!(of_end(&answer(404, "<html><br>")).is_empty(), "what cannot be read is no RequestId of another shape");
    }

    #[test]
    fn one_of_the_header_fields_has_the_request_id() {
        let other = "00000000-0000-4000-8000-000000000000";
        let joined = format!("{other}, {ID}");
        let rows: [(&str, &[&[u8]], bool); 7] = [
            ("the same", &[ID.as_bytes()], true),
            ("none", &[], false),
            ("another", &[other.as_bytes()], false),
            ("in lower case", &[b"473469c7-aa6f-4dc5-b3db-a3dc0de3c83e"], false),
            ("a second one by a gateway", &[other.as_bytes(), ID.as_bytes()], true),
            ("two joined", &[joined.as_bytes()], true),
            ("no UTF-8", &[b"\xff"], false),
        ];
        for (name, values, same) in rows {
            let mut response = sample::success();
            response.headers.remove("x-acs-request-id");
            for value in values {
                response.headers.push("X-Acs-Request-Id", *value);
            }
            let expected: &[&str] = if same { &[] } else { &["end/request-id/header"] };
            assert_eq!(of_end(&response), expected, "{name}");
        }
    }

    #[test]
    fn codes_are_held_to_the_tables() {
        let (status, message, known) = ("end/error/status", "end/error/message", "end/error/known-code");
        let rows: [(&str, u16, &str, &str, &[&str]); 16] = [
            ("as documented", 404, "InvalidSessionId.NotFound", NOT_FOUND, &[]),
            ("another status", 400, "InvalidSessionId.NotFound", NOT_FOUND, &[status]),
            (
                "without its full stop",
                404,
                "InvalidSessionId.NotFound",
                "The specified SessionId does not exist",
                &[message],
            ),
            (
                "a space after it",
                404,
                "InvalidSessionId.NotFound",
                "The specified SessionId does not exist. ",
                &[message],
            ),
            (
                "a letter's case",
                404,
                "InvalidSessionId.NotFound",
                "The specified sessionId does not exist.",
                &[message],
            ),
            ("region", 400, "RegionId.ApiNotSupported", "The api is not supported in this region.", &[]),
            ("region, elsewhere", 403, "RegionId.ApiNotSupported", "x", &[message, status]),
            ("gateway", 400, "MissingParameter", "anything", &[]),
            ("gateway, another status", 404, "MissingSessionId", "x", &[status]),
            ("a name that it documents", 400, "MissingParameter.RegionId", "x", &[]),
            ("a name that it does not", 400, "MissingParameter.Colour", "x", &[known]),
            ("a header of V3", 400, "MissingParameter.x-acs-date", "x", &[]),
            ("without a documented status", 418, "InvalidParameter", "x", &[]),
            ("a reading's", 400, "InvalidSessionId.Malformed", "x", &[]),
            ("a typing mistake", 404, "InvalidSessionID.NotFound", NOT_FOUND, &[known]),
            ("unheard of", 400, "Oops", "x", &[known]),
        ];
        for (name, code_status, code, text, expected) in rows {
            assert_eq!(of_end(&refusal(code_status, code, text)), expected, "{name}");
        }
        let inband = format!(r#"{{"RequestId":"{ID}","Code":"InvalidSessionId.NotFound","Message":"{NOT_FOUND}"}}"#);
        assert_eq!(of_end(&answer(200, inband)), [status, "end/success/body", "end/success/extra"], "under 200");
    }

    #[test]
    fn bodies_of_success_hold_what_they_must_and_may_hold_more() {
        let (body, extra, shape) = ("end/success/body", "end/success/extra", "end/request-id/shape");
        let with = |more: &str| format!(r#"{{"RequestId":"{ID}"{more}}}"#);
        let xml = |root: &str| format!("<{root}><RequestId>{ID}</RequestId></{root}>");
        let declared = format!(
            "<?xml version='1.0'?>\n<!-- x --><?y z?><e:EndTerminalSessionResponse xmlns:e='u' a='b'>\n\
             <RequestId>{ID}</RequestId>\n</e:EndTerminalSessionResponse>\n"
        );
        let rows: [(&str, u16, String, &[&str]); 22] = [
            ("as documented", 200, with(""), &[]),
            ("white space", 200, format!("\r\n{{ \"RequestId\" :\t\"{ID}\" }}\n"), &[]),
            ("another member", 200, with(r#","Zzz":{"a":[1]}"#), &[extra]),
            ("Code 200", 200, with(r#","Code":"200""#), &[extra]),
            ("Code 200 as a number", 200, with(r#","Code":200"#), &[extra]),
            ("Code OK", 200, with(r#","Code":"OK""#), &[extra]),
            ("Code Success", 200, with(r#","Code":"Success""#), &[extra]),
            ("no Code, written out", 200, with(r#","Code":null"#), &[extra]),
            ("Code SUCCESS", 200, with(r#","Code":"SUCCESS""#), &["end/error/known-code", body, extra]),
            ("Code as a number", 200, with(r#","Code":404"#), &[body, extra]),
            ("RequestId twice", 200, with(r#","RequestId":"x""#), &[body]),
            ("another member twice", 200, with(r#","Zzz":1,"Zzz":2"#), &[extra]),
            ("no RequestId", 200, "{}".to_owned(), &[shape, body]),
            ("a list", 200, "[]".to_owned(), &[shape, body]),
            ("nothing", 200, String::new(), &[body]),
            ("words", 200, "OK".to_owned(), &[body]),
            ("another status, the right body", 202, with(""), &[]),
            ("a status without body", 204, String::new(), &[body]),
            ("a redirect says nothing of success", 302, String::new(), &[]),
            ("XML", 200, xml("EndTerminalSessionResponse"), &[]),
            ("XML with all that it may have", 200, declared, &[]),
            ("XML with another root", 200, xml("StartTerminalSessionResponse"), &[body]),
        ];
        for (name, status, body, mut expected) in rows.map(|(name, status, body, e)| (name, status, body, e.to_vec())) {
            expected.sort_unstable();
            assert_eq!(of_end(&answer(status, body)), expected, "{name}");
        }
    }

    #[test]
    fn siblings_have_schemas_of_their_own() {
        let start = |more: &str| format!(r#"{{"RequestId":"{ID}","SessionId":"s-1","SecurityToken":"t"{more}}}"#);
        let xml = |more: &str| {
            format!(
                "<DescribeTerminalSessionsResponse><RequestId>{ID}</RequestId>{more}</DescribeTerminalSessionsResponse>"
            )
        };
        let rows: [(&str, &str, String, &[&str]); 7] = [
            ("start", "StartTerminalSession", start(r#","WebSocketUrl":"wss://x/""#), &[]),
            ("start without URL", "StartTerminalSession", start(""), &["start/success"]),
            (
                "describe",
                "DescribeTerminalSessions",
                format!(r#"{{"RequestId":"{ID}","Sessions":{{"Session":[]}}}}"#),
                &[],
            ),
            (
                "describe, unwrapped",
                "DescribeTerminalSessions",
                format!(r#"{{"RequestId":"{ID}","Sessions":[]}}"#),
                &["describe/shape"],
            ),
            ("describe in XML, none", "DescribeTerminalSessions", xml("<Sessions/>"), &[]),
            (
                "describe in XML, one",
                "DescribeTerminalSessions",
                xml("<Sessions><Session><SessionId>s</SessionId></Session></Sessions>"),
                &[],
            ),
            ("an operation without a schema", "Nowhere", "{}".to_owned(), &["end/request-id/shape"]),
        ];
        for (name, operation, body, expected) in rows {
            assert_eq!(found(operation, &answer(200, body)), expected, "{name}");
        }
    }
}
