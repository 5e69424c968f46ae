//! A file of lines that one process at a time adds to, and that outlives its crash.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::{not_utf8, shown, too_large, unreadable, unwritable};
use crate::diagnostic::Diagnostic;

/// How long a process that is on its way out may still hold the file.
const PATIENCE: Duration = Duration::from_secs(3);

/// A log that nobody else has open. It is for its owner's eyes, where the system knows of owners.
#[derive(Debug)]
pub struct Log {
    path: PathBuf,
    /// What is appended to; nothing before the first [`Log::replace`].
    file: Option<File>,
    /// Held, not read: replacing the log replaces the file, and a lock on it would go with it.
    _lock: File,
}

/// A log as it was found.
#[derive(Debug)]
pub struct Found {
    /// The log, to be replaced before it is appended to.
    pub log: Log,
    /// Its whole lines.
    pub text: String,
    /// Whether bytes after the last whole line were left out: a crash came while they were written.
    pub torn: bool,
}

impl Log {
    /// Takes the log at `path` and reads it; one that does not exist is empty. A file named like it and ending in `.lock`
    /// appears beside it and stays.
    ///
    /// # Errors
    /// The file is of another process, no regular file, larger than `limit` bytes, not UTF-8 or not permitted; or it holds
    /// something and no whole line, which no log does.
    pub fn open(path: &Path, limit: u64) -> Result<Found, Diagnostic> {
        // Replacing a link would leave what it points to as it is.
        let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if fs::metadata(&real).is_ok_and(|metadata| !metadata.is_file()) {
            let message = format!("{} is no regular file", shown(path));
            return Err(Diagnostic::new("file-not-regular", message).help("name a file, or one to be made"));
        }
        let lock = lock(&real, PATIENCE).map_err(|why| why.diagnostic(path))?;
        let mut bytes = Vec::new();
        match File::open(&real) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(unreadable(path, &error)),
            Ok(file) => {
                let read = file.take(limit.saturating_add(1)).read_to_end(&mut bytes);
                read.map_err(|error| unreadable(path, &error))?;
            }
        }
        if bytes.len() as u64 > limit {
            return Err(too_large(path, limit));
        }
        let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
        let torn = whole < bytes.len();
        if torn && whole == 0 {
            let message = format!("{} has no whole line", shown(path));
            return Err(Diagnostic::new("file-no-lines", message).help("is it the right file? it was left as it is"));
        }
        bytes.truncate(whole);
        let text = String::from_utf8(bytes).map_err(|error| not_utf8(path, &error))?;
        Ok(Found { log: Log { path: real, file: None, _lock: lock }, text, torn })
    }

    /// Whether it can be appended to.
    pub fn is_begun(&self) -> bool {
        self.file.is_some()
    }

    /// Adds lines; with `durable` they outlive a crash of the machine once this returns.
    ///
    /// # Errors
    /// The file system's own; part of the lines may be there then, and nothing is to be added any more.
    pub fn append(&mut self, lines: &str, durable: bool) -> io::Result<()> {
        let file = self.file.as_mut().ok_or_else(|| io::Error::other("a log is replaced before it is appended to"))?;
        file.write_all(lines.as_bytes())?;
        if durable { file.sync_data() } else { Ok(()) }
    }

    /// Puts lines into the place of all others, durably; at any time either are there.
    ///
    /// # Errors
    /// The file system's own.
    pub fn replace(&mut self, lines: &str) -> io::Result<()> {
        let beside = named(&self.path, ".", ".tmp")?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // A crash may have left one behind, and it is nobody else's: the log is ours.
        let _ = fs::remove_file(&beside);
        let mut file = options.open(&beside)?;
        let written = file.write_all(lines.as_bytes()).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&beside, &self.path)) {
            let _ = fs::remove_file(&beside);
            return Err(error);
        }
        // The new name is durable once the folder is; systems other than Unix open no folders.
        #[cfg(unix)]
        File::open(folder(&self.path))?.sync_all()?;
        self.file = Some(file);
        Ok(())
    }
}

/// Why there is no lock.
#[derive(Debug)]
enum NotLocked {
    Held,
    Failed(io::Error),
}

impl NotLocked {
    fn diagnostic(self, path: &Path) -> Diagnostic {
        match self {
            NotLocked::Failed(error) => unwritable(path, &error),
            NotLocked::Held => {
                let message = format!("{} is in use by another process", shown(path));
                Diagnostic::new("file-in-use", message).help("end that one first, or name another file")
            }
        }
    }
}

/// Takes the lock of `path`, waiting for a moment: whoever restarts a server may be faster than its end.
fn lock(path: &Path, patience: Duration) -> Result<File, NotLocked> {
    let open = || -> io::Result<File> {
        fs::create_dir_all(folder(path))?;
        OpenOptions::new().write(true).create(true).truncate(false).open(named(path, "", ".lock")?)
    };
    let file = open().map_err(NotLocked::Failed)?;
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let locked = file.lock();
        // When nobody waits any more, the lock goes with the file.
        let _ = send.send(locked.map(|()| file));
    });
    receive.recv_timeout(patience).map_err(|_| NotLocked::Held)?.map_err(NotLocked::Failed)
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// The file beside `path` whose name has this before and after it.
fn named(path: &Path, before: &str, after: &str) -> io::Result<PathBuf> {
    let mut name = OsStr::new(before).to_owned();
    name.push(path.file_name().ok_or_else(|| io::Error::new(ErrorKind::IsADirectory, "it names no file"))?);
    name.push(after);
    Ok(folder(path).join(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(path: &Path, limit: u64) -> &'static str {
        Log::open(path, limit).expect_err("a mistake").code
    }

    #[test]
    fn what_was_appended_is_found_again_but_for_a_torn_last_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/log");
        let mut found = Log::open(&path, 99).unwrap();
        assert_eq!((&*found.text, found.torn), ("", false));
        assert!(found.log.append("x\n", false).is_err(), "nothing was begun");
        found.log.replace("a\n").unwrap();
        found.log.append("b\n", true).unwrap();
        found.log.append("\u{e9}\nd", false).unwrap();
        drop(found);
        let mut found = Log::open(&path, 99).unwrap();
        assert_eq!((&*found.text, found.torn), ("a\nb\n\u{e9}\n", true));
        found.log.replace("e\n").unwrap();
        found.log.append("f\n", false).unwrap();
        drop(found);
        fs::write(path.with_file_name(".log.tmp"), "left behind by a crash").unwrap();
        let mut found = Log::open(&path, 99).unwrap();
        assert_eq!((&*found.text, found.torn), ("e\nf\n", false));
        found.log.replace("").unwrap();
        let mut names: Vec<_> = fs::read_dir(path.parent().unwrap()).unwrap().map(|e| e.unwrap().file_name()).collect();
        names.sort();
        assert_eq!(names, ["log", "log.lock"]);
    }

    #[test]
    fn every_file_that_is_no_log_has_its_code_and_stays_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::write(&path, bytes).unwrap();
            path
        };
        let rows = [
            ("no whole line", path("a", b"hello"), "file-no-lines"),
            ("too large", path("b", b"1234\n6789\n"), "file-too-large"),
            ("no text", path("c", b"a\n\xff\nb\n"), "file-not-utf8"),
            ("below a file", path("d", b"").join("e"), "file-not-written"),
            ("a folder", folder.path().to_owned(), "file-not-regular"),
        ];
        for (name, path, expected) in rows {
            assert_eq!(code(&path, 9), expected, "{name}");
        }
        assert!(!folder.path().with_extension("lock").exists());
        assert_eq!(fs::read(folder.path().join("a")).unwrap(), b"hello");
        let torn = Log::open(&path("f", b"a\n\xc3"), 9).unwrap();
        assert_eq!((&*torn.text, torn.torn), ("a\n", true), "a character may be torn as well");
    }

    #[cfg(unix)]
    #[test]
    fn a_log_is_its_owners_and_behind_a_link_too() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::write(&real, "a\n").unwrap();
        symlink(&real, &link).unwrap();
        let mut found = Log::open(&link, 9).unwrap();
        found.log.replace("b\n").unwrap();
        assert_eq!(fs::read(&real).unwrap(), b"b\n");
        assert_eq!(fs::metadata(&real).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn a_log_is_taken_by_one_at_a_time_and_free_again_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let first = Log::open(&path, 9).unwrap();
        let second = lock(&path, Duration::from_millis(1)).unwrap_err();
        assert_eq!(second.diagnostic(&path).code, "file-in-use");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| Log::open(&path, 9).is_ok());
            drop(first);
            assert!(waiting.join().unwrap(), "it waits for the first one's end");
        });
    }
}
