//! Lines of the terminal report: wrapping, lists that end, colours.

use super::Style;

/// Words in lines of at most `width` columns; a word that is longer has a line of its own.
pub(super) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A label and words after it, further lines under the words.
pub(super) fn entry(label: &str, column: usize, words: &str, style: Style, text: &mut String) {
    let lines = wrap(words, style.width.saturating_sub(column).max(40));
    for (index, line) in lines.iter().enumerate() {
        let label = if index == 0 { label } else { "" };
        text.push_str(format!("{label:column$}{line}").trim_end());
        text.push('\n');
    }
}

/// At most so many words, the rest counted.
pub(super) fn some(words: &[&str], most: usize) -> String {
    let shown = words.iter().take(most).copied().collect::<Vec<_>>().join(", ");
    // One more is no shorter than its name.
    if words.len() > most + 1 { format!("{shown} and {} more", words.len() - most) } else { words.join(", ") }
}

/// `1 clause`, `2 clauses`.
pub(super) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
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
    fn lists_end_where_counting_is_shorter() {
        assert_eq!(some(&["a", "b", "c"], 2), "a, b, c");
        assert_eq!(some(&["a", "b", "c", "d"], 2), "a, b and 2 more");
    }
}
