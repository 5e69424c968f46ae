//! Answers of operations and refusals of theirs, and how both are written in JSON and in XML.

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::settings::DefaultFormat;

/// What an operation answers: the members after `RequestId`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// `Action`, of which the root of XML is made.
    pub action: &'static str,
    /// Members in order; strings, numbers, objects, and arrays as the only member of their parent.
    pub members: Map<String, Value>,
}

/// A refusal: one row of a documented table of errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// HTTP status.
    pub status: u16,
    /// `Code`.
    pub code: Cow<'static, str>,
    /// `Message`.
    pub message: Cow<'static, str>,
}

impl Problem {
    /// A row.
    pub fn new(status: u16, code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Problem {
        Problem { status, code: code.into(), message: message.into() }
    }
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writing {
    /// `application/json;charset=utf-8`.
    Json,
    /// `text/xml;charset=utf-8`, spelt as official clients test for (FACTS 2).
    Xml,
}

impl From<DefaultFormat> for Writing {
    fn from(format: DefaultFormat) -> Writing {
        match format {
            DefaultFormat::Xml => Writing::Xml,
            DefaultFormat::Json => Writing::Json,
        }
    }
}

impl Writing {
    /// Value of `content-type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Writing::Json => "application/json;charset=utf-8",
            Writing::Xml => "text/xml;charset=utf-8",
        }
    }

    /// Writes an answer.
    pub fn answer(self, answer: Answer, request_id: &str) -> String {
        let mut members = Map::new();
        members.insert("RequestId".to_owned(), request_id.into());
        members.extend(answer.members);
        match self {
            Writing::Json => Value::Object(members).to_string(),
            Writing::Xml => document(&format!("{}Response", answer.action), &members, ""),
        }
    }

    /// Writes a refusal, members in the order in which the service was seen to write them (FACTS 2).
    pub fn problem(self, problem: &Problem, request_id: &str, host_id: &str) -> String {
        let recommend =
            format!("https://api.aliyun.com/troubleshoot?q={}&product=Ecs&requestId={request_id}", problem.code);
        let member = |name: &str, value: &str| (name.to_owned(), Value::from(value));
        match self {
            Writing::Json => Value::Object(Map::from_iter([
                member("RequestId", request_id),
                member("Message", &problem.message),
                member("Recommend", &recommend),
                member("HostId", host_id),
                member("Code", &problem.code),
            ]))
            .to_string(),
            Writing::Xml => {
                let members = Map::from_iter([
                    member("RequestId", request_id),
                    member("HostId", host_id),
                    member("Code", &problem.code),
                    member("Message", &problem.message),
                ]);
                document("Error", &members, &format!("<Recommend><![CDATA[{recommend}]]></Recommend>"))
            }
        }
    }
}

/// A document in XML: elements are repeated where a member is an array, and what comes `after` them stands as it is.
pub(super) fn document(root: &str, members: &Map<String, Value>, after: &str) -> String {
    let mut out = String::from("<?xml version='1.0' encoding='UTF-8'?>");
    out.push_str(&format!("<{root}>"));
    members.iter().for_each(|(name, value)| element(&mut out, name, value));
    out.push_str(after);
    out.push_str(&format!("</{root}>"));
    out
}

/// Element names are our own, never a caller's; an array is its element repeated.
fn element(out: &mut String, name: &str, value: &Value) {
    if let Value::Array(items) = value {
        return items.iter().for_each(|item| element(out, name, item));
    }
    out.push_str(&format!("<{name}>"));
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| element(out, name, value)),
        Value::String(text) => escape(out, text),
        other => out.push_str(&other.to_string()),
    }
    out.push_str(&format!("</{name}>"));
}

/// Characters that XML 1.0 cannot carry even as references are left out; CR is referenced, or it would be read as LF.
fn escape(out: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(character),
            '\u{0}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => {}
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(members: Value) -> Answer {
        let Value::Object(members) = members else { panic!("an object") };
        Answer { action: "EndTerminalSession", members }
    }

    #[test]
    fn answers_are_compact_json_or_xml_named_after_the_action() {
        assert_eq!(Writing::Json.answer(answer(json!({})), "R"), r#"{"RequestId":"R"}"#);
        assert_eq!(
            Writing::Xml.answer(answer(json!({})), "R"),
            "<?xml version='1.0' encoding='UTF-8'?>\
             <EndTerminalSessionResponse><RequestId>R</RequestId></EndTerminalSessionResponse>"
        );
    }

    #[test]
    fn arrays_are_repeated_elements_and_an_empty_one_is_none() {
        let xml = Writing::Xml.answer(answer(json!({ "S": { "I": [{ "P": 22 }, "b"] }, "T": { "I": [] } })), "R");
        assert!(xml.contains("<S><I><P>22</P></I><I>b</I></S><T></T>"), "{xml}");
    }

    #[test]
    fn refusals_carry_the_same_members_in_both_formats() {
        let problem = Problem::new(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
        let json: Value = serde_json::from_str(&Writing::Json.problem(&problem, "R", "H")).unwrap();
        let text = Writing::Xml.problem(&problem, "R", "H");
        let xml = roxmltree::Document::parse(&text).unwrap();
        assert_eq!(xml.root_element().tag_name().name(), "Error");
        for (name, value) in json.as_object().unwrap() {
            let element = xml.descendants().find(|node| node.has_tag_name(name.as_str()));
            assert_eq!(element.and_then(|e| e.text()), value.as_str(), "{name}");
        }
    }

    #[test]
    fn xml_is_well_formed_whatever_the_message_holds() {
        let every: String = ('\0'..='\u{FFFF}').chain(['\u{10FFFF}']).collect();
        let text = Writing::Xml.problem(&Problem::new(400, "C", format!("]]>{every}")), "R", "H");
        let xml = roxmltree::Document::parse(&text).unwrap();
        let message = xml.descendants().find(|node| node.has_tag_name("Message")).unwrap().text().unwrap();
        assert!(message.starts_with("]]>\t\n\r !\"#"), "{:?}", &message[..20]);
    }
}
