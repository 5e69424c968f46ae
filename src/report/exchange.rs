//! Exchanges in a report: cut, masked, and as lines of a shell.

use std::fmt::Write as _;

use super::mask;
use super::model::{Exchange, Message};
use crate::check::history::{Event, Record};
use crate::check::seen::printable;
use crate::http::{Headers, Reply};
use crate::limits;

/// The exchange of a record; none for a look.
pub(super) fn exchange(record: &Record) -> Option<Exchange> {
    let Event::Exchange(exchange) = &record.event else { return None };
    let request = match &exchange.raw {
        Some(bytes) => Message { start: String::new(), headers: Vec::new(), body: body(bytes, bytes.len()) },
        None => Message {
            start: cut(&mask::text(&format!("{} {}", exchange.request.method, exchange.request.target))),
            headers: headers(&exchange.request.headers),
            body: body(&exchange.request.body, exchange.request.body.len()),
        },
    };
    let (response, lost) = match &exchange.reply {
        Reply::Answered(response) => {
            let message = Message {
                start: response.status.to_string(),
                headers: headers(&response.headers),
                body: body(&response.body, record.gist.as_ref().map_or(response.body.len(), |gist| gist.length)),
            };
            (Some(message), None)
        }
        Reply::Refused(cause) => (None, Some(format!("refused: {}", printable(&cause.words, 300)))),
        Reply::Lost(cause) => (None, Some(format!("lost: {}", printable(&cause.words, 300)))),
    };
    let sent_ms = exchange.sent.0 / 1_000;
    let duration_ms = u64::try_from(exchange.done.since(exchange.sent).as_millis()).unwrap_or(u64::MAX);
    Some(Exchange { sent_ms, duration_ms, request, response, lost })
}

fn headers(headers: &Headers) -> Vec<(String, String)> {
    let shown = headers.iter().take(limits::HEADER_FIELDS);
    shown
        .map(|(name, value)| (printable(name, 200), cut(&mask::header(name, &String::from_utf8_lossy(value)))))
        .collect()
}

/// A body, of which all that is kept is given; of so many bytes in all.
fn body(kept: &[u8], length: usize) -> String {
    if kept.is_empty() && length > 0 {
        return format!("… ({length} bytes in all)");
    }
    shown(&mask::text(&String::from_utf8_lossy(kept)), length)
}

fn cut(text: &str) -> String {
    shown(text, text.len())
}

fn shown(text: &str, length: usize) -> String {
    let shown = printable(text, limits::SHOWN_BYTES);
    if shown.ends_with('…') { format!("{shown} ({length} bytes in all)") } else { shown }
}

/// The request for `curl`; what no shell line can carry has none.
pub(super) fn curl(record: &Record, url: &str) -> Option<String> {
    let exchange = record.exchange().filter(|exchange| exchange.raw.is_none())?;
    let request = &exchange.request;
    if request.target.len() + request.body.len() > limits::SHOWN_BYTES {
        return None;
    }
    let origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
    let mut line =
        format!("curl -X {} {}", request.method, quoted(&mask::text(&format!("{origin}{}", request.target))));
    for (name, value) in request.headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("host")) {
        let value = mask::header(name, &String::from_utf8_lossy(value));
        let _ = write!(line, " -H {}", quoted(&format!("{name}: {value}")));
    }
    if !request.body.is_empty() {
        let _ = write!(line, " --data-binary {}", quoted(&mask::text(&String::from_utf8_lossy(&request.body))));
    }
    // A control character would be obeyed by the terminal, not passed on to curl.
    (!line.chars().any(char::is_control)).then_some(line)
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A word as a shell takes it, in quotes only where it must be.
pub fn quoted_where_needed(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { quoted(word) }
}
