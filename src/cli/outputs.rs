//! Report files: opened before the first request, written at the end.

use std::fs::File;
use std::io::Write;

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::report::{Report, json};

/// Formats that this version writes.
const FORMATS: [&str; 1] = ["json"];

/// A report that was asked for.
pub(super) struct Output {
    path: String,
    to: Option<File>,
}

/// Opens every output.
///
/// # Errors
/// Unknown formats, and files that cannot be created; all of them.
pub(super) fn open(asked: &[String]) -> Result<Vec<Output>, Vec<Diagnostic>> {
    let mut outputs = Vec::new();
    let mut mistakes = Vec::new();
    for text in asked {
        match open_one(text) {
            Ok(output) => outputs.push(output),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if outputs.iter().filter(|output| output.to.is_none()).count() > 1 {
        mistakes.push(Diagnostic::new("flag", "more than one report goes to standard output"));
    }
    if mistakes.is_empty() { Ok(outputs) } else { Err(mistakes) }
}

fn open_one(text: &str) -> Result<Output, Diagnostic> {
    let (format, path) = text.split_once('=').ok_or_else(|| {
        Diagnostic::new("flag", format!("`--report {text}` names no file")).help("write `--report json=PATH`")
    })?;
    if !FORMATS.contains(&format) {
        let help = did_you_mean(format, FORMATS).map_or_else(
            || format!("this version writes: {}", FORMATS.join(", ")),
            |close| format!("did you mean `{close}`?"),
        );
        return Err(Diagnostic::new("flag", format!("`{format}` is no report format of this version")).help(help));
    }
    let to = match path {
        "" => return Err(Diagnostic::new("flag", format!("`--report {text}` names no file")).help("`-` is standard output")),
        "-" => None,
        path => Some(crate::files::create(std::path::Path::new(path))?),
    };
    Ok(Output { path: path.to_owned(), to })
}

/// Whether one of them goes to standard output, which is then no place for people's text.
pub(super) fn takes_stdout(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| output.to.is_none())
}

/// Writes the report to every output.
///
/// # Errors
/// What could not be written, in words.
pub(super) fn write(outputs: Vec<Output>, report: &Report) -> Result<(), String> {
    let bytes = json::render(report);
    let mut failed = Vec::new();
    for output in outputs {
        let done = match output.to {
            None => std::io::stdout().write_all(&bytes),
            Some(mut file) => file.write_all(&bytes).and_then(|()| file.sync_all()),
        };
        if let Err(error) = done {
            failed.push(format!("the report {} could not be written: {error}", output.path));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}
