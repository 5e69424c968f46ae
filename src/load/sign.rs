//! `sign`: what is wrong with how a call is signed.

use std::time::Duration;

use super::node::{Kind, Node};
use super::reader::{Fields, Reader};
use super::scope::Scope;
use super::yaml::shortened;
use crate::case::Flaw;
use crate::limits;
use crate::wire::{Part, Piece};

/// The word for all there is.
const EVERY: &str = "every";
/// Keys of `sign`.
const KEYS: [&str; 7] = ["tampered", "age", "ahead", "nonce", "access-key", "token", "without"];
/// Keys of a call that say what `sign` would have to say as well, or are wrong by themselves.
const NOT_BESIDE: [&str; 3] = ["values", "method", "lane"];

/// Reads `sign` of a call, whose `fields` are given.
pub(super) fn sign(reader: &mut Reader<'_>, fields: &Fields<'_>, node: &Node, scope: &mut Scope) -> Vec<Flaw> {
    scope.need("signatures", node.span, "`sign`");
    for name in NOT_BESIDE {
        if let Some((_, span, _)) = fields.member(name) {
            let message = format!("`{name}` stands beside `sign`, and a request has one thing wrong with it");
            reader.mend("contradiction", span, message, "make two steps of it");
        }
    }
    let Some(members) = reader.fields(node, "`sign`", &KEYS) else { return Vec::new() };
    let mut known = members.members.iter().filter(|(name, ..)| KEYS.contains(name));
    let Some((name, _, node)) = known.next() else { return Vec::new() };
    if let Some((other, span, _)) = known.next() {
        let message = format!("`{other}` stands beside `{name}`, and a request has one thing wrong with its signature");
        reader.mend("contradiction", *span, message, "make two steps of it");
    }
    match *name {
        "tampered" => tampered(reader, node, scope),
        "age" => times(reader, node, limits::SIGNATURE_OLD, Flaw::Age),
        "ahead" => times(reader, node, Duration::ZERO, Flaw::Ahead),
        "nonce" => word(reader, node, "nonce", &[("used", Flaw::UsedNonce), ("replayed", Flaw::Replayed)]),
        "access-key" => word(reader, node, "access key", &[("unknown", Flaw::UnknownKey)]),
        "token" => word(reader, node, "token", &[("wrong", Flaw::WrongToken)]),
        _ => words(reader, node, "piece of a signature", &Piece::ALL.map(|piece| (piece.name(), Flaw::Without(piece)))),
    }
}

fn tampered(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope) -> Vec<Flaw> {
    let parts = Part::ALL.map(|part| (part.name(), Flaw::Tampered(part)));
    let flaws = words(reader, node, "part that can be tampered with", &parts);
    if flaws.contains(&Flaw::Tampered(Part::OtherSecret)) {
        scope.need("denied-credential", node.span, "`tampered: other-secret`");
    }
    flaws
}

fn word(reader: &mut Reader<'_>, node: &Node, what: &str, all: &[(&str, Flaw)]) -> Vec<Flaw> {
    reader.word(node, what, all).into_iter().collect()
}

/// `every`, or a list.
fn words(reader: &mut Reader<'_>, node: &Node, what: &str, all: &[(&str, Flaw)]) -> Vec<Flaw> {
    if node.text() == Some(EVERY) {
        return all.iter().map(|(_, flaw)| *flaw).collect();
    }
    let mut flaws = Vec::new();
    for node in reader.list(node, &format!("`every` or a list of each {what}")) {
        let Some(flaw) = reader.word(node, what, all) else { continue };
        add(reader, node, flaw, &mut flaws);
    }
    flaws
}

fn add(reader: &mut Reader<'_>, node: &Node, flaw: Flaw, flaws: &mut Vec<Flaw>) {
    if flaws.contains(&flaw) {
        reader.mistake("listed-twice", node.span, format!("`{}` is listed twice", flaw.word()));
    }
    flaws.push(flaw);
}

/// Times in minutes, hours or days; what no document decides lies at and below `over`.
fn times(reader: &mut Reader<'_>, node: &Node, over: Duration, flaw: fn(Duration) -> Flaw) -> Vec<Flaw> {
    let mut flaws = Vec::new();
    for node in reader.list(node, "a list of times") {
        let Some(time) = time(reader, node) else { continue };
        if time <= over || time > limits::SIGNATURE_OLDEST {
            let (least, most) = (over.as_secs() / 60, limits::SIGNATURE_OLDEST.as_secs() / 86_400);
            let message = format!("more than {least} minutes and at most {most} days are expected here");
            reader.mistake("out-of-range", node.span, message);
        }
        add(reader, node, flaw(time), &mut flaws);
    }
    flaws
}

fn time(reader: &mut Reader<'_>, node: &Node) -> Option<Duration> {
    if let Kind::Number(number) = &node.kind {
        // Quotes, which every other text that looks like a number needs, would not mend it.
        let help = format!("write `{number}m` for minutes; `h` and `d` are units too");
        reader.mend("bad-duration", node.span, format!("the unit of `{number}` is missing"), help);
        return None;
    }
    let text = reader.text(node, "the text of a time")?;
    let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()));
    let seconds = match unit {
        "m" => Some(60),
        "h" => Some(3_600),
        "d" => Some(86_400),
        _ => None,
    };
    let Some((number, seconds)) = number.parse::<u64>().ok().zip(seconds) else {
        let help = "write a whole number and `m`, `h` or `d`, such as `47m`";
        reader.mend("bad-duration", node.span, format!("`{}` is no time", shortened(text)), help);
        return None;
    };
    Some(Duration::from_secs(number.saturating_mul(seconds)))
}
