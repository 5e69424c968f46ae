//! What is most likely wrong with the set-up of a run in which everything points to one thing.

use crate::check::history::{Record, Role};
use crate::check::seen::printable;
use crate::check::{CaseResult, Seen};
use crate::http::Reply;

/// One sentence, or nothing where the target answered as one that is set up right.
pub(super) fn hint(results: &[CaseResult], url: &str) -> Option<String> {
    let records = || results.iter().flat_map(|result| &result.history);
    let answers = || records().filter_map(answer);
    if answers().next().is_none() {
        return records().find_map(silence).map(|cause| {
            format!("nothing answered at {url} ({cause}): is the target running there, and the address right?")
        });
    }
    if !answers().any(|seen| is_of_the_api(&seen)) {
        let first = answers().next().map_or_else(String::new, |seen| words(&seen));
        return Some(format!(
            "no answer looks like one of this API, the first is {first}: does {url} lead to the endpoint itself?"
        ));
    }
    if answers().any(|seen| seen.response.status == 200) {
        return None;
    }
    let plain = |record: &&Record| record.role != Role::Probe && record.is_rpc() && !record.flawed;
    let of_calls = || records().filter(plain).filter_map(answer);
    let refused = of_calls().filter_map(|seen| refusal(&seen).map(|why| (seen.words(), why)));
    let refused: Vec<_> = refused.collect();
    let (words, why) = refused.first().filter(|_| refused.len() * 2 > of_calls().count())?;
    Some(format!("the target answered {words} to most calls: {why}"))
}

fn answer(record: &Record) -> Option<Seen<'_>> {
    record.seen()
}

fn silence(record: &Record) -> Option<String> {
    match &record.exchange()?.reply {
        Reply::Refused(cause) | Reply::Lost(cause) => Some(printable(&cause.words, 200)),
        Reply::Answered(_) => None,
    }
}

fn is_of_the_api(seen: &Seen<'_>) -> bool {
    seen.text("RequestId").is_some() || seen.code().is_some()
}

fn words(seen: &Seen<'_>) -> String {
    let response = seen.response;
    let types = response.headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    let of = types.map(|(_, value)| format!(" {}", printable(&String::from_utf8_lossy(value), 80))).next();
    format!("{}{}", response.status, of.unwrap_or_default())
}

/// What a refusal of the caller, not of the call, says about the set-up.
fn refusal(seen: &Seen<'_>) -> Option<&'static str> {
    let code = seen.code()?;
    let of = [
        ("InvalidAccessKeyId", "is ALIBABA_CLOUD_ACCESS_KEY_ID a key of this target?"),
        ("SignatureDoesNotMatch", "is ALIBABA_CLOUD_ACCESS_KEY_SECRET right?"),
        ("IncompleteSignature", "are calls signed as this target wants it, `--auth v3` or `--auth v1`?"),
        ("MissingAccessKeyId", "it wants signed calls: give `--auth v3` (or v1) and a key in the environment"),
        ("MissingSecurityToken", "does the key need ALIBABA_CLOUD_SECURITY_TOKEN?"),
        ("InvalidSecurityToken", "is ALIBABA_CLOUD_SECURITY_TOKEN still valid?"),
        ("InvalidTimeStamp", "is the clock of this machine right?"),
        ("Forbidden", "may this key use the operations?"),
        ("NoPermission", "may this key use the operations?"),
    ];
    let unsigned = "it wants signed calls: give `--auth v3` (or v1) and a key in the environment";
    let missing = code.starts_with("MissingParameter") || code.starts_with("Missing");
    let signing = ["AccessKeyId", "Signature", "Authorization", "SecurityToken"];
    let names = |word: &&str| code.contains(*word) || seen.text("Message").is_some_and(|text| text.contains(*word));
    match of.iter().find(|(start, _)| code.starts_with(start)) {
        Some((_, why)) => Some(why),
        None if missing && signing.iter().any(names) => Some(unsigned),
        None => None,
    }
}
