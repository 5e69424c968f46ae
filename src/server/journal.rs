//! What the server writes down so that another one can go on from there: lines of JSON, the latest of a session counts.
//!
//! A first line names the format. Each line after it is a session as it has become, or a nonce that was used. The server
//! knows no files: [`Keep`] is where the lines go, [`Saved`] what was read of them.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::model::{Changes, Model};
use super::nonces::{Nonces, Print};
use super::session::Session;
use crate::wire::encoding::hex;

/// The format that is written, and the newest that is read.
const VERSION: u64 = 1;
/// Bytes that may be appended to what a fresh writing takes, before everything is written afresh: as many again, and these.
const SLACK: usize = 1 << 20;
/// Most nonces that are written, the youngest ones: those of the last half hour at 140 calls a second.
const NONCES: usize = 250_000;
/// Most bytes that the whole can take, with every session that a server remembers at its largest.
pub const MOST_BYTES: u64 = 512 << 20;

/// Where the lines go.
pub trait Keep: Send {
    /// Adds whole lines; `durable` ones must outlive a crash of the machine from the return on, all others one of the
    /// process.
    ///
    /// # Errors
    /// Nothing else is asked of it after a failure, since nobody knows what it holds then.
    fn append(&mut self, lines: &str, durable: bool) -> io::Result<()>;

    /// Puts whole lines, durably, into the place of all that was kept: the old ones or the new ones are there at any time.
    ///
    /// # Errors
    /// As for [`Keep::append`].
    fn replace(&mut self, lines: &str) -> io::Result<()>;
}

/// One line.
#[expect(clippy::large_enum_variant, reason = "one at a time exists, and almost all are sessions")]
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
enum Line<'a> {
    /// The first one; `starts` counts the servers that wrote here, so that no two draw the same ids from one seed.
    EndspecState { version: u64, starts: u64 },
    /// Session `number` as it has become; whether anyone was connected.
    Session { number: u64, live: bool, session: Cow<'a, Session> },
    /// The fingerprint of a nonce, in hexadecimal digits, and until when (Unix seconds) it counts.
    Nonce { until: u64, print: String },
}

/// Lines that mean nothing, or not what they can mean.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Misread {
    /// Bytes of the text that are meant.
    pub at: Range<usize>,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    /// Whether a newer endspec wrote it.
    pub newer: bool,
}

/// What lines said.
#[derive(Debug, Default)]
pub struct Saved {
    pub(super) starts: u64,
    /// By number, each with whether anyone was connected.
    pub(super) sessions: BTreeMap<u64, (Session, bool)>,
    pub(super) nonces: Nonces,
}

impl Saved {
    /// Reads whole lines; none at all are those of a server that was never started.
    ///
    /// # Errors
    /// The first line that cannot have been written by a server that kept its promises.
    pub fn read(text: &str) -> Result<Saved, Misread> {
        let mut saved = Saved::default();
        let mut numbers = HashMap::new();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let at = start..start + line.trim_end_matches('\n').len();
            let wrong = |message: String| Misread { at: at.clone(), message, newer: false };
            if start == 0 {
                saved.starts = first(line).map_err(|(message, newer)| Misread { message, newer, at: at.clone() })?;
                start += line.len();
                continue;
            }
            let parsed = serde_json::from_str(&text[at.clone()]).map_err(|error| {
                let from = (at.start + error.column().saturating_sub(1)).min(at.end.saturating_sub(1)).max(at.start);
                // The place that the parser names is told by `at`.
                let message = error.to_string();
                let message = message.split(" at line ").next().unwrap_or("").to_owned();
                Misread { at: from..at.end, message, newer: false }
            })?;
            match parsed {
                Line::EndspecState { .. } => return Err(wrong("only the first line may say `endspec-state`".into())),
                Line::Nonce { until, print } => {
                    saved.nonces.restore(until, read_print(&print).ok_or_else(|| wrong("no fingerprint".into()))?);
                }
                Line::Session { number, live, session } => {
                    let session = session.into_owned();
                    if *numbers.entry(session.id.clone()).or_insert(number) != number {
                        return Err(wrong(format!("the id `{}` is issued a second time", session.id)));
                    }
                    if let Some((before, _)) = saved.sessions.get(&number) {
                        if before.id != session.id {
                            return Err(wrong(format!("session {number} was `{}` before", before.id)));
                        }
                        if before.ended.is_some() && before.ended != session.ended {
                            return Err(wrong(format!("session `{}` had ended before", session.id)));
                        }
                    }
                    if live && session.ended.is_some() {
                        return Err(wrong(format!("session `{}` has ended and is connected", session.id)));
                    }
                    saved.sessions.insert(number, (session, live));
                }
            }
            start += line.len();
        }
        Ok(saved)
    }
}

/// How many servers wrote here, or what is wrong with the first line, and whether it is that it is newer.
fn first(line: &str) -> Result<u64, (String, bool)> {
    let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
    match (value["endspec-state"]["version"].as_u64(), value["endspec-state"]["starts"].as_u64()) {
        (Some(version), _) if version > VERSION => {
            Err((format!("this is version {version} of the format, and {VERSION} the newest that is known"), true))
        }
        (Some(VERSION), Some(starts)) => Ok(starts),
        _ => Err(("this does not begin as the state of a reference server does".to_owned(), false)),
    }
}

/// A server's side of [`Keep`].
pub(super) struct Journal {
    keep: Box<dyn Keep>,
    starts: u64,
    /// Bytes of the last fresh writing, and those appended to it.
    fresh: usize,
    appended: usize,
    broken: bool,
}

impl Journal {
    /// Writes everything afresh, as a server that starts for the `starts`th time.
    pub(super) fn begin(keep: Box<dyn Keep>, starts: u64, model: &Model) -> io::Result<Journal> {
        let mut journal = Journal { keep, starts, fresh: 0, appended: 0, broken: false };
        journal.rewrite(model)?;
        Ok(journal)
    }

    /// Writes what changed, `model` being the state after it. After one failure every further call fails: what is kept
    /// then may lie behind what the state says, and nobody may be told of that.
    pub(super) fn write(&mut self, model: &Model, changes: &Changes) -> io::Result<()> {
        if self.broken {
            return Err(io::Error::other("the state could not be kept before"));
        }
        let mut lines = String::new();
        for (until, print) in &changes.nonces {
            push(&mut lines, &nonce(*until, print))?;
        }
        for (number, session) in changes.sessions.iter().filter_map(|n| Some((*n, model.session(*n)?))) {
            push(&mut lines, &Line::Session { number, live: session.is_live(), session: Cow::Borrowed(session) })?;
        }
        if lines.is_empty() {
            return Ok(());
        }
        self.appended += lines.len();
        let written = if self.appended > self.fresh + SLACK {
            self.rewrite(model)
        } else {
            self.keep.append(&lines, changes.durable)
        };
        self.broken = written.is_err();
        written
    }

    fn rewrite(&mut self, model: &Model) -> io::Result<()> {
        let mut lines = String::new();
        push(&mut lines, &Line::EndspecState { version: VERSION, starts: self.starts })?;
        for (until, print) in model.nonces.youngest(NONCES) {
            push(&mut lines, &nonce(*until, print))?;
        }
        for (number, session) in model.all() {
            push(&mut lines, &Line::Session { number, live: session.is_live(), session: Cow::Borrowed(session) })?;
        }
        self.keep.replace(&lines)?;
        (self.fresh, self.appended) = (lines.len(), 0);
        Ok(())
    }
}

fn push(lines: &mut String, line: &Line<'_>) -> io::Result<()> {
    lines.push_str(&serde_json::to_string(line)?);
    lines.push('\n');
    Ok(())
}

fn nonce(until: u64, print: &Print) -> Line<'static> {
    Line::Nonce { until, print: hex(print) }
}

fn read_print(text: &str) -> Option<Print> {
    let mut print = Print::default();
    if text.len() != 2 * print.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    for (at, byte) in print.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * at..2 * at + 2)?, 16).ok()?;
    }
    Some(print)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::clock::Moment;
    use crate::http::{Headers, Request};
    use crate::seed::Seed;
    use crate::server::Server;
    use crate::server::calls::{NOW, end, get, is, open, verdict};
    use crate::server::settings::{Auth, INSTANCE_ID, Limits, REGION_ID, Settings};
    use crate::server::terminal::Handshake;

    /// What was kept, the number of durable writings and of fresh ones; whether writing fails.
    #[derive(Default)]
    struct Paper {
        text: String,
        durable: usize,
        fresh: usize,
        full: bool,
    }

    #[derive(Clone, Default)]
    struct Desk(Arc<Mutex<Paper>>);

    impl Keep for Desk {
        fn append(&mut self, lines: &str, durable: bool) -> io::Result<()> {
            let mut paper = self.0.lock().unwrap();
            paper.durable += usize::from(durable);
            if paper.full {
                return Err(io::ErrorKind::StorageFull.into());
            }
            paper.text.push_str(lines);
            Ok(())
        }

        fn replace(&mut self, lines: &str) -> io::Result<()> {
            let mut paper = self.0.lock().unwrap();
            paper.fresh += 1;
            paper.text = lines.to_owned();
            Ok(())
        }
    }

    impl Desk {
        fn text(&self) -> String {
            self.0.lock().unwrap().text.clone()
        }

        fn durable(&self) -> usize {
            self.0.lock().unwrap().durable
        }

        /// A server that goes on with what lies here, `later` seconds after the calls of the last one.
        fn server(&self, later: u64, limits: Limits) -> Server {
            let settings = Settings { auth: Auth::Open, limits, ..Settings::default() };
            let saved = Saved::read(&self.text()).unwrap();
            Server::resume(settings, Seed(1), saved, Box::new(self.clone()), NOW + later, Moment(0)).unwrap()
        }
    }

    fn status(server: &Server, session: &str) -> String {
        let query = format!("Action=DescribeTerminalSessions&RegionId={REGION_ID}&SessionId={session}");
        get(server, &query).1["Sessions"]["Session"][0]["Connections"]["Connection"][0]["Status"]
            .as_str()
            .unwrap()
            .into()
    }

    fn start(server: &Server, more: &str) -> (String, String) {
        let query = format!("Action=StartTerminalSession&RegionId={REGION_ID}&InstanceId.1={INSTANCE_ID}{more}");
        let (_, body) = get(server, &query);
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        (text("SessionId"), text("WebSocketUrl").replace("ws://localhost:8080", ""))
    }

    fn connect(server: &Server, url: &str, at: u64) -> Handshake {
        let request =
            Request { method: "GET".to_owned(), target: url.to_owned(), headers: Headers::new(), body: Vec::new() };
        server.connect(&request, NOW + at, Moment(at * 1_000_000))
    }

    fn took(handshake: &Handshake) -> bool {
        matches!(handshake, Handshake::Accepted(_))
    }

    #[test]
    fn ended_sessions_stay_ended_and_open_ones_are_usable_under_the_next_server() {
        let desk = Desk::default();
        let server = desk.server(0, Limits::default());
        let (ended, ended_url) = start(&server, "");
        let (opened, opened_url) = start(&server, "&ClientToken=t&Username=%00%C3%A9");
        is(end(&server, REGION_ID, &ended), 200, "", "end");
        assert_eq!(desk.durable(), 3);
        drop(server);
        for restart in 0..3 {
            let server = desk.server(restart, Limits::default());
            is(end(&server, REGION_ID, &ended), 404, "InvalidSessionId.NotFound", "ended before");
            assert_eq!((&*status(&server, &ended), &*status(&server, &opened)), ("Terminated", "Connecting"));
            assert!(!took(&connect(&server, &ended_url, restart)));
            assert_eq!(start(&server, "&ClientToken=t&Username=%00%C3%A9"), (opened.clone(), opened_url.clone()));
        }
        let server = desk.server(3, Limits::default());
        assert!(took(&connect(&server, &opened_url, 3)));
        is(end(&server, REGION_ID, &opened), 200, "", "open until now");
    }

    #[test]
    fn servers_of_one_seed_and_one_second_issue_no_id_twice() {
        let desk = Desk::default();
        let mut ids = Vec::new();
        for _ in 0..5 {
            let server = desk.server(0, Limits { remembered_sessions: 2, ..Limits::default() });
            for _ in 0..3 {
                let id = open(&server);
                end(&server, REGION_ID, &id);
                let (_, body) = get(&server, "Action=X");
                ids.extend([id, body["RequestId"].to_string()]);
            }
        }
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn a_url_lapses_as_it_would_have_without_the_restart() {
        let desk = Desk::default();
        let (untouched, untouched_url) = start(&desk.server(0, Limits::default()), "");
        let server = desk.server(0, Limits::default());
        let (visited, visited_url) = start(&server, "");
        let visit = connect(&server, &visited_url, 300);
        assert!(took(&visit));
        // A server that is killed says no goodbye.
        let killed = desk.text();
        drop(visit);
        desk.0.lock().unwrap().text = killed;
        let server = desk.server(500, Limits::default());
        assert_eq!((&*status(&server, &untouched), &*status(&server, &visited)), ("Connecting", "Terminated"));
        assert!(took(&connect(&server, &untouched_url, 100)), "600 seconds since its start");
        drop(server);
        let server = desk.server(1101, Limits::default());
        assert!(!took(&connect(&server, &visited_url, 0)), "601 seconds since the restart ended its connection");
    }

    #[test]
    fn used_nonces_stay_used() {
        let kept = std::time::Duration::from_secs(60);
        let mut model = Model::default();
        assert!(model.nonces.note("key", "n", kept, NOW));
        let desk = Desk::default();
        let mut journal = Journal::begin(Box::new(desk.clone()), 1, &Model::default()).unwrap();
        let changes = model.take_changes();
        journal.write(&model, &changes).unwrap();
        for text in [desk.text(), {
            journal.rewrite(&model).unwrap();
            desk.text()
        }] {
            let mut saved = Saved::read(&text).unwrap();
            assert!(!saved.nonces.note("key", "n", kept, NOW + 60));
            assert!(saved.nonces.note("key", "n", kept, NOW + 61));
        }
    }

    #[test]
    fn nothing_is_answered_that_was_not_kept() {
        let desk = Desk::default();
        let server = desk.server(0, Limits::default());
        let (session, url) = start(&server, "");
        desk.0.lock().unwrap().full = true;
        is(end(&server, REGION_ID, &session), 503, "ServiceUnavailable", "not kept");
        desk.0.lock().unwrap().full = false;
        is(end(&server, REGION_ID, &session), 503, "ServiceUnavailable", "what is kept lies behind");
        is(
            verdict(&server, &format!("Action=DescribeTerminalSessions&RegionId={REGION_ID}")),
            503,
            "ServiceUnavailable",
            "",
        );
        assert!(!took(&connect(&server, &url, 1)));
        let server = desk.server(1, Limits::default());
        is(end(&server, REGION_ID, &session), 200, "", "nobody was told that it had ended");
    }

    #[test]
    fn what_is_kept_is_written_afresh_before_it_grows_without_bound() {
        let desk = Desk::default();
        let server = desk.server(0, Limits { remembered_sessions: 10, ..Limits::default() });
        let mut largest = 0;
        for _ in 0..3_000 {
            let (id, _) = start(&server, &format!("&Username={}", "%00".repeat(128)));
            end(&server, REGION_ID, &id);
            largest = largest.max(desk.text().len());
        }
        assert!(desk.0.lock().unwrap().fresh > 2);
        assert!(largest < SLACK + (100 << 10), "{largest}");
        assert_eq!(Saved::read(&desk.text()).unwrap().starts, 1);
    }

    #[test]
    fn lines_that_no_server_writes_are_shown_at_their_place() {
        const FIRST: &str = r#"{"endspec-state":{"version":1,"starts":1}}"#;
        let desk = Desk::default();
        let server = desk.server(0, Limits::default());
        let id = open(&server);
        end(&server, REGION_ID, &id);
        let text = desk.text();
        let lines: Vec<&str> = text.lines().collect();
        let [_, opened, ended] = lines[..] else { panic!("{text}") };
        let other = opened.replace(&id, "s-hz0other");
        let silent = opened.replace("\"ended\":null,", "");
        let second = opened.replace("\"number\":0", "\"number\":1");
        let alive = ended.replace("\"live\":false", "\"live\":true");
        let rows = [
            ("no first line", vec![opened], 1, "this does not begin"),
            ("another file", vec!["# Readme", ""], 1, "this does not begin"),
            ("newer", vec![r#"{"endspec-state":{"version":2,"what":1}}"#], 1, "this is version 2"),
            ("no starts", vec![r#"{"endspec-state":{"version":1}}"#], 1, "this does not begin"),
            ("cut", vec![FIRST, &opened[..40], ended], 2, "EOF while parsing"),
            ("empty", vec![FIRST, "", ended], 2, "EOF while parsing"),
            ("unknown member", vec![FIRST, r#"{"nonce":{"until":1,"print":"","x":1}}"#], 2, "unknown field `x`"),
            ("unknown line", vec![FIRST, r#"{"x":1}"#], 2, "unknown variant `x`"),
            ("print", vec![FIRST, r#"{"nonce":{"until":1,"print":"00"}}"#], 2, "no fingerprint"),
            ("no word of its end", vec![FIRST, &silent], 2, "missing field `ended`"),
            ("reopened", vec![FIRST, opened, ended, opened], 4, "session `s-"),
            ("renamed", vec![FIRST, opened, &other], 3, "session 0 was `s-"),
            ("same id", vec![FIRST, opened, &second], 3, "the id `s-"),
            ("alive", vec![FIRST, &alive], 2, "session `s-"),
            ("first line twice", vec![FIRST, opened, FIRST], 3, "only the first line"),
        ];
        for (name, lines, line, message) in rows {
            let text = lines.join("\n") + "\n";
            let wrong = Saved::read(&text).expect_err(name);
            assert!(wrong.message.starts_with(message) && wrong.at.end < text.len(), "{name}: {wrong:?}");
            assert_eq!(
                (text[..wrong.at.start].matches('\n').count() + 1, wrong.newer),
                (line, name == "newer"),
                "{name}"
            );
        }
        assert_eq!(Saved::read("").unwrap().starts, 0);
    }
}
