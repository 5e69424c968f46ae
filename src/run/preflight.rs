//! Preflight: what only the target can tell of the set-up - the caller, the regions, ids given - before anything is judged.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::future::join_all;

use super::execute::skip;
use super::expand::ordinary;
use super::send::{Bed, Way, call, end_call, is_silent, is_throttled};
use super::sessions::{SessionSource, record};
use super::tally;
use crate::case::Case;
use crate::check::history::{Event, Observer, Record, Role};
use crate::check::result::{NOTHING, REFUSES};
use crate::check::seen::printable;
use crate::check::{CaseResult, Seen, listed, silence};
use crate::http::{Cause, CauseKind, Exchange, Lane, Reply};
use crate::seed::{Seed, Stream};
use crate::wire::{Call, Credential, Placement, Scheme, WireForm};

/// A well-formed id that nobody was ever issued.
pub(super) const NEVER_ISSUED: &str = "s-hz00000000000000";
/// What each refusal of the caller, not of the call, says about the set-up, by the beginning of its code.
const OF_CALLER: [(&str, &str); 10] = [
    ("InvalidAccessKeyId", "is ALIBABA_CLOUD_ACCESS_KEY_ID a key of this target?"),
    ("SignatureDoesNotMatch", "is ALIBABA_CLOUD_ACCESS_KEY_SECRET the secret of that key?"),
    ("IncompleteSignature", "are calls signed as this target wants it, `--auth v3` or `--auth v1`?"),
    ("MissingAccessKeyId", UNSIGNED),
    ("MissingSecurityToken", "does the key need ALIBABA_CLOUD_SECURITY_TOKEN?"),
    ("InvalidSecurityToken", "is ALIBABA_CLOUD_SECURITY_TOKEN still valid?"),
    ("InvalidTimeStamp", "is the clock of this machine right?"),
    ("Forbidden", MAY),
    ("NoPermission", MAY),
    ("Unauthorized", "is the key one of this target, and may it use the operation?"),
];
const UNSIGNED: &str = "it wants signed calls: give `--auth v3` (or v1) and a key in the environment";
const MAY: &str = "may the key use this operation?";
/// How codes of refused regions begin.
const OF_REGION: [&str; 3] = ["InvalidRegionId", "RegionId.", "InvalidParameter.RegionId"];

/// What a preflight came to.
#[derive(Debug, Default)]
pub struct Preflight {
    /// Why nothing can be judged.
    pub obstacle: Option<String>,
    /// Why what goes with a capability cannot be judged.
    pub barred: BTreeMap<&'static str, String>,
}

/// Asks the target with plain calls that change nothing. The server in this process is set up right: what it refuses is
/// its fault, and judged.
pub(super) async fn preflight(bed: &Bed, cases: &[Arc<Case>]) -> Preflight {
    let runs: Vec<&Arc<Case>> = cases.iter().filter(|case| skip(bed, case).is_none()).collect();
    if bed.target.built_in || runs.is_empty() {
        return Preflight::default();
    }
    let mut stream = bed.plan.seed.stream("preflight");
    let region = bed.target.region.as_str();
    let key = bed.target.credential.as_ref();
    let mut plain = vec![end_call(region, NEVER_ISSUED)];
    if !bed.target.lacking.contains("describe") {
        plain.insert(0, describe(region));
    }
    let asked = plain.iter().map(|call| ask(bed, call, ordinary(&bed.target), key, Seed(stream.number())));
    let answers = join_all(asked).await;
    let mut obstacle = silence(bed, &answers);
    if obstacle.is_none() && answers.iter().all(|exchange| exchange.reply.is_no_http()) {
        obstacle = no_http(bed, &plain, &mut stream).await;
    }
    for (call, exchange) in plain.iter().zip(&answers) {
        if obstacle.is_none() {
            obstacle = refused_caller(bed, call, exchange, &answers, &mut stream).await;
        }
    }
    // The operation under test decides; what Describe says of a region is judged.
    let obstacle = obstacle.or_else(|| refused_region(answers.last()?, region, "is `--region` right?"));
    let mut barred = BTreeMap::new();
    if obstacle.is_none() {
        let needed = |capability: &str| runs.iter().any(|case| case.needs(capability));
        if needed("other-region") {
            barred.extend(other_region(bed, &mut stream).await.map(|why| ("other-region", why)));
        }
        if needed("denied-credential") {
            barred.extend(denied_key(bed, &mut stream).await.map(|why| ("denied-credential", why)));
        }
    }
    Preflight { obstacle, barred }
}

fn describe(region: &str) -> Call {
    call("DescribeTerminalSessions", &[("RegionId", region)])
}

/// Sends a call, again while it is throttled.
async fn ask(bed: &Bed, call: &Call, form: WireForm, key: Option<&Credential>, seed: Seed) -> Exchange {
    let mut stream = seed.stream("preflight");
    let mut patience = super::send::Patience::default();
    loop {
        let stamp = bed.stamp(&mut stream);
        let request = bed.encode_as(call, form, key, &stamp, &mut stream);
        let exchange = bed.exchange(request, Way::Lane(Lane::Live)).await;
        if !is_throttled(&exchange) || !patience.waits(bed, &exchange).await {
            return exchange;
        }
    }
}

/// Nothing but waiting: what is refused or cut at once is left to the run, which gives up after some in a row.
fn silence(bed: &Bed, answers: &[Exchange]) -> Option<String> {
    fn late(exchange: &Exchange) -> Option<&Cause> {
        let (Reply::Refused(cause) | Reply::Lost(cause)) = &exchange.reply else { return None };
        (cause.status.is_none() && cause.kind == CauseKind::Timeout).then_some(cause)
    }
    let causes: Vec<&Cause> = answers.iter().map_while(late).collect();
    let first = causes.first().filter(|_| causes.len() == answers.len())?;
    let (url, words) = (&bed.target.endpoint, printable(&first.words, 200));
    Some(format!("{NOTHING} at {url} ({words}): {}", silence::question(first)))
}

/// What stands on the port speaks something else, as the exact lane tells: an answer that begins as HTTP and is wrong after
/// that is judged.
async fn no_http(bed: &Bed, plain: &[Call], stream: &mut Stream) -> Option<String> {
    let request = bed.encode(plain.last()?, ordinary(&bed.target), stream);
    match bed.exchange(request, Way::Lane(Lane::Raw)).await.reply {
        Reply::Lost(cause) if cause.kind == CauseKind::NotHttp && cause.status.is_none() => {
            let (url, words) = (&bed.target.endpoint, printable(&cause.words, 200));
            Some(format!("{NOTHING} in HTTP at {url} ({words}): is the address right?"))
        }
        _ => None,
    }
}

/// Why a call is refused for its caller, unless the same caller is taken in another form: then the target is at fault.
async fn refused_caller(
    bed: &Bed,
    call: &Call,
    exchange: &Exchange,
    all: &[Exchange],
    stream: &mut Stream,
) -> Option<String> {
    let seen = Seen::of(exchange.reply.answer()?);
    let why = of_caller(&seen)?;
    let unsigned = bed.target.auth == Scheme::None;
    // Nobody's permission is asked of those who do not sign: where another call is taken, this one is refused wrongly.
    if unsigned && why == MAY && all.iter().any(is_taken) {
        return None;
    }
    if is_taken_elsewhere(bed, call, bed.target.credential.as_ref(), stream).await {
        return None;
    }
    let operation = call.action.as_deref().unwrap_or("call");
    let signed =
        if unsigned { "that is not signed".to_owned() } else { format!("signed with {}", bed.target.auth.name()) };
    let why = match (unsigned, operation) {
        (true, _) => UNSIGNED.to_owned(),
        (false, "DescribeTerminalSessions") if why == MAY => format!("{why} If not, declare `--without describe`"),
        (false, _) => why.to_owned(),
    };
    let apart = tally::apart(bed.tally.weather().skew).filter(|_| why.contains("clock"));
    let why = apart.map_or_else(|| why.clone(), |apart| format!("{why} {}{}", apart[..1].to_uppercase(), &apart[1..]));
    Some(format!("{REFUSES}this caller ({} to a plain {operation} {signed}): {why}", seen.words()))
}

/// Whether a call is taken in another scheme, or from the same caller with another method.
async fn is_taken_elsewhere(bed: &Bed, call: &Call, key: Option<&Credential>, stream: &mut Stream) -> bool {
    let own = ordinary(&bed.target);
    let schemes = bed.target.schemes().into_iter();
    let forms =
        schemes.flat_map(|scheme| [Placement::PostQuery, Placement::GetQuery].map(|placement| (scheme, placement)));
    for (scheme, placement) in forms.filter(|form| *form != (own.scheme, own.placement)) {
        let form = WireForm { scheme, placement, ..own };
        if is_taken(&ask(bed, call, form, key, Seed(stream.number())).await) {
            return true;
        }
    }
    false
}

/// Whether an answer shows that the caller was let in.
fn is_taken(exchange: &Exchange) -> bool {
    exchange.reply.answer().is_some_and(|response| {
        let seen = Seen::of(response);
        seen.took_effect() || seen.code().is_some_and(|code| code.starts_with("InvalidSessionId"))
    })
}

fn of_caller(seen: &Seen<'_>) -> Option<&'static str> {
    let code = seen.code().filter(|_| (400..500).contains(&seen.response.status))?;
    let signing = ["AccessKeyId", "Signature", "Authorization", "SecurityToken"];
    let names = |word: &&str| code.contains(*word) || seen.text("Message").is_some_and(|text| text.contains(*word));
    let known = OF_CALLER.iter().find(|(start, _)| code.starts_with(start)).map(|(_, why)| *why);
    known.or_else(|| (code.starts_with("Missing") && signing.iter().any(names)).then_some(UNSIGNED))
}

fn refused_region(exchange: &Exchange, region: &str, ask: &str) -> Option<String> {
    let seen = Seen::of(exchange.reply.answer().filter(|response| (400..500).contains(&response.status))?);
    let code = seen.code()?;
    let refused = OF_REGION.iter().any(|start| code.starts_with(start));
    refused.then(|| format!("{REFUSES}the region {region} ({} to a plain EndTerminalSession): {ask}", seen.words()))
}

async fn other_region(bed: &Bed, stream: &mut Stream) -> Option<String> {
    let region = bed.target.other_region.as_deref()?;
    let (call, form) = (end_call(region, NEVER_ISSUED), ordinary(&bed.target));
    let exchange = ask(bed, &call, form, bed.target.credential.as_ref(), Seed(stream.number())).await;
    refused_region(
        &exchange,
        region,
        "is `--other-region` right? If there is no second one, declare `--without other-region`",
    )
}

/// A key that is refused for who it is, not for what it may do, is none of this target's.
async fn denied_key(bed: &Bed, stream: &mut Stream) -> Option<String> {
    let key = bed.target.denied.as_ref();
    let region = bed.target.region.as_str();
    let lacking = bed.target.lacking.contains("describe");
    let call = if lacking { end_call(region, NEVER_ISSUED) } else { describe(region) };
    let exchange = ask(bed, &call, ordinary(&bed.target), key, Seed(stream.number())).await;
    let seen = Seen::of(exchange.reply.answer()?);
    if of_caller(&seen)? == MAY || is_taken_elsewhere(bed, &call, key, stream).await {
        return None;
    }
    Some(format!(
        "{REFUSES}the key without permission ({} to a plain {}): are ENDSPEC_DENIED_ACCESS_KEY_ID and \
         ENDSPEC_DENIED_ACCESS_KEY_SECRET a key of this target?",
        seen.words(),
        call.action.as_deref().unwrap_or("call")
    ))
}

/// Whether Describe lists a session, where it tells.
pub(super) async fn lists(
    bed: &Bed,
    id: &str,
    region: &str,
    stream: &mut Stream,
    history: &mut Vec<Record>,
) -> Option<bool> {
    if bed.target.lacking.contains("describe") {
        return None;
    }
    let call = call("DescribeTerminalSessions", &[("RegionId", region), ("SessionId", id)]);
    let (exchange, _) = bed.call(&call, ordinary(&bed.target), Way::Lane(Lane::Live), stream).await;
    let listed = exchange.reply.answer().filter(|_| !is_silent(&exchange)).and_then(|response| {
        let seen = Seen::of(response);
        let all = if seen.took_effect() { listed::sessions(&seen) } else { None };
        all.map(|all| all.iter().any(|session| session.id == id))
    });
    history.push(record(Role::SetUp, &call.action, exchange));
    listed
}

/// Where ids were given, and none but End can tell whether they are of open sessions: that the target does not know one
/// which never showed itself open may come from the id.
pub(super) fn doubt(bed: &Bed, ids: &[String], result: &mut CaseResult, first: usize) {
    let given = matches!(bed.target.sessions, SessionSource::Pool(_));
    let Some(id) = ids.iter().find(|id| given && bed.sessions.ended_at(id).is_none()) else { return };
    let late = result.findings.split_off(first.min(result.findings.len()));
    let (doubtful, sure): (Vec<_>, Vec<_>) =
        late.into_iter().partition(|finding| result.history.get(finding.record).is_some_and(says_unknown));
    result.findings.extend(sure);
    if !doubtful.is_empty() {
        let id = printable(id, 80);
        result.undecided.push(format!("`--session-id {id}` never showed itself as an open session: is it one?"));
    }
}

/// Whether a record says that the target knows no such session: by an answer, or a look that had no other observer.
fn says_unknown(record: &Record) -> bool {
    match &record.event {
        Event::Look(look) => look.observations.iter().all(|seen| seen.observer == Observer::End),
        Event::Exchange(_) => record.seen().is_some_and(|seen| {
            seen.is_error() && seen.code().is_some_and(|code| code.starts_with("InvalidSessionId"))
        }),
    }
}
