//! The expectation of a step: outcome sets, readings, explicit matchers.

use std::sync::Arc;

use serde_json::Value;

use super::seen::{printable, violations};
use super::{Context, Event, Finding, Judgement, Place, Record, Role, Seen, look};
use crate::case::expectation::BodyMatch;
use crate::case::{Action, Case, Expectation, Matchers, Step, TextMatch};
use crate::contract::{Answer, OutcomeRef};
use crate::http::{CauseKind, Exchange, Reply, Request, Response};
use crate::wire::Scheme;

/// Judges every request of a step by what the step expects.
pub fn judge(context: Context<'_>, case: &Arc<Case>, index: usize, records: &[Record], first: usize) -> Judgement {
    let mut judgement = Judgement::default();
    for (offset, record) in records.iter().enumerate() {
        let step = step_of(case, index, record);
        let Some(expectation) = &step.expect else { continue };
        let place = Place { case, record, index: first + offset };
        let clause = record.mutation.as_ref().map_or_else(|| case.clause_of(step), |mutation| mutation.clause);
        match &record.event {
            Event::Look(seen) => look::judge(context, place, clause, seen, &expectation.value, &mut judgement),
            Event::Exchange(exchange) if hangs(exchange) && record.role == Role::Strike => {
                let expected = "an answer, or the end of the connection";
                let finding =
                    Finding::new(context, clause, place, expected, "neither, twice, while others were answered");
                judgement.test(clause, Some(finding));
            }
            Event::Exchange(exchange) if is_judged(records, offset) => {
                judge_exchange(context, place, clause, exchange, &expectation.value, &mut judgement);
            }
            Event::Exchange(_) => {}
        }
    }
    judgement
}

/// The step that a record belongs to: one within the overlap, where it has an index there.
fn step_of<'a>(case: &'a Case, index: usize, record: &Record) -> &'a Step {
    let step = &case.steps[index];
    match (&step.action, record.inner) {
        (Action::Overlap(overlap), Some(inner)) => &overlap.steps[inner],
        _ => step,
    }
}

/// Whether exact bytes were met with waiting.
fn hangs(exchange: &Exchange) -> bool {
    exchange.raw.is_some() && matches!(&exchange.reply, Reply::Lost(cause) if cause.kind == CauseKind::Timeout)
}

/// A step's own request counts, and so does the one sent again after silence: the last of them.
fn is_judged(records: &[Record], at: usize) -> bool {
    let record = &records[at];
    match record.role {
        Role::Judged => !records[at + 1..].iter().any(|later| later.role == Role::Strike && later.item == record.item),
        Role::Strike => {
            let answered = |r: &Record| r.exchange().is_some_and(|e| e.reply.answer().is_some());
            answered(record)
                && !records[at + 1..].iter().any(|r| r.role == Role::Strike && r.item == record.item && answered(r))
        }
        Role::SetUp | Role::Throttled | Role::Probe | Role::CleanUp => false,
    }
}

fn judge_exchange(
    context: Context<'_>,
    place: Place<'_>,
    clause: &str,
    exchange: &Exchange,
    expectation: &Expectation,
    judgement: &mut Judgement,
) {
    let permitted = Permitted::of(context, place.record, &exchange.request, expectation);
    match &exchange.reply {
        // The call that was lost before it may have had its effect: what the next one gets tells nothing.
        Reply::Answered(_) if place.record.role == Role::Strike && place.record.live => {
            let reason = "a call was lost, and whether it ended its session is not known";
            judgement.undecided.insert(format!("{}: {reason}", named(place.record)));
        }
        Reply::Answered(response) => {
            let seen = Seen::of(response);
            judgement.test(clause, permitted.judge(context, place, clause, &seen));
        }
        Reply::Lost(cause) if permitted.closed && cause.kind != CauseKind::Timeout => judgement.tested(clause),
        Reply::Refused(cause) | Reply::Lost(cause) => {
            // Whether silence is a finding is decided by two strikes; here it only means that nothing was learned.
            judgement.undecided.insert(format!("{}: {}", named(place.record), printable(&cause.words, 200)));
        }
    }
}

/// Whether this request may get what it got instead of an answer: the end of the connection, when it is permitted to the
/// request or the request is large (outcome `too-long`). Waiting in vain is never permitted.
pub fn permits_loss(
    context: Context<'_>,
    record: &Record,
    exchange: &Exchange,
    expectation: Option<&Expectation>,
) -> bool {
    let Reply::Lost(cause) = &exchange.reply else { return false };
    let request = &exchange.request;
    let permitted = || expectation.is_some_and(|expect| Permitted::of(context, record, request, expect).closed);
    cause.kind != CauseKind::Timeout && (is_large(request) || permitted())
}

fn named(record: &Record) -> String {
    let step = record.step.map_or_else(String::new, |step| format!("step {}", step + 1));
    if record.item.is_empty() { step } else { format!("{step} ({})", record.item) }
}

/// What an expectation permits of one request.
struct Permitted<'a> {
    answers: Vec<Answer>,
    matchers: Option<&'a Matchers>,
    closed: bool,
    refs: Vec<OutcomeRef>,
}

impl<'a> Permitted<'a> {
    fn of(context: Context<'_>, record: &Record, request: &Request, expectation: &'a Expectation) -> Permitted<'a> {
        let (refs, matchers) = match expectation {
            Expectation::Outcomes(refs) => (refs.clone(), None),
            Expectation::Permitted => (record.mutation.as_ref().map_or_else(Vec::new, |m| m.permits.clone()), None),
            Expectation::Repeated { first, last } => (repeated(context, first, last), None),
            Expectation::Matchers(matchers) => (matchers.outcomes.clone(), Some(&**matchers)),
            Expectation::Look(_) => (Vec::new(), None),
        };
        let mut answers: Vec<Answer> =
            refs.iter().flat_map(|outcome| context.contract.permitted(outcome, context.readings)).collect();
        if !answers.is_empty() && is_large(request) {
            let too_long = OutcomeRef::Named { name: "too-long".to_owned(), argument: None };
            answers.extend(context.contract.permitted(&too_long, context.readings));
        }
        let closed = answers.iter().any(|answer| answer.closed) || matchers.is_some_and(|m| m.closed);
        Permitted { answers, matchers, closed, refs }
    }

    fn judge(&self, context: Context<'_>, place: Place<'_>, clause: &str, seen: &Seen<'_>) -> Option<Finding> {
        if !self.answers.is_empty() && !self.answers.iter().any(|answer| fits(answer, place.record, seen)) {
            let mut finding = Finding::new(context, clause, place, self.words(), actual(place.record, seen));
            finding = finding.shape(seen.words());
            return Some(self.with_readings(context, seen, finding));
        }
        let broken = self.matchers.and_then(|matchers| mismatch(context, matchers, seen));
        broken.map(|(expected, actual)| Finding::new(context, clause, place, expected, actual))
    }

    /// The permitted answers: `404 InvalidSessionId.NotFound, or 400 InvalidSessionId...`.
    fn words(&self) -> String {
        let mut words: Vec<String> = Vec::new();
        for answer in &self.answers {
            let word = answer_words(answer);
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words.join(", or ")
    }

    /// Says which readings are in force, and which other value would permit the answer.
    fn with_readings(&self, context: Context<'_>, seen: &Seen<'_>, mut finding: Finding) -> Finding {
        for outcome in &self.refs {
            let OutcomeRef::Reading { name, .. } = outcome else { continue };
            let value = context.readings.of(name);
            let others =
                context.contract.also_permitted_by(outcome, context.readings, seen.response.status, seen.code());
            let flags: Vec<String> = others.iter().map(|(name, value)| format!("`--reading {name}={value}`")).collect();
            let hint = if flags.is_empty() {
                String::new()
            } else {
                format!("; {} would permit this answer", flags.join(" or "))
            };
            finding = finding.note("reading", format!("{name} = {value}{hint}"));
        }
        finding
    }
}

fn repeated(context: Context<'_>, first: &[OutcomeRef], last: &[OutcomeRef]) -> Vec<OutcomeRef> {
    let refused = [OutcomeRef::Named { name: "refused".to_owned(), argument: None }];
    match context.readings.of("repeated-parameter") {
        "first" => first.to_vec(),
        "last" => last.to_vec(),
        "refused" => refused.to_vec(),
        _ => [first, last, &refused].concat(),
    }
}

/// Outcome `too-long` is permitted besides when target or headers exceed 2 KiB or the body 64 KiB as sent.
fn is_large(request: &Request) -> bool {
    let headers: usize = request.headers.iter().map(|(name, value)| name.len() + value.len() + 4).sum();
    request.target.len() > 2048 || headers > 2048 || request.body.len() > 65_536
}

fn fits(answer: &Answer, record: &Record, seen: &Seen<'_>) -> bool {
    if answer.success {
        return seen.is_ok(record.operation.as_deref());
    }
    if !answer.permits(seen.response.status, seen.code()) {
        return false;
    }
    if answer.envelope && seen.code().is_none() {
        return false;
    }
    match &answer.message_contains_v1 {
        Some(text) if record.form.is_some_and(|form| form.scheme == Scheme::V1) => {
            seen.text("Message").is_some_and(|message| message.contains(text.as_str()))
        }
        _ => true,
    }
}

fn answer_words(answer: &Answer) -> String {
    let codes: Vec<String> = answer.codes.iter().map(ToString::to_string).collect();
    let mut words = answer.status.to_string();
    if answer.success {
        words.push_str(" with RequestId and no error Code");
    } else if !codes.is_empty() {
        words = format!("{words} {}", codes.join(" or "));
    } else if answer.envelope {
        words.push_str(" with the error envelope");
    }
    if answer.closed {
        words.push_str(", or the connection closed");
    }
    words
}

fn actual(record: &Record, seen: &Seen<'_>) -> String {
    match seen.not_ok(record.operation.as_deref()) {
        Some(why) if seen.response.status == 200 => format!("{} {why}", seen.words()),
        _ => seen.words(),
    }
}

/// The first matcher that does not hold: expected, actual.
fn mismatch(context: Context<'_>, matchers: &Matchers, seen: &Seen<'_>) -> Option<(String, String)> {
    let response = seen.response;
    if !matchers.status.is_empty() && !matchers.status.iter().any(|pattern| pattern.fits(response.status)) {
        let expected: Vec<String> = matchers.status.iter().map(ToString::to_string).collect();
        return Some((format!("status {}", expected.join(" or ")), seen.words()));
    }
    let members = [("Code", &matchers.code), ("Message", &matchers.message)];
    for (name, matcher) in members {
        let Some(matcher) = matcher else { continue };
        if !text_fits(matcher, seen.text(name)) {
            return Some((format!("{name} {}", text_words(matcher)), said(name, seen.text(name))));
        }
    }
    for (name, matcher) in &matchers.headers {
        let value = header(response, name);
        if !text_fits(matcher, value.as_deref()) {
            return Some((format!("header {name} {}", text_words(matcher)), said(name, value.as_deref())));
        }
    }
    for (pointer, matcher) in &matchers.body {
        let value = seen.document.as_ref().ok().and_then(|document| document.value.pointer(pointer));
        if !body_fits(matcher, value) {
            let actual = value.map_or_else(|| "nothing".to_owned(), |value| printable(&value.to_string(), 120));
            return Some((format!("member {pointer} {}", body_words(matcher)), format!("{pointer} {actual}")));
        }
    }
    let schema = matchers.schema.as_ref().and_then(|name| context.contract.schemas.get(name));
    let document = seen.document.as_ref().ok();
    schema.and_then(|schema| match document {
        Some(document) => {
            let violation = violations(schema, document).into_iter().next()?;
            Some(("a body valid by its schema".to_owned(), format!("{} at {}", violation.message, violation.instance)))
        }
        None => Some(("a body valid by its schema".to_owned(), seen.words())),
    })
}

fn header(response: &Response, name: &str) -> Option<String> {
    response
        .headers
        .iter()
        .find(|(n, _)| n.eq_ignore_ascii_case(name))
        .map(|(_, value)| String::from_utf8_lossy(value).trim().to_owned())
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

fn body_fits(matcher: &BodyMatch, value: Option<&Value>) -> bool {
    match matcher {
        BodyMatch::Present => value.is_some(),
        BodyMatch::Equals(expected) => value == Some(expected),
        BodyMatch::Text(matcher) => match value {
            Some(Value::String(text)) => text_fits(matcher, Some(text)),
            Some(_) => false,
            None => text_fits(matcher, None),
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
