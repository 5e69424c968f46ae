//! Mistakes in the contract's files: every one is found, at its place, and all at once.

use std::sync::Arc;

use endspec::diagnostic::Diagnostic;
use endspec::load::contract::{built_in_files, contract};
use endspec::source::Source;

const REVISION: &str = "2026-06-18";
const BASE: &str = "2025-04-25/contract.yaml";
const LATER: &str = "2026-06-18/contract.yaml";
const ERROR: &str = "2025-04-25/Error.json";
const SUCCESS: &str = "2025-04-25/EndTerminalSession.success.json";

/// The built-in files, with one text in one of them replaced by another.
fn edited(file: &str, from: &str, to: &str) -> Vec<Arc<Source>> {
    let mut files = built_in_files();
    let found = files.iter_mut().find(|source| source.name.ends_with(file)).expect("the file exists");
    assert!(found.text.contains(from), "{file} has `{from}`");
    *found = Source::new(found.name.clone(), found.text.replacen(from, to, 1));
    files
}

fn mistakes(files: &[Arc<Source>]) -> Vec<Diagnostic> {
    contract(files, REVISION).err().unwrap_or_default()
}

/// The text that a mistake points at.
fn pointed(mistake: &Diagnostic) -> &str {
    let place = mistake.place.as_ref().expect("it has a place");
    &place.source.text[place.span.range()]
}

#[test]
fn each_mistake_is_found_by_itself_where_it_stands() {
    // File, text, its replacement; code, text pointed at, a word of the help.
    type Row<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str, &'a str);
    let rows: &[Row<'_>] = &[
        (
            BASE,
            "common-parameters:",
            "common-parameter: []\ncommon-parameters:",
            "unknown-key",
            "common-parameter",
            "`common-parameters`",
        ),
        (
            BASE,
            "level: MUST, sources: [doc, gw]",
            "levle: MUST, sources: [doc, gw], level: MUST",
            "unknown-key",
            "levle",
            "`level`",
        ),
        (BASE, "looks: true", "look: true\n    looks: true", "unknown-key", "look", "`looks`"),
        (BASE, "level: MUST", "level: must", "bad-level", "must", "`MUST`"),
        (BASE, "level: MUST, ", "", "missing-key", "{ id: end/request/region-required", ""),
        (BASE, "sources: [doc, gw]", "sources: [docs, gw]", "unknown-source", "docs", "`doc`"),
        (BASE, "sources: [doc, gw]", "sources: doc", "wrong-type", "doc", ""),
        (
            BASE,
            "id: end/request/session-required",
            "id: end/request/region-required",
            "duplicate-id",
            "end/request/region-required",
            "contract.yaml:",
        ),
        (BASE, "  listed:", "  usable:", "duplicate-key", "usable", "first on line"),
        (BASE, "  malformed-session:", "  unknown-region:", "duplicate-key", "unknown-region", "first on line"),
        (BASE, "      first: {", "      last: {", "duplicate-key", "last", "first on line"),
        (BASE, "  restart: {", "  xml: {", "duplicate-key", "xml", "first on line"),
        (BASE, "code: InvalidVersion,", "code: NoSuchVersion,", "duplicate-id", "NoSuchVersion", "contract.yaml:"),
        (BASE, "- cn-beijing\n", "- cn-qingdao\n", "duplicate-id", "cn-qingdao", "contract.yaml:"),
        (
            BASE,
            "permits: [session-not-found] }",
            "permits: [session-not-fond] }",
            "unknown-outcome",
            "session-not-fond",
            "`session-not-found`",
        ),
        (BASE, "permits: [ok]", "permits: [ok(RegionId)]", "bad-argument", "ok(RegionId)", ""),
        (BASE, "permits: [\"missing({NAME})\"]", "permits: [missing]", "bad-argument", "missing", ""),
        (
            BASE,
            "{ reading: unknown-region }",
            "{ reading: unknown-regions }",
            "unknown-reading",
            "unknown-regions",
            "`unknown-region`",
        ),
        (
            BASE,
            "          RegionId: [{ reading: unknown-region }]",
            "          RegionID: [{ reading: unknown-region }]",
            "unknown-parameter",
            "RegionID",
            "`RegionId`",
        ),
        (BASE, "{ reading: unknown-region }", "{ reading: empty-parameter }", "reading-circle", "empty-parameter", ""),
        (BASE, "default: not-found", "default: not-fund", "unknown-value", "not-fund", "`not-found`"),
        (BASE, "    judged: elsewhere\n", "    judged: here\n", "wrong-type", "here", ""),
        (BASE, ", permits: [ok] }", " }", "bad-permits", "idempotent", ""),
        (
            BASE,
            "last: { sentence: the last value counts }",
            "last: { sentence: the last, permits: [ok] }",
            "bad-permits",
            "last",
            "",
        ),
        (BASE, "clauses: [start/*]", "clauses: [strat/*]", "unknown-clause", "strat/*", ""),
        (
            BASE,
            "clauses: [rpc/signature/v1]",
            "clauses: [rpc/signature/v2]",
            "unknown-clause",
            "rpc/signature/v2",
            "`rpc/signature/v",
        ),
        (
            BASE,
            "all-of: [signature-v1,",
            "all-of: [signature-v2,",
            "unknown-capability",
            "signature-v2",
            "`signature-v",
        ),
        (
            BASE,
            "operations: [StartTerminalSession]",
            "operations: [StartTerminalSesion]",
            "unknown-operation",
            "StartTerminalSesion",
            "`StartTerminalSession`",
        ),
        (BASE, "status: [404, 400], codes", "status: [404, 4000], codes", "bad-status", "4000", ""),
        (BASE, "status: [404, 400], codes", "status: [404, 4xx], codes", "bad-status", "4xx", ""),
        (BASE, "status: 400, message", "status: 99, message", "bad-status", "99", ""),
        (BASE, "codes: [InvalidRegionId*,", "codes: [\"*\",", "bad-code-pattern", "\"*\"", ""),
        (BASE, "codes: [InvalidRegionId*,", "codes: [Invalid*RegionId,", "bad-code-pattern", "Invalid*RegionId", ""),
        (BASE, "codes: [InvalidRegionId*,", "codes: [\"Invalid{NAME\",", "bad-code-pattern", "\"Invalid{NAME\"", ""),
        (BASE, "code: NoSuchVersion", "code: No such version", "bad-code-pattern", "No such version", ""),
        (BASE, "success: true", "success: yes", "wrong-type", "yes", ""),
        (BASE, "table: gateway", "table: gate", "wrong-type", "gate", ""),
        (BASE, "revision: 2025-04-25\n", "revision: 2025-04-26\n", "wrong-revision", "2025-04-26", ""),
        (BASE, "  product: Ecs\n", "", "missing-key", "version: 2014-05-26", ""),
        (BASE, "clauses:\n", "clauses: !!seq\n", "yaml-tag", "", ""),
        (BASE, "revision: 2025-04-25\n", "revision: [2025-04-25\n", "yaml-syntax", "", ""),
        (LATER, "extends: 2025-04-25", "extends: 2025-04-24", "unknown-revision", "2025-04-24", "`2025-04-25`"),
        (LATER, "extends: 2025-04-25", "extends: 2026-06-18", "unknown-revision", "2026-06-18", ""),
        (
            LATER,
            "clause: end/effect/closes,",
            "clause: end/effect/close,",
            "unknown-clause",
            "end/effect/close",
            "`end/effect/closes`",
        ),
        (
            LATER,
            "clause: end/effect/connection,",
            "clause: end/effect/closes,",
            "duplicate-id",
            "end/effect/closes",
            "contract.yaml:",
        ),
        (
            LATER,
            "code: Operation.Forbidden",
            "code: InvalidSessionId.NotFound",
            "duplicate-id",
            "InvalidSessionId.NotFound",
            "2025-04-25/contract.yaml:",
        ),
        (ERROR, "\"minLength\": 1", "\"minLenght\": 1", "unknown-keyword", "\"minLenght\"", "`minLength`"),
        (
            ERROR,
            "\"required\": [\"RequestId\", \"Code\", \"Message\"]",
            "\"definitions\": {}",
            "unknown-keyword",
            "\"definitions\"",
            "x-",
        ),
        (ERROR, "\"type\": \"object\"", "\"type\": \"objct\"", "bad-schema", "\"type\"", ""),
        (ERROR, "\"minLength\": 1", "\"minLength\": -1", "bad-schema", "\"minLength\"", ""),
        (ERROR, "\"minLength\": 1", "\"minLength\": 1, \"minLength\": 2", "duplicate-key", "\"minLength\"", ""),
        (ERROR, "\"type\": \"object\",", "\"type\": \"object\"", "json-syntax", "", ""),
        (SUCCESS, "^[0-9A-Fa-f]{8}", "^[0-9A-Fa-f{8}", "bad-schema", "\"pattern\"", ""),
    ];
    for (file, from, to, code, text, help) in rows {
        let row = format!("{file}: `{from}` -> `{to}`");
        let found = mistakes(&edited(file, from, to));
        let told: Vec<_> = found.iter().map(|m| (m.code, m.message.as_str(), m.help.as_deref())).collect();
        let hit = found.iter().find(|mistake| mistake.code == *code && pointed(mistake).starts_with(text));
        let hit = hit.unwrap_or_else(|| panic!("{row}: {told:?}"));
        let said = format!("{} {}", hit.help.as_deref().unwrap_or_default(), hit.label);
        assert!(said.contains(help), "{row}: {told:?}");
        let first = hit.message.chars().next().unwrap_or_default();
        assert!(!first.is_uppercase() && !hit.message.ends_with('.'), "{row}: {}", hit.message);
    }
}

#[test]
fn a_mistake_that_stands_alone_is_told_alone() {
    for (file, from, to, code) in [
        (BASE, "level: MUST", "level: MUSTT", "bad-level"),
        (BASE, "sources: [doc, gw]", "sources: [docs, gw]", "unknown-source"),
        (BASE, "status: [404, 400], codes", "status: [404, 4000], codes", "bad-status"),
        (BASE, "id: end/effect/closes,", "id: end/effect/closes, levle: MUST,", "unknown-key"),
        (ERROR, "\"minLength\": 1", "\"minLenght\": 1", "unknown-keyword"),
        (ERROR, "\"type\": \"object\",", "\"type\": \"object\"", "json-syntax"),
        (LATER, "extends: 2025-04-25", "extends: 2025-04-24", "unknown-revision"),
    ] {
        let found: Vec<&str> = mistakes(&edited(file, from, to)).iter().map(|mistake| mistake.code).collect();
        assert_eq!(found, [code], "{file}: `{from}` -> `{to}`");
    }
}

#[test]
fn mistakes_of_all_files_come_at_once_each_with_line_and_column() {
    let mut files = built_in_files();
    for source in &mut files {
        let text = match source.name.as_str() {
            "<built-in>/2025-04-25/contract.yaml" => {
                let text = source.text.replacen("level: MUST", "level: MOST", 1);
                text.replacen("permits: [ok]", "permits: [okay]", 1)
            }
            "<built-in>/2025-04-25/Error.json" => source.text.replacen("\"pattern\"", "\"patern\"", 1),
            "<built-in>/2026-06-18/contract.yaml" => source.text.replacen("amendments", "amendment", 1),
            _ => continue,
        };
        *source = Source::new(source.name.clone(), text);
    }
    let base = files.iter().find(|source| source.name.ends_with(BASE)).expect("it exists");
    let line = |text: &str| {
        let at = base.text.find(text).expect("it is there");
        let (line, column) = base.line_column(at);
        format!("<built-in>/{BASE}:{line}:{column}")
    };
    let found = mistakes(&files);
    let told: Vec<(&str, String)> =
        found.iter().map(|mistake| (mistake.code, mistake.place.as_ref().expect("a place").at())).collect();
    let expected = [
        ("bad-level", line("MOST")),
        ("unknown-keyword", "<built-in>/2025-04-25/Error.json:12:7".to_owned()),
        ("unknown-key", "<built-in>/2026-06-18/contract.yaml:9:1".to_owned()),
        ("unknown-outcome", line("okay")),
    ];
    assert_eq!(told, expected);
    assert_eq!(found[1].message, "`patern` is no keyword of JSON Schema 2020-12 (/properties/RequestId/patern)");
}

#[test]
fn a_schema_that_is_missing_and_one_that_belongs_to_nothing_are_told() {
    let mut files = built_in_files();
    files.retain(|source| !source.name.ends_with("EndTerminalSession.success.json"));
    files.push(Source::new("<built-in>/2025-04-25/EndTerminalSession.sucess.json", "{}"));
    let found = mistakes(&files);
    let told: Vec<(&str, &str)> = found.iter().map(|mistake| (mistake.code, mistake.message.as_str())).collect();
    assert_eq!(
        told,
        [
            ("unknown-schema", "`EndTerminalSession.sucess.json` is the schema of nothing"),
            ("missing-schema", "the schema `EndTerminalSession.success.json` is missing"),
        ]
    );
    assert_eq!(pointed(&found[1]), "EndTerminalSession");
}

#[test]
fn a_schemas_annotations_of_its_own_and_names_of_members_are_no_keywords() {
    for to in ["\"x-anything\": 1, \"minLength\": 1", "\"default\": { \"minLenght\": 1 }, \"minLength\": 1"] {
        assert!(mistakes(&edited(ERROR, "\"minLength\": 1", to)).is_empty(), "{to}");
    }
    let renamed = edited(ERROR, "\"Message\": {", "\"minLenght\": {");
    assert!(mistakes(&renamed).is_empty());
}

#[test]
fn keywords_are_looked_for_wherever_a_schema_may_stand() {
    for within in [
        "\"not\": { \"tpye\": 1 }",
        "\"allOf\": [true, { \"tpye\": 1 }]",
        "\"$defs\": { \"a/b\": { \"tpye\": 1 } }",
        "\"additionalProperties\": { \"items\": { \"prefixItems\": [{ \"tpye\": 1 }] } }",
        "\"dependentSchemas\": { \"a\": { \"if\": { \"patternProperties\": { \"b\": { \"tpye\": 1 } } } } }",
        "\"contentSchema\": { \"tpye\": 1 }",
    ] {
        let found = mistakes(&edited(ERROR, "\"title\"", &format!("{within}, \"title\"")));
        assert_eq!(found.iter().map(|m| m.code).collect::<Vec<_>>(), ["unknown-keyword"], "{within}");
        assert!(found[0].help.as_deref().unwrap_or_default().contains("`type`"), "{within}");
    }
    let found = mistakes(&edited(ERROR, "\"title\"", "\"$defs\": { \"a/b\": { \"tpye\": 1 } }, \"title\""));
    assert!(found[0].message.ends_with("(/$defs/a~1b/tpye)"), "{}", found[0].message);
}

#[test]
fn files_of_no_use_are_refused_without_a_panic() {
    for (name, text) in [
        ("nothing", ""),
        ("a text", "revision"),
        ("a list", "- revision"),
        ("a second document", "revision: 2026-06-18\n---\nrevision: 2026-06-18\n"),
        ("a key that is a list", "[a]: b"),
        ("an alias", "a: &a b\nc: *a\n"),
        ("a tag", "revision: !!str 2026-06-18\n"),
        ("nested too deep", &"[".repeat(100)),
        (
            "rows of the wrong shape",
            "revision: 2026-06-18\nextends: 2025-04-25\nclauses: {}\nerrors: [1, [], {}]\noutcomes: { a: 1 }\nreadings: { a: { values: [] } }\nregions: 1\ncapabilities: []\npage: []\namendments: [{}]\nsources: { a: [] }\ncommon-parameters: x\n",
        ),
    ] {
        let mut files = built_in_files();
        files.retain(|source| !source.name.ends_with(LATER));
        files.push(Source::new(format!("<built-in>/{LATER}"), text));
        assert!(!mistakes(&files).is_empty(), "{name}");
    }
    assert_eq!(mistakes(&[])[0].code, "unknown-revision");
}
