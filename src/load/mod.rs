//! Files that people wrote, read into what the rest of the program works with, or into every mistake in them.

pub mod contract;
mod grow;
pub mod node;
pub mod yaml;
