//! Settings: flag before environment before profile before default, parsed once, every mistake told.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use clap::CommandFactory;

use super::args::{Args, NetworkArgs};
use super::given::{Given, Taker};
use crate::contract::{Contract, Readings};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::load::profile::{self, Values};
use crate::report::exchange::quoted_where_needed;
use crate::run::{Restart, SessionSource, Target};
use crate::seed::Seed;
use crate::server::settings as server;
use crate::transport::Endpoint;
use crate::wire::{Credential, Scheme};

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
    /// Requests per second.
    pub requests_per_second: Option<f64>,
    /// The flags that make the same run again.
    pub again: String,
}

/// A target without its place.
pub(super) struct About {
    auth: Scheme,
    credential: Option<Credential>,
    denied: Option<Credential>,
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

    /// The target, at its place.
    pub(super) fn at(self, endpoint: Endpoint, built_in: bool) -> Target {
        Target {
            endpoint,
            built_in,
            auth: self.auth,
            credential: self.credential,
            denied: self.denied,
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
    let whom = whom(&mut taker, args);
    let (loopback, cloud) = match &whom {
        Whom::Reference => (true, false),
        Whom::Endpoint(endpoint) => (endpoint.is_loopback(), is_alibaba_cloud(&endpoint.host())),
    };
    let reference = matches!(whom, Whom::Reference);
    let auth = auth(&mut taker, args, reference || cloud);
    let own = |given: Option<String>, own: &str| given.or_else(|| reference.then(|| own.to_owned()));
    let default_settle = if loopback { Duration::ZERO } else { Duration::from_secs(2) };
    let restart = taker.text(args.restart_command.as_ref(), "restart-command").map(Restart::Command);
    let region = region(&mut taker, args);
    let second = if region == server::OTHER_REGION_ID { server::REGION_ID } else { server::OTHER_REGION_ID };
    let about = About {
        auth,
        credential: credential(&mut taker, args, auth, reference),
        denied: denied(auth, reference),
        restart,
        other_region: own(taker.text(args.other_region.as_ref(), "other-region"), second),
        unsupported_region: own(
            taker.text(args.unsupported_region.as_ref(), "unsupported-region"),
            server::UNSUPPORTED_REGION_ID,
        ),
        region,
        instance_id: own(taker.text(args.instance_id.as_ref(), "instance-id"), server::INSTANCE_ID),
        lacking: lacking(&mut taker, args, contract),
        readings: readings(&mut taker, args, contract),
        sessions: sessions(&mut taker, args),
        timeout: timeout(&mut taker, args),
        settle: taker.duration(args.settle.as_ref(), "settle").unwrap_or(default_settle),
        id_header: id_header(&mut taker, args),
    };
    taker.mistakes.extend(misspelt_variables());
    compared(&mut taker, args, &about, reference);
    let lacks = |scheme: Scheme| about.lacking.contains(&format!("signature-{}", scheme.name()));
    let asked = taker.text(args.auth.as_ref(), "auth").is_some();
    if asked && auth != Scheme::None && lacks(auth) {
        let message = format!("--auth {0} signs calls by what `--without` says the target lacks", auth.name());
        taker.mistake(flag(message).help("leave one of the two out, or sign with the other scheme"));
    }
    let seed = taker.parsed::<Seed>(args.seed.as_ref(), "seed").unwrap_or_else(Seed::fresh);
    let requests_per_second = rate(&mut taker, args);
    let again = again(&taker, args, &whom, &about, contract);
    let mistakes = taker.mistakes;
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    Ok(Settings { whom, about, seed, requests_per_second, again })
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
    if let (Some(own), Some(denied)) = (&about.credential, &about.denied) {
        mistakes.extend(same_keys(own, denied));
    }
    taker.mistakes.extend(mistakes);
}

/// A key cannot be allowed and denied, and a signature made with another secret must be another one.
fn same_keys(own: &Credential, denied: &Credential) -> Option<Diagnostic> {
    let (what, variable) = if own.id == denied.id {
        ("key", "ENDSPEC_DENIED_ACCESS_KEY_ID is ALIBABA_CLOUD_ACCESS_KEY_ID")
    } else if *own.secret == *denied.secret {
        ("secret", "ENDSPEC_DENIED_ACCESS_KEY_SECRET is ALIBABA_CLOUD_ACCESS_KEY_SECRET")
    } else {
        return None;
    };
    let help = "set ENDSPEC_DENIED_ACCESS_KEY_ID and ENDSPEC_DENIED_ACCESS_KEY_SECRET to a key without \
                ecs:EndTerminalSession, or unset both and declare `--without denied-credential`";
    Some(flag(format!("the {what} without permission is the one with it: {variable}")).help(help))
}

/// Flags, as far as they make a run what it is. What a session command says may be secret, and ids are used up: the user
/// gives those again.
fn again(taker: &Taker<'_>, args: &NetworkArgs, whom: &Whom, about: &About, contract: &Contract) -> String {
    let mut words = Vec::new();
    let mut word = |flag: &str, value: &str| words.push(format!("--{flag} {}", quoted_where_needed(value)));
    if let Whom::Endpoint(endpoint) = whom {
        word("target", &endpoint.to_string());
        word("auth", about.auth.name());
        word("region", &about.region);
    }
    let given = [
        ("other-region", args.other_region.as_ref()),
        ("unsupported-region", args.unsupported_region.as_ref()),
        ("instance-id", args.instance_id.as_ref()),
        ("contract", args.contract.as_ref()),
        ("timeout", args.timeout.as_ref()),
        ("settle", args.settle.as_ref()),
    ];
    for (flag, value) in given {
        if let Some(value) = taker.text(value, flag) {
            word(flag, &value);
        }
    }
    match about.sessions {
        SessionSource::Start => {}
        SessionSource::Command(_) => word("sessions", "command"),
        SessionSource::Pool(_) => word("sessions", "pool"),
    }
    let without: Vec<String> = taker.list(&args.without, "without").into_iter().map(|given| given.text).collect();
    if !without.is_empty() {
        word("without", &without.join(","));
    }
    for (name, value) in about.readings.0.iter().filter(|(name, value)| default(contract, name) != value.as_str()) {
        word("reading", &format!("{name}={value}"));
    }
    words.join(" ")
}

fn default<'a>(contract: &'a Contract, reading: &str) -> &'a str {
    contract.readings.get(reading).map_or("", |reading| reading.default.as_str())
}

/// Variables of the environment that begin as ours do and are none: a misspelt target would test another one.
fn misspelt_variables() -> Vec<Diagnostic> {
    let known = variables();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let wrong = names.filter(|name| name.starts_with("ENDSPEC_") && !known.contains(name));
    wrong
        .map(|name| {
            let help = did_you_mean(&name, known.iter().map(String::as_str))
                .map_or_else(|| "unset it".to_owned(), |close| format!("did you mean `{close}`?"));
            flag(format!("the environment has `{name}`, which endspec does not know")).help(help)
        })
        .collect()
}

/// Every variable that a command reads: those of flags, and the keys that are never flags.
fn variables() -> BTreeSet<String> {
    let command = Args::command();
    let flags = command.get_subcommands().flat_map(|command| command.get_arguments());
    let of_flags = flags.filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned));
    let keys = ["ENDSPEC_DENIED_ACCESS_KEY_ID", "ENDSPEC_DENIED_ACCESS_KEY_SECRET"].map(str::to_owned);
    of_flags.chain(keys).collect()
}

fn is_alibaba_cloud(host: &str) -> bool {
    host == "aliyuncs.com" || host.ends_with(".aliyuncs.com")
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

fn whom(taker: &mut Taker<'_>, args: &NetworkArgs) -> Whom {
    let Some(given) = taker.raw(args.target.as_ref(), "target") else { return Whom::Reference };
    if given.text.trim().is_empty() {
        let help = "leave `--target` and ENDSPEC_TARGET away altogether to test the built-in reference server";
        taker.mistake(given.wrong("the target is empty: is a variable of your CI not set?").help(help));
        return Whom::Reference;
    }
    match Endpoint::parse(&given.text) {
        Ok(endpoint) => Whom::Endpoint(endpoint),
        Err(error) => {
            taker.mistake(given.wrong(error));
            Whom::Reference
        }
    }
}

/// An empty one would have another region tested than the user believes.
fn region(taker: &mut Taker<'_>, args: &NetworkArgs) -> String {
    let given = taker.raw(args.region.as_ref(), "region");
    if let Some(given) = given.as_ref().filter(|given| given.text.trim().is_empty()) {
        let help =
            format!("name a region, or leave `--region` and ENDSPEC_REGION away altogether for {}", server::REGION_ID);
        taker.mistake(given.wrong("the region is empty: is a variable of your CI not set?").help(help));
    }
    given.map_or_else(|| server::REGION_ID.to_owned(), |given| given.text)
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

/// Keys come from the environment alone, and go to another host than the reference server only where `--auth` or the
/// host itself asks for it.
fn credential(taker: &mut Taker<'_>, args: &NetworkArgs, auth: Scheme, reference: bool) -> Option<Credential> {
    if auth == Scheme::None {
        return None;
    }
    if reference {
        return Some(Credential::new(server::ACCESS_KEY_ID, server::ACCESS_KEY_SECRET));
    }
    let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (id, secret) = (read("ALIBABA_CLOUD_ACCESS_KEY_ID"), read("ALIBABA_CLOUD_ACCESS_KEY_SECRET"));
    let (Some(id), Some(secret)) = (id, secret) else {
        let origin = taker.given(args.auth.as_ref(), "auth").map_or_else(
            || "which is the default for Alibaba Cloud's own hosts".to_owned(),
            |given| format!("as {} says", given.origin()),
        );
        let scheme = auth.name();
        let message = format!("calls are to be signed with {scheme}, {origin}, and there is no key to sign with");
        let help = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or give `--auth none`";
        taker.mistake(flag(message).help(help));
        return None;
    };
    let mut credential = Credential::new(id, secret);
    credential.token = read("ALIBABA_CLOUD_SECURITY_TOKEN").map(Into::into);
    Some(credential)
}

/// The key without permission to end sessions, from the environment alone.
fn denied(auth: Scheme, reference: bool) -> Option<Credential> {
    if auth == Scheme::None {
        return None;
    }
    if reference {
        return Some(Credential::new(server::DENIED_ACCESS_KEY_ID, server::DENIED_ACCESS_KEY_SECRET));
    }
    let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Some(Credential::new(read("ENDSPEC_DENIED_ACCESS_KEY_ID")?, read("ENDSPEC_DENIED_ACCESS_KEY_SECRET")?))
}

fn lacking(taker: &mut Taker<'_>, args: &NetworkArgs, contract: &Contract) -> BTreeSet<String> {
    let mut lacking = BTreeSet::new();
    for given in taker.list(&args.without, "without") {
        let name = given.text.as_str();
        if let Some(capability) = contract.capability(name) {
            lacking.extend(capability.all_of.iter().cloned());
            lacking.insert(name.to_owned());
        } else {
            let names = contract.capabilities.iter().map(|capability| capability.name.as_str());
            let help = one_of(name, names);
            let mistake = given.wrong(format!("there is no capability `{name}`"));
            taker.mistake(Diagnostic { code: "unknown-capability", ..mistake }.help(help));
        }
    }
    lacking
}

fn readings(taker: &mut Taker<'_>, args: &NetworkArgs, contract: &Contract) -> Readings {
    let mut declared = Vec::new();
    for text in args.reading.iter().filter(|text| !text.is_empty()) {
        match text.split_once('=') {
            Some((name, value)) => declared.push((name.to_owned(), value.to_owned())),
            None => {
                let help = "write `--reading NAME=VALUE`; `endspec list readings` lists them";
                taker.mistake(flag(format!("--reading: `{text}` has no `=`")).help(help));
            }
        }
    }
    let of_profile = taker.values.pairs("reading");
    let own = |name: &str| declared.iter().any(|(declared, _)| declared == name);
    let more: Vec<(String, String)> = of_profile.into_iter().filter(|(name, _)| !own(name)).collect();
    declared.extend(more);
    Readings::resolve(contract, &declared).unwrap_or_else(|mistakes| {
        taker.mistakes.extend(mistakes.into_iter().map(|mistake| of_flag("reading", mistake)));
        Readings::defaults(contract)
    })
}

fn sessions(taker: &mut Taker<'_>, args: &NetworkArgs) -> SessionSource {
    let command = taker.text(args.session_command.as_ref(), "session-command");
    let ids: Vec<String> = taker.list(&args.session_id, "session-id").into_iter().map(|given| given.text).collect();
    for (at, given) in taker.list(&args.session_id, "session-id").iter().enumerate() {
        if ids[..at].contains(&given.text) {
            let words = format!("`{}` is given twice, and each id is used once", given.text);
            taker.mistake(given.wrong(words).help("give the id of another open session in its place"));
        }
    }
    let source = taker.given(args.sessions.as_ref(), "sessions");
    let implied = if command.is_some() {
        "command"
    } else if ids.is_empty() {
        "start"
    } else {
        "pool"
    };
    match (source.as_ref().map_or(implied, |given| given.text.as_str()), command) {
        ("start", _) => SessionSource::Start,
        ("command", Some(command)) => SessionSource::Command(command),
        ("command", None) => {
            let help = "give the command with `--session-command`";
            taker.mistake(flag("--sessions: `command` is chosen, and there is no command".to_owned()).help(help));
            SessionSource::Start
        }
        ("pool", _) => {
            if ids.is_empty() {
                let help = "give ids of open sessions with `--session-id` (repeatable)";
                taker.mistake(flag("--sessions: `pool` is chosen, and there are no ids".to_owned()).help(help));
            }
            SessionSource::Pool(Mutex::new(VecDeque::from(ids)))
        }
        (other, _) => {
            let words = format!("`{other}` is no source of sessions");
            let help = one_of(other, ["start", "command", "pool"].into_iter());
            taker.mistakes.extend(source.as_ref().map(|given| given.wrong(words).help(help)));
            SessionSource::Start
        }
    }
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

fn rate(taker: &mut Taker<'_>, args: &NetworkArgs) -> Option<f64> {
    let given = taker.given(args.requests_per_second.as_ref(), "requests-per-second")?;
    match given.text.parse::<f64>() {
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
    let name = given.text.to_ascii_lowercase();
    let taken =
        ["host", "authorization", "accept", "content-type", "content-length", "connection", "transfer-encoding"];
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte));
    let words = if !is_name {
        format!("`{}` cannot be the name of a header", given.text)
    } else if taken.contains(&name.as_str()) || name.starts_with("x-acs-") {
        format!("the header `{name}` has a meaning of its own")
    } else {
        return Some(given.text);
    };
    taker.mistake(given.wrong(words).help("name one such as x-request-id"));
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_alibaba_cloud_are_signed_for_unasked() {
        assert!(is_alibaba_cloud("ecs.cn-hangzhou.aliyuncs.com"));
        assert!(!is_alibaba_cloud("ecs.aliyuncs.com.example.org"));
        assert!(!is_alibaba_cloud("notaliyuncs.com"));
    }
}
