//! Time: the only place that asks the machine what time it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Microseconds since the clock was made; never runs backwards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Moment(pub u64);

impl Moment {
    /// Time from `earlier` to this moment, zero when it is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0))
    }

    /// The moment that much later.
    #[must_use]
    pub fn plus(self, time: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX)))
    }
}

/// A source of time that is passed in, so that a run can be repeated.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The machine's clock.
    System(Instant),
    /// The runtime's clock, which a paused runtime moves when nothing else can go on, and a microsecond for each look at
    /// it, so that what follows something is later than that.
    Runtime {
        /// Unix time, in seconds, of moment zero.
        epoch: u64,
        /// Moment zero.
        start: tokio::time::Instant,
        /// Looks so far.
        looks: Arc<AtomicU64>,
    },
    /// Starts at a given second of Unix time and moves only when something sleeps.
    Simulated {
        /// Unix time, in seconds, of moment zero.
        epoch: u64,
        /// Microseconds slept so far.
        elapsed: Arc<AtomicU64>,
    },
}

impl Clock {
    /// The machine's clock, from now on.
    pub fn system() -> Clock {
        Clock::System(Instant::now())
    }

    /// The clock of the runtime that is entered, from a given second of Unix time on.
    pub fn of_runtime(epoch: u64) -> Clock {
        Clock::Runtime { epoch, start: tokio::time::Instant::now(), looks: Arc::default() }
    }

    /// A clock that stands still but for `sleep`.
    pub fn simulated(epoch: u64) -> Clock {
        Clock::Simulated { epoch, elapsed: Arc::default() }
    }

    /// Monotonic time.
    pub fn now(&self) -> Moment {
        match self {
            Clock::System(start) => Moment(micros(start.elapsed())),
            Clock::Runtime { start, looks, .. } => {
                Moment(micros(start.elapsed()) + looks.fetch_add(1, Ordering::SeqCst))
            }
            Clock::Simulated { elapsed, .. } => Moment(elapsed.load(Ordering::SeqCst)),
        }
    }

    /// Whole seconds of Unix time, cut off, never rounded up.
    pub fn unix_seconds(&self) -> u64 {
        match self {
            Clock::System(_) => {
                std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |d| d.as_secs())
            }
            Clock::Runtime { epoch, start, .. } => epoch + start.elapsed().as_secs(),
            Clock::Simulated { epoch, elapsed } => epoch + elapsed.load(Ordering::SeqCst) / 1_000_000,
        }
    }

    /// Waits; a simulated clock jumps.
    pub async fn sleep(&self, duration: Duration) {
        match self {
            Clock::System(_) | Clock::Runtime { .. } => tokio::time::sleep(duration).await,
            Clock::Simulated { elapsed, .. } => {
                elapsed.fetch_add(micros(duration), Ordering::SeqCst);
                tokio::task::yield_now().await;
            }
        }
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

/// `yyyy-MM-ddTHH:mm:ssZ`, as both signature schemes write it (FACTS 1.2, 1.4).
pub fn timestamp(unix_seconds: u64) -> String {
    let seconds = i64::try_from(unix_seconds).unwrap_or(i64::MAX);
    jiff::Timestamp::from_second(seconds).map_or_else(|_| "9999-12-31T23:59:59Z".to_owned(), |time| time.to_string())
}

/// Seconds since 1970 of a Date header: `Sun, 06 Nov 1994 08:49:37 GMT`.
pub fn http_date(value: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(value).ok().filter(|text| text.len() <= 40)?;
    let time = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    u64::try_from(time.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_of_http_is_read_and_nothing_else() {
        assert_eq!(http_date(b"Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for text in ["", "now", "784111777", "Sun, 06 Nov 1994", "Sun, 31 Feb 1994 08:49:37 GMT"] {
            assert_eq!(http_date(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn timestamps_are_utc_and_to_the_second() {
        assert_eq!(timestamp(1_698_315_752), "2023-10-26T10:22:32Z");
        assert_eq!(timestamp(0), "1970-01-01T00:00:00Z");
    }

    #[tokio::test(start_paused = true)]
    async fn the_clock_of_a_paused_runtime_jumps_over_what_nothing_happens_in() {
        let clock = Clock::of_runtime(100);
        assert_eq!(clock.now(), Moment(0));
        clock.sleep(Duration::from_secs(3)).await;
        assert_eq!((clock.now(), clock.unix_seconds()), (Moment(3_000_001), 103));
    }

    #[tokio::test]
    async fn a_simulated_clock_moves_only_when_something_sleeps() {
        let clock = Clock::simulated(100);
        assert_eq!((clock.now(), clock.unix_seconds()), (Moment(0), 100));
        clock.sleep(Duration::from_secs(3)).await;
        assert_eq!((clock.now(), clock.unix_seconds()), (Moment(3_000_000), 103));
    }
}
