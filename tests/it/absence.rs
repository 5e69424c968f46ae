//! A target that ends on an input and is started again, as a supervisor does: the input is found, and nobody else is blamed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::tempdir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::endspec;
use crate::serve::{Served, serve};

const CASES: &str = "end/session/malformed end/session/unknown end/effect/closes";
const LACKS: &str = "signatures,other-region,unsupported-region,denied-credential,restart,websocket";

/// What a client comes upon while the target is away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Instead {
    /// A port that nobody listens on.
    Nobody,
    /// Something in front, which says so.
    Gateway,
}

/// What nginx says of a server that is away or ends without an answer.
const BAD_GATEWAY: &[u8] = b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 11\r\n\
    Connection: close\r\n\r\n<html>\n502\n";
/// How long nobody listens, so that it is asked for more than once.
const AWAY: Duration = Duration::from_millis(50);
/// How many requests are excused: more than a single one that asks whether it is there.
const EXCUSES: usize = 6;

/// The reference server, behind what ends with all its connections when it reads a word, and takes others again some time after.
struct Falling {
    behind: Served,
    url: String,
    falls: Arc<AtomicUsize>,
}

impl Falling {
    /// One that falls so many times at most.
    fn over(word: &'static str, most: usize) -> Falling {
        Falling::behind(Instead::Nobody, word, most)
    }

    fn behind(instead: Instead, word: &'static str, most: usize) -> Falling {
        let behind = serve(&["--auth", "open"], 2);
        let back: SocketAddr = behind.url.trim_start_matches("http://").parse().expect("an address");
        let falls = Arc::<AtomicUsize>::default();
        let (told, count) = (falls.clone(), std::sync::mpsc::channel());
        let (tell, url) = count;
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                // Bound all the time, so that nobody else takes the port while nobody listens there.
                let place = bound("127.0.0.1:0".parse().expect("an address"));
                let front = place.local_addr().expect("an address");
                let mut listener = bound(front).listen(1024).expect("it listens");
                tell.send(format!("http://{front}")).expect("somebody asks");
                while told.load(Ordering::SeqCst) < most {
                    stand(&listener, back, word, instead).await;
                    told.fetch_add(1, Ordering::SeqCst);
                    match instead {
                        Instead::Nobody => {
                            drop(listener);
                            tokio::time::sleep(AWAY).await;
                            listener = bound(front).listen(1024).expect("it listens again");
                        }
                        Instead::Gateway => excuse(&listener).await,
                    }
                }
                stand(&listener, back, "\0", instead).await;
            });
        });
        Falling { behind, url: url.recv().expect("it listens"), falls }
    }

    fn falls(&self) -> usize {
        self.falls.load(Ordering::SeqCst)
    }
}

fn bound(address: SocketAddr) -> TcpSocket {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(address).expect("the port is free");
    socket
}

/// Says of so many requests that nobody is there.
async fn excuse(listener: &TcpListener) {
    let mut left = EXCUSES;
    while left > 0 {
        let (mut stream, _) = listener.accept().await.expect("a connection");
        if stream.read(&mut [0; 1 << 16]).await.is_ok_and(|count| count > 0) {
            let _ = stream.write_all(BAD_GATEWAY).await;
            left -= 1;
        }
    }
}

/// Carries connections until one brings the word.
async fn stand(listener: &TcpListener, back: SocketAddr, word: &'static str, instead: Instead) {
    let (fall, mut fallen) = watch::channel(());
    let fall = Arc::new(fall);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("a connection");
                connections.spawn(carry(stream, back, word, instead, fall.clone()));
            }
            _ = fallen.changed() => return,
        }
    }
}

async fn carry(
    mut front: TcpStream,
    back: SocketAddr,
    word: &'static str,
    instead: Instead,
    fall: Arc<watch::Sender<()>>,
) {
    let mut back = TcpStream::connect(back).await.expect("the server behind");
    let (mut asked, mut said) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            count = front.read(&mut asked) => match count {
                Ok(count) if count > 0 => {
                    if asked[..count].windows(word.len()).any(|part| part == word.as_bytes()) {
                        if instead == Instead::Gateway {
                            let _ = front.write_all(BAD_GATEWAY).await;
                        }
                        let _ = fall.send(());
                        return;
                    }
                    back.write_all(&asked[..count]).await.expect("taken");
                }
                _ => return,
            },
            count = back.read(&mut said) => match count {
                Ok(count) if count > 0 && front.write_all(&said[..count]).await.is_ok() => {}
                _ => return,
            },
        }
    }
}

#[test]
fn the_input_that_ends_a_target_is_found_and_cases_beside_it_are_judged_all_the_same() {
    for instead in [Instead::Nobody, Instead::Gateway] {
        found(&Falling::behind(instead, "Injected", usize::MAX));
    }
}

fn found(target: &Falling) {
    let run = |url: &str| {
        let flags = ["--target", url, "--instance-id", "i-bp1endspec0000000001", "--without", LACKS, "--seed", "1"];
        let cases = ["--select", CASES];
        endspec(&[&["run"], &flags[..], &cases].concat())
    };
    run(&target.behind.url).ends(0);
    let done = run(&target.url).ends(1);
    done.says(&[
        "FAIL  end/session/malformed",
        "line-break",
        "error[rpc/robust/no-5xx]",
        "2 passed, 1 failed, 0 inconclusive",
    ])
    .says(&["broken:   MUST rpc/robust/no-5xx\n", "the target was away for a while "]);
    assert!(target.falls() >= 3, "{}", target.falls());
}

#[test]
fn a_campaign_finds_the_input_that_ends_a_target_and_goes_on() {
    for instead in [Instead::Nobody, Instead::Gateway] {
        found_by_a_campaign(&Falling::behind(instead, "Injected", usize::MAX));
    }
}

fn found_by_a_campaign(target: &Falling) {
    let folder = tempdir().unwrap();
    let save = folder.path().display().to_string();
    let flags = ["--instance-id", "i-bp1endspec0000000001", "--without", LACKS];
    let campaign =
        ["fuzz", "--target", &target.url, "--seed", "1", "--cases", "800", "--clients", "8", "--max-findings", "1"];
    let done = endspec(&[&campaign[..], &flags, &["--save", &save]].concat()).ends(1);
    done.says(&["(step 1 of 1; line-break)", "error[rpc/robust/no-5xx]", "found:    1 MUST broken"]);
    let saved = std::fs::read_dir(&save).unwrap().next().expect("it was saved").unwrap().path().display().to_string();
    let again = |url: &str| endspec(&[&["run", &saved, "--target", url], &flags[..]].concat());
    again(&target.url).ends(1).says(&["error[rpc/robust/no-5xx]"]);
    again(&target.behind.url).ends(0);
}

#[test]
fn a_target_that_is_started_again_meanwhile_is_blamed_for_nothing() {
    let target = Falling::over("Injected", 1);
    let args = ["--target", &target.url, "--instance-id", "i-bp1endspec0000000001", "--without", LACKS, "--seed", "1"];
    let cases = ["--select", CASES];
    let done = endspec(&[&["run"], &args[..], &cases].concat()).ends(0);
    done.says(&["3 passed, 0 failed", "the target was away for a while 1 time", "verdict:  PASS"]);
    assert_eq!(target.falls(), 1);
}

#[test]
fn a_campaign_whose_target_ends_again_and_again_whatever_is_asked_is_no_pass() {
    // One request in sixteen, and no input: each has another number, and the same one when it is sent again.
    let target = Falling::over("x-run-id: 0", usize::MAX);
    let flags = ["--instance-id", "i-bp1endspec0000000001", "--without", LACKS, "--id-header", "x-run-id"];
    let campaign = ["fuzz", "--target", &target.url, "--seed", "1", "--cases", "60", "--clients", "1"];
    let done = endspec(&[&campaign[..], &flags].concat()).ends(3);
    done.says(&["found:    0 MUST broken", "the target ended again and again, and no case alone showed why"]);
    assert!(target.falls() >= 6, "{}", target.falls());
}
