//! Baseline files: what the loader takes and what it refuses, and that the schema says the same.

mod fixtures;

use endspec::diagnostic::render;
use endspec::load::baseline::baseline;
use endspec::load::{self, yaml};

use fixtures::{code_of, fixtures, schema, source};

/// Mistakes that a JSON Schema cannot tell.
const BEYOND_THE_SCHEMA: [&str; 5] = ["duplicate-key", "empty-file", "listed-twice", "unknown-clause", "yaml-syntax"];

#[test]
fn every_valid_baseline_loads_and_fits_the_schema() {
    let (schema, contract) = (schema("baseline.schema.json"), load::contract::built_in(None));
    for path in fixtures("baselines/valid") {
        let source = source(&path);
        if let Err(mistakes) = baseline(&source, &contract) {
            panic!("{}", render(&mistakes, false, 120));
        }
        let value = yaml::tree(&source, 20_000).unwrap().to_json();
        let violations = schema.violations(&value);
        assert!(violations.is_empty(), "{}: {violations:#?}", path.display());
    }
}

#[test]
fn every_invalid_baseline_is_refused_for_what_it_is_named_after_and_by_the_schema() {
    let (schema, contract) = (schema("baseline.schema.json"), load::contract::built_in(None));
    let mut shown = String::new();
    for path in fixtures("baselines/invalid") {
        let source = source(&path);
        let mistakes = baseline(&source, &contract).expect_err(&path.display().to_string());
        assert_eq!(mistakes[0].code, code_of(&path), "{}: {mistakes:#?}", path.display());
        shown.push_str(&render(&mistakes, false, 120));
        shown.push('\n');
        let refused = yaml::tree(&source, 20_000).is_ok_and(|node| !schema.violations(&node.to_json()).is_empty());
        let excused = BEYOND_THE_SCHEMA.contains(&code_of(&path));
        assert_ne!(refused, excused, "{}", path.display());
    }
    insta::assert_snapshot!(shown);
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = "known:\n  - { clause: end/nothing, case: a, reson: b }\n  - { clause: end/effect/once, case: 4, reason: c, expires: soon }\n";
    let mistakes =
        baseline(&endspec::source::Source::new("b.yaml", text), &load::contract::built_in(None)).unwrap_err();
    let mut codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["bad-date", "missing-key", "unknown-clause", "unknown-key", "wrong-type"]);
}
