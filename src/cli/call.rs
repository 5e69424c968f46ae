//! `endspec call`: one signed request, its answer, and what the contract says of it.

use std::fmt::Write as _;
use std::sync::Arc;

use super::args::CallArgs;
use super::settings::{self, Whom};
use super::{Exit, print, reference, suite};
use crate::case::Case;
use crate::check::history::{Event, Record, Role};
use crate::check::seen::printable;
use crate::check::{self, Context, Judgement, Seen};
use crate::clock::{self, Clock};
use crate::contract::{Contract, Level, OutcomeRef, Readings};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::http::{Exchange, Headers, Lane, Reply, Request};
use crate::report::mask;
use crate::seed::Seed;
use crate::server::{Server, listen};
use crate::source::{Source, Span, Spanned};
use crate::transport::Endpoint;
use crate::wire::{self, Call, Encoding, Format, Order, Placement, Scheme, Stamp, WireForm};

/// Operations that can be called.
const OPERATIONS: [&str; 3] = ["EndTerminalSession", "StartTerminalSession", "DescribeTerminalSessions"];

pub(super) fn call(args: CallArgs) -> Result<Exit, Vec<Diagnostic>> {
    let profile = settings::profile(&args.network)?;
    let revision = args.network.contract.clone().or_else(|| profile.text("contract").map(str::to_owned));
    let contract = suite::contract(revision.as_deref())?;
    let settings = settings::resolve(&args.network, profile, &contract)?;
    let (placement, format) = (placement(&args.placement)?, format(&args.format)?);
    let failed = |error: String| vec![Diagnostic::new("environment", error)];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let clock = Clock::system();
        let (endpoint, listening) = match settings.whom {
            Whom::Endpoint(endpoint) => (endpoint, None),
            Whom::Reference => {
                let server = Server::new(reference::settings(&settings.about.readings), settings.seed);
                let bound = listen::bind(("127.0.0.1", 0), server, clock.clone()).await;
                let listening =
                    bound.map_err(|error| failed(format!("the reference server could not listen: {error}")))?;
                let endpoint = Endpoint::parse(&listening.url()).map_err(|error| failed(error.to_string()))?;
                (endpoint, Some(listening))
            }
        };
        let transport = super::transport(&endpoint, settings.about.timeout, clock.clone());
        let target = settings.about.at(endpoint, listening.is_some());
        let call = parse(&args, &target.region)?;
        let form =
            WireForm { placement, format, scheme: target.auth, order: Order::AsGiven, encoding: Encoding::Strict };
        let nonce = Seed::fresh().stream("nonce").hex(32);
        let stamp = Stamp { timestamp: clock::timestamp(clock.unix_seconds()), nonce };
        let credential = if form.scheme == Scheme::None { None } else { target.credential.as_ref() };
        let request =
            wire::encode(&call, form, &target.endpoint.host_header(), target.endpoint.path(), credential, &stamp);
        let exchange = transport.exchange(request, Lane::Live).await;
        if let Some(listening) = listening {
            listening.stop().await;
        }
        let (text, exit) = tell(&args, &contract, &target.readings, form, exchange);
        print(&text);
        Ok(exit)
    })
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

fn parse(args: &CallArgs, region: &str) -> Result<Call, Vec<Diagnostic>> {
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
            _ => mistakes.push(Diagnostic::new("flag", format!("`{text}` is no parameter")).help("write NAME=VALUE")),
        }
    }
    if !args.bare && !parameters.iter().any(|(name, _)| name == "RegionId") {
        parameters.insert(0, ("RegionId".to_owned(), region.to_owned()));
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
    readings: &Readings,
    form: WireForm,
    exchange: Exchange,
) -> (String, Exit) {
    let mut text = String::new();
    request_text(&exchange.request, &mut text);
    let response = match &exchange.reply {
        Reply::Answered(response) => response.clone(),
        Reply::Refused(cause) | Reply::Lost(cause) => {
            let _ = writeln!(text, "\nno answer: {}", printable(&cause.words, 300));
            return (text, Exit::Inconclusive);
        }
    };
    let _ = writeln!(text, "\n{}", response.status);
    for (name, value) in response.headers.iter() {
        let _ = writeln!(
            text,
            "{}: {}",
            printable(name, 200),
            printable(&mask::header(name, &String::from_utf8_lossy(value)), 400)
        );
    }
    // The user's own answer: tokens are what a Start is called for, so the body is shown as it is.
    let _ = writeln!(text, "\n{}\n", printable(&String::from_utf8_lossy(&response.body), 20_000));
    let seen = Seen::of(&response);
    let permitting = permitting(contract, readings, &args.operation, &seen);
    let _ = writeln!(
        text,
        "outcome: {}",
        if permitting.is_empty() { "none of the contract's".to_owned() } else { permitting.join(", ") }
    );
    let judgement = judge(args, contract, readings, form, exchange);
    for finding in &judgement.findings {
        let _ = writeln!(
            text,
            "{}: {} ({}): permitted {}, got {}",
            if finding.level == Level::Must { "FAIL" } else { "note" },
            finding.clause,
            finding.level,
            finding.expected,
            finding.actual
        );
    }
    let tested = judgement.tested.len();
    let broken = judgement.findings.iter().any(|finding| finding.level == Level::Must);
    let _ = writeln!(text, "{tested} clauses looked at, {} broken", judgement.findings.len());
    (text, if broken { Exit::Fail } else { Exit::Pass })
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

/// Outcomes of the contract that the answer belongs to.
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
        tags: Vec::new(),
        for_each: None,
        steps: Vec::new(),
    });
    let event = Event::Exchange(Box::new(exchange));
    let record = Record::new(Role::Judged, Some(args.operation.clone()), Some(form), event);
    check::answers(Context { contract, readings }, &case, &[record], 0)
}
