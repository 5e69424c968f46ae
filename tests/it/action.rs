//! The GitHub Action: its steps, run by hand as a runner would, and what all workflows have in common.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use endspec::load::yaml;
use endspec::server::settings::INSTANCE_ID;
use endspec::source::Source;
use serde_json::Value;
use tempfile::{TempDir, tempdir};

use crate::serve::serve;
use crate::{Done, command, finish};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &Path) -> Value {
    let text = fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let source = Source::new(path.display().to_string(), text);
    yaml::tree(&source, 20_000).unwrap_or_else(|mistakes| panic!("{mistakes:#?}")).to_json()
}

/// A job of which the action is a step: its folder, and what a runner would know.
struct Job {
    folder: TempDir,
    known: BTreeMap<String, String>,
}

impl Job {
    fn new(inputs: &[(&str, &str)]) -> Job {
        let action = read(&root().join("action.yml"));
        let mut known = BTreeMap::new();
        for (name, input) in action["inputs"].as_object().unwrap() {
            known.insert(format!("inputs.{name}"), input["default"].as_str().unwrap_or("").to_owned());
        }
        known.extend(inputs.iter().map(|(name, value)| (format!("inputs.{name}"), (*value).to_owned())));
        let folder = tempdir().unwrap();
        let there = folder.path().display().to_string();
        for (name, value) in [("github.action_path", root().display().to_string().as_str()), ("runner.temp", &there)] {
            known.insert(name.to_owned(), value.to_owned());
        }
        known.insert("github.action_repository".to_owned(), "endspec/endspec".to_owned());
        known.insert("github.server_url".to_owned(), "http://127.0.0.1:1".to_owned());
        Job { folder, known }
    }

    fn filled(&self, text: &str) -> String {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (name, after) = after.split_once("}}").expect("an end");
            let value = self.known.get(name.trim()).unwrap_or_else(|| panic!("nobody knows {name}"));
            filled.push_str(before);
            filled.push_str(value);
            rest = after;
        }
        filled + rest
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs one step after the other, until one fails.
    fn run(&mut self) -> Done {
        let action = read(&root().join("action.yml"));
        let mut last = Done { code: 0, out: String::new(), err: String::new() };
        for step in action["runs"]["steps"].as_array().unwrap() {
            assert_eq!(step["shell"], "bash");
            let script = self.file("step.sh");
            fs::write(&script, step["run"].as_str().unwrap()).unwrap();
            let output = self.file("output");
            fs::write(&output, "").unwrap();
            // As a runner starts it, with nothing of this machine that endspec would read.
            let clean = command(&[]);
            let mut bash = Command::new("bash");
            bash.args(["--noprofile", "--norc", "-eo", "pipefail"]).arg(&script).current_dir(self.folder.path());
            for (name, value) in clean.get_envs() {
                if value.is_none() {
                    bash.env_remove(name);
                }
            }
            bash.env("GITHUB_OUTPUT", &output).env("GITHUB_STEP_SUMMARY", self.file("summary.md"));
            for (name, value) in step["env"].as_object().into_iter().flatten() {
                bash.env(name, self.filled(value.as_str().unwrap()));
            }
            last = finish(bash);
            if let Some(id) = step["id"].as_str() {
                for line in fs::read_to_string(&output).unwrap().lines() {
                    let (name, value) = line.split_once('=').unwrap();
                    self.known.insert(format!("steps.{id}.outputs.{name}"), value.to_owned());
                }
            }
            if last.code != 0 {
                break;
            }
        }
        last
    }
}

const ENDSPEC: &str = env!("CARGO_BIN_EXE_endspec");

#[test]
fn the_action_reports_in_every_form_and_ends_as_the_run_does() {
    let args = format!(
        "--select 'end/request/session-required, end/session/unknown' --instance-id {INSTANCE_ID} --without signatures,restart"
    );
    for (fault, code) in [("", 0), ("session-not-found-as-400", 1)] {
        let flags = if fault.is_empty() { vec!["--auth", "open"] } else { vec!["--auth", "open", "--fault", fault] };
        let served = serve(&flags, 1);
        let mut job = Job::new(&[("target", &served.url), ("args", &args), ("binary", ENDSPEC)]);
        let done = job.run().ends(code);
        assert_eq!(done.out.contains("::error"), code == 1, "{}", done.out);
        assert_eq!(job.known["steps.run.outputs.exit-code"], code.to_string());
        let report: Value =
            serde_json::from_slice(&fs::read(job.file("endspec-reports/endspec.json")).unwrap()).unwrap();
        assert_eq!(report["target"]["kind"], "endpoint");
        for (file, begins) in [
            ("endspec.xml", "<?xml"),
            ("endspec.sarif", "{"),
            ("endspec.html", "<!DOCTYPE html>"),
            ("../summary.md", "## endspec"),
        ] {
            let text = fs::read_to_string(job.file("endspec-reports").join(file)).unwrap();
            assert!(text.starts_with(begins), "{file}: {text}");
        }
    }
}

#[test]
fn without_a_target_the_action_is_a_mistake_and_tests_nothing() {
    for target in ["", "  \n"] {
        let mut job = Job::new(&[("target", target), ("binary", ENDSPEC)]);
        let done = job.run().ends(2);
        assert!(done.out.contains("::error title=endspec::the input target is empty"), "{}", done.out);
        assert!(!job.file("endspec-reports").exists());
    }
}

#[test]
fn a_profile_is_taken_from_the_input_and_what_is_no_flag_is_told() {
    let mut job = Job::new(&[("target", "http://127.0.0.1:1"), ("profile", "no.yaml"), ("binary", ENDSPEC)]);
    job.run().ends(2).complains(&["`no.yaml`"]);
    for (args, words) in
        [("'", "a quote is not closed"), ("--nonsense", "--nonsense"), ("$(touch hacked) `touch hacked`", "touch")]
    {
        let mut job = Job::new(&[("target", "http://127.0.0.1:1"), ("args", args), ("binary", ENDSPEC)]);
        let done = job.run().ends(2);
        assert!(format!("{}{}", done.out, done.err).contains(words), "{args}: {done:?}");
        assert!(!job.file("hacked").exists());
    }
}

#[test]
fn a_release_that_cannot_be_loaded_ends_the_action() {
    let mut job = Job::new(&[("target", "http://127.0.0.1:1"), ("version", "9.9.9")]);
    let done = job.run();
    assert_ne!(done.code, 0);
    assert!(!job.known.contains_key("steps.install.outputs.binary"));
}

#[test]
fn workflows_are_yaml_ask_for_few_permissions_and_pin_what_they_use() {
    let folder = root().join(".github/workflows");
    let mut files: Vec<PathBuf> = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.push(root().join("examples/github-workflow.yml"));
    for path in files {
        let workflow = read(&path);
        assert!(workflow["permissions"].is_object(), "{}", path.display());
        for (name, job) in workflow["jobs"].as_object().expect("jobs") {
            for step in job["steps"].as_array().expect("steps") {
                let Some(uses) = step["uses"].as_str() else {
                    assert!(step["run"].is_string(), "{}: {name}", path.display());
                    continue;
                };
                let (action, version) = uses.split_once('@').expect("a version");
                let pinned = version.len() == 40 && version.chars().all(|c| c.is_ascii_hexdigit());
                assert!(pinned || action == "endspec/endspec", "{}: {uses}", path.display());
            }
        }
    }
}

#[test]
fn a_package_has_the_program_its_manual_and_its_completions() {
    let folder = tempdir().unwrap();
    let mut package = Command::new(root().join(".ci/package"));
    package.args(["x86_64-unknown-linux-musl", "0.1.0"]).arg(folder.path()).env("BINARY", ENDSPEC);
    finish(package).ends(0);
    let mut unpack = Command::new("sh");
    unpack.current_dir(folder.path()).args(["-c", "sha256sum --check --quiet *.sha256 && tar -xzf *.tar.gz"]);
    finish(unpack).ends(0);
    let there = folder.path().join("endspec-0.1.0-x86_64-unknown-linux-musl");
    for file in ["endspec", "LICENSE-MIT", "man/endspec.1", "man/endspec-run.1", "completions/endspec.zsh"] {
        assert!(fs::metadata(there.join(file)).is_ok_and(|file| file.len() > 0), "{file}");
    }
}
