//! The second endpoint of a run: everything about it is as for the first but where it is, and that it is signed for only where
//! the command line says so.

use super::args::RunArgs;
use super::given::Taker;
use super::settings::{self, Settings};
use crate::contract::Contract;
use crate::diagnostic::Diagnostic;
use crate::load::profile::Values;
use crate::transport::Endpoint;

/// Its settings, where one is given; `first` are those of the run's target.
///
/// # Errors
/// Every mistake in them.
pub(super) fn settings(
    args: &RunArgs,
    profile: &Values,
    contract: &Contract,
    first: &Settings,
) -> Result<Option<Settings>, Vec<Diagnostic>> {
    let taker = Taker::new(profile);
    let Some(given) = taker.raw(args.against.as_ref(), "against") else { return Ok(None) };
    if given.text.trim().is_empty() {
        let help = "leave `--against` and ENDSPEC_AGAINST away altogether to test one target";
        let mistake = given.wrong("the URL to compare with is empty: is a variable of your CI not set?");
        return Err(vec![mistake.help(help)]);
    }
    if let Err(error) = Endpoint::parse(&given.text) {
        return Err(vec![given.wrong(error)]);
    }
    if !first.about.starts_sessions() {
        let words = "the sessions that commands and ids give are of one target, and two are to be compared";
        let help = "have sessions of both come from StartTerminalSession, `--sessions start` with `--instance-id ID`, or \
                    declare `--without sessions`";
        return Err(vec![given.wrong(words).help(help)]);
    }
    let mut network = args.network.clone();
    network.target = Some(given.text);
    network.seed = Some(first.seed.to_string());
    if !args.network.written.contains("auth") {
        network.auth = Some("none".to_owned());
    }
    let mut other = settings::resolve(&network, profile, contract)?;
    other.about.never_restarts();
    // What a gateway before the one is told is no business of the other's.
    other.about.tells_no_gateway();
    Ok(Some(other))
}
