//! Overlap: several clients at once, each with entropy of its own, their records in the order of sending.

use futures_util::future::join_all;

use super::send::Bed;
use super::state::State;
use super::{call, look};
use crate::case::{Action, OverlapStep, Step};
use crate::check::history::Record;
use crate::seed::Seed;

/// Runs every step of the overlap by every client, all at once.
///
/// # Errors
/// Why a client could not go on; what the others did is in the history.
pub(super) async fn overlap(
    bed: &Bed,
    overlap: &OverlapStep,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let salt = state.stream.number();
    let mut clients = Vec::new();
    for (inner, step) in overlap.steps.iter().enumerate() {
        for _ in 0..overlap.clients {
            let client = clients.len();
            let own = State {
                stream: Seed(salt).stream(&client.to_string()),
                captured: state.captured.clone(),
                sessions: state.sessions.clone(),
                opened: state.opened.clone(),
                held: std::collections::BTreeMap::new(),
                consumed: state.consumed.clone(),
                unknown: state.unknown.clone(),
                base: state.base,
                variant: None,
            };
            clients.push(one(bed, step, inner, client, own));
        }
    }
    let mut done = Ok(());
    let mut records = Vec::new();
    for (own, result) in join_all(clients).await {
        records.extend(own);
        done = done.and(result);
    }
    records.sort_by_key(|record: &Record| (record.began(), record.client));
    history.extend(records);
    done
}

async fn one(
    bed: &Bed,
    step: &Step,
    inner: usize,
    client: usize,
    mut state: State,
) -> (Vec<Record>, Result<(), String>) {
    let mut history = Vec::new();
    let done = match &step.action {
        Action::Call(call) => call::call(bed, call, step, &mut state, &mut history).await,
        Action::Look(look) => look::look(bed, look, step, &mut state, &mut history).await,
        Action::Connect(session) => {
            look::hold(bed, &session.value, step.expect.is_some(), &mut state, &mut history).await
        }
        _ => Err("this action does not overlap".to_owned()),
    };
    for record in &mut history {
        record.inner = Some(inner);
        record.client = client;
        if record.item.is_empty() {
            record.item = format!("client {}", client + 1);
        } else {
            record.item = format!("client {}; {}", client + 1, record.item);
        }
    }
    (history, done)
}
