//! Small constructors for the tests of this folder: a contract, cases, records, answers.

use std::sync::{Arc, OnceLock};

// By path, since only tests may look at what stands beside the checks.
use super::super::load;
use super::{Context, Event, Judgement, Look, Observation, Observer, Place, Record, Role, Seen, Sight};
use crate::case::{Case, Class, Mutation};
use crate::clock::Moment;
use crate::contract::{Contract, OutcomeRef, Readings};
use crate::http::{Cause, CauseKind, Exchange, Headers, Lane, Reply, Request, Response};
use crate::source::Source;
use crate::wire::{self, Call, Credential, Encoding, Format, Order, Placement, Scheme, Stamp, WireForm};

/// A RequestId in the shape of the page's example.
pub(super) const ID: &str = "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E";
/// The documented message of a session that does not exist.
pub(super) const NOT_FOUND: &str = "The specified SessionId does not exist.";

pub(super) fn contract() -> &'static Contract {
    static CONTRACT: OnceLock<Contract> = OnceLock::new();
    CONTRACT.get_or_init(|| load::contract::built_in(None))
}

/// The default readings, with these declared: `name=value`.
pub(super) fn readings(declared: &[&str]) -> Readings {
    let pair = |text: &&str| text.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
    let pairs: Vec<(String, String)> = declared.iter().filter_map(pair).collect();
    Readings::resolve(contract(), &pairs).expect("the readings exist")
}

/// What checks may know, under the default readings.
pub(super) fn context() -> Context<'static> {
    static READINGS: OnceLock<Readings> = OnceLock::new();
    Context { contract: contract(), readings: READINGS.get_or_init(|| readings(&[])) }
}

/// A case of these lines; `clauses`, then `steps`.
pub(super) fn case(text: &str) -> Arc<Case> {
    let source = Source::new("sample.yaml", text);
    match load::case::case(&source, "sample", contract()) {
        Ok(case) => Arc::new(case),
        Err(mistakes) => panic!("{text}: {mistakes:#?}"),
    }
}

/// A case of one call of EndTerminalSession that proves `clause`.
pub(super) fn call(clause: &str, expect: &str) -> Arc<Case> {
    case(&format!(
        "clauses: [{clause}]\nsteps:\n  - call: EndTerminalSession\n    \
         with: {{ RegionId: r, SessionId: s-hz00000000000000 }}\n    expect: {expect}\n"
    ))
}

/// The way in which official clients call, unsigned.
pub(super) fn form() -> WireForm {
    let (placement, format) = (Placement::PostQuery, Some(Format::Json));
    WireForm { placement, format, scheme: Scheme::None, order: Order::AsGiven, encoding: Encoding::Strict }
}

/// EndTerminalSession for a session, as sent in a form.
pub(super) fn request(form: WireForm, session: &str) -> Request {
    let call = Call {
        action: Some("EndTerminalSession".to_owned()),
        version: Some("2014-05-26".to_owned()),
        parameters: vec![
            ("RegionId".to_owned(), "cn-hangzhou".to_owned()),
            ("SessionId".to_owned(), session.to_owned()),
        ],
        headers: Headers::new(),
    };
    let stamp = Stamp { timestamp: "2026-01-01T00:00:00Z".to_owned(), nonce: "n".to_owned() };
    wire::encode(&call, form, "ecs.example.com", "/", Some(&Credential::new("testid", "testsecret")), &stamp)
}

/// What became of a request of the step at index 0, in a form.
pub(super) fn sent_in(form: WireForm, role: Role, reply: Reply) -> Record {
    let request = request(form, "s-hz00000000000000");
    let (sent, done) = (Moment(0), Moment(1));
    let exchange = Exchange { request, raw: None, reply, lane: Lane::Live, sent, done };
    let event = Event::Exchange(Box::new(exchange));
    Record { step: Some(0), ..Record::new(role, Some("EndTerminalSession".to_owned()), Some(form), event) }
}

/// What became of a request of the step at index 0.
pub(super) fn sent(role: Role, reply: Reply) -> Record {
    sent_in(form(), role, reply)
}

/// A record with its exchange changed.
pub(super) fn with(mut record: Record, change: impl FnOnce(&mut Exchange)) -> Record {
    if let Event::Exchange(exchange) = &mut record.event {
        change(exchange);
    }
    record
}

/// A generated value.
pub(super) fn mutation(name: &'static str, clause: &'static str, value: &str, permits: &[&str]) -> Option<Mutation> {
    let permits = permits.iter().map(|name| OutcomeRef::reading(name)).collect();
    Some(Mutation { name, class: Class::Malformed, clause, values: vec![value.to_owned()], permits })
}

/// An answer with a RequestId in its header, of the format that its body begins like.
pub(super) fn answer(status: u16, body: impl Into<Vec<u8>>) -> Response {
    let body = body.into();
    let is_xml = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(&body).starts_with(b"<");
    let declared = if is_xml { "text/xml;charset=utf-8" } else { "application/json;charset=utf-8" };
    let headers: Headers = [("content-type", declared), ("x-acs-request-id", ID)].into_iter().collect();
    Response::new(status, headers, body)
}

/// An error with all that it should hold.
pub(super) fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = format!(r#"{{"RequestId":"{ID}","HostId":"h","Code":"{code}","Message":"{message}"}}"#);
    answer(status, body)
}

/// The documented answer for a session that does not exist.
pub(super) fn not_found() -> Response {
    refusal(404, "InvalidSessionId.NotFound", NOT_FOUND)
}

/// A success of EndTerminalSession.
pub(super) fn success() -> Response {
    answer(200, format!(r#"{{"RequestId":"{ID}"}}"#))
}

pub(super) fn lost(kind: CauseKind) -> Reply {
    Reply::Lost(Cause::new(kind, "gone"))
}

/// A look at the session `victim`.
pub(super) fn look(observations: &[(Observer, Sight)]) -> Look {
    let observation = |(observer, sight): &(Observer, Sight)| Observation {
        observer: *observer,
        sight: *sight,
        manner: None,
        words: "words".to_owned(),
    };
    let observations = observations.iter().map(observation).collect();
    Look { session: "victim".to_owned(), at_once: Vec::new(), observations, at: Moment(0), done: Moment(1) }
}

/// The clauses of the findings, each once, in order.
pub(super) fn broken(judgement: &Judgement) -> Vec<&str> {
    let mut clauses: Vec<&str> = judgement.findings.iter().map(|finding| finding.clause.as_str()).collect();
    clauses.sort_unstable();
    clauses.dedup();
    clauses
}

/// Judges one answer of an operation by a rule for all answers.
pub(super) fn judged(
    operation: &str,
    response: &Response,
    rule: impl FnOnce(Place<'_>, &Seen<'_>, &mut Judgement),
) -> Judgement {
    let case = call("end/session/unknown", "session-not-found");
    let mut record = sent(Role::Judged, Reply::Answered(response.clone()));
    record.operation = Some(operation.to_owned());
    let mut judgement = Judgement::default();
    rule(Place { case: &case, record: &record, index: 0 }, &Seen::of(response), &mut judgement);
    judgement
}
