//! One compiled JSON Schema, and its violations.

use std::fmt;

/// Which schema: operation and part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaName {
    /// `EndTerminalSession`, ...; `Error` for the error envelope.
    pub operation: String,
    /// `request` or `success`, `error`.
    pub part: String,
}

/// A compiled schema.
pub struct Schema {
    validator: jsonschema::Validator,
    /// The schema itself.
    pub value: serde_json::Value,
}

impl fmt::Debug for Schema {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Schema({})", self.value)
    }
}

/// One breach of a schema.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// JSON pointer into the instance.
    pub instance: String,
    /// JSON pointer into the schema.
    pub schema: String,
    /// What is wrong, the instance's own text masked.
    pub message: String,
}

impl Schema {
    /// Compiles a schema.
    ///
    /// # Errors
    /// The compiler's words, when it is no schema.
    pub fn compile(value: serde_json::Value) -> Result<Schema, String> {
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .should_validate_formats(true)
            .build(&value)
            .map_err(|error| error.to_string())?;
        Ok(Schema { validator, value })
    }

    /// Every violation, sorted.
    pub fn violations(&self, instance: &serde_json::Value) -> Vec<Violation> {
        let mut violations: Vec<Violation> = self
            .validator
            .iter_errors(instance)
            .map(|error| Violation {
                instance: error.instance_path().to_string(),
                schema: error.schema_path().to_string(),
                message: error.masked().to_string(),
            })
            .collect();
        violations.sort();
        violations
    }
}
