//! The JSON Schemas of a revision: read, and unless they are known to be right, looked into keyword by keyword.

use std::sync::Arc;

use super::draft::Draft;
use super::{Trust, folder_and_file, keywords};
use crate::contract::{Schema, SchemaName};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::limits;
use crate::load::yaml;
use crate::source::{Place, Source, Span};

/// Reads one file, when it is a schema; a later revision's replaces an earlier one's.
pub(super) fn read(draft: &mut Draft, file: &Arc<Source>, trust: Trust) {
    let Some(name) = folder_and_file(file).and_then(|(_, file)| SchemaName::of_file(file)) else { return };
    draft.turn_to(file);
    if !expected(draft, &name) {
        let help = "a schema is named OPERATION.request.json, OPERATION.success.json or Error.json";
        let place = draft.place(Span::default());
        let message = format!("`{}` is the schema of nothing", name.file());
        draft.mistakes.push(Diagnostic::at("unknown-schema", message, place).help(help));
        return;
    }
    let value = json(file).map_err(|mistake| draft.mistakes.push(mistake)).ok();
    let schema = match trust {
        Trust::Known => value.map(Schema::known),
        Trust::Checked => value.and_then(|value| checked(file, value, &mut draft.mistakes)),
    };
    // A broken schema is kept as one that permits everything, so that it is not called missing as well.
    draft.contract.schemas.insert(name, schema.unwrap_or_else(|| Schema::known(true.into())));
}

fn expected(draft: &Draft, name: &SchemaName) -> bool {
    let operations = &draft.contract.page.operations;
    match name.part.as_str() {
        "request" | "success" => operations.contains(&name.operation),
        part => part == "error" && name.operation == "Error",
    }
}

/// Every mistake in a file that is to be a JSON Schema of whatever it is.
pub(super) fn lint(file: &Arc<Source>) -> Vec<Diagnostic> {
    let mut mistakes = Vec::new();
    match json(file) {
        Ok(value) => drop(checked(file, value, &mut mistakes)),
        Err(mistake) => mistakes.push(mistake),
    }
    mistakes
}

fn json(file: &Arc<Source>) -> Result<serde_json::Value, Diagnostic> {
    serde_json::from_str(&file.text).map_err(|error| {
        let at = offset(&file.text, error.line(), error.column());
        let words = error.to_string();
        let words = words.split(" at line ").next().unwrap_or_default();
        Diagnostic::at("json-syntax", words, place(file, Span { start: at, end: at }))
    })
}

fn place(file: &Arc<Source>, span: Span) -> Place {
    Place { source: file.clone(), span }
}

fn checked(file: &Arc<Source>, value: serde_json::Value, mistakes: &mut Vec<Diagnostic>) -> Option<Schema> {
    // JSON is YAML, so the tree with places serves; where it is not quite, the mistakes are told without places.
    let root = yaml::tree(file, limits::YAML_NODES).ok();
    if let Some(root) = &root {
        yaml::strictness(file, root, mistakes);
        for unknown in keywords::unknown(root) {
            let message = format!("`{}` is no keyword of JSON Schema 2020-12 ({})", unknown.word, unknown.pointer);
            let help = match did_you_mean(&unknown.word, keywords::known()) {
                Some(near) => format!("did you mean `{near}`? annotations of your own begin with `x-`"),
                None => "annotations of your own begin with `x-`".to_owned(),
            };
            mistakes.push(Diagnostic::at("unknown-keyword", message, place(file, unknown.span)).help(help));
        }
    }
    match Schema::compile(value) {
        Ok(schema) => Some(schema),
        Err(error) => {
            let found = root.as_ref().and_then(|root| keywords::at_pointer(root, &error.instance));
            let span = found.map(|node| node.span).unwrap_or_default();
            let at = if error.instance.is_empty() { String::new() } else { format!(" ({})", error.instance) };
            let message = format!("this is no JSON Schema{at}: {}", error.message);
            mistakes.push(Diagnostic::at("bad-schema", message, place(file, span)));
            None
        }
    }
}

/// The byte that a line and a column, counted in bytes from 1, mean.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let start: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (start + column.saturating_sub(1)).min(text.len())
}
