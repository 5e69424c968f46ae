//! `endspec report --diff`: what changed between two saved reports.

use std::io::Write;

use super::args::ReportArgs;
use super::{Exit, outputs, report, tell_people};
use crate::diagnostic::Diagnostic;
use crate::report::diff::{self, Diff};

/// Formats of a comparison.
const FORMATS: [&str; 2] = ["json", "markdown"];

/// Compares the two reports.
pub(super) fn compare(args: &ReportArgs) -> Result<Exit, Vec<Diagnostic>> {
    let mut mistakes = outputs::mistakes(&args.report, &FORMATS);
    if args.files.len() != 2 {
        let words = format!("--diff: two reports are compared, and {} given", count(args.files.len()));
        let help =
            "write `endspec report --diff OLD.json NEW.json`; shards are merged first, with `--report json=FILE`";
        mistakes.push(Diagnostic::new("flag", words).help(help));
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let reports = report::all(&args.files)?;
    let [(old_file, old), (new_file, new)] = reports.as_slice() else {
        let words = "--diff: one of the two files holds no report, so there is nothing to compare";
        return Err(vec![Diagnostic::new("flag", words).help("run again what left an empty file")]);
    };
    let diff = diff::diff((old_file, old), (new_file, new));
    tell(&diff, outputs::open(&args.report, &FORMATS)?)
}

fn count(files: usize) -> String {
    if files == 1 { "1 is".to_owned() } else { format!("{files} are") }
}

fn tell(diff: &Diff, outputs: Vec<outputs::Output>) -> Result<Exit, Vec<Diagnostic>> {
    let text = diff::text(diff);
    tell_people(&text, outputs::takes_stdout(&outputs));
    let exit = if diff.broke { Exit::Fail } else { Exit::Pass };
    let render = |format: &str| if format == "json" { diff::json(diff) } else { diff::markdown(diff) };
    match outputs::write(outputs, render) {
        Ok(()) => Ok(exit),
        Err(words) => {
            let _ = writeln!(std::io::stderr(), "endspec: {words}");
            Ok(if exit == Exit::Pass { Exit::Inconclusive } else { exit })
        }
    }
}
