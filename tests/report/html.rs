//! HTML: well-formed, of our own markup alone, with nothing from outside and all that the report has.

use std::collections::BTreeSet;

use roxmltree::{Document, Node};

use crate::{sample, text};

/// Elements that a page is made of.
const ELEMENTS: [&str; 49] = [
    "html",
    "head",
    "meta",
    "title",
    "style",
    "body",
    "header",
    "h1",
    "h2",
    "h3",
    "h4",
    "p",
    "span",
    "code",
    "dl",
    "div",
    "dt",
    "dd",
    "section",
    "strong",
    "a",
    "form",
    "label",
    "input",
    "select",
    "option",
    "button",
    "output",
    "table",
    "thead",
    "tbody",
    "tr",
    "th",
    "td",
    "details",
    "summary",
    "ul",
    "li",
    "article",
    "figure",
    "figcaption",
    "pre",
    "mark",
    "b",
    "i",
    "script",
    "nav",
    "time",
    "small",
];

/// The page without its first line, which is no XML.
fn parse(text: &str) -> Document<'_> {
    let page = text.strip_prefix("<!DOCTYPE html>\n").expect("a page of HTML");
    Document::parse(page).unwrap_or_else(|error| panic!("{error}: {page}"))
}

fn all<'a>(page: &'a Document<'a>, name: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    page.descendants().filter(move |node| node.has_tag_name(name))
}

fn with_class<'a>(page: &'a Document<'a>, class: &'a str) -> impl Iterator<Item = Node<'a, 'a>> {
    page.descendants().filter(move |node| {
        node.attribute("class").is_some_and(|classes| classes.split(' ').any(|known| known == class))
    })
}

#[test]
fn pages_are_well_formed_and_of_our_own_markup_alone() {
    for (name, report) in sample::all() {
        let text = text(&report, "html");
        let page = parse(&text);
        for node in page.descendants().filter(Node::is_element) {
            assert!(ELEMENTS.contains(&node.tag_name().name()), "{name}: {:?}", node.tag_name());
            for given in node.attributes() {
                assert!(!given.name().starts_with("on") && given.name() != "style" && given.name() != "src", "{name}");
                if given.name() == "href" {
                    assert!(given.value().starts_with('#'), "{name}: {}", given.value());
                }
            }
        }
        for only in ["script", "style"] {
            assert_eq!(all(&page, only).count(), 1, "{name}: {only}");
        }
    }
}

#[test]
fn the_policy_lets_nothing_in_but_our_own_style_and_script() {
    use base64::Engine as _;
    use sha2::Digest as _;
    let text = text(&sample::failed(), "html");
    let page = parse(&text);
    let meta = all(&page, "meta").find(|meta| meta.attribute("http-equiv").is_some()).unwrap();
    let policy = meta.attribute("content").unwrap();
    assert!(policy.starts_with("default-src 'none'; "), "{policy}");
    for (name, element) in [("style-src", "style"), ("script-src", "script")] {
        let inner = all(&page, element).next().unwrap().text().unwrap();
        let hash = base64::engine::general_purpose::STANDARD.encode(sha2::Sha256::digest(inner));
        assert!(policy.contains(&format!("{name} 'sha256-{hash}'")), "{policy}");
        assert!(!inner.contains("http") && !inner.contains("url(") && !inner.contains("import"), "{element}");
    }
}

#[test]
fn links_lead_to_a_place_of_the_page_and_places_have_names_of_their_own() {
    for (name, report) in [("passed", sample::passed()), ("failed", sample::failed()), ("many", sample::many(50))] {
        let text = text(&report, "html");
        let page = parse(&text);
        let ids: Vec<&str> = page.descendants().filter_map(|node| node.attribute("id")).collect();
        let known: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(known.len(), ids.len(), "{name}: two of one name");
        for case in &report.cases {
            assert!(known.contains(format!("case-{}", case.id).as_str()), "{name}: {}", case.id);
        }
        let broken: Vec<&str> = all(&page, "a")
            .filter_map(|link| link.attribute("href"))
            .filter(|href| !known.contains(&href[1..]))
            .collect();
        // A clause may name a case that was not among those selected.
        assert!(broken.iter().all(|href| name == "many" && href.starts_with("#case-")), "{name}: {broken:?}");
    }
}

#[test]
fn what_voids_the_verdict_stands_before_the_clauses_and_those_before_the_cases() {
    let text = text(&sample::failed(), "html");
    let page = parse(&text);
    let sections: Vec<&str> = all(&page, "section").filter_map(|section| section.attribute("id")).collect();
    assert_eq!(sections, ["scope", "against", "clauses", "cases"]);
    let scope = all(&page, "section").next().unwrap();
    let kinds: Vec<&str> =
        scope.descendants().filter(|node| node.has_tag_name("dt")).filter_map(|node| node.text()).collect();
    let expected =
        ["left open", "not tested", "inconclusive", "excluded", "not covered", "left out", "readings in force"];
    assert_eq!(kinds, expected);
}

#[test]
fn a_finding_shows_what_was_expected_what_came_and_how_to_see_it_again() {
    let report = sample::failed();
    let text = text(&report, "html");
    let page = parse(&text);
    let finding = with_class(&page, "finding").next().unwrap();
    let said: String = finding.descendants().filter(|node| node.is_text()).filter_map(|node| node.text()).collect();
    let expected = &report.cases[0].findings[0];
    let exchange = expected.exchange.as_ref().unwrap();
    let curl = expected.curl.as_ref().unwrap();
    let timeline = expected.notes[0].1.trim_end();
    for words in [&expected.expected, &expected.actual, &expected.again, curl, &exchange.request.start, timeline] {
        assert!(said.contains(words), "{words} is not in {said}");
    }
    assert_eq!(with_class(&page, "finding").count(), 4);
    assert_eq!(with_class(&page, "timeline").count(), 4);
}

#[test]
fn a_reader_without_scripts_sees_no_filter_that_does_nothing() {
    let text = text(&sample::passed(), "html");
    let page = parse(&text);
    assert_eq!(all(&page, "form").next().unwrap().attribute("hidden"), Some(""));
    assert_eq!(with_class(&page, "case").filter(|case| case.attribute("hidden").is_some()).count(), 0);
}

#[test]
fn a_pass_with_a_broken_should_does_not_say_that_all_held() {
    let mut report = sample::passed();
    assert!(text(&report, "html").contains("every clause in scope was tested and held"));
    report.clauses[1].level = "SHOULD".to_owned();
    report.clauses[1].verdict = "fail".to_owned();
    let page = text(&report, "html");
    assert!(page.contains("every MUST in scope was tested and held, a SHOULD was not"), "{page}");
    assert!(!page.contains("every clause in scope was tested and held"));
}

#[test]
fn two_targets_stand_beside_each_other_and_only_clauses_of_the_page_are_led_to() {
    let page = text(&sample::failed(), "html");
    let document = parse(&page);
    let section =
        all(&document, "section").find(|node| node.attribute("id") == Some("against")).expect("the comparison");
    let words: String = section.descendants().filter_map(|node| node.text()).collect::<Vec<_>>().join(" ");
    for part in [
        "only the target breaks",
        "both are right, and differ",
        "not compared",
        "Both hold 1 clause.",
        "malformed-session",
    ] {
        assert!(words.contains(part), "`{part}` is not in {words}");
    }
    assert!(!text(&sample::passed(), "html").contains("id=\"against\""));
}
