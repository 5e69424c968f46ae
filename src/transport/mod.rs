//! Requests out, replies in: the polished lane, the exact one, and WebSockets.

pub mod endpoint;

pub use endpoint::{Endpoint, EndpointError};
pub mod answer;
