//! From a request to its answer: method, path, format, caller, operation.

use super::answer::{Answer, Problem, Writing};
use super::authorize::{Claim, Gate};
use super::fault::{Asked, Scene};
use super::parameters::Given;
use super::reply::Reply;
use super::session::Now;
use super::settings::{Key, Operation, Settings};
use super::{Server, State, describe, end, problem, start};
use crate::http::{Headers, Request, Response};
use crate::wire::{Incoming, Parameters, Scheme};

/// The only version of the API.
const VERSION: &str = "2014-05-26";

/// Answers one request, a function of it, the state and the time; `asked` is for faults alone.
pub(super) fn handle(server: &Server, request: &Request, asked: &Asked, now: Now) -> Response {
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
        Ok(writing) => {
            let performed = perform(server, &mut state, request, &incoming, asked, now);
            // A call that is refused may have used its nonce.
            match state.commit().and(performed) {
                Ok(answer) => reply.answer(answer, writing),
                Err(problem) => reply.problem(&problem, writing),
            }
        }
    }
}

/// Caller, then operation, then parameters.
fn perform(
    server: &Server,
    state: &mut State,
    request: &Request,
    incoming: &Incoming<'_>,
    asked: &Asked,
    now: Now,
) -> Result<Answer, Problem> {
    let settings = &*server.settings;
    let gate = Gate::new(settings, now);
    let key =
        gate.admit(Claim { incoming, body: &request.body, query: request.query(), asked }, &mut state.model.nonces)?;
    let (none, meant) = (Headers::new(), meant(settings, state, incoming, asked, now));
    let meant = meant.map(|query| Incoming { query, form: Vec::new(), headers: &none, ..incoming.clone() });
    let incoming = meant.as_ref().unwrap_or(incoming);
    let given = Given::new(incoming, settings.readings);
    let operation = operation(incoming, given, server)?;
    gate.permit(key, operation, asked)?;
    match operation {
        Operation::Start => {
            let base = settings.web_socket_base.clone().unwrap_or_else(|| base_of(&request.headers));
            start::start(&mut state.model, settings, &mut state.entropy, given, (&base, principal(key)), now)
        }
        Operation::Describe => describe::describe(&state.model, settings, given, now),
        Operation::End => {
            let answer = end::end(&mut state.model, settings, given, now)?;
            server.tell_ended();
            Ok(answer)
        }
    }
}

/// The parameters as a fault has them mean something else.
fn meant(
    settings: &Settings,
    state: &mut State,
    incoming: &Incoming<'_>,
    asked: &Asked,
    now: Now,
) -> Option<Parameters> {
    let State { model, entropy, scratch, .. } = state;
    settings.fault?.meant(incoming, &mut Scene::new(asked, model, scratch, entropy, now))
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

/// `ws://`, or `wss://` where what stands before us ended TLS, and the host by which the caller reached us, when it is
/// nothing but a host.
fn base_of(headers: &Headers) -> String {
    let plain = |host: &&str| {
        !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'[' | b']'))
    };
    let scheme = if headers.get("x-forwarded-proto") == Some("https") { "wss" } else { "ws" };
    format!("{scheme}://{}", headers.get("host").filter(plain).unwrap_or("localhost"))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;
    use crate::clock::Moment;
    use crate::seed::Seed;
    use crate::server::calls::{NOW, end, is, open, send, server, verdict};
    use crate::server::settings::{DefaultFormat, REGION_ID, Settings};

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
    fn no_request_gets_a_server_error_or_an_answer_that_cannot_be_read() {
        const WORDS: [&str; 24] = [
            "Action=",
            "Version=2014-05-26",
            "EndTerminalSession",
            "StartTerminalSession",
            "DescribeTerminalSessions",
            "RegionId=",
            "cn-hangzhou",
            "SessionId=",
            "InstanceId.1=",
            "i-1",
            "MaxResults=",
            "NextToken=",
            "PortNumber=",
            "Format=",
            "xml",
            "JSON",
            "Signature=x",
            "AccessKeyId=",
            "&",
            "=",
            "%",
            "%00",
            "\u{e9}",
            "]]>",
        ];
        let servers = [Server::new(Settings::default(), Seed(1)), server(|_| ())];
        arbtest::arbtest(|u| {
            let mut text = |most| -> arbitrary::Result<String> {
                (0..u.int_in_range(0..=most)?).map(|_| u.choose(&WORDS).copied()).collect()
            };
            let (target, body) = (format!("/?{}", text(30)?), text(10)?);
            let mut headers = Headers::from_iter([("content-type", "application/x-www-form-urlencoded")]);
            for name in ["host", "authorization", "accept", "x-acs-action", "x-acs-version", "x-acs-date"] {
                if u.ratio(1, 3)? {
                    headers.push(name, u.arbitrary::<Vec<u8>>()?);
                }
            }
            if u.ratio(1, 4)? {
                headers.push(
                    "authorization",
                    "ACS3-HMAC-SHA256 Credential=endspec-reference-key,SignedHeaders=host,Signature=0",
                );
            }
            let method = (*u.choose(&["GET", "POST", "PUT", "OPTIONS", ""])?).to_owned();
            let request = Request { method, target, headers, body: body.into_bytes() };
            let response = u.choose(&servers)?.handle(&request, NOW, Moment(0));
            assert!(response.status < 500, "{request:?}");
            match response.headers.get("content-type") {
                Some("application/json;charset=utf-8") => {
                    assert!(serde_json::from_slice::<Value>(&response.body).is_ok(), "{request:?}");
                }
                Some(_) => {
                    let body = std::str::from_utf8(&response.body).unwrap();
                    assert!(roxmltree::Document::parse(body).is_ok(), "{request:?}");
                }
                None => assert_eq!(response.status, 204),
            }
            Ok(())
        });
    }

    #[test]
    fn a_host_that_is_more_than_a_host_is_not_repeated() {
        let base = |host: &str| base_of(&Headers::from_iter([("host", host)]));
        assert_eq!(base("[::1]:80"), "ws://[::1]:80");
        assert_eq!(base("a/?b="), "ws://localhost");
        assert_eq!(base_of(&Headers::new()), "ws://localhost");
        let secure: Headers = [("host", "a"), ("x-forwarded-proto", "https")].into_iter().collect();
        assert_eq!(base_of(&secure), "wss://a");
    }
}
