//! Writing a case back as the YAML that it would be read from.

use std::fmt::Write as _;

use serde_json::Value;

use super::expectation::{BodyMatch, LookOutcome};
use super::{
    Action, CallStep, Case, Element, Expectation, Flaw, ForEach, LaneChoice, Matchers, OverlapStep, Parameter, Pause,
    RawStep, Step, Template, TextMatch, Values, Workload,
};
use crate::contract::OutcomeRef;
use crate::source::{Source, Span, Spanned};
use crate::wire::{Encoding, Format, Order, Placement, Scheme};

/// Columns that a step's keys are indented by.
const STEP: usize = 4;
/// Longest key that YAML finds without a `?` before it.
const KEY_CHARACTERS: usize = 1_000;

/// The case as YAML. Reading it gives the same case, places apart (see [`without_places`]); every control character is
/// an escape.
pub fn write(case: &Case) -> String {
    let mut text = String::new();
    if let Some(title) = &case.title {
        line(&mut text, 0, "title", &quoted(title));
    }
    line(&mut text, 0, "clauses", &words(case.clauses.iter().map(|clause| clause.value.as_str())));
    if !case.needs.is_empty() {
        line(&mut text, 0, "needs", &words(case.needs.iter().map(|need| need.value.as_str())));
    }
    if !case.occurs.is_empty() {
        line(&mut text, 0, "occurs", &words(case.occurs.iter().map(|situation| situation.value.name())));
    }
    if !case.tags.is_empty() {
        line(&mut text, 0, "tags", &words(case.tags.iter().map(String::as_str)));
    }
    if let Some(axes) = &case.for_each {
        line(&mut text, 0, "for-each", &for_each(axes));
    }
    text.push_str("steps:\n");
    for one in &case.steps {
        let mut keys = String::new();
        step(&mut keys, one);
        text.push_str("  - ");
        text.push_str(keys.trim_start_matches(' '));
    }
    text
}

/// The case with all its places at the start of an empty source: two cases that say the same are then equal.
pub fn without_places(case: &Case) -> Case {
    let mut case = case.clone();
    case.source = Source::new("", "");
    case.clauses.iter_mut().chain(&mut case.needs).for_each(bare);
    case.occurs.iter_mut().for_each(bare);
    if let Some(axes) = &mut case.for_each {
        axes.span = Span::default();
    }
    case.steps.iter_mut().for_each(step_without_places);
    case
}

fn bare<T>(value: &mut Spanned<T>) {
    value.span = Span::default();
}

fn step_without_places(step: &mut Step) {
    step.span = Span::default();
    step.clause.iter_mut().for_each(bare);
    step.expect.iter_mut().for_each(bare);
    match &mut step.action {
        Action::Open(open) => bare(&mut open.name),
        Action::Connect(session) | Action::HangUp(session) => bare(session),
        Action::Overlap(overlap) => overlap.elements.iter_mut().for_each(|element| match element {
            Element::Step(step) => step_without_places(step),
            Element::Script(steps) => steps.iter_mut().for_each(step_without_places),
        }),
        Action::Look(look) => bare(&mut look.session),
        Action::Call(call) => {
            bare(&mut call.operation);
            call.with.iter_mut().for_each(|parameter| bare(&mut parameter.name));
            call.without.iter_mut().for_each(bare);
            call.values.iter_mut().for_each(bare);
            call.capture.iter_mut().for_each(|(name, _)| bare(name));
            if let Some(axes) = &mut call.for_each {
                axes.span = Span::default();
            }
        }
        Action::Raw(_) | Action::Wait(_) | Action::Restart | Action::Workload(_) => {}
    }
}

fn step(text: &mut String, step: &Step) {
    match &step.action {
        Action::Open(open) => {
            line(text, STEP, "open", &quoted(&open.name.value));
            if let Some(region) = &open.region {
                line(text, STEP, "region", &template(region));
            }
        }
        Action::Call(one) => call(text, one),
        Action::Look(look) => {
            line(text, STEP, "look", &quoted(&look.session.value));
            if !look.by.is_empty() {
                line(text, STEP, "by", &words(look.by.iter().map(|via| via.name())));
            }
        }
        Action::Connect(session) => line(text, STEP, "connect", &quoted(&session.value)),
        Action::HangUp(session) => line(text, STEP, "hang-up", &quoted(&session.value)),
        Action::Overlap(one) => overlap(text, one),
        Action::Workload(one) => line(text, STEP, "workload", &workload(*one)),
        Action::Raw(one) => raw(text, one),
        Action::Wait(pause) => line(text, STEP, "wait", &wait(*pause)),
        Action::Restart => line(text, STEP, "restart", "true"),
    }
    if let Some(clause) = &step.clause {
        line(text, STEP, "clause", &quoted(&clause.value));
    }
    if let Some(expect) = &step.expect {
        line(text, STEP, "expect", &expectation(&expect.value));
    }
}

fn call(text: &mut String, call: &CallStep) {
    line(text, STEP, "call", &quoted(&call.operation.value));
    if !call.with.is_empty() {
        let _ = writeln!(text, "{:STEP$}with:", "");
        for Parameter { name, values } in &call.with {
            let value = match values.as_slice() {
                [value] => template(value),
                values => list(values.iter().map(template)),
            };
            line(text, STEP + 2, &name.value, &value);
        }
    }
    if !call.without.is_empty() {
        line(text, STEP, "without", &words(call.without.iter().map(|name| name.value.as_str())));
    }
    if let Some(one) = &call.values {
        line(text, STEP, "values", &values(&one.value));
    }
    if let Some(axes) = &call.for_each {
        line(text, STEP, "for-each", &for_each(axes));
    }
    if let Some(method) = &call.method {
        line(text, STEP, "method", &quoted(method));
    }
    if !call.headers.is_empty() {
        let _ = writeln!(text, "{:STEP$}headers:", "");
        for (name, value) in &call.headers {
            line(text, STEP + 2, name, &template(value));
        }
    }
    if call.lane == LaneChoice::Raw {
        line(text, STEP, "lane", "raw");
    }
    if call.times != 1 {
        line(text, STEP, "times", &call.times.to_string());
    }
    if call.fresh {
        line(text, STEP, "connection", "fresh");
    }
    if call.denied {
        line(text, STEP, "credential", "denied");
    }
    if let [first, ..] = call.sign.as_slice() {
        line(text, STEP, "sign", &mapping([(first.key(), sign(&call.sign))]));
    }
    if !call.capture.is_empty() {
        let members = call.capture.iter().map(|(name, pointer)| (name.value.as_str(), quoted(pointer)));
        line(text, STEP, "capture", &mapping(members));
    }
}

/// The words of one key of `sign`.
fn sign(flaws: &[Flaw]) -> String {
    match flaws {
        [one @ (Flaw::UsedNonce | Flaw::Replayed | Flaw::UnknownKey | Flaw::WrongToken)] => one.word(),
        flaws => list(flaws.iter().map(|flaw| quoted(&flaw.word()))),
    }
}

fn raw(text: &mut String, raw: &RawStep) {
    line(text, STEP, "raw", &template(&raw.bytes));
    if let Some((filler, times)) = &raw.filler {
        line(text, STEP, "filler", &mapping([("text", quoted(filler)), ("times", times.to_string())]));
    }
}

fn overlap(text: &mut String, overlap: &OverlapStep) {
    let _ = writeln!(text, "{:STEP$}overlap:", "");
    let item = |one: &Step| {
        let mut keys = String::new();
        step(&mut keys, one);
        format!("- {}", keys.trim().replace('\n', "\n  "))
    };
    for element in &overlap.elements {
        let written = match element {
            Element::Step(one) => item(one).replace('\n', "\n  "),
            Element::Script(steps) => {
                let steps: Vec<String> = steps.iter().map(|one| item(one).replace('\n', "\n    ")).collect();
                format!("- {}", steps.join("\n        "))
            }
        };
        let _ = writeln!(text, "{:STEP$}  {written}", "");
    }
    if overlap.clients != 1 {
        line(text, STEP, "clients", &overlap.clients.to_string());
    }
}

fn workload(workload: Workload) -> String {
    let Workload { clients, sessions, calls } = workload;
    let members = [("clients", clients), ("sessions", sessions), ("calls", calls)];
    mapping(members.map(|(key, number)| (key, number.to_string())))
}

fn wait(pause: Pause) -> String {
    let duration = match pause {
        Pause::Time(duration) => duration,
        Pause::Settle => return "settle".to_owned(),
        Pause::Long => return "long".to_owned(),
    };
    let milliseconds = duration.as_millis();
    match (milliseconds % 60_000, milliseconds % 1_000) {
        (0, _) if milliseconds > 0 => format!("{}m", milliseconds / 60_000),
        (_, 0) if milliseconds > 0 => format!("{}s", milliseconds / 1_000),
        _ => format!("{milliseconds}ms"),
    }
}

fn values(values: &Values) -> String {
    let kind = if values.valid { "valid" } else { "invalid" };
    if values.classes.is_empty() && values.only.is_empty() {
        return format!("{kind}({})", values.parameter);
    }
    let members = [
        Some((kind, quoted(&values.parameter))),
        (!values.classes.is_empty()).then(|| ("class", words(values.classes.iter().map(|class| class.name())))),
        (!values.only.is_empty()).then(|| ("only", words(values.only.iter().copied()))),
    ];
    mapping(members.into_iter().flatten())
}

fn for_each(axes: &ForEach) -> String {
    fn axis<T: Copy + PartialEq>(
        name: &'static str,
        chosen: Option<&Vec<T>>,
        every: &[T],
        word: impl Fn(T) -> &'static str,
    ) -> Option<(&'static str, String)> {
        let chosen = chosen?;
        let all = chosen == every;
        Some((name, if all { "every".to_owned() } else { words(chosen.iter().map(|value| word(*value))) }))
    }
    let schemes = [Scheme::None, Scheme::V1, Scheme::V3];
    let members = [
        axes.wire.then(|| ("wire", "every".to_owned())),
        axis("placement", axes.placement.as_ref(), &Placement::ALL, Placement::name),
        axis("format", axes.format.as_ref(), &Format::ALL.map(Some), |format| format.map_or("none", Format::name)),
        axis("signature", axes.signature.as_ref(), &schemes, Scheme::name),
        axis("order", axes.order.as_ref(), &Order::ALL, Order::name),
        axis("encoding", axes.encoding.as_ref(), &Encoding::ALL, Encoding::name),
    ];
    mapping(members.into_iter().flatten())
}

fn expectation(expectation: &Expectation) -> String {
    match expectation {
        Expectation::Outcomes(outcomes) => references(outcomes),
        Expectation::Permitted => "permitted".to_owned(),
        Expectation::Repeated { first, last } => mapping([
            ("reading", "repeated-parameter".to_owned()),
            ("first", references(first)),
            ("last", references(last)),
        ]),
        Expectation::Look(look) => match look {
            LookOutcome::Usable => "usable",
            LookOutcome::Unusable => "unusable",
            LookOutcome::Listed => "listed",
            LookOutcome::NotListed => "not-listed",
        }
        .to_owned(),
        Expectation::Matchers(one) => matchers(one),
    }
}

fn references(outcomes: &[OutcomeRef]) -> String {
    match outcomes {
        [outcome] => reference(outcome),
        outcomes => list(outcomes.iter().map(reference)),
    }
}

fn reference(outcome: &OutcomeRef) -> String {
    match outcome {
        OutcomeRef::Named { .. } => quoted(&outcome.to_string()),
        OutcomeRef::Reading { name, argument } => {
            let of = argument.as_ref().map(|argument| ("of", quoted(argument)));
            mapping([("reading", quoted(name))].into_iter().chain(of))
        }
    }
}

fn matchers(matchers: &Matchers) -> String {
    let Matchers { outcomes, status, code, message, schema, headers, body, closed } = matchers;
    let statuses = match status.as_slice() {
        [status] => status.to_string(),
        statuses => list(statuses.iter().map(ToString::to_string)),
    };
    let schema = schema.as_ref().map(|name| quoted(&format!("{}/{}", name.operation, name.part)));
    let headers_of = || mapping(headers.iter().map(|(name, found)| (name.as_str(), text_match(found))));
    let body_of = || mapping(body.iter().map(|(pointer, found)| (pointer.as_str(), body_match(found))));
    let members = [
        (!outcomes.is_empty()).then(|| ("outcome", references(outcomes))),
        (!status.is_empty()).then_some(("status", statuses)),
        code.as_ref().map(|found| ("code", text_match(found))),
        message.as_ref().map(|found| ("message", text_match(found))),
        schema.map(|name| ("schema", name)),
        (!headers.is_empty()).then(|| ("headers", headers_of())),
        (!body.is_empty()).then(|| ("body", body_of())),
        closed.then(|| ("closed", "permitted".to_owned())),
    ];
    mapping(members.into_iter().flatten())
}

fn text_match(found: &TextMatch) -> String {
    match found {
        // Alone it would be the word.
        TextMatch::Equals(text) if text == "absent" => mapping([("one-of", list([quoted(text)]))]),
        TextMatch::Equals(text) => quoted(text),
        TextMatch::OneOf(texts) => mapping([("one-of", list(texts.iter().map(|text| quoted(text))))]),
        TextMatch::StartsWith(text) => mapping([("starts-with", quoted(text))]),
        TextMatch::Contains(text) => mapping([("contains", quoted(text))]),
        TextMatch::Absent => "absent".to_owned(),
    }
}

fn body_match(found: &BodyMatch) -> String {
    match found {
        BodyMatch::Present => "present".to_owned(),
        BodyMatch::Text(TextMatch::Equals(text)) if text == "present" || text == "absent" => {
            mapping([("equals", quoted(text))])
        }
        BodyMatch::Text(found) => text_match(found),
        BodyMatch::Equals(value) => mapping([("equals", json(value))]),
    }
}

fn json(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => quoted(text),
        Value::Array(values) => list(values.iter().map(json)),
        Value::Object(members) if members.is_empty() => "{}".to_owned(),
        Value::Object(members) => mapping(members.iter().map(|(key, value)| (key.as_str(), json(value)))),
    }
}

fn template(template: &Template) -> String {
    quoted(&template.to_string())
}

fn words<'a>(words: impl Iterator<Item = &'a str>) -> String {
    list(words.map(quoted))
}

fn list(values: impl IntoIterator<Item = String>) -> String {
    format!("[{}]", values.into_iter().collect::<Vec<_>>().join(", "))
}

fn mapping<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let members = members.into_iter().map(|(key, value)| format!("{}: {value}", key_of(key)));
    format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
}

fn line(text: &mut String, indent: usize, key: &str, value: &str) {
    let key = key_of(key);
    if key.starts_with("? ") {
        let _ = writeln!(text, "{:indent$}{key}\n{:indent$}: {value}", "", "");
    } else {
        let _ = writeln!(text, "{:indent$}{key}: {value}", "");
    }
}

fn key_of(key: &str) -> String {
    let written = quoted(key);
    if written.chars().count() > KEY_CHARACTERS { format!("? {written}") } else { written }
}

/// The text as YAML: as it is where every reader takes it for a text, else in double quotes.
pub(super) fn quoted(text: &str) -> String {
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '/' | '-' | '(' | ')');
    let word = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/') && text.chars().all(letters);
    // Words with a meaning in some YAML (`true`, `no`, `NaN`) are short and made of letters alone.
    let plain = word && (text.len() > 5 || !means_something(text));
    if plain {
        return text.to_owned();
    }
    let mut written = String::with_capacity(text.len() + 2);
    written.push('"');
    for character in text.chars() {
        match character {
            '"' => written.push_str("\\\""),
            '\\' => written.push_str("\\\\"),
            '\n' => written.push_str("\\n"),
            '\r' => written.push_str("\\r"),
            '\t' => written.push_str("\\t"),
            // Printable ASCII and letters of all alphabets; what is invisible or turns the text is escaped.
            ' '..='~' => written.push(character),
            _ if character.is_alphanumeric() => written.push(character),
            _ => {
                let code = u32::from(character);
                let _ = if code <= 0xff {
                    write!(written, "\\x{code:02x}")
                } else if code <= 0xffff {
                    write!(written, "\\u{code:04x}")
                } else {
                    write!(written, "\\U{code:08x}")
                };
            }
        }
    }
    written.push('"');
    written
}

fn means_something(text: &str) -> bool {
    let words = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", "nan", "inf"];
    words.iter().any(|word| text.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_quoted_where_yaml_would_take_them_for_something_else() {
        for text in ["EndTerminalSession", "near-miss", "/a/b", "missing(RegionId)", "4xx"] {
            let plain = quoted(text) == text;
            assert_eq!(plain, text != "4xx", "{text}");
        }
        for (text, written) in [
            ("", "\"\""),
            ("no", "\"no\""),
            ("NULL", "\"NULL\""),
            ("5", "\"5\""),
            ("a b", "\"a b\""),
            ("a:", "\"a:\""),
            ("\"\\", "\"\\\"\\\\\""),
            ("\0\n\u{1b}\u{85}\u{2028}\u{1f600}é\u{feff}", "\"\\x00\\n\\x1b\\x85\\u2028\\U0001f600é\\ufeff\""),
        ] {
            assert_eq!(quoted(text), written);
        }
    }
}
