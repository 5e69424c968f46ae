//! Case files: what the loader takes and what it refuses.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use endspec::case::Case;
use endspec::contract::{Contract, Schema};
use endspec::diagnostic::{CODES, Diagnostic, render};
use endspec::load;
use endspec::source::Source;

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(folder);
    let mut paths: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "{} is empty", folder.display());
    paths
}

fn source(path: &Path) -> Arc<Source> {
    Source::new(path.file_name().unwrap().to_str().unwrap(), fs::read_to_string(path).unwrap())
}

fn contract() -> Contract {
    load::contract::built_in(None)
}

fn load_case(path: &Path, contract: &Contract) -> Result<Case, Vec<Diagnostic>> {
    load::case::case(&source(path), path.file_stem().unwrap().to_str().unwrap(), contract)
}

#[test]
fn every_valid_case_loads() {
    let contract = contract();
    for path in fixtures("cases/valid") {
        if let Err(mistakes) = load_case(&path, &contract) {
            panic!("{}: {mistakes:#?}", path.display());
        }
    }
}

#[test]
fn every_built_in_case_loads() {
    if let Err(mistakes) = load::built_in::checked(&contract()) {
        panic!("{mistakes:#?}");
    }
}

/// The code that a fixture is named after: `unknown-key-step.yaml` is about `unknown-key`.
fn code_of(path: &Path) -> &'static str {
    let stem = path.file_stem().unwrap().to_str().unwrap();
    let fits = |code: &str| stem == code || stem.strip_prefix(code).is_some_and(|rest| rest.starts_with('-'));
    let codes = CODES.iter().map(|(code, _)| *code).filter(|code| fits(code));
    codes.max_by_key(|code| code.len()).unwrap_or_else(|| panic!("{stem} begins with no registered code"))
}

#[test]
fn every_invalid_case_is_refused_for_what_it_is_named_after() {
    let contract = contract();
    let mut wrong = Vec::new();
    for path in fixtures("cases/invalid") {
        let mut found: Vec<(&str, String)> = match load_case(&path, &contract) {
            Ok(_) => vec![("none", String::new())],
            Err(mistakes) => mistakes.into_iter().map(|mistake| (mistake.code, mistake.message)).collect(),
        };
        found.dedup_by_key(|(code, _)| *code);
        if found.iter().map(|(code, _)| *code).ne([code_of(&path)]) {
            wrong.push(format!("{}: {found:?}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Mistakes that a JSON Schema cannot tell, or is not meant to, by code; the reason stands beside it.
const BEYOND_THE_SCHEMA: [(&str, &str); 27] = [
    ("bad-argument", "which outcome takes an argument is the contract's"),
    ("bad-template", "variables are a language of their own"),
    ("clause-not-listed", "compares two places"),
    ("contradiction-filler", "looks into a text"),
    ("contradiction-without", "compares two places"),
    ("duplicate-key", "JSON keeps the last"),
    ("many-documents", "a reader of YAML sees one"),
    ("misplaced-word-reading", "which reading one answer decides is the contract's"),
    ("missing-need", "compares two places"),
    ("name-taken", "compares two places"),
    ("old-boolean", "JSON does not tell quoted from plain texts"),
    ("out-of-range-wait", "the number stands in a text"),
    ("unknown-capability", "the contract's words change with its revision"),
    ("unknown-clause", "the contract's words change with its revision"),
    ("unknown-outcome", "the contract's words change with its revision"),
    ("unknown-reading", "the contract's words change with its revision"),
    ("unknown-schema", "the contract's words change with its revision"),
    ("unknown-session", "compares two places"),
    ("unknown-variable", "compares two places"),
    ("wrong-type-not-finite", "JSON has no such number"),
    ("yaml-alias", "no tree to look at"),
    ("yaml-syntax", "no tree to look at"),
    ("yaml-tag", "no tree to look at"),
    ("yaml-too-deep", "no tree to look at"),
    ("yaml-too-large", "no tree to look at"),
    ("empty-file", "no tree to look at"),
    ("wrong-type-key", "keys of JSON are texts"),
];

fn schema(name: &str) -> Schema {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name);
    let value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    Schema::compile(value).unwrap_or_else(|violation| panic!("{name}: {violation:?}"))
}

/// What a reader of YAML without our rules would hand to a validator.
fn json(source: &Arc<Source>) -> Option<serde_json::Value> {
    load::yaml::tree(source, 20_000).ok().map(|node| node.to_json())
}

#[test]
fn the_schema_takes_what_the_loader_takes() {
    let schema = schema("case.schema.json");
    let fixtures = fixtures("cases/valid").into_iter().map(|path| source(&path));
    let built_in = load::built_in::sources().into_iter().map(|(_, source)| source);
    for source in fixtures.chain(built_in) {
        let violations = schema.violations(&json(&source).unwrap());
        assert!(violations.is_empty(), "{}: {violations:#?}", source.name);
    }
}

#[test]
fn the_schema_refuses_what_the_loader_refuses_or_there_is_a_reason() {
    let schema = schema("case.schema.json");
    let mut unused: Vec<&str> = BEYOND_THE_SCHEMA.iter().map(|(prefix, _)| *prefix).collect();
    let mut wrong = Vec::new();
    for path in fixtures("cases/invalid") {
        let source = source(&path);
        let refused = json(&source).is_some_and(|value| !schema.violations(&value).is_empty());
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let excused = BEYOND_THE_SCHEMA.iter().find(|(prefix, _)| stem.starts_with(prefix));
        match (refused, excused) {
            (false, None) => wrong.push(format!("{stem}: the schema takes it")),
            (false, Some((prefix, _))) => unused.retain(|other| other != prefix),
            (true, _) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(unused.is_empty(), "the schema does refuse these: {unused:?}");
}

#[test]
fn mistakes_are_shown_where_they_stand_and_with_a_way_out() {
    let contract = contract();
    let mut shown = String::new();
    for path in fixtures("cases/invalid") {
        if let Err(mistakes) = load_case(&path, &contract) {
            shown.push_str(&render(&mistakes, false, 120));
            shown.push('\n');
        }
    }
    insta::assert_snapshot!(shown);
}
