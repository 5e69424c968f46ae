//! `call`: an operation, its parameters, and the ways in which it is said.

use super::axes;
use super::node::{Kind, Node};
use super::reader::{Fields, Reader};
use super::scope::Scope;
use super::step::number;
use super::yaml::{one_of, shortened};
use crate::case::{CallStep, Class, LaneChoice, Parameter, Template, Values, mutation};
use crate::contract::Contract;
use crate::diagnostic::did_you_mean;
use crate::limits;
use crate::source::Spanned;

/// Common parameters that a call can do without.
const COMMON: [&str; 3] = ["Action", "Version", "Format"];

/// Reads a step that does `call`.
pub(super) fn call(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    node: &Node,
    scope: &mut Scope,
    vocabulary: &Contract,
) -> Option<CallStep> {
    let before = reader.mistakes.len();
    let operation = operation(reader, node, vocabulary);
    let with = fields.get("with").map(|node| parameters(reader, node, scope)).unwrap_or_default();
    let without = fields.get("without").map(|node| without(reader, node, &with)).unwrap_or_default();
    let values = fields.get("values").and_then(|node| Some(Spanned::new(values(reader, node)?, node.span)));
    let for_each = fields.get("for-each").and_then(|node| axes::for_each(reader, node));
    let method = fields.get("method").and_then(|node| method(reader, node));
    let headers = fields.get("headers").map(|node| headers(reader, node, scope)).unwrap_or_default();
    let lanes = [("live", LaneChoice::Live), ("raw", LaneChoice::Raw)];
    let lane = fields.get("lane").and_then(|node| reader.word(node, "lane", &lanes)).unwrap_or_default();
    let times = fields.get("times").and_then(|node| number(reader, node, limits::CALL_TIMES)).unwrap_or(1);
    let connections = [("reused", false), ("fresh", true)];
    let fresh = fields.get("connection").and_then(|node| reader.word(node, "connection", &connections));
    let denied = fields.get("credential").and_then(|node| credential(reader, node, scope));
    let sign = fields.get("sign").map(|node| super::sign::sign(reader, fields, node, scope)).unwrap_or_default();
    let capture = fields.get("capture").map(|node| captures(reader, node, scope)).unwrap_or_default();
    if reader.mistakes.len() > before {
        return None;
    }
    Some(CallStep {
        operation: operation?,
        with,
        without,
        values,
        for_each,
        method,
        headers,
        lane,
        times: u32::try_from(times).ok()?,
        fresh: fresh.unwrap_or_default(),
        denied: denied.unwrap_or_default(),
        sign,
        capture,
    })
}

fn operation(reader: &mut Reader<'_>, node: &Node, vocabulary: &Contract) -> Option<Spanned<String>> {
    let name = reader.text(node, "the name of an operation")?;
    let operations = &vocabulary.page.operations;
    if !operations.iter().any(|operation| operation == name) {
        let help = one_of(name, operations.iter().map(String::as_str), "there are");
        let help = format!("{help} (`with: {{ Action: ... }}` sends any other)");
        reader.mend("unknown-operation", node.span, format!("there is no operation `{}`", shortened(name)), help);
        return None;
    }
    Some(Spanned::new(name.to_owned(), node.span))
}

fn parameters(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope) -> Vec<Parameter> {
    let Some(fields) = reader.map(node, "a mapping of parameters") else { return Vec::new() };
    let mut parameters = Vec::new();
    for (name, span, node) in fields.members {
        let nodes = match &node.kind {
            Kind::List(_) => reader.list(node, "the list of a parameter's values"),
            _ => std::slice::from_ref(node),
        };
        let values = nodes.iter().filter_map(|node| scope.template(reader, node, "the text of a parameter", false));
        let values: Vec<Template> = values.collect();
        parameters.push(Parameter { name: Spanned::new(name.to_owned(), span), values });
    }
    parameters
}

fn without(reader: &mut Reader<'_>, node: &Node, with: &[Parameter]) -> Vec<Spanned<String>> {
    let mut names: Vec<Spanned<String>> = Vec::new();
    for node in reader.list(node, "a list of common parameters") {
        let Some(name) = reader.word(node, "common parameter that can be left out", &COMMON.map(|name| (name, name)))
        else {
            continue;
        };
        if names.iter().any(|other| other.value == name) {
            reader.mistake("listed-twice", node.span, format!("`{name}` is listed twice"));
        }
        if with.iter().any(|parameter| parameter.name.value == name) {
            let message = format!("`{name}` is given in `with` and left out here");
            reader.mend("contradiction", node.span, message, "`with` replaces the common value by itself");
        }
        names.push(Spanned::new(name.to_owned(), node.span));
    }
    names
}

fn values(reader: &mut Reader<'_>, node: &Node) -> Option<Values> {
    let help = "write `invalid(SessionId)`, `valid(RegionId)`, or `{ invalid: SessionId, class: [near-miss] }`";
    if let Some(text) = node.text() {
        let parts = text.strip_suffix(')').and_then(|text| text.split_once('('));
        let Some((kind @ ("invalid" | "valid"), name)) = parts else {
            let near = parts.and_then(|(kind, name)| Some((did_you_mean(kind, ["invalid", "valid"])?, name)));
            let help = near.map_or_else(|| help.to_owned(), |(near, name)| format!("did you mean `{near}({name})`?"));
            reader.mend("bad-values", node.span, format!("`{}` names no generated values", shortened(text)), help);
            return None;
        };
        if !mutation::PARAMETERS.contains(&name) {
            let at = kind.len() + 1;
            let span = reader.inside(node, at..at + name.len());
            let help = one_of(name, mutation::PARAMETERS, "there are");
            reader.mend("unknown-word", span, format!("there are no values for `{}`", shortened(name)), help);
            return None;
        }
        return Some(Values {
            parameter: name.to_owned(),
            valid: kind == "valid",
            classes: Vec::new(),
            only: Vec::new(),
        });
    }
    let fields = reader.fields(node, "a mapping of generated values", &["invalid", "valid", "class", "only"])?;
    let (valid, parameter) = match (fields.get("invalid"), fields.get("valid")) {
        (Some(parameter), None) => (false, parameter),
        (None, Some(parameter)) => (true, parameter),
        _ => {
            reader.mend("bad-values", node.span, "either `invalid` or `valid` is expected here", help);
            return None;
        }
    };
    let parameter =
        reader.word(parameter, "parameter with generated values", &mutation::PARAMETERS.map(|name| (name, name)));
    let classes = fields.get("class").map(|node| classes(reader, node, valid));
    let classes = match classes {
        Some(read) => read?,
        None => Vec::new(),
    };
    let only = fields.get("only").map(|node| only(reader, node, valid, &classes));
    let only = match only {
        Some(read) => read?,
        None => Vec::new(),
    };
    Some(Values { parameter: parameter?.to_owned(), valid, classes, only })
}

/// Names of the catalogue, of values that are as `valid` as asked for.
fn only(reader: &mut Reader<'_>, node: &Node, valid: bool, classes: &[Class]) -> Option<Vec<&'static str>> {
    if !classes.is_empty() {
        let help = "leave one of the two out: a name says the class";
        reader.mend("contradiction", node.span, "`only` stands beside `class`", help);
        return None;
    }
    let kinds = mutation::CATALOGUE.iter().filter(|kind| (kind.class == Class::Valid) == valid);
    let words: Vec<(&str, &'static str)> = kinds.map(|kind| (kind.name, kind.name)).collect();
    let nodes = match &node.kind {
        Kind::Text(_) => std::slice::from_ref(node),
        _ => reader.list(node, "a mutation or a list of mutations"),
    };
    let before = reader.mistakes.len();
    let mut names = Vec::new();
    for node in nodes {
        let Some(name) = reader.word(node, "mutation", &words) else { continue };
        if names.contains(&name) {
            reader.mistake("listed-twice", node.span, format!("`{name}` is listed twice"));
        }
        names.push(name);
    }
    (reader.mistakes.len() == before && !names.is_empty()).then_some(names)
}

fn classes(reader: &mut Reader<'_>, node: &Node, valid: bool) -> Option<Vec<Class>> {
    if valid {
        reader.mend("contradiction", node.span, "valid values have no classes", "leave `class` out");
        return None;
    }
    let wrong: Vec<(&str, Class)> =
        Class::ALL.iter().filter(|class| **class != Class::Valid).map(|class| (class.name(), *class)).collect();
    let nodes = match &node.kind {
        Kind::Text(_) => std::slice::from_ref(node),
        _ => reader.list(node, "a class or a list of classes"),
    };
    let before = reader.mistakes.len();
    let mut classes = Vec::new();
    for node in nodes {
        let Some(class) = reader.word(node, "class", &wrong) else { continue };
        if classes.contains(&class) {
            reader.mistake("listed-twice", node.span, format!("`{}` is listed twice", class.name()));
        }
        classes.push(class);
    }
    (reader.mistakes.len() == before && !classes.is_empty()).then_some(classes)
}

fn method(reader: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = reader.text(node, "the text of a method")?;
    if text.len() > 20 || !text.chars().all(|c| c.is_ascii_uppercase() || c == '-') {
        let help = "methods are written in capital letters, such as `PUT`; a `raw` step sends anything";
        reader.mend("bad-method", node.span, format!("`{}` is no method", shortened(text)), help);
        return None;
    }
    Some(text.to_owned())
}

fn credential(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope) -> Option<bool> {
    let denied = reader.word(node, "credential", &[("own", false), ("denied", true)])?;
    if denied {
        scope.need("denied-credential", node.span, "`credential: denied`");
    }
    Some(denied)
}

fn headers(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope) -> Vec<(String, Template)> {
    let Some(fields) = reader.map(node, "a mapping of header fields") else { return Vec::new() };
    let mut headers = Vec::new();
    for (name, span, node) in fields.members {
        let letters = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if name.is_empty() || !name.chars().all(letters) {
            let help = "letters, digits and `-`; a `raw` step sends anything";
            reader.mend("bad-header", span, format!("`{}` cannot be a header's name", shortened(name)), help);
        }
        if let Some(value) = scope.template(reader, node, "the text of a header", false) {
            headers.push((name.to_owned(), value));
        }
    }
    headers
}

fn captures(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope) -> Vec<(Spanned<String>, String)> {
    let Some(fields) = reader.map(node, "a mapping of captures") else { return Vec::new() };
    let mut captures = Vec::new();
    for (name, span, node) in fields.members {
        let name = reader.checked_name(name, span, "the name of a capture");
        let name = name.filter(|name| scope.is_free(reader, &name.value, name.span));
        if let Some(name) = &name {
            scope.captures.push(name.value.clone());
        }
        let pointer = reader.text(node, "the text of a JSON pointer").filter(|text| is_pointer(reader, text, node));
        if let (Some(name), Some(pointer)) = (name, pointer) {
            captures.push((name, pointer.to_owned()));
        }
    }
    captures
}

/// Whether a text is a JSON pointer (RFC 6901) to something in the body; otherwise the mistake is noted.
pub(super) fn is_pointer(reader: &mut Reader<'_>, text: &str, node: &Node) -> bool {
    let escapes = text.match_indices('~').all(|(at, _)| matches!(text.as_bytes().get(at + 1), Some(b'0' | b'1')));
    let fits = text.starts_with('/') && escapes;
    if !fits {
        let help = if escapes {
            format!("JSON pointers begin with `/`, such as `/{}`", text.trim_start_matches(['/', '$', '.']))
        } else {
            "in a name `~` is written `~0`, and `/` is written `~1`".to_owned()
        };
        reader.mend("bad-pointer", node.span, format!("`{}` is no JSON pointer", shortened(text)), help);
    }
    fits
}
