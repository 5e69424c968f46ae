//! Selection: which cases run.
