//! What is wrong with how a call is signed: one thing a request.

use std::fmt;
use std::time::Duration;

use crate::wire::{Part, Piece, Scheme};

/// The one thing that is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// `tampered`: what was signed is not what is sent.
    Tampered(Part),
    /// `age`: it was signed this long ago.
    Age(Duration),
    /// `ahead`: it was signed as of this far in the future.
    Ahead(Duration),
    /// `nonce: used`: its nonce is that of the case's first call in the same scheme that succeeded.
    UsedNonce,
    /// `nonce: replayed`: its time as well, so that the same call is the same request, byte for byte.
    Replayed,
    /// `access-key: unknown`: its AccessKeyId is one that the target does not know.
    UnknownKey,
    /// `token: wrong`: its SecurityToken is another one, or one that its key does not need.
    WrongToken,
    /// `without`: a piece of what signing adds is missing.
    Without(Piece),
}

impl Flaw {
    /// Key of `sign` in case files.
    pub fn key(self) -> &'static str {
        match self {
            Flaw::Tampered(_) => "tampered",
            Flaw::Age(_) => "age",
            Flaw::Ahead(_) => "ahead",
            Flaw::UsedNonce | Flaw::Replayed => "nonce",
            Flaw::UnknownKey => "access-key",
            Flaw::WrongToken => "token",
            Flaw::Without(_) => "without",
        }
    }

    /// Its word behind that key.
    pub fn word(self) -> String {
        match self {
            Flaw::Tampered(part) => part.name().to_owned(),
            Flaw::Age(time) | Flaw::Ahead(time) => span_of_time(time),
            Flaw::UsedNonce => "used".to_owned(),
            Flaw::Replayed => "replayed".to_owned(),
            Flaw::UnknownKey => "unknown".to_owned(),
            Flaw::WrongToken => "wrong".to_owned(),
            Flaw::Without(piece) => piece.name().to_owned(),
        }
    }

    /// Whether it can be wrong with a call in a scheme to a target that is `secure` (HTTPS). Under V3 a nonce counts over
    /// plain HTTP alone (clause `rpc/signature/nonce`).
    pub fn is_in(self, scheme: Scheme, secure: bool) -> bool {
        match self {
            Flaw::Tampered(part) => part.is_in(scheme),
            Flaw::Without(piece) => piece.is_in(scheme),
            Flaw::UsedNonce | Flaw::Replayed => scheme == Scheme::V1 || (scheme == Scheme::V3 && !secure),
            Flaw::Age(_) | Flaw::Ahead(_) | Flaw::UnknownKey | Flaw::WrongToken => scheme != Scheme::None,
        }
    }
}

/// As reports name it: `tampered: method`.
impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.key(), self.word())
    }
}

/// A time in the largest unit that it is whole in: `47m`, `1h`, `2d`.
fn span_of_time(time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match (minutes % (24 * 60), minutes % 60) {
        (0, _) => format!("{}d", minutes / (24 * 60)),
        (_, 0) => format!("{}h", minutes / 60),
        _ => format!("{minutes}m"),
    }
}
