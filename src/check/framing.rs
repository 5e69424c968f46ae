//! HTTP framing of answers (clause `rpc/robust/framing`) and their statuses (clause `rpc/robust/no-5xx`).

use super::{Context, Finding, Judgement, Place, Role};
use crate::http::{FramingFault, Lane, Response};

pub(super) fn judge(context: Context<'_>, place: Place<'_>, response: &Response, judgement: &mut Judgement) {
    for fault in &response.framing {
        let words = words(fault);
        judgement.findings.push(
            Finding::new(context, "rpc/robust/framing", place, "well-formed HTTP", words.clone())
                .label(format!("the answer had {words}")),
        );
    }
    // Only the raw lane sees bytes too many; the polished client's silence proves nothing.
    if place.record.exchange().is_some_and(|exchange| exchange.lane == Lane::Raw && exchange.raw.is_none()) {
        judgement.tested("rpc/robust/framing");
    }
    if place.record.is_rpc() && !matches!(place.record.role, Role::SetUp | Role::CleanUp) {
        let broken = is_5xx(response.status);
        let finding = broken.then(|| {
            Finding::new(context, "rpc/robust/no-5xx", place, "an answer below 500", format!("{}", response.status))
        });
        judgement.test("rpc/robust/no-5xx", finding);
    }
}

/// 501 and 505 are HTTP's own refusals; 502 and 504 once are silence, which two strikes judge; `Throttling` was sorted
/// out before.
fn is_5xx(status: u16) -> bool {
    (500..600).contains(&status) && !matches!(status, 501 | 502 | 504 | 505)
}

fn words(fault: &FramingFault) -> String {
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
