//! The catalogue of generated values: every named way in which a parameter is right or wrong.

use arbitrary::Unstructured;

use crate::contract::OutcomeRef;

/// `values:` of a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Values {
    /// The parameter: `RegionId` or `SessionId`.
    pub parameter: String,
    /// `valid(P)` or `invalid(P)`.
    pub valid: bool,
    /// The classes taken; empty for all.
    pub classes: Vec<Class>,
    /// Names of the catalogue taken, and no others; empty for all.
    pub only: Vec<&'static str>,
}

/// What kind of wrong (or right) a value is; each belongs to one clause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Well-formed values.
    Valid,
    /// The parameter is left out.
    Absent,
    /// Empty, or white space alone.
    Empty,
    /// Other letter case, surrounding space.
    Exact,
    /// Resembles the value given: something missing, added or changed.
    NearMiss,
    /// Well-formed and never issued.
    Unknown,
    /// Can be no such value.
    Malformed,
    /// Given more than once.
    Repeated,
}

impl Class {
    /// All of them.
    pub const ALL: [Class; 8] = [
        Class::Valid,
        Class::Absent,
        Class::Empty,
        Class::Exact,
        Class::NearMiss,
        Class::Unknown,
        Class::Malformed,
        Class::Repeated,
    ];

    /// Name in case files.
    pub fn name(self) -> &'static str {
        match self {
            Class::Valid => "valid",
            Class::Absent => "absent",
            Class::Empty => "empty",
            Class::Exact => "exact",
            Class::NearMiss => "near-miss",
            Class::Unknown => "unknown",
            Class::Malformed => "malformed",
            Class::Repeated => "repeated",
        }
    }
}

/// One generated value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mutation {
    /// Public name: `truncated`, `sql-or`, ...
    pub name: &'static str,
    /// What kind it is.
    pub class: Class,
    /// The clause that it proves.
    pub clause: &'static str,
    /// The values sent: none when absent, several when repeated.
    pub values: Vec<String>,
    /// What it is permitted.
    pub permits: Vec<OutcomeRef>,
}

/// The value that is mutated, and what is known about it.
#[derive(Debug, Clone, Copy)]
pub struct Base<'a> {
    /// `RegionId` or `SessionId`.
    pub parameter: &'a str,
    /// A right value.
    pub value: &'a str,
    /// Whether the endpoint itself issued it, so that its alphabet is known.
    pub issued: bool,
    /// Values that are right as well and must not be hit by a change: the regions known.
    pub known: &'a [String],
}

/// One entry of the catalogue.
#[derive(Debug)]
pub struct Kind {
    /// Public name.
    pub name: &'static str,
    /// What kind it is.
    pub class: Class,
    /// What it does, for people.
    pub sentence: &'static str,
    make: Make,
}

#[derive(Debug)]
enum Make {
    /// Leaves the parameter out.
    Absent,
    /// One value from the right one.
    From(fn(&str) -> String),
    /// One value with the help of entropy.
    Drawn(fn(&str, &mut Unstructured<'_>) -> String),
    /// Several values.
    Many(fn(&str) -> Vec<String>),
}

/// The parameters that the catalogue knows.
pub const PARAMETERS: [&str; 2] = ["RegionId", "SessionId"];

/// The catalogue: boundaries first.
pub const CATALOGUE: &[Kind] = &[
    kind("as-given", Class::Valid, "the right value itself", Make::From(str::to_owned)),
    kind("well-formed", Class::Valid, "a value of the right shape", Make::Drawn(unlike)),
    kind(
        "well-formed-letters",
        Class::Valid,
        "a value of the right shape, digits replaced by letters",
        Make::Drawn(unlike_letters),
    ),
    kind("absent", Class::Absent, "the parameter is left out", Make::Absent),
    kind("empty", Class::Empty, "the empty text", Make::From(|_| String::new())),
    kind("only-space", Class::Empty, "one space", Make::From(|_| " ".into())),
    kind("only-spaces", Class::Empty, "spaces and a tab", Make::From(|_| "  \t ".into())),
    kind("leading-space", Class::Exact, "a space before it", Make::From(|v| format!(" {v}"))),
    kind("trailing-space", Class::Exact, "a space after it", Make::From(|v| format!("{v} "))),
    kind("surrounding-spaces", Class::Exact, "spaces around it", Make::From(|v| format!("  {v}  "))),
    kind("trailing-tab", Class::Exact, "a tab after it", Make::From(|v| format!("{v}\t"))),
    kind("trailing-newline", Class::Exact, "CR LF after it", Make::From(|v| format!("{v}\r\n"))),
    kind("trailing-line-feed", Class::Exact, "a line feed after it", Make::From(|v| format!("{v}\n"))),
    kind("no-break-space", Class::Exact, "a no-break space after it", Make::From(|v| format!("{v}\u{a0}"))),
    kind("upper-case", Class::Exact, "all letters in upper case", Make::From(str::to_uppercase)),
    kind("one-upper-case", Class::Exact, "the last letter in the other case", Make::From(flip_last_letter)),
    kind("well-formed-unknown", Class::Unknown, "same length and alphabet, never issued", Make::Drawn(unlike)),
    kind(
        "well-formed-unknown-again",
        Class::Unknown,
        "same length and alphabet, never issued, another",
        Make::Drawn(unlike),
    ),
    kind("truncated-end", Class::NearMiss, "its end is missing", Make::From(truncate_end)),
    kind(
        "truncated-start",
        Class::NearMiss,
        "its first character is missing",
        Make::From(|v| v.chars().skip(1).collect()),
    ),
    kind("halved", Class::NearMiss, "its second half is missing", Make::From(halve)),
    kind("extended", Class::NearMiss, "characters of its alphabet added", Make::From(|v| format!("{v}zz9"))),
    kind("extended-start", Class::NearMiss, "a character added before it", Make::From(|v| format!("z{v}"))),
    kind("doubled", Class::NearMiss, "written twice", Make::From(|v| format!("{v}{v}"))),
    kind("one-changed", Class::NearMiss, "one character changed", Make::From(change_middle)),
    kind("one-changed-drawn", Class::NearMiss, "one drawn character changed", Make::Drawn(change_drawn)),
    kind("last-changed", Class::NearMiss, "its last character changed", Make::From(change_last)),
    kind("first-changed", Class::NearMiss, "the first character after its prefix changed", Make::From(change_first)),
    kind("zero-inserted", Class::NearMiss, "a zero before its serial", Make::From(zero_inserted)),
    kind("swapped", Class::NearMiss, "two unlike neighbours swapped", Make::From(swap)),
    kind("wrong-prefix", Class::NearMiss, "another prefix", Make::From(wrong_prefix)),
    kind("no-prefix", Class::NearMiss, "no prefix", Make::From(no_prefix)),
    kind("separator-changed", Class::NearMiss, "`_` for `-`", Make::From(|v| v.replace('-', "_"))),
    kind(
        "percent-encoded-twice",
        Class::NearMiss,
        "percent-encoded once more than it should be",
        Make::From(encode_first),
    ),
    kind("percent-encoded-whole", Class::NearMiss, "every character percent-encoded once more", Make::From(encode_all)),
    kind(
        "character-reference",
        Class::NearMiss,
        "its first character as HTML and XML refer to it",
        Make::From(|v| first_as(v, |c| format!("&#x{c:x};"))),
    ),
    kind(
        "unicode-escape",
        Class::NearMiss,
        "its first character as JSON may escape it",
        Make::From(|v| first_as(v, |c| format!("\\u{c:04x}"))),
    ),
    kind("comma-joined", Class::NearMiss, "in a list with a comma", Make::From(|v| format!("{v},{v}"))),
    kind("fragment", Class::NearMiss, "followed by `#x`", Make::From(|v| format!("{v}#x"))),
    kind("label", Class::NearMiss, "followed by `.x`", Make::From(|v| format!("{v}.x"))),
    kind("query", Class::NearMiss, "followed by `?x=1`", Make::From(|v| format!("{v}?x=1"))),
    kind("zone", Class::NearMiss, "followed by `-b`, as a zone of a region is named", Make::From(|v| format!("{v}-b"))),
    kind("trailing-slash", Class::NearMiss, "a slash after it", Make::From(|v| format!("{v}/"))),
    kind("path-before", Class::NearMiss, "a path before it", Make::From(|v| format!("sessions/{v}"))),
    kind("second-parameter", Class::NearMiss, "followed by `&x=1`, encoded", Make::From(|v| format!("{v}&x=1"))),
    kind("wildcard-percent", Class::NearMiss, "its end replaced by `%`", Make::From(|v| wildcard(v, '%'))),
    kind(
        "wildcard-underscore",
        Class::NearMiss,
        "its last character replaced by `_`",
        Make::From(|v| wildcard_last(v, '_')),
    ),
    kind(
        "wildcard-question",
        Class::NearMiss,
        "its last character replaced by `?`",
        Make::From(|v| wildcard_last(v, '?')),
    ),
    kind(
        "wildcard-class",
        Class::NearMiss,
        "its last character in brackets, as a class of characters",
        Make::From(wildcard_class),
    ),
    kind("wildcard-star", Class::NearMiss, "its end replaced by `*`", Make::From(|v| wildcard(v, '*'))),
    kind("pattern", Class::NearMiss, "its end replaced by `.*`", Make::From(|v| format!("{}.*", halve(v)))),
    kind("percent-alone", Class::NearMiss, "`%`", Make::From(|_| "%".into())),
    kind(
        "underscores",
        Class::NearMiss,
        "as many `_` as it has characters",
        Make::From(|v| "_".repeat(v.chars().count())),
    ),
    kind("star-alone", Class::NearMiss, "`*`", Make::From(|_| "*".into())),
    kind("long-256", Class::Malformed, "256 characters, beginning with it", Make::From(|v| pad(v, 256))),
    kind("long-1024", Class::Malformed, "1 KiB, beginning with it", Make::From(|v| pad(v, 1024))),
    kind("long-4096", Class::Malformed, "4 KiB, beginning with it", Make::From(|v| pad(v, 4096))),
    kind("long-5000", Class::Malformed, "5,000 characters, beginning with it", Make::From(|v| pad(v, 5_000))),
    kind("long-65536", Class::Malformed, "64 KiB, beginning with it", Make::From(|v| pad(v, 65_536))),
    kind("nul-end", Class::Malformed, "a NUL after it", Make::From(|v| format!("{v}\0"))),
    kind("nul-inside", Class::Malformed, "a NUL and more after it", Make::From(|v| format!("{v}\0.png"))),
    kind(
        "control-characters",
        Class::Malformed,
        "control characters in it",
        Make::From(|v| insert(v, "\u{1}\u{7}\u{8}\u{1b}\u{7f}")),
    ),
    kind(
        "escape-sequence",
        Class::Malformed,
        "a terminal's escape sequence",
        Make::From(|v| format!("{v}\u{1b}[2J\u{1b}]0;x\u{7}")),
    ),
    kind(
        "line-break",
        Class::Malformed,
        "CR LF and a header field",
        Make::From(|v| format!("{v}\r\nX-Endspec-Injected: 1")),
    ),
    kind("line-feed", Class::Malformed, "a line feed in it", Make::From(|v| insert(v, "\n"))),
    kind("non-ascii", Class::Malformed, "letters outside ASCII", Make::From(|v| insert(v, "é会話"))),
    kind("emoji", Class::Malformed, "a character outside the basic plane", Make::From(|v| insert(v, "\u{1f600}"))),
    kind("look-alike", Class::Malformed, "letters that only look the same", Make::From(look_alike)),
    kind("accented", Class::Malformed, "a letter with an accent", Make::From(accented)),
    kind("case-folded", Class::Malformed, "a letter that folds to one of it", Make::From(folded)),
    kind("full-width", Class::Malformed, "full-width letters", Make::From(full_width)),
    kind("right-to-left", Class::Malformed, "a right-to-left override in it", Make::From(|v| insert(v, "\u{202e}"))),
    kind("zero-width", Class::Malformed, "a zero-width space in it", Make::From(|v| insert(v, "\u{200b}"))),
    kind(
        "zero-width-end",
        Class::Malformed,
        "a zero-width no-break space after it",
        Make::From(|v| format!("{v}\u{feff}")),
    ),
    kind("combining", Class::Malformed, "a combining accent in it", Make::From(|v| insert(v, "\u{301}"))),
    kind("line-separator", Class::Malformed, "a line separator in it", Make::From(|v| insert(v, "\u{2028}"))),
    kind(
        "noncharacter",
        Class::Malformed,
        "a code point that is no character in it",
        Make::From(|v| insert(v, "\u{fffe}")),
    ),
    kind("soft-hyphen", Class::Malformed, "a soft hyphen in it", Make::From(|v| insert(v, "\u{ad}"))),
    kind("single-quote", Class::Malformed, "a single quote after it", Make::From(|v| format!("{v}'"))),
    kind("double-quote", Class::Malformed, "a double quote after it", Make::From(|v| format!("{v}\""))),
    kind("backslash", Class::Malformed, "a backslash after it", Make::From(|v| format!("{v}\\"))),
    kind("sql-or", Class::Malformed, "SQL that is always true", Make::From(|v| format!("{v}' OR '1'='1"))),
    kind("sql-or-alone", Class::Malformed, "SQL that is always true, alone", Make::From(|_| "' OR 1=1 -- ".into())),
    kind("sql-comment", Class::Malformed, "a SQL comment after it", Make::From(|v| format!("{v}'-- "))),
    kind("nosql-operator", Class::Malformed, "a query operator as JSON", Make::From(|_| r#"{"$ne":null}"#.into())),
    kind("html", Class::Malformed, "HTML", Make::From(|v| format!("{v}<script>alert(1)</script>"))),
    kind(
        "xml",
        Class::Malformed,
        "XML that would close the element",
        Make::From(|v| format!("{v}</Message><endspec>&amp;</endspec>")),
    ),
    kind("tags-inside", Class::Malformed, "an empty element of HTML in it", Make::From(|v| insert(v, "<b></b>"))),
    kind("xml-special", Class::Malformed, "the characters that XML reserves", Make::From(|v| format!("{v}<&>\"']]>"))),
    kind("path", Class::Malformed, "a path upwards", Make::From(|_| "../../../../etc/passwd".into())),
    kind("path-after", Class::Malformed, "a path after it", Make::From(|v| format!("{v}/../x"))),
    kind("template", Class::Malformed, "template languages", Make::From(|_| "${7*7}{{7*7}}<%= 7*7 %>#{7*7}".into())),
    kind("lookup", Class::Malformed, "a logger's lookup", Make::From(|v| format!("${{lower:{v}}}"))),
    kind("format-string", Class::Malformed, "a format string", Make::From(|_| "%s%n%x%d%p{0}{}".into())),
    kind("brace", Class::Malformed, "a brace after it that nothing closes", Make::From(|v| format!("{v}{{"))),
    kind(
        "backtracking",
        Class::Malformed,
        "64 characters of its alphabet, and one that is not",
        Make::From(|v| format!("{}!", pad(v, 64))),
    ),
    kind("shell", Class::Malformed, "a shell command", Make::From(|v| format!("{v};echo x|cat`id`$(id)"))),
    kind("zero", Class::Malformed, "`0`", Make::From(|_| "0".into())),
    kind("negative", Class::Malformed, "`-1`", Make::From(|_| "-1".into())),
    kind("huge-number", Class::Malformed, "a number of 40 digits", Make::From(|_| "1234567890".repeat(4))),
    kind("exponent", Class::Malformed, "`1e309`", Make::From(|_| "1e309".into())),
    kind("null", Class::Malformed, "`null`", Make::From(|_| "null".into())),
    kind("true", Class::Malformed, "`true`", Make::From(|_| "true".into())),
    kind(
        "constructor",
        Class::Malformed,
        "`constructor`, a member of every object in JavaScript",
        Make::From(|_| "constructor".into()),
    ),
    kind("json-array", Class::Malformed, "it in a JSON array", Make::From(|v| format!("[\"{v}\"]"))),
    kind("json-object", Class::Malformed, "it in a JSON object", Make::From(|v| format!("{{\"SessionId\":\"{v}\"}}"))),
    kind("quoted", Class::Malformed, "it in double quotes", Make::From(|v| format!("\"{v}\""))),
    kind(
        "repeated-equal",
        Class::Repeated,
        "given twice with the same value",
        Make::Many(|v| vec![v.into(), v.into()]),
    ),
    kind(
        "repeated-then-higher",
        Class::Repeated,
        "given twice, a value after it by byte order second",
        Make::Many(|v| vec![v.into(), higher(v)]),
    ),
    kind(
        "repeated-after-lower",
        Class::Repeated,
        "given twice, a value before it by byte order first",
        Make::Many(|v| vec![lower(v), v.into()]),
    ),
];

const fn kind(name: &'static str, class: Class, sentence: &'static str, make: Make) -> Kind {
    Kind { name, class, sentence, make }
}

/// The values that were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Generated {
    /// The values, each with what it is permitted.
    pub mutations: Vec<Mutation>,
    /// The names of those left out, since they may be ids of sessions that are not the case's own.
    pub strangers: Vec<&'static str>,
}

/// What becomes of one kind.
enum Made {
    Value(Mutation),
    /// It cannot be made from this base (another letter case of a text without letters), or is right.
    Nothing,
    /// It may be the id of a session that is not the case's own.
    Stranger,
}

/// The values that `values` asks for.
pub fn generate(values: &Values, base: Base<'_>, entropy: &mut Unstructured<'_>) -> Generated {
    let takes = |kind: &Kind| {
        (kind.class == Class::Valid) == values.valid
            && (values.classes.is_empty() || values.classes.contains(&kind.class))
            && (values.only.is_empty() || values.only.contains(&kind.name))
    };
    let mut generated = Generated { mutations: Vec::new(), strangers: Vec::new() };
    for kind in CATALOGUE.iter().filter(|kind| takes(kind)) {
        match make(kind, base, entropy) {
            Made::Value(mutation) => generated.mutations.push(mutation),
            Made::Stranger => generated.strangers.push(kind.name),
            Made::Nothing => {}
        }
    }
    generated
}

fn make(kind: &Kind, base: Base<'_>, entropy: &mut Unstructured<'_>) -> Made {
    let values = match kind.make {
        Make::Absent => Vec::new(),
        Make::From(make) => vec![make(base.value)],
        Make::Drawn(make) => vec![make(base.value, entropy)],
        Make::Many(make) => make(base.value),
    };
    let region = base.parameter == "RegionId";
    // The right region is the only region known to be right; a session's id is never made right by chance.
    if kind.class == Class::Valid && region != (kind.name == "as-given") {
        return Made::Nothing;
    }
    const NEIGHBOURS: [&str; 7] =
        ["truncated-end", "one-changed", "one-changed-drawn", "first-changed", "last-changed", "swapped", "halved"];
    if !region && is_number(base.value) && NEIGHBOURS.contains(&kind.name) {
        return Made::Stranger;
    }
    let may_hit = kind.class == Class::Repeated || kind.name == "as-given";
    if !may_hit && values.iter().any(|value| value == base.value) {
        return Made::Nothing;
    }
    if kind.class == Class::NearMiss && values.iter().any(|value| is_of_another_class(value, base.value)) {
        return Made::Nothing;
    }
    if !may_hit && values.iter().any(|value| base.known.contains(value)) {
        return if region { Made::Nothing } else { Made::Stranger };
    }
    let tidy = values.iter().all(|value| is_tidy(value));
    let (clause, permits) = if region { of_region(kind, base) } else { of_session(kind, base, tidy) };
    Made::Value(Mutation { name: kind.name, class: kind.class, clause, values, permits })
}

/// Whether what was to resemble the base came out empty (reading `empty-parameter`), or as the base but for its letter case,
/// which an endpoint only SHOULD tell apart: short values and those of both cases.
fn is_of_another_class(value: &str, base: &str) -> bool {
    value.trim().is_empty() || value.to_lowercase() == base.to_lowercase()
}

fn named(name: &str, argument: Option<&str>) -> OutcomeRef {
    OutcomeRef::Named { name: name.to_owned(), argument: argument.map(str::to_owned) }
}

fn reading(name: &str, argument: Option<&str>) -> OutcomeRef {
    OutcomeRef::Reading { name: name.to_owned(), argument: argument.map(str::to_owned) }
}

fn of_region(kind: &Kind, base: Base<'_>) -> (&'static str, Vec<OutcomeRef>) {
    let unknown = || reading("unknown-region", None);
    match kind.class {
        Class::Absent => ("end/request/region-required", vec![named("missing", Some(base.parameter))]),
        Class::Empty => ("end/request/empty", empty(kind, base, unknown())),
        Class::Exact => ("end/region/exact", vec![unknown()]),
        Class::Repeated => ("rpc/parameter/repeated", vec![named("refused", None)]),
        // A right region leaves the verdict to the session, whose id the case leaves unknown.
        Class::Valid => {
            ("end/session/unknown", vec![named("session-not-found", None), reading("malformed-session", None)])
        }
        Class::NearMiss | Class::Unknown | Class::Malformed => ("end/region/unknown", vec![unknown()]),
    }
}

fn of_session(kind: &Kind, base: Base<'_>, tidy: bool) -> (&'static str, Vec<OutcomeRef>) {
    let not_found = || named("session-not-found", None);
    let malformed = || reading("malformed-session", None);
    match kind.class {
        Class::Absent => ("end/request/session-required", vec![named("missing", Some(base.parameter))]),
        Class::Empty => ("end/request/empty", empty(kind, base, malformed())),
        // Without an id of its own the endpoint's alphabet is not known: even a tidy text may be malformed to it. And what
        // resembles an id that was never issued is one that was never issued.
        Class::Valid | Class::Unknown | Class::Exact | Class::NearMiss if !base.issued => {
            ("end/session/unknown", vec![not_found(), malformed()])
        }
        Class::Exact => ("end/session/exact", vec![not_found(), malformed()]),
        Class::NearMiss => ("end/session/near-miss", vec![not_found(), malformed()]),
        Class::Valid | Class::Unknown => ("end/session/unknown", vec![not_found()]),
        // What some endpoint may take for tidy is not found there, whatever it reads as malformed.
        Class::Malformed if tidy => ("end/session/malformed", vec![not_found(), malformed()]),
        Class::Malformed => ("end/session/malformed", vec![malformed()]),
        Class::Repeated => ("rpc/parameter/repeated", vec![not_found(), malformed(), named("refused", None)]),
    }
}

/// Short, and made of letters, digits and the marks that ids have: `0`, `null`, `-1`.
fn is_tidy(value: &str) -> bool {
    value.len() <= 64 && value.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}

/// Only white space counts as empty or as malformed (reading `empty-parameter`).
fn empty(kind: &Kind, base: Base<'_>, malformed: OutcomeRef) -> Vec<OutcomeRef> {
    let empty = reading("empty-parameter", Some(base.parameter));
    if kind.name == "empty" { vec![empty] } else { vec![empty, malformed] }
}

/// Another text of the same length: letters become letters, digits digits, what is neither stays, and so does the prefix
/// up to the first `-`.
pub fn unlike(value: &str, entropy: &mut Unstructured<'_>) -> String {
    let (keep, place) = (serial_at(value), place(value));
    // An alphabet that was seen to be hexadecimal stays so. Of others there are some without what is mistaken for something
    // else, and some without digits that are: what is drawn is in all of them.
    let hexadecimal = is_hexadecimal(&value[keep..]);
    let letters: &[u8] = if hexadecimal { b"abcdef" } else { b"abcdefghjkmnpqrstvwxyz" };
    // Of numbers that are counted up, those are issued last that begin with nines: others may be somebody's session, or soon be.
    let nines = if is_number(value) { value[keep..].len().div_ceil(2) } else { 0 };
    let mut text = value[..keep].to_owned();
    for (index, (at, character)) in value[keep..].char_indices().enumerate() {
        let drawn = entropy.arbitrary::<u8>().unwrap_or(17 + u8::try_from(index % 64).unwrap_or(0));
        text.push(match character {
            _ if index < place || is_fixed(value, keep + at) => character,
            'a'..='z' => char::from(letters[usize::from(drawn) % letters.len()]),
            'A'..='Z' => char::from(letters[usize::from(drawn) % letters.len()].to_ascii_uppercase()),
            '0'..='9' if index < nines => '9',
            '0'..='9' => char::from(b'2' + drawn % 6),
            other => other,
        });
    }
    if text == value { change_kept(value, keep, if hexadecimal { 6 } else { 26 }) } else { text }
}

/// Where the serial of an id begins, behind its prefix.
fn serial_at(value: &str) -> usize {
    value.find('-').map_or(0, |dash| dash + 1)
}

/// How many characters the serial begins with that may name a place (FACTS 6).
fn place(value: &str) -> usize {
    if value.len() > serial_at(value) + 8 { 2 } else { 0 }
}

/// Whether a character tells the version or the variant of a UUID (RFC 9562), that an id is or ends as.
fn is_fixed(value: &str, at: usize) -> bool {
    const DASHES: [usize; 4] = [13, 18, 23, 28];
    let from_end = value.len() - at;
    let digit = |(index, byte): (usize, u8)| {
        if DASHES.contains(&(index + 1)) { byte == b'-' } else { byte.is_ascii_hexdigit() }
    };
    let is_uuid = || value.len() >= 36 && value.bytes().rev().enumerate().take(36).all(digit);
    (from_end == 22 || from_end == 17) && is_uuid()
}

/// The last letter or digit after the prefix, changed within its alphabet; the value itself where there is none.
fn change_kept(value: &str, keep: usize, letters: u8) -> String {
    let Some(at) = value.rfind(|c: char| c.is_ascii_alphanumeric()).filter(|at| *at >= keep) else {
        return value.to_owned();
    };
    let next = |first: u8, byte: u8, count: u8| char::from(first + (byte - first + 1) % count);
    let changed = match value.as_bytes()[at] {
        byte @ b'a'..=b'z' => next(b'a', byte, letters),
        byte @ b'A'..=b'Z' => next(b'A', byte, letters),
        byte => next(b'0', byte, 10),
    };
    format!("{}{changed}{}", &value[..at], &value[at + 1..])
}

fn is_hexadecimal(text: &str) -> bool {
    text.chars().filter(char::is_ascii_alphabetic).all(|c| c.is_ascii_hexdigit())
}

/// Whether an id is a number but for its prefix: what resembles it is another session, soon or already.
fn is_number(value: &str) -> bool {
    value.split_once('-').map_or(value, |(_, rest)| rest).chars().all(|c| c.is_ascii_digit())
}

fn unlike_letters(value: &str, entropy: &mut Unstructured<'_>) -> String {
    let letters = unlike(value, entropy);
    // Letters are added only where the endpoint was seen to use letters of all kinds.
    let (prefix, rest) = letters.split_at(serial_at(&letters));
    if is_hexadecimal(rest) {
        return value.to_owned();
    }
    // In all the alphabets that `unlike` draws for, and in the letter case that was seen.
    let upper = !rest.chars().any(|c| c.is_ascii_lowercase());
    let letter = |digit: char| char::from(b"kmnpqrstvw"[digit as usize - '0' as usize]);
    let written = |c: char| if upper { letter(c).to_ascii_uppercase() } else { letter(c) };
    let place = place(value);
    let rest = rest.chars().enumerate();
    let rest = rest.map(|(at, c)| if at >= place && c.is_ascii_digit() { written(c) } else { c });
    format!("{prefix}{}", rest.collect::<String>())
}

fn flip_last_letter(value: &str) -> String {
    let mut characters: Vec<char> = value.chars().collect();
    if let Some(letter) = characters.iter_mut().rev().find(|c| c.is_ascii_alphabetic()) {
        *letter = if letter.is_ascii_lowercase() { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
    }
    characters.into_iter().collect()
}

/// `cn-north-10` loses its number and not only a digit, lest it become `cn-north-1`.
fn truncate_end(value: &str) -> String {
    let without_digits = value.trim_end_matches(|c: char| c.is_ascii_digit());
    if without_digits.len() < value.len() && without_digits.ends_with('-') {
        return without_digits.to_owned();
    }
    let mut characters = value.chars();
    characters.next_back();
    characters.as_str().to_owned()
}

fn halve(value: &str) -> String {
    value.chars().take(value.chars().count().div_ceil(2)).collect()
}

fn next_in_alphabet(character: char) -> char {
    match character {
        'a'..='y' | 'A'..='Y' | '0'..='8' => char::from(character as u8 + 1),
        'z' => 'a',
        'Z' => 'A',
        '9' => '0',
        _ => 'q',
    }
}

fn change_at(value: &str, at: usize) -> String {
    value.chars().enumerate().map(|(i, c)| if i == at { next_in_alphabet(c) } else { c }).collect()
}

fn change_middle(value: &str) -> String {
    change_at(value, value.chars().count() / 2)
}

fn change_first(value: &str) -> String {
    change_at(value, value[..serial_at(value)].chars().count())
}

fn zero_inserted(value: &str) -> String {
    let keep = serial_at(value);
    let at = value[keep..].char_indices().nth(place(value)).map_or(value.len(), |(at, _)| keep + at);
    format!("{}0{}", &value[..at], &value[at..])
}

fn change_last(value: &str) -> String {
    change_at(value, value.chars().count().saturating_sub(1))
}

fn change_drawn(value: &str, entropy: &mut Unstructured<'_>) -> String {
    let count = value.chars().count().max(1);
    change_at(value, usize::from(entropy.arbitrary::<u8>().unwrap_or(3)) % count)
}

fn swap(value: &str) -> String {
    let mut characters: Vec<char> = value.chars().collect();
    let unlike = |i: &usize| characters[*i] != characters[i + 1];
    if let Some(at) = (0..characters.len().saturating_sub(1)).rev().find(unlike) {
        characters.swap(at, at + 1);
    }
    characters.into_iter().collect()
}

fn wrong_prefix(value: &str) -> String {
    match value.split_once('-') {
        Some((_, rest)) => format!("qx-{rest}"),
        None => format!("qx-{value}"),
    }
}

fn no_prefix(value: &str) -> String {
    value.split_once('-').map_or_else(|| value.chars().skip(2).collect(), |(_, rest)| rest.to_owned())
}

/// The first character written in another way.
fn first_as(value: &str, write: fn(u32) -> String) -> String {
    let mut characters = value.chars();
    characters.next().map_or_else(String::new, |first| write(u32::from(first)) + characters.as_str())
}

fn encode_first(value: &str) -> String {
    let mut characters = value.chars();
    match characters.next() {
        Some(first) if first.is_ascii() => format!("%{:02X}{}", first as u8, characters.as_str()),
        _ => value.to_owned(),
    }
}

fn encode_all(value: &str) -> String {
    value.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

fn wildcard(value: &str, mark: char) -> String {
    format!("{}{mark}", halve(value))
}

fn wildcard_last(value: &str, mark: char) -> String {
    let mut characters = value.chars();
    characters.next_back();
    format!("{}{mark}", characters.as_str())
}

fn wildcard_class(value: &str) -> String {
    let mut characters = value.chars();
    let last = characters.next_back().map(String::from).unwrap_or_default();
    format!("{}[{last}]", characters.as_str())
}

fn pad(value: &str, length: usize) -> String {
    let mut text = value.to_owned();
    text.extend(std::iter::repeat_n('a', length.saturating_sub(value.len())));
    text
}

fn insert(value: &str, what: &str) -> String {
    let half = halve(value);
    format!("{half}{what}{}", &value[half.len()..])
}

fn replace_first(value: &str, table: &[(char, char)]) -> String {
    for (from, to) in table {
        if value.contains(*from) {
            return value.replacen(*from, &to.to_string(), 1);
        }
    }
    insert(value, "\u{430}")
}

fn look_alike(value: &str) -> String {
    replace_first(
        value,
        &[('s', '\u{455}'), ('c', '\u{441}'), ('a', '\u{430}'), ('e', '\u{435}'), ('o', '\u{43e}'), ('-', '\u{2010}')],
    )
}

/// The long s and the sign of the kelvin, which are `s` and `k` to whoever compares without regard to case.
fn folded(value: &str) -> String {
    replace_first(value, &[('s', '\u{17f}'), ('k', '\u{212a}'), ('S', '\u{17f}'), ('K', '\u{212a}')])
}

fn accented(value: &str) -> String {
    replace_first(
        value,
        &[('a', 'á'), ('e', 'é'), ('i', 'í'), ('o', 'ó'), ('u', 'ú'), ('c', 'ç'), ('n', 'ñ'), ('s', 'š'), ('z', 'ž')],
    )
}

fn full_width(value: &str) -> String {
    value
        .chars()
        .map(|c| if c.is_ascii_graphic() { char::from_u32(c as u32 + 0xfee0).unwrap_or(c) } else { c })
        .collect()
}

/// A value after `value` by byte order: a repeated parameter is signed with ascending values (CONTRACT.md).
fn higher(value: &str) -> String {
    format!("{value}zz9")
}

fn lower(value: &str) -> String {
    let mut characters: Vec<char> = value.chars().collect();
    let lowest = |c: &char| matches!(c, '1'..='9' | 'b'..='z' | 'B'..='Z');
    match characters.iter_mut().rev().find(|c| lowest(c)) {
        Some(character) => *character = if character.is_ascii_digit() { '0' } else { 'A' },
        None => return "!".to_owned(),
    }
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    fn all(parameter: &str, value: &str, known: &[String]) -> Vec<Mutation> {
        let values = Values { parameter: parameter.to_owned(), valid: false, classes: Vec::new(), only: Vec::new() };
        let base = Base { parameter, value, issued: true, known };
        generate(&values, base, &mut Unstructured::new(&[7; 4096])).mutations
    }

    #[test]
    fn names_are_unique() {
        let names: BTreeSet<&str> = CATALOGUE.iter().map(|kind| kind.name).collect();
        assert_eq!(names.len(), CATALOGUE.len());
    }

    #[test]
    fn no_mutation_is_a_right_value() {
        let known = ["cn-hangzhou".to_owned(), "cn-shanghai".to_owned(), "cn-north-1".to_owned()];
        for value in ["s-hz023od0x9abcde", "cn-hangzhou", "cn-north-10", "0", "ab"] {
            for mutation in all("RegionId", value, &known) {
                let wrong = |v: &String| v != value && !known.contains(v);
                assert!(mutation.class == Class::Repeated || mutation.values.iter().all(wrong), "{mutation:?}");
            }
        }
    }

    #[test]
    fn repeated_values_ascend() {
        for mutation in all("SessionId", "s-hz023od0x9abcde", &[]).iter().filter(|m| m.class == Class::Repeated) {
            assert!(mutation.values.is_sorted(), "{mutation:?}");
            assert_eq!(mutation.values.len(), 2);
        }
    }

    #[test]
    fn an_unlike_id_keeps_length_prefix_and_alphabet() {
        let text = unlike(
            "s-hz023od0x9abcde",
            &mut Unstructured::new(&[200, 3, 99, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
        );
        assert_eq!(text.len(), "s-hz023od0x9abcde".len());
        assert!(text.starts_with("s-hz"), "{text}");
        assert!(text[2..].chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()), "{text}");
        assert_ne!(text, "s-hz023od0x9abcde");
    }

    #[test]
    fn a_made_up_id_keeps_to_the_alphabet_that_was_seen() {
        let hexadecimal = |c: char| c.is_ascii_digit() || matches!(c, 'a'..='f');
        type Row<'a> = (&'a str, &'a str, fn(char) -> bool);
        let rows: [Row<'_>; 6] = [
            ("a short number", "417", |c| c.is_ascii_digit()),
            ("a ULID", "01ARZ3NDEKTSV4RRFFQ69G5FAV", |c| {
                c.is_ascii_digit() || (c.is_ascii_uppercase() && !"ILOU".contains(c))
            }),
            ("hexadecimal", "s-0123456789abcdef0", hexadecimal),
            ("a UUID", "473469c7-aa6f-4dc5-b3db-a3dc0de3c83e", |c| c.is_ascii_hexdigit() || c == '-'),
            ("digits", "s-12345678901", |c| c.is_ascii_digit()),
            ("letters and digits", "s-hz023od0x9abcde", |c| c.is_ascii_lowercase() || c.is_ascii_digit()),
        ];
        for (name, value, fits) in rows {
            for seed in 0..=255_u8 {
                let entropy: Vec<u8> = (0..64).map(|at| seed.wrapping_mul(at).wrapping_add(at ^ seed)).collect();
                let text = unlike(value, &mut Unstructured::new(&entropy));
                let (prefix, rest) = text.split_at(value.find('-').map_or(0, |dash| dash + 1));
                assert!(value.starts_with(prefix) && text.len() == value.len() && text != value, "{name}: {text}");
                assert!(rest.chars().all(fits), "{name}: {text}");
                if name == "a UUID" {
                    assert_eq!((&text[14..15], &text[19..20]), ("4", "b"), "its version and variant: {text}");
                }
                assert!(name != "digits" || rest.starts_with("129999"), "the last that is issued: {text}");
                assert!(name != "a short number" || rest.starts_with('9'), "the last that is issued: {text}");
            }
        }
    }

    #[test]
    fn what_may_be_a_strangers_session_is_not_made_and_named_instead() {
        let values = |parameter: &str| Values {
            parameter: parameter.to_owned(),
            valid: false,
            classes: vec![Class::NearMiss],
            only: Vec::new(),
        };
        let known = ["s-hz023od0x9abcdf".to_owned(), "cn-north-1".to_owned()];
        let rows: [(&str, &str, &str, &[&str]); 4] = [
            (
                "a number",
                "SessionId",
                "s-12345",
                &[
                    "truncated-end",
                    "halved",
                    "one-changed",
                    "one-changed-drawn",
                    "last-changed",
                    "first-changed",
                    "swapped",
                ],
            ),
            ("a neighbour of the run's", "SessionId", "s-hz023od0x9abcde", &["last-changed"]),
            ("an id of no neighbours", "SessionId", "s-hz023od0x9qrstu", &[]),
            ("a region, which is no session", "RegionId", "cn-north-10", &[]),
        ];
        for (name, parameter, value, strangers) in rows {
            let base = Base { parameter, value, issued: true, known: &known };
            let made = generate(&values(parameter), base, &mut Unstructured::new(&[7; 4096]));
            assert_eq!(made.strangers, strangers, "{name}");
            let sent: Vec<&str> = made.mutations.iter().map(|mutation| mutation.name).collect();
            assert!(!sent.is_empty() && sent.iter().all(|name| !strangers.contains(name)), "{name}: {sent:?}");
        }
    }

    #[test]
    fn short_values_and_those_of_both_cases_make_no_near_miss_of_another_class() {
        let rows = [("a letter", "x"), ("both cases", "s-hz01Aa"), ("a prefix", "s-"), ("a dash", "-")];
        for (name, value) in rows {
            for parameter in PARAMETERS {
                let made = all(parameter, value, &[]);
                let mut near = made.iter().filter(|m| m.class == Class::NearMiss).flat_map(|m| &m.values);
                assert!(near.all(|v| !v.is_empty() && !v.eq_ignore_ascii_case(value)), "{name}: {made:?}");
            }
        }
    }

    #[test]
    fn an_id_that_entropy_does_not_change_is_changed_within_its_alphabet() {
        let rows = [
            ("s-f", "s-a"),
            ("s-a", "s-b"),
            ("s-9z", "s-9a"),
            ("s-9", "s-0"),
            ("s-F-", "s-A-"),
            ("s-", "s-"),
            ("", ""),
        ];
        for (value, expected) in rows {
            let keep = value.find('-').map_or(0, |dash| dash + 1);
            let letters = if is_hexadecimal(&value[keep..]) { 6 } else { 26 };
            assert_eq!(change_kept(value, keep, letters), expected, "{value}");
        }
    }

    #[test]
    fn same_entropy_same_values() {
        assert_eq!(all("SessionId", "s-hz023od0x9abcde", &[]), all("SessionId", "s-hz023od0x9abcde", &[]));
    }
}
