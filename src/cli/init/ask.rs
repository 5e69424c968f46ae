//! What a target has, asked with plain calls: of what is started one session, which is ended again.

use std::time::Duration;

use crate::check::Seen;
use crate::check::seen::printable;
use crate::cli::args::InitArgs;
use crate::clock;
use crate::contract::Contract;
use crate::http::{Exchange, Headers, Lane, Reply};
use crate::limits;
use crate::run::Target;
use crate::run::send::{call, end_call, is_throttled};
use crate::seed::Seed;
use crate::transport::{Transport, WsOutcome};
use crate::wire::{self, Call, Encoding, Format, Order, Placement, Scheme, Stamp, WireForm};

/// A well-formed id that nobody was ever issued.
const NEVER_ISSUED: &str = "s-hz00000000000000";
/// A region that is none.
const NOWHERE: &str = "zz-nowhere-9";

/// Whom to ask, and by what.
pub(super) struct Asked<'a> {
    /// The documents.
    pub contract: &'a Contract,
    /// What the user said.
    pub args: &'a InitArgs,
    /// The lanes to it.
    pub transport: Transport,
    /// What is known of it beforehand.
    pub target: Target,
}

/// What a target has.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Capabilities that it lacks, or that cannot be tested, and why.
    pub lacking: Vec<(&'static str, String)>,
    /// A second region, or why none is known.
    pub other_region: Option<Result<String, String>>,
    /// A region without the API, or why none is known.
    pub unsupported_region: Option<Result<String, String>>,
    /// Whether a second End of a session succeeded.
    pub idempotent: bool,
    /// The session that was started and could not be ended.
    pub left: Option<String>,
}

impl Found {
    fn lacks(&mut self, capability: &'static str, why: impl Into<String>) {
        self.lacking.push((capability, why.into()));
    }
}

/// Asks.
///
/// # Errors
/// Why nothing can be learnt: nobody answers, or the caller is refused.
pub(super) async fn ask(asked: &Asked<'_>) -> Result<Found, String> {
    let first = asked.end(&asked.target.region, NEVER_ISSUED).await;
    if !knows_no_session(&first) {
        return Err(refused(asked, &first));
    }
    let mut found = Found::default();
    signatures(asked, &mut found).await;
    let xml = asked.send(&end_call(&asked.target.region, NEVER_ISSUED), asked.target.auth, Format::Xml).await;
    if seen(&xml).is_none_or(|seen| seen.format != Format::Xml || seen.document().is_err()) {
        found.lacks("xml", format!("asked for XML, it answered {}", words(&xml)));
    }
    let describe = asked.plain(&call("DescribeTerminalSessions", &[("RegionId", &asked.target.region)])).await;
    if seen(&describe).is_none_or(|seen| !seen.took_effect()) {
        found.lacks("describe", format!("DescribeTerminalSessions answered {}", words(&describe)));
    }
    regions(asked, &mut found).await;
    sessions(asked, &mut found).await;
    if asked.target.restart.is_none() {
        found.lacks("restart", "how to restart it is not known: `--restart-command CMD`");
    }
    Ok(found)
}

/// The answer of a target that lets the caller in, and knows the region.
fn knows_no_session(exchange: &Exchange) -> bool {
    seen(exchange).is_some_and(|seen| seen.code().is_some_and(|code| code.starts_with("InvalidSessionId")))
}

fn refused(asked: &Asked<'_>, exchange: &Exchange) -> String {
    let (url, said) = (&asked.target.endpoint, words(exchange));
    if exchange.reply.answer().is_none() {
        return format!("{url} does not answer ({said}); is it running there, and the address right?");
    }
    let mend = match asked.target.auth {
        Scheme::None => {
            "does it want signed calls (`--auth v3` or v1, with a key in the environment), and is `--region` right?"
        }
        _ => "are key, scheme (`--auth`) and `--region` right?",
    };
    format!("{url} answered {said} to a plain EndTerminalSession of a session that is not there; {mend}")
}

async fn signatures(asked: &Asked<'_>, found: &mut Found) {
    if asked.target.auth == Scheme::None {
        found.lacks("signatures", "it takes calls that are not signed: `--auth v3` has them signed and asked about");
        return found.lacks("denied-credential", "calls are not signed");
    }
    for (scheme, capability) in [(Scheme::V1, "signature-v1"), (Scheme::V3, "signature-v3")] {
        let signed = asked.send(&end_call(&asked.target.region, NEVER_ISSUED), scheme, Format::Json).await;
        if !knows_no_session(&signed) {
            found.lacks(capability, format!("to a call signed with {} it answered {}", scheme.name(), words(&signed)));
        }
    }
    if asked.target.denied.is_none() {
        found.lacks(
            "denied-credential",
            "no key without permission is known: ENDSPEC_DENIED_ACCESS_KEY_ID and ENDSPEC_DENIED_ACCESS_KEY_SECRET",
        );
    }
}

/// Regions that were given are taken as they are; of others those that the documents know are tried.
async fn regions(asked: &Asked<'_>, found: &mut Found) {
    found.other_region = asked.target.other_region.clone().map(Ok);
    found.unsupported_region = asked.target.unsupported_region.clone().map(Ok);
    let nowhere = asked.end(NOWHERE, NEVER_ISSUED).await;
    let tells_apart = !knows_no_session(&nowhere);
    for region in asked.contract.regions.iter().filter(|_| tells_apart) {
        if found.other_region.is_some() && found.unsupported_region.is_some() {
            break;
        }
        if *region == asked.target.region {
            continue;
        }
        let exchange = asked.end(region, NEVER_ISSUED).await;
        let code = seen(&exchange).and_then(|seen| seen.code().map(str::to_owned));
        match code.as_deref() {
            Some("RegionId.ApiNotSupported") if words(&nowhere) != words(&exchange) => {
                found.unsupported_region.get_or_insert(Ok(region.clone()));
            }
            Some(code) if code.starts_with("InvalidSessionId") => {
                found.other_region.get_or_insert(Ok(region.clone()));
            }
            _ => {}
        }
    }
    let why = if tells_apart { "of the regions that the documents know it has none" } else { "it takes any region" };
    if found.other_region.is_none() {
        found.lacks("other-region", why);
    }
    if found.unsupported_region.is_none() {
        found.lacks("unsupported-region", format!("{why} such"));
    }
    found.other_region.get_or_insert(Err(why.to_owned()));
    found.unsupported_region.get_or_insert(Err(why.to_owned()));
}

async fn sessions(asked: &Asked<'_>, found: &mut Found) {
    let region = asked.target.region.as_str();
    let Some(instance) = asked.target.instance_id.as_deref() else {
        let why = "no instance to start them on is known: `--instance-id ID`";
        found.lacks("sessions", why);
        return found.lacks("start", why);
    };
    let start = call("StartTerminalSession", &[("RegionId", region), ("InstanceId.1", instance)]);
    let started = asked.plain(&start).await;
    let own = seen(&started).filter(Seen::took_effect);
    let Some(id) = own.as_ref().and_then(|seen| seen.text("SessionId")).map(str::to_owned) else {
        let why = format!("StartTerminalSession on {instance} answered {}", words(&started));
        found.lacks("sessions", why.clone());
        return found.lacks("start", why);
    };
    let url = own.as_ref().and_then(|seen| seen.text("WebSocketUrl")).map(str::to_owned);
    let looked = match &url {
        Some(url) => Some(asked.transport.websockets().connect(url, &Headers::new()).await),
        None => None,
    };
    match &looked {
        Some(WsOutcome::Open(_)) => {}
        Some(other) => {
            found.lacks("websocket", format!("no WebSocket opens at the URL of a session: {}", of_websocket(other)))
        }
        None => found.lacks("websocket", "a session comes without WebSocketUrl"),
    }
    let ended = asked.end(region, &id).await;
    if seen(&ended).is_some_and(|seen| seen.took_effect()) {
        let again = asked.end(region, &id).await;
        found.idempotent = seen(&again).is_some_and(|seen| seen.took_effect());
    } else if !knows_no_session(&ended) {
        found.left = Some(format!("{} (its End was answered {})", printable(&id, 80), words(&ended)));
    }
    // The connection was held until here: some targets end a session with its last one.
    drop(looked);
}

fn of_websocket(outcome: &WsOutcome) -> String {
    match outcome {
        WsOutcome::Open(_) => "open".to_owned(),
        WsOutcome::Closed { .. } => "101, then its end".to_owned(),
        WsOutcome::UpgradeRefused(answer) => answer.status.to_string(),
        WsOutcome::Refused(cause) | WsOutcome::Lost(cause) => printable(&cause.words, 120),
    }
}

impl Asked<'_> {
    async fn end(&self, region: &str, id: &str) -> Exchange {
        self.plain(&end_call(region, id)).await
    }

    async fn plain(&self, call: &Call) -> Exchange {
        self.send(call, self.target.auth, Format::Json).await
    }

    /// Sends a call, again while it is throttled.
    async fn send(&self, call: &Call, scheme: Scheme, format: Format) -> Exchange {
        let placement = Placement::PostQuery;
        let form =
            WireForm { placement, format: Some(format), scheme, order: Order::AsGiven, encoding: Encoding::Strict };
        let (host, path) = (self.target.endpoint.host_header(), self.target.endpoint.path());
        let key = if scheme == Scheme::None { None } else { self.target.credential.as_ref() };
        let mut pause = limits::THROTTLED_PAUSE;
        for attempt in 1.. {
            let unix = clock::Clock::system().unix_seconds();
            let stamp = Stamp { timestamp: clock::timestamp(unix), nonce: Seed::fresh().stream("nonce").hex(32) };
            let request = wire::encode(call, form, host, path, key, &stamp);
            let exchange = self.transport.exchange(request, Lane::Live).await;
            if !is_throttled(&exchange) || attempt == limits::THROTTLED_ATTEMPTS {
                return exchange;
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(limits::THROTTLED_PAUSE_MOST).max(Duration::from_millis(1));
        }
        unreachable!("the last attempt is returned")
    }
}

fn seen(exchange: &Exchange) -> Option<Seen<'_>> {
    exchange.reply.answer().map(Seen::of)
}

/// What came, on one line.
fn words(exchange: &Exchange) -> String {
    match &exchange.reply {
        Reply::Answered(response) => printable(&Seen::of(response).words(), 120),
        Reply::Refused(cause) | Reply::Lost(cause) => printable(&cause.words, 120),
    }
}
