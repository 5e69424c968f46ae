//! A contract while it is read: what is there so far, what refers to what, and the mistakes found.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::contract::{Contract, Page};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::load::node::{Kind, Node};
use crate::load::yaml::one_of;
use crate::source::{Place, Source, Span, Spanned};

/// A text and its place.
pub(super) type Word = Spanned<String>;

/// What has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Noun {
    Source,
    Clause,
    Amendment,
    Outcome,
    Reading,
    Value,
    Capability,
    ErrorRow,
    Region,
    Operation,
    Parameter,
}

impl Noun {
    pub(super) fn name(self) -> &'static str {
        match self {
            Noun::Source => "source",
            Noun::Clause => "clause",
            Noun::Amendment => "amendment of clause",
            Noun::Outcome => "outcome",
            Noun::Reading => "reading",
            Noun::Value => "value",
            Noun::Capability => "capability",
            Noun::ErrorRow => "row for code",
            Noun::Region => "region",
            Noun::Operation => "operation",
            Noun::Parameter => "parameter",
        }
    }

    /// The diagnostic's code where the id does not exist.
    pub(super) fn unknown(self) -> &'static str {
        match self {
            Noun::Source => "unknown-source",
            Noun::Clause | Noun::Amendment => "unknown-clause",
            Noun::Outcome => "unknown-outcome",
            Noun::Reading => "unknown-reading",
            Noun::Value => "unknown-value",
            Noun::Capability => "unknown-capability",
            Noun::ErrorRow => "unknown-code",
            Noun::Region => "unknown-region",
            Noun::Operation => "unknown-operation",
            Noun::Parameter => "unknown-parameter",
        }
    }
}

/// Something that is named and must exist once everything is read.
#[derive(Debug)]
pub(super) struct Reference {
    pub noun: Noun,
    pub name: String,
    /// The argument of an outcome; the reading of a value.
    pub detail: Option<String>,
    pub place: Place,
}

/// The contract so far.
pub(super) struct Draft {
    pub contract: Contract,
    pub mistakes: Vec<Diagnostic>,
    pub references: Vec<Reference>,
    /// Where each operation is named: a missing schema is told there.
    pub operations: BTreeMap<String, Place>,
    firsts: BTreeMap<(Noun, String), Place>,
    source: Arc<Source>,
}

impl Draft {
    pub(super) fn new(revision: &str) -> Draft {
        Draft {
            contract: Contract {
                revision: revision.to_owned(),
                page: Page::default(),
                sources: BTreeMap::new(),
                clauses: Vec::new(),
                outcomes: BTreeMap::new(),
                readings: BTreeMap::new(),
                capabilities: Vec::new(),
                errors: Vec::new(),
                regions: Vec::new(),
                common_parameters: Vec::new(),
                schemas: BTreeMap::new(),
            },
            mistakes: Vec::new(),
            references: Vec::new(),
            operations: BTreeMap::new(),
            firsts: BTreeMap::new(),
            source: Source::new("", ""),
        }
    }

    /// The contract, or the mistakes.
    pub(super) fn finish(self) -> Result<Contract, Vec<Diagnostic>> {
        if self.mistakes.is_empty() { Ok(self.contract) } else { Err(self.mistakes) }
    }

    /// The file that is read now.
    pub(super) fn turn_to(&mut self, source: &Arc<Source>) {
        self.source = Arc::clone(source);
    }

    pub(super) fn place(&self, span: Span) -> Place {
        Place { source: Arc::clone(&self.source), span }
    }

    pub(super) fn mistake(&mut self, code: &'static str, message: impl Into<String>, span: Span) {
        let place = self.place(span);
        self.mistakes.push(Diagnostic::at(code, message, place));
    }

    /// A name that does not exist, with the nearest that does.
    pub(super) fn unknown<'n>(
        &mut self,
        code: &'static str,
        noun: &str,
        name: &str,
        place: Option<Place>,
        candidates: impl IntoIterator<Item = &'n str>,
    ) {
        let mut mistake = Diagnostic::new(code, format!("there is no {noun} `{name}`"));
        mistake.place = place;
        mistake.help = did_you_mean(name, candidates).map(|name| format!("did you mean `{name}`?"));
        self.mistakes.push(mistake);
    }

    /// Notes that something refers to `word`.
    pub(super) fn refer(&mut self, noun: Noun, word: &Word, detail: Option<String>) {
        let place = self.place(word.span);
        self.references.push(Reference { noun, name: word.value.clone(), detail, place });
    }

    /// Notes that `word` is an id; false when it was one before.
    pub(super) fn claim(&mut self, noun: Noun, id: &str, span: Span) -> bool {
        let place = self.place(span);
        let Some(first) = self.firsts.get(&(noun, id.to_owned())) else {
            self.firsts.insert((noun, id.to_owned()), place);
            return true;
        };
        // Of an id that is a key given twice, that was said already.
        if !self.mistakes.iter().any(|mistake| mistake.place.as_ref() == Some(&place)) {
            let label = format!("first at {}", first.at());
            let shown = id.rsplit(' ').next().unwrap_or(id);
            let message = format!("there is a second {} `{shown}`", noun.name());
            self.mistakes.push(Diagnostic::at("duplicate-id", message, place).label(label));
        }
        false
    }

    /// A mapping with these keys alone.
    pub(super) fn keys<'t>(&mut self, node: &'t Node, known: &[&str]) -> Option<Keys<'t>> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, "a mapping");
            return None;
        };
        for (key, _) in entries {
            let Some(word) = self.word(key).filter(|word| !known.contains(&word.value.as_str())) else { continue };
            let help = one_of(&word.value, known.iter().copied(), "known keys");
            let place = self.place(word.span);
            let message = format!("unknown key `{}`", word.value);
            self.mistakes.push(Diagnostic::at("unknown-key", message, place).help(help));
        }
        Some(Keys { node, entries })
    }

    /// A mapping of ids.
    pub(super) fn by_name<'t>(&mut self, node: &'t Node) -> Vec<(Word, &'t Node)> {
        let Kind::Map(entries) = &node.kind else {
            self.wrong_type(node, "a mapping");
            return Vec::new();
        };
        entries.iter().filter_map(|(key, node)| Some((self.word(key)?, node))).collect()
    }

    /// A list.
    pub(super) fn list<'t>(&mut self, node: &'t Node) -> &'t [Node] {
        match &node.kind {
            Kind::List(list) => list,
            _ => {
                self.wrong_type(node, "a list");
                &[]
            }
        }
    }

    /// A text.
    pub(super) fn word(&mut self, node: &Node) -> Option<Word> {
        let text = node.text();
        if text.is_none() {
            self.wrong_type(node, "a text");
        }
        text.map(|text| Word { value: text.to_owned(), span: node.span })
    }

    /// A list of texts.
    pub(super) fn words(&mut self, node: &Node) -> Vec<Word> {
        self.list(node).iter().filter_map(|node| self.word(node)).collect()
    }

    /// A text that must be there.
    pub(super) fn text(&mut self, keys: &Keys<'_>, key: &str) -> Option<String> {
        let node = self.need(keys, key)?;
        self.word(node).map(|word| word.value)
    }

    /// A text that may be there.
    pub(super) fn text_if_any(&mut self, keys: &Keys<'_>, key: &str) -> Option<String> {
        let node = keys.get(key)?;
        self.word(node).map(|word| word.value)
    }

    /// `true` or `false`; the other value where it is left out.
    pub(super) fn flag(&mut self, keys: &Keys<'_>, key: &str, otherwise: bool) -> bool {
        let Some(node) = keys.get(key) else { return otherwise };
        match node.kind {
            Kind::Bool(value) => value,
            _ => {
                self.wrong_type(node, "`true` or `false`");
                otherwise
            }
        }
    }

    /// The value of a key that must be there.
    pub(super) fn need<'t>(&mut self, keys: &Keys<'t>, key: &str) -> Option<&'t Node> {
        let found = keys.get(key);
        if found.is_none() {
            self.mistake("missing-key", format!("the key `{key}` is missing"), keys.node.span);
        }
        found
    }

    pub(super) fn wrong_type(&mut self, node: &Node, wanted: &str) {
        self.mistake("wrong-type", format!("{wanted} is expected, found {}", node.found()), node.span);
    }
}

/// A mapping whose keys were checked.
pub(super) struct Keys<'t> {
    node: &'t Node,
    entries: &'t [(Node, Node)],
}

impl<'t> Keys<'t> {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&'t Node> {
        self.entries.iter().find(|(word, _)| word.text() == Some(key)).map(|(_, node)| node)
    }
}
