//! Every diagnostic code, and what to do about it.

/// Code, and a paragraph of cause and mending; sorted by code.
pub const CODES: &[(&str, &str)] = &[];
