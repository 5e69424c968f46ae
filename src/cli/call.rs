//! `endspec call`: one signed request, its answer, and what the contract says of it.

use std::fmt::Write as _;
use std::sync::Arc;

use super::args::CallArgs;
use super::settings::{self, Settings};
use super::{ENVIRONMENT, Exit, print, suite, tell_people};
use crate::case::Case;
use crate::check::history::{Event, Record, Role};
use crate::check::seen::printable;
use crate::check::silence::question;
use crate::check::{self, Context, Finding, Judgement, Seen};
use crate::clock::{self, Clock};
use crate::contract::{Contract, Level, OutcomeRef, Readings};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::http::{Exchange, Headers, Lane, Reply, Request, Response};
use crate::report::{hint, mask};
use crate::run::Target;
use crate::run::tally::{self, Tally};
use crate::seed::Seed;
use crate::source::{Source, Span, Spanned};
use crate::wire::{self, Call, Credential, Encoding, Format, Order, Placement, Scheme, Stamp, WireForm};

/// Operations that can be called.
const OPERATIONS: [&str; 3] = ["EndTerminalSession", "StartTerminalSession", "DescribeTerminalSessions"];

/// Outcomes that permit almost any refusal.
const WIDE: [&str; 2] = ["refused", "too-long"];

pub(super) fn call(args: CallArgs) -> Result<Exit, Vec<Diagnostic>> {
    let profile = settings::profile(&args.network)?;
    let contract = suite::contract(settings::revision(&args.network, &profile).as_deref())?;
    let (call, form, settings) =
        super::together(parse(&args), form(&args), settings::resolve(&args.network, &profile, &contract))?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| vec![Diagnostic::new(ENVIRONMENT, format!("no runtime: {error}"))])?;
    runtime.block_on(send(&args, &contract, settings, call, form))
}

async fn send(
    args: &CallArgs,
    contract: &Contract,
    settings: Settings,
    mut call: Call,
    (placement, format): (Placement, Option<Format>),
) -> Result<Exit, Vec<Diagnostic>> {
    let clock = Clock::system();
    let (endpoint, listening) = super::endpoint(settings.whom, &settings.about.readings, settings.seed, &clock).await?;
    super::warn(&settings.reach, &endpoint);
    let transport = super::transport(&endpoint, &settings.reach, clock.clone());
    let (origins, mut secrets) = (settings.about.keys.origins(), settings.about.secrets(&settings.reach));
    let target = settings.about.at(endpoint, listening.is_some());
    if !args.bare && !call.parameters.iter().any(|(name, _)| name == "RegionId") {
        call.parameters.insert(0, ("RegionId".to_owned(), target.region.clone()));
    }
    let form = WireForm { placement, format, scheme: target.auth, order: Order::AsGiven, encoding: Encoding::Strict };
    let nonce = Seed::fresh().stream("nonce").hex(32);
    let stamp = Stamp { timestamp: clock::timestamp(clock.unix_seconds()), nonce };
    let credential = if form.scheme == Scheme::None { None } else { target.credential.as_ref() };
    let mut request =
        wire::encode(&call, form, target.endpoint.host_header(), target.endpoint.path(), credential, &stamp);
    target.headers.iter().for_each(|(name, value)| request.headers.push(name, value));
    if args.dry_run {
        print(&secrets.masked(&dry(&target, &request, credential, &origins)));
        return Ok(Exit::Pass);
    }
    secrets.learn_signature(&request);
    let exchange = transport.exchange(request, Lane::Live).await;
    let tally = Tally::default();
    tally.note(&exchange, clock.unix_seconds());
    if let Some(listening) = listening {
        listening.stop().await;
    }
    let (text, exit) = tell(args, contract, &target, form, (exchange, transport.proxy()));
    let apart = tally::apart(tally.weather().skew).map_or_else(String::new, |words| format!("{words}\n"));
    tell_people(&secrets.masked(&format!("{text}{apart}")), false);
    Ok(exit)
}

fn form(args: &CallArgs) -> Result<(Placement, Option<Format>), Vec<Diagnostic>> {
    match (placement(&args.placement), format(&args.format)) {
        (Ok(placement), Ok(format)) => Ok((placement, format)),
        (placement, format) => Err([placement.err(), format.err()].into_iter().flatten().flatten().collect()),
    }
}

fn placement(text: &str) -> Result<Placement, Vec<Diagnostic>> {
    let found = Placement::ALL.into_iter().find(|placement| placement.name().eq_ignore_ascii_case(text));
    found.ok_or_else(|| {
        let help = "one of GET, POST-query, POST-form";
        vec![Diagnostic::new("flag", format!("--placement: `{text}` is no placement")).help(help)]
    })
}

fn format(text: &str) -> Result<Option<Format>, Vec<Diagnostic>> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    let found = Format::ALL.into_iter().find(|format| format.name().eq_ignore_ascii_case(text));
    found.map(Some).ok_or_else(|| {
        vec![Diagnostic::new("flag", format!("--format: `{text}` is no format")).help("one of JSON, XML, none")]
    })
}

fn parse(args: &CallArgs) -> Result<Call, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    if !OPERATIONS.contains(&args.operation.as_str()) {
        let close = did_you_mean(&args.operation, OPERATIONS);
        let help = close
            .map_or_else(|| format!("one of {}", OPERATIONS.join(", ")), |close| format!("did you mean `{close}`?"));
        mistakes.push(
            Diagnostic::new("unknown-operation", format!("there is no operation `{}`", args.operation)).help(help),
        );
    }
    let mut parameters = Vec::new();
    for text in &args.parameters {
        match text.split_once('=') {
            Some((name, value)) if !name.is_empty() => parameters.push((name.to_owned(), value.to_owned())),
            _ => mistakes.push(
                Diagnostic::new("flag", format!("`{text}` is no parameter"))
                    .help("write NAME=VALUE, such as SessionId=s-1"),
            ),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Call {
        action: Some(args.operation.clone()),
        version: Some("2014-05-26".to_owned()),
        parameters,
        headers: Headers::new(),
    })
}

/// Everything about the exchange, as text, and how the command ends.
fn tell(
    args: &CallArgs,
    contract: &Contract,
    target: &Target,
    form: WireForm,
    (exchange, proxy): (Exchange, Option<String>),
) -> (String, Exit) {
    let whom = if target.built_in { "reference server (built in) at " } else { "" };
    let mut text = format!("endspec {} called {whom}{}\n\n", env!("CARGO_PKG_VERSION"), target.endpoint);
    request_text(&exchange.request, &mut text);
    let response = match &exchange.reply {
        Reply::Answered(response) => response.clone(),
        Reply::Refused(cause) | Reply::Lost(cause) => {
            let _ = writeln!(text, "\nno answer: {}\n{}", printable(&cause.words, 300), question(cause));
            return (text, Exit::Inconclusive);
        }
    };
    response_text(&response, &mut text);
    if let Some(proxy) = proxy.filter(|_| !hint::is_of_the_api(&Seen::of(&response))) {
        let _ = writeln!(
            text,
            "this is no answer of the API, and it came by the proxy {proxy} of the environment: it may be that one's own\n\
             is the proxy the right one (HTTP_PROXY, HTTPS_PROXY, NO_PROXY)?"
        );
        return (text, Exit::Inconclusive);
    }
    let permitting = permitting(contract, &target.readings, &args.operation, &Seen::of(&response));
    let permitting = if permitting.is_empty() { "none of the contract's".to_owned() } else { permitting.join(", ") };
    let _ = writeln!(text, "outcome: {permitting}");
    let judgement = judge(args, contract, &target.readings, form, exchange);
    for finding in &judgement.findings {
        let word = match finding.level {
            Level::Must => "FAIL",
            Level::Should => "WARN",
            Level::May => "note",
        };
        let Finding { clause, level, expected, actual, .. } = finding;
        let _ = writeln!(text, "{word}  {clause} ({level}): permitted {expected}, got {actual}");
    }
    let broken = |level: Level| judgement.findings.iter().filter(|finding| finding.level == level).count();
    let (must, should) = (broken(Level::Must), broken(Level::Should));
    let tested = judgement.tested.len();
    let noun = if tested == 1 { "clause" } else { "clauses" };
    let _ = writeln!(text, "{tested} {noun} looked at: {must} MUST broken, {should} SHOULD broken");
    (text, if must > 0 { Exit::Fail } else { Exit::Pass })
}

/// What would be sent, and where each part of its key came from: no value of any.
fn dry(target: &Target, request: &Request, credential: Option<&Credential>, origins: &[String]) -> String {
    let whom = if target.built_in { "the reference server (built in)".to_owned() } else { target.endpoint.to_string() };
    let mut text = format!("endspec {} would call {whom}\n\n", env!("CARGO_PKG_VERSION"));
    request_text(request, &mut text);
    if let Some(credential) = credential {
        for id in [credential.id.clone(), Encoding::Strict.encode(&credential.id)] {
            text = text.replace(&id, "***");
        }
        let _ = writeln!(text, "\nsigned with {}, by a key that was found:", target.auth.name());
        origins.iter().for_each(|origin| _ = writeln!(text, "  {}", printable(origin, 300)));
    } else {
        text.push_str("\nnot signed\n");
    }
    text.push_str("\nnothing was sent\n");
    text
}

fn response_text(response: &Response, text: &mut String) {
    let _ = writeln!(text, "\n{}", response.status);
    for (name, value) in response.headers.iter() {
        let value = mask::header(name, &String::from_utf8_lossy(value));
        let _ = writeln!(text, "{}: {}", printable(name, 200), printable(&value, 400));
    }
    let body = mask::text(&String::from_utf8_lossy(&response.body));
    let _ = writeln!(text, "\n{}\n", printable(&body, 20_000));
}

fn request_text(request: &Request, text: &mut String) {
    let _ = writeln!(text, "{} {}", request.method, mask::text(&request.target));
    for (name, value) in request.headers.iter() {
        let _ = writeln!(text, "{name}: {}", mask::header(name, &String::from_utf8_lossy(value)));
    }
    if !request.body.is_empty() {
        let _ = writeln!(text, "\n{}", mask::text(&String::from_utf8_lossy(&request.body)));
    }
}

/// Outcomes of the contract that the answer belongs to; those that permit almost any refusal only where no other does.
fn permitting(contract: &Contract, readings: &Readings, operation: &str, seen: &Seen<'_>) -> Vec<String> {
    let mut names = Vec::new();
    for outcome in contract.outcomes.values().filter(|outcome| !outcome.of_looks) {
        let arguments = if outcome.takes_argument { vec![Some("RegionId"), Some("SessionId")] } else { vec![None] };
        for argument in arguments {
            let reference = OutcomeRef::Named { name: outcome.name.clone(), argument: argument.map(str::to_owned) };
            let fits = contract.permitted(&reference, readings).iter().any(|answer| {
                if answer.success {
                    seen.is_ok(Some(operation))
                } else {
                    answer.permits(seen.response.status, seen.code())
                }
            });
            if fits {
                names.push(reference.to_string());
            }
        }
    }
    if names.iter().any(|name| !WIDE.contains(&name.as_str())) {
        names.retain(|name| !WIDE.contains(&name.as_str()));
    }
    names
}

/// The rules that hold for every answer, applied to this one.
fn judge(args: &CallArgs, contract: &Contract, readings: &Readings, form: WireForm, exchange: Exchange) -> Judgement {
    let line = format!("endspec call {} {}", args.operation, args.parameters.join(" "));
    let case = Arc::new(Case {
        id: "call".to_owned(),
        source: Source::new("<command line>", line),
        title: None,
        clauses: vec![Spanned::new("end/error/envelope".to_owned(), Span::default())],
        needs: Vec::new(),
        occurs: Vec::new(),
        tags: Vec::new(),
        for_each: None,
        steps: Vec::new(),
    });
    let event = Event::Exchange(Box::new(exchange));
    let record = Record::new(Role::Judged, Some(args.operation.clone()), Some(form), event);
    check::answers(Context { contract, readings }, &case, &[record], 0)
}
