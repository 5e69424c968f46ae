//! Parameters that are chosen among others, lost, guessed or refused: by place, by number, by method.

use super::{Fault, HONEST, Hooks, Scene, change, meaning};
use crate::http::Response;
use crate::server::fault::{first, forged};
use crate::server::problem;
use crate::server::settings::Operation;
use crate::wire::Parameters;

pub(super) const FAULTS: &[Fault] = &[
    meaning(
        "repeated-alternates",
        &["rpc/parameter/repeated"],
        "two kinds of front ends take turns, and one takes the first of a repeated parameter, the other the last",
        repeated_alternates,
    ),
    meaning(
        "repeated-by-hash-order",
        &["rpc/parameter/repeated"],
        "parameters go through a map whose order is another for every request",
        |parameters, scene| {
            let last = scene.entropy.number() & 1 == 1;
            keep_one(parameters, last);
        },
    ),
    meaning(
        "session-before-region-lost",
        &["rpc/parameter/order"],
        "the region decides which shard reads the rest, and what was read before it is forgotten",
        session_before_region_lost,
    ),
    Fault {
        name: "hidden-parameters-refused",
        clauses: &["rpc/parameter/unknown"],
        how: "the request is bound strictly to the documented schema, and clients send more than that",
        hooks: Hooks { means: Some(mark_hidden), after: Some(hidden_parameters_refused), ..HONEST },
    },
    meaning(
        "get-not-routed",
        &["rpc/method/get-post"],
        "calls that change something are routed for POST alone, as REST has it",
        |parameters, scene| rename_action(parameters, scene.asked.method == "GET", "EndTerminalSession/GET"),
    ),
    meaning(
        "action-by-prefix",
        &["rpc/action/unknown"],
        "the router compares as many characters as the name of its own operation has",
        |parameters, _| {
            change(parameters, "Action", |value| {
                let name = Operation::End.name();
                if value.starts_with(name) { name.to_owned() } else { value.to_owned() }
            });
        },
    ),
    meaning(
        "action-guessed",
        &["rpc/action/missing"],
        "a call without Action goes to the operation whose required parameters are there",
        action_guessed,
    ),
    meaning(
        "version-unread",
        &["rpc/version/unknown"],
        "there has been only one version, so that nothing reads which one was asked for",
        |parameters, _| change(parameters, "Version", |_| VERSION.to_owned()),
    ),
    meaning(
        "version-later-served",
        &["rpc/version/unknown"],
        "a client may ask for a later version and gets the newest that there is",
        |parameters, _| version_if(parameters, |version| is_date(version) && version > VERSION),
    ),
    meaning(
        "version-by-prefix",
        &["rpc/version/unknown"],
        "only the date in front is compared, so that a preview of the version is the version",
        |parameters, _| version_if(parameters, |version| version.starts_with(VERSION)),
    ),
    meaning(
        "version-unreadable-served",
        &["rpc/version/unknown"],
        "what cannot be read as a date is as good as no version, and the default takes its place",
        |parameters, _| version_if(parameters, |version| !is_date(version)),
    ),
];

/// The only version that there is.
const VERSION: &str = "2014-05-26";

/// Has a version that is `taken` mean the one that there is.
fn version_if(parameters: &mut Parameters, taken: fn(&str) -> bool) {
    change(parameters, "Version", |version| if taken(version) { VERSION } else { version }.to_owned());
}

fn is_date(text: &str) -> bool {
    let digit = |(at, byte): (usize, u8)| if matches!(at, 4 | 7) { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == VERSION.len() && text.bytes().enumerate().all(digit)
}

/// Keeps one value of each repeated parameter; whether there was one.
fn keep_one(parameters: &mut Parameters, last: bool) -> bool {
    let all = parameters.clone();
    let count = all.len();
    let mut at = 0;
    parameters.retain(|(name, _)| {
        let others = if last { &all[at + 1..] } else { &all[..at] };
        at += 1;
        !others.iter().any(|(other, _)| other == name)
    });
    parameters.len() < count
}

fn repeated_alternates(parameters: &mut Parameters, scene: &mut Scene<'_>) {
    let turn = scene.scratch.counts.entry("repeated".to_owned()).or_default();
    if keep_one(parameters, *turn % 2 == 1) {
        *turn += 1;
    }
}

fn session_before_region_lost(parameters: &mut Parameters, scene: &mut Scene<'_>) {
    let place = |wanted: &str| parameters.iter().position(|(name, _)| name == wanted);
    if scene.asked.operation == Some(Operation::End) && place("SessionId") < place("RegionId") {
        parameters.retain(|(name, _)| name != "SessionId");
    }
}

fn mark_hidden(parameters: &mut Parameters, scene: &mut Scene<'_>) {
    const HIDDEN: [&str; 4] = ["OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount"];
    if parameters.iter().any(|(name, _)| HIDDEN.contains(&name.as_str())) {
        forged::divert(parameters, scene);
    }
}

fn hidden_parameters_refused(scene: &mut Scene<'_>, response: &mut Response) {
    if forged::was_diverted(scene, response) {
        forged::refuse(response, &problem::not_valid("OwnerId"));
    }
}

fn rename_action(parameters: &mut Parameters, when: bool, name: &str) {
    change(parameters, "Action", |value| {
        if when && value == Operation::End.name() { name.to_owned() } else { value.to_owned() }
    });
}

fn action_guessed(parameters: &mut Parameters, _: &mut Scene<'_>) {
    if first(parameters, "Action").is_none() && first(parameters, "SessionId").is_some() {
        parameters.push(("Action".to_owned(), Operation::End.name().to_owned()));
    }
}
