//! The report: the only contract between a run and its renderings; versioned, serialisable.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::against::Against;
use crate::check::seen::counted;

/// Version of the report's shape.
pub const FORMAT: u32 = 1;

/// A case that did all it has to do, and of which everything was decided.
pub const WHOLE: &str = "whole";
/// A case that a breach ended before its last step or variant.
pub const CUT_SHORT: &str = "cut short";
/// A case of which something could not be decided.
pub const UNDECIDED: &str = "undecided";
/// A case of which nothing is undecided but calls whose answers are wrong however they are written, as a known finding says.
pub const EXCUSED: &str = "excused";
/// A case that did not run.
pub const NOT_RUN: &str = "not run";

/// An entry whose finding came.
pub const KNOWN: &str = "known";
/// An entry whose finding did not come, although its case put the clause to the test to the end.
pub const FIXED: &str = "fixed";
/// An entry whose day has passed.
pub const EXPIRED: &str = "expired";
/// An entry of which this run tells nothing.
pub const NOT_OBSERVED: &str = "not observed";

/// One run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// Version of endspec.
    pub endspec: String,
    /// Digest of the cases.
    pub suite: String,
    /// What was tested.
    pub target: Target,
    /// `I/N` of a sharded run.
    pub shard: Option<String>,
    /// Of how many shards it was put together, where it was.
    pub shards: Option<usize>,
    /// Whether only some cases of the suite were selected.
    pub selected: bool,
    /// Revision of the documents.
    pub contract: String,
    /// Readings in force.
    pub readings: BTreeMap<String, String>,
    /// Capabilities that the target is declared to lack.
    pub without: Vec<String>,
    /// Seed of the run.
    pub seed: String,
    /// Whether SHOULD counted as MUST.
    pub strict: bool,
    /// `pass`, `fail` or `inconclusive`.
    pub verdict: String,
    /// What is most likely wrong with the set-up, where everything points to one thing.
    pub hint: Option<String>,
    /// Whether the run was interrupted.
    pub interrupted: bool,
    /// Cases by verdict.
    pub totals: Totals,
    /// Clauses in scope, in the order of the contract.
    pub clauses: Vec<Clause>,
    /// Cases, in the order of their ids.
    pub cases: Vec<Case>,
    /// Cases of the run that other shards run.
    pub elsewhere: Vec<Elsewhere>,
    /// What became of the entries of the baseline; `None` without one.
    pub baseline: Option<Baseline>,
    /// Clauses that go with a capability which the target is declared to lack, or that a known finding keeps from being tested.
    pub excluded: Vec<Reason>,
    /// Clauses in scope that were neither tested nor excluded.
    pub not_tested: Vec<Reason>,
    /// Clauses for which this version ships no case.
    pub not_covered: Vec<String>,
    /// Sessions that could not be ended.
    pub leaked: Vec<String>,
    /// What the run met on the way that is no verdict, where it met anything.
    pub weather: Option<Weather>,
    /// The other target that the same cases ran against, where one was given.
    pub against: Option<Against>,
    /// Requests sent.
    pub exchanges: usize,
    /// When the run began: UTC, to the second, as `2026-01-31T12:00:00Z`.
    pub started: String,
    /// Milliseconds.
    pub duration_ms: u64,
}

/// What a run met on the way that is no verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Weather {
    /// Requests that were throttled and sent again.
    pub throttled: usize,
    /// Milliseconds waited for that, by all cases together.
    pub waited_ms: u64,
    /// Requests without a whole answer.
    pub unanswered: usize,
    /// Starts that may have opened a session whose id nobody was told: unanswered ones, and successes that cannot be read.
    pub starts: usize,
    /// How often the target was away for a while, after it had answered.
    pub absences: usize,
    /// How far apart the clocks are, in words; empty where they are not.
    pub clock: String,
}

impl Weather {
    /// What two shards met, together.
    #[must_use]
    pub fn and(self, other: Weather) -> Weather {
        Weather {
            throttled: self.throttled + other.throttled,
            waited_ms: self.waited_ms + other.waited_ms,
            unanswered: self.unanswered + other.unanswered,
            starts: self.starts + other.starts,
            absences: self.absences + other.absences,
            clock: if self.clock.is_empty() { other.clock } else { self.clock },
        }
    }

    /// That sessions may be open which nobody can name.
    pub fn unlisted(&self) -> Option<String> {
        if self.starts == 0 {
            return None;
        }
        let starts = counted(self.starts, "call");
        Some(format!(
            "{starts} of StartTerminalSession told no session, and may have opened one all the same: `endspec call DescribeTerminalSessions` lists the sessions of an instance"
        ))
    }

    /// That the target was away.
    pub fn absent(&self) -> Option<String> {
        let times = (self.absences > 0).then(|| counted(self.absences, "time"))?;
        Some(format!("the target was away for a while {times}, and was waited for: did it end, and start again?"))
    }

    /// All of it, in words.
    pub fn words(&self) -> String {
        let mut words = Vec::new();
        if self.throttled > 0 {
            let seconds = super::telling::seconds(self.waited_ms);
            words.push(format!(
                "throttled {}, each waited out and sent again ({seconds} s in all)",
                counted(self.throttled, "time")
            ));
        }
        if self.unanswered > 0 {
            words.push(format!("{} without a whole answer", counted(self.unanswered, "request")));
        }
        words.extend(self.absent());
        words.extend(self.unlisted());
        words.extend((!self.clock.is_empty()).then(|| self.clock.clone()));
        words.join("; ")
    }
}

/// What was tested.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its URL.
    pub url: String,
    /// `reference server (built in)` or `endpoint`.
    pub kind: String,
    /// Whether its certificate was not checked: whoever is in between may have answered.
    pub insecure: bool,
}

impl Target {
    /// What is said aloud of one whose certificate was not checked; nothing of others.
    pub fn warning(&self) -> &'static str {
        if self.insecure { " WITHOUT CHECKING WHO ANSWERED (--insecure)" } else { "" }
    }

    /// The target at `url`; whether it is the reference server in this process.
    pub fn new(url: &str, built_in: bool) -> Target {
        let kind = if built_in { "reference server (built in)" } else { "endpoint" };
        Target { url: url.to_owned(), kind: kind.to_owned(), insecure: false }
    }
}

/// Cases by verdict; `known` counts findings that a baseline names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Passed.
    pub pass: usize,
    /// Failed.
    pub fail: usize,
    /// Undecided.
    pub inconclusive: usize,
    /// Not run, with a declared reason.
    pub skipped: usize,
    /// Known findings.
    pub known: usize,
}

/// One clause in scope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Clause {
    /// Its id.
    pub id: String,
    /// `MUST`, `SHOULD`, `MAY`.
    pub level: String,
    /// Its sentence.
    pub sentence: String,
    /// `pass`, `fail`, `inconclusive`, `skipped`; a broken SHOULD fails the clause, not the run.
    pub verdict: String,
    /// Cases that list it.
    pub cases: Vec<String>,
    /// Judgements made.
    pub judgements: usize,
}

/// One case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Case {
    /// Its id.
    pub id: String,
    /// What it is about.
    pub title: Option<String>,
    /// Its verdict.
    pub verdict: String,
    /// Clauses that it lists.
    pub clauses: Vec<String>,
    /// Milliseconds.
    pub duration_ms: u64,
    /// Requests that it sent.
    pub exchanges: usize,
    /// How far it came: [`WHOLE`], [`CUT_SHORT`], [`UNDECIDED`], [`EXCUSED`], [`NOT_RUN`].
    pub course: String,
    /// Judgements made in it, by clause.
    pub tested: BTreeMap<String, usize>,
    /// Breaches.
    pub findings: Vec<Finding>,
    /// Why it is inconclusive or skipped.
    pub reasons: Vec<String>,
}

/// One breach; breaches of one clause and shape in one case are one, with a count.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The clause broken.
    pub clause: String,
    /// Its level.
    pub level: String,
    /// Permitted answers.
    pub expected: String,
    /// What came.
    pub actual: String,
    /// Both in a sentence.
    pub message: String,
    /// The statement broken.
    pub place: Place,
    /// Step, from 1.
    pub step: Option<usize>,
    /// Steps of the case.
    pub steps: usize,
    /// Which request of the step.
    pub item: String,
    /// Further lines: name, text.
    pub notes: Vec<(String, String)>,
    /// How often it was seen in the case.
    pub times: usize,
    /// What else of the case shows the same: mutations, or wire forms where none was generated; the first few.
    pub others: Vec<String>,
    /// The exchange.
    pub exchange: Option<Exchange>,
    /// How to see it again.
    pub again: String,
    /// The request for `curl`, secrets masked.
    pub curl: Option<String>,
    /// Whether a baseline names it.
    pub known: bool,
}

/// A statement in a case file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// The file.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1, in characters.
    pub column: usize,
    /// The line's text.
    pub text: String,
    /// Characters meant, on that line.
    pub length: usize,
    /// What the target did.
    pub label: String,
}

/// A request and what became of it, bodies cut, secrets masked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exchange {
    /// When it was sent, in milliseconds of the run.
    pub sent_ms: u64,
    /// Milliseconds until it was answered or given up.
    pub duration_ms: u64,
    /// The request.
    pub request: Message,
    /// The answer; `null` without one.
    pub response: Option<Message>,
    /// Why there is none.
    pub lost: Option<String>,
}

/// A request or an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Request line, or status.
    pub start: String,
    /// Header fields.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// A clause and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The clause.
    pub clause: String,
    /// Why.
    pub reason: String,
}

/// A case that another shard runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Elsewhere {
    /// Its id.
    pub id: String,
    /// Clauses that it lists.
    pub clauses: Vec<String>,
}

/// The baseline that the run was held to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    /// Its file.
    pub file: String,
    /// Its entries, in their order.
    pub entries: Vec<Entry>,
}

/// An entry of the baseline, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// The clause that is known to be broken.
    pub clause: String,
    /// The case in which it is.
    pub case: String,
    /// Why that is accepted.
    pub reason: String,
    /// Where it is followed up.
    pub ticket: Option<String>,
    /// The last day on which it is accepted, in UTC.
    pub expires: Option<String>,
    /// Its line in the file, from 1.
    pub line: usize,
    /// [`KNOWN`], [`FIXED`], [`EXPIRED`], [`NOT_OBSERVED`].
    pub state: String,
    /// Why it is in that state; empty where that says it all.
    pub why: String,
}
