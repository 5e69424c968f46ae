//! From a request to its answer: method, path, format, caller, operation.

use super::answer::{Answer, Problem, Writing};
use super::authorize::authorize;
use super::parameters::Given;
use super::reply::Reply;
use super::session::Now;
use super::settings::{Key, Operation};
use super::{Server, State, describe, end, problem, start};
use crate::http::{Headers, Request, Response};
use crate::wire::{Incoming, Scheme};

/// The only version of the API.
const VERSION: &str = "2014-05-26";
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
        _ => return reply.no_such_method(default),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::clock::Moment;
    use crate::seed::Seed;
    use crate::server::settings::{
        Auth, DefaultFormat, EmptyParameter, INSTANCE_ID, MalformedSession, MissingCode, OTHER_REGION_ID, REGION_ID,
        Readings, RepeatEnd, RepeatedParameter, Settings, UNSUPPORTED_REGION_ID, UnknownRegion,
    };

    const NOW: u64 = 1_700_000_000;

    fn server(change: impl FnOnce(&mut Readings)) -> Server {
        let mut settings = Settings { auth: Auth::Open, ..Settings::default() };
        change(&mut settings.readings);
        Server::new(settings, Seed(1))
    }

    fn send(server: &Server, method: &str, target: &str) -> Response {
        let headers = Headers::from_iter([("host", "localhost:8080")]);
        let request = Request { method: method.to_owned(), target: target.to_owned(), headers, body: Vec::new() };
        server.handle(&request, NOW, Moment(0))
    }

    fn get(server: &Server, query: &str) -> (u16, Value) {
        let response = send(server, "GET", &format!("/?Version={VERSION}&Format=JSON&{query}"));
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    /// Status and `Code`, empty without one.
    fn verdict(server: &Server, query: &str) -> (u16, String) {
        let (status, body) = get(server, query);
        (status, body["Code"].as_str().unwrap_or("").to_owned())
    }

    fn open(server: &Server) -> String {
        let (status, body) =
            get(server, &format!("Action=StartTerminalSession&RegionId={REGION_ID}&InstanceId.1={INSTANCE_ID}"));
        assert_eq!(status, 200, "{body}");
        body["SessionId"].as_str().unwrap().to_owned()
    }

    fn end(server: &Server, region: &str, session: &str) -> (u16, String) {
        verdict(server, &format!("Action=EndTerminalSession&RegionId={region}&SessionId={session}"))
    }

    fn is(actual: (u16, String), status: u16, code: &str, what: &str) {
        assert_eq!(actual, (status, code.to_owned()), "{what}");
    }

    #[test]
    fn end_answers_as_documented() {
        let server = server(|_| ());
        let (first, second) = (open(&server), open(&server));
        is(end(&server, REGION_ID, "s-hz023od0x90000"), 404, "InvalidSessionId.NotFound", "unknown session");
        is(end(&server, OTHER_REGION_ID, &first), 404, "InvalidSessionId.NotFound", "another region's session");
        is(end(&server, UNSUPPORTED_REGION_ID, &first), 400, "RegionId.ApiNotSupported", "region without the API");
        is(end(&server, "CN-HANGZHOU", &first), 404, "InvalidRegionId.NotFound", "another case");
        is(end(&server, REGION_ID, &first.to_uppercase()), 404, "InvalidSessionId.NotFound", "another case");
        is(end(&server, REGION_ID, &format!("%20{first}")), 404, "InvalidSessionId.NotFound", "white space");
        is(end(&server, REGION_ID, &first), 200, "", "open session");
        is(end(&server, REGION_ID, &first), 404, "InvalidSessionId.NotFound", "ended session");
        is(end(&server, REGION_ID, &second), 200, "", "the other session is still open");
    }

    #[test]
    fn ending_adds_nothing_but_the_request_id() {
        let server = server(|_| ());
        let session = open(&server);
        let (_, body) = get(&server, &format!("Action=EndTerminalSession&RegionId={REGION_ID}&SessionId={session}"));
        assert_eq!(body.as_object().unwrap().keys().collect::<Vec<_>>(), ["RequestId"]);
    }

    #[test]
    fn every_reading_of_an_open_question_changes_its_answer_alone() {
        type Row = (&'static str, fn(&mut Readings), &'static str, u16, &'static str);
        let rows: [Row; 16] = [
            ("repeat-end not-found", |_| (), "R&SessionId=ENDED", 404, "InvalidSessionId.NotFound"),
            ("repeat-end idempotent", |r| r.repeat_end = RepeatEnd::Idempotent, "R&SessionId=ENDED", 200, ""),
            ("unknown-region not-found", |_| (), "RegionId=x&SessionId=s-1", 404, "InvalidRegionId.NotFound"),
            (
                "unknown-region not-supported",
                |r| r.unknown_region = UnknownRegion::NotSupported,
                "RegionId=x&SessionId=s-1",
                400,
                "RegionId.ApiNotSupported",
            ),
            (
                "unknown-region invalid",
                |r| r.unknown_region = UnknownRegion::Invalid,
                "RegionId=x&SessionId=s-1",
                400,
                "InvalidParameter.RegionId",
            ),
            ("empty-parameter missing", |_| (), "R&SessionId=", 400, "MissingParameter"),
            (
                "empty-parameter not-found, session",
                |r| r.empty_parameter = EmptyParameter::NotFound,
                "R&SessionId=",
                404,
                "InvalidSessionId.NotFound",
            ),
            (
                "empty-parameter not-found, region",
                |r| r.empty_parameter = EmptyParameter::NotFound,
                "RegionId=&SessionId=s-1",
                404,
                "InvalidRegionId.NotFound",
            ),
            (
                "empty-parameter not-found, malformed-session invalid",
                |r| {
                    r.empty_parameter = EmptyParameter::NotFound;
                    r.malformed_session = MalformedSession::Invalid;
                },
                "R&SessionId=",
                404,
                "InvalidSessionId.NotFound",
            ),
            ("malformed-session not-found", |_| (), "R&SessionId=%00'--", 404, "InvalidSessionId.NotFound"),
            (
                "malformed-session invalid",
                |r| r.malformed_session = MalformedSession::Invalid,
                "R&SessionId=%00'--",
                400,
                "InvalidSessionId.Malformed",
            ),
            ("repeated-parameter first", |_| (), "R&SessionId=OPEN&SessionId=s-1", 200, ""),
            (
                "repeated-parameter last",
                |r| r.repeated_parameter = RepeatedParameter::Last,
                "R&SessionId=s-1&SessionId=OPEN",
                200,
                "",
            ),
            (
                "repeated-parameter refused",
                |r| r.repeated_parameter = RepeatedParameter::Refused,
                "R&SessionId=OPEN&SessionId=OPEN",
                400,
                "InvalidParameter",
            ),
            ("missing, dotted", |r| r.missing_code = MissingCode::Dotted, "R", 400, "MissingParameter.SessionId"),
            ("missing, joined", |r| r.missing_code = MissingCode::Joined, "R", 400, "MissingSessionId"),
        ];
        for (name, change, query, status, code) in rows {
            let server = server(change);
            let (opened, ended) = (open(&server), open(&server));
            is(end(&server, REGION_ID, &ended), 200, "", name);
            let region = format!("RegionId={REGION_ID}");
            let query =
                query.replacen("R&", &format!("{region}&"), 1).replace("OPEN", &opened).replace("ENDED", &ended);
            let query = if query == "R" { region } else { query };
            is(verdict(&server, &format!("Action=EndTerminalSession&{query}")), status, code, name);
        }
    }

    #[test]
    fn start_refuses_what_the_documents_refuse() {
        let server = server(|_| ());
        let long = |length| "x".repeat(length);
        let many = (1..=11).map(|n| format!("InstanceId.{n}=i-{n}")).collect::<Vec<_>>().join("&");
        let rows = [
            ("no instance", String::new(), 400, "MissingParameter"),
            ("too many instances", many, 403, "InstanceIds.ExceedLimit"),
            ("no such instance", "InstanceId.1=x".to_owned(), 404, "InvalidInstance.NotFound"),
            ("port", "I&PortNumber=70000".to_owned(), 400, "PortNumber.Invalid"),
            ("connection type", "I&ConnectionType=Moon".to_owned(), 400, "InvalidParameter.ConnectionType"),
            ("encryption", "I&EncryptionOptions=yes".to_owned(), 400, "InvalidParameter"),
            ("long token", format!("I&ClientToken={}", long(65)), 400, "InvalidParameter"),
            ("long name", format!("I&Username={}", long(129)), 403, "Username.ExceedLimit"),
            ("long command", format!("I&CommandLine={}", long(513)), 403, "InvalidCommandLine.LengthLimitExceeded"),
            (
                "long password name",
                format!("I&PasswordName={}", long(256)),
                403,
                "InvalidPasswordName.LengthLimitExceeded",
            ),
            (
                "long target",
                format!("I&PortNumber=1&TargetServer={}", long(129)),
                403,
                "InvalidTargetServer.LengthLimitExceeded",
            ),
            ("command and port", "I&CommandLine=ls&PortNumber=1".to_owned(), 403, "InvalidCommandLine.Conflict"),
            ("target without port", "I&TargetServer=h".to_owned(), 403, "InvalidTargetServer.MissingPortNumber"),
            (
                "command on two",
                "I&InstanceId.2=i-2&CommandLine=ls".to_owned(),
                403,
                "InvalidInstanceIds.CountLimitExceeded",
            ),
            ("empty options count as unset", "I&PortNumber=&CommandLine=&ClientToken=".to_owned(), 200, ""),
            (
                "everything",
                "I&PortNumber=22&TargetServer=h&Username=u&ConnectionType=Intranet&EncryptionOptions=%7B%7D".to_owned(),
                200,
                "",
            ),
        ];
        for (name, query, status, code) in rows {
            let query = query.replacen("I&", "InstanceId.1=i-1&", 1);
            let query = format!("Action=StartTerminalSession&RegionId={REGION_ID}&{query}");
            is(verdict(&server, &query), status, code, name);
        }
        let elsewhere = |region: &str| format!("Action=StartTerminalSession&RegionId={region}&InstanceId.1=i-1");
        is(verdict(&server, &elsewhere("x")), 404, "InvalidRegionId.NotFound", "no region");
        is(verdict(&server, &elsewhere(UNSUPPORTED_REGION_ID)), 400, "RegionId.ApiNotSupported", "no API");
    }

    #[test]
    fn start_hands_out_a_url_with_session_and_token_on_the_host_that_was_called() {
        let query = format!("Action=StartTerminalSession&RegionId={REGION_ID}&InstanceId.1=i-1");
        let (_, body) = get(&server(|_| ()), &query);
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let (id, token) = (text("SessionId"), text("SecurityToken"));
        assert_eq!(text("WebSocketUrl"), format!("ws://localhost:8080/session?sessionId={id}&token={token}"));
    }

    #[test]
    fn describe_lists_page_by_page_until_every_session_was_shown_once() {
        let server = server(|_| ());
        let opened: BTreeSet<String> = (0..25).map(|_| open(&server)).collect();
        let (mut seen, mut token) = (Vec::new(), String::new());
        for page in [10, 10, 5] {
            let query = format!("Action=DescribeTerminalSessions&RegionId={REGION_ID}&NextToken={token}");
            let (status, body) = get(&server, &query);
            let sessions = body["Sessions"]["Session"].as_array().unwrap();
            assert_eq!((status, sessions.len()), (200, page));
            seen.extend(sessions.iter().map(|session| session["SessionId"].as_str().unwrap().to_owned()));
            token = body["NextToken"].as_str().unwrap().to_owned();
        }
        assert_eq!((token.as_str(), seen.len()), ("", 25));
        assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), opened);
    }

    #[test]
    fn describe_finds_by_session_and_instance_and_shows_the_end() {
        let server = server(|_| ());
        let session = open(&server);
        let look = |query: &str| {
            let (_, body) = get(&server, &format!("Action=DescribeTerminalSessions&RegionId={REGION_ID}&{query}"));
            body["Sessions"]["Session"].as_array().unwrap().clone()
        };
        let by_id = format!("SessionId={session}");
        let connection = |sessions: &[Value]| sessions[0]["Connections"]["Connection"][0].clone();
        assert_eq!(connection(&look(&by_id))["Status"], "Connecting");
        assert_eq!(look(&format!("InstanceId={INSTANCE_ID}")).len(), 1);
        assert_eq!((look("InstanceId=i-2").len(), look("SessionId=s-1").len()), (0, 0));
        is(end(&server, REGION_ID, &session), 200, "", "end");
        let ended = connection(&look(&by_id));
        assert_eq!((&ended["Status"], &ended["ClosedReason"]), (&"Terminated".into(), &"ClientClosed".into()));
        assert_eq!(ended["EndTime"], "2023-11-14T22:13:20Z");
    }

    #[test]
    fn describe_refuses_what_the_documents_refuse() {
        let server = server(|_| ());
        let rows = [
            ("no region", "x=1", 400, "MissingParameter"),
            ("unknown region", "RegionId=x", 404, "InvalidRegionId.NotFound"),
            ("page size", "RegionId=cn-hangzhou&MaxResults=0", 400, "InvalidParameter.MaxResults"),
            ("page token", "RegionId=cn-hangzhou&NextToken=x", 400, "InvalidParameter.NextToken"),
        ];
        for (name, query, status, code) in rows {
            is(verdict(&server, &format!("Action=DescribeTerminalSessions&{query}")), status, code, name);
        }
    }

    #[test]
    fn the_operation_is_named_exactly() {
        let server = server(|_| ());
        let rows = [
            ("unknown", "Action=Nothing", 404, "InvalidAction.NotFound"),
            ("another case", "Action=endterminalsession", 404, "InvalidAction.NotFound"),
            ("missing", "", 400, "MissingParameter"),
        ];
        for (name, query, status, code) in rows {
            is(verdict(&server, query), status, code, name);
        }
        let versions =
            [("/?Action=EndTerminalSession&Version=2020-01-01", "InvalidVersion"), ("/?Action=X", "Missing")];
        for (target, code) in versions {
            let body = String::from_utf8(send(&server, "GET", target).body).unwrap();
            assert!(body.contains(&format!("<Code>{code}")), "{body}");
        }
    }

    #[test]
    fn the_format_is_taken_in_any_case_and_defaults_as_set() {
        let json = "application/json;charset=utf-8";
        let xml = "text/xml;charset=utf-8";
        let rows = [
            ("JSON", DefaultFormat::Xml, "Format=JSON", json),
            ("json", DefaultFormat::Xml, "Format=json", json),
            ("Xml", DefaultFormat::Json, "Format=Xml", xml),
            ("default xml", DefaultFormat::Xml, "", xml),
            ("default json", DefaultFormat::Json, "", json),
            ("empty", DefaultFormat::Json, "Format=", json),
            ("neither", DefaultFormat::Json, "Format=yaml", json),
        ];
        for (name, default, query, expected) in rows {
            let server = server(|readings| readings.default_format = default);
            let response = send(&server, "GET", &format!("/?Action=EndTerminalSession&Version={VERSION}&{query}"));
            assert_eq!((response.status, response.headers.get("content-type")), (400, Some(expected)), "{name}");
        }
    }

    #[test]
    fn other_methods_and_paths_are_refused_and_change_nothing() {
        let server = server(|_| ());
        let session = open(&server);
        let query = format!("?Action=EndTerminalSession&Version={VERSION}&RegionId={REGION_ID}&SessionId={session}");
        for (method, path, status) in [
            ("PUT", "/", 405),
            ("PATCH", "/", 405),
            ("DELETE", "/", 405),
            ("HEAD", "/", 405),
            ("get", "/", 405),
            ("OPTIONS", "/", 204),
            ("OPTIONS", "*", 204),
            ("GET", "/other", 404),
            ("GET", "/session", 426),
        ] {
            let response = send(&server, method, &format!("{path}{query}"));
            assert_eq!(response.status, status, "{method} {path}");
            assert_eq!(response.headers.get("allow").is_some(), matches!(status, 405 | 204), "{method} {path}");
        }
        is(end(&server, REGION_ID, &session), 200, "", "the session is still open");
    }

    #[test]
    fn what_cannot_be_decoded_is_refused() {
        let server = server(|_| ());
        for target in ["/?SessionId=%", "/?SessionId=%zz", "/?SessionId=%ff", "/?%"] {
            assert_eq!(send(&server, "GET", target).status, 400, "{target}");
        }
    }

    #[test]
    fn every_answer_has_a_request_id_of_its_own_in_body_and_header() {
        let server = server(|readings| readings.default_format = DefaultFormat::Json);
        let mut ids = BTreeSet::new();
        for target in ["/", "/x", "/?Action=X", "/?SessionId=%"].iter().cycle().take(100) {
            let response = send(&server, "GET", target);
            let body: Value = serde_json::from_slice(&response.body).unwrap();
            assert_eq!(response.headers.get("x-acs-request-id"), body["RequestId"].as_str(), "{target}");
            assert_eq!(response.headers.get("date"), Some("Tue, 14 Nov 2023 22:13:20 GMT"));
            ids.insert(body["RequestId"].to_string());
        }
        assert_eq!(ids.len(), 100);
    }

    #[test]
    fn a_host_that_is_more_than_a_host_is_not_repeated() {
        let base = |host: &str| base_of(&Headers::from_iter([("host", host)]));
        assert_eq!(base("[::1]:80"), "ws://[::1]:80");
        assert_eq!(base("a/?b="), "ws://localhost");
        assert_eq!(base_of(&Headers::new()), "ws://localhost");
    }
}
