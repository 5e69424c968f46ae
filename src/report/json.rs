//! The report as one JSON document: the source of all other formats.

use super::Report;

/// The document's JSON Schema; members that differ between two runs of one seed are marked `x-volatile` in it.
pub const SCHEMA: &str = include_str!("../../schemas/report.schema.json");

/// The document, indented, with a line feed at its end.
pub fn render(report: &Report) -> Vec<u8> {
    let mut bytes =
        serde_json::to_vec_pretty(report).unwrap_or_else(|_| unreachable!("a report has string keys alone"));
    bytes.push(b'\n');
    bytes
}

/// Reads a document that [`render`] wrote.
///
/// # Errors
/// What is wrong with it, with line and column.
pub fn read(bytes: &[u8]) -> Result<Report, String> {
    let report: Report = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    if report.format == super::model::FORMAT {
        Ok(report)
    } else {
        Err(format!("format {} is not known to this version, which reads {}", report.format, super::model::FORMAT))
    }
}
