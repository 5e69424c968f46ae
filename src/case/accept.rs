//! Changing the text of a baseline: entries added and taken out, every other line left as it is.

use std::fmt::Write as _;

use super::baseline::{Baseline, Entry};
use super::write::quoted;
use crate::source::Span;

/// What a new baseline begins with.
const HEAD: &str = "# Findings that are known and accepted: `endspec run --baseline FILE`.\n\
                    # An entry that no longer fails, or whose day is over, fails the run.\nknown:\n";
/// Columns before the hyphen of an entry.
const INDENT: usize = 2;

/// The text of a new baseline.
pub fn new(entries: &[Entry]) -> String {
    format!("{HEAD}{}", written(entries, INDENT, "\n"))
}

/// The text with entries after those that it has.
///
/// # Errors
/// Its last entry, where that does not begin with a hyphen on its line.
pub fn with(baseline: &Baseline, entries: &[Entry]) -> Result<String, Span> {
    let text = baseline.source.text.as_str();
    let line_end = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines = Lines::of(text);
    let (mut kept, after, indent) = match baseline.entries.last() {
        Some(last) => {
            let indent = lines.hyphen(last.span).ok_or(last.span)?;
            (text.to_owned(), lines.end(last.span), indent)
        }
        None => {
            // `known: []`: the brackets go, and what follows them on the line stays.
            let mut kept = text.to_owned();
            kept.replace_range(baseline.list.range(), "");
            let end = kept[baseline.list.start..].find('\n').map_or(kept.len(), |at| baseline.list.start + at + 1);
            (kept, end, INDENT)
        }
    };
    let mut more = written(entries, indent, line_end);
    if !kept[..after].ends_with('\n') {
        more.insert_str(0, line_end);
    }
    kept.insert_str(after, &more);
    Ok(kept)
}

/// The text without the entries at these places in their order, and without the comments right above them.
///
/// # Errors
/// The entry that does not begin with a hyphen on its line.
pub fn without(baseline: &Baseline, gone: &[usize]) -> Result<String, Span> {
    let text = baseline.source.text.as_str();
    let lines = Lines::of(text);
    let mut kept = text.to_owned();
    let entries = baseline.entries.iter().enumerate().filter(|(index, _)| gone.contains(index));
    for (index, entry) in entries.rev() {
        lines.hyphen(entry.span).ok_or(entry.span)?;
        let before = index.checked_sub(1).and_then(|index| baseline.entries.get(index));
        let least = before.map_or(lines.end(baseline.key), |before| lines.end(before.span));
        kept.replace_range(lines.begin(entry.span, least)..lines.end(entry.span), "");
    }
    if gone.len() == baseline.entries.len() {
        let colon = text[baseline.key.end..].find(':').map_or(baseline.key.end, |at| baseline.key.end + at + 1);
        kept.insert_str(colon, " []");
    }
    Ok(kept)
}

fn written(entries: &[Entry], indent: usize, line_end: &str) -> String {
    let mut text = String::new();
    for entry in entries {
        let own = [("clause", &entry.clause), ("case", &entry.case), ("reason", &entry.reason)];
        let more = [("ticket", &entry.ticket), ("expires", &entry.expires)];
        let more = more.into_iter().filter_map(|(key, value)| Some((key, value.as_ref()?)));
        for (index, (key, value)) in own.into_iter().chain(more).enumerate() {
            let mark = if index == 0 { "- " } else { "  " };
            let _ = write!(text, "{:indent$}{mark}{key}: {}{line_end}", "", quoted(value));
        }
    }
    text
}

/// Where lines begin and end around places.
struct Lines<'a> {
    text: &'a str,
}

impl Lines<'_> {
    fn of(text: &str) -> Lines<'_> {
        Lines { text }
    }

    fn start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |at| at + 1)
    }

    /// The column of the hyphen that an entry begins with.
    fn hyphen(&self, span: Span) -> Option<usize> {
        let before = &self.text[self.start(span.start)..span.start];
        (before.trim() == "-").then(|| before.len() - before.trim_start().len())
    }

    /// After the last line of something.
    fn end(&self, span: Span) -> usize {
        let last = self.text[..span.end].trim_end().len().max(span.start);
        self.text[last..].find('\n').map_or(self.text.len(), |at| last + at + 1)
    }

    /// Before the first line of an entry, and before the comments right above it, down to `least`.
    fn begin(&self, span: Span, least: usize) -> usize {
        let mut at = self.start(span.start);
        while at > least {
            let above = self.start(at - 1);
            if above < least || !self.text[above..at].trim_start().starts_with('#') {
                break;
            }
            at = above;
        }
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load;
    use crate::source::Source;

    const TEXT: &str = "# Ours.\nknown: # all of it\n\n  # The cache.\n  # Second line.\n  - clause: end/effect/once\n    case: a\n\
                        \x20   reason: |\n      first\n      second\n\n  # Apart.\n\n  - clause: end/effect/once # here\n    case: b # there\n\
                        \x20   reason: r # why\n# Last.\n";

    fn baseline(text: &str) -> Baseline {
        let read = load::baseline::baseline(&Source::new("b.yaml", text), &load::contract::built_in(None));
        read.unwrap_or_else(|mistakes| panic!("{text}: {mistakes:#?}"))
    }

    fn entry(case: &str) -> Entry {
        Entry {
            clause: "end/effect/closes".to_owned(),
            case: case.to_owned(),
            reason: "it's \"known\": #17\nsince spring".to_owned(),
            ticket: Some("4711".to_owned()),
            expires: Some("2027-01-31".to_owned()),
            span: Span::default(),
        }
    }

    #[test]
    fn what_is_taken_out_takes_its_own_comments_along_and_nothing_else() {
        let all = baseline(TEXT);
        let first = TEXT.find("  # The cache.").unwrap()..TEXT.find("\n  # Apart.").unwrap();
        let mut expected = TEXT.to_owned();
        expected.replace_range(first, "");
        assert_eq!(without(&all, &[0]).unwrap(), expected);
        let second = TEXT.find("  - clause: end/effect/once # here").unwrap()..TEXT.find("# Last.").unwrap();
        let mut expected = TEXT.to_owned();
        expected.replace_range(second, "");
        assert_eq!(without(&all, &[1]).unwrap(), expected);
        let none = without(&all, &[0, 1]).unwrap();
        assert_eq!(none, "# Ours.\nknown: [] # all of it\n\n\n  # Apart.\n\n# Last.\n");
        assert!(baseline(&none).entries.is_empty());
    }

    #[test]
    fn what_is_added_stands_after_what_is_there_and_is_read_as_it_was_meant() {
        let files = [
            TEXT.to_owned(),
            TEXT.replace('\n', "\r\n"),
            TEXT.replace("# Last.\n", "").trim_end().to_owned(),
            TEXT.replace("  - ", "- ").replace("    ", "  "),
            "known: []\n".to_owned(),
            "known: [] # none\n# Last.\n".to_owned(),
            "known:\n  []".to_owned(),
        ];
        for text in files {
            let before = baseline(&text);
            let after = with(&before, &[entry("c"), entry("d")]).unwrap();
            let read = baseline(&after);
            let (old, new) = read.entries.split_at(before.entries.len());
            assert!(old.iter().zip(&before.entries).all(|(a, b)| a.says_as(b)), "{after}");
            assert_eq!(new.len(), 2, "{after}");
            assert!(new.iter().zip(["c", "d"]).all(|(a, case)| a.says_as(&entry(case))), "{after}");
            for comment in text.lines().filter_map(|line| line.find('#').map(|at| &line[at..])) {
                assert!(after.contains(comment), "{comment} is lost: {after}");
            }
        }
        assert!(baseline(&new(&[entry("c")])).entries[0].says_as(&entry("c")));
    }

    #[test]
    fn entries_that_share_a_line_are_not_touched() {
        let text = "known: [{ clause: end/effect/once, case: a, reason: b }]\n";
        let all = baseline(text);
        assert!(with(&all, &[entry("c")]).is_err() && without(&all, &[0]).is_err());
    }
}
