//! Which key calls are signed with: the sources of the official clients in their order, asked only where something is signed.

use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use super::role;
use crate::cli::args::NetworkArgs;
use crate::cli::given::{Given, Taker};
use crate::credential::{self, DEFAULT_PROFILE, Found, Part, Read, config, ini};
use crate::diagnostic::Diagnostic;
use crate::server::settings as server;
use crate::wire::{Credential, Scheme};
use crate::{files, limits};

/// Keys of a run.
#[derive(Debug, Default)]
pub(in crate::cli) struct Keys {
    /// The key.
    pub own: Option<Found>,
    /// The one without permission to end sessions.
    pub denied: Option<Found>,
    /// A role whose key the metadata service is yet to be asked for.
    pub role: Option<role::Asked>,
    /// Until which second since 1970 the role's key is good, where the service says so.
    pub until: Option<u64>,
}

impl Keys {
    /// Each part of each key, and where it came from, in lines.
    pub(in crate::cli) fn origins(&self) -> Vec<String> {
        let lines = |found: Option<&Found>, before: &str| -> Vec<String> {
            let parts = found.map(|found| found.parts.as_slice()).unwrap_or_default();
            parts.iter().map(|Part { name, origin }| format!("{before}{name}: {origin}")).collect()
        };
        [lines(self.own.as_ref(), ""), lines(self.denied.as_ref(), "without permission, ")].concat()
    }

    /// A key cannot be allowed and denied, and a signature made with another secret must be another one.
    pub(super) fn contradiction(&self) -> Option<Diagnostic> {
        let (own, denied) = (self.own.as_ref()?, self.denied.as_ref()?);
        let (what, name) = if own.key.id == denied.key.id {
            ("key", "AccessKeyId")
        } else if *own.key.secret == *denied.key.secret {
            ("secret", "AccessKeySecret")
        } else {
            return None;
        };
        let of = |found: &Found| {
            let part = found.parts.iter().find(|part| part.name == name);
            let origin = part.map_or("", |part| part.origin.as_str());
            origin.strip_suffix(" of the environment").unwrap_or(origin).to_owned()
        };
        let help = "set ENDSPEC_DENIED_ACCESS_KEY_ID and ENDSPEC_DENIED_ACCESS_KEY_SECRET, or `--denied-profile`, to a key \
                    without ecs:EndTerminalSession, or leave them out and declare `--without denied-credential`";
        let message = format!("the {what} without permission is the one with it: {} is {}", of(denied), of(own));
        Some(super::flag(message).help(help))
    }
}

/// The longest that a run takes after its time is up: for the last answer, and to end its sessions.
pub(in crate::cli) fn cleaning(timeout: Duration) -> Duration {
    limits::CLEAN_UP.max(timeout) + timeout
}

/// For how long something may go on that could take that time: not beyond the role's key, whose end would have a right target
/// refuse what it took before. What cleans up after it needs the key too.
pub(in crate::cli) fn lasting(until: Option<u64>, time: Duration, cleaning: Duration, now: u64) -> Duration {
    let Some(left) = until.map(|until| Duration::from_secs(until.saturating_sub(now))) else { return time };
    let longest = left.saturating_sub(cleaning);
    if time > longest {
        let (left, longest) = (left.as_secs(), longest.as_secs());
        let words = format!("the key of the role is good for {left} seconds more, so this ends after {longest}");
        let _ = writeln!(std::io::stderr(), "endspec: {words}");
    }
    time.min(longest)
}

/// Keys go to another host than the reference server only where `--auth` or the host itself asks for it.
pub(super) fn keys(taker: &mut Taker<'_>, args: &NetworkArgs, auth: Scheme, reference: bool) -> Keys {
    if auth == Scheme::None {
        return Keys::default();
    }
    if reference {
        let own = built_in(server::ACCESS_KEY_ID, server::ACCESS_KEY_SECRET);
        let denied = built_in(server::DENIED_ACCESS_KEY_ID, server::DENIED_ACCESS_KEY_SECRET);
        return Keys { own: Some(own), denied: Some(denied), ..Keys::default() };
    }
    let mut keys = Keys::default();
    match chain(taker, args) {
        Ok(Source::Key(found)) => keys.own = Some(found),
        Ok(Source::Role(asked)) => keys.role = Some(asked),
        Ok(Source::None) => none(taker, args, auth),
        Err(mistake) => taker.mistake(*mistake),
    }
    keys.denied = denied(taker, args).unwrap_or_else(|mistake| {
        taker.mistake(*mistake);
        None
    });
    keys
}

fn built_in(id: &str, secret: &str) -> Found {
    let part = |name| Part { name, origin: "the reference server's own".to_owned() };
    Found { key: Credential::new(id, secret), parts: vec![part("AccessKeyId"), part("AccessKeySecret")] }
}

enum Source {
    Key(Found),
    Role(role::Asked),
    None,
}

type Failed = Box<Diagnostic>;

/// What was named by a flag, the environment, the two files, and a role that the environment names: the first that has a key.
fn chain(taker: &mut Taker<'_>, args: &NetworkArgs) -> Result<Source, Failed> {
    let service = role::service(taker, args);
    let role = taker.given(args.ecs_ram_role.as_ref(), "ecs-ram-role");
    let profile = taker.given(args.credential_profile.as_ref(), "credential-profile");
    if let (Some(role), Some(profile)) = (&role, &profile) {
        let words = format!("{} and {} each name the key to sign with", role.origin(), profile.origin());
        return Err(Box::new(role.wrong(words).help("leave one of the two out")));
    }
    if let Some(role) = role {
        let name = role.text.trim().to_owned();
        let asked = role::asked(&name, service).ok_or_else(|| {
            let help = "write its name, as the console shows it under RAM roles";
            Box::new(role.wrong(format!("`{name}` cannot be the name of a role")).help(help))
        });
        return asked.map(Source::Role);
    }
    if let Some(profile) = profile {
        return named(&profile).map(Source::Key);
    }
    if let Some(found) = environment("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", TOKEN)? {
        return Ok(Source::Key(found));
    }
    let profile = variable("ALIBABA_CLOUD_PROFILE");
    if let Some(found) = of_files(profile.as_deref())? {
        return Ok(Source::Key(found));
    }
    if let Some(profile) = profile {
        let words = "ALIBABA_CLOUD_PROFILE of the environment names a profile that no file of keys has";
        return Err(Box::new(credential::mistake(words.to_owned()).help(known(&profile))));
    }
    let off = variable("ALIBABA_CLOUD_ECS_METADATA_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    match variable("ALIBABA_CLOUD_ECS_METADATA").filter(|_| !off) {
        None => Ok(Source::None),
        Some(name) => role::asked(name.trim(), service).map(Source::Role).ok_or_else(|| {
            let words = "ALIBABA_CLOUD_ECS_METADATA of the environment cannot be the name of a role";
            Box::new(credential::mistake(words.to_owned()).help("write the role's name, or unset it"))
        }),
    }
}

const TOKEN: &str = "ALIBABA_CLOUD_SECURITY_TOKEN";

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A key of three variables. One half of it alone is a mistake: what another source says would be another key.
fn environment(id: &str, secret: &str, token: &str) -> Result<Option<Found>, Failed> {
    let part = |name: &str| Read { value: variable(name), origin: format!("{name} of the environment") };
    if variable(id).is_none() && variable(secret).is_none() {
        return Ok(None);
    }
    match Found::of(part(id), part(secret), part(token)) {
        Ok(found) => credential::checked(found).map(Some).map_err(Box::new),
        Err(_) => {
            let (is, not) = if variable(id).is_some() { (id, secret) } else { (secret, id) };
            let mistake = credential::mistake(format!("the environment has {is}, and no {not}"));
            Err(Box::new(mistake.help("set both, or unset both to take a key from a file")))
        }
    }
}

/// The key of a profile that the user named by a flag or in their own profile: of either file.
fn named(profile: &Given) -> Result<Found, Failed> {
    of_files(Some(profile.text.trim()))?.ok_or_else(|| {
        let words = format!("no file of keys has a profile `{}`", profile.text.trim());
        Box::new(profile.wrong(words).help(known(&profile.text)))
    })
}

fn of_files(profile: Option<&str>) -> Result<Option<Found>, Failed> {
    if let Some((text, file)) = command_line_file()?
        && let Some(found) = config::read(&text, &file, profile)?
    {
        return Ok(Some(credential::checked(found)?));
    }
    if let Some((text, file)) = sdk_file()?
        && let Some(found) = ini::read(&text, &file, profile.unwrap_or(DEFAULT_PROFILE))?
    {
        return Ok(Some(credential::checked(found)?));
    }
    Ok(None)
}

/// `~/.aliyun/config.json` and how messages name it, where it is there.
fn command_line_file() -> Result<Option<(String, String)>, Failed> {
    let off = variable("ALIBABA_CLOUD_CLI_PROFILE_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if off { Ok(None) } else { at_home(".aliyun/config.json") }
}

/// The SDKs' file; they agree on its folder, not on its ending.
fn sdk_file() -> Result<Option<(String, String)>, Failed> {
    if let Some(path) = variable("ALIBABA_CLOUD_CREDENTIALS_FILE") {
        let text = files::read(&PathBuf::from(&path), limits::CREDENTIAL_BYTES).map_err(|mistake| {
            let message = format!("ALIBABA_CLOUD_CREDENTIALS_FILE of the environment: {}", mistake.message);
            Box::new(Diagnostic { message, ..mistake })
        })?;
        return Ok(Some((text, path)));
    }
    let first = at_home(".alibabacloud/credentials")?;
    if first.is_some() { Ok(first) } else { at_home(".alibabacloud/credentials.ini") }
}

fn at_home(below: &str) -> Result<Option<(String, String)>, Failed> {
    let Some(home) = std::env::var_os("HOME").filter(|home| !home.is_empty()) else { return Ok(None) };
    match files::read(&PathBuf::from(home).join(below), limits::CREDENTIAL_BYTES) {
        Ok(text) => Ok(Some((text, format!("~/{below}")))),
        Err(mistake) if mistake.code == "file-missing" => Ok(None),
        Err(mistake) => Err(Box::new(mistake)),
    }
}

/// The profiles that there are, for whoever named another one.
fn known(wanted: &str) -> String {
    let names = |file: Result<Option<(String, String)>, Failed>,
                 read: fn(&str, &str) -> Result<Vec<String>, Diagnostic>| {
        let read = file.ok().flatten().and_then(|(text, file)| read(&text, &file).ok());
        read.unwrap_or_default()
    };
    let mut all = names(command_line_file(), config::profiles);
    all.extend(names(sdk_file(), ini::profiles));
    all.sort_unstable();
    all.dedup();
    if all.is_empty() {
        return "neither ~/.aliyun/config.json nor ~/.alibabacloud/credentials has any profile".to_owned();
    }
    super::one_of(wanted, all.iter().map(String::as_str))
}

/// The key without permission to end sessions: of the environment, or of a profile that the user names for it.
fn denied(taker: &Taker<'_>, args: &NetworkArgs) -> Result<Option<Found>, Failed> {
    if let Some(profile) = taker.given(args.denied_profile.as_ref(), "denied-profile") {
        return named(&profile).map(Some);
    }
    environment("ENDSPEC_DENIED_ACCESS_KEY_ID", "ENDSPEC_DENIED_ACCESS_KEY_SECRET", "ENDSPEC_DENIED_SECURITY_TOKEN")
}

/// Calls are to be signed and there is no key.
fn none(taker: &mut Taker<'_>, args: &NetworkArgs, auth: Scheme) {
    let origin = taker.given(args.auth.as_ref(), "auth").map_or_else(
        || "which is the default for Alibaba Cloud's own hosts".to_owned(),
        |given| format!("as {} says", given.origin()),
    );
    let scheme = auth.name();
    let message = format!("calls are to be signed with {scheme}, {origin}, and there is no key to sign with");
    let unread = ["ALIBABA_CLOUD_OIDC_TOKEN_FILE", "ALIBABA_CLOUD_CREDENTIALS_URI"];
    let unread = unread.into_iter().find(|name| variable(name).is_some());
    let unread = unread.map_or_else(String::new, |name| format!("; {name} is not read"));
    let help = format!(
        "set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET, have a profile in ~/.aliyun/config.json or \
         ~/.alibabacloud/credentials, name an instance's role with `--ecs-ram-role`, or give `--auth none`{unread}"
    );
    taker.mistake(Diagnostic::new("flag", message).help(help));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_goes_on_beyond_the_key_of_a_role_or_so_long_that_nothing_can_be_ended_with_it() {
        let (minute, hour) = (Duration::from_secs(60), Duration::from_secs(3_600));
        let rows = [
            (None, hour, hour),
            (Some(1_000 + 3_660), hour, hour),
            (Some(1_000 + 3_659), hour, hour - Duration::from_secs(1)),
            (Some(1_060), hour, Duration::ZERO),
            (Some(1), hour, Duration::ZERO),
        ];
        for (until, time, longest) in rows {
            assert_eq!(lasting(until, time, minute, 1_000), longest, "{until:?}");
        }
    }
}
