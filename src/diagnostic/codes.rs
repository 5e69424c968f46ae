//! Every diagnostic code: what causes it, and how to mend that.

/// Code, and two paragraphs, one of the cause and one of mending; sorted by code.
pub const CODES: &[(&str, &str)] = &[
    (
        "bad-argument",
        "An outcome or reading was given a parameter's name where it takes none, or none where it needs one.\n\
         Write `missing(RegionId)`, since `missing` is about a parameter; tell the reading `empty-parameter` which \
         one by `of: SessionId`; give the others none.",
    ),
    (
        "bad-code-pattern",
        "A code of the contract is written with letters, digits, `.`, `_` and `-`; a `*` may end it, and one \
         `{NAME}` may stand for a parameter's name. A pattern that fits every code says nothing.\n\
         Write the code out as the documents have it, and let `*` stand for its end alone.",
    ),
    (
        "bad-date",
        "A day is none, or not written as such. An entry of a baseline is accepted up to the end of the day that `expires` \
         names, in UTC; from the next day on it fails the run.\n\
         Write the day with all its digits, `2027-01-31`.",
    ),
    (
        "bad-duration",
        "Times are a whole number and a unit: a number alone could mean any unit.\n\
         Write `50ms`, `2s` or `10m`, without a space between; under `sign`, where times are long, `47m`, `1h` or \
         `2d`.",
    ),
    (
        "bad-header",
        "The name of a header field is made of letters, digits and a few marks such as `-`; with anything else the \
         request would not be well-formed HTTP.\n\
         Correct the name. To send malformed HTTP on purpose, write it out in a `raw` step.",
    ),
    (
        "bad-id",
        "A case's id is the path of its file, without the ending. Ids with spaces, commas, `:`, `!` or `*` could not \
         be named in `--select`.\n\
         Rename the file, or the folder that it stands in.",
    ),
    (
        "bad-level",
        "A clause is a MUST, a SHOULD or a MAY, and the word is another.\n\
         Write one of the three, in capital letters.",
    ),
    (
        "bad-method",
        "Methods of a call are written in capital letters.\n\
         Write it like `PUT`. A `raw` step sends anything else.",
    ),
    (
        "bad-name",
        "Names that an author chooses - of sessions, captures, tags and profiles - begin with a lower-case letter, \
         and go on with lower-case letters, digits and `-`.\n\
         Write the name so, and wherever it is used.",
    ),
    (
        "bad-permits",
        "What a value of a reading permits is written as outcomes and readings, either for every parameter or for \
         each by itself; this is neither.\n\
         Give a list of outcomes, or a mapping from parameters to such lists.",
    ),
    (
        "bad-pointer",
        "Members of a body are named by JSON pointers (RFC 6901); there is no `$`, no `.` and no wildcard.\n\
         Write it like `/Sessions/Session/0/SessionId`; a `/` within a name is written `~1`, a `~` is written `~0`.",
    ),
    (
        "bad-report",
        "The file is no saved report: it is no JSON, is of another format, or breaks `schemas/report.schema.json` at \
         the place that is named.\n\
         Name a file that `endspec run --report json=FILE` wrote; one of another format is rendered by the version \
         that wrote it.",
    ),
    (
        "bad-schema",
        "The file is JSON, but its content is no JSON Schema of draft 2020-12; the message says what the compiler \
         minds.\n\
         Correct the schema at that keyword.",
    ),
    (
        "bad-selection",
        "`--select` takes terms between commas or spaces, and this is none. An empty expression is refused, since it \
         is mostly a variable that was not set.\n\
         Write globs of ids (`end/request/*`), `clause:GLOB`, `tag:GLOB` or `level:MUST`; a `!` before a term leaves \
         out what it takes.",
    ),
    (
        "bad-status",
        "A status is a number from 100 to 599, or a class of them.\n\
         Write it like `404` or `4xx`; several stand in a list.",
    ),
    (
        "bad-template",
        "Texts of a request may hold variables, `{{region}}` or `{{victim.SessionId}}`, and this one is not closed, \
         or names nothing. Texts of an expectation are compared to the letter and hold none.\n\
         Close `{{` by `}}`; write a literal `{{` as `{{'{{'}}`.",
    ),
    (
        "bad-title",
        "A title is one sentence on one line: it stands in lists and reports.\n\
         Shorten it to one line; what is more than that is a comment in the file.",
    ),
    (
        "bad-values",
        "`values` asks for generated values of one parameter, and this asks for something else.\n\
         Write `invalid(SessionId)`, `valid(RegionId)`, or, to take some classes alone, `{ invalid: SessionId, \
         class: [near-miss, malformed] }`.",
    ),
    (
        "baseline-form",
        "Entries are added to a baseline and taken out of it as whole lines, so that comments and order stay. Where an entry is \
         not written as lines of its own that begin with `- `, or other places refer to it, nothing is changed.\n\
         Write it so, or change the file by hand.",
    ),
    (
        "clause-not-listed",
        "A step can prove a clause of its own only when the case lists it under `clauses`: what a case proves is \
         seen from its head.\n\
         Add the clause to the list, or leave it out of the step.",
    ),
    (
        "command-from-above",
        "`session-command` and `restart-command` are run by the shell, and a profile that was merely found in a \
         folder above the working folder may come with somebody else's checkout.\n\
         Read the file; then name it with `--profile`, or start the command in its folder.",
    ),
    (
        "contradiction",
        "Two things were said that cannot both be meant: the message names them.\n\
         Remove one.",
    ),
    (
        "credential",
        "A key was looked for where the official clients look - ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET \
         and ALIBABA_CLOUD_SECURITY_TOKEN, then ~/.aliyun/config.json, then ~/.alibabacloud/credentials - and what stands \
         there cannot be signed with. The message says where; it never shows a value.\n\
         Mend it there, or name another key with `--credential-profile`.",
    ),
    (
        "duplicate-id",
        "Two rows of the contract have the same name.\n\
         Names are public: rename or remove one.",
    ),
    (
        "duplicate-key",
        "A mapping has the same key twice, and only one value could count.\n\
         Remove one. To send a parameter twice, give it a list: `SessionId: [a, b]`.",
    ),
    (
        "duplicate-reading",
        "A reading was declared twice with different values.\n\
         Declare it once.",
    ),
    (
        "empty",
        "A list, mapping or text that must say something is empty.\n\
         Fill it, or leave its key out.",
    ),
    (
        "empty-file",
        "The file holds nothing, or nothing but comments.\n\
         Write a case, which has at least `clauses` and `steps`, or remove the file.",
    ),
    (
        "environment",
        "Something outside the program was not as it has to be: a network interface, a time zone, the runtime. The \
         message has the system's own words.\n\
         Give the machine what is missing, and run the command again.",
    ),
    (
        "file-in-use",
        "Another process serves with this state file; two would overwrite each other's sessions.\n\
         End the other one, or name another file.",
    ),
    (
        "file-is-folder",
        "A file was expected and a folder was named.\n\
         Name a file in it: cases are taken from folders; profiles, baselines and reports are files.",
    ),
    (
        "file-missing",
        "There is no file or folder of that name.\n\
         Correct the path; the help names the nearest folder that is there.",
    ),
    (
        "file-no-lines",
        "The state file is not made of lines of text, so it is none that `serve --state` wrote.\n\
         Name another file.",
    ),
    (
        "file-not-permitted",
        "The file exists, and this user may not read it.\n\
         Permit it (`chmod u+r FILE`), or run the command as a user who may.",
    ),
    (
        "file-not-regular",
        "State is kept in a regular file; a folder, a device or a pipe cannot be rewritten in place.\n\
         Name another file.",
    ),
    (
        "file-not-written",
        "The file could not be written; the message has the system's reason. Nothing half-written is left.\n\
         Make its folder, permit writing there, or make room; or name another file.",
    ),
    (
        "file-too-large",
        "Files are read up to a limit (256 KiB for a case, 4 MiB for others), so that a wrong path cannot fill the \
         memory.\n\
         Name the right file, or divide this one.",
    ),
    (
        "file-unreadable",
        "The file could not be read; the message has the system's reason.\n\
         Remove that reason, such as text that is not UTF-8 or a disk that fails, or name another file.",
    ),
    (
        "flag",
        "A flag, its variable in the environment, or the profile's key of the same name has a value that cannot be \
         used.\n\
         Give one of the values that the help names; a variable that is not meant is unset.",
    ),
    (
        "folder-too-deep",
        "Folders are searched for cases up to 32 levels.\n\
         Name the folder that holds the cases.",
    ),
    (
        "jobs",
        "`--jobs` is how many cases run at a time, and this is no such number.\n\
         Give a whole number from 1.",
    ),
    (
        "json-syntax",
        "The file is no JSON; the message has the reader's words.\n\
         Correct it at the line that is shown.",
    ),
    (
        "listed-twice",
        "The same word stands twice in a list where it can only count once.\n\
         Remove one.",
    ),
    (
        "many-actions",
        "A step does one thing: `open`, `call`, `look`, `raw` or `wait`; this one does several.\n\
         Begin another step for the next.",
    ),
    (
        "many-documents",
        "A file holds one YAML document, and one case: its path is its id.\n\
         Put what follows `---` into another file.",
    ),
    (
        "merge-key",
        "`<<` is no part of YAML 1.2.\n\
         Write the members out; aliases of whole values (`with: *parameters`) work.",
    ),
    (
        "misplaced-key",
        "The key exists, but has no meaning beside what the step does or the expectation says: the message names \
         both. What `open` and `wait` do is never judged, so they have neither `expect` nor `clause`.\n\
         Remove the key, or move it to the step that it belongs to.",
    ),
    (
        "misplaced-word",
        "The word exists, but not for this: `usable`, `unusable`, `listed` and `not-listed` are outcomes of `look` \
         alone, and `permitted` goes with `values`.\n\
         Expect an outcome of what the step does: `endspec list outcomes`.",
    ),
    (
        "missing-key",
        "Something cannot do without this key.\n\
         Add it. A case needs `clauses` and `steps`.",
    ),
    (
        "missing-need",
        "A step uses something that not every target has: open sessions, a second region, a region without the API.\n\
         Name it under `needs`, so that the case is left out, and reported as such, where the target lacks it.",
    ),
    (
        "missing-schema",
        "The contract speaks of a schema that no file holds.\n\
         Add the file under `schemas/REVISION/`, or correct the name.",
    ),
    (
        "name-taken",
        "Sessions, captures and the variables that every case has share their names.\n\
         Choose another.",
    ),
    (
        "no-action",
        "The step does nothing that is known.\n\
         Give it one of `open`, `call`, `look`, `raw` and `wait`, on the level of the step itself: mind the \
         indentation.",
    ),
    (
        "no-cases",
        "The folder holds no file that ends in `.yaml` or `.yml`. Hidden files and profiles are not counted.\n\
         Name the folder that holds the cases.",
    ),
    (
        "not-mergeable",
        "`endspec report` puts the reports of the shards of one run together: of one version, suite, target, contract, \
         readings, seed, selection and baseline, each shard once. What differs is named.\n\
         Make all of them in one run.",
    ),
    (
        "old-boolean",
        "`yes`, `no`, `on` and `off` without quotes are booleans to readers of YAML 1.1 and texts to those of 1.2.\n\
         Write `true` or `false`, or put the text in quotes, so that every reader agrees.",
    ),
    (
        "out-of-range",
        "The number or time is larger or smaller than what is permitted.\n\
         Give one within the bounds that the message names.",
    ),
    (
        "reading-circle",
        "A reading permits what another permits, and that again what the first permits.\n\
         Have one of them say it outright.",
    ),
    (
        "same-id",
        "Two files are the same case: ids are paths below the folder `cases`, or below the folder named.\n\
         Rename one, or run them one after the other.",
    ),
    (
        "secret-in-file",
        "Access keys, secrets and tokens have no place in a profile, which is shown, shared and committed.\n\
         Remove the key, and set ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and \
         ALIBABA_CLOUD_SECURITY_TOKEN in the environment. A secret that was committed is no secret any more: replace \
         it.",
    ),
    (
        "selects-nothing",
        "A term of `--select` takes no case. That is mostly a typing error, and would make a run pass that tested \
         nothing.\n\
         Correct or remove the term: `endspec list cases` shows ids, `endspec list clauses` clauses.",
    ),
    (
        "state-corrupt",
        "A line of the file that `serve --state` keeps its sessions in does not say what such a line says. The file \
         was left as it is.\n\
         Mend the line that is shown, or name another file to begin without sessions.",
    ),
    (
        "state-newer",
        "The state file was written by a newer endspec, which may keep more in it than this one understands.\n\
         Serve with that one, or name another file.",
    ),
    (
        "too-many",
        "There are more of these than one case may have; the message says how many.\n\
         Divide the case.",
    ),
    (
        "too-many-files",
        "More files were found than a suite can have: probably a folder far above the cases was named.\n\
         Name the folder that holds the cases.",
    ),
    (
        "unknown-capability",
        "There is no capability of that name.\n\
         Correct it: `endspec list capabilities` shows what a target may lack.",
    ),
    (
        "unknown-clause",
        "There is no clause of that id in this revision of the contract.\n\
         Correct it: `endspec list clauses` shows all, and ids are never renamed within a revision; `--contract` \
         names another one.",
    ),
    (
        "unknown-code",
        "No row of the contract's error table has this code.\n\
         Add the row with its source, or correct the code.",
    ),
    (
        "unknown-id",
        "There is nothing that `endspec explain` could explain under this name.\n\
         Correct it: `endspec list` shows cases, clauses, outcomes, readings, capabilities, mutations, situations \
         and faults by name.",
    ),
    (
        "unknown-key",
        "The key is not known here, and would be ignored silently.\n\
         Correct or remove it: the help names the nearest, or all.",
    ),
    (
        "unknown-keyword",
        "The word is no keyword of JSON Schema 2020-12, and validators pass over what they do not know.\n\
         Correct it; annotations of your own begin with `x-`.",
    ),
    (
        "unknown-operation",
        "A call names one of the operations that the contract knows, and this is none of them.\n\
         Correct the name. To send another, or none, keep a known one and write `with: { Action: ... }` or `without: \
         [Action]`.",
    ),
    (
        "unknown-outcome",
        "There is no outcome of that name.\n\
         Correct it: `endspec list outcomes` shows all. A reading is written `{ reading: NAME }`, a status or code \
         as `{ status: 404 }`, `{ code: ... }`.",
    ),
    (
        "unknown-parameter",
        "No operation takes a parameter of that name.\n\
         Correct it: RegionId and SessionId are those of EndTerminalSession.",
    ),
    (
        "unknown-profile",
        "The profile file has no profile of that name under `profiles`.\n\
         Correct the name after `#`, or add the profile: the help names those that are there.",
    ),
    (
        "unknown-reading",
        "There is no reading of that name.\n\
         Correct it: `endspec list readings` shows the open questions and their values.",
    ),
    (
        "unknown-region",
        "No document or client knows a region of that name.\n\
         Correct it, or add it to the regions of the contract with its source.",
    ),
    (
        "unknown-revision",
        "There is no revision of that name.\n\
         Name one of those that are built in, as the help lists them.",
    ),
    (
        "unknown-schema",
        "There is no schema of that name.\n\
         Name it by operation and part: `EndTerminalSession/success`, `Error/error`.",
    ),
    (
        "unknown-session",
        "A step looks at a session that no step before it opened.\n\
         Open it first, with `- open: NAME`, or correct the name.",
    ),
    (
        "unknown-situation",
        "There is no situation of that name.\n\
         Correct it: `endspec list situations` shows what the history of a case can be asked for.",
    ),
    (
        "unknown-source",
        "The contract cites a source that its `sources` do not name.\n\
         Name it there, or correct the short name.",
    ),
    (
        "unknown-value",
        "The reading has no value of that name.\n\
         Correct it: `endspec explain READING` shows its values.",
    ),
    (
        "unknown-variable",
        "The variable is not known at this step: sessions must be opened and values captured by a step before.\n\
         Use a session by its members: `{{victim.SessionId}}`, `{{victim.SecurityToken}}`, \
         `{{victim.WebSocketUrl}}`. Every case has `region`, `other-region`, `unsupported-region`, `instance-id`, \
         `host`, `path` and `unknown.SessionId`.",
    ),
    (
        "unknown-word",
        "Only certain words are understood here.\n\
         Write one of them: the help names the nearest, or all.",
    ),
    (
        "wrong-revision",
        "The file stands in the folder of one revision and says that it is another.\n\
         Move the file, or correct its `revision`.",
    ),
    (
        "wrong-type",
        "A value is of another kind than it has to be: a number where a text is meant, a text where a list is meant.\n\
         Write what the message expects. Texts that look like numbers or booleans need quotes, and so do texts that \
         begin with `{{`, which YAML takes for a mapping.",
    ),
    (
        "yaml-alias",
        "An alias (`*name`) stands before its anchor (`&name`), or inside of what it names.\n\
         Put the anchor first. A text that begins with `*` or `&` needs quotes.",
    ),
    (
        "yaml-syntax",
        "The text is no YAML from this place on.\n\
         Mind indentation, brackets, quotes, and tabs, which do not indent.",
    ),
    (
        "yaml-tag",
        "Tags (`!name`, `!!str`) are not used.\n\
         Remove the tag. A text that begins with `!` needs quotes.",
    ),
    (
        "yaml-too-deep",
        "Lists and mappings stand in each other deeper than any file needs, and than is safe to read.\n\
         Flatten the file; a case nests a handful of levels.",
    ),
    (
        "yaml-too-large",
        "The document has more values than any file needs, mostly because aliases of aliases multiply them.\n\
         Write out what the aliases stand for, or divide the file.",
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
    fn codes_are_sorted_and_say_their_cause_and_how_to_mend_it() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0), "sorted, none twice");
        for (code, words) in CODES {
            let (cause, mend) = words.split_once('\n').unwrap_or_else(|| panic!("{code}: no way to mend it"));
            for words in [cause, mend] {
                assert!(words.ends_with('.') && words.len() > 10 && !words.contains('\n'), "{code}: {words}");
            }
        }
    }
}
