//! A target that ends on an input and is started again, as a supervisor does: the input is found, and nobody else is blamed.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use tempfile::tempdir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::endspec;
use crate::serve::{Served, serve};

const CASES: &str = "end/session/malformed end/session/unknown end/effect/closes";
const LACKS: &str = "signatures,other-region,unsupported-region,denied-credential,restart,websocket";

/// The reference server, behind what ends with all its connections when it reads a word, and takes others again some time after.
struct Falling {
    behind: Served,
    url: String,
    falls: Arc<AtomicUsize>,
}

impl Falling {
    /// One that falls so many times at most.
    fn over(word: &'static str, most: usize) -> Falling {
        let behind = serve(&["--auth", "open"], 2);
        let back: SocketAddr = behind.url.trim_start_matches("http://").parse().expect("an address");
        let falls = Arc::<AtomicUsize>::default();
        let (told, count) = (falls.clone(), std::sync::mpsc::channel());
        let (tell, url) = count;
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let mut listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                let front = listener.local_addr().expect("an address");
                tell.send(format!("http://{front}")).expect("somebody asks");
                while told.load(Ordering::SeqCst) < most {
                    stand(listener, back, word).await;
                    told.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    listener = TcpListener::bind(front).await.expect("the port is free again");
                }
                stand(listener, back, "\0").await;
            });
        });
        Falling { behind, url: url.recv().expect("it listens"), falls }
    }

    fn falls(&self) -> usize {
        self.falls.load(Ordering::SeqCst)
    }
}

/// Carries connections until one brings the word.
async fn stand(listener: TcpListener, back: SocketAddr, word: &'static str) {
    let (fall, mut fallen) = watch::channel(());
    let fall = Arc::new(fall);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let (stream, _) = accepted.expect("a connection");
                connections.spawn(carry(stream, back, word, fall.clone()));
            }
            _ = fallen.changed() => return,
        }
    }
}

async fn carry(mut front: TcpStream, back: SocketAddr, word: &'static str, fall: Arc<watch::Sender<()>>) {
    let mut back = TcpStream::connect(back).await.expect("the server behind");
    let (mut asked, mut said) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        tokio::select! {
            count = front.read(&mut asked) => match count {
                Ok(count) if count > 0 => {
                    if asked[..count].windows(word.len()).any(|part| part == word.as_bytes()) {
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
    let target = Falling::over("Injected", usize::MAX);
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
    .says(&["broken:   MUST rpc/robust/no-5xx\n", "the target took no connection for a while "]);
    assert!(target.falls() >= 3, "{}", target.falls());
}

#[test]
fn a_campaign_finds_the_input_that_ends_a_target_and_goes_on() {
    let target = Falling::over("Injected", usize::MAX);
    let folder = tempdir().unwrap();
    let save = folder.path().display().to_string();
    let flags = ["--instance-id", "i-bp1endspec0000000001", "--without", LACKS];
    let campaign =
        ["fuzz", "--target", &target.url, "--seed", "1", "--cases", "400", "--clients", "8", "--max-findings", "1"];
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
    done.says(&["3 passed, 0 failed", "the target took no connection for a while 1 time", "verdict:  PASS"]);
    assert_eq!(target.falls(), 1);
}
