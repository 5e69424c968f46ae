//! SessionIds across a whole run: none is issued twice (clauses `start/unique`, `end/effect/id-not-reused`).

use std::collections::HashMap;
use std::sync::Arc;

use super::{Context, Event, Finding, Judgement, Place, Record, Seen};
use crate::case::Case;
use crate::clock::Moment;
use crate::http::Request;
use crate::wire::parameters;

/// Ids issued so far, and when each was seen to be ended.
#[derive(Debug, Default)]
pub struct SessionIds {
    issued: HashMap<String, Issued>,
}

#[derive(Debug)]
struct Issued {
    place: String,
    ended: Option<Moment>,
}

impl SessionIds {
    /// Takes one case's history into account; to be called for every case.
    pub fn judge(&mut self, context: Context<'_>, case: &Arc<Case>, records: &[Record]) -> Judgement {
        let mut judgement = Judgement::default();
        for (index, record) in records.iter().enumerate() {
            let Event::Exchange(exchange) = &record.event else { continue };
            let Some(response) = exchange.reply.answer() else { continue };
            let seen = Seen::of(response);
            if !seen.is_ok(record.operation.as_deref()) {
                continue;
            }
            let place = Place { case, record, index };
            match record.operation.as_deref() {
                Some("StartTerminalSession") => self.start(context, place, &seen, &mut judgement),
                Some("EndTerminalSession") => self.end(&exchange.request, exchange.sent),
                _ => {}
            }
        }
        judgement
    }

    fn start(&mut self, context: Context<'_>, place: Place<'_>, seen: &Seen<'_>, judgement: &mut Judgement) {
        let Some(id) = seen.text("SessionId").filter(|id| !id.is_empty()) else { return };
        let now = Issued { place: words(place), ended: None };
        let Some(earlier) = self.issued.insert(id.to_owned(), now) else {
            judgement.tested("start/unique");
            judgement.tested("end/effect/id-not-reused");
            return;
        };
        let clause = if earlier.ended.is_some() { "end/effect/id-not-reused" } else { "start/unique" };
        let actual = format!("`{}`, which {} had got", super::seen::printable(id, 60), earlier.place);
        let finding = Finding::new(context, clause, place, "a SessionId that was never issued", actual);
        judgement.test(clause, Some(finding.shape("issued twice")));
    }

    fn end(&mut self, request: &Request, at: Moment) {
        let written = [request.query().as_bytes(), &request.body];
        let parameters = written.into_iter().filter_map(|text| parameters::parse(text).ok()).flatten();
        for (_, id) in parameters.filter(|(name, _)| name == "SessionId") {
            if let Some(issued) = self.issued.get_mut(&id) {
                issued.ended.get_or_insert(at);
            }
        }
    }
}

fn words(place: Place<'_>) -> String {
    match place.record.step {
        Some(step) => format!("step {} of {}", step + 1, place.case.id),
        None => format!("a request around {}", place.case.id),
    }
}
