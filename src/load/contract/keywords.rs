//! Keywords of JSON Schema: a validator passes over those it does not know, so they are looked for here.

use crate::load::node::{Kind, Node};
use crate::source::Span;

/// What the value of a keyword is made of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holds {
    /// No schema.
    Plain,
    /// One schema.
    Schema,
    /// A list of schemas.
    List,
    /// Schemas by name.
    Named,
}

/// The vocabulary of draft 2020-12.
const VOCABULARY: [(&str, Holds); 57] = [
    ("$schema", Holds::Plain),
    ("$id", Holds::Plain),
    ("$ref", Holds::Plain),
    ("$anchor", Holds::Plain),
    ("$dynamicRef", Holds::Plain),
    ("$dynamicAnchor", Holds::Plain),
    ("$vocabulary", Holds::Plain),
    ("$comment", Holds::Plain),
    ("$defs", Holds::Named),
    ("allOf", Holds::List),
    ("anyOf", Holds::List),
    ("oneOf", Holds::List),
    ("not", Holds::Schema),
    ("if", Holds::Schema),
    ("then", Holds::Schema),
    ("else", Holds::Schema),
    ("dependentSchemas", Holds::Named),
    ("prefixItems", Holds::List),
    ("items", Holds::Schema),
    ("contains", Holds::Schema),
    ("properties", Holds::Named),
    ("patternProperties", Holds::Named),
    ("additionalProperties", Holds::Schema),
    ("propertyNames", Holds::Schema),
    ("unevaluatedItems", Holds::Schema),
    ("unevaluatedProperties", Holds::Schema),
    ("type", Holds::Plain),
    ("enum", Holds::Plain),
    ("const", Holds::Plain),
    ("multipleOf", Holds::Plain),
    ("maximum", Holds::Plain),
    ("exclusiveMaximum", Holds::Plain),
    ("minimum", Holds::Plain),
    ("exclusiveMinimum", Holds::Plain),
    ("maxLength", Holds::Plain),
    ("minLength", Holds::Plain),
    ("pattern", Holds::Plain),
    ("maxItems", Holds::Plain),
    ("minItems", Holds::Plain),
    ("uniqueItems", Holds::Plain),
    ("maxContains", Holds::Plain),
    ("minContains", Holds::Plain),
    ("maxProperties", Holds::Plain),
    ("minProperties", Holds::Plain),
    ("required", Holds::Plain),
    ("dependentRequired", Holds::Plain),
    ("format", Holds::Plain),
    ("contentEncoding", Holds::Plain),
    ("contentMediaType", Holds::Plain),
    ("contentSchema", Holds::Schema),
    ("title", Holds::Plain),
    ("description", Holds::Plain),
    ("default", Holds::Plain),
    ("deprecated", Holds::Plain),
    ("readOnly", Holds::Plain),
    ("writeOnly", Holds::Plain),
    ("examples", Holds::Plain),
];

/// A keyword that the draft does not know.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown {
    /// The keyword.
    pub word: String,
    /// JSON pointer to it.
    pub pointer: String,
    /// Its place.
    pub span: Span,
}

/// The keywords that the draft knows.
pub(super) fn known() -> impl Iterator<Item = &'static str> {
    VOCABULARY.iter().map(|(name, _)| *name)
}

/// Every keyword of a schema that is neither the draft's nor an `x-` annotation, in the order of the file.
pub(super) fn unknown(schema: &Node) -> Vec<Unknown> {
    let mut found = Vec::new();
    walk(schema, "", &mut found);
    found
}

fn walk(schema: &Node, pointer: &str, found: &mut Vec<Unknown>) {
    let Kind::Map(entries) = &schema.kind else { return };
    for (key, value) in entries {
        let Some(word) = key.text() else { continue };
        let pointer = format!("{pointer}/{}", escape(word));
        match VOCABULARY.iter().find(|(name, _)| *name == word) {
            Some((_, holds)) => below(value, *holds, &pointer, found),
            None if word.starts_with("x-") => {}
            None => found.push(Unknown { word: word.to_owned(), pointer, span: key.span }),
        }
    }
}

fn below(value: &Node, holds: Holds, pointer: &str, found: &mut Vec<Unknown>) {
    match (holds, &value.kind) {
        (Holds::Schema, _) => walk(value, pointer, found),
        (Holds::List, Kind::List(list)) => {
            for (index, schema) in list.iter().enumerate() {
                walk(schema, &format!("{pointer}/{index}"), found);
            }
        }
        (Holds::Named, Kind::Map(entries)) => {
            for (name, schema) in entries {
                walk(schema, &format!("{pointer}/{}", escape(name.text().unwrap_or_default())), found);
            }
        }
        _ => {}
    }
}

fn escape(word: &str) -> String {
    word.replace('~', "~0").replace('/', "~1")
}

/// The node that a JSON pointer leads to: of a member, its key.
pub(super) fn at_pointer<'t>(root: &'t Node, pointer: &str) -> Option<&'t Node> {
    let (mut here, mut shown) = (root, root);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        (shown, here) = match &here.kind {
            Kind::Map(entries) => entries.iter().rfind(|(key, _)| key.text() == Some(&step)).map(|(k, v)| (k, v))?,
            Kind::List(list) => list.get(step.parse::<usize>().ok()?).map(|node| (node, node))?,
            _ => return None,
        };
    }
    Some(shown)
}
