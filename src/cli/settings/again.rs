//! The flags that make the same run again.

use super::{About, Whom};
use crate::cli::args::NetworkArgs;
use crate::cli::given::Taker;
use crate::contract::Contract;
use crate::report::exchange::quoted_where_needed;
use crate::run::SessionSource;

/// Flags, as far as they make a run what it is. What a session command says may be secret, and ids are used up: the user
/// gives those again.
pub(super) fn again(taker: &Taker<'_>, args: &NetworkArgs, whom: &Whom, about: &About, contract: &Contract) -> String {
    let mut words = Vec::new();
    let mut word = |flag: &str, value: &str| words.push(format!("--{flag} {}", quoted_where_needed(value)));
    if let Whom::Endpoint(endpoint) = whom {
        word("target", &endpoint.to_string());
        word("auth", about.auth.name());
        word("region", &about.region);
    }
    let given = [
        ("credential-profile", args.credential_profile.as_ref()),
        ("denied-profile", args.denied_profile.as_ref()),
        ("ecs-ram-role", args.ecs_ram_role.as_ref()),
        ("ecs-metadata", args.ecs_metadata.as_ref()),
        ("other-region", args.other_region.as_ref()),
        ("unsupported-region", args.unsupported_region.as_ref()),
        ("instance-id", args.instance_id.as_ref()),
        ("contract", args.contract.as_ref()),
        ("timeout", args.timeout.as_ref()),
        ("settle", args.settle.as_ref()),
    ];
    for (flag, value) in given {
        if let Some(value) = taker.text(value, flag) {
            word(flag, &value);
        }
    }
    match about.sessions {
        SessionSource::Start => {}
        SessionSource::Command(_) => word("sessions", "command"),
        SessionSource::Pool(_) => word("sessions", "pool"),
    }
    let without: Vec<String> = taker.list(&args.without, "without").into_iter().map(|given| given.text).collect();
    if !without.is_empty() {
        word("without", &without.join(","));
    }
    for (name, value) in about.readings.0.iter().filter(|(name, value)| default(contract, name) != value.as_str()) {
        word("reading", &format!("{name}={value}"));
    }
    words.join(" ")
}

fn default<'a>(contract: &'a Contract, reading: &str) -> &'a str {
    contract.readings.get(reading).map_or("", |reading| reading.default.as_str())
}
