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
/// `form` places them. V3: Action, Version and date are headers, and the operation's parameters are in the query (or, for
/// observation only, in the body). Exactly what is signed is what is sent. The format is asked for by `accept` too, under
/// V3 by it alone unless it is XML.
///
/// What `call` gives itself replaces what would be added: a parameter `Format`, `Timestamp` or even `Signature`, and a
/// header of the same name. Beside a `Format` of its own no `accept` is sent, so that the two never differ.
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
    } else if form.format == Some(Format::Xml) && !gives(call, "Format") {
        // No document says how XML is asked for under V3: by the parameter and by `accept` is clear to everyone.
        pairs.push(("Format", Format::Xml.name()));
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
        ([path, "?", &written].concat(), Vec::new())
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
    }
    let accept = form.format.filter(|_| !gives(call, "Format")).map(|format| match format {
        Format::Json => "application/json",
        Format::Xml => "application/xml",
    });
    push_absent(&mut headers, call, "accept", accept);
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
    let is_signed = |name: &str| {
        let of_service = name.as_bytes().get(..6).is_some_and(|start| start.eq_ignore_ascii_case(b"x-acs-"));
        of_service || name.eq_ignore_ascii_case("host") || name.eq_ignore_ascii_case("content-type")
    };
    let mut names: Vec<Cow<'_, str>> = Vec::with_capacity(8);
    names.extend(headers.iter().filter(|(name, _)| is_signed(name)).map(|(name, _)| {
        match name.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => Cow::Owned(name.to_ascii_lowercase()),
            false => Cow::Borrowed(name),
        }
    }));
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::wire::{Encoding, Incoming};

    fn call() -> Call {
        let parameters = [("RegionId", "cn-hangzhou"), ("SessionId", "s-1 *")];
        Call {
            action: Some("EndTerminalSession".to_owned()),
            version: Some("2014-05-26".to_owned()),
            parameters: parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
            headers: Headers::new(),
        }
    }

    fn form(placement: Placement, scheme: Scheme) -> WireForm {
        WireForm { placement, format: Some(Format::Json), scheme, order: Order::AsGiven, encoding: Encoding::Strict }
    }

    fn sent(call: &Call, form: WireForm) -> Request {
        let mut key = Credential::new("testid", "testsecret");
        key.token = Some(zeroize::Zeroizing::new("tok/+=".to_owned()));
        let stamp = Stamp { timestamp: "2026-01-02T03:04:05Z".to_owned(), nonce: "n-1".to_owned() };
        encode(call, form, "ecs.test:8080", "/", Some(&key), &stamp)
    }

    fn fields(request: &Request) -> Vec<(&str, &str)> {
        request.headers.iter().map(|(name, value)| (name, std::str::from_utf8(value).unwrap_or("?"))).collect()
    }

    #[test]
    fn an_unsigned_call_needs_no_key_and_stands_where_its_form_says() {
        const WRITTEN: &str =
            "Action=EndTerminalSession&Version=2014-05-26&Format=JSON&RegionId=cn-hangzhou&SessionId=s-1%20%2A";
        let query = format!("/?{WRITTEN}");
        let rows = [
            (Placement::GetQuery, "GET", query.as_str(), ""),
            (Placement::PostQuery, "POST", query.as_str(), ""),
            (Placement::PostForm, "POST", "/", WRITTEN),
        ];
        for (placement, method, target, body) in rows {
            let stamp = Stamp { timestamp: String::new(), nonce: String::new() };
            let request = encode(&call(), form(placement, Scheme::None), "ecs.test", "", None, &stamp);
            assert_eq!((&*request.method, &*request.target, &*request.body), (method, target, body.as_bytes()));
            let mut expected = vec![("host", "ecs.test"), ("accept", "application/json")];
            if placement == Placement::PostForm {
                expected.push(("content-type", "application/x-www-form-urlencoded"));
            }
            assert_eq!(fields(&request), expected);
        }
    }

    #[test]
    fn a_v1_call_carries_its_signature_as_the_last_parameter_or_in_order() {
        let target = |order, encoding| {
            let form = WireForm { order, encoding, ..form(Placement::GetQuery, Scheme::V1) };
            sent(&call(), form).target
        };
        let given = target(Order::AsGiven, Encoding::Strict);
        assert_eq!(
            given,
            "/?Action=EndTerminalSession&Version=2014-05-26&Format=JSON&AccessKeyId=testid&SignatureMethod=HMAC-SHA1\
             &SignatureVersion=1.0&SignatureNonce=n-1&Timestamp=2026-01-02T03%3A04%3A05Z&SecurityToken=tok%2F%2B%3D\
             &RegionId=cn-hangzhou&SessionId=s-1%20%2A&Signature=tUO4l2r221RfCEInpf70oyFed%2F8%3D"
        );
        let ascending = target(Order::Ascending, Encoding::Plus);
        assert!(ascending.starts_with("/?AccessKeyId=testid&Action="), "{ascending}");
        assert!(ascending.contains("&SessionId=s-1+%2A&Signature=tUO4l2r221RfCEInpf70oyFed%2F8%3D&Sig"), "{ascending}");
        let descending = target(Order::Descending, Encoding::Sparse);
        assert!(descending.starts_with("/?Version=2014-05-26&Timestamp=2026-01-02T03:04:05Z&Sig"), "{descending}");
        assert!(descending.ends_with("&AccessKeyId=testid"), "{descending}");
    }

    #[test]
    fn a_v3_call_carries_its_common_parts_in_headers() {
        let request = sent(&call(), form(Placement::PostForm, Scheme::V3));
        assert_eq!((&*request.target, &*request.body), ("/", &b"RegionId=cn-hangzhou&SessionId=s-1%20%2A"[..]));
        let hash = v3::hash(&request.body);
        let (last, rest) = {
            let mut fields = fields(&request);
            (fields.pop().expect("fields"), fields)
        };
        assert_eq!(
            rest,
            [
                ("host", "ecs.test:8080"),
                ("x-acs-action", "EndTerminalSession"),
                ("x-acs-version", "2014-05-26"),
                ("x-acs-date", "2026-01-02T03:04:05Z"),
                ("x-acs-signature-nonce", "n-1"),
                ("x-acs-content-sha256", hash.as_str()),
                ("x-acs-security-token", "tok/+="),
                ("accept", "application/json"),
                ("content-type", "application/x-www-form-urlencoded"),
            ]
        );
        let prefix = "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=content-type;host;x-acs-action;\
                      x-acs-content-sha256;x-acs-date;x-acs-security-token;x-acs-signature-nonce;x-acs-version,Signature=";
        assert_eq!(last.0, "authorization");
        assert!(last.1.starts_with(prefix), "{}", last.1);
        let query = sent(&call(), form(Placement::GetQuery, Scheme::V3));
        assert_eq!((&*query.target, &*query.body), ("/?RegionId=cn-hangzhou&SessionId=s-1%20%2A", &b""[..]));
        let bare = Call { parameters: Vec::new(), ..call() };
        assert_eq!(sent(&bare, form(Placement::GetQuery, Scheme::V3)).target, "/");
    }

    #[test]
    fn what_the_call_gives_itself_replaces_what_would_be_added() {
        for scheme in [Scheme::None, Scheme::V1] {
            for name in ["Format", "Timestamp", "SignatureNonce", "AccessKeyId", "SecurityToken", "Signature", "Action"]
            {
                let mut call = call();
                call.parameters.push((name.to_owned(), "mine".to_owned()));
                let request = sent(&call, form(Placement::GetQuery, scheme));
                let incoming = Incoming::parse(&request).expect("decodes");
                let values: Vec<&str> = incoming.parameters().filter(|(n, _)| *n == name).map(|(_, v)| v).collect();
                assert_eq!(values, ["mine"], "{name}, {}", scheme.name());
            }
        }
        for name in ["host", "accept", "x-acs-date", "X-Acs-Content-Sha256", "Content-Type", "Authorization"] {
            let mut call = call();
            call.headers.push(name, "mine");
            let request = sent(&call, form(Placement::PostForm, Scheme::V3));
            assert_eq!(request.headers.all(name).collect::<Vec<_>>(), [b"mine"], "{name}");
            assert_eq!(request.headers.iter().next().map(|(name, _)| name), Some("host"), "{name}");
        }
    }

    #[test]
    fn a_format_is_asked_for_by_accept_in_every_scheme() {
        let rows = [
            (Some(Format::Json), Some("application/json")),
            (Some(Format::Xml), Some("application/xml")),
            (None, None),
        ];
        for scheme in [Scheme::None, Scheme::V1, Scheme::V3] {
            for (format, accept) in rows {
                let request = sent(&call(), WireForm { format, ..form(Placement::GetQuery, scheme) });
                assert_eq!(request.headers.get("accept"), accept, "{}", scheme.name());
                let named = request.target.contains("Format=");
                let by_accept_alone = scheme == Scheme::V3 && format == Some(Format::Json);
                assert_eq!(named, format.is_some() && !by_accept_alone, "{}", scheme.name());
            }
        }
    }

    #[test]
    fn a_format_among_the_parameters_stays_there_without_an_accept() {
        let mut call = call();
        call.parameters.push(("Format".to_owned(), "xml".to_owned()));
        for scheme in [Scheme::None, Scheme::V1, Scheme::V3] {
            let request = sent(&call, form(Placement::GetQuery, scheme));
            let incoming = Incoming::parse(&request).expect("decodes");
            let formats: Vec<&str> = incoming.parameters().filter(|(n, _)| *n == "Format").map(|(_, v)| v).collect();
            assert_eq!((formats.as_slice(), request.headers.get("accept")), (&["xml"][..], None), "{}", scheme.name());
        }
    }

    #[test]
    fn repeated_parameters_keep_their_order_among_each_other() {
        let mut call = Call { action: None, version: None, ..call() };
        call.parameters =
            [("b", "1"), ("a", "2"), ("b", "0"), ("a", "1")].map(|(n, v)| (n.to_owned(), v.to_owned())).to_vec();
        let target = |order| {
            let form = WireForm { order, format: None, ..form(Placement::GetQuery, Scheme::None) };
            sent(&call, form).target
        };
        assert_eq!(target(Order::AsGiven), "/?b=1&a=2&b=0&a=1");
        assert_eq!(target(Order::Ascending), "/?a=2&a=1&b=1&b=0");
        assert_eq!(target(Order::Descending), "/?b=1&b=0&a=2&a=1");
    }

    #[test]
    fn further_headers_are_appended_and_signed_when_they_are_x_acs() {
        let mut call = call();
        call.headers.push("X-Acs-Foo", "b");
        call.headers.push("x-acs-foo", "a");
        call.headers.push("user-agent", "u");
        let request = sent(&call, form(Placement::GetQuery, Scheme::V3));
        let authorization = Incoming::parse(&request).expect("decodes").authorization().expect("there");
        assert_eq!(authorization.signed_headers.iter().filter(|name| *name == "x-acs-foo").count(), 1);
        assert!(!authorization.signed_headers.contains(&"user-agent".to_owned()));
        assert_eq!(fields(&request).iter().filter(|(_, value)| ["a", "b", "u"].contains(value)).count(), 3);
    }

    #[test]
    #[should_panic(expected = "a signed wire form needs a credential")]
    fn a_signed_form_without_a_key_is_a_defect_of_ours() {
        let stamp = Stamp { timestamp: String::new(), nonce: String::new() };
        encode(&call(), form(Placement::GetQuery, Scheme::V1), "h", "/", None, &stamp);
    }

    #[test]
    fn debug_output_of_a_key_hides_its_secrets() {
        assert_eq!(format!("{:?}", Credential::new("id", "secret")), "Credential(id, ***)");
    }
}
