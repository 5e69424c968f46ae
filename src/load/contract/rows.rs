//! The rows of `contract.yaml`, table by table.

use super::draft::{Draft, Keys, Noun};
use super::tree::{Kind, Node, Word};
use crate::contract::reading::ANY;
use crate::contract::{
    Answer, Capability, Clause, CodePattern, ErrorEntry, Level, Outcome, OutcomeRef, Reading, ReadingValue, StatusSet,
    Table,
};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::source::{Span, Spanned};

const TABLES: [&str; 9] =
    ["page", "common-parameters", "sources", "clauses", "outcomes", "readings", "capabilities", "errors", "regions"];

/// The revision that a file extends, and where it says so.
pub(super) fn extends<'t>(root: &'t Node<'_>) -> Option<(&'t str, Span)> {
    let Kind::Map(entries) = &root.value else { return None };
    let (_, node) = entries.iter().find(|(key, _)| key.value == "extends")?;
    match &node.value {
        Kind::Text(text) => Some((text, node.span)),
        _ => None,
    }
}

impl Draft {
    /// Reads the file turned to; `whole` when it extends none and so must hold every table.
    pub(super) fn read(&mut self, root: &Node<'_>, revision: &str, whole: bool) {
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
                    self.contract.common_parameters.extend(words.into_iter().map(|word| word.value.into_owned()));
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

    fn page(&mut self, node: &Node<'_>, whole: bool) {
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
                if self.claim(Noun::Operation, &word.value, word.span) {
                    let place = self.place(word.span);
                    self.operations.insert(word.value.clone().into_owned(), place);
                    self.contract.page.operations.push(word.value.into_owned());
                }
            }
        }
        let operation = if whole { self.need(&keys, "operation") } else { keys.get("operation") };
        if let Some(word) = operation.and_then(|node| self.word(node)) {
            self.refer(Noun::Operation, &word, None);
            self.contract.page.operation = word.value.into_owned();
        }
    }

    fn sources(&mut self, node: &Node<'_>) {
        for (name, node) in self.by_name(node) {
            let text = self.word(node);
            if self.claim(Noun::Source, &name.value, name.span) {
                let text = text.map(|word| word.value.into_owned()).unwrap_or_default();
                self.contract.sources.insert(name.value.clone().into_owned(), text);
            }
        }
    }

    fn clauses(&mut self, node: &Node<'_>) {
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
                    id: id.value.into_owned(),
                    level: level.unwrap_or(Level::Must),
                    sentence: sentence.unwrap_or_default(),
                    sources: sources.unwrap_or_default(),
                });
            }
        }
    }

    fn amendments(&mut self, node: &Node<'_>) {
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

    fn level(&mut self, node: &Node<'_>) -> Option<Level> {
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
    fn cited(&mut self, node: &Node<'_>) -> Vec<String> {
        let words = self.words(node);
        for word in &words {
            self.refer(Noun::Source, word, None);
        }
        owned(words)
    }

    fn outcomes(&mut self, node: &Node<'_>) {
        for (key, node) in self.by_name(node) {
            let (name, takes_argument) = match key.value.strip_suffix("(NAME)") {
                Some(name) => (name, true),
                None => (key.value.as_ref(), false),
            };
            let new = self.claim(Noun::Outcome, name, key.span);
            let Some(keys) = self.keys(node, &["sentence", "answers", "looks"]) else { continue };
            let sentence = self.text(&keys, "sentence").unwrap_or_default();
            let of_looks = self.flag(&keys, "looks", false);
            let answers = match keys.get("answers") {
                Some(node) if !of_looks => self.answers(node, name),
                Some(node) => {
                    self.mistake("wrong-type", "the outcome of a look has no answers", node.span);
                    Vec::new()
                }
                None if of_looks => Vec::new(),
                None => self.need(&keys, "answers").map(|_| Vec::new()).unwrap_or_default(),
            };
            if new {
                let name = name.to_owned();
                let outcome = Outcome { name: name.clone(), sentence, takes_argument, answers, of_looks };
                self.contract.outcomes.insert(name, outcome);
            }
        }
    }

    fn answers(&mut self, node: &Node<'_>, origin: &str) -> Vec<Answer> {
        let mut answers = Vec::new();
        for node in self.list(node) {
            let known = ["status", "codes", "success", "envelope", "closed", "message-contains-v1"];
            let Some(keys) = self.keys(node, &known) else { continue };
            let status = self.need(&keys, "status").map(|node| self.status_set(node));
            let codes = keys.get("codes").map(|node| self.codes(node)).unwrap_or_default();
            answers.push(Answer {
                status: status.unwrap_or(StatusSet::OneOf(Vec::new())),
                codes,
                success: self.flag(&keys, "success", false),
                envelope: self.flag(&keys, "envelope", true),
                closed: self.flag(&keys, "closed", false),
                message_contains_v1: self.text_if_any(&keys, "message-contains-v1"),
                origin: origin.to_owned(),
            });
        }
        answers
    }

    fn status_set(&mut self, node: &Node<'_>) -> StatusSet {
        match &node.value {
            Kind::Text(text) if text == "4xx" => StatusSet::Any4xx,
            _ => StatusSet::OneOf(self.statuses(node)),
        }
    }

    /// One status or a list of them.
    fn statuses(&mut self, node: &Node<'_>) -> Vec<u16> {
        let one = std::slice::from_ref(node);
        let nodes = match &node.value {
            Kind::List(list) => list.as_slice(),
            _ => one,
        };
        let mut statuses = Vec::new();
        for node in nodes {
            let Some(word) = self.word(node) else { continue };
            match word.value.parse::<u16>() {
                Ok(status @ 100..=599) => statuses.push(status),
                _ => {
                    let message = format!("`{}` is no status: a number from 100 to 599 is expected", word.value);
                    self.mistake("bad-status", message, word.span);
                }
            }
        }
        statuses
    }

    fn codes(&mut self, node: &Node<'_>) -> Vec<CodePattern> {
        let words = self.words(node);
        words.iter().filter_map(|word| self.code(word)).collect()
    }

    fn code(&mut self, word: &Word<'_>) -> Option<CodePattern> {
        match CodePattern::checked(&word.value) {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                self.mistake("bad-code-pattern", format!("the pattern `{}` of a code {why}", word.value), word.span);
                None
            }
        }
    }

    fn readings(&mut self, node: &Node<'_>) {
        for (key, node) in self.by_name(node) {
            let new = self.claim(Noun::Reading, &key.value, key.span);
            let Some(keys) = self.keys(node, &["sentence", "default", "judged", "values"]) else { continue };
            let name = key.value.clone().into_owned();
            let sentence = self.text(&keys, "sentence").unwrap_or_default();
            let default = self.need(&keys, "default").and_then(|node| self.word(node));
            let elsewhere = self.elsewhere(&keys);
            let mut values = Vec::new();
            for (key, node) in self.need(&keys, "values").map(|node| self.by_name(node)).unwrap_or_default() {
                let id = format!("{name} {}", key.value);
                if self.claim(Noun::Value, &id, key.span) {
                    values.extend(self.value(&name, key, node, elsewhere));
                }
            }
            if let Some(default) = &default {
                self.refer(Noun::Value, default, Some(name.clone()));
            }
            if new {
                let default = default.map(|word| word.value.into_owned()).unwrap_or_default();
                self.contract.readings.insert(name.clone(), Reading { name, sentence, default, values, elsewhere });
            }
        }
    }

    fn elsewhere(&mut self, keys: &Keys<'_, '_>) -> bool {
        let Some(node) = keys.get("judged") else { return false };
        match &node.value {
            Kind::Text(text) if text == "elsewhere" => true,
            _ => {
                self.wrong_type(node, "`elsewhere`");
                false
            }
        }
    }

    fn value(&mut self, reading: &str, key: &Word<'_>, node: &Node<'_>, elsewhere: bool) -> Option<ReadingValue> {
        let keys = self.keys(node, &["sentence", "permits", "permits-for", "answers"])?;
        let name = key.value.clone().into_owned();
        let sentence = self.text(&keys, "sentence").unwrap_or_default();
        let permits = keys.get("permits").map(|node| self.outcome_refs(node)).unwrap_or_default();
        let permits_for = keys.get("permits-for").map(|node| self.by_name(node)).unwrap_or_default();
        let permits_for = permits_for.iter().map(|(parameter, node)| {
            self.refer(Noun::Parameter, parameter, None);
            (parameter.value.clone().into_owned(), self.outcome_refs(node))
        });
        let permits_for = permits_for.collect();
        let answers = keys.get("answers").map(|node| self.answers(node, &format!("{reading}={name}")));
        let given = ["permits", "permits-for", "answers"].iter().any(|key| keys.get(key).is_some());
        let wanted = !elsewhere && name != ANY;
        if given != wanted {
            let message = if wanted {
                format!("the value `{name}` permits nothing")
            } else {
                format!("the value `{name}` has nothing of its own to permit")
            };
            self.mistake("bad-permits", message, key.span);
        }
        Some(ReadingValue { name, sentence, permits, permits_for, answers: answers.unwrap_or_default() })
    }

    /// Outcomes by name, and readings as `{ reading: NAME }`.
    fn outcome_refs(&mut self, node: &Node<'_>) -> Vec<OutcomeRef> {
        let mut references = Vec::new();
        for node in self.list(node) {
            let reading = match &node.value {
                Kind::Map(_) => {
                    let Some(keys) = self.keys(node, &["reading"]) else { continue };
                    let Some(node) = self.need(&keys, "reading") else { continue };
                    self.word(node)
                }
                _ => None,
            };
            if let Some(word) = reading {
                self.refer(Noun::Reading, &word, None);
                references.push(OutcomeRef::reading(&word.value));
            } else if let Kind::Text(text) = &node.value {
                let reference = OutcomeRef::named(text);
                let name = Spanned::new(reference.name().into(), node.span);
                self.refer(Noun::Outcome, &name, Some(reference.argument().unwrap_or_default().to_owned()));
                references.push(reference);
            } else if !matches!(node.value, Kind::Map(_)) {
                self.wrong_type(node, "an outcome or `{ reading: NAME }`");
            }
        }
        references
    }

    fn capabilities(&mut self, node: &Node<'_>) {
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
                let name = key.value.clone().into_owned();
                let (clauses, all_of) = (owned(clauses), owned(all_of));
                self.contract.capabilities.push(Capability { name, sentence, clauses, all_of });
            }
        }
    }

    fn errors(&mut self, node: &Node<'_>) {
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
            let source = source.map(|word| word.value.into_owned()).unwrap_or_default();
            for node in self.need(&keys, "rows").map(|node| self.list(node)).unwrap_or_default() {
                self.error(node, table, &operations, &source);
            }
        }
    }

    fn table(&mut self, node: &Node<'_>) -> Option<Table> {
        match &node.value {
            Kind::Text(text) if text == "page" => Some(Table::Page),
            Kind::Text(text) if text == "gateway" => Some(Table::Gateway),
            _ => {
                self.wrong_type(node, "`page` or `gateway`");
                None
            }
        }
    }

    fn error(&mut self, node: &Node<'_>, table: Table, operations: &[String], source: &str) {
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

    fn regions(&mut self, node: &Node<'_>) {
        for node in self.list(node) {
            let Some(keys) = self.keys(node, &["from", "ids"]) else { continue };
            self.text(&keys, "from");
            for word in self.need(&keys, "ids").map(|node| self.words(node)).unwrap_or_default() {
                if self.claim(Noun::Region, &word.value, word.span) {
                    self.contract.regions.push(word.value.into_owned());
                }
            }
        }
    }
}

fn owned(words: Vec<Word<'_>>) -> Vec<String> {
    words.into_iter().map(|word| word.value.into_owned()).collect()
}
