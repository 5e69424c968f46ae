//! The polished lane over HTTPS, against targets that speak TLS in this process: what reaches them, and what is made of
//! their answers.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use endspec::clock::Clock;
use endspec::http::{Exchange, Headers, Lane, Reply, Request};
use endspec::limits;
use endspec::transport::{Endpoint, Proxies, Roots, Settings, Transport};
use futures_util::future::join_all;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Frame, Incoming};
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Never reached by a test that passes.
const PATIENT: Duration = Duration::from_secs(60);
/// For targets that fall silent: long enough for what comes before the silence.
const BRIEF: Duration = Duration::from_secs(3);

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
const TARGET: &str = "/?Signature=a%2Bb%2f%3d*(x)~+%20&Action=&%E4%BD%A0=b&&Action=c&=d";

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Whom the certificate of `tests/fixtures/tls`, which names localhost and 127.0.0.1, is trusted by.
fn ours() -> Roots {
    Roots::Only(vec![CertificateDer::from_pem_file(fixture("authority.pem")).unwrap()])
}

fn acceptor(protocols: &[&str]) -> TlsAcceptor {
    let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// What came, each with the number of its connection.
type Received<T> = Arc<Mutex<Vec<(usize, T)>>>;

/// Serves every connection whose handshake succeeds, numbered from 0.
async fn listen<F: Future<Output = ()> + Send + 'static>(
    protocols: &[&str],
    serve: impl Fn(usize, TlsStream<TcpStream>) -> F + Send + Sync + 'static,
) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, acceptor) = (listener.local_addr().unwrap(), acceptor(protocols));
    let serve = Arc::new(serve);
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            let (acceptor, serve) = (acceptor.clone(), serve.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(number, stream).await;
                }
            });
        }
    });
    address
}

/// What a target over HTTP/1.1 does with a request.
#[derive(Clone, Copy)]
enum Then {
    /// Writes this and takes the next request.
    Answer(&'static str),
    /// Writes this and ends the connection as TLS does.
    Close(&'static str),
    /// Writes this and drops the connection.
    Drop(&'static str),
    /// Writes this, then nothing more.
    Hold(&'static str),
    /// Writes this over and over until the client has gone.
    Endless(&'static str),
}

async fn over_1(protocols: &[&str], then: Then) -> (SocketAddr, Received<String>) {
    let received = Received::default();
    let log = received.clone();
    let address = listen(protocols, move |number, mut stream| {
        let log = log.clone();
        async move {
            while let Some(text) = read_request(&mut stream).await {
                log.lock().unwrap().push((number, text));
                let (Then::Answer(words) | Then::Close(words) | Then::Drop(words) | Then::Hold(words)) = then else {
                    let Then::Endless(words) = then else { unreachable!() };
                    let many = words.repeat(64);
                    while stream.write_all(many.as_bytes()).await.is_ok() {}
                    return;
                };
                stream.write_all(words.as_bytes()).await.unwrap();
                stream.flush().await.unwrap();
                match then {
                    Then::Close(_) => return drop(stream.shutdown().await),
                    Then::Drop(_) => return,
                    Then::Hold(_) => return gone(&mut stream).await,
                    Then::Answer(_) | Then::Endless(_) => {}
                }
            }
        }
    })
    .await;
    (address, received)
}

/// Reads until the client has gone.
async fn gone(stream: &mut (impl AsyncRead + Unpin)) {
    let mut piece = [0; 4096];
    while stream.read(&mut piece).await.is_ok_and(|count| count > 0) {}
}

async fn read_request(stream: &mut (impl AsyncRead + Unpin)) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some(head) = text.find("\r\n\r\n") {
            let length = text[..head].lines().find_map(|line| line.strip_prefix("content-length: "));
            if bytes.len() >= head + 4 + length.map_or(0, |length| length.parse().unwrap()) {
                return Some(text.into_owned());
            }
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&piece[..count]),
        }
    }
}

type Answer = hyper::Response<http_body_util::combinators::BoxBody<Bytes, std::io::Error>>;

fn answer(status: u16, fields: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
    let mut answer = hyper::Response::builder().status(status);
    for (name, value) in fields {
        answer = answer.header(*name, *value);
    }
    answer.body(Full::new(body.into()).map_err(|never: Infallible| match never {}).boxed()).unwrap()
}

/// A target over HTTP/2; `None` is no answer at all. Requests are logged as lines: method, scheme, authority and path,
/// fields, body.
async fn over_2(
    respond: impl Fn(&str) -> Option<Answer> + Send + Sync + 'static,
) -> (SocketAddr, Received<Vec<String>>) {
    let received = Received::default();
    let (log, respond) = (received.clone(), Arc::new(respond));
    let address = listen(&["h2"], move |number, stream| {
        let (log, respond) = (log.clone(), respond.clone());
        async move {
            let service = service_fn(move |request: hyper::Request<Incoming>| {
                let (log, respond) = (log.clone(), respond.clone());
                async move {
                    let (head, body) = request.into_parts();
                    let mut lines = vec![format!("{} {}", head.method, head.uri)];
                    lines.extend(
                        head.headers.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())),
                    );
                    lines.push(String::from_utf8(body.collect().await?.to_bytes().to_vec()).unwrap());
                    log.lock().unwrap().push((number, lines));
                    match respond(head.uri.path()) {
                        Some(answer) => Ok::<_, hyper::Error>(answer),
                        None => std::future::pending().await,
                    }
                }
            });
            drop(http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await);
        }
    })
    .await;
    (address, received)
}

fn with(url: &str, timeout: Duration, roots: Roots, proxies: Proxies) -> Transport {
    let settings = Settings { proxies, roots, ..Settings::new(timeout) };
    Transport::new(&Endpoint::parse(url).unwrap(), &settings, Clock::system())
}

fn transport(address: SocketAddr, timeout: Duration) -> Transport {
    with(&format!("https://{address}"), timeout, ours(), Proxies::none())
}

/// A request as the pipeline makes them.
fn request(host: impl ToString, method: &str, target: &str, body: &str) -> Request {
    let fields = [
        ("host", host.to_string()),
        ("X-Acs-Action", "EndTerminalSession".to_owned()),
        ("accept", "application/json".to_owned()),
        ("authorization", "ACS3 a,b".to_owned()),
    ];
    let headers: Headers = fields.into_iter().collect();
    Request { method: method.to_owned(), target: target.to_owned(), headers, body: body.into() }
}

/// Sends by the polished lane, for sure.
async fn exchange(transport: &Transport, request: Request) -> Exchange {
    let exchange = transport.exchange(request, Lane::Live).await;
    assert_eq!(exchange.lane, Lane::Live);
    exchange
}

/// A reply in a few words.
fn tell(reply: &Reply) -> String {
    let cause = |cause: &endspec::http::Cause| {
        let status = cause.status.map_or(String::new(), |status| format!(" after {status}"));
        format!("{:?}{status}", cause.kind)
    };
    match reply {
        Reply::Refused(why) => format!("refused {}", cause(why)),
        Reply::Lost(why) => format!("lost {}", cause(why)),
        Reply::Answered(answer) if answer.body_cut => format!("{} cut at {}", answer.status, answer.body.len()),
        Reply::Answered(answer) => format!("{} {:?}", answer.status, String::from_utf8_lossy(&answer.body)),
    }
}

#[tokio::test]
async fn over_http_1_1_the_wire_carries_the_request_and_nothing_else() {
    for protocols in [&["http/1.1"][..], &[]] {
        let (address, received) = over_1(protocols, Then::Answer(OK)).await;
        let transport = transport(address, PATIENT);
        let rows = [("GET", "", ""), ("POST", "", "content-length: 0\r\n"), ("POST", "a=b", "content-length: 3\r\n")];
        for (method, body, added) in rows {
            let exchange = exchange(&transport, request(address, method, TARGET, body)).await;
            assert_eq!(tell(&exchange.reply), "200 \"hi\"");
            let (connection, text) = received.lock().unwrap().pop().unwrap();
            let wanted = format!(
                "{method} {TARGET} HTTP/1.1\r\nx-acs-action: EndTerminalSession\r\naccept: application/json\r\n\
                 authorization: ACS3 a,b\r\n{added}host: {address}\r\n\r\n{body}"
            );
            assert_eq!((connection, text), (0, wanted));
        }
    }
}

#[tokio::test]
async fn over_http_2_the_wire_carries_the_request_and_nothing_else() {
    let (address, received) = over_2(|_| Some(answer(200, &[("a", "1"), ("b", "2"), ("a", "3")], "hi"))).await;
    let transport = transport(address, PATIENT);
    let rows = [("GET", "", None), ("POST", "", Some("content-length: 0")), ("POST", "a=b", Some("content-length: 3"))];
    for (method, body, added) in rows {
        let exchange = exchange(&transport, request(address, method, TARGET, body)).await;
        assert_eq!(tell(&exchange.reply), "200 \"hi\"");
        let fields: Vec<_> = exchange.reply.answer().unwrap().headers.all("a").collect();
        assert_eq!(fields, [b"1", b"3"]);
        let first = format!("{method} https://{address}{TARGET}");
        let mut wanted =
            vec![&*first, "x-acs-action: EndTerminalSession", "accept: application/json", "authorization: ACS3 a,b"];
        wanted.extend(added);
        wanted.push(body);
        let (connection, lines) = received.lock().unwrap().pop().unwrap();
        assert_eq!((connection, lines.iter().map(String::as_str).collect()), (0, wanted));
    }
}

#[tokio::test]
async fn requests_share_a_connection_unless_they_ask_for_one_of_their_own() {
    let (one, first) = over_1(&["http/1.1"], Then::Answer(OK)).await;
    let (two, second) = over_2(|_| Some(answer(200, &[], "hi"))).await;
    let numbers = |address| async move {
        let transport = transport(address, PATIENT);
        for fresh in [false, false, true, true, false] {
            let request = request(address, "GET", "/", "");
            let exchange = match fresh {
                false => transport.exchange(request, Lane::Live).await,
                true => transport.exchange_fresh(request, Lane::Live).await,
            };
            assert_eq!(exchange.lane, Lane::Live);
            assert_eq!(tell(&exchange.reply), "200 \"hi\"");
        }
        transport
    };
    let wanted = [0, 0, 1, 2, 0];
    numbers(one).await;
    assert_eq!(first.lock().unwrap().iter().map(|(number, _)| *number).collect::<Vec<_>>(), wanted);
    let transport = numbers(two).await;
    assert_eq!(second.lock().unwrap().iter().map(|(number, _)| *number).collect::<Vec<_>>(), wanted);
    second.lock().unwrap().clear();
    join_all((0..8).map(|_| exchange(&transport, request(two, "GET", "/", "")))).await;
    assert!(second.lock().unwrap().iter().all(|(number, _)| *number == 0), "HTTP/2 takes many at a time");
}

#[tokio::test]
async fn a_redirect_is_an_answer() {
    let (one, first) =
        over_1(&[], Then::Answer("HTTP/1.1 307 x\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")).await;
    let (two, second) = over_2(|_| Some(answer(302, &[("location", "/elsewhere")], ""))).await;
    for (address, wanted) in [(one, "307 \"\""), (two, "302 \"\"")] {
        let exchange = exchange(&transport(address, PATIENT), request(address, "GET", "/?a=b", "")).await;
        assert_eq!(tell(&exchange.reply), wanted);
        assert_eq!(exchange.reply.answer().unwrap().headers.get("location"), Some("/elsewhere"));
    }
    assert_eq!((first.lock().unwrap().len(), second.lock().unwrap().len()), (1, 1));
}

#[tokio::test]
async fn a_request_that_was_sent_is_answered_or_lost() {
    let cut = format!("200 cut at {}", limits::BODY_BYTES);
    let rows = [
        ("closed", Then::Close(""), "lost Closed"),
        ("dropped", Then::Drop(""), "lost Closed"),
        ("no HTTP", Then::Close("hello\r\n\r\n"), "lost NotHttp"),
        ("half a head", Then::Close("HTTP/1.1 200 OK\r\na: b\r\n"), "lost Closed"),
        ("short", Then::Close("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi"), "lost Closed after 200"),
        ("dropped within", Then::Drop("HTTP/1.1 200 OK\r\n\r\nhi"), "lost Closed after 200"),
        ("ended by closing", Then::Close("HTTP/1.1 200 OK\r\n\r\nhi"), "200 \"hi\""),
        (
            "a bad chunk",
            Then::Close("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n"),
            "lost NotHttp after 200",
        ),
        ("bad length", Then::Close("HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"), "lost NotHttp"),
        ("not unpacked", Then::Close("HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\nhi"), "200 \"hi\""),
        (
            "an early answer",
            Then::Answer("HTTP/1.1 103 x\r\na: b\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"),
            "200 \"hi\"",
        ),
        ("endless lines", Then::Endless("HTTP/1.1 200 OK\r\na: b\r\n"), "lost NotHttp"),
        ("endless words", Then::Endless("HTTP/1.1 200 OK\r\n\r\n"), &cut),
    ];
    for (name, then, wanted) in rows {
        for (method, body) in [("GET", ""), ("POST", "a=b")] {
            let (address, received) = over_1(&["http/1.1"], then).await;
            let exchange = exchange(&transport(address, PATIENT), request(address, method, "/", body)).await;
            assert_eq!(tell(&exchange.reply), wanted, "{name}, {method}: {:?}", exchange.reply);
            assert_eq!(received.lock().unwrap().len(), 1, "{name}, {method}: never sent twice");
        }
    }
}

/// A piece, then an error.
struct Broken(bool);

impl Body for Broken {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        let first = !std::mem::replace(&mut self.0, true);
        let piece = if first { Ok(Frame::data("hi".into())) } else { Err(std::io::Error::other("broken")) };
        std::task::Poll::Ready(Some(piece))
    }
}

#[tokio::test]
async fn over_http_2_too_a_request_that_was_sent_is_answered_or_lost() {
    let (address, received) = over_2(|path| {
        Some(match path {
            "/broken" => hyper::Response::new(Broken(false).boxed()),
            "/short" => answer(200, &[("content-length", "3")], "hi"),
            "/head" => answer(200, &[("a", &"b".repeat(limits::HEAD_BYTES))], ""),
            "/fields" => answer(200, &vec![("a", "b"); limits::HEADER_FIELDS + 1], ""),
            _ => answer(200, &[], vec![b'a'; limits::BODY_BYTES + 1]),
        })
    })
    .await;
    let cut = format!("200 cut at {}", limits::BODY_BYTES);
    let rows = [
        // The reset may overtake the status.
        ("/broken", "lost Closed"),
        ("/short", "lost Closed after 200"),
        ("/head", "lost Closed"),
        ("/fields", "lost NotHttp after 200"),
        ("/long", &cut),
    ];
    for (path, wanted) in rows {
        let exchange = exchange(&transport(address, PATIENT), request(address, "GET", path, "")).await;
        assert!(tell(&exchange.reply).starts_with(wanted), "{path}: {:?}", exchange.reply);
    }
    assert_eq!(received.lock().unwrap().len(), rows.len(), "none was sent twice");

    let address = listen(&["h2"], |_, mut stream| async move {
        let mut piece = [0; 4096];
        while !piece.windows(9).any(|frame| frame[3] == 1 && frame[8] == 1 && frame[..2] == [0, 0]) {
            assert!(stream.read(&mut piece).await.unwrap() > 0);
        }
    })
    .await;
    let exchange = exchange(&transport(address, PATIENT), request(address, "GET", "/", "")).await;
    assert_eq!(tell(&exchange.reply), "lost Closed", "the connection ends: {:?}", exchange.reply);
}

#[tokio::test]
async fn silence_ends_with_the_timeout_and_tells_whether_anything_was_sent() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rows = [
        ("no handshake", mute.local_addr().unwrap(), "refused Timeout"),
        ("no answer", over_1(&[], Then::Hold("")).await.0, "lost Timeout"),
        (
            "half a body",
            over_1(&[], Then::Hold("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n")).await.0,
            "lost Timeout after 200",
        ),
        ("no answer by HTTP/2", over_2(|_| None).await.0, "lost Timeout"),
    ];
    join_all(rows.map(|(name, address, wanted)| async move {
        let transport = transport(address, BRIEF);
        let exchanges = [("GET", ""), ("POST", "a=b")]
            .map(|(method, body)| exchange(&transport, request(address, method, "/", body)));
        for exchange in join_all(exchanges).await {
            assert_eq!(tell(&exchange.reply), wanted, "{name}: {:?}", exchange.reply);
        }
    }))
    .await;
}

#[tokio::test]
async fn what_was_never_sent_is_refused() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (server, received) = over_1(&["http/1.1"], Then::Answer(OK)).await;
    let other = over_1(&["spdy/3"], Then::Answer(OK)).await.0;
    let (plain, ended) = (raw(b"no TLS").await, raw(b"").await);
    let rows = [
        ("nobody listens", format!("{nobody}"), ours(), "refused Connect"),
        ("no such name", "nowhere.invalid".to_owned(), ours(), "refused Resolve"),
        ("no TLS", format!("{plain}"), ours(), "refused Tls"),
        ("the end instead of TLS", format!("{ended}"), ours(), "refused Tls"),
        ("no protocol in common", format!("{other}"), ours(), "refused Tls"),
        ("not trusted", format!("{server}"), Roots::Platform, "refused Tls"),
        // Not every system resolves it.
        ("another name", format!("a.localhost:{}", server.port()), ours(), "refused"),
    ];
    for (name, host, roots, wanted) in rows {
        let transport = with(&format!("https://{host}"), PATIENT, roots, Proxies::none());
        for method in ["GET", "POST"] {
            for fresh in [false, true] {
                let request = request(&host, method, "/?Signature=secret", "");
                let exchange = match fresh {
                    false => transport.exchange(request, Lane::Live).await,
                    true => transport.exchange_fresh(request, Lane::Live).await,
                };
                assert_eq!(exchange.lane, Lane::Live, "{name}");
                assert!(tell(&exchange.reply).starts_with(wanted), "{name}, {method}: {:?}", exchange.reply);
                let Reply::Refused(cause) = exchange.reply else { unreachable!() };
                assert!(!cause.words.contains("secret"), "{}", cause.words);
            }
        }
    }
    assert_eq!(received.lock().unwrap().len(), 0);
    let host = format!("localhost:{}", server.port());
    let transport = with(&format!("https://{host}"), PATIENT, ours(), Proxies::none());
    assert_eq!(tell(&exchange(&transport, request(&host, "GET", "/", "")).await.reply), "200 \"hi\"");
}

/// A target without TLS: it reads something, writes words, and is gone.
async fn raw(words: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut piece = [0; 4096];
            assert!(stream.read(&mut piece).await.unwrap() > 0);
            drop(stream.write_all(words).await);
            drop(stream.shutdown().await);
            tokio::spawn(async move { gone(&mut stream).await });
        }
    });
    address
}

#[tokio::test]
async fn proxies_are_asked_for_a_tunnel_and_never_for_this_machine() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let proxy = tokio::spawn(async move {
        let asked = "CONNECT ecs.example.com:443 HTTP/1.1\r\n";
        for answer in ["HTTP/1.1 407 x\r\ncontent-length: 0\r\n\r\n", "HTTP/1.1 200 x\r\n\r\n"] {
            let (mut stream, _) = listener.accept().await.unwrap();
            let request = read_request(&mut stream).await.unwrap();
            assert!(request.starts_with(asked), "{request}");
            assert!(request.to_lowercase().contains("proxy-authorization: basic dxnlcjp3b3jk\r\n"), "{request}");
            stream.write_all(answer.as_bytes()).await.unwrap();
            if answer.contains("200") {
                assert_eq!(stream.read_u8().await.unwrap(), 22, "a handshake of TLS");
            }
        }
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut greeting = [0; 2];
        stream.read_exact(&mut greeting).await.unwrap();
        assert_eq!(greeting[0], 5);
        stream.read_exact(&mut vec![0; greeting[1].into()]).await.unwrap();
        stream.write_all(&[5, 0]).await.unwrap();
        let mut asked = [0; 4 + 1 + 15 + 2];
        stream.read_exact(&mut asked).await.unwrap();
        assert_eq!(asked[..5], [5, 1, 0, 3, 15]);
        assert_eq!(&asked[5..], b"ecs.example.com\x01\xbb");
        stream.write_all(&[5, 0, 0, 1, 127, 0, 0, 1, 0, 80]).await.unwrap();
        assert_eq!(stream.read_u8().await.unwrap(), 22, "a handshake of TLS");
    });
    let http = Proxies::all(&format!("http://user:word@{address}"));
    let rows = [
        ("it wants another password", http.clone(), "refused Connect"),
        ("a tunnel", http.clone(), "refused Tls"),
        ("SOCKS", Proxies::all(&format!("socks5h://{address}")), "refused Tls"),
    ];
    for (name, proxies, wanted) in rows {
        let transport = with("https://ecs.example.com", PATIENT, ours(), proxies);
        let exchange = exchange(&transport, request("ecs.example.com", "GET", "/", "")).await;
        assert_eq!(tell(&exchange.reply), wanted, "{name}: {:?}", exchange.reply);
        let Reply::Refused(cause) = exchange.reply else { unreachable!() };
        assert!(!cause.words.contains("word"), "{}", cause.words);
        assert_eq!(cause.of_proxy, wanted == "refused Connect", "{name}: {}", cause.words);
    }
    proxy.await.unwrap();

    let near = over_1(&[], Then::Answer(OK)).await.0;
    let transport = with(&format!("https://{near}"), PATIENT, ours(), http);
    assert_eq!(tell(&exchange(&transport, request(near, "GET", "/", "")).await.reply), "200 \"hi\"");
}

#[tokio::test]
async fn what_reqwest_would_change_goes_by_the_exact_lane() {
    let (address, received) = over_1(&["http/1.1"], Then::Close(OK)).await;
    let transport = transport(address, PATIENT);
    let mut bare = request(address, "GET", "/", "");
    bare.headers.remove("accept");
    for request in [bare, request("a", "GET", "/", ""), request(address, "GET", "/?a='", "")] {
        let exchange = transport.exchange(request.clone(), Lane::Live).await;
        assert_eq!((exchange.lane, tell(&exchange.reply).as_str()), (Lane::Raw, "200 \"hi\""));
        let (_, text) = received.lock().unwrap().pop().unwrap();
        assert!(text.starts_with(&format!("GET {} HTTP/1.1\r\nhost: ", request.target)), "{text}");
    }
}
