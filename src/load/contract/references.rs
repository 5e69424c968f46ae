//! What must exist once every file is read: ids that others name, and a schema for every operation.

use super::draft::{Draft, Noun, Reference};
use crate::contract::clause::matches;
use crate::contract::{OutcomeRef, SchemaName};
use crate::diagnostic::Diagnostic;

/// Notes every reference that leads nowhere.
pub(super) fn check(draft: &mut Draft) {
    for reference in std::mem::take(&mut draft.references) {
        if !exists(draft, &reference) {
            let names = candidates(draft, &reference);
            let Reference { noun, name, place, .. } = reference;
            let names = names.iter().map(String::as_str);
            draft.unknown(noun.unknown(), noun.name(), &name, Some(place), names);
        } else if reference.noun == Noun::Outcome {
            argument(draft, reference);
        } else if reference.noun == Noun::Reading && in_circle(draft, &reference.name) {
            let message = format!("the reading `{}` leads back to itself", reference.name);
            draft.mistakes.push(Diagnostic::at("reading-circle", message, reference.place));
        }
    }
    missing_schemas(draft);
}

fn exists(draft: &Draft, reference: &Reference) -> bool {
    let Reference { noun, name, detail, .. } = reference;
    let contract = &draft.contract;
    match noun {
        Noun::Source => contract.sources.contains_key(name),
        Noun::Clause | Noun::Amendment => contract.clauses.iter().any(|clause| matches(name, &clause.id)),
        Noun::Outcome => contract.outcomes.contains_key(name),
        Noun::Reading => contract.readings.contains_key(name),
        Noun::Value => detail
            .as_ref()
            .and_then(|reading| contract.readings.get(reading))
            .is_some_and(|reading| reading.value(name).is_some()),
        Noun::Capability => contract.capability(name).is_some(),
        Noun::Operation => contract.page.operations.contains(name),
        // Without the request's schema nobody knows; that it is missing is told by itself.
        Noun::Parameter => {
            let operation = &contract.page.operation;
            contract.schema(operation, "request").is_none() || contract.parameters(operation).any(|other| other == name)
        }
        Noun::ErrorRow | Noun::Region => true,
    }
}

fn candidates(draft: &Draft, reference: &Reference) -> Vec<String> {
    let contract = &draft.contract;
    match reference.noun {
        Noun::Source => contract.sources.keys().cloned().collect(),
        Noun::Clause | Noun::Amendment => contract.clauses.iter().map(|clause| clause.id.clone()).collect(),
        Noun::Outcome => contract.outcomes.keys().cloned().collect(),
        Noun::Reading => contract.readings.keys().cloned().collect(),
        Noun::Value => {
            let reading = reference.detail.as_ref().and_then(|name| contract.readings.get(name));
            reading.into_iter().flat_map(|reading| &reading.values).map(|value| value.name.clone()).collect()
        }
        Noun::Capability => contract.capabilities.iter().map(|capability| capability.name.clone()).collect(),
        Noun::Operation => contract.page.operations.clone(),
        Noun::Parameter => contract.parameters(&contract.page.operation).map(str::to_owned).collect(),
        Noun::ErrorRow | Noun::Region => Vec::new(),
    }
}

/// An outcome has its argument exactly when it takes one.
fn argument(draft: &mut Draft, reference: Reference) {
    let takes = draft.contract.outcomes[&reference.name].takes_argument;
    let given = reference.detail.is_some_and(|argument| !argument.is_empty());
    if takes != given {
        let message = if takes {
            format!("the outcome `{}` needs a parameter's name: `{}(NAME)`", reference.name, reference.name)
        } else {
            format!("the outcome `{}` takes no argument", reference.name)
        };
        draft.mistakes.push(Diagnostic::at("bad-argument", message, reference.place));
    }
}

fn in_circle(draft: &Draft, start: &str) -> bool {
    let mut waiting = vec![start];
    let mut seen: Vec<&str> = Vec::new();
    while let Some(name) = waiting.pop() {
        let Some(reading) = draft.contract.readings.get(name) else { continue };
        let values = reading.values.iter();
        let inner = values.flat_map(|value| value.permits.iter().chain(value.permits_for.values().flatten()));
        for inner in inner {
            let OutcomeRef::Reading { name, .. } = inner else { continue };
            if name == start {
                return true;
            }
            if !seen.contains(&name.as_str()) {
                seen.push(name);
                waiting.push(name);
            }
        }
    }
    false
}

fn missing_schemas(draft: &mut Draft) {
    let operations = draft.contract.page.operations.clone();
    let parts = operations.iter().flat_map(|name| [(name.as_str(), "request"), (name.as_str(), "success")]);
    for (operation, part) in parts.chain([("Error", "error")]) {
        let name = SchemaName { operation: operation.to_owned(), part: part.to_owned() };
        if !draft.contract.schemas.contains_key(&name) {
            let mut mistake = Diagnostic::new("missing-schema", format!("the schema `{}` is missing", name.file()));
            mistake.place = draft.operations.get(operation).cloned();
            draft.mistakes.push(mistake);
        }
    }
}
