//! Shards: cases divided by their ids, or those of one seed by number, so that several machines run each of them once.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};

use crate::limits;

/// One of several parts of a run or campaign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    number: usize,
    of: usize,
}

impl Shard {
    /// The number of the case that this shard runs at a turn, both counted from 0.
    pub fn case(self, turn: usize) -> usize {
        turn.saturating_mul(self.of).saturating_add(self.number - 1)
    }

    /// Whether the case of this id is one of its own: the first eight bytes of the id's SHA-256, the most significant first, leave
    /// this shard's number less one when divided by the number of shards. Other cases have no part in that, so that a case
    /// stays in its shard whatever is added, taken away or selected.
    pub fn takes(self, id: &str) -> bool {
        let digest = Sha256::digest(id.as_bytes());
        let first = digest.iter().take(8).fold(0u64, |number, byte| number << 8 | u64::from(*byte));
        first % self.of as u64 == self.number as u64 - 1
    }

    /// How many there are.
    pub fn of(self) -> usize {
        self.of
    }

    /// The shard of that number, counted from 0, of so many.
    pub fn from_zero(index: usize, of: usize) -> Option<Shard> {
        (index < of && of <= limits::SHARDS).then(|| Shard { number: index + 1, of })
    }

    /// Whether it is all there is.
    pub fn is_whole(self) -> bool {
        self.of == 1
    }
}

impl Default for Shard {
    fn default() -> Shard {
        Shard { number: 1, of: 1 }
    }
}

impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.of)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let numbers = text.trim().split_once('/').and_then(|(number, of)| {
            let (number, of) = (number.parse().ok()?, of.parse().ok()?);
            (1..=of).contains(&number).then_some(Shard { number, of })
        });
        let most = limits::SHARDS;
        numbers.filter(|shard| shard.of <= most).ok_or_else(|| {
            format!("`{text}` is no shard: write I/N, such as 1/4, with I from 1 to N and N at most {most}")
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shards_of_a_campaign_are_all_of_it_and_no_case_twice() {
        for of in 1..=7 {
            let shards = (1..=of).map(|number| format!("{number}/{of}").parse::<Shard>().unwrap());
            let mut all: Vec<usize> = shards
                .flat_map(|shard| (0..).map(move |turn| shard.case(turn)).take_while(|number| *number < 100))
                .collect();
            all.sort_unstable();
            assert_eq!(all, (0..100).collect::<Vec<_>>(), "{of} shards");
        }
    }

    #[test]
    fn an_id_is_in_one_shard_and_always_in_the_same() {
        let ids: Vec<String> = (0..500).map(|n| format!("end/effect/case-{n}")).collect();
        for of in 1..=7 {
            let shards: Vec<Shard> = (0..of).map(|index| Shard::from_zero(index, of).unwrap()).collect();
            for shard in &shards {
                let taken = ids.iter().filter(|id| shard.takes(id)).count();
                assert!(taken.abs_diff(ids.len() / of) < 60, "{shard} takes {taken}");
            }
            assert!(ids.iter().all(|id| shards.iter().filter(|shard| shard.takes(id)).count() == 1), "{of} shards");
        }
        // What CI systems have divided their work by must not change.
        let shard = |id: &str| (0..4).find(|index| Shard::from_zero(*index, 4).unwrap().takes(id));
        let ids = ["end/effect/once/ends", "end/request/region-required", "rpc/format/xml"];
        assert_eq!(ids.map(shard), [Some(1), Some(2), Some(2)]);
        assert_eq!(Shard::from_zero(3, 3), None);
    }

    #[test]
    fn shards_are_written_and_read_alike_and_mistakes_say_how_to_write_them() {
        for text in ["1/1", "3/4", "65536/65536"] {
            assert_eq!(text.parse::<Shard>().unwrap().to_string(), text);
        }
        for text in ["", "1", "0/4", "5/4", "1/0", "-1/2", "a/b", "1/2/3", "1/65537"] {
            assert!(text.parse::<Shard>().unwrap_err().contains("write I/N"), "{text}");
        }
    }
}
