//! Refusals: what a call with one thing wrong proves, what it is permitted, and how it is made wrong.

use std::collections::BTreeSet;

use arbitrary::Unstructured;

use super::generate::Abilities;
use super::lower::{State, spanned, variable};
use super::program::Wrong;
use super::saying::Saying;
use crate::case::mutation::{self, Base};
use crate::case::{CallStep, Class, Expectation, Flaw, Matchers, Parameter, StatusPattern, Template, Values};
use crate::contract::OutcomeRef;
use crate::source::{Span, Spanned};
use crate::wire::{Part, Piece, Scheme};

const END: &str = "EndTerminalSession";
const DESCRIBE: &str = "DescribeTerminalSessions";

/// What a wrong call proves.
pub(super) struct Refusal {
    pub clause: &'static str,
    /// Nothing where something else is wrong with it, too: which is said first is documented nowhere.
    pub expect: Option<Expectation>,
    /// The operation called.
    pub operation: &'static str,
    /// Whether it names the session at all.
    pub names: bool,
    /// Whether an endpoint that breaks no MUST may end the session.
    pub taints: bool,
}

/// When it is called.
#[derive(Clone, Copy)]
pub(super) struct Situation<'a> {
    pub abilities: &'a Abilities,
    /// Whole histories are judged: no session may be ended by what is no success of End.
    pub overlaps: bool,
    /// The schemes in which a call has surely succeeded.
    pub taken: &'a BTreeSet<Scheme>,
    /// What is known of the session that is named.
    pub state: Option<State>,
    /// Whether that is in the other region.
    pub elsewhere: bool,
}

impl Situation<'_> {
    /// What a wrong call proves and is permitted; `None` where it would not be wrong in that one thing.
    pub fn refusal(self, wrong: Wrong) -> Option<Refusal> {
        let able = self.abilities;
        let outcome = |words: &[&str]| words.iter().map(|word| OutcomeRef::named(word)).collect::<Vec<_>>();
        let (has, clause, own) = match wrong {
            Wrong::NoRegion => (true, "end/request/region-required", outcome(&["missing(RegionId)"])),
            Wrong::NoSession => (true, "end/request/session-required", outcome(&["missing(SessionId)"])),
            Wrong::Unsupported => {
                (able.unsupported_region, "end/region/unsupported", outcome(&["region-not-supported"]))
            }
            // In a history of the session it would count as not found.
            Wrong::Elsewhere => {
                (able.other_region && !self.overlaps, "end/session/other-region", outcome(&["session-not-found"]))
            }
            Wrong::Unknown => {
                // Nothing may have been issued that it could be made of.
                let reading = vec![OutcomeRef::named("session-not-found"), OutcomeRef::reading("malformed-session")];
                (true, "end/session/unknown", reading)
            }
            Wrong::Action => (true, "rpc/action/unknown", outcome(&["unknown-action"])),
            Wrong::NoAction => (true, "rpc/action/missing", outcome(&["unknown-action", "missing(Action)"])),
            Wrong::Version => (true, "rpc/version/unknown", outcome(&["unknown-version"])),
            Wrong::Unsigned => (able.signatures, "rpc/signature/required", outcome(&["refused"])),
            Wrong::Denied => (able.denied, "end/authorization/required", outcome(&["denied"])),
            Wrong::Method(_) => return self.of_method(),
            Wrong::Flaw(flaw) => {
                let (clause, outcomes) = of_flaw(flaw)?;
                (able.signatures, clause, outcome(outcomes))
            }
            Wrong::Value { parameter, name } => return self.of_value(parameter, name),
        };
        if !has {
            return None;
        }
        let operation = self.operation(wrong);
        let expect = self.is_alone(wrong, operation).then_some(Expectation::Outcomes(own));
        Some(Refusal { clause, expect, operation, names: wrong != Wrong::Unknown, taints: false })
    }

    /// What the gateway refuses needs no session to be wrong in that alone, where one can ask for all of them.
    fn operation(self, wrong: Wrong) -> &'static str {
        let of_gateway = matches!(wrong, Wrong::Flaw(_) | Wrong::Unsigned | Wrong::Version);
        if of_gateway && self.state.is_none() && self.abilities.describe { DESCRIBE } else { END }
    }

    /// Whether nothing else is wrong with the call, such as the session that it names.
    fn is_alone(self, wrong: Wrong, operation: &str) -> bool {
        match (wrong, self.state) {
            (Wrong::NoSession | Wrong::Action | Wrong::NoAction | Wrong::Unknown, _) | (_, Some(State::Open)) => true,
            _ => operation == DESCRIBE,
        }
    }

    /// Other methods only SHOULD be refused: one that ends the session breaks no MUST.
    fn of_method(self) -> Option<Refusal> {
        let status = vec![StatusPattern::Class(4), StatusPattern::Exact(501)];
        let expect = Expectation::Matchers(Box::new(Matchers { status, ..Matchers::default() }));
        let (clause, expect) = ("rpc/method/other", Some(expect));
        let refusal = Refusal { clause, expect, operation: END, names: true, taints: true };
        (!self.overlaps).then_some(refusal)
    }

    fn of_value(self, parameter: &str, name: &'static str) -> Option<Refusal> {
        let (class, clause) = of_value(parameter, name)?;
        let region = parameter == "RegionId";
        let repeated = class == Class::Repeated;
        let taints = class == Class::Exact;
        if (repeated && region) || (taints && self.overlaps) {
            return None;
        }
        // A region is judged where nothing else is wrong.
        let judged = !region || self.state == Some(State::Open);
        let expect = judged.then_some(Expectation::Permitted);
        Some(Refusal { clause, expect, operation: END, names: !repeated, taints })
    }

    /// Makes the call wrong; `None` where it cannot be. How it is said may have to change with that.
    pub fn wrongly(self, call: &mut CallStep, wrong: Wrong, saying: &Saying) -> Option<Saying> {
        let mut saying = saying.clone();
        match wrong {
            Wrong::NoRegion => drop(call.with.remove(0)),
            Wrong::NoSession => drop(call.with.remove(1)),
            Wrong::Unsupported => call.with[0].values = vec![variable("unsupported-region")],
            Wrong::Elsewhere => {
                call.with[0].values = vec![variable(if self.elsewhere { "region" } else { "other-region" })];
            }
            Wrong::Unknown => {}
            Wrong::Action => call.with.insert(0, given("Action", "EndTerminalSessionz")),
            Wrong::NoAction => {
                call.without.push(spanned("Action"));
                // Under V3 the operation stands in a header, and without it nothing is clear.
                if self.abilities.signatures {
                    self.abilities.schemes.contains(&Scheme::V1).then_some(())?;
                    saying = saying.signed(Scheme::V1);
                } else {
                    saying.axes.signature = None;
                }
            }
            Wrong::Version => call.with.insert(0, given("Version", "2001-01-01")),
            Wrong::Unsigned => saying = Saying { raw: false, ..saying }.signed(Scheme::None),
            Wrong::Denied => {
                call.denied = true;
                saying.raw = false;
            }
            Wrong::Method(method) => {
                call.method = Some(method.to_owned());
                saying = Saying::default();
            }
            Wrong::Flaw(flaw) => {
                saying = Saying { raw: false, ..self.flawed(flaw, saying)? };
                call.sign = vec![flaw];
            }
            Wrong::Value { parameter, name } => {
                let valid = false;
                let values = Values { parameter: parameter.to_owned(), valid, classes: Vec::new(), only: vec![name] };
                call.values = Some(Spanned::new(values, Span::default()));
                saying.raw = false;
            }
        }
        Some(saying)
    }

    /// Said in a scheme in which this can be wrong.
    fn flawed(self, flaw: Flaw, saying: Saying) -> Option<Saying> {
        if flaw == Flaw::Tampered(Part::OtherSecret) && !self.abilities.denied {
            return None;
        }
        let nonce = matches!(flaw, Flaw::UsedNonce | Flaw::Replayed);
        let can =
            |scheme: &Scheme| flaw.is_in(*scheme, self.abilities.secure) && (!nonce || self.taken.contains(scheme));
        let schemes = saying.axes.signature.clone().unwrap_or_else(|| vec![self.abilities.auth]);
        if schemes.iter().all(can) {
            return Some(saying);
        }
        let other = schemes.iter().chain(&self.abilities.schemes).copied().find(can)?;
        Some(saying.signed(other))
    }
}

fn of_flaw(flaw: Flaw) -> Option<(&'static str, &'static [&'static str])> {
    Some(match flaw {
        Flaw::Tampered(_) => ("rpc/signature/tampered", &["signature-mismatch"]),
        Flaw::Age(_) => ("rpc/signature/expired", &["expired"]),
        Flaw::UsedNonce | Flaw::Replayed => ("rpc/signature/nonce", &["nonce-used"]),
        Flaw::UnknownKey => ("rpc/signature/access-key", &["unknown-access-key"]),
        Flaw::Without(Piece::Signature) => ("rpc/signature/required", &["refused"]),
        Flaw::Ahead(_) | Flaw::WrongToken | Flaw::Without(_) => return None,
    })
}

/// The class of a value of the catalogue and the clause that it proves, as told by an example.
fn of_value(parameter: &str, name: &'static str) -> Option<(Class, &'static str)> {
    let values = Values { parameter: parameter.to_owned(), valid: false, classes: Vec::new(), only: vec![name] };
    let value = if parameter == "RegionId" { "cn-hangzhou" } else { "s-hz023od0x9abcd" };
    let base = Base { parameter, value, issued: true, known: &[] };
    let made = mutation::generate(&values, base, &mut Unstructured::new(&[])).mutations;
    made.first().map(|mutation| (mutation.class, mutation.clause))
}

fn given(name: &str, value: &str) -> Parameter {
    Parameter { name: spanned(name), values: vec![Template::literal(value)] }
}
