//! A call and its encoding into a request, in any wire form, signed over exactly the bytes sent.

use std::borrow::Cow;
use std::fmt;

use super::{Format, Order, Parameters, Placement, Scheme, WireForm, parameters, v1, v3};
use crate::http::{Headers, Request};

/// An access key, and a session token where it is temporary. Debug output shows the id alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// AccessKeyId.
    pub id: String,
    /// AccessKeySecret.
    pub secret: zeroize::Zeroizing<String>,
    /// STS SecurityToken.
    pub token: Option<zeroize::Zeroizing<String>>,
}

impl Credential {
    /// A long-lived key.
    pub fn new(id: impl Into<String>, secret: impl Into<String>) -> Credential {
        Credential { id: id.into(), secret: zeroize::Zeroizing::new(secret.into()), token: None }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({}, ***)", self.id)
    }
}

/// One call of an operation, free of any wire form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// `Action`; `None` leaves it out.
    pub action: Option<String>,
    /// `Version`; `None` leaves it out.
    pub version: Option<String>,
    /// The operation's parameters, duplicates and order as given.
    pub parameters: Parameters,
    /// Further header fields, sent as they are, and signed under V3 when they start with `x-acs-`.
    pub headers: Headers,
}

/// What makes each signed request unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// `yyyy-MM-ddTHH:mm:ssZ`.
    pub timestamp: String,
    /// SignatureNonce.
    pub nonce: String,
}

/// Encodes `call` for the endpoint at `host` (with its port where it is not the scheme's own) and `path` (`/` mostly).
///
/// Unsigned and V1: Action, Version, Format and the signature's parameters are parameters like the operation's, wherever
/// `form` places them. V3: Action, Version and date are headers, Format becomes `accept`, and the operation's
/// parameters are in the query (or, for observation only, in the body). Exactly what is signed is what is sent.
///
/// What `call` gives itself replaces what would be added: a parameter `Format`, `Timestamp` or even `Signature`, and a
/// header of the same name. Under V3 a `Format` among the parameters stays there, and no `accept` is sent.
///
/// # Panics
/// When the form asks for a signature and there is no credential.
pub fn encode(
    call: &Call,
    form: WireForm,
    host: &str,
    path: &str,
    credential: Option<&Credential>,
    stamp: &Stamp,
) -> Request {
    let signing = match form.scheme {
        Scheme::None => None,
        Scheme::V1 | Scheme::V3 => Some(credential.expect("a signed wire form needs a credential")),
    };
    let method = form.placement.method();
    let path = if path.is_empty() { "/" } else { path };
    let in_body = form.placement == Placement::PostForm;

    let signature;
    let mut pairs: Vec<(&str, &str)> = Vec::with_capacity(call.parameters.len() + 10);
    if form.scheme != Scheme::V3 {
        push_common(&mut pairs, call, form, signing, stamp);
    }
    pairs.extend(call.parameters.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    if let (Scheme::V1, Some(key)) = (form.scheme, signing)
        && !gives(call, "Signature")
    {
        signature = v1::sign(&key.secret, &v1::string_to_sign_of(method, pairs.iter().copied()));
        pairs.push(("Signature", &signature));
    }
    match form.order {
        Order::AsGiven => {}
        Order::Ascending => pairs.sort_by_key(|(name, _)| *name),
        Order::Descending => pairs.sort_by(|(left, _), (right, _)| right.cmp(left)),
    }

    let written = parameters::write(pairs.iter().copied(), form.encoding);
    let (target, body) = if in_body {
        (path.to_owned(), written.into_bytes())
    } else if written.is_empty() {
        (path.to_owned(), Vec::new())
    } else {
        (format!("{path}?{written}"), Vec::new())
    };

    let mut headers = Headers::new();
    if call.headers.all("host").next().is_none() {
        headers.push("host", host);
    }
    for value in call.headers.all("host") {
        headers.push("host", value);
    }
    let v3_key = signing.filter(|_| form.scheme == Scheme::V3);
    let payload_hash = v3_key.map(|_| v3::hash(&body));
    if let (Some(key), Some(hash)) = (v3_key, &payload_hash) {
        let token = key.token.as_ref().map(|token| token.as_str());
        push_absent(&mut headers, call, "x-acs-action", call.action.as_deref());
        push_absent(&mut headers, call, "x-acs-version", call.version.as_deref());
        push_absent(&mut headers, call, "x-acs-date", Some(&stamp.timestamp));
        push_absent(&mut headers, call, "x-acs-signature-nonce", Some(&stamp.nonce));
        push_absent(&mut headers, call, "x-acs-content-sha256", Some(hash));
        push_absent(&mut headers, call, "x-acs-security-token", token);
        let accept = form.format.filter(|_| !gives(call, "Format")).map(|format| match format {
            Format::Json => "application/json",
            Format::Xml => "application/xml",
        });
        push_absent(&mut headers, call, "accept", accept);
    }
    if in_body {
        push_absent(&mut headers, call, "content-type", Some("application/x-www-form-urlencoded"));
    }
    for (name, value) in call.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        headers.push(name, value);
    }
    if let (Some(key), Some(hash)) = (v3_key, &payload_hash)
        && call.headers.all("authorization").next().is_none()
    {
        let query: &[(&str, &str)] = if in_body { &[] } else { &pairs };
        let authorization = {
            let signed = signed_headers(&headers);
            let canonical = v3::canonical_request_of(method, path, query.iter().copied(), &headers, &signed, hash);
            let signature = v3::sign(&key.secret, &v3::string_to_sign(&canonical));
            v3::authorization(&key.id, &signed, &signature)
        };
        headers.push("authorization", authorization);
    }

    Request { method: method.to_owned(), target, headers, body }
}

/// Appends the common parameters that `call` does not give itself.
fn push_common<'a>(
    pairs: &mut Vec<(&'a str, &'a str)>,
    call: &'a Call,
    form: WireForm,
    signing: Option<&'a Credential>,
    stamp: &'a Stamp,
) {
    let mut push = |name, value: Option<&'a str>| {
        if let Some(value) = value
            && !gives(call, name)
        {
            pairs.push((name, value));
        }
    };
    push("Action", call.action.as_deref());
    push("Version", call.version.as_deref());
    push("Format", form.format.map(Format::name));
    if let Some(key) = signing {
        push("AccessKeyId", Some(&key.id));
        push("SignatureMethod", Some("HMAC-SHA1"));
        push("SignatureVersion", Some("1.0"));
        push("SignatureNonce", Some(&stamp.nonce));
        push("Timestamp", Some(&stamp.timestamp));
        push("SecurityToken", key.token.as_ref().map(|token| token.as_str()));
    }
}

fn push_absent(headers: &mut Headers, call: &Call, name: &str, value: Option<&str>) {
    if let Some(value) = value
        && call.headers.all(name).next().is_none()
    {
        headers.push(name, value);
    }
}

fn gives(call: &Call, parameter: &str) -> bool {
    call.parameters.iter().any(|(name, _)| name == parameter)
}

/// The names that a V3 signature covers, lower-case, sorted, each once: host, content-type and `x-acs-*`.
fn signed_headers(headers: &Headers) -> Vec<Cow<'_, str>> {
    let mut names: Vec<Cow<'_, str>> = headers
        .iter()
        .map(|(name, _)| match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(name.to_ascii_lowercase()),
            false => Cow::Borrowed(name),
        })
        .filter(|name| name.starts_with("x-acs-") || matches!(&**name, "host" | "content-type"))
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
