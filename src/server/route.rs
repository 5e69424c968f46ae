//! From a request to its answer: method, path, format, caller, operation.

use super::answer::{Answer, Problem, Writing};
use super::authorize::authorize;
use super::model::{self, Now};
use super::parameters::Given;
use super::settings::{Key, Operation};
use super::{Server, State, describe, end, problem, start};
use crate::clock::Moment;
use crate::http::{Headers, Request, Response};
use crate::seed::Stream;
use crate::wire::{Incoming, Scheme};

/// The only version of the API.
const VERSION: &str = "2014-05-26";
/// Methods that mean something here.
const ALLOW: &str = "GET, POST, OPTIONS";

/// Answers one request, a function of it, the state and the time.
pub(super) fn handle(server: &Server, request: &Request, now: Now) -> Response {
    let mut state = server.lock();
    let reply = Reply::new(server, &mut state.entropy, now);
    let default = Writing::from(server.settings.readings.default_format);
    match (request.method.as_str(), request.path()) {
        ("GET" | "POST", "" | "/") => {}
        ("GET" | "POST", "/session") => return reply.upgrade_required(),
        ("GET" | "POST", _) => return reply.problem(&problem::no_such_action(), default),
        ("OPTIONS", _) => return reply.options(),
        _ => {
            let mut response = reply.problem(&problem::no_such_method(), default);
            response.headers.push("allow", ALLOW);
            return response;
        }
    }
    let incoming = match Incoming::parse(request) {
        Ok(incoming) => incoming,
        Err(why) => return reply.problem(&problem::not_valid(&why.to_string()), default),
    };
    let given = Given::new(&incoming, server.settings.readings);
    match writing(&incoming, given, default) {
        Err(problem) => reply.problem(&problem, default),
        Ok(writing) => match perform(server, &mut state, request, &incoming, now) {
            Ok(answer) => reply.answer(answer, writing),
            Err(problem) => reply.problem(&problem, writing),
        },
    }
}

/// A refusal that has nothing to do with any operation, in JSON.
pub(super) fn refuse(server: &Server, problem: &Problem, now_unix: u64, now: Moment) -> Response {
    let now = Now { unix: now_unix, moment: now };
    Reply::new(server, &mut server.lock().entropy, now).problem(problem, Writing::Json)
}

/// Caller, then operation, then parameters.
fn perform(
    server: &Server,
    state: &mut State,
    request: &Request,
    incoming: &Incoming<'_>,
    now: Now,
) -> Result<Answer, Problem> {
    let settings = &*server.settings;
    let given = Given::new(incoming, settings.readings);
    let key = authorize(settings, incoming, &request.body, &mut state.model.nonces, now)?;
    let operation = operation(incoming, given, server)?;
    if key.is_some_and(|key| !key.allowed.contains(&operation)) {
        return Err(problem::not_allowed());
    }
    match operation {
        Operation::Start => {
            let base = settings.web_socket_base.clone().unwrap_or_else(|| base_of(&request.headers));
            start::start(&mut state.model, settings, &mut state.entropy, given, (&base, principal(key)), now)
        }
        Operation::Describe => describe::describe(&state.model, settings, given, now),
        Operation::End => {
            let answer = end::end(&mut state.model, settings, given, now)?;
            server.ended.send_modify(|count| *count += 1);
            Ok(answer)
        }
    }
}

fn operation(incoming: &Incoming<'_>, given: Given<'_>, server: &Server) -> Result<Operation, Problem> {
    let (action, version) = match incoming.scheme() {
        Scheme::V3 => (incoming.action(), incoming.version()),
        Scheme::V1 | Scheme::None => (given.value("Action")?, given.value("Version")?),
    };
    let there = |value: Option<&'_ str>, name: &str| match value {
        Some(value) if !value.is_empty() => Ok(value.to_owned()),
        _ => Err(problem::missing(name, server.settings.readings.missing_code)),
    };
    let (action, version) = (there(action, "Action")?, there(version, "Version")?);
    if version != VERSION {
        return Err(problem::no_such_version());
    }
    Operation::ALL.into_iter().find(|operation| operation.name() == action).ok_or_else(problem::no_such_action)
}

/// `Format` decides; without it `accept` does, under V3 alone, since browsers and tools send one of their own.
fn writing(incoming: &Incoming<'_>, given: Given<'_>, default: Writing) -> Result<Writing, Problem> {
    match given.optional("Format")? {
        Some(format) if format.eq_ignore_ascii_case("json") => Ok(Writing::Json),
        Some(format) if format.eq_ignore_ascii_case("xml") => Ok(Writing::Xml),
        Some(_) => Err(problem::no_such_format()),
        None if incoming.scheme() == Scheme::V3 => Ok(accepted(incoming.headers).unwrap_or(default)),
        None => Ok(default),
    }
}

fn accepted(headers: &Headers) -> Option<Writing> {
    let types = headers.get("accept")?.split(',').map(|item| item.split(';').next().unwrap_or("").trim());
    types
        .filter_map(|media| match media.to_ascii_lowercase().as_str() {
            "application/json" => Some(Writing::Json),
            "application/xml" | "text/xml" => Some(Writing::Xml),
            _ => None,
        })
        .next()
}

fn principal(key: Option<&Key>) -> (String, bool) {
    key.map_or_else(Default::default, |key| (key.id.clone(), key.token.is_some()))
}

/// `ws://` and the host by which the caller reached us, when it is nothing but a host.
fn base_of(headers: &Headers) -> String {
    let plain = |host: &&str| {
        !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
    };
    format!("ws://{}", headers.get("host").filter(plain).unwrap_or("localhost"))
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
            request_id: model::uuid(entropy, now),
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

    fn answer(&self, answer: Answer, writing: Writing) -> Response {
        self.response(200, Some(writing), writing.answer(answer, &self.request_id))
    }

    fn options(&self) -> Response {
        let mut response = self.response(204, None, String::new());
        response.headers.push("allow", ALLOW);
        response.headers.push("access-control-allow-methods", ALLOW);
        response.headers.push("access-control-allow-headers", "*");
        response
    }

    fn upgrade_required(&self) -> Response {
        let problem = Problem::new(426, "InvalidParameter", "The specified parameter \"Upgrade\" is not valid.");
        let mut response = self.problem(&problem, Writing::Json);
        response.headers.push("upgrade", "websocket");
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
fn date(unix: u64) -> String {
    let time = jiff::Timestamp::from_second(i64::try_from(unix).unwrap_or(i64::MAX)).unwrap_or(jiff::Timestamp::MAX);
    time.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
