//! Texts with `{{variables}}`.

use std::fmt;
use std::ops::Range;

/// A text with variables in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Template {
    /// Its parts in order.
    pub parts: Vec<Part>,
}

/// A stretch of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Text to the letter.
    Text(String),
    /// A variable.
    Variable(Variable),
}

/// A variable: `{{region}}`, `{{victim.SessionId}}`, `{{captured}}`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Variable {
    /// Name of a session, a capture, or of one of [`BUILT_IN`].
    pub name: String,
    /// Member of a session: one of [`SESSION_MEMBERS`].
    pub member: Option<String>,
}

/// Variables that every run has. `unknown` is a session that was never issued: it has a SessionId alone.
pub const BUILT_IN: [&str; 7] =
    ["region", "other-region", "unsupported-region", "instance-id", "host", "path", "unknown"];

/// Members of a session.
pub const SESSION_MEMBERS: [&str; 3] = ["SessionId", "SecurityToken", "WebSocketUrl"];

impl fmt::Display for Variable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        match &self.member {
            Some(member) => write!(f, ".{member}"),
            None => Ok(()),
        }
    }
}

/// Why a text is no template: the words, and the byte range within the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TemplateError {
    /// What is wrong.
    pub message: String,
    /// Where in the text.
    pub range: Range<usize>,
}

impl Template {
    /// Reads a text; `{{` opens a variable, `}}` closes it, and `{{'...'}}` is the text between the quotes, which may
    /// hold what would otherwise open a variable.
    ///
    /// # Errors
    /// An unclosed or empty variable, or one with more than one dot.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        Template::parse_with_ranges(text).map(|(template, _)| template)
    }

    /// As [`Template::parse`], with the byte range within the text of every part.
    ///
    /// # Errors
    /// As [`Template::parse`].
    pub fn parse_with_ranges(text: &str) -> Result<(Template, Vec<Range<usize>>), TemplateError> {
        let mut parts: Vec<Part> = Vec::new();
        let mut ranges: Vec<Range<usize>> = Vec::new();
        let literal = |parts: &mut Vec<Part>, ranges: &mut Vec<Range<usize>>, more: &str, range: Range<usize>| match (
            parts.last_mut(),
            ranges.last_mut(),
        ) {
            (Some(Part::Text(last)), Some(place)) => {
                last.push_str(more);
                place.end = range.end;
            }
            _ => {
                parts.push(Part::Text(more.to_owned()));
                ranges.push(range);
            }
        };
        let mut at = 0;
        while let Some(open) = text[at..].find("{{").map(|i| i + at) {
            let error = |message: &str, end| TemplateError { message: message.to_owned(), range: open..end };
            if open > at {
                literal(&mut parts, &mut ranges, &text[at..open], at..open);
            }
            if let Some(quoted) = text[open + 2..].strip_prefix('\'') {
                let end = quoted.find("'}}").ok_or_else(|| error("`{{'` is never closed by `'}}`", text.len()))?;
                at = open + 3 + end + 3;
                literal(&mut parts, &mut ranges, &quoted[..end], open..at);
                continue;
            }
            let close =
                text[open..].find("}}").map(|i| i + open).ok_or_else(|| error("`{{` is never closed", text.len()))?;
            let inner = text[open + 2..close].trim();
            let (name, member) = match inner.split_once('.') {
                Some((name, member)) => (name, Some(member.to_owned())),
                None => (inner, None),
            };
            if name.is_empty() || member.as_deref().is_some_and(|m| m.is_empty() || m.contains('.')) {
                return Err(error("a variable is written `{{name}}` or `{{session.Member}}`", close + 2));
            }
            parts.push(Part::Variable(Variable { name: name.to_owned(), member }));
            at = close + 2;
            ranges.push(open..at);
        }
        if at < text.len() {
            literal(&mut parts, &mut ranges, &text[at..], at..text.len());
        }
        Ok((Template { parts }, ranges))
    }

    /// A template without variables.
    pub fn literal(text: impl Into<String>) -> Template {
        let text = text.into();
        Template { parts: if text.is_empty() { Vec::new() } else { vec![Part::Text(text)] } }
    }

    /// The variables in it.
    pub fn variables(&self) -> impl Iterator<Item = &Variable> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(variable) => Some(variable),
            Part::Text(_) => None,
        })
    }

    /// The text, every variable replaced by what `value` says of it.
    ///
    /// # Errors
    /// The first variable that `value` does not know.
    pub fn fill(&self, mut value: impl FnMut(&Variable) -> Option<String>) -> Result<String, Variable> {
        let mut text = String::new();
        for part in &self.parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Variable(variable) => text.push_str(&value(variable).ok_or_else(|| variable.clone())?),
            }
        }
        Ok(text)
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.parts.iter().enumerate() {
            match part {
                Part::Variable(variable) => write!(f, "{{{{{variable}}}}}")?,
                Part::Text(text) => {
                    let text = text.replace("{{", "{{'{{'}}");
                    // Before a variable's own braces a last one would open it too early.
                    match text.strip_suffix('{') {
                        Some(rest) if index + 1 < self.parts.len() => write!(f, "{rest}{{{{'{{'}}}}")?,
                        _ => f.write_str(&text)?,
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_filled_and_written_back() {
        let template = Template::parse("a {{ region }}-{{victim.SessionId}}").unwrap();
        let text = template.fill(|v| Some(format!("<{v}>"))).unwrap();
        assert_eq!(text, "a <region>-<victim.SessionId>");
        assert_eq!(template.to_string(), "a {{region}}-{{victim.SessionId}}");
    }

    #[test]
    fn texts_that_look_like_variables_survive_being_written() {
        let variable = || Part::Variable(Variable { name: "region".into(), member: None });
        for text in ["{{", "{", "{{{", "a{{7*7}}b", "{{'", "}}", "'}}"] {
            let template = Template { parts: vec![Part::Text(text.to_owned()), variable()] };
            assert_eq!(Template::parse(&template.to_string()), Ok(template), "{text}");
            let template = Template { parts: vec![variable(), Part::Text(text.to_owned())] };
            assert_eq!(Template::parse(&template.to_string()), Ok(template), "{text}");
        }
    }

    #[test]
    fn broken_templates_are_refused_with_their_range() {
        for (text, range) in [("x {{a", 2..5), ("{{}}", 0..4), ("{{a.}}", 0..6), ("{{a.b.c}}", 0..9), ("{{'a}}", 0..6)]
        {
            assert_eq!(Template::parse(text).unwrap_err().range, range, "{text}");
        }
    }
}
