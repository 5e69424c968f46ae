//! The binary as a user runs it: a module a command, and one for what several share.

mod absence;
mod action;
mod against;
mod bad_files;
mod baseline;
mod bounds;
mod call;
mod care;
mod credentials;
mod diff;
mod explain;
mod flags;
mod fuzz;
mod gateway;
mod hostile;
mod init;
mod interrupt;
mod lint;
mod list;
mod manual;
mod report;
mod report_formats;
mod run;
mod secrets;
mod serve;
mod set_up;
mod shards;
mod target;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

/// Longest time for any process: a bound against hanging, no measure of speed.
const BOUND: Duration = Duration::from_secs(300);

/// What a process came to.
#[derive(Debug)]
struct Done {
    code: i32,
    out: String,
    err: String,
}

impl Done {
    /// The JSON document on standard output.
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}\n{}\n{}", self.out, self.err))
    }

    /// Asserts the exit code.
    #[track_caller]
    fn ends(self, code: i32) -> Done {
        assert_eq!(self.code, code, "\n--- stdout\n{}\n--- stderr\n{}", self.out, self.err);
        self
    }

    /// Asserts that standard error says all of this.
    #[track_caller]
    fn complains(self, words: &[&str]) -> Done {
        for word in words {
            assert!(self.err.contains(word), "`{word}` is not in\n{}", self.err);
        }
        self
    }

    /// Asserts that standard output says all of this.
    #[track_caller]
    fn says(self, words: &[&str]) -> Done {
        for word in words {
            assert!(self.out.contains(word), "`{word}` is not in\n{}", self.out);
        }
        self
    }
}

/// The binary, with nothing of this machine's environment that it would read, away from any profile.
fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_endspec"));
    command.args(args).current_dir(std::env::temp_dir()).env("COLUMNS", "120");
    // Whoever runs the tests may have keys at home.
    command.env("HOME", "/nonexistent");
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_ascii_uppercase();
        if ["ENDSPEC_", "ALIBABA_CLOUD_"].iter().any(|start| text.starts_with(start))
            || text.ends_with("_PROXY")
            || text == "GITHUB_STEP_SUMMARY"
        {
            command.env_remove(name);
        }
    }
    command
}

/// Runs it to its end.
fn finish(command: Command) -> Done {
    let output = assert_cmd::Command::from_std(command).timeout(BOUND).output().expect("the binary starts");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    let code = output.status.code().unwrap_or_else(|| panic!("ended by {}", output.status));
    Done { code, out: text(output.stdout), err: text(output.stderr) }
}

/// Runs the binary to its end.
fn endspec(args: &[&str]) -> Done {
    finish(command(args))
}

/// Runs it in a folder, with variables.
fn endspec_in(folder: &Path, variables: &[(&str, &str)], args: &[&str]) -> Done {
    let mut command = command(args);
    command.current_dir(folder).envs(variables.iter().copied());
    finish(command)
}
