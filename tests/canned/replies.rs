//! The 22 replies that official clients were shown (FACTS 7), judged as the contract says.

use serde_json::Value;

use crate::answers::{Answer, Script};
use crate::bench::{Came, REFUSAL, REFUSAL_IN_XML, SUCCESS, SUCCESS_IN_XML, canned};

const REPLIES: &str = include_str!("../fixtures/vectors/sdk_error_cases.json");

/// A case whose signature is not what the endpoint computes.
const MISMATCH: &str = r#"
clauses: [rpc/signature/tampered]
needs: [signatures]
steps:
  - for-each: { signature: [v1] }
    call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: signature-mismatch
"#;

/// A case whose caller may not do this.
const DENIED: &str = r#"
clauses: [end/authorization/required]
steps:
  - call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: denied
"#;

/// Name, case, clauses broken; none for what is no verdict.
type Row = (&'static str, &'static str, Option<&'static [&'static str]>);

const UNKNOWN: &str = "end/session/unknown";
const SHAPE: &str = "end/request-id/shape";
const ENVELOPE: &str = "end/error/envelope";
const HOST: &str = "end/error/host-id";
const KNOWN: &str = "end/error/known-code";
const BODY: &str = "end/success/body";
const EXTRA: &str = "end/success/extra";
const JSON: &str = "rpc/format/json";

const ROWS: [Row; 22] = [
    ("404 std json", REFUSAL, Some(&[SHAPE])),
    ("400 minimal code+message", REFUSAL, Some(&[UNKNOWN, ENVELOPE, HOST, KNOWN, SHAPE])),
    ("400 empty object", REFUSAL, Some(&[UNKNOWN, ENVELOPE, HOST, SHAPE])),
    ("400 empty body", REFUSAL, Some(&[UNKNOWN, ENVELOPE, JSON])),
    ("400 html body", REFUSAL, Some(&[UNKNOWN, ENVELOPE, HOST, SHAPE, JSON])),
    ("400 xml text/xml;charset=utf-8", REFUSAL_IN_XML, Some(&[UNKNOWN, KNOWN, SHAPE])),
    ("400 xml application/xml", REFUSAL_IN_XML, Some(&[UNKNOWN, HOST, KNOWN, SHAPE, "rpc/format/xml"])),
    (
        "400 xml text/xml; charset=utf-8 (space)",
        REFUSAL_IN_XML,
        Some(&[UNKNOWN, HOST, KNOWN, SHAPE, "rpc/format/xml-type"]),
    ),
    ("400 lower-case keys", REFUSAL, Some(&[UNKNOWN, ENVELOPE, HOST, SHAPE])),
    ("400 SignatureDoesNotMatch no colon", MISMATCH, Some(&["rpc/signature/tampered", HOST, SHAPE])),
    ("400 SignatureDoesNotMatch with sts", MISMATCH, Some(&[HOST, SHAPE])),
    ("400 Throttling.User", REFUSAL, None),
    ("429 Throttling + x-acs-retry-after", REFUSAL, None),
    ("403 AccessDeniedDetail", DENIED, Some(&[HOST, SHAPE])),
    ("503 ServiceUnavailable", REFUSAL, Some(&[UNKNOWN, "rpc/robust/no-5xx", HOST, SHAPE])),
    ("500 InternalError", REFUSAL, Some(&[UNKNOWN, "rpc/robust/no-5xx", HOST, SHAPE])),
    ("200 with Code error", SUCCESS, Some(&[BODY, EXTRA, KNOWN, SHAPE])),
    ("200 empty object", SUCCESS, Some(&[BODY, SHAPE])),
    ("200 xml", SUCCESS_IN_XML, Some(&[SHAPE])),
    ("200 json without charset/any ctype", SUCCESS, Some(&[SHAPE, JSON])),
    ("200 extra unknown field", SUCCESS, Some(&[SHAPE, EXTRA])),
    ("302 redirect", SUCCESS, Some(&["end/success/status", SHAPE])),
];

fn answer(reply: &Value) -> Answer {
    let headers = reply["headers"].as_object().unwrap().iter();
    Answer {
        status: u16::try_from(reply["status"].as_u64().unwrap()).unwrap(),
        headers: headers.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned())).collect(),
        body: reply["body"].as_str().unwrap().into(),
    }
}

#[tokio::test]
async fn the_replies_that_clients_were_shown_are_judged_as_the_contract_says() {
    let replies: Vec<(String, Value)> = serde_json::from_str(REPLIES).unwrap();
    assert_eq!(replies.len(), ROWS.len());
    for ((name, reply), (row, case, broken)) in replies.iter().zip(ROWS) {
        assert_eq!(name, row, "replies and rows stand in one order");
        let (script, expected) = match broken {
            // What ends the session afterwards is another request, and gets another answer.
            Some(broken) => (Script::InTurn(vec![answer(reply), Answer::success()]), Came::to(broken)),
            None => (Script::Each(answer(reply)), Came::nothing_sure()),
        };
        assert_eq!(canned(case, script).await, expected, "{name}");
    }
}
