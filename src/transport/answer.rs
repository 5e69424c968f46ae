//! Reads an HTTP/1.1 answer from bytes as they come, and notes every breach of its framing (RFC 9112).

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
                End::Failed(kind, words) => Cause { kind, words, status },
            }),
            (State::UntilClosed, Some(response)) if end == End::Closed => Ok(response),
            (_, Some(response)) => match end {
                End::Closed => {
                    self.faults.push(FramingFault::Short { announced: self.announced, received: self.received });
                    Ok(response)
                }
                // Without a readable length only the end of the connection could have ended it: what came is judged.
                End::Failed(..) if !self.framed => Ok(response),
                End::Failed(kind, words) => Err(Cause { kind, words, status }),
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
        self.become_state(State::Broken(Cause { kind: CauseKind::NotHttp, words, status }), false)
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
        let head = self.buffer.split_to(end);
        self.head_bytes += end;
        self.scanned = 0;
        let mut fields = [httparse::EMPTY_HEADER; limits::HEADER_FIELDS];
        let mut parsed = httparse::Response::new(&mut fields);
        match parsed.parse(&head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => {
                return self.broken("the head is no HTTP: it ends too early".to_owned(), status_line(&head));
            }
            Err(error) => return self.broken(format!("the head is no HTTP: {error}"), status_line(&head)),
        }
        if head.iter().enumerate().any(|(at, byte)| *byte == b'\n' && (at == 0 || head[at - 1] != b'\r')) {
            self.fault(FramingFault::BadHead("a line of the head ends without carriage return".to_owned()));
        }
        let status = parsed.code.unwrap_or(0);
        if (100..200).contains(&status) && status != 101 {
            return true;
        }
        let headers: Headers = parsed.headers.iter().map(|field| (field.name, field.value)).collect();
        self.body_begins(status, parsed.version == Some(0), &headers);
        self.response = Some(Response::new(status, headers, Vec::new()));
        true
    }

    /// Where the body ends (RFC 9112, 6.3).
    fn body_begins(&mut self, status: u16, old: bool, headers: &Headers) {
        let codings = tokens(headers, "transfer-encoding");
        let options = tokens(headers, "connection");
        self.closes = options.iter().any(|o| o == "close") || (old && !options.iter().any(|o| o == "keep-alive"));
        let lengths = tokens(headers, "content-length");
        let mut known = lengths.iter().filter_map(|text| length(text));
        let first = known.next();
        if lengths.iter().any(|text| length(text).is_none()) || known.any(|other| Some(other) != first) {
            self.fault(FramingFault::BadLength(excerpt(lengths.join(", ").as_bytes())));
            self.framed = first.is_some();
        }
        if !lengths.is_empty() && !codings.is_empty() {
            self.fault(FramingFault::LengthAndChunked);
        }
        self.state = if self.bodiless || matches!(status, 101 | 204 | 304) {
            self.framed = true;
            State::Done
        } else if codings.last().is_some_and(|coding| coding == "chunked") {
            self.framed = true;
            State::ChunkSize
        } else if let (Some(first), true) = (first, codings.is_empty()) {
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
        let taken = self.buffer.split_to(usize::try_from(left.min(available)).unwrap_or(self.buffer.len()));
        self.received += taken.len() as u64;
        let response = self.response.as_mut()?;
        let room = limits::BODY_BYTES - response.body.len();
        response.body.extend_from_slice(&taken[..taken.len().min(room)]);
        if taken.len() > room {
            response.body_cut = true;
            self.unframed();
            return None;
        }
        Some(left - taken.len() as u64)
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

/// What bytes after the end of an answer are; `None` for none.
pub fn surplus_fault(bytes: &[u8]) -> Option<FramingFault> {
    match bytes {
        [] => None,
        bytes if bytes.starts_with(b"HTTP/") => Some(FramingFault::SecondAnswer),
        bytes => Some(FramingFault::Trailing(bytes.len())),
    }
}

/// Tells apart what came on a connection after a first answer: faults of the first, and the answer to the second
/// request.
///
/// `before` of the `bytes` came before that second request was sent.
pub fn second_answer(
    bytes: &[u8],
    before: usize,
    method: &str,
    end: End,
) -> (Vec<FramingFault>, Result<Response, Cause>) {
    let mut first = Vec::new();
    let mut trailing = 0;
    let mut rest = bytes;
    loop {
        let early = before.saturating_sub(bytes.len() - rest.len());
        let start = rest.windows(7).position(|seven| seven == b"HTTP/1.");
        // Garbage that came late and is followed by no answer is itself the answer to the second request.
        let garbage = start.unwrap_or(early);
        trailing += garbage;
        rest = &rest[garbage..];
        if early <= garbage {
            break;
        }
        first.push(FramingFault::SecondAnswer);
        let mut reader = Reader::new("GET");
        reader.push(rest);
        let after = reader.surplus().len();
        if after == 0 {
            rest = &[];
            break;
        }
        rest = &rest[rest.len() - after..];
    }
    if trailing > 0 {
        first.push(FramingFault::Trailing(trailing));
    }
    first.dedup();
    let mut reader = Reader::new(method);
    reader.push(rest);
    let (result, surplus) = reader.finish(end);
    let result = result.map(|mut response| {
        response.framing.extend(surplus_fault(&surplus));
        response
    });
    (first, result)
}

/// The end of a head: after an empty line, looked for from `from` on.
fn head_end(bytes: &[u8], from: usize) -> Option<usize> {
    bytes.iter().enumerate().skip(from).filter(|(_, byte)| **byte == b'\n').find_map(|(at, _)| {
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

/// The members of a field that is a list, in lower case.
fn tokens(headers: &Headers, name: &str) -> Vec<String> {
    headers
        .all(name)
        .flat_map(|value| value.split(|byte| *byte == b','))
        .map(|token| String::from_utf8_lossy(token.trim_ascii()).to_ascii_lowercase())
        .collect()
}

/// `Content-Length`: digits alone.
fn length(text: &str) -> Option<u64> {
    (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The first bytes, escaped: what a hostile target says is data.
fn excerpt(bytes: &[u8]) -> String {
    let shown = &bytes[..bytes.len().min(40)];
    let dots = if shown.len() < bytes.len() { "..." } else { "" };
    format!("`{}{dots}`", shown.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use FramingFault::*;

    fn read_in(pieces: usize, method: &str, bytes: &[u8], end: End) -> (Result<Response, Cause>, Vec<u8>) {
        let mut reader = Reader::new(method);
        for piece in bytes.chunks(pieces) {
            reader.push(piece);
        }
        reader.finish(end)
    }

    /// Reads the bytes whole and in pieces, which must make no difference.
    fn read(method: &str, bytes: &[u8], end: &End) -> (Result<Response, Cause>, Vec<u8>) {
        let whole = read_in(bytes.len().max(1), method, bytes, end.clone());
        for pieces in [1, 2, 3, 7] {
            assert_eq!(read_in(pieces, method, bytes, end.clone()), whole, "{pieces} bytes at a time");
        }
        whole
    }

    fn timeout() -> End {
        End::Failed(CauseKind::Timeout, "late".to_owned())
    }

    fn short(announced: impl Into<Option<u64>>, received: u64) -> FramingFault {
        Short { announced: announced.into(), received }
    }

    #[test]
    fn answers_are_read_with_their_faults() {
        let bad_length = |text: &str| vec![BadLength(text.to_owned())];
        let bad_chunk = |text: &str| vec![BadChunk(text.to_owned())];
        let bad_head = |text: &str| vec![BadHead(text.to_owned())];
        #[rustfmt::skip]
        let rows: Vec<(&str, &str, &[u8], u16, &[u8], Vec<FramingFault>, &[u8])> = vec![
            ("length", "GET", b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi", 200, b"hi", vec![], b""),
            ("no body", "GET", b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", 404, b"", vec![], b""),
            ("no reason", "GET", b"HTTP/1.1 200 \r\ncontent-length: 0\r\n\r\n", 200, b"", vec![], b""),
            ("until closed", "GET", b"HTTP/1.1 200 OK\r\n\r\nhi", 200, b"hi", vec![], b""),
            ("old version", "GET", b"HTTP/1.0 200 OK\r\n\r\nhi", 200, b"hi", vec![], b""),
            ("interim answers", "GET", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\nlink: a\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b"", vec![], b""),
            ("HEAD", "HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", 200, b"", vec![], b""),
            ("204", "GET", b"HTTP/1.1 204 x\r\n\r\n", 204, b"", vec![], b""),
            ("304 with length", "GET", b"HTTP/1.1 304 x\r\ncontent-length: 9\r\n\r\n", 304, b"", vec![], b""),
            ("101", "GET", b"HTTP/1.1 101 x\r\n\r\nframes", 101, b"", vec![], b"frames"),
            ("chunked", "GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n2\r\nhi\r\n0a;x=\"y\"\r\n0123456789\r\n0\r\n\r\n", 200, b"hi0123456789", vec![], b""),
            ("trailers", "GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\na: b\r\nc:\r\n\r\n", 200, b"", vec![], b""),
            ("gzip, chunked", "GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n", 200, b"z", vec![], b""),
            ("coding without chunked", "GET", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nz", 200, b"z", vec![], b""),
            ("equal lengths", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: 2, 2\r\ncontent-length: 2\r\n\r\nhi", 200, b"hi", vec![], b""),
            ("surplus", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi there", 200, b"hi", vec![], b" there"),
            ("surplus after chunks", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nHTTP/1.1", 200, b"", vec![], b"HTTP/1.1"),
            ("body of HEAD", "HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi", 200, b"", vec![], b"hi"),
            ("short", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", 200, b"hi", vec![short(9, 2)], b""),
            ("short chunk", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n9\r\nhi", 200, b"hi", vec![short(None, 2)], b""),
            ("no last chunk", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n", 200, b"hi", vec![short(None, 2)], b""),
            ("no end of trailers", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n", 200, b"", vec![short(None, 0)], b""),
            ("length is a word", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\nhi", 200, b"hi", bad_length("`two`"), b""),
            ("length is negative", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: -2\r\n\r\nhi", 200, b"hi", bad_length("`-2`"), b""),
            ("length has a plus", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: +2\r\n\r\nhi", 200, b"hi", bad_length("`+2`"), b""),
            ("length is empty", "GET", b"HTTP/1.1 200 OK\r\ncontent-length:\r\n\r\nhi", 200, b"hi", bad_length("``"), b""),
            ("length is hexadecimal", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: 0x2\r\n\r\nhi", 200, b"hi", bad_length("`0x2`"), b""),
            ("length past all numbers", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: 18446744073709551616\r\n\r\nhi", 200, b"hi", bad_length("`18446744073709551616`"), b""),
            ("lengths differ", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nhi!", 200, b"hi", bad_length("`2, 3`"), b"!"),
            ("length of HEAD", "HEAD", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n", 200, b"", bad_length("`x`"), b""),
            ("length and chunked", "GET", b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n1\r\nz\r\n0\r\n\r\n", 200, b"z", vec![LengthAndChunked], b""),
            ("size is no number", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\nhi", 200, b"", bad_chunk("`xyz` is no chunk size"), b""),
            ("size has a sign", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n+2\r\nhi\r\n", 200, b"", bad_chunk("`+2` is no chunk size"), b""),
            ("size is empty", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n\r\n", 200, b"", bad_chunk("`` is no chunk size"), b""),
            ("size past all numbers", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n10000000000000000\r\n", 200, b"", bad_chunk("`10000000000000000` is no chunk size"), b""),
            ("chunk too long", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi!\r\n0\r\n\r\n", 200, b"hi", bad_chunk("no line break after a chunk's data"), b""),
            ("bare line feed in chunks", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\nhi", 200, b"", bad_chunk("a line without carriage return: `2`"), b""),
            ("no trailer", "GET", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\nHTTP/1.1 200 OK\r\n\r\n", 200, b"", bad_chunk("`HTTP/1.1 200 OK` is no trailer field"), b""),
            ("bare line feeds", "GET", b"HTTP/1.1 200 OK\ncontent-length: 0\n\n", 200, b"", bad_head("a line of the head ends without carriage return"), b""),
            ("empty line first", "GET", b"\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", 200, b"", bad_head("an empty line before the status line"), b""),
        ];
        for (name, method, bytes, status, body, framing, surplus) in rows {
            let (result, rest) = read(method, bytes, &End::Closed);
            let response = result.unwrap_or_else(|cause| panic!("{name}: {cause:?}"));
            assert_eq!(response.status, status, "{name}");
            assert_eq!(response.body, body, "{name}");
            assert_eq!(response.framing, framing, "{name}");
            assert_eq!(rest, surplus, "{name}");
        }
    }

    #[test]
    fn what_is_no_whole_answer_is_lost_with_its_status() {
        use CauseKind::*;
        let long = [&b"HTTP/1.1 200 OK\r\nx: "[..], &vec![b'a'; limits::HEAD_BYTES]].concat();
        let fields = [&b"HTTP/1.1 200 OK\r\n"[..], &b"a: b\r\n".repeat(limits::HEADER_FIELDS + 1), b"\r\n"].concat();
        let interim = b"HTTP/1.1 100 x\r\n\r\n".repeat(limits::HEAD_BYTES / 18 + 1);
        let rows: Vec<(&str, &[u8], End, CauseKind, Option<u16>)> = vec![
            ("nothing", b"", End::Closed, Closed, None),
            ("half a status line", b"HTTP/1.1 20", End::Closed, Closed, None),
            ("a status line", b"HTTP/1.1 503 x\r\n", End::Closed, Closed, Some(503)),
            ("only an interim answer", b"HTTP/1.1 100 x\r\n\r\n", End::Closed, Closed, None),
            ("silence", b"", timeout(), Timeout, None),
            ("silence within the head", b"HTTP/1.1 200 OK\r\na", timeout(), Timeout, Some(200)),
            (
                "silence within the body",
                b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi",
                timeout(),
                Timeout,
                Some(200),
            ),
            ("silence before the close", b"HTTP/1.1 200 OK\r\n\r\nhi", timeout(), Timeout, Some(200)),
            ("garbage", b"\x16\x03\x01\x02", End::Closed, NotHttp, None),
            ("HTTP/0.9", b"<html>", End::Closed, NotHttp, None),
            ("almost", b"HTTQ/1.1 200 OK\r\n\r\n", End::Closed, NotHttp, None),
            ("other version", b"HTTP/3.0 200 OK\r\n\r\n", End::Closed, NotHttp, Some(200)),
            ("no version", b"HTTP/ 200 OK\r\n\r\n", End::Closed, NotHttp, None),
            ("long status", b"HTTP/1.1 2000 OK\r\n\r\n", End::Closed, NotHttp, None),
            ("space before colon", b"HTTP/1.1 200 OK\r\na : b\r\n\r\n", End::Closed, NotHttp, Some(200)),
            ("folded field", b"HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n", End::Closed, NotHttp, Some(200)),
            ("field without colon", b"HTTP/1.1 200 OK\r\nabc\r\n\r\n", End::Closed, NotHttp, Some(200)),
            ("NUL in a field", b"HTTP/1.1 200 OK\r\na: \0\r\n\r\n", End::Closed, NotHttp, Some(200)),
            ("long head", &long, End::Closed, NotHttp, Some(200)),
            ("many fields", &fields, End::Closed, NotHttp, Some(200)),
            ("endless interim answers", &interim, End::Closed, NotHttp, Some(100)),
        ];
        for (name, bytes, end, kind, status) in rows {
            let (result, rest) = read("GET", bytes, &end);
            let cause = result.expect_err(name);
            assert_eq!((cause.kind, cause.status), (kind, status), "{name}: {}", cause.words);
            assert!(rest.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_body_without_readable_length_is_judged_when_the_target_falls_silent() {
        let (result, _) = read("GET", b"HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nhi", &timeout());
        let response = result.expect("an answer");
        assert_eq!((response.body, response.framing), (b"hi".to_vec(), vec![BadLength("`x`".to_owned())]));
    }

    #[test]
    fn a_long_body_is_cut_and_more_is_not_wanted() {
        let many = limits::BODY_BYTES + 10;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", many + 10);
        let chunk = format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n{:x}\r\n", many + 10);
        for head in [head.as_str(), chunk.as_str(), "HTTP/1.1 200 OK\r\n\r\n"] {
            let mut reader = Reader::new("GET");
            assert!(reader.push(head.as_bytes()), "{head}");
            assert!(!reader.push(&vec![b'a'; many]), "{head}");
            assert!(!reader.push(b"more") && !reader.is_framed() && reader.closes(), "{head}");
            let (result, rest) = reader.finish(End::Closed);
            let response = result.expect(head);
            assert!(response.body_cut && response.body.len() == limits::BODY_BYTES, "{head}");
            assert!(response.framing.is_empty() && rest.is_empty(), "{head}");
        }
    }

    #[test]
    fn an_answer_tells_whether_the_connection_goes_on() {
        let rows: [(&str, &[u8], bool); 6] = [
            ("1.1", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false),
            ("1.1 close", b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: 0\r\n\r\n", true),
            ("1.0", b"HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n", true),
            ("1.0 keep-alive", b"HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n", false),
            ("no length", b"HTTP/1.1 200 OK\r\n\r\n", true),
            ("bad chunk", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", true),
        ];
        for (name, bytes, closes) in rows {
            let mut reader = Reader::new("GET");
            reader.push(bytes);
            assert_eq!(reader.closes(), closes, "{name}");
        }
    }

    #[test]
    fn what_follows_a_first_answer_is_told_apart() {
        const A: &str = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\na";
        const B: &str = "HTTP/1.1 201 OK\r\ncontent-length: 1\r\n\r\nb";
        type Second = Result<(u16, Vec<FramingFault>), CauseKind>;
        let rows: Vec<(&str, String, usize, Vec<FramingFault>, Second)> = vec![
            ("the answer alone", B.to_owned(), 0, vec![], Ok((201, vec![]))),
            ("nothing", String::new(), 0, vec![], Err(CauseKind::Closed)),
            ("garbage, late", format!("xx{B}"), 0, vec![Trailing(2)], Ok((201, vec![]))),
            ("garbage, early", format!("xx{B}"), 2, vec![Trailing(2)], Ok((201, vec![]))),
            ("garbage in two parts", format!("xx{B}"), 1, vec![Trailing(2)], Ok((201, vec![]))),
            ("garbage, early, and nothing", "xx".to_owned(), 2, vec![Trailing(2)], Err(CauseKind::Closed)),
            ("garbage, late, and nothing", "xx".to_owned(), 0, vec![], Err(CauseKind::NotHttp)),
            ("an answer too many, early", format!("{A}{B}"), A.len(), vec![SecondAnswer], Ok((201, vec![]))),
            ("an answer too many, half of it early", format!("{A}{B}"), 9, vec![SecondAnswer], Ok((201, vec![]))),
            ("an answer too many, late", format!("{B}{A}"), 0, vec![], Ok((201, vec![SecondAnswer]))),
            ("two too many", format!("{A}{A}{B}"), 2 * A.len(), vec![SecondAnswer], Ok((201, vec![]))),
            ("both doubled", format!("{A}{B}{B}"), A.len(), vec![SecondAnswer], Ok((201, vec![SecondAnswer]))),
            ("garbage at the end", format!("{B}yyy"), 0, vec![], Ok((201, vec![Trailing(3)]))),
            ("only one too many", A.to_owned(), A.len(), vec![SecondAnswer], Err(CauseKind::Closed)),
        ];
        for (name, bytes, before, faults, second) in rows {
            let (first, result) = second_answer(bytes.as_bytes(), before, "GET", End::Closed);
            assert_eq!(first, faults, "{name}");
            assert_eq!(result.map(|r| (r.status, r.framing)).map_err(|cause| cause.kind), second, "{name}");
        }
    }

    #[test]
    fn no_bytes_make_the_reader_panic_or_depend_on_how_they_are_cut() {
        arbtest::arbtest(|u| {
            let words: [&[u8]; 16] = [
                b"HTTP/1.1 200 OK\r\n",
                b"HTTP/1.1 100 x\r\n\r\n",
                b"content-length: 3\r\n",
                b"content-length: x\r\n",
                b"transfer-encoding: chunked\r\n",
                b"connection: close\r\n",
                b"\r\n",
                b"\n",
                b"3\r\n",
                b"abc",
                b"0\r\n",
                b"\r",
                b"ffffffffffffffff\r\n",
                b";",
                b"\0\xff",
                b"HTTP/1.1 204 x\r\n",
            ];
            let mut bytes = Vec::new();
            for _ in 0..u.int_in_range(0..=14)? {
                bytes.extend_from_slice(u.choose(&words)?);
            }
            let method = *u.choose(&["GET", "HEAD"])?;
            let end = if u.arbitrary()? { End::Closed } else { timeout() };
            let (result, rest) = read(method, &bytes, &end);
            assert!(rest.len() <= bytes.len());
            assert!(result.is_err() || !bytes.is_empty());
            let before = u.int_in_range(0..=bytes.len())?;
            let _ = second_answer(&bytes, before, method, end);
            Ok(())
        });
    }
}
