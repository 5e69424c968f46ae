//! One terminal session: what was asked for, who is connected, and that it ends once.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::settings::Limits;
use crate::clock::Moment;

/// When something happens: by the calendar, which is shown, and monotonic, which is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Now {
    /// Seconds of Unix time.
    pub unix: u64,
    /// Monotonic time.
    pub moment: Moment,
}

/// What a call of StartTerminalSession asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// RegionId.
    pub region: String,
    /// InstanceId.1, InstanceId.2, ...
    pub instances: Vec<String>,
    /// PortNumber.
    pub port: Option<u16>,
    /// CommandLine.
    pub command_line: String,
    /// TargetServer.
    pub target_server: String,
    /// Username.
    pub username: String,
    /// PrincipalId of the caller, and whether a temporary key was used.
    pub principal: (String, bool),
}

/// One session, from its start on.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Session {
    /// SessionId.
    pub id: String,
    /// SecurityToken of its WebSocket URL.
    pub token: String,
    /// What was asked for.
    pub asked: Asked,
    /// Unix time of the start.
    pub created: u64,
    /// Unix time of the end. Where it is written down it must be said: a session is not open because nothing says otherwise.
    #[serde(deserialize_with = "Option::deserialize")]
    pub ended: Option<u64>,
    /// Unix time of the first connection.
    pub connected: Option<u64>,
    /// Unix time at which the last connection ended, and why.
    pub disconnected: Option<(u64, ClosedReason)>,
    /// ClientToken of the call that started it.
    pub client_token: Option<String>,
    #[serde(skip)]
    live: BTreeSet<u64>,
    #[serde(skip)]
    quiet_since: Moment,
    /// How long it was quiet before `quiet_since`, under a server whose monotonic time is gone with it.
    #[serde(skip)]
    quiet_before: Duration,
}

/// `ClosedReason` of a connection, as far as this server has reasons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClosedReason {
    /// The client left, or the session was ended by a call: no document names a reason for the latter.
    ClientClosed,
    /// Nothing was sent for too long.
    AgentSocketClosed,
    /// Nobody came while the URL was valid.
    DeliveryTimeout,
}

/// `Status` of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Nobody has come yet.
    Connecting,
    /// A WebSocket is open.
    Connected,
    /// Over: when, and why.
    Terminated(u64, ClosedReason),
}

/// Why no connection was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotConnected {
    /// The session has ended.
    Ended,
    /// The URL is no longer valid.
    Lapsed,
    /// The session has as many connections as it may have.
    TooMany,
}

impl Session {
    /// A session that starts now.
    pub fn new(id: String, token: String, asked: Asked, client_token: Option<String>, now: Now) -> Session {
        Session {
            id,
            token,
            asked,
            client_token,
            created: now.unix,
            ended: None,
            connected: None,
            disconnected: None,
            live: BTreeSet::new(),
            quiet_since: now.moment,
            quiet_before: Duration::ZERO,
        }
    }

    /// Goes on under another server, at which nobody is connected; `live` says whether anyone was at the last one.
    #[must_use]
    pub fn resumed(mut self, live: bool, now: Now) -> Session {
        if live {
            self.disconnected = Some((now.unix, ClosedReason::AgentSocketClosed));
        }
        let quiet_from = self.disconnected.map_or(self.created, |(at, _)| at);
        self.quiet_before = Duration::from_secs(now.unix.saturating_sub(quiet_from));
        self.quiet_since = now.moment;
        self
    }

    /// Whether anyone is connected.
    pub fn is_live(&self) -> bool {
        !self.live.is_empty()
    }

    /// Whether that connection is there.
    pub fn has(&self, connection: u64) -> bool {
        self.live.contains(&connection)
    }

    /// Whether a WebSocket may come, now or as long as one is there.
    pub fn available(&self, limits: &Limits, now: Now) -> bool {
        let waited = self.quiet_before.saturating_add(now.moment.since(self.quiet_since));
        self.ended.is_none() && (self.is_live() || waited <= limits.url_valid)
    }

    /// The state of its connection.
    pub fn status(&self, limits: &Limits, now: Now) -> Status {
        match (self.ended, self.disconnected) {
            (None, _) if self.is_live() => Status::Connected,
            (_, Some((at, reason))) => Status::Terminated(at, reason),
            (Some(at), None) => Status::Terminated(at, ClosedReason::ClientClosed),
            (None, None) if self.available(limits, now) => Status::Connecting,
            (None, None) => {
                Status::Terminated(self.created + limits.url_valid.as_secs(), ClosedReason::DeliveryTimeout)
            }
        }
    }

    /// Ends it for good; whether it was open until now.
    pub fn end(&mut self, now: Now) -> bool {
        if self.ended.is_some() {
            return false;
        }
        self.ended = Some(now.unix);
        if self.is_live() {
            self.disconnected = Some((now.unix, ClosedReason::ClientClosed));
            self.live.clear();
        }
        true
    }

    /// Is as if it were new, as only a faulty server has it.
    pub(super) fn revive(&mut self, now: Now) {
        (self.ended, self.disconnected) = (None, None);
        (self.quiet_since, self.quiet_before) = (now.moment, Duration::ZERO);
    }

    /// Adds a connection by its number.
    ///
    /// # Errors
    /// [`NotConnected`].
    pub fn connect(&mut self, connection: u64, limits: &Limits, now: Now) -> Result<(), NotConnected> {
        if self.ended.is_some() {
            return Err(NotConnected::Ended);
        }
        if !self.available(limits, now) {
            return Err(NotConnected::Lapsed);
        }
        if self.live.len() >= limits.connections_per_session {
            return Err(NotConnected::TooMany);
        }
        self.live.insert(connection);
        self.connected.get_or_insert(now.unix);
        Ok(())
    }

    /// Takes a connection away, unless the end of the session has.
    pub fn disconnect(&mut self, connection: u64, reason: ClosedReason, now: Now) {
        if self.live.remove(&connection) && self.live.is_empty() {
            self.disconnected = Some((now.unix, reason));
            self.quiet_since = now.moment;
            self.quiet_before = Duration::ZERO;
        }
    }
}
