//! One case file: its head, then its steps; all mistakes at once.

use std::sync::Arc;

use super::node::Node;
use super::reader::{Fields, Reader};
use super::scope::Scope;
use super::yaml::{self, shortened};
use super::{axes, step};
use crate::case::{Case, Situation, Step};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::source::{Source, Span, Spanned};

/// Keys of a case.
pub(super) const KEYS: [&str; 7] = ["title", "clauses", "needs", "occurs", "tags", "for-each", "steps"];

/// Reads one case file.
///
/// # Errors
/// Every mistake in it; a text that is no YAML has one.
pub fn case(source: &Arc<Source>, id: &str, vocabulary: &Contract) -> Result<Case, Vec<Diagnostic>> {
    let tree = yaml::tree(source, limits::YAML_NODES)?;
    let mut reader = Reader::new(source);
    yaml::strictness(source, &tree, &mut reader.mistakes);
    check_id(&mut reader, id);
    let case = read(&mut reader, &tree, id, vocabulary);
    match case {
        Some(case) if reader.mistakes.is_empty() => Ok(case),
        _ => Err(reader.mistakes),
    }
}

fn check_id(reader: &mut Reader<'_>, id: &str) {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '/' | '+');
    if id.is_empty() || !id.chars().all(fits) {
        let message = format!("`{}` cannot be the id of a case", shortened(id));
        let help = "rename the file: letters, digits, `.`, `_`, `-` and `+` leave ids that can be selected";
        reader.mend("bad-id", Span::default(), message, help);
    }
}

fn read(reader: &mut Reader<'_>, tree: &Node, id: &str, vocabulary: &Contract) -> Option<Case> {
    let fields = reader.fields(tree, "a case", &KEYS)?;
    let title = fields.get("title").and_then(|node| title(reader, node));
    let clauses = reader.required(&fields, "clauses", "a case");
    let clauses = clauses.map(|node| clauses_of(reader, node, vocabulary)).unwrap_or_default();
    let needs = fields.get("needs").map(|node| needs_of(reader, node, vocabulary)).unwrap_or_default();
    let occurs = fields.get("occurs").map(|node| occurs_of(reader, node)).unwrap_or_default();
    let tags = fields.get("tags").map(|node| tags_of(reader, node)).unwrap_or_default();
    let for_each = fields.get("for-each").and_then(|node| axes::for_each(reader, node));
    let mut scope = Scope::default();
    scope.clauses.extend(clauses.iter().map(|clause| clause.value.clone()));
    let steps = steps_of(reader, &fields, &mut scope, vocabulary);
    let names: Vec<&str> = needs.iter().map(|need| need.value.as_str()).collect();
    scope.check_needs(reader, &names, vocabulary);
    let (id, source) = (id.to_owned(), reader.source.clone());
    let case = Case { id, source, title, clauses, needs, occurs, tags, for_each, steps };
    check_opens(reader, &case);
    Some(case)
}

/// A case holds the sessions that it opens until it ends, and a run has so many open at a time.
fn check_opens(reader: &mut Reader<'_>, case: &Case) {
    let mut opened = 0;
    for step in &case.steps {
        opened += step.action.opens();
        if opened > limits::OPEN_SESSIONS {
            let (most, all) = (limits::OPEN_SESSIONS, case.opens());
            let message = format!("a case has at most {most} sessions open, this one has {all}");
            reader.mend("too-many", step.span, message, "divide the case");
            return;
        }
    }
}

fn title(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "the text of a title")?;
    if text.contains('\n') {
        reader.mistake("bad-title", node.span, "a title is one line");
        return None;
    }
    Some(text.to_owned())
}

fn clauses_of(reader: &mut Reader<'_>, node: &Node, vocabulary: &Contract) -> Vec<Spanned<String>> {
    let ids = || vocabulary.clauses.iter().map(|clause| clause.id.as_str());
    words(reader, node, "a list of clauses", |reader, word, span| {
        if vocabulary.clause(word).is_none() {
            reader.unknown("unknown-clause", "clause", word, span, ids());
        }
    })
}

fn needs_of(reader: &mut Reader<'_>, node: &Node, vocabulary: &Contract) -> Vec<Spanned<String>> {
    let names = || vocabulary.capabilities.iter().map(|capability| capability.name.as_str());
    words(reader, node, "a list of capabilities", |reader, word, span| {
        if vocabulary.capability(word).is_none() {
            reader.unknown("unknown-capability", "capability", word, span, names());
        }
    })
}

fn occurs_of(reader: &mut Reader<'_>, node: &Node) -> Vec<Spanned<Situation>> {
    let names = || Situation::ALL.iter().map(|row| row.1);
    let words = words(reader, node, "a list of situations", |reader, word, span| {
        if Situation::named(word).is_none() {
            reader.unknown("unknown-situation", "situation", word, span, names());
        }
    });
    words.into_iter().filter_map(|word| Some(Spanned::new(Situation::named(&word.value)?, word.span))).collect()
}

fn tags_of(reader: &mut Reader<'_>, node: &Node) -> Vec<String> {
    let tags = words(reader, node, "a list of tags", |reader, word, span| {
        reader.checked_name(word, span, "a tag");
    });
    tags.into_iter().map(|tag| tag.value).collect()
}

/// A list of texts, none of them twice.
fn words(
    reader: &mut Reader<'_>,
    node: &Node,
    what: &str,
    mut check: impl FnMut(&mut Reader<'_>, &str, Span),
) -> Vec<Spanned<String>> {
    let mut words: Vec<Spanned<String>> = Vec::new();
    for node in reader.list(node, what) {
        let Some(word) = reader.text(node, "a text") else { continue };
        if words.iter().any(|other| other.value == word) {
            reader.mistake("listed-twice", node.span, format!("`{}` is listed twice", shortened(word)));
            continue;
        }
        check(reader, word, node.span);
        words.push(Spanned::new(word.to_owned(), node.span));
    }
    words
}

fn steps_of(reader: &mut Reader<'_>, fields: &Fields<'_>, scope: &mut Scope, vocabulary: &Contract) -> Vec<Step> {
    let Some(node) = reader.required(fields, "steps", "a case") else { return Vec::new() };
    let nodes = reader.list(node, "a list of steps");
    if let Some(first) = nodes.get(limits::CASE_STEPS) {
        let message = format!("a case has at most {} steps, this one has {}", limits::CASE_STEPS, nodes.len());
        reader.mend("too-many", first.span, message, "`times` and `for-each` send a call more than once");
        return Vec::new();
    }
    nodes.iter().filter_map(|node| step::step(reader, node, scope, vocabulary)).collect()
}
