//! Every diagnostic code, and what to do about it.

/// The code of what this machine lacks: the only one that is nobody's mistake.
pub(super) const ENVIRONMENT: &str = "environment";

/// Code, cause and mending; sorted by code.
pub(super) const CODES: &[(&str, &str)] = &[
    (
        "bad-argument",
        "an outcome that takes a parameter's name in brackets, as `missing(RegionId)`, has none, or another has one; `endspec list outcomes` shows which take one",
    ),
    (
        "bad-code-pattern",
        "a pattern of error codes in the contract cannot be read; write a code, or one that ends in `*`",
    ),
    ("bad-duration", "a time in a case cannot be read; write a number and ms, s or m, such as 500ms"),
    (
        "bad-header",
        "a header's name holds characters that no header has, or the header belongs to the wire form; use letters, digits and `-`",
    ),
    (
        "bad-id",
        "a file's name cannot be a case's id; the path of a case is its id: lower-case letters, digits, `-` and folders",
    ),
    ("bad-level", "a clause's level is none of MUST, SHOULD, MAY"),
    ("bad-method", "an HTTP method is written as letters that no method has; write it in capitals, such as PUT"),
    (
        "bad-name",
        "a name of the author's own must begin with a lower-case letter; lower-case letters, digits and `-` may follow",
    ),
    ("bad-permits", "an outcome of the contract permits nothing that can be read; write a status and codes"),
    ("bad-pointer", "a place in an answer is written as a JSON pointer, such as `/Sessions/Session/0/SessionId`"),
    ("bad-schema", "a schema is JSON and no JSON Schema of draft 2020-12; the message says which rule it breaks"),
    (
        "bad-selection",
        "`--select` holds a word that is no term; write id globs, `clause:GLOB`, `tag:WORD`, `level:MUST`, and `!` before a term that leaves out",
    ),
    ("bad-status", "a status is a number from 100 to 599"),
    (
        "bad-template",
        "a `{{...}}` cannot be read or stands where variables are not filled in; write `{{name}}` or `{{session.SessionId}}`, in quotes",
    ),
    ("bad-title", "a title is one line of text that says what must hold"),
    (
        "bad-values",
        "`values` names no generated values; write `invalid(SessionId)`, or a mapping with `invalid` or `valid`",
    ),
    ("clause-not-listed", "a step names a clause that its case does not list; add it under `clauses`"),
    (
        "command-from-above",
        "a profile above the working folder brings a command; it is run only where the profile lies in the working folder or `--profile` names it",
    ),
    ("contradiction", "two statements exclude each other; leave one out"),
    ("duplicate-id", "two rows of the contract have one id; rename or remove one"),
    ("duplicate-key", "a mapping has a key twice; YAML readers take either, so neither is taken here"),
    ("duplicate-reading", "a reading is declared twice with two values; declare it once"),
    ("empty", "a list or mapping holds nothing; fill it or leave its key out"),
    ("empty-file", "a file holds nothing but comments"),
    (
        ENVIRONMENT,
        "this machine lacks something that endspec needs, such as threads or a free port; the message says what the system answered",
    ),
    ("file-is-folder", "a folder stands where a file is expected"),
    ("file-missing", "a file or folder does not exist; the help names the nearest folder that does"),
    ("file-not-permitted", "this user may not read a file"),
    (
        "file-not-written",
        "a file cannot be created or written; reports are opened before the first request, so nothing was sent",
    ),
    ("file-too-large", "a file is larger than any that is meant: a case up to 256 KiB, others up to 4 MiB"),
    ("file-unreadable", "a file cannot be read; the message says what the system answered"),
    (
        "flag",
        "a flag, its environment variable or its key in the profile has a value that it cannot take; `endspec COMMAND --help` describes it",
    ),
    ("folder-too-deep", "folders are nested deeper than is followed; name the folder that holds the cases"),
    ("json-syntax", "a file is no JSON; the place is where reading failed"),
    ("listed-twice", "a list holds a word twice; remove one"),
    ("many-actions", "a step does more than one thing; begin another step for each"),
    ("many-documents", "a file holds several YAML documents; write one case a file"),
    ("merge-key", "merge keys (`<<`) are not read; write the members out, or alias whole values"),
    (
        "misplaced-key",
        "a key has no meaning where a step does what it does; remove it, or put it into the step that it belongs to",
    ),
    (
        "misplaced-word",
        "an outcome or reading cannot stand here: outcomes of looks belong to `look`, those of calls to `call`",
    ),
    ("missing-key", "a mapping lacks a key that it must have; the message names it"),
    ("missing-need", "a case uses what a target need not have and does not say so; add the capability under `needs`"),
    ("missing-schema", "the contract names an operation whose schema file is missing"),
    ("name-taken", "two sessions or captures of a case have one name, or one that is built in; rename one"),
    ("no-action", "a step does nothing; it needs one of `open`, `call`, `look`, `wait`, `raw`"),
    ("no-cases", "a folder holds no case file; cases end in .yaml or .yml"),
    (
        "old-boolean",
        "yes, no, on and off are booleans to some readers of YAML and texts to others; write true or false, or quotes",
    ),
    ("out-of-range", "a number is smaller or larger than makes sense here; the message names the bounds"),
    ("reading-circle", "a reading leads back to itself"),
    ("same-id", "two files are one case by their path; rename one, or run them one after the other"),
    (
        "secret-in-file",
        "a profile holds what looks like a key; keys come from the environment: ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN",
    ),
    (
        "selects-nothing",
        "a term of `--select` takes no case, and so was most likely misspelt; `endspec list cases` shows what there is",
    ),
    ("too-many", "a list or a case is longer than is meant; `times` and `for-each` send a call more than once"),
    ("too-many-files", "a folder holds more files than can be meant; name the folder that holds the cases"),
    ("unknown-capability", "there is no such capability; `endspec list capabilities` shows them"),
    ("unknown-clause", "there is no such clause in this revision; `endspec list clauses` shows them"),
    ("unknown-code", "the contract refers to an error code that has no row in its table"),
    ("unknown-id", "`explain` knows nothing of that name; `endspec list` shows what there is"),
    ("unknown-key", "a mapping has a key that nobody reads; the nearest known one is suggested"),
    (
        "unknown-keyword",
        "a schema has a keyword that draft 2020-12 does not know and validators pass over; annotations of your own begin with `x-`",
    ),
    (
        "unknown-operation",
        "there is no such operation: EndTerminalSession, StartTerminalSession or DescribeTerminalSessions",
    ),
    ("unknown-outcome", "there is no such outcome; `endspec list outcomes` shows them"),
    ("unknown-parameter", "the contract names a parameter that the operation does not document"),
    ("unknown-profile", "the profile file has no profile of that name under `profiles`"),
    ("unknown-reading", "there is no such reading; `endspec list readings` shows them"),
    ("unknown-region", "the contract refers to a region that it does not list"),
    ("unknown-revision", "there is no such revision of the documents; the help names those that are known"),
    (
        "unknown-schema",
        "a schema is named that the contract does not have: OPERATION.request, OPERATION.success or Error",
    ),
    ("unknown-session", "a step uses a session that no step before it opens; `open: NAME` opens one"),
    ("unknown-source", "a clause refers to a source that the contract does not list"),
    ("unknown-value", "a reading has no such value; `endspec list readings` shows them"),
    ("unknown-variable", "a `{{...}}` names nothing that is known at this step"),
    ("unknown-word", "a word is none of those that are known here; the nearest is suggested"),
    ("wrong-revision", "a file of the contract belongs to another revision than its folder"),
    (
        "wrong-type",
        "a text, number, list or mapping stands where another is expected; numbers and `{{...}}` that are meant as text need quotes",
    ),
    ("yaml-alias", "an alias (`*name`) has no anchor before it, or contains itself"),
    ("yaml-syntax", "a file is no YAML; the place is where reading failed"),
    ("yaml-tag", "tags (`!name`) are not read; leave them out"),
    ("yaml-too-deep", "a document is nested deeper than any that is meant"),
    ("yaml-too-large", "a document has more nodes, aliases counted where they stand, than any that is meant"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_told_once() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0), "{CODES:?}");
    }
}
