//! Small targets in this process: a server whose answers a test gives, counting what it is asked.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use endspec::wire::parameters;

/// A request, as far as tests look at it.
#[derive(Debug)]
pub struct Asked {
    /// Path and query.
    pub target: String,
    /// Header fields and body, as text.
    pub rest: String,
    body: String,
}

impl Asked {
    /// A parameter, wherever it stands.
    pub fn parameter(&self, name: &str) -> Option<String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        let given = [query, &self.body].into_iter().filter_map(|text| parameters::parse(text.as_bytes()).ok());
        given.flatten().find(|(other, _)| other == name).map(|(_, value)| value)
    }
}

/// An answer: status, media type, body.
pub type Answer = (u16, &'static str, String);

/// A server that listens until it is dropped.
pub struct Target {
    addr: SocketAddr,
    asked: Arc<AtomicUsize>,
    accepted: Arc<AtomicUsize>,
    ended: Arc<AtomicBool>,
}

impl Target {
    /// A server that answers as `answer` says.
    pub fn new(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Target {
        Target::after(0, answer)
    }

    /// A server that closes so many connections unread, and then answers as `answer` says.
    pub fn after(closed: usize, answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Target {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let addr = listener.local_addr().expect("an address");
        let (asked, accepted, ended) = (Arc::default(), Arc::default(), Arc::<AtomicBool>::default());
        let target = Target { addr, asked: Arc::clone(&asked), accepted: Arc::clone(&accepted), ended: ended.clone() };
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                if accepted.fetch_add(1, Ordering::SeqCst) < closed {
                    continue;
                }
                let (answer, asked) = (Arc::clone(&answer), Arc::clone(&asked));
                thread::spawn(move || serve(stream, &*answer, &asked));
            }
        });
        target
    }

    /// A file server that has nothing.
    pub fn files() -> Target {
        Target::new(|_| (404, "text/html", "<html><body><h1>404 Not Found</h1></body></html>".to_owned()))
    }

    /// A target that nobody may ask anything.
    pub fn untouched() -> Target {
        Target::files()
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Requests so far.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    /// Asserts that nobody even connected.
    #[track_caller]
    pub fn is_untouched(&self) {
        assert_eq!(self.accepted.load(Ordering::SeqCst), 0, "the target was connected to");
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.addr);
    }
}

/// Answers one connection until it ends; what is no HTTP ends it.
fn serve(stream: TcpStream, answer: &(dyn Fn(&Asked) -> Answer + Send + Sync), asked: &AtomicUsize) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader) {
        asked.fetch_add(1, Ordering::SeqCst);
        let (status, media, body) = answer(&request);
        let id = serde_json::from_str(&body).ok().and_then(|body: serde_json::Value| {
            Some(format!("x-acs-request-id: {}\r\n", body.get("RequestId")?.as_str()?))
        });
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-type: {media}\r\ncontent-length: {}\r\n{}\r\n",
            body.len(),
            id.unwrap_or_default()
        );
        if writer.write_all(format!("{head}{body}").as_bytes()).is_err() {
            return;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Asked> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length =
        head.to_ascii_lowercase().lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    let target = head.split(' ').nth(1)?.to_owned();
    let body = String::from_utf8_lossy(&body).into_owned();
    Some(Asked { target, rest: format!("{head}{body}"), body })
}

/// An answer with a RequestId of its own.
pub fn json(status: u16, members: &str) -> Answer {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let id = format!("00000000-0000-4000-8000-{:012X}", COUNT.fetch_add(1, Ordering::SeqCst));
    let comma = if members.is_empty() { "" } else { "," };
    (status, "application/json;charset=utf-8", format!("{{\"RequestId\":\"{id}\"{comma}{members}}}"))
}

/// An error envelope.
pub fn error(status: u16, code: &str, message: &str) -> Answer {
    json(status, &format!("\"Code\":\"{code}\",\"Message\":\"{message}\",\"HostId\":\"ecs.example\""))
}

/// Sessions of a target that speaks JSON, starts and ends sessions and checks neither regions nor signatures.
#[derive(Debug, Default)]
pub struct Sessions {
    /// Ids started.
    pub started: Mutex<BTreeSet<String>>,
    /// Ids not yet ended.
    pub open: Mutex<BTreeSet<String>>,
}

impl Sessions {
    /// What the target answers.
    pub fn answer(&self, asked: &Asked) -> Answer {
        let missing = |name: &str| {
            let message = format!(
                "The input parameter \\\"{name}\\\" that is mandatory for processing this request is not supplied."
            );
            error(400, "MissingParameter", &message)
        };
        let session = asked.parameter("SessionId");
        match (asked.parameter("Action").as_deref(), session) {
            (Some("StartTerminalSession"), _) => self.start(),
            (Some("EndTerminalSession"), _) if asked.parameter("RegionId").is_none() => missing("RegionId"),
            (Some("EndTerminalSession"), None) => missing("SessionId"),
            (Some("EndTerminalSession"), Some(id)) if self.open.lock().unwrap().remove(&id) => json(200, ""),
            (Some("EndTerminalSession"), Some(_)) => {
                error(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.")
            }
            _ => error(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method."),
        }
    }

    fn start(&self) -> Answer {
        let mut started = self.started.lock().unwrap();
        let id = format!("s-hz{:013}", started.len());
        started.insert(id.clone());
        self.open.lock().unwrap().insert(id.clone());
        json(
            200,
            &format!("\"SessionId\":\"{id}\",\"SecurityToken\":\"t\",\"WebSocketUrl\":\"ws://127.0.0.1:1/s?token=t\""),
        )
    }
}
