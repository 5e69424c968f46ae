//! JSON answers: every repeated member told, the first of them kept.

use std::collections::HashSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::DocumentFault;
use super::envelope::{TEXT_AT_ONCE, malformed};
use crate::limits;
use crate::tree::{Kind, Text, Tree};

/// Duplicate members that are listed; a body can hold more of them than memory holds their pointers.
pub(super) const DUPLICATES_LISTED: usize = 16;

/// Members up to which a name is looked for among those before it, one by one.
const FEW: usize = 16;

/// Reads `text`, which begins at byte `start` of the body.
pub(super) fn parse(text: &str, start: usize, faults: &mut Vec<DocumentFault>) -> Result<Tree, DocumentFault> {
    let tree = Tree::of_length(text.len().min(TEXT_AT_ONCE));
    let mut reading = Reading { tree, faults, duplicates: 0, too_deep: false };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let root = Reader { reading: &mut reading, depth: 0, path: &Path::Root, name: Text::default() };
    let read = root.deserialize(&mut deserializer);
    let Reading { tree, too_deep, .. } = reading;
    match read {
        Ok(()) => {}
        Err(_) if too_deep => return Err(DocumentFault::TooDeep),
        Err(error) => return Err(malformed(&error)),
    }
    if let Err(error) = deserializer.end() {
        faults.push(DocumentFault::Trailing(start + offset(text, error.line(), error.column())));
    }
    Ok(tree)
}

/// The byte at a line and column that count from one.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

/// What is noted while a JSON document is read.
struct Reading<'a> {
    tree: Tree,
    faults: &'a mut Vec<DocumentFault>,
    duplicates: usize,
    too_deep: bool,
}

/// Where a value stands; turned into a JSON pointer only for a finding.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, Text),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn write(&self, tree: &Tree, out: &mut String) {
        match self {
            Path::Root => {}
            Path::Member(parent, name) => {
                parent.write(tree, out);
                out.push('/');
                out.push_str(&tree.read(*name).replace('~', "~0").replace('/', "~1"));
            }
            Path::Item(parent, index) => {
                parent.write(tree, out);
                out.push('/');
                out.push_str(&index.to_string());
            }
        }
    }
}

/// Adds one value to the tree, of repeated members the first.
struct Reader<'r, 'f, 'p> {
    reading: &'r mut Reading<'f>,
    /// Arrays and objects around it.
    depth: usize,
    path: &'p Path<'p>,
    /// Its name as a member.
    name: Text,
}

impl Reader<'_, '_, '_> {
    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > limits::DOCUMENT_DEPTH {
            self.reading.too_deep = true;
            return Err(E::custom("nested too deep"));
        }
        Ok(())
    }

    fn leaf(self, kind: Kind) {
        self.reading.tree.leaf(self.name, kind);
    }
}

impl<'de> DeserializeSeed<'de> for Reader<'_, '_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_, '_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.leaf(Kind::Null);
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.leaf(Kind::Bool(value));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.leaf(Kind::Number(value.into()));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.leaf(Kind::Number(value.into()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.leaf(Number::from_f64(value).map_or(Kind::Null, Kind::Number));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        let text = self.reading.tree.text(value);
        self.leaf(Kind::String(text));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        self.enter()?;
        let Reader { reading, depth, path, name } = self;
        let at = reading.tree.open(name, Kind::Array);
        let mut count = 0;
        loop {
            let path = Path::Item(path, count);
            let item = Reader { reading: &mut *reading, depth, path: &path, name: Text::default() };
            if items.next_element_seed(item)?.is_none() {
                reading.tree.close(at);
                return Ok(());
            }
            count += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        self.enter()?;
        let Reader { reading, depth, path, name } = self;
        let at = reading.tree.open(name, Kind::Object);
        let mut names = Names::default();
        let mut repeated: Vec<String> = Vec::new();
        loop {
            let mark = reading.tree.mark();
            let Some(name) = members.next_key_seed(Name(&mut reading.tree))? else { break };
            let is_new = names.take(&reading.tree, at, name);
            let path = Path::Member(path, name);
            members.next_value_seed(Reader { reading: &mut *reading, depth, path: &path, name })?;
            if is_new {
                continue;
            }
            let written = reading.tree.read(name);
            if reading.duplicates < DUPLICATES_LISTED && !repeated.iter().any(|other| other == written) {
                repeated.push(written.to_owned());
                let mut pointer = String::new();
                path.write(&reading.tree, &mut pointer);
                reading.faults.push(DocumentFault::Duplicate(pointer));
                reading.duplicates += 1;
            }
            reading.tree.back_to(mark);
        }
        reading.tree.close(at);
        Ok(())
    }
}

/// The name of a member, taken into the tree.
struct Name<'t>(&'t mut Tree);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = Text;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Text, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'de> Visitor<'de> for Name<'_> {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Text, E> {
        Ok(self.0.text(name))
    }
}

/// The names of one object's members so far.
#[derive(Default)]
struct Names {
    count: usize,
    /// All of them, once they are many.
    many: Option<HashSet<String>>,
}

impl Names {
    /// Takes the name of the member that comes next; `false` when there is one of that name.
    fn take(&mut self, tree: &Tree, object: usize, name: Text) -> bool {
        let name = tree.read(name);
        if self.count < FEW {
            let is_new = tree.names_in(object).all(|other| other != name);
            self.count += usize::from(is_new);
            return is_new;
        }
        let all = || tree.names_in(object).map(str::to_owned).collect();
        let many = self.many.get_or_insert_with(all);
        !many.contains(name) && many.insert(name.to_owned())
    }
}
