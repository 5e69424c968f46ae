//! The state of the server: all sessions and the nonces that were used. No IO, no clock, no wire.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::journal::Saved;
use super::nonces::{Nonces, Print};
use super::session::{Asked, ClosedReason, NotConnected, Now, Session};
use super::settings::Limits;
use super::{identifiers, region};
use crate::seed::Stream;

/// What EndTerminalSession found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// It was open and is ended now.
    Ended,
    /// It was ended before.
    Already,
    /// No such session in that region.
    Unknown,
}

/// Why StartTerminalSession started nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotStarted {
    /// The region has as many sessions as it may have.
    TooMany,
    /// The ClientToken was used with other parameters.
    OtherRequest,
}

/// What changed since it was last asked for.
#[derive(Debug, Clone, Default)]
pub(super) struct Changes {
    /// Numbers of sessions.
    pub sessions: BTreeSet<u64>,
    /// Nonces that were used, each with the time until which it counts.
    pub nonces: Vec<(u64, Print)>,
    /// Whether anything among them was promised to somebody for good: that a session was started, or ended.
    pub durable: bool,
}

/// All state. Sessions are numbered in the order in which they were started.
#[derive(Debug, Clone, Default)]
pub struct Model {
    sessions: BTreeMap<u64, Session>,
    numbers: HashMap<String, u64>,
    client_tokens: HashMap<(String, String), u64>,
    not_ended: BTreeSet<u64>,
    next_session: u64,
    /// The id of the next session where a fault has chosen it.
    next_id: Option<String>,
    next_connection: u64,
    changes: Changes,
    /// Nonces that were used.
    pub nonces: Nonces,
}

impl Model {
    /// Goes on where another server was.
    pub(super) fn resume(saved: Saved, limits: &Limits, now: Now) -> Model {
        let mut model = Model { nonces: saved.nonces, ..Model::default() };
        for (number, (session, live)) in saved.sessions {
            model.forget(limits, now);
            let session = session.resumed(live, now);
            model.numbers.insert(session.id.clone(), number);
            if session.ended.is_none() {
                model.not_ended.insert(number);
            }
            if let Some(token) = &session.client_token {
                model.client_tokens.insert((session.asked.region.clone(), token.clone()), number);
            }
            model.next_session = number.saturating_add(1);
            model.sessions.insert(number, session);
        }
        model
    }

    /// What changed since the last call of this.
    pub(super) fn take_changes(&mut self) -> Changes {
        let nonces = std::mem::take(&mut self.nonces.noted);
        Changes { nonces, ..std::mem::take(&mut self.changes) }
    }

    /// The session of that number.
    pub(super) fn session(&self, number: u64) -> Option<&Session> {
        self.sessions.get(&number)
    }

    /// All sessions with their numbers, the oldest first.
    pub(super) fn all(&self) -> impl Iterator<Item = (u64, &Session)> {
        self.sessions.iter().map(|(number, session)| (*number, session))
    }

    /// Starts a session, or finds the open one that the same ClientToken started.
    ///
    /// # Errors
    /// [`NotStarted`].
    pub fn start(
        &mut self,
        asked: Asked,
        client_token: Option<&str>,
        limits: &Limits,
        entropy: &mut Stream,
        now: Now,
    ) -> Result<&Session, NotStarted> {
        if let Some(number) = self.started_before(&asked, client_token, limits, now)? {
            return Ok(&self.sessions[&number]);
        }
        if self.available_in(&asked.region, limits, now) >= limits.sessions_per_region {
            return Err(NotStarted::TooMany);
        }
        self.forget(limits, now);
        let number = self.next_session;
        self.next_session += 1;
        let id = self.next_id.take().unwrap_or_else(|| self.fresh_id(&asked.region, entropy, now));
        if let Some(token) = client_token {
            self.client_tokens.insert((asked.region.clone(), token.to_owned()), number);
        }
        self.numbers.insert(id.clone(), number);
        self.not_ended.insert(number);
        self.changes.sessions.insert(number);
        self.changes.durable = true;
        let token = identifiers::uuid(entropy, now).to_lowercase();
        let session = Session::new(id, token, asked, client_token.map(str::to_owned), now);
        Ok(self.sessions.entry(number).or_insert(session))
    }

    /// Ends a session for good.
    pub fn end(&mut self, region: &str, id: &str, now: Now) -> Ending {
        let Some((number, session)) = self.session_mut(id).filter(|(_, session)| session.asked.region == region) else {
            return Ending::Unknown;
        };
        if !session.end(now) {
            return Ending::Already;
        }
        self.not_ended.remove(&number);
        self.changes.sessions.insert(number);
        self.changes.durable = true;
        Ending::Ended
    }

    /// The session of that id, in whatever region.
    pub fn find(&self, id: &str) -> Option<&Session> {
        self.sessions.get(self.numbers.get(id)?)
    }

    /// Sessions with their numbers, the youngest first, from below `before` on where it is given.
    pub fn newest(&self, before: Option<u64>) -> impl Iterator<Item = (u64, &Session)> {
        self.sessions.range(..before.unwrap_or(u64::MAX)).rev().map(|(number, session)| (*number, session))
    }

    /// As [`Model::newest`], of the session of that id alone.
    pub fn one(&self, id: &str, before: Option<u64>) -> impl Iterator<Item = (u64, &Session)> {
        let number = self.numbers.get(id).copied().filter(|number| before.is_none_or(|before| *number < before));
        number.and_then(|number| Some((number, self.sessions.get(&number)?))).into_iter()
    }

    /// Adds a connection and names it.
    ///
    /// # Errors
    /// [`NotConnected`]; also for an id that was never issued, as `Ended`.
    pub fn connect(&mut self, id: &str, limits: &Limits, now: Now) -> Result<u64, NotConnected> {
        let connection = self.next_connection;
        self.next_connection += 1;
        let (number, session) = self.session_mut(id).ok_or(NotConnected::Ended)?;
        session.connect(connection, limits, now)?;
        self.changes.sessions.insert(number);
        Ok(connection)
    }

    /// Takes a connection away.
    pub fn disconnect(&mut self, id: &str, connection: u64, reason: ClosedReason, now: Now) {
        if let Some((number, session)) = self.session_mut(id) {
            session.disconnect(connection, reason, now);
            self.changes.sessions.insert(number);
        }
    }

    /// Whether the session is there and not ended.
    pub fn is_open(&self, id: &str) -> bool {
        self.find(id).is_some_and(|session| session.ended.is_none())
    }

    /// Whether a connection on a session is there, which ends with the session.
    pub fn is_connected(&self, id: &str, connection: u64) -> bool {
        self.find(id).is_some_and(|session| session.has(connection))
    }

    /// Takes back the end of a session, as only a faulty server does.
    pub(super) fn revive(&mut self, id: &str, now: Now) {
        if let Some((number, session)) = self.session_mut(id) {
            session.revive(now);
            self.not_ended.insert(number);
            self.changes.sessions.insert(number);
        }
    }

    /// Writes something beside a session that a restart finds again, as only a faulty server does.
    pub(super) fn note(&mut self, id: &str, words: &str) {
        if let Some((number, session)) = self.session_mut(id) {
            words.clone_into(&mut session.asked.command_line);
            self.changes.sessions.insert(number);
        }
    }

    /// Has the next session get this id, be it one that was issued before, as only a faulty server does.
    pub(super) fn issue_next(&mut self, id: String) {
        self.next_id = Some(id);
    }

    /// Keeps nothing of a session, as a server may that deletes what has ended; the honest one remembers.
    pub(super) fn erase(&mut self, id: &str) {
        if let Some(number) = self.numbers.get(id).copied() {
            self.remove(number);
        }
    }

    fn session_mut(&mut self, id: &str) -> Option<(u64, &mut Session)> {
        let number = *self.numbers.get(id)?;
        Some((number, self.sessions.get_mut(&number)?))
    }

    fn available_in(&self, region: &str, limits: &Limits, now: Now) -> usize {
        let not_ended = self.not_ended.iter().filter_map(|number| self.sessions.get(number));
        not_ended.filter(|session| session.asked.region == region && session.available(limits, now)).count()
    }

    /// An ended session is never handed out again, whatever the ClientToken: that its id stays closed weighs more.
    fn started_before(
        &self,
        asked: &Asked,
        client_token: Option<&str>,
        limits: &Limits,
        now: Now,
    ) -> Result<Option<u64>, NotStarted> {
        let Some(token) = client_token else { return Ok(None) };
        let known = self.client_tokens.get(&(asked.region.clone(), token.to_owned()));
        match known.and_then(|number| Some((*number, self.sessions.get(number)?))) {
            Some((_, session)) if !session.available(limits, now) => Ok(None),
            Some((_, session)) if session.asked != *asked => Err(NotStarted::OtherRequest),
            Some((number, _)) => Ok(Some(number)),
            None => Ok(None),
        }
    }

    /// Makes room: the oldest session that nobody can use any more goes.
    fn forget(&mut self, limits: &Limits, now: Now) {
        if self.sessions.len() < limits.remembered_sessions {
            return;
        }
        let mut oldest = self.sessions.iter();
        let Some(number) = oldest.find(|(_, session)| !session.available(limits, now)).map(|(number, _)| *number)
        else {
            return;
        };
        self.remove(number);
    }

    fn remove(&mut self, number: u64) {
        let Some(session) = self.sessions.remove(&number) else { return };
        self.not_ended.remove(&number);
        self.numbers.remove(&session.id);
        if let Some(token) = session.client_token {
            let key = (session.asked.region, token);
            if self.client_tokens.get(&key) == Some(&number) {
                self.client_tokens.remove(&key);
            }
        }
    }

    fn fresh_id(&self, region: &str, entropy: &mut Stream, now: Now) -> String {
        loop {
            let id = format!("s-{}{}", region::city(region), identifiers::session(entropy, now));
            if !self.numbers.contains_key(&id) {
                return id;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock::Moment;
    use crate::seed::Seed;
    use crate::server::session::Status;

    const REGION: &str = "cn-hangzhou";

    struct World {
        model: Model,
        limits: Limits,
        entropy: Stream,
    }

    fn world() -> World {
        World { model: Model::default(), limits: Limits::default(), entropy: Seed(1).stream("model") }
    }

    fn at(seconds: u64) -> Now {
        Now { unix: 1_700_000_000 + seconds, moment: Moment(seconds * 1_000_000) }
    }

    impl World {
        fn start(&mut self, token: Option<&str>, now: Now) -> Result<String, NotStarted> {
            let asked = Asked { region: REGION.to_owned(), instances: vec!["i-1".to_owned()], ..Asked::default() };
            self.model.start(asked, token, &self.limits, &mut self.entropy, now).map(|session| session.id.clone())
        }
    }

    #[test]
    fn ids_look_like_the_documented_one_and_differ() {
        let mut world = world();
        let ids: BTreeSet<String> = (0..200).map(|_| world.start(None, at(0)).unwrap()).collect();
        assert_eq!(ids.len(), 200);
        for id in ids {
            let rest = id.strip_prefix("s-hz0").unwrap();
            assert!(rest.len() == 11 && rest.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase()), "{id}");
        }
    }

    #[test]
    fn the_same_seed_at_another_time_issues_other_ids() {
        assert_ne!(world().start(None, at(0)), world().start(None, at(5)));
        assert_eq!(world().start(None, at(0)), world().start(None, at(0)));
    }

    #[test]
    fn a_session_ends_once_and_only_in_its_region() {
        let mut world = world();
        let id = world.start(None, at(0)).unwrap();
        assert_eq!(world.model.end("cn-shanghai", &id, at(1)), Ending::Unknown);
        assert!(world.model.is_open(&id));
        assert_eq!(world.model.end(REGION, &id, at(2)), Ending::Ended);
        assert_eq!(world.model.end(REGION, &id, at(3)), Ending::Already);
        assert_eq!(world.model.find(&id).unwrap().ended, Some(at(2).unix));
    }

    #[test]
    fn the_url_takes_connections_for_ten_minutes_and_as_long_after_the_last_one() {
        let mut world = world();
        let id = world.start(None, at(0)).unwrap();
        let connection = world.model.connect(&id, &world.limits, at(600)).unwrap();
        world.model.disconnect(&id, connection, ClosedReason::ClientClosed, at(900));
        assert!(world.model.connect(&id, &world.limits, at(1500)).is_ok());
        let late = world.start(None, at(0)).unwrap();
        assert_eq!(world.model.connect(&late, &world.limits, at(601)), Err(NotConnected::Lapsed));
    }

    #[test]
    fn the_status_of_a_connection_follows_its_life() {
        let mut world = world();
        let id = world.start(None, at(0)).unwrap();
        let status = |world: &World, now| world.model.find(&id).unwrap().status(&world.limits, now);
        assert_eq!(status(&world, at(1)), Status::Connecting);
        assert_eq!(
            status(&world, at(700)),
            Status::Terminated(at(600).unix, ClosedReason::DeliveryTimeout),
            "nobody came in time"
        );
        let connection = world.model.connect(&id, &world.limits, at(2)).unwrap();
        assert_eq!(status(&world, at(3)), Status::Connected);
        world.model.disconnect(&id, connection, ClosedReason::AgentSocketClosed, at(4));
        assert_eq!(status(&world, at(5)), Status::Terminated(at(4).unix, ClosedReason::AgentSocketClosed));
        world.model.connect(&id, &world.limits, at(6)).unwrap();
        assert_eq!(status(&world, at(6)), Status::Connected);
        world.model.end(REGION, &id, at(7));
        assert_eq!(status(&world, at(8)), Status::Terminated(at(7).unix, ClosedReason::ClientClosed));
        assert_eq!(world.model.connect(&id, &world.limits, at(9)), Err(NotConnected::Ended));
    }

    #[test]
    fn a_region_has_room_again_when_a_session_ends_or_lapses() {
        let mut world = world();
        world.limits.sessions_per_region = 2;
        let first = world.start(None, at(0)).unwrap();
        world.start(None, at(300)).unwrap();
        assert_eq!(world.start(None, at(400)), Err(NotStarted::TooMany));
        world.model.end(REGION, &first, at(401));
        assert!(world.start(None, at(402)).is_ok());
        assert_eq!(world.start(None, at(403)), Err(NotStarted::TooMany));
        assert!(world.start(None, at(901)).is_ok(), "the second one lapsed at 900");
    }

    #[test]
    fn a_client_token_finds_its_session_while_it_is_open() {
        let mut world = world();
        let first = world.start(Some("t"), at(0)).unwrap();
        assert_eq!(world.start(Some("t"), at(1)), Ok(first.clone()));
        let other = Asked { region: REGION.to_owned(), username: "root".to_owned(), ..Asked::default() };
        let clash = world.model.start(other, Some("t"), &world.limits, &mut world.entropy, at(2));
        assert_eq!(clash.map(|session| session.id.clone()), Err(NotStarted::OtherRequest));
        world.model.end(REGION, &first, at(3));
        assert_ne!(world.start(Some("t"), at(4)), Ok(first));
    }

    #[test]
    fn only_sessions_out_of_use_are_forgotten() {
        let mut world = world();
        world.limits.remembered_sessions = 2;
        let ended = world.start(None, at(0)).unwrap();
        let open = world.start(None, at(0)).unwrap();
        world.model.end(REGION, &ended, at(1));
        world.start(None, at(2)).unwrap();
        world.start(None, at(3)).unwrap();
        assert!(world.model.find(&ended).is_none() && world.model.is_open(&open));
    }

    #[test]
    fn a_session_may_have_only_so_many_connections() {
        let mut world = world();
        world.limits = Limits { connections_per_session: 1, url_valid: Duration::from_secs(5), ..Limits::default() };
        let id = world.start(None, at(0)).unwrap();
        world.model.connect(&id, &world.limits, at(1)).unwrap();
        assert_eq!(world.model.connect(&id, &world.limits, at(99)), Err(NotConnected::TooMany), "it is still in use");
    }
}
