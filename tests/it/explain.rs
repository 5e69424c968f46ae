//! `endspec explain`: whatever has a name is explained.

use endspec::case::{Class, mutation};
use endspec::diagnostic::CODES;
use endspec::load;

use crate::endspec;

/// Asserts that it says what causes a finding of it, or the mistake, and how to mend that.
#[track_caller]
fn mended(kind: &str, id: &str) {
    let out = explained(kind, id);
    let own = out.split("\n\n").find(|text| text.starts_with(&format!("{kind} {id}"))).expect("its own paragraph");
    for label in ["cause: ", "mend: "] {
        let told: Vec<&str> = own.lines().filter_map(|line| line.strip_prefix(label)).collect();
        assert!(told.len() == 1 && told[0].len() > 6, "{kind} {id}, {label}:\n{own}");
    }
}

#[track_caller]
fn explained(kind: &str, id: &str) -> String {
    let done = endspec(&["explain", id]).ends(0);
    let begins = format!("{kind} {id}");
    assert!(done.out.lines().any(|line| line.starts_with(&begins)), "{kind} {id}:\n{}", done.out);
    assert!(done.out.trim().len() > begins.len() + 10, "{kind} {id} says nothing:\n{}", done.out);
    done.out
}

#[test]
fn every_clause_outcome_reading_capability_class_word_and_mutation_is_explained() {
    let contract = load::contract::built_in(None);
    contract.clauses.iter().for_each(|clause| mended("clause", &clause.id));
    contract.outcomes.keys().for_each(|name| mended("outcome", name));
    contract.readings.keys().for_each(|name| mended("reading", name));
    mutation::CATALOGUE.iter().for_each(|kind| mended("mutation", kind.name));
    contract.capabilities.iter().for_each(|capability| _ = explained("capability", &capability.name));
    Class::ALL.iter().for_each(|class| _ = explained("class", class.name()));
    ["permitted", "any", "every", "pass"].iter().for_each(|word| _ = explained("word", word));
    ["known", "new", "fixed", "expired", "not observed", "fail", "inconclusive", "excluded", "leaked"]
        .iter()
        .for_each(|word| mended("word", word));
    assert_eq!(explained("word", "not observed"), endspec(&["explain", "not-observed"]).ends(0).out);
}

#[test]
fn a_fault_is_explained_by_the_clauses_that_it_breaks_and_a_variation_by_breaking_none() {
    endspec(&["explain", "session-not-found-as-400"]).ends(0).says(&[
        "fault session-not-found-as-400: a framework maps every refusal",
        "breaks: end/error/status - the endpoint sends each documented Code with its documented status",
        "endspec serve --fault session-not-found-as-400",
        "endspec selftest --fault session-not-found-as-400",
    ]);
    endspec(&["explain", "chunked"]).ends(0).says(&["variation chunked: ", "breaks nothing"]);
}

#[test]
fn every_exit_code_is_explained() {
    for code in ["0", "1", "2", "3", "101", "130"] {
        mended("exit code", code);
    }
}

#[test]
fn every_diagnostic_code_is_explained() {
    CODES.iter().for_each(|(code, _)| mended("diagnostic", code));
}

#[test]
fn a_case_is_explained_by_its_text_and_a_clause_by_its_cases_and_sources() {
    endspec(&["explain", "end/session/near-miss"]).ends(0).says(&[
        "clause end/session/near-miss (MUST, revision 2025-04-25)",
        "source: doc",
        "case end/session/near-miss",
        "class: near-miss",
        "proved by the fault: ",
        "excluded by: --without sessions",
    ]);
    endspec(&["explain", "missing(SessionId)"]).ends(0).says(&["outcome missing"]);
}

#[test]
fn every_value_of_a_reading_is_explained_by_itself_and_with_its_reading() {
    for reading in load::contract::built_in(None).readings.values() {
        for value in &reading.values {
            explained("value", &format!("{}={}", reading.name, value.name));
        }
    }
    endspec(&["explain", "idempotent"]).ends(0).says(&["of the reading repeat-end", "--reading repeat-end=idempotent"]);
}

#[test]
fn a_class_names_its_mutations_and_the_clauses_that_they_prove() {
    let contract = load::contract::built_in(None);
    for class in Class::ALL {
        let out = endspec(&["explain", class.name()]).ends(0).out;
        let own = out.split("\n\n").find(|text| text.starts_with("class ")).expect("a class");
        let line = |start: &str| own.lines().find_map(|line| line.strip_prefix(start)).expect("a line").to_owned();
        for kind in mutation::CATALOGUE {
            assert_eq!(
                line("mutations: ").split(", ").any(|name| name == kind.name),
                kind.class == class,
                "{}",
                kind.name
            );
        }
        for clause in line("proves: ").split(", ") {
            assert!(contract.clause(clause).is_some(), "there is no clause {clause}");
        }
    }
}

#[test]
fn what_nobody_knows_comes_with_the_nearest_that_is_known() {
    for (id, near) in [
        ("end/session/unknwn", "end/session/unknown"),
        ("repeat-edn", "repeat-end"),
        ("websokcet", "websocket"),
        ("chunkd", "chunked"),
        ("unknown-kye", "unknown-key"),
        ("near-mis", "near-miss"),
        ("permited", "permitted"),
        ("repeat-end=idempotnt", "repeat-end=idempotent"),
        ("truncated", "truncated-end"),
    ] {
        endspec(&["explain", id]).ends(2).complains(&["error[unknown-id]", id, &format!("did you mean `{near}`?")]);
    }
    endspec(&["explain", "4"]).ends(2).complains(&["`4`", "endspec list"]);
}
