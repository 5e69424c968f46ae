//! Lowering: a program to a case, each expectation one that the documents decide for the state that the case has reached.

use std::collections::{BTreeMap, BTreeSet};

use super::generate::Abilities;
use super::malformed;
use super::program::{Op, Program, UNKNOWN, Wrong, ends, session_of};
use super::refusal::Situation;
use super::saying::{Saying, bounded, single};
use super::stated;
use crate::case::expectation::LookOutcome;
use crate::case::workload::end;
use crate::case::{
    Action, CallStep, Case, Element, Expectation, ForEach, LaneChoice, LookAt, OpenStep, OverlapStep, Parameter, Step,
    Template, Via,
};
use crate::contract::OutcomeRef;
use crate::source::{Source, Span, Spanned};
use crate::wire::{Format, Placement, Scheme};

/// The case that a program stands for, as far as a target has what it takes; `None` when nothing of it is left.
pub(super) fn case(id: &str, program: &Program, abilities: &Abilities) -> Option<Case> {
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
    let clauses = stated::clauses(&mut steps);
    let needs = stated::needs(&steps).into_iter().map(spanned).collect();
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
pub(super) enum State {
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
    /// Sessions of a case with an overlap that nothing was seen of since they were ended.
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
            Op::Bytes(malformed) => {
                self.push(Action::Raw(malformed.step()), malformed::CLAUSE, malformed::permitted());
            }
            Op::Wait(pause) => self.steps.push(step(Action::Wait(*pause))),
            Op::Together(scripts) => self.together(scripts),
        }
        if self.steps.len() > before && !matches!(op, Op::End { .. } | Op::Look { .. }) {
            self.lives.values_mut().for_each(|life| life.since = true);
        }
    }

    /// Ends and looks at what else decides nothing: the history of an overlap says something only where a session was
    /// ended and seen closed. Describe may list what is closed: without a WebSocket another End tells.
    fn decide(&mut self) {
        let plain = Saying::default();
        for session in std::mem::take(&mut self.undecided) {
            if self.lives.get(&session).is_some_and(|life| life.state == State::Open) {
                self.end(&session, false, &plain);
            }
            self.look(&session, &[]);
            if !self.abilities.websocket {
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
            self.undecided.extend(self.overlaps.then(|| session.to_owned()));
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
        let situation = Situation {
            abilities: self.abilities,
            overlaps: self.overlaps,
            taken: &self.taken,
            state: named.as_ref().map(|(_, life)| life.state),
            elsewhere: named.as_ref().is_some_and(|(_, life)| life.elsewhere),
        };
        let Some(refusal) = situation.refusal(wrong) else { return };
        let situation = Situation { elsewhere: situation.elsewhere && refusal.names, ..situation };
        let named = named.filter(|_| refusal.names);
        let mut call = end(named.as_ref().map_or(UNKNOWN, |(name, _)| name));
        call.with[0].values = vec![named.as_ref().map_or_else(|| variable("region"), |(_, life)| region_of(life))];
        if call.operation.value != refusal.operation {
            call.operation = spanned(refusal.operation);
            call.with.truncate(1);
        }
        let Some(saying) = situation.wrongly(&mut call, wrong, saying) else { return };
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
        let mut outcomes = vec![OutcomeRef::named("ok")];
        // What is answered where there is no such session, or no longer, is nowhere documented.
        if call.with.len() == 1 || life.is_some_and(|life| life.state == State::Open) {
            self.taken.extend(schemes);
        } else {
            outcomes.push(OutcomeRef::named("session-not-found"));
        }
        self.push(Action::Call(Box::new(call)), "describe/shape", Expectation::Outcomes(outcomes));
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
                steps.push(self.scripted(step));
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

    /// A step of a script, unsigned as all calls are where nobody signs: to say so is to ask for signatures.
    fn scripted(&self, step: &Step) -> Step {
        let mut step = step.clone();
        if let Action::Call(call) = &mut step.action
            && !self.abilities.signatures
            && let Some(axes) = &mut call.for_each
        {
            axes.signature = None;
        }
        step
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

fn region_of(life: &Life) -> Template {
    variable(if life.elsewhere { "other-region" } else { "region" })
}

pub(super) fn variable(name: &str) -> Template {
    let variable = crate::case::Variable { name: name.to_owned(), member: None };
    Template { parts: vec![crate::case::template::Part::Variable(variable)] }
}

pub(super) fn spanned(text: &str) -> Spanned<String> {
    Spanned::new(text.to_owned(), Span::default())
}

fn step(action: Action) -> Step {
    Step { span: Span::default(), clause: None, action, expect: None }
}
