//! A request as a server reads it: its parameters decoded, its signature scheme told, its strings to sign rebuilt.

use super::v3::{self, Authorization};
use super::{DecodeError, Parameters, Scheme, parameters, v1};
use crate::http::{Headers, Request};

/// Parameters that every operation has; the others are its own.
pub const COMMON: [&str; 11] = [
    "Action",
    "Version",
    "Format",
    "AccessKeyId",
    "Signature",
    "SignatureMethod",
    "SignatureVersion",
    "SignatureType",
    "SignatureNonce",
    "Timestamp",
    "SecurityToken",
];

/// A request with its parameters decoded. Says what the request claims, and judges nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incoming<'a> {
    /// The method.
    pub method: &'a str,
    /// The path of the target, as sent.
    pub path: &'a str,
    /// Parameters of the query, in order.
    pub query: Parameters,
    /// Parameters of the body, in order; empty unless its content type is `application/x-www-form-urlencoded`.
    pub form: Parameters,
    /// The header fields.
    pub headers: &'a Headers,
}

impl<'a> Incoming<'a> {
    /// Decodes query and form body.
    ///
    /// # Errors
    /// [`DecodeError`] for the first pair, of the query before the body, that cannot be decoded; its byte counts from
    /// the beginning of the query or of the body.
    pub fn parse(request: &'a Request) -> Result<Incoming<'a>, DecodeError> {
        let query = parameters::parse(request.query().as_bytes())?;
        let form = if is_form(&request.headers) { parameters::parse(&request.body)? } else { Parameters::new() };
        Ok(Incoming { method: &request.method, path: request.path(), query, form, headers: &request.headers })
    }

    /// Parameters of the query, then those of the form.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query.iter().chain(&self.form).map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The first parameter of that name, of the query before the form.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        parameters::first(&self.query, name).or_else(|| parameters::first(&self.form, name))
    }

    /// The scheme that the request claims: V3 with an `Authorization: ACS3-...` header, else V1 with a parameter
    /// `Signature`. Headers like `x-acs-action` say nothing, since V1 clients send them too (FACTS 1.2).
    pub fn scheme(&self) -> Scheme {
        if self.headers.get("authorization").is_some_and(|value| value.starts_with("ACS3-")) {
            Scheme::V3
        } else if self.parameter("Signature").is_some() {
            Scheme::V1
        } else {
            Scheme::None
        }
    }

    /// The parts of the `Authorization` header; `None` as well when it names another algorithm or lacks a part.
    pub fn authorization(&self) -> Option<Authorization> {
        Authorization::parse(self.headers.get("authorization")?)
    }

    /// The operation: `x-acs-action` under V3, else the parameter `Action`.
    pub fn action(&self) -> Option<&str> {
        self.common("Action", "x-acs-action")
    }

    /// The API version: `x-acs-version` under V3, else the parameter `Version`.
    pub fn version(&self) -> Option<&str> {
        self.common("Version", "x-acs-version")
    }

    /// The time of signing: `x-acs-date` under V3, else the parameter `Timestamp`.
    pub fn timestamp(&self) -> Option<&str> {
        self.common("Timestamp", "x-acs-date")
    }

    /// The nonce: `x-acs-signature-nonce` under V3, else the parameter `SignatureNonce`.
    pub fn nonce(&self) -> Option<&str> {
        self.common("SignatureNonce", "x-acs-signature-nonce")
    }

    /// The STS token: `x-acs-security-token` under V3, else the parameter `SecurityToken`.
    pub fn security_token(&self) -> Option<&str> {
        self.common("SecurityToken", "x-acs-security-token")
    }

    /// The signature, of whichever scheme.
    pub fn signature(&self) -> Option<String> {
        match self.scheme() {
            Scheme::V3 => self.authorization().map(|authorization| authorization.signature),
            Scheme::V1 | Scheme::None => self.parameter("Signature").map(str::to_owned),
        }
    }

    /// What a V1 signature of this request covers: method, query and form, without `Signature`.
    pub fn v1_string_to_sign(&self) -> String {
        v1::string_to_sign_of(self.method, self.parameters())
    }

    /// What a V3 signature of this request covers, following the header's list of signed headers and hashing `body`
    /// itself, whatever `x-acs-content-sha256` says.
    pub fn v3_string_to_sign(&self, authorization: &Authorization, body: &[u8]) -> String {
        v3::string_to_sign(&v3::canonical_request(
            self.method,
            self.path,
            &self.query,
            self.headers,
            &authorization.signed_headers,
            &v3::hash(body),
        ))
    }

    fn common(&self, parameter: &str, header: &str) -> Option<&str> {
        match self.scheme() {
            Scheme::V3 => self.headers.get(header),
            Scheme::V1 | Scheme::None => self.parameter(parameter),
        }
    }
}

fn is_form(headers: &Headers) -> bool {
    let media_type = headers.get("content-type").and_then(|value| value.split(';').next()).unwrap_or("");
    media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
}

#[cfg(test)]
mod tests {
    use super::*;

    type Pairs<'a> = &'a [(&'a str, &'a str)];

    fn request(target: &str, headers: Pairs<'_>, body: &str) -> Request {
        Request {
            method: "POST".to_owned(),
            target: target.to_owned(),
            headers: headers.iter().copied().collect(),
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_body_is_a_form_only_when_its_content_type_says_so() {
        let rows: [(&str, Pairs<'_>, bool); 7] = [
            ("plain", &[("content-type", "application/x-www-form-urlencoded")], true),
            ("with a charset", &[("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")], true),
            ("another case", &[("CONTENT-TYPE", " Application/X-WWW-Form-Urlencoded ;x")], true),
            ("none", &[], false),
            ("json", &[("content-type", "application/json")], false),
            ("a longer name", &[("content-type", "application/x-www-form-urlencoded2")], false),
            ("named as a parameter", &[("content-type", "text/plain; application/x-www-form-urlencoded")], false),
        ];
        for (name, headers, is_form) in rows {
            let request = request("/?a=1", headers, "a=2&b=3");
            let incoming = Incoming::parse(&request).expect("decodes");
            assert_eq!(incoming.form.len(), if is_form { 2 } else { 0 }, "{name}");
            assert_eq!(incoming.parameter("a"), Some("1"), "{name}: the query comes first");
            assert_eq!(incoming.parameter("b"), is_form.then_some("3"), "{name}");
        }
    }

    #[test]
    fn a_body_that_is_no_form_may_hold_anything() {
        assert_eq!(Incoming::parse(&request("/", &[], "%zz")).map(|incoming| incoming.form), Ok(Vec::new()));
        let form = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(Incoming::parse(&request("/", &form, "%zz")), Err(DecodeError::BadEscape(0)));
        assert_eq!(Incoming::parse(&request("/?a=%", &form, "%zz")), Err(DecodeError::BadEscape(2)));
    }

    #[test]
    fn the_scheme_follows_the_authorization_and_not_the_other_headers() {
        const V3: (&str, &str) = ("authorization", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b");
        const ACTION: (&str, &str) = ("x-acs-action", "FromHeader");
        let rows: [(&str, &str, Pairs<'_>, Scheme, Option<&str>); 7] = [
            ("nothing", "/", &[], Scheme::None, None),
            ("unsigned", "/?Action=A", &[], Scheme::None, Some("A")),
            ("unsigned with SDK headers", "/?Action=A", &[ACTION], Scheme::None, Some("A")),
            ("V1 with SDK headers", "/?Action=A&Signature=x", &[ACTION], Scheme::V1, Some("A")),
            ("V3", "/?Action=A&Signature=x", &[V3, ACTION], Scheme::V3, Some("FromHeader")),
            (
                "V3 of another algorithm",
                "/",
                &[("Authorization", "ACS3-HMAC-SM3 x"), ACTION],
                Scheme::V3,
                Some("FromHeader"),
            ),
            ("another authorization", "/?Action=A", &[("authorization", "Basic x"), ACTION], Scheme::None, Some("A")),
        ];
        for (name, target, headers, scheme, action) in rows {
            let request = request(target, headers, "");
            let incoming = Incoming::parse(&request).expect("decodes");
            assert_eq!((incoming.scheme(), incoming.action()), (scheme, action), "{name}");
        }
    }
}
