//! Files that people wrote, read into what the rest of the program works with, or into every mistake in them.

mod axes;
pub mod baseline;
pub mod built_in;
mod call;
pub mod case;
pub mod contract;
mod expect;
mod grow;
mod matchers;
pub mod node;
mod overlap;
pub mod profile;
mod reader;
mod scope;
mod sign;
mod step;
pub mod suite;
pub mod yaml;
