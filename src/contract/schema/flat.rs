//! Trees as the validator of schemas reads them.

use std::borrow::Cow;

use jsonschema::json::{Array, Json, NodeIdentity, Object};
use jsonschema::types::JsonType;
use serde_json::{Number, Value};

use crate::tree::{self, Children, Kind, Node, Text, Tree};

/// A document in a tree.
pub struct Flat;

impl Json for Flat {
    type Node<'a> = Node<'a>;
    type PreparedKey = Box<str>;
    type StringBuffer = Tree;

    // Looking for a member looks through all.
    const KEYS_PER_LOOKUP: usize = 2;
    const ACYCLIC: bool = true;

    fn prepare_key(key: &str) -> Box<str> {
        key.into()
    }

    fn with_string_node<T>(buffer: &mut Tree, string: &str, f: impl FnOnce(Node<'_>) -> T) -> T {
        *buffer = Tree::default();
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
