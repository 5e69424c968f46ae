//! XML answers: read into the shape of JSON, within bounds that hold before the parser begins.

use super::envelope::{TEXT_AT_ONCE, is_space, malformed};
use super::{DocumentFault, find};
use crate::limits;
use crate::tree::{Kind, Text, Tree};

/// Attributes of an XML answer: the parser's work grows with their square, and the service sends next to none.
const ATTRIBUTES: usize = 512;
/// The member that holds the text of an element that has children too.
const MIXED_TEXT: &str = "#text";

/// Reads `text`, which begins at byte `start` of the body, into the root's name and its content.
pub(super) fn parse(
    text: &str,
    start: usize,
    faults: &mut Vec<DocumentFault>,
) -> Result<(String, Tree), DocumentFault> {
    let end = survey(text)?;
    let document = roxmltree::Document::parse(&text[..end.unwrap_or(text.len())]).map_err(|error| malformed(&error))?;
    if let Some(end) = end {
        faults.push(DocumentFault::Trailing(start + end));
    }
    let root = document.root_element();
    let mut tree = Tree::of_length(text.len().min(TEXT_AT_ONCE));
    object(&mut tree, Text::default(), root);
    Ok((root.tag_name().name().to_owned(), tree))
}

/// Looks over the tags before the parser does, which builds lists whose length grows with the square of nesting and
/// attributes. Gives the byte where something else follows the root element.
///
/// Whatever it takes for no tag, the parser refuses at that place or before it.
fn survey(text: &str) -> Result<Option<usize>, DocumentFault> {
    let bytes = text.as_bytes();
    let past = |from: usize, mark: &str| find(&bytes[from..], mark.as_bytes()).map(|found| from + found + mark.len());
    let (mut at, mut depth, mut attributes, mut ended) = (0, 0_usize, 0_usize, false);
    loop {
        if ended {
            let rest = &text[at..];
            at = text.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len();
            let rest = &text[at..];
            let belongs = rest.starts_with("<!--") || (rest.starts_with("<?") && !rest.starts_with("<?xml "));
            if !rest.is_empty() && !belongs {
                return Ok(Some(at));
            }
        }
        let Some(found) = memchr::memchr(b'<', &bytes[at..]) else { return Ok(None) };
        at += found;
        let rest = &text[at..];
        let next = match bytes.get(at + 1) {
            Some(b'!') if rest.starts_with("<!--") => past(at + 4, "-->"),
            Some(b'!') if rest.starts_with("<![CDATA[") => past(at + 9, "]]>"),
            Some(b'!') => None,
            Some(b'?') => past(at + 2, "?>"),
            Some(b'/') => {
                depth = depth.saturating_sub(1);
                ended = depth == 0;
                past(at + 2, ">")
            }
            _ => {
                depth += 1;
                if depth > limits::DOCUMENT_DEPTH {
                    return Err(DocumentFault::TooDeep);
                }
                let end = tag_end(bytes, at + 1, &mut attributes);
                if attributes > ATTRIBUTES {
                    return Err(DocumentFault::Malformed(format!("more than {ATTRIBUTES} attributes")));
                }
                if end.is_some_and(|end| bytes[end - 2] == b'/') {
                    depth -= 1;
                    ended = depth == 0;
                }
                end
            }
        };
        match next {
            Some(next) => at = next,
            None => return Ok(None),
        }
    }
}

/// The byte after the `>` of a start tag, quoted values passed over and counted.
fn tag_end(bytes: &[u8], mut at: usize, attributes: &mut usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            b'>' => return Some(at + 1),
            quote @ (b'"' | b'\'') => {
                *attributes += 1;
                at += 2 + bytes.get(at + 1..)?.iter().position(|byte| *byte == quote)?;
            }
            _ => at += 1,
        }
    }
}

/// Adds the value of an element; `survey` bounds how deep it goes.
fn element(tree: &mut Tree, name: Text, node: roxmltree::Node<'_, '_>) {
    if node.children().any(|child| child.is_element()) {
        object(tree, name, node);
    } else {
        let text = own_text(tree, node);
        tree.leaf(name, Kind::String(text));
    }
}

/// Adds an element as an object: of the elements within it, those of one name are one member, where the first of them stands.
fn object(tree: &mut Tree, name: Text, node: roxmltree::Node<'_, '_>) {
    let mut children: Vec<Child<'_, '_>> = node.children().filter(roxmltree::Node::is_element).zip(0..).collect();
    children.sort_by_key(|(child, _)| child.tag_name().name());
    let mut members: Vec<&[Child<'_, '_>]> =
        children.chunk_by(|(one, _), (other, _)| one.tag_name().name() == other.tag_name().name()).collect();
    members.sort_unstable_by_key(|same| same[0].1);

    let at = tree.open(name, Kind::Object);
    for same in members {
        let name = tree.text(same[0].0.tag_name().name());
        if let [(alone, _)] = same {
            element(tree, name, *alone);
        } else {
            let list = tree.open(name, Kind::Array);
            same.iter().for_each(|(item, _)| element(tree, Text::default(), *item));
            tree.close(list);
        }
    }
    let before = tree.mark();
    let (name, text) = (tree.text(MIXED_TEXT), own_text(tree, node));
    if tree.read(text).bytes().all(is_space) {
        tree.back_to(before);
    } else {
        tree.leaf(name, Kind::String(text));
    }
    tree.close(at);
}

/// An element within another, and the how manieth it is.
type Child<'a, 'input> = (roxmltree::Node<'a, 'input>, usize);

fn own_text(tree: &mut Tree, node: roxmltree::Node<'_, '_>) -> Text {
    let pieces = node.children().filter(roxmltree::Node::is_text).filter_map(|child| child.text());
    pieces.fold(tree.text(""), |text, piece| tree.longer(text, piece))
}
