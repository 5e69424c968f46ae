//! Who calls: signatures of both schemes, their age and their nonces (FACTS 1.2 to 1.4).

use jiff::Timestamp;
use subtle::ConstantTimeEq as _;

use super::answer::Problem;
use super::fault::{Asked, Fault, Trust};
use super::nonces::Nonces;
use super::problem;
use super::session::Now;
use super::settings::{Auth, Key, Limits, MissingCode, Operation, Settings};
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

/// Who may call.
pub struct Gate<'s> {
    settings: &'s Settings,
    trust: Trust,
    now: Now,
}

/// What a caller brings.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// The call.
    pub incoming: &'a Incoming<'a>,
    /// Its body.
    pub body: &'a [u8],
    /// Its query as sent; for faults alone.
    pub query: &'a str,
    /// For faults alone.
    pub asked: &'a Asked,
}

impl<'s> Gate<'s> {
    /// As it stands now.
    pub fn new(settings: &'s Settings, now: Now) -> Gate<'s> {
        let trust = settings.fault.and_then(Fault::trusts).unwrap_or_default();
        Gate { settings, trust, now }
    }

    /// The key that signed the call; none where nobody has to sign.
    ///
    /// The nonce is noted last, so that a call that is refused does not use it up.
    ///
    /// # Errors
    /// The gateway's refusals: key, age, signature, token, nonce, in this order.
    pub fn admit(&self, claim: Claim<'_>, nonces: &mut Nonces) -> Result<Option<&'s Key>, Problem> {
        let Auth::Required(keys) = &self.settings.auth else { return Ok(None) };
        let incoming = claim.incoming;
        let key = match incoming.scheme() {
            Scheme::None if self.trust.takes_unsigned(claim) => return Ok(keys.first()),
            Scheme::None => {
                let named = incoming.parameter("AccessKeyId").is_some_and(|id| !id.is_empty());
                return Err(problem::missing(if named { "Signature" } else { "AccessKeyId" }, self.code()));
            }
            Scheme::V1 => self.signed_v1(keys, claim)?,
            Scheme::V3 => self.signed_v3(keys, claim)?,
        };
        check_token(key, incoming)?;
        let nonce = self.there(incoming.nonce(), "SignatureNonce")?;
        let limits = &self.settings.limits;
        let kept = limits.signature_past + limits.signature_ahead;
        let Some(nonce) = self.trust.nonce(claim, nonce) else { return Ok(Some(key)) };
        if !nonces.note(&key.id, &nonce, kept, self.now.unix) {
            return Err(Problem::new(400, "SignatureNonceUsed", "Specified signature nonce was used already."));
        }
        self.trust.forgets(nonces);
        Ok(Some(key))
    }

    /// Whether the caller may do that.
    ///
    /// # Errors
    /// It may not.
    pub fn permit(&self, key: Option<&Key>, operation: Operation, asked: &Asked) -> Result<(), Problem> {
        let allowed = key.is_none_or(|key| key.allowed.contains(&operation));
        if self.trust.permits(allowed, asked) { Ok(()) } else { Err(problem::not_allowed()) }
    }

    fn signed_v1(&self, keys: &'s [Key], claim: Claim<'_>) -> Result<&'s Key, Problem> {
        let incoming = claim.incoming;
        let id = self.there(incoming.parameter("AccessKeyId"), "AccessKeyId")?;
        let signature = self.there(incoming.parameter("Signature"), "Signature")?;
        let key = self.key_of(keys, id)?;
        self.check_age(claim, self.there(incoming.timestamp(), "Timestamp")?)?;
        let string_to_sign = incoming.v1_string_to_sign();
        let right = v1::verify(&key.secret, &string_to_sign, signature);
        if !self.trust.takes(right, claim, keys, key) {
            return Err(mismatch("is not matched with", &string_to_sign));
        }
        if self.there(incoming.parameter("SignatureMethod"), "SignatureMethod")? != "HMAC-SHA1" {
            return Err(Problem::new(400, "InvalidSignatureMethod", "Specified signature method is not valid."));
        }
        if self.there(incoming.parameter("SignatureVersion"), "SignatureVersion")? != "1.0" {
            return Err(problem::not_valid("SignatureVersion"));
        }
        Ok(key)
    }

    fn signed_v3(&self, keys: &'s [Key], claim: Claim<'_>) -> Result<&'s Key, Problem> {
        let incoming = claim.incoming;
        let authorization = incoming.authorization().ok_or_else(incomplete)?;
        let key = self.key_of(keys, &authorization.credential)?;
        self.check_age(claim, self.there(incoming.timestamp(), "x-acs-date")?)?;
        let string_to_sign = incoming.v3_string_to_sign(&authorization, claim.body);
        let hash = incoming.headers.get("x-acs-content-sha256").unwrap_or("");
        let body_as_signed = hash.eq_ignore_ascii_case(&v3::hash(claim.body));
        let right = v3::verify(&key.secret, &string_to_sign, &authorization.signature) && body_as_signed;
        if !self.trust.takes(right, claim, keys, key) {
            return Err(mismatch("does not match", &string_to_sign));
        }
        if !covers(&authorization, incoming) {
            return Err(incomplete());
        }
        Ok(key)
    }

    fn key_of(&self, keys: &'s [Key], id: &str) -> Result<&'s Key, Problem> {
        let unknown = || Problem::new(404, "InvalidAccessKeyId.NotFound", "Specified access key is not found.");
        let key = keys.iter().find(|key| key.id == id);
        key.or_else(|| self.trust.stranger(keys)).ok_or_else(unknown)
    }

    fn check_age(&self, claim: Claim<'_>, text: &str) -> Result<(), Problem> {
        let aged = check_age(text, &self.settings.limits, self.now);
        if self.trust.takes_age(claim, text, self.now, aged.is_ok()) { Ok(()) } else { aged.and(Err(expired())) }
    }

    fn there<'a>(&self, value: Option<&'a str>, name: &str) -> Result<&'a str, Problem> {
        value.filter(|value| !value.is_empty()).ok_or_else(|| problem::missing(name, self.code()))
    }

    fn code(&self) -> MissingCode {
        self.settings.readings.missing_code
    }
}

/// A header that stands twice is read by its first value and signed by all, so that it counts as not covered.
fn covers(authorization: &Authorization, incoming: &Incoming<'_>) -> bool {
    SIGNED.iter().all(|name| match incoming.headers.all(name).count() {
        0 => true,
        1 => authorization.signed_headers.iter().any(|signed| signed == name),
        _ => false,
    })
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
        return Err(expired());
    }
    Ok(())
}

fn expired() -> Problem {
    Problem::new(400, "InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")
}

/// Unix time of `yyyy-MM-ddTHH:mm:ssZ`; the parser alone would take other writings as well.
pub(super) fn seconds_of(text: &str) -> Option<u64> {
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
    use zeroize::Zeroizing;

    use super::*;
    use crate::clock::{self, Moment};
    use crate::http::{Headers, Request};
    use crate::seed::Seed;
    use crate::server::Server;
    use crate::server::settings::{
        ACCESS_KEY_ID, ACCESS_KEY_SECRET, DENIED_ACCESS_KEY_ID, DENIED_ACCESS_KEY_SECRET, REGION_ID,
    };
    use crate::wire::{Call, Credential, Encoding, Format, Order, Placement, Stamp, WireForm, call};

    const NOW: u64 = 1_698_315_752;
    const TOKEN: &str = "tok/+=";

    fn form(scheme: Scheme) -> WireForm {
        let (placement, format) = (Placement::PostQuery, Some(Format::Json));
        WireForm { placement, format, scheme, order: Order::AsGiven, encoding: Encoding::Strict }
    }

    fn request(form: WireForm, credential: &Credential, offset: i64, nonce: &str) -> Request {
        let parameters = [("RegionId", REGION_ID), ("SessionId", "s-hz 0*~\u{e9}")];
        let call = Call {
            action: Some("EndTerminalSession".to_owned()),
            version: Some("2014-05-26".to_owned()),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            headers: Headers::new(),
        };
        let timestamp = clock::timestamp(NOW.saturating_add_signed(offset));
        call::encode(&call, form, "localhost:80", "/", Some(credential), &Stamp { timestamp, nonce: nonce.to_owned() })
    }

    fn full() -> Credential {
        Credential::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
    }

    fn server() -> Server {
        Server::new(Settings::default(), Seed(1))
    }

    /// `Code` of the answer.
    fn code(server: &Server, request: &Request) -> String {
        let body = server.handle(request, NOW, Moment(0)).body;
        serde_json::from_slice::<serde_json::Value>(&body).unwrap()["Code"].as_str().unwrap_or("").to_owned()
    }

    /// What a call gets whose signature was accepted: nobody has that session.
    const ACCEPTED: &str = "InvalidSessionId.NotFound";

    #[test]
    fn right_signatures_are_accepted_however_they_are_written() {
        let server = server();
        let mut nonce = 0;
        for scheme in [Scheme::V1, Scheme::V3] {
            for placement in Placement::ALL {
                for order in Order::ALL {
                    for encoding in Encoding::ALL {
                        nonce += 1;
                        let form = WireForm { placement, order, encoding, ..form(scheme) };
                        let request = request(form, &full(), 0, &nonce.to_string());
                        assert_eq!(code(&server, &request), ACCEPTED, "{form}");
                    }
                }
            }
        }
    }

    #[test]
    fn whatever_differs_from_what_was_signed_is_refused() {
        type Change = fn(&mut Request);
        let rows: [(&str, Scheme, Change); 11] = [
            ("v1 parameter", Scheme::V1, |r| r.target = r.target.replace("cn-hangzhou", "cn-beijing")),
            ("v1 parameter added", Scheme::V1, |r| r.target.push_str("&OwnerId=1")),
            ("v1 method", Scheme::V1, |r| r.method = "GET".to_owned()),
            ("v1 signature", Scheme::V1, |r| r.target = r.target.replace("Signature=", "Signature=A")),
            ("v3 parameter", Scheme::V3, |r| r.target = r.target.replace("cn-hangzhou", "cn-beijing")),
            ("v3 parameter added", Scheme::V3, |r| r.target.push_str("&OwnerId=1")),
            ("v3 method", Scheme::V3, |r| r.method = "GET".to_owned()),
            ("v3 body", Scheme::V3, |r| r.body = b"x".to_vec()),
            ("v3 action", Scheme::V3, |r| replace(r, "x-acs-action", "DescribeTerminalSessions")),
            ("v3 host", Scheme::V3, |r| replace(r, "host", "other")),
            ("v3 hash of the body", Scheme::V3, |r| replace(r, "x-acs-content-sha256", "00")),
        ];
        for (name, scheme, change) in rows {
            let mut request = request(form(scheme), &full(), 0, "n");
            change(&mut request);
            assert_eq!(code(&server(), &request), "SignatureDoesNotMatch", "{name}");
        }
    }

    fn replace(request: &mut Request, name: &str, value: &str) {
        request.headers.remove(name);
        request.headers.push(name, value);
    }

    #[test]
    fn a_header_that_decides_must_be_among_the_signed_ones() {
        let mut request = request(form(Scheme::V3), &full(), 0, "n");
        let incoming = Incoming::parse(&request).unwrap();
        let mut authorization = incoming.authorization().unwrap();
        authorization.signed_headers.retain(|name| name != "x-acs-action");
        let string_to_sign = incoming.v3_string_to_sign(&authorization, b"");
        authorization.signature = v3::sign(ACCESS_KEY_SECRET, &string_to_sign);
        replace(&mut request, "authorization", &authorization.to_string());
        assert_eq!(code(&server(), &request), "IncompleteSignature");
    }

    #[test]
    fn refusals_name_the_fault() {
        let unsigned = |_: Scheme| request(form(Scheme::None), &full(), 0, "n");
        type Make<'a> = &'a dyn Fn(Scheme) -> Request;
        let rows: [(&str, Make<'_>, &str); 6] = [
            ("unsigned", &unsigned, "MissingParameter"),
            ("unknown key", &|s| request(form(s), &Credential::new("x", "y"), 0, "n"), "InvalidAccessKeyId.NotFound"),
            (
                "wrong secret",
                &|s| request(form(s), &Credential::new(ACCESS_KEY_ID, "y"), 0, "n"),
                "SignatureDoesNotMatch",
            ),
            ("expired", &|s| request(form(s), &full(), -32 * 60, "n"), "InvalidTimeStamp.Expired"),
            ("no nonce", &|s| request(form(s), &full(), 0, ""), "MissingParameter"),
            (
                "not allowed",
                &|s| request(form(s), &Credential::new(DENIED_ACCESS_KEY_ID, DENIED_ACCESS_KEY_SECRET), 0, "n"),
                "Forbidden.RAM",
            ),
        ];
        for (name, make, expected) in rows {
            for scheme in [Scheme::V1, Scheme::V3] {
                assert_eq!(code(&server(), &make(scheme)), expected, "{name}, {}", scheme.name());
            }
        }
    }

    #[test]
    fn the_message_of_a_mismatch_carries_the_string_that_the_server_signed() {
        for scheme in [Scheme::V1, Scheme::V3] {
            let mut request = request(form(scheme), &full(), 0, "n");
            request.target.push_str("&x=1");
            let body = server().handle(&request, NOW, Moment(0)).body;
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let incoming = Incoming::parse(&request).unwrap();
            let expected = match scheme {
                Scheme::V3 => incoming.v3_string_to_sign(&incoming.authorization().unwrap(), b""),
                Scheme::V1 | Scheme::None => incoming.v1_string_to_sign(),
            };
            let message = body["Message"].as_str().unwrap();
            assert!(message.ends_with(&format!("server string to sign is:{expected}")), "{message}");
        }
    }

    #[test]
    fn a_nonce_is_good_once_a_key_and_a_refused_call_does_not_use_it() {
        for scheme in [Scheme::V1, Scheme::V3] {
            let server = server();
            let right = request(form(scheme), &full(), 0, "n");
            let mut tampered = right.clone();
            tampered.target.push_str("&x=1");
            assert_eq!(code(&server, &tampered), "SignatureDoesNotMatch", "{}", scheme.name());
            assert_eq!(code(&server, &right), ACCEPTED, "{}", scheme.name());
            assert_eq!(code(&server, &right), "SignatureNonceUsed", "{}", scheme.name());
            let later = request(form(scheme), &full(), 1, "n");
            assert_eq!(code(&server, &later), "SignatureNonceUsed", "{}, signed again", scheme.name());
        }
    }

    #[test]
    fn a_temporary_key_comes_with_its_token() {
        let key = Key { token: Some(Zeroizing::new(TOKEN.to_owned())), ..Key::new("sts", "secret") };
        let auth = Auth::Required(vec![key, Key::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET)]);
        let server = Server::new(Settings { auth, ..Settings::default() }, Seed(1));
        let with = |id: &str, secret: &str, token: Option<&str>| Credential {
            token: token.map(|token| Zeroizing::new(token.to_owned())),
            ..Credential::new(id, secret)
        };
        let rows = [
            ("right", with("sts", "secret", Some(TOKEN)), ACCEPTED),
            ("wrong", with("sts", "secret", Some("x")), "InvalidSecurityToken.MismatchWithAccessKey"),
            ("missing", with("sts", "secret", None), "MissingSecurityToken"),
            (
                "needless",
                with(ACCESS_KEY_ID, ACCESS_KEY_SECRET, Some(TOKEN)),
                "InvalidSecurityToken.MismatchWithAccessKey",
            ),
        ];
        for (name, credential, expected) in rows {
            for scheme in [Scheme::V1, Scheme::V3] {
                let nonce = format!("{name}{}", scheme.name());
                assert_eq!(code(&server, &request(form(scheme), &credential, 0, &nonce)), expected, "{nonce}");
            }
        }
    }

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
            let text = clock::timestamp(now.unix.saturating_add_signed(offset));
            let code = check_age(&text, &Limits::default(), now).err().map(|problem| problem.code);
            assert_eq!(code.as_deref(), expected, "{name}");
        }
    }
}
