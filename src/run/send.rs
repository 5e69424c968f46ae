//! Sending one request of a run: paced, signed anew each time, throttling waited out.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::watch;

use super::expand::ordinary;
use super::pace::Pace;
use super::preflight::Preflight;
use super::sessions::Sessions;
use super::{Plan, Target};
use crate::check::history::{Event, Record, Role};
use crate::check::seen::printable;
use crate::check::{Seen, silence};
use crate::clock::{self, Clock, Moment};
use crate::contract::Contract;
use crate::http::{CauseKind, Exchange, Headers, Lane, Reply, Request};
use crate::limits;
use crate::seed::Stream;
use crate::transport::Transport;
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
    /// Sessions of the run.
    pub sessions: Sessions,
    /// Unanswered requests in a row.
    pub silent: AtomicUsize,
    /// Requests sent.
    pub sent: AtomicUsize,
    /// Set when the target has been silent for too long: the last failure in words.
    pub gave_up: OnceLock<String>,
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
    /// Why nothing further is to be sent, if so.
    pub fn stopped(&self) -> Option<String> {
        if *self.stop.borrow() {
            Some("interrupted".to_owned())
        } else if let Some(obstacle) = self.preflight.get().and_then(|preflight| preflight.obstacle.clone()) {
            Some(obstacle)
        } else if let Some(words) = self.gave_up.get() {
            Some(format!("the target left {} requests in a row unanswered ({words})", limits::SILENT_IN_A_ROW))
        } else if self.plan.time_limit.is_some_and(|limit| self.clock.now() >= Moment::default().plus(limit)) {
            Some("the time limit of the run was reached; `--time-limit` gives it more".to_owned())
        } else {
            None
        }
    }

    /// Waits, but not beyond an interruption.
    pub async fn sleep(&self, duration: Duration) {
        if duration.is_zero() {
            return;
        }
        let mut stop = self.stop.clone();
        tokio::select! {
            biased;
            () = self.clock.sleep(duration) => {}
            Ok(_) = stop.wait_for(|stop| *stop) => {}
        }
    }

    /// A fresh stamp: the clock's time and an unused nonce.
    pub fn stamp(&self, stream: &mut Stream) -> Stamp {
        Stamp {
            timestamp: clock::timestamp(self.clock.unix_seconds()),
            nonce: format!("{}{}", stream.hex(16), self.salt),
        }
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
        let mut request = wire::encode(call, form, &endpoint.host_header(), endpoint.path(), credential, stamp);
        if let Some(name) = &self.target.id_header {
            request.headers.push(name.clone(), stream.hex(16));
        }
        request
    }

    /// Sends a request whose answer is no verdict by itself: counts, paces, and notes silence.
    pub async fn exchange(&self, request: Request, way: Way) -> Exchange {
        self.pace.turn(&self.clock).await;
        self.sent.fetch_add(1, Ordering::Relaxed);
        let exchange = match way {
            Way::Lane(lane) => self.transport.exchange(request, lane).await,
            Way::Fresh => self.transport.exchange_fresh(request, Lane::Live).await,
        };
        self.note(&exchange);
        exchange
    }

    /// Counts unanswered requests in a row.
    pub fn note(&self, exchange: &Exchange) {
        match &exchange.reply {
            Reply::Answered(_) => self.silent.store(0, Ordering::SeqCst),
            // A status line is an answer of sorts: the target is there.
            Reply::Lost(cause) if cause.status.is_some() => self.silent.store(0, Ordering::SeqCst),
            // Something came that the polished lane cannot read: the exact one, which is tried next, tells what it is.
            Reply::Lost(cause) if cause.kind == CauseKind::NotHttp && exchange.lane == Lane::Live => {}
            Reply::Refused(cause) | Reply::Lost(cause) => {
                if self.silent.fetch_add(1, Ordering::SeqCst) + 1 >= limits::SILENT_IN_A_ROW {
                    // The first to get here says why; all say the same.
                    let _ = self.gave_up.set(printable(&cause.words, 200));
                }
            }
        }
    }

    /// Calls in a form, again after a pause while it is throttled and the run goes on; the last exchange, and those before
    /// it.
    pub async fn call(&self, call: &Call, form: WireForm, way: Way, stream: &mut Stream) -> (Exchange, Vec<Exchange>) {
        let (mut throttled, mut patience) = (Vec::new(), Patience::default());
        loop {
            let request = self.encode(call, form, stream);
            let exchange = self.exchange(request, way).await;
            if !is_throttled(&exchange) || !patience.waits(self).await {
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
        if matches!(&exchange.reply, Reply::Lost(cause) if cause.kind == CauseKind::NotHttp) {
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
    pub async fn waits(&mut self, bed: &Bed) -> bool {
        self.throttled += 1;
        if self.throttled >= limits::THROTTLED_ATTEMPTS || bed.stopped().is_some() {
            return false;
        }
        let pause = limits::THROTTLED_PAUSE * 2_u32.saturating_pow(self.throttled - 1);
        bed.sleep(pause.min(limits::THROTTLED_PAUSE_MOST)).await;
        bed.stopped().is_none()
    }

    /// How often it was throttled.
    pub fn times(&self) -> u32 {
        self.throttled
    }
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

/// Whether an exchange ended in `Throttling*`.
pub fn is_throttled(exchange: &Exchange) -> bool {
    let answer = exchange.reply.answer().filter(|response| Seen::may_be_throttled(response.status));
    answer.is_some_and(|response| Seen::of(response).is_throttled())
}

/// Whether an exchange ended in silence, 502 and 504 included.
pub fn is_silent(exchange: &Exchange) -> bool {
    silence::is_silent(exchange) || matches!(exchange.reply, Reply::Refused(_))
}
