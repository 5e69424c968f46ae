//! stub
use crate::{case::Suite, contract::Contract};
pub fn suite(_c: &Contract) -> Suite {
    Suite::default()
}
