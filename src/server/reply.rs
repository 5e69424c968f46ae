//! Answers as HTTP: the ids and headers that each carries.

use super::answer::{Answer, Problem, Writing};
use super::session::Now;
use super::{Server, identifiers};
use crate::clock::Moment;
use crate::http::{Headers, Response};
use crate::seed::Stream;

/// Methods that mean something here.
const ALLOW: &str = "GET, POST, OPTIONS";

/// A refusal that has nothing to do with any operation, in JSON.
pub(super) fn refuse(server: &Server, problem: &Problem, now_unix: u64, now: Moment) -> Response {
    let now = Now { unix: now_unix, moment: now };
    Reply::new(server, &mut server.lock().entropy, now).problem(problem, Writing::Json)
}

/// What every answer carries.
pub(super) struct Reply {
    request_id: String,
    trace_id: String,
    host_id: String,
    date: String,
}

impl Reply {
    /// Takes fresh ids.
    pub(super) fn new(server: &Server, entropy: &mut Stream, now: Now) -> Reply {
        Reply {
            request_id: identifiers::uuid(entropy, now),
            trace_id: entropy.hex(32),
            host_id: server.settings.host_id.clone(),
            date: date(now.unix),
        }
    }

    /// A refusal.
    pub(super) fn problem(&self, problem: &Problem, writing: Writing) -> Response {
        let body = writing.problem(problem, &self.request_id, &self.host_id);
        self.response(problem.status, Some(writing), body)
    }

    /// What an operation answers.
    pub(super) fn answer(&self, answer: Answer, writing: Writing) -> Response {
        self.response(200, Some(writing), writing.answer(answer, &self.request_id))
    }

    /// What may be asked for, and by whom.
    pub(super) fn options(&self) -> Response {
        let mut response = self.response(204, None, String::new());
        response.headers.push("allow", ALLOW);
        response.headers.push("access-control-allow-methods", ALLOW);
        response.headers.push("access-control-allow-headers", "*");
        response
    }

    /// A call of the WebSocket's path that asks for no WebSocket.
    pub(super) fn upgrade_required(&self) -> Response {
        let problem = Problem::new(426, "InvalidParameter", "The specified parameter \"Upgrade\" is not valid.");
        let mut response = self.problem(&problem, Writing::Json);
        response.headers.push("upgrade", "websocket");
        response
    }

    /// A method other than GET and POST.
    pub(super) fn no_such_method(&self, writing: Writing) -> Response {
        let problem = Problem::new(405, "UnsupportedHTTPMethod", "This http method not supported.");
        let mut response = self.problem(&problem, writing);
        response.headers.push("allow", ALLOW);
        response
    }

    fn response(&self, status: u16, writing: Option<Writing>, body: String) -> Response {
        let mut headers = Headers::new();
        headers.push("date", self.date.as_str());
        if let Some(writing) = writing {
            headers.push("content-type", writing.content_type());
        }
        headers.push("access-control-allow-origin", "*");
        headers.push("access-control-expose-headers", "*");
        headers.push("x-acs-request-id", self.request_id.as_str());
        headers.push("x-acs-trace-id", self.trace_id.as_str());
        Response::new(status, headers, body)
    }
}

/// The date in HTTP's one writing (RFC 9110, 5.6.7).
pub(super) fn date(unix: u64) -> String {
    let time = jiff::Timestamp::from_second(i64::try_from(unix).unwrap_or(i64::MAX)).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
