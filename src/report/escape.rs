//! Escaping: text of whatever origin, as each format may hold it, with nothing in it that a reader would obey.

use std::fmt::{self, Write as _};

use crate::limits;

/// Whether a character would act on what shows it, or may stand in no XML: controls, what turns the direction of
/// writing or has no width, and what is no character.
fn acts(c: char) -> bool {
    let hidden = matches!(c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
        | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}');
    c.is_control() || hidden || u32::from(c) & 0xfffe == 0xfffe
}

/// The text on one line.
pub(super) fn line(text: &str) -> String {
    cleaned(text, |_| false)
}

/// The text, its line feeds kept.
pub(crate) fn block(text: &str) -> String {
    cleaned(text, |c| c == '\n')
}

/// The text without commands of the runner's older kind, `##[`, which GitHub Actions obeys anywhere on a line.
pub(super) fn unmarked(text: &str) -> String {
    text.replace("##[", "# #[")
}

/// The text as it may stand in a log of GitHub Actions, which obeys `::command::` at the begin of a line, too.
pub(crate) fn log(text: &str) -> String {
    let line = |line: &str| {
        let line = unmarked(line);
        if line.trim_start().starts_with("::") { line.replacen("::", ": :", 1) } else { line }
    };
    text.split_inclusive('\n').map(line).collect()
}

fn cleaned(text: &str, keep: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len().min(limits::REPORT_TEXT));
    for (count, c) in text.chars().enumerate() {
        if count == limits::REPORT_TEXT {
            let _ = write!(shown, "… ({} bytes in all)", text.len());
            break;
        }
        if acts(c) && !keep(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

/// A document of JSON, in whose texts what acts is written by its number; it says the same.
pub(super) fn json(document: &str) -> String {
    let mut shown = String::with_capacity(document.len());
    for c in document.chars() {
        // A line feed stands between its members alone.
        if c == '\n' || !acts(c) {
            shown.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| shown.push_str(&format!("\\u{unit:04x}")));
        }
    }
    shown
}

/// Writes its text as content or attribute of XML and HTML, on one line.
pub(super) struct Xml<'a>(pub &'a str);

/// Writes its text as content of XML and HTML, its line feeds kept.
pub(super) struct XmlBlock<'a>(pub &'a str);

impl fmt::Display for Xml<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        xml(&line(self.0), f)
    }
}

impl fmt::Display for XmlBlock<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        xml(&block(self.0), f)
    }
}

fn xml(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    for c in text.chars() {
        match c {
            '&' => f.write_str("&amp;")?,
            '<' => f.write_str("&lt;")?,
            '>' => f.write_str("&gt;")?,
            '"' => f.write_str("&quot;")?,
            '\'' => f.write_str("&#39;")?,
            c => f.write_char(c)?,
        }
    }
    Ok(())
}

/// The text as words of Markdown: nothing in it is markup, a link or a mention.
pub(super) fn markdown(text: &str) -> String {
    let mut shown = String::new();
    for c in line(text).chars() {
        match c {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '@' => shown.push_str("&#64;"),
            // What would be made a link without any markup.
            ':' => shown.push_str("&#58;"),
            '.' | '-' | '/' | '=' | ',' | ';' | '(' | ')' | '?' | ' ' => shown.push(c),
            c if c.is_ascii_punctuation() => shown.extend(['\\', c]),
            c => shown.push(c),
        }
    }
    // Of two dots and a name a reader makes a link.
    shown.replace("www.", "www&#46;")
}

/// The text as a block of code in Markdown, under a fence that does not come in it.
pub(super) fn fenced(text: &str) -> String {
    let text = block(text);
    let mut longest = 2;
    let mut run = 0;
    for c in text.chars() {
        run = if c == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat(longest + 1);
    format!("{fence}text\n{}\n{fence}\n", text.trim_end_matches('\n'))
}

/// The text as part of an id or of a reference within a page: letters, digits and `/._-`, all else as `~` and its number.
pub(super) fn anchor(text: &str) -> String {
    let mut name = String::new();
    for c in text.chars().take(limits::REPORT_TEXT) {
        if c.is_ascii_alphanumeric() || "/._-".contains(c) {
            name.push(c);
        } else {
            let _ = write!(name, "~{:x}.", u32::from(c));
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_acts_stays_and_long_texts_end() {
        for (name, given, shown) in [
            ("an escape sequence", "\u{1b}[2J", "\\u{1b}[2J"),
            ("a line", "a\nb\r", "a\\nb\\r"),
            ("the end of a text in C", "a\0", "a\\u{0}"),
            ("from right to left", "\u{202e}a", "\\u{202e}a"),
            ("no character", "\u{fffe}\u{1ffff}", "\\u{fffe}\\u{1ffff}"),
            ("letters", "é 汉 ¶", "é 汉 ¶"),
        ] {
            assert_eq!(line(given), shown, "{name}");
        }
        assert_eq!(block("a\n\tb"), "a\n\\tb");
        let long = line(&"é".repeat(100_000));
        assert!(long.ends_with("é… (200000 bytes in all)") && long.chars().count() < limits::REPORT_TEXT + 40);
    }

    #[test]
    fn what_a_target_says_is_no_command_of_a_workflow() {
        let text = "FAIL a\n  ::error::x ::y\n::stop-commands::z\nb ##[warning]c ##[d\n  = clause: a::b\n";
        let told = "FAIL a\n  : :error::x ::y\n: :stop-commands::z\nb # #[warning]c # #[d\n  = clause: a::b\n";
        assert_eq!(log(text), told);
    }

    #[test]
    fn markup_is_text() {
        assert_eq!(Xml("<a href='x'>&\"").to_string(), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;");
        assert_eq!(XmlBlock("]]>\n").to_string(), "]]&gt;\n");
        assert_eq!(markdown("*a* <b> [c](d) @e"), "\\*a\\* &lt;b&gt; \\[c\\](d) &#64;e");
        assert_eq!(fenced("a\n```\nb\n"), "````text\na\n```\nb\n````\n");
        assert_eq!(anchor("end/a b%"), "end/a~20.b~25.");
    }
}
