//! Case files: what the loader takes and what it refuses.

mod fixtures;

use std::fs;
use std::path::Path;
use std::sync::Arc;

use endspec::case::mutation::CATALOGUE;
use endspec::case::{Action, Case, Class, Parameter, Template, write};
use endspec::contract::Contract;
use endspec::diagnostic::{CODES, Diagnostic, render};
use endspec::load;
use endspec::source::{Source, Span, Spanned};

use fixtures::{code_of, fixtures, schema, source};

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
const BEYOND_THE_SCHEMA: [(&str, &str); 30] = [
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
    ("out-of-range-age", "the number stands in a text"),
    ("out-of-range-wait", "the number stands in a text"),
    ("too-many-clients", "multiplies two places"),
    ("too-many-sessions", "adds several places"),
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
fn the_schema_lists_every_value_of_the_catalogue() {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas/case.schema.json")).unwrap();
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    for (definition, right) in [("wrong-value", false), ("right-value", true)] {
        let kinds = CATALOGUE.iter().filter(|kind| (kind.class == Class::Valid) == right);
        let names: Vec<&str> = kinds.map(|kind| kind.name).collect();
        assert_eq!(schema["$defs"][definition]["enum"], serde_json::json!(names), "{definition}");
    }
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

/// Writes a case, reads it again and compares.
fn round_trip(case: &Case, contract: &Contract) {
    let text = write::write(case);
    let read = load::case::case(&Source::new("written.yaml", text.as_str()), &case.id, contract);
    let read = read.unwrap_or_else(|mistakes| panic!("{text}\n{}", render(&mistakes, false, 120)));
    assert_eq!(write::without_places(&read), write::without_places(case), "{text}");
    assert_eq!(write::write(&read), text, "written twice, the same bytes");
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
}

#[test]
fn a_case_that_is_written_and_read_again_is_the_same() {
    let contract = contract();
    for path in fixtures("cases/valid") {
        round_trip(&load_case(&path, &contract).unwrap(), &contract);
    }
    for case in load::built_in::suite(&contract).cases {
        round_trip(&case, &contract);
    }
}

#[test]
fn keys_longer_than_yaml_looks_ahead_survive_being_written_and_read() {
    let contract = contract();
    let mut case = load_case(&fixtures("cases/valid")[0], &contract).unwrap();
    if let Action::Call(call) = &mut case.steps[0].action {
        call.with[0].name.value = "é:".repeat(3_000);
    }
    round_trip(&case, &contract);
}

#[test]
fn arbitrary_texts_survive_being_written_and_read() {
    let contract = contract();
    let template = load_case(&fixtures("cases/valid")[0], &contract).unwrap();
    arbtest::arbtest(|u| {
        let mut case = template.clone();
        let step = case.steps.iter_mut().find_map(|step| match &mut step.action {
            Action::Call(call) => Some(call),
            _ => None,
        });
        let call = step.unwrap();
        call.with.clear();
        for _ in 0..u.int_in_range(1..=4)? {
            let name: String = u.arbitrary()?;
            if name == "<<" || call.with.iter().any(|parameter| parameter.name.value == name) {
                continue;
            }
            let texts: Vec<String> = (0..u.int_in_range(1..=3)?).map(|_| u.arbitrary()).collect::<Result<_, _>>()?;
            let values = texts.into_iter().map(Template::literal).collect();
            call.with.push(Parameter { name: Spanned::new(name, Span::default()), values });
        }
        round_trip(&case, &contract);
        Ok(())
    })
    .budget_ms(2_000);
}

#[test]
fn arbitrary_texts_are_refused_or_read_and_never_a_panic() {
    let (contract, schema) = (contract(), schema("case.schema.json"));
    let seeds: Vec<String> = fixtures("cases/valid")
        .into_iter()
        .chain(fixtures("cases/invalid"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();
    arbtest::arbtest(|u| {
        let mut text = u.choose(&seeds)?.clone();
        for _ in 0..u.int_in_range(1..=5)? {
            let mut at = u.choose_index(text.len() + 1)?;
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            let mut end = (at + u.int_in_range(0..=20)?).min(text.len());
            while !text.is_char_boundary(end) {
                end -= 1;
            }
            let piece = *u.choose(&[
                "", "{{", "}}", "- ", ": ", "\n", "\t", "[", "]", "{", "&a ", "*a", "\"", "'", "é", "!", "#",
            ])?;
            text.replace_range(at..end, piece);
        }
        match load::case::case(&Source::new("a.yaml", text.as_str()), "a", &contract) {
            Ok(case) => {
                round_trip(&case, &contract);
                let violations = schema.violations(&json(&case.source).unwrap());
                assert!(violations.is_empty(), "{text}\n{violations:#?}");
            }
            Err(mistakes) => {
                let shown = render(&mistakes, false, 100);
                assert!(shown.starts_with("error["), "{shown}");
                for mistake in &mistakes {
                    let span = mistake.place.as_ref().unwrap().span;
                    assert!(text.get(span.range()).is_some(), "{mistake:?}");
                }
            }
        }
        Ok(())
    })
    .budget_ms(3_000);
}

#[test]
fn files_that_would_exhaust_memory_or_stack_are_refused() {
    let contract = contract();
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    fs::File::create(path("large.yaml")).unwrap().set_len(100 << 20).unwrap();
    fs::write(path("nested.yaml"), "[".repeat(100_000)).unwrap();
    fs::write(path("dashes.yaml"), "- ".repeat(100_000)).unwrap();
    fs::write(path("latin.yaml"), b"title: caf\xe9\n").unwrap();
    fs::write(path("bom.yaml"), "\u{feff}clauses: [end/success/status]\r\nsteps:\r\n  - call: EndTerminalSession\r\n")
        .unwrap();
    let code = |name: &str| match load::suite::paths(&[path(name)], &contract) {
        Ok(_) => "none",
        Err(mistakes) => mistakes[0].code,
    };
    assert_eq!(code("large.yaml"), "file-too-large");
    assert_eq!(code("nested.yaml"), "yaml-too-deep");
    assert_eq!(code("dashes.yaml"), "yaml-too-deep");
    assert_eq!(code("latin.yaml"), "file-not-utf8");
    assert_eq!(code("missing.yaml"), "file-missing");
    assert_eq!(code("bom.yaml"), "none");
}

#[test]
fn a_suite_tells_the_mistakes_of_all_files_and_its_digest_depends_on_ids_and_texts() {
    let contract = contract();
    let good = "clauses: [end/success/status]\nsteps: [{ call: EndTerminalSession }]\n";
    let of = |files: &[(&str, &str)]| {
        let files = files.iter().map(|(id, text)| ((*id).to_owned(), Source::new(format!("{id}.yaml"), *text)));
        load::suite::suite(files.collect(), &contract)
    };
    let digest = |files: &[(&str, &str)]| of(files).unwrap().digest;
    assert_eq!(
        digest(&[("a", good), ("b", good)]),
        digest(&[("b", good), ("a", good)]),
        "the order is that of the ids"
    );
    assert_ne!(digest(&[("a", good)]), digest(&[("b", good)]));
    assert_ne!(digest(&[("a", good)]), digest(&[("a", &format!("{good}#"))]));
    assert_eq!(digest(&[]).len(), 64);
    let mistakes = of(&[("b", "step: 1"), ("a", "clauses: [x]"), ("c d", good), ("e", good), ("e", good)]).unwrap_err();
    let codes: Vec<&str> = mistakes.iter().map(|mistake| mistake.code).collect();
    let expected = ["same-id", "unknown-clause", "missing-key", "unknown-key", "missing-key", "missing-key", "bad-id"];
    assert_eq!(codes, expected);
}

/// Codes that no fixture file can show, with the file whose tests do.
const TESTED_ELSEWHERE: [(&str, &str); 38] = [
    ("baseline-form", "tests/it/baseline.rs"),
    ("not-mergeable", "tests/it/shards.rs"),
    ("bad-report", "tests/it/report_formats.rs"),
    ("file-in-use", "tests/serve_state.rs"),
    ("file-no-lines", "src/files/log.rs"),
    ("file-not-regular", "src/files/log.rs"),
    ("state-corrupt", "tests/serve_state.rs"),
    ("state-newer", "tests/serve_state.rs"),
    ("bad-code-pattern", "tests/contract/mistakes.rs"),
    ("bad-id", "tests/case_files.rs"),
    ("bad-level", "tests/contract/mistakes.rs"),
    ("bad-permits", "tests/contract/mistakes.rs"),
    ("bad-schema", "tests/contract/mistakes.rs"),
    ("bad-selection", "src/case/selection.rs"),
    ("command-from-above", "src/load/profile.rs"),
    ("duplicate-id", "tests/contract/mistakes.rs"),
    ("duplicate-reading", "tests/contract/answers.rs"),
    ("file-is-folder", "src/files.rs"),
    ("file-missing", "src/files.rs"),
    ("file-not-permitted", "src/files.rs"),
    ("file-not-utf8", "src/files.rs"),
    ("file-not-written", "src/files.rs"),
    ("file-too-large", "src/files.rs"),
    ("file-unreadable", "src/files.rs"),
    ("folder-too-deep", "src/files.rs"),
    ("json-syntax", "tests/contract/mistakes.rs"),
    ("missing-schema", "tests/contract/mistakes.rs"),
    ("no-cases", "src/files.rs"),
    ("reading-circle", "tests/contract/mistakes.rs"),
    ("same-id", "src/files.rs"),
    ("selects-nothing", "src/case/selection.rs"),
    ("unknown-keyword", "tests/contract/mistakes.rs"),
    ("unknown-parameter", "tests/contract/mistakes.rs"),
    ("unknown-profile", "src/load/profile.rs"),
    ("unknown-region", "tests/contract/mistakes.rs"),
    ("unknown-source", "tests/contract/mistakes.rs"),
    ("unknown-value", "tests/contract/mistakes.rs"),
    ("wrong-revision", "tests/contract/mistakes.rs"),
];

/// Codes that neither a fixture nor a test of the library shows, with the reason.
const NOT_SHOWN: [(&str, &str); 8] = [
    ("credential", "told by the command line"),
    ("environment", "the system would have to fail"),
    ("flag", "told by the command line"),
    ("jobs", "told by the command line"),
    ("too-many-files", "takes as many files"),
    ("unknown-code", "told of later revisions that change a row"),
    ("unknown-id", "told by the command line"),
    ("unknown-revision", "told by the command line"),
];

#[test]
fn every_registered_code_has_a_fixture_or_a_test() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut shown: Vec<&str> = fixtures("cases/invalid").iter().map(|path| code_of(path)).collect();
    shown.extend(fixtures("profiles/invalid").iter().map(|path| code_of(path)));
    shown.extend(fixtures("baselines/invalid").iter().map(|path| code_of(path)));
    let mut wrong = Vec::new();
    for (code, _) in CODES {
        match (shown.contains(code), TESTED_ELSEWHERE.iter().find(|(other, _)| other == code)) {
            (false, None) if NOT_SHOWN.iter().any(|(other, _)| other == code) => {}
            (false, None) => wrong.push(format!("`{code}` is shown by nothing")),
            (true, Some(_)) => wrong.push(format!("`{code}` has a fixture")),
            (false, Some((_, path))) => {
                let text = fs::read_to_string(folder.join(path)).unwrap();
                let in_source = path.starts_with("src/");
                let tests = if in_source { text.split("#[cfg(test)]").last().unwrap() } else { &text };
                if !tests.contains(code) {
                    wrong.push(format!("`{code}` is not in the tests of {path}"));
                }
            }
            (true, None) => {}
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
