//! The only reading and writing of files.

mod log;

pub use log::{Found, Log};

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use crate::diagnostic::Diagnostic;
use crate::limits;

/// Folder name under which ids begin: `cases/end/x.yaml` is the case `end/x` wherever it is run from.
const CASES: &str = "cases";

/// Files of this program that stand among cases and are none: profiles and baselines.
const OTHERS: [&str; 4] = ["endspec.yaml", "endspec.yml", "endspec-baseline.yaml", "endspec-baseline.yml"];

/// Reads a text of at most `limit` bytes.
///
/// # Errors
/// The file is missing, a folder, too large (no more than `limit` bytes of it are read), not UTF-8 or not permitted.
pub fn read(path: &Path, limit: u64) -> Result<String, Diagnostic> {
    String::from_utf8(bytes(path, limit)?).map_err(|error| not_utf8(path, &error))
}

/// Reads at most `limit` bytes, whatever they are.
///
/// # Errors
/// As [`read`], UTF-8 apart.
pub fn bytes(path: &Path, limit: u64) -> Result<Vec<u8>, Diagnostic> {
    let failed = |error: &io::Error| unreadable(path, error);
    let file = File::open(path).map_err(|error| failed(&error))?;
    let metadata = file.metadata().map_err(|error| failed(&error))?;
    if metadata.is_dir() {
        let message = format!("{} is a folder, not a file", shown(path));
        return Err(Diagnostic::new("file-is-folder", message).help("name a file in it"));
    }
    if metadata.is_file() && metadata.len() > limit {
        return Err(too_large(path, limit));
    }
    // Room for all of it and one byte more, so that its end is seen without growing: many small files are read.
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len().min(limit)).unwrap_or(0) + 1);
    // A device or pipe has no length, and a file can grow.
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|error| failed(&error))?;
    if bytes.len() as u64 > limit {
        return Err(too_large(path, limit));
    }
    Ok(bytes)
}

/// Whether it is a file that holds nothing.
pub fn is_empty(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.len() == 0)
}

/// Writes a file so that other programs see the old content or the new one, never half of it; missing folders are made.
///
/// What is no regular file (a pipe, `/dev/stdout`) is written to as it is.
///
/// # Errors
/// The file system's own, as `file-not-written`.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), Diagnostic> {
    // What a link leads to is written, not the link.
    let real = fs::canonicalize(path);
    let path = real.as_deref().unwrap_or(path);
    let attempt = || -> io::Result<()> {
        if fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir()) {
            return fs::OpenOptions::new().write(true).open(path)?.write_all(bytes);
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut name = OsStr::new(".").to_owned();
        name.push(path.file_name().ok_or_else(|| io::Error::new(ErrorKind::IsADirectory, "it names no file"))?);
        name.push(format!(".{}.tmp", std::process::id()));
        let beside = folder.join(name);
        let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, path));
        if written.is_err() {
            // The first failure is the one worth telling.
            let _ = fs::remove_file(&beside);
        }
        written
    };
    attempt()
        .map_err(|error| Diagnostic::new("file-not-written", format!("{} cannot be written: {error}", shown(path))))
}

/// Makes a folder, those above it included, where it is not there.
///
/// # Errors
/// The file system's own, as `file-not-written`.
pub fn folder(path: &Path) -> Result<(), Diagnostic> {
    let words = |error| format!("{} cannot be made a folder: {error}", shown(path));
    fs::create_dir_all(path).map_err(|error| Diagnostic::new("file-not-written", words(error)))
}

/// Opens a file to be written, what it holds left as it is. For what must be known to be writable before it is there.
///
/// # Errors
/// The file system's own, as `file-not-written`.
pub fn create(path: &Path) -> Result<File, Diagnostic> {
    let opened = File::options().write(true).create(true).truncate(false).open(path);
    opened.map_err(|error| unwritable(path, &error))
}

/// Which file an open one is, by whatever path: device and number.
pub type FileId = (u64, u64);

/// Which file it is; `None` for what several may write to, such as a pipe, and where the system does not say.
pub fn which(file: &File) -> Option<FileId> {
    let metadata = file.metadata().ok().filter(fs::Metadata::is_file)?;
    #[cfg(unix)]
    return Some((std::os::unix::fs::MetadataExt::dev(&metadata), std::os::unix::fs::MetadataExt::ino(&metadata)));
    #[cfg(not(unix))]
    return None;
}

/// Opens a file to add to what it holds.
///
/// # Errors
/// The file system's own, as `file-not-written`.
pub fn append(path: &Path) -> Result<File, Diagnostic> {
    File::options().append(true).create(true).open(path).map_err(|error| unwritable(path, &error))
}

/// The case files that the paths name: files as they are, folders with everything in them that ends in `.yaml` or
/// `.yml`, hidden entries, profiles (`endspec.yaml`) and baselines (`endspec-baseline.yaml`) left out. Ids are unique and in order.
///
/// An id is the path below the nearest folder named `cases`, or below the folder given, without the ending.
///
/// # Errors
/// Paths that cannot be read, folders without any case, too deep or too large, and two files of one id.
pub fn case_files(paths: &[PathBuf]) -> Result<Vec<(String, PathBuf)>, Vec<Diagnostic>> {
    let mut walk = Walk::default();
    for path in paths {
        match fs::metadata(path) {
            Err(error) => walk.diagnostics.push(unreadable(path, &error)),
            Ok(metadata) if metadata.is_dir() => {
                let before = walk.taken;
                walk.folder(path, path, 0);
                if walk.taken == before && walk.diagnostics.is_empty() {
                    let message = format!("{} holds no case files", shown(path));
                    let help = "case files end in .yaml or .yml";
                    walk.diagnostics.push(Diagnostic::new("no-cases", message).help(help));
                }
            }
            Ok(_) => {
                let root = path.parent().unwrap_or(Path::new(""));
                walk.file(root, path, std::path::absolute(path).ok(), fs::canonicalize(path).ok());
            }
        }
    }
    if walk.diagnostics.is_empty() { Ok(walk.files.into_iter().collect()) } else { Err(walk.diagnostics) }
}

#[derive(Default)]
struct Walk {
    files: BTreeMap<String, PathBuf>,
    /// Files met, those met before included.
    taken: usize,
    entries: usize,
    /// Folders and files met, by their real path: links can make circles.
    seen: HashSet<PathBuf>,
    diagnostics: Vec<Diagnostic>,
}

impl Walk {
    fn folder(&mut self, root: &Path, folder: &Path, depth: usize) {
        if depth > limits::FOLDER_DEPTH {
            let message = format!("{} lies more than {} folders deep", shown(folder), limits::FOLDER_DEPTH);
            self.diagnostics.push(Diagnostic::new("folder-too-deep", message));
            return;
        }
        let Ok(real) = fs::canonicalize(folder) else { return };
        if !self.seen.insert(real.clone()) {
            return;
        }
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => return self.diagnostics.push(unreadable(folder, &error)),
        };
        let mut paths = Vec::new();
        for entry in entries {
            self.entries += 1;
            if self.entries > limits::FOLDER_ENTRIES {
                return self.too_many(folder);
            }
            match entry {
                Ok(entry) => paths.push((entry.path(), entry.file_type())),
                Err(error) => return self.diagnostics.push(unreadable(folder, &error)),
            }
        }
        paths.sort_by(|(a, _), (b, _)| a.cmp(b));
        let absolute = std::path::absolute(folder).ok();
        for (path, kind) in paths {
            let name = path.file_name().unwrap_or_default();
            let text = name.to_string_lossy();
            if text.starts_with('.') || OTHERS.contains(&&*text) {
                continue;
            }
            // What is no link is where it seems to be: only for links the file system is asked again.
            let kind = kind.ok().filter(|kind| !kind.is_symlink());
            if kind.map_or_else(|| path.is_dir(), |kind| kind.is_dir()) {
                self.folder(root, &path, depth + 1);
            } else if is_yaml(&path) {
                let real = if kind.is_some() { Some(real.join(name)) } else { fs::canonicalize(&path).ok() };
                self.file(root, &path, absolute.as_ref().map(|folder| folder.join(name)), real);
            }
            if self.entries > limits::FOLDER_ENTRIES || self.files.len() > limits::CASE_FILES {
                return;
            }
        }
    }

    fn file(&mut self, root: &Path, path: &Path, absolute: Option<PathBuf>, real: Option<PathBuf>) {
        self.taken += 1;
        if real.is_some_and(|real| !self.seen.insert(real)) {
            return;
        }
        let Some(id) = absolute.and_then(|absolute| id(root, path, &absolute)) else {
            let message = format!("{} has a name that is no text", shown(path));
            return self
                .diagnostics
                .push(Diagnostic::new("bad-id", message).help("rename it: its path is the case's id"));
        };
        if self.files.len() >= limits::CASE_FILES {
            self.too_many(path);
        }
        if let Some(first) = self.files.get(&id) {
            let message = format!("{} and {} are both the case `{id}`", shown(first), shown(path));
            self.diagnostics
                .push(Diagnostic::new("same-id", message).help("rename one, or run them one after the other"));
            return;
        }
        self.files.insert(id, path.to_owned());
    }

    fn too_many(&mut self, at: &Path) {
        if self.diagnostics.iter().all(|diagnostic| diagnostic.code != "too-many-files") {
            let message = format!("more files than can be meant, up to {}", shown(at));
            self.diagnostics
                .push(Diagnostic::new("too-many-files", message).help("name the folder that holds the cases"));
        }
    }
}

/// The id of the case in `path`, which was found below `root`.
fn id(root: &Path, path: &Path, absolute: &Path) -> Option<String> {
    let parts: Vec<&OsStr> = absolute.iter().collect();
    let below = match parts[..parts.len().saturating_sub(1)].iter().rposition(|part| *part == CASES) {
        Some(at) => parts[at + 1..].iter().collect::<PathBuf>(),
        None => path.strip_prefix(root).unwrap_or(path).to_owned(),
    };
    let below = if is_yaml(&below) { below.with_extension("") } else { below };
    let parts: Option<Vec<&str>> = below.iter().map(OsStr::to_str).collect();
    Some(parts?.join("/"))
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml")
}

fn unreadable(path: &Path, error: &io::Error) -> Diagnostic {
    let name = shown(path);
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => {
            let nearest = path.ancestors().skip(1).find(|folder| folder.is_dir() && !folder.as_os_str().is_empty());
            let mut diagnostic = Diagnostic::new("file-missing", format!("{name} does not exist"));
            diagnostic.help = nearest.map(|folder| format!("{} does", shown(folder)));
            diagnostic
        }
        ErrorKind::PermissionDenied => {
            Diagnostic::new("file-not-permitted", format!("{name} may not be read by this user"))
                .help("change its permissions, or run as another user")
        }
        ErrorKind::IsADirectory => Diagnostic::new("file-is-folder", format!("{name} is a folder, not a file")),
        _ => Diagnostic::new("file-unreadable", format!("{name} cannot be read: {error}")),
    }
}

fn too_large(path: &Path, limit: u64) -> Diagnostic {
    let message = format!("{} is larger than {limit} bytes", shown(path));
    Diagnostic::new("file-too-large", message)
        .help("nothing that is read here needs to be that large; is it the right file?")
}

fn not_utf8(path: &Path, error: &FromUtf8Error) -> Diagnostic {
    let valid = error.utf8_error().valid_up_to();
    let line = error.as_bytes()[..valid].iter().filter(|byte| **byte == b'\n').count() + 1;
    let message = format!("{} is not UTF-8: byte {} on line {line} fits no character", shown(path), valid + 1);
    Diagnostic::new("file-not-utf8", message).help("save the file as UTF-8")
}

fn unwritable(path: &Path, error: &io::Error) -> Diagnostic {
    Diagnostic::new("file-not-written", format!("{} cannot be written: {error}", shown(path)))
}

fn shown(path: &Path) -> String {
    format!("`{}`", path.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code<T: std::fmt::Debug>(result: Result<T, Diagnostic>) -> &'static str {
        result.expect_err("a mistake").code
    }

    #[test]
    fn every_way_in_which_a_file_cannot_be_read_has_its_code() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let large = File::create(path("large")).unwrap();
        large.set_len(100 << 20).unwrap();
        fs::write(path("latin"), b"a\nb\xe9").unwrap();
        fs::write(path("fits"), "abc").unwrap();
        assert_eq!(code(read(&path("large"), limits::CASE_BYTES)), "file-too-large");
        assert_eq!(code(read(&path("gone/a"), limits::CASE_BYTES)), "file-missing");
        assert_eq!(code(read(&path("fits/a"), 9)), "file-missing");
        assert_eq!(code(read(folder.path(), 9)), "file-is-folder");
        assert_eq!(code(read(&path("fits"), 2)), "file-too-large");
        assert_eq!(read(&path("fits"), 3).unwrap(), "abc");
        let latin = read(&path("latin"), 9).unwrap_err();
        assert_eq!(latin.code, "file-not-utf8");
        assert!(latin.message.ends_with("byte 4 on line 2 fits no character"), "{}", latin.message);
        assert_eq!(unreadable(&path("x"), &ErrorKind::PermissionDenied.into()).code, "file-not-permitted");
        assert_eq!(unreadable(&path("x"), &ErrorKind::Other.into()).code, "file-unreadable");
        #[cfg(unix)]
        assert_eq!(code(read(Path::new("/dev/zero"), 100)), "file-too-large", "endless devices are bounded too");
    }

    #[test]
    fn case_files_are_found_in_order_once_and_without_running_in_circles() {
        let folder = tempfile::tempdir().unwrap();
        let cases = folder.path().join("cases");
        for name in [
            "end/b.yaml",
            "end/a.yml",
            "end/notes.md",
            "z.yaml",
            ".hidden/x.yaml",
            "endspec.yaml",
            "endspec-baseline.yaml",
        ] {
            let path = cases.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&cases, cases.join("loop")).unwrap();
        let ids =
            |paths: &[PathBuf]| -> Vec<String> { case_files(paths).unwrap().into_iter().map(|(id, _)| id).collect() };
        assert_eq!(ids(std::slice::from_ref(&cases)), ["end/a", "end/b", "z"]);
        assert_eq!(ids(&[cases.join("end"), cases.join("end/b.yaml")]), ["end/a", "end/b"], "ids keep their folder");

        let other = folder.path().join("other");
        fs::create_dir(&other).unwrap();
        fs::write(other.join("a.yaml"), "").unwrap();
        assert_eq!(ids(&[other.join("a.yaml")]), ["a"]);
        fs::write(other.join("a.yml"), "").unwrap();
        let codes = |paths: &[PathBuf]| -> Vec<&str> {
            case_files(paths).unwrap_err().iter().map(|diagnostic| diagnostic.code).collect()
        };
        assert_eq!(codes(&[other, folder.path().join("gone")]), ["same-id", "file-missing"]);
        let empty = folder.path().join("empty");
        fs::create_dir(&empty).unwrap();
        assert_eq!(codes(std::slice::from_ref(&empty)), ["no-cases"]);
        let mut deep = empty.clone();
        deep.extend(vec!["d"; limits::FOLDER_DEPTH + 2]);
        fs::create_dir_all(&deep).unwrap();
        assert_eq!(codes(&[empty]), ["folder-too-deep"]);
    }

    #[test]
    fn files_are_replaced_whole_and_nothing_is_left_beside_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/report.json");
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        assert_eq!(code(write(folder.path(), b"x")), "file-not-written");
        assert_eq!(code(write(&path.join("below"), b"x")), "file-not-written");
        assert_eq!(code(create(&folder.path().join("a/b"))), "file-not-written", "no folder is made");
        create(&folder.path().join("c")).unwrap().write_all(b"x").unwrap();
        assert_eq!(code(create(folder.path())), "file-not-written");
        append(&folder.path().join("c")).unwrap().write_all(b"y").unwrap();
        assert_eq!(fs::read(folder.path().join("c")).unwrap(), b"xy");
        assert_eq!(code(append(folder.path())), "file-not-written");
        #[cfg(unix)]
        write(Path::new("/dev/null"), b"x").unwrap();
    }
}
