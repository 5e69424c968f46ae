//! Saved reports: read as they were written, in JSON and as events, and refused for what is wrong with them.

use endspec::report::json::{read, render};
use endspec::report::{FORMATS, Report};
use serde_json::{Map, Value};

use crate::{sample, text};

#[test]
fn a_report_that_was_read_is_rendered_as_the_one_that_was_written() {
    for (name, report) in sample::all().into_iter().filter(|(name, _)| !name.starts_with("hostile")) {
        let again = read(&render(&report)).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(again, report, "{name}");
        for (format, render) in FORMATS {
            assert_eq!(render(&again), render(&report), "{format} of {name}");
        }
    }
}

#[test]
fn what_a_target_said_is_read_back_to_the_letter() {
    for (name, said) in sample::HOSTILE {
        let mut report = sample::failed();
        report.cases[0].findings[0].actual = said.to_owned();
        report.leaked = vec![said.to_owned()];
        assert_eq!(read(&render(&report)), Ok(report), "{name}");
    }
}

#[test]
fn what_is_no_report_of_this_format_is_refused_for_what_is_wrong() {
    let right = serde_json::to_value(sample::failed()).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut document = right.clone();
        *document.pointer_mut(pointer).unwrap() = value;
        document.to_string()
    };
    let mut more = right.clone();
    more["more"] = Value::Null;
    let rows: [(&str, String, &str); 7] = [
        ("no JSON", "{".to_owned(), "it is no JSON: EOF"),
        ("not a report", "[]".to_owned(), "no member `format`"),
        ("a later format", r#"{"format":2,"later":true}"#.to_owned(), "format 2, and this version reads format 1"),
        ("another verdict", with("/verdict", "fine".into()), "`/verdict` is not"),
        ("a member of another type", with("/cases/0/findings/0/times", "x".into()), "`/cases/0/findings/0/times`"),
        ("a member too many", more.to_string(), "is not as a report has it"),
        ("too deep", "[".repeat(10_000), "it is no JSON: recursion"),
    ];
    for (name, text, words) in rows {
        let error = read(text.as_bytes()).unwrap_err();
        assert!(error.contains(words), "{name}: {error}");
    }
}

/// The report that events tell: what `end` says, with the cases and clauses before it.
fn told(events: &str) -> Report {
    let mut lists: Map<String, Value> = [("cases", Value::Array(vec![])), ("clauses", Value::Array(vec![]))]
        .map(|(name, list)| (name.to_owned(), list))
        .into_iter()
        .collect();
    for line in events.lines() {
        let mut event: Map<String, Value> = serde_json::from_str(line).unwrap();
        let list = match event.remove("event").unwrap().as_str().unwrap() {
            "case" => "cases",
            "clause" => "clauses",
            "end" => {
                event.extend(lists);
                return serde_json::from_value(Value::Object(event)).unwrap();
            }
            _ => continue,
        };
        lists[list].as_array_mut().unwrap().push(Value::Object(event));
    }
    panic!("no end: {events}")
}

#[test]
fn the_events_of_a_run_tell_all_of_it() {
    for (name, report) in sample::all() {
        let events = text(&report, "ndjson");
        assert!(events.starts_with(r#"{"event":"run","format":1,"#), "{name}");
        assert_eq!(told(&events), report, "{name}");
    }
}
