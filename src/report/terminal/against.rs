//! Two targets beside each other in the terminal: what one alone breaks first, what both hold last.

use std::collections::BTreeMap;

use super::Style;
use super::layout::{entry, some};
use super::summary::COLUMN;
use crate::check::seen::counted;
use crate::report::Report;
use crate::report::against::{Against, Compared};
use crate::report::escape;
use crate::report::telling;

/// Columns of what stands under a heading.
const INNER: usize = 4;

/// The comparison, where there was one.
pub(super) fn write(report: &Report, style: Style, text: &mut String) {
    let Some(against) = &report.against else { return };
    text.push('\n');
    entry(
        "",
        0,
        &format!("compared with {}, by the same cases and seed:", escape::line(&against.target.url)),
        style,
        text,
    );
    for (result, words) in telling::RESULTS {
        let clauses: Vec<_> = against.of(result).collect();
        if clauses.is_empty() {
            continue;
        }
        match result {
            "target-breaks" | "other-breaks" | "differ" => {
                entry("", 2, &format!("{words}:"), style, text);
                clauses.iter().for_each(|clause| self::clause(clause, style, text));
            }
            "not-compared" => not_compared(words, &clauses, style, text),
            "both-hold" => entry("", 2, &format!("{words} {}", counted(clauses.len(), "clause")), style, text),
            _ => {
                let names: Vec<String> = clauses.iter().map(|clause| name(clause)).collect();
                entry("", 2, &format!("{words}: {}", names.join(", ")), style, text);
            }
        }
    }
    for values in &against.followed {
        entry("", 2, &telling::followed(values), style, text);
    }
}

fn name(clause: &Compared) -> String {
    escape::line(&format!("{} {}", clause.level, clause.id))
}

fn clause(clause: &Compared, style: Style, text: &mut String) {
    entry("", INNER, &name(clause), style, text);
    for line in telling::compared(clause) {
        entry("", INNER + 2, &line, style, text);
    }
}

/// Clauses that go for one reason, in one line.
fn not_compared(words: &str, clauses: &[&Compared], style: Style, text: &mut String) {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for clause in clauses {
        by_reason.entry(clause.why.as_deref().unwrap_or("")).or_default().push(&clause.id);
    }
    for (reason, ids) in by_reason {
        let words = format!("{words}: {} ({reason})", some(&ids, 3));
        entry("", 2, &escape::line(&words), style, text);
    }
}

/// The comparison in one line of the summary.
pub(super) fn line(against: &Against, style: Style, text: &mut String) {
    entry("against:", COLUMN, &telling::against(against), style, text);
}
