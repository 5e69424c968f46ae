//! The reference server over loopback sockets: HTTP, its framing, WebSockets, and the requests that official clients send.

use std::collections::BTreeSet;
use std::time::Duration;

use endspec::clock::{self, Clock};
use endspec::http::{Headers, Request};
use endspec::seed::Seed;
use endspec::server::Server;
use endspec::server::listen::{self, Listening};
use endspec::server::settings::{
    ACCESS_KEY_ID, ACCESS_KEY_SECRET, Auth, ClosedWebSocket, DENIED_ACCESS_KEY_ID, DENIED_ACCESS_KEY_SECRET,
    INSTANCE_ID, Key, REGION_ID, Settings,
};
use endspec::wire::frame::{Frame, FrameKind, Layout, State};
use endspec::wire::{Call, Credential, Encoding, Format, Order, Placement, Scheme, Stamp, WireForm, call};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::{Error, Message};

const CAPTURES: &str = include_str!("fixtures/vectors/sdk_wire_captures.jsonl");
const VERSION: &str = "2014-05-26";
/// Longest that any test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

async fn listen(settings: Settings) -> Listening {
    listen::bind("127.0.0.1:0", Server::new(settings, Seed(1)), Clock::system()).await.unwrap()
}

async fn open_to_all() -> Listening {
    listen(Settings { auth: Auth::Open, ..Settings::default() }).await
}

fn full() -> Credential {
    Credential::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET)
}

fn form(scheme: Scheme) -> WireForm {
    let (placement, format) = (Placement::PostQuery, Some(Format::Json));
    WireForm { placement, format, scheme, order: Order::AsGiven, encoding: Encoding::Strict }
}

fn encoded(
    server: &Listening,
    form: WireForm,
    credential: &Credential,
    action: &str,
    parameters: &[(&str, &str)],
) -> Request {
    let call = Call {
        action: Some(action.to_owned()),
        version: Some(VERSION.to_owned()),
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        headers: Headers::new(),
    };
    let nonce = Seed::fresh().to_string();
    let stamp = Stamp { timestamp: clock::timestamp(Clock::system().unix_seconds()), nonce };
    call::encode(&call, form, &server.addr.to_string(), "/", Some(credential), &stamp)
}

/// Sends by the client that the harness itself uses.
async fn send(server: &Listening, request: &Request) -> (u16, String, String) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let method = request.method.parse().unwrap();
    let mut builder = client.request(method, format!("{}{}", server.url(), request.target)).body(request.body.clone());
    for (name, value) in request.headers.iter() {
        builder = builder.header(name, value);
    }
    let response = builder.send().await.unwrap();
    let status = response.status().as_u16();
    let content_type = response.headers()["content-type"].to_str().unwrap().to_owned();
    (status, content_type, response.text().await.unwrap())
}

async fn call(server: &Listening, action: &str, parameters: &[(&str, &str)]) -> (u16, Value) {
    let (status, _, body) = send(server, &encoded(server, form(Scheme::V3), &full(), action, parameters)).await;
    (status, serde_json::from_str(&body).unwrap())
}

struct Started {
    id: String,
    url: String,
}

async fn start(server: &Listening) -> Started {
    let parameters = [("RegionId", REGION_ID), ("InstanceId.1", INSTANCE_ID)];
    let (status, body) = call(server, "StartTerminalSession", &parameters).await;
    assert_eq!(status, 200, "{body}");
    let text = |name: &str| body[name].as_str().unwrap().to_owned();
    Started { id: text("SessionId"), url: text("WebSocketUrl") }
}

async fn end(server: &Listening, session: &str) -> (u16, Value) {
    call(server, "EndTerminalSession", &[("RegionId", REGION_ID), ("SessionId", session)]).await
}

async fn connection_status(server: &Listening, session: &str) -> Value {
    let parameters = [("RegionId", REGION_ID), ("SessionId", session)];
    let (_, body) = call(server, "DescribeTerminalSessions", &parameters).await;
    body["Sessions"]["Session"][0]["Connections"]["Connection"][0]["Status"].clone()
}

type Socket = WebSocketStream<TcpStream>;

async fn connect(server: &Listening, url: &str) -> Result<Socket, Error> {
    let stream = TcpStream::connect(server.addr).await.unwrap();
    tokio_tungstenite::client_async(url, stream).await.map(|(socket, _)| socket)
}

async fn next(socket: &mut Socket) -> Option<Message> {
    let heard = tokio::time::timeout(PATIENCE, socket.next()).await.expect("the server says something in time");
    heard.transpose().ok().flatten()
}

async fn next_frame(socket: &mut Socket) -> (FrameKind, Vec<u8>) {
    let Some(Message::Binary(bytes)) = next(socket).await else { panic!("a binary message") };
    let frame = Frame::parse(&bytes).expect("a frame");
    (frame.kind, frame.payload)
}

async fn farewell(socket: &mut Socket, words: &str) {
    let payload = [&[State::Closed.number()], words.as_bytes()].concat();
    assert_eq!(next_frame(socket).await, (FrameKind::Status, payload));
    let Some(Message::Close(Some(close))) = next(socket).await else { panic!("a Close") };
    assert_eq!(u16::from(close.code), 1000);
    assert_eq!(next(socket).await, None);
}

/// Sends exact bytes on a connection of their own and reads until the server closes it.
async fn raw(server: &Listening, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(server.addr).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("the server closes");
    String::from_utf8_lossy(&answer).into_owned()
}

fn status(answer: &str) -> Option<u16> {
    answer.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()
}

#[tokio::test]
async fn a_session_is_started_used_described_and_ended_for_good() {
    let server = listen(Settings::default()).await;
    let (session, other) = (start(&server).await, start(&server).await);
    assert_eq!(connection_status(&server, &session.id).await, "Connecting");
    let mut socket = connect(&server, &session.url).await.unwrap();
    assert_eq!(next_frame(&mut socket).await, (FrameKind::Status, vec![State::Opened.number()]));
    assert_eq!(next_frame(&mut socket).await.0, FrameKind::Output);
    assert_eq!(connection_status(&server, &session.id).await, "Connected");

    let (status, body) = end(&server, &session.id).await;
    assert_eq!((status, body.as_object().unwrap().len()), (200, 1), "{body}");
    farewell(&mut socket, "Exit").await;
    assert_eq!(connection_status(&server, &session.id).await, "Terminated");
    let Err(Error::Http(refusal)) = connect(&server, &session.url).await else { panic!("no 101") };
    assert_eq!(refusal.status(), 404);
    let (status, body) = end(&server, &session.id).await;
    assert_eq!((status, &body["Code"]), (404, &"InvalidSessionId.NotFound".into()));
    assert!(connect(&server, &other.url).await.is_ok(), "the other session is still there");
}

#[tokio::test]
async fn every_wire_form_reaches_the_operation() {
    let server = listen(Settings::default()).await;
    for scheme in [Scheme::V1, Scheme::V3] {
        for placement in Placement::ALL {
            for (format, content_type) in
                [(Format::Json, "application/json;charset=utf-8"), (Format::Xml, "text/xml;charset=utf-8")]
            {
                let session = start(&server).await.id;
                let form = WireForm { placement, format: Some(format), ..form(scheme) };
                let parameters = [("RegionId", REGION_ID), ("SessionId", session.as_str())];
                let request = encoded(&server, form, &full(), "EndTerminalSession", &parameters);
                let (status, sent_type, body) = send(&server, &request).await;
                assert_eq!((status, sent_type.as_str()), (200, content_type), "{form}: {body}");
                let (status, _, body) = send(&server, &request).await;
                assert!(status == 400 && body.contains("SignatureNonceUsed"), "{form}, sent again: {body}");
            }
        }
    }
}

#[tokio::test]
async fn a_call_without_permission_is_refused_and_changes_nothing() {
    let server = listen(Settings::default()).await;
    let session = start(&server).await.id;
    let denied = Credential::new(DENIED_ACCESS_KEY_ID, DENIED_ACCESS_KEY_SECRET);
    let parameters = [("RegionId", REGION_ID), ("SessionId", session.as_str())];
    let request = encoded(&server, form(Scheme::V1), &denied, "EndTerminalSession", &parameters);
    let (status, _, body) = send(&server, &request).await;
    assert!(status == 403 && body.contains("Forbidden.RAM"), "{body}");
    assert_eq!(end(&server, &session).await.0, 200);
}

#[tokio::test]
async fn official_clients_are_understood() {
    let captures: Vec<Value> = CAPTURES.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let requests: Vec<&Value> = captures.iter().filter(|line| line.get("target").is_some()).collect();
    assert_eq!(requests.len(), 14);
    for (index, capture) in requests.into_iter().enumerate() {
        let text = |name: &str| capture[name].as_str().unwrap();
        let field = |field: &Value| (field[0].as_str().unwrap().to_owned(), field[1].as_str().unwrap().to_owned());
        let headers: Headers = capture["headers"].as_array().unwrap().iter().map(field).collect();
        let mut key = Key::new("testid", "testsecret");
        key.token = headers.get("x-acs-security-token").map(|token| token.to_owned().into());
        let auth = Auth::Required(vec![key]);
        let server = Server::new(Settings { auth, ..Settings::default() }, Seed(1));
        let (method, target) = (text("method").to_owned(), text("target").to_owned());
        let request = Request { method, target, headers, body: text("body").as_bytes().to_vec() };
        let signed_at = 1_795_448_966; // 2026-11-23T15:49:26Z
        let answer = server.handle(&request, signed_at, clock::Moment(0));
        let body = String::from_utf8(answer.body).unwrap();
        let known = ["SessionId", "Session\"", "MissingParameter"].iter().any(|word| body.contains(word));
        assert!(known && !body.contains("Signature"), "capture {index}: {} {body}", answer.status);
    }
}

#[tokio::test]
async fn of_calls_at_once_one_ends_the_session() {
    let server = listen(Settings::default()).await;
    let session = start(&server).await.id;
    let calls = (0..16).map(|_| end(&server, &session));
    let statuses: Vec<u16> =
        futures_util::future::join_all(calls).await.into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().collect::<BTreeSet<_>>(), BTreeSet::from([&200, &404]));
}

#[tokio::test]
async fn a_terminal_answers_pings_and_echoes_input() {
    let server = listen(Settings::default()).await;
    let mut socket = connect(&server, &start(&server).await.url).await.unwrap();
    next_frame(&mut socket).await;
    next_frame(&mut socket).await;
    socket.send(Message::Ping("are you there".into())).await.unwrap();
    assert_eq!(next(&mut socket).await, Some(Message::Pong("are you there".into())));
    let input = Frame { layout: Layout::V101 { sequence: 0 }, ..Frame::new(FrameKind::Input, 1, *b"ls\r") };
    socket.send(Message::Binary(input.encode().unwrap().into())).await.unwrap();
    assert_eq!(next_frame(&mut socket).await, (FrameKind::Output, b"ls\r".to_vec()));
}

#[tokio::test]
async fn a_client_that_closes_is_gone_when_its_close_is_answered() {
    let server = listen(Settings::default()).await;
    let session = start(&server).await;
    let mut socket = connect(&server, &session.url).await.unwrap();
    socket.close(None).await.unwrap();
    while next(&mut socket).await.is_some() {}
    assert_eq!(connection_status(&server, &session.id).await, "Terminated");
}

#[tokio::test]
async fn silence_ends_a_connection() {
    let mut settings = Settings::default();
    settings.limits.idle = Duration::from_millis(20);
    let server = listen(settings).await;
    let mut socket = connect(&server, &start(&server).await.url).await.unwrap();
    next_frame(&mut socket).await;
    next_frame(&mut socket).await;
    farewell(&mut socket, "AgentTimeout").await;
}

#[tokio::test]
async fn a_websocket_needs_token_version_and_key() {
    let server = listen(Settings::default()).await;
    let url = start(&server).await.url;
    let (_, target) = url.split_once(&server.addr.to_string()).unwrap();
    let wrong = target.replace("token=", "token=x");
    let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let rows = [
        ("right", target, format!("Sec-WebSocket-Version: 13\r\n{key}"), 101),
        ("wrong token", &wrong, format!("Sec-WebSocket-Version: 13\r\n{key}"), 403),
        ("old version", target, format!("Sec-WebSocket-Version: 8\r\n{key}"), 426),
        ("no key", target, "Sec-WebSocket-Version: 13\r\n".to_owned(), 400),
    ];
    for (name, target, fields, expected) in rows {
        let request =
            format!("GET {target} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n{fields}\r\n");
        let answer = raw(&server, request.as_bytes()).await;
        assert_eq!(status(&answer), Some(expected), "{name}: {answer}");
        assert!(expected != 101 || answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    }
}

#[tokio::test]
async fn an_ended_session_may_be_set_to_answer_101_and_close() {
    let mut settings = Settings { auth: Auth::Open, ..Settings::default() };
    settings.readings.closed_websocket = ClosedWebSocket::Closed;
    let server = listen(settings).await;
    let session = start(&server).await;
    assert_eq!(end(&server, &session.id).await.0, 200);
    let (bare, _) = session.url.split_once("&token=").unwrap();
    for url in [session.url.as_str(), bare] {
        let mut socket = connect(&server, url).await.unwrap();
        farewell(&mut socket, "Exit").await;
    }
}

#[tokio::test]
async fn malformed_http_is_refused_and_the_server_goes_on() {
    let server = open_to_all().await;
    let long = "x".repeat(200_000);
    let body = "x".repeat(300_000);
    let rows = [
        ("no http", "hello\r\n\r\n".to_owned(), 400),
        ("no host", "GET / HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_owned(), 400),
        ("bad length", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n".to_owned(), 400),
        ("two lengths", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n".to_owned(), 400),
        ("bad chunk", "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n".to_owned(), 400),
        ("bad escape", "GET /?SessionId=%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(), 400),
        ("long target", format!("GET /?{} HTTP/1.1\r\nHost: a\r\n\r\n", &long[..70_000]), 414),
        ("long header", format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"), 431),
        ("long body", format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len()), 413),
        ("put", "PUT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(), 405),
        ("head", "HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(), 405),
        ("connect", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(), 405),
        ("options", "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".to_owned(), 204),
    ];
    for (name, request, expected) in rows {
        let answer = raw(&server, request.as_bytes()).await;
        assert_eq!(status(&answer), Some(expected), "{name}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{name}: {answer}");
        start(&server).await;
    }
}

#[tokio::test]
async fn the_target_reaches_the_server_as_it_was_sent() {
    let server = listen(Settings::default()).await;
    let rows = [
        (
            "raw marks",
            "/?Signature=x&AccessKeyId=K&Timestamp=T&A=!$'()*,;:@/?~-._",
            "A%3D%2521%2524%2527%2528%2529%252A",
        ),
        ("both hex cases", "/?Signature=x&AccessKeyId=K&Timestamp=T&A=%c3%A9", "A%3D%25C3%25A9"),
        ("plus", "/?Signature=x&AccessKeyId=K&Timestamp=T&A=a+b", "A%3Da%2520b"),
        ("encoded twice", "/?Signature=x&AccessKeyId=K&Timestamp=T&A=%2541", "A%3D%252541"),
        ("empty pairs", "/?&&Signature=x&AccessKeyId=K&Timestamp=T&A&", "A%3D%26"),
        ("absolute", "http://h/?Signature=x&AccessKeyId=K&Timestamp=T&A=1", "A%3D1%26"),
    ];
    for (name, target, expected) in rows {
        let now = clock::timestamp(Clock::system().unix_seconds());
        let target = target.replace("=K", &format!("={ACCESS_KEY_ID}")).replace("=T", &format!("={now}"));
        let request = format!("GET {target}&Format=JSON HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        let answer = raw(&server, request.as_bytes()).await;
        assert!(answer.contains("server string to sign is:GET&%2F&A"), "{name}: {answer}");
        assert!(answer.contains(expected), "{name}: {answer}");
    }
}

#[tokio::test]
async fn connections_are_kept_for_further_requests() {
    let server = open_to_all().await;
    let one = "GET /?Action=X&Version=2014-05-26 HTTP/1.1\r\nHost: h\r\n\r\n";
    let last = "GET /?Action=X&Version=2014-05-26 HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    let answer = raw(&server, [one, one, last].concat().as_bytes()).await;
    assert_eq!(answer.matches("HTTP/1.1 404").count(), 3, "{answer}");
    assert_eq!(answer.matches("date: ").count(), 3, "{answer}");
    let answer = raw(&server, one.as_bytes()).await;
    assert_eq!(status(&answer), Some(404), "a client that sends no more still reads its answer");
}

#[tokio::test]
async fn input_is_never_copied_into_a_header_nor_unescaped_into_xml() {
    let server = listen(Settings::default()).await;
    let now = clock::timestamp(Clock::system().unix_seconds());
    let bait = "%0d%0aX-Bait:%201%00%3Cbait%3E%5D%5D%3E";
    let query = format!("AccessKeyId={ACCESS_KEY_ID}&Signature=x&Timestamp={now}&SessionId={bait}");
    let request = format!("GET /?{query} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    let answer = raw(&server, request.as_bytes()).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(!head.to_lowercase().contains("bait"), "{head}");
    assert!(roxmltree::Document::parse(body).is_ok() && !body.contains("<bait"), "{body}");
}

#[tokio::test]
async fn stopping_closes_every_connection_and_the_port() {
    let server = open_to_all().await;
    let session = start(&server).await;
    let mut socket = connect(&server, &session.url).await.unwrap();
    next_frame(&mut socket).await;
    next_frame(&mut socket).await;
    let mut idle = TcpStream::connect(server.addr).await.unwrap();
    let addr = server.addr;
    let heard = tokio::spawn(async move {
        let Some(Message::Close(Some(close))) = next(&mut socket).await else { panic!("a Close") };
        assert_eq!(u16::from(close.code), 1001);
        while next(&mut socket).await.is_some() {}
    });
    server.stop().await;
    heard.await.unwrap();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, idle.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the idle connection is closed");
    assert!(TcpStream::connect(addr).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn dropping_closes_every_connection() {
    let server = open_to_all().await;
    let mut socket = connect(&server, &start(&server).await.url).await.unwrap();
    drop(server);
    while next(&mut socket).await.is_some() {}
}
