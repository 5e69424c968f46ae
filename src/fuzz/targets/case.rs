//! Case files and profiles: what is read can be written and is read again; what is refused is told at a place in the text.

use std::sync::LazyLock;

use super::CONTRACT;
use crate::case::{Case, write};
use crate::contract::Schema;
use crate::diagnostic::{Diagnostic, render};
use crate::limits;
use crate::load;
use crate::source::Source;

/// Columns in which mistakes are shown.
const WIDTH: usize = 100;

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| {
    let text = include_str!("../../../schemas/case.schema.json");
    Schema::known(serde_json::from_str(text).unwrap_or_else(|error| panic!("schemas/case.schema.json: {error}")))
});

/// Reads a case file, and the same text as a profile.
///
/// # Panics
/// When it becomes another case by being written, when editors would refuse it, or when a mistake cannot be shown.
pub fn check(data: &[u8]) {
    let source = Source::new("case.yaml", String::from_utf8_lossy(data));
    match load::case::case(&source, "case", &CONTRACT) {
        Ok(case) => taken(&case),
        Err(mistakes) => refused(&mistakes),
    }
    match load::profile::profile(&source) {
        Ok(profile) => assert!(profile.named(None).is_ok(), "{}", source.text),
        Err(mistakes) => refused(&mistakes),
    }
}

fn taken(case: &Case) {
    let text = write::write(case);
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()), "{text}");
    let read = load::case::case(&Source::new("written.yaml", text.as_str()), &case.id, &CONTRACT);
    let read = read.unwrap_or_else(|mistakes| panic!("{text}\n{}", render(&mistakes, false, WIDTH)));
    assert_eq!(write::without_places(&read), write::without_places(case), "{text}");
    assert_eq!(write::write(&read), text, "written twice");
    let tree = load::yaml::tree(&case.source, limits::YAML_NODES).map(|tree| tree.to_json());
    let violations = tree.map(|value| SCHEMA.violations(&value));
    assert_eq!(violations, Ok(Vec::new()), "the schema refuses what the loader takes: {}", case.source.text);
}

fn refused(mistakes: &[Diagnostic]) {
    let shown = render(mistakes, false, WIDTH);
    assert!(shown.starts_with("error["), "{shown}");
    assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{shown:?}");
    for mistake in mistakes {
        let place = mistake.place.as_ref();
        assert!(place.is_some_and(|place| place.source.text.get(place.span.range()).is_some()), "{mistake:?}");
    }
}
