//! What the steps of a case may speak of: sessions, captures and variables known so far, and what they need.

use super::node::Node;
use super::reader::Reader;
use super::yaml::one_of;
use crate::case::template::{BUILT_IN, Part, SESSION_MEMBERS};
use crate::case::{Template, Variable};
use crate::contract::Contract;
use crate::source::Span;

/// The variable that a raw step's `filler` stands for.
pub(super) const FILLER: &str = "filler";
/// Variables that come with a capability of the same name.
const WITH_CAPABILITY: [&str; 2] = ["unsupported-region", "other-region"];

/// What is known at one step of a case.
#[derive(Default)]
pub(super) struct Scope {
    /// Sessions that earlier steps opened.
    pub(super) sessions: Vec<String>,
    /// Values that earlier steps captured.
    pub(super) captures: Vec<String>,
    /// What the clients of an overlap opened and captured: each knows its own alone until all are done.
    of_clients: Clients,
    /// Clauses that the case lists.
    pub(super) clauses: Vec<String>,
    /// The first use of every capability.
    needed: Vec<(&'static str, Span, String)>,
}

/// Names that belong to the clients of the overlap that is being read.
#[derive(Default)]
struct Clients {
    sessions: Vec<String>,
    captures: Vec<String>,
    /// How many sessions and captures stood before the overlap, once one is being read.
    before: Option<(usize, usize)>,
}

impl Scope {
    /// Begins an overlap; what the clients call their own is not known to each other.
    pub(super) fn clients_begin(&mut self) {
        self.of_clients.before = Some((self.sessions.len(), self.captures.len()));
    }

    /// Hides what one client opened and captured from the next.
    pub(super) fn next_client(&mut self) {
        let Some((sessions, captures)) = self.of_clients.before else { return };
        self.of_clients.sessions.extend(self.sessions.drain(sessions..));
        self.of_clients.captures.extend(self.captures.drain(captures..));
    }

    /// Ends an overlap: what its clients opened and captured is known from here on.
    pub(super) fn clients_end(&mut self) {
        let clients = std::mem::take(&mut self.of_clients);
        self.sessions.extend(clients.sessions);
        self.captures.extend(clients.captures);
    }

    /// Whether another client of the overlap that is being read opened a session of that name.
    pub(super) fn of_others(&self, name: &str) -> bool {
        self.of_clients.sessions.iter().any(|session| session == name)
    }

    /// Notes that something needs a capability.
    pub(super) fn need(&mut self, capability: &'static str, span: Span, what: impl Into<String>) {
        if self.needed.iter().all(|(name, ..)| *name != capability) {
            self.needed.push((capability, span, what.into()));
        }
    }

    /// Notes as mistakes the capabilities that are needed and not among `needs`.
    pub(super) fn check_needs(&self, reader: &mut Reader<'_>, needs: &[&str], contract: &Contract) {
        for (capability, span, what) in &self.needed {
            let through =
                |need: &&str| contract.capability(need).is_some_and(|c| c.all_of.iter().any(|n| n == capability));
            if !needs.contains(capability) && !needs.iter().any(through) {
                let mut all = needs.to_vec();
                all.push(capability);
                let help = format!("write `needs: [{}]`", all.join(", "));
                reader.mend("missing-need", *span, format!("{what} needs the capability `{capability}`"), help);
            }
        }
    }

    /// Whether a session or capture may be called so; otherwise the mistake is noted.
    pub(super) fn is_free(&self, reader: &mut Reader<'_>, name: &str, span: Span) -> bool {
        let taken = if BUILT_IN.contains(&name) || name == FILLER {
            "is a variable that every case has"
        } else if self.sessions.iter().chain(&self.of_clients.sessions).any(|other| other == name) {
            "is a session that an earlier step opened"
        } else if self.captures.iter().chain(&self.of_clients.captures).any(|other| other == name) {
            "is a value that an earlier step captured"
        } else {
            return true;
        };
        reader.mend("name-taken", span, format!("`{name}` {taken}"), "give it another name");
        false
    }

    /// A text with variables, every variable known. With `filler`, `{{filler}}` is one of them.
    pub(super) fn template(
        &mut self,
        reader: &mut Reader<'_>,
        node: &Node,
        what: &str,
        filler: bool,
    ) -> Option<Template> {
        let Some(text) = node.text() else {
            reader.expected(what, node);
            return None;
        };
        // Most texts have no variables.
        if !text.contains("{{") {
            return Some(Template::literal(text));
        }
        let (template, ranges) = match Template::parse_with_ranges(text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let span = reader.inside(node, error.range);
                let help = "a literal `{{` is written `{{'{{'}}`";
                reader.mend("bad-template", span, error.message, help);
                return None;
            }
        };
        let mut known = true;
        for (part, range) in template.parts.iter().zip(ranges) {
            if let Part::Variable(variable) = part {
                let span = reader.inside(node, range);
                known &= self.variable(reader, variable, span, filler);
            }
        }
        known.then_some(template)
    }

    fn variable(&mut self, reader: &mut Reader<'_>, variable: &Variable, span: Span, filler: bool) -> bool {
        let name = variable.name.as_str();
        let member = variable.member.as_deref();
        let session = self.sessions.iter().any(|session| session == name);
        if session || name == "unknown" {
            let members: &[&str] = if session { &SESSION_MEMBERS } else { &SESSION_MEMBERS[..1] };
            if session {
                self.need("sessions", span, format!("`{{{{{variable}}}}}`"));
            }
            let Some(member) = member else {
                let help = format!("write `{{{{{name}.{}}}}}`", members[0]);
                reader.mend("unknown-variable", span, format!("`{name}` is a session, not a text"), help);
                return false;
            };
            if !members.contains(&member) {
                let help = one_of(member, members.iter().copied(), "it has");
                reader.mend("unknown-variable", span, format!("the session `{name}` has no `{member}`"), help);
                return false;
            }
            return true;
        }
        let built_in = BUILT_IN.contains(&name) || (filler && name == FILLER);
        if built_in || self.captures.iter().any(|capture| capture == name) {
            if let Some(capability) = WITH_CAPABILITY.iter().find(|capability| **capability == name) {
                self.need(capability, span, format!("`{{{{{name}}}}}`"));
            }
            if let Some(member) = member {
                let message = format!("`{name}` is a text and has no `{member}`");
                reader.mend("unknown-variable", span, message, format!("write `{{{{{name}}}}}`"));
                return false;
            }
            return true;
        }
        let mut names: Vec<&str> = self.sessions.iter().chain(&self.captures).map(String::as_str).collect();
        names.extend(BUILT_IN);
        let help = if name == FILLER {
            "`{{filler}}` stands in a `raw` text, beside `filler: { text: ..., times: ... }`".to_owned()
        } else {
            one_of(name, names, "known at this step")
        };
        reader.mend("unknown-variable", span, format!("there is no variable `{name}` at this step"), help);
        false
    }
}
