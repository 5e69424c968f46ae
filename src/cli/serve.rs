//! `endspec serve`: the reference server on an address of the user's.

use std::io::{self, Write as _};
use std::path::Path;

use super::args::{ServeArgs, ServeAuth};
use super::settings::of_flag;
use super::signals::Signals;
use super::{ENVIRONMENT, Exit, faults, print, suite, together};
use crate::clock::Clock;
use crate::contract::{Contract, Readings};
use crate::diagnostic::Diagnostic;
use crate::files::{Found, Log};
use crate::reference;
use crate::seed::Seed;
use crate::server::fault::Fault;
use crate::server::journal::{self, Keep, Saved};
use crate::server::settings::{self, Auth, Settings};
use crate::server::{Server, listen};
use crate::source::{Place, Source, Span};

pub(super) fn serve(args: &ServeArgs) -> Result<Exit, Vec<Diagnostic>> {
    if args.list_faults {
        print(&faults::list());
        return Ok(Exit::Pass);
    }
    let contract = suite::contract(None)?;
    let (readings, seed, fault) = together(readings(args, &contract), seed(args), fault(args))?;
    let mut settings = Settings { fault, ..reference::settings(&readings) };
    if args.auth == ServeAuth::Open {
        settings.auth = Auth::Open;
    }
    let failed = |error: String| vec![Diagnostic::new(ENVIRONMENT, error)];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(format!("no runtime: {error}")))?;
    let clock = Clock::system();
    let server = match &args.state {
        None => Server::new(settings, seed),
        Some(path) => resumed(path, settings, seed, &clock).map_err(|mistake| vec![mistake])?,
    };
    runtime.block_on(async {
        let bound = listen::bind(args.listen.as_str(), server, clock).await;
        let listening = bound.map_err(|error| {
            let message = format!("--listen: cannot listen on `{}`: {error}", args.listen);
            vec![
                Diagnostic::new("flag", message)
                    .help("another address, or port 0 for a free one: `--listen 127.0.0.1:0`"),
            ]
        })?;
        let mut signals = Signals::listen();
        print(&format!("listening {}\n", listening.url()));
        if args.auth == ServeAuth::Required {
            print(&format!(
                "keys (for tests alone): {} / {}, and {} / {} without ecs:EndTerminalSession\n",
                settings::ACCESS_KEY_ID,
                settings::ACCESS_KEY_SECRET,
                settings::DENIED_ACCESS_KEY_ID,
                settings::DENIED_ACCESS_KEY_SECRET
            ));
        }
        print(&format!(
            "regions: {}, {}; without this API: {}; instance: {}\n",
            settings::REGION_ID,
            settings::OTHER_REGION_ID,
            settings::UNSUPPORTED_REGION_ID,
            settings::INSTANCE_ID
        ));
        if let Some(fault) = fault {
            print(&format!("on purpose: {}, where {}\n", fault.name, fault.how));
        }
        signals.next().await;
        listening.stop().await;
        Ok(Exit::Pass)
    })
}

fn readings(args: &ServeArgs, contract: &Contract) -> Result<Readings, Vec<Diagnostic>> {
    let mut declared = Vec::new();
    for text in &args.reading {
        let Some((name, value)) = text.split_once('=') else {
            let help = "write `--reading NAME=VALUE`; `endspec list readings` lists them";
            return Err(vec![Diagnostic::new("flag", format!("--reading: `{text}` has no `=`")).help(help)]);
        };
        declared.push((name.to_owned(), value.to_owned()));
    }
    let named = |mistakes: Vec<Diagnostic>| mistakes.into_iter().map(|mistake| of_flag("reading", mistake)).collect();
    Readings::resolve(contract, &declared).map_err(named)
}

fn seed(args: &ServeArgs) -> Result<Seed, Vec<Diagnostic>> {
    let Some(text) = &args.seed else { return Ok(Seed::fresh()) };
    text.parse().map_err(|error| vec![Diagnostic::new("flag", format!("--seed: {error}"))])
}

fn fault(args: &ServeArgs) -> Result<Option<&'static Fault>, Vec<Diagnostic>> {
    args.fault.as_deref().map(faults::named).transpose().map_err(|mistake| vec![mistake])
}

/// The server that goes on with what the file holds.
fn resumed(path: &Path, settings: Settings, seed: Seed, clock: &Clock) -> Result<Server, Diagnostic> {
    let Found { log, text, torn } = Log::open(path, journal::MOST_BYTES)?;
    let saved = Saved::read(&text).map_err(|wrong| {
        let code = if wrong.newer { "state-newer" } else { "state-corrupt" };
        let help = if wrong.newer {
            "a newer endspec wrote it: serve with that one, or name another file"
        } else {
            "mend the line, or name another file to begin without sessions; this one was left as it is"
        };
        let source = Source::new(path.display().to_string(), masked(&text));
        let place = Place { source, span: Span { start: wrong.at.start, end: wrong.at.end } };
        Diagnostic::at(code, wrong.message, place).help(help)
    })?;
    if torn {
        let _ = writeln!(io::stderr(), "endspec: the last line of {} was cut short and is left out", path.display());
    }
    let resumed = Server::resume(settings, seed, saved, Box::new(log), clock.unix_seconds(), clock.now());
    resumed.map_err(|error| {
        Diagnostic::new("file-not-written", format!("`{}` cannot be written: {error}", path.display()))
    })
}

/// The same text with the tokens of WebSocket URLs made unreadable, each byte at its place.
fn masked(text: &str) -> String {
    const TOKEN: &str = "\"token\":\"";
    let mut parts = text.split(TOKEN);
    let mut masked = parts.next().unwrap_or("").to_owned();
    for part in parts {
        let length = part.find(['"', '\n']).unwrap_or(part.len());
        masked.push_str(TOKEN);
        masked.push_str(&"*".repeat(length));
        masked.push_str(&part[length..]);
    }
    masked
}

impl Keep for Log {
    fn append(&mut self, lines: &str, durable: bool) -> io::Result<()> {
        Log::append(self, lines, durable).inspect_err(tell)
    }

    fn replace(&mut self, lines: &str) -> io::Result<()> {
        let serving = self.is_begun();
        Log::replace(self, lines).inspect_err(|error| {
            if serving {
                tell(error)
            }
        })
    }
}

/// Tells whoever started the server: its clients learn only that it fails.
fn tell(error: &io::Error) {
    let _ = writeln!(io::stderr(), "endspec: the state cannot be kept, every call is refused from now on: {error}");
}
