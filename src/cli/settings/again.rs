//! The flags that make the same run again.

use super::declared::OF_CAPABILITY;
use super::{About, Whom};
use crate::cli::args::NetworkArgs;
use crate::cli::given::Taker;
use crate::contract::Contract;
use crate::report::exchange::quoted_where_needed;
use crate::run::SessionSource;

/// Flags, as far as they make a run what it is. What a session command says may be secret, and ids are used up: the user
/// gives those again.
pub(super) fn again(taker: &Taker<'_>, args: &NetworkArgs, whom: &Whom, about: &About, contract: &Contract) -> String {
    let mut words = vec![calling(taker, args, whom, about)];
    words.retain(|words| !words.is_empty());
    let given = [
        ("denied-profile", args.denied_profile.as_ref()),
        ("thorough", args.thorough.as_ref()),
        ("other-region", args.other_region.as_ref()),
        ("unsupported-region", args.unsupported_region.as_ref()),
        ("instance-id", args.instance_id.as_ref()),
        ("contract", args.contract.as_ref()),
        ("settle", args.settle.as_ref()),
    ];
    let of = |flag: &str| OF_CAPABILITY.iter().find(|(_, of)| *of == flag).map(|(capability, _)| *capability);
    for (flag, value) in given {
        // What the profile gives for a capability that a flag takes away would contradict it.
        if of(flag).is_some_and(|capability| about.lacking.contains(capability)) {
            continue;
        }
        match taker.text(value, flag).filter(|value| value != "false") {
            Some(value) if value == "true" => words.push(format!("--{flag}")),
            Some(value) => words.push(format!("--{flag} {}", quoted_where_needed(&value))),
            None => {}
        }
    }
    let mut word = |flag: &str, value: &str| words.push(format!("--{flag} {}", quoted_where_needed(value)));
    match about.sessions {
        SessionSource::Start => {}
        SessionSource::Command(_) => {
            word("sessions", "command");
            if args.written.contains("session-command") {
                word("session-command", "CMD");
            }
        }
        SessionSource::Pool(_) => {
            word("sessions", "pool");
            if args.written.contains("session-id") {
                word("session-id", "ID");
            }
        }
    }
    // Without what something nearer was given for all the same.
    let without = taker.list(&args.without, "without").into_iter().map(|given| given.text);
    let without: Vec<String> = without.filter(|name| about.lacking.contains(name)).collect();
    if !without.is_empty() {
        word("without", &without.join(","));
    }
    for (name, value) in about.readings.0.iter().filter(|(name, value)| default(contract, name) != value.as_str()) {
        word("reading", &format!("{name}={value}"));
    }
    words.join(" ")
}

/// Those of them that say where the target is, how it is reached and how calls to it are signed. Values of fields that stand
/// in the environment are no flags.
pub(super) fn calling(taker: &Taker<'_>, args: &NetworkArgs, whom: &Whom, about: &About) -> String {
    let Whom::Endpoint(endpoint) = whom else { return timeout(taker, args).unwrap_or_default() };
    let mut words = vec![
        format!("--target {}", quoted_where_needed(&endpoint.to_string())),
        format!("--auth {}", about.auth.name()),
        format!("--region {}", quoted_where_needed(&about.region)),
    ];
    let given = [
        ("ca-file", args.ca_file.as_ref()),
        ("client-cert", args.client_cert.as_ref()),
        ("client-key", args.client_key.as_ref()),
        ("http", args.http.as_ref()),
        ("credential-profile", args.credential_profile.as_ref()),
        ("ecs-ram-role", args.ecs_ram_role.as_ref()),
        ("ecs-metadata", args.ecs_metadata.as_ref()),
    ];
    for (flag, value) in given {
        words.extend(taker.text(value, flag).map(|value| format!("--{flag} {}", quoted_where_needed(&value))));
    }
    if taker.text(args.insecure.as_ref(), "insecure").as_deref() == Some("true") {
        words.push("--insecure".to_owned());
    }
    for (flag, values) in [("resolve", &args.resolve), ("header", &args.header)] {
        let given = taker.list(values, flag);
        words.extend(given.iter().map(|given| format!("--{flag} {}", quoted_where_needed(&given.text))));
    }
    let pairs = taker.values.pairs("header").into_iter().filter(|_| args.header.is_empty());
    words.extend(pairs.map(|(name, value)| format!("--header {}", quoted_where_needed(&format!("{name}={value}")))));
    words.extend(timeout(taker, args));
    words.join(" ")
}

fn timeout(taker: &Taker<'_>, args: &NetworkArgs) -> Option<String> {
    taker.text(args.timeout.as_ref(), "timeout").map(|value| format!("--timeout {}", quoted_where_needed(&value)))
}

fn default<'a>(contract: &'a Contract, reading: &str) -> &'a str {
    contract.readings.get(reading).map_or("", |reading| reading.default.as_str())
}
