//! HTTP framing of answers (clause `rpc/robust/framing`) and their statuses (clause `rpc/robust/no-5xx`).

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
        FramingFault::Trailing(count) => format!("{count} bytes after its end"),
        FramingFault::SecondAnswer => "a second answer behind it".to_owned(),
        FramingFault::BadLength(text) => format!("a Content-Length that is no length: `{text}`"),
        FramingFault::LengthAndChunked => "both Content-Length and Transfer-Encoding".to_owned(),
        FramingFault::BadChunk(text) => format!("a broken chunk: {text}"),
        FramingFault::BadHead(text) => format!("a broken head: {text}"),
    }
}
