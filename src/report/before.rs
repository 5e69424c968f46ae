//! What ended a session before the request that a finding is about.

use crate::check::CaseResult;
use crate::check::history::{Event, Record, Role};
use crate::http::Request;
use crate::wire::parameters;

/// `step 2 ended this session with 200`, where an answer of the same case did that before the record of that index.
pub(super) fn before(result: &CaseResult, record: usize) -> Option<String> {
    let history = result.history.get(..record)?;
    let about = result.history.get(record)?;
    let id = session_id(about, history)?;
    let ended = history.iter().find(|record| ends(record, &id))?;
    let status = ended.exchange()?.reply.answer()?.status;
    let step = match ended.step? {
        step if Some(step) == about.step => "an earlier request of this step".to_owned(),
        step => format!("step {}", step + 1),
    };
    Some(format!("{step} ended this session with {status}"))
}

/// The id of the session that a record is about: the one it names, or the one looked at.
fn session_id(record: &Record, history: &[Record]) -> Option<String> {
    match &record.event {
        Event::Exchange(exchange) => parameter(&exchange.request, "SessionId"),
        Event::Look(look) => {
            let naming = history.iter().filter(|record| record.session.as_ref() == Some(&look.session));
            naming.filter_map(Record::exchange).find_map(|exchange| parameter(&exchange.request, "SessionId"))
        }
    }
}

fn ends(record: &Record, id: &str) -> bool {
    let judged = record.role == Role::Judged && record.operation.as_deref() == Some("EndTerminalSession");
    judged
        && record.seen().is_some_and(|seen| seen.took_effect())
        && record.exchange().and_then(|exchange| parameter(&exchange.request, "SessionId")).as_deref() == Some(id)
}

fn parameter(request: &Request, name: &str) -> Option<String> {
    let given = [request.query().as_bytes(), request.body.as_slice()];
    given.into_iter().find_map(|text| {
        let parameters = parameters::parse(text).ok()?;
        parameters::first(&parameters, name).map(str::to_owned)
    })
}
