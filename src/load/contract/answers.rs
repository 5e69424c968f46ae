//! The rows of `contract.yaml` that permit answers: outcomes and readings.

use super::draft::{Draft, Keys, Noun, Word};
use crate::contract::reading::ANY;
use crate::contract::{Answer, CodePattern, Outcome, OutcomeRef, Reading, ReadingValue, StatusSet};
use crate::load::node::{Kind, Node};
use crate::source::Spanned;

impl Draft {
    pub(super) fn outcomes(&mut self, node: &Node) {
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

    fn answers(&mut self, node: &Node, origin: &str) -> Vec<Answer> {
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

    fn status_set(&mut self, node: &Node) -> StatusSet {
        match &node.kind {
            Kind::Text(text) if text == "4xx" => StatusSet::Any4xx,
            _ => StatusSet::OneOf(self.statuses(node)),
        }
    }

    /// One status or a list of them.
    pub(super) fn statuses(&mut self, node: &Node) -> Vec<u16> {
        let one = std::slice::from_ref(node);
        let nodes = match &node.kind {
            Kind::List(list) => list.as_slice(),
            _ => one,
        };
        let mut statuses = Vec::new();
        for node in nodes {
            let number = match &node.kind {
                Kind::Number(number) => number.as_u64().and_then(|number| u16::try_from(number).ok()),
                _ => None,
            };
            match number {
                Some(status @ 100..=599) => statuses.push(status),
                _ => {
                    let message = format!("a status is a number from 100 to 599, found {}", node.found());
                    self.mistake("bad-status", message, node.span);
                }
            }
        }
        statuses
    }

    fn codes(&mut self, node: &Node) -> Vec<CodePattern> {
        let words = self.words(node);
        words.iter().filter_map(|word| self.code(word)).collect()
    }

    pub(super) fn code(&mut self, word: &Word) -> Option<CodePattern> {
        match CodePattern::checked(&word.value) {
            Ok(pattern) => Some(pattern),
            Err(why) => {
                self.mistake("bad-code-pattern", format!("the pattern `{}` of a code {why}", word.value), word.span);
                None
            }
        }
    }

    pub(super) fn readings(&mut self, node: &Node) {
        for (key, node) in self.by_name(node) {
            let new = self.claim(Noun::Reading, &key.value, key.span);
            let Some(keys) = self.keys(node, &["sentence", "default", "judged", "values"]) else { continue };
            let name = key.value.clone();
            let sentence = self.text(&keys, "sentence").unwrap_or_default();
            let default = self.need(&keys, "default").and_then(|node| self.word(node));
            let elsewhere = self.elsewhere(&keys);
            let mut values = Vec::new();
            for (key, node) in self.need(&keys, "values").map(|node| self.by_name(node)).unwrap_or_default() {
                let id = format!("{name} {}", key.value);
                if self.claim(Noun::Value, &id, key.span) {
                    values.extend(self.value(&name, &key, node, elsewhere));
                }
            }
            if let Some(default) = &default {
                self.refer(Noun::Value, default, Some(name.clone()));
            }
            if new {
                let default = default.map(|word| word.value).unwrap_or_default();
                self.contract.readings.insert(name.clone(), Reading { name, sentence, default, values, elsewhere });
            }
        }
    }

    fn elsewhere(&mut self, keys: &Keys<'_>) -> bool {
        let Some(node) = keys.get("judged") else { return false };
        match &node.kind {
            Kind::Text(text) if text == "elsewhere" => true,
            _ => {
                self.wrong_type(node, "`elsewhere`");
                false
            }
        }
    }

    fn value(&mut self, reading: &str, key: &Word, node: &Node, elsewhere: bool) -> Option<ReadingValue> {
        let keys = self.keys(node, &["sentence", "permits", "permits-for", "answers"])?;
        let name = key.value.clone();
        let sentence = self.text(&keys, "sentence").unwrap_or_default();
        let permits = keys.get("permits").map(|node| self.outcome_refs(node)).unwrap_or_default();
        let permits_for = keys.get("permits-for").map(|node| self.by_name(node)).unwrap_or_default();
        let permits_for = permits_for.iter().map(|(parameter, node)| {
            self.refer(Noun::Parameter, parameter, None);
            (parameter.value.clone(), self.outcome_refs(node))
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
    fn outcome_refs(&mut self, node: &Node) -> Vec<OutcomeRef> {
        let mut references = Vec::new();
        for node in self.list(node) {
            let reading = match &node.kind {
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
            } else if let Kind::Text(text) = &node.kind {
                let reference = OutcomeRef::named(text);
                let name = Spanned::new(reference.name().into(), node.span);
                self.refer(Noun::Outcome, &name, Some(reference.argument().unwrap_or_default().to_owned()));
                references.push(reference);
            } else if !matches!(node.kind, Kind::Map(_)) {
                self.wrong_type(node, "an outcome or `{ reading: NAME }`");
            }
        }
        references
    }
}
