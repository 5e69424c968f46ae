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
        let _ = text;
        todo!()
    }
}
