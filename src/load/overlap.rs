//! `overlap`: what several clients do at once, as single steps and as scripts.

use super::node::{Kind, Node};
use super::reader::{Fields, Reader, first_line};
use super::scope::Scope;
use super::step::{self, ACTIONS, number};
use crate::case::{Element, OverlapStep};
use crate::contract::Contract;
use crate::limits;

/// What any number of clients may do at once: what needs no step before it in the same overlap.
const AT_ONCE: [&str; 3] = ["call", "look", "connect"];
/// What a client's script may do.
const SCRIPTED: [&str; 4] = ["call", "look", "connect", "open"];

/// Reads an `overlap` and the `clients` beside it.
pub(super) fn overlap(
    reader: &mut Reader<'_>,
    fields: &Fields<'_>,
    node: &Node,
    scope: &mut Scope,
    vocabulary: &Contract,
) -> Option<OverlapStep> {
    let clients = fields.get("clients").map(|node| number(reader, node, limits::CLIENTS));
    let before = reader.mistakes.len();
    let nodes = reader.list(node, "a list of steps");
    let mut elements = Vec::new();
    scope.clients_begin();
    for node in nodes {
        elements.extend(element(reader, node, scope, vocabulary));
        scope.next_client();
    }
    scope.clients_end();
    let clients = match clients {
        Some(read) => u32::try_from(read?).ok()?,
        None => 1,
    };
    let overlap = OverlapStep { elements, clients };
    if reader.mistakes.len() == before && overlap.clients() > limits::CLIENTS {
        let most = limits::CLIENTS;
        let message = format!("an overlap has at most {most} clients, this one has {}", overlap.clients());
        let span = first_line(&reader.source.text, node.span);
        reader.mend("too-many", span, message, "`clients` do each of the single steps; a script has one client");
    }
    (reader.mistakes.len() == before && !overlap.elements.is_empty()).then_some(overlap)
}

fn element(reader: &mut Reader<'_>, node: &Node, scope: &mut Scope, vocabulary: &Contract) -> Option<Element> {
    if !matches!(node.kind, Kind::List(_)) {
        let help = "calls, looks and connects overlap, in a client's script (`- [{ open: ... }, ...]`) opens as well; \
                    what else prepares them stands before the overlap";
        fits(reader, node, &AT_ONCE, help)?;
        return step::step(reader, node, scope, vocabulary).map(Element::Step);
    }
    let nodes = reader.list(node, "the script of a client");
    if let Some(first) = nodes.get(limits::SCRIPT_STEPS) {
        let message = format!("a script has at most {} steps, this one has {}", limits::SCRIPT_STEPS, nodes.len());
        reader.mend("too-many", first.span, message, "`times` sends a call more than once");
        return None;
    }
    let mut steps = Vec::new();
    for node in nodes {
        let help = "a client calls, looks, connects and opens; what else prepares them stands before the overlap";
        if fits(reader, node, &SCRIPTED, help).is_some() {
            steps.extend(step::step(reader, node, scope, vocabulary));
        }
    }
    Some(Element::Script(steps))
}

/// Whether a step does one of `actions`; otherwise the mistake is noted.
fn fits(reader: &mut Reader<'_>, node: &Node, actions: &[&str], help: &str) -> Option<()> {
    let fields = reader.map(node, "a step")?;
    let other = |(name, _): &(&str, &[&str])| !actions.contains(name) && fields.get(name).is_some();
    if !ACTIONS.iter().any(other) {
        return Some(());
    }
    let span = first_line(&reader.source.text, node.span);
    reader.mend("contradiction", span, "this step cannot overlap", help);
    None
}
