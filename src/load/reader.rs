//! Reading a tree of nodes: takes what is right and notes every mistake on the way.

use std::ops::Range;
use std::sync::Arc;

use super::node::{Kind, Node};
use super::yaml::{one_of, shortened};
use crate::diagnostic::Diagnostic;
use crate::source::{Place, Source, Span, Spanned};

/// A source being read, and the mistakes found so far.
pub(super) struct Reader<'a> {
    pub(super) source: &'a Arc<Source>,
    pub(super) mistakes: Vec<Diagnostic>,
}

/// A member of a mapping: its name, the place of the name, its value.
pub(super) type Member<'n> = (&'n str, Span, &'n Node);

/// The members of a mapping whose keys are texts.
pub(super) struct Fields<'n> {
    pub(super) span: Span,
    pub(super) members: Vec<Member<'n>>,
}

impl<'n> Fields<'n> {
    /// The member of that name; the first, where it is given twice.
    pub(super) fn member(&self, name: &str) -> Option<Member<'n>> {
        self.members.iter().find(|(key, ..)| *key == name).copied()
    }

    /// The value of that name.
    pub(super) fn get(&self, name: &str) -> Option<&'n Node> {
        self.member(name).map(|(_, _, node)| node)
    }
}

impl<'a> Reader<'a> {
    pub(super) fn new(source: &'a Arc<Source>) -> Reader<'a> {
        Reader { source, mistakes: Vec::new() }
    }

    /// Notes a mistake.
    pub(super) fn mistake(&mut self, code: &'static str, span: Span, message: impl Into<String>) -> &mut Diagnostic {
        self.mistakes.push(Diagnostic::at(code, message, Place { source: self.source.clone(), span }));
        let last = self.mistakes.len() - 1;
        &mut self.mistakes[last]
    }

    /// Notes a mistake with a way to mend it.
    pub(super) fn mend(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: impl Into<String>) {
        self.mistake(code, span, message).help = Some(help.into());
    }

    /// Notes that a word is none of the candidates.
    pub(super) fn unknown<'c>(
        &mut self,
        code: &'static str,
        what: &str,
        word: &str,
        span: Span,
        candidates: impl IntoIterator<Item = &'c str> + Clone,
    ) {
        let help = one_of(word, candidates, "there are");
        self.mend(code, span, format!("there is no {what} `{}`", shortened(word)), help);
    }

    /// Notes that a node is of the wrong type, with the way out of the usual traps.
    pub(super) fn expected(&mut self, what: &str, node: &Node) {
        let told = |mistake: &Diagnostic| mistake.place.as_ref().is_some_and(|place| place.span == node.span);
        if self.mistakes.iter().any(|mistake| mistake.code == "old-boolean" && told(mistake)) {
            return;
        }
        let written = self.source.text.get(node.span.range()).unwrap_or("");
        let help = match &node.kind {
            Kind::Bool(_) | Kind::Number(_) if what.contains("text") => {
                Some(format!("put it in quotes: \"{}\"", shortened(written)))
            }
            Kind::Null if what.contains("text") => Some("write \"\" for the empty text".to_owned()),
            Kind::Text(text) if what == "a number" && written != text => Some("leave the quotes out".to_owned()),
            Kind::Map(_) if written.starts_with("{{") => {
                Some(format!("a text that begins with `{{{{` must be in quotes: \"{}\"", shortened(written)))
            }
            _ => None,
        };
        self.mistake("wrong-type", node.span, format!("{what} is expected here, found {}", node.found())).help = help;
    }

    /// A text that is not empty.
    pub(super) fn text<'n>(&mut self, node: &'n Node, what: &str) -> Option<&'n str> {
        match node.text() {
            Some("") => {
                self.mistake("empty", node.span, format!("{what} must not be empty"));
                None
            }
            Some(text) => Some(text),
            None => {
                self.expected(what, node);
                None
            }
        }
    }

    /// One of a closed set of words.
    pub(super) fn word<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, &format!("the text of a {what}"))?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let help = one_of(text, words.iter().map(|(word, _)| *word), "there are");
            self.mend("unknown-word", node.span, format!("`{}` is no {what}", shortened(text)), help);
        }
        found
    }

    /// A list with something in it.
    pub(super) fn list<'n>(&mut self, node: &'n Node, what: &str) -> &'n [Node] {
        match &node.kind {
            Kind::List(nodes) if nodes.is_empty() => {
                self.mistake("empty", node.span, format!("{what} must not be empty"));
                &[]
            }
            Kind::List(nodes) => nodes,
            _ => {
                let written = self.source.text.get(node.span.range()).unwrap_or("");
                let help = (node.text().is_some() && !written.contains('\n')).then(|| format!("write `[{written}]`"));
                self.expected(what, node);
                if let (Some(help), Some(last)) = (help, self.mistakes.last_mut()) {
                    last.help = Some(help);
                }
                &[]
            }
        }
    }

    /// A mapping with something in it, its keys still to be judged.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<Fields<'n>> {
        let Kind::Map(members) = &node.kind else {
            self.expected(what, node);
            return None;
        };
        if members.is_empty() {
            self.mistake("empty", node.span, format!("{what} must not be empty"));
            return None;
        }
        // What is meant is a text: complaining about the mapping's members would only puzzle.
        if self.source.text.get(node.span.range()).is_some_and(|text| text.starts_with("{{")) {
            self.expected(what, node);
            return None;
        }
        let mut fields = Fields { span: node.span, members: Vec::with_capacity(members.len()) };
        for (key, value) in members {
            match &key.kind {
                // A merge key is a mistake already.
                Kind::Text(name) if name == "<<" => {}
                Kind::Text(name) => fields.members.push((name, key.span, value)),
                _ => self.expected("a text as key", key),
            }
        }
        Some(fields)
    }

    /// A mapping with none but these keys.
    pub(super) fn fields<'n>(&mut self, node: &'n Node, what: &str, known: &[&str]) -> Option<Fields<'n>> {
        let fields = self.map(node, what)?;
        for (name, span, _) in &fields.members {
            if !known.contains(name) {
                self.unknown_key(name, *span, what, known);
            }
        }
        Some(fields)
    }

    /// Notes that a key is none of those known.
    pub(super) fn unknown_key(&mut self, name: &str, span: Span, what: &str, known: &[&str]) {
        let help = one_of(name, known.iter().copied(), "known keys");
        self.mend("unknown-key", span, format!("{what} has no key `{}`", shortened(name)), help);
    }

    /// A member that must be there; otherwise the mistake is noted.
    pub(super) fn required<'n>(&mut self, fields: &Fields<'n>, name: &str, what: &str) -> Option<&'n Node> {
        let found = fields.get(name);
        if found.is_none() {
            let span = first_line(&self.source.text, fields.span);
            self.mistake("missing-key", span, format!("{what} needs `{name}`"));
        }
        found
    }

    /// A name of the author's own: lower case, digits, hyphens.
    pub(super) fn name(&mut self, node: &Node, what: &str) -> Option<Spanned<String>> {
        let text = self.text(node, what)?;
        self.checked_name(text, node.span, what)
    }

    /// As [`Reader::name`], of a key.
    pub(super) fn checked_name(&mut self, text: &str, span: Span, what: &str) -> Option<Spanned<String>> {
        let letters = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if letters && text.starts_with(|c: char| c.is_ascii_lowercase()) {
            return Some(Spanned::new(text.to_owned(), span));
        }
        let help = "begin with a lower-case letter; lower-case letters, digits and `-` may follow";
        self.mend("bad-name", span, format!("`{}` cannot be {what}", shortened(text)), help);
        None
    }

    /// The place of a range of a text's value: exact where the text is written as it reads, else the whole text.
    pub(super) fn inside(&self, node: &Node, range: Range<usize>) -> Span {
        let written = self.source.text.get(node.span.range()).unwrap_or("");
        match node.text().and_then(|text| written.find(text)) {
            Some(at) => {
                let start = node.span.start + at;
                Span { start: start + range.start, end: start + range.end }
            }
            None => node.span,
        }
    }
}

/// The part of a span on its first line: a whole case need not be underlined.
pub(super) fn first_line(text: &str, span: Span) -> Span {
    let written = text.get(span.range()).unwrap_or("");
    Span { start: span.start, end: span.start + written.lines().next().unwrap_or("").len() }
}
