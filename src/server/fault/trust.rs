//! Faults of authentication: signatures, their age, their nonces, and who may do what.

use super::{Asked, Fault, HONEST, Hooks};
use crate::server::authorize::{Claim, seconds_of};
use crate::server::nonces::Nonces;
use crate::server::session::Now;
use crate::server::settings::{Key, Operation, REGION_ID};
use crate::wire::{Encoding, Incoming, Parameters, Scheme, v1, v3};

/// What the check of signatures leaves out or gets wrong; what is `None` is honest.
#[derive(Debug, Clone, Copy, Default)]
pub struct Trust {
    /// Whether a call without a signature is taken.
    unsigned: Option<fn(Claim<'_>) -> bool>,
    /// The key that one which nobody has is taken for.
    stranger: Option<Stranger>,
    /// Whether a signature is taken.
    takes: Option<fn(&Signed<'_>) -> bool>,
    /// Whether the time of a signature is taken.
    age: Option<fn(&Aged<'_>) -> bool>,
    /// What a nonce is noted as; not at all where it is `None`.
    nonce: Option<fn(Claim<'_>, &str) -> Option<String>>,
    /// Forgets nonces.
    forgets: Option<fn(&mut Nonces)>,
    /// Whether a key may do what is asked.
    permits: Option<fn(&Asked) -> bool>,
}

/// Which of the keys that there are.
type Stranger = fn(&[Key]) -> Option<&Key>;

/// A signature to be judged.
struct Signed<'a> {
    /// Whether it is right.
    right: bool,
    claim: Claim<'a>,
    keys: &'a [Key],
    key: &'a Key,
}

/// A time of signing to be judged.
struct Aged<'a> {
    /// Whether it is within the window.
    right: bool,
    claim: Claim<'a>,
    signed: u64,
    now: u64,
}

impl Trust {
    pub(in crate::server) fn takes_unsigned(&self, claim: Claim<'_>) -> bool {
        self.unsigned.is_some_and(|unsigned| unsigned(claim))
    }

    pub(in crate::server) fn stranger<'s>(&self, keys: &'s [Key]) -> Option<&'s Key> {
        self.stranger?(keys)
    }

    pub(in crate::server) fn takes(&self, right: bool, claim: Claim<'_>, keys: &[Key], key: &Key) -> bool {
        self.takes.map_or(right, |takes| takes(&Signed { right, claim, keys, key }))
    }

    pub(in crate::server) fn takes_age(&self, claim: Claim<'_>, text: &str, now: Now, right: bool) -> bool {
        match (self.age, seconds_of(text)) {
            (Some(age), Some(signed)) => age(&Aged { right, claim, signed, now: now.unix }),
            _ => right,
        }
    }

    pub(in crate::server) fn nonce(&self, claim: Claim<'_>, nonce: &str) -> Option<String> {
        self.nonce.map_or_else(|| Some(nonce.to_owned()), |noted| noted(claim, nonce))
    }

    pub(in crate::server) fn forgets(&self, nonces: &mut Nonces) {
        if let Some(forgets) = self.forgets {
            forgets(nonces);
        }
    }

    pub(in crate::server) fn permits(&self, right: bool, asked: &Asked) -> bool {
        right || self.permits.is_some_and(|permits| permits(asked))
    }
}

/// A row of the table below.
const fn fault(name: &'static str, clauses: &'static [&'static str], how: &'static str, trust: Trust) -> Fault {
    Fault { name, clauses, how, hooks: Hooks { trusts: Some(trust), ..HONEST } }
}

const NONE: Trust =
    Trust { unsigned: None, stranger: None, takes: None, age: None, nonce: None, forgets: None, permits: None };

const REQUIRED: &[&str] = &["rpc/signature/required"];
const TAMPERED: &[&str] = &["rpc/signature/tampered"];
const ACCESS_KEY: &[&str] = &["rpc/signature/access-key"];
const EXPIRED: &[&str] = &["rpc/signature/expired"];
const NONCE: &[&str] = &["rpc/signature/nonce"];
const V1: &[&str] = &["rpc/signature/v1"];
const V3: &[&str] = &["rpc/signature/v3"];
const PERMISSION: &[&str] = &["end/authorization/required"];

pub(super) const FAULTS: &[Fault] = &[
    fault(
        "unsigned-taken",
        REQUIRED,
        "the check of signatures runs only where there is one",
        Trust { unsigned: Some(|_| true), ..NONE },
    ),
    fault(
        "unsigned-get-taken",
        REQUIRED,
        "the filter that checks signatures is mapped to POST alone",
        Trust { unsigned: Some(|claim| claim.incoming.method == "GET"), ..NONE },
    ),
    fault(
        "unsigned-form-taken",
        REQUIRED,
        "a proxy checks the query, and passes on what has its parameters in a body",
        Trust { unsigned: Some(|claim| !claim.incoming.form.is_empty()), ..NONE },
    ),
    fault(
        "unsigned-describe-taken",
        REQUIRED,
        "what only reads was opened to a dashboard that has no key",
        Trust { unsigned: Some(|claim| claim.asked.operation == Some(Operation::Describe)), ..NONE },
    ),
    fault(
        "unsigned-start-taken",
        REQUIRED,
        "the route of the newest operation is missing from the list of those that are protected",
        Trust { unsigned: Some(|claim| claim.asked.operation == Some(Operation::Start)), ..NONE },
    ),
    fault(
        "key-id-enough",
        REQUIRED,
        "a middleware for API keys looks the AccessKeyId up, and leaves signatures to another that is not installed",
        Trust { unsigned: Some(names_key), ..NONE },
    ),
    fault(
        "signature-not-compared",
        TAMPERED,
        "the comparison was switched off to find out why clients failed",
        Trust { takes: Some(|_| true), ..NONE },
    ),
    fault(
        "signature-prefix-compared",
        TAMPERED,
        "signatures are looked up in a column that holds their first eight characters",
        Trust { takes: Some(prefix_compared), ..NONE },
    ),
    fault(
        "signature-end-lost",
        TAMPERED,
        "a fixed buffer is one character too short for either signature",
        Trust { takes: Some(end_lost), ..NONE },
    ),
    fault(
        "signature-case-lost",
        TAMPERED,
        "the collation of a database compares Base64 without regard to case",
        Trust { takes: Some(case_lost), ..NONE },
    ),
    fault(
        "method-not-signed",
        TAMPERED,
        "a proxy rewrites GET to POST, so that a signature over either is taken",
        Trust { takes: Some(method_not_signed), ..NONE },
    ),
    fault(
        "body-hash-not-compared",
        TAMPERED,
        "the hash that the client names stands for the body, which is streamed and not read twice",
        Trust { takes: Some(body_hash_not_compared), ..NONE },
    ),
    fault(
        "unknown-parameters-not-signed",
        TAMPERED,
        "what the model of the operation does not know is dropped before the signature is calculated a second time",
        Trust { takes: Some(unknown_parameters_not_signed), ..NONE },
    ),
    fault(
        "empty-parameters-not-signed",
        TAMPERED,
        "parameters without a value are dropped before the signature is calculated a second time",
        Trust { takes: Some(empty_parameters_not_signed), ..NONE },
    ),
    fault(
        "any-secret-of-tenant",
        TAMPERED,
        "during a rotation of keys every secret of the account is tried",
        Trust { takes: Some(any_secret), ..NONE },
    ),
    fault(
        "connection-trusted",
        TAMPERED,
        "the caller is authenticated once a connection, as with NTLM",
        Trust { takes: Some(|signed| signed.right || signed.claim.asked.origin.request > 1), ..NONE },
    ),
    fault(
        "form-signature-not-compared",
        TAMPERED,
        "a body that a framework has read already is not there for the signature, whose check then gives up",
        Trust { takes: Some(|signed| signed.right || !signed.claim.incoming.form.is_empty()), ..NONE },
    ),
    fault(
        "unknown-key-taken",
        ACCESS_KEY,
        "a lookup falls back to the default credential of the development profile",
        Trust { stranger: Some(|keys| keys.first()), ..NONE },
    ),
    fault(
        "unknown-key-mismatch",
        ACCESS_KEY,
        "an unknown key gets a dummy secret, so that nobody can tell which keys exist",
        Trust { stranger: Some(|keys| keys.last()), ..NONE },
    ),
    fault(
        "never-expires",
        EXPIRED,
        "the time is parsed and logged, and nothing else",
        Trust { age: Some(|_| true), ..NONE },
    ),
    fault(
        "expires-after-a-day",
        EXPIRED,
        "the window was widened to a day for clients whose clocks are off",
        Trust { age: Some(|aged| aged.now.abs_diff(aged.signed) <= 86_400), ..NONE },
    ),
    fault(
        "expires-by-time-of-day",
        EXPIRED,
        "only the part behind the T is compared",
        Trust { age: Some(by_time_of_day), ..NONE },
    ),
    fault(
        "v3-never-expires",
        EXPIRED,
        "V3 was added beside V1, whose check of Timestamp finds no such parameter",
        Trust { age: Some(|aged| aged.right || aged.claim.incoming.scheme() == Scheme::V3), ..NONE },
    ),
    fault(
        "year-not-compared",
        EXPIRED,
        "the day of the year and the time are compared, since a log's format has no year",
        Trust { age: Some(year_not_compared), ..NONE },
    ),
    fault(
        "time-read-as-local",
        &["rpc/signature/v1", "rpc/signature/v3"],
        "the Z is taken for a letter, and the time for that of Beijing",
        Trust { age: Some(|aged| aged.now.abs_diff(aged.signed.saturating_sub(8 * 3600)) <= 16 * 60), ..NONE },
    ),
    fault("nonce-not-kept", NONCE, "the cache of nonces is not configured", Trust { nonce: Some(|_, _| None), ..NONE }),
    fault(
        "nonce-of-v1-alone",
        NONCE,
        "the check looks for the parameter SignatureNonce, which V3 does not send",
        Trust { nonce: Some(of_v1_alone), ..NONE },
    ),
    fault(
        "nonce-per-method",
        NONCE,
        "the filter keeps its nonces by route, and GET and POST are two routes",
        Trust { nonce: Some(|claim, nonce| Some(format!("{} {nonce}", claim.incoming.method))), ..NONE },
    ),
    fault(
        "nonce-per-connection",
        NONCE,
        "nonces live in the state of the connection",
        Trust { nonce: Some(|claim, nonce| Some(format!("{} {nonce}", claim.asked.origin.connection))), ..NONE },
    ),
    fault(
        "nonce-per-operation",
        NONCE,
        "every operation is a function of its own with a cache of its own",
        Trust { nonce: Some(|claim, nonce| Some(format!("{:?} {nonce}", claim.asked.operation))), ..NONE },
    ),
    fault(
        "nonce-with-its-time",
        NONCE,
        "the key of the cache is made of nonce and time",
        Trust { nonce: Some(|claim, nonce| Some(format!("{:?} {nonce}", claim.incoming.timestamp()))), ..NONE },
    ),
    fault(
        "signature-kept-for-nonce",
        NONCE,
        "signatures that were seen are remembered, so that only the same request again is found",
        Trust { nonce: Some(|claim, _| claim.incoming.signature()), ..NONE },
    ),
    fault(
        "last-nonces-kept",
        NONCE,
        "the cache of nonces has ten places",
        Trust { forgets: Some(|nonces| nonces.forget_but(10)), ..NONE },
    ),
    fault(
        "v1-retired",
        V1,
        "a policy against SHA-1 switched its HMAC off",
        Trust { takes: Some(|signed| signed.right && signed.claim.incoming.scheme() != Scheme::V1), ..NONE },
    ),
    fault(
        "v1-with-headers-of-v3",
        V1,
        "which scheme a call is of is told by its headers, which official clients send under either",
        Trust { takes: Some(v1_with_headers_of_v3), ..NONE },
    ),
    fault(
        "v1-form-encoding",
        V1,
        "the string to sign is encoded by a library for forms, with + for a space and ~ escaped",
        Trust { takes: Some(v1_form_encoding), ..NONE },
    ),
    fault(
        "v1-empty-values-dropped",
        V1,
        "a library for queries drops parameters without a value",
        Trust { takes: Some(v1_empty_values_dropped), ..NONE },
    ),
    fault(
        "v1-form-not-signed",
        V1,
        "only the query is taken for the string to sign",
        Trust { takes: Some(v1_form_not_signed), ..NONE },
    ),
    fault(
        "v3-query-not-sorted",
        V3,
        "parameters are signed in the order in which they came, which for most clients is sorted",
        Trust { takes: Some(v3_query_not_sorted), ..NONE },
    ),
    fault(
        "v3-query-as-sent",
        V3,
        "the query is taken for the canonical request as it was encoded by the client",
        Trust { takes: Some(v3_query_as_sent), ..NONE },
    ),
    fault(
        "v3-headers-of-its-own",
        V3,
        "the server has a list of its own of the headers that are signed",
        Trust { takes: Some(v3_headers_of_its_own), ..NONE },
    ),
    fault(
        "permissions-not-checked",
        PERMISSION,
        "whoever is authenticated is taken for authorized",
        Trust { permits: Some(|_| true), ..NONE },
    ),
    fault(
        "permissions-of-post-alone",
        PERMISSION,
        "GET counts as reading, for which every key has the permission",
        Trust { permits: Some(|asked| asked.method == "GET"), ..NONE },
    ),
    fault(
        "permission-asked-at-home-alone",
        PERMISSION,
        "the policy names the resource with its region, and only that of the first region is attached to a service",
        Trust { permits: Some(|asked| asked.value("RegionId") != Some(REGION_ID)), ..NONE },
    ),
    fault(
        "permissions-by-parameter",
        PERMISSION,
        "the policy looks at the parameter Action, which V3 sends as a header",
        Trust { permits: Some(|asked| asked.value("Action") != Some(Operation::End.name())), ..NONE },
    ),
];

/// V1 with everything but the signature, or V3 with a key in its header.
fn names_key(claim: Claim<'_>) -> bool {
    claim.incoming.parameter("AccessKeyId").is_some_and(|id| !id.is_empty())
}

/// Whether the signature of a call is right for a secret.
fn verifies(incoming: &Incoming<'_>, body: &[u8], secret: &str) -> bool {
    let given = incoming.signature().unwrap_or_default();
    match incoming.authorization() {
        Some(authorization) => v3::verify(secret, &incoming.v3_string_to_sign(&authorization, body), &given),
        None => v1::verify(secret, &incoming.v1_string_to_sign(), &given),
    }
}

/// The signature that came, and the one that is right.
fn pair(signed: &Signed<'_>) -> (String, String) {
    let Claim { incoming, body, .. } = signed.claim;
    let right = match incoming.authorization() {
        Some(authorization) => v3::sign(&signed.key.secret, &incoming.v3_string_to_sign(&authorization, body)),
        None => v1::sign(&signed.key.secret, &incoming.v1_string_to_sign()),
    };
    (incoming.signature().unwrap_or_default(), right)
}

fn prefix_compared(signed: &Signed<'_>) -> bool {
    let (given, right) = pair(signed);
    given.get(..8) == right.get(..8)
}

fn end_lost(signed: &Signed<'_>) -> bool {
    let (given, right) = pair(signed);
    let cut = |signature: &str| signature.trim_end_matches('=').chars().rev().skip(1).collect::<String>();
    cut(&given) == cut(&right)
}

fn case_lost(signed: &Signed<'_>) -> bool {
    let (given, right) = pair(signed);
    given.eq_ignore_ascii_case(&right)
}

fn method_not_signed(signed: &Signed<'_>) -> bool {
    let Claim { incoming, body, .. } = signed.claim;
    let with = |method| verifies(&Incoming { method, ..incoming.clone() }, body, &signed.key.secret);
    with("GET") || with("POST")
}

fn body_hash_not_compared(signed: &Signed<'_>) -> bool {
    let Claim { incoming, .. } = signed.claim;
    let Some(authorization) = incoming.authorization() else { return signed.right };
    let named = incoming.headers.get("x-acs-content-sha256").unwrap_or_default();
    let headers = &authorization.signed_headers;
    let canonical =
        v3::canonical_request(incoming.method, incoming.path, &incoming.query, incoming.headers, headers, named);
    v3::verify(&signed.key.secret, &v3::string_to_sign(&canonical), &authorization.signature)
}

/// The call as it would be with other parameters.
fn with_parameters<'a>(incoming: &Incoming<'a>, change: impl Fn(&mut Parameters)) -> Incoming<'a> {
    let mut changed = incoming.clone();
    change(&mut changed.query);
    change(&mut changed.form);
    changed
}

fn empty_parameters_not_signed(signed: &Signed<'_>) -> bool {
    let Claim { incoming, body, .. } = signed.claim;
    let with_values = with_parameters(incoming, |parameters| parameters.retain(|(_, value)| !value.is_empty()));
    signed.right || verifies(&with_values, body, &signed.key.secret)
}

fn unknown_parameters_not_signed(signed: &Signed<'_>) -> bool {
    let Claim { incoming, body, .. } = signed.claim;
    let known = with_parameters(incoming, |parameters| {
        parameters.retain(|(name, _)| !name.starts_with("Owner") && !name.starts_with("ResourceOwner"));
    });
    signed.right || verifies(&known, body, &signed.key.secret)
}

fn any_secret(signed: &Signed<'_>) -> bool {
    let Claim { incoming, body, .. } = signed.claim;
    signed.keys.iter().any(|key| verifies(incoming, body, &key.secret))
}

fn by_time_of_day(aged: &Aged<'_>) -> bool {
    (aged.now % 86_400).abs_diff(aged.signed % 86_400) <= 16 * 60
}

/// As if every year had 365 days, so that ten of them are none.
fn year_not_compared(aged: &Aged<'_>) -> bool {
    const YEAR: u64 = 365 * 86_400;
    (aged.now % YEAR).abs_diff(aged.signed % YEAR) <= 16 * 60
}

fn of_v1_alone(claim: Claim<'_>, nonce: &str) -> Option<String> {
    (claim.incoming.scheme() == Scheme::V1).then(|| nonce.to_owned())
}

/// Whether the signature is right over another string to sign under V1; V3 is checked rightly.
fn v1_over(signed: &Signed<'_>, string: impl Fn(&Incoming<'_>) -> String) -> bool {
    let Claim { incoming, .. } = signed.claim;
    match incoming.scheme() {
        Scheme::V1 => v1::verify(&signed.key.secret, &string(incoming), incoming.parameter("Signature").unwrap_or("")),
        _ => signed.right,
    }
}

fn v1_with_headers_of_v3(signed: &Signed<'_>) -> bool {
    let incoming = signed.claim.incoming;
    signed.right && !(incoming.scheme() == Scheme::V1 && incoming.headers.all("x-acs-action").next().is_some())
}

fn v1_form_encoding(signed: &Signed<'_>) -> bool {
    v1_over(signed, |incoming| {
        let right = incoming.v1_string_to_sign();
        right.replace("%2520", "%2B").replace("%252A", "%2A").replace('~', "%257E")
    })
}

fn v1_empty_values_dropped(signed: &Signed<'_>) -> bool {
    v1_over(signed, |incoming| {
        with_parameters(incoming, |parameters| parameters.retain(|(_, value)| !value.is_empty())).v1_string_to_sign()
    })
}

fn v1_form_not_signed(signed: &Signed<'_>) -> bool {
    v1_over(signed, |incoming| Incoming { form: Vec::new(), ..incoming.clone() }.v1_string_to_sign())
}

/// Whether the signature is right over another canonical query and list of headers under V3; V1 is checked rightly.
fn v3_over(signed: &Signed<'_>, query: &str, headers: Option<&[String]>) -> bool {
    let Claim { incoming, body, .. } = signed.claim;
    let Some(authorization) = incoming.authorization() else { return signed.right };
    let names = headers.unwrap_or(&authorization.signed_headers);
    let whole = v3::canonical_request(incoming.method, incoming.path, &[], incoming.headers, names, &v3::hash(body));
    // The query is the third line, which is empty here.
    let canonical = whole.replacen("\n\n", &format!("\n{query}\n"), 1);
    v3::verify(&signed.key.secret, &v3::string_to_sign(&canonical), &authorization.signature)
}

fn written(query: &Parameters) -> String {
    let encoded = |text: &str| Encoding::Strict.encode(text);
    let pairs = query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    pairs.collect::<Vec<_>>().join("&")
}

fn v3_query_not_sorted(signed: &Signed<'_>) -> bool {
    v3_over(signed, &written(&signed.claim.incoming.query), None)
}

fn v3_query_as_sent(signed: &Signed<'_>) -> bool {
    let mut pairs: Vec<&str> = signed.claim.query.split('&').collect();
    pairs.sort_unstable();
    v3_over(signed, &pairs.join("&"), None)
}

fn v3_headers_of_its_own(signed: &Signed<'_>) -> bool {
    const OWN: [&str; 6] =
        ["host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce", "x-acs-version"];
    let mut sorted = signed.claim.incoming.query.clone();
    sorted.sort_unstable();
    v3_over(signed, &written(&sorted), Some(&OWN.map(str::to_owned)))
}
