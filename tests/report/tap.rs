//! TAP: read by a reader of our own, as TAP 14 says.

use serde_json::Value;

use crate::{sample, text};

/// A test point: whether it is ok, its description, its directive, its diagnostics.
#[derive(Debug, PartialEq)]
struct Point {
    ok: bool,
    description: String,
    skip: Option<String>,
    /// Fails, and is to fail for now.
    todo: Option<String>,
    diagnostics: Vec<(String, Value)>,
}

/// Reads a document; anything that TAP 14 does not know is an error.
fn read(text: &str) -> Result<Vec<Point>, String> {
    let mut lines = text.lines().peekable();
    if lines.next() != Some("TAP version 14") {
        return Err("no version".to_owned());
    }
    let plan = lines.next().and_then(|line| line.strip_prefix("1..")).and_then(|count| count.parse::<usize>().ok());
    let mut points: Vec<Point> = Vec::new();
    while let Some(line) = lines.next() {
        if line.starts_with('#') {
            continue;
        }
        if line == "  ---" {
            let point = points.last_mut().ok_or("diagnostics of nothing")?;
            for line in lines.by_ref().take_while(|line| *line != "  ...") {
                let (name, value) = line.trim_start().split_once(": ").ok_or_else(|| line.to_owned())?;
                let value = serde_json::from_str(value).map_err(|error| error.to_string())?;
                point.diagnostics.push((name.to_owned(), value));
            }
            continue;
        }
        let (ok, rest) = match line.strip_prefix("not ok ") {
            Some(rest) => (false, rest),
            None => (true, line.strip_prefix("ok ").ok_or_else(|| format!("unknown: {line}"))?),
        };
        let (number, rest) = rest.split_once(" - ").ok_or_else(|| line.to_owned())?;
        if number.parse() != Ok(points.len() + 1) {
            return Err(format!("out of order: {line}"));
        }
        let (description, skip) = rest.split_once(" # SKIP ").map_or((rest, None), |(text, why)| (text, Some(why)));
        let (description, todo) =
            description.split_once(" # TODO ").map_or((description, None), |(text, why)| (text, Some(why)));
        if description.replace("\\\\", "").replace("\\#", "").contains(['#', '\\']) {
            return Err(format!("not escaped: {line}"));
        }
        let description = description.replace("\\#", "#").replace("\\\\", "\\");
        let (skip, todo) = (skip.map(str::to_owned), todo.map(str::to_owned));
        points.push(Point { ok, description, skip, todo, diagnostics: Vec::new() });
    }
    if plan == Some(points.len()) { Ok(points) } else { Err(format!("planned {plan:?}, read {}", points.len())) }
}

#[test]
fn every_report_is_read_with_a_point_for_each_case_and_one_for_the_run() {
    for (name, report) in sample::all() {
        let points = read(&text(&report, "tap")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(points.len(), report.cases.len() + 1 + usize::from(report.baseline.is_some()), "{name}");
        for (point, case) in points.iter().zip(&report.cases) {
            assert_eq!(point.ok, matches!(case.verdict.as_str(), "pass" | "skipped"), "{name}: {}", case.id);
            assert_eq!(point.skip.is_some(), case.verdict == "skipped", "{name}: {}", case.id);
        }
        let all_ok = points.iter().all(|point| point.ok || point.todo.is_some());
        assert_eq!(all_ok, report.verdict == "pass", "{name}");
    }
}

#[test]
fn a_point_says_what_was_found() {
    let points = read(&text(&sample::failed(), "tap")).unwrap();
    assert_eq!(points[0].description, "end/effect/once/ends");
    let findings = &points[0].diagnostics.iter().find(|(name, _)| name == "findings").unwrap().1;
    assert_eq!(findings[0]["clause"], "end/effect/once");
    assert!(
        findings[0]["lines"]
            .as_array()
            .unwrap()
            .contains(&serde_json::json!(["actual", "two overlapping Ends succeeded"]))
    );
    assert_eq!(points[3].skip.as_deref(), Some("excluded: the target lacks xml"));
    let undecided = &points[4].diagnostics[0].1;
    assert!(undecided[0].as_str().unwrap().starts_with("left open: "), "{undecided}");
}

#[test]
fn what_is_known_fails_and_is_to_fail_for_now_and_stale_entries_fail_a_point_of_their_own() {
    let points = read(&text(&sample::accepted(), "tap")).unwrap();
    let known = "known: the cache is replaced in spring; GATE-17; until 2026-03-31";
    assert_eq!((points[0].ok, points[0].todo.as_deref()), (false, Some(known)));
    assert!(points.iter().skip(1).all(|point| point.ok && point.todo.is_none()), "{points:?}");
    let points = read(&text(&sample::held(), "tap")).unwrap();
    let last = points.last().unwrap();
    assert_eq!((last.ok, last.description.as_str()), (false, "every entry of the baseline still fails"));
    assert_eq!(last.diagnostics[0].1.as_array().map(Vec::len), Some(2), "{last:?}");
}

#[test]
fn the_reader_sees_what_tap_forbids() {
    for (name, document) in [
        ("no version", "1..0\n"),
        ("fewer than planned", "TAP version 14\n1..2\nok 1 - a\n"),
        ("out of order", "TAP version 14\n1..1\nok 2 - a\n"),
        ("another line", "TAP version 14\n1..1\nok 1 - a\nBail\n"),
        ("a directive in the description", "TAP version 14\n1..1\nok 1 - a # DONE\n"),
        ("no YAML", "TAP version 14\n1..1\nok 1 - a\n  ---\n  x: {\n  ...\n"),
    ] {
        assert!(read(document).is_err(), "{name}");
    }
}
