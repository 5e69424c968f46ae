//! Explicit matchers of an answer: status, code, message, headers, body, schema.

use super::seen::{either, printable, violations};
use super::{Context, Seen};
use crate::case::expectation::BodyMatch;
use crate::case::{Matchers, TextMatch};
use crate::tree::Node;

/// The first matcher that does not hold: expected, actual.
pub(super) fn mismatch(context: Context<'_>, matchers: &Matchers, seen: &Seen<'_>) -> Option<(String, String)> {
    let status = seen.response.status;
    if !matchers.status.is_empty() && !matchers.status.iter().any(|pattern| pattern.fits(status)) {
        let expected: Vec<String> = matchers.status.iter().map(ToString::to_string).collect();
        return Some((format!("status {}", either(&expected)), seen.words()));
    }
    let members = [("Code", &matchers.code), ("Message", &matchers.message)];
    for (name, matcher) in members {
        let Some(matcher) = matcher else { continue };
        if !text_fits(matcher, seen.text(name)) {
            return Some((format!("{name} {}", text_words(matcher)), said(name, seen.text(name))));
        }
    }
    for (name, matcher) in &matchers.headers {
        let value = seen.field(name);
        if !text_fits(matcher, value.as_deref()) {
            return Some((format!("header {name} {}", text_words(matcher)), said(name, value.as_deref())));
        }
    }
    for (pointer, matcher) in &matchers.body {
        let value = seen.document().as_ref().ok().and_then(|document| document.value().pointer(pointer));
        if !body_fits(matcher, value) {
            let actual = value.map_or_else(|| "nothing".to_owned(), |value| printable(&value.to_string(), 120));
            return Some((format!("member {pointer} {}", body_words(matcher)), format!("{pointer} {actual}")));
        }
    }
    let schema = matchers.schema.as_ref().and_then(|name| context.contract.schemas.get(name));
    let document = seen.document().as_ref().ok();
    schema.and_then(|schema| match document {
        Some(document) => {
            let violation = violations(schema, document).into_iter().next()?;
            Some(("a body valid by its schema".to_owned(), format!("{} at {}", violation.message, violation.instance)))
        }
        None => Some(("a body valid by its schema".to_owned(), seen.words())),
    })
}

fn said(name: &str, value: Option<&str>) -> String {
    value.map_or_else(|| format!("no {name}"), |value| format!("{name} `{}`", printable(value, 200)))
}

fn text_fits(matcher: &TextMatch, value: Option<&str>) -> bool {
    match (matcher, value) {
        (TextMatch::Absent, value) => value.is_none(),
        (_, None) => false,
        (TextMatch::Equals(text), Some(value)) => text == value,
        (TextMatch::OneOf(list), Some(value)) => list.iter().any(|text| text == value),
        (TextMatch::StartsWith(text), Some(value)) => value.starts_with(text.as_str()),
        (TextMatch::Contains(text), Some(value)) => value.contains(text.as_str()),
    }
}

fn text_words(matcher: &TextMatch) -> String {
    match matcher {
        TextMatch::Equals(text) => format!("`{text}`"),
        TextMatch::OneOf(list) => format!("one of `{}`", list.join("`, `")),
        TextMatch::StartsWith(text) => format!("starting with `{text}`"),
        TextMatch::Contains(text) => format!("containing `{text}`"),
        TextMatch::Absent => "absent".to_owned(),
    }
}

fn body_fits(matcher: &BodyMatch, value: Option<Node<'_>>) -> bool {
    match matcher {
        BodyMatch::Present => value.is_some(),
        BodyMatch::Equals(expected) => value.is_some_and(|value| value.to_value() == *expected),
        BodyMatch::Text(matcher) => match (value, value.and_then(Node::as_str)) {
            (_, Some(text)) => text_fits(matcher, Some(text)),
            (Some(_), None) => false,
            (None, None) => text_fits(matcher, None),
        },
    }
}

fn body_words(matcher: &BodyMatch) -> String {
    match matcher {
        BodyMatch::Present => "present".to_owned(),
        BodyMatch::Equals(value) => format!("equal to {value}"),
        BodyMatch::Text(matcher) => text_words(matcher),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::case::Expectation;

    /// What the first matcher that does not hold expected.
    fn expected(matchers: &str) -> Option<String> {
        let case = sample::call("end/session/unknown", matchers);
        let Some(Expectation::Matchers(matchers)) = case.steps[0].expect.as_ref().map(|expect| &expect.value) else {
            panic!("no matchers: {matchers}");
        };
        let mut response = sample::not_found();
        response.headers.push("X-Odd", b" a\xff ");
        mismatch(sample::context(), matchers, &Seen::of(&response)).map(|(expected, _)| expected)
    }

    #[test]
    fn each_matcher_says_what_it_expected() {
        let rows = [
            ("{ status: 404 }", None),
            ("{ status: [400, 4xx] }", None),
            ("{ status: [400, 5xx] }", Some("status 400 or 5xx")),
            ("{ code: InvalidSessionId.NotFound }", None),
            ("{ code: invalidsessionid.notfound }", Some("Code `invalidsessionid.notfound`")),
            ("{ code: { starts-with: InvalidSessionId } }", None),
            ("{ code: { starts-with: NotFound } }", Some("Code starting with `NotFound`")),
            ("{ code: { one-of: [A, B] } }", Some("Code one of `A`, `B`")),
            ("{ code: absent }", Some("Code absent")),
            ("{ message: { contains: does not } }", None),
            ("{ message: { contains: Does Not } }", Some("Message containing `Does Not`")),
            ("{ headers: { CONTENT-TYPE: { starts-with: application/json } } }", None),
            ("{ headers: { x-odd: { starts-with: a } } }", None),
            ("{ headers: { x-none: absent } }", None),
            ("{ headers: { x-none: a } }", Some("header x-none `a`")),
            ("{ body: { /HostId: present } }", None),
            ("{ body: { /HostId: { equals: h } } }", None),
            ("{ body: { /HostId: { equals: 1 } } }", Some("member /HostId equal to 1")),
            ("{ body: { /Nothing: absent } }", None),
            ("{ body: { /Nothing: present } }", Some("member /Nothing present")),
            ("{ schema: Error/error }", None),
            ("{ schema: StartTerminalSession/success }", Some("a body valid by its schema")),
        ];
        for (matchers, wanted) in rows {
            assert_eq!(expected(matchers).as_deref(), wanted, "{matchers}");
        }
    }

    #[test]
    fn nothing_in_an_unreadable_body_matches() {
        let html = sample::answer(404, "<html><br>");
        let matchers = Matchers { code: Some(TextMatch::Absent), ..Matchers::default() };
        assert_eq!(mismatch(sample::context(), &matchers, &Seen::of(&html)), None);
        let schema = sample::contract().schemas.keys().next().cloned();
        let matchers = Matchers { schema, ..Matchers::default() };
        assert!(mismatch(sample::context(), &matchers, &Seen::of(&html)).is_some());
    }
}
