//! Codes and statuses, each of several that are permitted.

use super::answers::{has_code, has_ended, is_not_found, lacks, refuse, set, text};
use super::{Fault, Response, Scene, after};
use crate::server::settings::Operation;

pub(super) const VARIATIONS: &[Fault] = &[
    after("missing-parameter-dotted", "the code names the parameter after a dot, as other products do", dotted),
    after("missing-parameter-joined", "each parameter has a code of its own, as older services have", joined),
    after("missing-parameter-worded", "the message for a missing parameter is the service's own", worded),
    after("missing-action-as-unknown", "no action is an action that nobody knows", missing_action_as_unknown),
    after("unknown-version-as-none", "another gateway says that there is no such version", version_as_none),
    after("unknown-version-as-action", "operations are looked up by version and name together", version_as_action),
    after("denied-as-no-permission", "another service of permissions has its own code", denied_as_no_permission),
    after("denied-as-forbidden", "the code for a refusal is as short as can be", denied_as_forbidden),
    after("mismatch-as-403", "a wrong signature is a matter of permission to the gateway", mismatch_as_403),
    after("mismatch-as-incomplete", "older gateways have another code for a signature that does not match", incomplete),
    after("unknown-key-as-400", "older pages give 400 for an unknown key", unknown_key_as_400),
    after("unknown-key-undotted", "an unknown key and an invalid one have one code", unknown_key_undotted),
    after("success-says-200", "a library puts the status into every body", success_says_200),
    after("success-says-ok", "the envelope of successes is that of errors, with a friendly code", success_says_ok),
    after("success-says-success", "a proxy adds the code that its console looks for", success_says_success),
    after("success-says-success-in-lower-case", "an enumeration is written in lower case", success_says_success_small),
    after("malformed-ids-by-kind", "control characters are refused as invalid, other strange ids not found", by_kind),
    after("malformed-regions-by-kind", "regions are checked by a pattern before they are looked up", regions_by_kind),
    after(
        "sessions-before-regions",
        "whether there is such a session is asked before where it is",
        sessions_before_regions,
    ),
    after(
        "described-as-unknown",
        "who describes a session that is not there, or no longer, is told so",
        described_as_unknown,
    ),
    after("empty-session-as-unknown", "an empty id is looked up as any other", empty_session_as_unknown),
];

fn unknown_session(response: &mut Response) {
    refuse(response, 404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
}

fn is_open(scene: &Scene<'_>, id: &str) -> bool {
    scene.model.find(id).is_some_and(|session| session.ended.is_none())
}

fn sessions_before_regions(scene: &mut Scene<'_>, response: &mut Response) {
    let of_region = text(response, "Code").is_some_and(|code| code.contains("RegionId")) || lacks(response, "RegionId");
    if of_region && scene.ends().is_some_and(|id| !id.trim().is_empty() && !is_open(scene, &id)) {
        unknown_session(response);
    }
}

fn described_as_unknown(scene: &mut Scene<'_>, response: &mut Response) {
    let describes = scene.asked.operation == Some(Operation::Describe) && response.status == 200;
    let named = scene.asked.value("SessionId").filter(|_| describes);
    if named.is_some_and(|id| !is_open(scene, id)) {
        unknown_session(response);
    }
}

/// The parameter that a refusal says is missing.
fn missing(response: &Response) -> Option<String> {
    let message = text(response, "Message").filter(|_| has_code(response, "MissingParameter"))?;
    message.split('"').nth(1).map(str::to_owned)
}

fn dotted(_: &mut Scene<'_>, response: &mut Response) {
    if let Some(name) = missing(response) {
        set(response, "Code", format!("MissingParameter.{name}"));
    }
}

fn joined(_: &mut Scene<'_>, response: &mut Response) {
    if let Some(name) = missing(response) {
        refuse(response, 400, &format!("Missing{name}"), &format!("{name} is mandatory for this action."));
    }
}

fn worded(_: &mut Scene<'_>, response: &mut Response) {
    if has_code(response, "MissingParameter") {
        set(response, "Message", "A parameter is missing. <See the \"documents\" & try again>");
    }
}

fn missing_action_as_unknown(_: &mut Scene<'_>, response: &mut Response) {
    if lacks(response, "Action") {
        refuse(
            response,
            404,
            "InvalidAction.NotFound",
            "Specified api is not found, please check your url and method.",
        );
    }
}

/// Gives the refusal with that code another one.
fn recode(response: &mut Response, code: &str, status: u16, other: &str) {
    if let Some(message) = text(response, "Message").filter(|_| has_code(response, code)) {
        refuse(response, status, other, &message);
    }
}

fn version_as_none(_: &mut Scene<'_>, response: &mut Response) {
    recode(response, "InvalidVersion", 404, "NoSuchVersion");
}

fn version_as_action(_: &mut Scene<'_>, response: &mut Response) {
    recode(response, "InvalidVersion", 404, "InvalidAction.NotFound");
}

fn denied_as_no_permission(_: &mut Scene<'_>, response: &mut Response) {
    recode(response, "Forbidden.RAM", 403, "NoPermission");
}

fn denied_as_forbidden(_: &mut Scene<'_>, response: &mut Response) {
    recode(response, "Forbidden.RAM", 403, "Forbidden");
}

fn mismatch_as_403(_: &mut Scene<'_>, response: &mut Response) {
    recode(response, "SignatureDoesNotMatch", 403, "SignatureDoesNotMatch");
}

fn incomplete(_: &mut Scene<'_>, response: &mut Response) {
    recode(response, "SignatureDoesNotMatch", 400, "IncompleteSignature");
}

fn unknown_key_as_400(_: &mut Scene<'_>, response: &mut Response) {
    recode(response, "InvalidAccessKeyId.NotFound", 400, "InvalidAccessKeyId.NotFound");
}

fn unknown_key_undotted(_: &mut Scene<'_>, response: &mut Response) {
    recode(response, "InvalidAccessKeyId.NotFound", 404, "InvalidAccessKeyId");
}

/// Adds a code to the success of an End.
fn say(scene: &Scene<'_>, response: &mut Response, code: &str) {
    if has_ended(scene, response) {
        set(response, "Code", code);
    }
}

fn success_says_200(scene: &mut Scene<'_>, response: &mut Response) {
    say(scene, response, "200");
}

fn success_says_ok(scene: &mut Scene<'_>, response: &mut Response) {
    say(scene, response, "OK");
}

fn success_says_success(scene: &mut Scene<'_>, response: &mut Response) {
    say(scene, response, "Success");
}

fn success_says_success_small(scene: &mut Scene<'_>, response: &mut Response) {
    say(scene, response, "success");
}

fn by_kind(scene: &mut Scene<'_>, response: &mut Response) {
    let strange = scene.ends().is_some_and(|id| id.chars().any(char::is_control));
    if strange && is_not_found(response) {
        refuse(response, 400, "InvalidParameter.SessionId", "The specified parameter SessionId is not valid.");
    }
}

fn regions_by_kind(scene: &mut Scene<'_>, response: &mut Response) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let strange = scene.asked.value("RegionId").is_some_and(|region| !region.chars().all(plain));
    if strange && has_code(response, "InvalidRegionId.NotFound") {
        refuse(response, 400, "InvalidParameter.RegionId", "The specified parameter RegionId is not valid.");
    }
}

fn empty_session_as_unknown(scene: &mut Scene<'_>, response: &mut Response) {
    if scene.ends().is_some_and(|id| id.is_empty()) && lacks(response, "SessionId") {
        refuse(response, 404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
    }
}
