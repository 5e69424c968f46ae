//! The tables of the contract, written out a second time from the document.

use std::collections::BTreeSet;

use endspec::contract::Level::{self, May, Must, Should};
use endspec::contract::{CodePattern, DEFAULT_REVISION, Table};
use endspec::load::contract::{built_in, built_in_files, contract, named, revisions};

/// Id, level, sources.
const CLAUSES: [(&str, Level, &str); 66] = [
    ("end/request/region-required", Must, "doc gw"),
    ("end/request/session-required", Must, "doc gw"),
    ("end/request/empty", Must, "doc"),
    ("end/region/unsupported", Must, "doc"),
    ("end/region/unknown", Must, "doc"),
    ("end/region/exact", Should, ""),
    ("end/session/unknown", Must, "doc"),
    ("end/session/malformed", Must, "doc"),
    ("end/session/near-miss", Must, "doc"),
    ("end/session/exact", Should, ""),
    ("end/session/other-region", Must, "doc"),
    ("end/success/status", Must, "doc"),
    ("end/success/body", Must, "doc sdk"),
    ("end/success/extra", May, "doc"),
    ("end/request-id/shape", Must, "doc gw"),
    ("end/request-id/upper-case", Should, "doc gw"),
    ("end/request-id/unique", Must, "doc"),
    ("end/request-id/header", Should, "gw"),
    ("end/error/envelope", Must, "gw sdk"),
    ("end/error/host-id", Should, "gw sdk"),
    ("end/error/status", Must, "doc"),
    ("end/error/message", Should, "doc"),
    ("end/error/known-code", Should, "doc gw"),
    ("end/effect/closes", Must, "doc"),
    ("end/effect/stays-closed", Must, "doc"),
    ("end/effect/survives-restart", Must, "doc"),
    ("end/effect/websocket-url", Must, "doc"),
    ("end/effect/connection", Must, "doc"),
    ("end/effect/only-named", Must, "doc"),
    ("end/effect/refusal-is-inert", Must, "doc"),
    ("end/effect/once", Must, "doc"),
    ("end/effect/id-not-reused", Must, "doc"),
    ("end/authorization/required", Must, "doc"),
    ("rpc/method/get-post", Must, "gw"),
    ("rpc/method/other", Should, "gw http"),
    ("rpc/placement/form", Must, "gw"),
    ("rpc/parameter/order", Must, "gw"),
    ("rpc/parameter/encoding", Must, "gw sdk"),
    ("rpc/parameter/repeated", Must, ""),
    ("rpc/parameter/unknown", Should, "sdk"),
    ("rpc/parameter/name-case", May, ""),
    ("rpc/action/unknown", Must, "gw"),
    ("rpc/action/missing", Must, "gw"),
    ("rpc/version/unknown", Must, "gw"),
    ("rpc/format/json", Must, "gw sdk"),
    ("rpc/format/xml", Must, "gw sdk"),
    ("rpc/format/xml-type", Should, "sdk"),
    ("rpc/format/default", May, "gw"),
    ("rpc/format/same", Must, "gw"),
    ("rpc/robust/no-5xx", Must, "http"),
    ("rpc/robust/framing", Must, "http"),
    ("rpc/robust/malformed", Should, "http"),
    ("rpc/robust/no-reflection", Should, "http"),
    ("rpc/signature/required", Must, "gw"),
    ("rpc/signature/v1", Must, "gw sdk"),
    ("rpc/signature/v3", Must, "gw sdk"),
    ("rpc/signature/tampered", Must, "gw"),
    ("rpc/signature/access-key", Must, "gw"),
    ("rpc/signature/expired", Must, "gw"),
    ("rpc/signature/nonce", Must, "gw"),
    ("start/success", Must, "sib"),
    ("start/usable", Must, "sib"),
    ("start/unique", Must, "sib"),
    ("describe/shape", Must, "sib"),
    ("describe/lists", Must, "sib"),
    ("describe/closed", Must, "sib"),
];

/// Name, default, other values (`any` first where there is one).
const READINGS: [(&str, &str, &str); 7] = [
    ("repeat-end", "not-found", "not-found idempotent"),
    ("unknown-region", "any", "any not-supported not-found invalid"),
    ("empty-parameter", "any", "any missing not-found"),
    ("malformed-session", "any", "any not-found invalid"),
    ("repeated-parameter", "any", "any first last refused"),
    ("closed-websocket", "any", "any refused closed"),
    ("default-format", "any", "any xml json"),
];

/// Name, whether it is of looks.
const OUTCOMES: [(&str, bool); 18] = [
    ("ok", false),
    ("session-not-found", false),
    ("region-not-supported", false),
    ("missing", false),
    ("refused", false),
    ("too-long", false),
    ("usable", true),
    ("unusable", true),
    ("listed", true),
    ("not-listed", true),
    ("unknown-action", false),
    ("unknown-version", false),
    ("signature-mismatch", false),
    ("unknown-access-key", false),
    ("expired", false),
    ("nonce-used", false),
    ("denied", false),
    ("throttled", false),
];

/// Name, and the clauses that go with it and with nothing else.
const CAPABILITIES: [(&str, &str); 12] = [
    ("start", "start/success start/usable start/unique"),
    ("describe", "describe/shape describe/lists describe/closed"),
    ("websocket", "end/effect/websocket-url end/effect/connection start/usable"),
    ("xml", "rpc/format/xml rpc/format/xml-type rpc/format/same"),
    ("signature-v1", "rpc/signature/v1"),
    ("signature-v3", "rpc/signature/v3"),
    (
        "signatures",
        "rpc/signature/required rpc/signature/v1 rpc/signature/v3 rpc/signature/tampered rpc/signature/access-key \
         rpc/signature/expired rpc/signature/nonce",
    ),
    ("unsupported-region", "end/region/unsupported"),
    ("other-region", "end/session/other-region"),
    ("denied-credential", "end/authorization/required"),
    ("restart", "end/effect/survives-restart"),
    (
        "sessions",
        "end/request/region-required end/region/unknown end/region/exact end/session/near-miss end/session/exact \
         end/session/other-region end/success/status end/success/body end/success/extra end/effect/closes \
         end/effect/stays-closed end/effect/survives-restart end/effect/websocket-url end/effect/connection \
         end/effect/only-named end/effect/refusal-is-inert end/effect/once end/effect/id-not-reused \
         end/authorization/required start/usable describe/lists describe/closed",
    ),
];

#[test]
fn clauses_have_the_documents_ids_levels_and_sources_in_its_order() {
    let contract = built_in(None);
    let loaded: Vec<(&str, Level, String)> =
        contract.clauses.iter().map(|clause| (clause.id.as_str(), clause.level, clause.sources.join(" "))).collect();
    let written: Vec<(&str, Level, String)> =
        CLAUSES.iter().map(|(id, level, sources)| (*id, *level, (*sources).to_owned())).collect();
    assert_eq!(loaded, written);
}

#[test]
fn sentences_begin_with_what_the_endpoint_does_and_end_without_a_full_stop() {
    for revision in revisions() {
        for clause in built_in(Some(revision)).clauses {
            let verb = clause.sentence.split(' ').next().unwrap_or_default();
            let is_verb = verb.ends_with('s') && verb.chars().all(|c| c.is_ascii_lowercase()) || verb == "never";
            assert!(is_verb || verb == "does", "{}: {}", clause.id, clause.sentence);
            assert!(!clause.sentence.ends_with('.'), "{}", clause.id);
        }
    }
}

#[test]
fn outcomes_are_the_documents() {
    let contract = built_in(None);
    let loaded: BTreeSet<(&str, bool)> =
        contract.outcomes.values().map(|outcome| (outcome.name.as_str(), outcome.of_looks)).collect();
    assert_eq!(loaded, OUTCOMES.into_iter().collect());
    let arguments: Vec<&str> =
        contract.outcomes.values().filter(|o| o.takes_argument).map(|o| o.name.as_str()).collect();
    assert_eq!(arguments, ["missing"]);
    for outcome in contract.outcomes.values() {
        assert_eq!(outcome.answers.is_empty(), outcome.of_looks, "{}", outcome.name);
    }
}

#[test]
fn readings_have_the_documents_values_and_defaults() {
    let contract = built_in(None);
    assert_eq!(contract.readings.len(), READINGS.len());
    for (name, default, values) in READINGS {
        let reading = &contract.readings[name];
        let names: Vec<&str> = reading.values.iter().map(|value| value.name.as_str()).collect();
        assert_eq!((reading.default.as_str(), names.join(" ")), (default, values.to_owned()), "{name}");
        let elsewhere = ["repeated-parameter", "closed-websocket", "default-format"].contains(&name);
        assert_eq!(reading.elsewhere, elsewhere, "{name}");
    }
}

#[test]
fn every_capability_takes_its_clauses_and_no_other() {
    let contract = built_in(None);
    let names: Vec<&str> = contract.capabilities.iter().map(|capability| capability.name.as_str()).collect();
    assert_eq!(names, CAPABILITIES.map(|(name, _)| name));
    for (name, clauses) in CAPABILITIES {
        let excluded: Vec<(String, String)> = contract.excluded_by(&[name]);
        let ids: BTreeSet<&str> = excluded.iter().map(|(clause, _)| clause.as_str()).collect();
        assert_eq!(ids, clauses.split(' ').collect(), "{name}");
        assert!(excluded.iter().all(|(_, by)| by == name), "{name}: {excluded:?}");
    }
}

#[test]
fn the_rest_of_the_signature_clauses_goes_when_both_schemes_are_lacking() {
    let contract = built_in(None);
    let by = |lacking: &[&str]| contract.excluded_by(lacking);
    let pair = |clause: &str, capability: &str| (clause.to_owned(), capability.to_owned());
    let both = by(&["signature-v3", "signature-v1"]);
    assert_eq!(both.len(), 7);
    assert!(both.contains(&pair("rpc/signature/v1", "signature-v1")));
    assert!(both.contains(&pair("rpc/signature/v3", "signature-v3")));
    assert!(both.contains(&pair("rpc/signature/tampered", "signatures")));
    assert_eq!(by(&["signature-v1"]), [pair("rpc/signature/v1", "signature-v1")]);
    assert_eq!(by(&[]), []);
    assert_eq!(by(&["nothing-of-the-kind"]), []);
}

#[test]
fn excluded_clauses_stand_in_the_contracts_order_each_once() {
    let contract = built_in(None);
    let excluded = contract.excluded_by(&["describe", "sessions", "start", "websocket"]);
    let position = |id: &str| contract.clauses.iter().position(|clause| clause.id == id);
    assert!(excluded.windows(2).all(|pair| position(&pair[0].0) < position(&pair[1].0)), "{excluded:?}");
}

#[test]
fn the_page_documents_two_errors_with_status_and_message() {
    let contract = built_in(None);
    let rows: Vec<(String, &[u16], &str)> = contract
        .errors
        .iter()
        .filter_map(|row| Some((row.code.to_string(), row.status.as_slice(), row.message.as_deref()?)))
        .collect();
    let region = ("RegionId.ApiNotSupported".to_owned(), [400].as_slice(), "The api is not supported in this region.");
    let session = ("InvalidSessionId.NotFound".to_owned(), [404].as_slice(), "The specified SessionId does not exist.");
    assert_eq!(rows, [region, session]);
}

#[test]
fn a_status_that_an_outcome_permits_with_a_code_is_one_that_the_code_is_documented_with() {
    for revision in revisions() {
        let contract = built_in(Some(revision));
        let rows = contract.outcomes.values().flat_map(|outcome| &outcome.answers);
        let values = contract.readings.values().flat_map(|reading| &reading.values).flat_map(|value| &value.answers);
        for answer in rows.chain(values).filter(|answer| !answer.success) {
            let endspec::contract::StatusSet::OneOf(statuses) = &answer.status else { continue };
            for code in &answer.codes {
                let code = match code.with_name("SessionId") {
                    CodePattern::Exact(code) => code,
                    CodePattern::StartsWith(prefix) if answer.origin == "throttled" => prefix,
                    // The beginning of codes some of which the page documents with a status of their own.
                    _ => continue,
                };
                for row in contract.error_rows(&code, "EndTerminalSession").iter().filter(|row| !row.status.is_empty())
                {
                    for status in statuses {
                        assert!(row.status.contains(status), "{}: {code} with {status}", answer.origin);
                    }
                }
            }
        }
    }
}

#[test]
fn the_siblings_pages_document_their_own_errors() {
    let contract = built_in(None);
    let of = |operation: &str| {
        let own = |row: &&endspec::contract::ErrorEntry| row.operations.iter().any(|name| name == operation);
        contract.errors.iter().filter(own).count()
    };
    assert_eq!((of("EndTerminalSession"), of("StartTerminalSession"), of("DescribeTerminalSessions")), (2, 20, 4));
    let status = |code, operation| contract.error_rows(code, operation)[0].status.clone();
    assert_eq!(status("InvalidRegionId.NotFound", "StartTerminalSession"), [404]);
    assert_eq!(status("InternalError", "DescribeTerminalSessions"), [500]);
    assert!(contract.error_rows("InvalidRegionId.NotFound", "EndTerminalSession").is_empty());
    let shared = contract.error_rows("InternalError", "DescribeTerminalSessions");
    assert!(shared.iter().all(|row| row.table == Table::Page), "an operation's own page goes before the gateway");
    assert_eq!(contract.error_rows("InternalError", "EndTerminalSession")[0].table, Table::Gateway);
}

#[test]
fn statuses_on_which_documents_disagree_are_all_there_and_unknown_ones_are_not_judged() {
    let contract = built_in(None);
    let status = |code| contract.error_rows(code, "EndTerminalSession")[0].status.clone();
    for (code, statuses) in [
        ("InvalidAccessKeyId.NotFound", [404, 400].as_slice()),
        ("SignatureDoesNotMatch", &[400, 403]),
        ("UnsupportedHTTPMethod", &[400, 403]),
        ("InvalidAccessKeyId", &[]),
        ("InvalidVersion", &[]),
        ("InvalidSecurityToken.Malformed", &[]),
        ("MissingSessionId", &[400]),
        ("Throttling.User", &[400, 429, 503]),
    ] {
        assert_eq!(status(code), statuses, "{code}");
    }
}

#[test]
fn regions_are_known_and_named_once() {
    let contract = built_in(None);
    assert_eq!(contract.regions.len(), 38);
    for region in ["cn-hangzhou", "ap-southeast-8", "cn-north-2-gov-1"] {
        assert!(contract.regions.iter().any(|id| id == region), "{region}");
    }
    assert_eq!(contract.regions.iter().collect::<BTreeSet<_>>().len(), contract.regions.len());
}

#[test]
fn the_page_is_that_of_the_operation() {
    let page = built_in(None).page;
    assert_eq!((page.product.as_str(), page.version.as_str()), ("Ecs", "2014-05-26"));
    assert_eq!(page.operation, "EndTerminalSession");
    assert_eq!(page.permission, "ecs:EndTerminalSession");
    assert!(page.url.starts_with("https://www.alibabacloud.com/help/"), "{}", page.url);
}

#[test]
fn the_later_revision_adds_a_code_and_calls_the_effect_otherwise_and_changes_nothing_else() {
    assert_eq!(revisions(), ["2025-04-25", "2026-06-18"]);
    let (first, later) = (built_in(None), built_in(Some("2026-06-18")));
    assert_eq!((first.revision.as_str(), later.revision.as_str()), (DEFAULT_REVISION, "2026-06-18"));

    let added: Vec<_> = later.errors.iter().filter(|row| !first.errors.contains(row)).collect();
    assert_eq!(later.errors.len(), first.errors.len() + 1);
    assert_eq!(added[0].code, CodePattern::Exact("Operation.Forbidden".into()));
    assert_eq!(added[0].status, [403]);
    assert_eq!(added[0].message.as_deref(), Some("The operation is not permitted."));
    assert_eq!(added[0].operations, ["EndTerminalSession"]);

    let pairs = || first.clauses.iter().zip(&later.clauses);
    let changed: Vec<&str> = pairs().filter(|(old, new)| old != new).map(|(_, new)| new.id.as_str()).collect();
    assert_eq!(changed, ["end/effect/closes", "end/effect/connection"]);
    for (old, new) in pairs() {
        assert_eq!((&old.id, old.level, &old.sources), (&new.id, new.level, &new.sources));
    }
    for id in changed {
        let sentence = &later.clause(id).expect("it is there").sentence;
        assert!(sentence.starts_with("closes the data connection of the session"), "{sentence}");
    }
    assert_eq!((&first.outcomes, &first.readings), (&later.outcomes, &later.readings));
    assert_eq!((&first.capabilities, &first.regions), (&later.capabilities, &later.regions));
    assert!(first.schemas.keys().eq(later.schemas.keys()));
    assert_eq!(later.page.operation, "EndTerminalSession");
    assert_ne!(later.page.effect, first.page.effect);
}

#[test]
fn every_built_in_revision_passes_its_own_checks_schemas_included() {
    for revision in revisions() {
        let loaded = contract(&built_in_files(), revision);
        assert!(loaded.is_ok(), "{revision}: {:?}", loaded.err());
    }
}

#[test]
fn a_revision_that_does_not_exist_is_a_mistake_with_a_suggestion() {
    assert_eq!(named("2026-06-18").expect("it exists").revision, "2026-06-18");
    let mistake = named("2026-06-19").expect_err("it does not exist");
    assert_eq!(mistake.code, "unknown-revision");
    assert_eq!(mistake.help.as_deref(), Some("did you mean `2026-06-18`? there are `2025-04-25`, `2026-06-18`"));
}
