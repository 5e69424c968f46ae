//! What outcomes and readings permit, row by row, near misses included.

use endspec::contract::{OutcomeRef, Readings, outcome};
use endspec::load::contract::built_in;

use crate::contract;

/// `name`, `name(ARG)`, or `reading:name(ARG)`.
fn reference(text: &str) -> OutcomeRef {
    match text.strip_prefix("reading:") {
        Some(text) => OutcomeRef::reading(text),
        None => OutcomeRef::named(text),
    }
}

/// The kind of an answer under these declarations, if any is permitted.
fn kind(text: &str, declared: &[&str], status: u16, code: Option<&str>) -> Option<String> {
    let (contract, readings) = contract(declared);
    let answers = contract.permitted(&reference(text), &readings);
    outcome::kind(&answers, status, code).map(str::to_owned)
}

#[test]
fn outcomes_permit_their_answers_and_no_near_miss() {
    const YES: bool = true;
    const NO: bool = false;
    let rows: &[(&str, u16, Option<&str>, bool)] = &[
        ("ok", 200, None, YES),
        ("ok", 200, Some("200"), YES),
        ("ok", 200, Some("OK"), YES),
        ("ok", 200, Some("Success"), YES),
        ("ok", 200, Some("success"), YES),
        ("ok", 200, Some("SUCCESS"), NO),
        ("ok", 200, Some("InvalidSessionId.NotFound"), NO),
        ("ok", 201, None, NO),
        ("ok", 204, None, NO),
        ("ok", 404, None, NO),
        ("session-not-found", 404, Some("InvalidSessionId.NotFound"), YES),
        ("session-not-found", 400, Some("InvalidSessionId.NotFound"), NO),
        ("session-not-found", 200, Some("InvalidSessionId.NotFound"), NO),
        ("session-not-found", 404, Some("InvalidSessionId.notFound"), NO),
        ("session-not-found", 404, Some("InvalidSessionId"), NO),
        ("session-not-found", 404, Some("InvalidSessionId.NotFound "), NO),
        ("session-not-found", 404, None, NO),
        ("region-not-supported", 400, Some("RegionId.ApiNotSupported"), YES),
        ("region-not-supported", 404, Some("RegionId.ApiNotSupported"), NO),
        ("region-not-supported", 400, Some("InvalidRegionId.NotFound"), NO),
        ("missing(RegionId)", 400, Some("MissingParameter"), YES),
        ("missing(RegionId)", 400, Some("MissingParameter.RegionId"), YES),
        ("missing(RegionId)", 400, Some("MissingRegionId"), YES),
        ("missing(RegionId)", 400, Some("MissingSessionId"), NO),
        ("missing(RegionId)", 400, Some("MissingParameter.SessionId"), NO),
        ("missing(RegionId)", 400, Some("MissingParameters"), NO),
        ("missing(RegionId)", 400, Some("Missing{NAME}"), NO),
        ("missing(RegionId)", 404, Some("MissingRegionId"), NO),
        ("missing(Action)", 400, Some("MissingAction"), YES),
        ("refused", 400, Some("Anything"), YES),
        ("refused", 499, Some("Anything"), YES),
        ("refused", 400, None, NO),
        ("refused", 500, Some("Anything"), NO),
        ("refused", 200, Some("Anything"), NO),
        ("too-long", 400, None, YES),
        ("too-long", 413, None, YES),
        ("too-long", 414, Some("Anything"), YES),
        ("too-long", 431, None, YES),
        ("too-long", 404, None, NO),
        ("too-long", 200, None, NO),
        ("unknown-action", 404, Some("InvalidAction.NotFound"), YES),
        ("unknown-action", 400, Some("InvalidAction.NotFound"), NO),
        ("unknown-action", 404, Some("InvalidAction"), NO),
        ("unknown-version", 400, Some("InvalidVersion"), YES),
        ("unknown-version", 404, Some("InvalidVersion"), YES),
        ("unknown-version", 400, Some("NoSuchVersion"), YES),
        ("unknown-version", 404, Some("InvalidAction.NotFound"), YES),
        ("unknown-version", 403, Some("InvalidVersion"), NO),
        ("unknown-version", 400, Some("InvalidParameter"), NO),
        ("signature-mismatch", 400, Some("SignatureDoesNotMatch"), YES),
        ("signature-mismatch", 403, Some("SignatureDoesNotMatch"), YES),
        ("signature-mismatch", 400, Some("IncompleteSignature"), YES),
        ("signature-mismatch", 401, Some("SignatureDoesNotMatch"), NO),
        ("signature-mismatch", 400, Some("InvalidSignature"), NO),
        ("unknown-access-key", 404, Some("InvalidAccessKeyId.NotFound"), YES),
        ("unknown-access-key", 400, Some("InvalidAccessKeyId.NotFound"), YES),
        ("unknown-access-key", 400, Some("InvalidAccessKeyId"), YES),
        ("unknown-access-key", 404, Some("InvalidAccessKeyId.Inactive"), NO),
        ("unknown-access-key", 403, Some("InvalidAccessKeyId.NotFound"), NO),
        ("expired", 400, Some("InvalidTimeStamp.Expired"), YES),
        ("expired", 400, Some("InvalidTimeStamp.Format"), NO),
        ("expired", 403, Some("InvalidTimeStamp.Expired"), NO),
        ("nonce-used", 400, Some("SignatureNonceUsed"), YES),
        ("nonce-used", 403, Some("SignatureNonceUsed"), NO),
        ("denied", 403, Some("Forbidden.RAM"), YES),
        ("denied", 403, Some("NoPermission"), YES),
        ("denied", 403, Some("Forbidden"), YES),
        ("denied", 403, Some("Forbidden.Unknown"), NO),
        ("denied", 403, Some("Operation.Forbidden"), NO),
        ("denied", 401, Some("Forbidden.RAM"), NO),
        ("throttled", 400, Some("Throttling"), YES),
        ("throttled", 429, Some("Throttling.Resource"), YES),
        ("throttled", 503, Some("Throttling.User"), YES),
        ("throttled", 429, Some("TooManyRequests"), NO),
        ("throttled", 403, Some("Throttling.User"), NO),
        ("throttled", 429, None, NO),
    ];
    for (name, status, code, permitted) in rows {
        assert_eq!(kind(name, &[], *status, *code).is_some(), *permitted, "{name}: {status} {code:?}");
    }
}

#[test]
fn readings_permit_what_their_value_says_and_name_it() {
    type Row<'a> = (&'a str, &'a [&'a str], u16, Option<&'a str>, Option<&'a str>);
    let gone = Some("InvalidSessionId.NotFound");
    let rows: &[Row<'_>] = &[
        ("reading:repeat-end", &[], 404, gone, Some("repeat-end=not-found")),
        ("reading:repeat-end", &[], 200, None, None),
        ("reading:repeat-end", &["repeat-end=idempotent"], 200, None, Some("repeat-end=idempotent")),
        ("reading:repeat-end", &["repeat-end=idempotent"], 404, gone, None),
        ("reading:unknown-region", &[], 400, Some("RegionId.ApiNotSupported"), Some("unknown-region=not-supported")),
        ("reading:unknown-region", &[], 404, Some("InvalidRegionId.NotFound"), Some("unknown-region=not-found")),
        ("reading:unknown-region", &[], 400, Some("InvalidRegionId.Malformed"), Some("unknown-region=invalid")),
        ("reading:unknown-region", &[], 400, Some("InvalidParameter.RegionId"), Some("unknown-region=invalid")),
        ("reading:unknown-region", &[], 400, Some("InvalidParameter"), Some("unknown-region=invalid")),
        ("reading:unknown-region", &[], 404, Some("InvalidParameter"), None),
        ("reading:unknown-region", &[], 404, gone, None),
        ("reading:unknown-region", &[], 200, None, None),
        ("reading:unknown-region", &["unknown-region=not-found"], 400, Some("RegionId.ApiNotSupported"), None),
        ("reading:unknown-region", &["unknown-region=invalid"], 404, Some("InvalidRegionId.NotFound"), None),
        ("reading:malformed-session", &[], 404, gone, Some("malformed-session=not-found")),
        ("reading:malformed-session", &[], 400, Some("InvalidSessionId.Malformed"), Some("malformed-session=invalid")),
        ("reading:malformed-session", &[], 400, Some("InvalidParameter"), Some("malformed-session=invalid")),
        ("reading:malformed-session", &[], 400, Some("InvalidRegionId"), None),
        ("reading:malformed-session", &[], 400, Some("MissingSessionId"), None),
        ("reading:malformed-session", &["malformed-session=not-found"], 400, Some("InvalidParameter"), None),
        ("reading:malformed-session", &["malformed-session=invalid"], 404, gone, None),
        ("reading:empty-parameter(SessionId)", &[], 400, Some("MissingSessionId"), Some("empty-parameter=missing")),
        ("reading:empty-parameter(SessionId)", &[], 400, Some("MissingRegionId"), None),
        ("reading:empty-parameter(SessionId)", &[], 404, gone, Some("empty-parameter=not-found")),
        ("reading:empty-parameter(SessionId)", &[], 400, Some("InvalidParameter"), Some("malformed-session=invalid")),
        ("reading:empty-parameter(SessionId)", &["malformed-session=not-found"], 400, Some("InvalidParameter"), None),
        (
            "reading:empty-parameter(SessionId)",
            &["malformed-session=invalid"],
            404,
            gone,
            Some("empty-parameter=not-found"),
        ),
        ("reading:empty-parameter(SessionId)", &["empty-parameter=missing"], 404, gone, None),
        ("reading:empty-parameter(SessionId)", &["empty-parameter=not-found"], 400, Some("MissingParameter"), None),
        (
            "reading:empty-parameter(RegionId)",
            &[],
            404,
            Some("InvalidRegionId.NotFound"),
            Some("unknown-region=not-found"),
        ),
        ("reading:empty-parameter(RegionId)", &[], 400, Some("MissingParameter"), Some("empty-parameter=missing")),
        ("reading:empty-parameter(RegionId)", &[], 404, gone, None),
        (
            "reading:empty-parameter(RegionId)",
            &["unknown-region=not-supported"],
            404,
            Some("InvalidRegionId.NotFound"),
            None,
        ),
        ("reading:repeated-parameter", &[], 200, None, None),
        ("reading:closed-websocket", &[], 403, Some("Anything"), None),
        ("reading:default-format", &[], 200, None, None),
    ];
    for (name, declared, status, code, expected) in rows {
        let found = kind(name, declared, *status, *code);
        assert_eq!(found.as_deref(), *expected, "{name} {declared:?}: {status} {code:?}");
    }
}

#[test]
fn a_finding_can_say_which_reading_would_permit_the_answer() {
    let (contract, readings) = contract(&["malformed-session=not-found", "empty-parameter=missing"]);
    let others = |text: &str, status, code| {
        let pairs = contract.also_permitted_by(&reference(text), &readings, status, code);
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
    };
    assert_eq!(others("reading:repeat-end", 200, None), ["repeat-end=idempotent"]);
    assert_eq!(others("reading:repeat-end", 400, Some("InvalidParameter")), [""; 0]);
    assert_eq!(
        others("reading:empty-parameter(SessionId)", 404, Some("InvalidSessionId.NotFound")),
        ["empty-parameter=not-found"]
    );
    assert_eq!(others("reading:malformed-session", 400, Some("InvalidParameter")), ["malformed-session=invalid"]);
    assert_eq!(others("ok", 404, Some("InvalidSessionId.NotFound")), [""; 0]);
}

#[test]
fn outcomes_of_looks_permit_no_answer() {
    for name in ["usable", "unusable", "listed", "not-listed"] {
        let (contract, readings) = contract(&[]);
        assert!(contract.permitted(&OutcomeRef::named(name), &readings).is_empty(), "{name}");
    }
}

#[test]
fn only_too_long_does_without_the_envelope_and_with_a_closed_connection() {
    let contract = built_in(None);
    for answer in contract.outcomes.values().flat_map(|outcome| &outcome.answers) {
        assert_eq!(answer.closed, answer.origin == "too-long", "{}", answer.origin);
        assert_eq!(answer.envelope, answer.origin != "too-long", "{}", answer.origin);
        let v1 = (answer.origin == "signature-mismatch").then_some("server string to sign is:");
        assert_eq!(answer.message_contains_v1.as_deref(), v1, "{}", answer.origin);
    }
}

#[test]
fn answers_are_shown_as_people_write_them() {
    let (contract, readings) = contract(&[]);
    for (text, shown) in [
        ("ok", "200"),
        ("session-not-found", "404 InvalidSessionId.NotFound"),
        ("missing(SessionId)", "400 MissingParameter, MissingParameter.SessionId or MissingSessionId"),
        ("refused", "4xx with the error envelope"),
        ("too-long", "400, 413, 414 or 431, or the end of the connection"),
        ("throttled", "400, 429 or 503 Throttling..."),
    ] {
        let answers = contract.permitted(&reference(text), &readings);
        assert_eq!(answers.iter().map(ToString::to_string).collect::<Vec<_>>(), [shown], "{text}");
        assert_eq!(answers[0].origin, text);
    }
}

#[test]
fn codes_are_known_from_the_page_the_gateway_the_outcomes_and_the_readings_in_force() {
    type Row<'a> = (&'a str, &'a str, &'a [&'a str], bool);
    let end = "EndTerminalSession";
    let rows: &[Row<'_>] = &[
        ("InvalidSessionId.NotFound", end, &[], true),
        ("RegionId.ApiNotSupported", end, &[], true),
        ("InvalidSessionId.NotFound", "DescribeTerminalSessions", &[], true),
        ("MissingParameter", end, &[], true),
        ("MissingParameter.SessionId", end, &[], true),
        ("MissingSessionId", end, &[], true),
        ("MissingSignature", end, &[], true),
        ("MissingInstanceId", end, &[], false),
        ("MissingInstanceId", "StartTerminalSession", &[], true),
        ("MissingAnything", end, &[], false),
        ("Forbidden", end, &[], true),
        ("Throttling.Api", end, &[], true),
        ("InternalError", end, &[], true),
        ("SessionCount.ExceedLimit", "StartTerminalSession", &[], true),
        ("SessionCount.ExceedLimit", end, &[], false),
        ("InvalidRegionId.NotFound", end, &[], true),
        ("InvalidRegionId.NotFound", end, &["unknown-region=not-supported"], false),
        ("InvalidSessionId.Malformed", end, &[], true),
        ("InvalidSessionId.Malformed", end, &["malformed-session=not-found"], false),
        ("invalidsessionid.notfound", end, &["malformed-session=not-found"], false),
        ("OK", end, &[], false),
        ("Operation.Forbidden", end, &[], false),
        ("", end, &[], false),
    ];
    for (code, operation, declared, known) in rows {
        let (contract, readings) = contract(declared);
        assert_eq!(contract.known_code(code, operation, &readings), *known, "{code} {operation} {declared:?}");
    }
    let later = built_in(Some("2026-06-18"));
    assert!(later.known_code("Operation.Forbidden", end, &Readings::defaults(&later)));
}

#[test]
fn declared_readings_replace_defaults_and_mistakes_come_all_at_once() {
    let contract = built_in(None);
    let pairs = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let readings = Readings::resolve(&contract, &pairs(&[("repeat-end", "idempotent"), ("default-format", "xml")]));
    let readings = readings.expect("both exist");
    assert_eq!((readings.of("repeat-end"), readings.of("default-format")), ("idempotent", "xml"));
    assert_eq!(readings.of("unknown-region"), "any");
    assert_eq!(Readings::defaults(&contract).of("repeat-end"), "not-found");

    let wrong = [
        ("repeat-ends", "idempotent"),
        ("repeat-end", "idempotnt"),
        ("default-format", "xml"),
        ("default-format", "json"),
        ("default-format", "xml"),
    ];
    let mistakes = Readings::resolve(&contract, &pairs(&wrong)).expect_err("three mistakes");
    let codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code).collect();
    assert_eq!(codes, ["unknown-reading", "unknown-value", "duplicate-reading"]);
    let helps: Vec<&str> = mistakes.iter().filter_map(|mistake| mistake.help.as_deref()).collect();
    assert!(helps[0].starts_with("did you mean `repeat-end`?"), "{helps:?}");
    assert!(helps[1].starts_with("did you mean `idempotent`?"), "{helps:?}");
}
