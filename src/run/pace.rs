//! Pace: how fast requests may go out.

use std::time::Duration;

use tokio::sync::Mutex;

use crate::clock::{Clock, Moment};

/// A limit of requests per second, over all connections.
#[derive(Debug)]
pub struct Pace {
    interval: Option<Duration>,
    next: Mutex<Moment>,
}

impl Pace {
    /// At most this many requests a second; `None` for no limit.
    pub fn new(per_second: Option<f64>) -> Pace {
        let interval = per_second.filter(|rate| *rate > 0.0).map(|rate| Duration::from_secs_f64(1.0 / rate));
        Pace { interval, next: Mutex::new(Moment::default()) }
    }

    /// How long that many requests take at least.
    pub fn time_of(&self, requests: usize) -> Duration {
        self.interval.unwrap_or_default() * u32::try_from(requests).unwrap_or(u32::MAX)
    }

    /// Waits for this request's turn.
    pub async fn turn(&self, clock: &Clock) {
        let Some(interval) = self.interval else { return };
        let wait = {
            let mut next = self.next.lock().await;
            let now = clock.now();
            let at = (*next).max(now);
            *next = at.plus(interval);
            at.since(now)
        };
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }
}
