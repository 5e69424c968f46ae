//! Flags as written, before profile and defaults.

use std::collections::BTreeSet;
use std::path::PathBuf;

use clap::{Args as ClapArgs, Parser, Subcommand, ValueEnum};

/// What help says below the flags of networked commands.
const ENVIRONMENT: &str = "\
Each flag, such as --time-limit, is also a variable of the environment, ENDSPEC_TIME_LIMIT, and a key of the profile, \
time-limit. A flag goes before the environment, and that before the profile. Keys to sign with are none of these, but found \
as the official clients find them: ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET, ALIBABA_CLOUD_SECURITY_TOKEN; \
~/.aliyun/config.json; ~/.alibabacloud/credentials.";

/// What help says below the flags of `report`.
const REPORTS: &str = "\
A report of a shard is always part of a whole: what the shards that are not given would have run is not tested, and the \
whole inconclusive. It ends as the run did; --diff ends 1 when something broke that would fail a run, else 0; \
--write-baseline and --prune end 0. Nothing else changes a baseline.";

/// Holds any endpoint that implements Alibaba Cloud ECS EndTerminalSession to its documented contract.
#[derive(Debug, Parser)]
#[command(name = "endspec", version, max_term_width = 110)]
#[command(
    after_help = "Exit codes: 0 all held, 1 a MUST clause broken, 2 a mistake in flags or files, 3 inconclusive, \
                  130 interrupted. `endspec explain CODE` tells more."
)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the built-in suite, or the cases named, against a target and report
    Run(Box<RunArgs>),
    /// Generate cases, run them against a target, shrink what fails
    Fuzz(Box<FuzzArgs>),
    /// Run the suite against every fault of the reference server: what catches which
    Selftest(SelftestArgs),
    /// Run the reference server
    Serve(ServeArgs),
    /// Send one signed request; print it, its answer and what the contract says of it
    Call(Box<CallArgs>),
    /// List cases, clauses, outcomes, readings, capabilities, mutations, situations or faults
    List(ListArgs),
    /// Explain a case, clause, outcome, reading or value, capability, class, mutation, situation, fault, diagnostic or exit code
    Explain(ExplainArgs),
    /// Check case, schema and profile files without a network
    Lint(LintArgs),
    /// Render saved JSON reports again, merge shards, compare two runs, write and prune a baseline
    Report(ReportArgs),
    /// Ask a target what it has, and write a commented profile for it
    Init(Box<InitArgs>),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the manual page, or write one a command to a folder
    Man(ManArgs),
}

impl Command {
    /// What it is told of a target, where it has one.
    pub fn network(&mut self) -> Option<&mut NetworkArgs> {
        match self {
            Command::Run(args) => Some(&mut args.network),
            Command::Fuzz(args) => Some(&mut args.network),
            Command::Call(args) => Some(&mut args.network),
            _ => None,
        }
    }
}

/// `endspec run`.
#[derive(Debug, ClapArgs)]
#[command(after_help = ENVIRONMENT)]
pub struct RunArgs {
    /// Case files or folders; the built-in suite without
    pub paths: Vec<PathBuf>,
    /// The target and how to talk to it.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Cases to run: id globs, `clause:GLOB`, `tag:WORD`, `level:MUST`; `!` before a term leaves out
    #[arg(long, value_name = "EXPR", env = "ENDSPEC_SELECT")]
    pub select: Option<String>,
    /// A second endpoint for the same cases with the same seed; says of each clause how the two compare
    #[arg(long, value_name = "URL", env = "ENDSPEC_AGAINST")]
    pub against: Option<String>,
    /// Cases at a time; those that only wait do not count, unless it is 1 or requests are paced [default: 8 on loopback, 4 elsewhere]
    #[arg(long, value_name = "N", env = "ENDSPEC_JOBS")]
    pub jobs: Option<String>,
    /// Longest time for the whole run, such as 90s or 10m [default: 10m]
    #[arg(long, value_name = "TIME", env = "ENDSPEC_TIME_LIMIT")]
    pub time_limit: Option<String>,
    /// Count SHOULD clauses as MUST
    #[arg(long, value_name = "BOOL", env = "ENDSPEC_STRICT", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true)]
    pub strict: Option<String>,
    /// Findings that are known and accepted: they fail nothing, and entries that no longer fail do
    #[arg(long, value_name = "FILE", env = "ENDSPEC_BASELINE")]
    pub baseline: Option<String>,
    /// Run the cases of one of N shards, by the hash of their ids: I from 1 to N, or auto/N where JOB_COMPLETION_INDEX, which
    /// counts from 0, says which (a Kubernetes Indexed Job). Wants --seed; `endspec report` merges their JSON reports
    #[arg(long, value_name = "I/N", env = "ENDSPEC_SHARD")]
    pub shard: Option<String>,
    /// End with the first breach that fails the gate; what is not run then is inconclusive
    #[arg(long, value_name = "BOOL", env = "ENDSPEC_FAIL_FAST", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true)]
    pub fail_fast: Option<String>,
    /// Findings after which it ends [default: never]
    #[arg(long, value_name = "N", env = "ENDSPEC_MAX_FINDINGS")]
    pub max_findings: Option<String>,
    /// Wait so long, before the run's own time, for the target to answer anything, such as 30s [default: not at all]
    #[arg(long, value_name = "TIME", env = "ENDSPEC_WAIT_FOR_TARGET")]
    pub wait_for_target: Option<String>,
    /// Write a report: json, ndjson, junit, tap, html, sarif, har, github or markdown=PATH, `-` for standard output (repeatable)
    #[arg(long, value_name = "FORMAT=PATH", env = "ENDSPEC_REPORT", value_delimiter = ',')]
    pub report: Vec<String>,
}

/// `endspec fuzz`.
#[derive(Debug, ClapArgs)]
#[command(after_help = ENVIRONMENT)]
pub struct FuzzArgs {
    /// The target and how to talk to it.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// Longest time, such as 30s or 10m, confirming and shrinking included [default: 1m; 10m with --cases]
    #[arg(long, value_name = "TIME", env = "ENDSPEC_TIME")]
    pub time: Option<String>,
    /// Wait so long, before the campaign's own time, for the target to answer anything, such as 30s [default: not at all]
    #[arg(long, value_name = "TIME", env = "ENDSPEC_WAIT_FOR_TARGET")]
    pub wait_for_target: Option<String>,
    /// Generated cases, of all shards, after which it ends
    #[arg(long, value_name = "N", env = "ENDSPEC_CASES")]
    pub cases: Option<String>,
    /// Run every Nth case alone, from the Ith on: N machines with one --seed run each case once
    #[arg(long, value_name = "I/N", env = "ENDSPEC_SHARD")]
    pub shard: Option<String>,
    /// Go on from how far an earlier campaign came that this folder remembers, and remember this one
    #[arg(long, value_name = "DIR", env = "ENDSPEC_CORPUS")]
    pub corpus: Option<String>,
    /// Run the one case that an input of the fuzz target `scenario` stands for
    #[arg(long, value_name = "FILE", env = "ENDSPEC_REPLAY")]
    #[arg(conflicts_with_all = ["cases", "shard", "corpus", "clients"])]
    pub replay: Option<String>,
    /// Findings that fail the campaign, after which it ends [default: 10]
    #[arg(long, value_name = "N", env = "ENDSPEC_MAX_FINDINGS")]
    pub max_findings: Option<String>,
    /// Clients that do something at once; 1 for one case and one request at a time [default: 8 on loopback, 4 elsewhere]
    #[arg(long, value_name = "N", env = "ENDSPEC_CLIENTS")]
    pub clients: Option<String>,
    /// Count SHOULD clauses as MUST
    #[arg(long, value_name = "BOOL", env = "ENDSPEC_STRICT", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true)]
    pub strict: Option<String>,
    /// Write what is found to this folder, a case file each
    #[arg(long, value_name = "DIR", env = "ENDSPEC_SAVE")]
    pub save: Option<String>,
    /// Write a report, as `endspec run` does (repeatable)
    #[arg(long, value_name = "FORMAT=PATH", env = "ENDSPEC_REPORT", value_delimiter = ',')]
    pub report: Vec<String>,
}

/// Flags that every networked command shares.
#[derive(Debug, Clone, ClapArgs, Default)]
pub struct NetworkArgs {
    /// Keys of what was given on the command line, and not in the environment.
    #[arg(skip)]
    pub written: BTreeSet<String>,
    /// The endpoint, or `aliyun` (`aliyun-vpc`) for Alibaba Cloud's own in `--region`; the reference server in this process without
    #[arg(long, value_name = "URL", env = "ENDSPEC_TARGET")]
    pub target: Option<String>,
    /// Profile file, with `#NAME` for one of its named profiles [default: endspec.yaml, found upwards]
    #[arg(long, value_name = "FILE[#NAME]", env = "ENDSPEC_PROFILE")]
    pub profile: Option<String>,
    /// Do not check who answers at https:// targets
    #[arg(long, value_name = "BOOL", env = "ENDSPEC_INSECURE", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true)]
    pub insecure: Option<String>,
    /// Trust the authorities in this file (PEM) besides those of the system
    #[arg(long, value_name = "FILE", env = "ENDSPEC_CA_FILE")]
    pub ca_file: Option<String>,
    /// Certificate (PEM) to show to targets that ask for one
    #[arg(long, value_name = "FILE", env = "ENDSPEC_CLIENT_CERT")]
    pub client_cert: Option<String>,
    /// Its key (PEM) [default: in the file of the certificate]
    #[arg(long, value_name = "FILE", env = "ENDSPEC_CLIENT_KEY")]
    pub client_key: Option<String>,
    /// Version of HTTP for https:// targets: 1.1 or 2 [default: as the target chooses]
    #[arg(long, value_name = "VERSION", env = "ENDSPEC_HTTP")]
    pub http: Option<String>,
    /// Address of a host, which is then connected to without a proxy (repeatable)
    #[arg(long, value_name = "HOST:ADDRESS", env = "ENDSPEC_RESOLVE", value_delimiter = ',')]
    pub resolve: Vec<String>,
    /// Header of every request, for gateways before the target; `NAME=env:VARIABLE` for a secret one (repeatable)
    #[arg(long, value_name = "NAME=VALUE", env = "ENDSPEC_HEADER", value_delimiter = '\n')]
    pub header: Vec<String>,
    /// Allow what public targets are spared: more requests and cases at a time, raw and malformed HTTP, over-long values
    #[arg(long, value_name = "BOOL", env = "ENDSPEC_THOROUGH", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true)]
    pub thorough: Option<String>,
    /// Test a public target without asking first
    #[arg(long, value_name = "BOOL", env = "ENDSPEC_YES", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true)]
    pub yes: Option<String>,
    /// How ordinary calls are signed: none, v1, v3 [default: v3 for the reference server and Alibaba Cloud, else none]
    #[arg(long, value_name = "SCHEME", env = "ENDSPEC_AUTH")]
    pub auth: Option<String>,
    /// Profile of ~/.aliyun/config.json or ~/.alibabacloud/credentials whose key signs [default: as the official clients choose]
    #[arg(long, value_name = "NAME", env = "ENDSPEC_CREDENTIAL_PROFILE")]
    pub credential_profile: Option<String>,
    /// Profile of one of these files whose key may not end sessions
    #[arg(long, value_name = "NAME", env = "ENDSPEC_DENIED_PROFILE")]
    pub denied_profile: Option<String>,
    /// Sign with the key of this RAM role of the ECS instance that endspec runs on
    #[arg(long, value_name = "NAME", env = "ENDSPEC_ECS_RAM_ROLE")]
    pub ecs_ram_role: Option<String>,
    /// Where the metadata service is that gives that key [default: http://100.100.100.200]
    #[arg(long, value_name = "URL", env = "ENDSPEC_ECS_METADATA")]
    pub ecs_metadata: Option<String>,
    /// A region that has the API [default: cn-hangzhou]
    #[arg(long, value_name = "ID", env = "ENDSPEC_REGION")]
    pub region: Option<String>,
    /// A second region that has it
    #[arg(long, value_name = "ID", env = "ENDSPEC_OTHER_REGION")]
    pub other_region: Option<String>,
    /// A known region that does not have it
    #[arg(long, value_name = "ID", env = "ENDSPEC_UNSUPPORTED_REGION")]
    pub unsupported_region: Option<String>,
    /// The instance that sessions are started on
    #[arg(long, value_name = "ID", env = "ENDSPEC_INSTANCE_ID")]
    pub instance_id: Option<String>,
    /// Where sessions come from: start, command, pool [default: start]
    #[arg(long, value_name = "SOURCE", env = "ENDSPEC_SESSIONS")]
    pub sessions: Option<String>,
    /// Command (run by `sh -c`) that starts a session in the region $ENDSPEC_REGION and prints one JSON object with SessionId
    #[arg(long, value_name = "CMD", env = "ENDSPEC_SESSION_COMMAND")]
    pub session_command: Option<String>,
    /// An open session's id, used once (repeatable)
    #[arg(long, value_name = "ID", env = "ENDSPEC_SESSION_ID", value_delimiter = ',')]
    pub session_id: Vec<String>,
    /// Capabilities that the target lacks
    #[arg(long, value_name = "CAPABILITY,...", env = "ENDSPEC_WITHOUT", value_delimiter = ',')]
    pub without: Vec<String>,
    /// How the target reads an open question (repeatable)
    #[arg(long, value_name = "NAME=VALUE", env = "ENDSPEC_READING", value_delimiter = ',')]
    pub reading: Vec<String>,
    /// Revision of the documents [default: 2025-04-25]
    #[arg(long, value_name = "REVISION", env = "ENDSPEC_CONTRACT")]
    pub contract: Option<String>,
    /// Longest wait for an answer, such as 500ms or 5s [default: 10s]
    #[arg(long, value_name = "TIME", env = "ENDSPEC_TIMEOUT")]
    pub timeout: Option<String>,
    /// How late looks at a session may be [default: 0s on loopback, 2s elsewhere]
    #[arg(long, value_name = "TIME", env = "ENDSPEC_SETTLE")]
    pub settle: Option<String>,
    /// Most requests per second
    #[arg(long, value_name = "N", env = "ENDSPEC_REQUESTS_PER_SECOND")]
    pub requests_per_second: Option<String>,
    /// Where random choices come from, up to 16 hexadecimal digits
    #[arg(long, value_name = "HEX", env = "ENDSPEC_SEED")]
    pub seed: Option<String>,
    /// Command (run by `sh -c`) that restarts the target and returns when it is back
    #[arg(long, value_name = "CMD", env = "ENDSPEC_RESTART_COMMAND")]
    pub restart_command: Option<String>,
    /// Header that carries an id of each request, to find it in the target's logs
    #[arg(long, value_name = "NAME", env = "ENDSPEC_ID_HEADER")]
    pub id_header: Option<String>,
}

/// `endspec serve`.
#[derive(Debug, ClapArgs)]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8180", env = "ENDSPEC_LISTEN")]
    pub listen: String,
    /// Whether calls must be signed: required, or open for unsigned ones
    #[arg(long, value_enum, default_value = "required")]
    pub auth: ServeAuth,
    /// How the server reads an open question (repeatable)
    #[arg(long, value_name = "NAME=VALUE", value_delimiter = ',')]
    pub reading: Vec<String>,
    /// Where ids come from, up to 16 hexadecimal digits
    #[arg(long, value_name = "HEX")]
    pub seed: Option<String>,
    /// Keep the sessions in this file, and go on with those that it holds
    #[arg(long, value_name = "FILE")]
    pub state: Option<PathBuf>,
    /// Be wrong, or different, in the way that has this name
    #[arg(long, value_name = "NAME")]
    pub fault: Option<String>,
    /// List those ways, and do nothing else
    #[arg(long, exclusive = true)]
    pub list_faults: bool,
}

/// Whether the reference server takes unsigned calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServeAuth {
    /// Calls must be signed with one of its keys.
    Required,
    /// Calls need no signature.
    Open,
}

/// `endspec selftest`.
#[derive(Debug, ClapArgs)]
pub struct SelftestArgs {
    /// A fault or variation to try, and no other but those named; repeatable
    #[arg(long, value_name = "NAME")]
    pub fault: Vec<String>,
    /// A clause whose faults to try, and no other; repeatable
    #[arg(long, value_name = "ID")]
    pub clause: Vec<String>,
    /// Write a report, json=PATH, where `-` is standard output
    #[arg(long, value_name = "FORMAT=PATH")]
    pub report: Vec<String>,
    /// Where entropy comes from, up to 16 hexadecimal digits [default: 0]
    #[arg(long, value_name = "SEED")]
    pub seed: Option<String>,
    /// Trials at a time [default: as many as the machine has cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<std::num::NonZeroU8>,
    /// Hold every case against every fault, to see all that falls with it, not its own clauses' cases alone where they catch it
    #[arg(long)]
    pub whole: bool,
    /// Revision of the documents
    #[arg(long, value_name = "REVISION", env = "ENDSPEC_CONTRACT")]
    pub contract: Option<String>,
}

/// `endspec call`.
#[derive(Debug, ClapArgs)]
#[command(after_help = ENVIRONMENT)]
pub struct CallArgs {
    /// EndTerminalSession, StartTerminalSession or DescribeTerminalSessions
    pub operation: String,
    /// Parameters, as given; RegionId is added from `--region` where it is not among them
    #[arg(value_name = "NAME=VALUE")]
    pub parameters: Vec<String>,
    /// The target and how to talk to it.
    #[command(flatten)]
    pub network: NetworkArgs,
    /// GET, POST-query or POST-form
    #[arg(long, value_name = "PLACEMENT", default_value = "POST-query")]
    pub placement: String,
    /// JSON, XML or none
    #[arg(long, value_name = "FORMAT", default_value = "JSON")]
    pub format: String,
    /// Do not add RegionId
    #[arg(long)]
    pub bare: bool,
    /// Show the request and where each part of its key came from; send nothing
    #[arg(long)]
    pub dry_run: bool,
}

/// `endspec list`.
#[derive(Debug, ClapArgs)]
pub struct ListArgs {
    /// What to list
    #[arg(value_enum, default_value = "cases")]
    pub what: ListWhat,
    /// Revision of the documents
    #[arg(long, value_name = "REVISION", env = "ENDSPEC_CONTRACT")]
    pub contract: Option<String>,
    /// Cases to list, as for `run`
    #[arg(long, value_name = "EXPR")]
    pub select: Option<String>,
    /// Form of the list of clauses
    #[arg(long, value_enum, default_value = "text")]
    pub form: ListForm,
}

/// Forms of the list of clauses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListForm {
    /// Lines for a terminal.
    Text,
    /// A table in Markdown.
    Markdown,
    /// A page of HTML.
    Html,
}

/// What can be listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListWhat {
    /// Cases with the clauses they prove.
    Cases,
    /// Clauses with level, sentence, source, cases and the faults that prove these.
    Clauses,
    /// Sets of permitted answers.
    Outcomes,
    /// Open questions.
    Readings,
    /// What a target need not have.
    Capabilities,
    /// Named ways in which a value is wrong.
    Mutations,
    /// What the history of a case can be asked for.
    Situations,
    /// Named ways in which the reference server can be wrong, or different and right.
    Faults,
}

/// `endspec explain`.
#[derive(Debug, ClapArgs)]
pub struct ExplainArgs {
    /// Id of a case or clause, name of an outcome, reading, value, capability, class, mutation, situation, fault or diagnostic, or an exit code
    pub id: String,
    /// Revision of the documents
    #[arg(long, value_name = "REVISION", env = "ENDSPEC_CONTRACT")]
    pub contract: Option<String>,
}

/// `endspec lint`.
#[derive(Debug, ClapArgs)]
pub struct LintArgs {
    /// Files or folders; the built-in cases without
    pub paths: Vec<PathBuf>,
    /// Revision of the documents
    #[arg(long, value_name = "REVISION", env = "ENDSPEC_CONTRACT")]
    pub contract: Option<String>,
}

/// `endspec report`.
#[derive(Debug, ClapArgs)]
#[command(after_help = REPORTS)]
pub struct ReportArgs {
    /// Reports that `endspec run --report json=FILE` wrote: one, or those of the shards of one run
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Tell what changed between two reports, the older one first
    #[arg(long)]
    pub diff: bool,
    /// Add the findings that fail the run to this baseline; it is made where it is not there
    #[arg(long, value_name = "BASELINE", requires = "reason", conflicts_with_all = ["diff", "prune", "report"])]
    pub write_baseline: Option<PathBuf>,
    /// Why the findings are accepted
    #[arg(long, value_name = "TEXT", requires = "write_baseline")]
    pub reason: Option<String>,
    /// Where they are followed up
    #[arg(long, value_name = "TEXT", requires = "write_baseline")]
    pub ticket: Option<String>,
    /// The last day on which they are accepted, such as 2027-01-31, in UTC
    #[arg(long, value_name = "DAY", requires = "write_baseline")]
    pub expires: Option<String>,
    /// Take the entries out of this baseline that no longer fail in the report
    #[arg(long, value_name = "BASELINE", conflicts_with_all = ["diff", "report"])]
    pub prune: Option<PathBuf>,
    /// Write it again: json, ndjson, junit, tap, html, sarif, har, github or markdown=PATH, `-` for standard output
    /// (repeatable); a comparison: json or markdown
    #[arg(long, value_name = "FORMAT=PATH", value_delimiter = ',')]
    pub report: Vec<String>,
}

/// `endspec init`.
#[derive(Debug, ClapArgs)]
pub struct InitArgs {
    /// The profile to write
    #[arg(value_name = "FILE", default_value = "endspec.yaml")]
    pub file: PathBuf,
    /// The endpoint to ask
    #[arg(long, value_name = "URL", env = "ENDSPEC_TARGET")]
    pub target: Option<String>,
    /// How calls are signed: none, v1, v3 [default: v3 for Alibaba Cloud, else none]
    #[arg(long, value_name = "SCHEME", env = "ENDSPEC_AUTH")]
    pub auth: Option<String>,
    /// A region that has the API [default: cn-hangzhou]
    #[arg(long, value_name = "ID", env = "ENDSPEC_REGION")]
    pub region: Option<String>,
    /// A second region that has it; without, known ones are asked for
    #[arg(long, value_name = "ID", env = "ENDSPEC_OTHER_REGION")]
    pub other_region: Option<String>,
    /// A known region that does not have it; without, known ones are asked for
    #[arg(long, value_name = "ID", env = "ENDSPEC_UNSUPPORTED_REGION")]
    pub unsupported_region: Option<String>,
    /// The instance to start a session on, which is ended again; without, sessions are declared as lacking
    #[arg(long, value_name = "ID", env = "ENDSPEC_INSTANCE_ID")]
    pub instance_id: Option<String>,
    /// Command (run by `sh -c`) that restarts the target; it is written, and not run
    #[arg(long, value_name = "CMD", env = "ENDSPEC_RESTART_COMMAND")]
    pub restart_command: Option<String>,
    /// Longest wait for an answer, such as 500ms or 5s [default: 10s]
    #[arg(long, value_name = "TIME", env = "ENDSPEC_TIMEOUT")]
    pub timeout: Option<String>,
    /// Ask a public target without asking first
    #[arg(long, value_name = "BOOL", env = "ENDSPEC_YES", num_args = 0..=1, require_equals = true)]
    #[arg(default_missing_value = "true", hide_possible_values = true)]
    pub yes: Option<String>,
    /// Write over files that are there
    #[arg(long)]
    pub force: bool,
    /// Write a workflow for GitHub Actions as well, .github/workflows/endspec.yml
    #[arg(long)]
    pub workflow: bool,
}

/// `endspec completions`.
#[derive(Debug, ClapArgs)]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `endspec man`.
#[derive(Debug, ClapArgs)]
pub struct ManArgs {
    /// Folder for the pages, endspec.1, endspec-run.1 and so on; without, endspec.1 is printed
    pub folder: Option<PathBuf>,
}
