//! Trees as the validator of schemas reads them.

use std::borrow::Cow;

use jsonschema::json::{Array, Json, NodeIdentity, Object};
use jsonschema::types::JsonType;
use serde_json::{Number, Value};

use crate::tree::{self, Children, Kind, Mark, Node, Text, Tree};

/// A document in a tree.
pub struct Flat;

impl Json for Flat {
    type Node<'a> = Node<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = Tree;

    // To look for a member is to look through all: once is always less.
    const KEYS_PER_LOOKUP: usize = 1 << 16;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(buffer: &mut Tree, string: &str, f: impl FnOnce(Node<'_>) -> T) -> T {
        buffer.back_to(Mark::default());
        let text = buffer.text(string);
        buffer.leaf(Text::default(), Kind::String(text));
        f(buffer.root())
    }
}

impl<'a> jsonschema::json::Node<'a, Flat> for Node<'a> {
    type Object = Members<'a>;
    type Array = Items<'a>;
    type Number = &'a Number;

    fn as_object(&self) -> Option<Members<'a>> {
        self.is_object().then_some(Members(*self))
    }

    fn as_array(&self) -> Option<Items<'a>> {
        matches!(self.kind(), Kind::Array).then_some(Items(*self))
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        self.as_str().map(Cow::Borrowed)
    }

    fn as_number(&self) -> Option<&'a Number> {
        match self.kind() {
            Kind::Number(number) => Some(number),
            _ => None,
        }
    }

    fn as_boolean(&self) -> Option<bool> {
        match self.kind() {
            Kind::Bool(value) => Some(*value),
            _ => None,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self.kind(), Kind::Null)
    }

    fn json_type(&self) -> JsonType {
        match self.kind() {
            Kind::Null => JsonType::Null,
            Kind::Bool(_) => JsonType::Boolean,
            Kind::Number(_) => JsonType::Number,
            Kind::String(_) => JsonType::String,
            Kind::Array => JsonType::Array,
            Kind::Object => JsonType::Object,
        }
    }

    fn to_value(&self) -> Cow<'a, Value> {
        Cow::Owned(Node::to_value(*self))
    }

    fn identity(&self) -> Option<NodeIdentity> {
        let tag = u32::try_from(self.index()).ok()?;
        Some(NodeIdentity::tagged(std::ptr::from_ref(self.tree()) as usize, tag))
    }
}

/// The members of an object.
pub struct Members<'a>(Node<'a>);

impl<'a> Object<'a, Flat> for Members<'a> {
    type Node = Node<'a>;
    type MemberName = &'a str;
    type MembersIter = tree::Members<'a>;

    fn len(&self) -> usize {
        self.0.members().count()
    }

    fn get(&self, key: &Box<str>) -> Option<Node<'a>> {
        self.0.get(key)
    }

    fn members(&self) -> tree::Members<'a> {
        self.0.members()
    }
}

/// The items of an array.
pub struct Items<'a>(Node<'a>);

impl<'a> Array<'a, Flat> for Items<'a> {
    type Node = Node<'a>;
    type ElementsIter = Children<'a>;

    fn len(&self) -> usize {
        self.0.items().count()
    }

    fn elements(&self) -> Children<'a> {
        self.0.items()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use jsonschema::{options, options_for};
    use serde_json::json;

    /// A tree is judged as the value that it holds, by whatever a schema may ask.
    #[test]
    fn a_tree_is_valid_where_its_value_is() {
        let schemas = [
            json!({ "type": "object", "required": ["a", "b", "c"], "additionalProperties": false,
                    "properties": { "a": true, "b": true, "c": true } }),
            json!({ "type": ["array", "null"], "items": { "type": "integer" }, "uniqueItems": true, "maxItems": 3 }),
            json!({ "enum": [1, "é", [1, 2], { "a": 1.0 }, null, true] }),
            json!({ "const": { "a": [1, { "b": "x" }] } }),
            json!({ "type": "string", "minLength": 2, "maxLength": 3, "pattern": "^[a-zé]+$" }),
            json!({ "type": "number", "minimum": 1, "multipleOf": 0.5 }),
            json!({ "propertyNames": { "pattern": "^[a-c]$", "maxLength": 1 }, "minProperties": 1, "maxProperties": 3 }),
            json!({ "oneOf": [{ "required": ["a"] }, { "type": "array", "contains": { "const": 2 } }, { "const": "ab" }] }),
            json!({ "type": "boolean" }),
            json!({ "$ref": "#/$defs/list", "$defs": { "list": { "anyOf": [{ "type": "null" },
                    { "type": "object", "properties": { "a": { "$ref": "#/$defs/list" } }, "required": ["a"] }] } } }),
        ];
        let instances = [
            json!(null),
            json!(true),
            json!(1),
            json!(1.0),
            json!(-0.25),
            json!(u64::MAX),
            json!("é"),
            json!("ab"),
            json!("abcd"),
            json!([]),
            json!([1, 2]),
            json!([2, 2.0]),
            json!([1, 2, 3, 4]),
            json!([{ "a": 1 }, { "a": 1 }]),
            json!({}),
            json!({ "a": 1 }),
            json!({ "a": [1, { "b": "x" }] }),
            json!({ "c": 1, "b": 2, "a": 3 }),
            json!({ "a": 1, "b": 2, "c": 3, "d": 4 }),
            json!({ "é": 1, "aa": 2 }),
            json!({ "a": { "a": { "a": null } } }),
            json!({ "a": { "a": { "a": 1 } } }),
        ];
        let mut valid = 0;
        for schema in &schemas {
            let of_values = options().build(schema).expect("a schema");
            let of_trees = options_for::<Flat>().build(schema).expect("a schema");
            for instance in &instances {
                let tree = Tree::of(instance);
                assert_eq!(of_trees.is_valid(tree.root()), of_values.is_valid(instance), "{instance} by {schema}");
                valid += usize::from(of_values.is_valid(instance));
            }
        }
        assert!((schemas.len()..schemas.len() * instances.len() / 2).contains(&valid), "{valid}");
    }
}
