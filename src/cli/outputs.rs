//! Report files: opened before the first request, written as events happen or at the end.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

use super::ENVIRONMENT;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::files::FileId;
use crate::report::exchange::quoted_where_needed;

/// The format that is written as things happen.
const STREAMED: &str = "ndjson";
/// The format of annotations, which has a summary beside it where GitHub names a file for one.
const ANNOTATIONS: &str = "github";
/// The format of that summary.
const SUMMARY: &str = "markdown";
/// The variable that names its file.
const SUMMARY_FILE: &str = "GITHUB_STEP_SUMMARY";

/// A report that was asked for.
pub(super) struct Output {
    format: String,
    path: String,
    /// Which file it is, where it is one that others could be.
    file: Option<FileId>,
    to: Sink,
}

/// Where it goes.
enum Sink {
    Stdout,
    File(File),
    /// A file that has contents of others, which stay.
    Appended(File),
    /// A thread that writes: a reader that is slow must not hold up the run, whose answers would seem late.
    Streamed(Sender<Vec<u8>>, JoinHandle<io::Result<()>>),
}

/// Every mistake in what was asked for, before anything is created; `formats` are those that can be.
pub(super) fn mistakes(asked: &[String], formats: &[&str]) -> Vec<Diagnostic> {
    let parsed: Vec<_> = asked.iter().map(|text| parse(text, formats)).collect();
    let paths: Vec<&str> = parsed.iter().filter_map(|parsed| parsed.as_ref().ok()).map(|(_, path)| *path).collect();
    let again = paths.iter().enumerate().filter(|(index, path)| paths[..*index].contains(path));
    let again = again.map(|(_, path)| {
        let what = if *path == "-" { "standard output" } else { path };
        Diagnostic::new("flag", format!("--report: more than one report goes to {what}"))
    });
    let again: Vec<Diagnostic> = again.collect();
    let missing: Vec<Diagnostic> = paths.iter().filter_map(|path| folder_missing(path)).collect();
    parsed.into_iter().filter_map(Result::err).chain(missing).chain(again).collect()
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
pub(super) fn open(asked: &[String], formats: &[&str]) -> Result<Vec<Output>, Vec<Diagnostic>> {
    let mut outputs = Vec::new();
    let mut mistakes = Vec::new();
    for text in asked {
        match parse(text, formats).and_then(|(format, path)| open_one(format, path)) {
            Ok(output) => outputs.push(output),
            Err(mistake) => mistakes.push(mistake),
        }
    }
    let annotated = outputs.iter().any(|output| output.format == ANNOTATIONS);
    match std::env::var(SUMMARY_FILE).ok().filter(|path| annotated && !path.is_empty()).map(summary) {
        Some(Ok(output)) => outputs.push(output),
        Some(Err(mistake)) => mistakes.push(mistake),
        None => {}
    }
    mistakes.extend(same_file(&outputs));
    if mistakes.is_empty() { Ok(outputs) } else { Err(mistakes) }
}

/// Two paths may lead to one file, of which the last report alone would be left.
fn same_file(outputs: &[Output]) -> Vec<Diagnostic> {
    let files: Vec<_> = outputs.iter().filter_map(|output| Some((output.file?, &output.path))).collect();
    let again = files.iter().enumerate().filter_map(|(at, (file, path))| {
        let (_, before) = files[..at].iter().find(|(other, _)| other == file)?;
        let words = format!("--report: {before} and {path} are one file");
        Some(Diagnostic::new("flag", words).help("give each report a file of its own"))
    });
    again.collect()
}

/// Format and path of `FORMAT=PATH`.
fn parse<'a>(text: &'a str, formats: &[&str]) -> Result<(&'a str, &'a str), Diagnostic> {
    let no_file = || {
        let help = "write `--report json=PATH`, where `-` is standard output";
        Diagnostic::new("flag", format!("--report: `{text}` names no file")).help(help)
    };
    let (format, path) = text.split_once('=').ok_or_else(no_file)?;
    if !formats.contains(&format) {
        let help = did_you_mean(format, formats.iter().copied())
            .map_or_else(|| format!("it is one of {}", formats.join(", ")), |close| format!("did you mean `{close}`?"));
        let message = format!("--report: `{format}` is no report format of this command");
        return Err(Diagnostic::new("flag", message).help(help));
    }
    if path.is_empty() { Err(no_file()) } else { Ok((format, path)) }
}

fn open_one(format: &str, path: &str) -> Result<Output, Diagnostic> {
    let file = if path == "-" { None } else { Some(crate::files::create(Path::new(path))?) };
    let id = file.as_ref().and_then(crate::files::which);
    let to = match file {
        file if format == STREAMED => streamed(file)?,
        Some(file) => Sink::File(file),
        None => Sink::Stdout,
    };
    Ok(Output { format: format.to_owned(), path: path.to_owned(), file: id, to })
}

fn summary(path: String) -> Result<Output, Diagnostic> {
    let file = crate::files::append(Path::new(&path))?;
    Ok(Output { format: SUMMARY.to_owned(), path, file: crate::files::which(&file), to: Sink::Appended(file) })
}

/// A thread that writes what it is sent until all who send are gone, or until it cannot.
fn streamed(file: Option<File>) -> Result<Sink, Diagnostic> {
    let (send, receive) = mpsc::channel::<Vec<u8>>();
    let write = move || -> io::Result<()> {
        let mut events = receive.iter().peekable();
        let Some(mut file) = file else {
            return events.try_for_each(|bytes| {
                let mut out = io::stdout();
                out.write_all(&bytes).and_then(|()| out.flush())
            });
        };
        if events.peek().is_some() {
            emptied(&file)?;
        }
        events.try_for_each(|bytes| file.write_all(&bytes))?;
        synced(&file)
    };
    let thread = std::thread::Builder::new().name("report".to_owned()).spawn(write);
    let thread = thread.map_err(|error| Diagnostic::new(ENVIRONMENT, format!("no thread for a report: {error}")))?;
    Ok(Sink::Streamed(send, thread))
}

/// What an earlier run left in the files of reports.
#[derive(Default)]
pub(super) struct Stale(Vec<(String, File)>);

impl Stale {
    /// What is in them.
    ///
    /// # Errors
    /// The machine gives no second handle to a file.
    pub(super) fn of(outputs: &[Output]) -> Result<Stale, Vec<Diagnostic>> {
        let files = outputs.iter().filter_map(|output| match &output.to {
            Sink::File(file) => Some(file.try_clone().map(|file| (output.path.clone(), file))),
            _ => None,
        });
        let files: io::Result<_> = files.collect();
        files.map(Stale).map_err(|error| vec![Diagnostic::new(ENVIRONMENT, format!("no handle for a report: {error}"))])
    }

    /// Takes it away, as the first request is about to be sent: a run that dies leaves no report, and not that of another.
    ///
    /// # Errors
    /// Files that cannot be emptied.
    pub(super) fn clear(self) -> Result<(), Vec<Diagnostic>> {
        let failed = self.0.iter().filter_map(|(path, file)| {
            let words = |error| format!("{path} cannot be emptied: {error}");
            emptied(file).err().map(|error| Diagnostic::new("file-not-written", words(error)))
        });
        let failed: Vec<Diagnostic> = failed.collect();
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }
}

/// Those who write events as they happen.
pub(super) fn streams(outputs: &[Output]) -> Vec<Sender<Vec<u8>>> {
    let senders = outputs.iter().filter_map(|output| match &output.to {
        Sink::Streamed(send, _) => Some(send.clone()),
        _ => None,
    });
    senders.collect()
}

/// Whether one of them goes to standard output, which is then no place for people's text.
pub(super) fn takes_stdout(outputs: &[Output]) -> bool {
    outputs.iter().any(|output| output.path == "-")
}

/// Writes to every output what `render` makes of its format.
///
/// # Errors
/// What could not be written, in words.
pub(super) fn write(outputs: Vec<Output>, render: impl Fn(&str) -> Vec<u8>) -> Result<(), String> {
    let mut failed = Vec::new();
    for output in outputs {
        let bytes = render(&output.format);
        let done = match output.to {
            Sink::Stdout => std::io::stdout().write_all(&bytes).and_then(|()| std::io::stdout().flush()),
            Sink::File(mut file) => emptied(&file).and_then(|()| file.write_all(&bytes)).and_then(|()| synced(&file)),
            Sink::Appended(mut file) => file.write_all(&bytes).and_then(|()| synced(&file)),
            Sink::Streamed(send, thread) => {
                // Where nobody receives, the thread says why.
                let _ = send.send(bytes);
                drop(send);
                thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            }
        };
        if let Err(error) = done {
            let what = if output.path == "-" { "to standard output" } else { &output.path };
            failed.push(format!("the {} report {what} could not be written: {error}", output.format));
        }
    }
    if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
}

/// What stood there is kept until there is something to put in its place, or a run begins ([`Stale`]).
fn emptied(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.set_len(0) } else { Ok(()) }
}

fn synced(file: &File) -> io::Result<()> {
    if file.metadata()?.is_file() { file.sync_all() } else { Ok(()) }
}
