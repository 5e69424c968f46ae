//! Faults of authentication: signatures, their age, their nonces, and who may do what.

use super::{Fault, HONEST, Hooks};

/// What the check of signatures leaves out or gets wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Calls without any signature are taken.
    Unsigned,
    /// A signature must be there, and is not compared.
    AnySignature,
    /// Only the first eight characters of a signature are compared.
    Prefix,
    /// Signatures of V1 are compared without regard to case.
    CaseBlind,
    /// The method is no part of what is compared.
    AnyMethod,
    /// Parameters that the operation does not know are no part of what is compared.
    KnownParameters,
    /// Under V3 the hash that the client names stands for the body.
    NamedHash,
    /// Headers that are signed are not compared with those that came.
    AnyHeaders,
    /// An unknown key is taken for the first one.
    AnyKey,
    /// An unknown key is answered as a wrong signature is.
    UnknownKeyMismatch,
    /// Signatures never grow old.
    NoExpiry,
    /// Nonces are not remembered.
    NoNonce,
    /// Nonces are remembered under V1 alone.
    NonceOfV1,
    /// Whoever is known may do everything.
    NoPermissions,
    /// V1 is not known.
    NoV1,
    /// V3 is not known.
    NoV3,
}

pub(super) const FAULTS: &[Fault] = &[Fault {
    name: "unsigned-taken",
    clauses: &["rpc/signature/required"],
    how: "the check of signatures runs only where there is one",
    hooks: Hooks { trusts: Some(Trust::Unsigned), ..HONEST },
}];
