//! What the user declares of the target: what it lacks, how it reads open questions, where its sessions come from.

use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Mutex;

use crate::cli::args::NetworkArgs;
use crate::cli::given::{Given, Layer, Taker};
use crate::contract::{Contract, Readings};
use crate::diagnostic::Diagnostic;
use crate::run::SessionSource;

pub(super) fn lacking(taker: &mut Taker<'_>, args: &NetworkArgs, contract: &Contract) -> BTreeSet<String> {
    let mut lacking = BTreeSet::new();
    for given in taker.list(&args.without, "without") {
        let name = given.text.as_str();
        if is_given(taker, args, &given) {
            continue;
        }
        if let Some(capability) = contract.capability(name) {
            lacking.extend(capability.all_of.iter().cloned());
            lacking.insert(name.to_owned());
        } else {
            let names = contract.capabilities.iter().map(|capability| capability.name.as_str());
            let help = super::one_of(name, names);
            let mistake = given.wrong(format!("there is no capability `{name}`"));
            taker.mistake(Diagnostic { code: "unknown-capability", ..mistake }.help(help));
        }
    }
    lacking
}

/// What is given for a capability, by the capability.
pub(super) const OF_CAPABILITY: [(&str, &str); 4] = [
    ("restart", "restart-command"),
    ("other-region", "other-region"),
    ("unsupported-region", "unsupported-region"),
    ("denied-credential", "denied-profile"),
];

/// What is given for a capability all the same.
fn for_capability(taker: &Taker<'_>, args: &NetworkArgs, capability: &str) -> Option<Given> {
    let (_, key) = OF_CAPABILITY.into_iter().find(|(of, _)| *of == capability)?;
    let value = match key {
        "restart-command" => args.restart_command.as_ref(),
        "other-region" => args.other_region.as_ref(),
        "unsupported-region" => args.unsupported_region.as_ref(),
        _ => args.denied_profile.as_ref(),
    };
    taker.given(value, key)
}

/// Whether something nearer to the user is given for what is declared to be lacking; given beside it, it is a mistake. In a
/// profile both may stand: a named one cannot take back what the file says for all of them.
fn is_given(taker: &mut Taker<'_>, args: &NetworkArgs, without: &Given) -> bool {
    let Some(given) = for_capability(taker, args, &without.text) else { return false };
    let (layer, other) = (given.layer(args), without.layer(args));
    if layer == other && layer != Layer::Profile {
        let words = format!("{} says that the target has no use for it", without.origin());
        taker.mistake(given.wrong(words).help("leave one of the two out"));
    }
    layer < other
}

pub(super) fn readings(taker: &mut Taker<'_>, args: &NetworkArgs, contract: &Contract) -> Readings {
    let mut declared = Vec::new();
    for text in args.reading.iter().filter(|text| !text.is_empty()) {
        match text.split_once('=') {
            Some((name, value)) => declared.push((name.to_owned(), value.to_owned())),
            None => {
                let help = "write `--reading NAME=VALUE`; `endspec list readings` lists them";
                taker.mistake(super::flag(format!("--reading: `{text}` has no `=`")).help(help));
            }
        }
    }
    let of_profile = taker.values.pairs("reading");
    let own = |name: &str| declared.iter().any(|(declared, _)| declared == name);
    let more: Vec<(String, String)> = of_profile.into_iter().filter(|(name, _)| !own(name)).collect();
    declared.extend(more);
    Readings::resolve(contract, &declared).unwrap_or_else(|mistakes| {
        taker.mistakes.extend(mistakes.into_iter().map(|mistake| super::of_flag("reading", mistake)));
        Readings::defaults(contract)
    })
}

pub(super) fn sessions(taker: &mut Taker<'_>, args: &NetworkArgs) -> SessionSource {
    let command = taker.given(args.session_command.as_ref(), "session-command");
    let given = taker.list(&args.session_id, "session-id");
    let ids: Vec<String> = given.iter().map(|given| given.text.clone()).collect();
    for (at, given) in given.iter().enumerate() {
        if ids[..at].contains(&given.text) {
            let words = format!("`{}` is given twice, and each id is used once", given.text);
            taker.mistake(given.wrong(words).help("give the id of another open session in its place"));
        }
    }
    let source = taker.given(args.sessions.as_ref(), "sessions");
    let chosen =
        source.as_ref().map_or_else(|| implied(taker, args, command.as_ref(), &given), |given| given.text.as_str());
    match (chosen, command) {
        ("start", _) => SessionSource::Start,
        ("command", Some(command)) => SessionSource::Command(command.text),
        ("command", None) => {
            let help = "give the command with `--session-command`";
            taker
                .mistake(super::flag("--sessions: `command` is chosen, and there is no command".to_owned()).help(help));
            SessionSource::Start
        }
        ("pool", _) => {
            if ids.is_empty() {
                let help = "give ids of open sessions with `--session-id` (repeatable)";
                taker.mistake(super::flag("--sessions: `pool` is chosen, and there are no ids".to_owned()).help(help));
            }
            SessionSource::Pool(Mutex::new(VecDeque::from(ids)))
        }
        (other, _) => {
            let words = format!("`{other}` is no source of sessions");
            let help = super::one_of(other, ["start", "command", "pool"].into_iter());
            taker.mistakes.extend(source.as_ref().map(|given| given.wrong(words).help(help)));
            SessionSource::Start
        }
    }
}

/// The source that the other settings speak of: the nearest of them.
fn implied(taker: &mut Taker<'_>, args: &NetworkArgs, command: Option<&Given>, ids: &[Given]) -> &'static str {
    let (command, id) = match (command, ids.first()) {
        (None, None) => return "start",
        (Some(_), None) => return "command",
        (None, Some(_)) => return "pool",
        (Some(command), Some(id)) => (command, id),
    };
    match command.layer(args).cmp(&id.layer(args)) {
        Ordering::Less => "command",
        Ordering::Greater => "pool",
        // A named profile cannot take back what the file says for all of them.
        Ordering::Equal if command.layer(args) == Layer::Profile => "command",
        Ordering::Equal => {
            let help = "leave one of the two out, or choose with `--sessions command` or `--sessions pool`";
            taker.mistake(command.wrong("`--session-id` gives sessions as well").help(help));
            "command"
        }
    }
}
