//! The report as one page of HTML: readable without scripts, with no address of anything outside it.

mod against;
mod case;

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};

use super::Report;
use super::escape::{Xml, anchor};
use super::model::Clause;
use super::standing::{self, Outcome};
use super::telling::{self, Gap};
use crate::check::seen::counted;

const STYLE: &str = include_str!("html/page.css");
const SCRIPT: &str = include_str!("html/page.js");
/// Names after a gap before the rest is folded away.
const NAMED: usize = 12;

/// The page, in the part of HTML that is XML too.
pub fn render(report: &Report) -> Vec<u8> {
    let mut page = String::from("<!DOCTYPE html>\n<html lang=\"en\">\n");
    head(report, &mut page);
    page.push_str("<body>\n");
    title(report, &mut page);
    gaps(report, &mut page);
    against::write(report, &mut page);
    filter(report, &mut page);
    clauses(report, &mut page);
    case::all(report, &mut page);
    let _ = writeln!(page, "<script>{SCRIPT}</script>\n</body>\n</html>");
    page.into_bytes()
}

fn head(report: &Report, page: &mut String) {
    let hash = |text: &str| format!("&#39;sha256-{}&#39;", STANDARD.encode(Sha256::digest(text)));
    let _ = write!(
        page,
        "<head>\n<meta charset=\"utf-8\"/>\n<meta http-equiv=\"Content-Security-Policy\" content=\"default-src \
         &#39;none&#39;; style-src {}; script-src {}; base-uri &#39;none&#39;; form-action &#39;none&#39;\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"referrer\" content=\"no-referrer\"/>\n<title>{} - endspec, {}</title>\n<style>{STYLE}</style>\n</head>\n",
        hash(STYLE),
        hash(SCRIPT),
        Xml(&report.verdict.to_uppercase()),
        Xml(&report.target.url),
    );
}

fn title(report: &Report, page: &mut String) {
    let verdict = telling::verdict(report);
    let should = report.clauses.iter().any(|clause| clause.verdict == "fail");
    let held = if should {
        "every MUST in scope was tested and held, a SHOULD was not"
    } else {
        "every clause in scope was tested and held"
    };
    let (word, why) = verdict.split_once(" - ").unwrap_or((&verdict, held));
    let kind = if report.target.kind == "endpoint" { "" } else { &report.target.kind };
    let warning = report.target.warning();
    let _ = write!(
        page,
        "<header>\n<h1><span class=\"badge {}\">{}</span> <span>{}</span></h1>\n<p class=\"target\">{} <code>{}</code><strong>{warning}</strong></p>\n\
         <p class=\"meta\">endspec {} · contract {} · seed <code>{}</code> · {}{}{}</p>\n",
        class(&report.verdict),
        Xml(word),
        Xml(why),
        Xml(kind),
        Xml(&report.target.url),
        Xml(&report.endspec),
        Xml(&report.contract),
        Xml(&report.seed),
        Xml(&report.started),
        if report.strict { " · SHOULD counts as MUST" } else { "" },
        Xml(&telling::shard(report).replacen(", ", " · ", 1)),
    );
    if let Some(counts) = standing::counts(report) {
        let _ = writeln!(page, "<p class=\"meta\">baseline: {}</p>", Xml(&counts));
    }
    if let Some(hint) = &report.hint {
        let _ = writeln!(page, "<p class=\"hint\"><strong>Hint:</strong> {}</p>", Xml(hint));
    }
    counts(report, page);
    broken(report, page);
    page.push_str("</header>\n");
}

/// The way to what is broken, which may stand far below.
fn broken(report: &Report, page: &mut String) {
    page.push_str("<nav>");
    let of = |level: &str| standing::broken(report, level);
    let rows = [("MUST broken", of("MUST")), ("SHOULD broken", of("SHOULD")), ("known", standing::known(report))];
    for (what, clauses) in rows {
        let clauses: Vec<String> = clauses.into_iter().map(|clause| link("clause", clause)).collect();
        if !clauses.is_empty() {
            let _ = writeln!(page, "<p><strong>{what}:</strong> {}</p>", folded(&clauses));
        }
    }
    page.push_str("<p><a href=\"#clauses\">Clauses</a> · <a href=\"#cases\">Cases</a></p></nav>\n");
}

/// Names in a row, many of them folded away.
fn folded(names: &[String]) -> String {
    let (shown, rest) = names.split_at(names.len().min(NAMED));
    let shown = shown.join(", ");
    if rest.is_empty() {
        return shown;
    }
    format!("{shown} <details class=\"more\"><summary>and {} more</summary>{}</details>", rest.len(), rest.join(", "))
}

/// A sentence, what stands between back-ticks as code.
fn sentence(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(|part| Xml(part).to_string()).collect();
    if parts.len().is_multiple_of(2) {
        return parts.join("`");
    }
    let parts = parts.iter().enumerate();
    parts.map(|(index, part)| if index % 2 == 1 { format!("<code>{part}</code>") } else { part.clone() }).collect()
}

fn counts(report: &Report, page: &mut String) {
    let totals = &report.totals;
    let clauses = |level: &str| standing::broken(report, level).len();
    let cases = |outcome| standing::cases(report, outcome).to_string();
    let held = report.clauses.iter().filter(|clause| clause.verdict == "pass").count();
    let excluded = report.clauses.iter().filter(|clause| clause.verdict == "skipped").count();
    let rows = [
        ("clauses held", format!("{held} of {}", report.clauses.len() - excluded)),
        ("MUST broken", clauses("MUST").to_string()),
        ("SHOULD broken", clauses("SHOULD").to_string()),
        ("cases passed", totals.pass.to_string()),
        ("cases failed", cases(Outcome::Fail)),
        ("inconclusive", cases(Outcome::Undecided)),
        ("known", if report.baseline.is_some() { cases(Outcome::Known) } else { String::new() }),
        ("skipped", totals.skipped.to_string()),
        ("requests", report.exchanges.to_string()),
        ("seconds", telling::seconds(report.duration_ms)),
    ];
    page.push_str("<dl class=\"counts\">\n");
    for (name, value) in rows.into_iter().filter(|(_, value)| !value.is_empty()) {
        let _ = writeln!(page, "<div><dt>{name}</dt><dd>{value}</dd></div>");
    }
    page.push_str("</dl>\n");
}

/// What voids or narrows the verdict, before anything that was seen.
fn gaps(report: &Report, page: &mut String) {
    page.push_str("<section id=\"scope\">\n<h2>What voids or narrows the verdict</h2>\n<dl class=\"gaps\">\n");
    let gaps = telling::gaps(report);
    if gaps.is_empty() {
        page.push_str("<div><dt>nothing</dt><dd>Every clause in scope was tested, none excluded.</dd></div>\n");
    }
    for gap in &gaps {
        self::gap(gap, page);
    }
    page.push_str("<div><dt>readings in force</dt><dd>How open questions of the documents were judged: ");
    for (index, (name, value)) in report.readings.iter().enumerate() {
        let between = if index == 0 { "" } else { ", " };
        let _ = write!(page, "{between}<code>{}={}</code>", Xml(name), Xml(value));
    }
    page.push_str("</dd></div>\n</dl>\n</section>\n");
}

fn gap(gap: &Gap<'_>, page: &mut String) {
    let void = if gap.voids { "voids" } else { "narrows" };
    let _ = write!(page, "<div class=\"{void}\"><dt>{}</dt><dd>{}", gap.kind, sentence(&gap.why));
    let prefix = match gap.kind {
        "not tested" | "excluded" => "clause",
        "inconclusive" | "left out" => "case",
        _ => "",
    };
    let name = |name: &str| match prefix {
        "" => format!("<code>{}</code>", Xml(name)),
        _ => link(prefix, name),
    };
    let names: Vec<String> = gap.of.iter().map(|of| name(of)).collect();
    if !names.is_empty() {
        let between = if gap.why.is_empty() { "" } else { ": " };
        let _ = write!(page, "{between}{}", folded(&names));
    }
    page.push_str("</dd></div>\n");
}

/// A link to a place of the page.
fn link(prefix: &str, name: &str) -> String {
    format!("<a href=\"#{prefix}-{}\"><code>{}</code></a>", anchor(name), Xml(name))
}

/// Hidden until the script runs, without which it does nothing.
fn filter(report: &Report, page: &mut String) {
    page.push_str(
        "<form id=\"filter\" hidden=\"\" aria-label=\"Filter\">\n<label>Text <input type=\"search\" id=\"text\" \
         placeholder=\"in cases and findings\"/></label>\n<label>Verdict <select id=\"verdict\"><option value=\"\">all</option>",
    );
    for verdict in ["fail", "inconclusive", "pass", "skipped"] {
        let _ = write!(page, "<option>{verdict}</option>");
    }
    page.push_str("</select></label>\n<label>Clause <select id=\"clause\"><option value=\"\">all</option>");
    for clause in &report.clauses {
        let _ = write!(page, "<option>{}</option>", Xml(&clause.id));
    }
    page.push_str(
        "</select></label>\n<button type=\"reset\">Clear</button>\n<output id=\"shown\"></output>\n</form>\n",
    );
}

fn clauses(report: &Report, page: &mut String) {
    page.push_str(
        "<section id=\"clauses\">\n<h2>Clauses</h2>\n<table>\n<thead><tr><th scope=\"col\">Clause</th><th scope=\"col\">Level</th>\
         <th scope=\"col\">Verdict</th><th scope=\"col\">Judged</th><th scope=\"col\">The endpoint ...</th></tr></thead>\n<tbody>\n",
    );
    for clause in &report.clauses {
        row(report, clause, page);
    }
    page.push_str("</tbody>\n</table>\n</section>\n");
}

fn row(report: &Report, clause: &Clause, page: &mut String) {
    let finds = |case: &&super::model::Case| case.findings.iter().any(|finding| finding.clause == clause.id);
    let others = report.cases.iter().filter(finds).map(|case| &case.id).filter(|id| !clause.cases.contains(id));
    let cases: Vec<String> = clause.cases.iter().chain(others).map(|case| link("case", case)).collect();
    let _ = write!(
        page,
        "<tr id=\"clause-{0}\" data-verdict=\"{1}\" data-clauses=\"{2}\"><th scope=\"row\"><a href=\"#clause-{0}\"><code>{2}</code></a></th>\
         <td class=\"level\">{3}</td><td><span class=\"badge {1}\">{4}</span>{7}</td><td class=\"number\">{5}</td><td>{6}",
        anchor(&clause.id),
        class(&clause.verdict),
        Xml(&clause.id),
        Xml(&clause.level),
        Xml(&clause.verdict),
        clause.judgements,
        sentence(&clause.sentence),
        known(standing::is_known(report, clause)),
    );
    if !cases.is_empty() {
        let _ =
            write!(page, "<details><summary>{}</summary>{}</details>", counted(cases.len(), "case"), cases.join(", "));
    }
    page.push_str("</td></tr>\n");
}

/// A mark beside a verdict that a baseline accepts.
fn known(is: bool) -> &'static str {
    if is { " <span class=\"badge known\">known</span>" } else { "" }
}

/// The verdict as a class: never any other word.
fn class(verdict: &str) -> &'static str {
    match verdict {
        "pass" => "pass",
        "fail" => "fail",
        "skipped" => "skipped",
        _ => "inconclusive",
    }
}
