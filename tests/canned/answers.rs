//! Answers made up beforehand, and the server that gives them.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use wiremock::{Request, Respond, ResponseTemplate};

/// Documented messages.
pub const SESSION_NOT_FOUND: &str = "The specified SessionId does not exist.";

/// One answer; `{id}` in fields and body is the RequestId of the request that gets it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer as the gateway sends it, of the format that its body begins like.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Answer {
        let body = body.into();
        let declared = if body.starts_with(b"<") { "text/xml;charset=utf-8" } else { "application/json;charset=utf-8" };
        let headers =
            vec![("content-type".to_owned(), declared.to_owned()), ("x-acs-request-id".to_owned(), "{id}".to_owned())];
        Answer { status, headers, body }
    }

    /// An error of the gateway in JSON.
    pub fn error(status: u16, code: &str, message: &str) -> Answer {
        let body = format!(
            r#"{{"RequestId":"{{id}}","HostId":"ecs.aliyuncs.com","Code":"{code}","Message":"{message}","Recommend":"https://x"}}"#
        );
        Answer::new(status, body)
    }

    /// The documented answer for a session that does not exist.
    pub fn not_found() -> Answer {
        Answer::error(404, "InvalidSessionId.NotFound", SESSION_NOT_FOUND)
    }

    /// The same in XML.
    pub fn not_found_in_xml() -> Answer {
        Answer::new(
            404,
            format!(
                "<?xml version='1.0' encoding='UTF-8'?><Error><RequestId>{{id}}</RequestId><HostId>h</HostId>\
                 <Code>InvalidSessionId.NotFound</Code><Message>{SESSION_NOT_FOUND}</Message><Recommend/></Error>"
            ),
        )
    }

    /// A success in JSON.
    pub fn success() -> Answer {
        Answer::new(200, r#"{"RequestId":"{id}"}"#)
    }

    /// A success in XML.
    pub fn success_in_xml() -> Answer {
        Answer::new(200, "<EndTerminalSessionResponse><RequestId>{id}</RequestId></EndTerminalSessionResponse>")
    }

    /// With a part of its body replaced.
    ///
    /// # Panics
    /// When the body has no such part.
    #[must_use]
    pub fn with(mut self, from: &str, to: &str) -> Answer {
        let text = String::from_utf8(self.body).unwrap();
        assert!(text.contains(from), "no `{from}` in {text}");
        self.body = text.replace(from, to).into_bytes();
        self
    }

    /// With all that it says in a body of the caller's.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Answer {
        self.body = body.into();
        self
    }

    /// With this status.
    #[must_use]
    pub fn status(mut self, status: u16) -> Answer {
        self.status = status;
        self
    }

    /// With one field of this name, or with none.
    #[must_use]
    pub fn field(mut self, name: &str, value: Option<&str>) -> Answer {
        self.headers.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.headers.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        self
    }

    fn template(&self, id: &str) -> ResponseTemplate {
        let body = match std::str::from_utf8(&self.body) {
            Ok(text) => text.replace("{id}", id).into_bytes(),
            Err(_) => self.body.clone(),
        };
        let template = ResponseTemplate::new(self.status).set_body_bytes(body);
        self.headers.iter().fold(template, |template, (name, value)| {
            template.append_header(name.as_str(), value.replace("{id}", id).as_str())
        })
    }
}

/// Which answer a request gets.
#[derive(Debug)]
pub enum Script {
    /// Each the same.
    Each(Answer),
    /// One after the other, the last for all that follow.
    InTurn(Vec<Answer>),
    /// One to requests whose target exceeds 2 KiB, a right one to others.
    Large(Answer),
    /// One to the request under test, a right one to plain requests around it.
    Around(Answer),
}

/// Gives answers by a script, each with a RequestId of its own.
pub struct Canned {
    script: Script,
    given: AtomicUsize,
}

impl Canned {
    pub fn new(script: Script) -> Canned {
        Canned { script, given: AtomicUsize::new(0) }
    }
}

impl Respond for Canned {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let turn = self.given.fetch_add(1, Ordering::SeqCst);
        match &self.script {
            Script::Each(answer) => answer.template(&fresh_id()),
            Script::InTurn(answers) => answers[turn.min(answers.len() - 1)].template(&fresh_id()),
            Script::Large(answer) if is_large(request) => answer.template(&fresh_id()),
            Script::Large(_) => Answer::not_found().template(&fresh_id()),
            Script::Around(_) if is_probe(request.url.as_str()) => Answer::not_found().template(&fresh_id()),
            Script::Around(answer) => answer.template(&fresh_id()),
        }
    }
}

/// Whether a target is that of a plain request by which the harness learns whether anybody is there.
pub fn is_probe(target: &str) -> bool {
    target.contains("SessionId=s-hz00000000000000")
}

fn is_large(request: &Request) -> bool {
    request.url.path().len() + request.url.query().map_or(0, |query| query.len() + 1) > 2048
}

/// A RequestId that no other request got.
pub fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("473469C7-AA6F-4DC5-B3DB-{:012X}", NEXT.fetch_add(1, Ordering::SeqCst))
}
