//! Who calls: signatures of both schemes, their age and their nonces (FACTS 1.2 to 1.4).

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::answer::Problem;
use super::model::Now;
use super::nonces::Nonces;
use super::problem;
use super::settings::{Auth, Key, Limits, MissingCode, Settings};
use crate::wire::v3::Authorization;
use crate::wire::{Incoming, Scheme, v1, v3};

/// Headers that must be signed under V3 wherever they stand: whoever could change them would change the call.
const SIGNED: [&str; 7] = [
    "host",
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
    "x-acs-security-token",
];

/// The key that signed the call; none where nobody has to sign.
///
/// The nonce is noted last, so that a call that is refused does not use it up.
///
/// # Errors
/// The gateway's refusals: key, age, signature, token, nonce, in this order.
pub fn authorize<'s>(
    settings: &'s Settings,
    incoming: &Incoming<'_>,
    body: &[u8],
    nonces: &mut Nonces,
    now: Now,
) -> Result<Option<&'s Key>, Problem> {
    let Auth::Required(keys) = &settings.auth else { return Ok(None) };
    let code = settings.readings.missing_code;
    let key = match incoming.scheme() {
        Scheme::None => {
            let named = incoming.parameter("AccessKeyId").is_some_and(|id| !id.is_empty());
            return Err(problem::missing(if named { "Signature" } else { "AccessKeyId" }, code));
        }
        Scheme::V1 => signed_v1(keys, &settings.limits, incoming, code, now)?,
        Scheme::V3 => signed_v3(keys, &settings.limits, incoming, body, code, now)?,
    };
    check_token(key, incoming)?;
    let nonce = there(incoming.nonce(), "SignatureNonce", code)?;
    let kept = settings.limits.signature_past + settings.limits.signature_ahead;
    if !nonces.note(&key.id, nonce, kept, now.unix) {
        return Err(Problem::new(400, "SignatureNonceUsed", "Specified signature nonce was used already."));
    }
    Ok(Some(key))
}

fn signed_v1<'s>(
    keys: &'s [Key],
    limits: &Limits,
    incoming: &Incoming<'_>,
    code: MissingCode,
    now: Now,
) -> Result<&'s Key, Problem> {
    let id = there(incoming.parameter("AccessKeyId"), "AccessKeyId", code)?;
    let signature = there(incoming.parameter("Signature"), "Signature", code)?;
    let key = key_of(keys, id)?;
    check_age(there(incoming.timestamp(), "Timestamp", code)?, limits, now)?;
    let string_to_sign = incoming.v1_string_to_sign();
    if !v1::verify(&key.secret, &string_to_sign, signature) {
        return Err(mismatch("is not matched with", &string_to_sign));
    }
    if there(incoming.parameter("SignatureMethod"), "SignatureMethod", code)? != "HMAC-SHA1" {
        return Err(Problem::new(400, "InvalidSignatureMethod", "Specified signature method is not valid."));
    }
    if there(incoming.parameter("SignatureVersion"), "SignatureVersion", code)? != "1.0" {
        return Err(problem::not_valid("SignatureVersion"));
    }
    Ok(key)
}

fn signed_v3<'s>(
    keys: &'s [Key],
    limits: &Limits,
    incoming: &Incoming<'_>,
    body: &[u8],
    code: MissingCode,
    now: Now,
) -> Result<&'s Key, Problem> {
    let authorization = incoming.authorization().ok_or_else(incomplete)?;
    let key = key_of(keys, &authorization.credential)?;
    check_age(there(incoming.timestamp(), "x-acs-date", code)?, limits, now)?;
    let string_to_sign = incoming.v3_string_to_sign(&authorization, body);
    let hash = incoming.headers.get("x-acs-content-sha256").unwrap_or("");
    let body_as_signed = hash.eq_ignore_ascii_case(&v3::hash(body));
    if !v3::verify(&key.secret, &string_to_sign, &authorization.signature) || !body_as_signed {
        return Err(mismatch("does not match", &string_to_sign));
    }
    if !covers(&authorization, incoming) {
        return Err(incomplete());
    }
    Ok(key)
}

/// A header that stands twice is read by its first value and signed by all, so that it counts as not covered.
fn covers(authorization: &Authorization, incoming: &Incoming<'_>) -> bool {
    SIGNED.iter().all(|name| match incoming.headers.all(name).count() {
        0 => true,
        1 => authorization.signed_headers.iter().any(|signed| signed == name),
        _ => false,
    })
}

fn there<'a>(value: Option<&'a str>, name: &str, code: MissingCode) -> Result<&'a str, Problem> {
    value.filter(|value| !value.is_empty()).ok_or_else(|| problem::missing(name, code))
}

fn key_of<'s>(keys: &'s [Key], id: &str) -> Result<&'s Key, Problem> {
    let unknown = || Problem::new(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
    keys.iter().find(|key| key.id == id).ok_or_else(unknown)
}

/// Some clients look for the words before the colon, others for whatever stands behind it (FACTS 3).
fn mismatch(verb: &str, string_to_sign: &str) -> Problem {
    let message = format!("Specified signature {verb} our calculation. server string to sign is:{string_to_sign}");
    Problem::new(400, "SignatureDoesNotMatch", message)
}

fn incomplete() -> Problem {
    Problem::new(400, "IncompleteSignature", "The request signature does not conform to Aliyun standards.")
}

fn check_age(text: &str, limits: &Limits, now: Now) -> Result<(), Problem> {
    let Some(signed) = seconds_of(text) else {
        let message = "Specified time stamp or date value is not well formatted.";
        return Err(Problem::new(400, "InvalidTimeStamp.Format", message));
    };
    let past = now.unix.saturating_sub(signed);
    let ahead = signed.saturating_sub(now.unix);
    if past > limits.signature_past.as_secs() || ahead > limits.signature_ahead.as_secs() {
        let message = "Specified time stamp or date value is expired.";
        return Err(Problem::new(400, "InvalidTimeStamp.Expired", message));
    }
    Ok(())
}

/// Unix time of `yyyy-MM-ddTHH:mm:ssZ`; the parser alone would take other writings as well.
fn seconds_of(text: &str) -> Option<u64> {
    let shape = text.bytes().map(|b| if b.is_ascii_digit() { b'd' } else { b });
    if !shape.eq("dddd-dd-ddTdd:dd:ddZ".bytes()) {
        return None;
    }
    u64::try_from(text.parse::<Timestamp>().ok()?.as_second()).ok()
}

fn check_token(key: &Key, incoming: &Incoming<'_>) -> Result<(), Problem> {
    let given = incoming.security_token().unwrap_or("");
    match &key.token {
        None if given.is_empty() => Ok(()),
        Some(token) if bool::from(token.as_bytes().ct_eq(given.as_bytes())) => Ok(()),
        Some(_) if given.is_empty() => {
            Err(Problem::new(400, "MissingSecurityToken", "SecurityToken is mandatory for this action."))
        }
        None | Some(_) => Err(Problem::new(
            400,
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken is mismatched with AccessKey.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;

    #[test]
    fn timestamps_have_one_writing() {
        let rows = [
            ("documented", "2023-10-26T10:22:32Z", Some(1_698_315_752)),
            ("offset", "2023-10-26T10:22:32+00:00", None),
            ("fraction", "2023-10-26T10:22:32.5Z", None),
            ("no such day", "2023-02-30T10:22:32Z", None),
            ("space", "2023-10-26 10:22:32Z", None),
            ("before 1970", "1969-12-31T23:59:59Z", None),
            ("empty", "", None),
        ];
        for (name, text, expected) in rows {
            assert_eq!(seconds_of(text), expected, "{name}");
        }
    }

    #[test]
    fn signatures_age_and_may_be_a_little_early() {
        let now = Now { unix: 1_698_315_752, moment: Moment(0) };
        let rows = [
            ("now", 0, None),
            ("documented window", -15 * 60, None),
            ("long past", -31 * 60, Some("InvalidTimeStamp.Expired")),
            ("skewed clock", 15 * 60, None),
            ("long ahead", 31 * 60, Some("InvalidTimeStamp.Expired")),
        ];
        for (name, offset, expected) in rows {
            let text = crate::clock::timestamp(now.unix.saturating_add_signed(offset));
            let code = check_age(&text, &Limits::default(), now).err().map(|problem| problem.code);
            assert_eq!(code.as_deref(), expected, "{name}");
        }
    }
}
