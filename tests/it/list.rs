//! `endspec list`: what there is.

use endspec::server::fault;

use crate::endspec;

#[test]
fn every_list_names_what_it_is_about() {
    for (what, words) in [
        ("cases", ["end/request/session-required", "proves end/request/session-required"]),
        ("clauses", ["end/effect/stays-closed", "MUST"]),
        ("outcomes", ["session-not-found", "missing"]),
        ("readings", ["* not-found", "idempotent"]),
        ("capabilities", ["websocket", "goes with"]),
        ("mutations", ["truncated-end", "near-miss"]),
        ("situations", ["overlapped", "two Ends of one session"]),
        ("faults", ["session-not-found-as-400", "end/error/status"]),
    ] {
        let done = endspec(&["list", what]).ends(0).says(&words);
        assert_eq!(done.err, "", "{what}");
        assert!(done.out.lines().all(|line| line == line.trim_end()), "{what}: spaces at the end of a line");
    }
}

#[test]
fn clauses_keep_to_the_width_and_end_with_what_their_sources_are() {
    let done = endspec(&["list", "clauses"]).ends(0);
    // A name that is longer than its column has a line of its own.
    assert!(done.out.lines().all(|line| line.chars().count() <= 120), "{}", done.out);
    let (_, legend) = done.out.split_once("\nsources:\n").expect("a legend");
    for source in ["doc", "sib", "gw", "sdk", "http", "-"] {
        assert!(legend.lines().any(|line| line.split_whitespace().next() == Some(source)), "{source}: {legend}");
    }
}

#[test]
fn clauses_as_html_show_code_as_code_and_lead_to_each_other_and_to_their_sources() {
    let page = endspec(&["list", "clauses", "--form", "html"]).ends(0).out;
    assert!(!page.contains('`'), "back-ticks are for terminals");
    assert!(page.contains("<code>missing(RegionId)</code>"));
    let places: Vec<&str> = page.split("id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let links: Vec<&str> = page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 100 && links.contains(&"source-doc"), "{links:?}");
    for link in links {
        assert!(places.contains(&link), "nothing is at #{link}");
    }
}

#[test]
fn help_names_everything_that_can_be_listed() {
    let help = endspec(&["list", "--help"]).ends(0).out;
    let about = help.lines().next().expect("what it does");
    for what in ["cases", "clauses", "outcomes", "readings", "capabilities", "mutations", "situations", "faults"] {
        assert!(about.contains(what), "{what}: {about}");
    }
}

#[test]
fn every_fault_and_variation_is_listed_with_what_it_breaks_and_how_it_comes_about() {
    let done = endspec(&["list", "faults"]).ends(0);
    for fault in fault::all().chain(fault::variations()) {
        let clauses = fault.clauses.join(", ");
        let named = |line: &&str| line.split_whitespace().next() == Some(fault.name) && line.ends_with(&clauses);
        let mut lines = done.out.lines().skip_while(|line| !named(line));
        assert!(lines.next().is_some(), "{}:\n{}", fault.name, done.out);
        assert_eq!(lines.next().map(str::trim), Some(fault.how));
    }
    assert_eq!(done.out, endspec(&["serve", "--list-faults"]).ends(0).out);
}

#[test]
fn without_a_word_it_lists_cases_and_takes_a_selection() {
    let all = endspec(&["list"]).ends(0);
    assert_eq!(all.out, endspec(&["list", "cases"]).ends(0).out);
    let few = endspec(&["list", "--select", "clause:rpc/format/*"]).ends(0);
    assert!(few.out.len() < all.out.len() && few.out.contains("rpc/format/json"), "{}", few.out);
}

#[test]
fn a_clause_without_cases_is_listed_as_not_covered() {
    let done = endspec(&["list", "clauses"]).ends(0);
    let uncovered = done.out.matches("not covered by this version").count();
    let report = endspec(&["run", "--report", "json=-", "--time-limit", "0s"]).ends(3).json();
    assert_eq!(report["notCovered"].as_array().unwrap().len(), uncovered);
}

#[test]
fn mistakes_are_told() {
    endspec(&["list", "clauss"]).ends(2).complains(&["clauss", "clauses"]);
    endspec(&["list", "--select", "nothing"]).ends(2).complains(&["--select", "`nothing`"]);
    endspec(&["list", "readings", "--select", "end/*"]).ends(2).complains(&["--select", "cases"]);
    endspec(&["list", "--contract", "2026-06-19"]).ends(2).complains(&["--contract", "did you mean `2026-06-18`?"]);
}
