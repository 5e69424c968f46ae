//! Signatures of both schemes: a right one is taken however it is written, and no other is.

use arbitrary::Unstructured;

use super::{form, parameters};
use crate::http::{Headers, Request};
use crate::wire::{
    Call, Credential, Encoding, Incoming, Order, Part, Placement, Scheme, Stamp, WireForm, encode, tamper, v1, v3,
};

/// Whether a signature is the right one: secret, string to sign, signature.
type Verify = fn(&str, &str, &str) -> bool;

/// Signs a call and changes what was signed.
///
/// # Panics
/// When a right signature is refused, depends on order or encoding, or another one is taken.
pub fn check(data: &[u8]) {
    holds(data, v1::verify, v3::verify);
}

/// Holds two verifiers to it, of V1 and of V3.
fn holds(data: &[u8], of_v1: Verify, of_v3: Verify) {
    let mut u = Unstructured::new(data);
    let form = form(&mut u, &[Scheme::V1, Scheme::V3]);
    let at = u.arbitrary::<u8>().unwrap_or(0);
    let bit = 1 << u.int_in_range(0..=5_u8).unwrap_or(0);
    let mut call = call(u.take_rest());
    let key = Credential::new("testid", "testsecret");
    let accepts = |request: &Request, secret: &str| accepted(request, secret, of_v1, of_v3);
    let request = sent(&call, form, &key);
    assert!(accepts(&request, &key.secret), "{form}: the right signature is refused");
    assert!(!accepts(&request, "testsecreT"), "{form}: another secret is taken");

    let given = signature(&request);
    for other in others(&given, usize::from(at), bit, form.scheme) {
        assert!(!accepts(&signed(&request, form, &given, &other), &key.secret), "{form}: {other} for {given}");
    }
    let other = Credential::new("otherid", "othersecret");
    for part in Part::ALL {
        let tampered = tamper(&request, form, &key, Some(&other), part);
        assert_eq!(tampered.is_some(), part.is_in(form.scheme), "{form}: {}", part.name());
        let taken = tampered.is_some_and(|tampered| accepts(&tampered, &key.secret));
        assert!(!taken, "{form}: taken with another {}", part.name());
    }
    // A form body is signed under V3 as the bytes that it is.
    if form.scheme == Scheme::V1 || form.placement != Placement::PostForm {
        let plain = WireForm { order: Order::AsGiven, encoding: Encoding::Strict, ..form };
        assert_eq!(signature(&sent(&call, plain, &key)), given, "{form}: depends on how it is written");
        call.parameters.reverse();
        assert_eq!(signature(&sent(&call, form, &key)), given, "{form}: depends on the order of parameters");
    }
    by_hand(&request);
}

fn call(texts: &[u8]) -> Call {
    let mut parameters = parameters(texts);
    parameters.push(("SessionId".to_owned(), "s-hz023od0x9abcde".to_owned()));
    let (action, version) = (Some("EndTerminalSession".to_owned()), Some("2014-05-26".to_owned()));
    Call { action, version, parameters, headers: Headers::new() }
}

fn sent(call: &Call, form: WireForm, key: &Credential) -> Request {
    let stamp = Stamp { timestamp: "2026-01-02T03:04:05Z".to_owned(), nonce: "n0nce".to_owned() };
    encode(call, form, "ecs.test:8080", "/", Some(key), &stamp)
}

fn read(request: &Request) -> Incoming<'_> {
    Incoming::parse(request).unwrap_or_else(|error| panic!("what was encoded cannot be read: {error}"))
}

fn signature(request: &Request) -> String {
    read(request).signature().unwrap_or_default()
}

/// Judges a request as a server does.
fn accepted(request: &Request, secret: &str, of_v1: Verify, of_v3: Verify) -> bool {
    let incoming = read(request);
    let given = incoming.signature().unwrap_or_default();
    if incoming.scheme() == Scheme::V1 {
        return of_v1(secret, &incoming.v1_string_to_sign(), &given);
    }
    let same_body = incoming.headers.get("x-acs-content-sha256") == Some(&v3::hash(&request.body));
    let of_scheme = |authorization| of_v3(secret, &incoming.v3_string_to_sign(&authorization, &request.body), &given);
    same_body && incoming.authorization().is_some_and(of_scheme)
}

/// Signatures that are not the right one: cut, made longer, one character another.
fn others(given: &str, at: usize, bit: u8, scheme: Scheme) -> Vec<String> {
    let at = at % given.trim_end_matches('=').len().max(1);
    let mut changed = given.as_bytes().to_vec();
    changed[at] ^= bit;
    let mut others = vec![given[..at].to_owned(), format!("{given}{}", &given[..1]), format!("{given}=")];
    // The case of hexadecimal digits says nothing, and neither do the lowest bits of V1's last character.
    let says_nothing = match scheme {
        Scheme::V3 => changed.eq_ignore_ascii_case(given.as_bytes()),
        _ => given.trim_end_matches('=').len() == at + 1,
    };
    if !says_nothing {
        others.extend(String::from_utf8(changed));
    }
    others
}

/// The request with another signature in the place of its own.
fn signed(request: &Request, form: WireForm, given: &str, other: &str) -> Request {
    let mut request = request.clone();
    if form.scheme == Scheme::V3 {
        let value = request.headers.get("authorization").unwrap_or_default().replace(given, other);
        request.headers.remove("authorization");
        request.headers.push("authorization", value);
        return request;
    }
    // Names and values may be written in many ways; the sign between them is always the same.
    let swap = |text: &str| {
        text.replace(&format!("={}", form.encoding.encode(given)), &format!("={}", form.encoding.encode(other)))
    };
    request.target = swap(&request.target);
    request.body = swap(&String::from_utf8_lossy(&request.body)).into_bytes();
    request
}

/// The string to sign of V1, written a second time from its document.
fn by_hand(request: &Request) {
    let incoming = read(request);
    let mut pairs: Vec<(&str, &str)> = incoming.parameters().filter(|(name, _)| *name != "Signature").collect();
    pairs.sort_unstable();
    let escape = |text: &str| -> String {
        let one = |byte: u8| match char::from(byte) {
            kept @ ('a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '~') => kept.to_string(),
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(one).collect()
    };
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect();
    let to_sign = format!("{}&%2F&{}", incoming.method, escape(&pairs.join("&")));
    assert_eq!(incoming.v1_string_to_sign(), to_sign);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bytes of a right signature are compared as far as this many characters of what is given.
    fn by_prefix(right: &str, given: &str, most: usize) -> bool {
        let most = most.min(right.len());
        given.get(..most).is_some_and(|given| given == &right[..most])
    }

    fn is_caught(of_v1: Verify, of_v3: Verify) -> bool {
        let bodies = (0..=255_u8).map(|byte| vec![byte; 8]);
        let caught = |data: Vec<u8>| std::panic::catch_unwind(|| holds(&data, of_v1, of_v3)).is_err();
        bodies.into_iter().any(caught)
    }

    #[test]
    fn a_wrong_verifier_is_caught() {
        assert!(!is_caught(v1::verify, v3::verify));
        let cut: Verify = |secret, text, given| given.len() > 3 && v1::sign(secret, text).starts_with(given);
        assert!(is_caught(cut, v3::verify), "V1: as much as is given");
        let cut: Verify = |secret, text, given| by_prefix(&v3::sign(secret, text), given, 8);
        assert!(is_caught(v1::verify, cut), "V3: the beginning alone");
        let any_case: Verify = |secret, text, given| v1::sign(secret, text).eq_ignore_ascii_case(given);
        assert!(is_caught(any_case, v3::verify), "V1: letters of another case");
        assert!(is_caught(v1::verify, |_, _, _| false), "V3: nothing");
    }
}
