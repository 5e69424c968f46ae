//! Fuzzing: what must hold of every input, of the parsers and of whole runs.

pub mod targets;
