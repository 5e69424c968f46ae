//! HTTP as plain data that can also hold wrong HTTP: requests, replies, exchanges.

pub mod exchange;
pub mod headers;
pub mod request;
pub mod response;

pub use exchange::{Cause, CauseKind, Exchange, Lane, Reply};
pub use headers::Headers;
pub use request::Request;
pub use response::{FramingFault, Response};
