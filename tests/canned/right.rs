//! Every permitted variant of every outcome: a right endpoint breaks nothing, however it writes its answers.

use crate::answers::{Answer, SESSION_NOT_FOUND, Script};
use crate::bench::{Came, MEANING, REFUSAL, REFUSAL_IN_XML, SUCCESS, SUCCESS_IN_XML, canned};

#[tokio::test]
async fn a_right_answer_breaks_nothing_however_it_is_written() {
    let right = Answer::not_found;
    let xml = Answer::not_found_in_xml;
    let pretty = |answer: Answer| answer.with("{\"", "{\r\n\t\"").with(",\"", ",\n  \"").with("\":\"", "\" : \"");
    let declared = |answer: Answer, value: &str| answer.field("content-type", Some(value));
    let reordered = format!(
        r#"{{"Message":"{SESSION_NOT_FOUND}","Recommend":"","Code":"InvalidSessionId.NotFound","HostId":"h","RequestId":"{{id}}"}}"#
    );
    let rows: [(&str, &str, Answer); 30] = [
        ("as seen", REFUSAL, right()),
        ("members in another order", REFUSAL, right().body(reordered)),
        ("pretty", REFUSAL, pretty(right())),
        ("white space around", REFUSAL, right().with("{\"R", " \r\n{\"R").with("x\"}", "x\"}\n\n")),
        ("letters escaped", REFUSAL, right().with("The specified", "\\u0054he specified")),
        ("further members", REFUSAL, right().with("{\"", "{\"AccessDeniedDetail\":{\"a\":[null]},\"Detail\":1,\"")),
        ("no Recommend", REFUSAL, right().with(",\"Recommend\":\"https://x\"", "")),
        (
            "RequestId of version 3",
            REFUSAL,
            right()
                .with("{id}", "0A1B2C3D-0000-3000-8000-0123456789AB")
                .field("x-acs-request-id", Some("0A1B2C3D-0000-3000-8000-0123456789AB")),
        ),
        (
            "RequestId of version 5",
            REFUSAL,
            right()
                .with("{id}", "0A1B2C3D-0000-5000-8000-0123456789AB")
                .field("x-acs-request-id", Some("0A1B2C3D-0000-5000-8000-0123456789AB")),
        ),
        ("content type alone", REFUSAL, declared(right(), "application/json")),
        ("content type with a space", REFUSAL, declared(right(), "application/json; charset=utf-8")),
        ("content type in upper case", REFUSAL, declared(right(), "APPLICATION/JSON;CHARSET=UTF-8")),
        ("another charset", REFUSAL, declared(right(), "application/json;charset=us-ascii")),
        (
            "fields of a gateway",
            REFUSAL,
            right()
                .field("retry-after", Some("1"))
                .field("x-acs-trace-id", Some("0123456789abcdef0123456789abcdef"))
                .field("via", Some("1.1 x")),
        ),
        ("x-acs-retry-after on no throttling", REFUSAL, right().field("x-acs-retry-after", Some("7"))),
        ("XML", REFUSAL_IN_XML, xml()),
        ("XML without declaration", REFUSAL_IN_XML, xml().with("<?xml version='1.0' encoding='UTF-8'?>", "")),
        ("XML with comments", REFUSAL_IN_XML, xml().with("<Error>", "<!-- a -->\n<?b c?><Error>")),
        (
            "XML with prefix and attributes",
            REFUSAL_IN_XML,
            xml().with("<Error>", "<e:Error xmlns:e='u' a='b'>").with("</Error>", "</e:Error>"),
        ),
        ("XML, indented", REFUSAL_IN_XML, xml().with("><", ">\n  <")),
        (
            "XML with CDATA",
            REFUSAL_IN_XML,
            xml().with(SESSION_NOT_FOUND, "<![CDATA[The specified SessionId does not exist.]]>"),
        ),
        ("success", SUCCESS, Answer::success()),
        ("success, pretty", SUCCESS, Answer::success().with("{\"", "{\n\"").with(":", " : ")),
        ("success with a plain content type", SUCCESS, declared(Answer::success(), "application/json")),
        ("success in XML", SUCCESS_IN_XML, Answer::success_in_xml()),
        (
            "success in XML, declared",
            SUCCESS_IN_XML,
            Answer::success_in_xml()
                .with("<EndTerminalSessionResponse>", "<?xml version=\"1.0\"?>\n<EndTerminalSessionResponse>\n"),
        ),
        (
            "success in XML behind a mark",
            SUCCESS_IN_XML,
            Answer::success_in_xml().with("<EndTerminalSessionResponse>", "\u{feff}<EndTerminalSessionResponse>"),
        ),
        ("success that proves something else", MEANING, Answer::success()),
        ("an entity tag", SUCCESS, Answer::success().field("etag", Some("5x9"))),
        ("a field that nobody needs twice", SUCCESS, {
            let mut answer = Answer::success();
            answer.headers.push(("x-acs-request-id".to_owned(), "{id}".to_owned()));
            answer
        }),
    ];
    for (name, case, answer) in rows {
        assert_eq!(canned(case, Script::Each(answer)).await, Came::to(&[]), "{name}");
    }
}

#[tokio::test]
async fn every_permitted_answer_of_every_outcome_is_permitted() {
    let rows: [(&str, &[(u16, &str)]); 12] = [
        ("session-not-found", &[(404, "InvalidSessionId.NotFound")]),
        ("region-not-supported", &[(400, "RegionId.ApiNotSupported")]),
        (
            "missing(SessionId)",
            &[(400, "MissingParameter"), (400, "MissingParameter.SessionId"), (400, "MissingSessionId")],
        ),
        ("refused", &[(400, "InvalidParameter"), (403, "Forbidden"), (404, "InvalidAction.NotFound")]),
        ("unknown-action", &[(404, "InvalidAction.NotFound")]),
        (
            "unknown-version",
            &[
                (400, "InvalidVersion"),
                (404, "InvalidVersion"),
                (400, "NoSuchVersion"),
                (404, "NoSuchVersion"),
                (404, "InvalidAction.NotFound"),
                (400, "InvalidAction.NotFound"),
            ],
        ),
        (
            "signature-mismatch",
            &[
                (400, "SignatureDoesNotMatch"),
                (403, "SignatureDoesNotMatch"),
                (400, "IncompleteSignature"),
                (403, "IncompleteSignature"),
            ],
        ),
        (
            "unknown-access-key",
            &[
                (404, "InvalidAccessKeyId.NotFound"),
                (400, "InvalidAccessKeyId.NotFound"),
                (404, "InvalidAccessKeyId"),
                (400, "InvalidAccessKeyId"),
            ],
        ),
        ("denied", &[(403, "Forbidden.RAM"), (403, "NoPermission"), (403, "Forbidden")]),
        (
            "{ reading: unknown-region }",
            &[
                (400, "RegionId.ApiNotSupported"),
                (404, "InvalidRegionId.NotFound"),
                (400, "InvalidRegionId"),
                (400, "InvalidParameter.RegionId"),
            ],
        ),
        (
            "{ reading: malformed-session }",
            &[(404, "InvalidSessionId.NotFound"), (400, "InvalidSessionId.Malformed"), (400, "InvalidParameter")],
        ),
        (
            "{ reading: empty-parameter, of: SessionId }",
            &[(400, "MissingSessionId"), (404, "InvalidSessionId.NotFound"), (400, "InvalidParameter")],
        ),
    ];
    for (expect, answers) in rows {
        let case = format!(
            "clauses: [rpc/parameter/encoding]\nsteps:\n  - call: EndTerminalSession\n    \
             with: {{ RegionId: \"{{{{region}}}}\", SessionId: \"{{{{unknown.SessionId}}}}\" }}\n    times: 3\n    expect: {expect}\n"
        );
        for (status, code) in answers {
            let message = match *code {
                "InvalidSessionId.NotFound" => SESSION_NOT_FOUND,
                "RegionId.ApiNotSupported" => "The api is not supported in this region.",
                "SignatureDoesNotMatch" | "IncompleteSignature" => "x. server string to sign is:GET&%2F&",
                _ => "anything",
            };
            let came = canned(&case, Script::Each(Answer::error(*status, code, message))).await;
            assert_eq!(came, Came::to(&[]), "{expect}: {status} {code}");
        }
    }
}
