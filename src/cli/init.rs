//! `endspec init`: asks a target with a few plain calls what it has, and writes a commented profile that says so.

mod ask;
mod profile;
mod workflow;

use std::path::Path;

use super::args::{InitArgs, NetworkArgs};
use super::plan::Extent;
use super::settings::{self, Whom};
use super::{Exit, plan, print, suite};
use crate::clock::Clock;
use crate::diagnostic::Diagnostic;
use crate::files;
use crate::load::profile::Values;
use ask::Asked;

/// Where GitHub looks for workflows.
const WORKFLOW: &str = ".github/workflows/endspec.yml";

pub(super) fn init(args: &InitArgs) -> Result<Exit, Vec<Diagnostic>> {
    let contract = suite::contract(None)?;
    let there = [Some(args.file.as_path()), args.workflow.then(|| Path::new(WORKFLOW))];
    let there: Vec<&Path> = there.into_iter().flatten().collect();
    let network = network(args);
    let resolved = settings::resolve(&network, &Values::default(), &contract);
    let taken: Vec<Diagnostic> =
        if args.force { Vec::new() } else { there.iter().filter_map(|path| taken(path)).collect() };
    let settings = match resolved {
        Ok(settings) if taken.is_empty() => settings,
        resolved => return Err(resolved.err().into_iter().flatten().chain(taken).collect()),
    };
    let Whom::Endpoint(endpoint) = settings.whom else {
        let help = "name it with `--target URL`; the built-in reference server needs no profile";
        return Err(vec![Diagnostic::new("flag", "--target: there is no target to ask").help(help)]);
    };
    let runtime = super::run::runtime(&Whom::Endpoint(endpoint.clone()))?;
    let transport = super::transport(&endpoint, &settings.reach, Clock::system());
    let origins = settings.about.keys.origins();
    let asked = Asked { contract: &contract, args, transport, target: settings.about.at(endpoint, false) };
    plan::agree(settings.care.as_ref(), &asked.target, &Extent::Asked, None, &origins)?;
    let found = match runtime.block_on(ask::ask(&asked)) {
        Ok(found) => found,
        Err(words) => {
            print(&format!("nothing was written: {words}\n"));
            return Ok(Exit::Inconclusive);
        }
    };
    let text = profile::text(&asked, &found);
    files::write(&args.file, text.as_bytes()).map_err(|mistake| vec![mistake])?;
    let mut told = profile::told(&args.file, &found);
    if args.workflow {
        let text = workflow::text(&asked.target.endpoint.to_string(), &args.file);
        files::write(Path::new(WORKFLOW), text.as_bytes()).map_err(|mistake| vec![mistake])?;
        told.push_str(&format!("wrote {WORKFLOW}\n"));
    }
    print(&told);
    Ok(if found.left.is_some() { Exit::Inconclusive } else { Exit::Pass })
}

fn network(args: &InitArgs) -> NetworkArgs {
    NetworkArgs {
        target: args.target.clone(),
        auth: args.auth.clone(),
        region: args.region.clone(),
        other_region: args.other_region.clone(),
        unsupported_region: args.unsupported_region.clone(),
        instance_id: args.instance_id.clone(),
        restart_command: args.restart_command.clone(),
        timeout: args.timeout.clone(),
        yes: args.yes.clone(),
        ..NetworkArgs::default()
    }
}

/// What stands there is the user's.
fn taken(path: &Path) -> Option<Diagnostic> {
    let message = format!("{} is there already", path.display());
    path.exists().then(|| Diagnostic::new("file-not-written", message).help("`--force` writes over it"))
}
