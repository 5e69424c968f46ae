//! Variables of the environment that begin with `ENDSPEC_`.

use std::collections::BTreeSet;

use clap::CommandFactory;

use crate::cli::args::Args;
use crate::diagnostic::{Diagnostic, did_you_mean};

/// Those that are no flags: keys.
const KEYS: [&str; 3] =
    ["ENDSPEC_DENIED_ACCESS_KEY_ID", "ENDSPEC_DENIED_ACCESS_KEY_SECRET", "ENDSPEC_DENIED_SECURITY_TOKEN"];

/// Variables of the environment that begin as ours do and are none: a misspelt target would test another one.
pub(super) fn misspelt() -> Vec<Diagnostic> {
    let known = variables();
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let wrong = names.filter(|name| name.starts_with("ENDSPEC_") && !known.contains(name));
    wrong
        .map(|name| {
            let help = did_you_mean(&name, known.iter().map(String::as_str))
                .map_or_else(|| "unset it".to_owned(), |close| format!("did you mean `{close}`?"));
            super::flag(format!("the environment has `{name}`, which endspec does not know")).help(help)
        })
        .collect()
}

/// Every variable that a command reads: those of flags, and the keys that are never flags.
fn variables() -> BTreeSet<String> {
    let command = Args::command();
    let flags = command.get_subcommands().flat_map(|command| command.get_arguments());
    let of_flags = flags.filter_map(|argument| argument.get_env()?.to_str().map(str::to_owned));
    of_flags.chain(KEYS.map(str::to_owned)).collect()
}
