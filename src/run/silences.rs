//! Silences: how many requests in a row got no answer, so that a target that is gone is given up.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Moment;
use crate::limits;

/// Unanswered requests in a row. Those under way at the same time count once: a target that halts for a moment, or turns
/// away some of those who come at once, is not gone.
#[derive(Debug, Default)]
pub struct Silences(Mutex<Row>);

#[derive(Debug, Default)]
struct Row {
    count: usize,
    /// When the last one that counts was over.
    until: Moment,
}

impl Silences {
    /// Notes a request that was answered.
    pub fn end(&self) {
        self.row().count = 0;
    }

    /// Notes one that was not, sent and over at these moments; whether that is enough to give the target up.
    pub fn another(&self, sent: Moment, done: Moment) -> bool {
        let mut row = self.row();
        if row.count == 0 || sent >= row.until {
            row.count += 1;
            row.until = done;
        }
        row.count >= limits::SILENT_IN_A_ROW
    }

    fn row(&self) -> MutexGuard<'_, Row> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENOUGH: u64 = limits::SILENT_IN_A_ROW as u64;

    /// Whether the last of them was enough.
    fn enough(silences: &Silences, moments: impl Iterator<Item = (u64, u64)>) -> bool {
        moments.map(|(sent, done)| silences.another(Moment(sent), Moment(done))).last() == Some(true)
    }

    #[test]
    fn a_target_is_given_up_for_requests_one_after_another_and_not_for_one_moment() {
        let silences = Silences::default();
        let row = |count: u64| (0..count).map(|at| (at, at + 1));
        assert!(!enough(&silences, row(ENOUGH - 1)));
        silences.end();
        assert!(!enough(&silences, (0..100).map(|at| (at, 200 + at))), "all at once");
        assert!(!enough(&silences, (1..ENOUGH - 1).flat_map(|at| [(300 * at, 300 * at + 200); 8])), "each time eight");
        assert!(enough(&silences, [(90_000, 90_001)].into_iter()), "and one more");
        let at_once = Silences::default();
        assert!(enough(&at_once, (0..ENOUGH).map(|_| (5, 5))), "each over before the next was sent, in no time");
    }
}
