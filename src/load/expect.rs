//! `expect`: outcomes, readings, looks, or explicit matchers.

use super::matchers;
use super::node::{Kind, Node};
use super::reader::Reader;
use super::yaml::{one_of, shortened};
use crate::case::Expectation;
use crate::case::expectation::LookOutcome;
use crate::contract::{Contract, OutcomeRef, Reading, ReadingValue};
use crate::diagnostic::did_you_mean;

/// What the step is whose outcome is expected.
#[derive(Clone, Copy)]
pub(super) struct About {
    /// It looks at a session.
    pub(super) looks: bool,
    /// It sends generated values.
    pub(super) values: bool,
}

/// What each generated value is permitted.
const PERMITTED: &str = "permitted";

const LOOKS: [(&str, LookOutcome); 4] = [
    ("usable", LookOutcome::Usable),
    ("unusable", LookOutcome::Unusable),
    ("listed", LookOutcome::Listed),
    ("not-listed", LookOutcome::NotListed),
];

/// The reading that is judged request by request, with what each value alone would get.
const REPEATED: &str = "repeated-parameter";

/// Reads an expectation.
pub(super) fn expectation(
    reader: &mut Reader<'_>,
    node: &Node,
    about: About,
    vocabulary: &Contract,
) -> Option<Expectation> {
    if about.looks {
        return look(reader, node, vocabulary);
    }
    match &node.kind {
        Kind::Text(text) if text == PERMITTED => {
            if !about.values {
                let help = "`permitted` goes with `values: ...`; name an outcome otherwise";
                reader.mend("misplaced-word", node.span, "the step sends no generated values", help);
                return None;
            }
            Some(Expectation::Permitted)
        }
        Kind::Text(text) => {
            outcome(reader, text, node, &[PERMITTED], vocabulary).map(|outcome| Expectation::Outcomes(vec![outcome]))
        }
        Kind::List(_) => references(reader, node, vocabulary).map(Expectation::Outcomes),
        Kind::Map(members) if members.iter().any(|(key, _)| key.text() == Some("reading")) => {
            reading(reader, node, vocabulary)
        }
        Kind::Map(_) => matchers::matchers(reader, node, vocabulary).map(Expectation::Matchers),
        Kind::Number(number) => {
            let message = format!("an outcome, a list of them or a mapping is expected here, found {}", node.found());
            reader.mend("wrong-type", node.span, message, format!("write `{{ status: {number} }}`"));
            None
        }
        _ => {
            reader.expected("an outcome, a list of them or a mapping", node);
            None
        }
    }
}

fn look(reader: &mut Reader<'_>, node: &Node, vocabulary: &Contract) -> Option<Expectation> {
    if let Some(text) = node.text()
        && vocabulary.outcomes.get(OutcomeRef::named(text).name()).is_some_and(|outcome| !outcome.of_looks)
    {
        let help = "a look is `usable`, `unusable`, `listed` or `not-listed`";
        reader.mend("misplaced-word", node.span, format!("`{text}` is an outcome of calls, and the step looks"), help);
        return None;
    }
    reader.word(node, "outcome of looks", &LOOKS).map(Expectation::Look)
}

/// One outcome or reading, or a list of them.
pub(super) fn references(reader: &mut Reader<'_>, node: &Node, vocabulary: &Contract) -> Option<Vec<OutcomeRef>> {
    let nodes = match &node.kind {
        Kind::List(_) => reader.list(node, "a list of outcomes"),
        _ => std::slice::from_ref(node),
    };
    let before = reader.mistakes.len();
    let mut found: Vec<OutcomeRef> = Vec::new();
    for node in nodes {
        let reference = match &node.kind {
            Kind::Text(text) => outcome(reader, text, node, &[], vocabulary),
            Kind::Map(_) => match reading(reader, node, vocabulary) {
                Some(Expectation::Outcomes(references)) => references.into_iter().next(),
                Some(_) => {
                    let help = "let it be the whole of `expect`";
                    reader.mend("misplaced-word", node.span, format!("`{REPEATED}` cannot stand in a list"), help);
                    None
                }
                None => None,
            },
            _ => {
                reader.expected("the text of an outcome", node);
                None
            }
        };
        if let Some(reference) = reference {
            if found.contains(&reference) {
                reader.mistake("listed-twice", node.span, format!("`{reference}` is listed twice"));
            }
            found.push(reference);
        }
    }
    (reader.mistakes.len() == before && !found.is_empty()).then_some(found)
}

/// An outcome of calls; `more` are words that could have been meant besides.
fn outcome(
    reader: &mut Reader<'_>,
    text: &str,
    node: &Node,
    more: &[&str],
    vocabulary: &Contract,
) -> Option<OutcomeRef> {
    let reference = OutcomeRef::named(text);
    let (name, argument) = (reference.name(), reference.argument());
    let Some(row) = vocabulary.outcomes.get(name) else {
        if vocabulary.readings.contains_key(name) {
            let help = format!("write `{{ reading: {name} }}`");
            reader.mend("unknown-outcome", node.span, format!("`{name}` is a reading, not an outcome"), help);
            return None;
        }
        if name == PERMITTED {
            let help = "let it be the whole of `expect`";
            reader.mend("misplaced-word", node.span, "`permitted` cannot stand in a list", help);
            return None;
        }
        let names =
            vocabulary.outcomes.values().filter(|outcome| !outcome.of_looks).map(|outcome| outcome.name.as_str());
        let readings = vocabulary.readings.keys().map(String::as_str);
        match did_you_mean(name, readings) {
            // Mended as a word it would be refused again.
            Some(near) if did_you_mean(name, names.clone()).is_none() => {
                let message = format!("there is no outcome `{}`", shortened(name));
                reader.mend("unknown-outcome", node.span, message, format!("did you mean `{{ reading: {near} }}`?"));
            }
            _ => reader.unknown("unknown-outcome", "outcome", name, node.span, names.chain(more.iter().copied())),
        }
        return None;
    };
    if row.of_looks {
        let help = "`- look: NAME` looks at a session";
        reader.mend("misplaced-word", node.span, format!("`{name}` is an outcome of looks alone"), help);
        return None;
    }
    let fits = match argument {
        Some(argument) => row.takes_argument && is_parameter(argument),
        None => !row.takes_argument,
    };
    if !fits {
        let (message, help) = if row.takes_argument {
            (format!("`{name}` is about a parameter"), format!("write `{name}(RegionId)`"))
        } else {
            (format!("`{name}` is about no parameter"), format!("write `{name}`"))
        };
        reader.mend("bad-argument", node.span, message, help);
        return None;
    }
    Some(reference)
}

fn is_parameter(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
}

fn reading(reader: &mut Reader<'_>, node: &Node, vocabulary: &Contract) -> Option<Expectation> {
    let fields = reader.fields(node, "a reading", &["reading", "of", "first", "last"])?;
    let named = reader.required(&fields, "reading", "an outcome that is a mapping")?;
    let name = reader.text(named, "the name of a reading")?;
    let Some(row) = vocabulary.readings.get(name) else {
        if vocabulary.outcomes.contains_key(OutcomeRef::named(name).name()) {
            let help = format!("write `{name}` alone");
            reader.mend("unknown-reading", named.span, format!("`{name}` is an outcome, not a reading"), help);
        } else {
            reader.unknown(
                "unknown-reading",
                "reading",
                name,
                named.span,
                vocabulary.readings.keys().map(String::as_str),
            );
        }
        return None;
    };
    let takes = |key: &str| match key {
        "of" => row.values.iter().any(asks_for_parameter),
        _ => name == REPEATED,
    };
    for (key, span, _) in fields.members.iter().filter(|(key, ..)| ["of", "first", "last"].contains(key)) {
        if !takes(key) {
            reader.mistake("misplaced-key", *span, format!("`{key}` has no meaning for the reading `{name}`"));
        }
    }
    if name == REPEATED {
        let mut side = |key| {
            let node = reader.required(&fields, key, "the reading `repeated-parameter`")?;
            references(reader, node, vocabulary)
        };
        let (first, last) = (side("first"), side("last"));
        return Some(Expectation::Repeated { first: first?, last: last? });
    }
    if row.elsewhere {
        let message = format!("the reading `{name}` is not decided by one answer");
        reader.mend("misplaced-word", named.span, message, "it is judged wherever it matters; name an outcome here");
        return None;
    }
    let mut argument = None;
    if takes("of") {
        let node = reader.required(&fields, "of", &format!("the reading `{name}`"))?;
        argument = Some(parameter_of(reader, node, row, name)?);
    }
    Some(Expectation::Outcomes(vec![OutcomeRef::Reading { name: name.to_owned(), argument }]))
}

fn parameter_of(reader: &mut Reader<'_>, node: &Node, row: &Reading, name: &str) -> Option<String> {
    let text = reader.text(node, "the name of a parameter")?;
    let known: Vec<&str> = row.values.iter().flat_map(|value| value.permits_for.keys().map(String::as_str)).collect();
    if (known.is_empty() && is_parameter(text)) || known.contains(&text) {
        return Some(text.to_owned());
    }
    let help = one_of(text, known, "it is about");
    let message = format!("the reading `{name}` says nothing of `{}`", shortened(text));
    reader.mend("bad-argument", node.span, message, help);
    None
}

fn asks_for_parameter(value: &ReadingValue) -> bool {
    !value.permits_for.is_empty() || value.permits.iter().any(|reference| reference.argument() == Some("{NAME}"))
}
