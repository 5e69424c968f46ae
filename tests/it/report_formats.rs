//! Reports in several formats: written while it runs and at the end, where there is no room for them, and again later.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};

use endspec::report::FORMATS;
use serde_json::Value;
use tempfile::tempdir;

use crate::target::Target;
use crate::{command, endspec, endspec_in};

/// A flag for every format, each into a file of the format's name.
fn all_into(folder: &Path) -> Vec<String> {
    FORMATS.iter().map(|(format, _)| format!("--report={format}={}", folder.join(format).display())).collect()
}

#[test]
fn all_formats_are_written_at_once_and_a_saved_report_gives_them_again() {
    let files = Target::files();
    let (first, again) = (tempdir().unwrap(), tempdir().unwrap());
    let flags = all_into(first.path());
    let url = files.url();
    let mut args = vec!["run", "--select", "end/request/*", "--target", &url, "--without", "sessions,signatures"];
    args.extend(flags.iter().map(String::as_str));
    let run = endspec(&args).ends(1);

    let saved = first.path().join("json").display().to_string();
    let flags = all_into(again.path());
    let mut args = vec!["report", &saved];
    args.extend(flags.iter().map(String::as_str));
    let rendered = endspec(&args).ends(1);
    assert_eq!(rendered.out, run.out, "people read the same");
    for (format, _) in FORMATS {
        let read = |folder: &Path| fs::read_to_string(folder.join(format)).unwrap();
        let (was, is) = (read(first.path()), read(again.path()));
        assert!(was.len() > 100, "{format}");
        // When cases ended is told while it happens, and is no part of the report.
        let was: String = was.split_inclusive('\n').filter(|line| !line.starts_with(r#"{"event":"ended""#)).collect();
        assert_eq!(was, is, "{format}");
    }
}

#[test]
fn events_tell_of_every_case_once_as_it_ends_and_once_in_full() {
    let done = endspec(&["run", "--select", "end/request/*", "--report", "ndjson=-"]).ends(0);
    let events: Vec<Value> = done.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&str> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    let of = |name: &str| {
        let mut ids: Vec<&str> =
            events.iter().filter(|event| event["event"] == name).map(|event| event["id"].as_str().unwrap()).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!((names.first(), names.last()), (Some(&"run"), Some(&"end")));
    assert_eq!(of("ended"), of("case"));
    let last = |name: &str| names.iter().rposition(|event| *event == name);
    assert!(last("ended") < names.iter().position(|event| *event == "case"), "{names:?}");
    assert_eq!(events.last().unwrap()["verdict"], "pass");
}

#[test]
fn events_are_there_before_the_run_is_over() {
    use std::io::{BufRead, BufReader, Read};
    let gate = Arc::new(Mutex::new(()));
    let held = gate.lock().unwrap();
    let answers = gate.clone();
    let target = Target::new(move |_| {
        drop(answers.lock());
        (404, "text/html", String::new())
    });
    let args = ["run", "--select", "end/request/*", "--report", "ndjson=-", "--target"];
    let mut child = command(&[&args[..], &[&target.url(), "--auth", "none"]].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    assert!(first.starts_with(r#"{"event":"run","#), "{first}");
    drop(held);
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert!(rest.lines().last().unwrap().starts_with(r#"{"event":"end","#), "{rest}");
    child.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_spoils_a_pass_in_every_format_and_is_said_plainly() {
    for (format, _) in FORMATS {
        let report = format!("{format}=/dev/full");
        let done = endspec(&["run", "--select", "end/request/empty-region", "--report", &report]).ends(3);
        let words = format!("endspec: the {format} report /dev/full could not be written: No space left");
        done.complains(&[&words]).says(&["verdict:  PASS"]);
    }
}

#[test]
fn a_closed_pipe_spoils_a_pass_and_the_other_reports_are_written() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("report.json");
    for format in ["ndjson", "html"] {
        let args = ["run", "--select", "end/request/empty-region", "--report", &format!("{format}=-"), "--report"];
        let mut command = command(&[&args[..], &[&format!("json={}", file.display())]].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(3), "{format}: {said}");
        assert!(said.contains(&format!("the {format} report to standard output could not be written")), "{said}");
        let report: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
        assert_eq!(report["verdict"], "pass", "{format}");
        fs::remove_file(&file).unwrap();
    }
}

#[test]
fn annotations_have_a_step_summary_beside_them_where_github_asks_for_one() {
    let folder = tempdir().unwrap();
    let summary = folder.path().join("summary.md");
    fs::write(&summary, "from an earlier command\n").unwrap();
    let variables = [("GITHUB_STEP_SUMMARY", summary.to_str().unwrap())];
    let args = ["run", "--select", "end/request/empty-region", "--report"];
    let with = |format: &str| endspec_in(folder.path(), &variables, &[&args[..], &[format]].concat()).ends(0);
    with("json=-");
    assert_eq!(fs::read_to_string(&summary).unwrap(), "from an earlier command\n", "nobody asked for annotations");
    assert!(with("github=-").out.starts_with("::notice title=endspec::PASS"));
    let text = fs::read_to_string(&summary).unwrap();
    assert!(text.starts_with("from an earlier command\n## endspec: PASS\n"), "{text}");

    let missing = [("GITHUB_STEP_SUMMARY", "missing/summary.md")];
    let done = endspec_in(folder.path(), &missing, &[&args[..], &["github=-"]].concat());
    done.ends(2).complains(&["error[file-not-written]", "missing/summary.md"]);
}

#[test]
fn a_format_that_is_none_is_a_mistake_with_a_way_out() {
    let done = endspec(&["run", "--report", "htm=x"]).ends(2);
    done.complains(&["`htm` is no report format of this command", "did you mean `html`?"]);
    let done = endspec(&["selftest", "--report", "html=x"]).ends(2);
    done.complains(&["`html` is no report format of this command", "it is one of json"]);
}

#[test]
fn what_is_no_saved_report_is_refused() {
    let folder = tempdir().unwrap();
    for (name, text, words) in [
        ("another format", r#"{"format":7}"#, "it is of format 7, and this version reads format 1 alone"),
        ("no JSON", "PASS", "it is no JSON: expected value at line 1 column 1"),
    ] {
        fs::write(folder.path().join("a.json"), text).unwrap();
        let done = endspec_in(folder.path(), &[], &["report", "a.json", "--report", "html=a.html"]).ends(2);
        done.complains(&["error[bad-report]: a.json is no report that can be read", words]);
        assert!(!folder.path().join("a.html").exists(), "{name}");
    }
    endspec_in(folder.path(), &[], &["report", "b.json"]).ends(2).complains(&["error[file-missing]"]);
    endspec_in(folder.path(), &[], &["explain", "bad-report"]).ends(0).says(&["schemas/report.schema.json"]);
}
