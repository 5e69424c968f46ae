//! Identifiers that the server makes up. The time is mixed in because a server that is restarted with its seed must not
//! issue the same ones again.

use super::session::Now;
use crate::seed::Stream;

/// What follows `s-` and the letters of the region in a session id: 56 random bits and more, so that neither two
/// sessions nor a session and a guess at one are likely to meet.
pub(super) fn session(entropy: &mut Stream, now: Now) -> String {
    format!("0{}", base36(entropy.number() ^ mixed(now.unix), 11))
}

/// An upper-case UUID of version 4.
pub(super) fn uuid(entropy: &mut Stream, now: Now) -> String {
    let high = entropy.number() ^ mixed(now.unix);
    let low = entropy.number();
    let (high, low) = (high & !0xF000 | 0x4000, low & !(0b11 << 62) | 0b10 << 62);
    format!(
        "{:08X}-{:04X}-{:04X}-{:04X}-{:012X}",
        high >> 32,
        high >> 16 & 0xFFFF,
        high & 0xFFFF,
        low >> 48,
        low & 0xFFFF_FFFF_FFFF
    )
}

/// Spreads the bits of a time (the constant of Fibonacci hashing).
fn mixed(unix: u64) -> u64 {
    unix.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

fn base36(mut number: u64, digits: usize) -> String {
    let mut text = vec![b'0'; digits];
    for place in text.iter_mut().rev() {
        *place = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
        number /= 36;
    }
    text.into_iter().map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::seed::Seed;

    #[test]
    fn uuids_are_upper_case_and_of_version_four() {
        let mut entropy = Seed(3).stream("uuid");
        for _ in 0..50 {
            let text = uuid(&mut entropy, Now { unix: 1_700_000_000, moment: Moment(0) });
            assert_eq!(text.split('-').map(str::len).collect::<Vec<_>>(), [8, 4, 4, 4, 12], "{text}");
            assert!(text.as_bytes()[14] == b'4' && b"89AB".contains(&text.as_bytes()[19]), "{text}");
            assert_eq!(text, text.to_uppercase());
        }
    }
}
