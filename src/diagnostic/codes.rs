//! Every diagnostic code, and what to do about it.

/// Code, and a paragraph of cause and mending; sorted by code.
pub const CODES: &[(&str, &str)] = &[
    (
        "bad-argument",
        "An outcome or reading was given a parameter's name where it takes none, or none where it needs one. `missing` is \
         about a parameter: `missing(RegionId)`. The reading `empty-parameter` is told which by `of: SessionId`.",
    ),
    (
        "bad-code-pattern",
        "A code of the contract is written with letters, digits, `.`, `_` and `-`; a `*` may end it, and one `{NAME}` may \
         stand for a parameter's name. A pattern that fits every code says nothing and is refused.",
    ),
    (
        "bad-duration",
        "Times are a whole number and a unit without a space between: `50ms`, `2s`, `10m`; under `sign`, where they are long, \
         `47m`, `1h`, `2d`. A number alone could mean any unit.",
    ),
    (
        "bad-header",
        "The name of a header field is made of letters, digits and a few marks such as `-`; with anything else the request \
         would not be well-formed HTTP. To send malformed HTTP on purpose, write it out in a `raw` step.",
    ),
    (
        "bad-id",
        "A case's id is the path of its file, without the ending. Ids with spaces, commas, `:`, `!` or `*` could not be \
         named in `--select`, so such files have to be renamed.",
    ),
    ("bad-level", "A clause is a MUST, a SHOULD or a MAY, written in capital letters."),
    ("bad-method", "Methods are written in capital letters, such as `PUT`. A `raw` step sends anything else."),
    (
        "bad-name",
        "Names that an author chooses - of sessions, captures, tags and profiles - begin with a lower-case letter, and go on \
         with lower-case letters, digits and `-`.",
    ),
    (
        "bad-permits",
        "What a value of a reading permits is written as outcomes and readings, either for every parameter or for each by \
         itself.",
    ),
    (
        "bad-pointer",
        "Members of a body are named by JSON pointers (RFC 6901): `/Sessions/Session/0/SessionId`. A `/` within a name is \
         written `~1`, a `~` is written `~0`. There is no `$`, no `.` and no wildcard.",
    ),
    (
        "bad-report",
        "The file is no saved report: it is no JSON, is of another format, or breaks `schemas/report.schema.json` at the \
         place that is named. A report of another format is rendered by the version that wrote it.",
    ),
    (
        "bad-schema",
        "The file is JSON, but its content is no JSON Schema of draft 2020-12; the message says what the compiler minds.",
    ),
    (
        "bad-selection",
        "`--select` takes terms between commas or spaces: globs of ids (`end/request/*`), `clause:GLOB`, `tag:GLOB` and \
         `level:MUST`. A `!` before a term leaves out what it takes. An empty expression is refused, since it is mostly a \
         variable that was not set.",
    ),
    (
        "bad-status",
        "A status is a number from 100 to 599, such as `404`, or a class of them, such as `4xx`. Several stand in a list.",
    ),
    (
        "bad-template",
        "Texts of a request may hold variables: `{{region}}`, `{{victim.SessionId}}`. `{{` must be closed by `}}`; a literal \
         `{{` is written `{{'{{'}}`. Texts of an expectation are compared to the letter and hold no variables.",
    ),
    ("bad-title", "A title is one sentence on one line: it stands in lists and reports."),
    (
        "bad-values",
        "`values` asks for generated values of one parameter: `invalid(SessionId)`, `valid(RegionId)`, or, to take some \
         classes alone, `{ invalid: SessionId, class: [near-miss, malformed] }`.",
    ),
    (
        "clause-not-listed",
        "A step can prove a clause of its own only when the case lists it under `clauses`: what a case proves is seen from \
         its head.",
    ),
    (
        "command-from-above",
        "`session-command` and `restart-command` are run by the shell. A profile that was merely found in a folder above the \
         working folder may come with somebody else's checkout, so its commands are run only when it is named with \
         `--profile`, or when the command is started in its folder.",
    ),
    ("contradiction", "Two things were said that cannot both be meant: the message names them. Remove one."),
    (
        "credential",
        "A key was looked for where the official clients look, and what stands there cannot be signed with. The message says \
         where; it never shows a value. Read are ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and \
         ALIBABA_CLOUD_SECURITY_TOKEN, then ~/.aliyun/config.json (modes AK and StsToken), then \
         ~/.alibabacloud/credentials (type access_key).",
    ),
    ("duplicate-id", "Two rows of the contract have the same name. Names are public: rename or remove one."),
    (
        "duplicate-key",
        "A mapping has the same key twice, and only one value could count. To send a parameter twice, give it a list: \
         `SessionId: [a, b]`.",
    ),
    ("duplicate-reading", "A reading was declared twice with different values. Declare it once."),
    ("empty", "A list, mapping or text that must say something is empty. Fill it, or leave its key out."),
    ("empty-file", "The file holds nothing, or nothing but comments. A case has at least `clauses` and `steps`."),
    (
        "environment",
        "Something outside the program was not as it has to be: a network interface, a time zone, the runtime. The message \
         has the system's own words.",
    ),
    (
        "file-in-use",
        "Another process serves with this state file; two would overwrite each other's sessions. End the \
         other one, or name another file.",
    ),
    (
        "file-is-folder",
        "A file was expected and a folder was named. Cases are taken from folders; profiles, baselines and reports are files.",
    ),
    ("file-missing", "There is no file or folder of that name. The help names the nearest folder that is there."),
    (
        "file-no-lines",
        "The state file is not made of lines of text, so it is none that `serve --state` wrote. Name another \
         file.",
    ),
    ("file-not-permitted", "The file exists, and this user may not read it."),
    (
        "file-not-regular",
        "State is kept in a regular file; a folder, a device or a pipe cannot be rewritten in place. Name \
         another file.",
    ),
    (
        "file-not-written",
        "The file could not be written; the message has the system's reason. Nothing half-written is left.",
    ),
    (
        "file-too-large",
        "Files are read up to a limit (256 KiB for a case, 4 MiB for others), so that a wrong path cannot fill the memory.",
    ),
    ("file-unreadable", "The file could not be read; the message has the system's reason."),
    (
        "flag",
        "A flag, its variable in the environment, or the profile's key of the same name has a value that cannot be used. The \
         help says which values can.",
    ),
    ("folder-too-deep", "Folders are searched for cases up to 32 levels. Name the folder that holds the cases."),
    ("jobs", "`--jobs` is how many cases run at a time: a whole number from 1."),
    ("json-syntax", "The file is no JSON; the message has the reader's words."),
    ("listed-twice", "The same word stands twice in a list where it can only count once. Remove one."),
    (
        "many-actions",
        "A step does one thing: `open`, `call`, `look`, `raw` or `wait`. Begin another step for the next.",
    ),
    (
        "many-documents",
        "A file holds one YAML document, and one case: its path is its id. Put what follows `---` into another file.",
    ),
    (
        "merge-key",
        "`<<` is no part of YAML 1.2. Aliases of whole values (`with: *parameters`) work; otherwise write the members out.",
    ),
    (
        "misplaced-key",
        "The key exists, but has no meaning beside what the step does or the expectation says: the message names both. What \
         `open` and `wait` do is never judged, so they have neither `expect` nor `clause`.",
    ),
    (
        "misplaced-word",
        "The word exists, but not for this: `usable`, `unusable`, `listed` and `not-listed` are outcomes of `look` alone, and \
         `permitted` goes with `values`.",
    ),
    ("missing-key", "Something cannot do without this key. A case needs `clauses` and `steps`."),
    (
        "missing-need",
        "A step uses something that not every target has: open sessions, a second region, a region without the API. Name it \
         under `needs`, so that the case is left out, and reported as such, where the target lacks it.",
    ),
    ("missing-schema", "The contract speaks of a schema that no file holds."),
    ("name-taken", "Sessions, captures and the variables that every case has share their names. Choose another."),
    (
        "no-action",
        "The step does nothing that is known. It needs one of `open`, `call`, `look`, `raw` and `wait`, on the level of the \
         step itself: mind the indentation.",
    ),
    ("no-cases", "The folder holds no file that ends in `.yaml` or `.yml`. Hidden files and profiles are not counted."),
    (
        "old-boolean",
        "`yes`, `no`, `on` and `off` without quotes are booleans to readers of YAML 1.1 and texts to those of 1.2. Write \
         `true` or `false`, or put the text in quotes, so that every reader agrees.",
    ),
    ("out-of-range", "The number or time is larger or smaller than what is permitted; the message says what is."),
    (
        "reading-circle",
        "A reading permits what another permits, and that again what the first permits. One must say it outright.",
    ),
    (
        "same-id",
        "Two files are the same case: ids are paths below the folder `cases`, or below the folder named. Rename one, or run \
         them one after the other.",
    ),
    (
        "secret-in-file",
        "Access keys, secrets and tokens have no place in a profile, which is shown, shared and committed. Set \
         ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and ALIBABA_CLOUD_SECURITY_TOKEN in the environment.",
    ),
    (
        "selects-nothing",
        "A term of `--select` takes no case. That is mostly a typing error, and would make a run pass that tested nothing. \
         `endspec list cases` shows ids, `endspec list clauses` clauses.",
    ),
    (
        "state-corrupt",
        "A line of the file that `serve --state` keeps its sessions in does not say what such a line says. \
         The file was left as it is: mend the line that is shown, or name another file to begin without \
         sessions.",
    ),
    (
        "state-newer",
        "The state file was written by a newer endspec, which may keep more in it than this one understands. \
         Serve with that one, or name another file.",
    ),
    ("too-many", "There are more of these than one case may have; the message says how many. Divide the case."),
    (
        "too-many-files",
        "More files were found than a suite can have: probably a folder far above the cases was named. Name the folder that \
         holds the cases.",
    ),
    (
        "unknown-capability",
        "There is no capability of that name. `endspec list capabilities` shows what a target may lack.",
    ),
    (
        "unknown-clause",
        "There is no clause of that id in this revision of the contract. `endspec list clauses` shows all; ids are never \
         renamed within a revision.",
    ),
    ("unknown-code", "No row of the contract's error table has this code."),
    ("unknown-id", "There is nothing that `endspec explain` could explain under this name."),
    ("unknown-key", "The key is not known here, and would be ignored silently. The help names the nearest, or all."),
    (
        "unknown-keyword",
        "The word is no keyword of JSON Schema 2020-12, and validators pass over what they do not know. Annotations of your \
         own begin with `x-`.",
    ),
    (
        "unknown-operation",
        "A call names one of the operations that the contract knows. To send another, or none, keep one of them and write \
         `with: { Action: ... }` or `without: [Action]`.",
    ),
    (
        "unknown-outcome",
        "There is no outcome of that name. `endspec list outcomes` shows all. A reading is written `{ reading: NAME }`, a \
         status or code as `{ status: 404 }`, `{ code: ... }`.",
    ),
    ("unknown-parameter", "No operation takes a parameter of that name."),
    ("unknown-profile", "The profile file has no profile of that name under `profiles`."),
    (
        "unknown-reading",
        "There is no reading of that name. `endspec list readings` shows the open questions and their values.",
    ),
    ("unknown-region", "No document or client knows a region of that name."),
    ("unknown-revision", "There is no revision of that name. The help names those that are built in."),
    (
        "unknown-schema",
        "There is no schema of that name. They are named by operation and part: `EndTerminalSession/success`, `Error/error`.",
    ),
    (
        "unknown-session",
        "A step looks at a session that no step before it opened. Sessions are opened with `- open: NAME`.",
    ),
    (
        "unknown-situation",
        "There is no situation of that name. `endspec list situations` shows what the history of a case can be asked for.",
    ),
    ("unknown-source", "The contract cites a source that its `sources` do not name."),
    ("unknown-value", "The reading has no value of that name. `endspec explain READING` shows its values."),
    (
        "unknown-variable",
        "The variable is not known at this step: sessions must be opened and values captured by a step before. A session is \
         used by its members: `{{victim.SessionId}}`, `{{victim.SecurityToken}}`, `{{victim.WebSocketUrl}}`. Every case \
         has `region`, `other-region`, `unsupported-region`, `instance-id`, `host`, `path` and `unknown.SessionId`.",
    ),
    ("unknown-word", "Only certain words are understood here. The help names the nearest, or all."),
    ("wrong-revision", "The file stands in the folder of one revision and says that it is another."),
    (
        "wrong-type",
        "A value is of another kind than it has to be: a number where a text is meant, a text where a list is meant. Texts \
         that look like numbers or booleans need quotes, and so do texts that begin with `{{`, which YAML takes for a \
         mapping.",
    ),
    (
        "yaml-alias",
        "An alias (`*name`) stands before its anchor (`&name`), or inside of what it names. A text that begins with `*` or \
         `&` needs quotes.",
    ),
    (
        "yaml-syntax",
        "The text is no YAML from this place on. Mind indentation, brackets, quotes, and tabs, which do not indent.",
    ),
    ("yaml-tag", "Tags (`!name`, `!!str`) are not used. A text that begins with `!` needs quotes."),
    ("yaml-too-deep", "Lists and mappings stand in each other deeper than any file needs, and than is safe to read."),
    (
        "yaml-too-large",
        "The document has more values than any file needs, mostly because aliases of aliases multiply them.",
    ),
];

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Codes that the program uses, by what they are handed to.
    fn used(folder: &Path, found: &mut Vec<(String, String)>) {
        const TAKERS: [&str; 8] =
            ["Diagnostic::new(", "Diagnostic::at(", ".mistake(", ".mend(", ".unknown(", "stop(", " at(", "code: "];
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                used(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            let program = text.split("#[cfg(test)]").next().unwrap();
            for taker in TAKERS {
                for (at, _) in program.match_indices(taker) {
                    let rest = program[at + taker.len()..].trim_start();
                    let code = rest.strip_prefix('"').and_then(|rest| rest.split_once('"')).map(|(code, _)| code);
                    let kebab =
                        |code: &&str| !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
                    if let Some(code) = code.filter(kebab) {
                        found.push((code.to_owned(), path.display().to_string()));
                    }
                }
            }
        }
    }

    #[test]
    fn every_code_that_is_used_is_explained() {
        let mut found = Vec::new();
        used(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        assert!(found.len() > 80, "{found:?}");
        for (code, path) in found {
            assert!(CODES.iter().any(|(other, _)| *other == code), "`{code}` of {path} is not in CODES");
        }
    }

    #[test]
    fn codes_are_sorted_and_explained_in_sentences() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, none twice");
        for (code, words) in CODES {
            assert!(words.ends_with('.') && words.len() > 40, "{code}");
        }
    }
}
