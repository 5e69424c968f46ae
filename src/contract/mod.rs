//! What the documents promise, as data: clauses, outcomes, readings, capabilities, error table, schemas.

pub mod clause;
pub mod outcome;
pub mod reading;
pub mod schema;

use std::collections::BTreeMap;

pub use clause::{Capability, Clause, Level};
pub use outcome::{Answer, CodePattern, Outcome, OutcomeRef};
pub use reading::{Reading, ReadingValue, Readings};
pub use schema::{Schema, SchemaName, Violation};

/// One revision of the documents, complete.
#[derive(Debug)]
pub struct Contract {
    /// `2025-04-25`, ...
    pub revision: String,
    /// Clauses in the order of the contract.
    pub clauses: Vec<Clause>,
    /// Outcomes by name.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Readings by name.
    pub readings: BTreeMap<String, Reading>,
    /// Capabilities in the order of the contract.
    pub capabilities: Vec<Capability>,
    /// Codes that the documents fix, with their status and message.
    pub errors: Vec<ErrorEntry>,
    /// Regions that the documents know.
    pub regions: Vec<String>,
    /// Schemas of requests and answers.
    pub schemas: BTreeMap<SchemaName, Schema>,
}

/// One row of the error table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorEntry {
    /// The code, `<Name>` standing for a parameter's name, a trailing `*` for any further text.
    pub code: CodePattern,
    /// Documented statuses; empty where none is known.
    pub status: Vec<u16>,
    /// Documented message, when the documents fix it to the letter.
    pub message: Option<String>,
    /// `page` for this operation's page, `gateway` for the common table.
    pub table: Table,
    /// Operations that document it; empty for all.
    pub operations: Vec<String>,
    /// Where it comes from.
    pub source: String,
}

/// Which table an error stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// An operation's own page.
    Page,
    /// The gateway's common table.
    Gateway,
}

impl Contract {
    /// The clause of that id.
    pub fn clause(&self, id: &str) -> Option<&Clause> {
        self.clauses.iter().find(|clause| clause.id == id)
    }

    /// The answers that an outcome permits under the readings in force.
    ///
    /// # Panics
    /// When the outcome does not exist: loading proves that every reference does.
    pub fn permitted(&self, outcome: &OutcomeRef, readings: &Readings) -> Vec<Answer> {
        outcome::permitted(self, outcome, readings)
    }
}
