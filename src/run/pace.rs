//! Pace: how fast requests may go out.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Mutex;

use crate::clock::{Clock, Moment};

/// A limit of requests per second, over all connections.
#[derive(Debug)]
pub struct Pace {
    interval: Option<Duration>,
    next: Mutex<Moment>,
    /// Turns that were waited for and not yet taken.
    gathered: AtomicU64,
}

impl Pace {
    /// At most this many requests a second; `None` for no limit.
    pub fn new(per_second: Option<f64>) -> Pace {
        let interval = per_second.filter(|rate| *rate > 0.0).map(|rate| Duration::from_secs_f64(1.0 / rate));
        Pace { interval, next: Mutex::new(Moment::default()), gathered: AtomicU64::new(0) }
    }

    /// How long that many requests take at least.
    pub fn time_of(&self, requests: usize) -> Duration {
        self.interval.unwrap_or_default() * u32::try_from(requests).unwrap_or(u32::MAX)
    }

    /// Waits for this request's turn.
    pub async fn turn(&self, clock: &Clock) {
        let taken = self.gathered.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
        if taken.is_err() {
            self.wait(1, clock).await;
        }
    }

    /// Waits for the turns of so many requests, which then go out at once: those that are to overlap would never meet
    /// otherwise.
    pub async fn gather(&self, count: usize, clock: &Clock) {
        if self.interval.is_some() {
            self.wait(count, clock).await;
            self.gathered.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::SeqCst);
        }
    }

    /// Waits for the last of so many turns.
    async fn wait(&self, count: usize, clock: &Clock) {
        if self.interval.is_none() {
            return;
        }
        let wait = {
            let mut next = self.next.lock().await;
            let now = clock.now();
            let first = (*next).max(now);
            *next = first.plus(self.time_of(count));
            first.plus(self.time_of(count.saturating_sub(1))).since(now)
        };
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn turns_are_as_far_apart_as_the_pace_says() {
        let (clock, pace) = (Clock::simulated(0), Pace::new(Some(10.0)));
        let mut moments = Vec::new();
        for _ in 0..3 {
            pace.turn(&clock).await;
            moments.push(clock.now());
        }
        assert_eq!(moments, [Moment(0), Moment(100_000), Moment(200_000)]);
    }

    #[tokio::test]
    async fn turns_that_were_gathered_are_taken_at_once_and_paid_for_before() {
        let (clock, pace) = (Clock::simulated(0), Pace::new(Some(10.0)));
        pace.gather(4, &clock).await;
        let mut moments = Vec::new();
        for _ in 0..5 {
            pace.turn(&clock).await;
            moments.push(clock.now());
        }
        let at = |tenths: u64| Moment(tenths * 100_000);
        assert_eq!(moments, [at(3), at(3), at(3), at(3), at(4)]);
    }
}
