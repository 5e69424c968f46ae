//! Workload: scripts drawn from the case's stream, run at once, and what every session has to show for it afterwards.

use super::overlap::overlap;
use super::send::Bed;
use super::state::State;
use super::{SessionSource, Target};
use crate::case::workload::{Abilities, afterwards, generate};
use crate::case::{Element, OverlapStep, Step, Workload};
use crate::check::history::Record;
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
    let suffix = format!(" of step {}", index + 1);
    let entropy = workload.entropy();
    let scripts = state
        .stream
        .unstructured(entropy, |u| generate(workload, abilities, &|number| format!("session {number}{suffix}"), u));
    let others = scripts.overlap.elements.len();
    overlap(bed, &each(scripts.opens.into_iter().map(|open| vec![open])), others, state, history).await?;
    overlap(bed, &scripts.overlap, 0, state, history).await?;
    let names: Vec<String> = state.sessions.keys().filter(|name| name.ends_with(&suffix)).cloned().collect();
    let last = each(names.iter().map(|name| {
        let open = state.sessions.get(name).is_some_and(|session| bed.sessions.is_open(&session.id));
        afterwards(name, open, state.held.contains_key(name))
    }));
    overlap(bed, &last, others, state, history).await
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
