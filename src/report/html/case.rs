//! Cases on the page: the worst first, each finding with what was expected beside what came, and its exchange.

use std::fmt::Write as _;

use super::{class, known, link, sentence};
use crate::check::seen::counted;
use crate::report::Report;
use crate::report::escape::{Xml, XmlBlock, anchor};
use crate::report::model::{Case, Exchange, Finding, Message, Place};
use crate::report::standing::{self, Outcome};
use crate::report::telling;

/// Cases with findings that are unfolded from the start; of more the reader wants a list first.
const UNFOLDED: usize = 3;
/// Findings that are all unfolded.
const FEW: usize = 10;

/// Every case.
pub(super) fn all(report: &Report, page: &mut String) {
    let mut cases: Vec<&Case> = report.cases.iter().collect();
    let rank = |case: &Case| match standing::outcome(report, case) {
        Outcome::Fail => 0,
        Outcome::Undecided => 1,
        Outcome::Known => 2,
        _ if !case.findings.is_empty() => 3,
        Outcome::Pass => 4,
        Outcome::Skipped => 5,
    };
    cases.sort_by_key(|case| rank(case));
    let few = report.cases.iter().map(|case| case.findings.len()).sum::<usize>() <= FEW;
    page.push_str("<section id=\"cases\">\n<h2>Cases</h2>\n");
    for (index, case) in cases.into_iter().enumerate() {
        let open = !case.findings.is_empty() && (few || index < UNFOLDED);
        self::case(report, case, open, page);
    }
    page.push_str("<p id=\"none\" hidden=\"\">No case is as the filter wants it.</p>\n</section>\n");
}

fn case(report: &Report, case: &Case, open: bool, page: &mut String) {
    let mut clauses: Vec<&str> = case.clauses.iter().map(String::as_str).collect();
    clauses.extend(case.findings.iter().map(|finding| finding.clause.as_str()));
    clauses.sort_unstable();
    clauses.dedup();
    let id = anchor(&case.id);
    let _ = write!(
        page,
        "<details class=\"case\" id=\"case-{id}\" data-verdict=\"{0}\" data-clauses=\"{1}\"{2}>\n<summary><span class=\"badge {0}\">{3}</span>{8} \
         <code>{4}</code> <span class=\"about\">{5}</span></summary>\n<div class=\"inside\">\n<p class=\"meta\"><a href=\"#case-{id}\" \
         title=\"link to this case\">permalink</a> · {6} · {7} s",
        class(&case.verdict),
        Xml(&clauses.join(" ")),
        if open { " open=\"\"" } else { "" },
        Xml(&case.verdict),
        Xml(&case.id),
        Xml(&about(case)),
        counted(case.exchanges, "request"),
        telling::seconds(case.duration_ms),
        known(standing::outcome(report, case) == Outcome::Known),
    );
    let listed: Vec<String> = case.clauses.iter().map(|clause| link("clause", clause)).collect();
    let _ = writeln!(page, " · proves {}</p>", listed.join(", "));
    if !case.reasons.is_empty() {
        let reasons: Vec<String> = case.reasons.iter().map(|reason| format!("<li>{}</li>", sentence(reason))).collect();
        let _ = writeln!(page, "<ul class=\"reasons\">{}</ul>", reasons.concat());
    }
    for (index, finding) in case.findings.iter().enumerate() {
        self::finding(report, case, finding, &format!("case-{id}-{}", index + 1), page);
    }
    page.push_str("</div>\n</details>\n");
}

/// The title, and how much there is to see.
fn about(case: &Case) -> String {
    let title = case.title.clone();
    let findings = (!case.findings.is_empty()).then(|| counted(case.findings.len(), "finding"));
    title.into_iter().chain(findings).collect::<Vec<_>>().join(" · ")
}

fn finding(report: &Report, case: &Case, finding: &Finding, id: &str, page: &mut String) {
    let fails = if telling::fails(report, finding) { "fail" } else { "inconclusive" };
    let _ = write!(
        page,
        "<article class=\"finding {fails}\" id=\"{id}\">\n<h3><span class=\"level\">{}</span> {}{} <a class=\"here\" href=\"#{id}\" \
         title=\"link to this finding\">#</a></h3>\n<p class=\"sentence\">The endpoint {}.</p>\n<div class=\"sides\">\n\
         <div><h4>Expected</h4><p>{}</p></div>\n<div class=\"actual\"><h4>Actual</h4><p>{}</p></div>\n</div>\n",
        Xml(&finding.level),
        link("clause", &finding.clause),
        standing::standing(report, case, finding)
            .map_or_else(String::new, |word| format!(" <span class=\"badge {word}\">{word}</span>")),
        sentence(telling::sentence(report, &finding.clause)),
        Xml(&finding.expected),
        Xml(&finding.actual),
    );
    place(&finding.place, page);
    notes(report, case, finding, page);
    if let Some(exchange) = &finding.exchange {
        self::exchange(exchange, page);
    }
    copied("See it again", &finding.again, page);
    if let Some(curl) = &finding.curl {
        copied("The request alone; what is masked (***) must be filled in", curl, page);
    }
    page.push_str("</article>\n");
}

/// The statement of the case file, and what the target did under it.
fn place(place: &Place, page: &mut String) {
    let before = place.text.chars().take(place.column.saturating_sub(1)).collect::<String>();
    let rest = || place.text.chars().skip(place.column.saturating_sub(1));
    let meant = rest().take(place.length).collect::<String>();
    let after = rest().skip(place.length).collect::<String>();
    let _ = writeln!(
        page,
        "<figure class=\"place\"><figcaption>{}:{}:{}</figcaption><pre>{}<mark>{}</mark>{}\n{}</pre></figure>",
        Xml(&place.file),
        place.line,
        place.column,
        Xml(&before),
        Xml(&meant),
        Xml(&after),
        Xml(&place.label),
    );
}

fn notes(report: &Report, case: &Case, finding: &Finding, page: &mut String) {
    let step = telling::step(finding);
    let times = if finding.times > 1 { telling::times(finding) } else { String::new() };
    let baseline = standing::words(report, case, finding).unwrap_or_default();
    let own = [("baseline", baseline.as_str()), ("where", step.as_str()), ("seen", times.as_str())];
    let notes = own.into_iter().chain(finding.notes.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    let notes: Vec<(&str, &str)> = notes.filter(|(_, text)| !text.is_empty()).collect();
    if notes.is_empty() {
        return;
    }
    page.push_str("<dl class=\"notes\">\n");
    for (name, text) in notes {
        // What has lines is a drawing.
        let shown = if text.trim_end().contains('\n') {
            format!("<pre class=\"timeline\">{}</pre>", XmlBlock(text.trim_end()))
        } else {
            sentence(text)
        };
        let _ = writeln!(page, "<div><dt>{}</dt><dd>{shown}</dd></div>", Xml(name));
    }
    page.push_str("</dl>\n");
}

fn exchange(exchange: &Exchange, page: &mut String) {
    let start = exchange.request.start.split('?').next().unwrap_or("");
    let start = if start.is_empty() { "exact bytes" } else { start };
    let came = exchange.response.as_ref().map(|response| response.start.as_str());
    let came = came.or(exchange.lost.as_deref()).unwrap_or("nothing");
    let _ = writeln!(
        page,
        "<details class=\"exchange\" open=\"\"><summary>{} → {} after {} ms, {} s into the run</summary>\n<div class=\"sides\">",
        Xml(start),
        Xml(came),
        exchange.duration_ms,
        telling::seconds(exchange.sent_ms),
    );
    message("Request", &exchange.request, page);
    match &exchange.response {
        Some(response) => message("Answer", response, page),
        None => {
            let _ = writeln!(page, "<div><h4>Answer</h4><p>{}</p></div>", Xml(came));
        }
    }
    page.push_str("</div>\n</details>\n");
}

fn message(name: &str, message: &Message, page: &mut String) {
    let _ = write!(page, "<div><h4>{name}</h4><pre class=\"message\">");
    if !message.start.is_empty() {
        let _ = writeln!(page, "<b>{}</b>", Xml(&message.start));
    }
    for (name, value) in &message.headers {
        let _ = writeln!(page, "<i>{}</i>: {}", Xml(name), Xml(value));
    }
    if !message.body.is_empty() {
        let _ = write!(page, "\n{}", Xml(&message.body));
    }
    page.push_str("</pre></div>\n");
}

fn copied(label: &str, line: &str, page: &mut String) {
    let _ =
        writeln!(page, "<figure class=\"copied\"><figcaption>{label}</figcaption><pre>{}</pre></figure>", Xml(line));
}
