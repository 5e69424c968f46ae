//! Calls in any wire form: what is encoded is what a server reads.

use arbitrary::Unstructured;

use super::{form, of, parameters};
use crate::http::Headers;
use crate::wire::incoming::COMMON;
use crate::wire::{Call, Credential, Incoming, Order, Parameters, Placement, Scheme, Stamp, encode};

/// Encodes a call and reads it.
///
/// # Panics
/// When another call was read.
pub fn check(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let form = form(&mut u, &[Scheme::None, Scheme::V1, Scheme::V3]);
    let action = of(&mut u, &[Some("EndTerminalSession"), Some("StartTerminalSession"), None]);
    let version = of(&mut u, &[Some("2014-05-26"), None]);
    let call = Call {
        action: action.map(str::to_owned),
        version: version.map(str::to_owned),
        parameters: parameters(u.take_rest()),
        headers: Headers::new(),
    };
    let key = Credential::new("testid", "testsecret");
    let stamp = Stamp { timestamp: "2026-01-02T03:04:05Z".to_owned(), nonce: "nonce".to_owned() };
    let request = encode(&call, form, "ecs.test:8080", "/", Some(&key), &stamp);

    assert!(request.target.bytes().all(|byte| byte.is_ascii_graphic()), "{}", request.target);
    let incoming = Incoming::parse(&request).unwrap_or_else(|error| panic!("{form}: {error}"));
    let in_body = form.placement == Placement::PostForm;
    let (here, elsewhere) = match in_body {
        true => (&incoming.form, &incoming.query),
        false => (&incoming.query, &incoming.form),
    };
    let own: Parameters = here.iter().filter(|(name, _)| !COMMON.contains(&name.as_str())).cloned().collect();
    assert_eq!(own, ordered(call.parameters, form.order), "{form}");
    assert_eq!(*elsewhere, Parameters::new(), "{form}");
    assert_eq!((incoming.action(), incoming.version()), (action, version), "{form}");
    assert_eq!((incoming.method, incoming.scheme()), (form.placement.method(), form.scheme), "{form}");
    let stamped = form.scheme != Scheme::None;
    assert_eq!(incoming.nonce(), stamped.then_some("nonce"), "{form}");
    assert_eq!(incoming.timestamp(), stamped.then_some("2026-01-02T03:04:05Z"), "{form}");
}

fn ordered(mut parameters: Parameters, order: Order) -> Parameters {
    match order {
        Order::AsGiven => {}
        Order::Ascending => parameters.sort_by(|(left, _), (right, _)| left.cmp(right)),
        Order::Descending => parameters.sort_by(|(left, _), (right, _)| right.cmp(left)),
    }
    parameters
}
