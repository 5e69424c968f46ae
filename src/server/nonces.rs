//! Nonces that were used, each remembered for as long as a signature with it could be accepted.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use sha2::{Digest as _, Sha256};

/// What is kept of a nonce.
pub(super) type Print = [u8; 32];

/// Nonces that were used. Only fingerprints are kept, since a nonce may be of any length.
#[derive(Debug, Clone, Default)]
pub struct Nonces {
    used: HashSet<Print>,
    by_age: VecDeque<(u64, Print)>,
    /// Those that were used since they were last taken, each with the time until which it counts.
    pub(super) noted: Vec<(u64, Print)>,
}

impl Nonces {
    /// Notes a nonce of a key for `kept` from `now` (Unix seconds) on; whether it is new.
    pub fn note(&mut self, key: &str, nonce: &str, kept: Duration, now: u64) -> bool {
        while self.by_age.front().is_some_and(|(until, _)| *until < now) {
            if let Some((_, print)) = self.by_age.pop_front() {
                self.used.remove(&print);
            }
        }
        let print = print(key, nonce);
        let fresh = self.used.insert(print);
        if fresh {
            let until = now.saturating_add(kept.as_secs());
            self.by_age.push_back((until, print));
            self.noted.push((until, print));
        }
        fresh
    }

    /// Notes a nonce that another server noted.
    pub(super) fn restore(&mut self, until: u64, print: Print) {
        if self.used.insert(print) {
            self.by_age.push_back((until, print));
        }
    }

    /// Forgets all but the last `count`; for a fault alone.
    pub(super) fn forget_but(&mut self, count: usize) {
        while self.by_age.len() > count {
            if let Some((_, print)) = self.by_age.pop_front() {
                self.used.remove(&print);
            }
        }
    }

    /// The last `count` that were used, in the order of their use.
    pub(super) fn youngest(&self, count: usize) -> impl Iterator<Item = &(u64, Print)> {
        self.by_age.iter().skip(self.by_age.len().saturating_sub(count))
    }
}

fn print(key: &str, nonce: &str) -> Print {
    let mut hash = Sha256::new();
    hash.update((key.len() as u64).to_le_bytes());
    hash.update(key);
    hash.update(nonce);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEPT: Duration = Duration::from_secs(60);

    #[test]
    fn a_nonce_is_new_once_a_key_until_it_is_forgotten() {
        let mut nonces = Nonces::default();
        assert!(nonces.note("a", "n", KEPT, 0));
        assert!(!nonces.note("a", "n", KEPT, 60));
        assert!(nonces.note("b", "n", KEPT, 60), "another key");
        assert!(nonces.note("an", "", KEPT, 60), "key and nonce are told apart");
        assert!(nonces.note("a", "n", KEPT, 61), "no signature of that age would be accepted");
        assert_eq!(nonces.used.len(), nonces.by_age.len());
    }
}
