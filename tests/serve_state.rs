//! `endspec serve --state FILE`: what holds after the server was killed and started again with its file.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use endspec::clock::{self, Clock};
use endspec::http::{Headers, Request};
use endspec::seed::Seed;
use endspec::server::settings::{ACCESS_KEY_ID, ACCESS_KEY_SECRET, INSTANCE_ID, REGION_ID};
use endspec::wire::{Call, Credential, Encoding, Format, Order, Placement, Scheme, Stamp, WireForm, call};
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite::{Error, Message};

/// The program as a user runs it: nothing is taken from the environment of the tests.
fn endspec(state: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_endspec"));
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("ENDSPEC_")) {
        command.env_remove(name);
    }
    command.args(["serve", "--listen", "127.0.0.1:0", "--seed", "7", "--state"]).arg(state);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// A server of its own process, killed when it is dropped.
struct Serving {
    child: Child,
    stderr: BufReader<ChildStderr>,
    authority: String,
}

impl Serving {
    fn start(state: &Path, more: &[&str]) -> Serving {
        let mut child = endspec(state).args(more).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        // The pipe stays with the child, which must be able to write on.
        let mut stdout = BufReader::new(child.stdout.as_mut().unwrap());
        stdout.read_line(&mut line).unwrap();
        let authority = line.trim().strip_prefix("listening http://").unwrap_or_else(|| panic!("{line:?}")).to_owned();
        Serving { child, stderr, authority }
    }

    /// Ends it as no program can prevent; what it said on standard error.
    fn kill(mut self) -> String {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let mut text = String::new();
        self.stderr.read_to_string(&mut text).unwrap();
        text
    }

    async fn send(&self, request: &Request) -> (u16, Value) {
        send(&self.authority, request).await.unwrap()
    }

    fn signed(&self, action: &str, parameters: &[(&str, &str)]) -> Request {
        let region = [("RegionId", REGION_ID)];
        let parameters = region.iter().chain(parameters);
        let call = Call {
            action: Some(action.to_owned()),
            version: Some("2014-05-26".to_owned()),
            parameters: parameters.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            headers: Headers::new(),
        };
        let form = WireForm {
            placement: Placement::PostQuery,
            format: Some(Format::Json),
            scheme: Scheme::V1,
            order: Order::AsGiven,
            encoding: Encoding::Strict,
        };
        let timestamp = clock::timestamp(Clock::system().unix_seconds());
        let stamp = Stamp { timestamp, nonce: Seed::fresh().to_string() };
        let credential = Credential::new(ACCESS_KEY_ID, ACCESS_KEY_SECRET);
        call::encode(&call, form, &self.authority, "/", Some(&credential), &stamp)
    }

    /// Starts a session: its id, and its URL without scheme and authority, which a restart changes.
    async fn open(&self) -> (String, String) {
        let (status, body) = self.send(&self.signed("StartTerminalSession", &[("InstanceId.1", INSTANCE_ID)])).await;
        assert_eq!(status, 200, "{body}");
        let url = body["WebSocketUrl"].as_str().unwrap().split_once("/session").unwrap().1.to_owned();
        (body["SessionId"].as_str().unwrap().to_owned(), url)
    }

    /// Status and `Code` of an End.
    async fn end(&self, session: &str) -> (u16, String) {
        let (status, body) = self.send(&self.signed("EndTerminalSession", &[("SessionId", session)])).await;
        (status, body["Code"].as_str().unwrap_or("").to_owned())
    }

    /// Whether the URL leads to a terminal that says something.
    async fn usable(&self, url: &str) -> bool {
        match tokio_tungstenite::client_async(
            format!("ws://{}/session{url}", self.authority),
            tokio::net::TcpStream::connect(&self.authority).await.unwrap(),
        )
        .await
        {
            Ok((mut socket, _)) => matches!(socket.next().await, Some(Ok(Message::Binary(_)))),
            Err(Error::Http(_)) => false,
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn send(authority: &str, request: &Request) -> reqwest::Result<(u16, Value)> {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build()?;
    let url = format!("http://{authority}{}", request.target);
    let mut builder = client.request(request.method.parse().unwrap(), url).body(request.body.clone());
    for (name, value) in request.headers.iter() {
        builder = builder.header(name, value);
    }
    let response = builder.send().await?;
    let status = response.status().as_u16();
    Ok((status, serde_json::from_slice(&response.bytes().await?).unwrap()))
}

/// A folder and a file in it that does not exist yet.
fn state() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state.jsonl");
    (folder, file)
}

fn refused(state: &Path) -> (Option<i32>, String) {
    let Output { status, stderr, .. } = endspec(state).output().unwrap();
    (status.code(), String::from_utf8(stderr).unwrap())
}

fn gone() -> (u16, String) {
    (404, "InvalidSessionId.NotFound".to_owned())
}

fn done() -> (u16, String) {
    (200, String::new())
}

#[tokio::test]
async fn sessions_survive_a_kill_as_they_were() {
    let (_folder, file) = state();
    let server = Serving::start(&file, &[]);
    let (ended, ended_url) = server.open().await;
    let (first, first_url) = server.open().await;
    let (second, second_url) = server.open().await;
    assert!(server.usable(&second_url).await);
    assert_eq!(server.end(&ended).await, done());
    let mut ids = BTreeSet::from([ended.clone(), first.clone(), second.clone()]);
    assert_eq!(server.kill(), "");

    let server = Serving::start(&file, &[]);
    assert_eq!(server.end(&ended).await, gone());
    assert_eq!(
        (server.usable(&ended_url).await, server.usable(&first_url).await, server.usable(&second_url).await),
        (false, true, true)
    );
    assert_eq!(server.end(&first).await, done());
    ids.insert(server.open().await.0);
    server.kill();

    let server = Serving::start(&file, &[]);
    assert_eq!((server.end(&first).await, server.end(&second).await), (gone(), done()));
    for _ in 0..20 {
        ids.insert(server.open().await.0);
    }
    assert_eq!(ids.len(), 24, "no id was issued again, though the seed is the same");
}

#[tokio::test]
async fn whatever_was_answered_when_the_kill_came_in_the_midst_of_others_is_kept() {
    let (_folder, file) = state();
    let server = Serving::start(&file, &[]);
    let mut sessions = Vec::new();
    for _ in 0..30 {
        sessions.push(server.open().await.0);
    }
    let mut ends = JoinSet::new();
    for session in sessions.clone() {
        let request = server.signed("EndTerminalSession", &[("SessionId", &session)]);
        let authority = server.authority.clone();
        ends.spawn(async move { (session, send(&authority, &request).await) });
    }
    let mut ended = BTreeSet::new();
    let mut server = Some(server);
    while let Some(end) = ends.join_next().await {
        // One that the kill cut off has an unknown effect.
        if let (session, Ok((status, body))) = end.unwrap() {
            assert_eq!(status, 200, "{body}");
            ended.insert(session);
        }
        if ended.len() == 10 {
            server.take().map(Serving::kill);
        }
    }
    let server = Serving::start(&file, &[]);
    for session in &sessions {
        let answer = server.end(session).await;
        assert!(answer == gone() || (answer == done() && !ended.contains(session)), "{session}: {answer:?}");
    }
}

#[tokio::test]
async fn a_request_cannot_be_replayed_across_a_kill() {
    let (_folder, file) = state();
    let server = Serving::start(&file, &[]);
    let request = server.signed("DescribeTerminalSessions", &[]);
    assert_eq!(server.send(&request).await.0, 200);
    server.kill();
    let server = Serving::start(&file, &[]);
    let (status, body) = server.send(&request).await;
    assert_eq!((status, &body["Code"]), (400, &"SignatureNonceUsed".into()));
}

#[tokio::test]
async fn a_last_line_that_a_crash_cut_short_is_left_out_and_said_so() {
    let (_folder, file) = state();
    let server = Serving::start(&file, &[]);
    let (kept, _) = server.open().await;
    let (cut, _) = server.open().await;
    server.kill();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, &text[..text.len() - 20]).unwrap();
    let server = Serving::start(&file, &[]);
    assert_eq!((server.end(&cut).await, server.end(&kept).await), (gone(), done()));
    let said = server.kill();
    assert!(said.starts_with("endspec: the last line of ") && said.lines().count() == 1, "{said}");
    let server = Serving::start(&file, &[]);
    assert_eq!(server.end(&kept).await, gone());
    assert_eq!(server.kill(), "", "it was left out for good");
}

#[tokio::test]
async fn a_file_that_is_no_state_ends_2_at_its_line_and_stays_as_it_is() {
    let (_folder, file) = state();
    let server = Serving::start(&file, &[]);
    let (_, url) = server.open().await;
    server.open().await;
    server.kill();
    let text = fs::read_to_string(&file).unwrap();
    let newer = text.replacen("\"version\":1", "\"version\":2", 1);
    let token = url.rsplit('=').next().unwrap();
    let rows = [
        ("a session's line", text.replacen("\"live\":false", "\"live\":maybe", 1), "state-corrupt", ":3:"),
        ("another file", "# Readme\n\nhello\n".to_owned(), "state-corrupt", ":1:1"),
        ("a newer format", newer, "state-newer", ":1:1"),
        ("no line", "hello".to_owned(), "file-no-lines", "no whole line"),
    ];
    assert!(text.lines().nth(2).unwrap().contains(token), "header, nonce, session: {text}");
    for (name, text, code, place) in rows {
        fs::write(&file, &text).unwrap();
        let (exit, said) = refused(&file);
        assert_eq!(exit, Some(2), "{name}: {said}");
        assert!(said.contains(&format!("error[{code}]")) && said.contains(place), "{name}: {said}");
        assert!(!said.contains(token), "{name}: {said}");
        assert_eq!(fs::read_to_string(&file).unwrap(), text, "{name}");
    }
}

#[tokio::test]
async fn two_servers_do_not_share_a_file() {
    let (_folder, file) = state();
    let server = Serving::start(&file, &["--auth", "open"]);
    let (exit, said) = refused(&file);
    assert!(exit == Some(2) && said.contains("error[file-in-use]"), "{said}");
    server.open().await;
}
