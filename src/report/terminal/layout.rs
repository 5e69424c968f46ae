//! Lines of the terminal report: wrapping, lists that end, colours.

use super::Style;

/// Fewer columns than these are not kept to: words would stand one below the other.
pub(super) const NARROWEST: usize = 24;

/// Words in lines of at most `width` columns; a word that is longer has a line of its own. What stands between back-ticks
/// is one word where it fits a line, so that it can be copied.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in quotes_whole(text, width) {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

fn quotes_whole(text: &str, width: usize) -> Vec<String> {
    let is_open = |word: &str| word.matches('`').count() % 2 == 1;
    let parts: Vec<&str> = text.split(' ').collect();
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(first) = parts.get(at) {
        let closed = parts[at + 1..].iter().position(|word| is_open(word)).filter(|_| is_open(first));
        let whole = closed.map(|more| parts[at..=at + 1 + more].join(" "));
        let word = whole.filter(|whole| whole.chars().count() <= width).unwrap_or_else(|| (*first).to_owned());
        at += 1 + word.matches(' ').count();
        words.push(word);
    }
    words
}

/// Lines of at most `width` columns in all, those after the first indented.
pub(super) fn indented(text: &str, column: usize, width: usize) -> String {
    wrap(text, width.saturating_sub(column).max(NARROWEST)).join(&format!("\n{:column$}", ""))
}

/// A label and words from `column` on, in lines of at most `width` columns.
pub(crate) fn entry_of(label: &str, column: usize, words: &str, width: usize) -> String {
    format!("{label:column$}{}\n", indented(words, column, width))
}

/// A label and words after it, further lines under the words.
pub(super) fn entry(label: &str, column: usize, words: &str, style: Style, text: &mut String) {
    text.push_str(&entry_of(label, column, words, style.width));
}

/// At most so many words, the rest counted.
pub(super) fn some(words: &[&str], most: usize) -> String {
    let shown = words.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    // One more is no shorter than its name.
    if words.len() > most + 1 { format!("{shown} and {} more", words.len() - most) } else { words.join(", ") }
}

pub(super) fn paint(text: &str, code: &str, style: Style) -> String {
    if style.color { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_wrap_and_long_ones_stand_alone() {
        assert_eq!(wrap("a bb ccc dddddddd e", 6), ["a bb", "ccc", "dddddddd", "e"]);
        assert_eq!(wrap("", 6), [""]);
    }

    #[test]
    fn what_is_quoted_stays_on_one_line_where_it_fits() {
        assert_eq!(wrap("declare `--without xml` now", 15), ["declare", "`--without xml`", "now"]);
        assert_eq!(wrap("declare `--without xml` now", 14), ["declare", "`--without", "xml` now"]);
        assert_eq!(wrap("a ` b c", 3), ["a `", "b c"], "a mark that is never closed quotes nothing");
    }

    #[test]
    fn lists_end_where_counting_is_shorter() {
        assert_eq!(some(&["a", "b", "c"], 2), "a, b, c");
        assert_eq!(some(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
