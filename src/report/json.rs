//! The report as one JSON document: the source of all other formats.

use std::sync::LazyLock;

use serde_json::Value;

use super::Report;
use super::escape;
use super::model::FORMAT;

/// The document's JSON Schema; members that differ between two runs of one seed are marked `x-volatile` in it.
pub const SCHEMA: &str = include_str!("../../schemas/report.schema.json");

static RULES: LazyLock<jsonschema::Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(SCHEMA).unwrap_or_else(|_| unreachable!("the schema is JSON"));
    jsonschema::draft202012::new(&schema).unwrap_or_else(|_| unreachable!("the schema is one"))
});

/// The document, indented, with a line feed at its end.
pub fn render(report: &Report) -> Vec<u8> {
    let text = serde_json::to_string_pretty(report);
    format!("{}\n", escape::json(&text.unwrap_or_else(|_| unreachable!("a report has string keys alone")))).into_bytes()
}

/// Reads a document that [`render`] wrote.
///
/// # Errors
/// What is wrong with it: where it is no JSON, of which other format it is, or where it breaks the schema.
pub fn read(bytes: &[u8]) -> Result<Report, String> {
    let document: Value = serde_json::from_slice(bytes).map_err(|error| format!("it is no JSON: {error}"))?;
    match document.get("format") {
        Some(format) if *format == FORMAT => {}
        Some(format) => {
            return Err(format!("it is of format {format}, and this version reads format {FORMAT} alone"));
        }
        None => return Err("it has no member `format`, so it is no report of endspec".to_owned()),
    }
    if let Some(error) = RULES.iter_errors(&document).next() {
        return Err(format!("`{}` is not as a report has it: {}", error.instance_path(), error.masked()));
    }
    serde_json::from_value(document).map_err(|error| error.to_string())
}
