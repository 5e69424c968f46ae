//! The baseline file: findings that are known and accepted, each with clause, case and reason.

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Kind, Node};
use super::reader::Reader;
use super::yaml;
use crate::case::baseline::{Baseline, Entry};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::limits;
use crate::source::{Source, Span};

/// The key of the entries.
const KNOWN: &str = "known";
/// Keys of an entry.
const KEYS: [&str; 5] = ["clause", "case", "reason", "ticket", "expires"];

/// Reads a baseline file. Cases are not looked up: a baseline may be of several suites.
///
/// # Errors
/// Every mistake in it.
pub fn baseline(source: &Arc<Source>, contract: &Contract) -> Result<Baseline, Vec<Diagnostic>> {
    let tree = yaml::tree(source, limits::BASELINE_NODES)?;
    let mut reader = Reader::new(source);
    yaml::strictness(source, &tree, &mut reader.mistakes);
    let mut baseline =
        Baseline { source: source.clone(), entries: Vec::new(), key: Span::default(), list: Span::default() };
    if let Some(fields) = reader.fields(&tree, "a baseline", &[KNOWN])
        && let Some(list) = reader.required(&fields, KNOWN, "a baseline")
    {
        baseline.key = fields.member(KNOWN).map_or_else(Span::default, |(_, span, _)| span);
        baseline.list = list.span;
        for node in nodes(&mut reader, list) {
            baseline.entries.extend(entry(&mut reader, node, contract));
        }
    }
    twice(&mut reader, &baseline.entries);
    if reader.mistakes.is_empty() { Ok(baseline) } else { Err(reader.mistakes) }
}

/// Whether a text seems to be meant as a baseline: the key is there.
pub fn is_meant(source: &Arc<Source>) -> bool {
    let tree = yaml::tree(source, limits::BASELINE_NODES);
    let members = tree.as_ref().map(|tree| match &tree.kind {
        Kind::Map(members) => members.as_slice(),
        _ => &[],
    });
    members.unwrap_or_default().iter().any(|(key, _)| key.text() == Some(KNOWN))
}

/// The entries; none is right where all that was known is mended.
fn nodes<'n>(reader: &mut Reader<'_>, list: &'n Node) -> &'n [Node] {
    match &list.kind {
        Kind::List(nodes) => nodes,
        _ => {
            reader.expected("a list of entries", list);
            &[]
        }
    }
}

fn entry(reader: &mut Reader<'_>, node: &Node, contract: &Contract) -> Option<Entry> {
    let fields = reader.fields(node, "an entry of a baseline", &KEYS)?;
    let mut text = |key: &str, must: bool| {
        let value = if must { reader.required(&fields, key, "an entry of a baseline") } else { fields.get(key) };
        let value = value?;
        let written = reader.text(value, &format!("the text of `{key}`"))?;
        if written.trim().is_empty() {
            reader.mistake("empty", value.span, format!("`{key}` must not be empty"));
            return None;
        }
        Some((written.to_owned(), value.span))
    };
    let (clause, case, reason) = (text("clause", true), text("case", true), text("reason", true));
    let (ticket, expires) = (text("ticket", false), text("expires", false));
    if let Some((clause, span)) = clause.as_ref().filter(|(clause, _)| contract.clause(clause).is_none()) {
        let ids = contract.clauses.iter().map(|clause| clause.id.as_str());
        reader.unknown("unknown-clause", "clause", clause, *span, ids);
    }
    if let Some((day, span)) = expires.as_ref().filter(|(day, _)| !is_day(day)) {
        let help =
            "write year, month and day, such as `expires: 2027-01-31`: the last day on which it is accepted, in UTC";
        reader.mend("bad-date", *span, format!("`{}` is no day", yaml::shortened(day)), help);
    }
    Some(Entry {
        clause: clause?.0,
        case: case?.0,
        reason: reason?.0,
        ticket: ticket.map(|(ticket, _)| ticket),
        expires: expires.map(|(day, _)| day),
        span: node.span,
    })
}

/// Whether a text is a day of the calendar, written with all its digits: `2026-01-31`.
pub fn is_day(text: &str) -> bool {
    let digits = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    digits && text.parse::<jiff::civil::Date>().is_ok()
}

fn twice(reader: &mut Reader<'_>, entries: &[Entry]) {
    let mut seen: HashMap<(&str, &str), Span> = HashMap::with_capacity(entries.len());
    for entry in entries {
        if let Some(first) = seen.insert((&entry.clause, &entry.case), entry.span) {
            let (line, _) = reader.source.line_column(first.start);
            let span = super::reader::first_line(&reader.source.text, entry.span);
            let message = format!("there are two entries of `{}` in `{}`", entry.clause, entry.case);
            reader.mistake("listed-twice", span, message).label = format!("first on line {line}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_of_the_calendar_and_written_with_all_their_digits() {
        for (text, is) in [
            ("2026-01-31", true),
            ("2024-02-29", true),
            ("2026-02-29", false),
            ("2026-1-31", false),
            ("20260131", false),
            ("2026-01-31T00:00:00Z", false),
            ("+26-01-31", false),
            ("31.01.2026", false),
            ("", false),
        ] {
            assert_eq!(is_day(text), is, "{text}");
        }
    }
}
