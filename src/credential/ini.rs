//! The credentials file of the SDKs, `~/.alibabacloud/credentials`: sections of keys in INI.

use std::collections::BTreeMap;

use super::{Found, Read, mistake};
use crate::diagnostic::{Diagnostic, did_you_mean};

/// Types of a section, and what is to be done about those that are not read.
const TYPES: [(&str, &str); 6] = [
    ("ecs_ram_role", "ask the metadata service with `--ecs-ram-role NAME`"),
    ("ram_role_arn", TEMPORARY),
    ("oidc_role_arn", TEMPORARY),
    ("rsa_key_pair", TEMPORARY),
    ("bearer", TEMPORARY),
    ("credentials_uri", TEMPORARY),
];
const TEMPORARY: &str = "obtain a temporary key from it, and give that in ALIBABA_CLOUD_ACCESS_KEY_ID, \
                         ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN";

/// A section: the values of its keys, which are in lower case.
type Section<'a> = BTreeMap<String, &'a str>;

/// The key of a profile; `None` where the file has no such profile, or has it disabled.
///
/// # Errors
/// A line that is none of the format, a type that is not read, a part that is missing. None shows what the file says.
pub fn read(text: &str, file: &str, profile: &str) -> Result<Option<Found>, Diagnostic> {
    let sections = sections(text, file)?;
    let Some(section) = sections.get(profile).filter(|section| section.get("enable") != Some(&"false")) else {
        return Ok(None);
    };
    let kind = section.get("type").copied().unwrap_or("access_key");
    if !matches!(kind, "access_key" | "sts") {
        return Err(refused(kind, profile, file));
    }
    let part = |name: &str| Read {
        value: section.get(name).map(|value| (*value).to_owned()),
        origin: format!("`{name}` of [{profile}] in {file}"),
    };
    let token = if section.contains_key("security_token") { "security_token" } else { "sts_token" };
    let found = Found::of(part("access_key_id"), part("access_key_secret"), part(token));
    found.map(Some).map_err(|missing| mistake(format!("{missing} is missing or empty")))
}

/// The names of the profiles that the file has.
///
/// # Errors
/// A line that is none of the format.
pub fn profiles(text: &str, file: &str) -> Result<Vec<String>, Diagnostic> {
    Ok(sections(text, file)?.into_keys().collect())
}

fn refused(kind: &str, profile: &str, file: &str) -> Diagnostic {
    let known = TYPES.iter().find(|(name, _)| *name == kind);
    let help = known.map(|(_, help)| (*help).to_owned()).or_else(|| {
        let names = TYPES.iter().map(|(name, _)| *name).chain(["access_key"]);
        did_you_mean(kind, names).map(|near| format!("did you mean `{near}`?"))
    });
    let kind = if known.is_some() { format!("the type `{kind}`") } else { "a type that is not known".to_owned() };
    let message = format!("[{profile}] in {file} is of {kind}; keys are read from the type `access_key` alone");
    mistake(message).help(help.unwrap_or_else(|| TEMPORARY.to_owned()))
}

/// Sections by name. As Python's `configparser` reads them, which the SDK does: keys in any case, `=` or `:`, comments
/// on lines of their own and behind values.
fn sections<'a>(text: &'a str, file: &str) -> Result<BTreeMap<String, Section<'a>>, Diagnostic> {
    let mut sections: BTreeMap<String, Section<'a>> = BTreeMap::new();
    let mut current = None;
    for (at, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let place = || format!("{file}:{}", at + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with(['#', ';']) {
            continue;
        }
        if let Some(rest) = line.strip_prefix('[') {
            let name = rest.split_once(']').map(|(name, _)| name.trim().to_owned());
            let name = name.ok_or_else(|| mistake(format!("{}: `[` is not closed by `]`", place())))?;
            sections.entry(name.clone()).or_default();
            current = Some(name);
            continue;
        }
        let (key, value) = line.split_once(['=', ':']).ok_or_else(|| {
            mistake(format!("{}: neither a section nor a key with its value", place()))
                .help("write `[default]`, and below it lines such as `access_key_id = ...`")
        })?;
        let section = current.as_ref().and_then(|name| sections.get_mut(name));
        let section = section.ok_or_else(|| {
            mistake(format!("{}: a key stands before the first section", place())).help("write `[default]` above it")
        })?;
        let value = value.split('#').next().unwrap_or("").trim();
        section.insert(key.trim().to_ascii_lowercase(), value);
    }
    Ok(sections)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# comment\n[default]\nenable = true\ntype = access_key  # the usual\nAccess_Key_Id = id\n\
        access_key_secret: s3cr=t\n\n[sts]\ntype=sts\naccess_key_id=a\naccess_key_secret=b\nsecurity_token=c\n\
        [off]\nenable=false\naccess_key_id=a\n[role]\ntype=ecs_ram_role\nrole_name=r\n[half]\naccess_key_id=hunter2\n";

    #[test]
    fn a_profile_is_read_as_the_sdk_reads_it() {
        let found = read(TEXT, "f", "default").unwrap().expect("a key");
        assert_eq!((found.key.id.as_str(), found.key.secret.as_str()), ("id", "s3cr=t"));
        assert_eq!(found.parts[1].origin, "`access_key_secret` of [default] in f");
        let found = read(TEXT, "f", "sts").unwrap().expect("a key");
        assert_eq!(found.key.token.as_ref().map(|token| token.as_str()), Some("c"));
        assert!(read(TEXT, "f", "off").unwrap().is_none() && read(TEXT, "f", "none").unwrap().is_none());
        assert_eq!(profiles(TEXT, "f").unwrap(), ["default", "half", "off", "role", "sts"]);
    }

    #[test]
    fn what_is_not_read_is_named_without_a_value() {
        let rows = [
            (TEXT, "role", "`ecs_ram_role`"),
            (TEXT, "half", "`access_key_secret` of [half] in f is missing"),
            ("[a]\nhunter2\n", "a", "f:2"),
            ("key = hunter2\n", "a", "f:1"),
            ("[a\nkey = hunter2\n", "a", "f:1"),
            ("[a]\ntype = hunter2\n", "a", "not known"),
        ];
        for (text, profile, words) in rows {
            let mistake = read(text, "f", profile).expect_err(words);
            assert!(mistake.message.contains(words), "{mistake:?}");
            assert!(!format!("{mistake:?}").contains("hunter2"), "{mistake:?}");
        }
    }
}
