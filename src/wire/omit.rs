//! Signed requests from which one of the pieces that signing adds is left out; the rest is signed as it then is.

use super::tamper::{replace, sign, with_signature, write};
use super::{Credential, Incoming, Scheme, WireForm};
use crate::http::Request;

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// The signature itself.
    Signature,
    /// The AccessKeyId.
    AccessKey,
    /// The time.
    Date,
    /// The nonce.
    Nonce,
    /// `host` among the signed headers of V3.
    Host,
    /// The SecurityToken of a temporary key.
    Token,
}

impl Piece {
    /// All of them.
    pub const ALL: [Piece; 6] =
        [Piece::Signature, Piece::AccessKey, Piece::Date, Piece::Nonce, Piece::Host, Piece::Token];

    /// Name in case files.
    pub fn name(self) -> &'static str {
        match self {
            Piece::Signature => "signature",
            Piece::AccessKey => "access-key",
            Piece::Date => "date",
            Piece::Nonce => "nonce",
            Piece::Host => "host",
            Piece::Token => "token",
        }
    }

    /// Whether a scheme has it.
    pub fn is_in(self, scheme: Scheme) -> bool {
        match self {
            Piece::Host => scheme == Scheme::V3,
            _ => scheme != Scheme::None,
        }
    }
}

/// The request, rightly signed by `key`, without a piece; `None` where it has none.
pub fn omit(request: &Request, form: WireForm, key: &Credential, piece: Piece) -> Option<Request> {
    match form.scheme {
        _ if !piece.is_in(form.scheme) => None,
        Scheme::V3 => omit_v3(request, form, key, piece),
        _ => omit_v1(request, form, key, piece),
    }
}

fn omit_v1(request: &Request, form: WireForm, key: &Credential, piece: Piece) -> Option<Request> {
    let name = match piece {
        Piece::Signature => "Signature",
        Piece::AccessKey => "AccessKeyId",
        Piece::Date => "Timestamp",
        Piece::Token => "SecurityToken",
        Piece::Nonce | Piece::Host => "SignatureNonce",
    };
    let incoming = Incoming::parse(request).ok()?;
    let in_body = incoming.query.is_empty();
    let mut pairs = if in_body { incoming.form } else { incoming.query };
    let whole = pairs.len();
    pairs.retain(|(n, _)| n != name);
    if pairs.len() == whole {
        return None;
    }
    let mut without = request.clone();
    write(&mut without, &pairs, in_body, form.encoding);
    if piece == Piece::Signature {
        return Some(without);
    }
    let signature = sign(&Incoming::parse(&without).ok()?, &without.body, &key.secret)?;
    with_signature(without, form, &signature)
}

fn omit_v3(request: &Request, form: WireForm, key: &Credential, piece: Piece) -> Option<Request> {
    let mut without = request.clone();
    let mut authorization = Incoming::parse(request).ok()?.authorization()?;
    let header = match piece {
        Piece::Signature | Piece::AccessKey => {
            let text = authorization.to_string();
            let part = match piece {
                Piece::Signature => format!(",Signature={}", authorization.signature),
                _ => format!("Credential={},", authorization.credential),
            };
            replace(&mut without.headers, "authorization", &text.replace(&part, ""));
            return Some(without);
        }
        Piece::Date => "x-acs-date",
        Piece::Nonce => "x-acs-signature-nonce",
        Piece::Host => "host",
        Piece::Token => "x-acs-security-token",
    };
    without.headers.all(header).next()?;
    if piece != Piece::Host {
        without.headers.remove(header);
    }
    authorization.signed_headers.retain(|name| name != header);
    replace(&mut without.headers, "authorization", &authorization.to_string());
    let signature = sign(&Incoming::parse(&without).ok()?, &without.body, &key.secret)?;
    with_signature(without, form, &signature)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Headers;
    use crate::wire::{Call, Encoding, Format, Order, Placement, Stamp, encode, v1, v3};

    fn right(form: WireForm) -> Request {
        let call = Call {
            action: Some("EndTerminalSession".to_owned()),
            version: Some("2014-05-26".to_owned()),
            parameters: vec![("SessionId".to_owned(), "s-1".to_owned())],
            headers: Headers::new(),
        };
        let stamp = Stamp { timestamp: "2026-01-02T03:04:05Z".to_owned(), nonce: "n-1".to_owned() };
        encode(&call, form, "ecs.test", "/", Some(&temporary()), &stamp)
    }

    fn temporary() -> Credential {
        Credential { token: Some("t0ken".to_owned().into()), ..Credential::new("testid", "testsecret") }
    }

    #[test]
    fn a_piece_is_gone_and_the_rest_is_signed() {
        let key = temporary();
        for (scheme, placement) in
            [(Scheme::V1, Placement::GetQuery), (Scheme::V1, Placement::PostForm), (Scheme::V3, Placement::PostQuery)]
        {
            let (order, encoding) = (Order::AsGiven, Encoding::Everything);
            let form = WireForm { placement, format: Some(Format::Json), scheme, order, encoding };
            for piece in Piece::ALL {
                let name = format!("{form}, {}", piece.name());
                let without = omit(&right(form), form, &key, piece);
                assert_eq!(without.is_some(), piece.is_in(scheme), "{name}");
                let Some(without) = without else { continue };
                let incoming = Incoming::parse(&without).expect("decodes");
                assert_eq!(incoming.timestamp().is_none(), piece == Piece::Date, "{name}");
                assert_eq!(incoming.nonce().is_none(), piece == Piece::Nonce, "{name}");
                assert_eq!(incoming.security_token().is_none(), piece == Piece::Token, "{name}");
                assert_eq!(incoming.parameter("SessionId"), Some("s-1"), "{name}");
                let Some(given) = incoming.signature() else {
                    assert!(matches!(piece, Piece::Signature | Piece::AccessKey), "{name}");
                    continue;
                };
                let verified = match incoming.authorization() {
                    Some(authorization) => {
                        let covers = |name: &str| authorization.signed_headers.iter().any(|signed| signed == name);
                        assert_eq!(covers("host"), piece != Piece::Host, "{name}");
                        let text = incoming.v3_string_to_sign(&authorization, &without.body);
                        v3::verify(&key.secret, &text, &given)
                    }
                    None => v1::verify(&key.secret, &incoming.v1_string_to_sign(), &given),
                };
                assert!(verified, "{name}");
            }
        }
    }
}
