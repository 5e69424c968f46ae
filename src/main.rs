//! The `endspec` program.

fn main() {}
