//! The report as Markdown, for a pull request or a step summary: what voids the verdict, clauses, findings.

use std::fmt::Write as _;

use super::Report;
use super::escape::{fenced, markdown};
use super::model::{Case, Finding};
use super::standing::{self, Outcome};
use super::telling;
use crate::limits;

/// The document; what GitHub would not take of it is counted.
pub fn render(report: &Report) -> Vec<u8> {
    let mut text = format!("## endspec: {}\n\n{}\n", words(&telling::verdict(report)), words(&telling::tested(report)));
    if let Some(hint) = &report.hint {
        let _ = write!(text, "\n**hint:** {}\n", words(hint));
    }
    counts(report, &mut text);
    if let Some(counts) = standing::counts(report) {
        let _ = write!(text, "\n**baseline:** {}\n", words(&counts));
    }
    gaps(report, &mut text);
    clauses(report, &mut text);
    against(report, &mut text);
    findings(report, &mut text);
    text.into_bytes()
}

/// Words on a line of Markdown: a very long text would take the room of all others.
fn words(text: &str) -> String {
    const MOST: usize = 1_000;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", markdown(&text[..end])),
        None => markdown(text),
    }
}

fn counts(report: &Report, text: &mut String) {
    let totals = &report.totals;
    let _ = write!(
        text,
        "\n| cases | passed | failed | inconclusive | skipped | known | requests | seconds |\n|---|---|---|---|---|---|---|---|\n\
         | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        report.cases.len(),
        totals.pass,
        standing::cases(report, Outcome::Fail),
        standing::cases(report, Outcome::Undecided),
        totals.skipped,
        standing::cases(report, Outcome::Known),
        report.exchanges,
        telling::seconds(report.duration_ms)
    );
}

fn gaps(report: &Report, text: &mut String) {
    text.push_str("\n### What voids or narrows the verdict\n\n");
    for gap in telling::gaps(report) {
        let mark = if gap.voids { "**" } else { "" };
        let _ = writeln!(text, "- {mark}{}{mark}: {}: {}", gap.kind, words(&gap.why), words(&gap.of.join(", ")));
    }
    let readings: Vec<String> = report.readings.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let _ = writeln!(text, "- readings in force: {}", words(&readings.join(", ")));
}

/// Clauses that did not hold; those that did are counted.
fn clauses(report: &Report, text: &mut String) {
    let held = report.clauses.iter().filter(|clause| clause.verdict == "pass").count();
    let _ = write!(text, "\n### Clauses\n\n{held} of {} held.\n", report.clauses.len());
    let others: Vec<_> = report.clauses.iter().filter(|clause| clause.verdict != "pass").collect();
    if others.is_empty() {
        return;
    }
    text.push_str("\n| clause | level | verdict | the endpoint ... |\n|---|---|---|---|\n");
    for clause in others {
        let known = if standing::is_known(report, clause) { ", known" } else { "" };
        let verdict = format!("{}{known}", clause.verdict);
        let cells = [&clause.id, &clause.level, &verdict, &clause.sentence].map(|cell| words(cell));
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

/// The other target, where there was one.
fn against(report: &Report, text: &mut String) {
    let Some(against) = &report.against else { return };
    let _ = write!(text, "\n### Compared\n\n{}\n\n", words(&telling::against(against)));
    for (result, meaning) in telling::RESULTS.iter().filter(|(result, _)| *result != "both-hold") {
        for clause in against.of(result) {
            let lines = telling::compared(clause).join("; ");
            let _ = writeln!(text, "- {meaning}: {} {}: {}", words(&clause.level), words(&clause.id), words(&lines));
        }
    }
    for values in &against.followed {
        let _ = writeln!(text, "- {}", words(&telling::followed(values)));
    }
}

fn findings(report: &Report, text: &mut String) {
    let all = telling::findings(report);
    for (count, (case, finding)) in all.iter().enumerate() {
        if text.len() > limits::SUMMARY_BYTES {
            let _ = write!(text, "\nand {} more findings.\n", all.len() - count);
            return;
        }
        if count == 0 {
            text.push_str("\n### Findings\n");
        }
        let _ = write!(text, "\n{}", self::finding(report, case, finding));
    }
}

fn finding(report: &Report, case: &Case, finding: &Finding) -> String {
    let standing = standing::standing(report, case, finding).map_or_else(String::new, |word| format!("{word}: "));
    let head = format!("{standing}{} {} in {}", finding.level, finding.clause, case.id);
    let message = words(&finding.message);
    let lines = telling::plain(&telling::lines(report, case, finding));
    format!(
        "#### {}\n\n{message}\n\n<details><summary>more</summary>\n\n{}\n</details>\n",
        words(&head),
        fenced(&lines)
    )
}
