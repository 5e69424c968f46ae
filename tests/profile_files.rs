//! Profile files: what the loader takes and what it refuses, and that the schema says the same.

mod fixtures;

use endspec::diagnostic::render;
use endspec::load::profile::profile;
use endspec::load::yaml;

use fixtures::{code_of, fixtures, schema, source};

/// Mistakes that a JSON Schema cannot tell.
const BEYOND_THE_SCHEMA: [&str; 2] = ["duplicate-key", "yaml-syntax"];

#[test]
fn every_valid_profile_loads_and_fits_the_schema() {
    let schema = schema("profile.schema.json");
    for path in fixtures("profiles/valid") {
        let source = source(&path);
        if let Err(mistakes) = profile(&source) {
            panic!("{}", render(&mistakes, false, 120));
        }
        let value = yaml::tree(&source, 20_000).unwrap().to_json();
        let violations = schema.violations(&value);
        assert!(violations.is_empty(), "{}: {violations:#?}", path.display());
    }
}

#[test]
fn every_invalid_profile_is_refused_for_what_it_is_named_after_and_by_the_schema() {
    let schema = schema("profile.schema.json");
    let mut shown = String::new();
    for path in fixtures("profiles/invalid") {
        let source = source(&path);
        let mistakes = profile(&source).expect_err(&path.display().to_string());
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
fn a_profile_that_is_all_comments_says_nothing_wrong() {
    let source = endspec::source::Source::new("endspec.yaml", "# target: https://a\n");
    assert!(profile(&source).unwrap().named(None).unwrap().text("target").is_none());
}
