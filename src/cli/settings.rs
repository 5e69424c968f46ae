//! Settings: flag before environment before profile before default, parsed once, every mistake told.

use std::collections::{BTreeSet, VecDeque};
use std::str::FromStr;
use std::sync::Mutex;
use std::time::Duration;

use super::args::NetworkArgs;
use crate::contract::{Contract, Readings};
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::load::profile::{self, Values};
use crate::run::{SessionSource, Target};
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
    /// Values of the profile, for what only some commands read.
    pub profile: Values,
    /// The flags that make the same run again.
    pub again: String,
}

/// A target without its place.
pub(super) struct About {
    auth: Scheme,
    credential: Option<Credential>,
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
    /// The target, at its place.
    pub(super) fn at(self, endpoint: Endpoint, built_in: bool) -> Target {
        Target {
            endpoint,
            built_in,
            auth: self.auth,
            credential: self.credential,
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

/// The revision that flag, environment or profile name.
///
/// # Errors
/// A profile that cannot be read.
pub(super) fn profile(args: &NetworkArgs) -> Result<Values, Vec<Diagnostic>> {
    profile::find(args.profile.as_deref())
}

/// Resolves everything.
///
/// # Errors
/// Every mistake in flags, environment and profile.
pub(super) fn resolve(args: &NetworkArgs, values: Values, contract: &Contract) -> Result<Settings, Vec<Diagnostic>> {
    let mut mistakes = Vec::new();
    let mut taker = Taker { values: &values, mistakes: &mut mistakes };
    let whom = taker.whom(args);
    let (loopback, cloud) = match &whom {
        Whom::Reference => (true, false),
        Whom::Endpoint(endpoint) => (endpoint.is_loopback(), is_alibaba_cloud(&endpoint.host())),
    };
    let reference = matches!(whom, Whom::Reference);
    let auth = taker.auth(args, reference || cloud);
    let credential = taker.credential(auth, reference);
    let own = |given: Option<String>, own: &str| given.or_else(|| reference.then(|| own.to_owned()));
    let about = About {
        auth,
        credential,
        region: taker.text(args.region.as_ref(), "region").unwrap_or_else(|| server::REGION_ID.to_owned()),
        other_region: own(taker.text(args.other_region.as_ref(), "other-region"), server::OTHER_REGION_ID),
        unsupported_region: own(
            taker.text(args.unsupported_region.as_ref(), "unsupported-region"),
            server::UNSUPPORTED_REGION_ID,
        ),
        instance_id: own(taker.text(args.instance_id.as_ref(), "instance-id"), server::INSTANCE_ID),
        lacking: taker.lacking(args, contract),
        readings: taker.readings(args, contract),
        sessions: taker.sessions(args),
        timeout: taker.duration(args.timeout.as_ref(), "timeout").unwrap_or(Duration::from_secs(10)),
        settle: taker.duration(args.settle.as_ref(), "settle").unwrap_or(if loopback {
            Duration::ZERO
        } else {
            Duration::from_secs(2)
        }),
        id_header: taker.text(args.id_header.as_ref(), "id-header"),
    };
    let seed = taker.parsed::<Seed>(args.seed.as_ref(), "seed").unwrap_or_else(Seed::fresh);
    let requests_per_second = taker.rate(args);
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let again = again(&whom, &about);
    Ok(Settings { whom, about, seed, requests_per_second, profile: values, again })
}

/// Flags, as far as they make a run what it is.
fn again(whom: &Whom, about: &About) -> String {
    let mut words = Vec::new();
    if let Whom::Endpoint(endpoint) = whom {
        words.push(format!("--target {}", endpoint));
        words.push(format!("--auth {}", about.auth.name()));
        words.push(format!("--region {}", about.region));
        let given = [
            ("--other-region", &about.other_region),
            ("--unsupported-region", &about.unsupported_region),
            ("--instance-id", &about.instance_id),
        ];
        words.extend(given.iter().filter_map(|(flag, value)| value.as_ref().map(|value| format!("{flag} {value}"))));
    }
    words.join(" ")
}

fn is_alibaba_cloud(host: &str) -> bool {
    host == "aliyuncs.com" || host.ends_with(".aliyuncs.com")
}

fn flag(message: String) -> Diagnostic {
    Diagnostic::new("flag", message)
}

/// Takes one setting after the other, noting mistakes.
struct Taker<'a> {
    values: &'a Values,
    mistakes: &'a mut Vec<Diagnostic>,
}

impl Taker<'_> {
    fn text(&mut self, flag: Option<&String>, key: &str) -> Option<String> {
        flag.cloned().or_else(|| self.values.text(key).map(str::to_owned)).filter(|text| !text.is_empty())
    }

    fn list(&mut self, flag: &[String], key: &str) -> Vec<String> {
        let list = if flag.is_empty() { self.values.list(key) } else { flag.to_vec() };
        list.into_iter().filter(|text| !text.is_empty()).collect()
    }

    fn parsed<T: FromStr<Err = String>>(&mut self, flag_value: Option<&String>, key: &str) -> Option<T> {
        let text = self.text(flag_value, key)?;
        text.parse().map_err(|error: String| self.mistakes.push(flag(format!("--{key}: {error}")))).ok()
    }

    fn whom(&mut self, args: &NetworkArgs) -> Whom {
        let given = args.target.clone().or_else(|| self.values.text("target").map(str::to_owned));
        let Some(url) = given else { return Whom::Reference };
        if url.trim().is_empty() {
            let help = "leave `--target` and ENDSPEC_TARGET away altogether to test the built-in reference server";
            self.mistakes.push(flag("the target is empty: is a variable of your CI not set?".to_owned()).help(help));
            return Whom::Reference;
        }
        match Endpoint::parse(&url) {
            Ok(endpoint) => Whom::Endpoint(endpoint),
            Err(error) => {
                self.mistakes.push(flag(format!("--target: {error}")));
                Whom::Reference
            }
        }
    }

    fn auth(&mut self, args: &NetworkArgs, signed: bool) -> Scheme {
        let default = if signed { Scheme::V3 } else { Scheme::None };
        match self.text(args.auth.as_ref(), "auth").as_deref() {
            None => default,
            Some("none") => Scheme::None,
            Some("v1") => Scheme::V1,
            Some("v3") => Scheme::V3,
            Some(other) => {
                self.mistakes
                    .push(flag(format!("--auth: `{other}` is no signature scheme")).help("one of none, v1, v3"));
                default
            }
        }
    }

    /// Keys come from the environment alone, and go to another host than the reference server only where `--auth` or the
    /// host itself asks for it.
    fn credential(&mut self, auth: Scheme, reference: bool) -> Option<Credential> {
        if auth == Scheme::None {
            return None;
        }
        if reference {
            return Some(Credential::new(server::ACCESS_KEY_ID, server::ACCESS_KEY_SECRET));
        }
        let read = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let (id, secret) = (read("ALIBABA_CLOUD_ACCESS_KEY_ID"), read("ALIBABA_CLOUD_ACCESS_KEY_SECRET"));
        let (Some(id), Some(secret)) = (id, secret) else {
            let message = format!("--auth {}: there is no key to sign with", auth.name());
            let help = "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, or give `--auth none`";
            self.mistakes.push(flag(message).help(help));
            return None;
        };
        let mut credential = Credential::new(id, secret);
        credential.token = read("ALIBABA_CLOUD_SECURITY_TOKEN").map(Into::into);
        Some(credential)
    }

    fn lacking(&mut self, args: &NetworkArgs, contract: &Contract) -> BTreeSet<String> {
        let mut lacking = BTreeSet::new();
        for name in self.list(&args.without, "without") {
            match contract.capabilities.iter().find(|capability| capability.name == name) {
                Some(capability) => {
                    lacking.extend(capability.all_of.iter().cloned());
                    lacking.insert(name);
                }
                None => {
                    let names = contract.capabilities.iter().map(|capability| capability.name.as_str());
                    let help = did_you_mean(&name, names.clone()).map_or_else(
                        || format!("one of {}", names.collect::<Vec<_>>().join(", ")),
                        |close| format!("did you mean `{close}`?"),
                    );
                    self.mistakes.push(
                        Diagnostic::new("unknown-capability", format!("--without: there is no capability `{name}`"))
                            .help(help),
                    );
                }
            }
        }
        lacking
    }

    fn readings(&mut self, args: &NetworkArgs, contract: &Contract) -> Readings {
        let mut overrides = self.values.pairs("reading");
        for text in args.reading.iter().filter(|text| !text.is_empty()) {
            match text.split_once('=') {
                Some((name, value)) => overrides.push((name.to_owned(), value.to_owned())),
                None => {
                    let help = "write `--reading NAME=VALUE`; `endspec list readings` lists them";
                    self.mistakes.push(flag(format!("--reading: `{text}` has no `=`")).help(help));
                }
            }
        }
        Readings::resolve(contract, &overrides).unwrap_or_else(|mistakes| {
            self.mistakes.extend(mistakes);
            Readings::defaults(contract)
        })
    }

    fn sessions(&mut self, args: &NetworkArgs) -> SessionSource {
        let command = self.text(args.session_command.as_ref(), "session-command");
        let ids = self.list(&args.session_id, "session-id");
        let source = self.text(args.sessions.as_ref(), "sessions");
        let implied = if command.is_some() {
            "command"
        } else if ids.is_empty() {
            "start"
        } else {
            "pool"
        };
        match source.as_deref().unwrap_or(implied) {
            "start" => SessionSource::Start,
            "command" => match command {
                Some(command) => SessionSource::Command(command),
                None => {
                    let help = "give the command with `--session-command`";
                    self.mistakes.push(flag("--sessions command: there is no command".to_owned()).help(help));
                    SessionSource::Start
                }
            },
            "pool" => {
                if ids.is_empty() {
                    let help = "give ids of open sessions with `--session-id` (repeatable)";
                    self.mistakes.push(flag("--sessions pool: there are no ids".to_owned()).help(help));
                }
                SessionSource::Pool(Mutex::new(VecDeque::from(ids)))
            }
            other => {
                let help = "one of start, command, pool";
                self.mistakes.push(flag(format!("--sessions: `{other}` is no source of sessions")).help(help));
                SessionSource::Start
            }
        }
    }

    fn duration(&mut self, flag_value: Option<&String>, key: &str) -> Option<Duration> {
        let text = self.text(flag_value, key)?;
        duration(&text).map_err(|error| self.mistakes.push(flag(format!("--{key}: {error}")))).ok()
    }

    fn rate(&mut self, args: &NetworkArgs) -> Option<f64> {
        let text = self.text(args.requests_per_second.as_ref(), "requests-per-second")?;
        match text.parse::<f64>() {
            Ok(rate) if rate > 0.0 && rate.is_finite() => Some(rate),
            _ => {
                self.mistakes.push(flag(format!("--requests-per-second: `{text}` is no number above 0")));
                None
            }
        }
    }
}

/// Reads `500ms`, `5s`, `10m`.
///
/// # Errors
/// What is wrong with the text.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let error = || format!("`{text}` is no time: write a number and ms, s or m, such as 500ms");
    let unit_at = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(error)?;
    let (number, unit) = text.split_at(unit_at);
    let number: f64 = number.trim().parse().map_err(|_| error())?;
    let factor = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(error()),
    };
    let seconds = number * factor;
    if (0.0..=86_400.0).contains(&seconds) { Ok(Duration::from_secs_f64(seconds)) } else { Err(error()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_unit() {
        for (text, millis) in [("500ms", 500), ("5s", 5_000), ("0s", 0), ("1.5s", 1_500), ("10m", 600_000)] {
            assert_eq!(duration(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["", "5", "s", "-1s", "5h", "1e9s", "nan s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_hosts_of_alibaba_cloud_are_signed_for_unasked() {
        assert!(is_alibaba_cloud("ecs.cn-hangzhou.aliyuncs.com"));
        assert!(!is_alibaba_cloud("ecs.aliyuncs.com.example.org"));
        assert!(!is_alibaba_cloud("notaliyuncs.com"));
    }
}
