//! The profile file, `endspec.yaml`: the flags as keys, and named profiles of them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::node::{Kind, Node};
use super::reader::{Fields, Reader};
use super::yaml;
use crate::diagnostic::{Diagnostic, did_you_mean};
use crate::files;
use crate::limits;
use crate::source::{Place, Source, Spanned};

/// Name of the file that is looked for.
pub const FILE: &str = "endspec.yaml";

/// The key of named profiles.
const PROFILES: &str = "profiles";

/// What a key's value is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    /// A command of the shell, which only a file that was chosen may bring.
    Command,
    /// A number with its unit.
    Time,
    /// Numbers need no quotes.
    Number,
    /// `true` or `false`.
    Switch,
    List,
    Pairs,
}

/// Keys, in the order of the flags.
const KEYS: [(&str, Type); 47] = [
    ("target", Type::Text),
    ("against", Type::Text),
    ("insecure", Type::Switch),
    ("ca-file", Type::Text),
    ("client-cert", Type::Text),
    ("client-key", Type::Text),
    ("http", Type::Number),
    ("resolve", Type::List),
    ("header", Type::Pairs),
    ("thorough", Type::Switch),
    ("yes", Type::Switch),
    ("auth", Type::Text),
    ("credential-profile", Type::Text),
    ("denied-profile", Type::Text),
    ("ecs-ram-role", Type::Text),
    ("ecs-metadata", Type::Text),
    ("region", Type::Text),
    ("other-region", Type::Text),
    ("unsupported-region", Type::Text),
    ("instance-id", Type::Text),
    ("sessions", Type::Text),
    ("session-command", Type::Command),
    ("session-id", Type::List),
    ("without", Type::List),
    ("reading", Type::Pairs),
    ("contract", Type::Text),
    ("select", Type::Text),
    ("timeout", Type::Time),
    ("settle", Type::Time),
    ("time-limit", Type::Time),
    ("requests-per-second", Type::Number),
    ("jobs", Type::Number),
    ("seed", Type::Number),
    ("strict", Type::Switch),
    ("baseline", Type::Text),
    ("shard", Type::Text),
    ("fail-fast", Type::Switch),
    ("wait-for-target", Type::Time),
    ("report", Type::List),
    ("restart-command", Type::Command),
    ("id-header", Type::Text),
    ("time", Type::Time),
    ("cases", Type::Number),
    ("max-findings", Type::Number),
    ("clients", Type::Number),
    ("corpus", Type::Text),
    ("save", Type::Text),
];

/// A profile file: values for every run, and named sets of values that go before them.
#[derive(Debug, Clone, Default)]
pub struct ProfileFile {
    base: Values,
    named: Vec<(Spanned<String>, Values)>,
}

/// Values as they are written, to be read like flags.
#[derive(Debug, Clone, Default)]
pub struct Values {
    source: Option<Arc<Source>>,
    values: Vec<(&'static str, Value)>,
}

#[derive(Debug, Clone)]
enum Value {
    Text(Spanned<String>),
    List(Vec<Spanned<String>>),
    Pairs(Vec<(Spanned<String>, Spanned<String>)>),
}

impl ProfileFile {
    /// The values for every run, or those with the ones of a named profile before them. Lists are replaced as a whole,
    /// readings one by one.
    ///
    /// # Errors
    /// There is no profile of that name.
    pub fn named(&self, name: Option<&str>) -> Result<Values, Diagnostic> {
        let Some(name) = name else { return Ok(self.base.clone()) };
        let Some((_, own)) = self.named.iter().find(|(other, _)| other.value == name) else {
            let names: Vec<&str> = self.named.iter().map(|(name, _)| name.value.as_str()).collect();
            let help = match did_you_mean(name, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if names.is_empty() => format!("the file has no `{PROFILES}`"),
                None => format!("there are {}", names.join(", ")),
            };
            return Err(Diagnostic::new("unknown-profile", format!("there is no profile `{name}`")).help(help));
        };
        let mut merged = own.clone();
        for (key, value) in &self.base.values {
            match (merged.values.iter_mut().find(|(other, _)| other == key), value) {
                (None, _) => merged.values.push((key, value.clone())),
                (Some((_, Value::Pairs(own))), Value::Pairs(base)) => {
                    let more: Vec<_> = base
                        .iter()
                        .filter(|(name, _)| own.iter().all(|(n, _)| n.value != name.value))
                        .cloned()
                        .collect();
                    own.extend(more);
                }
                (Some(_), _) => {}
            }
        }
        Ok(merged)
    }
}

impl Values {
    /// The text, number or switch of a key.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.value(key)? {
            Value::Text(text) => Some(&text.value),
            _ => None,
        }
    }

    /// The texts of a list; empty where it is not given.
    pub fn list(&self, key: &str) -> Vec<String> {
        match self.value(key) {
            Some(Value::List(texts)) => texts.iter().map(|text| text.value.clone()).collect(),
            _ => Vec::new(),
        }
    }

    /// The names and values of a mapping; empty where it is not given.
    pub fn pairs(&self, key: &str) -> Vec<(String, String)> {
        match self.value(key) {
            Some(Value::Pairs(pairs)) => {
                pairs.iter().map(|(name, value)| (name.value.clone(), value.value.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Where a member of a mapping stands, for mistakes that are found later.
    pub fn place_of(&self, key: &str, name: &str) -> Option<Place> {
        let Value::Pairs(pairs) = self.value(key)? else { return None };
        let (_, value) = pairs.iter().find(|(other, _)| other.value == name)?;
        Some(Place { source: self.source.clone()?, span: value.span })
    }

    /// Where the value of a key stands, for mistakes that are found later.
    pub fn place(&self, key: &str) -> Option<Place> {
        let span = match self.value(key)? {
            Value::Text(text) => text.span,
            Value::List(texts) => texts.first()?.span,
            Value::Pairs(pairs) => pairs.first()?.0.span,
        };
        Some(Place { source: self.source.clone()?, span })
    }

    fn value(&self, key: &str) -> Option<&Value> {
        self.values.iter().find(|(other, _)| *other == key).map(|(_, value)| value)
    }
}

/// Reads a profile file.
///
/// # Errors
/// Every mistake in it; what stands after a key that looks like a secret's is masked in the source they point into.
pub fn profile(source: &Arc<Source>) -> Result<ProfileFile, Vec<Diagnostic>> {
    read(source).map_err(|mut mistakes| {
        let masked = masked(source);
        for place in mistakes.iter_mut().filter_map(|mistake| mistake.place.as_mut()) {
            place.source = masked.clone();
        }
        mistakes
    })
}

/// The source with stars for secrets; every byte is where it was.
fn masked(source: &Arc<Source>) -> Arc<Source> {
    let mut text = String::with_capacity(source.text.len());
    for line in source.text.split_inclusive('\n') {
        let mut colons = line.match_indices(':').map(|(at, _)| at);
        let shown = colons.find(|at| {
            let before = line[..*at].trim_end_matches(['"', '\'', ' ']);
            let letters = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
            is_secret(&before[before.trim_end_matches(letters).len()..])
        });
        let (plain, secret) = line.split_at(shown.map_or(line.len(), |at| at + 1));
        text.push_str(plain);
        text.extend(secret.bytes().map(|byte| if byte.is_ascii_whitespace() { char::from(byte) } else { '*' }));
    }
    Source::new(source.name.clone(), text)
}

fn read(source: &Arc<Source>) -> Result<ProfileFile, Vec<Diagnostic>> {
    let tree = match yaml::tree(source, limits::YAML_NODES) {
        Ok(tree) => tree,
        // A file whose every line is commented out says nothing wrong.
        Err(mistakes) if mistakes.iter().all(|mistake| mistake.code == "empty-file") => {
            return Ok(ProfileFile::default());
        }
        Err(mistakes) => return Err(mistakes),
    };
    let mut reader = Reader::new(source);
    yaml::strictness(source, &tree, &mut reader.mistakes);
    let mut file = ProfileFile::default();
    if let Some(fields) = reader.map(&tree, "a profile") {
        file.base = values(&mut reader, &fields, true);
        let named = fields.get(PROFILES).and_then(|node| reader.map(node, "a mapping of profiles"));
        for (name, span, node) in named.map(|fields| fields.members).unwrap_or_default() {
            let name = reader.checked_name(name, span, "the name of a profile");
            let own = reader.map(node, "a profile").map(|fields| values(&mut reader, &fields, false));
            if let (Some(name), Some(own)) = (name, own) {
                file.named.push((name, own));
            }
        }
    }
    if reader.mistakes.is_empty() { Ok(file) } else { Err(reader.mistakes) }
}

/// The values of the profile that a flag names, as `FILE` or `FILE#NAME`; without one, of the nearest `endspec.yaml` in
/// the working folder or above it, or none.
///
/// # Errors
/// A file that cannot be read, every mistake in it, an unknown name; and commands in a file that nobody chose: one from
/// above the working folder may come with somebody else's checkout.
pub fn find(flag: Option<&str>) -> Result<Values, Vec<Diagnostic>> {
    let (path, name) = match flag.filter(|flag| !flag.is_empty()) {
        Some(flag) => split(flag),
        None => match nearest() {
            Some(path) => (path, None),
            None => return Ok(Values::default()),
        },
    };
    let chosen =
        flag.is_some_and(|flag| !flag.is_empty()) || path.parent().is_none_or(|folder| folder == Path::new(""));
    let text = files::read(&path, limits::FILE_BYTES).map_err(|mistake| vec![mistake])?;
    let source = Source::new(path.display().to_string(), text);
    let values = profile(&source)?.named(name).map_err(|mistake| vec![mistake])?;
    let commands: Vec<Diagnostic> = if chosen { Vec::new() } else { commands(&values) };
    if commands.is_empty() { Ok(values) } else { Err(commands) }
}

fn commands(values: &Values) -> Vec<Diagnostic> {
    let keys = KEYS.iter().filter(|(_, kind)| *kind == Type::Command);
    let places = keys.filter_map(|(key, _)| Some((key, values.place(key)?)));
    let mistakes = places.map(|(key, place)| {
        let help = format!("work in its folder, or say `--profile {}`", place.source.name);
        let message = format!("`{key}` of a profile above the working folder is not run unasked");
        Diagnostic::at("command-from-above", message, place).help(help)
    });
    mistakes.collect()
}

/// `FILE#NAME`, where no file is called just so.
fn split(flag: &str) -> (PathBuf, Option<&str>) {
    match flag.rsplit_once('#') {
        Some((file, name)) if !Path::new(flag).exists() => {
            let file = if file.is_empty() { FILE } else { file };
            (PathBuf::from(file), Some(name))
        }
        _ => (PathBuf::from(flag), None),
    }
}

fn nearest() -> Option<PathBuf> {
    let here = Path::new(FILE);
    if here.is_file() {
        return Some(here.to_owned());
    }
    let folder = std::path::absolute(".").ok()?;
    folder.ancestors().skip(1).map(|folder| folder.join(FILE)).find(|path| path.is_file())
}

fn values(reader: &mut Reader<'_>, fields: &Fields<'_>, top: bool) -> Values {
    let mut values = Values { source: Some(reader.source.clone()), values: Vec::new() };
    for (name, span, node) in &fields.members {
        match KEYS.iter().find(|(key, _)| key == name) {
            Some((key, kind)) => {
                if let Some(value) = value(reader, node, key, *kind) {
                    values.values.push((key, value));
                }
            }
            None if top && *name == PROFILES => {}
            None if is_secret(name) => {
                let message = format!("`{name}` would be a secret in a file");
                let help = "keys come from the environment: ALIBABA_CLOUD_ACCESS_KEY_ID, \
                            ALIBABA_CLOUD_ACCESS_KEY_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN";
                reader.mend("secret-in-file", *span, message, help);
            }
            None => {
                let mut known: Vec<&str> = KEYS.iter().map(|(key, _)| *key).collect();
                if top {
                    known.push(PROFILES);
                }
                reader.unknown_key(name, *span, "a profile", &known);
            }
        }
    }
    values
}

fn is_secret(key: &str) -> bool {
    let letters: String = key.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    ["accesskey", "secret", "token", "password", "credential", "keyid"].iter().any(|word| letters.contains(word))
}

fn value(reader: &mut Reader<'_>, node: &Node, key: &str, kind: Type) -> Option<Value> {
    match (kind, &node.kind) {
        (Type::Number, Kind::Number(_)) | (Type::Switch, Kind::Bool(_)) => {
            // As written: `seed: 007` has two zeros. An alias has the value alone.
            let written = reader.source.text.get(node.span.range()).filter(|written| !written.starts_with('*'));
            let text = written.map_or_else(|| node.to_json().to_string(), str::to_owned);
            Some(Value::Text(Spanned::new(text, node.span)))
        }
        (Type::Switch, _) => {
            reader.expected("`true` or `false`", node);
            None
        }
        (Type::Time, Kind::Number(number)) => {
            // Quotes, which every other text that looks like a number needs, would not mend it.
            let is_time = number.as_f64().is_some_and(|number| (0.0..=86_400.0).contains(&number));
            let seconds = if is_time { number.to_string() } else { "5".to_owned() };
            let help = format!("write `{key}: {seconds}s` for seconds; `ms` and `m` are units too");
            reader.mend("bad-duration", node.span, format!("the unit of `{key}` is missing"), help);
            None
        }
        (Type::Number, Kind::Text(_)) | (Type::Text | Type::Command | Type::Time, _) => {
            text(reader, node, key).map(Value::Text)
        }
        (Type::Number, _) => {
            reader.expected("a number", node);
            None
        }
        (Type::List, _) => {
            let nodes = reader.list(node, &format!("a list for `{key}`"));
            let texts: Vec<Spanned<String>> = nodes.iter().filter_map(|node| text(reader, node, key)).collect();
            Some(Value::List(texts))
        }
        (Type::Pairs, _) => {
            let Some(fields) = reader.map(node, &format!("a mapping for `{key}`")) else {
                let help = format!("write `{key}: {{ {} }}`", pairs_of(node));
                if let Some(mistake) = reader.mistakes.last_mut().filter(|_| !matches!(node.kind, Kind::Map(_))) {
                    mistake.help = Some(help);
                }
                return None;
            };
            let mut pairs = Vec::new();
            for (name, span, node) in fields.members {
                if let Some(value) = text(reader, node, name) {
                    pairs.push((Spanned::new(name.to_owned(), span), value));
                }
            }
            Some(Value::Pairs(pairs))
        }
    }
}

/// What was written as on the command line, `NAME=VALUE`, as the members of a mapping.
fn pairs_of(node: &Node) -> String {
    let texts = match &node.kind {
        Kind::List(nodes) => nodes.iter().filter_map(Node::text).collect(),
        _ => node.text().into_iter().collect::<Vec<_>>(),
    };
    let pairs: Vec<String> = texts
        .into_iter()
        .filter_map(|text| text.split_once('='))
        .map(|(name, value)| format!("{}: {}", name.trim(), value.trim()))
        .collect();
    if pairs.is_empty() { "repeat-end: idempotent".to_owned() } else { pairs.join(", ") }
}

fn text(reader: &mut Reader<'_>, node: &Node, key: &str) -> Option<Spanned<String>> {
    let text = reader.text(node, &format!("the text of `{key}`"))?;
    Some(Spanned::new(text.to_owned(), node.span))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "target: https://a\njobs: 4\nseed: 007\nstrict: true\nwithout: [xml]\n\
        reading: { repeat-end: idempotent, unknown-region: any }\n\
        profiles:\n  staging:\n    target: https://b\n    without: [start, describe]\n    reading: { repeat-end: not-found }\n";

    fn values_of(text: &str, name: Option<&str>) -> Values {
        profile(&Source::new("endspec.yaml", text)).unwrap().named(name).unwrap()
    }

    #[test]
    fn values_are_kept_as_written() {
        let values = values_of(TEXT, None);
        assert_eq!(values.text("target"), Some("https://a"));
        assert_eq!(
            (values.text("jobs"), values.text("seed"), values.text("strict")),
            (Some("4"), Some("007"), Some("true"))
        );
        assert_eq!(values.list("without"), ["xml"]);
        assert_eq!(values.pairs("reading").len(), 2);
        assert_eq!(values.text("region"), None);
        let place = values.place("seed").unwrap();
        assert_eq!(place.at(), "endspec.yaml:3:7");
    }

    #[test]
    fn a_named_profile_goes_before_the_rest_of_the_file() {
        let values = values_of(TEXT, Some("staging"));
        assert_eq!((values.text("target"), values.text("jobs")), (Some("https://b"), Some("4")));
        assert_eq!(values.list("without"), ["start", "describe"]);
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(values.pairs("reading"), [pair("repeat-end", "not-found"), pair("unknown-region", "any")]);
        let file = profile(&Source::new("endspec.yaml", TEXT)).unwrap();
        let mistake = file.named(Some("stagin")).unwrap_err();
        assert_eq!((mistake.code, mistake.help.as_deref()), ("unknown-profile", Some("did you mean `staging`?")));
    }

    #[test]
    fn no_diagnostic_shows_a_secret() {
        let texts = [
            "access-key-secret: hunter2\n",
            "{ regoin: a, \"accessKeySecret\" : 'hünter2 x', target: hunter2 }\n",
            "profiles:\n  a: { token: hunter2, without: xml }\n",
            "secret: hunter2: x\n",
        ];
        for text in texts {
            let mistakes = profile(&Source::new("endspec.yaml", text)).unwrap_err();
            let shown = crate::diagnostic::render(&mistakes, false, 100);
            assert!(!shown.contains("nter2"), "{shown}");
            assert!(shown.contains('*'), "{shown}");
        }
    }

    #[test]
    fn commands_are_run_only_from_a_file_that_was_chosen() {
        let values = values_of("session-command: ./open\nrestart-command: x\ntarget: http://a\n", None);
        let codes: Vec<&str> = commands(&values).iter().map(|mistake| mistake.code).collect();
        assert_eq!(codes, ["command-from-above", "command-from-above"]);
        assert!(commands(&values_of(TEXT, None)).is_empty());
    }

    #[test]
    fn a_flag_names_a_file_and_a_profile_in_it() {
        assert_eq!(split("a.yaml"), (PathBuf::from("a.yaml"), None));
        assert_eq!(split("a.yaml#b"), (PathBuf::from("a.yaml"), Some("b")));
        assert_eq!(split("#b"), (PathBuf::from(FILE), Some("b")));
        let mistakes = find(Some("/no/such/file.yaml#x")).unwrap_err();
        assert_eq!(mistakes[0].code, "file-missing");
    }
}
