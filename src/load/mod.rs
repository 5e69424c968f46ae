//! Files that people wrote, read into what the rest of the program works with, or into every mistake in them.

pub mod contract;
