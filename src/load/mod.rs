//! Loading: files become contract, suite and profile, or all their mistakes.

mod grow;
pub mod node;
pub mod yaml;
