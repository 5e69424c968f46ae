//! Envelopes and formats of RPC answers: what an error must hold, and that JSON is JSON and XML is XML.

use super::asked::{self, Wanted};
use super::seen::printable;
use super::{Context, Finding, Judgement, Place, Seen};
use crate::tree::Node;
use crate::wire::{DocumentFault, Format, Incoming};

/// Members that every error has, as strings.
const ENVELOPE: [&str; 3] = ["RequestId", "Code", "Message"];

pub(super) fn judge(
    context: Context<'_>,
    place: Place<'_>,
    asked: &Incoming<'_>,
    seen: &Seen<'_>,
    judgement: &mut Judgement,
) {
    if seen.is_error() {
        error(context, place, seen, judgement);
    }
    if seen.is_bodiless() {
        return;
    }
    match asked::format(asked) {
        Wanted::Format(Format::Json) => json(context, place, seen, judgement),
        Wanted::Format(Format::Xml) => xml(context, place, seen, judgement),
        Wanted::Nothing => default_format(context, place, seen, judgement),
        Wanted::Unclear => {}
    }
}

fn error(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "end/error/envelope";
    let expected = "an object with string RequestId, Code and Message, and nothing else around it";
    let finding =
        envelope_fault(seen).map(|(shape, actual)| Finding::new(context, clause, place, expected, actual).shape(shape));
    judgement.test(clause, finding);
    if let Ok(document) = seen.document() {
        let finding = document.text("HostId").is_none().then(|| {
            Finding::new(context, "end/error/host-id", place, "HostId, a string", "no HostId that is a string")
                .shape("none")
        });
        judgement.test("end/error/host-id", finding);
    }
}

/// What is wrong with an error's envelope: shape, words.
fn envelope_fault(seen: &Seen<'_>) -> Option<(String, String)> {
    let document = match seen.document() {
        Ok(document) => document,
        Err(faults) => return faults.first().map(|fault| (format!("{fault:?}"), fault_words(fault))),
    };
    if let Some(fault) = document.faults.iter().find(|fault| is_breach(fault)) {
        let shape = match fault {
            DocumentFault::Trailing(_) => "trailing".to_owned(),
            other => format!("{other:?}"),
        };
        return Some((shape, fault_words(fault)));
    }
    let body = document.value();
    if !body.is_object() {
        return Some(("no object".to_owned(), "a document that is no object".to_owned()));
    }
    for name in ENVELOPE {
        let member = body.get(name);
        match (member, member.and_then(Node::as_str)) {
            (_, Some("")) if name == "Code" => return Some(("empty Code".to_owned(), "an empty Code".to_owned())),
            (_, Some(_)) => {}
            (Some(_), None) => return Some((format!("{name} no string"), format!("a {name} that is no string"))),
            (None, _) => {
                let other = body.members().map(|(key, _)| key).find(|key| key.eq_ignore_ascii_case(name));
                let words = other
                    .map_or_else(|| format!("no {name}"), |key| format!("`{}` in place of {name}", printable(key, 40)));
                return Some((format!("no {name}"), words));
            }
        }
    }
    None
}

/// Whether a fault that lets a document be read breaks the envelope. A member given twice leaves open what it says; of
/// members that nobody must send no document decides.
fn is_breach(fault: &DocumentFault) -> bool {
    match fault {
        DocumentFault::Duplicate(pointer) => ENVELOPE.iter().any(|name| pointer.strip_prefix('/') == Some(name)),
        _ => true,
    }
}

/// A fault of a document for people.
pub fn fault_words(fault: &DocumentFault) -> String {
    match fault {
        DocumentFault::Bom => "a byte order mark before the document".to_owned(),
        DocumentFault::Trailing(at) => format!("something after the document, from byte {at} on"),
        DocumentFault::Duplicate(pointer) => format!("member `{}` twice", printable(pointer, 80)),
        DocumentFault::NotUtf8 => "a body that is not UTF-8".to_owned(),
        DocumentFault::Malformed(words) => format!("a body that is not well-formed: {}", printable(words, 160)),
        DocumentFault::TooDeep => "a body nested too deep".to_owned(),
        DocumentFault::Empty => "an empty body".to_owned(),
    }
}

fn json(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "rpc/format/json";
    let expected = "JSON, declared as application/json";
    let declared = seen.field("content-type");
    let declared = declared.as_deref();
    let finding = if let Some((shape, actual)) = not_format(seen, Format::Json) {
        Some(Finding::new(context, clause, place, expected, actual).shape(shape))
    } else if declared.is_some_and(|value| is_type(value, "application/json")) {
        None
    } else {
        Some(Finding::new(context, clause, place, expected, type_words(declared)))
    };
    judgement.test(clause, finding);
}

fn xml(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    let clause = "rpc/format/xml";
    let operation = place.record.operation.as_deref().unwrap_or("");
    let expected_root = if seen.is_error() { "Error".to_owned() } else { format!("{operation}Response") };
    let expected = format!("well-formed XML with root {expected_root}, declared as text/xml");
    let declared = seen.field("content-type");
    let declared = declared.as_deref();
    let root = seen.document().as_ref().ok().and_then(|document| document.root.as_deref());
    let fault = if let Some(fault) = not_format(seen, Format::Xml) {
        Some(fault)
    } else if root != Some(&expected_root) {
        let root = root.unwrap_or("");
        Some((format!("root {root}"), format!("root `{}`", printable(root, 60))))
    } else if declared.is_some_and(|value| is_type(value, "text/xml")) {
        None
    } else {
        Some((type_words(declared), type_words(declared)))
    };
    let broken = fault.is_some();
    let finding = fault.map(|(shape, actual)| Finding::new(context, clause, place, expected, actual).shape(shape));
    judgement.test(clause, finding);
    if !broken {
        let exact = declared.is_some_and(|value| value == "text/xml;charset=utf-8");
        let finding = (!exact).then(|| {
            Finding::new(context, "rpc/format/xml-type", place, "text/xml;charset=utf-8", type_words(declared))
        });
        judgement.test("rpc/format/xml-type", finding);
    }
}

/// Clause `rpc/format/default`: one default, the one that the reading names; an observation.
fn default_format(context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
    if seen.document().is_err() {
        return;
    }
    let wanted = match context.readings.of("default-format") {
        "xml" => Some(Format::Xml),
        "json" => Some(Format::Json),
        _ => None,
    };
    let finding = wanted.filter(|wanted| *wanted != seen.format).map(|wanted| {
        Finding::new(context, "rpc/format/default", place, wanted.name(), seen.format.name())
            .note("reading", format!("default-format = {}", context.readings.of("default-format")))
    });
    judgement.test("rpc/format/default", finding);
}

fn not_format(seen: &Seen<'_>, wanted: Format) -> Option<(String, String)> {
    match seen.document() {
        _ if seen.format != wanted => {
            Some(("other format".to_owned(), format!("{} in place of {}", seen.format.name(), wanted.name())))
        }
        Err(faults) => faults.first().map(|fault| (format!("{fault:?}"), fault_words(fault))),
        Ok(document) => {
            // Of errors the envelope's clause judges what stands around the document; XML may begin with a mark.
            let around = |fault: &&DocumentFault| match fault {
                DocumentFault::Duplicate(_) => false,
                DocumentFault::Bom => !seen.is_error() && wanted == Format::Json,
                _ => !seen.is_error(),
            };
            let fault = document.faults.iter().find(around);
            fault.map(|fault| (format!("{fault:?}"), fault_words(fault)))
        }
    }
}

/// Whether a content type is of that media type, in any case, with any parameters.
fn is_type(value: &str, media_type: &str) -> bool {
    value.split(';').next().is_some_and(|first| first.trim().eq_ignore_ascii_case(media_type))
}

fn type_words(declared: Option<&str>) -> String {
    declared.map_or_else(|| "no content-type".to_owned(), |value| format!("content-type `{}`", printable(value, 80)))
}

#[cfg(test)]
mod tests {
    use super::super::Role;
    use super::super::sample::{self, ID, answer, broken};
    use super::*;
    use crate::http::{Reply, Response};
    use crate::wire::WireForm;

    const ENVELOPE_CLAUSE: &str = "end/error/envelope";
    const HOST: &str = "end/error/host-id";
    const JSON: &str = "rpc/format/json";
    const XML: &str = "rpc/format/xml";
    const XML_TYPE: &str = "rpc/format/xml-type";
    const DEFAULT: &str = "rpc/format/default";

    fn found_under(context: Context<'_>, format: Option<Format>, response: &Response) -> Vec<String> {
        let form = WireForm { format, ..sample::form() };
        let record = sample::sent_in(form, Role::Judged, Reply::Answered(response.clone()));
        let request = record.exchange().expect("an exchange").request.clone();
        let asked = Incoming::parse(&request).expect("reads");
        let judgement = sample::judged("EndTerminalSession", response, |place, seen, judgement| {
            judge(context, place, &asked, seen, judgement);
        });
        broken(&judgement).into_iter().map(str::to_owned).collect()
    }

    fn found(format: Format, response: &Response) -> Vec<String> {
        found_under(sample::context(), Some(format), response)
    }

    fn declared(mut response: Response, value: &[&str]) -> Response {
        response.headers.remove("content-type");
        for value in value {
            response.headers.push("Content-Type", *value);
        }
        response
    }

    #[test]
    fn errors_in_json_have_the_envelope_and_nothing_around_it() {
        let with = |id: &str, code: &str, message: &str, more: &str| {
            format!(r#"{{"HostId":"h",{id}{code}{message}"Recommend":"r"{more}}}"#)
        };
        let (id, code, message) = (format!(r#""RequestId":"{ID}","#), r#""Code":"C","#, r#""Message":"m","#);
        let right = with(&id, code, message, "");
        let rows: [(&str, String, &[&str]); 24] = [
            ("right", right.clone(), &[]),
            ("pretty", right.replace(',', ",\r\n\t").replace(':', " : "), &[]),
            ("white space around", format!("\n {right}\r\n\t"), &[]),
            ("another order", with(message, &id, code, r#","AccessDeniedDetail":{"a":null}"#), &[]),
            ("an empty Message", with(&id, code, r#""Message":"","#, ""), &[]),
            ("a RequestId of another shape", with(r#""RequestId":"R-1","#, code, message, ""), &[]),
            ("no RequestId", with("", code, message, ""), &[ENVELOPE_CLAUSE]),
            ("RequestId a number", with(r#""RequestId":1,"#, code, message, ""), &[ENVELOPE_CLAUSE]),
            ("no Code", with(&id, "", message, ""), &[ENVELOPE_CLAUSE]),
            ("an empty Code", with(&id, r#""Code":"","#, message, ""), &[ENVELOPE_CLAUSE]),
            ("Code null", with(&id, r#""Code":null,"#, message, ""), &[ENVELOPE_CLAUSE]),
            ("no Message", with(&id, code, "", ""), &[ENVELOPE_CLAUSE]),
            ("names in lower case", right.replace("Code", "code").replace("Message", "message"), &[ENVELOPE_CLAUSE]),
            ("within another object", format!(r#"{{"HostId":"h","Error":{right}}}"#), &[ENVELOPE_CLAUSE]),
            ("Code twice", with(&id, code, message, r#","Code":"D""#), &[ENVELOPE_CLAUSE]),
            ("Recommend twice", with(&id, code, message, r#","Recommend":"s""#), &[]),
            ("a member twice, further in", with(&id, code, message, r#","D":{"Code":1,"Code":2}"#), &[]),
            ("mark before it", format!("\u{feff}{right}"), &[ENVELOPE_CLAUSE]),
            ("two of them", format!("{right}{right}"), &[ENVELOPE_CLAUSE]),
            ("NUL after it", format!("{right}\0"), &[ENVELOPE_CLAUSE]),
            ("a list", format!("[{right}]"), &[ENVELOPE_CLAUSE, HOST]),
            ("cut off", right[..right.len() - 1].to_owned(), &[ENVELOPE_CLAUSE, JSON]),
            ("nothing", String::new(), &[ENVELOPE_CLAUSE, JSON]),
            ("HostId a number", right.replace(r#""h""#, "1"), &[HOST]),
        ];
        for (name, body, expected) in rows {
            assert_eq!(found(Format::Json, &declared(answer(404, body), &["application/json"])), expected, "{name}");
        }
        let mut latin = right.into_bytes();
        latin[11] = 0xe9;
        assert_eq!(found(Format::Json, &answer(404, latin)), [ENVELOPE_CLAUSE, JSON], "no UTF-8");
    }

    #[test]
    fn errors_in_xml_have_the_envelope_however_it_is_written() {
        let members = format!("<RequestId>{ID}</RequestId><HostId>h</HostId><Code>C</Code><Message>m</Message>");
        let right = format!("<Error>{members}</Error>");
        let rows: [(&str, String, &[&str]); 16] = [
            ("right", right.clone(), &[]),
            ("declaration in single quotes", format!("<?xml version='1.0' encoding='UTF-8'?>{right}"), &[]),
            ("declaration in double quotes", format!("<?xml version=\"1.0\"?>\n{right}\n"), &[]),
            ("comments and instructions", format!("<!-- a --><?b c?>{right}<!-- d -->\n<?e?>"), &[]),
            (
                "prefix and attributes",
                format!("<x:Error xmlns:x='u' a=\"b\">{}</x:Error>", members.replace("<Code>", "<Code c='d'>")),
                &[],
            ),
            ("indented", right.replace("><", ">\n  <"), &[]),
            ("an empty Recommend", right.replace("</Error>", "<Recommend/></Error>"), &[]),
            ("CDATA", right.replace('m', "<![CDATA[m<b>]]>").replace("Co<![CDATA[m<b>]]>", "Com"), &[]),
            ("mark before it", format!("\u{feff}{right}"), &[ENVELOPE_CLAUSE]),
            ("two of them", format!("{right}{right}"), &[ENVELOPE_CLAUSE]),
            ("another root", right.replace("Error", "Errors"), &[XML]),
            ("no Code", right.replace("<Code>C</Code>", ""), &[ENVELOPE_CLAUSE]),
            ("Code twice", right.replace("<Code>", "<Code>C</Code><Code>"), &[ENVELOPE_CLAUSE]),
            ("Code with elements", right.replace("<Code>C", "<Code><C/>"), &[ENVELOPE_CLAUSE]),
            ("space before the declaration", format!("\n<?xml version='1.0'?>{right}"), &[ENVELOPE_CLAUSE, XML]),
            ("not closed", right.replace("</Error>", ""), &[ENVELOPE_CLAUSE, XML]),
        ];
        for (name, body, expected) in rows {
            assert_eq!(found(Format::Xml, &answer(404, body)), expected, "{name}");
        }
    }

    #[test]
    fn successes_are_in_the_format_asked_for() {
        let json = || answer(200, format!(r#"{{"RequestId":"{ID}"}}"#));
        let xml = |root: &str| answer(200, format!("<{root}><RequestId>{ID}</RequestId></{root}>"));
        let of_end = || xml("EndTerminalSessionResponse");
        let body = |body: String| answer(200, body);
        let rows: [(&str, Format, Response, &[&str]); 12] = [
            ("JSON", Format::Json, json(), &[]),
            ("XML", Format::Xml, of_end(), &[]),
            ("XML for JSON", Format::Json, of_end(), &[JSON]),
            ("JSON for XML", Format::Xml, json(), &[XML]),
            ("another root", Format::Xml, xml("Response"), &[XML]),
            ("mark before JSON", Format::Json, body(format!("\u{feff}{{\"RequestId\":\"{ID}\"}}")), &[JSON]),
            ("two documents", Format::Json, body("{}{}".to_owned()), &[JSON]),
            ("a member twice", Format::Json, body(r#"{"a":1,"a":1}"#.to_owned()), &[]),
            ("words", Format::Json, body("OK".to_owned()), &[JSON]),
            ("mark before XML", Format::Xml, body("\u{feff}<EndTerminalSessionResponse/>".to_owned()), &[]),
            ("no body by its status", Format::Json, declared(answer(204, ""), &[]), &[]),
            ("no body, for XML", Format::Xml, declared(answer(304, ""), &[]), &[]),
        ];
        for (name, format, response, expected) in rows {
            assert_eq!(found(format, &response), expected, "{name}");
        }
    }

    #[test]
    fn content_types_are_read_as_http_has_them() {
        let json = || sample::not_found();
        let xml =
            || answer(404, format!("<Error><RequestId>{ID}</RequestId><HostId/><Code>C</Code><Message/></Error>"));
        type Row<'a> = (&'a str, Format, Response, &'a [&'a str], &'a [&'a str]);
        let rows: [Row<'_>; 15] = [
            ("as seen", Format::Json, json(), &["application/json;charset=utf-8"], &[]),
            ("alone", Format::Json, json(), &["application/json"], &[]),
            ("upper case and spaces", Format::Json, json(), &["  Application/JSON ; Charset=\"UTF-8\""], &[]),
            ("another charset", Format::Json, json(), &["application/json;charset=ISO-8859-1"], &[]),
            ("plain text", Format::Json, json(), &["text/plain"], &[JSON]),
            ("a relative", Format::Json, json(), &["application/problem+json"], &[JSON]),
            ("its beginning", Format::Json, json(), &["application/jsonp"], &[JSON]),
            ("none", Format::Json, json(), &[], &[JSON]),
            ("as clients test", Format::Xml, xml(), &["text/xml;charset=utf-8"], &[]),
            ("a space", Format::Xml, xml(), &["text/xml; charset=utf-8"], &[XML_TYPE]),
            ("upper case", Format::Xml, xml(), &["text/xml;charset=UTF-8"], &[XML_TYPE]),
            ("no charset", Format::Xml, xml(), &["text/xml"], &[XML_TYPE]),
            ("application/xml", Format::Xml, xml(), &["application/xml"], &[XML]),
            ("JSON's", Format::Xml, xml(), &["application/json"], &[XML]),
            ("none for XML", Format::Xml, xml(), &[], &[XML]),
        ];
        for (name, format, response, values, expected) in rows {
            assert_eq!(found(format, &declared(response, values)), expected, "{name}");
        }
        let mut odd = json();
        odd.headers.remove("content-type");
        odd.headers.push("content-type", b"application/json; x=\xff");
        assert!(found(Format::Json, &odd).is_empty(), "bytes beyond ASCII in a parameter");
    }

    #[test]
    fn without_a_format_only_the_reading_is_observed() {
        let xml = answer(404, format!("<Error><RequestId>{ID}</RequestId><HostId/><Code>C</Code><Message/></Error>"));
        let plain = declared(sample::not_found(), &["text/plain"]);
        let rows: [(&str, &Response, &[&str]); 5] = [
            ("any", &xml, &[]),
            ("any", &plain, &[]),
            ("xml", &xml, &[]),
            ("json", &xml, &[DEFAULT]),
            ("xml", &plain, &[DEFAULT]),
        ];
        for (value, response, expected) in rows {
            let readings = sample::readings(&[&format!("default-format={value}")]);
            let context = Context { readings: &readings, ..sample::context() };
            assert_eq!(found_under(context, None, response), expected, "{value}");
        }
    }
}
