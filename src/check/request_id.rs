//! RequestIds across a whole run: no two requests get the same (clause `end/request-id/unique`).

use std::collections::HashMap;
use std::sync::Arc;

use super::seen::printable;
use super::silence::is_silent;
use super::{Context, Finding, Judgement, Place, Record, Role, Seen};
use crate::case::Case;

/// RequestIds seen so far, and where.
#[derive(Debug, Default)]
pub struct RequestIds {
    seen: HashMap<String, Earlier>,
}

#[derive(Debug)]
struct Earlier {
    words: String,
    judged: bool,
}

impl RequestIds {
    /// Takes one case's history into account; to be called in the order of the cases.
    pub fn judge(&mut self, context: Context<'_>, case: &Arc<Case>, records: &[Record]) -> Judgement {
        let mut judgement = Judgement::default();
        for (index, record) in records.iter().enumerate() {
            let Some(id) = request_id(record) else { continue };
            // Set-up and clean-up are never verdicts, but what they got may not come again in an answer that is.
            let judged = record.is_attempt() || record.role == Role::Probe;
            // Two spellings of one UUID are one id.
            let now = Earlier { words: words(case, record), judged };
            let earlier = self.seen.insert(id.to_ascii_lowercase(), now).filter(|earlier| earlier.judged || judged);
            let finding = earlier.map(|earlier| {
                let place = Place { case, record, index };
                let expected = "a RequestId of its own for every request";
                let actual = format!("`{}`, which {} had got", printable(&id, 60), earlier.words);
                Finding::new(context, "end/request-id/unique", place, expected, actual).shape("repeated")
            });
            if judged || finding.is_some() {
                judgement.test("end/request-id/unique", finding);
            }
        }
        judgement
    }
}

/// The RequestId of an RPC answer that counts.
fn request_id(record: &Record) -> Option<String> {
    let exchange = record.exchange().filter(|_| record.is_rpc())?;
    let response = exchange.reply.answer().filter(|_| !is_silent(exchange))?;
    if Seen::is_http_refusal(response.status) {
        return None;
    }
    let seen = Seen::of(response);
    let id = seen.text("RequestId").filter(|id| !id.is_empty() && !seen.is_throttled())?;
    Some(id.to_owned())
}

fn words(case: &Case, record: &Record) -> String {
    match record.step {
        Some(step) => format!("step {} of {}", step + 1, case.id),
        None => format!("a request around {}", case.id),
    }
}
