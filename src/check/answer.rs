//! What every RPC answer must say: RequestId, error table, success body, nothing reflected.

use serde_json::Value;

use super::seen::{printable, violations};
use super::{Context, Finding, Judgement, Place, Seen};
use crate::wire::{DocumentFault, Format};

pub(super) fn judge(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    request_id(context, place, seen, judgement);
    if seen.says_error() {
        error_table(context, place, seen, judgement);
    }
    if (200..300).contains(&seen.response.status) {
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
    let finding = success_fault(context, seen, operation).map(|(expected, shape, actual)| {
        let label = format!("the target answered {} {actual}", seen.words());
        Finding::new(context, clause, place, expected, actual).shape(shape).label(label)
    });
    judgement.test(clause, finding);
    if operation == "EndTerminalSession"
        && let Ok(Value::Object(members)) = seen.document.as_ref().map(|document| &document.value)
    {
        let extra: Vec<&str> = members.keys().map(String::as_str).filter(|name| *name != "RequestId").collect();
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
        return Some(("RequestId and no error Code", why.to_owned(), why.to_owned()));
    }
    let Ok(document) = &seen.document else { return None };
    let schema = context.contract.schema(operation, "success")?;
    let members = schema.value.get("properties").and_then(Value::as_object);
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

/// Input in a header, or unescaped in XML (clause `rpc/robust/no-reflection`). Only generated values are looked for: a
/// region or an id may rightly come back.
fn reflection(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "rpc/robust/no-reflection";
    let Some(mutation) = &place.record.mutation else { return };
    for value in mutation.values.iter().filter(|value| is_telling(value)) {
        let injected = |name: &str| name.eq_ignore_ascii_case("x-endspec-injected");
        let mut fields = seen.response.headers.iter();
        let in_header = fields.find(|(name, field)| injected(name) || find(field, value.as_bytes()));
        let finding = in_header.map(|(name, _)| {
            let actual = format!("the value in header `{}`", printable(name, 60));
            Finding::new(context, clause, place, "no input in a header", actual)
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

/// Whether a text that comes back can only have come from the input: not one that a server has words like.
fn is_telling(value: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric();
    value.len() >= 8 && value.contains(plain) && value.contains(|c: char| !plain(c) && c != '-')
}

/// The value as it stands inside JSON text: a value that came back as data, and not as markup, is found so.
fn json_text(value: &str) -> String {
    let quoted = Value::String(value.to_owned()).to_string();
    quoted[1..quoted.len() - 1].to_owned()
}

fn find(haystack: &[u8], needle: &[u8]) -> bool {
    !needle.is_empty() && haystack.windows(needle.len()).any(|window| window == needle)
}
