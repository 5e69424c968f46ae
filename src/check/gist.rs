//! Gists: what is kept of an answer whose body was let go after it was judged, so that a long run stays small.

use serde_json::Value;

use super::Seen;
use super::seen::Read;
use crate::http::Response;
use crate::limits;
use crate::tree::{Kind, Node, Tree};
use crate::wire::{Document, DocumentFault, Format};

/// Members by which answers are compared over a whole run: a part of one is no other's equal.
const COMPARED: [&str; 2] = ["RequestId", "SessionId"];
/// Members that reports ask for once a case is over.
const ASKED: [&str; 4] = ["Code", "Message", "SecurityToken", "WebSocketUrl"];

/// What an answer said and how long it was, for when its body is gone.
#[derive(Debug, Clone)]
pub struct Gist {
    /// Bytes of the body as it came.
    pub length: usize,
    format: Format,
    document: Result<Document, Vec<DocumentFault>>,
}

impl Gist {
    /// Takes the gist of an answer and cuts its body; `None` for one that is small enough to stay whole. One that may stay
    /// until its case is over, and was `read`, is not read again by then.
    pub(super) fn of(response: &mut Response, read: Option<&Read>) -> Option<Gist> {
        let length = response.body.len();
        if length <= limits::KEPT_BYTES {
            let read = read.filter(|_| length > limits::PASSED_BYTES)?;
            return Some(Gist::taken(length, Seen::of(response).format, read, limits::KEPT_TEXT_BYTES));
        }
        let gist = Gist::read(response, limits::KEPT_TEXT_BYTES);
        // A copy: a large block that is cut in place leaves holes which the next body does not fit.
        response.body = response.body[..limits::KEPT_BYTES].to_vec();
        Some(gist)
    }

    /// Takes the gist of an answer that no finding is about, and its body altogether: a part of it may hold a part of a
    /// secret, which nobody would know. `None` for one that is small enough to stay whole.
    pub(super) fn of_passed(response: &mut Response, before: Option<&Gist>) -> Option<Gist> {
        if response.body.len() <= limits::PASSED_BYTES {
            return None;
        }
        let gist = match before {
            Some(Gist { length, format, document: Ok(document) }) => {
                let tree = members(document.value(), limits::PASSED_TEXT_BYTES);
                let (root, faults) = (document.root.clone(), document.faults.clone());
                Gist {
                    length: *length,
                    format: *format,
                    document: Ok(Document { format: *format, root, tree, faults }),
                }
            }
            Some(gist) => gist.clone(),
            None => Gist::read(response, limits::PASSED_TEXT_BYTES),
        };
        response.body = Vec::new();
        Some(gist)
    }

    fn read(response: &Response, text: usize) -> Gist {
        let seen = Seen::of(response);
        Gist::taken(response.body.len(), seen.format, seen.document(), text)
    }

    fn taken(length: usize, format: Format, read: &Read, text: usize) -> Gist {
        let document = match read {
            // What is wrong about it was judged; the faults may name members without end.
            Ok(Document { format, root, tree, .. }) => {
                let tree = members(tree.root(), text);
                Ok(Document { format: *format, root: root.clone(), tree, faults: Vec::new() })
            }
            Err(faults) => Err(faults.iter().take(1).cloned().collect()),
        };
        Gist { length, format, document }
    }

    /// The answer, read from its gist.
    pub(super) fn seen<'a>(&'a self, response: &'a Response) -> Seen<'a> {
        Seen::again(response, self.format, &self.document)
    }
}

/// The members of the top level that are asked for later, of each text so many bytes at most.
fn members(body: Node<'_>, most: usize) -> Tree {
    if !body.is_object() {
        return Tree::of(&Value::Null);
    }
    let compared = |name: &'static str| {
        let text = body.get(name)?.as_str().filter(|text| text.len() <= most)?;
        Some((name, Value::String(text.to_owned())))
    };
    let asked = |name: &'static str| {
        let node = body.get(name)?;
        let value = match (node.kind(), node.as_str()) {
            (_, Some(text)) => Value::String(beginning(text, most).to_owned()),
            (Kind::Number(_) | Kind::Null, _) => node.to_value(),
            // Something, and no text: null would be nothing.
            _ => Value::Bool(true),
        };
        Some((name, value))
    };
    Tree::of_members(COMPARED.into_iter().filter_map(compared).chain(ASKED.into_iter().filter_map(asked)))
}

fn beginning(text: &str, most: usize) -> &str {
    let mut end = text.len().min(most);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, ID, answer};
    use super::super::{Record, Role};
    use super::*;
    use crate::http::Reply;

    fn let_go(body: &str) -> Record {
        let mut record = sample::sent(Role::Judged, Reply::Answered(answer(200, body)));
        record.let_go();
        record
    }

    fn kept(record: &Record) -> usize {
        record.exchange().and_then(|exchange| exchange.reply.answer()).expect("an answer").body.len()
    }

    #[test]
    fn what_is_asked_of_an_answer_later_is_the_same_after_its_body_was_let_go() {
        let pad = "x".repeat(900 << 10);
        let rows = [
            ("a success", format!(r#"{{"Pad":"{pad}","RequestId":"{ID}"}}"#)),
            ("an error", format!(r#"{{"Pad":"{pad}","RequestId":"{ID}","Code":"A.B","Message":"m"}}"#)),
            ("a number for a code", format!(r#"{{"Pad":"{pad}","RequestId":"{ID}","Code":200}}"#)),
            ("a list for a code", format!(r#"{{"Pad":"{pad}","RequestId":"{ID}","Code":[1]}}"#)),
            (
                "a session",
                format!(r#"{{"Pad":"{pad}","SessionId":"s-1","SecurityToken":"t","WebSocketUrl":"ws://h"}}"#),
            ),
            (
                "in XML",
                format!(
                    "<EndTerminalSessionResponse><Pad>{pad}</Pad><RequestId>{ID}</RequestId></EndTerminalSessionResponse>"
                ),
            ),
            ("no document", pad.clone()),
        ];
        for (name, body) in rows {
            let (whole, record) = (answer(200, body.as_str()), let_go(&body));
            let (before, after) = (Seen::of(&whole), record.seen().expect("an answer"));
            for member in ["RequestId", "Code", "Message", "SessionId", "SecurityToken", "WebSocketUrl"] {
                assert_eq!(after.text(member), before.text(member), "{name}: {member}");
            }
            assert_eq!(after.format, before.format, "{name}");
            assert_eq!(after.took_effect(), before.took_effect(), "{name}");
            assert_eq!(after.words(), before.words(), "{name}");
            assert_eq!(record.gist.as_ref().map(|gist| gist.length), Some(body.len()), "{name}");
            assert_eq!(kept(&record), limits::KEPT_BYTES, "{name}");
        }
    }

    #[test]
    fn of_what_passed_less_is_kept_and_no_part_of_a_secret() {
        let pad = "x".repeat(10 << 10);
        let small = format!(r#"{{"RequestId":"{ID}","Message":"m"}}"#);
        let rows = [
            ("small", small.clone(), small.len()),
            ("longer", format!(r#"{{"RequestId":"{ID}","Code":"C","Message":"{pad}"}}"#), 0),
            ("large", format!(r#"{{"RequestId":"{ID}","Code":"C","Message":"{pad}{pad}"}}"#), 0),
            ("no document", format!("{pad}{pad}"), 0),
        ];
        // Whether it was read by the time that it is let go makes no difference.
        let rows = rows
            .into_iter()
            .flat_map(|(name, body, length)| [false, true].map(|read| (name, body.clone(), length, read)));
        for (name, body, length, read) in rows {
            let whole = answer(200, body.as_str());
            let mut record = sample::sent(Role::Judged, Reply::Answered(whole.clone()));
            if read {
                let _ = record.seen().map(|seen| seen.document().is_ok());
            }
            record.let_go();
            let middle = (limits::PASSED_BYTES..=limits::KEPT_BYTES).contains(&body.len());
            assert_eq!(record.seen().map(|seen| seen.words()), Some(Seen::of(&whole).words()), "{name}, {read}");
            assert_eq!(record.gist.is_some(), body.len() > limits::KEPT_BYTES || (middle && read), "{name}, {read}");
            record.operation = Some("EndTerminalSession".to_owned());
            record.let_go_passed();
            let (before, after) = (Seen::of(&whole), record.seen().expect("an answer"));
            assert_eq!((after.text("RequestId"), after.kind()), (before.text("RequestId"), before.kind()), "{name}");
            assert_eq!(kept(&record), length, "{name}");
            let text = after.text("Message").map_or(0, str::len);
            assert!(text <= limits::PASSED_TEXT_BYTES, "{name}: {text}");
            assert_eq!(record.gist.as_ref().map_or(body.len(), |gist| gist.length), body.len(), "{name}");
        }
        let mut start = let_go(&format!(r#"{{"SecurityToken":"{pad}"}}"#));
        start.operation = Some("StartTerminalSession".to_owned());
        start.let_go_passed();
        assert!(kept(&start) > 10 << 10, "the tokens of sessions are what reports mask");
    }

    #[test]
    fn what_is_small_stays_whole_and_what_is_kept_is_small() {
        let small = "x".repeat(limits::KEPT_BYTES);
        assert!(let_go(&small).gist.is_none());
        assert_eq!(kept(&let_go(&small)), limits::KEPT_BYTES);
        let long = "é".repeat(100 << 10);
        let record = let_go(&format!(r#"{{"RequestId":"{long}","Message":"{long}","Code":"{long}"}}"#));
        let seen = record.seen().expect("an answer");
        assert_eq!(seen.text("RequestId"), None, "a part of an id may be equal to a part of another");
        assert!(
            seen.text("Message").is_some_and(|text| text.len() <= limits::KEPT_TEXT_BYTES && long.starts_with(text))
        );
    }
}
