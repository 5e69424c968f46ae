//! `for-each`: the axes of wire forms that a step or a case is run over.

use super::node::{Kind, Node};
use super::reader::Reader;
use crate::case::ForEach;
use crate::wire::{Encoding, Format, Order, Placement, Scheme};

/// The word for all there is.
const EVERY: &str = "every";

/// Keys of `for-each`.
pub(super) const KEYS: [&str; 6] = ["wire", "placement", "format", "signature", "order", "encoding"];

/// Reads `for-each`.
pub(super) fn for_each(reader: &mut Reader<'_>, node: &Node) -> Option<ForEach> {
    let fields = reader.fields(node, "`for-each`", &KEYS)?;
    let before = reader.mistakes.len();
    let mut axes = ForEach { span: node.span, ..ForEach::default() };
    if let Some(node) = fields.get("wire") {
        axes.wire = reader.word(node, "set of wire forms", &[(EVERY, ())]).is_some();
    }
    if let Some(node) = fields.get("placement") {
        axes.placement = axis(reader, node, "placement", &placements(), &Placement::ALL);
    }
    if let Some(node) = fields.get("format") {
        axes.format = axis(reader, node, "format", &formats(), &Format::ALL.map(Some));
    }
    if let Some(node) = fields.get("signature") {
        axes.signature = axis(reader, node, "signature", &schemes(), &SCHEMES);
    }
    if let Some(node) = fields.get("order") {
        axes.order = axis(reader, node, "order", &orders(), &Order::ALL);
    }
    if let Some(node) = fields.get("encoding") {
        axes.encoding = axis(reader, node, "encoding", &encodings(), &Encoding::ALL);
    }
    (reader.mistakes.len() == before).then_some(axes)
}

/// What `signature: every` stands for; the run leaves out what the target does not take.
const SCHEMES: [Scheme; 3] = [Scheme::None, Scheme::V1, Scheme::V3];

fn placements() -> [(&'static str, Placement); 3] {
    Placement::ALL.map(|placement| (placement.name(), placement))
}

fn formats() -> [(&'static str, Option<Format>); 3] {
    let [json, xml] = Format::ALL.map(|format| (format.name(), Some(format)));
    [json, xml, ("none", None)]
}

fn schemes() -> [(&'static str, Scheme); 3] {
    SCHEMES.map(|scheme| (scheme.name(), scheme))
}

fn orders() -> [(&'static str, Order); 3] {
    Order::ALL.map(|order| (order.name(), order))
}

fn encodings() -> [(&'static str, Encoding); 5] {
    Encoding::ALL.map(|encoding| (encoding.name(), encoding))
}

fn axis<T: Copy + PartialEq>(
    reader: &mut Reader<'_>,
    node: &Node,
    what: &str,
    words: &[(&str, T)],
    every: &[T],
) -> Option<Vec<T>> {
    if let Kind::Text(text) = &node.kind {
        if text == EVERY {
            return Some(every.to_vec());
        }
        if words.iter().any(|(word, _)| word == text) {
            reader.mend("wrong-type", node.span, "`every` or a list is expected here", format!("write `[{text}]`"));
            return None;
        }
        let names: Vec<(&str, ())> = words.iter().map(|(word, _)| (*word, ())).chain([(EVERY, ())]).collect();
        reader.word(node, what, &names);
        return None;
    }
    let mut values = Vec::new();
    for node in reader.list(node, &format!("`every` or a list of {what}s")) {
        let Some(value) = reader.word(node, what, words) else { continue };
        if values.contains(&value) {
            reader.mistake("listed-twice", node.span, format!("`{}` is listed twice", node.text().unwrap_or("")));
        }
        values.push(value);
    }
    Some(values)
}
