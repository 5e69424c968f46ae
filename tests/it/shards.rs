//! Shards: several processes run each case once, and their reports are those of the whole.

use std::fs;
use std::path::Path;

use endspec::load::yaml;
use endspec::source::Source;
use serde_json::Value;
use tempfile::tempdir;

use crate::report::{assert_valid, steady};
use crate::target::Target;
use crate::{endspec_in, finish};

const SELECT: [&str; 2] = ["--select", "end/request/* end/region/* end/request-id/*"];

/// Runs the shards of a run, one process each, all at once.
fn shards(folder: &Path, of: usize, more: &[&str]) -> Vec<String> {
    let files: Vec<String> = (1..=of).map(|number| format!("{number}.json")).collect();
    std::thread::scope(|scope| {
        for (index, file) in files.iter().enumerate() {
            scope.spawn(move || {
                let shard = format!("{}/{of}", index + 1);
                let report = format!("json={file}");
                let args = ["run", "--seed", "7", "--shard", &shard, "--report", &report];
                let mut command = crate::command(&[&args[..], &SELECT, more].concat());
                command.current_dir(folder);
                finish(command)
            });
        }
    });
    files
}

fn read(folder: &Path, file: &str) -> Value {
    serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap()
}

/// The report without what is told of how it came about.
fn verdicts(report: &Value) -> Value {
    let mut report = steady(report);
    for name in ["shards", "selected"] {
        report[name].take();
    }
    report
}

#[test]
fn the_shards_of_a_run_put_together_are_the_whole_run() {
    let folder = tempdir().unwrap();
    let files = shards(folder.path(), 3, &[]);
    let parts: Vec<Value> = files.iter().map(|file| read(folder.path(), file)).collect();
    for (index, part) in parts.iter().enumerate() {
        assert_valid(part);
        assert_eq!((&part["verdict"], &part["shard"]), (&"pass".into(), &format!("{}/3", index + 1).into()));
        // The clauses of a shard are those of its cases.
        for clause in part["clauses"].as_array().unwrap() {
            assert!(!clause["cases"].as_array().unwrap().is_empty(), "{clause}");
        }
    }
    endspec_in(folder.path(), &[], &[&["run", "--seed", "7", "--report", "json=whole.json"], &SELECT[..]].concat())
        .ends(0);
    let mut args = vec!["report"];
    args.extend(files.iter().rev().map(String::as_str));
    args.extend(["--report", "json=merged.json", "--report", "html=merged.html"]);
    let done = endspec_in(folder.path(), &[], &args).ends(0);
    let words = "per shard: judged within each of 3 shards and not across them: end/request-id/unique\n";
    let done = done.says(&["seed 0000000000000007, 3 shards\n", words, "verdict:  PASS\n"]);
    assert!(!done.out.contains("not tested"), "{}", done.out);
    let (whole, merged) = (read(folder.path(), "whole.json"), read(folder.path(), "merged.json"));
    assert_valid(&merged);
    let (mut whole, mut merged) = (verdicts(&whole), verdicts(&merged));
    // What each process asks before its first case is asked once a shard.
    let before = |report: &mut Value| report["exchanges"].take().as_u64().unwrap();
    assert!(before(&mut merged) >= before(&mut whole));
    assert_eq!(merged, whole);
    let page = fs::read_to_string(folder.path().join("merged.html")).unwrap();
    assert!(page.contains("judged within each of 3 shards and not across them"), "{page}");
    // A report that was put together is one of a whole run.
    endspec_in(folder.path(), &[], &["report", "merged.json"]).ends(0).says(&["3 shards"]);
}

#[test]
fn what_no_shard_ran_is_not_tested() {
    let folder = tempdir().unwrap();
    shards(folder.path(), 3, &[]);
    for files in [&["1.json", "3.json"][..], &["2.json"][..]] {
        let args = [&["report"], files, &["--report", "json=merged.json"]].concat();
        let done = endspec_in(folder.path(), &[], &args).ends(3);
        done.says(&["there is no report of shard", "verdict:  INCONCLUSIVE"]);
        let merged = read(folder.path(), "merged.json");
        assert_valid(&merged);
        let ran = |file: &str| read(folder.path(), file)["cases"].as_array().unwrap().len();
        let all: usize = ["1.json", "2.json", "3.json"].map(ran).iter().sum();
        assert_eq!(merged["cases"].as_array().unwrap().len(), all, "every case of the run is there");
    }
}

#[test]
fn reports_of_two_runs_are_refused_with_what_differs() {
    let folder = tempdir().unwrap();
    let run = |file: &str, flags: &[&str]| {
        let report = format!("json={file}");
        endspec_in(folder.path(), &[], &[&["run", "--report", &report], flags].concat());
    };
    let select = ["--select", "end/request/*"];
    run("a.json", &[&["--seed", "1", "--shard", "1/2"], &select[..]].concat());
    run("again.json", &[&["--seed", "1", "--shard", "1/2"], &select[..]].concat());
    run("seed.json", &[&["--seed", "2", "--shard", "2/2"], &select[..]].concat());
    run("of.json", &[&["--seed", "1", "--shard", "2/3"], &select[..]].concat());
    run("whole.json", &[&["--seed", "1"], &select[..]].concat());
    run("select.json", &["--seed", "1", "--shard", "2/2", "--select", "end/request/empty-region"]);
    run("contract.json", &[&["--seed", "1", "--shard", "2/2", "--contract", "2026-06-18"], &select[..]].concat());
    run(
        "reading.json",
        &[&["--seed", "1", "--shard", "2/2", "--reading", "repeat-end=idempotent"], &select[..]].concat(),
    );
    run("without.json", &[&["--seed", "1", "--shard", "2/2", "--without", "xml"], &select[..]].concat());
    run("target.json", &[&["--seed", "1", "--shard", "2/2", "--target", "http://127.0.0.1:1"], &select[..]].concat());
    fs::write(folder.path().join("b.yaml"), "known:\n- { clause: end/effect/once, case: a, reason: b }\n").unwrap();
    run("baseline.json", &[&["--seed", "1", "--shard", "2/2", "--baseline", "b.yaml"], &select[..]].concat());
    let mut own = read(folder.path(), "a.json");
    own["suite"] = "another".into();
    own["shard"] = "2/2".into();
    fs::write(folder.path().join("suite.json"), own.to_string()).unwrap();
    let rows = [
        ("again.json", "a.json and again.json are both shard 1/2"),
        ("seed.json", "seed `0000000000000001` and `0000000000000002`"),
        ("of.json", "shards `2` and `3`"),
        ("whole.json", "whole.json is the report of a whole run and of no shard"),
        ("select.json", "selected cases, here"),
        ("contract.json", "contract `2025-04-25` and `2026-06-18`"),
        ("reading.json", "readings `"),
        ("without.json", "capabilities that the target lacks `` and `xml`"),
        ("target.json", "target `reference server (built in)` and `http://127.0.0.1:1/`"),
        ("baseline.json", "the entries of the baseline `none` and `b.yaml`"),
        ("suite.json", "suite `"),
    ];
    for (file, words) in rows {
        let done = endspec_in(folder.path(), &[], &["report", "a.json", file, "--report", "html=x.html"]).ends(2);
        done.complains(&["error[not-mergeable]", words, file]);
        assert!(!folder.path().join("x.html").exists(), "{file}");
    }
}

#[test]
fn a_baseline_is_judged_over_the_whole() {
    let folder = tempdir().unwrap();
    let entry = "clause: end/request/session-required\n    case: end/request/session-required\n    reason: b\n";
    fs::write(folder.path().join("b.yaml"), format!("known:\n  - {entry}")).unwrap();
    let files = shards(folder.path(), 2, &["--baseline", "b.yaml"]);
    let states: Vec<String> = files
        .iter()
        .map(|file| read(folder.path(), file)["baseline"]["entries"][0]["state"].as_str().unwrap().to_owned())
        .collect();
    let mut sorted = states.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["fixed", "not observed"], "the other shard says nothing of it");
    let done = endspec_in(folder.path(), &[], &["report", "1.json", "2.json", "--report", "json=merged.json"]).ends(1);
    done.says(&["0 known, 0 new, 1 fixed, 0 expired, 0 not observed (b.yaml)"]);
    assert_eq!(read(folder.path(), "merged.json")["baseline"]["entries"][0]["line"], 2);
}

#[test]
fn a_pod_of_an_indexed_job_takes_its_shard_from_its_index() {
    let folder = tempdir().unwrap();
    let args = ["run", "--seed", "1", "--select", "end/request/*", "--report", "json=-"];
    for (index, shard) in [("0", "1/2"), ("1", "2/2")] {
        let variables = [("ENDSPEC_SHARD", "auto/2"), ("JOB_COMPLETION_INDEX", index)];
        let report = endspec_in(folder.path(), &variables, &args).json();
        assert_eq!(report["shard"], shard);
    }
    let target = Target::untouched();
    let url = target.url();
    let args = ["run", "--seed", "1", "--target", &url];
    let rows: [(&[(&str, &str)], &str); 5] = [
        (&[("ENDSPEC_SHARD", "auto/2")], "JOB_COMPLETION_INDEX, which is not set"),
        (
            &[("ENDSPEC_SHARD", "auto/2"), ("JOB_COMPLETION_INDEX", "2")],
            "JOB_COMPLETION_INDEX is `2`, and there are 2 shards",
        ),
        (&[("ENDSPEC_SHARD", "auto/2"), ("JOB_COMPLETION_INDEX", "x")], "JOB_COMPLETION_INDEX is `x`"),
        (&[("ENDSPEC_SHARD", "auto/0"), ("JOB_COMPLETION_INDEX", "0")], "is no shard: write I/N"),
        (&[("ENDSPEC_SHARD", "3/2")], "`3/2` is no shard: write I/N"),
    ];
    for (variables, words) in rows {
        endspec_in(folder.path(), variables, &args).ends(2).complains(&[words, "ENDSPEC_SHARD"]);
    }
    let done = endspec_in(folder.path(), &[], &["run", "--target", &url, "--shard", "1/2"]).ends(2);
    done.complains(&["--shard 1/2: without a seed", "give all shards the same `--seed`"]);
    target.is_untouched();
}

#[test]
fn a_shard_without_any_case_says_so_and_does_not_pass() {
    let folder = tempdir().unwrap();
    let select = ["--seed", "1", "--select", "end/request/empty-region"];
    let run = |shard: &str| {
        let report = format!("json={}.json", &shard[..1]);
        endspec_in(folder.path(), &[], &[&["run", "--shard", shard, "--report", &report], &select[..]].concat())
    };
    let mut ends = [run("1/2"), run("2/2")];
    ends.sort_by_key(|done| done.code);
    assert_eq!(ends.each_ref().map(|done| done.code), [0, 3]);
    assert!(ends[1].out.contains("INCONCLUSIVE - no case falls to this shard"), "{}", ends[1].out);
    endspec_in(folder.path(), &[], &["report", "1.json", "2.json"]).ends(0);
}

/// A document of the examples that come with the project.
fn example(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    yaml::tree(&Source::new(name, text), 10_000).unwrap_or_else(|mistakes| panic!("{mistakes:#?}")).to_json()
}

/// The words of the command of a job's steps that begins so.
fn command_of(job: &Value, start: &str) -> Vec<String> {
    let scripts = job["steps"].as_array().unwrap().iter().filter_map(|step| step["run"].as_str());
    let script = scripts.map(|script| script.replace("\\\n", " ")).find(|script| script.starts_with(start));
    let script = script.unwrap_or_else(|| panic!("no step begins with `{start}`"));
    script.split_whitespace().skip(1).map(|word| word.trim_matches('"').to_owned()).collect()
}

/// Runs what an example runs, each shard in a process of its own, on few cases and against the reference server.
fn run_as_written(
    folder: &Path,
    words: &[String],
    variables: impl Fn(usize) -> Vec<(&'static str, String)>,
    of: usize,
) {
    for index in 0..of {
        let variables = variables(index);
        let fill = |word: &String| {
            let word = variables.iter().fold(word.clone(), |word, (name, value)| {
                word.replace(&format!("$({name})"), value).replace(&format!("${name}"), value)
            });
            word.replace("/reports/", "")
        };
        let mut words: Vec<String> = words.iter().map(fill).collect();
        let at = words.iter().position(|word| word == "--target").expect("a target is named");
        words.drain(at..=at + 1);
        words.extend(["--select".to_owned(), "end/request/*".to_owned()]);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let done = endspec_in(folder, &variables, &words);
        assert!(done.code == 0 || done.out.contains("no case falls to this shard"), "{}{}", done.out, done.err);
    }
}

fn written(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    names.filter(|name| name.starts_with("shard-")).collect()
}

#[test]
fn the_matrix_of_the_workflow_runs_every_shard_and_merges_them() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("endspec-baseline.yaml"), "known: []\n").unwrap();
    let jobs = &example("github-matrix.yml")["jobs"];
    let shards = jobs["shard"]["strategy"]["matrix"]["shard"].as_array().unwrap();
    let run = command_of(&jobs["shard"], "./endspec run");
    assert!(run.contains(&format!("$SHARD/{}", shards.len())), "{run:?}");
    let variables = |index: usize| vec![("SHARD", shards[index].to_string())];
    run_as_written(folder.path(), &run, variables, shards.len());
    let files = written(folder.path());
    assert_eq!(files.len(), shards.len());
    let report = command_of(&jobs["verdict"], "./endspec report");
    let flags = report.iter().filter(|word| *word != "shard-*.json").map(String::as_str);
    let (first, flags): (Vec<&str>, Vec<&str>) = flags.partition(|word| *word == "report");
    let words = [first, files.iter().map(String::as_str).collect(), flags].concat();
    endspec_in(folder.path(), &[], &words)
        .ends(0)
        .complains(&["verdict:  PASS"])
        .says(&["::notice title=endspec::PASS"]);
    assert!(folder.path().join("endspec.html").exists() && folder.path().join("endspec.xml").exists());
}

#[test]
fn the_manifest_of_the_indexed_job_runs_every_shard() {
    let folder = tempdir().unwrap();
    let spec = &example("indexed-job.yaml")["spec"];
    let of = spec["completions"].as_u64().unwrap();
    assert_eq!((&spec["completionMode"], &spec["parallelism"]), (&"Indexed".into(), &of.into()));
    let container = &spec["template"]["spec"]["containers"][0];
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|word| word.as_str().unwrap().to_owned()).collect()
    };
    let variable = &container["env"][0];
    assert_eq!((&variable["name"], &variable["value"]), (&"ENDSPEC_SHARD".into(), &format!("auto/{of}").into()));
    let shard = variable["value"].as_str().unwrap();
    let variables =
        |index: usize| vec![("JOB_COMPLETION_INDEX", index.to_string()), ("ENDSPEC_SHARD", shard.to_owned())];
    run_as_written(folder.path(), &texts(&container["args"]), variables, usize::try_from(of).unwrap());
    let files = written(folder.path());
    assert_eq!(files.len() as u64, of);
    let words: Vec<&str> = ["report"].into_iter().chain(files.iter().map(String::as_str)).collect();
    endspec_in(folder.path(), &[], &words).ends(0).says(&[&format!("{of} shards"), "verdict:  PASS"]);
}

#[test]
fn a_shard_that_was_killed_before_it_wrote_counts_as_one_without_a_report() {
    let folder = tempdir().unwrap();
    let files = shards(folder.path(), 2, &[]);
    fs::write(folder.path().join(&files[1]), "").unwrap();
    let merge = || endspec_in(folder.path(), &[], &["report", &files[0], &files[1]]);
    let done = merge().ends(3).says(&["there is no report of shard 2/2"]);
    assert!(done.err.contains("2.json is empty: its run ended before it wrote a report"), "{}", done.err);
    fs::write(folder.path().join(&files[0]), "").unwrap();
    merge().ends(2).complains(&["error[bad-report]", "every file is empty"]);
}

#[test]
fn that_one_shard_did_not_ask_who_answers_is_said_of_the_whole() {
    let folder = tempdir().unwrap();
    let files = shards(folder.path(), 2, &[]);
    let mut second = read(folder.path(), &files[1]);
    second["target"]["insecure"] = true.into();
    fs::write(folder.path().join(&files[1]), second.to_string()).unwrap();
    let merged = endspec_in(folder.path(), &[], &["report", &files[0], &files[1], "--report", "json=-"]);
    assert_eq!(merged.json()["target"]["insecure"], true);
}
