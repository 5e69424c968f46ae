//! An answer as it came over the wire, and what was wrong with its framing.

use super::Headers;

/// One answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// Status code.
    pub status: u16,
    /// Fields in the order received.
    pub headers: Headers,
    /// The body after removing any transfer coding, at most `limits::BODY_BYTES` of it.
    pub body: Vec<u8>,
    /// The body was longer than is read.
    pub body_cut: bool,
    /// Breaches of HTTP's framing that the lane saw; the raw lane sees more than the polished one.
    pub framing: Vec<FramingFault>,
}

impl Response {
    /// An answer without framing faults.
    pub fn new(status: u16, headers: Headers, body: impl Into<Vec<u8>>) -> Response {
        Response { status, headers, body: body.into(), body_cut: false, framing: Vec::new() }
    }

    /// Whether it is what something in front says of a target that gave it no answer, or none in time (RFC 9110, 15.6.3 and
    /// 15.6.5): once, it is `Lost` as silence is.
    pub fn is_of_gateway(&self) -> bool {
        matches!(self.status, 502 | 504)
    }
}

/// A breach of HTTP/1.1 framing (RFC 9112) in an answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum FramingFault {
    /// The connection ended before the announced length: announced, received.
    Short {
        /// `Content-Length`, where one was sent.
        announced: Option<u64>,
        /// Body bytes that came.
        received: u64,
    },
    /// Bytes after the announced end that are no answer.
    Trailing(usize),
    /// A second answer to a single request.
    SecondAnswer,
    /// `Content-Length` that is no number, or several that differ.
    BadLength(String),
    /// Both `Content-Length` and `Transfer-Encoding`.
    LengthAndChunked,
    /// A chunk that breaks the grammar.
    BadChunk(String),
    /// A status line or field that breaks the grammar.
    BadHead(String),
}
