//! Generated values: each is wrong, or right, in just the way that its name says.

use arbitrary::Unstructured;
use serde_json::{Map, Value};

use super::{CONTRACT, of};
use crate::case::mutation::{Base, CATALOGUE, Generated, PARAMETERS, generate};
use crate::case::{Class, Mutation, Values};
use crate::contract::{OutcomeRef, Readings};

/// The characters that ids and regions are made of.
const ALPHABET: &[u8; 64] = b"abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ-_";
/// Longest right value.
const LONGEST: usize = 64;
/// Entropy for drawn values.
const ENTROPY: usize = 24;

/// Generates all values of a parameter from a right one.
///
/// # Panics
/// When one of them is not what its class says.
pub fn check(data: &[u8]) {
    let mut u = Unstructured::new(data);
    let parameter = of(&mut u, &PARAMETERS);
    let issued = u.arbitrary().unwrap_or(true);
    let entropy = u.bytes(ENTROPY.min(u.len())).unwrap_or_default();
    let right = right(u.take_rest());
    let known = vec![format!("{right}0"), right[..right.len().div_ceil(2)].to_owned()];
    let base = Base { parameter, value: &right, issued, known: &known };
    for valid in [false, true] {
        let values = Values { parameter: parameter.to_owned(), valid, classes: Vec::new(), only: Vec::new() };
        let made = generate(&values, base, &mut Unstructured::new(entropy));
        assert_eq!(made, generate(&values, base, &mut Unstructured::new(entropy)), "the same entropy");
        assert!(valid || made.mutations.len() + made.strangers.len() > CATALOGUE.len() / 2, "hardly any: {made:?}");
        accounted(&made, valid);
        made.mutations.iter().for_each(|mutation| holds(mutation, base));
    }
}

/// A text that could be an id: what is no character of one becomes one.
fn right(bytes: &[u8]) -> String {
    let kept = |byte: &u8| {
        let byte = if ALPHABET.contains(byte) { *byte } else { ALPHABET[usize::from(*byte) % ALPHABET.len()] };
        char::from(byte)
    };
    let right: String = bytes.iter().take(LONGEST).map(kept).collect();
    if right.is_empty() { "s-hz023od0x9abcde".to_owned() } else { right }
}

/// Every kind at most once, made or left out, and none of the other side.
fn accounted(made: &Generated, valid: bool) {
    let mut names: Vec<&str> = made.mutations.iter().map(|mutation| mutation.name).collect();
    names.extend(&made.strangers);
    for kind in CATALOGUE {
        let count = names.iter().filter(|name| **name == kind.name).count();
        assert!(count <= usize::from((kind.class == Class::Valid) == valid), "{} {count} times", kind.name);
    }
}

fn holds(mutation: &Mutation, base: Base<'_>) {
    let told = format!("{mutation:?} of {:?}", base.value);
    let wrong = |value: &String| value != base.value && !base.known.contains(value);
    let one = match mutation.values.as_slice() {
        [one] => Some(one.as_str()),
        _ => None,
    };
    let is = match mutation.class {
        Class::Valid => {
            one.is_some_and(|value| value.len() == base.value.len() && separators(value) == separators(base.value))
        }
        Class::Absent => mutation.values.is_empty(),
        Class::Empty => one.is_some_and(|value| value.trim().is_empty()),
        Class::Exact => one.is_some_and(|value| plain(value) == plain(base.value)),
        Class::NearMiss => one.is_some_and(|value| !value.trim().is_empty() && plain(value) != plain(base.value)),
        Class::Unknown => one.is_some_and(|value| value != base.value && same_shape(value, base.value)),
        Class::Malformed => one.is_some_and(|value| !value.trim().is_empty()),
        Class::Repeated => {
            mutation.values.is_sorted() && mutation.values.len() == 2 && mutation.values.iter().any(|v| v == base.value)
        }
    };
    assert!(is, "{told}");
    let may_be_right = matches!(mutation.class, Class::Repeated | Class::Valid);
    assert!(may_be_right || mutation.values.iter().all(wrong), "is right: {told}");
    permitted(mutation, &told);
    assert_eq!(
        refused_by_schema(mutation, base),
        mutation.class == Class::Absent || mutation.name == "empty",
        "{told}"
    );
}

/// A clause and outcomes that the contract has, and by which an answer can be judged.
fn permitted(mutation: &Mutation, told: &str) {
    assert!(CONTRACT.clause(mutation.clause).is_some(), "{told}");
    let readings = Readings::defaults(&CONTRACT);
    let elsewhere = |outcome: &OutcomeRef| CONTRACT.permitted(outcome, &readings).is_empty();
    assert!(!mutation.permits.is_empty() && !mutation.permits.iter().any(elsewhere), "{told}");
}

/// Whether the schema of the request refuses it; of a repeated parameter each value stands alone.
fn refused_by_schema(mutation: &Mutation, base: Base<'_>) -> bool {
    let schema = CONTRACT.schema("EndTerminalSession", "request");
    let schema = schema.unwrap_or_else(|| panic!("the contract has no schema of EndTerminalSession's request"));
    let of = |value: Option<&String>| {
        let mut request: Map<String, Value> =
            PARAMETERS.map(|name| (name.to_owned(), Value::from("x"))).into_iter().collect();
        match value {
            Some(value) => request.insert(base.parameter.to_owned(), Value::from(value.as_str())),
            None => request.remove(base.parameter),
        };
        !schema.violations(&Value::Object(request)).is_empty()
    };
    if mutation.values.is_empty() { of(None) } else { mutation.values.iter().any(|value| of(Some(value))) }
}

/// Without surrounding space and letter case: what the clauses `end/session/exact` and `end/region/exact` overlook.
fn plain(value: &str) -> String {
    value.trim().to_lowercase()
}

/// The characters that are no letter and no digit, and where they stand.
fn separators(value: &str) -> Vec<(usize, char)> {
    value.char_indices().filter(|(_, c)| !c.is_ascii_alphanumeric()).collect()
}

/// The same length, and at every place a character of the same kind.
fn same_shape(value: &str, of: &str) -> bool {
    let kind = |c: char| (c.is_ascii_digit(), c.is_ascii_lowercase(), c.is_ascii_uppercase());
    let fits =
        |(left, right): (char, char)| left == right || (kind(left) == kind(right) && left.is_ascii_alphanumeric());
    value.len() == of.len() && value.chars().zip(of.chars()).all(fits)
}
