//! Connections that are held on a session: read and kept awake all the time, until they end.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::connect::{Stream, chain};
use crate::clock::{Clock, Moment};
use crate::limits;
use crate::wire::frame::{Frame, FrameError, FrameKind, State};

/// One message of the other side.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sight {
    /// A frame of the terminal, with the state that a Status frame tells.
    Frame(FrameKind, Option<State>),
    /// A binary message that is no frame.
    Unreadable(FrameError),
    /// A text message.
    Text,
}

impl Sight {
    fn of(message: &[u8]) -> Sight {
        match Frame::parse(message) {
            Ok(frame) => Sight::Frame(frame.kind, frame.status().map(|(state, _)| state)),
            Err(error) => Sight::Unreadable(error),
        }
    }

    pub(super) fn opens(self) -> bool {
        match self {
            Sight::Frame(FrameKind::Status, state) => !state.is_some_and(State::is_end),
            Sight::Frame(kind, _) => kind == FrameKind::Output,
            Sight::Unreadable(_) | Sight::Text => false,
        }
    }

    fn ends(self) -> Option<Ending> {
        match self {
            Sight::Frame(FrameKind::Close, _) => Some(Ending::CloseFrame),
            Sight::Frame(_, Some(state)) if state.is_end() => Some(Ending::Status(state)),
            _ => None,
        }
    }
}

/// How a connection ended, whichever came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// A Status frame told that the session is aborted, closed or exited; official clients close after it, and so do
    /// we.
    Status(State),
    /// A Close frame of the terminal's own protocol.
    CloseFrame,
    /// A WebSocket Close, with its code where it had one.
    Close(Option<u16>),
    /// The connection ended without a word.
    Gone(String),
    /// The other side broke the WebSocket protocol.
    Broken(String),
}

/// The end of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// How it came.
    pub ending: Ending,
    /// When it was seen.
    pub at: Moment,
}

impl Ended {
    /// Whether nothing was said of this session: the connection broke off, or the other side goes away as a whole (codes
    /// 1001, 1012 and 1013).
    pub fn is_abrupt(&self) -> bool {
        matches!(self.ending, Ending::Gone(_) | Ending::Close(Some(1001 | 1012 | 1013)))
    }

    /// The code of a WebSocket Close.
    pub fn code(&self) -> Option<u16> {
        match self.ending {
            Ending::Close(code) => code,
            _ => None,
        }
    }
}

/// Whether a held connection is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Neither a Close nor the end of the connection came in that time.
    StillOpen,
    /// It ended.
    Closed(Ended),
}

/// A connection that is held on a session and read all the time; dropping it cuts it.
#[derive(Debug)]
pub struct Held {
    messages: mpsc::Sender<Message>,
    watched: watch::Receiver<Watched>,
    pings: AtomicU64,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
pub(super) struct Watched {
    pub ended: Option<Ended>,
    /// The highest of our Pings that was answered.
    pub pong: u64,
    pub seen: Vec<Sight>,
}

impl Watched {
    fn see(&mut self, sight: Sight) {
        // A terminal that prints without end is not kept: as many messages as an answer may have fields tell enough.
        if self.seen.len() < limits::HEADER_FIELDS {
            self.seen.push(sight);
        }
    }
}

impl Held {
    pub(super) fn new(socket: WebSocketStream<Stream>, watched: Watched, clock: Clock) -> Held {
        let (messages, orders) = mpsc::channel(8);
        let (sender, receiver) = watch::channel(watched);
        let task = tokio::spawn(hold(socket, orders, sender, clock));
        Held { messages, watched: receiver, pings: AtomicU64::new(1), task }
    }

    /// The end, when it has come.
    pub fn ended(&self) -> Option<Ended> {
        self.watched.borrow().ended.clone()
    }

    /// The first messages that came.
    pub fn seen(&self) -> Vec<Sight> {
        self.watched.borrow().seen.clone()
    }

    /// Waits for the end, but not longer than that and a round trip: what came in time may not have been read yet where
    /// this program itself was held up, and whatever was sent before a Pong is read before it.
    pub async fn wait_closed(&self, within: Duration) -> Standing {
        if self.wait_ended(within).await.is_none() {
            self.ping(within.max(limits::LAST_WORD)).await;
        }
        self.ended().map_or(Standing::StillOpen, Standing::Closed)
    }

    async fn wait_ended(&self, within: Duration) -> Option<Ended> {
        let mut watched = self.watched.clone();
        let wait = watched.wait_for(|watched| watched.ended.is_some());
        drop(timeout(within, wait).await);
        self.ended()
    }

    /// Sends a Ping and tells whether its Pong came within that time.
    pub async fn ping(&self, within: Duration) -> bool {
        let number = self.pings.fetch_add(1, Ordering::Relaxed) + 1;
        let mut watched = self.watched.clone();
        let answered = async {
            self.messages.send(ping(number)).await.is_ok()
                && watched.wait_for(|w| w.pong >= number || w.ended.is_some()).await.is_ok_and(|w| w.pong >= number)
        };
        timeout(within, answered).await.unwrap_or(false)
    }

    /// Closes the connection with code 1000 and waits for the end, but not longer than that.
    pub async fn close(&self, within: Duration) -> Standing {
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        drop(self.messages.send(Message::Close(Some(frame))).await);
        self.wait_ended(within).await.map_or(Standing::StillOpen, Standing::Closed)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An empty Input frame, the heartbeat that keeps a session from being cut as idle.
fn heartbeat(clock: &Clock) -> Option<Message> {
    let frame = Frame::new(FrameKind::Input, clock.unix_seconds() * 1000, []);
    frame.encode().ok().map(Message::binary)
}

/// Reads until the end, so that Pings are answered, buffers stay empty and the end is seen when it comes; and sends
/// heartbeats meanwhile, whatever the case does.
async fn hold(
    mut socket: WebSocketStream<Stream>,
    mut orders: mpsc::Receiver<Message>,
    shared: watch::Sender<Watched>,
    clock: Clock,
) {
    let mut news = Watched::default();
    let mut awake = interval_at(Instant::now() + limits::KEEP_AWAKE, limits::KEEP_AWAKE);
    awake.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while news.ended.is_none() {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                // A failure to send shows when reading.
                Some(message) => drop(socket.send(message).await),
                None => return,
            },
            _ = awake.tick() => if let Some(message) = heartbeat(&clock) {
                drop(socket.send(message).await);
            },
            _ = take(&mut socket, &mut news, &clock) => {}
        }
        shared.send_modify(|watched| {
            news.seen.drain(..).for_each(|sight| watched.see(sight));
            watched.pong = watched.pong.max(news.pong);
            watched.ended = news.ended.clone();
        });
    }
}

/// Reads one message and notes what it tells; the message itself when it is no control message.
pub(super) async fn take(socket: &mut WebSocketStream<Stream>, watched: &mut Watched, clock: &Clock) -> Option<Sight> {
    let (sight, ending) = match socket.next().await {
        Some(Ok(Message::Binary(bytes))) => {
            let sight = Sight::of(&bytes);
            (Some(sight), sight.ends())
        }
        Some(Ok(Message::Text(_))) => (Some(Sight::Text), None),
        Some(Ok(Message::Pong(payload))) => {
            watched.pong = watched.pong.max(pong(&payload).unwrap_or(0));
            (None, None)
        }
        Some(Ok(Message::Close(frame))) => (None, Some(Ending::Close(frame.map(|frame| frame.code.into())))),
        Some(Ok(Message::Ping(_) | Message::Frame(_))) => (None, None),
        None | Some(Err(Error::ConnectionClosed | Error::AlreadyClosed)) => {
            (None, Some(Ending::Gone("the connection was closed".to_owned())))
        }
        Some(Err(error @ (Error::Io(_) | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)))) => {
            (None, Some(Ending::Gone(chain(&error))))
        }
        Some(Err(error)) => (None, Some(Ending::Broken(chain(&error)))),
    };
    if let Some(sight) = sight {
        watched.see(sight);
    }
    if let Some(ending) = ending {
        watched.ended = Some(Ended { ending: ending.clone(), at: clock.now() });
        match ending {
            Ending::Status(_) | Ending::CloseFrame => {
                let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
                drop(socket.send(Message::Close(Some(frame))).await);
            }
            // The answer to a Close lies ready and wants sending.
            Ending::Close(_) => drop(socket.flush().await),
            Ending::Gone(_) | Ending::Broken(_) => {}
        }
    }
    sight
}

/// What our Pings carry, so that an unasked Pong is not taken for an answer.
pub(super) fn ping(number: u64) -> Message {
    Message::Ping(format!("endspec {number}").into_bytes().into())
}

fn pong(payload: &[u8]) -> Option<u64> {
    std::str::from_utf8(payload).ok()?.strip_prefix("endspec ")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_tell_open_from_ended() {
        let status = |state: State| Frame::new(FrameKind::Status, 1, [state.number()]);
        let rows = [
            ("output", Frame::new(FrameKind::Output, 1, *b"$ "), true, None),
            ("opened", status(State::Opened), true, None),
            ("a status without state", Frame::new(FrameKind::Status, 1, []), true, None),
            ("closed", status(State::Closed), false, Some(Ending::Status(State::Closed))),
            ("aborted", status(State::Aborted), false, Some(Ending::Status(State::Aborted))),
            ("exited", status(State::Exited), false, Some(Ending::Status(State::Exited))),
            ("close", Frame::new(FrameKind::Close, 1, *b"1"), false, Some(Ending::CloseFrame)),
            ("sync", Frame::new(FrameKind::Sync, 1, []), false, None),
        ];
        for (name, frame, opens, ends) in rows {
            let sight = Sight::of(&frame.encode().expect(name));
            assert_eq!((sight.opens(), sight.ends()), (opens, ends), "{name}");
        }
        assert!(!Sight::of(b"hello").opens());
    }
}
