//! A YAML document as a tree in which everything has its place, so that all mistakes can be found at once.

use serde_json::{Number, Value};

use super::yaml::shortened;
use crate::source::Span;

/// One node.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Its bytes: quotes and brackets included, comments and line ends after it not. An alias for what it names.
    pub span: Span,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// Nothing, `null` or `~`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A finite number.
    Number(Number),
    /// A text, quoted or not.
    Text(String),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping in the order of its file; keys may be of any kind, and given twice.
    Map(Vec<(Node, Node)>),
}

impl Node {
    /// The text, when it is one.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What was found, for messages: "the number `404`".
    pub fn found(&self) -> String {
        match &self.kind {
            Kind::Null => "nothing".to_owned(),
            Kind::Bool(value) => format!("the boolean `{value}`"),
            Kind::Number(number) => format!("the number `{number}`"),
            Kind::Text(text) => format!("the text `{}`", shortened(text)),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }

    /// As JSON; keys that are no texts are written as JSON would write them, the last of equal keys wins.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::Text(text) => Value::String(text.clone()),
            Kind::List(nodes) => Value::Array(nodes.iter().map(Node::to_json).collect()),
            Kind::Map(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, value)| {
                        let key = key.text().map_or_else(|| key.to_json().to_string(), str::to_owned);
                        (key, value.to_json())
                    })
                    .collect(),
            ),
        }
    }

    /// The node with every place in it replaced: what an alias stands for.
    pub(super) fn moved(mut self, to: Span) -> Node {
        self.span = to;
        self.kind = match self.kind {
            Kind::List(nodes) => Kind::List(nodes.into_iter().map(|node| node.moved(to)).collect()),
            Kind::Map(members) => {
                Kind::Map(members.into_iter().map(|(key, value)| (key.moved(to), value.moved(to))).collect())
            }
            kind => kind,
        };
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::yaml::tree;
    use crate::source::Source;

    #[test]
    fn every_node_covers_exactly_its_bytes() {
        let text = "a: { b: [1, \"x\" ], # c }\n  d: ~ }\ne:\n  - f: |\n      t\n\n    g: {}\n  - [ ]\nh: &h\n  i: 1\nj: *h # x\nk:\n";
        let node = tree(&Source::new("a.yaml", text), 100).unwrap();
        let mut seen = Vec::new();
        fn walk<'t>(node: &Node, text: &'t str, seen: &mut Vec<&'t str>) {
            seen.push(&text[node.span.range()]);
            match &node.kind {
                Kind::List(nodes) => nodes.iter().for_each(|node| walk(node, text, seen)),
                Kind::Map(members) => members.iter().for_each(|(_, value)| walk(value, text, seen)),
                _ => {}
            }
        }
        walk(&node, text, &mut seen);
        assert_eq!(
            seen[1..],
            [
                "{ b: [1, \"x\" ], # c }\n  d: ~ }",
                "[1, \"x\" ]",
                "1",
                "\"x\"",
                "~",
                "- f: |\n      t\n\n    g: {}\n  - [ ]",
                "f: |\n      t\n\n    g: {}",
                "t",
                "{}",
                "[ ]",
                "i: 1",
                "1",
                "*h",
                "*h",
                "",
            ]
        );
    }
}
