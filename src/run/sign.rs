//! Signing wrongly: the requests of a step that says what is wrong with its signature.

use super::send::Bed;
use crate::case::Flaw;
use crate::check::Seen;
use crate::check::history::Record;
use crate::clock;
use crate::http::Request;
use crate::seed::Stream;
use crate::wire::{self, Call, Credential, Incoming, Scheme, Stamp, WireForm};

/// Letters and digits of an AccessKeyId below which drawing others might meet a key that exists.
const KEY_CHARACTERS: usize = 12;

/// Encodes a call that is right but for `flaw`; `used` is the stamp that an earlier call used up.
///
/// # Errors
/// The call has nothing that could be wrong in that way: a right one is not sent in its place.
pub(super) fn encode(
    bed: &Bed,
    call: &Call,
    form: WireForm,
    key: &Credential,
    (flaw, used): (Flaw, Option<&Stamp>),
    stream: &mut Stream,
) -> Result<Request, String> {
    let mut stamp = bed.stamp(stream);
    let now = bed.clock.unix_seconds();
    match (flaw, used) {
        (Flaw::Age(age), _) => stamp.timestamp = clock::timestamp(now.saturating_sub(age.as_secs())),
        (Flaw::Ahead(time), _) => stamp.timestamp = clock::timestamp(now.saturating_add(time.as_secs())),
        (Flaw::UsedNonce, Some(used)) => {
            stamp.nonce.clone_from(&used.nonce);
            // Who remembers a nonce together with its time must be seen to.
            if stamp.timestamp == used.timestamp {
                stamp.timestamp = clock::timestamp(now.saturating_sub(1));
            }
        }
        (Flaw::Replayed, Some(used)) => stamp.clone_from(used),
        (Flaw::UsedNonce | Flaw::Replayed, None) => return Err("no earlier call used up a nonce".to_owned()),
        _ => {}
    }
    let changed_key = match flaw {
        Flaw::UnknownKey => Some(Credential { id: unknown(&key.id, stream), ..key.clone() }),
        Flaw::WrongToken => {
            let token = key.token.as_ref().map_or("", |token| token.as_str());
            Some(Credential { token: Some(unknown(token, stream).into()), ..key.clone() })
        }
        _ => None,
    };
    let request = bed.encode_as(call, form, Some(changed_key.as_ref().unwrap_or(key)), &stamp, stream);
    let changed = match flaw {
        Flaw::Tampered(part) => wire::tamper(&request, form, key, bed.target.denied.as_ref(), part),
        Flaw::Without(piece) => wire::omit(&request, form, key, piece),
        _ => Some(request),
    };
    changed.ok_or_else(|| format!("the call has nothing to be wrong in ({flaw})"))
}

/// An AccessKeyId that nobody has: of the kind of a real one and as long, each letter and digit drawn anew within its kind
/// and never the same. One that is too short for chance to be safe is made longer.
fn unknown(id: &str, stream: &mut Stream) -> String {
    let mut text = id.to_owned();
    let drawn = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).count();
    while drawn(&text) < KEY_CHARACTERS {
        text.push('0');
    }
    let other = |c: char, drawn: u8| {
        let (first, count) = match c {
            'a'..='z' => (b'a', 26),
            'A'..='Z' => (b'A', 26),
            '0'..='9' => (b'0', 10),
            other => return other,
        };
        char::from(first + (c as u8 - first + 1 + drawn % (count - 1)) % count)
    };
    let bytes = stream.bytes(text.len());
    text.chars().zip(bytes).map(|(c, drawn)| other(c, drawn)).collect()
}

/// The stamp of the variant's first call in a scheme that succeeded: the target has seen its nonce and took it.
pub(super) fn used(history: &[Record], variant: Option<&str>, scheme: Scheme) -> Option<Stamp> {
    history.iter().find_map(|record| {
        let exchange = record.exchange().filter(|_| record.is_attempt() && record.variant.as_deref() == variant)?;
        let form = record.form.filter(|form| form.scheme == scheme && scheme != Scheme::None)?;
        let response = exchange.reply.answer()?;
        if form.scheme != scheme || !Seen::of(response).is_ok(record.operation.as_deref()) {
            return None;
        }
        let incoming = Incoming::parse(&exchange.request).ok()?;
        Some(Stamp { timestamp: incoming.timestamp()?.to_owned(), nonce: incoming.nonce()?.to_owned() })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;

    #[test]
    fn an_unknown_key_is_of_the_kind_of_the_real_one_and_differs_in_every_character() {
        let mut stream = Seed(1).stream("keys");
        for id in ["LTAI5tExampleKey00000000", "endspec-reference-key", "k", "", "\u{e9}9"] {
            for _ in 0..100 {
                let other = unknown(id, &mut stream);
                let long = id.chars().filter(char::is_ascii_alphanumeric).count() >= KEY_CHARACTERS;
                assert!(!long || other.chars().count() == id.chars().count(), "{id}: {other}");
                for (a, b) in id.chars().zip(other.chars()) {
                    assert_eq!(a == b, !a.is_ascii_alphanumeric(), "{id}: {other}");
                    assert_eq!(a.is_ascii_digit(), b.is_ascii_digit(), "{id}: {other}");
                    assert_eq!(a.is_ascii_uppercase(), b.is_ascii_uppercase(), "{id}: {other}");
                }
                assert!(other.chars().filter(char::is_ascii_alphanumeric).count() >= KEY_CHARACTERS, "{id}: {other}");
            }
        }
    }
}
