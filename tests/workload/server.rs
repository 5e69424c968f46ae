//! A small server of sessions, right or with one fault, over loopback sockets: Start and End, JSON alone, unsigned.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use endspec::wire::parameters;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What is wrong with the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// An End that is being carried out lets further ones for the session pass its check.
    CheckThenAct,
    /// An End ends the oldest other session as well.
    EndsAnother,
    /// A Start opens the session again that was ended last.
    Reopens,
    /// Every third Start gives out the id of the Start before it.
    IdTwice,
    /// A Start after an End gives out the id of the ended session.
    IdAgain,
    /// Every fourth End has its effect and no answer: the connection is cut.
    LosesAnswers,
    /// Every second request is throttled.
    Throttles,
}

#[derive(Debug, Default)]
struct State {
    /// By id, and whether it is open.
    sessions: BTreeMap<String, bool>,
    /// How many Ends were sent for each.
    asked: BTreeMap<String, usize>,
    first_ended: Option<String>,
    last_ended: Option<String>,
    given_again: bool,
    starts: usize,
    requests: usize,
    ends: usize,
}

impl State {
    fn end(&mut self, id: &str, fault: Fault) {
        self.sessions.insert(id.to_owned(), false);
        // The first one issued is everybody's: while it ends, others are still being started.
        if !id.ends_with("01") {
            self.first_ended.get_or_insert_with(|| id.to_owned());
        }
        self.last_ended = Some(id.to_owned());
        if fault == Fault::EndsAnother
            && let Some(open) = self.sessions.values_mut().find(|open| **open)
        {
            *open = false;
        }
    }

    fn start(&mut self, fault: Fault) -> String {
        self.starts += 1;
        let mut id = format!("s-hz{:014x}", self.starts);
        // That whose End is surely answered by now.
        let again = self.first_ended.clone().filter(|_| fault == Fault::IdAgain && !self.given_again);
        if let Some(ended) = again {
            (id, self.given_again) = (ended, true);
        }
        match (fault, &self.last_ended) {
            (Fault::Reopens, Some(ended)) => {
                self.sessions.insert(ended.clone(), true);
            }
            (Fault::IdTwice, _) if self.starts.is_multiple_of(3) => id = format!("s-hz{:014x}", self.starts - 1),
            _ => {}
        }
        self.sessions.insert(id.clone(), true);
        id
    }
}

type Shared = Arc<Mutex<State>>;

/// A server on a free port; it ends with the value.
pub struct Running {
    pub url: String,
    task: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub async fn serve(fault: Fault) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let state = Shared::default();
    let task = tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(stream, state.clone(), fault));
        }
    });
    Running { url, task }
}

async fn connection(mut stream: TcpStream, state: Shared, fault: Fault) {
    while let Some(text) = read(&mut stream).await {
        let Some(answer) = answer(&text, &state, fault).await else { return };
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// The query and the body of one request, as one text of parameters.
async fn read(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let target = head.split(' ').nth(1)?;
    let lower = head.to_ascii_lowercase();
    let length = lower.split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    let mut text = target.split_once('?').map_or(Vec::new(), |(_, query)| query.as_bytes().to_vec());
    text.push(b'&');
    text.extend(body);
    Some(text)
}

async fn answer(text: &[u8], state: &Shared, fault: Fault) -> Option<String> {
    let given = parameters::parse(text).ok()?;
    let value = |name: &str| parameters::first(&given, name).unwrap_or("").to_owned();
    let requests = {
        let mut state = state.lock().unwrap();
        state.requests += 1;
        state.requests
    };
    if fault == Fault::Throttles && requests.is_multiple_of(2) {
        return Some(written(requests, 400, Some("Throttling.User"), ""));
    }
    match value("Action").as_str() {
        "StartTerminalSession" => {
            let id = state.lock().unwrap().start(fault);
            let rest = format!(r#","SessionId":"{id}","SecurityToken":"t","WebSocketUrl":"ws://127.0.0.1:9/{id}""#);
            Some(written(requests, 200, None, &rest))
        }
        "EndTerminalSession" => end(&value("SessionId"), state, fault)
            .await
            .map(|ended| if ended { written(requests, 200, None, "") } else { not_found(requests) }),
        _ => Some(not_found(requests)),
    }
}

/// Whether the session was open; `None` where nobody is told.
async fn end(id: &str, state: &Shared, fault: Fault) -> Option<bool> {
    let is_open = || state.lock().unwrap().sessions.get(id) == Some(&true);
    let open = is_open();
    *state.lock().unwrap().asked.entry(id.to_owned()).or_default() += 1;
    if fault == Fault::CheckThenAct && open {
        // Another End for it comes in between, where one is on its way.
        for _ in 0..2_000 {
            if state.lock().unwrap().asked.get(id).is_some_and(|asked| *asked > 1) {
                break;
            }
            tokio::task::yield_now().await;
        }
    }
    let mut state = state.lock().unwrap();
    if open {
        state.end(id, fault);
    }
    state.ends += 1;
    (fault != Fault::LosesAnswers || !state.ends.is_multiple_of(4)).then_some(open)
}

fn not_found(number: usize) -> String {
    written(number, 404, Some("InvalidSessionId.NotFound"), "")
}

/// An answer as the gateway writes them.
fn written(number: usize, status: u16, code: Option<&str>, rest: &str) -> String {
    let id = format!("473469C7-AA6F-4DC5-B3DB-{number:012X}");
    let mut body = format!(r#"{{"RequestId":"{id}""#);
    if let Some(code) = code {
        let message = if status == 404 { "The specified SessionId does not exist." } else { "m" };
        let _ = write!(body, r#","HostId":"h","Code":"{code}","Message":"{message}""#);
    }
    body.push_str(rest);
    body.push('}');
    let length = body.len();
    format!(
        "HTTP/1.1 {status} x\r\ncontent-type: application/json;charset=utf-8\r\nx-acs-request-id: {id}\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}
