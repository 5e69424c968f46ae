//! How the endpoint is reached: certificates, addresses, versions of HTTP, and fields for gateways that stand before it.

use std::path::PathBuf;

use crate::cli::args::NetworkArgs;
use crate::cli::given::{Given, Taker};
use crate::http::Headers;
use crate::report::mask;
use crate::transport::{self, Identity, Pins, Proxies, Roots, Versions};
use crate::{files, limits};

/// How a value of `--header` says that it stands in the environment.
const REFERENCE: &str = "env:";

/// The way to the endpoint.
#[derive(Debug, Clone)]
pub(in crate::cli) struct Reach {
    /// The lanes' settings.
    pub settings: transport::Settings,
    /// Fields that every request to the endpoint carries.
    pub headers: Headers,
    /// Values of theirs that nobody is to read.
    pub secrets: mask::Secrets,
}

impl Reach {
    /// Whether nobody asks who answers.
    pub(in crate::cli) fn is_insecure(&self) -> bool {
        matches!(self.settings.roots, Roots::Anyone)
    }
}

/// From flags, environment and profile.
pub(super) fn reach(taker: &mut Taker<'_>, args: &NetworkArgs, timeout: std::time::Duration) -> Reach {
    let mut secrets = mask::Secrets::default();
    let headers = headers(taker, args, &mut secrets);
    let settings = transport::Settings {
        proxies: Proxies::from_environment(),
        roots: roots(taker, args),
        identity: identity(taker, args),
        versions: versions(taker, args),
        pins: pins(taker, args),
        ..transport::Settings::new(timeout)
    };
    Reach { settings, headers, secrets }
}

/// The contents of a file that a flag names.
fn file(taker: &mut Taker<'_>, given: &Given) -> Option<Vec<u8>> {
    let read = files::bytes(&PathBuf::from(given.text.trim()), limits::CREDENTIAL_BYTES);
    read.map_err(|mistake| {
        let told = given.wrong(&mistake.message);
        taker.mistake(crate::diagnostic::Diagnostic { code: mistake.code, help: mistake.help, ..told });
    })
    .ok()
}

fn roots(taker: &mut Taker<'_>, args: &NetworkArgs) -> Roots {
    let insecure = taker.switch(args.insecure.as_ref(), "insecure");
    let Some(given) = taker.given(args.ca_file.as_ref(), "ca-file") else {
        return if insecure { Roots::Anyone } else { Roots::Platform };
    };
    if insecure {
        let words = "`--insecure` trusts everybody, whatever this file says";
        taker.mistake(given.wrong(words).help("leave one of the two out"));
    }
    let Some(bytes) = file(taker, &given) else { return Roots::Platform };
    match transport::certificates(&bytes) {
        Ok(certificates) => Roots::Also(certificates),
        Err(words) => {
            taker.mistake(given.wrong(format!("`{}`: {words}", given.text)));
            Roots::Platform
        }
    }
}

fn identity(taker: &mut Taker<'_>, args: &NetworkArgs) -> Option<Identity> {
    let cert = taker.given(args.client_cert.as_ref(), "client-cert");
    let key = taker.given(args.client_key.as_ref(), "client-key");
    let (cert, key) = match (cert, key) {
        (None, None) => return None,
        (Some(cert), Some(key)) => (cert, key),
        // One file may hold both.
        (Some(cert), None) => (cert.clone(), cert),
        (None, Some(key)) => {
            taker.mistake(key.wrong("a key without its certificate").help("name that with `--client-cert`"));
            return None;
        }
    };
    let (chain, private) = (file(taker, &cert)?, file(taker, &key)?);
    match Identity::read(&chain, &private) {
        Ok(identity) => Some(identity),
        Err(words) => {
            taker.mistake(cert.wrong(words).help("`--client-key` names the file of the key, where it is another one"));
            None
        }
    }
}

fn versions(taker: &mut Taker<'_>, args: &NetworkArgs) -> Versions {
    let Some(given) = taker.given(args.http.as_ref(), "http") else { return Versions::Both };
    match given.text.trim() {
        "1.1" => Versions::One,
        "2" => Versions::Two,
        other => {
            let words = format!("`{other}` is no version of HTTP that is spoken here");
            taker.mistake(given.wrong(words).help("one of 1.1, 2; without, the endpoint chooses"));
            Versions::Both
        }
    }
}

fn pins(taker: &mut Taker<'_>, args: &NetworkArgs) -> Pins {
    let mut pins = Pins::default();
    for given in taker.list(&args.resolve, "resolve") {
        if let Err(words) = pins.add(given.text.trim()) {
            taker.mistake(given.wrong(words));
        }
    }
    pins
}

/// Fields that are none of the request's own, and whose secrets stand in the environment.
fn headers(taker: &mut Taker<'_>, args: &NetworkArgs, secrets: &mut mask::Secrets) -> Headers {
    let mut headers = Headers::new();
    for (name, value, given) in written(taker, args) {
        match checked(&name, &value) {
            Ok((value, secret)) => {
                if secret {
                    secrets.learn_value(&value);
                }
                headers.push(name, value);
            }
            Err((words, help)) => taker.mistake(given.wrong(words).help(help)),
        }
    }
    headers
}

/// `NAME=VALUE` of the flag, or the members of the profile's mapping.
fn written(taker: &mut Taker<'_>, args: &NetworkArgs) -> Vec<(String, String, Given)> {
    let given = taker.list(&args.header, "header");
    if given.is_empty() {
        let pairs = taker.values.pairs("header");
        let named = |(name, value): (String, String)| {
            let given = taker.pair("header", &name);
            (name, value, given)
        };
        return pairs.into_iter().map(named).collect();
    }
    let mut all = Vec::new();
    for given in given {
        match given.text.split_once('=') {
            Some((name, value)) => all.push((name.trim().to_owned(), value.trim().to_owned(), given.clone())),
            // The text may be a secret that was pasted.
            None => taker
                .mistake(given.wrong("a value has no `=`").help("write `--header NAME=VALUE`, or `NAME=env:VARIABLE`")),
        }
    }
    all
}

/// The value of a field, and whether it is secret.
fn checked(name: &str, value: &str) -> Result<(String, bool), (String, String)> {
    super::header_name(name).map_err(|words| (words, "name one such as x-gateway-route".to_owned()))?;
    let secret = mask::is_secret_name(name);
    let (value, secret) = match value.strip_prefix(REFERENCE) {
        Some(variable) => match std::env::var(variable) {
            Ok(value) if !value.trim().is_empty() => (value.trim().to_owned(), true),
            _ => {
                let words = format!("the environment has no variable `{variable}`");
                return Err((words, "set it, or leave the header out".to_owned()));
            }
        },
        None if secret => {
            let help = format!("put it into a variable, and write `{name}={REFERENCE}VARIABLE`");
            return Err((format!("the header `{name}` carries a secret, which no flag or file may hold"), help));
        }
        None => (value.to_owned(), false),
    };
    let plain = value.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if plain && !value.is_empty() {
        return Ok((value, secret));
    }
    let words = format!("the value of the header `{name}` is empty, or holds what no header should");
    Err((words, "write printable ASCII".to_owned()))
}
