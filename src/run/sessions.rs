//! Sessions of a run: opened for a case, handed out once, ended afterwards; what could not be ended is listed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::io::AsyncReadExt;
use tokio::sync::Semaphore;

use super::expand::ordinary;
use super::preflight;
use super::send::{Bed, Way, call, end_call};
use super::target::Availability;
use crate::check::Seen;
use crate::check::history::{Event, Record, Role};
use crate::check::seen::printable;
use crate::clock::Moment;
use crate::http::{Cause, CauseKind, Exchange, Lane, Reply};
use crate::limits;
use crate::seed::Stream;

/// Where sessions come from.
#[derive(Debug)]
pub enum SessionSource {
    /// StartTerminalSession on the target's instance.
    Start,
    /// A command of the user's, run by `sh -c`, that prints one JSON object.
    Command(String),
    /// Ids that the user supplied, each used once.
    Pool(Mutex<VecDeque<String>>),
}

impl SessionSource {
    /// Whether sessions can be had.
    pub(super) fn available(&self, instance: bool, lacks_start: bool) -> Availability {
        match self {
            SessionSource::Start if lacks_start => Availability::Unknown(
                "sessions come from StartTerminalSession, which the target is declared to lack: give `--sessions command` \
                 or `--sessions pool`, or declare `--without sessions`"
                    .to_owned(),
            ),
            SessionSource::Start if !instance => Availability::Unknown(
                "StartTerminalSession needs an instance: name one with `--instance-id ID`, or declare `--without sessions`"
                    .to_owned(),
            ),
            _ => Availability::Has,
        }
    }
}

/// One open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SessionId.
    pub id: String,
    /// SecurityToken, where it has one.
    pub token: Option<String>,
    /// WebSocketUrl, where it has one.
    pub url: Option<String>,
    /// The region it was opened in.
    pub region: String,
    /// When it was known to be open.
    pub since: Moment,
}

impl Session {
    /// The session, where its texts are short enough to be used.
    fn bounded(self) -> Result<Session, String> {
        let texts = [
            ("SessionId", Some(&self.id)),
            ("SecurityToken", self.token.as_ref()),
            ("WebSocketUrl", self.url.as_ref()),
        ];
        let long = texts.into_iter().find_map(|(name, text)| {
            let bytes = text.map_or(0, String::len);
            (bytes > limits::SESSION_TEXT_BYTES)
                .then(|| format!("a {name} of {bytes} bytes, longer than any that is used"))
        });
        long.map_or(Ok(self), Err)
    }
}

/// The sessions of a run.
#[derive(Debug)]
pub struct Sessions {
    places: Semaphore,
    open: Mutex<BTreeMap<String, Session>>,
    issued: Mutex<BTreeSet<String>>,
    /// When an End that was answered with success was sent, and when answered, by the id that it named.
    ended: Mutex<BTreeMap<String, (Moment, Moment)>>,
    /// Sessions about to be opened.
    coming: AtomicUsize,
    /// Regions in which the user's command has started a session that was open.
    proved: Mutex<BTreeSet<String>>,
}

impl Default for Sessions {
    fn default() -> Sessions {
        Sessions {
            places: Semaphore::new(limits::OPEN_SESSIONS),
            open: Mutex::default(),
            issued: Mutex::default(),
            ended: Mutex::default(),
            coming: AtomicUsize::new(0),
            proved: Mutex::default(),
        }
    }
}

/// The right to have some sessions open.
pub type Places<'a> = tokio::sync::SemaphorePermit<'a>;

impl Sessions {
    /// Waits until `count` sessions may be opened; a case takes all its places at once, so that cases never wait for
    /// each other in a circle.
    pub async fn places(&self, count: usize) -> Places<'_> {
        let places = self.places.acquire_many(at_most(count)).await;
        places.unwrap_or_else(|_| unreachable!("the semaphore is never closed"))
    }

    /// As [`Sessions::places`], where there is nothing to wait for.
    pub fn places_now(&self, count: usize) -> Option<Places<'_>> {
        self.places.try_acquire_many(at_most(count)).ok()
    }

    /// Takes room for one more session; `None` while as many are open as may be (CONTRACT.md, rules for judging). Cases
    /// have places for all that they say they open, and what sends without end finds no more room.
    pub(super) fn room(&self) -> Option<Room<'_>> {
        let open = lock(&self.open);
        let room = open.len() + self.coming.load(Ordering::SeqCst) < limits::OPEN_SESSIONS;
        // Under the lock, so that two cannot take the last room.
        room.then(|| {
            self.coming.fetch_add(1, Ordering::SeqCst);
            Room(&self.coming)
        })
    }

    /// Notes that a session was opened.
    pub(super) fn opened(&self, session: &Session) {
        lock(&self.issued).insert(session.id.clone());
        lock(&self.ended).remove(&session.id);
        lock(&self.open).insert(session.id.clone(), session.clone());
    }

    /// Notes that an End of `id` in `region` was answered with success. In another region than the session's that is a
    /// breach, and the session may still be open.
    pub fn ended(&self, id: &str, region: &str, end: &Exchange) {
        let mut open = lock(&self.open);
        if open.get(id).is_some_and(|session| session.region == region) {
            open.remove(id);
            lock(&self.ended).insert(id.to_owned(), (end.sent, end.done));
        }
    }

    /// Notes that the target no longer knows a session.
    pub(super) fn gone(&self, id: &str) {
        lock(&self.open).remove(id);
    }

    /// When a session was known to be ended, where it was.
    pub fn ended_at(&self, id: &str) -> Option<Moment> {
        lock(&self.ended).get(id).map(|(_, done)| *done)
    }

    /// Whether an End that was sent before that moment has ended a session.
    pub(super) fn was_ended_by(&self, id: &str, at: Moment) -> bool {
        lock(&self.ended).get(id).is_some_and(|(sent, _)| *sent <= at)
    }

    /// Whether a session that the run opened is not known to be ended.
    pub fn is_open(&self, id: &str) -> bool {
        lock(&self.open).contains_key(id)
    }

    /// Every id that was issued to the run: what resembles one may be another.
    pub fn issued(&self) -> Vec<String> {
        lock(&self.issued).iter().cloned().collect()
    }

    /// Sessions not known to be ended.
    pub fn left(&self) -> Vec<Session> {
        lock(&self.open).values().cloned().collect()
    }
}

/// What a case that opens more sessions than may be open takes.
fn at_most(count: usize) -> u32 {
    u32::try_from(count.min(limits::OPEN_SESSIONS)).unwrap_or(1)
}

/// Room for one session that is about to be opened.
pub(super) struct Room<'a>(&'a AtomicUsize);

impl Drop for Room<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What is said where a target has none.
pub(super) fn too_many() -> String {
    "StartTerminalSession opened no session: the target has too many open ones".to_owned()
}

/// What is said where there is no room.
pub(super) fn full() -> String {
    format!("{} sessions are open, the most at a time: end some of them before", limits::OPEN_SESSIONS)
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A case that panicked cannot leave a map of ids half-written.
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Opens a session in `region`; what was sent for it goes to `history`.
///
/// # Errors
/// Why there is none, in words: a case that needs it could not be tested.
pub async fn open(bed: &Bed, region: &str, stream: &mut Stream, history: &mut Vec<Record>) -> Result<Session, String> {
    let room = bed.sessions.room().ok_or_else(full)?;
    let session = match &bed.target.sessions {
        SessionSource::Start => start(bed, region, stream, history).await,
        SessionSource::Command(command) => {
            bed.present().await;
            Box::pin(by_command(bed, command, region)).await
        }
        SessionSource::Pool(ids) => match next(ids) {
            None => Err("the session ids supplied are used up: give more with `--session-id`".to_owned()),
            Some(id) if Box::pin(preflight::lists(bed, &id, region, stream, history)).await == Some(false) => {
                Err(format!("`--session-id {}` {}", printable(&id, 80), unlisted(region)))
            }
            Some(id) => Ok(Session { id, token: None, url: None, region: region.to_owned(), since: bed.clock.now() }),
        },
    }?;
    bed.sessions.opened(&session);
    drop(room);
    // A first End may come too early for an endpoint that settles late (CONTRACT.md, rules for judging).
    bed.rest(bed.target.settle).await;
    match &bed.target.sessions {
        SessionSource::Command(command) if !lock(&bed.sessions.proved).contains(region) => {
            Box::pin(proved(bed, command, session, stream, history)).await
        }
        _ => Ok(session),
    }
}

/// A session of a command that was right in this region: Describe lists what it started, or else End ends it, which takes
/// another in its place. What neither knows is a matter of set-up.
async fn proved(
    bed: &Bed,
    command: &str,
    session: Session,
    stream: &mut Stream,
    history: &mut Vec<Record>,
) -> Result<Session, String> {
    let Session { id, region, .. } = &session;
    let prove = || lock(&bed.sessions.proved).insert(region.clone());
    if preflight::lists(bed, id, region, stream, history).await == Some(true) {
        prove();
        return Ok(session);
    }
    let call = end_call(region, id);
    let (exchange, _) = bed.call(&call, ordinary(&bed.target), Way::Lane(Lane::Live), stream).await;
    let seen = exchange.reply.answer().map(Seen::of);
    let ended = seen.as_ref().is_some_and(Seen::took_effect);
    let unknown = seen.as_ref().is_some_and(|seen| seen.code() == Some("InvalidSessionId.NotFound"));
    if ended {
        bed.sessions.ended(id, region, &exchange);
    }
    history.push(record(Role::SetUp, &call.action, exchange));
    let printed = printable(id, 80);
    if unknown {
        bed.sessions.gone(id);
        let words = "the command is told the region as ENDSPEC_REGION: does it start its session there? It may be open elsewhere";
        return Err(format!("`{printed}` of `--session-command` {}; {words}", unlisted(region)));
    }
    if !ended {
        return Err(format!("whether `{printed}` of `--session-command` is open could not be told"));
    }
    prove();
    let room = bed.sessions.room().ok_or_else(full)?;
    let session = by_command(bed, command, region).await?;
    bed.sessions.opened(&session);
    drop(room);
    bed.rest(bed.target.settle).await;
    Ok(session)
}

fn unlisted(region: &str) -> String {
    format!("names no open session: {region} does not know it")
}

fn next(ids: &Mutex<VecDeque<String>>) -> Option<String> {
    lock(ids).pop_front()
}

async fn start(bed: &Bed, region: &str, stream: &mut Stream, history: &mut Vec<Record>) -> Result<Session, String> {
    let instance = bed.target.instance_id.as_deref().unwrap_or("");
    let call = call("StartTerminalSession", &[("RegionId", region), ("InstanceId.1", instance)]);
    let form = ordinary(&bed.target);
    let (mut pause, mut lost) = (limits::THROTTLED_PAUSE, false);
    for attempt in 1..=limits::THROTTLED_ATTEMPTS {
        // Where connections end without a word, one that is used again may lose the Start, and the session with it.
        let way = if lost || bed.transport.has_quiet_ends() { Way::Fresh } else { Way::Lane(Lane::Live) };
        let (exchange, throttled) = bed.call(&call, form, way, stream).await;
        for exchange in throttled {
            history.push(record(Role::Throttled, &call.action, exchange));
        }
        let result = opened_by(bed, &exchange, region);
        let full = exchange.reply.answer().is_some_and(|response| Seen::of(response).is_full());
        // One that went with its connection is not the last word: another is started, once.
        let unheard = |cause: &Cause| cause.kind == CauseKind::Closed && cause.status.is_none();
        let went = matches!(&exchange.reply, Reply::Lost(cause) if unheard(cause));
        let again = went && !lost && attempt < limits::THROTTLED_ATTEMPTS;
        history.push(record(Role::SetUp, &call.action, exchange));
        if again && bed.stopped().is_none() {
            lost = true;
            continue;
        }
        if !full || bed.stopped().is_some() {
            return result.map_err(|words| format!("StartTerminalSession opened no session: {words}"));
        }
        // Those who could end some need the slot.
        bed.rest(pause).await;
        pause = (pause * 2).min(limits::THROTTLED_PAUSE_MOST);
    }
    Err(too_many())
}

pub(super) fn record(role: Role, operation: &Option<String>, exchange: Exchange) -> Record {
    Record::new(role, operation.clone(), None, Event::Exchange(Box::new(exchange)))
}

/// The session that a Start opened; a success that tells none may have opened one that nobody can end.
///
/// # Errors
/// Why there is none.
pub(super) fn opened_by(bed: &Bed, exchange: &Exchange, region: &str) -> Result<Session, String> {
    let result = started(exchange, region);
    if result.is_err() && exchange.reply.answer().is_some_and(|response| (200..300).contains(&response.status)) {
        bed.tally.told_no_session();
    }
    result
}

fn started(exchange: &Exchange, region: &str) -> Result<Session, String> {
    let response = match &exchange.reply {
        Reply::Answered(response) => response,
        Reply::Refused(cause) | Reply::Lost(cause) => return Err(printable(&cause.words, 200)),
    };
    let seen = Seen::of(response);
    if !seen.took_effect() {
        let message = seen.text("Message").map_or_else(String::new, |text| format!(" ({})", printable(text, 200)));
        return Err(format!("{}{message}", seen.words()));
    }
    let text = |name: &str| seen.text(name).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = text("SessionId").ok_or("200 without a SessionId")?;
    let since = exchange.done;
    let session =
        Session { id, token: text("SecurityToken"), url: text("WebSocketUrl"), region: region.to_owned(), since };
    session.bounded()
}

async fn by_command(bed: &Bed, command: &str, region: &str) -> Result<Session, String> {
    let timeout = bed.target.timeout.max(Duration::from_secs(30));
    let failed = |words: String| format!("the session command failed: {words}");
    let mut child = tokio::process::Command::new("sh")
        .args(["-c", command])
        .env("ENDSPEC_REGION", region)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed(error.to_string()))?;
    let mut output = Vec::new();
    let Some(stdout) = child.stdout.take() else { return Err(failed("no output".to_owned())) };
    let read = async {
        let most = u64::try_from(limits::COMMAND_BYTES).unwrap_or(u64::MAX);
        stdout.take(most).read_to_end(&mut output).await?;
        child.wait().await
    };
    match tokio::time::timeout(timeout, read).await {
        Err(_) => return Err(failed(format!("no end after {} s", timeout.as_secs()))),
        Ok(Err(error)) => return Err(failed(error.to_string())),
        Ok(Ok(status)) if !status.success() => return Err(failed(status.to_string())),
        Ok(Ok(_)) => {}
    }
    let value: Value = serde_json::from_slice(&output)
        .map_err(|_| failed("its output is no JSON; print one object such as {\"SessionId\": \"s-...\"}".to_owned()))?;
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
    let id = text("SessionId").ok_or_else(|| failed("its output has no SessionId".to_owned()))?;
    let since = bed.clock.now();
    let session =
        Session { id, token: text("SecurityToken"), url: text("WebSocketUrl"), region: region.to_owned(), since };
    session.bounded()
}
