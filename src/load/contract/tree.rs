//! A document of the contract (YAML, or JSON, which is YAML) as a tree whose every node knows its place.

use std::borrow::Cow;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle};

use crate::limits;
use crate::source::{Span, Spanned};

/// A value and its place.
pub(super) type Node<'a> = Spanned<Kind<'a>>;
/// A text and its place.
pub(super) type Word<'a> = Spanned<Cow<'a, str>>;

/// What a node is.
#[derive(Debug)]
pub(super) enum Kind<'a> {
    /// Nothing: an empty plain scalar, `~` or `null`.
    Empty,
    /// A scalar, numbers and booleans included.
    Text(Cow<'a, str>),
    /// A sequence.
    List(Vec<Node<'a>>),
    /// A mapping, repeated keys included.
    Map(Vec<(Word<'a>, Node<'a>)>),
}

impl Kind<'_> {
    /// In the words of a message.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Kind::Empty => "nothing",
            Kind::Text(_) => "a text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a mapping",
        }
    }
}

enum Open<'a> {
    List(usize, Vec<Node<'a>>),
    Map(usize, Vec<(Word<'a>, Node<'a>)>, Option<Word<'a>>),
}

/// Reads one document. Anchors, aliases and tags are refused: data of the contract says everything where it stands.
///
/// # Errors
/// What is wrong, and where.
pub(super) fn parse(text: &str) -> Result<Node<'_>, Spanned<String>> {
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut root: Option<Node<'_>> = None;
    let mut documents = 0;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| {
            let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
            Spanned::new(error.info(), Span { start: at, end: at })
        })?;
        let range = span.byte_range().unwrap_or(0..0);
        let span = Span { start: range.start, end: range.end };
        let refuse = |message: &str| Spanned::new(message.to_owned(), span);
        let node = match event {
            Event::Alias(_) | Event::SequenceStart(_, 1.., _) | Event::MappingStart(_, 1.., _) => {
                return Err(refuse("anchors and aliases are not used here"));
            }
            Event::Scalar(_, _, 1.., _) => return Err(refuse("anchors and aliases are not used here")),
            Event::Scalar(_, _, _, Some(_))
            | Event::SequenceStart(_, _, Some(_))
            | Event::MappingStart(_, _, Some(_)) => {
                return Err(refuse("tags are not used here"));
            }
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    return Err(refuse("a second document is not expected here"));
                }
                continue;
            }
            Event::SequenceStart(..) | Event::MappingStart(..) if open.len() >= limits::YAML_DEPTH => {
                return Err(refuse("this is nested too deep"));
            }
            Event::SequenceStart(..) => {
                open.push(Open::List(span.start, Vec::new()));
                continue;
            }
            Event::MappingStart(..) => {
                open.push(Open::Map(span.start, Vec::new(), None));
                continue;
            }
            Event::Scalar(value, style, _, _) => {
                let plain = style == ScalarStyle::Plain;
                let empty = plain && matches!(value.as_ref(), "" | "~" | "null");
                Spanned::new(if empty { Kind::Empty } else { Kind::Text(value) }, span)
            }
            Event::SequenceEnd | Event::MappingEnd => {
                let (start, kind) = match open.pop() {
                    Some(Open::List(start, list)) => (start, Kind::List(list)),
                    Some(Open::Map(start, entries, _)) => (start, Kind::Map(entries)),
                    None => continue,
                };
                let end = start + text.get(start..span.end).map_or(0, |text| text.trim_end().len());
                Spanned::new(kind, Span { start, end })
            }
            _ => continue,
        };
        match open.last_mut() {
            None => root = Some(node),
            Some(Open::List(_, list)) => list.push(node),
            Some(Open::Map(_, entries, key)) => match key.take() {
                Some(key) => entries.push((key, node)),
                None => match node.value {
                    Kind::Text(text) => *key = Some(Spanned::new(text, node.span)),
                    _ => return Err(Spanned::new("a key is a text".to_owned(), node.span)),
                },
            },
        }
    }
    root.ok_or_else(|| Spanned::new("there is nothing in it".to_owned(), Span::default()))
}

/// The node that a JSON pointer leads to, and the key that it stands under.
pub(super) fn at_pointer<'t, 'a>(root: &'t Node<'a>, pointer: &str) -> Option<(Option<&'t Word<'a>>, &'t Node<'a>)> {
    let mut here = (None, root);
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        here = match &here.1.value {
            Kind::Map(entries) => {
                entries.iter().rfind(|(key, _)| key.value == step).map(|(key, node)| (Some(key), node))?
            }
            Kind::List(list) => (None, list.get(step.parse::<usize>().ok()?)?),
            Kind::Empty | Kind::Text(_) => return None,
        };
    }
    Some(here)
}
