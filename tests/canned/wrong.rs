//! Wrong answers: each breaks the clauses that its row names, and no others.

use crate::answers::{Answer, Script};
use crate::bench::{Came, MEANING, REFUSAL, REFUSAL_IN_XML, SUCCESS, SUCCESS_IN_XML, canned};

const UNKNOWN: &str = "end/session/unknown";
const STATUS: &str = "end/error/status";
const MESSAGE: &str = "end/error/message";
const KNOWN: &str = "end/error/known-code";
const ENVELOPE: &str = "end/error/envelope";
const HOST: &str = "end/error/host-id";
const SHAPE: &str = "end/request-id/shape";
const UPPER: &str = "end/request-id/upper-case";
const HEADER: &str = "end/request-id/header";
const SUCCEEDS: &str = "end/success/status";
const BODY: &str = "end/success/body";
const EXTRA: &str = "end/success/extra";
const JSON: &str = "rpc/format/json";
const XML: &str = "rpc/format/xml";
const XML_TYPE: &str = "rpc/format/xml-type";
const NO_5XX: &str = "rpc/robust/no-5xx";

const HTML: &str = "<!DOCTYPE html><html><body><h1>404 Not Found</h1><br></body></html>";

type Row = (&'static str, &'static str, Answer, &'static [&'static str]);

async fn hold(rows: impl IntoIterator<Item = Row>) {
    for (name, case, answer, broken) in rows {
        assert_eq!(canned(case, Script::Each(answer)).await, Came::to(broken), "{name}");
    }
}

fn html(status: u16) -> Answer {
    Answer::new(status, HTML).field("content-type", Some("text/html"))
}

#[tokio::test]
async fn a_wrong_refusal_breaks_its_own_clauses_and_no_others() {
    let right = Answer::not_found;
    let lower = "473469c7-aa6f-4dc5-b3db-a3dc0de3c83e";
    let rows: [Row; 33] = [
        ("wrong status for the code", REFUSAL, right().status(400), &[STATUS]),
        (
            "typing mistake in the code",
            REFUSAL,
            right().with("InvalidSessionId", "InvalidSessionld"),
            &[UNKNOWN, KNOWN],
        ),
        ("another letter's case in the code", REFUSAL, right().with("NotFound", "Notfound"), &[UNKNOWN]),
        ("a space after the code", REFUSAL, right().with("NotFound\"", "NotFound \""), &[UNKNOWN]),
        (
            "another documented code",
            REFUSAL,
            Answer::error(400, "RegionId.ApiNotSupported", "The api is not supported in this region."),
            &[UNKNOWN],
        ),
        ("an undocumented code", REFUSAL, Answer::error(404, "SessionGone", "m"), &[UNKNOWN, KNOWN]),
        ("a space after the message", REFUSAL, right().with("exist.", "exist. "), &[MESSAGE]),
        ("no full stop", REFUSAL, right().with("exist.", "exist"), &[MESSAGE]),
        (
            "a message in another language",
            REFUSAL,
            right().with("The specified SessionId does not exist.", "会话不存在"),
            &[MESSAGE],
        ),
        (
            "member names in lower case",
            REFUSAL,
            right().with("RequestId\"", "requestId\"").with("\"Code", "\"code").with("\"Message", "\"message"),
            &[ENVELOPE, SHAPE],
        ),
        ("no RequestId", REFUSAL, right().with("\"RequestId\":\"{id}\",", ""), &[ENVELOPE, SHAPE]),
        ("RequestId a number", REFUSAL, right().with("\"{id}\"", "12345"), &[ENVELOPE, SHAPE]),
        ("RequestId no UUID", REFUSAL, right().with("{id}", "req-1"), &[SHAPE]),
        (
            "RequestId in lower case",
            REFUSAL,
            right().with("{id}", lower).field("x-acs-request-id", Some(lower)),
            &[UPPER],
        ),
        (
            "another RequestId in the header",
            REFUSAL,
            right().field("x-acs-request-id", Some("00000000-0000-4000-8000-000000000000")),
            &[HEADER],
        ),
        ("no such header", REFUSAL, right().field("x-acs-request-id", None), &[HEADER]),
        ("no HostId", REFUSAL, right().with("\"HostId\":\"ecs.aliyuncs.com\",", ""), &[HOST]),
        (
            "no Message",
            REFUSAL,
            right().with("\"Message\":\"The specified SessionId does not exist.\",", ""),
            &[ENVELOPE, MESSAGE],
        ),
        ("Code null", REFUSAL, right().with("\"InvalidSessionId.NotFound\"", "null"), &[ENVELOPE]),
        ("an error page", REFUSAL, html(404), &[ENVELOPE, JSON]),
        ("an empty body", REFUSAL, right().body(""), &[ENVELOPE, JSON]),
        ("a mark before it", REFUSAL, right().with("{\"R", "\u{feff}{\"R"), &[ENVELOPE]),
        ("two documents", REFUSAL, right().with("x\"}", "x\"}{}"), &[ENVELOPE]),
        ("Code twice", REFUSAL, right().with("\"Message\"", "\"Code\":\"Other\",\"Message\""), &[ENVELOPE]),
        ("cut off", REFUSAL, right().with("\"}", "\""), &[ENVELOPE, JSON]),
        ("a list", REFUSAL, right().with("{\"R", "[{\"R").with("x\"}", "x\"}]"), &[ENVELOPE, HOST, SHAPE]),
        ("plain text as type", REFUSAL, right().field("content-type", Some("text/plain")), &[JSON]),
        ("no type", REFUSAL, right().field("content-type", None), &[JSON]),
        ("a success", REFUSAL, Answer::success(), &[UNKNOWN]),
        ("500", REFUSAL, Answer::error(500, "InternalError", "m"), &[UNKNOWN, NO_5XX]),
        ("500 with an error page", REFUSAL, html(500), &[UNKNOWN, NO_5XX, ENVELOPE, JSON]),
        ("503 that is no throttling", REFUSAL, Answer::error(503, "ServiceUnavailable", "m"), &[UNKNOWN, NO_5XX]),
        ("a redirect", REFUSAL, right().status(302).field("location", Some("/x")), &[STATUS]),
    ];
    hold(rows).await;
}

#[tokio::test]
async fn a_wrong_refusal_in_xml_breaks_its_own_clauses_and_no_others() {
    let right = Answer::not_found_in_xml;
    let declared = |value| right().field("content-type", Some(value));
    let rows: [Row; 10] = [
        ("JSON", REFUSAL_IN_XML, Answer::not_found(), &[XML]),
        ("another root", REFUSAL_IN_XML, right().with("Error>", "ErrorResponse>"), &[XML]),
        ("application/xml", REFUSAL_IN_XML, declared("application/xml;charset=utf-8"), &[XML]),
        ("a space before the charset", REFUSAL_IN_XML, declared("text/xml; charset=utf-8"), &[XML_TYPE]),
        ("the charset in upper case", REFUSAL_IN_XML, declared("text/xml;charset=UTF-8"), &[XML_TYPE]),
        ("two documents", REFUSAL_IN_XML, right().with("</Error>", "</Error><Error/>"), &[ENVELOPE]),
        ("no Code", REFUSAL_IN_XML, right().with("<Code>InvalidSessionId.NotFound</Code>", ""), &[ENVELOPE]),
        ("not closed", REFUSAL_IN_XML, right().with("</Error>", ""), &[ENVELOPE, XML]),
        ("white space in the code", REFUSAL_IN_XML, right().with(".NotFound<", ".NotFound\n<"), &[UNKNOWN]),
        ("XML for JSON", REFUSAL, right(), &[JSON]),
    ];
    hold(rows).await;
}

#[tokio::test]
async fn an_id_that_was_given_and_is_not_known_is_held_against_nobody() {
    let unknown = canned(SUCCESS, Script::Each(Answer::not_found())).await;
    assert_eq!(unknown, Came::nothing_sure(), "it may be of no session");
}

#[tokio::test]
async fn a_wrong_success_breaks_its_own_clauses_and_no_others() {
    let right = Answer::success;
    let xml = Answer::success_in_xml;
    let with = |member: &str| right().with("}\"}", &format!("}}\",{member}}}"));
    let rows: [Row; 24] = [
        ("202", SUCCESS, right().status(202), &[SUCCEEDS]),
        ("204", SUCCESS, right().status(204).body(""), &[SUCCEEDS, BODY]),
        ("302", SUCCESS, right().status(302).field("location", Some("/x")), &[SUCCEEDS]),
        ("refused for something else", SUCCESS, Answer::error(400, "MissingParameter", "m"), &[SUCCEEDS]),
        ("another Code", SUCCESS, with("\"Code\":\"Oops\""), &[BODY, EXTRA, KNOWN]),
        ("a refusal under 200", SUCCESS, Answer::not_found().status(200), &[BODY, EXTRA, STATUS]),
        (
            "a refusal under 200, where something else is proved",
            MEANING,
            Answer::not_found().status(200),
            &[BODY, EXTRA, STATUS],
        ),
        ("Code a number", SUCCESS, with("\"Code\":0"), &[BODY, EXTRA]),
        ("further members", SUCCESS, with("\"Data\":{}"), &[EXTRA]),
        ("a Code that says success", SUCCESS, with("\"Code\":\"200\""), &[EXTRA]),
        ("no RequestId", SUCCESS, right().body("{}"), &[BODY, SHAPE]),
        ("no RequestId, where something else is proved", MEANING, right().body("{}"), &[BODY, SHAPE]),
        ("RequestId a number", SUCCESS, right().with("\"{id}\"", "1"), &[SHAPE]),
        ("RequestId twice", SUCCESS, with("\"RequestId\":\"x\""), &[BODY]),
        ("an empty body", SUCCESS, right().body(""), &[BODY, JSON]),
        ("an empty body, where something else is proved", MEANING, right().body(""), &[BODY, JSON]),
        ("a page", SUCCESS, html(200), &[BODY, JSON]),
        ("a mark before it", SUCCESS, right().with("{\"R", "\u{feff}{\"R"), &[JSON]),
        ("two documents", SUCCESS, right().with("\"}", "\"}{}"), &[JSON]),
        ("plain text as type", SUCCESS, right().field("content-type", Some("text/plain")), &[JSON]),
        ("JSON for XML", SUCCESS_IN_XML, right(), &[XML]),
        ("application/xml", SUCCESS_IN_XML, xml().field("content-type", Some("application/xml")), &[XML]),
        ("another root", SUCCESS_IN_XML, xml().with("EndTerminalSessionResponse", "Response"), &[XML, BODY]),
        (
            "a space before the charset",
            SUCCESS_IN_XML,
            xml().field("content-type", Some("text/xml; charset=utf-8")),
            &[XML_TYPE],
        ),
    ];
    hold(rows).await;
}

const TWICE: &str = r#"
clauses: [end/session/unknown]
steps:
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    times: 2
    expect: { reading: malformed-session }
"#;

const METHODS: &str = r#"
clauses: [rpc/method/get-post]
steps:
  - for-each: { placement: [GET, POST-query] }
    call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: { reading: malformed-session }
"#;

const FORMATS: &str = r#"
clauses: [rpc/format/same]
steps:
  - for-each: { format: every }
    call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: { reading: malformed-session }
"#;

const LONG: &str = r#"
clauses: [end/session/malformed]
steps:
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    values: { invalid: SessionId, class: malformed }
    expect: permitted
"#;

#[tokio::test]
async fn answers_are_judged_together_where_the_contract_compares_them() {
    let right = Answer::not_found;
    let invalid = || Answer::error(400, "InvalidSessionId.Malformed", "m");
    let parameter = || Answer::error(400, "InvalidParameter", "m");
    let throttled = |status| Answer::error(status, "Throttling.User", "m");
    let fixed = || {
        right()
            .with("{id}", "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E")
            .field("x-acs-request-id", Some("473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E"))
    };
    let xml = || Answer::not_found_in_xml();
    let rows: [(&str, &str, Vec<Answer>, Came); 20] = [
        ("the same RequestId twice", TWICE, vec![fixed(), fixed()], Came::to(&["end/request-id/unique"])),
        ("two kinds of answer", TWICE, vec![right(), invalid()], Came::to(&[UNKNOWN])),
        ("two codes of one kind", TWICE, vec![invalid(), parameter()], Came::to(&[])),
        (
            "throttled between",
            TWICE,
            vec![right(), throttled(400), throttled(429), throttled(503), right()],
            Came::to(&[]),
        ),
        ("throttled before", TWICE, vec![throttled(503), right()], Came::to(&[])),
        ("throttled always", TWICE, vec![throttled(429)], Came::nothing_sure()),
        ("502 once", TWICE, vec![html(502), right()], Came::to(&[])),
        (
            "504 once, then throttled, then right",
            TWICE,
            vec![html(504), right(), throttled(400), right()],
            Came::to(&[]),
        ),
        ("502 always", TWICE, vec![html(502)], Came::nothing_sure()),
        ("GET and POST apart", METHODS, vec![right(), invalid()], Came::to(&["rpc/method/get-post"])),
        ("GET and POST alike", METHODS, vec![invalid(), parameter()], Came::to(&[])),
        ("JSON and XML alike", FORMATS, vec![right(), xml()], Came::to(&[])),
        (
            "JSON and XML apart",
            FORMATS,
            vec![right(), xml().status(400).with("SessionId.NotFound", "Parameter").with("SessionId does", "x does")],
            Came::to(&["rpc/format/same"]),
        ),
        ("JSON for XML", FORMATS, vec![right(), right()], Came::to(&[XML])),
        (
            "a parameter that was not missing",
            REFUSAL,
            vec![Answer::error(400, "MissingParameter", "m")],
            Came::to(&[UNKNOWN]),
        ),
        ("an open session, answer lost, then not found", SUCCESS, vec![html(502), right()], Came::nothing_sure()),
        (
            "an open session, answer lost, then ended",
            SUCCESS,
            vec![html(502), right(), Answer::success(), right()],
            Came::to(&[]),
        ),
        ("an open session, throttled, then ended", SUCCESS, vec![throttled(400), Answer::success()], Came::to(&[])),
        ("ended, then gone", MEANING, vec![Answer::success(), right()], Came::to(&[])),
        ("a list, then right", TWICE, vec![Answer::new(404, "[]"), right()], Came::to(&[ENVELOPE, HOST, SHAPE])),
    ];
    for (name, case, answers, expected) in rows {
        assert_eq!(canned(case, Script::InTurn(answers)).await, expected, "{name}");
    }
}

#[tokio::test]
async fn what_stands_in_front_may_fail_once_but_not_for_one_input_alone() {
    let rows: [(&str, Answer, Came); 3] = [
        ("502", html(502), Came { undecided: true, ..Came::to(&[NO_5XX]) }),
        ("504", html(504), Came { undecided: true, ..Came::to(&[NO_5XX]) }),
        ("404", Answer::not_found(), Came::to(&[])),
    ];
    for (name, answer, expected) in rows {
        assert_eq!(canned(REFUSAL, Script::Around(answer)).await, expected, "{name}");
    }
}

#[tokio::test]
async fn large_requests_may_be_refused_unread_and_others_may_not() {
    const MALFORMED: &str = "end/session/malformed";
    let bare = |status| Answer { status, headers: Vec::new(), body: Vec::new() };
    let rows: [(&str, Answer, &[&str]); 8] = [
        ("a page of 400", html(400), &[]),
        ("a page of 413", html(413), &[]),
        ("414 alone", bare(414), &[]),
        ("431 alone", bare(431), &[]),
        ("the ordinary refusal", Answer::not_found(), &[]),
        ("a page of 404", html(404), &[ENVELOPE, JSON]),
        ("a page of 500", html(500), &[MALFORMED, ENVELOPE, JSON, NO_5XX]),
        ("a success", Answer::success(), &[MALFORMED]),
    ];
    for (name, answer, broken) in rows {
        assert_eq!(canned(LONG, Script::Large(answer)).await, Came::to(broken), "{name}");
    }
    assert_eq!(canned(LONG, Script::Each(html(400))).await, Came::to(&[ENVELOPE, JSON]), "a page to all");
}
