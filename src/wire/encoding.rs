//! Percent-encoding, in each of the ways that clients legally write the same text.

/// One legal way to write text in a query or form body (clause `rpc/parameter/encoding`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Encoding {
    /// RFC 3986: all but unreserved characters as `%XX`, upper-case hex, space as `%20`.
    #[default]
    Strict,
    /// As `Strict`, with lower-case hex digits.
    LowerHex,
    /// As `Strict`, with space as `+`.
    Plus,
    /// Every byte as `%XX`, unreserved characters too.
    Everything,
    /// Characters that a query may carry raw (`*`, `!`, `'`, `(`, `)`, `:`, `@`, `/`, `,`, `;`, `$`) are left as they are.
    Sparse,
}

impl Encoding {
    /// All of them, in the order in which they are tried.
    pub const ALL: [Encoding; 5] =
        [Encoding::Strict, Encoding::LowerHex, Encoding::Plus, Encoding::Everything, Encoding::Sparse];

    /// The name used in case files and reports: `strict`, `lower-hex`, `plus`, `everything`, `sparse`.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Strict => "strict",
            Encoding::LowerHex => "lower-hex",
            Encoding::Plus => "plus",
            Encoding::Everything => "everything",
            Encoding::Sparse => "sparse",
        }
    }

    /// Writes `text`.
    pub fn encode(self, text: &str) -> String {
        let mut out = String::with_capacity(text.len() + text.len() / 2);
        self.encode_into(text, &mut out);
        out
    }

    /// Appends `text`, written this way, to `out`.
    pub fn encode_into(self, text: &str, out: &mut String) {
        match self {
            Encoding::Strict => write(text, out, is_unreserved, |byte, out| escape(byte, UPPER, out)),
            Encoding::LowerHex => write(text, out, is_unreserved, |byte, out| escape(byte, LOWER, out)),
            Encoding::Plus => write(text, out, is_unreserved, |byte, out| match byte {
                b' ' => out.push('+'),
                _ => escape(byte, UPPER, out),
            }),
            Encoding::Everything => write(text, out, |_| false, |byte, out| escape(byte, UPPER, out)),
            Encoding::Sparse => write(
                text,
                out,
                |byte| is_unreserved(byte) || b"*!'():@/,;$".contains(&byte),
                |byte, out| escape(byte, UPPER, out),
            ),
        }
    }
}

/// Appends `text` encoded strictly twice over, as the V1 string to sign needs it.
pub(super) fn encode_twice_into(text: &str, out: &mut String) {
    write(text, out, is_unreserved, |byte, out| {
        out.push_str("%25");
        push_hex(byte, UPPER, out);
    });
}

/// The two lower-case hexadecimal digits of every byte.
pub fn hex(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(2 * bytes.len());
    hex_into(bytes, &mut out);
    out
}

/// Appends the two lower-case hexadecimal digits of every byte.
pub(super) fn hex_into(bytes: &[u8], out: &mut String) {
    for some in bytes.chunks(32) {
        let mut digits = [0; 64];
        for ([high, low], byte) in digits.as_chunks_mut().0.iter_mut().zip(some) {
            (*high, *low) = (LOWER[usize::from(byte >> 4)], LOWER[usize::from(byte & 15)]);
        }
        out.push_str(std::str::from_utf8(&digits[..2 * some.len()]).expect("digits are ASCII"));
    }
}

/// The value of a hexadecimal digit in either case.
pub(super) fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

const UPPER: &[u8; 16] = b"0123456789ABCDEF";
const LOWER: &[u8; 16] = b"0123456789abcdef";

/// Copies runs of kept bytes whole; what is kept is ASCII, so every run ends on a character.
fn write(text: &str, out: &mut String, keep: impl Fn(u8) -> bool, replace: impl Fn(u8, &mut String)) {
    let mut run = 0;
    for (at, byte) in text.bytes().enumerate() {
        if keep(byte) {
            continue;
        }
        // Between the bytes of one character not even an empty slice may be taken.
        if run < at {
            out.push_str(&text[run..at]);
        }
        replace(byte, out);
        run = at + 1;
    }
    out.push_str(&text[run..]);
}

const UNRESERVED: [bool; 256] = {
    let mut unreserved = [false; 256];
    let mut byte = 0_u8;
    while byte < 128 {
        unreserved[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
        byte += 1;
    }
    unreserved
};

fn is_unreserved(byte: u8) -> bool {
    UNRESERVED[usize::from(byte)]
}

fn escape(byte: u8, digits: &[u8; 16], out: &mut String) {
    out.push('%');
    push_hex(byte, digits, out);
}

fn push_hex(byte: u8, digits: &[u8; 16], out: &mut String) {
    out.push(char::from(digits[usize::from(byte >> 4)]));
    out.push(char::from(digits[usize::from(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_writes_what_its_description_says() {
        let text = "aZ9-_.~ *!'():@/,;$+%&=?#[]\"é😀";
        let rows = [
            (
                Encoding::Strict,
                "aZ9-_.~%20%2A%21%27%28%29%3A%40%2F%2C%3B%24%2B%25%26%3D%3F%23%5B%5D%22%C3%A9%F0%9F%98%80",
            ),
            (
                Encoding::LowerHex,
                "aZ9-_.~%20%2a%21%27%28%29%3a%40%2f%2c%3b%24%2b%25%26%3d%3f%23%5b%5d%22%c3%a9%f0%9f%98%80",
            ),
            (Encoding::Plus, "aZ9-_.~+%2A%21%27%28%29%3A%40%2F%2C%3B%24%2B%25%26%3D%3F%23%5B%5D%22%C3%A9%F0%9F%98%80"),
            (
                Encoding::Everything,
                "%61%5A%39%2D%5F%2E%7E%20%2A%21%27%28%29%3A%40%2F%2C%3B%24%2B%25%26%3D%3F%23%5B%5D%22%C3%A9%F0%9F%98%80",
            ),
            (Encoding::Sparse, "aZ9-_.~%20*!'():@/,;$%2B%25%26%3D%3F%23%5B%5D%22%C3%A9%F0%9F%98%80"),
        ];
        assert_eq!(rows.map(|(encoding, _)| encoding), Encoding::ALL);
        for (encoding, written) in rows {
            assert_eq!(encoding.encode(text), written, "{}", encoding.name());
            assert_eq!(encoding.encode(""), "", "{}", encoding.name());
        }
    }

    #[test]
    fn encoding_twice_is_encoding_what_was_encoded() {
        for text in ["", "plain", "a b*c~d+e/f=g&h%i", "é😀", " ", "~"] {
            let mut out = String::new();
            encode_twice_into(text, &mut out);
            assert_eq!(out, Encoding::Strict.encode(&Encoding::Strict.encode(text)), "{text}");
        }
    }

    #[test]
    fn hexadecimal_digits_are_read_in_either_case() {
        let read: Vec<u8> = (0..=255).filter(|byte| digit(*byte).is_some()).collect();
        assert_eq!(read, b"0123456789ABCDEFabcdef");
        assert_eq!((digit(b'0'), digit(b'9'), digit(b'a'), digit(b'F')), (Some(0), Some(9), Some(10), Some(15)));
    }
}
