//! Growing a tree of nodes from the parser's events, without recursion and within bounds.

use std::collections::HashMap;

use serde_json::Number;
use serde_saphyr::granit_parser::{self, ErrorKind, Event, Parser, ScalarStyle, ScanError, StructureStyle};

use super::node::{Kind, Node};
use crate::limits;
use crate::source::Span;

/// Why a text is no tree.
pub(super) struct Stop {
    pub(super) code: &'static str,
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) span: Span,
}

/// The tree of the one document in `text`, with at most `nodes` nodes once aliases are replaced.
pub(super) fn grow(text: &str, nodes: usize) -> Result<Node, Stop> {
    let options = granit_parser::options! {
        flow_nesting_limit: limits::YAML_DEPTH,
        block_nesting_limit: limits::YAML_DEPTH,
    };
    let mut grower = Grower { text, left: nodes, open: Vec::new(), anchored: HashMap::new(), root: None };
    let mut documents = 0;
    for event in Parser::new_from_str_with_options(text, options) {
        let (event, span) = event.map_err(|error| unreadable(text, &error))?;
        let tag = span.tag_span().and_then(|span| span.byte_range());
        let span = span.byte_range().map(|range| Span { start: range.start, end: range.end }).unwrap_or_default();
        if let Some(tag) = tag {
            let written = text.get(tag.clone()).unwrap_or("!");
            let help = "leave the tag out; put the value in quotes where the `!` belongs to it";
            let span = Span { start: tag.start, end: tag.end };
            return Err(stop("yaml-tag", format!("tags are not used here, found `{written}`"), span).help(help));
        }
        match event {
            Event::DocumentStart(..) => {
                documents += 1;
                if documents > 1 {
                    let help = "write each in a file of its own, without `---` or `...` between";
                    return Err(stop("many-documents", "a file holds one document", span).help(help));
                }
            }
            Event::Scalar(value, style, anchor, _) => {
                let kind = grower.scalar(&value, style, span)?;
                grower.add(Node { span: trimmed(text, span), kind }, anchor, 1, 0)?;
            }
            Event::SequenceStart(style, anchor, _) => {
                grower.begin(Kind::List(Vec::new()), style == StructureStyle::Flow, anchor, span)?;
            }
            Event::MappingStart(style, anchor, _) => {
                grower.begin(Kind::Map(Vec::new()), style == StructureStyle::Flow, anchor, span)?;
            }
            Event::SequenceEnd | Event::MappingEnd => grower.end(span)?,
            Event::Alias(anchor) => grower.alias(anchor, span)?,
            _ => {}
        }
    }
    let nothing = |node: &Node| node.kind == Kind::Null && node.span.start == node.span.end;
    grower
        .root
        .filter(|root| !nothing(root))
        .ok_or_else(|| stop("empty-file", "the file holds nothing but comments", Span::default()))
}

/// A collection whose end has not come.
struct Open {
    node: Node,
    key: Option<Node>,
    flow: bool,
    anchor: usize,
    /// Nodes in it, itself included.
    nodes: usize,
    /// Collections below it.
    depth: usize,
}

struct Grower<'t> {
    text: &'t str,
    left: usize,
    open: Vec<Open>,
    /// Finished nodes by anchor, with the number of nodes and the depth of each.
    anchored: HashMap<usize, (Node, usize, usize)>,
    root: Option<Node>,
}

impl Grower<'_> {
    fn begin(&mut self, kind: Kind, flow: bool, anchor: usize, span: Span) -> Result<(), Stop> {
        if self.open.len() >= limits::YAML_DEPTH {
            return Err(too_deep(span));
        }
        self.spend(1, span)?;
        self.open.push(Open { node: Node { span, kind }, key: None, flow, anchor, nodes: 1, depth: 0 });
        Ok(())
    }

    fn end(&mut self, span: Span) -> Result<(), Stop> {
        let Some(mut open) = self.open.pop() else { return Ok(()) };
        let last = match &open.node.kind {
            Kind::List(nodes) => nodes.last().map(|node| node.span.end),
            Kind::Map(members) => members.last().map(|(key, value)| key.span.end.max(value.span.end)),
            _ => None,
        };
        open.node.span.end = if open.flow { span.end } else { last.unwrap_or(span.end) }.max(open.node.span.start);
        // Its nodes were spent one by one.
        self.left += open.nodes;
        self.add(open.node, open.anchor, open.nodes, open.depth + 1)
    }

    fn alias(&mut self, anchor: usize, span: Span) -> Result<(), Stop> {
        if self.open.iter().any(|open| open.anchor == anchor) {
            return Err(stop("yaml-alias", "an alias stands inside what it names", span));
        }
        let Some((_, nodes, depth)) = self.anchored.get(&anchor) else {
            return Err(stop("yaml-alias", "an alias names no anchor before it", span));
        };
        let (nodes, depth) = (*nodes, *depth);
        if self.open.len() + depth > limits::YAML_DEPTH {
            return Err(too_deep(span));
        }
        if nodes > self.left {
            return Err(too_large(span));
        }
        let node = self.anchored[&anchor].0.clone().moved(span);
        self.add(node, 0, nodes, depth)
    }

    /// Puts a finished node where it belongs.
    fn add(&mut self, node: Node, anchor: usize, nodes: usize, depth: usize) -> Result<(), Stop> {
        self.spend(nodes, node.span)?;
        if anchor != 0 {
            if self.anchored.len() >= limits::YAML_ANCHORS {
                return Err(too_large(node.span));
            }
            self.anchored.insert(anchor, (node.clone(), nodes, depth));
        }
        let Some(open) = self.open.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        open.nodes += nodes;
        open.depth = open.depth.max(depth);
        match (&mut open.node.kind, open.key.take()) {
            (Kind::List(list), _) => list.push(node),
            (Kind::Map(members), Some(key)) => members.push((key, node)),
            _ => open.key = Some(node),
        }
        Ok(())
    }

    fn spend(&mut self, nodes: usize, span: Span) -> Result<(), Stop> {
        self.left = self.left.checked_sub(nodes).ok_or_else(|| too_large(span))?;
        Ok(())
    }

    fn scalar(&self, value: &str, style: ScalarStyle, span: Span) -> Result<Kind, Stop> {
        if style != ScalarStyle::Plain {
            return Ok(Kind::Text(value.to_owned()));
        }
        plain(value).ok_or_else(|| {
            let written = self.text.get(span.range()).unwrap_or("");
            let help = "put it in quotes when text is meant";
            stop("wrong-type", format!("a number must be finite, found `{written}`"), span).help(help)
        })
    }
}

/// What a scalar without quotes means in YAML 1.2's core schema; `None` for what JSON has no number for.
fn plain(value: &str) -> Option<Kind> {
    match value {
        "" | "~" | "null" | "Null" | "NULL" => return Some(Kind::Null),
        "true" | "True" | "TRUE" => return Some(Kind::Bool(true)),
        "false" | "False" | "FALSE" => return Some(Kind::Bool(false)),
        _ => {}
    }
    let unsigned = value.strip_prefix(['-', '+']).unwrap_or(value);
    if matches!(unsigned, ".inf" | ".Inf" | ".INF") || matches!(value, ".nan" | ".NaN" | ".NAN") {
        return None;
    }
    if !unsigned.starts_with(|first: char| first.is_ascii_digit() || first == '.') {
        return Some(Kind::Text(value.to_owned()));
    }
    for (prefix, radix) in [("0x", 16), ("0o", 8)] {
        if let Some(digits) = value.strip_prefix(prefix)
            && !digits.starts_with('+')
            && let Ok(number) = u64::from_str_radix(digits, radix)
        {
            return Some(Kind::Number(number.into()));
        }
    }
    if let Ok(number) = value.parse::<u64>() {
        return Some(Kind::Number(number.into()));
    }
    if let Ok(number) = value.parse::<i64>() {
        return Some(Kind::Number(number.into()));
    }
    let floating = value.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-'));
    match value.parse::<f64>() {
        Ok(number) if floating => Number::from_f64(number).map(Kind::Number),
        _ => Some(Kind::Text(value.to_owned())),
    }
}

/// Block texts end before the line end that closes them.
fn trimmed(text: &str, span: Span) -> Span {
    let written = text.get(span.range()).unwrap_or("");
    Span { start: span.start, end: span.start + written.trim_end_matches(['\n', '\r', ' ']).len() }
}

fn unreadable(text: &str, error: &ScanError) -> Stop {
    let at = error.marker().byte_offset().unwrap_or(0);
    let span = Span { start: at, end: at };
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(span),
        ErrorKind::UnknownAnchor => {
            let rest = text.get(at..).unwrap_or("");
            let end = at + rest.find([' ', '\n', ',', ']', '}']).unwrap_or(rest.len());
            stop("yaml-alias", "an alias names no anchor before it", Span { start: at, end })
        }
        _ => stop("yaml-syntax", error.info(), span),
    }
}

fn too_deep(span: Span) -> Stop {
    stop("yaml-too-deep", format!("lists and mappings nest deeper than {}", limits::YAML_DEPTH), span)
}

fn too_large(span: Span) -> Stop {
    stop("yaml-too-large", "the document has too many values, or its aliases multiply them", span)
}

fn stop(code: &'static str, message: impl Into<String>, span: Span) -> Stop {
    Stop { code, message: message.into(), help: None, span }
}

impl Stop {
    fn help(mut self, help: &str) -> Stop {
        self.help = Some(help.to_owned());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_mean_what_yaml_1_2_says() {
        let number = |text: &str| Kind::Number(serde_json::from_str(text).unwrap());
        let table = [
            ("no", Kind::Text("no".into())),
            ("True", Kind::Bool(true)),
            ("~", Kind::Null),
            ("404", number("404")),
            ("-3", number("-3")),
            ("0x1F", number("31")),
            ("0o17", number("15")),
            ("1.5e3", number("1500.0")),
            (".5", number("0.5")),
            ("18446744073709551616", number("18446744073709551616.0")),
            ("12:30", Kind::Text("12:30".into())),
            ("2025-04-25", Kind::Text("2025-04-25".into())),
            ("1_000", Kind::Text("1_000".into())),
            ("0x", Kind::Text("0x".into())),
            (".", Kind::Text(".".into())),
            ("1.2.3", Kind::Text("1.2.3".into())),
            ("infinity", Kind::Text("infinity".into())),
            ("4xx", Kind::Text("4xx".into())),
        ];
        for (text, kind) in table {
            assert_eq!(plain(text), Some(kind), "{text}");
        }
        for text in [".nan", "-.inf", "1e999"] {
            assert_eq!(plain(text), None, "{text}");
        }
    }
}
