//! The contract as data: that it says what the document says, judges answers as it should, and that mistakes in it
//! are found.

mod answers;
mod document;
mod mistakes;
mod schemas;

use endspec::contract::{Contract, Readings};
use endspec::load::contract::built_in;

/// The default revision and its readings, with these declared: `name=value`.
fn contract(declared: &[&str]) -> (Contract, Readings) {
    let contract = built_in(None);
    let pairs: Vec<(String, String)> = declared
        .iter()
        .map(|text| text.split_once('=').expect("name=value"))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    let readings = Readings::resolve(&contract, &pairs).expect("the readings exist");
    (contract, readings)
}
