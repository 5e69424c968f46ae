//! Pace: how fast requests may go out.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::Moment;

tokio::task_local! {
    /// Whether a client of an overlap has a turn that was waited for beforehand.
    static PERMIT: Cell<bool>;
}

/// A limit of requests per second, over all connections.
#[derive(Debug)]
pub struct Pace {
    interval: Option<Duration>,
    next: Mutex<Moment>,
    given_back: AtomicBool,
}

impl Pace {
    /// At most this many requests a second; `None` for no limit.
    pub fn new(per_second: Option<f64>) -> Pace {
        let interval = per_second.filter(|rate| *rate > 0.0).map(|rate| Duration::from_secs_f64(1.0 / rate));
        Pace { interval, next: Mutex::new(Moment::default()), given_back: AtomicBool::new(false) }
    }

    /// How long that many requests take at least.
    pub fn time_of(&self, requests: usize) -> Duration {
        self.interval.unwrap_or_default() * u32::try_from(requests).unwrap_or(u32::MAX)
    }

    /// Takes so many turns: how long to wait for the last of them.
    pub fn take(&self, count: usize, now: Moment) -> Duration {
        if self.interval.is_none() {
            return Duration::ZERO;
        }
        let mut next = self.next();
        let first = (*next).max(now);
        *next = first.plus(self.time_of(count));
        first.plus(self.time_of(count.saturating_sub(1))).since(now)
    }

    /// Gives back the turns that nobody waits for any more, so that a run that is stopped cleans up at once: the first who
    /// finds that it is does so for all, and turns that are taken after that are kept.
    pub fn give_back(&self, now: Moment) {
        if self.given_back.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut next = self.next();
        *next = (*next).min(now.plus(self.time_of(1)));
    }

    /// Takes the permit that this client was given beforehand, if it has one.
    pub fn permitted(&self) -> bool {
        PERMIT.try_with(|permit| permit.replace(false)).unwrap_or(false)
    }

    /// What a client does whose first request goes out at once, since its turn was waited for: those that are to overlap
    /// would never meet otherwise.
    pub async fn permit<T>(&self, client: impl Future<Output = T>) -> T {
        PERMIT.scope(Cell::new(true), client).await
    }

    fn next(&self) -> MutexGuard<'_, Moment> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenths(count: u64) -> Duration {
        Duration::from_millis(count * 100)
    }

    #[test]
    fn turns_are_as_far_apart_as_the_pace_says() {
        let pace = Pace::new(Some(10.0));
        let waits: Vec<Duration> = (0..3).map(|_| pace.take(1, Moment(0))).collect();
        assert_eq!(waits, [tenths(0), tenths(1), tenths(2)]);
        assert_eq!((pace.take(4, Moment(0)), pace.take(1, Moment(0))), (tenths(6), tenths(7)));
        assert_eq!(Pace::new(None).take(9, Moment(0)), Duration::ZERO);
    }

    #[test]
    fn turns_that_are_given_back_are_waited_for_by_nobody() {
        let pace = Pace::new(Some(0.1));
        pace.take(64, Moment(0));
        pace.give_back(Moment(1));
        assert_eq!(pace.take(1, Moment(1)), Duration::from_secs(10));
        // Others who find the run stopped clean up behind that one, and not beside it.
        pace.give_back(Moment(1));
        assert_eq!(pace.take(1, Moment(1)), Duration::from_secs(20));
    }

    #[tokio::test]
    async fn a_permit_is_its_clients_own_and_good_for_one_request() {
        let pace = Pace::new(Some(10.0));
        let client = || pace.permit(async { [pace.permitted(), pace.permitted()] });
        assert_eq!((client().await, client().await, pace.permitted()), ([true, false], [true, false], false));
    }
}
