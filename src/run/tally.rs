//! What a run meets on the way that is no verdict: throttling, silence, a clock that is not this machine's.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::send::is_silent;
use crate::clock;
use crate::http::{Exchange, Reply, Request};
use crate::wire::Incoming;

/// Counts while a run goes on.
#[derive(Debug, Default)]
pub struct Tally {
    throttled: AtomicUsize,
    unanswered: AtomicUsize,
    /// Requests met with silence, 502 and 504 of what stands in front included.
    silent: AtomicUsize,
    /// Of these, those since the last answer.
    silent_in_a_row: AtomicUsize,
    starts: AtomicUsize,
    waited: Mutex<Duration>,
    skew: Mutex<Skew>,
}

/// What Date headers told.
#[derive(Debug, Default)]
struct Skew {
    /// The last one, and its second: most answers have that of the one before.
    last: (Vec<u8>, Option<u64>),
    /// Seconds by which the target's clock is ahead, where they were fewest: what came late shows more than there is.
    least: Option<i64>,
}

impl Skew {
    fn note(&mut self, date: &[u8], now: u64) {
        if self.last.0 != date {
            self.last = (date.to_vec(), clock::http_date(date));
        }
        let Some(date) = self.last.1 else { return };
        let ahead = i64::try_from(i128::from(date) - i128::from(now)).unwrap_or(i64::MAX);
        if self.least.is_none_or(|known| ahead.unsigned_abs() < known.unsigned_abs()) {
            self.least = Some(ahead);
        }
    }
}

/// What it came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Weather {
    /// Requests that were throttled and sent again, each signed anew.
    pub throttled: usize,
    /// How long was waited for that, by all cases together.
    pub waited: Duration,
    /// Requests without a whole answer.
    pub unanswered: usize,
    /// Starts that may have opened a session whose id nobody was told: unanswered ones, and successes that cannot be read.
    pub starts: usize,
    /// How often the target was away for a while, after it had answered.
    pub absences: usize,
    /// Seconds by which the target's clock is ahead of this machine's, by its Date headers; below 0 behind.
    pub skew: Option<i64>,
}

impl Weather {
    /// What two runs met, one after the other.
    #[must_use]
    pub fn and(self, other: Weather) -> Weather {
        let nearest = [self.skew, other.skew].into_iter().flatten().min_by_key(|skew| skew.unsigned_abs());
        Weather {
            throttled: self.throttled + other.throttled,
            waited: self.waited.saturating_add(other.waited),
            unanswered: self.unanswered + other.unanswered,
            starts: self.starts + other.starts,
            absences: self.absences + other.absences,
            skew: nearest,
        }
    }
}

impl Tally {
    /// Notes a pause after an answer that was throttled.
    pub fn throttled(&self, pause: Duration) {
        self.throttled.fetch_add(1, Ordering::Relaxed);
        let mut waited = self.waited.lock().unwrap_or_else(PoisonError::into_inner);
        *waited = waited.saturating_add(pause);
    }

    /// Notes whether a request was answered, and by which clock, at this second.
    pub fn note(&self, exchange: &Exchange, now: u64) {
        if is_silent(exchange) {
            self.silent.fetch_add(1, Ordering::Relaxed);
            self.silent_in_a_row.fetch_add(1, Ordering::Relaxed);
        } else if exchange.reply.answer().is_some() {
            self.silent_in_a_row.store(0, Ordering::Relaxed);
        }
        let answer = exchange.reply.answer().filter(|answer| !answer.is_of_gateway());
        let Some(answer) = answer else {
            self.unanswered.fetch_add(1, Ordering::Relaxed);
            if !matches!(exchange.reply, Reply::Refused(_)) && is_start(&exchange.request) {
                self.starts.fetch_add(1, Ordering::Relaxed);
            }
            return;
        };
        let mut dates = answer.headers.all("date");
        if let (Some(date), None) = (dates.next(), dates.next()) {
            self.skew.lock().unwrap_or_else(PoisonError::into_inner).note(date, now);
        }
    }

    /// Notes a Start that was answered with success, and not with an id that can be read.
    pub fn told_no_session(&self) {
        self.starts.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes back what was met with silence since the last answer: it was lost as the target ended, and not by chance.
    pub fn lost_with_the_target(&self) {
        let lost = self.silent_in_a_row.swap(0, Ordering::Relaxed);
        let _ =
            self.silent.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |silent| Some(silent.saturating_sub(lost)));
    }

    /// How often silence must be met again before it is the input's, of so many requests sent: twice, or as often as chance
    /// alone brings it once in a million where many are lost whatever they ask.
    pub fn strikes(&self, sent: usize) -> u32 {
        let lost = self.silent.load(Ordering::Relaxed);
        let share = |times: i32| (lost as f64 / sent.max(1) as f64).powi(times);
        let chance = |times: &u32| i32::try_from(*times).is_ok_and(|times| share(times) < 1e-6);
        if lost < LOST_BY_CHANCE { 2 } else { (2..STRIKES_MOST).find(chance).unwrap_or(STRIKES_MOST) }
    }

    /// What it came to so far.
    pub fn weather(&self) -> Weather {
        Weather {
            throttled: self.throttled.load(Ordering::Relaxed),
            waited: *self.waited.lock().unwrap_or_else(PoisonError::into_inner),
            unanswered: self.unanswered.load(Ordering::Relaxed),
            starts: self.starts.load(Ordering::Relaxed),
            absences: 0,
            skew: self.skew.lock().unwrap_or_else(PoisonError::into_inner).least,
        }
    }
}

fn is_start(request: &Request) -> bool {
    Incoming::parse(request).is_ok_and(|incoming| incoming.action() == Some("StartTerminalSession"))
}

/// How far apart two clocks are, in words; nothing where that may come from the way between them.
pub fn apart(skew: Option<i64>) -> Option<String> {
    let seconds = skew.filter(|skew| skew.unsigned_abs() >= SHOWN)?;
    let side = if seconds < 0 { "behind" } else { "ahead of" };
    let amount = match seconds.unsigned_abs() {
        seconds @ 0..120 => format!("{seconds} seconds"),
        seconds @ 120..7_200 => format!("{} minutes", seconds / 60),
        seconds => format!("{} hours", seconds / 3_600),
    };
    Some(format!("by its Date header the target's clock is {amount} {side} this machine's"))
}

/// Unanswered requests from which on more than two strikes are asked for.
const LOST_BY_CHANCE: usize = 8;
/// Strikes that are always enough.
const STRIKES_MOST: u32 = 8;

/// Seconds from which on clocks are said to be apart: Date has whole ones, and answers take their time.
const SHOWN: u64 = 5;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::http::{Cause, CauseKind, Headers, Lane, Response};

    #[test]
    fn more_strikes_are_asked_for_where_more_is_lost() {
        for (silent, sent, strikes) in
            [(0, 0, 2), (7, 7, 2), (8, 8, 8), (8, 80_000, 2), (80, 8_000, 4), (1_000, 8_000, 7)]
        {
            let tally = Tally { silent: AtomicUsize::new(silent), ..Tally::default() };
            assert_eq!(tally.strikes(sent), strikes, "{silent} of {sent}");
        }
    }

    #[test]
    fn what_was_lost_since_the_last_answer_is_lost_with_the_target_and_the_rest_by_chance() {
        let request =
            || Request { method: "GET".to_owned(), target: "/".to_owned(), headers: Headers::new(), body: Vec::new() };
        let exchange = |reply| Exchange {
            request: request(),
            raw: None,
            reply,
            lane: Lane::Live,
            sent: Moment(0),
            done: Moment(0),
        };
        let lost = || exchange(Reply::Lost(Cause::new(CauseKind::Closed, "x")));
        let answer = || exchange(Reply::Answered(Response::new(200, Headers::new(), Vec::new())));
        let unheard = || exchange(Reply::Refused(Cause::new(CauseKind::Connect, "x")));
        for (name, before, strikes) in [("by chance", 9, 8), ("with the target", 0, 2)] {
            let tally = Tally::default();
            (0..before).for_each(|_| tally.note(&lost(), 0));
            tally.note(&answer(), 0);
            (0..20).for_each(|_| tally.note(&lost(), 0));
            tally.note(&unheard(), 0);
            tally.lost_with_the_target();
            tally.note(&answer(), 0);
            tally.lost_with_the_target();
            assert_eq!(tally.strikes(20), strikes, "{name}");
        }
    }

    #[test]
    fn the_clocks_are_as_far_apart_as_the_promptest_answer_says() {
        let tally = Tally::default();
        let answered = |date: &str| {
            let headers: Headers = [("date", date)].into_iter().collect();
            let request =
                Request { method: "GET".to_owned(), target: "/".to_owned(), headers: Headers::new(), body: Vec::new() };
            let reply = Reply::Answered(Response::new(200, headers, Vec::new()));
            Exchange { request, raw: None, reply, lane: Lane::Live, sent: Moment(0), done: Moment(0) }
        };
        for (date, now, skew) in [
            ("no date", 0, None),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777 + 700, Some(-700)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777 + 600, Some(-600)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", 784_111_777 + 900, Some(-600)),
        ] {
            tally.note(&answered(date), now);
            assert_eq!(tally.weather().skew, skew, "{date} {now}");
        }
        let words = apart(Some(-600)).expect("they are apart");
        assert_eq!(words, "by its Date header the target's clock is 10 minutes behind this machine's");
        assert_eq!((apart(Some(4)), apart(None)), (None, None));
    }
}
