//! Bodies of answers: JSON and XML read into one shape, with everything that is wrong about them.

use serde_json::Value;

use super::Format;

/// A body that could be read.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it is.
    pub format: Format,
    /// The root element's name, for XML.
    pub root: Option<String>,
    /// The document. XML: text-only elements are strings, elements with children are objects, elements that repeat
    /// under one parent are arrays. JSON: as it is, of repeated members the first.
    pub value: Value,
    /// Breaches that still let it be read.
    pub faults: Vec<DocumentFault>,
}

/// What can be wrong about a body (clauses `end/error/envelope`, `rpc/format/*`).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum DocumentFault {
    /// A byte order mark before the document.
    Bom,
    /// Something other than white space after the document, at this byte.
    Trailing(usize),
    /// A member that stands twice in one object (JSON pointer).
    Duplicate(String),
    /// Not UTF-8.
    NotUtf8,
    /// Not well-formed; the parser's words.
    Malformed(String),
    /// Nested deeper than `limits::DOCUMENT_DEPTH`.
    TooDeep,
    /// Empty, or white space alone.
    Empty,
}

impl Document {
    /// Reads a body as `format`.
    ///
    /// # Errors
    /// The faults that keep it from being read at all, at least one.
    pub fn parse(body: &[u8], format: Format) -> Result<Document, Vec<DocumentFault>> {
        let _ = (body, format);
        todo!()
    }

    /// A string member of the top level.
    pub fn text(&self, member: &str) -> Option<&str> {
        self.value.get(member).and_then(Value::as_str)
    }
}
