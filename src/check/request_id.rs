//! RequestIds across a whole run: no two requests get the same (clause `end/request-id/unique`).

use std::collections::HashMap;
use std::sync::Arc;

use super::{Context, Event, Finding, Judgement, Place, Record, Seen};
use crate::case::Case;

/// RequestIds seen so far, and where.
#[derive(Debug, Default)]
pub struct RequestIds {
    seen: HashMap<String, String>,
}

impl RequestIds {
    /// Takes one case's history into account; to be called in the order of the cases.
    pub fn judge(&mut self, context: Context<'_>, case: &Arc<Case>, records: &[Record]) -> Judgement {
        let mut judgement = Judgement::default();
        for (index, record) in records.iter().enumerate() {
            let Event::Exchange(exchange) = &record.event else { continue };
            let Some(response) = exchange.reply.answer().filter(|_| record.is_rpc()) else { continue };
            let seen = Seen::of(response);
            let Some(id) = seen.text("RequestId").filter(|id| !id.is_empty()) else { continue };
            let place = Place { case, record, index };
            // Two spellings of one UUID are one id.
            let earlier = self.seen.insert(id.to_ascii_lowercase(), words(case, record));
            let finding = earlier.map(|earlier| {
                let expected = "a RequestId of its own for every request";
                let actual = format!("`{}`, which {earlier} had got", super::seen::printable(id, 60));
                Finding::new(context, "end/request-id/unique", place, expected, actual).shape("repeated")
            });
            judgement.test("end/request-id/unique", finding);
        }
        judgement
    }
}

fn words(case: &Case, record: &Record) -> String {
    match record.step {
        Some(step) => format!("step {} of {}", step + 1, case.id),
        None => format!("a request around {}", case.id),
    }
}
