//! Bytes of a request that are read otherwise than clients write them: escapes, spaces, forms.

use super::{Fault, HONEST, Hooks};
use crate::http::Request;
use crate::server::fault::Scratch;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "plus-taken-literally",
        clauses: &["rpc/parameter/encoding"],
        how: "the query is decoded as a path is, where a plus sign is itself and no space",
        hooks: Hooks { reads: Some(|request, _| rewrite(request, |text| text.replace('+', "%2B"))), ..HONEST },
    },
    Fault {
        name: "lower-hex-not-decoded",
        clauses: &["rpc/parameter/encoding"],
        how: "a decoder of our own looks hexadecimal digits up in a table of `0` to `9` and `A` to `F`",
        hooks: Hooks { reads: Some(lower_hex_not_decoded), ..HONEST },
    },
    Fault {
        name: "unreserved-not-decoded",
        clauses: &["rpc/parameter/encoding"],
        how: "the gateway decodes only what needs to be encoded, so that `%2D` stays as it is",
        hooks: Hooks { reads: Some(unreserved_not_decoded), ..HONEST },
    },
    Fault {
        name: "form-not-read",
        clauses: &["rpc/placement/form"],
        how: "a reader of JSON takes the body first, and the form that comes next finds it empty",
        hooks: Hooks { reads: Some(form_not_read), ..HONEST },
    },
];

/// Changes the query and the body as they were written.
fn rewrite(request: &mut Request, change: impl Fn(&str) -> String) {
    if let Some((path, query)) = request.target.split_once('?') {
        request.target = format!("{path}?{}", change(query));
    }
    if let Ok(body) = std::str::from_utf8(&request.body) {
        request.body = change(body).into_bytes();
    }
}

/// Takes those escapes for plain text.
fn spare(text: &str, spared: impl Fn(&str) -> bool) -> String {
    let mut parts = text.split('%');
    let mut out = parts.next().unwrap_or("").to_owned();
    for part in parts {
        out.push_str(if part.get(..2).is_some_and(&spared) { "%25" } else { "%" });
        out.push_str(part);
    }
    out
}

fn lower_hex_not_decoded(request: &mut Request, _: &mut Scratch) {
    rewrite(request, |text| spare(text, |digits| digits.bytes().any(|byte| byte.is_ascii_lowercase())));
}

fn unreserved_not_decoded(request: &mut Request, _: &mut Scratch) {
    let unreserved = |digits: &str| {
        let byte = u8::from_str_radix(digits, 16).unwrap_or(0);
        byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
    };
    rewrite(request, |text| spare(text, unreserved));
}

fn form_not_read(request: &mut Request, _: &mut Scratch) {
    request.body.clear();
}
