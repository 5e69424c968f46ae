//! Findings in the terminal: each broken clause once, MUST before SHOULD, with all that is needed to see it again.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::Style;
use super::layout::{NARROWEST, indented, paint, some, wrap};
use crate::check::seen::counted;
use crate::report::model::{Case, Exchange, Finding, Message, Report};
use crate::report::standing;

/// Broken clauses that are shown in full; the rest has a line each.
pub(super) const SHOWN_IN_FULL: usize = 10;
/// Lines under a finding about the same clause elsewhere.
const ALSO_LINES: usize = 4;
/// Cases and requests named before the rest is counted.
const NAMED: usize = 3;
/// Columns of `FAIL  ` and `WARN  `.
const WORD: usize = 6;
/// Columns of `clause: `, `reading: ` and their like.
const LABEL: usize = 9;
/// Header fields of an answer that say nothing about the contract.
const DULL: [&str; 6] = ["date", "connection", "keep-alive", "content-length", "etag", "transfer-encoding"];

/// A broken clause: the finding that shows it best, and where else it broke.
struct Broken<'a> {
    case: &'a Case,
    finding: &'a Finding,
    /// What came, and the cases in which it came, the shown one left out.
    also: Vec<(&'a str, Vec<&'a str>)>,
}

/// Every clause that is broken in a way that is not known.
pub(super) fn write(report: &Report, style: Style, text: &mut String) {
    let all = broken(report);
    for broken in all.iter().take(SHOWN_IN_FULL) {
        text.push('\n');
        full(report, broken, style, text);
    }
    if all.len() > SHOWN_IN_FULL {
        let _ = writeln!(text, "\n{}:", counted(all.len() - SHOWN_IN_FULL, "more broken clause"));
    }
    for broken in all.iter().skip(SHOWN_IN_FULL) {
        let (finding, place) = (broken.finding, &broken.finding.place);
        let word = word(fails(report, finding), style);
        let at = format!("{}; {}:{}", broken.case.id, place.file, place.line);
        let words = format!("{}: {} ({at})", finding.clause, finding.message);
        let _ = writeln!(text, "{word}  {}", indented(&words, WORD, style.width));
    }
}

/// Broken clauses by importance: level, then those that a case was written for, then the order of the contract.
fn broken(report: &Report) -> Vec<Broken<'_>> {
    let mut by_clause: BTreeMap<&str, Vec<(&Case, &Finding)>> = BTreeMap::new();
    for case in &report.cases {
        for finding in case.findings.iter().filter(|finding| finding.level != "MAY" && !finding.known) {
            by_clause.entry(&finding.clause).or_default().push((case, finding));
        }
    }
    let mut all: Vec<Broken<'_>> = by_clause.into_values().filter_map(one).collect();
    let place = |id: &str| report.clauses.iter().position(|clause| clause.id == id);
    all.sort_by_key(|broken| {
        let finding = broken.finding;
        (finding.level != "MUST", !is_own(broken.case, finding), place(&finding.clause))
    });
    all
}

/// Whether the case was written to prove the clause that broke in it.
fn is_own(case: &Case, finding: &Finding) -> bool {
    case.clauses.contains(&finding.clause)
}

fn one<'a>(seen: Vec<(&'a Case, &'a Finding)>) -> Option<Broken<'a>> {
    let (case, finding) = seen.iter().copied().min_by_key(|(case, finding)| !is_own(case, finding))?;
    let mut also: Vec<(&str, Vec<&str>)> = Vec::new();
    for (other, found) in seen.into_iter().filter(|(_, found)| !std::ptr::eq(*found, finding)) {
        match also.iter_mut().find(|(actual, _)| *actual == found.actual) {
            Some((_, cases)) => cases.push(&other.id),
            None => also.push((&found.actual, vec![&other.id])),
        }
    }
    also.sort_by_key(|(_, cases)| std::cmp::Reverse(cases.len()));
    Some(Broken { case, finding, also })
}

fn fails(report: &Report, finding: &Finding) -> bool {
    finding.level == "MUST" || report.strict
}

fn word(fails: bool, style: Style) -> String {
    if fails { paint("FAIL", "1;31", style) } else { paint("WARN", "1;33", style) }
}

fn full(report: &Report, broken: &Broken<'_>, style: Style, text: &mut String) {
    let (case, finding) = (broken.case, broken.finding);
    let step = finding.step.map_or_else(String::new, |step| format!("step {step} of {}", finding.steps));
    let place: Vec<&str> = [step.as_str(), finding.item.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    let place = if place.is_empty() { String::new() } else { format!("  ({})", place.join("; ")) };
    let _ = writeln!(text, "{}  {}{place}", word(fails(report, finding), style), case.id);
    text.push_str(&snippet(report, broken, style));
    text.push('\n');
    if let Some(exchange) = &finding.exchange {
        messages(finding, exchange, style, text);
    }
}

/// The statement of the case file, what came, and the lines under it.
fn snippet(report: &Report, broken: &Broken<'_>, style: Style) -> String {
    let finding = broken.finding;
    let level = if fails(report, finding) { Level::ERROR } else { Level::WARNING };
    let place = &finding.place;
    let byte = |column: usize| place.text.char_indices().nth(column).map_or(place.text.len(), |(at, _)| at);
    let from = place.column.saturating_sub(1);
    let source = Snippet::source(place.text.as_str())
        .line_start(place.line)
        .path(place.file.as_str())
        .annotation(AnnotationKind::Primary.span(byte(from)..byte(from + place.length)).label(place.label.as_str()));
    let mut group = level.clone().primary_title(finding.message.as_str()).id(finding.clause.as_str()).element(source);
    let margin = place.line.to_string().len() + 3;
    let width = style.width.saturating_sub(margin + LABEL).max(NARROWEST);
    for (name, note) in notes(report, broken) {
        // Lines that are meant to be copied are never broken, and neither are drawings.
        let lines = match name.as_str() {
            "again" | "sent" => vec![note],
            _ if note.trim_end().contains('\n') => note.trim_end().lines().map(str::to_owned).collect(),
            _ => wrap(&note, width),
        };
        let pad = " ".repeat((LABEL - 2).saturating_sub(name.chars().count()));
        let lines: Vec<String> = lines.into_iter().map(|line| format!("{pad}{line}")).collect();
        group = group.element(Level::NOTE.with_name(name).message(lines.join("\n")));
    }
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let groups: [Group<'_>; 1] = [group];
    renderer.term_width(style.width).render(&groups)
}

/// Name and words of every line under the statement.
fn notes(report: &Report, broken: &Broken<'_>) -> Vec<(String, String)> {
    let finding = broken.finding;
    let sentence = report.clauses.iter().find(|clause| clause.id == finding.clause).map_or("", |c| c.sentence.as_str());
    let mut notes =
        vec![("clause".to_owned(), format!("the endpoint {sentence} ({}; {})", finding.level, report.contract))];
    notes.extend(finding.notes.iter().cloned());
    if finding.times > 1 {
        let others: Vec<String> = finding.others.iter().map(|item| format!("({item})")).collect();
        let others: Vec<&str> = others.iter().map(String::as_str).collect();
        let with = if others.is_empty() { String::new() } else { format!(", also with {}", some(&others, NAMED)) };
        notes.push(("times".to_owned(), format!("{} in this case{with}", finding.times)));
    }
    let also = broken.also.iter().map(|(actual, cases)| format!("{actual} in {}", some(cases, NAMED)));
    notes.extend(also.take(ALSO_LINES).map(|words| ("also".to_owned(), words)));
    if let Some(more) = broken.also.len().checked_sub(ALSO_LINES).filter(|more| *more > 0) {
        notes.push(("also".to_owned(), format!("{} in further cases", counted(more, "other answer"))));
    }
    notes.extend(standing::words(report, broken.case, finding).map(|words| ("baseline".to_owned(), words)));
    notes.push(("again".to_owned(), finding.again.clone()));
    notes.extend(finding.curl.iter().map(|curl| ("sent".to_owned(), curl.clone())));
    notes
}

/// The answer, and the request where no `curl` line says it already.
fn messages(finding: &Finding, exchange: &Exchange, style: Style, text: &mut String) {
    let margin = " ".repeat(finding.place.line.to_string().len() + 1);
    if finding.curl.is_none() {
        message(&margin, ">", &exchange.request, style, text);
    }
    match (&exchange.response, &exchange.lost) {
        (Some(response), _) => message(&margin, "<", response, style, text),
        (None, Some(lost)) => {
            let _ = writeln!(text, "{margin}{} {lost}", paint("<", "2", style));
        }
        (None, None) => {}
    }
}

fn message(margin: &str, mark: &str, message: &Message, style: Style, text: &mut String) {
    let mark = paint(mark, "2", style);
    let mut line = |words: &str| {
        let _ = writeln!(text, "{margin}{mark} {words}");
    };
    if !message.start.is_empty() {
        line(&message.start);
    }
    for (name, value) in message.headers.iter().filter(|(name, _)| !is_dull(name)) {
        line(&format!("{name}: {value}"));
    }
    if !message.body.is_empty() {
        line(&message.body);
    }
}

fn is_dull(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    DULL.contains(&name.as_str()) || name.starts_with("access-control-")
}
