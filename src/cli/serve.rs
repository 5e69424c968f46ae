//! `endspec serve`: the reference server on an address of the user's.

use super::args::{ServeArgs, ServeAuth};
use super::{Exit, print, reference, suite};
use crate::clock::Clock;
use crate::contract::Readings;
use crate::diagnostic::Diagnostic;
use crate::seed::Seed;
use crate::server::settings::{self, Auth};
use crate::server::{Server, listen};

pub(super) fn serve(args: &ServeArgs) -> Result<Exit, Vec<Diagnostic>> {
    let contract = suite::contract(None)?;
    let mut overrides = Vec::new();
    for text in &args.reading {
        let pair = text.split_once('=').ok_or_else(|| {
            vec![Diagnostic::new("flag", format!("--reading: `{text}` has no `=`")).help("write `--reading NAME=VALUE`")]
        })?;
        overrides.push((pair.0.to_owned(), pair.1.to_owned()));
    }
    let readings = Readings::resolve(&contract, &overrides)?;
    let seed = match args.seed.as_deref().map(str::parse::<Seed>) {
        None => Seed::fresh(),
        Some(Ok(seed)) => seed,
        Some(Err(error)) => return Err(vec![Diagnostic::new("flag", format!("--seed: {error}"))]),
    };
    let mut settings = reference::settings(&readings);
    if args.auth == ServeAuth::Open {
        settings.auth = Auth::Open;
    }
    let failed = |error: String| vec![Diagnostic::new("environment", error)];
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failed(format!("no runtime: {error}")))?;
    runtime.block_on(async {
        let bound = listen::bind(args.listen.as_str(), Server::new(settings, seed), Clock::system()).await;
        let listening = bound.map_err(|error| {
            let message = format!("cannot listen on {}: {error}", args.listen);
            vec![Diagnostic::new("flag", message).help("another address, or port 0 for a free one: `--listen 127.0.0.1:0`")]
        })?;
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
        super::run::interrupted().await;
        listening.stop().await;
        Ok(Exit::Pass)
    })
}
