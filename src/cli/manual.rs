//! `endspec completions` and `endspec man`: what shells and manuals know of the command line, made from the command line.

use std::path::Path;

use clap::CommandFactory;

use super::args::{Args, CompletionsArgs, ManArgs};
use super::{ENVIRONMENT, Exit, print};
use crate::diagnostic::Diagnostic;
use crate::files;

/// Name of the program.
const NAME: &str = "endspec";

pub(super) fn completions(args: &CompletionsArgs) -> Result<Exit, Vec<Diagnostic>> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), NAME, &mut text);
    print(&String::from_utf8_lossy(&text));
    Ok(Exit::Pass)
}

pub(super) fn man(args: &ManArgs) -> Result<Exit, Vec<Diagnostic>> {
    let mut command = Args::command();
    // Names of subcommands are then those that are typed: `endspec run`.
    command.build();
    let Some(folder) = &args.folder else {
        print(&page(command, NAME)?);
        return Ok(Exit::Pass);
    };
    let commands: Vec<clap::Command> = command.get_subcommands().cloned().collect();
    write(folder, command, NAME)?;
    for command in commands.into_iter().filter(|command| command.get_name() != "help") {
        let name = format!("{NAME}-{}", command.get_name());
        write(folder, command, &name)?;
    }
    Ok(Exit::Pass)
}

fn write(folder: &Path, command: clap::Command, name: &str) -> Result<(), Vec<Diagnostic>> {
    let page = page(command, name)?;
    files::write(&folder.join(format!("{name}.1")), page.as_bytes()).map_err(|mistake| vec![mistake])
}

fn page(command: clap::Command, name: &str) -> Result<String, Vec<Diagnostic>> {
    let mut text = Vec::new();
    let rendered = clap_mangen::Man::new(command).title(name.to_uppercase()).render(&mut text);
    rendered.map_err(|error| vec![Diagnostic::new(ENVIRONMENT, format!("no manual page: {error}"))])?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}
