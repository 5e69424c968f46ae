//! JUnit: structure, order and counts as the schemas of Surefire and Jenkins both have them.

use roxmltree::{Document, Node};

use crate::{sample, text};

/// An element: attributes that it must have, that it may have, and its children in order with how many of each.
type Rule = (&'static str, &'static [&'static str], &'static [&'static str], &'static [(&'static str, usize)]);

const MANY: usize = usize::MAX;
/// What Surefire's schema 3.0 and that of Jenkins's JUnit plug-in both take, of what we write.
const RULES: [Rule; 8] = [
    (
        "testsuite",
        &["name", "tests", "errors", "skipped", "failures"],
        &["time", "timestamp"],
        &[("properties", 1), ("testcase", MANY)],
    ),
    ("properties", &[], &[], &[("property", MANY)]),
    ("property", &["name", "value"], &[], &[]),
    (
        "testcase",
        &["name", "classname", "time"],
        &[],
        &[("failure", 1), ("skipped", 1), ("error", 1), ("system-out", 1)],
    ),
    ("failure", &["type"], &["message"], &[]),
    ("error", &["type"], &["message"], &[]),
    ("skipped", &[], &["message"], &[]),
    ("system-out", &[], &[], &[]),
];

fn check(node: Node<'_, '_>) -> Result<(), String> {
    let name = node.tag_name().name();
    let rule = RULES.iter().find(|rule| rule.0 == name).ok_or_else(|| format!("<{name}> is in no schema"))?;
    for required in rule.1 {
        node.attribute(*required).ok_or_else(|| format!("<{name}> has no {required}"))?;
    }
    for given in node.attributes() {
        let known = rule.1.contains(&given.name()) || rule.2.contains(&given.name());
        known.then_some(()).ok_or_else(|| format!("<{name}> has {}", given.name()))?;
        let numeric = ["time", "tests", "errors", "skipped", "failures"].contains(&given.name());
        if numeric && given.value().parse::<f64>().is_err() {
            return Err(format!("{} is no number: {}", given.name(), given.value()));
        }
    }
    let mut at = 0;
    let mut count = 0;
    for child in node.children().filter(Node::is_element) {
        let child_name = child.tag_name().name();
        let place = rule.3.iter().position(|(name, _)| *name == child_name);
        let place = place.ok_or_else(|| format!("<{child_name}> in <{name}>"))?;
        count = if place == at { count + 1 } else { 1 };
        if place < at || count > rule.3[place].1 {
            return Err(format!("<{child_name}> is out of order or too often in <{name}>"));
        }
        at = place;
        check(child)?;
    }
    let has_text = node.children().any(|child| child.is_text() && !child.text().unwrap_or("").trim().is_empty());
    let takes_text = rule.3.is_empty() && name != "property";
    if has_text && !takes_text { Err(format!("text in <{name}>")) } else { Ok(()) }
}

/// The document's counts: as its root says, and as its elements are.
fn counts(document: &Document<'_>) -> ([usize; 4], [usize; 4]) {
    let root = document.root_element();
    let names = ["tests", "failures", "errors", "skipped"];
    let said = names.map(|name| root.attribute(name).unwrap().parse().unwrap());
    let elements = ["testcase", "failure", "error", "skipped"];
    (said, elements.map(|name| document.descendants().filter(|node| node.has_tag_name(name)).count()))
}

#[test]
fn documents_are_as_the_schemas_want_them_and_count_right() {
    for (name, report) in sample::all() {
        let text = text(&report, "junit");
        let document = Document::parse(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(document.root_element().tag_name().name(), "testsuite");
        assert_eq!(check(document.root_element()), Ok(()), "{name}");
        let (said, are) = counts(&document);
        assert_eq!(said, are, "{name}");
        assert_eq!(are[0], report.cases.len() + 1 + usize::from(report.baseline.is_some()), "{name}");
    }
}

#[test]
fn the_check_sees_what_the_schemas_forbid() {
    let suite = |inner: &str| {
        format!(r#"<testsuite name="n" tests="0" errors="0" skipped="0" failures="0">{inner}</testsuite>"#)
    };
    let case = |inner: &str| suite(&format!(r#"<testcase name="n" classname="c" time="0">{inner}</testcase>"#));
    for (name, document) in [
        ("another element", suite("<other/>")),
        ("an attribute too many", suite(r#"<properties x="y"/>"#)),
        ("an attribute too few", suite(r#"<testcase name="n" time="0"/>"#)),
        ("the wrong order", case(r#"<system-out/><failure type="t"/>"#)),
        ("two failures", case(r#"<failure type="t"/><failure type="t"/>"#)),
        ("text between elements", suite("text")),
        ("no number", suite(r#"<testcase name="n" classname="c" time="1s"/>"#)),
    ] {
        assert!(check(Document::parse(&document).unwrap().root_element()).is_err(), "{name}");
    }
    assert_eq!(check(Document::parse(&case("<system-out>said</system-out>")).unwrap().root_element()), Ok(()));
}

#[test]
fn a_run_that_left_something_undecided_is_no_green_suite() {
    for (name, report, errors) in
        [("passed", sample::passed(), 0), ("failed", sample::failed(), 2), ("nothing ran", sample::inconclusive(), 1)]
    {
        let text = text(&report, "junit");
        assert_eq!(
            Document::parse(&text).unwrap().root_element().attribute("errors"),
            Some(&*errors.to_string()),
            "{name}"
        );
    }
}

#[test]
fn what_the_target_said_is_text_of_the_failure() {
    let mut report = sample::failed();
    report.cases[0].findings[0].actual = "</failure>]]><testcase/>".to_owned();
    let text = text(&report, "junit");
    let document = Document::parse(&text).unwrap();
    let failure = document.descendants().find(|node| node.has_tag_name("failure")).unwrap();
    assert!(failure.text().unwrap().contains("actual: </failure>]]><testcase/>\n"), "{text}");
    assert!(failure.text().unwrap().contains("\ntimeline:\nclient 1  |---"), "{text}");
    assert_eq!(failure.attribute("type"), Some("end/effect/once"));
}
