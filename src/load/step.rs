//! One step: which action it is, and the actions that are not calls.

use std::time::Duration;

use super::node::{Kind, Node};
use super::reader::{Fields, Reader, first_line};
use super::scope::{FILLER, Scope};
use super::yaml::shortened;
use super::{call, expect, overlap};
use crate::case::{Action, LookAt, OpenStep, Pause, RawStep, Step, Values, Via, Workload};
use crate::contract::Contract;
use crate::diagnostic::did_you_mean;
use crate::limits;
use crate::source::{Span, Spanned};

/// Actions, each with the keys that may stand beside it.
pub(super) const ACTIONS: [(&str, &[&str]); 10] = [
    ("open", &["region"]),
    (
        "call",
        &[
            "with",
            "without",
            "values",
            "for-each",
            "method",
            "headers",
            "lane",
            "times",
            "connection",
            "credential",
            "sign",
            "capture",
            "clause",
            "expect",
        ],
    ),
    ("look", &["by", "clause", "expect"]),
    ("connect", &["clause", "expect"]),
    ("hang-up", &[]),
    ("overlap", &["clients", "clause"]),
    ("workload", &[]),
    ("restart", &[]),
    ("raw", &["filler", "clause", "expect"]),
    ("wait", &[]),
];

/// Reads one step.
pub(super) fn step(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope, vocabulary: &Contract) -> Option<Step> {
    let fields = reader.map(node, "a step")?;
    let (action, keys) = action_of(reader, &fields)?;
    for (name, span, _) in &fields.members {
        if *name != action && !keys.contains(name) {
            misplaced(reader, name, *span, action, keys);
        }
    }
    let node_of_action = fields.get(action)?;
    let mut values: Option<&Values> = None;
    let read = match action {
        "open" => open(reader, &fields, node_of_action, scope).map(Action::Open),
        "call" => {
            call::call(reader, &fields, node_of_action, scope, vocabulary).map(|call| Action::Call(Box::new(call)))
        }
        "look" => look(reader, &fields, node_of_action, scope).map(Action::Look),
        "connect" => session(reader, node_of_action, scope, "`connect`").map(Action::Connect),
        "hang-up" => session(reader, node_of_action, scope, "`hang-up`").map(Action::HangUp),
        "overlap" => overlap::overlap(reader, &fields, node_of_action, scope, vocabulary).map(Action::Overlap),
        "workload" => workload(reader, &fields, node_of_action, scope).map(Action::Workload),
        "restart" => restart(reader, node_of_action, scope),
        "raw" => raw(reader, &fields, node_of_action, scope).map(Action::Raw),
        _ => wait(reader, node_of_action).map(Action::Wait),
    };
    if let Some(Action::Call(call)) = &read {
        values = call.values.as_ref().map(|values| &values.value);
    }
    let about = expect::About {
        looks: matches!(action, "look" | "connect"),
        values: values.is_some() || fields.get("values").is_some(),
    };
    let expect = fields.get("expect").filter(|_| keys.contains(&"expect"));
    let expect = expect.map(|node| (node, expect::expectation(reader, node, about, vocabulary)));
    let clause = fields.get("clause").filter(|_| keys.contains(&"clause"));
    let clause = clause.map(|node| clause_of(reader, node, scope, vocabulary));
    let expect = match expect {
        Some((node, read)) => Some(Spanned::new(read?, node.span)),
        None => None,
    };
    let clause = match clause {
        Some(read) => Some(read?),
        None => None,
    };
    Some(Step { span: first_line(&reader.source.text, node.span), clause, action: read?, expect })
}

/// The one action of a step, and the keys that may stand beside it.
fn action_of(reader: &mut Reader<'_>, fields: &Fields<'_>) -> Option<(&'static str, &'static [&'static str])> {
    let mut found = ACTIONS.iter().filter(|(name, _)| fields.get(name).is_some());
    if let Some((action, keys)) = found.next() {
        if let Some((other, _)) = found.next() {
            let span = fields.member(other).map_or(fields.span, |(_, span, _)| span);
            let message = format!("a step does one thing, and this one does `{action}` already");
            reader.mend("many-actions", span, message, format!("begin another step: `- {other}: ...`"));
        }
        return Some((action, keys));
    }
    let actions = || ACTIONS.iter().map(|(name, _)| *name);
    let typo = fields.members.iter().find_map(|(name, span, _)| Some((*name, *span, did_you_mean(name, actions())?)));
    match typo {
        Some((name, span, near)) => {
            let message = format!("there is no action `{}`", shortened(name));
            reader.mend("unknown-key", span, message, format!("did you mean `{near}`?"));
        }
        None => {
            let span = first_line(&reader.source.text, fields.span);
            let all: Vec<String> = actions().map(|name| format!("`{name}`")).collect();
            reader.mend("no-action", span, "the step does nothing", format!("it needs one of {}", all.join(", ")));
        }
    }
    None
}

fn misplaced(reader: &mut Reader<'_>, name: &str, span: Span, action: &str, keys: &[&str]) {
    if ACTIONS.iter().any(|(other, _)| *other == name) {
        // Said already, as `many-actions`.
        return;
    }
    let homes: Vec<&str> = ACTIONS.iter().filter(|(_, keys)| keys.contains(&name)).map(|(home, _)| *home).collect();
    if homes.is_empty() {
        let mut known = vec![action];
        known.extend(keys);
        return reader.unknown_key(name, span, &format!("a step that does `{action}`"), &known);
    }
    let help = match (name, action) {
        ("expect" | "clause", "open") => "`call: StartTerminalSession` opens one that is judged".to_owned(),
        _ => format!("it belongs to steps that do `{}`", homes.join("` or `")),
    };
    reader.mend("misplaced-key", span, format!("`{name}` has no meaning where a step does `{action}`"), help);
}

fn clause_of(reader: &mut Reader<'_>, node: &Node, scope: &Scope, vocabulary: &Contract) -> Option<Spanned<String>> {
    let id = reader.text(node, "the text of a clause")?;
    if vocabulary.clause(id).is_none() {
        let ids = vocabulary.clauses.iter().map(|clause| clause.id.as_str());
        reader.unknown("unknown-clause", "clause", id, node.span, ids);
        return None;
    }
    if !scope.clauses.iter().any(|clause| clause == id) {
        let help = "add it to the case's `clauses`";
        reader.mend("clause-not-listed", node.span, format!("the case does not list `{id}`"), help);
        return None;
    }
    Some(Spanned::new(id.to_owned(), node.span))
}

fn open(reader: &mut Reader<'_>, fields: &Fields<'_>, node: &Node, scope: &mut Scope) -> Option<OpenStep> {
    scope.need("sessions", fields.member("open")?.1, "`open`");
    let region = fields.get("region").map(|node| scope.template(reader, node, "the text of a region", false));
    let name = reader.name(node, "the name of a session");
    let name = name.filter(|name| scope.is_free(reader, &name.value, name.span))?;
    // Known from here on even when its region is not.
    scope.sessions.push(name.value.clone());
    let region = match region {
        Some(read) => Some(read?),
        None => None,
    };
    Some(OpenStep { name, region })
}

fn look(reader: &mut Reader<'_>, fields: &Fields<'_>, node: &Node, scope: &mut Scope) -> Option<LookAt> {
    let by = fields.get("by").map(|node| observers(reader, node));
    let session = session(reader, node, scope, "`look`")?;
    let by = match by {
        Some(read) => read?,
        None => Vec::new(),
    };
    Some(LookAt { session, by })
}

fn observers(reader: &mut Reader<'_>, node: &Node) -> Option<Vec<Via>> {
    let words = Via::ALL.map(|via| (via.name(), via));
    let nodes = match &node.kind {
        Kind::Text(_) => std::slice::from_ref(node),
        _ => reader.list(node, "an observer or a list of observers"),
    };
    let before = reader.mistakes.len();
    let mut observers = Vec::new();
    for node in nodes {
        let Some(via) = reader.word(node, "observer", &words) else { continue };
        if observers.contains(&via) {
            reader.mistake("listed-twice", node.span, format!("`{}` is listed twice", via.name()));
        }
        observers.push(via);
    }
    (reader.mistakes.len() == before && !observers.is_empty()).then_some(observers)
}

fn workload(reader: &mut Reader<'_>, fields: &Fields<'_>, node: &Node, scope: &mut Scope) -> Option<Workload> {
    scope.need("sessions", fields.member("workload")?.1, "`workload`");
    let before = reader.mistakes.len();
    let fields = reader.fields(node, "a workload", &["clients", "sessions", "calls"])?;
    let clients = reader.required(&fields, "clients", "a workload");
    let clients = clients.and_then(|node| between(reader, node, 2, limits::CLIENTS));
    let sessions = fields.get("sessions").map(|node| number(reader, node, limits::WORKLOAD_SESSIONS));
    let calls = fields.get("calls").map(|node| number(reader, node, limits::WORKLOAD_CALLS));
    if reader.mistakes.len() > before {
        return None;
    }
    let or = |given: Option<Option<u64>>, otherwise| given.map_or(Some(otherwise), |read| u32::try_from(read?).ok());
    Some(Workload {
        clients: u32::try_from(clients?).ok()?,
        sessions: or(sessions, Workload::SESSIONS)?,
        calls: or(calls, Workload::CALLS)?,
    })
}

fn restart(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope) -> Option<Action> {
    scope.need("restart", node.span, "`restart`");
    if matches!(node.kind, Kind::Bool(true)) {
        return Some(Action::Restart);
    }
    reader.mend(
        "wrong-type",
        node.span,
        format!("`true` is expected here, found {}", node.found()),
        "write `restart: true`",
    );
    None
}

/// A session that an earlier step opened.
fn session(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope, what: &str) -> Option<Spanned<String>> {
    let name = reader.text(node, "the name of a session")?;
    scope.need("sessions", node.span, what);
    if !scope.sessions.iter().any(|session| session == name) {
        let sessions: Vec<&str> = scope.sessions.iter().map(String::as_str).collect();
        let message = format!("no earlier step opens a session `{}`", shortened(name));
        let help = match did_you_mean(name, sessions.iter().copied()) {
            _ if scope.of_others(name) => "another client of this overlap opens it, for itself".to_owned(),
            Some(near) => format!("did you mean `{near}`?"),
            None if sessions.is_empty() => format!("open it before: `- open: {}`", shortened(name)),
            None => format!("open so far: {}", sessions.join(", ")),
        };
        reader.mend("unknown-session", node.span, message, help);
        return None;
    }
    Some(Spanned::new(name.to_owned(), node.span))
}

fn raw(reader: &mut Reader<'_>, fields: &Fields<'_>, node: &Node, scope: &mut Scope) -> Option<RawStep> {
    let given = fields.member("filler");
    let filler = given.map(|(_, _, node)| filler_of(reader, node));
    if node.text() == Some("") {
        reader.mistake("empty", node.span, "the text of a raw step must not be empty");
        return None;
    }
    let bytes = scope.template(reader, node, "the text of a raw step", given.is_some())?;
    if let Some((_, span, _)) = given
        && bytes.variables().all(|variable| variable.name != FILLER)
    {
        let help = "put `{{filler}}` into the text, where it is to stand";
        reader.mend("contradiction", span, "the filler is given, and the text does not use it", help);
    }
    let filler = match filler {
        Some(read) => Some(read?),
        None => None,
    };
    Some(RawStep { bytes, filler })
}

fn filler_of(reader: &mut Reader<'_>, node: &Node) -> Option<(String, usize)> {
    let fields = reader.fields(node, "a filler", &["text", "times"])?;
    let text = reader.required(&fields, "text", "a filler").map(|node| reader.text(node, "the text of a filler"));
    let times = reader.required(&fields, "times", "a filler").map(|node| number(reader, node, limits::FILLER_TIMES));
    let (text, times) = (text??, times??);
    Some((text.to_owned(), usize::try_from(times).ok()?))
}

/// A whole number from 1.
pub(super) fn number(reader: &mut Reader<'_>, node: &Node, most: u64) -> Option<u64> {
    between(reader, node, 1, most)
}

/// A whole number within bounds.
pub(super) fn between(reader: &mut Reader<'_>, node: &Node, least: u64, most: u64) -> Option<u64> {
    let number = match &node.kind {
        Kind::Number(number) => number.as_u64().filter(|number| (least..=most).contains(number)),
        _ => {
            reader.expected("a number", node);
            return None;
        }
    };
    if number.is_none() {
        reader.mistake("out-of-range", node.span, format!("a whole number from {least} to {most} is expected here"));
    }
    number
}

fn wait(reader: &mut Reader<'_>, node: &Node) -> Option<Pause> {
    match node.text() {
        Some("settle") => Some(Pause::Settle),
        Some("long") => Some(Pause::Long),
        _ => time(reader, node).map(Pause::Time),
    }
}

fn time(reader: &mut Reader<'_>, node: &Node) -> Option<Duration> {
    let help = "write a whole number and `ms`, `s` or `m`, such as `50ms`; or `settle`, or `long`";
    let Some(text) = node.text() else {
        reader.mistake("bad-duration", node.span, format!("a time is expected here, found {}", node.found())).help =
            Some(help.to_owned());
        return None;
    };
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let milliseconds = match unit {
        "ms" => Some(1),
        "s" => Some(1_000),
        "m" => Some(60_000),
        _ => None,
    };
    let Some((number, milliseconds)) = number.parse::<u64>().ok().zip(milliseconds) else {
        reader.mend("bad-duration", node.span, format!("`{}` is no time", shortened(text)), help);
        return None;
    };
    let duration = Duration::from_millis(number.saturating_mul(milliseconds));
    if duration > limits::STEP_WAIT {
        let most = limits::STEP_WAIT.as_secs() / 60;
        reader.mistake("out-of-range", node.span, format!("a step waits at most {most} minutes"));
        return None;
    }
    Some(duration)
}
