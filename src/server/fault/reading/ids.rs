//! Session ids that are taken for others: folded, cut, matched as patterns, or made part of a query.

use super::{Fault, Scene, change, meaning};
use crate::server::fault::first;
use crate::server::session::Session;
use crate::server::settings::Operation;
use crate::wire::{Parameters, parameters};

pub(super) const FAULTS: &[Fault] = &[
    meaning(
        "session-trimmed",
        &["end/session/exact"],
        "a framework trims every text that it binds to a field",
        |parameters, _| change(parameters, "SessionId", |value| value.trim().to_owned()),
    ),
    meaning(
        "session-line-feed-tolerated",
        &["end/session/exact"],
        "`$` of the regular expression that takes the id out matches before a line feed at the end as well",
        |parameters, scene| resolve(parameters, scene, |given, id| given.strip_suffix('\n') == Some(id)),
    ),
    meaning(
        "session-case-folded",
        &["end/session/exact"],
        "the column of ids has the database's default collation, which does not tell upper from lower case",
        |parameters, scene| resolve(parameters, scene, |given, id| given.eq_ignore_ascii_case(id)),
    ),
    meaning(
        "session-by-unique-prefix",
        &["end/session/near-miss"],
        "an id may be shortened as long as it is unambiguous, as the command line of containers has it",
        |parameters, scene| resolve_only(parameters, scene, |given, id| given.len() > 3 && id.starts_with(given)),
    ),
    meaning(
        "session-pattern-without-end",
        &["end/session/near-miss"],
        "the regular expression that takes the id out of its parameter has no `$`",
        |parameters, scene| resolve(parameters, scene, |given, id| given.starts_with(id)),
    ),
    meaning(
        "session-pattern-without-start",
        &["end/session/near-miss"],
        "the id is searched for where it should be matched, so that anything may stand before it",
        |parameters, scene| resolve(parameters, scene, |given, id| given.ends_with(id)),
    ),
    meaning(
        "session-prefix-optional",
        &["end/session/near-miss"],
        "whatever stands before the dash is cut off, and the serial alone is the key",
        |parameters, scene| resolve(parameters, scene, |given, id| serial(given) == serial(id)),
    ),
    meaning(
        "session-check-digit-ignored",
        &["end/session/near-miss"],
        "the last character was planned as a check digit and is never compared",
        |parameters, scene| resolve(parameters, scene, same_but_last),
    ),
    meaning(
        "session-place-ignored",
        &["end/session/near-miss"],
        "the letters of the place only choose the cell that is asked first, and the others are asked after it",
        |parameters, scene| resolve(parameters, scene, |given, id| beyond_place(given) == beyond_place(id)),
    ),
    meaning(
        "session-serial-as-number",
        &["end/session/near-miss"],
        "the serial behind the place is read as a number of base 36, to which zeros in front are nothing",
        |parameters, scene| resolve(parameters, scene, |given, id| number(given) == number(id)),
    ),
    meaning(
        "session-by-class-of-glob",
        &["end/session/near-miss"],
        "ids are matched by a library of shell patterns, in which `[..]` is any one of what it holds",
        |parameters, scene| {
            resolve(parameters, scene, |given, id| given.contains('[') && given.replace(['[', ']'], "") == id)
        },
    ),
    meaning(
        "session-by-like",
        &["end/session/near-miss"],
        "the query by id was copied from a search and says LIKE, so that `%` and `_` match anything",
        |parameters, scene| resolve(parameters, scene, |given, id| fits(given.as_bytes(), id.as_bytes(), b'_', b'%')),
    ),
    meaning(
        "session-by-glob",
        &["end/session/near-miss"],
        "ids are looked up with the KEYS command of a cache, which reads `*` and `?`",
        |parameters, scene| resolve(parameters, scene, |given, id| fits(given.as_bytes(), id.as_bytes(), b'?', b'*')),
    ),
    meaning(
        "session-decoded-twice",
        &["end/session/near-miss"],
        "a gateway decodes the query, and the service behind it decodes it once more",
        |parameters, _| change(parameters, "SessionId", decoded_again),
    ),
    meaning(
        "session-references-resolved",
        &["end/session/near-miss"],
        "a filter against injected markup resolves character references before it looks",
        |parameters, _| change(parameters, "SessionId", |value| resolved(value, "&#x", ";")),
    ),
    meaning(
        "session-escapes-resolved",
        &["end/session/near-miss"],
        "the parameter is spliced into JSON for an inner service, whose parser resolves escapes",
        |parameters, _| change(parameters, "SessionId", |value| resolved(value, "\\u00", "")),
    ),
    meaning(
        "session-last-of-path",
        &["end/session/near-miss"],
        "the id is taken from the end of a resource's name, which is how another operation names sessions",
        |parameters, scene| resolve(parameters, scene, |given, id| given.rsplit('/').next() == Some(id)),
    ),
    meaning(
        "session-slash-tolerated",
        &["end/session/near-miss"],
        "the id becomes part of a path, from whose end a router takes a slash",
        |parameters, scene| resolve(parameters, scene, |given, id| given.strip_suffix('/') == Some(id)),
    ),
    meaning(
        "session-query-cut",
        &["end/session/near-miss"],
        "an inner service is asked by a URL that holds the id as it is, and reads what follows `?` as its own parameters",
        |parameters, scene| resolve(parameters, scene, |given, id| given.split('?').next() == Some(id)),
    ),
    meaning(
        "session-slug",
        &["end/session/near-miss"],
        "underscores become dashes, since the id once was the name of a host",
        |parameters, _| change(parameters, "SessionId", |value| value.replace('_', "-")),
    ),
    meaning(
        "session-list-split",
        &["end/session/near-miss"],
        "the handler is shared with a bulk call, which splits at commas",
        |parameters, scene| resolve(parameters, scene, |given, id| given.split(',').any(|item| item == id)),
    ),
    meaning(
        "session-spliced-into-url",
        &["end/session/near-miss", "end/session/malformed"],
        "the decoded id is put as it is into the URL of an inner service, which reads `&`, `#` and `/` in it",
        |parameters, scene| resolve(parameters, scene, |given, id| given.split(['&', '#', '/']).next() == Some(id)),
    ),
    meaning(
        "session-cut-to-column",
        &["end/session/near-miss", "end/session/malformed"],
        "a database without strict mode cuts what is longer than its column before it compares",
        |parameters, _| change(parameters, "SessionId", |value| value.chars().take(COLUMN).collect()),
    ),
    meaning(
        "session-cut-at-nul",
        &["end/session/malformed"],
        "the id is handed to a library in C, where a NUL is the end",
        |parameters, _| change(parameters, "SessionId", |value| value.split('\0').next().unwrap_or("").to_owned()),
    ),
    meaning(
        "session-control-stripped",
        &["end/session/malformed"],
        "a filter against injected logs strips control characters from every parameter",
        |parameters, _| change(parameters, "SessionId", |value| value.chars().filter(|c| !c.is_control()).collect()),
    ),
    meaning(
        "session-lossy-ascii",
        &["end/session/malformed"],
        "text is converted to ASCII, and what has no place there is dropped",
        |parameters, _| change(parameters, "SessionId", |value| value.chars().filter(char::is_ascii).collect()),
    ),
    meaning(
        "session-normalised",
        &["end/session/malformed"],
        "every text is brought into Unicode's compatibility form, which turns full-width letters into ASCII",
        |parameters, _| change(parameters, "SessionId", |value| value.chars().map(narrow).collect()),
    ),
    meaning(
        "session-ignorable-ignored",
        &["end/session/malformed"],
        "the database compares by a Unicode collation, to which a soft hyphen is nothing",
        |parameters, _| change(parameters, "SessionId", |value| value.replace('\u{ad}', "")),
    ),
    meaning(
        "session-folded",
        &["end/session/malformed"],
        "keys are folded as Unicode says, to which a long s is an s, and ids are in lower case anyway",
        |parameters, _| change(parameters, "SessionId", |value| value.replace('\u{17f}', "s").replace('\u{212a}', "k")),
    ),
    meaning(
        "session-tags-stripped",
        &["end/session/malformed"],
        "a filter against injected markup takes tags out of every parameter",
        |parameters, _| change(parameters, "SessionId", without_tags),
    ),
    meaning(
        "session-accent-blind",
        &["end/session/malformed"],
        "a general collation of the database takes letters with accents for those without",
        |parameters, _| change(parameters, "SessionId", |value| value.chars().map(plain).collect()),
    ),
    meaning(
        "session-unquoted",
        &["end/session/malformed"],
        "the parameter is bound by a reader of JSON that takes a bare text for one in quotes",
        |parameters, scene| resolve(parameters, scene, |given, id| given.trim_matches(['"', '[', ']']) == id),
    ),
    meaning(
        "session-spliced-into-sql",
        &["end/session/malformed"],
        "the statement is put together from texts, so that a quote in the id ends the literal",
        |parameters, scene| resolve(parameters, scene, injected),
    ),
    meaning(
        "session-operator-taken",
        &["end/session/malformed"],
        "a document store is asked with whatever JSON the parameter holds, operators included",
        |parameters, scene| resolve(parameters, scene, |given, _| given.contains("\"$ne\"")),
    ),
    meaning(
        "session-compared-as-number",
        &["end/session/malformed"],
        "the database compares a text with a number by making the text one, and a text without digits in front is 0",
        |parameters, scene| resolve(parameters, scene, |given, _| given.parse() == Ok(0.0)),
    ),
    meaning(
        "session-empty-ends-newest",
        &["end/request/empty"],
        "an empty id leaves the condition out of the query, which finds the newest session",
        |parameters, scene| resolve(parameters, scene, |given, _| given.is_empty()),
    ),
    meaning(
        "session-missing-ends-newest",
        &["end/request/session-required"],
        "a missing id leaves the condition out of the query, which finds the newest session",
        session_missing_ends_newest,
    ),
];

/// Characters of the column: as many as the ids have that are issued.
const COLUMN: usize = 16;

fn session_missing_ends_newest(parameters: &mut Parameters, scene: &mut Scene<'_>) {
    if first(parameters, "SessionId").is_none() {
        let newest = open(parameters, scene).next().map(|session| session.id.clone());
        parameters.extend(newest.map(|id| ("SessionId".to_owned(), id)));
    }
}

/// The open sessions of the region that an End names, the newest first.
fn open<'a>(parameters: &'a Parameters, scene: &'a Scene<'_>) -> impl Iterator<Item = &'a Session> {
    let region = first(parameters, "RegionId").filter(|_| scene.asked.operation == Some(Operation::End));
    let sessions = scene.model.newest(None).map(|(_, session)| session);
    sessions.filter(move |session| session.ended.is_none() && Some(session.asked.region.as_str()) == region)
}

/// Has an End mean the newest open session that matches what it names, where nothing has that very id.
fn resolve(parameters: &mut Parameters, scene: &mut Scene<'_>, matches: impl Fn(&str, &str) -> bool) {
    let given = first(parameters, "SessionId").unwrap_or("-");
    if scene.model.find(given).is_some() {
        return;
    }
    let found = open(parameters, scene).find(|session| matches(given, &session.id)).map(|session| session.id.clone());
    if let Some(id) = found {
        change(parameters, "SessionId", |_| id.clone());
    }
}

/// As [`resolve`], where one session alone matches.
fn resolve_only(parameters: &mut Parameters, scene: &mut Scene<'_>, matches: impl Fn(&str, &str) -> bool) {
    let given = first(parameters, "SessionId").unwrap_or("-");
    if open(parameters, scene).filter(|session| matches(given, &session.id)).count() == 1 {
        resolve(parameters, scene, matches);
    }
}

fn serial(id: &str) -> &str {
    id.split_once('-').map_or(id, |(_, serial)| serial)
}

/// What follows the prefix and the place.
fn beyond_place(id: &str) -> Option<&str> {
    serial(id).get(2..)
}

fn number(id: &str) -> Option<&str> {
    let place = serial(id).get(..2)?;
    Some(beyond_place(id)?.trim_start_matches('0')).filter(|_| place.bytes().all(|byte| byte.is_ascii_lowercase()))
}

fn without_tags(value: &str) -> String {
    let (mut shown, mut rest) = (String::new(), value);
    while let Some((before, tag)) = rest.split_once('<') {
        shown.push_str(before);
        rest = tag.split_once('>').map_or("", |(_, after)| after);
    }
    shown + rest
}

fn same_but_last(given: &str, id: &str) -> bool {
    let mut given = given.chars();
    given.next_back();
    id.strip_prefix(given.as_str()).is_some_and(|rest| rest.len() == 1)
}

/// Whether a text fits a pattern in which `one` stands for any character and `many` for any number of them.
fn fits(pattern: &[u8], text: &[u8], one: u8, many: u8) -> bool {
    match (pattern.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((p, rest)), _) if *p == many => (0..=text.len()).any(|at| fits(rest, &text[at..], one, many)),
        (Some((p, rest)), Some((t, left))) if *p == one || p == t => fits(rest, left, one, many),
        _ => false,
    }
}

fn decoded_again(value: &str) -> String {
    let pair = format!("x={}", value.replace('&', "%26").replace('+', "%2B"));
    let decoded = parameters::parse(pair.as_bytes()).unwrap_or_default();
    first(&decoded, "x").unwrap_or(value).to_owned()
}

/// The text with a character written as `before`, two hexadecimal digits and `after` read as that character.
fn resolved(value: &str, before: &str, after: &str) -> String {
    let read = || {
        let (start, rest) = value.split_once(before)?;
        let (digits, rest) = rest.split_at_checked(2)?;
        let character = char::from(u8::from_str_radix(digits, 16).ok()?);
        Some(format!("{start}{character}{}", rest.strip_prefix(after)?))
    };
    read().unwrap_or_else(|| value.to_owned())
}

/// Full-width forms as the ASCII that they stand for.
fn narrow(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(character as u32 - 0xfee0).unwrap_or(character),
        _ => character,
    }
}

fn plain(character: char) -> char {
    match character {
        'á' | 'à' | 'ä' | 'â' => 'a',
        'é' | 'è' | 'ë' | 'ê' => 'e',
        'í' | 'ì' | 'ï' | 'î' => 'i',
        'ó' | 'ò' | 'ö' | 'ô' => 'o',
        'ú' | 'ù' | 'ü' | 'û' => 'u',
        'ç' => 'c',
        'ñ' => 'n',
        'š' => 's',
        'ž' => 'z',
        _ => character,
    }
}

/// Whether `SELECT .. WHERE id = '<given>'` finds the id.
fn injected(given: &str, id: &str) -> bool {
    given.split_once('\'').is_some_and(|(literal, rest)| {
        let rest = rest.trim_start().to_ascii_lowercase();
        rest.starts_with("or ") || (rest.starts_with("--") && literal == id)
    })
}
