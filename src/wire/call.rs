//! A call and its encoding into a request, in any wire form, signed over exactly the bytes sent.

use std::fmt;

use super::{Parameters, WireForm};
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
/// A `Format` given among the parameters replaces the form's own.
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
    let _ = (call, form, host, path, credential, stamp);
    todo!()
}
