//! Documents as flat trees: all values in one list and all text in one buffer, since a run reads one for every answer.

use std::fmt;
use std::iter::Map;

use serde_json::{Number, Value};

/// A document: one value, and what stands within it.
#[derive(Clone, Default)]
pub struct Tree {
    /// Every name and every string, one after the other.
    text: String,
    /// Every value before those within it.
    entries: Vec<Entry>,
}

#[derive(Debug, Clone)]
struct Entry {
    /// The name as a member; empty for all others.
    name: Text,
    kind: Kind,
    /// The entry after all that stand within it.
    end: usize,
}

/// A value without what stands within it.
#[derive(Debug, Clone)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A string.
    String(Text),
    /// An array.
    Array,
    /// An object.
    Object,
}

/// Where a text stands in the buffer of its tree.
#[derive(Debug, Clone, Copy, Default)]
pub struct Text {
    start: usize,
    end: usize,
}

/// How much of a tree there is.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mark {
    text: usize,
    entries: usize,
}

impl Tree {
    /// A tree with nothing in it, for a document of so many bytes: the first value that is put into it is the document.
    pub fn of_length(bytes: usize) -> Tree {
        // A value of an answer takes some twenty bytes, name and all.
        Tree { text: String::with_capacity(bytes), entries: Vec::with_capacity((bytes / 16).clamp(8, 64)) }
    }

    /// The whole of a value.
    pub fn of(value: &Value) -> Tree {
        let mut tree = Tree::default();
        tree.take(Text::default(), value);
        tree
    }

    /// An object of members, of each name one.
    pub fn of_members<'a>(members: impl IntoIterator<Item = (&'a str, Value)>) -> Tree {
        let mut tree = Tree::default();
        let at = tree.open(Text::default(), Kind::Object);
        for (name, value) in members {
            let name = tree.text(name);
            tree.take(name, &value);
        }
        tree.close(at);
        tree
    }

    /// Adds what stands in another tree.
    pub fn copy(&mut self, name: Text, node: Node<'_>) {
        let (from, first) = (node.at, self.entries.len());
        for entry in &node.tree.entries[from..node.entry().end] {
            let kind = match &entry.kind {
                Kind::String(text) => Kind::String(self.text(node.tree.read(*text))),
                kind => kind.clone(),
            };
            let name = self.text(node.tree.read(entry.name));
            self.entries.push(Entry { name, kind, end: entry.end - from + first });
        }
        self.entries[first].name = name;
    }

    fn take(&mut self, name: Text, value: &Value) {
        match value {
            Value::Null => self.leaf(name, Kind::Null),
            Value::Bool(value) => self.leaf(name, Kind::Bool(*value)),
            Value::Number(number) => self.leaf(name, Kind::Number(number.clone())),
            Value::String(text) => {
                let text = self.text(text);
                self.leaf(name, Kind::String(text));
            }
            Value::Array(items) => {
                let at = self.open(name, Kind::Array);
                items.iter().for_each(|item| self.take(Text::default(), item));
                self.close(at);
            }
            Value::Object(members) => {
                let at = self.open(name, Kind::Object);
                for (name, value) in members {
                    let name = self.text(name);
                    self.take(name, value);
                }
                self.close(at);
            }
        }
    }

    /// Takes in a text.
    pub fn text(&mut self, text: &str) -> Text {
        let start = self.text.len();
        self.text.push_str(text);
        Text { start, end: self.text.len() }
    }

    /// The text that was taken in last, with more after it.
    ///
    /// # Panics
    /// When another was taken in since.
    pub fn longer(&mut self, text: Text, more: &str) -> Text {
        assert_eq!(text.end, self.text.len(), "a text that others follow");
        Text { start: text.start, end: self.text(more).end }
    }

    /// A text that was taken in.
    pub fn read(&self, text: Text) -> &str {
        &self.text[text.start..text.end]
    }

    /// Adds a value that holds no others.
    pub fn leaf(&mut self, name: Text, kind: Kind) {
        let at = self.open(name, kind);
        self.close(at);
    }

    /// Adds a value that holds those added until it is closed.
    pub fn open(&mut self, name: Text, kind: Kind) -> usize {
        self.entries.push(Entry { name, kind, end: usize::MAX });
        self.entries.len() - 1
    }

    /// Closes a value.
    pub fn close(&mut self, at: usize) {
        self.entries[at].end = self.entries.len();
    }

    /// How much there is so far.
    pub fn mark(&self) -> Mark {
        Mark { text: self.text.len(), entries: self.entries.len() }
    }

    /// Takes away what was added since, whole values alone.
    pub fn back_to(&mut self, mark: Mark) {
        self.text.truncate(mark.text);
        self.entries.truncate(mark.entries);
    }

    /// The names of the members so far of an object that is still open.
    pub fn names_in(&self, object: usize) -> impl Iterator<Item = &str> {
        self.within(object + 1, self.entries.len()).map(|node| node.name())
    }

    /// The document.
    ///
    /// # Panics
    /// When nothing was put into it.
    pub fn root(&self) -> Node<'_> {
        assert!(!self.entries.is_empty(), "a document without a value");
        Node { tree: self, at: 0 }
    }

    /// Every value from an entry on to another, without those within them.
    fn within(&self, from: usize, to: usize) -> Children<'_> {
        Children { tree: self, at: from, end: to }
    }
}

impl fmt::Debug for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() { f.write_str("nothing") } else { self.root().fmt(f) }
    }
}

impl PartialEq for Tree {
    fn eq(&self, other: &Tree) -> bool {
        self.entries.is_empty() == other.entries.is_empty()
            && (self.entries.is_empty() || self.root().to_value() == other.root().to_value())
    }
}

/// A value in a tree.
#[derive(Clone, Copy)]
pub struct Node<'a> {
    tree: &'a Tree,
    at: usize,
}

impl<'a> Node<'a> {
    fn entry(self) -> &'a Entry {
        &self.tree.entries[self.at]
    }

    fn name(self) -> &'a str {
        self.tree.read(self.entry().name)
    }

    /// What it is, without what stands within it.
    pub fn kind(self) -> &'a Kind {
        &self.entry().kind
    }

    /// Where it stands in its tree.
    pub fn index(self) -> usize {
        self.at
    }

    /// The tree that it stands in.
    pub fn tree(self) -> &'a Tree {
        self.tree
    }

    /// The text of a string.
    pub fn as_str(self) -> Option<&'a str> {
        match self.kind() {
            Kind::String(text) => Some(self.tree.read(*text)),
            _ => None,
        }
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        matches!(self.kind(), Kind::Object)
    }

    /// The items of an array; none of anything else.
    pub fn items(self) -> Children<'a> {
        self.children(matches!(self.kind(), Kind::Array))
    }

    /// The members of an object in their order; none of anything else.
    pub fn members(self) -> Members<'a> {
        self.children(self.is_object()).map(|node| (node.name(), node))
    }

    fn children(self, some: bool) -> Children<'a> {
        let end = self.entry().end;
        self.tree.within(if some { self.at + 1 } else { end }, end)
    }

    /// A member of an object.
    pub fn get(self, name: &str) -> Option<Node<'a>> {
        self.members().find(|(other, _)| *other == name).map(|(_, node)| node)
    }

    /// What a JSON pointer (RFC 6901) points to.
    pub fn pointer(self, pointer: &str) -> Option<Node<'a>> {
        if pointer.is_empty() {
            return Some(self);
        }
        pointer.strip_prefix('/')?.split('/').try_fold(self, |node, step| match node.kind() {
            Kind::Array => {
                // Digits alone, and no needless zero before them.
                let plain = step == "0" || !step.starts_with(['0', '+']);
                node.items().nth(step.parse().ok().filter(|_| plain)?)
            }
            _ => node.get(&step.replace("~1", "/").replace("~0", "~")),
        })
    }

    /// The value by itself.
    pub fn to_value(self) -> Value {
        match self.kind() {
            Kind::Null => Value::Null,
            Kind::Bool(value) => Value::Bool(*value),
            Kind::Number(number) => Value::Number(number.clone()),
            Kind::String(text) => Value::String(self.tree.read(*text).to_owned()),
            Kind::Array => self.items().map(Node::to_value).collect(),
            Kind::Object => {
                Value::Object(self.members().map(|(name, node)| (name.to_owned(), node.to_value())).collect())
            }
        }
    }
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.to_value().fmt(f)
    }
}

impl fmt::Debug for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The members of an object, each with its name.
pub type Members<'a> = Map<Children<'a>, fn(Node<'a>) -> (&'a str, Node<'a>)>;

/// Values that stand side by side.
#[derive(Debug, Clone)]
pub struct Children<'a> {
    tree: &'a Tree,
    at: usize,
    end: usize,
}

impl<'a> Iterator for Children<'a> {
    type Item = Node<'a>;

    fn next(&mut self) -> Option<Node<'a>> {
        if self.at >= self.end {
            return None;
        }
        let node = Node { tree: self.tree, at: self.at };
        self.at = node.entry().end;
        Some(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use serde_json::json;

    #[test]
    fn a_value_is_the_same_in_a_tree() {
        let rows = [
            json!(null),
            json!(true),
            json!(-1.5),
            json!(u64::MAX),
            json!("é\u{0}"),
            json!([]),
            json!({}),
            json!([[], {}, [1, [2]], "a"]),
            json!({"": {"a": [{"b": null}, "", {"b": 2}]}, "a~/b": "c", "z": {}}),
        ];
        for value in rows {
            let tree = Tree::of(&value);
            assert_eq!(tree.root().to_value(), value);
            assert_eq!(format!("{tree:?}"), value.to_string());
            for pointer in
                ["", "/", "/0", "/2/1/0", "/00", "/+0", "/-1", "//a/2/b", "/a~1b", "/a~0~1b", "/z", "a", "/z/", "/9"]
            {
                let found = tree.root().pointer(pointer).map(Node::to_value);
                assert_eq!(found.as_ref(), value.pointer(pointer), "{pointer} in {value}");
            }
        }
    }

    #[test]
    fn members_and_items_are_found_in_their_kind_alone() {
        let tree = Tree::of(&json!({"a": [1, "x", {"b": "y"}], "c": "z"}));
        let root = tree.root();
        let names: Vec<&str> = root.members().map(|(name, _)| name).collect();
        assert_eq!((names.as_slice(), root.items().count()), (&["a", "c"][..], 0));
        let list = root.get("a").expect("a member");
        assert_eq!((list.items().count(), list.members().count(), list.get("b").is_none()), (3, 0, true));
        assert_eq!(list.items().nth(2).and_then(|item| item.get("b")?.as_str()), Some("y"));
        assert_eq!((root.get("c").and_then(Node::as_str), root.as_str(), list.is_object()), (Some("z"), None, false));
    }

    #[test]
    fn a_value_can_be_copied_from_one_tree_to_another() {
        let value = json!({"a": [1, "x", {"b": "y", "c": []}], "d": {}, "e": "z"});
        let from = Tree::of(&value);
        let mut tree = Tree::default();
        let at = tree.open(Text::default(), Kind::Object);
        for (new, old) in [("n", ""), ("m", "/a/2"), ("l", "/e"), ("k", "/d")] {
            let name = tree.text(new);
            tree.copy(name, from.root().pointer(old).expect(old));
        }
        tree.close(at);
        let expected = json!({"n": value, "m": {"b": "y", "c": []}, "l": "z", "k": {}});
        assert_eq!(tree.root().to_value(), expected);
    }

    #[test]
    fn a_text_is_made_longer_until_another_follows() {
        let mut tree = Tree::default();
        let text = tree.text("a");
        let text = tree.longer(text, "");
        let text = tree.longer(text, "bc");
        assert_eq!(tree.read(text), "abc");
        tree.text("d");
        assert!(std::panic::catch_unwind(move || tree.longer(text, "e")).is_err());
    }

    #[test]
    fn what_was_added_can_be_taken_away() {
        let mut tree = Tree::of_length(10);
        let at = tree.open(Text::default(), Kind::Object);
        let name = tree.text("a");
        tree.leaf(name, Kind::Null);
        let mark = tree.mark();
        let name = tree.text("a");
        let inner = tree.open(name, Kind::Array);
        tree.leaf(Text::default(), Kind::Bool(true));
        tree.close(inner);
        assert_eq!(tree.names_in(at).collect::<Vec<_>>(), ["a", "a"]);
        tree.back_to(mark);
        tree.close(at);
        assert_eq!(tree, Tree::of(&json!({"a": null})));
        assert_eq!(tree, Tree::of_members([("a", json!(null))]));
        assert_ne!(tree, Tree::default());
    }
}
