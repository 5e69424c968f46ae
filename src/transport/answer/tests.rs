//! Answers right and wrong, and what the reader makes of their bytes, however they are cut into pieces.

use super::super::surplus::second_answer;
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
    type Row<'a> = (&'a str, &'a str, &'a [u8], u16, &'a [u8], Vec<FramingFault>, &'a [u8]);
    #[rustfmt::skip]
    let rows: Vec<Row> = vec![
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
    type Row<'a> = (&'a str, &'a [u8], End, CauseKind, Option<u16>);
    let rows: Vec<Row> = vec![
        ("nothing", b"", End::Closed, Closed, None),
        ("half a status line", b"HTTP/1.1 20", End::Closed, Closed, None),
        ("a status line", b"HTTP/1.1 503 x\r\n", End::Closed, Closed, Some(503)),
        ("only an interim answer", b"HTTP/1.1 100 x\r\n\r\n", End::Closed, Closed, None),
        ("silence", b"", timeout(), Timeout, None),
        ("silence within the head", b"HTTP/1.1 200 OK\r\na", timeout(), Timeout, Some(200)),
        ("silence within the body", b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", timeout(), Timeout, Some(200)),
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
    let rows: [(&str, &[u8], bool); 7] = [
        ("1.1", b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", false),
        ("1.1 close", b"HTTP/1.1 200 OK\r\nConnection: x, Close\r\ncontent-length: 0\r\n\r\n", true),
        (
            "1.1 close in another field",
            b"HTTP/1.1 200 OK\r\nconnection: x\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
            true,
        ),
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

#[test]
fn names_and_methods_are_of_the_bytes_of_a_token() {
    for byte in 0..=255_u8 {
        let token = byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        assert_eq!(is_token(byte), token, "{byte:#x}");
    }
}
