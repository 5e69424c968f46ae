//! Settings: flag before environment before profile before default, parsed once, every mistake told.

mod again;
mod care;
mod declared;
pub(super) mod keys;
mod place;
mod reach;
mod role;
mod variables;

use std::collections::BTreeSet;
use std::time::Duration;

pub(super) use care::Care;
pub(super) use keys::Keys;
pub(super) use reach::Reach;

use super::args::NetworkArgs;
use super::given::{Given, Taker};
use crate::cli::ENVIRONMENT;
use crate::clock::Clock;
use crate::contract::{Contract, Readings};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::http::Headers;
use crate::limits;
use crate::load::profile::{self, Values};
use crate::report::mask;
use crate::run::{Restart, SessionSource, Target};
use crate::seed::Seed;
use crate::server::settings as server;
use crate::transport::Endpoint;
use crate::wire::Scheme;

/// Where a command's requests go.
pub(super) enum Whom {
    /// To the reference server, which the command starts.
    Reference,
    /// To the user's endpoint.
    Endpoint(Endpoint),
}

/// Settings of a networked command; `target` has no endpoint before the reference server has been started.
pub(super) struct Settings {
    /// Whom to test.
    pub whom: Whom,
    /// All else about the target.
    pub about: About,
    /// The seed.
    pub seed: Seed,
    /// The way to it.
    pub reach: Reach,
    /// How far it is spared; `None` for what is the user's own.
    pub care: Option<Care>,
    /// Requests per second.
    pub requests_per_second: Option<f64>,
    /// The flags that make the same run again.
    pub again: String,
    /// Whether the command line says how the target is restarted: whoever makes the run again has to.
    pub restarts: bool,
    /// Those of them that `endspec call` needs.
    pub calling: String,
}

impl About {
    /// What no report is to repeat, in whatever shape it comes back.
    pub(super) fn secrets(&self, reach: &Reach) -> mask::Secrets {
        let mut secrets = reach.secrets.clone();
        let keys = [&self.keys.own, &self.keys.denied];
        for found in keys.into_iter().flatten() {
            secrets.learn_value(&found.key.secret);
            found.key.token.iter().for_each(|token| secrets.learn_value(token));
        }
        secrets
    }
}

/// A target without its place.
pub(super) struct About {
    auth: Scheme,
    /// The keys, and where they came from.
    pub keys: Keys,
    restart: Option<Restart>,
    region: String,
    other_region: Option<String>,
    unsupported_region: Option<String>,
    instance_id: Option<String>,
    lacking: BTreeSet<String>,
    pub readings: Readings,
    sessions: SessionSource,
    pub timeout: Duration,
    settle: Duration,
    id_header: Option<String>,
    headers: Headers,
    careful: bool,
}

impl About {
    /// Whether sessions come from the target itself, or none are asked for.
    pub(super) fn starts_sessions(&self) -> bool {
        matches!(self.sessions, SessionSource::Start) || self.lacking.contains("sessions")
    }

    /// The command that restarts one target does not restart another.
    pub(super) fn never_restarts(&mut self) {
        self.restart = None;
        self.lacking.insert("restart".to_owned());
    }

    /// What gateways before one target are told is not for another's.
    pub(super) fn tells_no_gateway(&mut self) {
        self.headers = Headers::new();
    }

    /// The target, at its place.
    pub(super) fn at(self, endpoint: Endpoint, built_in: bool) -> Target {
        Target {
            endpoint,
            built_in,
            auth: self.auth,
            credential: self.keys.own.map(|found| found.key),
            denied: self.keys.denied.map(|found| found.key),
            restart: self.restart,
            region: self.region,
            other_region: self.other_region,
            unsupported_region: self.unsupported_region,
            instance_id: self.instance_id,
            lacking: self.lacking,
            readings: self.readings,
            sessions: self.sessions,
            timeout: self.timeout,
            settle: self.settle,
            id_header: self.id_header,
            headers: self.headers,
            careful: self.careful,
        }
    }
}

/// The profile that flag or environment name, or the nearest.
///
/// # Errors
/// A profile that cannot be read.
pub(super) fn profile(args: &NetworkArgs) -> Result<Values, Vec<Diagnostic>> {
    profile::find(args.profile.as_deref()).map_err(|mistakes| match &args.profile {
        Some(_) => mistakes.into_iter().map(of_profile).collect(),
        None => mistakes,
    })
}

fn of_profile(mistake: Diagnostic) -> Diagnostic {
    let help = "write `--profile FILE`, or `--profile FILE#NAME` for one of its named profiles";
    let mistake = of_flag("profile", mistake);
    if mistake.place.is_none() && mistake.help.is_none() { mistake.help(help) } else { mistake }
}

/// The revision that flag, environment or profile name.
pub(super) fn revision(args: &NetworkArgs, profile: &Values) -> Option<String> {
    Taker::new(profile).text(args.contract.as_ref(), "contract")
}

/// Resolves everything.
///
/// # Errors
/// Every mistake in flags, environment and profile.
pub(super) fn resolve(args: &NetworkArgs, values: &Values, contract: &Contract) -> Result<Settings, Vec<Diagnostic>> {
    let mut taker = Taker::new(values);
    let whom = place::whom(&mut taker, args);
    let (loopback, cloud) = match &whom {
        Whom::Reference => (true, false),
        Whom::Endpoint(endpoint) => (endpoint.is_loopback(), place::is_alibaba_cloud(&endpoint.host())),
    };
    let reference = matches!(whom, Whom::Reference);
    let auth = auth(&mut taker, args, reference || cloud);
    let timeout = timeout(&mut taker, args);
    let reach = reach::reach(&mut taker, args, timeout);
    let care = care::care(&mut taker, args, &whom, &reach.settings.pins);
    let own = |given: Option<String>, own: &str| given.or_else(|| reference.then(|| own.to_owned()));
    let default_settle = if loopback { Duration::ZERO } else { Duration::from_secs(2) };
    let restart = taker.text(args.restart_command.as_ref(), "restart-command").map(Restart::Command);
    let region = place::region(&mut taker, args);
    let second = if region == server::OTHER_REGION_ID { server::REGION_ID } else { server::OTHER_REGION_ID };
    let mut about = About {
        auth,
        keys: keys::keys(&mut taker, args, auth, reference),
        restart,
        other_region: own(taker.text(args.other_region.as_ref(), "other-region"), second),
        unsupported_region: own(
            taker.text(args.unsupported_region.as_ref(), "unsupported-region"),
            server::UNSUPPORTED_REGION_ID,
        ),
        region,
        instance_id: own(taker.text(args.instance_id.as_ref(), "instance-id"), server::INSTANCE_ID),
        lacking: declared::lacking(&mut taker, args, contract),
        readings: declared::readings(&mut taker, args, contract),
        sessions: declared::sessions(&mut taker, args),
        timeout,
        settle: taker.duration(args.settle.as_ref(), "settle").unwrap_or(default_settle),
        id_header: id_header(&mut taker, args),
        headers: reach.headers.clone(),
        careful: care.as_ref().is_some_and(|care| !care.thorough),
    };
    gateway(&mut taker, &about);
    taker.mistakes.extend(variables::misspelt());
    compared(&mut taker, args, &about, reference);
    let lacks = |scheme: Scheme| about.lacking.contains(&format!("signature-{}", scheme.name()));
    let asked = taker.text(args.auth.as_ref(), "auth").is_some();
    // Who verifies nothing may be sent signed calls all the same.
    let neither = lacks(Scheme::V1) && lacks(Scheme::V3);
    if asked && auth != Scheme::None && lacks(auth) && !neither {
        let message = format!("--auth {0} signs calls by what `--without` says the target lacks", auth.name());
        taker.mistake(flag(message).help("leave one of the two out, or sign with the other scheme"));
    }
    let seed = taker.parsed::<Seed>(args.seed.as_ref(), "seed").unwrap_or_else(Seed::fresh);
    let requests_per_second = rate(&mut taker, args, care.as_ref());
    let restarts = args.written.contains("restart-command");
    let calling = again::calling(&taker, args, &whom, &about);
    let again = again::again(&taker, args, &whom, &about, contract);
    let mut mistakes = taker.mistakes;
    if let Some(role) = about.keys.role.take().filter(|_| mistakes.is_empty()) {
        let (found, until) = role::fetch(&role).map_err(|mistake| vec![mistake])?;
        let left = until.map(|until| until.saturating_sub(Clock::system().unix_seconds()));
        if let Some(left) = left.filter(|left| *left <= keys::cleaning(about.timeout).as_secs()) {
            let message =
                format!("the key of the role is good for {left} seconds more: too short to clean up after a run");
            let help = "begin again when the metadata service has the next one";
            return Err(vec![Diagnostic::new(ENVIRONMENT, message).help(help)]);
        }
        (about.keys.own, about.keys.until) = (Some(found), until);
        mistakes.extend(about.keys.contradiction());
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Settings { whom, about, seed, reach, care, requests_per_second, again, restarts, calling })
}

/// What contradicts itself: against such a set-up a right target would look broken.
fn compared(taker: &mut Taker<'_>, args: &NetworkArgs, about: &About, reference: bool) {
    let rows = [
        ("region", args.region.as_ref(), Some(&about.region)),
        ("other-region", args.other_region.as_ref(), about.other_region.as_ref()),
        ("unsupported-region", args.unsupported_region.as_ref(), about.unsupported_region.as_ref()),
    ];
    let regions: Vec<_> =
        rows.into_iter().filter_map(|(key, flag, id)| Some((key, taker.given(flag, key), id?.trim()))).collect();
    let mut mistakes = Vec::new();
    for (at, (key, given, id)) in regions.iter().enumerate() {
        let same = |(_, _, other): &&(&str, Option<Given>, &str)| other.eq_ignore_ascii_case(id);
        if let Some((other, earlier, _)) = regions[..at].iter().find(same) {
            let told = given.as_ref().map(|given| (given, *other)).or(earlier.as_ref().map(|given| (given, *key)));
            let help = format!("name different regions, or leave `--{key}` out and declare `--without {key}`");
            let words = |other: &str| format!("`{id}` is the region of `--{other}` as well");
            mistakes.extend(told.map(|(given, other)| given.wrong(words(other)).help(help)));
        } else if reference
            && let Some(given) = given.as_ref().filter(|_| !server::has_region(id, *key != "unsupported-region"))
        {
            let api = if *key == "unsupported-region" { "without" } else { "with" };
            let help = "`endspec serve` names its regions when it begins; `--target URL` tests another endpoint";
            mistakes.push(given.wrong(format!("the reference server has no region `{id}` {api} this API")).help(help));
        }
    }
    mistakes.extend(about.keys.contradiction());
    taker.mistakes.extend(mistakes);
}

fn flag(message: String) -> Diagnostic {
    Diagnostic::new("flag", message)
}

/// A mistake that has no place in a file, by the name of the flag that it came from.
pub(super) fn of_flag(name: &str, mistake: Diagnostic) -> Diagnostic {
    match mistake.place {
        Some(_) => mistake,
        None => Diagnostic { message: format!("--{name}: {}", mistake.message), ..mistake },
    }
}

/// Few words, or the nearest of many.
fn one_of<'a>(word: &str, words: impl Iterator<Item = &'a str> + Clone) -> String {
    match did_you_mean(word, words.clone()) {
        Some(close) if words.clone().count() > 3 => format!("did you mean `{close}`?"),
        _ => format!("one of {}", words.collect::<Vec<_>>().join(", ")),
    }
}

fn auth(taker: &mut Taker<'_>, args: &NetworkArgs, signed: bool) -> Scheme {
    let default = if signed { Scheme::V3 } else { Scheme::None };
    let Some(given) = taker.given(args.auth.as_ref(), "auth") else { return default };
    let schemes = [Scheme::None, Scheme::V1, Scheme::V3];
    schemes.into_iter().find(|scheme| scheme.name() == given.text).unwrap_or_else(|| {
        let words = format!("`{}` is no signature scheme", given.text);
        taker.mistake(given.wrong(words).help(one_of(&given.text, schemes.iter().map(|scheme| scheme.name()))));
        default
    })
}

fn timeout(taker: &mut Taker<'_>, args: &NetworkArgs) -> Duration {
    let timeout = taker.duration(args.timeout.as_ref(), "timeout");
    if timeout == Some(Duration::ZERO) {
        let given = taker.given(args.timeout.as_ref(), "timeout");
        let mistake = given.map(|given| given.wrong(format!("`{}` leaves no time to answer", given.text)));
        taker.mistakes.extend(mistake.map(|mistake| mistake.help("write a time above 0, such as 500ms")));
    }
    timeout.unwrap_or(Duration::from_secs(10))
}

fn rate(taker: &mut Taker<'_>, args: &NetworkArgs, care: Option<&Care>) -> Option<f64> {
    let usual = care.map(|_| limits::CAREFUL_PER_SECOND);
    let Some(given) = taker.given(args.requests_per_second.as_ref(), "requests-per-second") else { return usual };
    match given.text.parse::<f64>() {
        Ok(rate) if rate > limits::CAREFUL_PER_SECOND && care.is_some_and(|care| !care.thorough) => {
            let words = format!("a public target is sent at most {} requests a second", limits::CAREFUL_PER_SECOND);
            taker.mistake(given.wrong(words).help(care::THOROUGH));
            usual
        }
        Ok(rate) if rate > 0.0 && rate.is_finite() => Some(rate),
        _ => {
            let mistake = given.wrong(format!("`{}` is no number above 0", given.text));
            taker.mistake(mistake.help("write how many requests a second may carry, such as 20 or 0.5"));
            None
        }
    }
}

/// A header of the user's choice must be a name, and none that the request or its signature is made of.
fn id_header(taker: &mut Taker<'_>, args: &NetworkArgs) -> Option<String> {
    let given = taker.given(args.id_header.as_ref(), "id-header")?;
    let named = if given.text.eq_ignore_ascii_case("authorization") {
        Err("the header `authorization` has a meaning of its own".to_owned())
    } else {
        header_name(&given.text)
    };
    if let Err(words) = named {
        taker.mistake(given.wrong(words).help("name one such as x-request-id"));
        return None;
    }
    Some(given.text)
}

/// A name, and none that the request is made of.
fn header_name(text: &str) -> Result<(), String> {
    let name = text.to_ascii_lowercase();
    let taken = [
        "host",
        "accept",
        "content-type",
        "content-length",
        "connection",
        "expect",
        "keep-alive",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
    ];
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    if !is_name {
        Err(format!("`{text}` cannot be the name of a header"))
    } else if taken.contains(&name.as_str()) || name.starts_with("x-acs-") {
        Err(format!("the header `{name}` has a meaning of its own"))
    } else {
        Ok(())
    }
}

/// Under V3 the signature stands in `authorization`; two of them are none.
fn gateway(taker: &mut Taker<'_>, about: &About) {
    let given = about.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    let lacks = |name: &str| about.lacking.contains(name);
    if given && about.auth != Scheme::None && !lacks("signature-v3") && !lacks("signatures") {
        let message = "--header: `authorization` is where a signature of scheme V3 stands";
        let help = "give `--auth none`, or `--auth v1` with `--without signature-v3`";
        taker.mistake(flag(message.to_owned()).help(help));
    }
}
