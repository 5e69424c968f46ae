//! What every RPC answer must say: RequestId, error table, success body, nothing reflected.

use serde_json::Value;

use super::seen::{printable, violations};
use super::{Context, Finding, Judgement, Place, Seen};
use crate::contract::SchemaName;
use crate::wire::Format;

pub(super) fn judge(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    request_id(context, place, seen, judgement);
    if seen.says_error() {
        error_table(context, place, seen, judgement);
    }
    if !seen.is_error() {
        success(context, place, seen, judgement);
    }
    reflection(context, place, seen, judgement);
}

fn request_id(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let Ok(document) = &seen.document else { return };
    let id = document.value.get("RequestId");
    let expected = "RequestId of 8-4-4-4-12 hexadecimal digits";
    let problem = match id {
        None => Some("no RequestId".to_owned()),
        Some(Value::String(text)) if is_uuid(text) => None,
        Some(Value::String(text)) => Some(format!("RequestId `{}`", printable(text, 60))),
        Some(other) => Some(format!("a RequestId that is no string: {}", printable(&other.to_string(), 60))),
    };
    let finding = problem.map(|actual| {
        let shape = if id.is_none() { "none" } else { "malformed" };
        Finding::new(context, "end/request-id/shape", place, expected, actual).shape(shape)
    });
    judgement.test("end/request-id/shape", finding);

    let Some(text) = id.and_then(Value::as_str).filter(|text| is_uuid(text)) else { return };
    let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
    let finding = lower.then(|| {
        Finding::new(context, "end/request-id/upper-case", place, "RequestId in upper case", format!("`{text}`"))
            .shape("lower case")
    });
    judgement.test("end/request-id/upper-case", finding);

    let header = seen.response.headers.get("x-acs-request-id");
    let finding = (header != Some(text)).then(|| {
        let actual =
            header.map_or_else(|| "no such header".to_owned(), |header| format!("`{}`", printable(header, 60)));
        let shape = if header.is_none() { "absent" } else { "other" };
        Finding::new(context, "end/request-id/header", place, format!("x-acs-request-id: {text}"), actual).shape(shape)
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
            let expected = format!("{code} with status {}", texts.join(" or "));
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
    let known = context.contract.known_code(code, operation, context.readings);
    let finding = (!known).then(|| {
        Finding::new(context, "end/error/known-code", place, "a documented Code", format!("`{}`", printable(code, 80)))
    });
    judgement.test("end/error/known-code", finding);
}

fn success(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let operation = place.record.operation.as_deref().unwrap_or("");
    let clause = match operation {
        "EndTerminalSession" => "end/success/body",
        "StartTerminalSession" => "start/success",
        "DescribeTerminalSessions" => "describe/shape",
        _ => return,
    };
    let name = SchemaName { operation: operation.to_owned(), part: "success".to_owned() };
    let (Some(schema), Ok(document)) = (context.contract.schemas.get(&name), &seen.document) else { return };
    let finding = match seen.not_ok(Some(operation)) {
        Some(why) => {
            let expected = "200 with RequestId and no error Code";
            Some(Finding::new(context, clause, place, expected, format!("{} {why}", seen.words())).shape(why))
        }
        // A RequestId of another shape breaks its own clause.
        None => violations(schema, document).into_iter().find(|violation| violation.instance != "/RequestId").map(
            |violation| {
                let actual = format!("{} at `{}`", violation.message, violation.instance);
                Finding::new(context, clause, place, "a body valid by the success schema", actual)
            },
        ),
    };
    judgement.test(clause, finding);
    if operation == "EndTerminalSession"
        && let Value::Object(members) = &document.value
    {
        let extra: Vec<&str> = members.keys().map(String::as_str).filter(|name| *name != "RequestId").collect();
        let finding = (!extra.is_empty()).then(|| {
            let actual = format!("also {}", printable(&extra.join(", "), 120));
            Finding::new(context, "end/success/extra", place, "RequestId alone", actual)
        });
        judgement.test("end/success/extra", finding);
    }
}

/// Input in a header, or unescaped in XML (clause `rpc/robust/no-reflection`). Only generated values are looked for: a
/// region or an id may rightly come back.
fn reflection(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "rpc/robust/no-reflection";
    let Some(mutation) = &place.record.mutation else { return };
    let carries =
        |value: &&String| value.len() >= 8 && value.contains(|c: char| !c.is_ascii_alphanumeric() && c != '-');
    for value in mutation.values.iter().filter(carries) {
        let first_line = value.lines().next().unwrap_or("");
        let in_header = seen.response.headers.iter().find(|(name, field)| {
            name.eq_ignore_ascii_case("x-endspec-injected")
                || (first_line.len() >= 8 && !first_line.is_empty() && find(field, value.as_bytes()))
        });
        let finding = in_header.map(|(name, _)| {
            Finding::new(
                context,
                clause,
                place,
                "no input in a header",
                format!("the value in header `{}`", printable(name, 60)),
            )
        });
        judgement.test(clause, finding);
        if seen.format == Format::Xml && value.contains('<') {
            let raw = find(&seen.response.body, value.as_bytes());
            let inside =
                seen.document.as_ref().is_ok_and(|document| document.value.to_string().contains(&json_text(value)));
            let finding = (raw && !inside)
                .then(|| Finding::new(context, clause, place, "input escaped in XML", "the value unescaped in XML"));
            judgement.test(clause, finding);
        }
    }
}

/// The value as it stands inside JSON text: a value that came back as data, and not as markup, is found so.
fn json_text(value: &str) -> String {
    let quoted = Value::String(value.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}
