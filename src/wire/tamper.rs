//! Tampering: right requests whose signature was made over something else, in one part at a time.
//!
//! What is sent is the right call, so that its signature is the only thing that is wrong with it.

use std::borrow::Cow;

use super::incoming::COMMON;
use super::{Credential, Encoding, Incoming, Parameters, Placement, Scheme, WireForm, parameters, v1, v3};
use crate::http::{Headers, Request};

/// The part in which what was signed is not what is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The last parameter of the operation had another value.
    Parameter,
    /// The last parameter of the operation was not there.
    AddedParameter,
    /// There was one parameter more.
    RemovedParameter,
    /// The method was the other one of GET and POST.
    Method,
    /// The operation was another.
    Action,
    /// The version was another.
    Version,
    /// The time was another.
    Date,
    /// The nonce was another.
    Nonce,
    /// The host was another.
    Host,
    /// The body was another, and its hash still stands in the header.
    Body,
    /// The secret was another, of the same length.
    Secret,
    /// The secret was that of the key without permission.
    OtherSecret,
    /// The first character of the signature was another.
    FirstCharacter,
    /// One in its middle was.
    MiddleCharacter,
    /// Its last one was.
    LastCharacter,
    /// A letter of it stood in the other case.
    Case,
}

/// The characters of Base64 in the order of their values.
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

impl Part {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Part; 16] = [
        Part::Parameter,
        Part::AddedParameter,
        Part::RemovedParameter,
        Part::Method,
        Part::Action,
        Part::Version,
        Part::Date,
        Part::Nonce,
        Part::Host,
        Part::Body,
        Part::Secret,
        Part::OtherSecret,
        Part::FirstCharacter,
        Part::MiddleCharacter,
        Part::LastCharacter,
        Part::Case,
    ];

    /// Name in case files.
    pub fn name(self) -> &'static str {
        match self {
            Part::Parameter => "parameter",
            Part::AddedParameter => "added-parameter",
            Part::RemovedParameter => "removed-parameter",
            Part::Method => "method",
            Part::Action => "action",
            Part::Version => "version",
            Part::Date => "date",
            Part::Nonce => "nonce",
            Part::Host => "host",
            Part::Body => "body",
            Part::Secret => "secret",
            Part::OtherSecret => "other-secret",
            Part::FirstCharacter => "first-character",
            Part::MiddleCharacter => "middle-character",
            Part::LastCharacter => "last-character",
            Part::Case => "case",
        }
    }

    /// Whether a scheme signs that part. V1 signs parameters alone; the case of V3's hexadecimal digits says nothing.
    pub fn is_in(self, scheme: Scheme) -> bool {
        match self {
            Part::Host | Part::Body => scheme == Scheme::V3,
            Part::Case => scheme == Scheme::V1,
            _ => scheme != Scheme::None,
        }
    }
}

/// The request, rightly signed by `key`, with a signature over another request than this one; `None` where it has no such
/// part. `other` is the secret of another key.
pub fn tamper(
    request: &Request,
    form: WireForm,
    key: &Credential,
    other: Option<&Credential>,
    part: Part,
) -> Option<Request> {
    if !part.is_in(form.scheme) {
        return None;
    }
    let mut sent = request.clone();
    if part == Part::Body {
        replace(&mut sent.headers, "x-acs-content-sha256", &v3::hash(OTHER_BODY));
    }
    let incoming = Incoming::parse(&sent).ok()?;
    let signature = match part {
        Part::FirstCharacter | Part::MiddleCharacter | Part::LastCharacter | Part::Case => {
            changed(&incoming.signature()?, form.scheme, part)?
        }
        Part::Secret => sign(&incoming, &sent.body, &near(&key.secret)?)?,
        Part::OtherSecret => sign(&incoming, &sent.body, &other?.secret)?,
        Part::Body => sign(&incoming, OTHER_BODY, &key.secret)?,
        _ => {
            let headers = signed_headers(&incoming, form.scheme, part)?;
            let signed = signed(&incoming, &headers, form.scheme, part)?;
            sign(&signed, &signed_body(&signed, &sent.body, form, part), &key.secret)?
        }
    };
    with_signature(sent, form, &signature)
}

/// A body that no call has.
const OTHER_BODY: &[u8] = b"OwnerId=1";

/// The signature of a request, whatever signature it carries.
pub(super) fn sign(incoming: &Incoming<'_>, body: &[u8], secret: &str) -> Option<String> {
    match incoming.scheme() {
        Scheme::None => None,
        Scheme::V1 => Some(v1::sign(secret, &incoming.v1_string_to_sign())),
        Scheme::V3 => Some(v3::sign(secret, &incoming.v3_string_to_sign(&incoming.authorization()?, body))),
    }
}

/// The headers that were signed.
fn signed_headers(incoming: &Incoming<'_>, scheme: Scheme, part: Part) -> Option<Headers> {
    let mut headers = incoming.headers.clone();
    let name = match part {
        Part::Action => "x-acs-action",
        Part::Version => "x-acs-version",
        Part::Date => "x-acs-date",
        Part::Nonce => "x-acs-signature-nonce",
        Part::Host => "host",
        _ => return Some(headers),
    };
    if scheme == Scheme::V3 {
        let value = near(headers.get(name)?)?;
        replace(&mut headers, name, &value);
    }
    Some(headers)
}

/// The request that was signed, its headers given.
fn signed<'a>(incoming: &Incoming<'a>, headers: &'a Headers, scheme: Scheme, part: Part) -> Option<Incoming<'a>> {
    let mut signed = Incoming { headers, ..incoming.clone() };
    let parameters = if signed.form.is_empty() { &mut signed.query } else { &mut signed.form };
    let own = parameters.iter().rposition(|(name, _)| !COMMON.contains(&name.as_str()));
    let named = |name: &str, parameters: &Parameters| parameters.iter().position(|(n, _)| n == name);
    let common = match part {
        Part::Action => named("Action", parameters),
        Part::Version => named("Version", parameters),
        Part::Date => named("Timestamp", parameters),
        Part::Nonce => named("SignatureNonce", parameters),
        _ => own,
    };
    match part {
        Part::AddedParameter => drop(parameters.remove(own?)),
        Part::RemovedParameter => parameters.push(("OwnerId".to_owned(), "1".to_owned())),
        Part::Method => signed.method = if signed.method == "GET" { "POST" } else { "GET" },
        Part::Parameter => parameters[own?].1.push('0'),
        _ if scheme == Scheme::V1 => {
            let at = common?;
            parameters[at].1 = near(&parameters[at].1)?;
        }
        _ => {}
    }
    Some(signed)
}

/// The body that was signed. V3 signs a form body as the bytes that it is: other parameters are other bytes.
fn signed_body<'a>(signed: &Incoming<'_>, sent: &'a [u8], form: WireForm, part: Part) -> Cow<'a, [u8]> {
    let of_parameters = matches!(part, Part::Parameter | Part::AddedParameter | Part::RemovedParameter);
    if form.scheme != Scheme::V3 || form.placement != Placement::PostForm || !of_parameters {
        return Cow::Borrowed(sent);
    }
    let pairs = signed.form.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    Cow::Owned(parameters::write(pairs, form.encoding).into_bytes())
}

/// A text of the same length and alphabet, its last letter or digit another.
fn near(text: &str) -> Option<String> {
    let at = text.rfind(|c: char| c.is_ascii_alphanumeric())?;
    let other = match text.as_bytes()[at] {
        b'9' => '0',
        b'z' => 'a',
        b'Z' => 'A',
        byte => char::from(byte + 1),
    };
    Some(format!("{}{other}{}", &text[..at], &text[at + 1..]))
}

/// A signature with one character changed, in a bit that counts: the lowest two of V1's last character do not.
fn changed(signature: &str, scheme: Scheme, part: Part) -> Option<String> {
    let mut bytes = signature.as_bytes().to_vec();
    let length = signature.trim_end_matches('=').len();
    let at = match part {
        Part::FirstCharacter => 0,
        Part::LastCharacter => length.checked_sub(1)?,
        Part::Case => bytes.iter().position(u8::is_ascii_alphabetic)?,
        _ => length / 2,
    };
    let byte = *bytes.get(at)?;
    bytes[at] = match (part, scheme) {
        (Part::Case, _) => byte ^ 0x20,
        (_, Scheme::V3) => *b"0123456789abcdef".get(char::from(byte).to_digit(16)? as usize ^ 4)?,
        _ => BASE64[BASE64.iter().position(|other| *other == byte)? ^ 4],
    };
    String::from_utf8(bytes).ok()
}

/// The request with another signature, written as the form writes.
pub(super) fn with_signature(mut request: Request, form: WireForm, signature: &str) -> Option<Request> {
    if form.scheme == Scheme::V3 {
        let mut authorization = Incoming::parse(&request).ok()?.authorization()?;
        signature.clone_into(&mut authorization.signature);
        replace(&mut request.headers, "authorization", &authorization.to_string());
        return Some(request);
    }
    let incoming = Incoming::parse(&request).ok()?;
    let in_body = incoming.query.iter().all(|(name, _)| name != "Signature");
    let mut pairs = if in_body { incoming.form } else { incoming.query };
    let place = pairs.iter_mut().find(|(name, _)| name == "Signature")?;
    signature.clone_into(&mut place.1);
    write(&mut request, &pairs, in_body, form.encoding);
    Some(request)
}

/// Puts parameters in the place of those that were there.
pub(super) fn write(request: &mut Request, pairs: &Parameters, in_body: bool, encoding: Encoding) {
    let pairs = pairs.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let written = parameters::write(pairs, encoding);
    if in_body {
        request.body = written.into_bytes();
    } else {
        request.target = format!("{}?{written}", request.path());
    }
}

/// Changes the value of a field where it stands.
pub(super) fn replace(headers: &mut Headers, name: &str, value: &str) {
    let fields = headers.iter().map(|(n, v)| {
        let value = if n.eq_ignore_ascii_case(name) { value.as_bytes() } else { v };
        (n.to_owned(), value.to_vec())
    });
    *headers = fields.collect();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Call, Format, Order, Stamp, encode};

    fn key() -> Credential {
        Credential::new("testid", "testsecret")
    }

    fn other() -> Credential {
        Credential::new("otherid", "othersecret")
    }

    fn forms() -> Vec<WireForm> {
        let mut forms = Vec::new();
        for scheme in [Scheme::V1, Scheme::V3] {
            for placement in Placement::ALL {
                for (order, encoding) in Order::ALL.into_iter().zip(Encoding::ALL) {
                    forms.push(WireForm { placement, format: Some(Format::Json), scheme, order, encoding });
                }
            }
        }
        forms
    }

    fn right(form: WireForm) -> Request {
        let parameters = [("RegionId", "cn-hangzhou"), ("SessionId", "s-1 *~")];
        let call = Call {
            action: Some("EndTerminalSession".to_owned()),
            version: Some("2014-05-26".to_owned()),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            headers: Headers::new(),
        };
        let stamp = Stamp { timestamp: "2026-01-02T03:04:05Z".to_owned(), nonce: "n-1".to_owned() };
        encode(&call, form, "ecs.test:8080", "/", Some(&key()), &stamp)
    }

    fn verifies(request: &Request) -> bool {
        let incoming = Incoming::parse(request).expect("decodes");
        let given = incoming.signature().expect("signed");
        match incoming.scheme() {
            Scheme::V3 => {
                let authorization = incoming.authorization().expect("there");
                let hash = incoming.headers.get("x-acs-content-sha256") == Some(&v3::hash(&request.body));
                v3::verify(&key().secret, &incoming.v3_string_to_sign(&authorization, &request.body), &given) && hash
            }
            _ => v1::verify(&key().secret, &incoming.v1_string_to_sign(), &given),
        }
    }

    /// The request with its signature, and the hash that goes with it, taken out.
    fn unsigned(request: &Request, form: WireForm) -> Request {
        let mut plain = with_signature(request.clone(), form, "0").expect("signed");
        plain.headers.remove("x-acs-content-sha256");
        plain
    }

    #[test]
    fn what_is_tampered_with_does_not_verify_and_is_the_right_call_but_for_its_signature() {
        for form in forms() {
            let request = right(form);
            assert!(verifies(&request), "{form}");
            for part in Part::ALL {
                let tampered = tamper(&request, form, &key(), Some(&other()), part);
                assert_eq!(tampered.is_some(), part.is_in(form.scheme), "{form}, {}", part.name());
                let Some(tampered) = tampered else { continue };
                assert!(!verifies(&tampered), "{form}, {}", part.name());
                assert_eq!(unsigned(&tampered, form), unsigned(&request, form), "{form}, {}", part.name());
            }
        }
    }

    #[test]
    fn a_signature_that_is_put_back_gives_the_same_bytes() {
        for form in forms() {
            let request = right(form);
            let signature = Incoming::parse(&request).expect("decodes").signature().expect("signed");
            assert_eq!(with_signature(request.clone(), form, &signature), Some(request), "{form}");
        }
    }

    #[test]
    fn a_changed_character_of_a_signature_counts_wherever_it_stands() {
        let parts = [Part::FirstCharacter, Part::MiddleCharacter, Part::LastCharacter, Part::Case];
        for text in 0..200 {
            let (v1, v3) = (v1::sign("secret", &text.to_string()), v3::sign("secret", &text.to_string()));
            for part in parts {
                let changed = |signature: &str, scheme| changed(signature, scheme, part).expect("a letter");
                assert!(!v1::verify("secret", &text.to_string(), &changed(&v1, Scheme::V1)), "{v1}, {part:?}");
                if part != Part::Case {
                    let other = changed(&v3, Scheme::V3);
                    assert!(!v3::verify("secret", &text.to_string(), &other), "{v3}, {part:?}");
                    assert_eq!(other.len(), v3.len());
                }
            }
        }
    }

    #[test]
    fn a_text_that_is_near_another_differs_in_one_character_of_its_kind() {
        for (text, expected) in [
            ("secret", Some("secreu")),
            ("a9", Some("a0")),
            ("Z", Some("A")),
            ("az!", Some("aa!")),
            ("é1", Some("é2")),
            ("!", None),
            ("", None),
        ] {
            assert_eq!(near(text).as_deref(), expected, "{text}");
        }
    }
}
