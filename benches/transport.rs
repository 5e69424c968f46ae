//! Requests that each lane sends per second of its own CPU time, against a trivial server on another thread.
//!
//! `cargo bench --bench transport`

use std::net::SocketAddr;
use std::time::Duration;

use endspec::clock::Clock;
use endspec::http::{Headers, Lane, Request};
use endspec::transport::{Endpoint, Settings, Transport};
use futures_util::StreamExt;
use futures_util::stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const BODY: &str = r#"{"RequestId":"5EB3FAB2-4D8F-4F0E-9E5C-0F4F5B5C6D7E"}"#;

fn main() {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || runtime().block_on(serve(&sender)));
    let address = receiver.recv().expect("an address");
    runtime().block_on(async {
        let clock = Clock::system();
        let begun = clock.now();
        let plain = transport(&format!("http://{address}"));
        let ready = clock.now();
        drop(transport("https://127.0.0.1:1"));
        let secure = clock.now();
        println!("a transport made: {:?} for http, {:?} for https", ready.since(begun), secure.since(ready));
        for (lane, jobs, requests) in
            [(Lane::Live, 1, 20_000), (Lane::Live, 8, 40_000), (Lane::Raw, 1, 5_000), (Lane::Raw, 8, 10_000)]
        {
            let run = |count: usize| {
                let plain = &plain;
                stream::iter(0..count).for_each_concurrent(jobs, move |_| async move {
                    let exchange = plain.exchange(request(address), lane).await;
                    assert!(exchange.reply.answer().is_some_and(|answer| answer.status == 200), "{exchange:?}");
                })
            };
            run(requests / 10).await;
            let (cpu, wall) = (thread_seconds(), clock.now());
            run(requests).await;
            let wall = clock.now().since(wall).as_secs_f64();
            let each = |seconds: f64| requests as f64 / seconds;
            let cpu = thread_seconds().zip(cpu).map_or(f64::NAN, |(after, before)| each(after - before));
            println!("{lane:?}, {jobs} at a time: {cpu:.0} requests per CPU-second, {:.0} per second", each(wall));
        }
    });
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

fn transport(url: &str) -> Transport {
    let settings = Settings::new(Duration::from_secs(30));
    Transport::new(&Endpoint::parse(url).expect("an endpoint"), &settings, Clock::system())
}

fn request(address: SocketAddr) -> Request {
    let mut headers = Headers::new();
    headers.push("host", address.to_string());
    headers.push("accept", "application/json");
    for name in ["x-acs-action", "x-acs-version", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256"] {
        headers.push(name, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
    let target = "/?RegionId=cn-hangzhou&SessionId=s-hz023od0x90000".to_owned();
    Request { method: "POST".to_owned(), target, headers, body: Vec::new() }
}

async fn serve(sender: &std::sync::mpsc::Sender<SocketAddr>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    sender.send(listener.local_addr().expect("an address")).expect("a listener");
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream));
    }
}

async fn answer(mut stream: TcpStream) -> Option<()> {
    let mut bytes = Vec::new();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json;charset=utf-8\r\n";
    loop {
        let mut piece = [0; 4096];
        while !bytes.ends_with(b"\r\n\r\n") {
            match stream.read(&mut piece).await.ok()? {
                0 => return None,
                count => bytes.extend_from_slice(&piece[..count]),
            }
        }
        let last = bytes.windows(17).any(|window| window == b"connection: close");
        let field = if last { "connection: close\r\n" } else { "" };
        let answer = format!("{head}{field}content-length: {}\r\n\r\n{BODY}", BODY.len());
        stream.write_all(answer.as_bytes()).await.ok()?;
        if last {
            return None;
        }
        bytes.clear();
    }
}

/// CPU time of this thread, where the system tells it in hundredths of a second (Linux).
fn thread_seconds() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/thread-self/stat").ok()?;
    let fields: Vec<&str> = text.rsplit(')').next()?.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok());
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
