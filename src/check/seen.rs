//! What an answer says, read once: document, code, message, RequestId.

use std::cell::OnceCell;
use std::sync::OnceLock;

use crate::contract::{Schema, Violation};
use crate::http::Response;
use crate::tree::{Kind, Node};
use crate::wire::{Document, DocumentFault, Format, find, rfind};

/// A number of things, in words.
pub fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// An answer, read.
#[derive(Debug)]
pub struct Seen<'a> {
    /// The answer.
    pub response: &'a Response,
    /// What its body looks like: XML when its first visible character is `<`.
    pub format: Format,
    kept: Kept<'a>,
}

/// Where the document of an answer is kept once it was read.
#[derive(Debug)]
enum Kept<'a> {
    /// With whoever asks.
    Here(OnceCell<Read>),
    /// With the answer, for whoever asks next.
    There(&'a OnceLock<Read>),
    /// It was read before its body was let go.
    Before(&'a Read),
}

/// A body as a document, or what keeps it from being one.
pub type Read = Result<Document, Vec<DocumentFault>>;

impl<'a> Seen<'a> {
    /// Reads an answer.
    pub fn of(response: &'a Response) -> Seen<'a> {
        let body = response.body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&response.body);
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let format = if first == Some(&b'<') { Format::Xml } else { Format::Json };
        Seen { response, format, kept: Kept::Here(OnceCell::new()) }
    }

    /// Reads an answer, and what is read of it stays in `place`.
    pub(super) fn kept(response: &'a Response, place: &'a OnceLock<Read>) -> Seen<'a> {
        Seen { kept: Kept::There(place), ..Seen::of(response) }
    }

    /// An answer that was read before.
    pub(super) fn again(response: &'a Response, format: Format, document: &'a Read) -> Seen<'a> {
        Seen { response, format, kept: Kept::Before(document) }
    }

    /// The body, read when it is first asked for: most questions are answered by the status alone.
    pub fn document(&self) -> &Read {
        let read = || Document::parse(&self.response.body, self.format);
        match &self.kept {
            Kept::Here(cell) => cell.get_or_init(read),
            Kept::There(cell) => cell.get_or_init(read),
            Kept::Before(read) => read,
        }
    }

    /// As [`Seen::document`], for keeps.
    pub fn into_document(self) -> Read {
        self.document();
        match self.kept {
            Kept::Here(cell) => cell.into_inner().unwrap_or_else(|| unreachable!("it was read just now")),
            Kept::There(cell) => cell.get().unwrap_or_else(|| unreachable!("it was read just now")).clone(),
            Kept::Before(read) => read.clone(),
        }
    }

    /// HTTP's own refusals, which are no RPC answers (CONTRACT.md).
    pub fn is_http_refusal(status: u16) -> bool {
        matches!(status, 405 | 408 | 411 | 413 | 414 | 415 | 417 | 421 | 426 | 431 | 501 | 505)
    }

    /// A string member of the top level.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.document().as_ref().ok()?.text(member)
    }

    /// The first header field of that name, as text for people where it is no UTF-8.
    pub fn field(&self, name: &str) -> Option<String> {
        let value = self.response.headers.all(name).next()?;
        Some(String::from_utf8_lossy(value).trim().to_owned())
    }

    /// `Code`.
    pub fn code(&self) -> Option<&str> {
        self.text("Code")
    }

    /// Whether it is an error by its status.
    pub fn is_error(&self) -> bool {
        self.response.status >= 400
    }

    /// Whether HTTP leaves it no body: what it should say stands nowhere, and no format is wrong.
    pub fn is_bodiless(&self) -> bool {
        matches!(self.response.status, 100..=199 | 204 | 205 | 304)
    }

    /// Whether a word can stand in the document, which need not be read to know that most cannot.
    fn may_hold(&self, word: &str) -> bool {
        let is_read = match &self.kept {
            Kept::Here(cell) => cell.get().is_some(),
            Kept::There(cell) => cell.get().is_some(),
            Kept::Before(_) => true,
        };
        if is_read {
            return true;
        }
        let body = &self.response.body[..];
        // What may spell it otherwise, or stand within it.
        let spelt = || match self.format {
            Format::Json => memchr::memchr(b'\\', body).is_some(),
            Format::Xml => {
                memchr::memchr(b'&', body).is_some()
                    || find(body, b"<!").is_some()
                    || rfind(body, b"<?").is_some_and(|at| at > 0)
            }
        };
        find(body, word.as_bytes()).is_some() || spelt()
    }

    /// Whether it says error by its status or, under a status of success, by its Code.
    pub fn says_error(&self) -> bool {
        self.is_error() || (self.may_hold("Code") && self.says_error_code())
    }

    fn says_error_code(&self) -> bool {
        self.document()
            .as_ref()
            .is_ok_and(|document| document.value().get("Code").is_some_and(|code| !says_success(code)))
    }

    /// Whether an answer of this status can be `Throttling*`: most need not be read to know that they are not.
    pub fn may_be_throttled(status: u16) -> bool {
        matches!(status, 400 | 429 | 503)
    }

    /// Whether a Start was refused for the number of open sessions, which is waited out and never a verdict.
    pub fn is_full(&self) -> bool {
        let may_be = (400..500).contains(&self.response.status) && self.may_hold("SessionCount.");
        may_be && self.code().is_some_and(|code| code.starts_with("SessionCount."))
    }

    /// Whether it says that there is no such session.
    pub fn says_not_found(&self) -> bool {
        self.code() == Some("InvalidSessionId.NotFound")
    }

    /// Whether it is `Throttling*`: 400, 429 or 503 (outcome `throttled`).
    pub fn is_throttled(&self) -> bool {
        let may_be = Seen::may_be_throttled(self.response.status) && self.may_hold("Throttling");
        may_be && self.code().is_some_and(|code| code.starts_with("Throttling"))
    }

    /// Whether it says that the call took effect, to whoever asks what became of it: 200, and no Code that says error. What
    /// else its body must hold breaks a clause of its own, which every RPC answer is judged by.
    pub fn took_effect(&self) -> bool {
        self.response.status == 200 && !self.says_error()
    }

    /// Outcome `ok`: 200; an object or `<Action>Response` with RequestId; no Code but those that say success.
    pub fn is_ok(&self, operation: Option<&str>) -> bool {
        self.not_ok(operation).is_none()
    }

    /// What keeps it from being `ok`.
    pub fn not_ok(&self, operation: Option<&str>) -> Option<&'static str> {
        if self.response.status == 200 { self.not_ok_body(operation) } else { Some("with another status") }
    }

    /// What keeps its body from being that of `ok`, whatever its status.
    pub fn not_ok_body(&self, operation: Option<&str>) -> Option<&'static str> {
        let Ok(document) = self.document() else { return Some("with a body that is no document") };
        let body = document.value();
        if !body.is_object() {
            return Some("with a body that is no object");
        }
        if body.get("RequestId").is_none() {
            return Some("without RequestId");
        }
        if body.get("Code").is_some_and(|code| !says_success(code)) {
            return Some("with a Code that says error");
        }
        let wrong_root = |root: &String| operation.is_some_and(|name| *root != format!("{name}Response"));
        if document.root.as_ref().is_some_and(wrong_root) {
            return Some("under another root element");
        }
        None
    }

    /// Status and Code; a Code that only says success counts as none.
    pub fn kind(&self) -> (u16, Option<String>) {
        (self.response.status, self.code().filter(|_| self.says_error()).map(str::to_owned))
    }

    /// In words: `404 InvalidSessionId.NotFound`, `200`, `500 with a body that is no document`.
    pub fn words(&self) -> String {
        let status = self.response.status;
        match (self.document(), self.code()) {
            (_, Some(code)) => format!("{status} {}", printable(code, 80)),
            (Ok(_), None) if status < 400 => format!("{status}"),
            (Ok(_), None) => format!("{status} without a Code"),
            (Err(faults), None) if faults.contains(&DocumentFault::Empty) => format!("{status} with an empty body"),
            (Err(_), None) => format!("{status} with a body that is neither JSON nor XML"),
        }
    }

    /// In words, and what keeps it from being `ok`, where the words do not say so themselves.
    pub fn words_with(&self, why: &str) -> String {
        let said = self.document().is_err() || (self.code().is_some() && self.says_error());
        if said { self.words() } else { format!("{} {why}", self.words()) }
    }
}

/// Codes of success: pop-core decides on `Code` alone (outcome `ok`), and null is none to it.
fn says_success(code: Node<'_>) -> bool {
    match code.kind() {
        Kind::Null => true,
        Kind::String(_) => matches!(code.as_str(), Some("200" | "OK" | "Success" | "success")),
        Kind::Number(code) => code.as_u64() == Some(200),
        _ => false,
    }
}

/// Every violation of a document that came over the wire, XML brought into the schema's shape first.
pub fn violations(schema: &Schema, document: &Document) -> Vec<Violation> {
    match document.format {
        Format::Json => schema.violations_in(document.value()),
        Format::Xml => schema.violations_in_xml(document.value()),
    }
}

/// A target's text for people: control characters and marks that reorder text escaped, cut at `most` characters.
pub fn printable(text: &str, most: usize) -> String {
    let mut shown = String::new();
    for (count, character) in text.chars().enumerate() {
        if count == most {
            shown.push('…');
            break;
        }
        let hidden = matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
        if character.is_control() || hidden {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// A list of what may be: `a, b or c`.
pub fn either(words: &[String]) -> String {
    match words {
        [before @ .., last] if !before.is_empty() => format!("{} or {last}", before.join(", ")),
        words => words.concat(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, answer, refusal};
    use super::*;

    #[test]
    fn throttling_is_known_by_status_and_the_beginning_of_its_code() {
        let rows = [
            (400, "Throttling", true),
            (429, "Throttling.User", true),
            (503, "Throttling.Api", true),
            (403, "Throttling", false),
            (500, "Throttling", false),
            (503, "ServiceUnavailable", false),
            (429, "throttling", false),
        ];
        for (status, code, throttled) in rows {
            assert_eq!(Seen::of(&refusal(status, code, "m")).is_throttled(), throttled, "{status} {code}");
        }
        assert!(Seen::of(&answer(400, "<Error><Code>Throttling.User</Code></Error>")).is_throttled(), "in XML");
        assert!(!Seen::of(&answer(429, "slow down")).is_throttled(), "without a code");
        for code in ["Thrott<!-- -->ling", "Throt<![CDATA[tling]]>", "Thrott<?x?>ling", "Thr&#111;ttling"] {
            let body = format!("<?xml version='1.0'?><Error><Code>{code}</Code></Error>");
            assert!(Seen::of(&answer(429, body)).is_throttled(), "{code}");
        }
        assert!(Seen::of(&answer(429, r#"{"Code":"Thr\u006fttling"}"#)).is_throttled(), "escaped");
        assert!(!Seen::of(&answer(200, r#"{"C\u006fde":"Oops"}"#)).took_effect(), "an escaped name");
    }

    #[test]
    fn an_answer_is_said_in_words() {
        let rows = [
            (refusal(404, "InvalidSessionId.NotFound", "m"), "404 InvalidSessionId.NotFound"),
            (sample::success(), "200"),
            (answer(404, r#"{"code":"x"}"#), "404 without a Code"),
            (answer(404, ""), "404 with an empty body"),
            (answer(500, "<html><br>"), "500 with a body that is neither JSON nor XML"),
            (refusal(400, "a\\u001b[2J\\u202e", "m"), "400 a\\u{1b}[2J\\u{202e}"),
        ];
        for (response, words) in rows {
            assert_eq!(Seen::of(&response).words(), words);
        }
    }

    #[test]
    fn what_keeps_an_answer_from_being_ok_is_said_once() {
        let rows = [
            (answer(200, "{}"), "200 without RequestId"),
            (refusal(200, "Oops", "m"), "200 Oops"),
            (answer(200, ""), "200 with an empty body"),
            (answer(200, "<html><br>"), "200 with a body that is neither JSON nor XML"),
            (answer(200, "[]"), "200 with a body that is no object"),
            (answer(200, format!(r#"{{"RequestId":"{}","Code":7}}"#, sample::ID)), "200 with a Code that says error"),
        ];
        for (response, words) in rows {
            let seen = Seen::of(&response);
            assert_eq!(seen.words_with(seen.not_ok(None).expect(words)), words);
        }
    }

    #[test]
    fn a_list_of_what_may_be_has_one_or() {
        for (count, words) in [(0, ""), (1, "a"), (2, "a or b"), (4, "a, b, c or d")] {
            let list = ["a", "b", "c", "d"].map(str::to_owned);
            assert_eq!(either(&list[..count]), words);
        }
    }

    #[test]
    fn the_format_is_that_of_the_first_visible_character() {
        for (body, format) in [
            ("{}", Format::Json),
            (" \r\n<a/>", Format::Xml),
            ("\u{feff}<a/>", Format::Xml),
            ("", Format::Json),
            ("Not Found", Format::Json),
        ] {
            assert_eq!(Seen::of(&answer(404, body)).format, format, "{body:?}");
        }
    }

    #[test]
    fn long_text_of_a_target_is_cut_at_a_character() {
        assert_eq!(printable("é\u{7}ab", 3), "é\\u{7}a…");
        assert_eq!(printable("abc", 3), "abc");
    }
}
