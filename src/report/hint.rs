//! What is most likely wrong with the set-up of a run in which everything points to one thing.

use crate::check::history::Record;
use crate::check::result::{NOTHING, REFUSES, UNANSWERED};
use crate::check::seen::printable;
use crate::check::silence::question;
use crate::check::{CaseResult, Seen, Skip};
use crate::http::{Cause, Reply};

/// One sentence, or nothing where the target answered as one that is set up right.
pub fn hint(results: &[CaseResult], url: &str, through: Option<&str>) -> Option<String> {
    let records = || results.iter().flat_map(|result| &result.history);
    let answers = || records().filter_map(Record::seen);
    if records().next().is_none() {
        return results.iter().find_map(unfit).map(str::to_owned);
    }
    if answers().next().is_none() {
        return records().find_map(silence).map(|cause| nobody(cause, url));
    }
    if !answers().any(|seen| is_of_the_api(&seen)) {
        let first = answers().next().map_or_else(String::new, |seen| words(&seen));
        return Some(format!(
            "no answer looks like one of this API, the first is {first}: {}does {url} lead to the endpoint itself?",
            through.map_or_else(String::new, |proxy| format!(
                "it came by the proxy {proxy} of the environment, and may be that one's own; "
            ))
        ));
    }
    given_up(results).map(|reason| format!("{reason} after it had answered: did it end, or is it overloaded?"))
}

/// Why a target was given up that had answered before.
fn given_up(results: &[CaseResult]) -> Option<&str> {
    let reasons = results.iter().flat_map(|result| &result.undecided);
    let reason = reasons.map(String::as_str).find(|reason| reason.contains(UNANSWERED))?;
    reason.find("the target left").map(|at| &reason[at..])
}

/// Why a run never began.
fn unfit(result: &CaseResult) -> Option<&str> {
    match &result.skip {
        Some(Skip::Untested(why)) if [REFUSES, NOTHING].iter().any(|start| why.starts_with(start)) => Some(why),
        _ => None,
    }
}

fn nobody(cause: &Cause, url: &str) -> String {
    format!("{NOTHING} at {url} ({}): {}", printable(&cause.words, 200), question(cause))
}

fn silence(record: &Record) -> Option<&Cause> {
    match &record.exchange()?.reply {
        Reply::Refused(cause) | Reply::Lost(cause) => Some(cause),
        Reply::Answered(_) => None,
    }
}

/// Whether an answer looks like one of this API.
pub fn is_of_the_api(seen: &Seen<'_>) -> bool {
    seen.text("RequestId").is_some() || seen.code().is_some()
}

fn words(seen: &Seen<'_>) -> String {
    let response = seen.response;
    let types = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let of = types.map(|(_, value)| format!(" {}", printable(&String::from_utf8_lossy(value), 80))).next();
    format!("{}{}", response.status, of.unwrap_or_default())
}
