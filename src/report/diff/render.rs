//! A comparison as text, Markdown and JSON.

use std::fmt::Write as _;

use super::{CaseChange, Change, Clause, Diff, FindingChange};
use crate::check::seen::counted;
use crate::limits;
use crate::report::escape::{self, line, markdown as words};

/// Characters of an answer that are shown.
const SHOWN: usize = 300;

/// One document, indented.
pub fn json(diff: &Diff) -> Vec<u8> {
    let text = serde_json::to_string_pretty(diff);
    format!("{}\n", escape::json(&text.unwrap_or_else(|_| unreachable!("a comparison has string keys alone"))))
        .into_bytes()
}

/// Lines for people.
pub fn text(diff: &Diff) -> String {
    let mut text = head(diff).join("\n");
    text.push('\n');
    for change in Change::ALL {
        let clauses: Vec<_> = diff.clauses.iter().filter(|clause| clause.change == change).collect();
        let cases: Vec<_> = diff.cases.iter().filter(|case| case.change == change).collect();
        if clauses.is_empty() && cases.is_empty() {
            continue;
        }
        let _ = writeln!(text, "\n{}:", change.name());
        for clause in clauses {
            let _ = writeln!(text, "  clause {}", of_clause(clause));
        }
        for case in cases {
            let _ = writeln!(text, "  case   {}", of_case(case));
            for under in under(case) {
                let _ = writeln!(text, "           {under}");
            }
        }
    }
    let _ = writeln!(text, "\n{}\n{}", same(diff), verdict(diff));
    text
}

/// For a merge request or a step summary.
pub fn markdown(diff: &Diff) -> Vec<u8> {
    let mut text = format!("## endspec: {}\n\n", words(&verdict(diff)));
    for line in head(diff) {
        let _ = writeln!(text, "- {}", words(&line));
    }
    if !diff.clauses.is_empty() {
        text.push_str("\n| clause | level | change | before | now |\n|---|---|---|---|---|\n");
    }
    for clause in &diff.clauses {
        let cells = [&clause.id, &clause.level, clause.change.name(), of(&clause.old), of(&clause.new)].map(words);
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    for (count, case) in diff.cases.iter().enumerate() {
        if count == 0 {
            text.push_str("\n### Cases\n\n");
        }
        if text.len() > limits::SUMMARY_BYTES {
            let _ = writeln!(text, "- and {} more", diff.cases.len() - count);
            break;
        }
        let _ = writeln!(text, "- **{}** {}", case.change.name(), words(&of_case(case)));
        for under in under(case) {
            let _ = writeln!(text, "  - {}", words(&under));
        }
    }
    let _ = write!(text, "\n{}\n", words(&same(diff)));
    text.into_bytes()
}

fn head(diff: &Diff) -> Vec<String> {
    let side = |name: &str, run: &super::Run| {
        line(&format!("{name} {}: {}, {}, {}", run.file, run.verdict.to_uppercase(), run.target, run.started))
    };
    let mut lines = vec![side("old", &diff.old), side("new", &diff.new)];
    lines.extend(diff.differs.iter().map(|words| line(&format!("differs in {words}"))));
    lines
}

fn of(verdict: &Option<String>) -> &str {
    verdict.as_deref().unwrap_or("absent")
}

fn of_clause(clause: &Clause) -> String {
    line(&format!("{} {}: {} -> {}", clause.level, clause.id, of(&clause.old), of(&clause.new)))
}

fn of_case(case: &CaseChange) -> String {
    let verdicts = if case.old == case.new {
        format!("still {}", of(&case.new))
    } else {
        format!("{} -> {}", of(&case.old), of(&case.new))
    };
    line(&format!("{}: {verdicts}", case.id))
}

fn under(case: &CaseChange) -> Vec<String> {
    let findings = case.findings.iter().map(of_finding);
    findings.chain(case.reasons.iter().map(|reason| line(reason))).collect()
}

fn of_finding(finding: &FindingChange) -> String {
    let came =
        |answers: &[String]| if answers.is_empty() { "nothing wrong".to_owned() } else { cut(&answers.join("; ")) };
    let known = if finding.known { ", known" } else { "" };
    let (old, new) = (came(&finding.old), came(&finding.new));
    let new = if finding.change == Change::Gone { "not decided".to_owned() } else { new };
    line(&format!("{} {} {}{known}: {old} -> {new}", finding.change.name(), finding.level, finding.clause))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

fn same(diff: &Diff) -> String {
    let same = diff.same;
    let (clauses, cases) = (counted(same.clauses, "clause"), counted(same.cases, "case"));
    format!("the same: {clauses}, {cases}, {}", counted(same.findings, "finding"))
}

fn verdict(diff: &Diff) -> String {
    let count = |change: Change| {
        let clauses = diff.clauses.iter().filter(|clause| clause.change == change).count();
        let cases = diff.cases.iter().filter(|case| case.change == change).count();
        let words = format!("{} and {} {}", counted(clauses, "clause"), counted(cases, "case"), change.name());
        (clauses + cases > 0).then_some(words)
    };
    let counts: Vec<String> = Change::ALL.into_iter().filter_map(count).collect();
    let counts = if counts.is_empty() { "nothing changed".to_owned() } else { counts.join(", ") };
    let broke = match diff.broke {
        true => "BROKE",
        false if diff.cases.iter().any(|case| case.change == Change::Broke) => "nothing broke that would fail a run",
        false => "nothing broke",
    };
    let open = diff.clauses.iter().filter(|clause| !decided(&clause.new) && decided(&clause.old)).count();
    let open = match open {
        0 => String::new(),
        _ => format!("; the newer run did not decide {}", counted(open, "clause")),
    };
    format!("{broke}: {counts}{open}")
}

fn decided(verdict: &Option<String>) -> bool {
    matches!(verdict.as_deref(), Some("pass" | "fail"))
}
