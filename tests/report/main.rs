//! Reports in every format, of runs of every kind and with hostile text in every member: each held to its format's own rules.

mod browser;
mod github;
mod html;
mod json;
mod junit;
mod markdown;
mod sample;
mod schemas;
mod tap;

use endspec::report::{FORMATS, Report, render, terminal};

/// The report in a format, as text.
#[track_caller]
fn text(report: &Report, format: &str) -> String {
    String::from_utf8(render(report, format).expect("a format")).expect("UTF-8")
}

#[test]
fn no_format_holds_what_acts_on_its_reader() {
    for (name, report) in sample::all() {
        for (format, render) in FORMATS {
            let bytes = render(&report);
            let text = String::from_utf8(bytes).unwrap();
            let control = text.chars().find(|c| c.is_control() && *c != '\n');
            assert_eq!(control, None, "{format} of {name}");
            let hidden = text.chars().find(|c| matches!(c, '\u{202e}' | '\u{2066}' | '\u{feff}' | '\u{fffe}'));
            assert_eq!(hidden, None, "{format} of {name}");
        }
    }
}

#[test]
fn every_format_says_what_broke_and_what_was_not_tested() {
    let report = sample::failed();
    for (format, render) in FORMATS {
        let text = String::from_utf8(render(&report)).unwrap();
        for words in ["end/effect/once", "end/effect/survives-restart", "no restart", "repeat-end"] {
            let words = if format == "markdown" { words.replace('_', "\\_") } else { words.to_owned() };
            // HAR is of exchanges alone, and annotations need no readings.
            let told = match format {
                "har" => words == "end/effect/once",
                "github" => words != "repeat-end",
                _ => true,
            };
            assert_eq!(text.contains(&words), told, "{format}: {words}");
        }
    }
}

#[test]
fn known_new_fixed_expired_and_not_observed_are_five_words_in_every_format() {
    let report = sample::held();
    // An archive of exchanges has no place for what is accepted.
    for (format, render) in FORMATS.iter().filter(|(format, _)| *format != "har") {
        let text = String::from_utf8(render(&report)).unwrap();
        for words in ["known", "fixed", "expired", "not observed"] {
            assert!(text.contains(words), "{format}: {words}");
        }
        // In the source of all formats what is not known is new.
        assert!(matches!(*format, "json" | "ndjson") || text.contains("new"), "{format}: new");
        assert!(text.contains("GATE-17") && text.contains("the cache is replaced in spring"), "{format}");
    }
    let said =
        endspec::report::terminal::render(&report, endspec::report::terminal::Style { color: false, width: 200 });
    let line = "baseline: 1 known, 2 new, 1 fixed, 1 expired, 1 not observed (endspec-baseline.yaml)\n";
    assert!(said.contains(line), "{said}");
    for label in [
        "fixed:    it no longer fails, so take it out: `endspec report REPORT.json --prune",
        "expired:  ",
        "known:    ",
    ] {
        assert!(said.contains(label), "{label}: {said}");
    }
    assert!(said.contains("= baseline: new: no entry names it"), "{said}");
    assert!(
        said.ends_with("verdict:  FAIL - 1 MUST clause broken, 2 entries of the baseline are fixed or expired\n"),
        "{said}"
    );
}

#[test]
fn a_known_finding_fails_nothing_in_any_format() {
    let report = sample::accepted();
    let style = endspec::report::terminal::Style { color: false, width: 120 };
    let said = endspec::report::terminal::render(&report, style);
    assert!(!said.contains("FAIL") && !said.contains("error["), "{said}");
    assert!(said.contains("1 passed, 0 failed, 0 inconclusive, 0 skipped, 1 known"), "{said}");
    assert!(said.ends_with("verdict:  PASS - but for 1 known finding\n"), "{said}");
    let junit = text(&report, "junit");
    assert!(!junit.contains("<failure") && junit.contains("<skipped message=\"known: the cache"), "{junit}");
    assert!(!text(&report, "github").contains("::error"));
    let sarif: serde_json::Value = serde_json::from_str(&text(&report, "sarif")).unwrap();
    let suppressed = &sarif["runs"][0]["results"][0]["suppressions"][0];
    assert_eq!((&suppressed["kind"], &suppressed["status"]), (&"external".into(), &"accepted".into()));
}

#[test]
fn a_text_is_cut_before_it_fills_a_report() {
    let report = sample::hostile(&"A".repeat(100_000));
    for (format, render) in FORMATS.iter().filter(|(format, _)| !matches!(*format, "json" | "ndjson")) {
        let bytes = render(&report).len();
        assert!(bytes < 5_000_000, "{format}: {bytes}");
    }
}

#[test]
fn a_comparison_holds_nothing_that_a_terminal_obeys() {
    for (name, said) in sample::HOSTILE {
        let report = Report { against: sample::hostile(said).against, ..sample::passed() };
        let shown = terminal::render(&report, terminal::Style { color: false, width: 100 });
        assert!(shown.contains("only the target breaks"), "{name}: {shown}");
        assert!(shown.chars().all(|c| c == '\n' || !c.is_control()), "{name}: {shown:?}");
    }
}
