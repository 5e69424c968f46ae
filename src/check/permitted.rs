//! What an expectation permits of one request: outcomes and readings, and `too-long` besides for large ones.

use super::{Context, Finding, Place, Record, Seen, answer, asked, matchers};
use crate::case::{Expectation, Matchers};
use crate::contract::{Answer, OutcomeRef, outcome};
use crate::http::{Cause, CauseKind, Exchange, Reply, Request};
use crate::wire::Scheme;

/// What an expectation permits of one request.
pub(super) struct Permitted<'a> {
    answers: Vec<Answer>,
    matchers: Option<&'a Matchers>,
    /// The case permits the end of the connection instead of an answer.
    closed: bool,
    /// The request is so large that outcome `too-long` is permitted besides.
    large: bool,
    refs: Vec<OutcomeRef>,
    /// The reading `repeated-parameter` is asked.
    repeated: bool,
}

impl<'a> Permitted<'a> {
    pub(super) fn of(
        context: Context<'_>,
        record: &Record,
        request: &Request,
        expectation: &'a Expectation,
    ) -> Permitted<'a> {
        let (refs, matchers) = match expectation {
            Expectation::Outcomes(refs) => (refs.clone(), None),
            Expectation::Permitted => (record.mutation.as_ref().map_or_else(Vec::new, |m| m.permits.clone()), None),
            Expectation::Repeated { first, last } => (repeated(context, first, last), None),
            Expectation::Matchers(matchers) => (matchers.outcomes.clone(), Some(&**matchers)),
            Expectation::Look(_) => (Vec::new(), None),
        };
        let mut answers: Vec<Answer> =
            refs.iter().flat_map(|outcome| context.contract.permitted(outcome, context.readings)).collect();
        let large = !answers.is_empty() && asked::is_large(request);
        if large {
            let too_long = OutcomeRef::Named { name: "too-long".to_owned(), argument: None };
            answers.extend(context.contract.permitted(&too_long, context.readings));
        }
        let closed = matchers.is_some_and(|matchers| matchers.closed);
        let repeated = matches!(expectation, Expectation::Repeated { .. });
        Permitted { answers, matchers, closed, large, refs, repeated }
    }

    /// The finding, unless the answer is one of those permitted.
    pub(super) fn judge(
        &self,
        context: Context<'_>,
        place: Place<'_>,
        clause: &str,
        seen: &Seen<'_>,
    ) -> Option<Finding> {
        if !self.answers.is_empty() && !self.answers.iter().any(|answer| fits(answer, place.record, seen)) {
            let mut finding = Finding::new(context, clause, place, self.words(), actual(place.record, seen));
            finding = finding.shape(seen.words());
            return Some(self.with_readings(context, seen, finding));
        }
        let broken = self.matchers.and_then(|matchers| matchers::mismatch(context, matchers, seen));
        broken.map(|(expected, actual)| Finding::new(context, clause, place, expected, actual))
    }

    /// The kind of an answer: the outcome, or the value of a reading, that permits it.
    pub(super) fn kind(&self, seen: &Seen<'_>) -> Option<&str> {
        let (status, code) = seen.kind();
        outcome::kind(&self.answers, status, code.as_deref())
    }

    /// Whether the end of the connection instead of a whole answer is permitted. Waiting in vain never is.
    pub(super) fn permits_end(&self, exchange: &Exchange) -> bool {
        match &exchange.reply {
            Reply::Lost(cause) if cause.kind == CauseKind::Timeout => false,
            Reply::Lost(cause) => self.closed || (self.large && closes_too_long(cause)),
            // To exact bytes, what stands in front says 502 where the endpoint behind it closed.
            Reply::Answered(_) => self.closed && exchange.raw.is_some(),
            Reply::Refused(_) => false,
        }
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
        if self.repeated {
            let value = context.readings.of("repeated-parameter");
            finding = finding.note("reading", format!("repeated-parameter = {value}"));
        }
        finding
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
    let permitted = |expect| Permitted::of(context, record, &exchange.request, expect).permits_end(exchange);
    (asked::is_large(&exchange.request) && closes_too_long(cause)) || expectation.is_some_and(permitted)
}

/// Whether the connection ended before any status line or after one of `too-long`.
fn closes_too_long(cause: &Cause) -> bool {
    cause.kind != CauseKind::Timeout && cause.status.is_none_or(asked::is_too_long)
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

fn fits(answer: &Answer, record: &Record, seen: &Seen<'_>) -> bool {
    if answer.success {
        return is_success(record.operation.as_deref(), seen);
    }
    if !answer.permits(seen.response.status, seen.code()) {
        return false;
    }
    match &answer.message_contains_v1 {
        Some(text) if record.form.is_some_and(|form| form.scheme == Scheme::V1) => {
            seen.text("Message").is_some_and(|message| message.contains(text.as_str()))
        }
        _ => true,
    }
}

/// Whether an answer is a success to whoever asked what became of the call. What else its body must hold breaks a clause
/// of its own, which every answer of these operations is judged by.
fn is_success(operation: Option<&str>, seen: &Seen<'_>) -> bool {
    if operation.is_some_and(|name| answer::success_clause(name).is_some()) {
        seen.response.status == 200 && !seen.says_error()
    } else {
        seen.is_ok(operation)
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
