//! JSON answers: every repeated member told, the first of them kept.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Value};

use super::DocumentFault;
use super::envelope::malformed;
use crate::limits;

/// Duplicate members that are listed; a body can hold more of them than memory holds their pointers.
pub(super) const DUPLICATES_LISTED: usize = 16;

/// Members that answers have, about.
const MEMBERS: usize = 8;

/// Reads `text`, which begins at byte `start` of the body.
pub(super) fn parse(text: &str, start: usize, faults: &mut Vec<DocumentFault>) -> Result<Value, DocumentFault> {
    let mut reading = Reading { faults, duplicates: 0, too_deep: false };
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = match (Node { reading: &mut reading, depth: 0, path: &Path::Root }).deserialize(&mut deserializer) {
        Ok(value) => value,
        Err(_) if reading.too_deep => return Err(DocumentFault::TooDeep),
        Err(error) => return Err(malformed(&error)),
    };
    if let Err(error) = deserializer.end() {
        faults.push(DocumentFault::Trailing(start + offset(text, error.line(), error.column())));
    }
    Ok(value)
}

/// The byte at a line and column that count from one.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column.saturating_sub(1)).min(text.len())
}

/// What is noted while a JSON document is read.
struct Reading<'a> {
    faults: &'a mut Vec<DocumentFault>,
    duplicates: usize,
    too_deep: bool,
}

/// Where a value stands; turned into a JSON pointer only for a finding.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn write(&self, out: &mut String) {
        match self {
            Path::Root => {}
            Path::Member(parent, name) => {
                parent.write(out);
                out.push('/');
                out.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Path::Item(parent, index) => {
                parent.write(out);
                out.push('/');
                out.push_str(&index.to_string());
            }
        }
    }
}

/// Builds one value, the first of repeated members kept.
struct Node<'r, 'f, 'p> {
    reading: &'r mut Reading<'f>,
    /// Arrays and objects around it.
    depth: usize,
    path: &'p Path<'p>,
}

impl Node<'_, '_, '_> {
    fn enter<E: de::Error>(&mut self) -> Result<(), E> {
        self.depth += 1;
        if self.depth > limits::DOCUMENT_DEPTH {
            self.reading.too_deep = true;
            return Err(E::custom("nested too deep"));
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_, '_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_, '_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<Value, A::Error> {
        self.enter()?;
        let mut array = Vec::new();
        loop {
            let path = Path::Item(self.path, array.len());
            let item = Node { reading: &mut *self.reading, depth: self.depth, path: &path };
            match items.next_element_seed(item)? {
                Some(value) => array.push(value),
                None => return Ok(Value::Array(array)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<Value, A::Error> {
        self.enter()?;
        // The members of an answer, and what is hostile nests deeper.
        let mut object = Map::with_capacity(if self.depth == 1 { MEMBERS } else { 0 });
        let mut repeated: Vec<String> = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            let path = Path::Member(self.path, &name);
            let value =
                members.next_value_seed(Node { reading: &mut *self.reading, depth: self.depth, path: &path })?;
            match object.entry(name) {
                Entry::Vacant(place) => {
                    place.insert(value);
                }
                Entry::Occupied(first) => {
                    let name = first.key();
                    if self.reading.duplicates < DUPLICATES_LISTED && !repeated.contains(name) {
                        let mut pointer = String::new();
                        Path::Member(self.path, name).write(&mut pointer);
                        self.reading.faults.push(DocumentFault::Duplicate(pointer));
                        self.reading.duplicates += 1;
                        repeated.push(name.clone());
                    }
                }
            }
        }
        Ok(Value::Object(object))
    }
}
