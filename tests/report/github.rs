//! Workflow commands: read as the runner of GitHub Actions reads them.

use crate::{sample, text};

/// A command: its name, its properties, its words.
#[derive(Debug, PartialEq)]
struct Command {
    name: String,
    properties: Vec<(String, String)>,
    words: String,
}

impl Command {
    fn property(&self, name: &str) -> Option<&str> {
        self.properties.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What the runner does with a line that begins with `::`.
fn read(line: &str) -> Option<Command> {
    let (head, words) = line.strip_prefix("::")?.split_once("::")?;
    let (name, properties) = head.split_once(' ').unwrap_or((head, ""));
    let decode = |text: &str| {
        let text = text.replace("%0D", "\r").replace("%0A", "\n").replace("%3A", ":").replace("%2C", ",");
        text.replace("%25", "%")
    };
    let properties = properties.split(',').filter_map(|pair| pair.split_once('='));
    let properties = properties.map(|(name, value)| (name.to_owned(), decode(value))).collect();
    Some(Command { name: name.to_owned(), properties, words: decode(words) })
}

#[test]
fn every_line_is_a_command_of_ours_and_nothing_in_it_is_another() {
    let expected = text(&sample::held(), "github").lines().count();
    for (name, report) in sample::all() {
        let text = text(&report, "github");
        for line in text.lines() {
            let command = read(line).unwrap_or_else(|| panic!("{name}: {line}"));
            assert!(["error", "warning", "notice"].contains(&command.name.as_str()), "{name}: {line}");
            assert!(command.property("title").is_some() && !command.words.is_empty(), "{name}: {line}");
            let known = ["file", "line", "col", "endColumn", "title"];
            assert!(command.properties.iter().all(|(name, _)| known.contains(&name.as_str())), "{name}: {line}");
            assert!(!line.contains("##["), "{name}: {line}");
        }
        if name.starts_with("hostile") {
            assert!(text.lines().count() <= expected, "{name}: {text}");
        }
    }
}

#[test]
fn a_broken_clause_stands_on_its_case_file_once_and_the_worst_first() {
    let text = text(&sample::failed(), "github");
    let commands: Vec<Command> = text.lines().filter_map(read).collect();
    let first = &commands[0];
    assert_eq!(first.name, "error");
    let at = ["file", "line", "col", "endColumn"].map(|name| first.property(name).unwrap());
    assert_eq!(at, ["cases/end/effect/once/ends.yaml", "8", "5", "13"]);
    assert!(first.words.contains("\nagain: endspec run --select end/effect/once/ends"), "{first:?}");
    let names: Vec<&str> = commands.iter().map(|command| command.name.as_str()).collect();
    assert_eq!(names[..3], ["error", "warning", "notice"]);
    assert_eq!(commands.iter().filter(|command| command.words.contains("two overlapping")).count(), 3);
    assert!(commands.last().unwrap().words.starts_with("FAIL - 1 MUST clause broken\n"), "{text}");
}

#[test]
fn a_green_run_has_one_notice_and_a_built_in_case_names_no_file() {
    let green = text(&sample::passed(), "github");
    assert_eq!(green.lines().filter_map(read).map(|command| command.name).collect::<Vec<_>>(), ["notice"]);
    let mut report = sample::failed();
    report.cases[0].findings[0].place.file = "<built-in>/cases/a.yaml".to_owned();
    let command = read(text(&report, "github").lines().next().unwrap()).unwrap();
    assert_eq!(command.property("file"), None);
}
