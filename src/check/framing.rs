//! HTTP framing of answers (clause `rpc/robust/framing`) and their statuses (clause `rpc/robust/no-5xx`).

use super::seen::counted;
use super::{Context, Finding, Judgement, Place};
use crate::http::{Exchange, FramingFault, Lane, Response};

pub(super) fn judge(
    context: Context<'_>,
    place: Place<'_>,
    exchange: &Exchange,
    response: &Response,
    judgement: &mut Judgement,
) {
    let clause = "rpc/robust/framing";
    let exact = exchange.raw.is_some();
    for fault in response.framing.iter().filter(|fault| !(exact && is_surplus(fault))) {
        let words = words(fault);
        let finding = Finding::new(context, clause, place, "well-formed HTTP", words.clone());
        judgement.test(clause, Some(finding.label(format!("the answer had {words}"))));
    }
    // Only the raw lane sees bytes too many; the polished client's silence proves nothing.
    if exchange.lane == Lane::Raw && !exact {
        judgement.tested(clause);
    }
    if place.record.is_rpc() {
        let finding = is_5xx(response.status).then(|| {
            Finding::new(context, "rpc/robust/no-5xx", place, "an answer below 500", response.status.to_string())
        });
        judgement.test("rpc/robust/no-5xx", finding);
    }
}

/// What follows an answer to malformed HTTP may rightly be the answer to what follows in the bytes sent.
fn is_surplus(fault: &FramingFault) -> bool {
    matches!(fault, FramingFault::SecondAnswer | FramingFault::Trailing(_))
}

/// 501 and 505 are HTTP's own refusals; 502 and 504 once are silence, which two strikes judge; `Throttling` was sorted
/// out before.
fn is_5xx(status: u16) -> bool {
    (500..600).contains(&status) && !matches!(status, 501 | 502 | 504 | 505)
}

pub(super) fn words(fault: &FramingFault) -> String {
    match fault {
        FramingFault::Short { announced: Some(length), received } => {
            format!("a body of {received} bytes where {length} were announced")
        }
        FramingFault::Short { announced: None, received } => format!("a body cut off after {received} bytes"),
        FramingFault::Trailing(count) => format!("{} after its end", counted(*count, "byte")),
        FramingFault::SecondAnswer => "a second answer behind it".to_owned(),
        FramingFault::BadLength(text) => format!("a Content-Length that is no length: `{text}`"),
        FramingFault::LengthAndChunked => "both Content-Length and Transfer-Encoding".to_owned(),
        FramingFault::BadChunk(text) => format!("a broken chunk: {text}"),
        FramingFault::BadHead(text) => format!("a broken head: {text}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample::{self, broken};
    use super::super::{Record, Role};
    use super::*;
    use crate::http::Reply;

    fn judged(record: &Record) -> Judgement {
        let case = sample::call("rpc/robust/framing", "refused");
        let mut judgement = Judgement::default();
        let exchange = record.exchange().expect("an exchange");
        let response = exchange.reply.answer().expect("an answer");
        judge(sample::context(), Place { case: &case, record, index: 0 }, exchange, response, &mut judgement);
        judgement
    }

    #[test]
    fn every_fault_of_framing_is_one_of_the_clause_on_framing() {
        let rows = [
            ("bytes too many", FramingFault::Trailing(3)),
            ("a second answer", FramingFault::SecondAnswer),
            ("no length", FramingFault::BadLength("x".to_owned())),
            ("both", FramingFault::LengthAndChunked),
            ("chunk", FramingFault::BadChunk("x".to_owned())),
            ("head", FramingFault::BadHead("x".to_owned())),
        ];
        for (name, fault) in rows {
            let mut response = sample::not_found();
            response.framing.push(fault);
            assert_eq!(
                broken(&judged(&sample::sent(Role::Judged, Reply::Answered(response)))),
                ["rpc/robust/framing"],
                "{name}"
            );
        }
    }

    #[test]
    fn after_malformed_bytes_a_second_answer_may_be_right() {
        let answered = |fault| {
            let mut response = sample::refusal(400, "X", "m");
            response.framing.push(fault);
            let record = Record { operation: None, ..sample::sent(Role::Judged, Reply::Answered(response)) };
            sample::with(record, |exchange| exchange.raw = Some(b"GET".to_vec()))
        };
        assert!(judged(&answered(FramingFault::SecondAnswer)).findings.is_empty());
        assert!(judged(&answered(FramingFault::Trailing(1))).findings.is_empty());
        assert_eq!(broken(&judged(&answered(FramingFault::LengthAndChunked))), ["rpc/robust/framing"]);
    }

    #[test]
    fn statuses_from_500_on_break_robustness_but_for_those_of_http() {
        for (status, breaks) in
            [(200, false), (499, false), (500, true), (501, false), (503, true), (505, false), (599, true)]
        {
            let judgement = judged(&sample::sent(Role::Judged, Reply::Answered(sample::refusal(status, "X", "m"))));
            assert_eq!(!judgement.findings.is_empty(), breaks, "{status}");
            assert_eq!(judgement.tested.get("rpc/robust/no-5xx"), Some(1), "{status}");
        }
        let other =
            sample::with(sample::sent(Role::Judged, Reply::Answered(sample::refusal(500, "X", "m"))), |exchange| {
                exchange.request.method = "PUT".to_owned();
            });
        assert!(judged(&other).tested.is_empty(), "another method");
    }
}
