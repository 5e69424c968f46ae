//! Workloads: what several clients do at once to shared sessions and to some of their own, drawn from entropy alone.

use arbitrary::Unstructured;

use super::{
    Action, CallStep, Element, Expectation, ForEach, LaneChoice, LookAt, OpenStep, OverlapStep, Parameter, Step,
    Template, Via,
};
use crate::case::expectation::LookOutcome;
use crate::case::template::{Part, Variable};
use crate::source::{Span, Spanned};
use crate::wire::{Encoding, Format, Order, Placement, Scheme};

/// `workload: { clients: ..., sessions: ..., calls: ... }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Workload {
    /// Clients, all at once; at least two.
    pub clients: u32,
    /// Sessions, those that the clients share and those of single clients together.
    pub sessions: u32,
    /// What each client does, at most: Ends, looks, Starts.
    pub calls: u32,
}

impl Workload {
    /// Sessions where a case names no number.
    pub const SESSIONS: u32 = 4;
    /// Calls of each client where a case names no number.
    pub const CALLS: u32 = 4;

    /// Bytes of entropy that [`generate`] takes at most; with fewer the rest becomes plain.
    pub fn entropy(self) -> usize {
        let of_each = |count: u32, bytes: usize| usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(bytes);
        64 + of_each(self.sessions, 8) + of_each(self.clients.saturating_mul(self.calls.saturating_add(1)), 16)
    }
}

/// What a target has that a workload can make use of; what it lacks is left out, down to Ends alone.
#[derive(Debug, Clone, Copy)]
pub struct Abilities<'a> {
    /// DescribeTerminalSessions.
    pub describe: bool,
    /// WebSocket URLs.
    pub websocket: bool,
    /// StartTerminalSession: clients open sessions while others end theirs.
    pub start: bool,
    /// The signature schemes that calls can be made with.
    pub schemes: &'a [Scheme],
    /// The formats that it answers in.
    pub formats: &'a [Format],
}

/// What a workload does, as steps that a case could be written with.
#[derive(Debug, Clone, PartialEq)]
pub struct Scripts {
    /// The sessions that are open when the clients begin.
    pub opens: Vec<Step>,
    /// What the clients do: a script each.
    pub overlap: OverlapStep,
}

/// Draws a workload on sessions that are called what `name` says of their numbers. The same entropy makes the same scripts. Whatever
/// is drawn, the first session is shared and at least one End of it is sent; the second, where there is one, is looked
/// at alone; and no session is connected to more than once, so that no look disturbs another.
pub fn generate(
    workload: Workload,
    abilities: Abilities<'_>,
    name: &dyn Fn(u32) -> String,
    entropy: &mut Unstructured<'_>,
) -> Scripts {
    let mut draw = Draw(entropy);
    let clients = usize::try_from(workload.clients).unwrap_or(usize::MAX);
    let sessions: Vec<Session> =
        (1..=workload.sessions).map(|number| session(&mut draw, clients, number, name, abilities)).collect();
    let swarm = Swarm::of(&mut draw, abilities);
    let opens = sessions.iter().filter(|session| session.opens_with.is_none()).map(|session| open(&session.name));
    let opens = opens.collect();
    let scripts = (0..clients).map(|client| {
        let first = (client == 0).then(|| swarm.end(&mut draw, &sessions[0], abilities));
        let mut steps: Vec<Step> = first.into_iter().collect();
        swarm.script(&mut draw, client, workload.calls, &sessions, abilities, &mut steps);
        Element::Script(steps)
    });
    let elements = scripts.filter(|script| !script.steps().is_empty()).collect();
    Scripts { opens, overlap: OverlapStep { elements, clients: 1 } }
}

/// What tells whether a session is what the clients were told: a look and an End, and where that End may be the first
/// to succeed, the same again. A session that may be open and is `held` by a connection is connected to by nobody else.
pub fn afterwards(name: &str, open: bool, held: bool) -> Vec<Step> {
    let look = |expected, by: &[Via]| {
        let expect = Some(Spanned::new(Expectation::Look(expected), Span::default()));
        Step { expect, ..look(name, by) }
    };
    let end = || step(Action::Call(Box::new(end(name))));
    let gone = || look(LookOutcome::Unusable, &[Via::Describe, Via::WebSocket]);
    if !open {
        return vec![gone(), end()];
    }
    let by: &[Via] = if held { &[Via::Describe] } else { &[Via::Describe, Via::WebSocket] };
    vec![look(LookOutcome::Usable, by), end(), gone(), end()]
}

/// Entropy in the shape of choices; when it is used up, every choice is the first.
pub(crate) struct Draw<'a, 'b>(pub(crate) &'a mut Unstructured<'b>);

impl Draw<'_, '_> {
    /// A number below the bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0.int_in_range(0..=bound.saturating_sub(1)).unwrap_or(0)
    }

    /// True once in so many times.
    pub(crate) fn one_in(&mut self, count: usize) -> bool {
        self.below(count) + 1 == count
    }

    /// One of them.
    pub(crate) fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }

    /// An index by weight.
    pub(crate) fn weighed(&mut self, weights: &[usize]) -> usize {
        let mut drawn = self.below(weights.iter().sum());
        weights.iter().position(|weight| drawn.checked_sub(*weight).map(|rest| drawn = rest).is_none()).unwrap_or(0)
    }
}

/// A session of the workload, and who does what to it.
struct Session {
    name: String,
    /// The one client that it belongs to; every client's without.
    owner: Option<usize>,
    /// The owner, where it opens it itself.
    opens_with: Option<usize>,
    /// The one client that may connect to it.
    connects: usize,
    /// Never ended by a client: what others' Ends do to it is seen.
    spared: bool,
    /// How often it is chosen, among others.
    heat: usize,
}

fn session(
    draw: &mut Draw<'_, '_>,
    clients: usize,
    number: u32,
    name: &dyn Fn(u32) -> String,
    abilities: Abilities<'_>,
) -> Session {
    let owner = (number > 2 && draw.one_in(2)).then(|| draw.below(clients));
    let spared = number == 2 || (number > 2 && draw.one_in(6));
    let connects = owner.unwrap_or_else(|| draw.below(clients));
    let heat = if number == 1 { 8 } else { draw.of(&[1, 2, 8]) };
    let opens_with = owner.filter(|_| abilities.start);
    Session { name: name(number), owner, opens_with, connects, spared, heat }
}

/// What clients of one workload do often, seldom or never.
struct Swarm {
    /// End, Describe, connect.
    weights: [usize; 3],
    /// Whether calls go in every wire form or in the ordinary one.
    varies: bool,
}

impl Swarm {
    fn of(draw: &mut Draw<'_, '_>, abilities: Abilities<'_>) -> Swarm {
        let mut weight = |able: bool| if able { draw.of(&[2, 0, 1, 4]) } else { 0 };
        let (describe, connect) = (weight(abilities.describe), weight(abilities.websocket));
        Swarm { weights: [draw.of(&[2, 1, 4]), describe, connect], varies: !draw.one_in(4) }
    }

    fn script(
        &self,
        draw: &mut Draw<'_, '_>,
        client: usize,
        calls: u32,
        sessions: &[Session],
        abilities: Abilities<'_>,
        steps: &mut Vec<Step>,
    ) {
        let calls = usize::try_from(calls).unwrap_or(usize::MAX);
        let mut mine: Vec<bool> = sessions.iter().map(|session| session.opens_with.is_none()).collect();
        let mut connected = vec![false; sessions.len()];
        let mut own: Vec<usize> = (0..sessions.len()).filter(|at| sessions[*at].opens_with == Some(client)).collect();
        while steps.len() < calls {
            // As many opens are left as there are calls left, at the latest then.
            if !own.is_empty() && (own.len() + steps.len() >= calls || draw.one_in(2)) {
                let at = own.remove(0);
                mine[at] = true;
                steps.push(open(&sessions[at].name));
                continue;
            }
            let heat = |(at, session): (usize, &Session)| {
                let known = mine[at] && session.owner.is_none_or(|owner| owner == client);
                if known { session.heat } else { 0 }
            };
            let heats: Vec<usize> = sessions.iter().enumerate().map(heat).collect();
            let at = draw.weighed(&heats);
            let session = &sessions[at];
            let [end, describe, connect] = self.weights;
            let end = if session.spared { 0 } else { end };
            let connect = if session.connects == client && !connected[at] { connect } else { 0 };
            if end + describe + connect == 0 {
                steps.push(self.end(draw, &sessions[0], abilities));
                continue;
            }
            steps.push(match draw.weighed(&[end, describe, connect]) {
                0 => self.end(draw, session, abilities),
                1 => look(&session.name, &[Via::Describe]),
                _ => {
                    connected[at] = true;
                    look(&session.name, &[Via::WebSocket])
                }
            });
        }
    }

    /// EndTerminalSession in some wire form, on a connection that is used again or on a fresh one.
    fn end(&self, draw: &mut Draw<'_, '_>, session: &Session, abilities: Abilities<'_>) -> Step {
        let mut call = end(&session.name);
        if self.varies {
            call.for_each = Some(form(draw, abilities));
            call.fresh = draw.one_in(4);
        }
        step(Action::Call(Box::new(call)))
    }
}

/// One wire form, of those that mean the same.
fn form(draw: &mut Draw<'_, '_>, abilities: Abilities<'_>) -> ForEach {
    let scheme = if abilities.schemes.is_empty() { Scheme::None } else { draw.of(abilities.schemes) };
    // A form body under V3 is only observed (clause `rpc/placement/form`).
    let placements = if scheme == Scheme::V3 { &Placement::ALL[..2] } else { &Placement::ALL[..] };
    let format = if abilities.formats.is_empty() { Format::Json } else { draw.of(abilities.formats) };
    ForEach {
        span: Span::default(),
        wire: false,
        placement: Some(vec![draw.of(placements)]),
        format: Some(vec![Some(format)]),
        signature: Some(vec![scheme]),
        order: Some(vec![draw.of(&Order::ALL)]),
        encoding: Some(vec![draw.of(&Encoding::ALL)]),
    }
}

fn step(action: Action) -> Step {
    Step { span: Span::default(), clause: None, action, expect: None }
}

fn bare(text: &str) -> Spanned<String> {
    Spanned::new(text.to_owned(), Span::default())
}

fn open(name: &str) -> Step {
    step(Action::Open(OpenStep { name: bare(name), region: None }))
}

fn look(name: &str, by: &[Via]) -> Step {
    step(Action::Look(LookAt { session: bare(name), by: by.to_vec() }))
}

/// EndTerminalSession for a session of the case.
pub(crate) fn end(name: &str) -> CallStep {
    let variable = |name: &str, member: Option<&str>| {
        let variable = Variable { name: name.to_owned(), member: member.map(str::to_owned) };
        vec![Template { parts: vec![Part::Variable(variable)] }]
    };
    let parameter = |name: &str, values| Parameter { name: bare(name), values };
    CallStep {
        sign: Vec::new(),

        operation: bare("EndTerminalSession"),
        with: vec![
            parameter("RegionId", variable("region", None)),
            parameter("SessionId", variable(name, Some("SessionId"))),
        ],
        without: Vec::new(),
        values: None,
        for_each: None,
        method: None,
        headers: Vec::new(),
        lane: LaneChoice::Live,
        times: 1,
        fresh: false,
        denied: false,
        capture: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::seed::Seed;

    const ALL: Abilities<'_> = Abilities {
        describe: true,
        websocket: true,
        start: true,
        schemes: &[Scheme::V1, Scheme::V3],
        formats: &Format::ALL,
    };
    const NONE: Abilities<'_> =
        Abilities { describe: false, websocket: false, start: false, schemes: &[], formats: &[] };

    fn drawn(seed: u64, workload: Workload, abilities: Abilities<'_>) -> Scripts {
        let mut stream = Seed(seed).stream("workload");
        stream.unstructured(workload.entropy(), |u| generate(workload, abilities, &|number| format!("s{number}"), u))
    }

    fn workload(seed: u64) -> Workload {
        let [clients, sessions, calls] = [(2, 63), (1, 24), (1, 20)].map(|(least, span)| {
            let number = Seed(seed).stream(&format!("{least} {span}")).number() % span;
            least + u32::try_from(number).expect("is small")
        });
        Workload { clients, sessions, calls }
    }

    /// What a step does, and to which session.
    fn deed(step: &Step) -> (&'static str, &str) {
        match &step.action {
            Action::Open(open) => ("open", &open.name.value),
            Action::Look(look) => (look.by[0].name(), &look.session.value),
            Action::Call(call) => match &call.with[1].values[0].parts[0] {
                Part::Variable(variable) => ("end", &variable.name),
                Part::Text(_) => panic!("no session is named by its id: {call:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_entropy_makes_the_same_scripts_and_another_makes_others() {
        for seed in 0..20 {
            let workload = workload(seed);
            assert_eq!(drawn(seed, workload, ALL), drawn(seed, workload, ALL), "{workload:?}");
        }
        let eight = Workload { clients: 8, sessions: 8, calls: 6 };
        assert_ne!(drawn(1, eight, ALL), drawn(2, eight, ALL));
        let nothing = generate(eight, ALL, &|number| format!("s{number}"), &mut Unstructured::new(&[]));
        assert_eq!(nothing.overlap.elements.len(), 8, "without entropy it is plain, and whole");
    }

    #[test]
    fn bounds_hold_and_no_look_disturbs_another() {
        for seed in 0..200 {
            let workload = workload(seed);
            let abilities = if seed % 4 == 0 { NONE } else { ALL };
            let scripts = drawn(seed, workload, abilities);
            let clients = scripts.overlap.elements.len();
            assert!(clients <= workload.clients as usize, "{workload:?}");
            let mut opened: BTreeMap<&str, Option<usize>> =
                scripts.opens.iter().map(|step| (deed(step).1, None)).collect();
            let mut connected: BTreeMap<&str, usize> = BTreeMap::new();
            let mut ended: BTreeMap<&str, usize> = BTreeMap::new();
            for (client, script) in scripts.overlap.elements.iter().enumerate() {
                assert!(script.steps().len() <= workload.calls as usize, "{workload:?}");
                for step in script.steps() {
                    let (what, session) = deed(step);
                    match what {
                        "open" => assert_eq!(opened.insert(session, Some(client)), None, "{session} is opened twice"),
                        "websocket" => *connected.entry(session).or_default() += 1,
                        "end" => *ended.entry(session).or_default() += 1,
                        _ => {}
                    }
                    let owner = opened.get(session).unwrap_or_else(|| panic!("{session} is not open yet"));
                    assert!(owner.is_none_or(|owner| owner == client), "{session} is another client's");
                }
            }
            assert!(opened.len() <= workload.sessions as usize && opened.contains_key("s1"), "{opened:?}");
            assert!(connected.values().all(|count| *count == 1), "{connected:?}");
            assert!(ended.contains_key("s1") && !ended.contains_key("s2"), "{ended:?}");
        }
    }

    #[test]
    fn everything_that_the_target_has_is_done_and_nothing_else() {
        let rows: [(Abilities<'_>, &[&str]); 4] = [
            (ALL, &["describe", "end", "open", "websocket"]),
            (Abilities { describe: false, ..ALL }, &["end", "open", "websocket"]),
            (Abilities { start: false, ..ALL }, &["describe", "end", "websocket"]),
            (NONE, &["end"]),
        ];
        for (abilities, expected) in rows {
            let mut done: BTreeMap<&str, usize> = BTreeMap::new();
            let mut forms = std::collections::BTreeSet::new();
            for seed in 0..20 {
                let scripts = drawn(seed, Workload { clients: 8, sessions: 8, calls: 6 }, abilities);
                for step in scripts.overlap.steps() {
                    *done.entry(deed(step).0).or_default() += 1;
                    if let Action::Call(call) = &step.action
                        && let Some(form) = &call.for_each
                    {
                        let (placement, scheme) = (form.placement.as_deref(), form.signature.as_deref());
                        assert_ne!((placement, scheme), (Some(&[Placement::PostForm][..]), Some(&[Scheme::V3][..])));
                        forms.insert(format!("{form:?}"));
                    }
                }
            }
            assert!(done.keys().copied().eq(expected.iter().copied()), "{abilities:?}: {done:?}");
            assert!(done.values().all(|count| *count > 20), "{abilities:?}: {done:?}");
            assert!(forms.len() > 20, "{abilities:?}: {} wire forms", forms.len());
        }
    }
}
