//! The command line: flags, settings, one file a command, exit codes.

mod accept;
mod against;
mod args;
mod bounds;
mod call;
mod compare;
mod explain;
mod faults;
mod fuzz;
mod gate;
mod given;
mod init;
mod left;
mod lint;
mod list;
mod manual;
mod outputs;
mod plan;
mod progress;
mod report;
mod run;
mod selftest;
mod serve;
mod settings;
mod signals;
mod suite;

use std::borrow::Cow;
use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::parser::ValueSource;
use clap::{CommandFactory, FromArgMatches};

use crate::clock::Clock;
use crate::contract::Readings;
use crate::diagnostic::{self, Diagnostic};
use crate::reference::{self, Reference};
use crate::report::escape;
use crate::seed::Seed;
use crate::transport::{Endpoint, Transport};
use settings::{Reach, Whom};

/// The diagnostic code of what this machine lacks: the only one that is nobody's mistake.
const ENVIRONMENT: &str = "environment";

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: every clause in scope was tested and held.
    Pass,
    /// 1: a MUST clause was broken, or an entry of the baseline no longer fails or has expired.
    Fail,
    /// 2: a mistake in the command line, a case, a schema or a profile; nothing was sent.
    Mistake,
    /// 3: inconclusive, or the machine lacks something.
    Inconclusive,
    /// 130: interrupted.
    Interrupted,
}

impl Exit {
    /// All, with what each means.
    pub const ALL: [(Exit, &'static str); 5] = [
        (Exit::Pass, "every clause in scope was tested and held; nothing that the run opened was left open"),
        (
            Exit::Fail,
            "a MUST clause was broken (with --strict also a SHOULD) in a way that no baseline names, or an entry of the \
             baseline no longer fails or has expired",
        ),
        (Exit::Mistake, "a mistake in the command line, a case, a schema or a profile; nothing was sent"),
        (
            Exit::Inconclusive,
            "target unreachable, a clause in scope neither tested nor excluded, nothing selected, a case cut short, \
             sessions left open, a comparison that could not be made, or a report that could not be written",
        ),
        (Exit::Interrupted, "interrupted; reports of what was done are written, opened sessions are ended"),
    ];

    /// The process's exit code.
    pub fn code(self) -> u8 {
        match self {
            Exit::Pass => 0,
            Exit::Fail => 1,
            Exit::Mistake => 2,
            Exit::Inconclusive => 3,
            Exit::Interrupted => 130,
        }
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    let args = args();
    let done = match args.command {
        args::Command::Run(args) => run::run(*args),
        args::Command::Fuzz(args) => fuzz::fuzz(&args),
        args::Command::Selftest(args) => selftest::selftest(&args),
        args::Command::Serve(args) => serve::serve(&args),
        args::Command::Call(args) => call::call(*args),
        args::Command::List(args) => list::list(&args),
        args::Command::Explain(args) => explain::explain(&args),
        args::Command::Lint(args) => lint::lint(&args),
        args::Command::Report(args) => report::report(&args),
        args::Command::Init(args) => init::init(&args),
        args::Command::Completions(args) => manual::completions(&args),
        args::Command::Man(args) => manual::man(&args),
    };
    match done {
        Ok(Exit::Pass) if UNPRINTED.load(Ordering::SeqCst) => ExitCode::from(Exit::Inconclusive.code()),
        Ok(exit) => ExitCode::from(exit.code()),
        Err(mistakes) => {
            complain(&mistakes);
            ExitCode::from(blame(&mistakes).code())
        }
    }
}

/// The command line. Help says once how variables are called, not at every flag; their values are nobody's business.
fn args() -> args::Args {
    let quiet = |arg: clap::Arg| {
        // A number below 0 is a value, to be refused with reasons, and no flag.
        let takes_values = arg.get_action().takes_values();
        if takes_values { arg.hide_env(true).allow_negative_numbers(true) } else { arg }
    };
    let quiet = |command: clap::Command| command.mut_args(quiet);
    let matches = args::Args::command().mut_subcommands(quiet).get_matches();
    let mut args = args::Args::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    if let (Some(network), Some((_, given))) = (args.command.network(), matches.subcommand()) {
        let written = |id: &&clap::Id| given.value_source(id.as_str()) == Some(ValueSource::CommandLine);
        network.written = given.ids().filter(written).map(|id| id.as_str().replace('_', "-")).collect();
    }
    args
}

/// Mistakes of all sides at once.
fn together<A, B, C>(
    a: Result<A, Vec<Diagnostic>>,
    b: Result<B, Vec<Diagnostic>>,
    c: Result<C, Vec<Diagnostic>>,
) -> Result<(A, B, C), Vec<Diagnostic>> {
    match (a, b, c) {
        (Ok(a), Ok(b), Ok(c)) => Ok((a, b, c)),
        (a, b, c) => Err([a.err(), b.err(), c.err()].into_iter().flatten().flatten().collect()),
    }
}

/// Mistakes of two sides at once.
fn both<A, B>(a: Result<A, Vec<Diagnostic>>, b: Result<B, Vec<Diagnostic>>) -> Result<(A, B), Vec<Diagnostic>> {
    together(a, b, Ok(())).map(|(a, b, ())| (a, b))
}

/// What this machine lacks is nobody's mistake.
fn blame(mistakes: &[Diagnostic]) -> Exit {
    if mistakes.iter().all(|mistake| mistake.code == ENVIRONMENT) { Exit::Inconclusive } else { Exit::Mistake }
}

/// Mistakes of the user, on standard error.
fn complain(mistakes: &[Diagnostic]) {
    let color = colored(&std::io::stderr());
    let text = diagnostic::render(mistakes, color, width());
    // Nobody is left to be told when standard error is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// Whether a stream shows colours: a terminal, and `NO_COLOR` is not set.
fn colored(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Columns of the terminal; 120 where there is none.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let terminal = || terminal_size::terminal_size().map(|(width, _)| usize::from(width.0));
    columns.or_else(terminal).unwrap_or(120).clamp(40, 240)
}

/// Whether something for standard output was lost.
static UNPRINTED: AtomicBool = AtomicBool::new(false);

/// Writes a command's result to standard output; a closed pipe is no mistake of anybody's.
fn print(text: &str) {
    let mut out = std::io::stdout();
    let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else { return };
    if error.kind() != std::io::ErrorKind::BrokenPipe && !UNPRINTED.swap(true, Ordering::SeqCst) {
        let _ = writeln!(std::io::stderr(), "endspec: standard output could not be written: {error}");
    }
}

/// Writes what people are to read where they read it: it may say what a target said, and a log of GitHub Actions would obey
/// some of that.
fn tell_people(text: &str, to_stderr: bool) {
    let text = match std::env::var_os("GITHUB_ACTIONS") {
        Some(_) => Cow::Owned(escape::log(text)),
        None => Cow::Borrowed(text),
    };
    if to_stderr {
        // Nobody is left to be told when standard error is closed.
        let _ = std::io::stderr().write_all(text.as_bytes());
    } else {
        print(&text);
    }
}

/// The endpoint that a command talks to; the reference server is started on a free port of this machine where it is the
/// one, and stays until it is stopped.
///
/// # Errors
/// The machine has no port for it.
async fn endpoint(
    whom: Whom,
    readings: &Readings,
    seed: Seed,
    clock: &Clock,
) -> Result<(Endpoint, Option<Arc<Reference>>), Vec<Diagnostic>> {
    match whom {
        Whom::Endpoint(endpoint) => Ok((endpoint, None)),
        Whom::Reference => match Reference::listen(reference::settings(readings), seed, clock).await {
            Ok((endpoint, server)) => Ok((endpoint, Some(server))),
            Err(error) => {
                let words = format!("the reference server could not listen: {error}");
                Err(vec![Diagnostic::new(ENVIRONMENT, words)])
            }
        },
    }
}

/// Says aloud that nobody asks who answers.
fn warn(reach: &Reach, endpoint: &Endpoint) {
    if reach.is_insecure() {
        let words =
            "whoever is in between can read and change everything that is sent, keys' signatures and tokens included";
        let _ = writeln!(std::io::stderr(), "endspec: WARNING: --insecure: {endpoint} may be anybody; {words}");
    }
}

/// The lanes to an endpoint.
fn transport(endpoint: &Endpoint, reach: &Reach, clock: Clock) -> Transport {
    Transport::new(endpoint, &reach.settings, clock)
}
