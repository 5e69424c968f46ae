//! Every bound of the program, in one place.

use std::time::Duration;

/// Largest file that is read: cases, schemas, profiles, baselines.
pub const FILE_BYTES: u64 = 4 << 20;
/// Largest case file.
pub const CASE_BYTES: u64 = 256 << 10;
/// Files that one `run` or `lint` loads.
pub const CASE_FILES: usize = 100_000;
/// Largest file of keys.
pub const CREDENTIAL_BYTES: u64 = 1 << 20;
/// Folders deep that case files are looked for.
pub const FOLDER_DEPTH: usize = 32;
/// Entries of folders that are looked at to find case files.
pub const FOLDER_ENTRIES: usize = 1_000_000;
/// Nesting of a YAML document.
pub const YAML_DEPTH: usize = 64;
/// Nodes of a YAML document, after aliases.
pub const YAML_NODES: usize = 20_000;
/// Nodes of a baseline: some ten thousand entries.
pub const BASELINE_NODES: usize = 120_000;
/// Anchors of a YAML document.
pub const YAML_ANCHORS: usize = 1_000;
/// Words that a diagnostic lists when none of them is near.
pub const CANDIDATES_SHOWN: usize = 12;
/// Characters of the author's text that a diagnostic's message repeats.
pub const QUOTED_CHARACTERS: usize = 60;
/// Columns that a diagnostic takes however narrow the terminal is.
pub const DIAGNOSTIC_WIDTH: usize = 60;
/// Bytes before a place on its line up to which the line is shown.
pub const LINE_BYTES: usize = 20_000;
/// Diagnostics shown before the rest is only counted.
pub const DIAGNOSTICS_SHOWN: usize = 50;

/// Bytes of a SessionId, a SecurityToken or a WebSocketUrl that is used: each is sent, compared and kept many times.
pub const SESSION_TEXT_BYTES: usize = 4 << 10;
/// Bytes of an answer's body that are read.
pub const BODY_BYTES: usize = 128 << 10;
/// Bytes of an answer's head that the raw lane reads.
pub const HEAD_BYTES: usize = 64 << 10;
/// Header fields of an answer.
pub const HEADER_FIELDS: usize = 256;
/// Bytes of an answer's body that are kept once it was judged: all that a report shows of it, and as much again for what is
/// masked in it.
pub const KEPT_BYTES: usize = 16 << 10;
/// Bytes of an answer's body up to which it is kept when its case is over and no finding is about it.
pub const PASSED_BYTES: usize = 2 << 10;
/// Bytes of a text in such an answer that are kept.
pub const PASSED_TEXT_BYTES: usize = 256;
const _: () = assert!(PASSED_BYTES <= KEPT_BYTES);
/// Bytes of a text that an answer said which are kept with it.
pub const KEPT_TEXT_BYTES: usize = 4 << 10;
/// Nesting of a JSON or XML answer.
pub const DOCUMENT_DEPTH: usize = 64;
/// Bytes of a body that are shown in terminal and reports.
pub const SHOWN_BYTES: usize = 2_000;

/// Characters of one text that a report shows.
pub const REPORT_TEXT: usize = 16 << 10;
/// Bytes of Markdown after which findings are only counted: a comment on GitHub holds 64 KiB, a step summary a megabyte.
pub const SUMMARY_BYTES: usize = 60 << 10;
/// Largest saved report that is read.
pub const REPORT_BYTES: u64 = 256 << 20;

/// Requests that one step may expand to.
pub const STEP_REQUESTS: usize = 2_000;
/// Bytes of answers that one step holds until they are judged: so many cases at a time have one each.
pub const STEP_BYTES: usize = 2 << 20;
/// Times that a step sends each of its requests.
pub const CALL_TIMES: u64 = 100;
/// Times that the filler of raw bytes is repeated.
pub const FILLER_TIMES: u64 = 200_000;
/// Longest wait of a step.
pub const STEP_WAIT: Duration = Duration::from_secs(600);
/// Age beyond which a signature is surely too old (CONTRACT.md, clause `rpc/signature/expired`).
pub const SIGNATURE_OLD: Duration = Duration::from_secs(31 * 60);
/// Oldest signature that a case can ask for, and as far ahead as one may be.
pub const SIGNATURE_OLDEST: Duration = Duration::from_secs(7_300 * 86_400);
/// Steps of one case.
pub const CASE_STEPS: usize = 200;
/// Sessions open at a time (CONTRACT.md, rules for judging).
pub const OPEN_SESSIONS: usize = 50;
/// Sessions that are ended at a time when a run cleans up.
pub const CLEAN_UPS: usize = 10;
/// Attempts to end a session whose End is not answered.
pub const CLEAN_UP_ATTEMPTS: usize = 3;
/// Longest time for ending what a case has opened, and of a run that was stopped for all that is open; besides the last
/// answer that is waited for, and what the pace takes.
pub const CLEAN_UP: Duration = Duration::from_secs(60);
/// Attempts of a request that was throttled.
pub const THROTTLED_ATTEMPTS: u32 = 8;
/// First pause after `Throttling`; doubles with every attempt.
pub const THROTTLED_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause after `Throttling`.
pub const THROTTLED_PAUSE_MOST: Duration = Duration::from_secs(10);
/// Longest pause that a throttled answer is granted which asks for one.
pub const THROTTLED_ASKED_MOST: Duration = Duration::from_secs(60);
/// Times that a request is sent again which an endpoint over HTTP/2 says it has not looked at, or to which nobody listened.
pub const TURNED_AWAY: usize = 3;
/// Unanswered requests in a row after which a run gives up.
pub const SILENT_IN_A_ROW: usize = 10;
/// First pause before a target that is away is asked whether it is back; doubles each time. It is given up as any other that leaves
/// `SILENT_IN_A_ROW` requests unanswered, after some 15 seconds.
pub const ABSENCE_PAUSE: Duration = Duration::from_millis(100);
/// Longest such pause.
pub const ABSENCE_PAUSE_MOST: Duration = Duration::from_millis(3_200);
/// How often a target that is away when the time is up is asked whether it is back, for what is open to be ended: some 3 seconds.
pub const ABSENCE_ASKS_AT_END: usize = 6;
/// Absences after which cases run one at a time, so that it shows which of them end the target.
pub const ABSENCES_BESIDE: usize = 6;
/// Time that a run waits for a target in all its absences, before it gives up.
pub const ABSENCE_TIME: Duration = Duration::from_secs(300);
/// Idle time after which a connection is not used again (CONTRACT.md, rules for judging).
pub const CONNECTION_IDLE: Duration = Duration::from_millis(900);
/// How often connections had ended without a word when one was to be used again, at least, before none is.
pub const QUIET_ENDS: usize = 3;
/// In how many such attempts that is too often.
pub const QUIET_ENDS_IN: usize = 10;
/// Redirects followed: none, a redirect is an answer.
pub const REDIRECTS: usize = 0;
/// Findings of one clause and shape that a case shows in full.
pub const FINDINGS_SHOWN: usize = 3;
/// Bytes that a session command may print.
pub const COMMAND_BYTES: usize = 64 << 10;
/// Clients of one overlap, or of one workload.
pub const CLIENTS: u64 = 64;
/// Steps of the script of one client.
pub const SCRIPT_STEPS: usize = 50;
/// Sessions of one workload; well below what may be open at a time, so that other cases go on beside it.
pub const WORKLOAD_SESSIONS: u64 = 24;
/// What each client of a workload does, at most: with all clients, fewer than the requests of one step.
pub const WORKLOAD_CALLS: u64 = 20;
/// Time without a connection after which a session is no longer judged as open (CONTRACT.md, rules for judging).
pub const UNATTENDED: Duration = Duration::from_secs(600);
/// What `wait: long` waits at least.
pub const LONG_WAIT: Duration = Duration::from_secs(2);
/// What `wait: long` waits at most, where the target's settling takes no longer: a session without a connection is no
/// longer judged as open after [`UNATTENDED`].
pub const LONG_WAIT_MOST: Duration = Duration::from_secs(240);
/// Longest time for the restart command, and after it until the target answers.
pub const RESTART: Duration = Duration::from_secs(120);
/// Requests a second that a public target is sent unless the user allows more.
pub const CAREFUL_PER_SECOND: f64 = 5.0;
/// Cases at a time, and clients at once, that it has at most.
pub const CAREFUL_AT_ONCE: usize = 4;
/// Bytes of a value that it is sent at most.
pub const CAREFUL_BYTES: usize = 4 << 10;
/// Longest wait for the address of a name.
pub const LOOKUP: Duration = Duration::from_secs(5);
/// Longest wait for one answer of the metadata service, which is on the same host.
pub const METADATA: Duration = Duration::from_secs(3);
/// Between two plain requests that ask whether the target is back.
pub const RESTART_PAUSE: Duration = Duration::from_millis(200);
/// Shortest wait for the Pong of a connection that should have ended, before it is taken for open.
pub const LAST_WORD: Duration = Duration::from_secs(1);
/// How often a connection that is held is kept awake (CONTRACT.md, clause `start/usable`).
pub const KEEP_AWAKE: Duration = Duration::from_secs(20);
/// Generated cases in a batch, for each that runs at a time.
pub const FUZZ_BATCH: usize = 2;
/// Generated cases that pause together, at most: they hold their sessions for as long.
pub const FUZZ_PAUSING: usize = 16;
/// Cases drawn after which one that pauses waits for no others.
pub const FUZZ_PAUSES_AFTER: usize = 4096;
/// How many times as long as they took is spent on others before more cases pause.
pub const FUZZ_PAUSES_APART: u32 = 3;
/// Reasons for which cases were left undecided that a campaign counts.
pub const FUZZ_DOUBTS: usize = 64;
/// Numbers in a row that no case came of before a campaign gives up.
pub const FUZZ_EMPTY: usize = 1_000;
/// Shards of one run or campaign.
pub const SHARDS: usize = 65_536;
/// Bytes of a scenario that is replayed, and of a corpus.
pub const FUZZ_FILE: u64 = 1 << 20;
/// Longest wait for an answer while a finding is shrunk; it is told by what came with all patience.
pub const FUZZ_TIMEOUT: Duration = Duration::from_secs(1);
/// Runs of smaller cases that one finding is shrunk by, at most.
pub const FUZZ_SHRINKS: usize = 200;
/// How often a finding is run again to tell whether it comes every time.
pub const FUZZ_CONFIRMATIONS: usize = 3;
/// Longest time of a run where the user names none and the target needs no care.
pub const RUN: Duration = Duration::from_secs(600);
/// Longest time of a campaign that has no bound of the user's.
pub const FUZZ: Duration = Duration::from_secs(60);
/// Longest time of a campaign that ends after so many cases.
pub const FUZZ_OF_CASES: Duration = Duration::from_secs(600);
/// Largest number of findings after which a run or a campaign can be told to end.
pub const FINDINGS_MOST: u64 = 1_000;
/// Findings after which a campaign ends.
pub const FUZZ_FINDINGS: usize = 10;
