//! The configuration of the command-line client, `~/.aliyun/config.json`: profiles with a mode each.

use serde_json::Value;

use super::{Found, Read, mistake};
use crate::diagnostic::{Diagnostic, did_you_mean};

/// Modes that hold no key which could be signed with as it stands.
const MODES: [&str; 11] = [
    "RamRoleArn",
    "EcsRamRole",
    "RsaKeyPair",
    "RamRoleArnWithEcs",
    "ChainableRamRoleArn",
    "External",
    "CredentialsURI",
    "OIDC",
    "CloudSSO",
    "OAuth",
    "BearerToken",
];
/// How to pass the file over.
const PASS: &str = "to pass this file over set ALIBABA_CLOUD_CLI_PROFILE_DISABLED=true";

/// The key of a profile, or of the one that the file says is current; `None` where it has no such profile.
///
/// # Errors
/// What is no such file, a mode other than `AK` and `StsToken`, a part that is missing. None shows what the file says.
pub fn read(text: &str, file: &str, profile: Option<&str>) -> Result<Option<Found>, Diagnostic> {
    let document = document(text, file)?;
    let Some(name) = profile.or_else(|| document.get("current")?.as_str()).filter(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let Some(own) = listed(&document).find(|own| text_of(own, "name") == Some(name)) else { return Ok(None) };
    let mode = text_of(own, "mode").unwrap_or("");
    let part = |key: &str, kept: bool| Read {
        value: text_of(own, key).filter(|_| kept).map(str::to_owned),
        origin: format!("`{key}` of the profile `{name}` in {file}"),
    };
    if !matches!(mode, "AK" | "StsToken") {
        return Err(refused(mode, name, file));
    }
    let sts = mode == "StsToken";
    let missing = |origin: String| mistake(format!("{origin} is missing or empty")).help(PASS);
    if sts && text_of(own, "sts_token").is_none_or(str::is_empty) {
        return Err(missing(part("sts_token", sts).origin));
    }
    let found = Found::of(part("access_key_id", true), part("access_key_secret", true), part("sts_token", sts));
    found.map(Some).map_err(missing)
}

/// The names of the profiles that the file has.
///
/// # Errors
/// What is no such file.
pub fn profiles(text: &str, file: &str) -> Result<Vec<String>, Diagnostic> {
    let document = document(text, file)?;
    Ok(listed(&document).filter_map(|profile| text_of(profile, "name")).map(str::to_owned).collect())
}

fn document(text: &str, file: &str) -> Result<Value, Diagnostic> {
    // The words of the parser's error may repeat what it read.
    let parsed = serde_json::from_str(text.strip_prefix('\u{feff}').unwrap_or(text));
    parsed.map_err(|error: serde_json::Error| {
        mistake(format!("{file}:{}:{}: no JSON from here on", error.line(), error.column())).help(PASS)
    })
}

fn listed(document: &Value) -> impl Iterator<Item = &Value> {
    document.get("profiles").and_then(Value::as_array).into_iter().flatten()
}

fn text_of<'a>(profile: &'a Value, key: &str) -> Option<&'a str> {
    profile.get(key)?.as_str()
}

fn refused(mode: &str, name: &str, file: &str) -> Diagnostic {
    let named = MODES.iter().find(|known| **known == mode);
    let words = match named {
        Some(mode) => format!("the mode {mode}"),
        None if mode.is_empty() => "no mode".to_owned(),
        None => "a mode that is not known".to_owned(),
    };
    let message =
        format!("the profile `{name}` in {file} has {words}; keys are read from the modes AK and StsToken alone");
    let help = match (mode, named, did_you_mean(mode, ["AK", "StsToken"].into_iter().chain(MODES))) {
        ("EcsRamRole", ..) => "ask the metadata service with `--ecs-ram-role NAME`, or ".to_owned(),
        (_, None, Some(near)) if !mode.is_empty() => format!("did you mean `{near}`? Else "),
        (_, None, _) => String::new(),
        _ => "obtain a temporary key from it, and give that in ALIBABA_CLOUD_ACCESS_KEY_ID, \
              ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN, or "
            .to_owned(),
    };
    mistake(message).help(format!("{help}{PASS}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{ "current": "b", "profiles": [
        { "name": "a", "mode": "AK", "access_key_id": "id", "access_key_secret": "hunter2", "sts_token": "stale" },
        { "name": "b", "mode": "StsToken", "access_key_id": "id2", "access_key_secret": "s", "sts_token": "t" },
        { "name": "sso", "mode": "CloudSSO", "access_token": "hunter2" },
        { "name": "odd", "mode": "hunter2" },
        { "name": "role", "mode": "EcsRamRole", "ram_role_name": "r" },
        { "name": "half", "mode": "AK", "access_key_id": "hunter2" },
        { "name": "less", "mode": "StsToken", "access_key_id": "id2", "access_key_secret": "s" } ] }"#;

    #[test]
    fn the_current_profile_or_the_one_named_is_read() {
        let found = read(TEXT, "f", None).unwrap().expect("a key");
        assert_eq!((found.key.id.as_str(), found.parts.len()), ("id2", 3));
        let found = read(TEXT, "f", Some("a")).unwrap().expect("a key");
        // A token in a profile of a mode without one is a leftover, which the client ignores too.
        assert_eq!((found.key.id.as_str(), found.key.token.is_none()), ("id", true));
        assert_eq!(found.parts[0].origin, "`access_key_id` of the profile `a` in f");
        assert!(read(TEXT, "f", Some("none")).unwrap().is_none() && read("{}", "f", None).unwrap().is_none());
        assert_eq!(profiles(TEXT, "f").unwrap().len(), 7);
    }

    #[test]
    fn what_is_not_read_is_named_without_a_value() {
        let rows = [
            (TEXT, "sso", "the mode CloudSSO"),
            (TEXT, "role", "the mode EcsRamRole"),
            (TEXT, "odd", "a mode that is not known"),
            (TEXT, "half", "`access_key_secret` of the profile `half` in f is missing"),
            (TEXT, "less", "`sts_token` of the profile `less` in f is missing"),
            ("{ \"profiles\": hunter2", "a", "f:1:"),
        ];
        for (text, profile, words) in rows {
            let mistake = read(text, "f", Some(profile)).expect_err(words);
            assert!(mistake.message.contains(words), "{mistake:?}");
            assert!(!format!("{mistake:?}").contains("hunter2"), "{mistake:?}");
        }
    }
}
