//! Lowering: a program to a case, each expectation one that the documents decide for the state that the case has reached.

use std::collections::{BTreeMap, BTreeSet};

use arbitrary::Unstructured;

use super::generate::Abilities;
use super::program::{Op, Program, Saying, UNKNOWN, Wrong, ends, session_of};
use crate::case::expectation::LookOutcome;
use crate::case::mutation::{self, Base};
use crate::case::workload::end;
use crate::case::{
    Action, CallStep, Case, Class, Element, Expectation, Flaw, ForEach, LaneChoice, LookAt, Matchers, OpenStep,
    OverlapStep, Parameter, StatusPattern, Step, Template, Values, Via,
};
use crate::contract::OutcomeRef;
use crate::source::{Source, Span, Spanned};
use crate::wire::{Format, Placement, Scheme};

/// Requests that one call is sent as, at most.
const REQUESTS: usize = 24;
/// The clause of a case that calls and expects nothing in particular: every answer puts it to the test.
const ANY_ANSWER: &str = "end/request-id/shape";
/// The clause of a case that only opens sessions.
const ANY_SESSION: &str = "start/unique";
/// The clause of what several clients do at once.
const ONCE: &str = "end/effect/once";

/// The case that a program stands for, as far as a target has what it takes; `None` when nothing of it is left.
pub fn case(id: &str, program: &Program, abilities: &Abilities) -> Option<Case> {
    let overlaps = program.0.iter().any(|op| matches!(op, Op::Together(_)));
    let mut lowering = Lowering {
        abilities,
        overlaps,
        lives: BTreeMap::new(),
        undecided: BTreeSet::new(),
        taken: BTreeSet::new(),
        steps: Vec::new(),
    };
    program.0.iter().for_each(|op| lowering.op(op));
    lowering.decide();
    let mut steps = lowering.steps;
    if steps.is_empty() {
        return None;
    }
    let clauses = clauses(&mut steps);
    let needs = needs(&steps).into_iter().map(spanned).collect();
    Some(Case {
        id: id.to_owned(),
        source: Source::new(id, ""),
        title: None,
        clauses: clauses.into_iter().map(|clause| Spanned::new(clause, Span::default())).collect(),
        needs,
        occurs: Vec::new(),
        tags: Vec::new(),
        for_each: None,
        steps,
    })
}

/// Has the case list a clause that it puts to the test.
pub fn list(case: &mut Case, clause: &str) {
    if case.clauses.iter().any(|listed| listed.value == clause) {
        return;
    }
    let no_step_proves = |listed: &str| listed == ANY_ANSWER || listed == ANY_SESSION;
    case.clauses.retain(|listed| !no_step_proves(&listed.value));
    case.clauses.push(spanned(clause));
}

/// The clauses that the steps prove. A step that proves the first need not say so.
fn clauses(steps: &mut [Step]) -> Vec<String> {
    let mut clauses: Vec<String> = Vec::new();
    let mut overlaps = false;
    for step in steps.iter() {
        let own = step.clause.as_ref().map(|clause| clause.value.clone());
        clauses.extend(own.filter(|clause| !clauses.contains(clause)));
        overlaps |= matches!(&step.action, Action::Overlap(overlap) if overlap.steps().any(ends));
    }
    if overlaps && !clauses.iter().any(|clause| clause == ONCE) {
        clauses.push(ONCE.to_owned());
    }
    if clauses.is_empty() {
        let calls = steps.iter().any(|step| matches!(step.action, Action::Call(_)));
        clauses.push(if calls { ANY_ANSWER } else { ANY_SESSION }.to_owned());
    }
    for step in steps {
        step.clause.take_if(|clause| clause.value == clauses[0]);
    }
    clauses
}

/// The capabilities without which the steps mean nothing.
fn needs(steps: &[Step]) -> BTreeSet<&'static str> {
    let mut needs = BTreeSet::new();
    let within = steps.iter().flat_map(|step| match &step.action {
        Action::Overlap(overlap) => overlap.steps().collect(),
        _ => vec![step],
    });
    for step in within {
        match &step.action {
            Action::Open(open) => {
                needs.insert("sessions");
                needs.extend(open.region.is_some().then_some("other-region"));
            }
            Action::Connect(_) => needs.extend(["sessions", "websocket"]),
            Action::Look(look) => {
                needs.insert("sessions");
                needs.extend(look.by.contains(&Via::Describe).then_some("describe"));
                needs.extend(look.by.iter().any(|via| *via != Via::Describe).then_some("websocket"));
            }
            Action::Call(call) => of_call(call, &mut needs),
            _ => {}
        }
    }
    needs
}

fn of_call(call: &CallStep, needs: &mut BTreeSet<&'static str>) {
    for variable in call.with.iter().flat_map(|parameter| &parameter.values).flat_map(Template::variables) {
        match variable.name.as_str() {
            "other-region" => needs.extend(["other-region"]),
            "unsupported-region" => needs.extend(["unsupported-region"]),
            "region" | "unknown" | "instance-id" => {}
            _ => needs.extend(["sessions"]),
        }
    }
    needs.extend(call.denied.then_some("denied-credential"));
    needs.extend((!call.sign.is_empty()).then_some("signatures"));
    let other_secret = Flaw::Tampered(crate::wire::Part::OtherSecret);
    needs.extend(call.sign.contains(&other_secret).then_some("denied-credential"));
    match call.operation.value.as_str() {
        "StartTerminalSession" => needs.extend(["start"]),
        "DescribeTerminalSessions" => needs.extend(["describe"]),
        _ => {}
    }
    let axes = call.for_each.iter();
    let unsigned = |axes: &ForEach| axes.signature.as_deref() == Some(&[Scheme::None]);
    needs.extend(axes.clone().any(unsigned).then_some("signatures"));
    let alone = |axes: &ForEach, format| axes.format.as_deref() == Some(&[Some(format)]);
    needs.extend(axes.clone().any(|axes| alone(axes, Format::Xml)).then_some("xml"));
    for (scheme, name) in [(Scheme::V1, "signature-v1"), (Scheme::V3, "signature-v3")] {
        let alone = |axes: &ForEach| axes.signature.as_deref() == Some(&[scheme]);
        needs.extend(axes.clone().any(alone).then_some(name));
    }
}

/// What is known of a session.
#[derive(Debug, Clone)]
struct Life {
    state: State,
    elsewhere: bool,
    /// The run holds a connection on it.
    held: bool,
    /// What an open one that is found closed would break, if not `start/usable`.
    spared: Option<&'static str>,
    /// Something happened since it was ended.
    since: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Open,
    Closed,
    /// It may have been ended by what only SHOULD be refused.
    Unknown,
}

struct Lowering<'a> {
    abilities: &'a Abilities,
    /// Whole histories are judged: no session may be ended by what is no success of End.
    overlaps: bool,
    lives: BTreeMap<String, Life>,
    /// Sessions of an overlap that nothing was seen of since they were ended.
    undecided: BTreeSet<String>,
    /// The schemes in which a call has surely succeeded.
    taken: BTreeSet<Scheme>,
    steps: Vec<Step>,
}

impl Lowering<'_> {
    fn op(&mut self, op: &Op) {
        let before = self.steps.len();
        match op {
            Op::Open { session, elsewhere } => self.open(session, *elsewhere),
            Op::Connect(session) => self.connect(session),
            Op::Look { session, by } => self.look(session, by),
            Op::End { session, hidden, saying } => self.end(session, *hidden, saying),
            Op::Refuse { session, wrong, saying } => self.refuse(session.as_deref(), *wrong, saying),
            Op::Describe { session, saying } => self.describe(session.as_deref(), saying),
            Op::Start(saying) => self.start(saying),
            Op::Wait(pause) => self.steps.push(step(Action::Wait(*pause))),
            Op::Together(scripts) => self.together(scripts),
        }
        if self.steps.len() > before && !matches!(op, Op::End { .. } | Op::Look { .. }) {
            self.lives.values_mut().for_each(|life| life.since = true);
        }
    }

    /// Ends and looks at what else decides nothing: the history of an overlap says something only where a session was
    /// ended and seen closed.
    fn decide(&mut self) {
        let plain = Saying::default();
        for session in std::mem::take(&mut self.undecided) {
            if self.lives.get(&session).is_some_and(|life| life.state == State::Open) {
                self.end(&session, false, &plain);
            }
            if self.abilities.describe || self.abilities.websocket {
                self.look(&session, &[]);
            } else {
                self.end(&session, false, &plain);
            }
        }
    }

    fn open(&mut self, session: &str, elsewhere: bool) {
        if !self.abilities.sessions || self.lives.contains_key(session) || (elsewhere && !self.abilities.other_region) {
            return;
        }
        let region = elsewhere.then(|| variable("other-region"));
        self.steps.push(step(Action::Open(OpenStep { name: spanned(session), region })));
        self.lives.insert(session.to_owned(), Life::new(elsewhere));
    }

    fn connect(&mut self, session: &str) {
        let open = |life: &&mut Life| life.state == State::Open && !life.held;
        let Some(life) = self.lives.get_mut(session).filter(open).filter(|_| self.abilities.websocket) else { return };
        life.held = true;
        let clause = life.spared.unwrap_or("start/usable");
        self.push(Action::Connect(spanned(session)), clause, Expectation::Look(LookOutcome::Usable));
    }

    fn look(&mut self, session: &str, by: &[Via]) {
        let (describe, websocket) = (self.abilities.describe, self.abilities.websocket);
        let Some(life) = self.lives.get_mut(session).filter(|life| life.state != State::Unknown) else { return };
        let held = life.held;
        let has = |via: &Via| match via {
            Via::Describe => describe,
            Via::Connection => held && websocket,
            _ => websocket,
        };
        let mut seen: Vec<Via> = by.iter().copied().filter(has).collect();
        if by.is_empty() && !websocket && describe {
            seen.push(Via::Describe);
        }
        if seen.is_empty() && !(by.is_empty() && websocket) {
            return;
        }
        let open = life.state == State::Open;
        let (clause, outcome) = if seen == [Via::Describe] {
            if open { ("describe/lists", LookOutcome::Listed) } else { ("describe/closed", LookOutcome::NotListed) }
        } else if open {
            if seen.contains(&Via::WebSocket) {
                // While the run holds a connection on a session, that connection is the look (rules for judging).
                seen = vec![if held { Via::Connection } else { Via::WebSocket }];
            }
            life.held = true;
            (life.spared.unwrap_or("start/usable"), LookOutcome::Usable)
        } else {
            let clause = match seen.as_slice() {
                [] if life.since => "end/effect/stays-closed",
                [] => "end/effect/closes",
                [Via::Connection] => "end/effect/connection",
                _ => "end/effect/websocket-url",
            };
            life.held &= !(seen.is_empty() || seen.contains(&Via::Connection));
            self.undecided.remove(session);
            (clause, LookOutcome::Unusable)
        };
        let action = Action::Look(LookAt { session: spanned(session), by: seen });
        self.push(action, clause, Expectation::Look(outcome));
    }

    fn end(&mut self, session: &str, hidden: bool, saying: &Saying) {
        let Some(life) = self.lives.get(session).cloned() else { return };
        let (open, mut saying) = (life.state != State::Closed, saying.clone());
        if open {
            // One request ends it: those after it would meet another state.
            saying = Saying { axes: single(&saying.axes), times: 1, ..saying };
        }
        let hidden = hidden && life.state == State::Open && !self.overlaps;
        let mut call = end(session);
        call.with[0].values = vec![region_of(&life)];
        if hidden {
            call.with.extend(
                [("OwnerId", "1234567890123456"), ("EndspecUnknown", "1")]
                    .map(|(name, value)| Parameter { name: spanned(name), values: vec![Template::literal(value)] }),
            );
        }
        let repeat = OutcomeRef::reading("repeat-end");
        let (clause, outcomes) = match life.state {
            State::Open if hidden => ("rpc/parameter/unknown", vec![OutcomeRef::named("ok")]),
            State::Open => ("end/success/status", vec![OutcomeRef::named("ok")]),
            State::Unknown => {
                ("end/success/status", vec![OutcomeRef::named("ok"), OutcomeRef::named("session-not-found"), repeat])
            }
            State::Closed => ("end/effect/stays-closed", vec![repeat]),
        };
        let schemes = self.say(&mut call, &saying);
        if life.state == State::Open && !hidden {
            self.taken.extend(schemes);
        }
        self.push(Action::Call(Box::new(call)), clause, Expectation::Outcomes(outcomes));
        if open {
            for (name, other) in &mut self.lives {
                if name == session {
                    other.state = if hidden { State::Unknown } else { State::Closed };
                    other.since = false;
                } else {
                    other.spared = Some("end/effect/only-named");
                }
            }
        } else {
            self.undecided.remove(session);
            self.lives.entry(session.to_owned()).and_modify(|life| life.since = true);
        }
    }

    fn refuse(&mut self, session: Option<&str>, wrong: Wrong, saying: &Saying) {
        let named = session.and_then(|name| Some((name, self.lives.get(name)?.clone())));
        // What was never opened is not named, and what is in no known state proves nothing.
        if (session.is_some() && named.is_none())
            || named.as_ref().is_some_and(|(_, life)| life.state == State::Unknown)
        {
            return;
        }
        let state = named.as_ref().map(|(_, life)| life.state);
        let Some(refusal) = self.refusal(wrong, state) else { return };
        let named = named.filter(|_| refusal.names);
        let mut call = end(named.as_ref().map_or(UNKNOWN, |(name, _)| name));
        call.with[0].values = vec![named.as_ref().map_or_else(|| variable("region"), |(_, life)| region_of(life))];
        let Some(saying) = self.wrongly(&mut call, wrong, named.as_ref().map(|(_, life)| life), saying) else { return };
        self.say(&mut call, &saying);
        let mut step = step(Action::Call(Box::new(call)));
        step.expect = refusal.expect.map(|expect| Spanned::new(expect, Span::default()));
        let is_value = matches!(wrong, Wrong::Value { .. });
        step.clause = step.expect.as_ref().filter(|_| !is_value).map(|_| spanned(refusal.clause));
        self.steps.push(step);
        let Some((name, _)) = named else { return };
        let Some(life) = self.lives.get_mut(name).filter(|life| life.state == State::Open) else { return };
        if refusal.taints {
            life.state = State::Unknown;
        } else {
            life.spared = Some(refusal.clause);
        }
    }

    /// What a wrong call proves and is permitted; `None` where it would not be wrong in that one thing.
    fn refusal(&self, wrong: Wrong, state: Option<State>) -> Option<Refusal> {
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
            Wrong::Unknown => (true, "end/session/unknown", outcome(&["session-not-found"])),
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
            Wrong::Value { parameter, name } => return self.of_value(parameter, name, state),
        };
        if !has {
            return None;
        }
        let names = wrong != Wrong::Unknown;
        let clear = [Wrong::NoSession, Wrong::Unsupported, Wrong::Action, Wrong::NoAction].contains(&wrong);
        let more = match state.filter(|_| names) {
            Some(State::Open) => Vec::new(),
            Some(_) => vec![OutcomeRef::named("session-not-found"), OutcomeRef::reading("repeat-end")],
            None if clear => Vec::new(),
            None => vec![OutcomeRef::named("session-not-found"), OutcomeRef::reading("malformed-session")],
        };
        let mut outcomes = own;
        for outcome in more {
            if !outcomes.contains(&outcome) {
                outcomes.push(outcome);
            }
        }
        Some(Refusal { clause, expect: Some(Expectation::Outcomes(outcomes)), names, taints: false })
    }

    /// Other methods only SHOULD be refused: one that ends the session breaks no MUST.
    fn of_method(&self) -> Option<Refusal> {
        let status = vec![StatusPattern::Class(4), StatusPattern::Exact(501)];
        let expect = Expectation::Matchers(Box::new(Matchers { status, ..Matchers::default() }));
        let refusal = Refusal { clause: "rpc/method/other", expect: Some(expect), names: true, taints: true };
        (!self.overlaps).then_some(refusal)
    }

    fn of_value(&self, parameter: &str, name: &'static str, state: Option<State>) -> Option<Refusal> {
        let (class, clause) = of_value(parameter, name)?;
        let region = parameter == "RegionId";
        let repeated = class == Class::Repeated;
        let taints = class == Class::Exact;
        if (repeated && region) || (taints && self.overlaps) {
            return None;
        }
        // A region is judged where nothing else is wrong.
        let judged = !region || state == Some(State::Open);
        Some(Refusal { clause, expect: judged.then_some(Expectation::Permitted), names: !repeated, taints })
    }

    /// Makes the call wrong; `None` where it cannot be. How it is said may have to change with that.
    fn wrongly(&self, call: &mut CallStep, wrong: Wrong, life: Option<&Life>, saying: &Saying) -> Option<Saying> {
        let mut saying = saying.clone();
        match wrong {
            Wrong::NoRegion => drop(call.with.remove(0)),
            Wrong::NoSession => drop(call.with.remove(1)),
            Wrong::Unsupported => call.with[0].values = vec![variable("unsupported-region")],
            Wrong::Elsewhere => {
                let own = life.is_some_and(|life| life.elsewhere);
                call.with[0].values = vec![variable(if own { "region" } else { "other-region" })];
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
    fn flawed(&self, flaw: Flaw, saying: Saying) -> Option<Saying> {
        if flaw == Flaw::Tampered(crate::wire::Part::OtherSecret) && !self.abilities.denied {
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

    fn describe(&mut self, session: Option<&str>, saying: &Saying) {
        if !self.abilities.describe {
            return;
        }
        let life = session.and_then(|name| self.lives.get(name).cloned());
        let mut call = end(session.filter(|_| life.is_some()).unwrap_or(UNKNOWN));
        call.operation = spanned("DescribeTerminalSessions");
        match &life {
            Some(life) => call.with[0].values = vec![region_of(life)],
            None if session == Some(UNKNOWN) => {}
            None => drop(call.with.remove(1)),
        }
        let schemes = self.say(&mut call, saying);
        self.taken.extend(schemes);
        let ok = Expectation::Outcomes(vec![OutcomeRef::named("ok")]);
        self.push(Action::Call(Box::new(call)), "describe/shape", ok);
    }

    fn start(&mut self, saying: &Saying) {
        if !self.abilities.start {
            return;
        }
        let mut call = end(UNKNOWN);
        call.operation = spanned("StartTerminalSession");
        call.with[1] = Parameter { name: spanned("InstanceId.1"), values: vec![variable("instance-id")] };
        let saying = Saying { axes: single(&saying.axes), times: 1, ..saying.clone() };
        let schemes = self.say(&mut call, &saying);
        self.taken.extend(schemes);
        let ok = Expectation::Outcomes(vec![OutcomeRef::named("ok")]);
        self.push(Action::Call(Box::new(call)), "start/success", ok);
    }

    fn together(&mut self, scripts: &[Vec<Step>]) {
        let mut elements = Vec::new();
        let mut opened = BTreeMap::new();
        let mut ended = BTreeSet::new();
        for script in scripts {
            let mut own: BTreeSet<String> = BTreeSet::new();
            let mut steps = Vec::new();
            for step in script {
                let name = session_of(step);
                if matches!(step.action, Action::Open(_)) {
                    if self.lives.contains_key(&name) || opened.contains_key(&name) {
                        continue;
                    }
                    own.insert(name.clone());
                    opened.insert(name.clone(), Life::new(false));
                } else if !own.contains(&name) && !self.lives.contains_key(&name) {
                    continue;
                } else if ends(step) {
                    ended.insert(name.clone());
                }
                self.undecided.insert(name);
                steps.push(step.clone());
            }
            elements.extend((!steps.is_empty()).then_some(Element::Script(steps)));
        }
        if elements.is_empty() {
            return;
        }
        self.steps.push(step(Action::Overlap(OverlapStep { elements, clients: 1 })));
        self.lives.extend(opened);
        for (name, life) in &mut self.lives {
            if ended.contains(name) {
                (life.state, life.since) = (State::Closed, false);
            } else if !ended.is_empty() {
                life.spared = Some("end/effect/only-named");
            }
        }
    }

    /// Has the call be said so, as far as the target allows; the schemes that it is surely sent in.
    fn say(&self, call: &mut CallStep, saying: &Saying) -> Vec<Scheme> {
        let mut axes = bounded(&saying.axes, saying.times);
        let formats = |format: &Option<Format>| format.is_some_and(|format| self.abilities.formats.contains(&format));
        axes.format.take_if(|given| !given.iter().all(formats));
        let known = |scheme: &Scheme| *scheme == Scheme::None || self.abilities.schemes.contains(scheme);
        axes.signature.take_if(|given| !given.iter().all(known));
        if !self.abilities.signatures {
            axes.signature = None;
        }
        let schemes = axes.signature.clone().unwrap_or_else(|| vec![self.abilities.auth]);
        // A form body under V3 is only observed (clause `rpc/placement/form`).
        if schemes.contains(&Scheme::V3) {
            axes.placement.take_if(|given| given == &[Placement::PostForm]);
        }
        call.lane = if saying.raw { LaneChoice::Raw } else { LaneChoice::Live };
        call.fresh = saying.fresh && !saying.raw;
        call.times = saying.times.clamp(1, 20);
        call.for_each = (axes != ForEach::default()).then_some(axes);
        schemes
    }

    fn push(&mut self, action: Action, clause: &str, expect: Expectation) {
        let expect = Some(Spanned::new(expect, Span::default()));
        self.steps.push(Step { clause: Some(spanned(clause)), expect, ..step(action) });
    }
}

impl Life {
    fn new(elsewhere: bool) -> Life {
        Life { state: State::Open, elsewhere, held: false, spared: None, since: false }
    }
}

/// What a wrong call proves.
struct Refusal {
    clause: &'static str,
    expect: Option<Expectation>,
    /// Whether it names the session at all.
    names: bool,
    /// Whether an endpoint that breaks no MUST may end the session.
    taints: bool,
}

fn of_flaw(flaw: Flaw) -> Option<(&'static str, &'static [&'static str])> {
    Some(match flaw {
        Flaw::Tampered(_) => ("rpc/signature/tampered", &["signature-mismatch"]),
        Flaw::Age(_) => ("rpc/signature/expired", &["expired"]),
        Flaw::UsedNonce | Flaw::Replayed => ("rpc/signature/nonce", &["nonce-used"]),
        Flaw::UnknownKey => ("rpc/signature/access-key", &["unknown-access-key"]),
        Flaw::Without(crate::wire::Piece::Signature) => ("rpc/signature/required", &["refused"]),
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

/// One value of each axis.
fn single(axes: &ForEach) -> ForEach {
    fn one<T: Clone>(values: &Option<Vec<T>>) -> Option<Vec<T>> {
        values.as_ref().map(|values| values[..1].to_vec())
    }
    ForEach {
        placement: one(&axes.placement),
        format: one(&axes.format),
        signature: one(&axes.signature),
        order: one(&axes.order),
        encoding: one(&axes.encoding),
        ..ForEach::default()
    }
}

/// The axes with fewer values where they would make too many requests.
fn bounded(axes: &ForEach, times: u32) -> ForEach {
    fn count<T>(values: &Option<Vec<T>>) -> usize {
        values.as_ref().map_or(1, Vec::len)
    }
    let times = usize::try_from(times).unwrap_or(1);
    let few = |axes: &ForEach| {
        let writings = count(&axes.order) * count(&axes.encoding);
        count(&axes.placement) * count(&axes.format) * count(&axes.signature) * writings * times <= REQUESTS
    };
    let mut less = axes.clone();
    if !few(&less) {
        less.order = single(axes).order;
    }
    if !few(&less) {
        less.encoding = single(axes).encoding;
    }
    if few(&less) { less } else { single(axes) }
}

fn region_of(life: &Life) -> Template {
    variable(if life.elsewhere { "other-region" } else { "region" })
}

fn variable(name: &str) -> Template {
    let variable = crate::case::Variable { name: name.to_owned(), member: None };
    Template { parts: vec![crate::case::template::Part::Variable(variable)] }
}

fn given(name: &str, value: &str) -> Parameter {
    Parameter { name: spanned(name), values: vec![Template::literal(value)] }
}

fn spanned(text: &str) -> Spanned<String> {
    Spanned::new(text.to_owned(), Span::default())
}

fn step(action: Action) -> Step {
    Step { span: Span::default(), clause: None, action, expect: None }
}
