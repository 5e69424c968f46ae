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
    case: Arc<Case>,
    step: Option<usize>,
    judged: bool,
}

impl RequestIds {
    /// Takes one case's history into account; to be called in the order of the cases.
    pub fn judge(&mut self, context: Context<'_>, case: &Arc<Case>, records: &[Record]) -> Judgement {
        let mut judgement = Judgement::default();
        for (index, record) in records.iter().enumerate() {
            let Some(id) = record.request_id.clone().unwrap_or_else(|| of(record)) else { continue };
            // Set-up and clean-up are never verdicts, but what they got may not come again in an answer that is.
            let judged = record.is_attempt() || record.role == Role::Probe;
            // Two spellings of one UUID are one id.
            let now = Earlier { case: case.clone(), step: record.step, judged };
            let earlier = self.seen.insert(id.to_ascii_lowercase(), now).filter(|earlier| earlier.judged || judged);
            let finding = earlier.map(|earlier| {
                let place = Place { case, record, index };
                let expected = "a RequestId of its own for every request";
                let actual = format!("`{}`, which {} had got", printable(&id, 60), words(&earlier));
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
pub(super) fn of(record: &Record) -> Option<Box<str>> {
    let exchange = record.exchange().filter(|_| record.is_rpc())?;
    let response = exchange.reply.answer().filter(|_| !is_silent(exchange))?;
    if Seen::is_http_refusal(response.status) {
        return None;
    }
    let seen = record.seen()?;
    let id = seen.text("RequestId").filter(|id| !id.is_empty() && !seen.is_throttled())?;
    Some(id.into())
}

fn words(earlier: &Earlier) -> String {
    let id = &earlier.case.id;
    match earlier.step {
        Some(step) => format!("step {} of {id}", step + 1),
        None => format!("a request around {id}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, ID, broken};
    use super::*;
    use crate::http::Reply;

    fn record(role: Role, status: u16, body: &str) -> Record {
        sample::sent(role, Reply::Answered(sample::answer(status, body)))
    }

    #[test]
    fn a_request_id_counts_once_in_a_whole_run() {
        let with = |id: &str| format!(r#"{{"RequestId":"{id}","Code":"C","Message":"m"}}"#);
        let (one, lower) = (with(ID), with(&ID.to_ascii_lowercase()));
        let throttled = format!(r#"{{"RequestId":"{ID}","Code":"Throttling","Message":"m"}}"#);
        let judged = || record(Role::Judged, 404, &one);
        let rows: [(&str, Record, Record, bool); 14] = [
            ("twice", judged(), judged(), true),
            ("in the other letter case", judged(), record(Role::Judged, 404, &lower), true),
            ("another", judged(), record(Role::Judged, 404, &with("x")), false),
            ("empty", record(Role::Judged, 404, &with("")), record(Role::Judged, 404, &with("")), false),
            (
                "of another shape",
                record(Role::Judged, 404, &with("R-1")),
                record(Role::Judged, 404, &with("R-1")),
                true,
            ),
            ("of a probe", judged(), record(Role::Probe, 404, &one), true),
            ("of a set-up before", record(Role::SetUp, 200, &one), judged(), true),
            ("of a clean-up after", judged(), record(Role::CleanUp, 200, &one), true),
            ("of set-up and clean-up alone", record(Role::SetUp, 200, &one), record(Role::CleanUp, 200, &one), false),
            ("of throttling", judged(), record(Role::Throttled, 400, &throttled), false),
            ("of a throttled probe", judged(), record(Role::Probe, 400, &throttled), false),
            ("of HTTP's own refusals", record(Role::Judged, 413, &one), record(Role::Judged, 413, &one), false),
            ("of a gateway's failures", record(Role::Judged, 502, &one), record(Role::Judged, 502, &one), false),
            ("of no RPC answer", judged(), Record { operation: None, ..judged() }, false),
        ];
        let case = sample::call("end/request-id/unique", "refused");
        for (name, first, second, repeated) in rows {
            for (apart, let_go) in [(false, false), (true, false), (false, true)] {
                let mut ids = RequestIds::default();
                let mut judgement = Judgement::default();
                let histories = if apart { vec![vec![&first], vec![&second]] } else { vec![vec![&first, &second]] };
                for history in histories {
                    let mut history: Vec<Record> = history.into_iter().cloned().collect();
                    if let_go {
                        history.iter_mut().for_each(Record::let_go_passed);
                    }
                    judgement.join(ids.judge(sample::context(), &case, &history));
                }
                let expected: &[&str] = if repeated { &["end/request-id/unique"] } else { &[] };
                assert_eq!(broken(&judgement), expected, "{name}, in two cases: {apart}, let go: {let_go}");
            }
        }
    }
}
