//! Exact bytes: `raw` steps, and calls whose framing is watched byte by byte.

use super::call::Sending;
use super::expand::ordinary;
use super::send::{Bed, end_call};
use super::state::{State, fill};
use crate::case::RawStep;
use crate::case::template::Part;
use crate::check::history::{Event, Record, Role};
use crate::http::{CauseKind, Exchange, Reply};

/// Sends a `raw` step's bytes on a connection of its own, then a plain request: the target must go on serving.
pub(super) async fn send(
    bed: &Bed,
    step: &RawStep,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<(), String> {
    let mut all = String::new();
    for part in &step.bytes.parts {
        match part {
            Part::Text(text) => all.push_str(text),
            Part::Variable(variable) if variable.name == "filler" => {
                let (text, times) = step.filler.as_ref().ok_or("`{{filler}}` has no value")?;
                all.push_str(&text.repeat(*times));
            }
            Part::Variable(_) => {
                all.push_str(&fill(bed, state, &crate::case::Template { parts: vec![part.clone()] })?);
            }
        }
    }
    let bytes = all.into_bytes();
    for role in [Role::Judged, Role::Strike] {
        bed.stopped().map_or(Ok(()), Err)?;
        let exchange = bed.exchange_bytes(bytes.clone()).await?;
        let waited = matches!(&exchange.reply, Reply::Lost(cause) if cause.kind == CauseKind::Timeout);
        history.push(Record::new(role, None, None, Event::Exchange(Box::new(exchange))));
        let probe = bed.probe("", &mut state.stream).await;
        let serving = probe.exchange().is_some_and(|exchange| exchange.reply.answer().is_some());
        history.push(probe);
        if !waited {
            return if serving { Ok(()) } else { Err("a plain request after it was not answered".to_owned()) };
        }
    }
    Ok(())
}

/// Sends a call byte by byte and a plain one behind it on the same connection: whatever stands between the two answers
/// belongs to neither.
///
/// # Errors
/// The run was stopped before.
pub(super) async fn pair(
    bed: &Bed,
    sending: &Sending<'_>,
    state: &mut State,
    history: &mut Vec<Record>,
) -> Result<Exchange, String> {
    let first = bed.encode(&sending.call, sending.item.form, &mut state.stream);
    let (plain, form) = (end_call(&bed.target.region, &state.unknown), ordinary(&bed.target));
    let second = bed.encode(&plain, form, &mut state.stream);
    let [first, second] = bed.exchange_pair(first, second).await?;
    let probe = Record::new(Role::Probe, plain.action, Some(form), Event::Exchange(Box::new(second)));
    history.push(Record { item: sending.item.label.clone(), ..probe });
    Ok(first)
}
