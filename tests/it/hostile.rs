//! Hostile targets, one server each: whatever they do costs bounded time and memory, and is a finding or undecided.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use crate::command;

/// Most memory that a run may ever hold.
const MEMORY: u64 = 100 << 20;
/// A bound against hanging: far above what the run's own limit of half a minute lets it take.
const BOUND: Duration = Duration::from_secs(120);

/// What is done with one connection, whose first request has been read.
type Deed = fn(&mut TcpStream, &str) -> std::io::Result<()>;

/// A server that does one thing to everybody, until it is dropped.
struct Hostile {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
}

impl Hostile {
    fn new(greets: bool, deed: Deed) -> Hostile {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, ended) = (listener.local_addr().unwrap(), Arc::new(AtomicBool::new(false)));
        let over = ended.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(mut stream) = stream else { continue };
                thread::spawn(move || {
                    // Whoever takes nothing more has hung up, or will.
                    let _ = stream.set_write_timeout(Some(BOUND));
                    let head = if greets { String::new() } else { head(&mut stream).unwrap_or_default() };
                    let _ = deed(&mut stream, &head);
                });
            }
        });
        Hostile { address, ended }
    }
}

impl Drop for Hostile {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// A request's head; its body is nobody's business.
fn head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut reader = BufReader::new(stream);
    let mut text = String::new();
    while !text.ends_with("\r\n\r\n") {
        if reader.read_line(&mut text)? == 0 {
            break;
        }
    }
    Ok(text)
}

/// Writes one thing for as long as anybody reads it.
fn forever(stream: &mut TcpStream, piece: &[u8]) -> std::io::Result<()> {
    let many = piece.repeat((64 << 10) / piece.len() + 1);
    loop {
        stream.write_all(&many)?;
    }
}

const JSON: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";

fn answer(stream: &mut TcpStream, status: &str, media: &str, body: &[u8]) -> std::io::Result<()> {
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {media}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}

fn json(stream: &mut TcpStream, body: &[u8]) -> std::io::Result<()> {
    answer(stream, "404 Not Found", "application/json", body)
}

fn xml(stream: &mut TcpStream, body: &str) -> std::io::Result<()> {
    answer(stream, "404 Not Found", "text/xml;charset=utf-8", body.as_bytes())
}

fn endless_body(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}\r\n").as_bytes())?;
    forever(stream, b"a")
}

fn one_byte_a_second(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    for byte in format!("{JSON}\r\n").bytes().cycle() {
        stream.write_all(&[byte])?;
        thread::sleep(Duration::from_secs(1));
    }
    Ok(())
}

fn headers_of_ten_megabytes(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}x: {}\r\ncontent-length: 2\r\n\r\n{{}}", "a".repeat(10 << 20)).as_bytes())
}

fn a_million_headers(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(JSON.as_bytes())?;
    stream.write_all("x: y\r\n".repeat(1_000_000).as_bytes())?;
    stream.write_all(b"content-length: 2\r\n\r\n{}")
}

fn chunks_without_end(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}transfer-encoding: chunked\r\n\r\n").as_bytes())?;
    forever(stream, b"1\r\na\r\n")
}

fn a_chunk_without_end(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}transfer-encoding: chunked\r\n\r\n").as_bytes())?;
    forever(stream, b"f")
}

fn an_extension_without_end(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}transfer-encoding: chunked\r\n\r\n1;").as_bytes())?;
    forever(stream, b"x")
}

fn trailers_without_end(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}transfer-encoding: chunked\r\n\r\n2\r\n{{}}\r\n0\r\n").as_bytes())?;
    forever(stream, b"x: y\r\n")
}

fn interim_answers_without_end(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    forever(stream, b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n")
}

fn a_compressed_bomb(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    let zipped = Command::new("sh").args(["-c", "head -c 200000000 /dev/zero | gzip -1"]).output()?.stdout;
    stream.write_all(format!("{JSON}content-encoding: gzip\r\ncontent-length: {}\r\n\r\n", zipped.len()).as_bytes())?;
    stream.write_all(&zipped)
}

fn a_redirect_to_itself(stream: &mut TcpStream, head: &str) -> std::io::Result<()> {
    let target = head.split(' ').nth(1).unwrap_or("/");
    stream.write_all(format!("HTTP/1.1 302 Found\r\nlocation: {target}\r\ncontent-length: 0\r\n\r\n").as_bytes())
}

fn garbage(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    forever(stream, b"\x16\x03\x03\xff\xff\x02\x00garbage")
}

fn a_length_too_long(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}content-length: 100\r\n\r\n{{}}").as_bytes())
}

fn a_length_beyond_counting(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}content-length: 18446744073709551615\r\n\r\n").as_bytes())?;
    forever(stream, b"a")
}

fn two_lengths(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(format!("{JSON}content-length: 2\r\ncontent-length: 3\r\n\r\n{{}} ").as_bytes())
}

fn http_0_9(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    stream.write_all(b"<html>hello</html>\n")
}

fn binary(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    let bytes: Vec<u8> = (0..=255).cycle().take(70_000).collect();
    json(stream, &bytes)
}

fn invalid_utf_8(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(stream, b"{\"RequestId\":\"\xff\xfe\",\"Code\":\"\xc3\x28\",\"Message\":\"\xed\xa0\x80\"}")
}

fn deep_json(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    json(stream, "[".repeat(120_000).as_bytes())
}

fn huge_json(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    let members: Vec<String> = (0..5_000).map(|number| format!("\"m{number}\":1e308")).collect();
    json(stream, format!("{{\"Code\":\"{}\",{}}}", "C".repeat(30_000), members.join(",")).as_bytes())
}

/// Success to whatever was asked, an open session included, and a long text besides.
fn success_at_length(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::SeqCst);
    let session = format!(r#""SessionId":"s-hz0{number:011}","SecurityToken":"t-{number}""#);
    let terminal = format!(r#""WebSocketUrl":"ws://127.0.0.1:1/{number}","Sessions":{{"Session":[]}}"#);
    let id = format!("473469C7-AA6F-4DC5-B3DB-{number:012}");
    let body = format!(r#"{{"RequestId":"{id}",{session},{terminal},"More":"{}"}}"#, "x".repeat(125_000));
    answer(stream, "200 OK", "application/json", body.as_bytes())
}

fn deep_xml(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    xml(stream, &"<a>".repeat(40_000))
}

fn huge_xml(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    xml(
        stream,
        &format!(
            "<Error {}>{}</Error>",
            (0..6_000).map(|n| format!("a{n}='x' ")).collect::<String>(),
            "<b/>".repeat(10_000)
        ),
    )
}

fn an_entity_bomb(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    let entities: String =
        (1..30).map(|n| format!("<!ENTITY e{n} \"{}\">", format!("&e{};", n - 1).repeat(10))).collect();
    xml(
        stream,
        &format!(
            "<?xml version='1.0'?><!DOCTYPE Error [<!ENTITY e0 \"boom\">{entities}]><Error><Code>&e29;</Code></Error>"
        ),
    )
}

fn an_outer_entity(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    xml(stream, "<!DOCTYPE Error [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><Error><Code>&x;</Code></Error>")
}

/// What a terminal, a browser or a parser of XML would obey.
const OBEYED: &str = "\u{1b}[31m\u{1b}]0;title\u{7}\u{9b}2J</script><script>alert(1)</script>]]><!--&amp;%0d%0aX: y";

fn sequences_in_every_field(stream: &mut TcpStream, _: &str) -> std::io::Result<()> {
    let text = serde_json::to_string(OBEYED).unwrap();
    let body = format!(
        "{{\"RequestId\":{text},\"HostId\":{text},\"Code\":{text},\"Message\":{text},\"Recommend\":{text},{text}:{text}}}"
    );
    let shown = OBEYED.replace(['\u{7}'], "");
    let head = format!(
        "HTTP/1.1 400 {shown}\r\ncontent-type: application/json;{shown}\r\nx-acs-request-id: {shown}\r\nx{}: y\r\n",
        1
    );
    stream.write_all(format!("{head}content-length: {}\r\n\r\n{body}", body.len()).as_bytes())
}

/// Starts sessions, and does something to those who come to them by a WebSocket.
fn terminal(
    stream: &mut TcpStream,
    head: &str,
    then: fn(&mut TcpStream) -> std::io::Result<()>,
) -> std::io::Result<()> {
    let key = head.lines().find_map(|line| {
        line.to_ascii_lowercase().starts_with("sec-websocket-key:").then(|| line[18..].trim().to_owned())
    });
    if let Some(key) = key {
        let accept = derive_accept_key(key.as_bytes());
        let head = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade";
        stream.write_all(format!("{head}\r\nsec-websocket-accept: {accept}\r\n\r\n").as_bytes())?;
        return then(stream);
    }
    let id = format!("00000000-0000-4000-8000-{:012X}", stream.peer_addr()?.port());
    let own = stream.local_addr()?;
    let body = format!(
        "{{\"RequestId\":\"{id}\",\"SessionId\":\"s-hz{:014}\",\"SecurityToken\":\"t0ken-of-it\",\"WebSocketUrl\":\"ws://{own}/s?token=t0ken-of-it\"}}",
        stream.peer_addr()?.port()
    );
    let head = format!("{JSON}connection: close\r\nx-acs-request-id: {id}\r\ncontent-length: {}\r\n\r\n", body.len());
    stream.write_all(format!("{head}{body}").as_bytes())
}

fn a_flood_of_frames(stream: &mut TcpStream, head: &str) -> std::io::Result<()> {
    terminal(stream, head, |stream| forever(stream, b"\x82\x02ab"))
}

fn a_flood_of_pings(stream: &mut TcpStream, head: &str) -> std::io::Result<()> {
    terminal(stream, head, |stream| forever(stream, b"\x89\x02ab"))
}

fn a_message_without_end(stream: &mut TcpStream, head: &str) -> std::io::Result<()> {
    terminal(stream, head, |stream| {
        stream.write_all(b"\x02\x01a")?;
        forever(stream, b"\x00\x01a")
    })
}

fn a_frame_of_two_to_the_63_bytes(stream: &mut TcpStream, head: &str) -> std::io::Result<()> {
    terminal(stream, head, |stream| {
        stream.write_all(b"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00")?;
        forever(stream, b"a")
    })
}

fn a_frame_of_nearly_as_many(stream: &mut TcpStream, head: &str) -> std::io::Result<()> {
    terminal(stream, head, |stream| {
        stream.write_all(b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff")?;
        forever(stream, b"a")
    })
}

const CALL: &str = "end/session/unknown";
const XML: &str = "rpc/format/xml-refusal";
const TERMINAL: &str = "start/usable";

/// Name, what it does, the case that it is done to.
const ALL: [(&str, Deed, &str); 32] = [
    ("endless body", endless_body, CALL),
    ("one byte a second", one_byte_a_second, CALL),
    ("10 MB of headers", headers_of_ten_megabytes, CALL),
    ("a million headers", a_million_headers, CALL),
    ("chunks without end", chunks_without_end, CALL),
    ("a chunk without end", a_chunk_without_end, CALL),
    ("an extension without end", an_extension_without_end, CALL),
    ("trailers without end", trailers_without_end, CALL),
    ("interim answers without end", interim_answers_without_end, CALL),
    ("a compressed bomb", a_compressed_bomb, CALL),
    ("a redirect to itself", a_redirect_to_itself, CALL),
    ("garbage", garbage, CALL),
    ("a length too long", a_length_too_long, CALL),
    ("a length beyond counting", a_length_beyond_counting, CALL),
    ("two lengths", two_lengths, CALL),
    ("HTTP/0.9", http_0_9, CALL),
    ("binary", binary, CALL),
    ("invalid UTF-8", invalid_utf_8, CALL),
    ("deep JSON", deep_json, CALL),
    ("huge JSON", huge_json, CALL),
    ("deep XML", deep_xml, XML),
    ("huge XML", huge_xml, XML),
    ("an entity bomb", an_entity_bomb, XML),
    ("an outer entity", an_outer_entity, XML),
    ("binary for XML", binary, XML),
    ("sequences in every field", sequences_in_every_field, CALL),
    ("sequences in every field of XML", sequences_in_every_field, XML),
    ("a flood of frames", a_flood_of_frames, TERMINAL),
    ("a flood of pings", a_flood_of_pings, TERMINAL),
    ("a message without end", a_message_without_end, TERMINAL),
    ("a frame of 2^63 bytes", a_frame_of_two_to_the_63_bytes, TERMINAL),
    ("a frame of nearly as many", a_frame_of_nearly_as_many, TERMINAL),
];

/// The most memory that a process has held so far.
fn peak(pid: u32) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok()? << 10)
}

/// Runs a case against a target; its code, its report, all that it said, and the most memory that was seen.
fn run(url: &str, case: &str) -> (i32, Value, String, u64) {
    let without = "--without=describe,signatures,unsupported-region,other-region";
    let mut child = command(&["run", "--target", url, "--instance-id=i-1", without, "--select", case])
        .args(["--timeout=1s", "--settle=0s", "--time-limit=30s", "--report=json=-"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let read = |mut from: Box<dyn Read + Send>| {
        thread::spawn(move || {
            let mut text = String::new();
            from.read_to_string(&mut text).unwrap();
            text
        })
    };
    let out = read(Box::new(child.stdout.take().unwrap()));
    let err = read(Box::new(child.stderr.take().unwrap()));
    let (mut most, until) = (0, Instant::now() + BOUND);
    let status = loop {
        most = most.max(peak(child.id()).unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if Instant::now() > until {
            child.kill().unwrap();
            panic!("it does not end");
        }
        thread::sleep(Duration::from_millis(5));
    };
    let (out, err) = (out.join().unwrap(), err.join().unwrap());
    let report = serde_json::from_str(&out).unwrap_or_else(|error| panic!("{error}\n{out}\n{err}"));
    (status.code().unwrap_or(-1), report, format!("{out}{err}"), most)
}

/// Asserts of one target what holds of all.
fn holds(name: &str, url: &str, case: &str) {
    let (code, report, said, most) = run(url, case);
    assert!(code == 1 || code == 3, "{name}: it ended {code}\n{said}");
    crate::report::assert_valid(&report);
    assert_eq!(report["totals"]["pass"], 0, "{name}: {said}");
    assert!(0 < most && most < MEMORY, "{name}: {most} bytes");
    let obeyed = said.chars().find(|c| c.is_control() && *c != '\n');
    assert_eq!(obeyed, None, "{name}: {said}");
}

/// As many at a time as do not keep each other from being served.
#[test]
fn whatever_a_target_does_costs_bounded_time_and_memory_and_is_no_pass() {
    let next = std::sync::atomic::AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((name, deed, case)) = ALL.get(next.fetch_add(1, Ordering::SeqCst)) {
                    let hostile = Hostile::new(false, *deed);
                    holds(name, &format!("http://{}", hostile.address), case);
                }
            });
        }
    });
}

/// Where no answer is ever whole nothing can be learned, and thousands of requests would not.
#[test]
fn a_target_that_breaks_every_answer_off_is_given_up() {
    let hostile = Hostile::new(false, |stream, _| {
        stream.write_all(format!("{JSON}transfer-encoding: chunked\r\n\r\n9\r\n{{\"Code\"").as_bytes())
    });
    let (code, report, said, _) = run(&format!("http://{}", hostile.address), "*");
    assert_eq!(code, 3, "{said}");
    assert!(report["exchanges"].as_u64().is_some_and(|sent| sent < 500), "{said}");
    let hint = report["hint"].as_str().unwrap_or_default();
    assert!(hint.contains("within the body") && hint.contains("break its answers off?"), "{hint}");
}

/// What one answer costs is little, and there are thousands.
#[test]
fn the_whole_suite_is_bounded_where_every_answer_is_long() {
    let hostile = Hostile::new(false, success_at_length);
    let (code, report, said, most) = run(&format!("http://{}", hostile.address), "*");
    assert!(code == 1 && report["exchanges"].as_u64().is_some_and(|sent| sent > 500), "it ended {code}\n{said}");
    assert!(0 < most && most < MEMORY, "{most} bytes");
}

#[test]
fn what_greets_in_place_of_tls_or_before_it_is_asked_is_no_target() {
    for (name, deed) in [("garbage", garbage as Deed), ("HTTP/0.9", http_0_9), ("one byte a second", one_byte_a_second)]
    {
        let hostile = Hostile::new(true, deed);
        for scheme in ["http", "https"] {
            holds(&format!("{name} over {scheme}"), &format!("{scheme}://{}", hostile.address), CALL);
        }
    }
}
