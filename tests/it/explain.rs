//! `endspec explain`: whatever has a name is explained.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use endspec::case::mutation;
use endspec::load;

use crate::endspec;

#[track_caller]
fn explained(kind: &str, id: &str) {
    let done = endspec(&["explain", id]).ends(0);
    let begins = format!("{kind} {id}");
    assert!(done.out.lines().any(|line| line.starts_with(&begins)), "{kind} {id}:\n{}", done.out);
    assert!(done.out.trim().len() > begins.len() + 10, "{kind} {id} says nothing:\n{}", done.out);
}

#[test]
fn every_clause_outcome_reading_capability_and_mutation_is_explained() {
    let contract = load::contract::built_in(None);
    contract.clauses.iter().for_each(|clause| explained("clause", &clause.id));
    contract.outcomes.keys().for_each(|name| explained("outcome", name));
    contract.readings.keys().for_each(|name| explained("reading", name));
    contract.capabilities.iter().for_each(|capability| explained("capability", &capability.name));
    mutation::CATALOGUE.iter().for_each(|kind| explained("mutation", kind.name));
}

#[test]
fn every_exit_code_is_explained() {
    for code in ["0", "1", "2", "3", "101", "130"] {
        explained("exit code", code);
    }
}

#[test]
fn every_diagnostic_code_of_the_program_is_explained() {
    let codes = codes();
    for known in ["unknown-key", "file-missing", "yaml-syntax", "flag", "environment", "unknown-source"] {
        assert!(codes.contains(known), "{known} was not found in the sources: {codes:?}");
    }
    codes.iter().for_each(|code| explained("diagnostic", code));
}

/// What stands before a code where a diagnostic is made.
const MADE: [&str; 9] =
    ["Diagnostic::new(", "Diagnostic::at(", "mend(", ".mistake(", ".unknown(", " at(", "(at(", "stop(", "code: "];

/// The codes that the sources make diagnostics with.
fn codes() -> BTreeSet<String> {
    let mut codes = BTreeSet::new();
    let mut paths = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(path) = paths.pop() {
        if path.is_dir() {
            paths.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests").next().unwrap();
        for made in MADE {
            codes.extend(code.split(made).skip(1).filter_map(literal));
        }
        if path.ends_with("load/yaml.rs") {
            codes.extend(code.split("=> (").skip(1).filter_map(literal));
        }
        if path.ends_with("load/contract/draft.rs") {
            codes.extend(code.split("=> ").skip(1).filter_map(literal).filter(|word| word.starts_with("unknown-")));
        }
        if path.ends_with("cli/mod.rs") {
            codes.extend(code.split("ENVIRONMENT: &str = ").skip(1).filter_map(literal));
        }
    }
    codes
}

/// The word in quotes that a text begins with.
fn literal(text: &str) -> Option<String> {
    let word = text.trim_start().strip_prefix('"')?.split('"').next()?;
    let is_code = word.chars().all(|c| c.is_ascii_lowercase() || c == '-') && !word.is_empty();
    is_code.then(|| word.to_owned())
}

#[test]
fn a_case_is_explained_by_its_text_and_a_clause_by_its_cases_and_sources() {
    endspec(&["explain", "end/session/near-miss"]).ends(0).says(&[
        "clause end/session/near-miss (MUST, revision 2025-04-25)",
        "source: doc",
        "case end/session/near-miss",
        "class: near-miss",
        "excluded by: --without sessions",
    ]);
    endspec(&["explain", "missing(SessionId)"]).ends(0).says(&["outcome missing"]);
}

#[test]
fn what_nobody_knows_comes_with_the_nearest_that_is_known() {
    for (id, near) in [
        ("end/session/unknwn", "end/session/unknown"),
        ("repeat-edn", "repeat-end"),
        ("websokcet", "websocket"),
        ("unknown-kye", "unknown-key"),
    ] {
        endspec(&["explain", id]).ends(2).complains(&["error[unknown-id]", id, &format!("did you mean `{near}`?")]);
    }
    endspec(&["explain", "4"]).ends(2).complains(&["`4`", "endspec list"]);
}
