//! Markdown: read by a parser of it, so that what a target said is seen to be text.

use pulldown_cmark::{Event, Options, Parser, Tag};

use crate::{sample, text};

/// Markup that we write ourselves.
const OURS: [&str; 2] = ["<details><summary>more</summary>\n", "</details>\n"];

#[test]
fn nothing_of_a_target_is_markup_a_link_or_an_image() {
    for (name, report) in sample::all() {
        let text = text(&report, "markdown");
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            match event {
                Event::Html(html) | Event::InlineHtml(html) => {
                    assert!(OURS.contains(&&*html), "{name}: {html}");
                }
                Event::Start(Tag::Link { .. } | Tag::Image { .. } | Tag::Strikethrough | Tag::Emphasis) => {
                    panic!("{name}: {event:?} in {text}");
                }
                Event::Code(code) => panic!("{name}: {code}"),
                _ => {}
            }
        }
    }
}

#[test]
fn tables_keep_their_columns_whatever_stands_in_them() {
    for (name, report) in sample::all() {
        let text = text(&report, "markdown");
        let mut cells = 0;
        let mut tables = 0;
        for event in Parser::new_ext(&text, Options::ENABLE_TABLES) {
            match event {
                Event::Start(Tag::Table(_)) => tables += 1,
                Event::Start(Tag::TableCell) => cells += 1,
                _ => {}
            }
        }
        let others = report.clauses.iter().filter(|clause| clause.verdict != "pass").count();
        let expected = 16 + if others > 0 { 4 * (others + 1) } else { 0 };
        assert_eq!((tables, cells), (1 + usize::from(others > 0), expected), "{name}: {text}");
        let raw = text.lines().filter(|line| line.starts_with('|'));
        assert!(raw.clone().count() >= 3, "{name}");
    }
}

#[test]
fn a_step_summary_has_room_for_it_and_says_what_it_left_out() {
    let mut report = sample::many(500);
    for finding in report.cases.iter_mut().flat_map(|case| &mut case.findings) {
        finding.actual = "\u{202e}".repeat(20_000);
    }
    let text = text(&report, "markdown");
    assert!(text.len() < 1 << 20, "{}", text.len());
    assert!(text.ends_with(" more findings.\n"), "{}", &text[text.len() - 100..]);
}
