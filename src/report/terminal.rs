//! The report for a terminal: quiet when green, complete when red.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::model::{Case, Exchange, Finding, Message, Reason, Report};

/// How to write.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Colours and bold.
    pub color: bool,
    /// Columns.
    pub width: usize,
}

/// Findings of one clause and shape that are shown in full, over all cases; the rest is counted.
const SHOWN_IN_FULL: usize = 1;

/// The report as text.
pub fn render(report: &Report, style: Style) -> String {
    let mut text = head(report);
    findings(report, style, &mut text);
    undecided(report, style, &mut text);
    summary(report, style, &mut text);
    text
}

fn head(report: &Report) -> String {
    let target = if report.target.kind == "endpoint" {
        report.target.url.clone()
    } else {
        format!("{} at {}", report.target.kind, report.target.url)
    };
    format!("endspec {} tested {target}\ncontract {}, seed {}\n", report.endspec, report.contract, report.seed)
}

fn findings(report: &Report, style: Style, text: &mut String) {
    let mut shown: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    let mut more: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for case in &report.cases {
        for finding in case.findings.iter().filter(|finding| finding.level != "MAY") {
            let key = (finding.clause.as_str(), finding.actual.as_str());
            let count = shown.entry(key).or_default();
            *count += 1;
            if *count > SHOWN_IN_FULL {
                more.entry(key).or_default().push(&case.id);
                continue;
            }
            text.push('\n');
            one(report, case, finding, style, text);
        }
    }
    if !more.is_empty() {
        text.push_str("\nthe same again:\n");
    }
    for ((clause, actual), cases) in more {
        let first: Vec<&str> = cases.iter().take(3).copied().collect();
        let rest = cases.len().saturating_sub(first.len());
        let rest = if rest > 0 { format!(" and {rest} further") } else { String::new() };
        let _ = writeln!(text, "  {clause}: {actual} - in {}{rest}", first.join(", "));
    }
}

fn one(report: &Report, case: &Case, finding: &Finding, style: Style, text: &mut String) {
    let fails = finding.level == "MUST" || report.strict;
    let word = if fails { paint("FAIL", "1;31", style) } else { paint("WARN", "1;33", style) };
    let step = finding.step.map_or_else(String::new, |step| format!("step {step} of {}", finding.steps));
    let place: Vec<&str> = [step.as_str(), finding.item.as_str()].into_iter().filter(|part| !part.is_empty()).collect();
    let _ = writeln!(text, "{word}  {}  ({})", case.id, place.join("; "));
    text.push_str(&snippet(report, finding, fails, style));
    text.push('\n');
    if finding.times > 1 {
        let _ = writeln!(text, "   = times:   {} in this case", finding.times);
    }
    let _ = writeln!(text, "   = again:   {}", finding.again);
    if let Some(curl) = &finding.curl {
        let _ = writeln!(text, "   =          {curl}");
    }
    if let Some(exchange) = &finding.exchange {
        messages(exchange, style, text);
    }
}

fn snippet(report: &Report, finding: &Finding, fails: bool, style: Style) -> String {
    let level = if fails { Level::ERROR } else { Level::WARNING };
    let place = &finding.place;
    let byte = |column: usize| place.text.char_indices().nth(column).map_or(place.text.len(), |(at, _)| at);
    let span = byte(place.column - 1)..byte(place.column - 1 + place.length);
    let source = Snippet::source(place.text.as_str())
        .line_start(place.line)
        .path(place.file.as_str())
        .annotation(AnnotationKind::Primary.span(span).label(place.label.as_str()));
    let sentence = report.clauses.iter().find(|clause| clause.id == finding.clause).map_or("", |c| c.sentence.as_str());
    let clause = format!("the endpoint {sentence} ({}; {})", finding.level, report.contract);
    let mut group = level.clone().primary_title(finding.message.as_str()).id(finding.clause.as_str()).element(source);
    let notes = std::iter::once(("clause", clause.as_str()))
        .chain(finding.notes.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    for (name, note) in notes {
        group = group.element(Level::NOTE.with_name(name.to_owned()).message(note.to_owned()));
    }
    let renderer = if style.color { Renderer::styled() } else { Renderer::plain() };
    let groups: [Group<'_>; 1] = [group];
    renderer.term_width(style.width).render(&groups)
}

fn messages(exchange: &Exchange, style: Style, text: &mut String) {
    message(">", &exchange.request, style, text);
    match (&exchange.response, &exchange.lost) {
        (Some(response), _) => message("<", response, style, text),
        (None, Some(lost)) => {
            let _ = writeln!(text, "   {} {lost}", paint("<", "2", style));
        }
        (None, None) => {}
    }
}

fn message(mark: &str, message: &Message, style: Style, text: &mut String) {
    let mark = paint(mark, "2", style);
    let mut line = |words: &str| {
        let _ = writeln!(text, "   {mark} {words}");
    };
    if !message.start.is_empty() {
        line(&message.start);
    }
    for (name, value) in &message.headers {
        line(&format!("{name}: {value}"));
    }
    if !message.body.is_empty() {
        line(&message.body);
    }
}

fn undecided(report: &Report, style: Style, text: &mut String) {
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for case in report.cases.iter().filter(|case| case.verdict == "inconclusive") {
        for reason in &case.reasons {
            reasons.entry(reason).or_default().push(&case.id);
        }
    }
    if reasons.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n{}", paint("inconclusive:", "1;33", style));
    for (reason, cases) in reasons {
        let _ = writeln!(text, "  {reason}\n    in {}", some(&cases, 4));
    }
}

fn some(words: &[&str], most: usize) -> String {
    let shown = words.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    if words.len() > most { format!("{shown} and {} more", words.len() - most) } else { shown }
}

fn summary(report: &Report, style: Style, text: &mut String) {
    let totals = &report.totals;
    let count = |verdict: &str, level: &str| {
        report
            .clauses
            .iter()
            .filter(|clause| clause.verdict == verdict && (level.is_empty() || clause.level == level))
            .count()
    };
    let _ = writeln!(
        text,
        "\ncases:    {} passed, {} failed, {} inconclusive, {} skipped; {} requests in {:.1} s",
        totals.pass,
        totals.fail,
        totals.inconclusive,
        totals.skipped,
        report.exchanges,
        duration(report.duration_ms)
    );
    let mut broken = vec![format!("{} MUST broken", count("fail", "MUST"))];
    broken.push(format!("{} SHOULD broken", count("fail", "SHOULD")));
    let _ = writeln!(text, "clauses:  {} of {} held, {}", count("pass", ""), report.clauses.len(), broken.join(", "));
    let observed = observed(report);
    if !observed.is_empty() {
        let _ = writeln!(text, "observed: {}", some(&observed, 6));
    }
    reasons("excluded", &report.excluded, text);
    reasons("not tested", &report.not_tested, text);
    if !report.not_covered.is_empty() {
        let not_covered: Vec<&str> = report.not_covered.iter().map(String::as_str).collect();
        let _ = writeln!(text, "not covered by this version: {}", some(&not_covered, 30));
    }
    if !report.leaked.is_empty() {
        let leaked: Vec<&str> = report.leaked.iter().map(String::as_str).collect();
        let _ = writeln!(text, "left open: {}", some(&leaked, 50));
    }
    if report.cases.is_empty() {
        text.push_str("no case was selected\n");
    }
    if report.interrupted {
        text.push_str("interrupted: what was not run is not judged\n");
    }
    let (word, code) = match report.verdict.as_str() {
        "pass" => ("PASS", "1;32"),
        "fail" => ("FAIL", "1;31"),
        _ => ("INCONCLUSIVE", "1;33"),
    };
    let _ = writeln!(text, "verdict:  {}", paint(word, code, style));
}

/// Observations: what the target does where the documents only permit it.
fn observed(report: &Report) -> Vec<&str> {
    let may = report.cases.iter().flat_map(|case| &case.findings).filter(|finding| finding.level == "MAY");
    let mut seen: Vec<&str> = may.map(|finding| finding.clause.as_str()).collect();
    seen.sort_unstable();
    seen.dedup();
    seen
}

fn reasons(name: &str, list: &[Reason], text: &mut String) {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for reason in list {
        by_reason.entry(&reason.reason).or_default().push(&reason.clause);
    }
    for (reason, clauses) in by_reason {
        let _ = writeln!(text, "{name}: {} - {reason}", some(&clauses, 12));
    }
}

#[expect(clippy::cast_precision_loss, reason = "milliseconds of a run, shown to a tenth of a second")]
fn duration(milliseconds: u64) -> f64 {
    milliseconds as f64 / 1000.0
}

fn paint(text: &str, code: &str, style: Style) -> String {
    if style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}
