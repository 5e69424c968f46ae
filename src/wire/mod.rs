//! The RPC protocol of the gateway: parameters, encoding, both signature schemes, envelopes.
//!
//! Knows no case and no check; the reference server and the client both stand on it.

pub mod call;
pub mod encoding;
pub mod envelope;
mod find;
pub mod form;
pub mod frame;
pub mod incoming;
mod json;
mod omit;
pub mod parameters;
mod tamper;
pub mod v1;
pub mod v3;
mod xml;

pub use call::{Call, Credential, Stamp, encode};
pub use encoding::Encoding;
pub use envelope::{Document, DocumentFault};
pub use find::{find, rfind};
pub use form::{Format, Order, Placement, Scheme, WireForm};
pub use frame::{Frame, FrameKind};
pub use incoming::Incoming;
pub use omit::{Piece, omit};
pub use parameters::{DecodeError, Parameters};
pub use tamper::{Part, tamper};
