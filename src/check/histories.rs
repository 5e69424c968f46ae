//! Histories of several clients: the operations on each session, as far as the records tell of them.

use std::collections::{BTreeMap, BTreeSet};

use super::linearizability::{Answer, Kind, Operation};
use super::silence::is_silent;
use super::{Event, Look, Observation, Observer, Record, Sight};
use crate::http::Reply;
use crate::limits;

/// Operations, each with the index of the record that says so.
pub(super) type Operations = Vec<(usize, Operation)>;

/// What happened to one session.
#[derive(Debug, Default)]
pub(super) struct History<'a> {
    /// What the case calls it: by one name, but for an id that was issued twice.
    pub name: &'a str,
    /// Whether an End was sent by a call, not by a look alone.
    pub asked: bool,
    /// Whether a connection on it broke off.
    cut: bool,
    /// Operations, each with the index of the record that says so.
    pub operations: Operations,
}

impl History<'_> {
    /// The Ends of it that succeeded.
    pub fn successes(&self) -> impl Iterator<Item = &Operation> {
        self.operations.iter().map(|(_, operation)| operation).filter(|end| end.kind == Kind::End(Answer::Ok))
    }

    /// A session without a connection for ten minutes is no longer judged as open, since it may have closed by itself; nor is
    /// one with its connection broken off, unless an End found it open after all.
    fn forget_closed_by_itself(&mut self) {
        let Some(first) = self.operations.iter().map(|(_, operation)| operation.invoked).min() else { return };
        if self.successes().next().is_none() {
            let closed = |kind| matches!(kind, Kind::End(Answer::NotFound) | Kind::Look(_, Sight::Closed));
            let cut = self.cut;
            self.operations.retain(|(_, operation)| {
                let last = operation.returned.unwrap_or(operation.invoked);
                !closed(operation.kind) || (!cut && last.since(first) < limits::UNATTENDED)
            });
        }
    }
}

/// What happened to each session. One that the run started goes by its id, since two Starts must not issue one.
pub(super) fn histories<'a>(records: &'a [Record], cut: &BTreeSet<String>) -> Vec<History<'a>> {
    let ids: BTreeMap<&str, String> =
        records.iter().filter_map(|record| Some((record.session.as_deref()?, issued(record)?))).collect();
    let mut histories: BTreeMap<&str, History<'_>> = BTreeMap::new();
    for (index, record) in records.iter().enumerate() {
        let Some(name) = record.session.as_deref() else { continue };
        let key = ids.get(name).map_or(name, String::as_str);
        let history = histories.entry(key).or_insert_with(|| History { name, ..History::default() });
        // The case's own steps are a client too, besides those of its overlaps.
        let client = if record.inner.is_some() { record.client + 1 } else { 0 };
        let operations = match &record.event {
            Event::Look(look) => looks(look, client),
            Event::Exchange(_) if issued(record).is_some() => start(record, client).into_iter().collect(),
            Event::Exchange(_) => end(record, client).into_iter().collect(),
        };
        let ends = |operation: &Operation| matches!(operation.kind, Kind::End(_));
        history.cut |= cut.contains(name);
        history.asked |= record.exchange().is_some() && operations.iter().any(ends);
        history.operations.extend(operations.into_iter().map(|operation| (index, operation)));
    }
    let mut histories: Vec<History<'_>> = histories.into_values().collect();
    histories.iter_mut().for_each(History::forget_closed_by_itself);
    histories
}

/// The id that a record's Start was answered with.
fn issued(record: &Record) -> Option<String> {
    let seen = record.seen().filter(|_| record.operation.as_deref() == Some("StartTerminalSession"))?;
    let id = seen.text("SessionId").filter(|id| !id.is_empty() && seen.took_effect());
    id.map(str::to_owned)
}

fn start(record: &Record, client: usize) -> Option<Operation> {
    let exchange = record.exchange()?;
    Some(Operation { client, kind: Kind::Start, invoked: exchange.sent, returned: Some(exchange.done) })
}

fn end(record: &Record, client: usize) -> Option<Operation> {
    let exchange = record.exchange().filter(|_| record.operation.as_deref() == Some("EndTerminalSession"))?;
    let answer = match &exchange.reply {
        // Surely without effect, and without an answer: nothing happened.
        Reply::Refused(_) => return None,
        _ if is_silent(exchange) => Answer::Unknown,
        Reply::Lost(_) => Answer::Unknown,
        Reply::Answered(_) => {
            let seen = record.seen()?;
            if seen.took_effect() {
                Answer::Ok
            } else if seen.code() == Some("InvalidSessionId.NotFound") {
                Answer::NotFound
            } else {
                Answer::Refused
            }
        }
    };
    let returned = (answer != Answer::Unknown).then_some(exchange.done);
    Some(Operation { client, kind: Kind::End(answer), invoked: exchange.sent, returned })
}

/// What a look says of the session by itself. A connection that is held is cut some time after the session was ended, and
/// may be cut without that; another token opens nothing, whether the session is open or not. A WebSocket that was refused
/// and then gave no answer is no verdict either.
fn looks(look: &Look, client: usize) -> Vec<Operation> {
    let refused_once =
        look.observations.iter().any(|seen| seen.observer == Observer::WebSocket && seen.sight == Sight::Unknown);
    let kind = |seen: &Observation| match (seen.observer, seen.sight) {
        (_, Sight::Unknown | Sight::Listed) => None,
        (Observer::Connection | Observer::WrongToken | Observer::NoToken, _) => None,
        (Observer::WebSocket, Sight::Closed) if refused_once => None,
        (Observer::End, Sight::Open) => Some(Kind::End(Answer::Ok)),
        (Observer::End, Sight::Closed) => Some(Kind::End(Answer::NotFound)),
        (observer, sight) => Some(Kind::Look(observer, sight)),
    };
    let operation = |kind| Operation { client, kind, invoked: look.at, returned: Some(look.done) };
    look.observations.iter().filter_map(kind).map(operation).collect()
}
