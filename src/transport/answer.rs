//! Reads an HTTP/1.1 answer from bytes as they come, and notes every breach of its framing (RFC 9112).

use std::mem::MaybeUninit;

use bytes::{Buf, BytesMut};

use crate::http::{Cause, CauseKind, FramingFault, Headers, Response};
use crate::limits;

/// A reader of one answer; knows no socket. However the bytes are cut into pieces, the result is the same.
#[derive(Debug)]
pub struct Reader {
    bodiless: bool,
    state: State,
    buffer: BytesMut,
    /// Bytes of `buffer` that are known to hold no end of the line or head that is looked for.
    scanned: usize,
    /// Bytes of the heads so far, those of interim answers included.
    head_bytes: usize,
    /// Bytes of chunk extensions and trailers so far.
    spare_bytes: usize,
    faults: Vec<FramingFault>,
    response: Option<Response>,
    announced: Option<u64>,
    received: u64,
    closes: bool,
    /// It is of HTTP/1.0.
    old: bool,
    /// The answer says truthfully where it ends.
    framed: bool,
}

#[derive(Debug)]
enum State {
    Head,
    Length(u64),
    UntilClosed,
    ChunkSize,
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    Done,
    Broken(Cause),
}

/// Why no more bytes come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The connection was closed in good order.
    Closed,
    /// The connection failed, or the answer was given up.
    Failed(CauseKind, String),
}

impl Reader {
    /// A reader of the answer to a request with that method.
    pub fn new(method: &str) -> Reader {
        Reader {
            bodiless: method == "HEAD",
            state: State::Head,
            buffer: BytesMut::new(),
            scanned: 0,
            head_bytes: 0,
            spare_bytes: 0,
            faults: Vec::new(),
            response: None,
            announced: None,
            received: 0,
            closes: false,
            old: false,
            framed: true,
        }
    }

    /// Takes the next bytes, and tells whether more are wanted.
    pub fn push(&mut self, bytes: &[u8]) -> bool {
        if !matches!(self.state, State::Broken(_)) {
            self.buffer.extend_from_slice(bytes);
            while self.step() {}
        }
        !self.is_done()
    }

    /// Whether the answer is whole, or more bytes could not make it so.
    pub fn is_done(&self) -> bool {
        matches!(self.state, State::Done | State::Broken(_))
    }

    /// Whether the answer is whole and what follows it would be another message.
    pub fn is_framed(&self) -> bool {
        matches!(self.state, State::Done) && self.framed
    }

    /// Whether the answer announced that the connection is closed after it, or only that can end it.
    pub fn closes(&self) -> bool {
        self.closes
    }

    /// Whether not a byte of an answer has come.
    pub fn is_untouched(&self) -> bool {
        self.head_bytes == 0 && self.buffer.is_empty() && matches!(self.state, State::Head)
    }

    /// Whether nothing was wrong with its framing so far.
    pub fn is_faultless(&self) -> bool {
        self.faults.is_empty()
    }

    /// Whether the answer is of HTTP/1.0, where connections are kept by an agreement that proxies may not know of.
    pub fn is_old(&self) -> bool {
        self.old
    }

    /// The status, once a status line has come.
    pub fn status(&self) -> Option<u16> {
        match &self.response {
            Some(response) => Some(response.status),
            None => status_line(&self.buffer),
        }
    }

    /// Bytes that came after the end of the answer.
    pub fn surplus(&self) -> &[u8] {
        if self.is_framed() { &self.buffer } else { &[] }
    }

    /// The answer, now that no more bytes are read, and the bytes after its end.
    pub fn finish(mut self, end: End) -> (Result<Response, Cause>, Vec<u8>) {
        let status = self.status();
        let surplus = self.surplus().to_vec();
        let result = match (self.state, self.response.take()) {
            (State::Broken(cause), _) => Err(cause),
            (State::Done, Some(response)) => Ok(response),
            (_, None) => Err(match end {
                End::Closed if self.head_bytes == 0 && self.buffer.is_empty() => {
                    Cause::new(CauseKind::Closed, "the connection was closed without an answer")
                }
                End::Closed => {
                    Cause { status, ..Cause::new(CauseKind::Closed, "the connection was closed within the head") }
                }
                End::Failed(kind, words) => Cause { status, ..Cause::new(kind, words) },
            }),
            (State::UntilClosed, Some(response)) if end == End::Closed => Ok(response),
            (_, Some(response)) => match end {
                End::Closed => {
                    self.faults.push(FramingFault::Short { announced: self.announced, received: self.received });
                    Ok(response)
                }
                // Without a readable length only the end of the connection could have ended it: what came is judged.
                End::Failed(..) if !self.framed => Ok(response),
                End::Failed(kind, words) => Err(Cause { status, ..Cause::new(kind, words) }),
            },
        };
        (result.map(|response| Response { framing: self.faults, ..response }), surplus)
    }

    /// One step; `false` when more bytes are needed or none.
    fn step(&mut self) -> bool {
        match self.state {
            State::Head => self.head(),
            State::Length(left) => match self.body(left) {
                Some(left) => self.become_state(if left == 0 { State::Done } else { State::Length(left) }, left == 0),
                None => false,
            },
            State::UntilClosed => {
                self.body(u64::MAX);
                false
            }
            State::ChunkSize => self.chunk_size(),
            State::ChunkData(left) => match self.body(left) {
                Some(0) => self.become_state(State::ChunkEnd, true),
                Some(left) => self.become_state(State::ChunkData(left), false),
                None => false,
            },
            State::ChunkEnd => match (self.buffer.first(), self.buffer.get(1)) {
                (Some(b'\r'), Some(b'\n')) => {
                    self.buffer.advance(2);
                    self.become_state(State::ChunkSize, true)
                }
                (None, _) | (Some(b'\r'), None) => false,
                _ => self.bad_chunk("no line break after a chunk's data".to_owned()),
            },
            State::Trailers => self.trailer(),
            State::Done | State::Broken(_) => false,
        }
    }

    fn become_state(&mut self, state: State, again: bool) -> bool {
        self.state = state;
        self.scanned = 0;
        again
    }

    fn broken(&mut self, words: String, status: Option<u16>) -> bool {
        self.buffer.clear();
        self.become_state(State::Broken(Cause { status, ..Cause::new(CauseKind::NotHttp, words) }), false)
    }

    fn fault(&mut self, fault: FramingFault) {
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    fn head(&mut self) -> bool {
        let breaks = self.buffer.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        if breaks > 0 {
            self.buffer.advance(breaks);
            self.head_bytes += breaks;
            self.scanned = 0;
            self.fault(FramingFault::BadHead("an empty line before the status line".to_owned()));
        }
        let start = &self.buffer[..self.buffer.len().min(5)];
        if !b"HTTP/".starts_with(start) {
            let words = format!("the answer does not begin with a status line but with {}", excerpt(&self.buffer[..1]));
            return self.broken(words, None);
        }
        let end = head_end(&self.buffer, self.scanned);
        let length = self.head_bytes + end.unwrap_or(self.buffer.len());
        if length > limits::HEAD_BYTES {
            let words = format!("the head is longer than {} bytes", limits::HEAD_BYTES);
            let status = status_line(&self.buffer);
            return self.broken(words, status);
        }
        let Some(end) = end else {
            self.scanned = self.buffer.len().saturating_sub(2);
            return false;
        };
        let mut head = std::mem::take(&mut self.buffer);
        let goes_on = self.parsed(&head[..end]);
        head.advance(end);
        if !matches!(self.state, State::Broken(_)) {
            self.buffer = head;
        }
        goes_on
    }

    /// Takes a whole head; `false` when nothing more can follow it.
    fn parsed(&mut self, head: &[u8]) -> bool {
        self.head_bytes += head.len();
        self.scanned = 0;
        let mut fields = [const { MaybeUninit::uninit() }; limits::HEADER_FIELDS];
        let mut parsed = httparse::Response::new(&mut []);
        match httparse::ParserConfig::default().parse_response_with_uninit_headers(&mut parsed, head, &mut fields) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => {
                return self.broken("the head is no HTTP: it ends too early".to_owned(), status_line(head));
            }
            Err(error) => return self.broken(format!("the head is no HTTP: {error}"), status_line(head)),
        }
        if memchr::memchr_iter(b'\n', head).any(|at| at == 0 || head[at - 1] != b'\r') {
            self.fault(FramingFault::BadHead("a line of the head ends without carriage return".to_owned()));
        }
        let status = parsed.code.unwrap_or(0);
        if (100..200).contains(&status) && status != 101 {
            return true;
        }
        let headers: Headers = parsed.headers.iter().map(|field| (field.name, field.value)).collect();
        self.old = parsed.version == Some(0);
        self.body_begins(status, &headers);
        self.response = Some(Response::new(status, headers, Vec::new()));
        true
    }

    /// Where the body ends (RFC 9112, 6.3).
    fn body_begins(&mut self, status: u16, headers: &Headers) {
        let has =
            |option: &str| tokens(headers, "connection").any(|token| token.eq_ignore_ascii_case(option.as_bytes()));
        self.closes = has("close") || (self.old && !has("keep-alive"));
        let coding = tokens(headers, "transfer-encoding").last();
        let lengths = || tokens(headers, "content-length");
        let first = lengths().find_map(length);
        let (mut any, mut agree) = (false, true);
        for token in lengths() {
            (any, agree) = (true, agree && first.is_some() && length(token) == first);
        }
        if !agree {
            let all: Vec<&[u8]> = lengths().collect();
            self.fault(FramingFault::BadLength(excerpt(&all.join(&b", "[..]))));
            self.framed = first.is_some();
        }
        if any && coding.is_some() {
            self.fault(FramingFault::LengthAndChunked);
        }
        self.state = if self.bodiless || matches!(status, 101 | 204 | 304) {
            self.framed = true;
            State::Done
        } else if coding.is_some_and(|coding| coding.eq_ignore_ascii_case(b"chunked")) {
            self.framed = true;
            State::ChunkSize
        } else if let (Some(first), true) = (first, coding.is_none()) {
            self.announced = Some(first);
            if first == 0 { State::Done } else { State::Length(first) }
        } else {
            self.closes = true;
            State::UntilClosed
        };
    }

    /// Takes up to `left` bytes of body; how many are still to come, or `None` when the body was cut.
    fn body(&mut self, left: u64) -> Option<u64> {
        let available = self.buffer.len() as u64;
        let taken = usize::try_from(left.min(available)).unwrap_or(self.buffer.len());
        self.received += taken as u64;
        let response = self.response.as_mut()?;
        let room = limits::BODY_BYTES - response.body.len();
        response.body.extend_from_slice(&self.buffer[..taken.min(room)]);
        self.buffer.advance(taken);
        if taken > room {
            response.body_cut = true;
            self.unframed();
            return None;
        }
        Some(left - taken as u64)
    }

    fn unframed(&mut self) {
        self.framed = false;
        self.closes = true;
        self.buffer.clear();
        self.state = State::Done;
    }

    fn bad_chunk(&mut self, words: String) -> bool {
        self.fault(FramingFault::BadChunk(words));
        self.unframed();
        false
    }

    /// The next line without its end; `None` when it is not there yet or breaks the grammar.
    fn line(&mut self) -> Option<BytesMut> {
        let found = self.buffer[self.scanned..].iter().position(|byte| *byte == b'\n').map(|at| at + self.scanned);
        if found.unwrap_or(self.buffer.len()) > limits::HEAD_BYTES {
            self.bad_chunk(format!("a line of more than {} bytes", limits::HEAD_BYTES));
            return None;
        }
        let Some(at) = found else {
            self.scanned = self.buffer.len();
            return None;
        };
        self.scanned = 0;
        let mut line = self.buffer.split_to(at + 1);
        line.truncate(at);
        if line.last() != Some(&b'\r') {
            self.bad_chunk(format!("a line without carriage return: {}", excerpt(&line)));
            return None;
        }
        line.truncate(at - 1);
        Some(line)
    }

    fn spare(&mut self, bytes: usize) -> bool {
        self.spare_bytes += bytes;
        self.spare_bytes <= limits::HEAD_BYTES
    }

    fn chunk_size(&mut self) -> bool {
        let Some(line) = self.line() else { return false };
        let digits = line[..].split(|byte| *byte == b';').next().unwrap_or(&[]);
        let spare = line.len() - digits.len();
        let digits = digits.trim_ascii_end();
        let size = std::str::from_utf8(digits)
            .ok()
            .filter(|text| text.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|text| u64::from_str_radix(text, 16).ok());
        match size {
            None => self.bad_chunk(format!("{} is no chunk size", excerpt(&line))),
            Some(_) if !self.spare(spare) => {
                self.bad_chunk(format!("extensions of more than {} bytes", limits::HEAD_BYTES))
            }
            Some(0) => self.become_state(State::Trailers, true),
            Some(size) => self.become_state(State::ChunkData(size), true),
        }
    }

    fn trailer(&mut self) -> bool {
        let Some(line) = self.line() else { return false };
        let name = line[..].split(|byte| *byte == b':').next().unwrap_or(&[]);
        if line.is_empty() {
            self.become_state(State::Done, false)
        } else if name.len() == line.len() || name.is_empty() || !name.iter().all(|byte| is_token(*byte)) {
            self.bad_chunk(format!("{} is no trailer field", excerpt(&line)))
        } else if self.spare(line.len()) {
            true
        } else {
            self.bad_chunk(format!("trailers of more than {} bytes", limits::HEAD_BYTES))
        }
    }
}

/// The end of a head: after an empty line, looked for from `from` on.
fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', &bytes[from..]).map(|at| from + at).find_map(|at| {
        match (bytes.get(at + 1), bytes.get(at + 2)) {
            (Some(b'\n'), _) => Some(at + 2),
            (Some(b'\r'), Some(b'\n')) => Some(at + 3),
            _ => None,
        }
    })
}

/// The status of a status line at the start, whatever follows it.
fn status_line(bytes: &[u8]) -> Option<u16> {
    let rest = bytes.strip_prefix(b"HTTP/")?;
    let version = rest.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let code = rest[version..].strip_prefix(b" ")?;
    let (digits, after) = code.split_at_checked(3)?;
    let ends = matches!(after.first(), Some(b' ' | b'\r' | b'\n'));
    let number = std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()))?;
    if version > 0 && ends { number.parse().ok() } else { None }
}

/// The members of a field that is a list.
fn tokens<'a>(headers: &'a Headers, name: &str) -> impl Iterator<Item = &'a [u8]> {
    headers.all(name).flat_map(|value| value.split(|byte| *byte == b',')).map(<[u8]>::trim_ascii)
}

/// `Content-Length`: digits alone.
fn length(token: &[u8]) -> Option<u64> {
    let is_number = !token.is_empty() && token.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(token).ok().filter(|_| is_number)?.parse().ok()
}

const TOKEN: [bool; 256] = {
    let mut token = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        token[byte as usize] = matches!(byte,
            b'0'..=b'9' | b'A'..=b'Z' | b'^'..=b'z' | b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'|' | b'~');
        byte += 1;
    }
    token
};

/// Whether a byte may stand in a name or method (RFC 9110, 5.6.2).
pub(super) fn is_token(byte: u8) -> bool {
    TOKEN[usize::from(byte)]
}

/// The first bytes, escaped: what a hostile target says is data.
fn excerpt(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(40)];
    let dots = if shown.len() < bytes.len() { "..." } else { "" };
    format!("`{}{dots}`", shown.escape_ascii())
}

#[cfg(test)]
mod tests;
