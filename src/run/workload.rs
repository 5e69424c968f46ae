//! Workload: scripts drawn from the case's stream, run at once, and what every session has to show for it afterwards.

use super::overlap::overlap;
use super::send::Bed;
use super::state::State;
use super::{SessionSource, Target};
use crate::case::expectation::LookOutcome;
use crate::case::workload::{Abilities, end, generate};
use crate::case::{Action, Element, Expectation, LookAt, OverlapStep, Step, Via, Workload};
use crate::check::history::Record;
use crate::source::{Span, Spanned};
use crate::wire::{Format, Scheme};

/// Runs a workload, the step of that index: opens what the clients share, lets them loose, then looks at each session
/// and ends it once more, so that one that is open again is seen.
///
/// # Errors
/// Why a client could not go on; what the others did is in the history.
pub(super) async fn workload(
    bed: &Bed,
    workload: Workload,
    index: usize,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let (schemes, formats) = (bed.target.schemes(), bed.target.formats());
    let abilities = abilities(&bed.target, &schemes, formats);
    // No name of a case has a space.
    let prefix = format!("step {} session ", index + 1);
    let entropy = workload.entropy();
    let scripts = state.stream.unstructured(entropy, |u| generate(workload, abilities, &prefix, u));
    let others = scripts.overlap.elements.len();
    overlap(bed, &each(scripts.opens.into_iter().map(|open| vec![open])), others, state, history).await?;
    overlap(bed, &scripts.overlap, 0, state, history).await?;
    let names: Vec<String> = state.sessions.keys().filter(|name| name.starts_with(&prefix)).cloned().collect();
    let last: Vec<Vec<Step>> = names.iter().map(|name| afterwards(bed, state, name)).collect();
    overlap(bed, &each(last.into_iter()), others, state, history).await
}

fn abilities<'a>(target: &Target, schemes: &'a [Scheme], formats: &'a [Format]) -> Abilities<'a> {
    let has = |capability: &str| !target.lacking.contains(capability);
    Abilities {
        describe: has("describe"),
        websocket: has("websocket"),
        // Ids of a command's or a pool's are had before the clients begin.
        start: has("start") && matches!(target.sessions, SessionSource::Start),
        schemes,
        formats,
    }
}

/// One client for each of these.
fn each(scripts: impl Iterator<Item = Vec<Step>>) -> OverlapStep {
    OverlapStep { elements: scripts.map(Element::Script).collect(), clients: 1 }
}

/// What tells whether a session is what the clients were told: a look and an End, and the same again where that End is
/// its first success. A session that is connected to, and may be open, is connected to by nobody else.
fn afterwards(bed: &Bed, state: &State, name: &str) -> Vec<Step> {
    let open = state.sessions.get(name).is_some_and(|session| bed.sessions.is_open(&session.id));
    let held = state.held.contains_key(name);
    let by = |held: bool| if held { vec![Via::Describe] } else { vec![Via::Describe, Via::WebSocket] };
    let bare = |text: &str| Spanned::new(text.to_owned(), Span::default());
    let step = |action, expect: Option<LookOutcome>| {
        let expect = expect.map(|look| Spanned::new(Expectation::Look(look), Span::default()));
        Step { span: Span::default(), clause: None, action, expect }
    };
    let look = |expected, by| step(Action::Look(LookAt { session: bare(name), by }), Some(expected));
    let end = || step(Action::Call(Box::new(end(name))), None);
    let gone = || look(LookOutcome::Unusable, by(false));
    if open { vec![look(LookOutcome::Usable, by(held)), end(), gone(), end()] } else { vec![gone(), end()] }
}
