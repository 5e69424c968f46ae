//! `endspec completions` and `endspec man`: they know every command and flag.

use std::fs;

use tempfile::tempdir;

use crate::{command, endspec, endspec_in, finish};

#[test]
fn completions_are_for_every_shell_and_bash_reads_them() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let done = endspec(&["completions", shell]).ends(0);
        for word in ["selftest", "wait-for-target", "against"] {
            assert!(done.out.contains(word), "{shell}: {word}");
        }
    }
    let folder = tempdir().unwrap();
    fs::write(folder.path().join("endspec.bash"), endspec(&["completions", "bash"]).out).unwrap();
    let mut bash = std::process::Command::new("bash");
    let script = "source ./endspec.bash; COMP_WORDS=(endspec run --wait-f); COMP_CWORD=2; _endspec endspec --wait-f run; \
                  echo \"${COMPREPLY[@]}\"";
    bash.current_dir(folder.path()).args(["--noprofile", "--norc", "-c", script]);
    assert_eq!(finish(bash).ends(0).out.trim(), "--wait-for-target");
    endspec(&["completions", "csh"]).ends(2);
}

#[test]
fn a_manual_page_a_command_is_written_and_the_first_one_printed() {
    let folder = tempdir().unwrap();
    endspec_in(folder.path(), &[], &["man", "pages"]).ends(0);
    let help = finish(command(&["--help"])).ends(0).out;
    let commands =
        help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1).take_while(|line| !line.is_empty());
    let commands: Vec<&str> = commands.filter_map(|line| line.split_whitespace().next()).collect();
    assert!(commands.len() > 8, "{help}");
    for name in commands.iter().filter(|name| **name != "help") {
        let page = folder.path().join(format!("pages/endspec-{name}.1"));
        if let Ok(text) = fs::read_to_string(&page) {
            assert!(text.contains(".TH") && text.contains("SYNOPSIS"), "{text}");
        } else if help.lines().any(|line| line.starts_with(&format!("  {name} "))) {
            panic!("there is no page of {name}");
        }
    }
    assert_eq!(endspec(&["man"]).ends(0).out, fs::read_to_string(folder.path().join("pages/endspec.1")).unwrap());
}
