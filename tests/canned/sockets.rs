//! Answers below what an HTTP library can say: exact bytes, on connections that may end at any place.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::answers::{fresh_id, is_probe};
use crate::bench::{Came, REFUSAL, against};

/// A case whose answers are watched byte by byte.
const BYTES: &str = r#"
clauses: [rpc/robust/framing]
steps:
  - lane: raw
    call: EndTerminalSession
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: session-not-found
"#;

/// A case of malformed HTTP.
const MALFORMED: &str = r#"
clauses: [rpc/robust/malformed]
steps:
  - raw: "BROKEN\r\n\r\n"
    expect: { status: [4xx, 501, 505], closed: permitted }
"#;

const METHOD: &str = r#"
clauses: [rpc/method/other]
steps:
  - call: EndTerminalSession
    method: PUT
    with: { RegionId: "{{region}}", SessionId: "{{unknown.SessionId}}" }
    expect: { status: [4xx, 501] }
"#;

/// What a request gets: `{body}` is the right document, `{length}` its length, `{id}` its RequestId. The connection ends
/// after bytes without `{length}`, and after none.
type Bytes = &'static str;

const RIGHT: Bytes = "HTTP/1.1 404 Not Found\r\ncontent-type: application/json\r\nx-acs-request-id: {id}\r\n\
    content-length: {length}\r\n\r\n{body}";

fn written(bytes: Bytes) -> (Vec<u8>, bool) {
    let id = fresh_id();
    let body = format!(
        r#"{{"RequestId":"{id}","HostId":"h","Code":"InvalidSessionId.NotFound","Message":"The specified SessionId does not exist."}}"#
    );
    let hex = format!("{:x}", body.len());
    let text = bytes.replace("{id}", &id).replace("{length}", &body.len().to_string()).replace("{hex}", &hex);
    (text.replace("{body}", &body).into_bytes(), bytes.contains("{length}") || bytes.contains("{hex}"))
}

/// Reads one request, or what stands for one: up to an empty line.
async fn read(stream: &mut TcpStream) -> Option<String> {
    let mut text = Vec::new();
    while !text.ends_with(b"\r\n\r\n") {
        text.push(stream.read_u8().await.ok()?);
    }
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// Serves these bytes in turn, the last for all that follow, and right answers to plain requests around.
async fn serve(script: &'static [Bytes]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let turn = Arc::new(AtomicUsize::new(0));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let turn = turn.clone();
            tokio::spawn(async move {
                while let Some(request) = read(&mut stream).await {
                    let bytes = if is_probe(&request) {
                        RIGHT
                    } else {
                        script[turn.fetch_add(1, Ordering::SeqCst).min(script.len() - 1)]
                    };
                    let (bytes, goes_on) = written(bytes);
                    if stream.write_all(&bytes).await.is_err() || !goes_on {
                        return;
                    }
                }
            });
        }
    });
    url
}

#[tokio::test]
async fn framing_is_judged_and_a_connection_that_breaks_once_is_not() {
    const CHUNKED: Bytes = "HTTP/1.1 404 x\r\ncontent-type: application/json\r\nx-acs-request-id: {id}\r\n\
        transfer-encoding: chunked\r\n\r\n{hex};a=b\r\n{body}\r\n0\r\n\r\n";
    const OLD: Bytes =
        "HTTP/1.0 404 Not Found\r\nContent-Type: application/json\r\nX-Acs-Request-Id: {id}\r\n\r\n{body}";
    const INTERIM: Bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 404 x\r\ncontent-type: application/json\r\n\
        x-acs-request-id: {id}\r\ncontent-length: {length}\r\n\r\n{body}";
    const ODD_FIELD: Bytes = "HTTP/1.1 404 x\r\nx-odd: \u{e9}\r\ncontent-type: application/json; x=\u{e9}\r\n\
        x-acs-request-id: {id}\r\ncontent-length: {length}\r\n\r\n{body}";
    const SECOND: Bytes = "HTTP/1.1 404 x\r\ncontent-type: application/json\r\nx-acs-request-id: {id}\r\n\
        content-length: {length}\r\n\r\n{body}HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
    const SHORT: Bytes = "HTTP/1.1 404 x\r\ncontent-type: application/json\r\nx-acs-request-id: {id}\r\n\
        content-length: 9999\r\n\r\n{body}";
    const CLOSED: Bytes = "";
    let silent = |clause: &str| Came { undecided: true, ..Came::to(&[clause]) };
    let framing = || Came::to(&["rpc/robust/framing"]);
    let rows: [(&str, &str, &'static [Bytes], Came); 19] = [
        ("right", REFUSAL, &[RIGHT], Came::to(&[])),
        ("right, byte by byte", BYTES, &[RIGHT], Came::to(&[])),
        ("chunked", REFUSAL, &[CHUNKED], Came::to(&[])),
        ("chunked, byte by byte", BYTES, &[CHUNKED], Came::to(&[])),
        ("HTTP/1.0", REFUSAL, &[OLD], Came::to(&[])),
        ("an interim answer", REFUSAL, &[INTERIM], Came::to(&[])),
        ("fields beyond ASCII", REFUSAL, &[ODD_FIELD], Came::to(&[])),
        ("a second answer", BYTES, &[SECOND], framing()),
        ("cut off once", REFUSAL, &[SHORT, RIGHT], Came::to(&[])),
        ("cut off once, byte by byte", BYTES, &[SHORT, RIGHT], Came::to(&[])),
        ("cut off always", REFUSAL, &[SHORT], silent("rpc/robust/framing")),
        ("cut off always, byte by byte", BYTES, &[SHORT], silent("rpc/robust/framing")),
        ("closed once", REFUSAL, &[CLOSED, RIGHT], Came::to(&[])),
        ("closed twice", REFUSAL, &[CLOSED, CLOSED, RIGHT], Came::to(&[])),
        ("closed always", REFUSAL, &[CLOSED], silent("rpc/robust/no-5xx")),
        ("malformed, closed", MALFORMED, &[CLOSED], Came::to(&[])),
        ("malformed, refused in each of its lines", MALFORMED, &[SECOND], Came::to(&[])),
        ("malformed, taken", MALFORMED, &["HTTP/1.1 200 OK\r\n\r\n"], Came::to(&["rpc/robust/malformed"])),
        ("another method, closed always", METHOD, &[CLOSED], Came::to(&["rpc/method/other"])),
    ];
    for (name, case, script, expected) in rows {
        assert_eq!(against(case, &serve(script).await).await, expected, "{name}");
    }
}
