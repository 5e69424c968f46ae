//! The bodies of the fuzz targets: what holds whatever the bytes are; each asserts on every input and passes over none.
//!
//! Texts come last and as they are, choices before them, so that words of the contract stand whole in seeds and
//! dictionary and a change of one byte is a small change.

pub mod case;
pub mod report;
pub mod request;
pub mod response;
pub mod scenario;
pub mod signature;
pub mod values;
pub mod wire;

use std::sync::LazyLock;

use arbitrary::Unstructured;

use crate::contract::Contract;
use crate::load;
use crate::wire::incoming::COMMON;
use crate::wire::{Encoding, Format, Order, Parameters, Placement, Scheme, WireForm};

/// A target's body.
pub type Body = fn(&[u8]);

/// Every target by name: the program `fuzz/fuzz_targets/NAME.rs`, the folders `fuzz/seeds/NAME` and
/// `fuzz/regressions/NAME`.
pub const ALL: [(&str, Body); 8] = [
    ("case", case::check),
    ("report", report::check),
    ("request", request::check),
    ("response", response::check),
    ("scenario", scenario::check),
    ("signature", signature::check),
    ("values", values::check),
    ("wire", wire::check),
];

/// What stands between texts: a byte that is in no UTF-8, so that every text can be written.
pub const BETWEEN: u8 = 0xff;

static CONTRACT: LazyLock<Contract> = LazyLock::new(|| load::contract::built_in(None));

/// One of several; the first when nothing is left to choose by.
fn of<T: Copy>(u: &mut Unstructured<'_>, all: &[T]) -> T {
    all[u.choose_index(all.len()).unwrap_or(0)]
}

/// One of the wire forms of these schemes.
fn form(u: &mut Unstructured<'_>, schemes: &[Scheme]) -> WireForm {
    WireForm {
        placement: of(u, &Placement::ALL),
        format: of(u, &[Some(Format::Json), Some(Format::Xml), None]),
        scheme: of(u, schemes),
        order: of(u, &Order::ALL),
        encoding: of(u, &Encoding::ALL),
    }
}

/// Texts as they are written: what is no UTF-8 in them replaced.
fn texts(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split(|byte| *byte == BETWEEN).map(|text| String::from_utf8_lossy(text).into_owned())
}

/// Parameters of an operation: names and values in turn. A common name is made the operation's own.
fn parameters(bytes: &[u8]) -> Parameters {
    let mut texts = texts(bytes);
    let mut parameters = Parameters::new();
    while let Some(name) = texts.next() {
        let name = if COMMON.contains(&name.as_str()) { format!("{name}.1") } else { name };
        parameters.push((name, texts.next().unwrap_or_default()));
    }
    parameters
}
