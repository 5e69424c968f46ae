//! Calls in process, for the tests of the operations.

use serde_json::Value;

use super::Server;
use super::settings::{Auth, INSTANCE_ID, REGION_ID, Readings, Settings};
use crate::clock::Moment;
use crate::http::{Headers, Request, Response};
use crate::seed::Seed;

/// The version of the API.
pub const VERSION: &str = "2014-05-26";
/// Unix time of every call.
pub const NOW: u64 = 1_700_000_000;

/// A server that everyone may call, with changed readings.
pub fn server(change: impl FnOnce(&mut Readings)) -> Server {
    let mut settings = Settings { auth: Auth::Open, ..Settings::default() };
    change(&mut settings.readings);
    Server::new(settings, Seed(1))
}

/// One request without a body.
pub fn send(server: &Server, method: &str, target: &str) -> Response {
    let headers = Headers::from_iter([("host", "localhost:8080")]);
    let request = Request { method: method.to_owned(), target: target.to_owned(), headers, body: Vec::new() };
    server.handle(&request, NOW, Moment(0))
}

/// One call of the API's version, answered in JSON.
pub fn get(server: &Server, query: &str) -> (u16, Value) {
    let response = send(server, "GET", &format!("/?Version={VERSION}&Format=JSON&{query}"));
    (response.status, serde_json::from_slice(&response.body).unwrap())
}

/// Status and `Code`, empty without one.
pub fn verdict(server: &Server, query: &str) -> (u16, String) {
    let (status, body) = get(server, query);
    (status, body["Code"].as_str().unwrap_or("").to_owned())
}

/// Starts a session and returns its id.
pub fn open(server: &Server) -> String {
    let (status, body) =
        get(server, &format!("Action=StartTerminalSession&RegionId={REGION_ID}&InstanceId.1={INSTANCE_ID}"));
    assert_eq!(status, 200, "{body}");
    body["SessionId"].as_str().unwrap().to_owned()
}

/// One call of EndTerminalSession: status and `Code`.
pub fn end(server: &Server, region: &str, session: &str) -> (u16, String) {
    verdict(server, &format!("Action=EndTerminalSession&RegionId={region}&SessionId={session}"))
}

/// Compares status and `Code`.
pub fn is(actual: (u16, String), status: u16, code: &str, what: &str) {
    assert_eq!(actual, (status, code.to_owned()), "{what}");
}
