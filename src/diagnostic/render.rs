//! Diagnostics as text for people, as rustc writes them.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use super::Diagnostic;
use crate::limits;
use crate::source::Place;

/// All diagnostics by file and place, those beyond `limits::DIAGNOSTICS_SHOWN` only counted; ends with a line end unless
/// there are none. Texts of the author's are made harmless: no control character reaches the terminal.
pub fn render(diagnostics: &[Diagnostic], color: bool, width: usize) -> String {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| {
        diagnostic.place.as_ref().map(|place| (place.source.name.as_str(), place.span.start, place.span.end))
    });
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    let renderer = renderer.term_width(width.max(limits::DIAGNOSTIC_WIDTH));
    let mut text = String::new();
    for diagnostic in sorted.iter().take(limits::DIAGNOSTICS_SHOWN) {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(&renderer.render(&[group(diagnostic, width)]));
        text.push('\n');
    }
    if let Some(more) = sorted.len().checked_sub(limits::DIAGNOSTICS_SHOWN).filter(|more| *more > 0) {
        text.push_str(&format!("\nand {more} more\n"));
    }
    text
}

fn group(diagnostic: &Diagnostic, width: usize) -> Group<'static> {
    let title = Level::ERROR.primary_title(harmless(&diagnostic.message)).id(diagnostic.code);
    let mut group = Group::with_title(title);
    if let Some(place) = &diagnostic.place {
        let (line, column) = place.source.line_column(place.span.start);
        let name = harmless(&place.source.name);
        group = match Window::of(place, width) {
            Some(window) => {
                let label = (!diagnostic.label.is_empty()).then(|| harmless(&diagnostic.label));
                let annotation = AnnotationKind::Primary.span(window.span).label(label);
                group.element(Snippet::source(window.text).path(name).line_start(line).annotation(annotation))
            }
            None => group.element(Origin::path(name).line(line).char_column(column)),
        };
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(harmless(help))),
        None => group,
    }
}

/// The first line of a place, and what is marked in it.
struct Window {
    text: String,
    span: std::ops::Range<usize>,
}

impl Window {
    /// `None` where so much stands before the place on its line that looking at it would take long.
    fn of(place: &Place, width: usize) -> Option<Window> {
        let text = place.source.text.as_str();
        let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let start = floor(place.span.start);
        let end = floor(place.span.end.max(start));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        if start - line_start > limits::LINE_BYTES {
            return None;
        }
        let to = line_end.min(floor(start + 4 * width.max(limits::DIAGNOSTIC_WIDTH))).max(start);
        let mut window = Window { text: String::new(), span: 0..0 };
        for (at, character) in text[line_start..to].char_indices() {
            if line_start + at == start {
                window.span.start = window.text.len();
            }
            window.text.push(if is_harmful(character) && character != '\t' { '\u{fffd}' } else { character });
            if line_start + at < end {
                window.span.end = window.text.len();
            }
        }
        if start == to {
            window.span.start = window.text.len();
        }
        window.span.end = window.span.end.max(window.span.start);
        Some(window)
    }
}

/// A text without anything that a terminal would obey or that would hide other text.
fn harmless(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars().take(limits::SHOWN_BYTES) {
        if is_harmful(character) {
            safe.extend(character.escape_default());
        } else {
            safe.push(character);
        }
    }
    safe
}

fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Source, Span};

    fn at(text: &str, marked: &str) -> Diagnostic {
        let start = text.find(marked).unwrap();
        let span = Span { start, end: start + marked.len() };
        Diagnostic::at("unknown-key", "a step has no key `cal`", Place { source: Source::new("a.yaml", text), span })
    }

    #[test]
    fn a_diagnostic_looks_like_one_of_rustc() {
        let diagnostic = at("steps:\n  - cal: x\n", "cal").label("here").help("did you mean `call`?");
        insta::assert_snapshot!(render(&[diagnostic], false, 100), @r"
        error[unknown-key]: a step has no key `cal`
         --> a.yaml:2:5
          |
        2 |   - cal: x
          |     ^^^ here
          |
          = help: did you mean `call`?
        ");
    }

    #[test]
    fn what_has_no_place_comes_first_and_the_rest_by_place() {
        let text = "a: 1\nb: 2\n";
        let lines = [at(text, "b"), at(text, "a: 1\nb"), Diagnostic::new("flag", "--target is empty")];
        insta::assert_snapshot!(render(&lines, false, 100), @r"
        error[flag]: --target is empty

        error[unknown-key]: a step has no key `cal`
         --> a.yaml:1:1
          |
        1 | a: 1
          | ^^^^

        error[unknown-key]: a step has no key `cal`
         --> a.yaml:2:1
          |
        2 | b: 2
          | ^
        ");
    }

    #[test]
    fn nothing_of_the_authors_moves_the_cursor_or_hides_text() {
        let text = "a\u{1b}[31m\u{9b}2J\tx\u{202e}y: \u{7}\r\n";
        let mut diagnostic = at(text, "x").label("\u{1b}[0m\nz").help("\u{202e}\u{200b}\r");
        diagnostic.message = "bad\u{1b}]0;x\u{7}".to_owned();
        let shown = render(&[diagnostic], false, 100);
        assert!(shown.chars().all(|c| c == '\n' || !is_harmful(c)), "{shown:?}");
        assert!(shown.contains("bad\\u{1b}]0;x\\u{7}"), "{shown}");
    }

    #[test]
    fn long_lines_and_places_at_their_ends_are_cut_and_not_sliced() {
        let long = format!("{}x{}é", "é".repeat(100_000), "b".repeat(100_000));
        let shown = render(&[at(&long, "x")], false, 80);
        assert!(shown.lines().all(|line| line.chars().count() < 400), "{shown}");
        assert!(shown.contains("a.yaml:1:100001"), "{shown}");
        let long = format!("{}x{}é", "é".repeat(5_000), "b".repeat(100_000));
        let shown = render(&[at(&long, "x")], false, 80);
        assert!(shown.lines().all(|line| line.chars().count() < 400), "{shown}");
        assert!(shown.contains("a.yaml:1:5001") && shown.contains("...éé"), "{shown}");
        let source = Source::new("a", "ab\né");
        for start in 0..9 {
            for end in 0..9 {
                let place = Place { source: source.clone(), span: Span { start, end } };
                assert!(render(&[Diagnostic::at("x", "y", place)], true, 0).contains("error"));
            }
        }
    }

    #[test]
    fn a_flood_is_counted() {
        let many = vec![Diagnostic::new("flag", "x"); limits::DIAGNOSTICS_SHOWN + 7];
        let shown = render(&many, false, 100);
        assert!(shown.ends_with("\nand 7 more\n"), "{shown}");
        assert_eq!(shown.matches("error[flag]").count(), limits::DIAGNOSTICS_SHOWN);
        assert_eq!(render(&[], false, 100), "");
    }
}
