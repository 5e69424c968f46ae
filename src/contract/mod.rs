//! What the documents promise, as data: clauses, outcomes, readings, capabilities, error table, schemas.

pub mod clause;
pub mod outcome;
pub mod reading;
pub mod schema;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

pub use clause::{Capability, Clause, Level};
pub use outcome::{Answer, CodePattern, Outcome, OutcomeRef, StatusSet};
pub use reading::{Reading, ReadingValue, Readings};
pub use schema::{Schema, SchemaName, Violation};

/// The revision that a run is held to when it names none: the page that the project was created from.
pub const DEFAULT_REVISION: &str = "2025-04-25";

/// One revision of the documents, complete.
#[derive(Debug)]
pub struct Contract {
    /// `2025-04-25`, ...
    pub revision: String,
    /// What the page says of the operation as a whole.
    pub page: Page,
    /// What each source is, by its short name: `doc`, `sib`, `gw`, `sdk`, `http`.
    pub sources: BTreeMap<String, String>,
    /// Clauses in the order of the contract.
    pub clauses: Vec<Clause>,
    /// Outcomes by name.
    pub outcomes: BTreeMap<String, Outcome>,
    /// Readings by name.
    pub readings: BTreeMap<String, Reading>,
    /// Capabilities in the order of the contract.
    pub capabilities: Vec<Capability>,
    /// Codes that the documents know, with their status and message.
    pub errors: Vec<ErrorEntry>,
    /// Regions that the documents know; not all there are.
    pub regions: Vec<String>,
    /// Parameters that every operation takes.
    pub common_parameters: Vec<String>,
    /// Schemas of requests and answers.
    pub schemas: BTreeMap<SchemaName, Schema>,
}

/// What the page says of the operation as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// `Ecs`.
    pub product: String,
    /// Version of the product's interface: `2014-05-26`.
    pub version: String,
    /// The operation under test.
    pub operation: String,
    /// The operation under test and its siblings.
    pub operations: Vec<String>,
    /// What a caller must be allowed to do.
    pub permission: String,
    /// Where the page stands.
    pub url: String,
    /// What the operation does.
    pub effect: String,
}

/// One row of the error table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErrorEntry {
    /// The code.
    pub code: CodePattern,
    /// Documented statuses; empty where none is known, and the status is not judged.
    pub status: Vec<u16>,
    /// Documented message, when the page under test fixes it to the letter.
    pub message: Option<String>,
    /// What other documents and quoted answers say; for people, not judged.
    pub wording: Option<String>,
    /// `page` for an operation's own page, `gateway` for the common table.
    pub table: Table,
    /// Operations that document it; empty for all.
    pub operations: Vec<String>,
    /// Short name of the source.
    pub source: String,
    /// How well that source supports it.
    pub note: Option<String>,
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

    /// The capability of that name.
    pub fn capability(&self, name: &str) -> Option<&Capability> {
        self.capabilities.iter().find(|capability| capability.name == name)
    }

    /// The schema of an operation's part: `request`, `success`; `error` of `Error`.
    pub fn schema(&self, operation: &str, part: &str) -> Option<&Schema> {
        // Looking through the few there are needs no name of its own.
        self.schemas.iter().find(|(name, _)| name.part == part && name.operation == operation).map(|(_, schema)| schema)
    }

    /// The answers that an outcome permits under the readings in force, each kind once. None for outcomes of looks and
    /// for readings that something else than one answer decides.
    ///
    /// # Panics
    /// When the outcome does not exist: loading proves that every reference does.
    pub fn permitted(&self, outcome: &OutcomeRef, readings: &Readings) -> Vec<Cow<'_, Answer>> {
        outcome::permitted(self, outcome, readings)
    }

    /// The declarations (reading, value) that would permit this answer, each by itself, besides the readings in force.
    /// Empty for outcomes that depend on no reading.
    ///
    /// # Panics
    /// When the outcome does not exist.
    pub fn also_permitted_by(
        &self,
        outcome: &OutcomeRef,
        readings: &Readings,
        status: u16,
        code: Option<&str>,
    ) -> Vec<(String, String)> {
        outcome::also_permitted_by(self, outcome, readings, status, code)
    }

    /// The clauses that go when a target lacks these capabilities, in the order of the contract, each with the
    /// capability it goes with: one that was named, where that takes the clause. Names that do not exist take nothing.
    pub fn excluded_by(&self, lacking: &[&str]) -> Vec<(String, String)> {
        let mut all: BTreeSet<&str> = lacking.iter().copied().collect();
        for name in lacking {
            let members = self.capability(name).into_iter().flat_map(|capability| &capability.all_of);
            all.extend(members.map(String::as_str));
        }
        for capability in self.capabilities.iter().filter(|capability| !capability.all_of.is_empty()) {
            if capability.all_of.iter().all(|member| all.contains(member.as_str())) {
                all.insert(&capability.name);
            }
        }
        let named = self.capabilities.iter().filter(|capability| lacking.contains(&capability.name.as_str()));
        let following = self.capabilities.iter().filter(|capability| all.contains(capability.name.as_str()));
        let taking: Vec<&Capability> = named.chain(following).collect();
        let excluded = self.clauses.iter().filter_map(|clause| {
            let capability = taking.iter().find(|capability| capability.takes(&clause.id))?;
            Some((clause.id.clone(), capability.name.clone()))
        });
        excluded.collect()
    }

    /// The rows of the error table for a code of an operation's answer: those of the operation's own page; without
    /// any, those of the gateway. A parameter's name in a code must be one that the operation documents.
    pub fn error_rows(&self, code: &str, operation: &str) -> Vec<&ErrorEntry> {
        let rows = |table: Table| -> Vec<&ErrorEntry> {
            self.errors.iter().filter(|row| row.table == table && self.documents(row, code, operation)).collect()
        };
        let page = rows(Table::Page);
        if page.is_empty() { rows(Table::Gateway) } else { page }
    }

    fn documents(&self, row: &ErrorEntry, code: &str, operation: &str) -> bool {
        (row.operations.is_empty() || row.operations.iter().any(|name| name == operation))
            && self.fits(&row.code, code, operation)
    }

    /// Whether the documents know a code of an operation's answer: its page, the gateway's table, the outcomes, and
    /// what the readings in force permit.
    pub fn known_code(&self, code: &str, operation: &str, readings: &Readings) -> bool {
        let fits =
            |answer: &Answer| !answer.success && answer.codes.iter().any(|pattern| self.fits(pattern, code, operation));
        self.errors.iter().any(|row| self.documents(row, code, operation))
            || self.outcomes.values().flat_map(|outcome| &outcome.answers).any(fits)
            || self
                .readings
                .values()
                .flat_map(|reading| reading.in_force(readings))
                .flat_map(|value| &value.answers)
                .any(fits)
    }

    /// Names of the parameters that an operation documents, common ones included.
    pub fn parameters<'a>(&'a self, operation: &str) -> impl Iterator<Item = &'a str> {
        let own = self.schema(operation, "request").and_then(|schema| schema.value.get("properties")?.as_object());
        own.into_iter()
            .flat_map(|properties| properties.keys().map(String::as_str))
            .chain(self.common_parameters.iter().map(String::as_str))
    }

    fn fits(&self, pattern: &CodePattern, code: &str, operation: &str) -> bool {
        match pattern {
            // Under V3 what V1 has as common parameters are headers, and what is missing may be one of them.
            CodePattern::WithName(..) => pattern.name_in(code).is_some_and(|name| {
                let header = name.to_ascii_lowercase();
                let of_v3 = header == "authorization" || header.starts_with("x-acs-");
                of_v3 || self.parameters(operation).any(|parameter| parameter == name)
            }),
            pattern => pattern.fits(code),
        }
    }
}
