//! Each way in which the other side of a WebSocket can behave, and what a look at it finds.

use std::net::SocketAddr;
use std::time::Duration;

use endspec::clock::Clock;
use endspec::http::{CauseKind, Headers};
use endspec::limits;
use endspec::transport::{Ending, Endpoint, Held, Local, Settings, Sight, Standing, Transport, WsOutcome};
use endspec::wire::frame::{Frame, FrameKind, State};
use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{WebSocketStream, accept_async};

/// Never reached by a test that passes.
const PATIENT: Duration = Duration::from_secs(60);
/// For targets that fall silent: long enough for what comes before the silence.
const BRIEF: Duration = Duration::from_secs(2);

type Socket = WebSocketStream<TcpStream>;

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

async fn look(address: SocketAddr, timeout: Duration) -> WsOutcome {
    let settings = Settings::new(timeout);
    let elsewhere = Endpoint::parse("http://ecs.example.com").unwrap();
    let transport = Transport::new(&elsewhere, &settings, Clock::system());
    transport.websockets().connect(&format!("ws://{address}/session?token=T%2b*'"), &Headers::new()).await
}

/// Serves one connection after its head was read, with plain bytes.
async fn plainly(answer: &'static [u8], stays: bool) -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(answer).await.unwrap();
        if stays {
            std::future::pending::<()>().await;
        }
    });
    address
}

/// Serves one WebSocket.
async fn serve<F: Future<Output = ()> + Send>(serve: impl FnOnce(Socket) -> F + Send + 'static) -> SocketAddr {
    let (listener, address) = listener().await;
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        serve(accept_async(stream).await.unwrap()).await;
    });
    address
}

fn frame(kind: FrameKind, payload: impl Into<Vec<u8>>) -> Message {
    Message::binary(Frame::new(kind, 1, payload).encode().unwrap())
}

fn status(state: State) -> Message {
    frame(FrameKind::Status, [state.number()])
}

fn close(code: u16) -> Message {
    Message::Close(Some(CloseFrame { code: code.into(), reason: "".into() }))
}

/// An outcome in a few words.
fn tell(outcome: &WsOutcome) -> String {
    let cause = |cause: &endspec::http::Cause| {
        let status = cause.status.map_or(String::new(), |status| format!(" after {status}"));
        format!("{:?}{status}", cause.kind)
    };
    match outcome {
        WsOutcome::Open(held) => format!("open {:?}", held.seen()),
        WsOutcome::Closed { ended, seen } => match &ended.ending {
            Ending::Gone(_) => format!("gone {seen:?}"),
            ending => format!("{ending:?} {seen:?}"),
        },
        WsOutcome::UpgradeRefused(answer) => {
            format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body))
        }
        WsOutcome::Refused(why) => format!("refused {}", cause(why)),
        WsOutcome::Lost(why) => format!("lost {}", cause(why)),
    }
}

#[tokio::test]
async fn what_comes_after_101_tells_open_from_closed() {
    let rows = [
        ("nothing but a Pong", vec![], true, "open []"),
        ("output", vec![frame(FrameKind::Output, *b"$ ")], false, "open [Frame(Output, None)]"),
        ("opened", vec![status(State::Opened)], false, "open [Frame(Status, Some(Opened))]"),
        (
            "a text before it",
            vec![Message::text("hi"), status(State::Opened)],
            false,
            "open [Text, Frame(Status, Some(Opened))]",
        ),
        ("close", vec![close(1000)], false, "Close(Some(1000)) []"),
        ("close of its own", vec![close(4001)], false, "Close(Some(4001)) []"),
        ("close without code", vec![Message::Close(None)], false, "Close(None) []"),
        (
            "sync, then close",
            vec![frame(FrameKind::Sync, []), close(1012)],
            false,
            "Close(Some(1012)) [Frame(Sync, None)]",
        ),
        (
            "closed, then close",
            vec![status(State::Closed), close(1000)],
            false,
            "Status(Closed) [Frame(Status, Some(Closed))]",
        ),
        ("aborted", vec![status(State::Aborted)], false, "Status(Aborted) [Frame(Status, Some(Aborted))]"),
        ("the terminal's close", vec![frame(FrameKind::Close, *b"1")], false, "CloseFrame [Frame(Close, None)]"),
        ("a Pong that nobody asked for", vec![Message::Pong("x".into()), close(1000)], false, "Close(Some(1000)) []"),
    ];
    for (name, messages, reads, wanted) in rows {
        let address = serve(move |mut socket| async move {
            for message in messages {
                socket.send(message).await.unwrap();
            }
            if reads {
                while let Some(Ok(_)) = socket.next().await {}
            }
            std::future::pending().await
        })
        .await;
        let outcome = look(address, PATIENT).await;
        assert_eq!(tell(&outcome), wanted, "{name}");
    }
}

#[tokio::test]
async fn an_upgrade_that_fails_tells_how() {
    let rows: [(&str, &[u8], bool, &str); 7] = [
        ("refused", b"HTTP/1.1 403 x\r\ncontent-length: 7\r\n\r\nexpired", true, "403 expired"),
        ("refused without length", b"HTTP/1.1 404 x\r\n\r\nnone", false, "404 none"),
        ("not upgraded", b"HTTP/1.1 200 x\r\ncontent-length: 0\r\n\r\n", true, "200 "),
        ("closed", b"", false, "lost Closed"),
        ("garbage", b"garbage", true, "lost NotHttp"),
        ("another key", b"HTTP/1.1 101 x\r\nsec-websocket-accept: x\r\n\r\n", true, "lost NotHttp after 101"),
        ("half a head", b"HTTP/1.1 101 x\r\n", false, "lost Closed after 101"),
    ];
    for (name, answer, stays, wanted) in rows {
        let outcome = look(plainly(answer, stays).await, PATIENT).await;
        assert_eq!(tell(&outcome), wanted, "{name}: {outcome:?}");
    }
    let (listener, nobody) = listener().await;
    drop(listener);
    assert_eq!(tell(&look(nobody, PATIENT).await), "refused Connect");
}

#[tokio::test]
async fn silence_and_ends_without_a_word() {
    let dropped = serve(|socket| async { drop(socket) }).await;
    assert_eq!(tell(&look(dropped, PATIENT).await), "gone []");
    let garbage = serve(|mut socket| async move {
        socket.get_mut().write_all(&[0xff; 64]).await.unwrap();
        std::future::pending().await
    })
    .await;
    assert_eq!(tell(&look(garbage, PATIENT).await), "lost NotHttp after 101");
    let huge = serve(|mut socket| async move {
        drop(socket.send(Message::binary(vec![0; 2 << 20])).await);
        std::future::pending().await
    })
    .await;
    assert_eq!(tell(&look(huge, PATIENT).await), "lost NotHttp after 101");
    let silent = serve(|socket| async move {
        let _socket = socket;
        std::future::pending().await
    })
    .await;
    let (first, second) = tokio::join!(look(plainly(b"", true).await, BRIEF), look(silent, BRIEF));
    assert_eq!((tell(&first).as_str(), tell(&second).as_str()), ("lost Timeout", "lost Timeout after 101"));
}

async fn held(address: SocketAddr) -> Held {
    match look(address, PATIENT).await {
        WsOutcome::Open(held) => held,
        other => panic!("{other:?}"),
    }
}

/// Serves one WebSocket that answers Pings, and tells what it reads; what is sent to it goes out.
async fn steered() -> (SocketAddr, mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Message>) {
    let (orders, mut order) = mpsc::unbounded_channel();
    let (news, read) = mpsc::unbounded_channel();
    let address = serve(|mut socket: Socket| async move {
        loop {
            tokio::select! {
                message = order.recv() => match message {
                    // Refused once the client has closed; what answers that lies ready for the next read.
                    Some(message) => drop(socket.send(message).await),
                    None => return,
                },
                message = socket.next() => match message {
                    Some(Ok(message)) => drop(news.send(message)),
                    _ => return,
                },
            }
        }
    })
    .await;
    (address, orders, read)
}

#[tokio::test]
async fn a_held_connection_tells_when_it_ends() {
    for (name, message, wanted) in [
        ("close", Some(close(1000)), Some(Ending::Close(Some(1000)))),
        ("exited", Some(status(State::Exited)), Some(Ending::Status(State::Exited))),
        ("gone", None, None),
    ] {
        let (address, orders, _read) = steered().await;
        let held = held(address).await;
        assert_eq!(held.ended(), None, "{name}");
        assert_eq!(held.wait_closed(Duration::ZERO).await, Standing::StillOpen, "{name}");
        assert!(held.ping(PATIENT).await && held.ping(PATIENT).await, "{name}");
        match message {
            Some(message) => orders.send(message).unwrap(),
            None => drop(orders),
        }
        let Standing::Closed(ended) = held.wait_closed(PATIENT).await else { panic!("{name}: still open") };
        assert!(wanted.as_ref().is_none_or(|wanted| ended.ending == *wanted), "{name}: {ended:?}");
        assert!(!held.ping(PATIENT).await, "{name}");
        assert_eq!(held.ended(), Some(ended), "{name}");
    }
}

#[tokio::test]
async fn an_end_that_came_in_time_is_seen_by_whoever_was_held_up_and_had_not_read_it() {
    let (address, orders, _read) = steered().await;
    let held = held(address).await;
    orders.send(close(1000)).unwrap();
    assert_eq!(held.ended(), None, "nobody has run since that could have read it");
    assert!(matches!(held.wait_closed(Duration::ZERO).await, Standing::Closed(_)));
}

#[tokio::test]
async fn a_held_connection_is_read_and_closed() {
    let (address, orders, _read) = steered().await;
    let held = held(address).await;
    for _ in 0..1000 {
        orders.send(frame(FrameKind::Output, vec![b'x'; 1000])).unwrap();
    }
    while held.seen().len() < limits::HEADER_FIELDS {
        assert!(held.ping(PATIENT).await);
    }
    assert!(held.ping(PATIENT).await);
    assert!(held.seen().iter().all(|sight| *sight == Sight::Frame(FrameKind::Output, None)));
    assert_eq!(held.seen().len(), limits::HEADER_FIELDS, "no more than that is kept");
    let Standing::Closed(ended) = held.close(PATIENT).await else { panic!("still open") };
    assert_eq!(ended.code(), Some(1000));
    assert_eq!(ended.ending, Ending::Close(Some(1000)));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_held_gets_an_empty_input_frame_at_least_every_25_seconds_whatever_else_is_done() {
    let (told, mut frames) = mpsc::unbounded_channel();
    let local = Local::new("h:80", move |far| {
        let told = told.clone();
        tokio::spawn(async move {
            let mut socket = accept_async(far).await.unwrap();
            while let Some(Ok(message)) = socket.next().await {
                if let Message::Binary(bytes) = message {
                    told.send(Frame::parse(&bytes).unwrap()).unwrap();
                }
            }
        });
        true
    });
    let settings = Settings { local: Some(local), ..Settings::new(PATIENT) };
    let clock = Clock::of_runtime(1_770_000_000);
    let transport = Transport::new(&Endpoint::parse("http://h").unwrap(), &settings, clock);
    let WsOutcome::Open(held) = transport.websockets().connect("ws://h/", &Headers::new()).await else {
        panic!("not open")
    };
    tokio::time::sleep(Duration::from_secs(190)).await;
    drop(held);
    let mut times = vec![1_770_000_000_000];
    while let Ok(frame) = frames.try_recv() {
        assert_eq!((frame.kind, frame.payload.len()), (FrameKind::Input, 0));
        times.push(frame.millis);
    }
    times.push(1_770_000_190_000);
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1] && pair[1] - pair[0] <= 25_000), "{times:?}");
}

#[tokio::test]
async fn a_url_that_is_none_is_refused() {
    let settings = Settings::new(PATIENT);
    let transport = Transport::new(&Endpoint::parse("http://h").unwrap(), &settings, Clock::system());
    for url in ["", "http://127.0.0.1/", "ws://h/#x"] {
        let outcome = transport.websockets().connect(url, &Headers::new()).await;
        let WsOutcome::Refused(cause) = outcome else { panic!("{url}: {outcome:?}") };
        assert_eq!(cause.kind, CauseKind::Resolve, "{url}");
    }
}

#[tokio::test]
async fn the_handshake_carries_the_query_as_it_is_and_the_fields_it_is_given() {
    let (listener, address) = listener().await;
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            bytes.push(stream.read_u8().await.unwrap());
        }
        String::from_utf8(bytes).unwrap()
    });
    let settings = Settings::new(PATIENT);
    let transport = Transport::new(&Endpoint::parse("http://h").unwrap(), &settings, Clock::system());
    let headers: Headers = [("x-acs-session-token", "t")].into_iter().collect();
    let url = format!("WS://{address}/session?sessionId=s-a&token=T%2b*'|");
    drop(transport.websockets().connect(&url, &headers).await);
    let head = served.await.unwrap();
    let mut lines: Vec<&str> = head.trim_end().lines().collect();
    let key = lines.remove(4);
    assert!(key.starts_with("sec-websocket-key: ") && key.len() == 19 + 24, "{key}");
    let host = format!("host: {address}");
    let wanted = [
        "GET /session?sessionId=s-a&token=T%2b*'| HTTP/1.1",
        &host,
        "upgrade: websocket",
        "connection: Upgrade",
        "sec-websocket-version: 13",
        "x-acs-session-token: t",
    ];
    assert_eq!(lines, wanted);
}
