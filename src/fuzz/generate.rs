//! Generation: entropy to programs, by weights that each program draws for itself.

use std::time::Duration;

use arbitrary::Unstructured;

use super::malformed::Malformed;
use super::program::{Op, Program, UNKNOWN, Wrong};
use super::saying::Saying;
use crate::case::mutation::CATALOGUE;
use crate::case::workload::{self, Draw};
use crate::case::{Action, Class, Element, Flaw, ForEach, Pause, Step, Via, Workload};
use crate::contract::Contract;
use crate::run::{Availability, SessionSource, Target};
use crate::wire::{Encoding, Format, Order, Part, Piece, Placement, Scheme};

/// Bytes of entropy that a program takes; with fewer the rest becomes plain.
pub const ENTROPY: usize = 1024;
/// What a program does at most, besides the looks at its end.
const OPS: usize = 10;
/// Sessions that a program opens by itself.
const SESSIONS: usize = 4;
/// Ages of a signature that is surely too old.
const AGES: [u64; 4] = [47 * 60, 3 * 3_600, 86_400, 3_650 * 86_400];
/// Classes of wrong values, those with many values more often.
const CLASSES: [Class; 11] = [
    Class::NearMiss,
    Class::Malformed,
    Class::NearMiss,
    Class::Malformed,
    Class::NearMiss,
    Class::Malformed,
    Class::Empty,
    Class::Empty,
    Class::Unknown,
    Class::Exact,
    Class::Repeated,
];

/// What a target has that programs can make use of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Abilities {
    /// Sessions, as many as are asked for.
    pub sessions: bool,
    /// StartTerminalSession.
    pub start: bool,
    /// DescribeTerminalSessions.
    pub describe: bool,
    /// WebSocket URLs.
    pub websocket: bool,
    /// A second region.
    pub other_region: bool,
    /// A region without the API.
    pub unsupported_region: bool,
    /// A key without permission.
    pub denied: bool,
    /// Signatures are asked for.
    pub signatures: bool,
    /// Calls go over HTTPS.
    pub secure: bool,
    /// How calls are ordinarily signed.
    pub auth: Scheme,
    /// The schemes that calls can be made with.
    pub schemes: Vec<Scheme>,
    /// The formats that it answers in.
    pub formats: Vec<Format>,
    /// How many clients may do something at once.
    pub clients: u32,
}

impl Abilities {
    /// Those of a target over plain HTTP that has everything.
    pub fn everything(clients: u32) -> Abilities {
        Abilities {
            sessions: true,
            start: true,
            describe: true,
            websocket: true,
            other_region: true,
            unsupported_region: true,
            denied: true,
            signatures: true,
            secure: false,
            auth: Scheme::V3,
            schemes: vec![Scheme::V1, Scheme::V3],
            formats: Format::ALL.to_vec(),
            clients,
        }
    }

    /// What a target has. Ids that the user supplies are too few to fuzz with.
    pub fn of(target: &Target, contract: &Contract, clients: u32) -> Abilities {
        let has = |capability: &str| target.has(capability, contract) == Availability::Has;
        let pool = matches!(target.sessions, SessionSource::Pool(_));
        Abilities {
            sessions: has("sessions") && !pool,
            start: has("start") && matches!(target.sessions, SessionSource::Start),
            describe: has("describe"),
            websocket: has("websocket"),
            other_region: has("other-region"),
            unsupported_region: has("unsupported-region"),
            denied: has("denied-credential"),
            signatures: has("signatures"),
            secure: target.endpoint.is_secure(),
            auth: target.auth,
            schemes: target.schemes(),
            formats: target.formats().to_vec(),
            clients,
        }
    }
}

/// Draws a program. The same entropy makes the same program.
pub fn program(abilities: &Abilities, entropy: &mut Unstructured<'_>) -> Program {
    let mut drawing = Drawing { draw: Draw(entropy), abilities, names: Vec::new(), workloads: 0 };
    let weights = drawing.swarm();
    let mut ops = Vec::new();
    drawing.open(&mut ops);
    for _ in 0..2 + drawing.draw.below(OPS - 1) {
        drawing.op(&weights, &mut ops);
    }
    let names = drawing.names.clone();
    for session in names {
        ops.push(Op::Look { session: session.clone(), by: Vec::new() });
        // A history that nothing was seen after cannot be judged, nor a session that only End can look at.
        let blind = !(abilities.describe || abilities.websocket);
        if blind || drawing.workloads > 0 || drawing.draw.one_in(2) {
            ops.push(Op::End { session: session.clone(), hidden: false, saying: Saying::default() });
            ops.push(Op::Look { session, by: Vec::new() });
        }
    }
    Program(ops)
}

/// Kinds of what a program does.
const KINDS: usize = 11;

struct Drawing<'a, 'u, 'd> {
    draw: Draw<'u, 'd>,
    abilities: &'a Abilities,
    /// The sessions so far.
    names: Vec<String>,
    workloads: usize,
}

impl Drawing<'_, '_, '_> {
    /// How often each kind is drawn: much, little or not at all.
    fn swarm(&mut self) -> [usize; KINDS] {
        let mut weights = [(); KINDS].map(|()| self.draw.of(&[2, 0, 1, 4]));
        // To open and to end is what all is about; to wait takes long, and to overlap many requests.
        weights[0] = weights[0].clamp(1, 2);
        weights[3] = weights[3].max(1);
        weights[8] = usize::from(self.draw.one_in(200));
        weights[9] = usize::from(self.draw.one_in(8));
        weights[10] = usize::from(self.abilities.clients > 1 && self.draw.one_in(5));
        weights
    }

    fn op(&mut self, weights: &[usize; KINDS], ops: &mut Vec<Op>) {
        match self.draw.weighed(weights) {
            0 => self.open(ops),
            1 => ops.extend(self.session().map(Op::Connect)),
            2 => self.look(ops),
            3 => self.end(ops),
            4 => self.refuse(Drawing::wrong, ops),
            5 => self.refuse(Drawing::value, ops),
            6 => self.refuse(Drawing::flaw, ops),
            7 => self.sibling(ops),
            // Once is long enough.
            8 if ops.iter().any(|op| matches!(op, Op::Wait(_))) => {}
            8 => {
                let pause = self.draw.of(&[Pause::Long, Pause::Time(Duration::from_millis(500)), Pause::Settle]);
                ops.push(Op::Wait(pause));
            }
            9 => ops.push(Op::Bytes(Malformed::of(self.draw.below(Malformed::count())))),
            _ => self.together(ops),
        }
    }

    fn open(&mut self, ops: &mut Vec<Op>) {
        if !self.abilities.sessions || self.names.len() >= SESSIONS {
            return;
        }
        let session = format!("s{}", self.names.len() + 1);
        self.names.push(session.clone());
        ops.push(Op::Open { session, elsewhere: self.abilities.other_region && self.draw.one_in(5) });
    }

    /// A session, the first most often.
    fn session(&mut self) -> Option<String> {
        let heats: Vec<usize> = (0..self.names.len()).map(|at| if at == 0 { 4 } else { 2 }).collect();
        (!heats.is_empty()).then(|| self.names[self.draw.weighed(&heats)].clone())
    }

    fn look(&mut self, ops: &mut Vec<Op>) {
        let Some(session) = self.session() else { return };
        let by: &[&[Via]] = &[
            &[],
            &[Via::Describe],
            &[Via::WebSocket],
            &[Via::Connection],
            &[Via::WebSocket, Via::WrongToken, Via::NoToken],
        ];
        ops.push(Op::Look { session, by: self.draw.of(by).to_vec() });
    }

    fn end(&mut self, ops: &mut Vec<Op>) {
        let Some(session) = self.session() else { return };
        let hidden = self.draw.one_in(12);
        let saying = Saying { times: self.draw.of(&[1, 1, 1, 2, 5, 12]), ..self.saying() };
        ops.push(Op::End { session, hidden, saying });
    }

    /// A wrong call, and mostly a look at the session that it names.
    fn refuse(&mut self, wrong: fn(&mut Self) -> Option<Wrong>, ops: &mut Vec<Op>) {
        let Some(wrong) = wrong(self) else { return };
        let named = !self.draw.one_in(6);
        let session = if named { self.session() } else { None };
        let saying = Saying { times: self.draw.of(&[1, 1, 2]), ..self.saying() };
        ops.push(Op::Refuse { session: session.clone(), wrong, saying });
        if let Some(session) = session.filter(|_| self.draw.one_in(2)) {
            ops.push(Op::Look { session, by: Vec::new() });
        }
    }

    fn wrong(&mut self) -> Option<Wrong> {
        Some(self.draw.of(&[
            Wrong::NoRegion,
            Wrong::NoSession,
            Wrong::Unsupported,
            Wrong::Elsewhere,
            Wrong::Unknown,
            Wrong::Action,
            Wrong::NoAction,
            Wrong::Version,
            Wrong::Unsigned,
            Wrong::Denied,
            Wrong::Method("PUT"),
            Wrong::Method("PATCH"),
            Wrong::Method("DELETE"),
        ]))
    }

    fn value(&mut self) -> Option<Wrong> {
        let parameter = self.draw.of(&["SessionId", "SessionId", "RegionId"]);
        let class = self.draw.of(&CLASSES);
        let names: Vec<&'static str> =
            CATALOGUE.iter().filter(|kind| kind.class == class).map(|kind| kind.name).collect();
        Some(Wrong::Value { parameter, name: self.draw.of(&names) })
    }

    fn flaw(&mut self) -> Option<Wrong> {
        if !self.abilities.signatures {
            return None;
        }
        Some(Wrong::Flaw(match self.draw.below(6) {
            0 | 1 => Flaw::Tampered(self.draw.of(&Part::ALL)),
            2 => Flaw::Age(Duration::from_secs(self.draw.of(&AGES))),
            3 => self.draw.of(&[Flaw::UsedNonce, Flaw::Replayed]),
            4 => Flaw::UnknownKey,
            _ => Flaw::Without(Piece::Signature),
        }))
    }

    fn sibling(&mut self, ops: &mut Vec<Op>) {
        let saying = self.saying();
        if self.abilities.start && self.draw.one_in(4) {
            ops.push(Op::Start(saying));
        } else {
            let session = match self.draw.below(4) {
                0 => None,
                1 => Some(UNKNOWN.to_owned()),
                _ => self.session(),
            };
            ops.push(Op::Describe { session, saying });
        }
    }

    /// What several clients do at once, and looks at what became of it.
    fn together(&mut self, ops: &mut Vec<Op>) {
        if !self.abilities.sessions || self.workloads > 0 {
            return;
        }
        self.workloads += 1;
        let (clients, abilities) = (usize::try_from(self.abilities.clients.min(8)).unwrap_or(8), self.abilities);
        let number = |count: usize| u32::try_from(count).unwrap_or(1);
        let workload = Workload {
            clients: number(2 + self.draw.below(clients - 1)),
            sessions: number(1 + self.draw.below(3)),
            calls: number(1 + self.draw.below(4)),
        };
        let able = workload::Abilities {
            describe: abilities.describe,
            websocket: abilities.websocket,
            start: abilities.start,
            schemes: &abilities.schemes,
            formats: &abilities.formats,
        };
        let scripts = workload::generate(workload, able, &|number| format!("w{number}"), self.draw.0);
        let opens = |steps: &[Step]| -> Vec<String> {
            let opened = steps.iter().filter_map(|step| match &step.action {
                Action::Open(open) => Some(open.name.value.clone()),
                _ => None,
            });
            opened.collect()
        };
        let before = opens(&scripts.opens);
        let scripts: Vec<Vec<Step>> =
            scripts.overlap.elements.iter().map(Element::steps).map(<[Step]>::to_vec).collect();
        let within = scripts.iter().flat_map(|script| opens(script));
        let names: Vec<String> = before.iter().cloned().chain(within).collect();
        ops.extend(before.into_iter().map(|session| Op::Open { session, elsewhere: false }));
        ops.push(Op::Together(scripts));
        for session in names {
            ops.push(Op::Look { session: session.clone(), by: Vec::new() });
            ops.push(Op::End { session: session.clone(), hidden: false, saying: Saying::default() });
            ops.push(Op::Look { session, by: Vec::new() });
        }
    }

    fn saying(&mut self) -> Saying {
        let plain = self.draw.one_in(3);
        if plain {
            return Saying::default();
        }
        // Connections of their own take as much as several calls.
        let (raw, fresh) = (self.draw.one_in(64), self.draw.one_in(64));
        Saying { axes: self.axes(), fresh, raw, times: 1 }
    }

    /// Each axis ordinary, of one value, or now and then of all.
    fn axes(&mut self) -> ForEach {
        fn axis<T: Copy>(draw: &mut Draw<'_, '_>, all: &[T]) -> Option<Vec<T>> {
            match draw.below(6) {
                0 | 1 => None,
                2 if all.len() > 1 => Some(all.to_vec()),
                _ => Some(vec![draw.of(all)]),
            }
        }
        let formats: Vec<Option<Format>> = self.abilities.formats.iter().copied().map(Some).collect();
        let draw = &mut self.draw;
        ForEach {
            placement: axis(draw, &Placement::ALL),
            format: axis(draw, &formats),
            signature: axis(draw, &self.abilities.schemes),
            order: axis(draw, &Order::ALL),
            encoding: axis(draw, &Encoding::ALL),
            ..ForEach::default()
        }
    }
}
