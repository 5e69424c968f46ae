//! The rows of `contract.yaml`, table by table; those that permit answers are in `answers`.

use super::draft::{Draft, Noun, Word};
use crate::contract::{Capability, Clause, ErrorEntry, Level, Table};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::load::node::{Kind, Node};
use crate::source::Span;

const TABLES: [&str; 9] =
    ["page", "common-parameters", "sources", "clauses", "outcomes", "readings", "capabilities", "errors", "regions"];

/// The revision that a file extends, and where it says so.
pub(super) fn extends(root: &Node) -> Option<(&str, Span)> {
    let Kind::Map(entries) = &root.kind else { return None };
    let (_, node) = entries.iter().find(|(key, _)| key.text() == Some("extends"))?;
    Some((node.text()?, node.span))
}

impl Draft {
    /// Reads the file turned to; `whole` when it extends none and so must hold every table.
    pub(super) fn read(&mut self, root: &Node, revision: &str, whole: bool) {
        let known: Vec<&str> = ["revision", "extends", "amendments"].into_iter().chain(TABLES).collect();
        let Some(keys) = self.keys(root, &known) else { return };
        if let Some(node) = keys.get("extends") {
            self.word(node);
        }
        if let Some(node) = self.need(&keys, "revision")
            && let Some(word) = self.word(node).filter(|word| word.value != revision)
        {
            let message = format!("the file says `{}`, its folder `{revision}`", word.value);
            self.mistake("wrong-revision", message, word.span);
        }
        for table in TABLES {
            let node = if whole { self.need(&keys, table) } else { keys.get(table) };
            let Some(node) = node else { continue };
            match table {
                "page" => self.page(node, whole),
                "common-parameters" => {
                    let words = self.words(node);
                    self.contract.common_parameters.extend(words.into_iter().map(|word| word.value));
                }
                "sources" => self.sources(node),
                "clauses" => self.clauses(node),
                "outcomes" => self.outcomes(node),
                "readings" => self.readings(node),
                "capabilities" => self.capabilities(node),
                "errors" => self.errors(node),
                _ => self.regions(node),
            }
        }
        if let Some(node) = keys.get("amendments") {
            self.amendments(node);
        }
    }

    fn page(&mut self, node: &Node, whole: bool) {
        let known = ["product", "version", "operation", "operations", "permission", "url", "effect"];
        let Some(keys) = self.keys(node, &known) else { return };
        let text = |draft: &mut Draft, key: &str| {
            if whole { draft.text(&keys, key) } else { draft.text_if_any(&keys, key) }
        };
        let product = text(self, "product");
        let version = text(self, "version");
        let permission = text(self, "permission");
        let url = text(self, "url");
        let effect = text(self, "effect");
        let page = &mut self.contract.page;
        let given = [
            (product, &mut page.product),
            (version, &mut page.version),
            (permission, &mut page.permission),
            (url, &mut page.url),
            (effect, &mut page.effect),
        ];
        for (text, field) in given {
            if let Some(text) = text {
                *field = text;
            }
        }
        let operations = if whole { self.need(&keys, "operations") } else { keys.get("operations") };
        if let Some(node) = operations {
            let words = self.words(node);
            self.contract.page.operations.clear();
            for word in words {
                if self.contract.page.operations.contains(&word.value) {
                    let message = format!("there is a second operation `{}`", word.value);
                    self.mistake("duplicate-id", message, word.span);
                    continue;
                }
                let place = self.place(word.span);
                self.operations.insert(word.value.clone(), place);
                self.contract.page.operations.push(word.value);
            }
        }
        let operation = if whole { self.need(&keys, "operation") } else { keys.get("operation") };
        if let Some(word) = operation.and_then(|node| self.word(node)) {
            self.refer(Noun::Operation, &word, None);
            self.contract.page.operation = word.value;
        }
    }

    fn sources(&mut self, node: &Node) {
        for (name, node) in self.by_name(node) {
            let text = self.word(node);
            if self.claim(Noun::Source, &name.value, name.span) {
                let text = text.map(|word| word.value).unwrap_or_default();
                self.contract.sources.insert(name.value.clone(), text);
            }
        }
    }

    fn clauses(&mut self, node: &Node) {
        for node in self.list(node) {
            let Some(keys) = self.keys(node, &["id", "level", "sentence", "sources"]) else { continue };
            let id = self.need(&keys, "id").and_then(|node| self.word(node));
            let level = self.need(&keys, "level").and_then(|node| self.level(node));
            let sentence = self.text(&keys, "sentence");
            let sources = self.need(&keys, "sources").map(|node| self.cited(node));
            let Some(id) = id else { continue };
            let new = self.claim(Noun::Clause, &id.value, id.span);
            // A clause with another mistake is kept, so that what refers to it is not called dangling as well.
            if new {
                self.contract.clauses.push(Clause {
                    id: id.value,
                    level: level.unwrap_or(Level::Must),
                    sentence: sentence.unwrap_or_default(),
                    sources: sources.unwrap_or_default(),
                });
            }
        }
    }

    fn amendments(&mut self, node: &Node) {
        for node in self.list(node) {
            let Some(keys) = self.keys(node, &["clause", "level", "sentence", "sources"]) else { continue };
            let id = self.need(&keys, "clause").and_then(|node| self.word(node));
            let level = keys.get("level").and_then(|node| self.level(node));
            let sentence = self.text_if_any(&keys, "sentence");
            let sources = keys.get("sources").map(|node| self.cited(node));
            let Some(id) = id else { continue };
            if !self.claim(Noun::Amendment, &id.value, id.span) {
                continue;
            }
            let Some(clause) = self.contract.clauses.iter_mut().find(|clause| clause.id == id.value) else {
                self.refer(Noun::Clause, &id, None);
                continue;
            };
            clause.level = level.unwrap_or(clause.level);
            clause.sentence = sentence.unwrap_or_else(|| clause.sentence.clone());
            clause.sources = sources.unwrap_or_else(|| clause.sources.clone());
        }
    }

    fn level(&mut self, node: &Node) -> Option<Level> {
        let word = self.word(node)?;
        let level = Level::parse(&word.value);
        if level.is_none() {
            let names = Level::ALL.map(Level::name);
            let help = match did_you_mean(&word.value, names) {
                Some(name) => format!("did you mean `{name}`?"),
                None => "a level is MUST, SHOULD or MAY".to_owned(),
            };
            let place = self.place(word.span);
            let message = format!("there is no level `{}`", word.value);
            self.mistakes.push(Diagnostic::at("bad-level", message, place).help(help));
        }
        level
    }

    /// Names of sources.
    fn cited(&mut self, node: &Node) -> Vec<String> {
        let words = self.words(node);
        for word in &words {
            self.refer(Noun::Source, word, None);
        }
        owned(words)
    }

    fn capabilities(&mut self, node: &Node) {
        for (key, node) in self.by_name(node) {
            let new = self.claim(Noun::Capability, &key.value, key.span);
            let Some(keys) = self.keys(node, &["sentence", "clauses", "all-of"]) else { continue };
            let sentence = self.text(&keys, "sentence").unwrap_or_default();
            let clauses = self.need(&keys, "clauses").map(|node| self.words(node)).unwrap_or_default();
            for pattern in &clauses {
                self.refer(Noun::Clause, pattern, None);
            }
            let all_of = keys.get("all-of").map(|node| self.words(node)).unwrap_or_default();
            for name in &all_of {
                self.refer(Noun::Capability, name, None);
            }
            if new {
                let name = key.value.clone();
                let (clauses, all_of) = (owned(clauses), owned(all_of));
                self.contract.capabilities.push(Capability { name, sentence, clauses, all_of });
            }
        }
    }

    fn errors(&mut self, node: &Node) {
        for node in self.list(node) {
            let Some(keys) = self.keys(node, &["table", "operations", "source", "rows"]) else { continue };
            let table = self.need(&keys, "table").and_then(|node| self.table(node)).unwrap_or(Table::Gateway);
            let operations = keys.get("operations").map(|node| self.words(node)).unwrap_or_default();
            for operation in &operations {
                self.refer(Noun::Operation, operation, None);
            }
            let operations = owned(operations);
            let source = self.need(&keys, "source").and_then(|node| self.word(node));
            if let Some(source) = &source {
                self.refer(Noun::Source, source, None);
            }
            let source = source.map(|word| word.value).unwrap_or_default();
            for node in self.need(&keys, "rows").map(|node| self.list(node)).unwrap_or_default() {
                self.error(node, table, &operations, &source);
            }
        }
    }

    fn table(&mut self, node: &Node) -> Option<Table> {
        match &node.kind {
            Kind::Text(text) if text == "page" => Some(Table::Page),
            Kind::Text(text) if text == "gateway" => Some(Table::Gateway),
            _ => {
                self.wrong_type(node, "`page` or `gateway`");
                None
            }
        }
    }

    fn error(&mut self, node: &Node, table: Table, operations: &[String], source: &str) {
        let Some(keys) = self.keys(node, &["code", "status", "message", "wording", "note"]) else { return };
        let Some(word) = self.need(&keys, "code").and_then(|node| self.word(node)) else { return };
        let status = keys.get("status").map(|node| self.statuses(node)).unwrap_or_default();
        let message = self.text_if_any(&keys, "message");
        let wording = self.text_if_any(&keys, "wording");
        let note = self.text_if_any(&keys, "note");
        let Some(code) = self.code(&word) else { return };
        let scopes = if operations.is_empty() { &[String::new()] } else { operations };
        let mut new = true;
        for scope in scopes {
            new &= self.claim(Noun::ErrorRow, &format!("{table:?} {scope} {}", word.value), word.span);
        }
        if new {
            let (operations, source) = (operations.to_vec(), source.to_owned());
            self.contract.errors.push(ErrorEntry { code, status, message, wording, table, operations, source, note });
        }
    }

    fn regions(&mut self, node: &Node) {
        for node in self.list(node) {
            let Some(keys) = self.keys(node, &["from", "ids"]) else { continue };
            self.text(&keys, "from");
            for word in self.need(&keys, "ids").map(|node| self.words(node)).unwrap_or_default() {
                if self.claim(Noun::Region, &word.value, word.span) {
                    self.contract.regions.push(word.value);
                }
            }
        }
    }
}

fn owned(words: Vec<Word>) -> Vec<String> {
    words.into_iter().map(|word| word.value).collect()
}
