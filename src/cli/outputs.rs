//! Report files: opened before the first request, written at the end.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::report::exchange::quoted_where_needed;

/// Formats that this version writes.
const FORMATS: [&str; 1] = ["json"];

/// A report that was asked for.
pub(super) struct Output {
    path: String,
    to: Option<File>,
}

/// Every mistake in what was asked for, before anything is created.
pub(super) fn mistakes(asked: &[String]) -> Vec<Diagnostic> {
    let mut mistakes: Vec<Diagnostic> = asked.iter().filter_map(|text| path(text).err()).collect();
    let paths: Vec<&str> = asked.iter().filter_map(|text| path(text).ok()).collect();
    mistakes.extend(paths.iter().filter_map(|path| folder_missing(path)));
    let again = paths.iter().enumerate().filter(|(index, path)| paths[..*index].contains(path));
    for (_, path) in again {
        let what = if *path == "-" { "standard output" } else { path };
        mistakes.push(Diagnostic::new("flag", format!("--report: more than one report goes to {what}")));
    }
    mistakes
}

/// A folder that is not there is more often a typing mistake than a wish.
fn folder_missing(path: &str) -> Option<Diagnostic> {
    let folder = Path::new(path).parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.exists())?;
    let message = format!("--report: the folder `{}` does not exist", folder.display());
    let help = format!("make it first: `mkdir -p {}`", quoted_where_needed(&folder.display().to_string()));
    Some(Diagnostic::new("file-not-written", message).help(help))
}

/// Opens every output.
///
/// # Errors
/// Files that cannot be created, all of them.
pub(super) fn open(asked: &[String]) -> Result<Vec<Output>, Vec<Diagnostic>> {
    let mut outputs = Vec::new();
    let mut mistakes = Vec::new();
    for text in asked {
        match path(text).and_then(open_one) {
            Ok(output) => outputs.push(output),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    if mistakes.is_empty() { Ok(outputs) } else { Err(mistakes) }
}

/// The path of `FORMAT=PATH`.
fn path(text: &str) -> Result<&str, Diagnostic> {
    let no_file = || {
        let help = "write `--report json=PATH`, where `-` is standard output";
        Diagnostic::new("flag", format!("--report: `{text}` names no file")).help(help)
    };
    let (format, path) = text.split_once('=').ok_or_else(no_file)?;
    if !FORMATS.contains(&format) {
        let help = did_you_mean(format, FORMATS).map_or_else(
            || format!("this version writes {}", FORMATS.join(", ")),
            |close| format!("did you mean `{close}`?"),
        );
        let message = format!("--report: `{format}` is no report format of this version");
        return Err(Diagnostic::new("flag", message).help(help));
    }
    if path.is_empty() { Err(no_file()) } else { Ok(path) }
}

fn open_one(path: &str) -> Result<Output, Diagnostic> {
    let to = if path == "-" { None } else { Some(crate::files::create(Path::new(path))?) };
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
pub(super) fn write(outputs: Vec<Output>, bytes: &[u8]) -> Result<(), String> {
    let mut failed = Vec::new();
    for output in outputs {
        let done = match output.to {
            None => std::io::stdout().write_all(bytes),
            Some(mut file) => emptied(&file).and_then(|()| file.write_all(bytes)).and_then(|()| synced(&file)),
        };
        if let Err(error) = done {
            failed.push(format!("the report {} could not be written: {error}", output.path));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}

/// What an earlier run wrote is kept until this one has something to put in its place.
fn emptied(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.set_len(0) } else { Ok(()) }
}

fn synced(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.sync_all() } else { Ok(()) }
}
