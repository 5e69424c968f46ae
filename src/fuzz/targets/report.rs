//! Reports of an endpoint that says anything: well-formed whatever it said, and nothing that a terminal obeys.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use arbitrary::Unstructured;

use super::{CONTRACT, of, parameters, texts};
use crate::case::Case;
use crate::check::{self, CaseResult, Context, Event, Record, Role, Skip};
use crate::clock::Moment;
use crate::contract::Readings;
use crate::http::{Cause, CauseKind, Exchange, Headers, Lane, Reply, Response};
use crate::load;
use crate::report::{self, Facts, Report, terminal};
use crate::source::Source;
use crate::wire::{Call, Encoding, Format, Order, Placement, Scheme, Stamp, WireForm, encode};

/// What the endpoint is asked.
const CASE: &str = "
clauses: [end/session/unknown]
steps:
  - call: EndTerminalSession
    with: { RegionId: r, SessionId: s }
    expect: session-not-found
";

/// Bytes that the request repeats: one that is longer may be refused for its length.
const ASKED_BYTES: usize = 256;

static ASKED: LazyLock<Arc<Case>> = LazyLock::new(|| {
    let case = load::case::case(&Source::new("case.yaml", CASE), "case", &CONTRACT);
    Arc::new(case.unwrap_or_else(|mistakes| panic!("{mistakes:?}")))
});

/// Judges an answer and reports it.
///
/// # Panics
/// When a report does not say the same when it is read again, or holds a control sequence in any format.
pub fn check(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let status = of(&mut u, &[200, 404, 400, 500, 302]);
    let answered = u.ratio(7, 8).unwrap_or(true);
    let style = terminal::Style { color: u.arbitrary().unwrap_or(false), width: of(&mut u, &[100, 1, 40]) };
    let said = u.take_rest();
    let record = record(said, answered, status);
    let report = judged(record, said);
    assert_eq!(report.cases.len(), 1);

    let json = report::json::render(&report);
    assert_eq!(report::json::read(&json).as_ref(), Ok(&report));
    for (format, render) in report::FORMATS {
        let text = String::from_utf8(render(&report)).expect("a report is UTF-8");
        assert_eq!(obeyed(&text, false), None, "{format}: {text:?}");
    }
    let text = terminal::render(&report, style);
    assert!(text.starts_with("endspec ") && text.contains("\nverdict:"), "{text}");
    assert_eq!(obeyed(&text, style.color), None, "{text:?}");
}

/// Of these texts: a header's name and value, and the body.
fn record(said: &[u8], answered: bool, status: u16) -> Record {
    let mut texts = said.splitn(3, |byte| *byte == super::BETWEEN);
    let mut next = || texts.next().unwrap_or_default();
    let (name, value) = (String::from_utf8_lossy(next()).into_owned(), next().to_vec());
    let body = next().to_vec();
    let call = Call {
        action: Some("EndTerminalSession".to_owned()),
        version: Some("2014-05-26".to_owned()),
        parameters: parameters(&said[..said.len().min(ASKED_BYTES)]),
        headers: Headers::new(),
    };
    let form = WireForm {
        placement: Placement::GetQuery,
        format: Some(Format::Json),
        scheme: Scheme::None,
        order: Order::AsGiven,
        encoding: Encoding::Strict,
    };
    let stamp = Stamp { timestamp: String::new(), nonce: String::new() };
    let request = encode(&call, form, "ecs.test", "/", None, &stamp);
    let words = String::from_utf8_lossy(&value).into_owned();
    let reply = if answered {
        Reply::Answered(Response::new(status, [(name, value)].into_iter().collect(), body))
    } else {
        Reply::Lost(Cause::new(CauseKind::NotHttp, words))
    };
    let exchange = Exchange { request, raw: None, reply, lane: Lane::Live, sent: Moment(0), done: Moment(1) };
    let event = Event::Exchange(Box::new(exchange));
    let record = Record::new(Role::Judged, Some("EndTerminalSession".to_owned()), Some(form), event);
    Record { step: Some(0), ..record }
}

/// The report on it, as a run builds it.
fn judged(record: Record, said: &[u8]) -> Report {
    let readings = Readings::defaults(&CONTRACT);
    let context = Context { contract: &CONTRACT, readings: &readings };
    let records = [record];
    let mut result = CaseResult { skip: None, ..CaseResult::skipped(ASKED.clone(), Skip::Untested(String::new())) };
    result.add(check::step(context, &ASKED, 0, &records, 0));
    result.add(check::answers(context, &ASKED, &records, 0));
    result.history = records.into();
    let facts = Facts {
        suite: "of the fuzz target".to_owned(),
        built_in: false,
        url: "http://ecs.test/".to_owned(),
        through: None,
        readings: readings.clone(),
        seed: "0000000000000000".to_owned(),
        strict: false,
        whole: false,
        covered: BTreeSet::new(),
        exchanges: 1,
        leaked: texts(said).take(1).collect(),
        interrupted: false,
        started: "2026-01-31T12:00:00Z".to_owned(),
        duration_ms: 0,
        without: Vec::new(),
        part: report::Part::default(),
        baseline: None,
        flags: String::new(),
        restarts: false,
        weather: None,
        insecure: false,
        secrets: report::mask::Secrets::default(),
    };
    report::build(&CONTRACT, &[result], &facts)
}

/// The first character that a terminal would obey, colours of our own left out.
fn obeyed(text: &str, color: bool) -> Option<char> {
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_control() && c != '\n') {
        rest = &rest[at..];
        let own = rest.strip_prefix("\u{1b}[").filter(|_| color);
        let after = own.map(|own| own.trim_start_matches(|c: char| c.is_ascii_digit() || c == ';'));
        match after.and_then(|after| after.strip_prefix('m')) {
            Some(after) => rest = after,
            None => return rest.chars().next(),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_judged_and_reported() {
        let said = b"x-acs-request-id\xffx\xff{\"Code\":\"\x1b[2J\"}";
        let report = judged(record(said, true, 404), said);
        assert!(report.cases[0].findings.len() > 1 && report.verdict == "fail", "{report:?}");
        let lost = judged(record(said, false, 404), said);
        assert!(lost.cases[0].findings.is_empty() && lost.verdict == "inconclusive", "{lost:?}");
    }

    #[test]
    fn what_a_terminal_obeys_is_found_among_colours() {
        for (text, color, found) in [
            ("a\nb", false, None),
            ("\u{1b}[1;31mFAIL\u{1b}[0m", true, None),
            ("\u{1b}[1;31mFAIL\u{1b}[0m", false, Some('\u{1b}')),
            ("\u{1b}[0m\u{1b}[2J", true, Some('\u{1b}')),
            ("a\r", true, Some('\r')),
            ("\u{9b}2J", true, Some('\u{9b}')),
        ] {
            assert_eq!(obeyed(text, color), found, "{text:?}");
        }
    }
}
