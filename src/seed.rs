//! Entropy: one seed a run, one independent stream a name, so that same seed means same bytes.

use std::fmt;
use std::str::FromStr;

use arbitrary::Unstructured;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// The seed of a run; written as 16 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(pub u64);

impl fmt::Display for Seed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl FromStr for Seed {
    type Err = String;

    fn from_str(text: &str) -> Result<Seed, String> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        u64::from_str_radix(digits, 16)
            .map(Seed)
            .map_err(|_| format!("`{text}` is no seed: write up to 16 hexadecimal digits, such as 9f1c00d2"))
    }
}

impl Seed {
    /// A seed from the operating system's randomness (a std hasher's keys), for runs that name none.
    pub fn fresh() -> Seed {
        use std::hash::{BuildHasher, Hasher};
        Seed(std::collections::hash_map::RandomState::new().build_hasher().finish())
    }

    /// The stream that belongs to `name` (a case id, say), independent of every other stream.
    pub fn stream(self, name: &str) -> Stream {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        hash.update(name.as_bytes());
        Stream(ChaCha8Rng::from_seed(hash.finalize().into()))
    }
}

/// An endless, repeatable stream of bytes.
pub struct Stream(ChaCha8Rng);

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream")
    }
}

impl Stream {
    /// The next bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Lower-case hexadecimal text of `count` digits, for nonces.
    pub fn hex(&mut self, count: usize) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let bytes = self.bytes(count.div_ceil(2));
        let mut digits = String::with_capacity(count + 1);
        for nibble in bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]) {
            digits.push(char::from(DIGITS[usize::from(nibble)]));
        }
        digits.truncate(count);
        digits
    }

    /// Runs `make` on a fresh stretch of the stream, in the shape that generators take.
    pub fn unstructured<T>(&mut self, count: usize, make: impl FnOnce(&mut Unstructured<'_>) -> T) -> T {
        make(&mut Unstructured::new(&self.bytes(count)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_name_and_seed() {
        let take = |seed: u64, name: &str| Seed(seed).stream(name).hex(32);
        assert_eq!(take(7, "a"), take(7, "a"));
        assert_ne!(take(7, "a"), take(7, "b"));
        assert_ne!(take(7, "a"), take(8, "a"));
        assert_eq!(take(7, "a").len(), 32);
    }

    #[test]
    fn seeds_are_written_and_read_alike() {
        let seed = Seed(0x9f1c);
        assert_eq!(seed.to_string().parse::<Seed>(), Ok(seed));
        assert!("zz".parse::<Seed>().is_err());
    }
}
