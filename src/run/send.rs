//! Sending one request of a run: paced, signed anew each time, throttling waited out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use super::absence::{self, Absences};
use super::bounds::{Bounds, Enough};
use super::expand::ordinary;
use super::pace::Pace;
use super::preflight::Preflight;
use super::sessions::Sessions;
use super::silences::Silences;
use super::slots::Slots;
use super::tally::Tally;
use super::{Plan, Target};
use crate::check::history::{Event, Record, Role};
use crate::check::result::{ABSENT, INTERRUPTED, TIME_IS_UP, UNANSWERED};
use crate::check::{Seen, silence};
use crate::clock::{self, Clock, Moment};
use crate::contract::Contract;
use crate::http::{Cause, CauseKind, Exchange, Headers, Lane, Reply, Request, Response};
use crate::limits;
use crate::seed::Stream;
use crate::transport::{Transport, WsOutcome};
use crate::wire::{self, Call, Credential, Scheme, Stamp, WireForm};

/// What all cases of a run share.
pub struct Bed {
    /// The documents.
    pub contract: Arc<Contract>,
    /// The target.
    pub target: Target,
    /// How to run.
    pub plan: Plan,
    /// The lanes to it.
    pub transport: Transport,
    /// Time.
    pub clock: Clock,
    /// Requests per second.
    pub pace: Pace,
    /// Cases that do something at a time.
    pub slots: Slots,
    /// Sessions of the run.
    pub sessions: Arc<Sessions>,
    /// Unanswered requests in a row.
    pub silences: Silences,
    /// When the target took no connection.
    pub absences: Absences,
    /// Requests sent.
    pub sent: AtomicUsize,
    /// WebSocket handshakes sent.
    pub handshakes: AtomicUsize,
    /// What it met on the way.
    pub tally: Tally,
    /// Set when the target has been silent or away for too long: why nothing more is sent.
    pub gave_up: OnceLock<String>,
    /// After what the run ends early.
    pub bounds: Bounds,
    /// What it has seen of that.
    pub enough: Enough,
    /// What the set-up is not fit for.
    pub preflight: OnceLock<Preflight>,
    /// Until when a run that is stopped cleans up.
    pub cleaned_until: OnceLock<Moment>,
    /// Becomes true when the run is to stop.
    pub stop: watch::Receiver<bool>,
    /// Makes nonces differ between two runs with one seed: a target remembers nonces.
    pub salt: String,
}

impl Bed {
    /// Why nothing further is to be sent for now, if so: the run is over, or cases beside each other tell no more.
    pub fn stopped(&self) -> Option<String> {
        self.over().or_else(|| self.absences.are_too_many().then(|| ABSENT.to_owned()))
    }

    /// Why the run is over, if so.
    pub fn over(&self) -> Option<String> {
        if *self.stop.borrow() {
            Some(INTERRUPTED.to_owned())
        } else if let Some(obstacle) = self.preflight.get().and_then(|preflight| preflight.obstacle.clone()) {
            Some(obstacle)
        } else if let Some(words) = self.gave_up.get() {
            Some(words.clone())
        } else if let Some(why) = self.enough.why() {
            Some(format!("not run: {why}"))
        } else if self.plan.time_limit.is_some_and(|limit| self.clock.now() >= Moment::default().plus(limit)) {
            Some(format!("{TIME_IS_UP}; `--time-limit` gives it more, `--time` a campaign"))
        } else {
            None
        }
    }

    /// Waits, but not beyond an interruption or the time limit of the run.
    pub async fn sleep(&self, duration: Duration) {
        let limit = self.plan.time_limit.filter(|_| self.stopped().is_none());
        let left = limit.map(|limit| Moment::default().plus(limit).since(self.clock.now()));
        let duration = left.map_or(duration, |left| duration.min(left));
        if duration.is_zero() {
            return;
        }
        let mut stop = self.stop.clone();
        // Apart from what is awaited for every request: a future is copied as large as it may ever be.
        Box::pin(async move {
            tokio::select! {
                biased;
                () = self.clock.sleep(duration) => {}
                Ok(_) = stop.wait_for(|stop| *stop) => {}
            }
        })
        .await;
    }

    /// As [`Bed::sleep`], out of the case's slot.
    pub async fn rest(&self, duration: Duration) {
        if !duration.is_zero() {
            self.slots.leave(self.sleep(duration), || self.stopped().is_some()).await;
        }
    }

    /// Waits for as long as the target may be late.
    ///
    /// # Errors
    /// The run was stopped meanwhile: what is seen now is seen too early to be judged.
    pub async fn settle(&self) -> Result<(), String> {
        self.settled(self.clock.now()).await
    }

    /// Waits for what is left of the time that the target may be late with what happened at that moment.
    ///
    /// # Errors
    /// The run was stopped meanwhile: what is seen now is seen too early to be judged.
    pub async fn settled(&self, since: Moment) -> Result<(), String> {
        let left = since.plus(self.target.settle).since(self.clock.now());
        if left.is_zero() {
            return Ok(());
        }
        self.sleep(left).await;
        self.stopped().map_or(Ok(()), Err)
    }

    /// Waits for the turns of so many requests, but not beyond the end of the run. What cleans up after that keeps the pace
    /// all the same.
    ///
    /// # Errors
    /// The run was stopped meanwhile.
    pub async fn turns(&self, count: usize) -> Result<(), String> {
        let wait = self.pace.take(count, self.clock.now());
        if wait.is_zero() {
            return Ok(());
        }
        if self.stopped().is_some() {
            self.clock.sleep(wait).await;
            return Ok(());
        }
        self.sleep(wait).await;
        let reason = self.stopped();
        if self.over().is_some() {
            self.pace.give_back(self.clock.now());
        }
        reason.map_or(Ok(()), Err)
    }

    /// A fresh stamp: the clock's time and an unused nonce.
    pub fn stamp(&self, stream: &mut Stream) -> Stamp {
        // A case that is run again draws what it drew before, and the target remembers nonces.
        let again = self.absences.again.load(Ordering::Relaxed);
        let again = if again > 0 { format!("{again:x}") } else { String::new() };
        let nonce = [stream.hex(16).as_str(), &self.salt, &again].concat();
        Stamp { timestamp: clock::timestamp(self.clock.unix_seconds()), nonce }
    }

    /// Encodes and signs a call in a form.
    pub fn encode(&self, call: &Call, form: WireForm, stream: &mut Stream) -> Request {
        let stamp = self.stamp(stream);
        self.encode_as(call, form, self.target.credential.as_ref(), &stamp, stream)
    }

    /// Encodes a call and signs it with a key and a stamp of choice.
    pub fn encode_as(
        &self,
        call: &Call,
        form: WireForm,
        key: Option<&Credential>,
        stamp: &Stamp,
        stream: &mut Stream,
    ) -> Request {
        let endpoint = &self.target.endpoint;
        let credential = if form.scheme == Scheme::None { None } else { key };
        let mut request = wire::encode(call, form, endpoint.host_header(), endpoint.path(), credential, stamp);
        for (name, value) in self.target.headers.iter() {
            request.headers.push(name, value);
        }
        if let Some(name) = &self.target.id_header {
            request.headers.push(name, stream.hex(16));
        }
        request
    }

    /// Sends a request whose answer is no verdict by itself: counts, paces, and notes silence. While the target is away nothing
    /// reaches it: a request that did not is sent again when it is back, a few times where it is turned away as others are not.
    pub async fn exchange(&self, mut request: Request, way: Way) -> Exchange {
        let mut left = limits::TURNED_AWAY;
        loop {
            self.present().await;
            let exchange = match self.unnoted(request, way).await {
                Ok(exchange) => exchange,
                Err(exchange) => return exchange,
            };
            self.note(&exchange);
            if absence::behind(self, &exchange).await {
                return exchange;
            }
            if left == 0 || !absence::is_of(self, &exchange) || !absence::ends(self, exchange.sent, exchange.done).await
            {
                return exchange;
            }
            left -= 1;
            request = exchange.request;
        }
    }

    /// Waits while the target is away.
    pub async fn present(&self) {
        if self.absences.is_away() {
            let now = self.clock.now();
            absence::ends(self, now, now).await;
        }
    }

    /// Sends a request whose silence is expected: counts and paces.
    ///
    /// # Errors
    /// What it came to without being sent, where the run was stopped before its turn.
    pub async fn unnoted(&self, request: Request, way: Way) -> Result<Exchange, Exchange> {
        if !self.pace.permitted()
            && let Err(reason) = self.turns(1).await
        {
            return Err(self.unsent(request, &reason));
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        Ok(match way {
            // Once, in place of a copy for each that awaits it.
            Way::Lane(lane) => Box::pin(self.transport.exchange(request, lane)).await,
            Way::Fresh => Box::pin(self.transport.exchange_fresh(request, Lane::Live)).await,
        })
    }

    /// Connects to a WebSocket URL: a handshake is a request, paced like any other. It is counted by itself: where clients
    /// overlap, how many there are differs with their pace.
    pub async fn handshake(&self, url: &str, headers: &Headers) -> WsOutcome {
        self.present().await;
        // A run that was stopped cleans up, and nothing of that is a handshake.
        if let Some(reason) = self.stopped() {
            return WsOutcome::Refused(unsent(&reason));
        }
        if !self.pace.permitted()
            && let Err(reason) = self.turns(1).await
        {
            return WsOutcome::Refused(unsent(&reason));
        }
        self.handshakes.fetch_add(1, Ordering::Relaxed);
        let outcome = Box::pin(self.transport.websockets().connect(url, headers)).await;
        absence::behind_handshake(self, &outcome).await;
        outcome
    }

    /// What a request comes to that is not sent.
    pub fn unsent(&self, request: Request, reason: &str) -> Exchange {
        let now = self.clock.now();
        let reply = Reply::Refused(unsent(reason));
        Exchange { request, raw: None, reply, lane: Lane::Live, sent: now, done: now }
    }

    /// Sends exact bytes. To wait or hang up may be right after them, and is no silence.
    ///
    /// # Errors
    /// The run was stopped before their turn.
    pub async fn exchange_bytes(&self, bytes: Vec<u8>) -> Result<Exchange, String> {
        self.present().await;
        self.turns(1).await?;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let mut exchange = self.transport.exchange_bytes(bytes).await;
        for _ in 0..limits::TURNED_AWAY {
            if !absence::is_of(self, &exchange) || !absence::ends(self, exchange.sent, exchange.done).await {
                break;
            }
            self.turns(1).await?;
            self.sent.fetch_add(1, Ordering::Relaxed);
            exchange = self.transport.exchange_bytes(exchange.raw.unwrap_or_default()).await;
        }
        if !matches!(exchange.reply, Reply::Lost(_)) {
            self.note(&exchange);
        }
        absence::behind(self, &exchange).await;
        Ok(exchange)
    }

    /// Sends two requests on one connection; the second is not sent where that ends with the first answer.
    ///
    /// # Errors
    /// The run was stopped before their turns.
    pub async fn exchange_pair(&self, first: Request, second: Request) -> Result<[Exchange; 2], String> {
        self.present().await;
        self.turns(2).await?;
        let mut pair = self.transport.exchange_pair(first, second).await;
        for _ in 0..limits::TURNED_AWAY {
            if !absence::is_of(self, &pair[0]) || !absence::ends(self, pair[0].sent, pair[0].done).await {
                break;
            }
            let [first, second] = pair.map(|exchange| exchange.request);
            self.turns(2).await?;
            pair = self.transport.exchange_pair(first, second).await;
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.note(&pair[0]);
        if !matches!(pair[1].reply, Reply::Refused(_)) {
            self.sent.fetch_add(1, Ordering::Relaxed);
            self.note(&pair[1]);
        }
        for exchange in &pair {
            absence::behind(self, exchange).await;
        }
        Ok(pair)
    }

    /// Counts unanswered requests in a row.
    pub fn note(&self, exchange: &Exchange) {
        self.tally.note(exchange, self.clock.unix_seconds());
        let answered = match &exchange.reply {
            // Where no answer is ever whole nothing is learned, whatever status it began with.
            Reply::Answered(response) => !silence::is_cut_short(response),
            // Bytes that are no HTTP are an answer of sorts: the target is there, and what is wrong is told by the exact lane.
            reply => reply.is_no_http(),
        };
        if answered {
            self.silences.end();
        } else if !silence::may_be_unread(exchange) && self.silences.another(exchange.sent, exchange.done) {
            // The first to get here says why; all say the same.
            let words = silence::said(exchange);
            let _ = self.gave_up.set(format!("the target left {} {UNANSWERED} ({words})", limits::SILENT_IN_A_ROW));
        }
    }

    /// Calls in a form, again after a pause while it is throttled and the run goes on; the last exchange, and those before
    /// it.
    pub async fn call(&self, call: &Call, form: WireForm, way: Way, stream: &mut Stream) -> (Exchange, Vec<Exchange>) {
        let (mut throttled, mut patience) = (Vec::new(), Patience::default());
        loop {
            let request = self.encode(call, form, stream);
            let exchange = self.exchange(request, way).await;
            if !is_throttled(&exchange) || !patience.waits(self, &exchange).await {
                return (exchange, throttled);
            }
            throttled.push(exchange);
        }
    }

    /// A plain request that tells whether the target is there at all: Describe, which is answered with a success, or
    /// where that is not answered either, an End that is refused.
    pub async fn probe(&self, item: &str, stream: &mut Stream) -> Record {
        let region = self.target.region.as_str();
        let describe = call("DescribeTerminalSessions", &[("RegionId", region)]);
        let end = end_call(region, "s-hz00000000000000");
        if self.target.lacking.contains("describe") {
            return self.probe_by(end, item, stream).await;
        }
        let first = self.probe_by(describe, item, stream).await;
        let answered = first.exchange().is_some_and(|exchange| !is_silent(exchange));
        if answered { first } else { self.probe_by(end, item, stream).await }
    }

    async fn probe_by(&self, call: Call, item: &str, stream: &mut Stream) -> Record {
        let form = ordinary(&self.target);
        let request = self.encode(&call, form, stream);
        let mut exchange = self.exchange(request, Way::Fresh).await;
        if exchange.reply.is_no_http() {
            let again = self.encode(&call, form, stream);
            exchange = self.exchange(again, Way::Lane(Lane::Raw)).await;
        }
        let event = Event::Exchange(Box::new(exchange));
        Record { item: item.to_owned(), ..Record::new(Role::Probe, call.action, Some(form), event) }
    }
}

/// On which connection a request goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// One of the lane's.
    Lane(Lane),
    /// A fresh one of the polished lane.
    Fresh,
}

/// How long throttling is waited out: one request's attempts, each after a longer pause.
#[derive(Debug, Default)]
pub struct Patience {
    throttled: u32,
}

impl Patience {
    /// Pauses after an answer that was throttled; whether the request is to be sent again: not when the
    /// run was stopped meanwhile.
    pub async fn waits(&mut self, bed: &Bed, throttled: &Exchange) -> bool {
        match throttled.reply.answer() {
            Some(answer) => self.goes_on(bed, answer).await,
            None => false,
        }
    }

    /// As [`Patience::waits`], after an answer by itself.
    pub async fn goes_on(&mut self, bed: &Bed, throttled: &Response) -> bool {
        self.throttled += 1;
        if self.throttled >= limits::THROTTLED_ATTEMPTS || bed.stopped().is_some() {
            return false;
        }
        let pause = limits::THROTTLED_PAUSE * 2_u32.saturating_pow(self.throttled - 1);
        let pause = pause.min(limits::THROTTLED_PAUSE_MOST).max(asked_by(throttled));
        let began = bed.clock.now();
        bed.sleep(pause).await;
        let goes_on = bed.stopped().is_none();
        if goes_on {
            bed.tally.throttled(bed.clock.now().since(began));
        }
        goes_on
    }

    /// How often it was throttled.
    pub fn times(&self) -> u32 {
        self.throttled
    }
}

/// How long an answer asks to be left alone: `x-acs-retry-after`, in milliseconds as official clients read it.
pub(super) fn asked_for(throttled: &Exchange) -> Duration {
    throttled.reply.answer().map_or(Duration::ZERO, asked_by)
}

fn asked_by(answer: &Response) -> Duration {
    let header = answer.headers.all("x-acs-retry-after").next();
    let number = header.and_then(|value| std::str::from_utf8(value).ok()?.trim().parse().ok());
    number.map_or(Duration::ZERO, Duration::from_millis).min(limits::THROTTLED_ASKED_MOST)
}

/// EndTerminalSession for a session id.
pub fn end_call(region: &str, session_id: &str) -> Call {
    call("EndTerminalSession", &[("RegionId", region), ("SessionId", session_id)])
}

/// A call of an operation of the documented version.
pub fn call(operation: &str, parameters: &[(&str, &str)]) -> Call {
    Call {
        action: Some(operation.to_owned()),
        version: Some("2014-05-26".to_owned()),
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        headers: Headers::new(),
    }
}

/// Why something was not sent.
fn unsent(reason: &str) -> Cause {
    Cause::new(CauseKind::Closed, format!("not sent: {reason}"))
}

/// Whether an exchange ended in `Throttling*`.
pub fn is_throttled(exchange: &Exchange) -> bool {
    let answer = exchange.reply.answer().filter(|response| Seen::may_be_throttled(response.status));
    answer.is_some_and(|response| Seen::of(response).is_throttled())
}

/// Whether an exchange ended in silence, 502 and 504 included.
pub fn is_silent(exchange: &Exchange) -> bool {
    silence::is_silent(exchange) || matches!(exchange.reply, Reply::Refused(_))
}
