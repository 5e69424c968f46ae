//! Overlap: several clients at once, each with entropy of its own, their records in the order of sending.

use futures_util::future::join_all;

use super::send::Bed;
use super::slots::Slots;
use super::state::State;
use super::{call, execute, look};
use crate::case::{Action, Element, OverlapStep, Step};
use crate::check::history::Record;
use crate::seed::Seed;

/// Runs every element of the overlap by its clients, all at once. The clients are numbered from `first` on; what they
/// opened and hold is the case's afterwards.
///
/// # Errors
/// Why a client could not go on; what the others did is in the history.
pub(super) async fn overlap(
    bed: &Bed,
    overlap: &OverlapStep,
    first: usize,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let salt = state.stream.number();
    let mut clients = Vec::new();
    let mut inner = 0;
    for element in &overlap.elements {
        let times = if matches!(element, Element::Step(_)) { overlap.clients } else { 1 };
        for _ in 0..times {
            let client = first + clients.len();
            let own = state.of_client(Seed(salt).stream(&client.to_string()));
            clients.push(bed.pace.permit(one(bed, element, inner, client, own)));
        }
        inner += element.steps().len();
    }
    bed.turns(clients.len()).await?;
    let mut done = Ok(());
    let mut records = Vec::new();
    for (client, (own, seen, result)) in Slots::shared(join_all(clients)).await.into_iter().enumerate() {
        state.take_over(first + client, own);
        records.extend(seen);
        done = done.and(result);
    }
    records.sort_by_key(|record: &Record| (record.began(), record.client));
    history.extend(records);
    done
}

/// What one client does; `inner` is the index of the first of its steps within the overlap.
async fn one(
    bed: &Bed,
    element: &Element,
    inner: usize,
    client: usize,
    mut state: State,
) -> (State, Vec<Record>, Result<(), String>) {
    let mut history = Vec::new();
    let steps = element.steps();
    for (at, step) in steps.iter().enumerate() {
        let first = history.len();
        let done = act(bed, step, &mut state, &mut history).await;
        let name = match steps {
            [_] => format!("client {}", client + 1),
            _ => format!("client {}, step {}", client + 1, at + 1),
        };
        for record in &mut history[first..] {
            record.inner = Some(inner + at);
            record.client = client;
            record.item = if record.item.is_empty() { name.clone() } else { format!("{name}; {}", record.item) };
        }
        // Calls count what they hold themselves.
        let seen = history[first..].iter().filter(|_| !matches!(step.action, Action::Call(_)));
        let done = done.and(seen.filter_map(Record::exchange).try_for_each(|exchange| state.holds(exchange)));
        if let Err(reason) = done.and_then(|()| bed.stopped().map_or(Ok(()), Err)) {
            return (state, history, Err(format!("{name}: {reason}")));
        }
    }
    (state, history, Ok(()))
}

async fn act(bed: &Bed, step: &Step, state: &mut State, history: &mut Vec<Record>) -> Result<(), String> {
    match &step.action {
        Action::Open(open) => execute::open_session(bed, open, state, history).await,
        Action::Call(call) => call::call(bed, call, step, state, history).await,
        Action::Look(look) => look::look(bed, look, step, state, history).await,
        // What the others do may keep it from being held: the history tells whether it might.
        Action::Connect(session) => look::hold(bed, &session.value, true, state, history).await,
        _ => Err("this action does not overlap".to_owned()),
    }
}
