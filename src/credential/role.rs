//! The key of an instance's RAM role, as the metadata service answers it.

use jiff::Timestamp;
use serde_json::Value;

use super::{Found, Read};

/// Where the metadata service is for every instance.
pub const SERVICE: &str = "http://100.100.100.200";
/// Path of the roles' keys.
pub const KEYS: &str = "/latest/meta-data/ram/security-credentials/";
/// Path that a token for the service is asked at, with PUT.
pub const TOKEN: &str = "/latest/api/token";
/// Header that says how long the token is to be good for, in seconds.
pub const TOKEN_TTL: (&str, &str) = ("X-aliyun-ecs-metadata-token-ttl-seconds", "21600");
/// Header that carries the token.
pub const TOKEN_HEADER: &str = "X-aliyun-ecs-metadata-token";

/// Whether a text can be the name of a role: it becomes part of a path.
pub fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// The key in an answer, and until when it is good.
///
/// # Errors
/// What is wrong with the answer, without what it says.
pub fn read(body: &[u8], role: &str, service: &str) -> Result<(Found, Option<u64>), String> {
    let document: Value = serde_json::from_slice(body).map_err(|_| "the answer is no JSON".to_owned())?;
    let text = |name: &str| document.get(name).and_then(Value::as_str).map(str::to_owned);
    // The SDK asks for just this word.
    if text("Code").as_deref() != Some("Success") {
        return Err("the answer does not say `\"Code\": \"Success\"`".to_owned());
    }
    let part = |name: &str| Read { value: text(name), origin: format!("{name} of the role {role}, from {service}") };
    let token = part("SecurityToken");
    if token.value.as_deref().is_none_or(str::is_empty) {
        return Err("the answer has no SecurityToken".to_owned());
    }
    let found = Found::of(part("AccessKeyId"), part("AccessKeySecret"), token);
    let expires = text("Expiration").and_then(|text| text.parse::<Timestamp>().ok());
    let expires = expires.and_then(|moment| u64::try_from(moment.as_second()).ok());
    found.map(|found| (found, expires)).map_err(|_| "the answer has no AccessKeyId or AccessKeySecret".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_of_a_role_is_temporary_and_complete_or_none() {
        let whole = r#"{"AccessKeyId":"i","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2026-01-01T00:00:00Z","Code":"Success"}"#;
        let (found, expires) = read(whole.as_bytes(), "r", "http://a").expect("a key");
        assert_eq!((found.parts.len(), expires), (3, Some(1_767_225_600)));
        let rows = [
            "",
            "{}",
            r#"{"Code":"Failed"}"#,
            r#"{"Code":"Success","AccessKeyId":"i","AccessKeySecret":"hunter2"}"#,
            r#"{"Code":"Success","AccessKeyId":"i","SecurityToken":"hunter2"}"#,
        ];
        for body in rows {
            let error = read(body.as_bytes(), "r", "http://a").expect_err(body);
            assert!(!error.contains("hunter2"), "{error}");
        }
        assert!(is_name("my-role_1.x") && !is_name("") && !is_name("a/../b") && !is_name("a b"));
    }
}
