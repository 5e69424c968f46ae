//! What a target was seen to answer, request by request, and which value of a reading each answer follows: observations to
//! compare two targets by, never a verdict.

use super::expectation::{is_last_attempt, step_of};
use super::permitted::Permitted;
use super::silence::is_silent;
use super::{CaseResult, Context, Event, Manner, Observer, Record, Seen, Sight, asked};
use crate::case::Expectation;
use crate::contract::reading::ANY;
use crate::contract::{OutcomeRef, Readings};
use crate::wire::Format;

/// An answer of a kind that its request permits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Followed {
    /// The clause that the request proves.
    pub clause: String,
    /// Which request of its case it answers; the same of every run of the case with one seed.
    pub request: String,
    /// In words that are the contract's: `404 InvalidSessionId.NotFound`.
    pub answer: String,
    /// Reading and value, where the answer follows one and no other.
    pub reading: Option<(String, String)>,
}

/// All of a case, in the order of its history. What several clients did at once differs from run to run by itself.
pub fn of_case(context: Context<'_>, result: &CaseResult) -> Vec<Followed> {
    let records = &result.history;
    let alone = records.iter().enumerate().filter(|(_, record)| record.inner.is_none() && record.is_attempt());
    // A Code with a status that is not its own is a finding of its own, and no other kind of answer.
    let broken = |at: usize| result.findings.iter().any(|found| found.record == at && found.clause == STATUS_CLAUSE);
    let followed = alone.filter(|(at, _)| !broken(*at)).filter_map(|(at, record)| {
        let step = step_of(&result.case, record.step?, record);
        let expectation = &step.expect.as_ref()?.value;
        let clause = record.mutation.as_ref().map_or_else(|| result.case.clause_of(step), |mutation| mutation.clause);
        let (answer, reading) = match &record.event {
            Event::Look(_) => manner(record, expectation)?,
            Event::Exchange(_) if is_last_attempt(records, at) => answer(context, record, expectation)?,
            Event::Exchange(_) => return None,
        };
        let clause =
            if reading.as_ref().is_some_and(|(name, _)| name == DEFAULT_FORMAT) { FORMAT_CLAUSE } else { clause };
        Some(Followed { clause: clause.to_owned(), request: request(record), answer, reading })
    });
    followed.collect()
}

/// The clause on documented statuses.
const STATUS_CLAUSE: &str = "end/error/status";
/// The reading of the answers to calls that ask for no format, and the clause that observes it.
const DEFAULT_FORMAT: &str = "default-format";
const FORMAT_CLAUSE: &str = "rpc/format/default";

fn request(record: &Record) -> String {
    let step = record.step.map_or_else(String::new, |step| format!("step {}", step + 1));
    let variant = record.variant.clone().unwrap_or_default();
    let parts = [step, variant, record.item.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
}

type Kind = (String, Option<(String, String)>);

/// The manner in which a WebSocket shows that its session is closed.
fn manner(record: &Record, expectation: &Expectation) -> Option<Kind> {
    let (Event::Look(look), Expectation::Look(_)) = (&record.event, expectation) else { return None };
    let shown = look.observations.iter().filter(|seen| seen.observer == Observer::WebSocket);
    let manner = shown.filter(|seen| seen.sight == Sight::Closed).find_map(|seen| seen.manner)?;
    let follows = (manner != Manner::Other).then(|| ("closed-websocket".to_owned(), manner.name().to_owned()));
    Some((format!("the WebSocket {}", manner.name()), follows))
}

fn answer(context: Context<'_>, record: &Record, expectation: &Expectation) -> Option<Kind> {
    let exchange = record.exchange().filter(|exchange| record.is_rpc() && !is_silent(exchange))?;
    let response = exchange.reply.answer().filter(|response| response.status < 500 && !response.body_cut)?;
    let seen = record.seen()?;
    // What stands in front may take a large request for too long or let it through.
    if Seen::is_http_refusal(response.status) || seen.is_throttled() || asked::is_large(&exchange.request) {
        return None;
    }
    if record.form.is_some_and(|form| form.format.is_none()) {
        let value = if seen.format == Format::Xml { "xml" } else { "json" };
        return seen
            .document()
            .is_ok()
            .then(|| (value.to_uppercase(), Some((DEFAULT_FORMAT.to_owned(), value.to_owned()))));
    }
    let permitted = Permitted::of(context, record, &exchange.request, expectation);
    let reading = reading(context, record, expectation, &seen);
    // What another declaration would permit tells how the target reads the question, though it breaks the clause here.
    if permitted.kind(&seen).is_none() && reading.is_none() {
        return None;
    }
    // Of outcomes that permit any Code, the Code is the target's text and no kind of answer.
    let (status, code) = seen.kind();
    let words = match code.filter(|_| permitted.knows_code(&seen)) {
        Some(code) => format!("{status} {code}"),
        None => status.to_string(),
    };
    Some((words, reading))
}

/// The one reading that decides a request, with the one value that permits its answer.
fn reading(
    context: Context<'_>,
    record: &Record,
    expectation: &Expectation,
    seen: &Seen<'_>,
) -> Option<(String, String)> {
    let refs: Vec<&OutcomeRef> = match expectation {
        Expectation::Outcomes(refs) => refs.iter().collect(),
        Expectation::Permitted => record.mutation.as_ref()?.permits.iter().collect(),
        Expectation::Matchers(matchers) => matchers.outcomes.iter().collect(),
        Expectation::Repeated { .. } => Vec::new(),
        Expectation::Look(_) => return None,
    };
    let name = match (expectation, refs.as_slice()) {
        (Expectation::Repeated { .. }, _) => "repeated-parameter",
        (_, [OutcomeRef::Reading { name, .. }]) => name,
        // Where an outcome is permitted besides, it is not known which of the two the answer is.
        _ => return None,
    };
    let exchange = record.exchange()?;
    let values = context.contract.readings.get(name)?.values.iter().filter(|value| value.name != ANY);
    let fitting = values.filter_map(|value| {
        let mut readings = context.readings.0.clone();
        readings.insert(name.to_owned(), value.name.clone());
        let readings = Readings(readings);
        let context = Context { readings: &readings, ..context };
        let permitted = Permitted::of(context, record, &exchange.request, expectation);
        permitted.kind(seen).is_some().then(|| (value.name.clone(), permitted.knows_code(seen)))
    });
    let fitting: Vec<(String, bool)> = fitting.collect();
    // `refused` permits whatever the others permit, and more.
    let exact: Vec<&String> = fitting.iter().filter(|(_, exact)| *exact).map(|(name, _)| name).collect();
    let wide: Vec<&String> = fitting.iter().map(|(name, _)| name).collect();
    match (exact.as_slice(), wide.as_slice()) {
        ([value], _) | ([], [value]) => Some((name.to_owned(), (*value).clone())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::sample::{self, refusal};
    use super::super::{Role, Skip};
    use super::*;
    use crate::http::{Reply, Response};

    fn followed(expect: &str, response: Response) -> Vec<Followed> {
        let case = sample::call("end/session/unknown", expect);
        let record = Record { step: Some(0), ..sample::sent(Role::Judged, Reply::Answered(response)) };
        let mut result = CaseResult::skipped(case, Skip::Excluded(String::new()));
        result.history.push(record);
        of_case(sample::context(), &result)
    }

    #[test]
    fn an_answer_follows_the_one_value_that_permits_it() {
        let rows = [
            ("{ reading: malformed-session }", sample::not_found(), Some("malformed-session=not-found")),
            (
                "{ reading: malformed-session }",
                refusal(400, "InvalidParameter", "m"),
                Some("malformed-session=invalid"),
            ),
            ("{ reading: repeat-end }", sample::not_found(), Some("repeat-end=not-found")),
            (
                "{ reading: unknown-region }",
                refusal(400, "RegionId.ApiNotSupported", "m"),
                Some("unknown-region=not-supported"),
            ),
            ("[session-not-found, { reading: malformed-session }]", sample::not_found(), None),
            ("session-not-found", sample::not_found(), None),
        ];
        for (expect, response, reading) in rows {
            let all = followed(expect, response);
            assert_eq!(all.len(), 1, "{expect}");
            let told = all[0].reading.as_ref().map(|(name, value)| format!("{name}={value}"));
            assert_eq!(told.as_deref(), reading, "{expect}");
        }
    }

    #[test]
    fn what_the_target_may_say_freely_is_no_part_of_an_answer() {
        let all = followed("refused", refusal(403, "Secret.Token", "m"));
        assert_eq!((all[0].answer.as_str(), &all[0].reading), ("403", &None));
        assert_eq!(followed("session-not-found", sample::not_found())[0].answer, "404 InvalidSessionId.NotFound");
        assert!(followed("session-not-found", refusal(400, "Throttling", "m")).is_empty());
        assert!(followed("session-not-found", sample::success()).is_empty(), "what is not permitted is a finding's");
    }

    #[test]
    fn what_asks_for_no_format_shows_the_default() {
        let case = sample::call("end/session/unknown", "session-not-found");
        let form = crate::wire::WireForm { format: None, ..sample::form() };
        let record = sample::sent_in(form, Role::Judged, Reply::Answered(sample::not_found()));
        let mut result = CaseResult::skipped(Arc::clone(&case), Skip::Excluded(String::new()));
        result.history.push(Record { step: Some(0), ..record });
        let all = of_case(sample::context(), &result);
        assert_eq!(all[0].clause, FORMAT_CLAUSE);
        assert_eq!(all[0].reading, Some((DEFAULT_FORMAT.to_owned(), "json".to_owned())));
    }
}
