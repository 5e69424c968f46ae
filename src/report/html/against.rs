//! Two targets beside each other on the page, by clause.

use std::fmt::Write as _;

use super::{class, link};
use crate::check::seen::counted;
use crate::report::Report;
use crate::report::against::Compared;
use crate::report::escape::Xml;
use crate::report::telling;

/// The section, where two targets were compared.
pub(super) fn write(report: &Report, page: &mut String) {
    let Some(against) = &report.against else { return };
    let _ = write!(
        page,
        "<section id=\"against\">\n<h2>Compared</h2>\n<p>The target <code>{}</code> and the other <code>{}</code>, by the same \
         cases and seed.{}</p>\n",
        Xml(&report.target.url),
        Xml(&against.target.url),
        if against.is_complete() {
            ""
        } else {
            " <strong>Nothing could be compared, or sessions were left open.</strong>"
        },
    );
    page.push_str(
        "<table>\n<thead><tr><th scope=\"col\">Clause</th><th scope=\"col\">Level</th><th scope=\"col\">Target</th>\
         <th scope=\"col\">Other</th><th scope=\"col\">Comparison</th></tr></thead>\n<tbody>\n",
    );
    let different = telling::RESULTS.iter().filter(|(result, _)| *result != "both-hold");
    for (result, words) in different {
        against.of(result).for_each(|clause| row(report, clause, words, page));
    }
    let held = counted(against.of("both-hold").count(), "clause");
    let _ = writeln!(page, "</tbody>\n</table>\n<p>Both hold {held}.</p>");
    if !against.followed.is_empty() {
        let lines = against.followed.iter().map(|values| format!("<li>{}</li>", Xml(&telling::followed(values))));
        let _ = writeln!(page, "<ul>{}</ul>", lines.collect::<String>());
    }
    page.push_str("</section>\n");
}

fn row(report: &Report, clause: &Compared, words: &str, page: &mut String) {
    let badge = |verdict: &str| {
        let word = if verdict.is_empty() { "not in scope" } else { verdict };
        format!("<span class=\"badge {}\">{}</span>", class(verdict), Xml(word))
    };
    let lines: String = telling::compared(clause).iter().map(|line| self::line(line)).collect();
    // One that is in scope of the other alone has no row to lead to.
    let known = report.clauses.iter().any(|own| own.id == clause.id);
    let name = if known { link("clause", &clause.id) } else { format!("<code>{}</code>", Xml(&clause.id)) };
    let _ = writeln!(
        page,
        "<tr><th scope=\"row\">{}</th><td class=\"level\">{}</td><td class=\"who\">{}</td><td class=\"who\">{}</td><td><strong>{words}</strong>{lines}</td></tr>",
        name,
        Xml(&clause.level),
        badge(&clause.target),
        badge(&clause.other),
    );
}

/// A line under the comparison; commands are to be copied.
fn line(line: &str) -> String {
    match line.strip_prefix(telling::AGAIN) {
        Some(command) => format!("<p>{}<code>{}</code></p>", telling::AGAIN, Xml(command)),
        None => format!("<p>{}</p>", Xml(line)),
    }
}
