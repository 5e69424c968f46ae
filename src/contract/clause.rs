//! Clauses, their levels, and the capabilities they need.

use std::fmt;

/// How much a clause binds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Recorded as an observation.
    May,
    /// Reported; fails with `--strict` alone.
    Should,
    /// Breaking it fails the gate.
    Must,
}

impl Level {
    /// All of them, the weakest first.
    pub const ALL: [Level; 3] = [Level::May, Level::Should, Level::Must];

    /// `MUST`, `SHOULD`, `MAY`.
    pub fn name(self) -> &'static str {
        match self {
            Level::May => "MAY",
            Level::Should => "SHOULD",
            Level::Must => "MUST",
        }
    }

    /// The level of that name, to the letter.
    pub fn parse(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One sentence that an endpoint is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clause {
    /// Public, stable id.
    pub id: String,
    /// How much it binds.
    pub level: Level,
    /// What the endpoint does, beginning with a verb: "refuses a call without RegionId".
    pub sentence: String,
    /// Sources: `doc`, `sib`, `gw`, `sdk`, `http`; empty where the documents are silent.
    pub sources: Vec<String>,
}

/// Something that a target need not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capability {
    /// `websocket`, `xml`, ...
    pub name: String,
    /// What it is.
    pub sentence: String,
    /// Clauses that go with it: ids, or `prefix*`.
    pub clauses: Vec<String>,
    /// Capabilities that this name stands for (`signatures`: both schemes). Lacking the name is lacking all of them,
    /// and the other way round.
    pub all_of: Vec<String>,
}

impl Capability {
    /// Whether `clause` goes when this capability is lacking.
    pub fn takes(&self, clause: &str) -> bool {
        self.clauses.iter().any(|pattern| matches(pattern, clause))
    }
}

/// Whether `id` is `pattern`, where a trailing `*` stands for any text.
pub fn matches(pattern: &str, id: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => id.starts_with(prefix),
        None => id == pattern,
    }
}
