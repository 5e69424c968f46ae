//! Each way in which a target can misbehave, over real sockets, and what the lanes make of it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use endspec::clock::Clock;
use endspec::http::{CauseKind, Lane, Reply, Request};
use endspec::limits;
use endspec::transport::{Endpoint, Proxies, Roots, Settings, Transport};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Never reached by a test that passes.
const PATIENT: Duration = Duration::from_secs(60);
/// For targets that fall silent: long enough for what comes before the silence.
const BRIEF: Duration = Duration::from_secs(3);

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";
const LAST: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nhi";

/// One step of a scripted connection.
#[derive(Clone)]
enum Act {
    /// Reads a request: head, and body by its content-length.
    Read,
    /// Writes bytes.
    Write(Vec<u8>),
    /// Writes bytes over and over until the client has gone.
    Endless(&'static str),
    /// Writes a byte every few milliseconds until the client has gone.
    Drip,
    /// Reads until the client has gone.
    Hold,
    /// Waits for an event of the test.
    Await(Arc<Notify>),
    /// Tells the test that the connection has been closed.
    Closed(Arc<Notify>),
    /// Resets the connection.
    Reset,
}

fn write(text: impl AsRef<[u8]>) -> Act {
    Act::Write(text.as_ref().to_vec())
}

/// What came, a string a connection.
type Received = Arc<Mutex<Vec<String>>>;

struct Server {
    address: SocketAddr,
    received: Received,
}

impl Server {
    /// Plays a script a connection, the last one for all that follow; every connection ends with its script.
    async fn start(scripts: Vec<Vec<Act>>) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let received = Received::default();
        let log = received.clone();
        tokio::spawn(async move {
            for number in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                let script = scripts[number.min(scripts.len() - 1)].clone();
                log.lock().unwrap().push(String::new());
                let log = log.clone();
                tokio::spawn(
                    async move { play(stream, script, |text| log.lock().unwrap()[number].push_str(text)).await },
                );
            }
        });
        Server { address, received }
    }

    fn transport(&self, timeout: Duration) -> Transport {
        transport(&format!("http://{}", self.address), timeout, Roots::Platform)
    }

    fn received(&self) -> Vec<String> {
        self.received.lock().unwrap().clone()
    }

    /// A request as the pipeline makes them: its host field is the endpoint's.
    fn request(&self, method: &str, body: &str) -> Request {
        request(&self.address.to_string(), method, body)
    }
}

fn request(host: &str, method: &str, body: &str) -> Request {
    let headers = [("host", host)].into_iter().collect();
    Request { method: method.to_owned(), target: "/?a=b".to_owned(), headers, body: body.into() }
}

fn transport(url: &str, timeout: Duration, roots: Roots) -> Transport {
    let settings = Settings { roots, ..Settings::new(timeout) };
    Transport::new(&Endpoint::parse(url).unwrap(), &settings, Clock::system())
}

async fn play(mut stream: TcpStream, script: Vec<Act>, mut log: impl FnMut(&str)) {
    for act in script {
        match act {
            Act::Read => match read_request(&mut stream).await {
                Some(text) => log(&text),
                None => return,
            },
            Act::Write(bytes) => drop(stream.write_all(&bytes).await),
            Act::Endless(text) => {
                let many = text.repeat(64);
                while stream.write_all(many.as_bytes()).await.is_ok() {}
            }
            Act::Drip => {
                let mut ticks = tokio::time::interval(Duration::from_millis(5));
                while stream.write_all(b"a").await.is_ok() {
                    ticks.tick().await;
                }
            }
            Act::Hold => {
                let mut piece = [0; 4096];
                while stream.read(&mut piece).await.is_ok_and(|count| count > 0) {}
            }
            Act::Await(event) => event.notified().await,
            Act::Closed(event) => {
                drop(stream);
                event.notify_one();
                return;
            }
            Act::Reset => return stream.set_zero_linger().unwrap(),
        }
    }
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

/// A reply in a few words.
fn tell(reply: &Reply) -> String {
    let cause = |cause: &endspec::http::Cause| {
        let status = cause.status.map_or(String::new(), |status| format!(" after {status}"));
        format!("{:?}{status}", cause.kind)
    };
    match reply {
        Reply::Refused(why) => format!("refused {}", cause(why)),
        Reply::Lost(why) => format!("lost {}", cause(why)),
        Reply::Answered(answer) => {
            let body = match (answer.body_cut, std::str::from_utf8(&answer.body)) {
                (true, _) => format!("cut at {}", answer.body.len()),
                (false, Ok(text)) => format!("{text:?}"),
                (false, Err(_)) => format!("{:?}", answer.body),
            };
            let faults = answer.framing.iter().map(|fault| format!(" {fault:?}")).collect::<String>();
            format!("{} {body}{faults}", answer.status)
        }
    }
}

#[tokio::test]
async fn each_misbehaviour_gives_its_reply_on_both_lanes() {
    let cut = format!("200 cut at {}", limits::BODY_BYTES);
    let head = |fields: &str| format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n");
    let chunked = |body: &str| write(head("transfer-encoding: chunked") + body);
    let (reading, hold) = (Act::Read, Act::Hold);
    let after = |acts: Vec<Act>| [vec![reading.clone()], acts].concat();
    type Row<'a> = (&'a str, Vec<Act>, &'a str, &'a str);
    #[rustfmt::skip]
    let rows: Vec<Row> = vec![
        ("a plain answer", after(vec![write(OK)]), "200 \"hi\"", "200 \"hi\""),
        ("an answer in two parts", after(vec![write("HTTP/1.1 200 OK\r\ncontent-"), write("length: 2\r\n\r\nhi")]), "200 \"hi\"", "200 \"hi\""),
        ("chunks", after(vec![chunked("1\r\nh\r\n1\r\ni\r\n0\r\n\r\n")]), "200 \"hi\"", "200 \"hi\""),
        ("interim answers", after(vec![write("HTTP/1.1 103 x\r\n\r\n"), write(OK)]), "200 \"hi\"", "200 \"hi\""),
        ("a redirect", after(vec![write("HTTP/1.1 302 x\r\nlocation: /\r\ncontent-length: 0\r\n\r\n")]), "302 \"\"", "302 \"\""),
        ("a compressed body", after(vec![write(head("content-encoding: gzip\r\ncontent-length: 2") + "\x1f\x7f")]), "200 \"\\u{1f}\\u{7f}\"", "200 \"\\u{1f}\\u{7f}\""),
        ("no length", after(vec![write(head("a: b") + "hi")]), "200 \"hi\"", "200 \"hi\""),
        ("accepted, then closed", vec![], "lost Closed", "lost Closed"),
        ("read, then closed", after(vec![]), "lost Closed", "lost Closed"),
        ("read, then reset", after(vec![Act::Reset]), "lost Closed", "lost Closed"),
        ("half a head", after(vec![write("HTTP/1.1 200 OK\r\na")]), "lost Closed after 200", "lost Closed after 200"),
        ("half a body", after(vec![write(head("content-length: 9") + "hi")]), "lost Closed after 200", "200 \"hi\" Short { announced: Some(9), received: 2 }"),
        ("half a chunk", after(vec![chunked("9\r\nhi")]), "lost Closed after 200", "200 \"hi\" Short { announced: None, received: 2 }"),
        ("HTTP/0.9", after(vec![write("<html>")]), "lost NotHttp", "lost NotHttp"),
        ("binary garbage", after(vec![write(b"\x16\x03\x01\x00\xff")]), "lost NotHttp", "lost NotHttp"),
        ("garbage before any request", vec![write("garbage\r\n\r\n"), hold.clone()], "lost NotHttp", "lost NotHttp"),
        ("a head that breaks the grammar", after(vec![write(head("a : b"))]), "lost NotHttp after 200", "lost NotHttp after 200"),
        ("ten million bytes of head", after(vec![write(head(&format!("a: {}", "a".repeat(10 << 20))))]), "lost NotHttp after 200", "lost NotHttp after 200"),
        ("fields without end", after(vec![write("HTTP/1.1 200 OK\r\n"), Act::Endless("a: b\r\n")]), "lost NotHttp after 200", "lost NotHttp after 200"),
        ("interim answers without end", after(vec![Act::Endless("HTTP/1.1 100 x\r\n\r\n")]), "lost NotHttp after 100", "lost NotHttp after 100"),
        ("a body without end", after(vec![write(head("a: b")), Act::Endless("a")]), &cut, &cut),
        ("a length without end", after(vec![write(head("content-length: 9999999999999")), Act::Endless("a")]), &cut, &cut),
        ("chunks without end", after(vec![chunked(""), Act::Endless("10\r\naaaaaaaaaaaaaaaa\r\n")]), &cut, &cut),
        ("an extension without end", after(vec![chunked("1;"), Act::Endless("a")]), "lost NotHttp after 200", "200 \"\" BadChunk(\"a line of more than 65536 bytes\")"),
        ("a length that is no number", after(vec![write(head("content-length: two") + "hi")]), "lost NotHttp after 200", "200 \"hi\" BadLength(\"`two`\")"),
        ("lengths that differ", after(vec![write(head("content-length: 2\r\ncontent-length: 3") + "hi")]), "lost NotHttp after 200", "200 \"hi\" BadLength(\"`2, 3`\")"),
        ("length and chunks", after(vec![write(head("content-length: 2\r\ntransfer-encoding: chunked") + "1\r\na\r\n0\r\n\r\n")]), "200 \"a\" LengthAndChunked", "200 \"a\" LengthAndChunked"),
        ("a chunk that breaks the grammar", after(vec![chunked("x\r\n")]), "lost NotHttp after 200", "200 \"\" BadChunk(\"`x` is no chunk size\")"),
        ("a line without carriage return", after(vec![write(OK.replace("\r\ncontent", "\ncontent"))]), "200 \"hi\"", "200 \"hi\" BadHead(\"a line of the head ends without carriage return\")"),
        ("bytes too many", after(vec![write(OK), write(" there")]), "200 \"hi\"", "200 \"hi\" Trailing(6)"),
        ("an answer too many", after(vec![write(OK), write(OK)]), "200 \"hi\"", "200 \"hi\" SecondAnswer"),
        ("a switch of protocols", after(vec![write("HTTP/1.1 101 x\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nframes"), hold]), "101 \"\"", "101 \"\""),
    ];
    for (name, script, live, raw) in rows {
        let server = Server::start(vec![script]).await;
        for (lane, wanted) in [(Lane::Live, live), (Lane::Raw, raw)] {
            let exchange = server.transport(PATIENT).exchange(server.request("POST", "body"), lane).await;
            assert_eq!((tell(&exchange.reply).as_str(), exchange.lane), (wanted, lane), "{name}: {:?}", exchange.reply);
            assert!(exchange.sent <= exchange.done);
        }
        assert!(server.received().len() <= 2, "{name}: no request is sent twice");
    }
}

#[tokio::test]
async fn silence_ends_with_the_timeout() {
    let rows = [
        ("from the start", vec![Act::Read, Act::Hold], "lost Timeout", "lost Timeout"),
        ("without reading", vec![Act::Await(Arc::default())], "lost Timeout", "lost Timeout"),
        (
            "within the head",
            vec![Act::Read, write("HTTP/1.1 200 OK\r\na"), Act::Hold],
            "lost Timeout after 200",
            "lost Timeout after 200",
        ),
        (
            "within the body",
            vec![Act::Read, write(OK.replace(": 2", ": 3")), Act::Hold],
            "lost Timeout after 200",
            "lost Timeout after 200",
        ),
        (
            "byte by byte in the head",
            vec![Act::Read, write("HTTP/1.1 200 OK\r\na: "), Act::Drip],
            "lost Timeout after 200",
            "lost Timeout after 200",
        ),
        (
            "byte by byte in the body",
            vec![Act::Read, write("HTTP/1.1 200 OK\r\n\r\n"), Act::Drip],
            "lost Timeout after 200",
            "lost Timeout after 200",
        ),
        ("after the answer", vec![Act::Read, write(OK), Act::Await(Arc::default())], "200 \"hi\"", "200 \"hi\""),
    ];
    let all = rows.into_iter().flat_map(|(name, script, live, raw)| {
        [(Lane::Live, live), (Lane::Raw, raw)].map(|(lane, wanted)| {
            let script = script.clone();
            async move {
                let server = Server::start(vec![script]).await;
                let exchange = server.transport(BRIEF).exchange(server.request("GET", ""), lane).await;
                assert_eq!(tell(&exchange.reply), wanted, "{name}, {lane:?}");
            }
        })
    });
    futures_util::future::join_all(all).await;
}

#[tokio::test]
async fn what_was_never_sent_is_refused() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let plain = Server::start(vec![vec![write("no TLS"), Act::Hold]]).await;
    let rows = [
        ("nobody listens", format!("http://{nobody}"), "refused Connect"),
        ("no such name", "http://nowhere.invalid".to_owned(), "refused Resolve"),
        ("no TLS", format!("https://{}", plain.address), "refused Tls"),
    ];
    for (name, url, wanted) in rows {
        let transport = transport(&url, PATIENT, Roots::Platform);
        for lane in [Lane::Live, Lane::Raw] {
            let exchange = transport.exchange(request("a", "GET", ""), lane).await;
            assert_eq!(tell(&exchange.reply), wanted, "{name}, {lane:?}: {:?}", exchange.reply);
        }
        let bytes = transport.exchange_bytes(b"GET / HTTP/1.1\r\n\r\n".to_vec()).await;
        assert_eq!(tell(&bytes.reply), wanted, "{name}");
        let [first, second] = transport.exchange_pair(request("a", "GET", ""), request("a", "GET", "")).await;
        assert_eq!(tell(&first.reply), wanted, "{name}");
        assert_eq!(tell(&second.reply), "refused Closed", "{name}");
    }
}

#[tokio::test]
async fn the_wire_carries_the_request_and_nothing_else() {
    let target = "/?Signature=a%2Bb%2f%3d*'(x)~+%20&Action=&%E4%BD%A0=b&Action=c";
    let server = Server::start(vec![vec![Act::Read, write(LAST)]]).await;
    let transport = server.transport(PATIENT);
    let host = server.address.to_string();
    let headers = [("host", host.as_str()), ("x-acs-action", "EndTerminalSession"), ("authorization", "ACS3 a,b")];
    type Row<'a> = (&'a str, &'a str, Lane, String);
    let rows: [Row; 6] = [
        ("GET", "", Lane::Live, String::new()),
        ("POST", "", Lane::Live, "content-length: 0\r\n".to_owned()),
        ("POST", "a=b", Lane::Live, "content-length: 3\r\n".to_owned()),
        ("GET", "", Lane::Raw, "connection: close\r\n".to_owned()),
        ("POST", "", Lane::Raw, "content-length: 0\r\nconnection: close\r\n".to_owned()),
        ("POST", "a=b", Lane::Raw, "content-length: 3\r\nconnection: close\r\n".to_owned()),
    ];
    for (number, (method, body, lane, added)) in rows.into_iter().enumerate() {
        let request = Request {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: headers.into_iter().collect(),
            body: body.into(),
        };
        let exchange = transport.exchange(request, lane).await;
        assert_eq!((tell(&exchange.reply).as_str(), exchange.lane), ("200 \"hi\"", lane));
        let fields: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let wanted = format!("{method} {target} HTTP/1.1\r\n{fields}{added}\r\n{body}");
        assert_eq!(server.received()[number], wanted, "{method} {lane:?}");
    }
}

#[tokio::test]
async fn what_the_polished_lane_would_change_goes_by_the_exact_one() {
    let server = Server::start(vec![vec![Act::Read, write(LAST)]]).await;
    let transport = server.transport(PATIENT);
    let request = Request { target: "/?a=\tb c#d".to_owned(), ..server.request("GET", "") };
    let exchange = transport.exchange(request, Lane::Live).await;
    assert_eq!(exchange.lane, Lane::Raw);
    assert!(server.received()[0].starts_with("GET /?a=\tb c#d HTTP/1.1\r\n"));
    let bytes = b"get /x HTTP/1.0\r\nA:b\r\n\r\n".to_vec();
    let exchange = transport.exchange_bytes(bytes.clone()).await;
    assert_eq!((exchange.request.method.as_str(), exchange.request.target.as_str()), ("get", "/x"));
    assert_eq!((server.received()[1].as_bytes(), exchange.raw), (&bytes[..], Some(bytes.clone())));
}

#[tokio::test]
async fn connections_are_used_again_only_while_they_are_surely_alive() {
    let (gone, strays, sent) = (Arc::new(Notify::new()), Arc::new(Notify::new()), Arc::new(Notify::new()));
    let again = || vec![Act::Read, write(OK), Act::Read, write(OK), Act::Hold];
    let limited = OK.replace("content", "keep-alive: timeout=5, max=0\r\ncontent");
    let old_kept = OK.replace("1.1", "1.0").replace("content", "connection: keep-alive\r\ncontent");
    let rows = [
        ("kept", again(), 1),
        ("closed as announced", vec![Act::Read, write(LAST), Act::Hold], 2),
        ("closed without a word", vec![Act::Read, write(OK), Act::Closed(gone.clone())], 2),
        ("old version", vec![Act::Read, write(OK.replace("1.1", "1.0")), Act::Hold], 2),
        ("old version, kept", vec![Act::Read, write(old_kept), Act::Hold], 2),
        ("bytes too many", vec![Act::Read, write(format!("{OK}\r\n")), Act::Hold], 2),
        (
            "a line without carriage return",
            vec![Act::Read, write(OK.replace("\r\ncontent", "\ncontent")), Act::Hold],
            2,
        ),
        ("used up", vec![Act::Read, write(limited), Act::Hold], 2),
        (
            "bytes that nobody asked for",
            vec![
                Act::Read,
                write(OK),
                Act::Await(strays.clone()),
                write("HTTP/1.1 500 stray\r\ncontent-length: 0\r\n\r\n"),
                Act::Closed(sent.clone()),
            ],
            2,
        ),
    ];
    for (name, script, connections) in rows {
        let server = Server::start(vec![script, again()]).await;
        let transport = server.transport(PATIENT);
        for number in 0..2 {
            let exchange = transport.exchange(server.request("GET", ""), Lane::Live).await;
            assert_eq!(tell(&exchange.reply), "200 \"hi\"", "{name}");
            match name {
                "closed without a word" if number == 0 => gone.notified().await,
                "bytes that nobody asked for" if number == 0 => {
                    strays.notify_one();
                    sent.notified().await;
                }
                _ => {}
            }
        }
        assert_eq!(server.received().len(), connections, "{name}");
    }
}

#[tokio::test]
async fn where_connections_end_without_a_word_none_is_used_again() {
    let gone = Arc::new(Notify::new());
    let ends = || vec![Act::Read, write(OK), Act::Closed(gone.clone())];
    let goes_on = vec![Act::Read, write(OK), Act::Read, write(OK), Act::Hold];
    let mut scripts: Vec<_> = (0..limits::QUIET_ENDS).map(|_| ends()).collect();
    scripts.push(goes_on);
    let server = Server::start(scripts).await;
    let endpoint = Endpoint::parse(&format!("http://{}", server.address)).unwrap();
    // On which no connection grows too old.
    let transport = Transport::new(&endpoint, &Settings::new(PATIENT), Clock::simulated(0));
    for number in 0..limits::QUIET_ENDS + 2 {
        let exchange = transport.exchange(server.request("GET", ""), Lane::Live).await;
        assert_eq!(tell(&exchange.reply), "200 \"hi\"", "{number}");
        if number < limits::QUIET_ENDS {
            gone.notified().await;
        }
    }
    assert_eq!(server.received().len(), limits::QUIET_ENDS + 2, "each on a connection of its own");
}

/// What comes of requests where connections end so as they are used again, until none is any more; and of the last of them,
/// which is on a connection of its own.
async fn used_again(end: &[Act], lost: &str, last: Act, told: &str) {
    let mut scripts = vec![[&[Act::Read, write(OK), Act::Read], end].concat(); limits::QUIET_ENDS];
    scripts.extend([vec![Act::Read, write(OK), Act::Read, write(OK), Act::Hold], vec![Act::Read, last]]);
    let server = Server::start(scripts).await;
    let endpoint = Endpoint::parse(&format!("http://{}", server.address)).unwrap();
    let transport = Transport::new(&endpoint, &Settings::new(PATIENT), Clock::simulated(0));
    let ended = ["200 \"hi\"", lost].into_iter().cycle().take(2 * limits::QUIET_ENDS);
    for (number, wanted) in ended.chain(["200 \"hi\"", told]).enumerate() {
        let exchange = transport.exchange(server.request("GET", ""), Lane::Live).await;
        assert_eq!(tell(&exchange.reply), wanted, "{number}");
    }
    assert_eq!(server.received().len(), limits::QUIET_ENDS + 2, "the last two each on a connection of its own");
}

#[tokio::test]
async fn a_connection_that_is_cut_as_it_is_used_again_loses_the_request_and_counts_as_ended_without_a_word() {
    used_again(&[], "lost Closed", write(OK), "200 \"hi\"").await;
}

#[tokio::test]
async fn what_a_server_says_as_it_ends_an_idle_connection_is_no_answer_to_the_next_request() {
    let idle = write("HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
    used_again(std::slice::from_ref(&idle), "lost Closed after 408", idle.clone(), "408 \"\"").await;
}

#[tokio::test]
async fn an_idle_connection_grows_too_old_and_a_fresh_one_is_its_own() {
    let server = Server::start(vec![vec![Act::Read, write(OK), Act::Read, write(OK), Act::Hold]]).await;
    let clock = Clock::simulated(0);
    let settings = Settings::new(PATIENT);
    let endpoint = Endpoint::parse(&format!("http://{}", server.address)).unwrap();
    let transport = Transport::new(&endpoint, &settings, clock.clone());
    let request = || server.request("GET", "");
    transport.exchange(request(), Lane::Live).await;
    transport.exchange_fresh(request(), Lane::Live).await;
    assert_eq!(server.received().len(), 2, "a fresh connection");
    clock.sleep(limits::CONNECTION_IDLE - Duration::from_millis(1)).await;
    transport.exchange(request(), Lane::Live).await;
    assert_eq!(server.received().len(), 2, "the first one, young enough, and never the fresh one");
    clock.sleep(limits::CONNECTION_IDLE).await;
    transport.exchange(request(), Lane::Live).await;
    assert_eq!(server.received().len(), 3, "too old");
    transport.exchange_fresh(request(), Lane::Raw).await;
    assert_eq!(server.received().len(), 4, "the exact lane keeps none");
}

#[tokio::test]
async fn requests_at_once_have_connections_of_their_own() {
    let server = Server::start(vec![vec![Act::Read, write(OK), Act::Hold]]).await;
    let transport = server.transport(PATIENT);
    let send = || transport.exchange(server.request("GET", ""), Lane::Live);
    let (a, b, c) = tokio::join!(send(), send(), send());
    for exchange in [a, b, c] {
        assert_eq!(tell(&exchange.reply), "200 \"hi\"");
    }
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn an_answer_may_come_before_the_request_is_taken() {
    let server = Server::start(vec![vec![write(LAST), Act::Await(Arc::default())]]).await;
    let transport = server.transport(PATIENT);
    let body = "a".repeat(32 << 20);
    for lane in [Lane::Live, Lane::Raw] {
        let exchange = transport.exchange(server.request("POST", &body), lane).await;
        let answer = exchange.reply.answer().map(|answer| answer.status);
        assert_eq!(answer, Some(200), "{lane:?}: {:?}", exchange.reply);
    }
}

#[tokio::test]
async fn a_connection_that_waits_for_the_rest_of_a_request_takes_no_other() {
    let early = vec![write(OK), Act::Await(Arc::default())];
    let server = Server::start(vec![early.clone(), vec![Act::Read, write(OK), Act::Hold]]).await;
    let transport = server.transport(PATIENT);
    let body = "a".repeat(32 << 20);
    let exchange = transport.exchange(server.request("POST", &body), Lane::Live).await;
    assert_eq!(tell(&exchange.reply), "200 \"hi\"");
    let exchange = transport.exchange(server.request("GET", ""), Lane::Live).await;
    assert_eq!(tell(&exchange.reply), "200 \"hi\"", "on another connection");

    let server = Server::start(vec![early]).await;
    let (first, second) = (server.request("POST", &body), server.request("GET", ""));
    let [first, second] = server.transport(PATIENT).exchange_pair(first, second).await;
    assert_eq!((tell(&first.reply), tell(&second.reply)), ("200 \"hi\"".to_owned(), "refused Closed".to_owned()));
}

#[tokio::test]
async fn pairs_of_requests_show_what_is_too_many() {
    let other = OK.replace("200", "201").replace("hi", "ho");
    let second = |text: &str| vec![Act::Read, write(text)];
    let cases = |first: Vec<Act>, last: Vec<Act>| [vec![Act::Read], first, last].concat();
    let chunked = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n";
    type Row<'a> = (&'a str, Vec<Act>, &'a str, &'a str);
    #[rustfmt::skip]
    let rows: Vec<Row> = vec![
        ("clean", cases(vec![write(OK)], second(&other)), "200 \"hi\"", "201 \"ho\""),
        ("chunks", cases(vec![write(chunked)], second(&other)), "200 \"hi\"", "201 \"ho\""),
        ("bytes between", cases(vec![write(format!("{OK}xx"))], second(&other)), "200 \"hi\" Trailing(2)", "201 \"ho\""),
        ("bytes after", cases(vec![write(OK)], second(&format!("{other}xx"))), "200 \"hi\"", "201 \"ho\" Trailing(2)"),
        ("first answered twice", cases(vec![write(format!("{OK}{OK}"))], second(&other)), "200 \"hi\" SecondAnswer", "201 \"ho\""),
        ("second answered twice", cases(vec![write(OK)], second(&format!("{other}{other}"))), "200 \"hi\"", "201 \"ho\" SecondAnswer"),
        ("closed as announced", cases(vec![write(LAST)], vec![]), "200 \"hi\"", "refused Closed"),
        ("closed as announced, bytes after", cases(vec![write(LAST), write("xx")], vec![]), "200 \"hi\" Trailing(2)", "refused Closed"),
        ("closed without a word", cases(vec![write(OK)], vec![]), "200 \"hi\"", "lost Closed"),
        ("second not answered", cases(vec![write(OK)], vec![Act::Read]), "200 \"hi\"", "lost Closed"),
        ("second cut short", cases(vec![write(OK)], second("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi")), "200 \"hi\"", "200 \"hi\" Short { announced: Some(9), received: 2 }"),
        ("second is garbage", cases(vec![write(OK)], second("xx")), "200 \"hi\"", "lost NotHttp"),
        ("first not answered", cases(vec![], vec![]), "lost Closed", "refused Closed"),
        ("first without length", cases(vec![write("HTTP/1.1 200 OK\r\n\r\nhi")], vec![]), "200 \"hi\"", "refused Closed"),
        ("first with a bad chunk", cases(vec![write("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n")], vec![]), "200 \"\" BadChunk(\"`x` is no chunk size\")", "refused Closed"),
        ("the other side stays open", cases(vec![write(OK)], [second(&other), vec![Act::Hold]].concat()), "200 \"hi\"", "201 \"ho\""),
    ];
    for (name, script, first, second) in rows {
        let server = Server::start(vec![script]).await;
        let transport = server.transport(PATIENT);
        let pair = transport.exchange_pair(server.request("POST", "a=b"), server.request("GET", "")).await;
        let replies = pair.each_ref().map(|exchange| tell(&exchange.reply));
        assert_eq!(replies, [first, second].map(str::to_owned), "{name}");
        let [one, two] = &pair;
        assert!(one.sent <= one.done && one.done <= two.sent && two.sent <= two.done, "{name}");
        assert_eq!(server.received().len(), 1, "{name}");
        assert!(!server.received()[0].split("GET").next().unwrap().contains("connection:"), "{name}");
    }
}

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/tls/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// A listener with the certificate of `tests/fixtures/tls`, which names localhost and 127.0.0.1.
async fn tls_server() -> SocketAddr {
    let certificate = CertificateDer::from_pem_file(fixture("server.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                while read_request(&mut stream).await.is_some() {
                    stream.write_all(OK.as_bytes()).await.unwrap();
                    stream.flush().await.unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn https_is_spoken_with_whom_is_trusted_and_with_nobody_else() {
    let address = tls_server().await;
    let authority = CertificateDer::from_pem_file(fixture("authority.pem")).unwrap();
    let ours = Roots::Only(vec![authority]);
    let rows = [
        ("by address", format!("https://{address}"), ours.clone(), "200 \"hi\""),
        ("by name", format!("https://localhost:{}", address.port()), ours.clone(), "200 \"hi\""),
        ("by another name", format!("https://a.localhost:{}", address.port()), ours, "refused"),
        ("not trusted", format!("https://{address}"), Roots::Platform, "refused Tls"),
    ];
    for (name, url, roots, wanted) in rows {
        let transport = transport(&url, PATIENT, roots);
        for lane in [Lane::Live, Lane::Live, Lane::Raw] {
            let exchange = transport.exchange(request("a", "GET", ""), lane).await;
            assert!(tell(&exchange.reply).starts_with(wanted), "{name}, {lane:?}: {:?}", exchange.reply);
        }
    }
}

#[tokio::test]
async fn proxies_are_asked_to_forward_or_to_tunnel_and_never_for_this_machine() {
    let proxy = Server::start(vec![
        vec![Act::Read, write(LAST)],
        vec![Act::Read, write("HTTP/1.1 200 Connection established\r\n\r\n"), Act::Read, write(LAST)],
        vec![Act::Read, write("HTTP/1.1 407 x\r\ncontent-length: 0\r\n\r\n")],
    ])
    .await;
    let proxies = Proxies::all(&format!("http://user:word@{}", proxy.address));
    let settings = Settings { proxies, ..Settings::new(PATIENT) };
    let transport = |url: &str| Transport::new(&Endpoint::parse(url).unwrap(), &settings, Clock::system());
    let far = transport("http://ecs.example.com");
    for lane in [Lane::Live, Lane::Raw] {
        let exchange = far.exchange(request("ecs.example.com", "GET", ""), lane).await;
        assert_eq!(tell(&exchange.reply), "200 \"hi\"", "{lane:?}");
    }
    let refused =
        transport("https://ecs.example.com").exchange(request("ecs.example.com", "GET", ""), Lane::Live).await;
    let Reply::Refused(cause) = &refused.reply else { panic!("{:?}", refused.reply) };
    assert_eq!(cause.kind, CauseKind::Connect);
    assert!(cause.words.contains("407") && !cause.words.contains("word"), "{}", cause.words);
    let asked = "proxy-authorization: Basic dXNlcjp3b3Jk\r\n\r\n";
    let forwarded = format!("GET http://ecs.example.com/?a=b HTTP/1.1\r\nhost: ecs.example.com\r\n{asked}");
    let tunnel =
        |port: u16| format!("CONNECT ecs.example.com:{port} HTTP/1.1\r\nhost: ecs.example.com:{port}\r\n{asked}");
    let inside = "GET /?a=b HTTP/1.1\r\nhost: ecs.example.com\r\nconnection: close\r\n\r\n";
    assert_eq!(proxy.received(), [forwarded, tunnel(80) + inside, tunnel(443)]);

    let near = Server::start(vec![vec![Act::Read, write(LAST)]]).await;
    let exchange = transport(&format!("http://{}", near.address)).exchange(near.request("GET", ""), Lane::Live).await;
    assert_eq!(tell(&exchange.reply), "200 \"hi\"");
    assert_eq!(proxy.received().len(), 3);
}
