//! YAML under strict rules and bounds: a tree of nodes, or the mistakes.

use std::collections::HashMap;
use std::sync::Arc;

use super::grow::grow;
use super::node::{Kind, Node};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::limits;
use crate::source::{Place, Source, Span};

/// Reads the one document of a source into a tree, with at most `nodes` nodes after aliases. Keys given twice and
/// the like are left in it: see [`strictness`].
///
/// # Errors
/// The one mistake that makes it unreadable, or that there is nothing in it.
pub fn tree(source: &Arc<Source>, nodes: usize) -> Result<Node, Vec<Diagnostic>> {
    grow(&source.text, nodes).map_err(|stop| {
        let mut span = clamped(&source.text, stop.span);
        if span.start == span.end && !source.text[span.start..].starts_with('\n') {
            span.end += source.text[span.start..].chars().next().map_or(0, char::len_utf8);
        }
        let mut diagnostic = Diagnostic::at(stop.code, stop.message, Place { source: source.clone(), span });
        diagnostic.help = stop.help.or_else(|| syntax_help(stop.code, &diagnostic.message, source, span));
        vec![diagnostic]
    })
}

/// Reports what YAML permits and this house does not: keys given twice, merge keys, and booleans of YAML 1.1, which
/// other readers of the same file would not take as texts.
pub fn strictness(source: &Arc<Source>, node: &Node, diagnostics: &mut Vec<Diagnostic>) {
    let at = |code, message: String, span| Diagnostic::at(code, message, Place { source: source.clone(), span });
    match &node.kind {
        Kind::List(nodes) => nodes.iter().for_each(|node| strictness(source, node, diagnostics)),
        Kind::Map(members) => {
            let mut seen = HashMap::with_capacity(members.len());
            for (key, value) in members {
                // Keys that are no texts are refused by whoever reads the tree.
                let Some(name) = key.text() else { continue };
                if name == "<<" {
                    let help = "write the members out; aliases (`*name`) of whole values work";
                    let message = "merge keys (`<<`) are not supported".to_owned();
                    diagnostics.push(at("merge-key", message, key.span).help(help));
                } else if let Some(first) = seen.insert(name, key.span) {
                    let (line, _) = source.line_column(first.start);
                    let message = format!("`{}` is given twice", shortened(name));
                    diagnostics.push(at("duplicate-key", message, key.span).label(format!("first on line {line}")));
                }
                strictness(source, value, diagnostics);
            }
        }
        Kind::Text(text) if is_old_boolean(text) && source.text.get(node.span.range()) == Some(text) => {
            let message = format!("`{text}` is a boolean to YAML 1.1 and a text to YAML 1.2");
            let help = format!("write `true` or `false`, or \"{text}\" in quotes");
            diagnostics.push(at("old-boolean", message, node.span).help(help));
        }
        _ => {}
    }
}

fn is_old_boolean(text: &str) -> bool {
    ["yes", "no", "on", "off"].iter().any(|old| text.eq_ignore_ascii_case(old))
}

/// Help for a word that is none of the candidates: the nearest, or all.
pub(super) fn one_of<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str> + Clone, what: &str) -> String {
    if let Some(near) = did_you_mean(word, candidates.clone()) {
        return format!("did you mean `{near}`?");
    }
    let mut all: Vec<String> = candidates.into_iter().map(|candidate| format!("`{candidate}`")).collect();
    let more = all.len().saturating_sub(limits::CANDIDATES_SHOWN);
    all.truncate(limits::CANDIDATES_SHOWN);
    if more > 0 {
        all.push(format!("and {more} more"));
    }
    format!("{what}: {}", all.join(", "))
}

/// A text of the author's as it is put into a message: on one line and not endless.
pub(super) fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(limits::QUOTED_CHARACTERS).collect();
    if short.len() < text.len() {
        short.push_str("...");
    }
    short.replace('\n', "\\n")
}

fn syntax_help(code: &str, message: &str, source: &Source, span: Span) -> Option<String> {
    let text = source.text.as_str();
    if code != "yaml-syntax" && code != "wrong-type" {
        return None;
    }
    let start = text[..span.start].rfind('\n').map_or(0, |at| at + 1);
    let line = text[start..].lines().next().unwrap_or("");
    if line.contains(" {{") || line.contains("[{{") {
        return Some("a text that begins with `{{` must be in quotes: \"{{region}}\"".to_owned());
    }
    if line.matches(": ").count() > 1 && !line.contains(['{', '"', '\'']) {
        return Some("a text that holds `: ` must be in quotes".to_owned());
    }
    let next = text[start..].lines().nth(1).unwrap_or("");
    if message.contains("tab") || [line, next].iter().any(|line| line.trim_start_matches(' ').starts_with('\t')) {
        return Some("indent with spaces".to_owned());
    }
    if code != "yaml-syntax" {
        return None;
    }
    if let Some((at, bracket)) = unclosed(text).filter(|(at, _)| *at < span.start) {
        let (number, column) = source.line_column(at);
        return Some(format!("is the `{bracket}` of line {number}, column {column}, closed?"));
    }
    let has = |words: &[&str]| words.iter().any(|words| message.contains(words));
    if has(&["did not find expected ','", "trailing content", "expected ',' or"]) {
        return Some("is a comma missing before it?".to_owned());
    }
    has(&["simple key expected ':'"]).then(|| "write `key: value`, with a space after the colon".to_owned())
}

/// The last bracket that nothing closes, and where it is. The reader stumbles only over what follows it.
fn unclosed(text: &str) -> Option<(usize, char)> {
    let mut open = Vec::new();
    let mut quote = None;
    let mut before = '\n';
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some('"'), '\\') => {
                escaped = !escaped;
                continue;
            }
            (Some('#'), '\n') => quote = None,
            (Some(opened), _) if opened == c && !escaped => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') if !before.is_alphanumeric() => quote = Some(c),
            (None, '#') if before.is_whitespace() => quote = Some('#'),
            (None, '[' | '{') => open.push((at, c)),
            (None, ']' | '}') => {
                open.pop();
            }
            (None, _) => {}
        }
        (before, escaped) = (c, false);
    }
    open.pop()
}

/// The span with its ends on characters of the text.
fn clamped(text: &str, span: Span) -> Span {
    let floor = |offset: usize| {
        let mut at = offset.min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    Span { start: floor(span.start), end: floor(span.end.max(span.start)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mistake(text: &str) -> Diagnostic {
        let source = Source::new("a.yaml", text);
        let diagnostics = match tree(&source, limits::YAML_NODES) {
            Ok(tree) => {
                let mut diagnostics = Vec::new();
                strictness(&source, &tree, &mut diagnostics);
                diagnostics
            }
            Err(diagnostics) => diagnostics,
        };
        let first = diagnostics.into_iter().next().expect(text);
        let span = first.place.as_ref().unwrap().span;
        assert!(text.get(span.range()).is_some(), "span inside the text: {text}");
        first
    }

    #[test]
    fn a_bracket_that_nothing_closes_is_asked_for_where_the_reader_stumbles_over_what_follows() {
        let rows = [
            ("a: [x\nb: [y]\n", Some("is the `[` of line 1, column 4, closed?")),
            ("a: \"[\"\nb: {c: [y]\nd: e\n", Some("is the `{` of line 2, column 4, closed?")),
            ("a: {b: \"c\" d: e}\nf: [g]\n", Some("is a comma missing before it?")),
            ("- a: v\n  b:c\n", Some("write `key: value`, with a space after the colon")),
            ("a: 'C:\\'\nb: \"\\\\\"\nc: [d\ne: f\n", Some("is the `[` of line 3, column 4, closed?")),
            ("# it's [\na: [x]\n\tb: c\n", Some("indent with spaces")),
            ("a: [x]\nb: ]\n", None),
        ];
        for (text, help) in rows {
            assert_eq!(mistake(text).help.as_deref(), help, "{text}");
        }
    }

    #[test]
    fn every_kind_of_mistake_has_its_code_and_its_place() {
        let table = [
            ("rows: [{ id: no }]", "old-boolean", "no", "`no` is a boolean to YAML 1.1 and a text to YAML 1.2"),
            ("rows: [{ id: a, big: yes }]", "old-boolean", "yes", ""),
            ("rows: [{ id: a, id: b }]", "duplicate-key", "id", "`id` is given twice"),
            ("rows: []\n<<: {}", "merge-key", "<<", ""),
            ("rows: [{ id: !x a }]", "yaml-tag", "!x", ""),
            ("rows: [{ id: !!str a }]", "yaml-tag", "!!str", ""),
            ("rows: [{ id: *x }]", "yaml-alias", "*x", ""),
            ("rows: &r [*r]", "yaml-alias", "*r", ""),
            ("rows: []\n---\nrows: []\n", "many-documents", "---", ""),
            ("rows: [", "yaml-syntax", "[", ""),
            ("rows:\n\t- id: a", "yaml-syntax", "-", ""),
            ("", "empty-file", "", ""),
            ("# nothing\n", "empty-file", "", ""),
            ("---\n", "empty-file", "", ""),
        ];
        for (text, code, at, message) in table {
            let found = mistake(text);
            assert_eq!(found.code, code, "{text}: {found:?}");
            let span = found.place.as_ref().unwrap().span;
            assert!(text[span.range()].starts_with(at), "{text}: {:?}", &text[span.range()]);
            assert!(message.is_empty() || found.message == message, "{text}: {}", found.message);
        }
    }

    #[test]
    fn documents_that_explode_are_refused_quickly() {
        let deep: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
        for text in ["[".repeat(100_000), "- ".repeat(100_000), "{a: ".repeat(100_000), "? ".repeat(100_000), deep] {
            assert_eq!(mistake(&text).code, "yaml-too-deep", "{}", &text[..4]);
        }
        let mut laughs = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x]\n");
        for i in 1..20 {
            laughs.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 9].join(",")));
        }
        assert_eq!(mistake(&laughs).code, "yaml-too-large");
        assert_eq!(mistake(&format!("[{}]", "x,".repeat(30_000))).code, "yaml-too-large");
        let deep = format!("rows:\n- id: a\n  any: {}1{}", "[".repeat(60), "]".repeat(60));
        tree(&Source::new("a.yaml", deep), 1_000).expect("as deep as permitted fits the stack");
    }
}
