//! Keys as the official clients find them: what files and the metadata service say, read into a key whose every part knows
//! where it came from. Reads no file and asks nobody itself.

pub mod config;
pub mod ini;
pub mod role;

use crate::diagnostic::Diagnostic;
use crate::wire::Credential;

/// The name of the profile that is taken where none is named.
pub const DEFAULT_PROFILE: &str = "default";

/// A key, and where each of its parts came from.
#[derive(Debug, Clone)]
pub struct Found {
    /// The key.
    pub key: Credential,
    /// Each part by its name, and its origin in words; never its value.
    pub parts: Vec<Part>,
}

/// A part of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// `AccessKeyId`, `AccessKeySecret` or `SecurityToken`.
    pub name: &'static str,
    /// Where it came from.
    pub origin: String,
}

/// A part as it was read: its value and the name that it has there.
pub struct Read {
    /// The value; an empty one is none.
    pub value: Option<String>,
    /// Where it stands.
    pub origin: String,
}

impl Found {
    /// A key of its parts; a part that is not there is what the first of the errors names.
    ///
    /// # Errors
    /// Where the id or the secret should stand.
    pub fn of(id: Read, secret: Read, token: Read) -> Result<Found, String> {
        let mut parts = Vec::new();
        let mut take = |name: &'static str, read: Read| match read.value.filter(|value| !value.trim().is_empty()) {
            Some(value) => {
                parts.push(Part { name, origin: read.origin });
                Ok(value.trim().to_owned())
            }
            None => Err(read.origin),
        };
        let mut key = Credential::new(take("AccessKeyId", id)?, take("AccessKeySecret", secret)?);
        key.token = take("SecurityToken", token).ok().map(Into::into);
        Ok(Found { key, parts })
    }
}

/// A part of a key that cannot be sent: it would end a line of the request, or be no text of a header at all.
///
/// # Errors
/// Which part of whose origin.
pub fn checked(found: Found) -> Result<Found, Diagnostic> {
    let token = found.key.token.as_ref().map_or("", |token| token.as_str());
    let values = [
        ("AccessKeyId", found.key.id.as_str()),
        ("AccessKeySecret", found.key.secret.as_str()),
        ("SecurityToken", token),
    ];
    let wrong = values.iter().find(|(_, value)| !value.bytes().all(|byte| byte.is_ascii_graphic()));
    let Some((name, _)) = wrong else { return Ok(found) };
    let part = found.parts.iter().find(|part| part.name == *name);
    let origin = part.map_or_else(|| (*name).to_owned(), |part| part.origin.clone());
    Err(mistake(format!("{origin} holds white space or characters outside of ASCII, which no {name} has"))
        .help("copy it once more, without quotes or line breaks"))
}

/// A mistake about keys; it never shows a value.
pub fn mistake(message: String) -> Diagnostic {
    Diagnostic::new("credential", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Read {
        Read { value: Some(value.to_owned()), origin: "a place".to_owned() }
    }

    #[test]
    fn a_key_needs_id_and_secret_and_shows_neither() {
        let none = || Read { value: None, origin: "another place".to_owned() };
        assert_eq!(Found::of(read("id"), none(), none()).err().as_deref(), Some("another place"));
        assert_eq!(Found::of(read("id"), read(" "), none()).err().as_deref(), Some("a place"));
        let found = Found::of(read("id"), read("hunter2\n"), read("tok3n")).expect("a key");
        assert_eq!((found.key.secret.as_str(), found.parts.len()), ("hunter2", 3));
        let shown = format!("{found:?}");
        assert!(!shown.contains("hunter2") && !shown.contains("tok3n"), "{shown}");
    }

    #[test]
    fn a_part_that_no_header_can_hold_is_refused_without_its_value() {
        let found = Found::of(read("id"), read("hunter2\r\nx: y"), read("t")).expect("a key");
        let mistake = checked(found).expect_err("line breaks are no secret's");
        assert!(mistake.message.contains("AccessKeySecret") && !mistake.message.contains("hunter2"), "{mistake:?}");
    }
}
