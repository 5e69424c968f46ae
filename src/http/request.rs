//! A request as it goes on the wire.

use super::Headers;

/// One request: what stands on the request line, the fields and the body, byte for byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, `POST`, ...
    pub method: String,
    /// Request target, percent-encoded: `/?Action=...`.
    pub target: String,
    /// Fields in order; `host` is among them, length and connection fields are the lane's.
    pub headers: Headers,
    /// The body; empty for none.
    pub body: Vec<u8>,
}

impl Request {
    /// The path of the target, before `?`.
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or("")
    }

    /// The query of the target, after the first `?`, empty without one.
    pub fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }
}
