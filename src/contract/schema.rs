//! One JSON Schema, compiled when it is first asked, and its violations.

use std::fmt;
use std::sync::OnceLock;

use jsonschema::json::Json;
use serde_json::Value;

use self::flat::Flat;
use crate::tree::{Kind, Node, Text, Tree};

mod flat;

/// Which schema: operation and part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaName {
    /// `EndTerminalSession`, ...; `Error` for the error envelope.
    pub operation: String,
    /// `request` or `success`, `error`.
    pub part: String,
}

impl SchemaName {
    /// The name in a file's name: `EndTerminalSession.success.json`, `Error.json`.
    pub fn of_file(file: &str) -> Option<SchemaName> {
        let stem = file.strip_suffix(".json")?;
        let (operation, part) = match stem.split_once('.') {
            Some((operation, part)) => (operation.to_owned(), part.to_owned()),
            None => (stem.to_owned(), stem.to_ascii_lowercase()),
        };
        Some(SchemaName { operation, part })
    }

    /// The name of its file.
    pub fn file(&self) -> String {
        if self.operation.eq_ignore_ascii_case(&self.part) {
            format!("{}.json", self.operation)
        } else {
            format!("{}.{}.json", self.operation, self.part)
        }
    }
}

/// A schema.
pub struct Schema {
    validator: OnceLock<jsonschema::Validator>,
    /// As it asks trees.
    of_trees: OnceLock<jsonschema::Validator<Flat>>,
    /// The schema itself.
    pub value: Value,
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
    /// Compiles a schema that somebody wrote.
    ///
    /// # Errors
    /// The compiler's words, when it is no schema; `instance` is the place in the schema.
    pub fn compile(value: Value) -> Result<Schema, Violation> {
        let validator = build(&value)?;
        Ok(Schema { validator: OnceLock::from(validator), of_trees: OnceLock::new(), value })
    }

    /// Takes a schema that is known to be one, and compiles it when it is first asked: a run asks few of them.
    pub fn known(value: Value) -> Schema {
        Schema { validator: OnceLock::new(), of_trees: OnceLock::new(), value }
    }

    /// Every violation, sorted.
    ///
    /// # Panics
    /// When a schema that was taken as known is none.
    pub fn violations(&self, instance: &Value) -> Vec<Violation> {
        let validator = self
            .validator
            .get_or_init(|| build(&self.value).unwrap_or_else(|error| panic!("a schema is broken: {}", error.message)));
        // Most are valid, which is known in half the time.
        if validator.is_valid(instance) {
            return Vec::new();
        }
        let mut violations: Vec<Violation> = validator
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

    /// As [`Schema::violations`], of a value in a tree.
    ///
    /// # Panics
    /// When a schema that was taken as known is none.
    pub fn violations_in(&self, instance: Node<'_>) -> Vec<Violation> {
        let build = || build(&self.value).unwrap_or_else(|error| panic!("a schema is broken: {}", error.message));
        let valid = self.of_trees.get_or_init(build).is_valid(instance);
        if valid { Vec::new() } else { self.violations(&instance.to_value()) }
    }

    /// Every violation of a document that was read from XML, sorted: see [`normalise_xml`].
    ///
    /// # Panics
    /// When a schema that was taken as known is none.
    pub fn violations_in_xml(&self, instance: Node<'_>) -> Vec<Violation> {
        self.violations_in(normalise_xml(instance, self).root())
    }
}

fn build<F: Json>(value: &Value) -> Result<jsonschema::Validator<F>, Violation> {
    let options =
        jsonschema::options_for::<F>().with_draft(jsonschema::Draft::Draft202012).should_validate_formats(true);
    options.build(value).map_err(|error| Violation {
        instance: error.instance_path().to_string(),
        schema: error.schema_path().to_string(),
        message: error.to_string(),
    })
}

/// A document read from XML, in the shape that the schema asks for. XML tells neither types nor lists: where the
/// schema wants an array, what stands alone becomes one of one element, and a missing required one an empty one; where
/// it wants an object, empty text becomes an empty object; where it wants a number or a boolean, text that spells one
/// becomes one. Whatever does not fit stays as it is, for the schema to refuse.
pub fn normalise_xml(value: Node<'_>, schema: &Schema) -> Tree {
    let mut shape = Shape { root: &schema.value, out: Tree::of_length(512) };
    shape.value(Text::default(), value, &schema.value);
    shape.out
}

/// What a document read from XML becomes.
struct Shape<'s> {
    /// The schema, that references are within.
    root: &'s Value,
    out: Tree,
}

impl Shape<'_> {
    fn value(&mut self, name: Text, node: Node<'_>, schema: &Value) {
        let schema = resolve(schema, self.root);
        match (schema.get("type").and_then(Value::as_str), node.kind()) {
            (Some("array"), Kind::Array) => self.list(name, node.items(), schema),
            (Some("array"), _) => self.list(name, [node], schema),
            (Some("object"), Kind::String(_)) if node.as_str().is_some_and(|text| text.trim().is_empty()) => {
                self.object(name, None, schema);
            }
            (_, Kind::Object) => self.object(name, Some(node), schema),
            (Some("integer" | "number" | "boolean"), Kind::String(_)) => {
                match serde_json::from_str(node.as_str().unwrap_or_default().trim()) {
                    Ok(Value::Number(number)) => self.out.leaf(name, Kind::Number(number)),
                    Ok(Value::Bool(value)) => self.out.leaf(name, Kind::Bool(value)),
                    _ => self.out.copy(name, node),
                }
            }
            _ => self.out.copy(name, node),
        }
    }

    fn list<'a>(&mut self, name: Text, items: impl IntoIterator<Item = Node<'a>>, schema: &Value) {
        let at = self.out.open(name, Kind::Array);
        for item in items {
            match schema.get("items") {
                Some(schema) => self.value(Text::default(), item, schema),
                None => self.out.copy(Text::default(), item),
            }
        }
        self.out.close(at);
    }

    fn object(&mut self, name: Text, node: Option<Node<'_>>, schema: &Value) {
        let at = self.out.open(name, Kind::Object);
        let of_member = |name: &str| schema.get("properties").and_then(|properties| properties.get(name));
        for (member, value) in node.iter().flat_map(|node| node.members()) {
            let name = self.out.text(member);
            match of_member(member) {
                Some(schema) => self.value(name, value, schema),
                None => self.out.copy(name, value),
            }
        }
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for member in required.filter_map(Value::as_str) {
            let is_list = of_member(member).is_some_and(|schema| resolve(schema, self.root)["type"] == "array");
            if is_list && node.is_none_or(|node| node.get(member).is_none()) {
                let name = self.out.text(member);
                self.out.leaf(name, Kind::Array);
            }
        }
        self.out.close(at);
    }
}

/// Follows references within the file, a bounded number of them.
fn resolve<'a>(mut schema: &'a Value, root: &'a Value) -> &'a Value {
    for _ in 0..8 {
        let target = schema.get("$ref").and_then(Value::as_str).and_then(|target| target.strip_prefix('#'));
        match target.and_then(|pointer| root.pointer(pointer)) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}
