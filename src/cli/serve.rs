//! `endspec serve`: the reference server on an address of the user's.

use super::args::{ServeArgs, ServeAuth};
use super::settings::of_flag;
use super::signals::Signals;
use super::{ENVIRONMENT, Exit, print, reference, suite, together};
use crate::clock::Clock;
use crate::contract::{Contract, Readings};
use crate::diagnostic::Diagnostic;
use crate::seed::Seed;
use crate::server::settings::{self, Auth};
use crate::server::{Server, listen};

pub(super) fn serve(args: &ServeArgs) -> Result<Exit, Vec<Diagnostic>> {
    let contract = suite::contract(None)?;
    let (readings, seed, ()) = together(readings(args, &contract), seed(args), Ok(()))?;
    let mut settings = reference::settings(&readings);
    if args.auth == ServeAuth::Open {
        settings.auth = Auth::Open;
    }
    let failed = |error: String| vec![Diagnostic::new(ENVIRONMENT, error)];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let bound = listen::bind(args.listen.as_str(), Server::new(settings, seed), Clock::system()).await;
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
