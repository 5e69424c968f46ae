//! What causes a finding, and what to do about it, of each kind of thing that is explained.

use arbitrary::Unstructured;

use crate::case::{Case, Class, Suite, Values, mutation};
use crate::contract::reading::ANY;
use crate::contract::{Clause, Contract, Outcome, Reading};
use crate::server::fault;
use crate::server::settings as server;

/// Two lines: the cause and the way out.
pub(super) fn lines(cause: &str, mend: &str) -> String {
    format!("cause: {cause}\nmend: {mend}\n")
}

/// Of a breach of a clause: what the faults that prove it do, and where the answer is the target's to declare.
pub(super) fn of_clause(clause: &Clause, contract: &Contract, suite: &Suite) -> String {
    let proving = fault::all().filter(|fault| fault.clauses.contains(&clause.id.as_str())).count();
    let cause = match proving {
        0 => "the endpoint does not do what the sentence says",
        _ => {
            "the endpoint does not do what the sentence says; below are ways that servers come to it, and `endspec serve \
             --fault NAME` is one that does"
        }
    };
    let mut mend = format!(
        "change the endpoint until `endspec run --select clause:{}` holds; the line `again:` of a finding runs its one \
         case, and `sent:` its one request",
        clause.id
    );
    let asked = readings(clause, contract, suite);
    if !asked.is_empty() {
        let flags: Vec<String> = asked.iter().map(|name| format!("`--reading {name}=VALUE`")).collect();
        mend.push_str("; where the documents leave the answer open, declare how the endpoint reads them: ");
        mend.push_str(&flags.join(", "));
    }
    lines(cause, &mend)
}

/// Readings that the cases of a clause ask.
fn readings<'a>(clause: &Clause, contract: &'a Contract, suite: &Suite) -> Vec<&'a str> {
    let lists = |case: &&Case| case.clauses.iter().any(|own| own.value == clause.id);
    let cases: Vec<&Case> = suite.cases.iter().map(|case| &**case).filter(lists).collect();
    let asks = |name: &str| cases.iter().any(|case| case.source.text.contains(&format!("reading: {name}")));
    let named = contract.readings.keys().map(String::as_str);
    named.filter(|name| asks(name) || clause.sentence.contains(&format!("`{name}`"))).collect()
}

/// Of an answer that an outcome does not permit.
pub(super) fn of_outcome(outcome: &Outcome) -> String {
    if outcome.answers.is_empty() {
        return lines(
            "a look at the session showed something else",
            "the finding names the observer and what it saw; `endspec list situations` and the case say what came before",
        );
    }
    lines(
        "the endpoint answered with another status or Code than those above, which stand to the letter",
        "answer with one of them; the finding's `got` is what came, and its `reading:` tells where a declaration would \
         permit that",
    )
}

/// Of an answer that a reading does not permit.
pub(super) fn of_reading(reading: &Reading) -> String {
    let cause = "the endpoint answers as another value says, or the same request now in one way and now in another";
    let values: Vec<&str> =
        reading.values.iter().map(|value| value.name.as_str()).filter(|name| *name != ANY).collect();
    let mend = format!(
        "declare the value that it follows, one of {}; where it follows none, or not always the same, change the endpoint",
        values.join(", ")
    );
    lines(cause, &mend)
}

/// Of an answer that a generated value is not permitted.
pub(super) fn of_mutation(kind: &mutation::Kind) -> String {
    let (mut clauses, mut permits) = (Vec::new(), Vec::new());
    for mutation in generated(kind.class, vec![kind.name]) {
        clauses.push(mutation.clause.to_owned());
        permits.extend(mutation.permits.iter().map(|outcome| format!("`{outcome}`")));
    }
    for list in [&mut clauses, &mut permits] {
        list.sort_unstable();
        list.dedup();
    }
    let proves = if clauses.is_empty() { String::new() } else { format!("proves: {}\n", clauses.join(", ")) };
    let (cause, mend) = match kind.class {
        Class::Valid => (
            "the endpoint refuses a value that is right",
            "take it: what a well-formed value may be stands in the operation's request schema".to_owned(),
        ),
        _ => (
            "the endpoint cuts, trims, folds or decodes the value before it looks it up, or does not check it",
            format!("compare the value as it was sent, and refuse it as one of {}", permits.join(", ")),
        ),
    };
    format!("{proves}{}", lines(cause, &mend))
}

/// The values of a class, or those of them that are named, made from one id and one region.
pub(super) fn generated(class: Class, only: Vec<&'static str>) -> Vec<mutation::Mutation> {
    let bases = [("RegionId", server::REGION_ID), ("SessionId", "s-hz023od0x9abcd")];
    let made = bases.into_iter().flat_map(|(parameter, value)| {
        let valid = class == Class::Valid;
        let classes = if valid { Vec::new() } else { vec![class] };
        let values = Values { parameter: parameter.to_owned(), valid, classes, only: only.clone() };
        let base = mutation::Base { parameter, value, issued: true, known: &[] };
        mutation::generate(&values, base, &mut Unstructured::new(&[])).mutations
    });
    made.collect()
}
