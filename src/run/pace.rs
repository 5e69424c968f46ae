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

    /// Waits for this request's turn.
    pub async fn turn(&self, clock: &Clock) {
        let Some(interval) = self.interval else { return };
        let wait = {
            let mut next = self.next.lock().await;
            let now = clock.now();
            let at = (*next).max(now);
            *next = Moment(at.0 + u64::try_from(interval.as_micros()).unwrap_or(u64::MAX));
            at.since(now)
        };
        if !wait.is_zero() {
            clock.sleep(wait).await;
        }
    }
}
