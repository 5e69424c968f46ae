//! Calls that must be refused in one way: answered in another, by an accident, or not refused at all.

use super::{Fault, HONEST, Hooks, Response, Scene, accept, crash, has_code, is_end, is_not_found, lacks, refuse};
use crate::server::region;
use crate::server::settings::REGION_ID;
use crate::wire::Parameters;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "region-defaulted",
        clauses: &["end/request/region-required"],
        how: "the default region of the command-line client is filled in by the server as well",
        hooks: Hooks { means: Some(region_defaulted), ..HONEST },
    },
    Fault {
        name: "missing-region-as-unknown",
        clauses: &["end/request/region-required"],
        how: "a missing region is looked up as an empty text, and no region is called that",
        hooks: Hooks { after: Some(missing_region_as_unknown), ..HONEST },
    },
    Fault {
        name: "missing-session-as-not-found",
        clauses: &["end/request/session-required"],
        how: "an unset field of the request object is the empty text, and no session has that id",
        hooks: Hooks { after: Some(missing_session_as_not_found), ..HONEST },
    },
    Fault {
        name: "missing-session-as-500",
        clauses: &["end/request/session-required", "rpc/robust/no-5xx"],
        how: "the id is used before anybody asked whether there is one, and the null pointer becomes an internal error",
        hooks: Hooks { after: Some(missing_session_as_500), ..HONEST },
    },
    Fault {
        name: "missing-session-ok",
        clauses: &["end/request/session-required"],
        how: "an update of no rows is no error, and nobody counts the rows",
        hooks: Hooks { after: Some(missing_session_ok), ..HONEST },
    },
    Fault {
        name: "missing-session-names-region",
        clauses: &["end/request/session-required"],
        how: "the check of the first parameter was copied for the second, its name included",
        hooks: Hooks { after: Some(missing_session_names_region), ..HONEST },
    },
    Fault {
        name: "missing-parameter-as-422",
        clauses: &["end/error/status"],
        how: "a validation framework answers 422 to whatever does not bind",
        hooks: Hooks { after: Some(missing_parameter_as_422), ..HONEST },
    },
    Fault {
        name: "missing-parameter-as-validation-error",
        clauses: &["end/request/session-required", "end/request/region-required"],
        how: "the framework's own validation runs before the handler, with a code of its own",
        hooks: Hooks { after: Some(missing_parameter_as_validation_error), ..HONEST },
    },
    Fault {
        name: "empty-session-ok",
        clauses: &["end/request/empty"],
        how: "the query builder leaves out conditions without a value, finds many rows, and gives up quietly",
        hooks: Hooks { after: Some(empty_session_ok), ..HONEST },
    },
    Fault {
        name: "empty-session-as-500",
        clauses: &["end/request/empty", "rpc/robust/no-5xx"],
        how: "the first character of the id chooses the shard, and an empty one has none",
        hooks: Hooks { after: Some(empty_session_as_500), ..HONEST },
    },
    Fault {
        name: "empty-region-defaulted",
        clauses: &["end/request/empty"],
        how: "a default stands in for whatever is falsy, the empty text included",
        hooks: Hooks { means: Some(empty_region_defaulted), ..HONEST },
    },
    Fault {
        name: "unsupported-region-ok",
        clauses: &["end/region/unsupported"],
        how: "a region without the API has no sessions, so that every one of them counts as ended",
        hooks: Hooks { after: Some(unsupported_region_ok), ..HONEST },
    },
    Fault {
        name: "unsupported-region-as-not-found",
        clauses: &["end/region/unsupported"],
        how: "the table of regions lists those alone that have the API",
        hooks: Hooks { after: Some(unsupported_region_as_not_found), ..HONEST },
    },
    Fault {
        name: "unsupported-region-unchecked",
        clauses: &["end/region/unsupported"],
        how: "where the API is offered is checked by Start alone, and End merely finds no session there",
        hooks: Hooks { after: Some(unsupported_region_unchecked), ..HONEST },
    },
    Fault {
        name: "unsupported-region-as-403",
        clauses: &["end/error/status"],
        how: "what is not allowed anywhere is 403 to the authors, the code notwithstanding",
        hooks: Hooks { after: Some(unsupported_region_as_403), ..HONEST },
    },
    Fault {
        name: "unknown-region-as-500",
        clauses: &["end/region/unknown", "rpc/robust/no-5xx"],
        how: "the address of the region's cell is looked up in a map, and a missing entry throws",
        hooks: Hooks { after: Some(unknown_region_as_500), ..HONEST },
    },
    Fault {
        name: "unknown-region-ok",
        clauses: &["end/region/unknown"],
        how: "the router has no cell to pass the call to, and answers for it that all is done",
        hooks: Hooks { after: Some(unknown_region_ok), ..HONEST },
    },
    Fault {
        name: "unknown-region-taken-for-home",
        clauses: &["end/region/unknown"],
        how: "the router falls back on its own region where it knows no other",
        hooks: Hooks { means: Some(unknown_region_taken_for_home), ..HONEST },
    },
    Fault {
        name: "unknown-session-ok",
        clauses: &["end/session/unknown"],
        how: "what is not there counts as ended, in the name of idempotence",
        hooks: Hooks { after: Some(unknown_session_ok), ..HONEST },
    },
    Fault {
        name: "unknown-session-as-403",
        clauses: &["end/session/unknown"],
        how: "the owner of the session is compared first, and a session that does not exist belongs to somebody else",
        hooks: Hooks { after: Some(unknown_session_as_403), ..HONEST },
    },
    Fault {
        name: "unknown-session-as-500",
        clauses: &["end/session/unknown", "rpc/robust/no-5xx"],
        how: "the mapper demands exactly one row and throws where there is none",
        hooks: Hooks { after: Some(unknown_session_as_500), ..HONEST },
    },
    Fault {
        name: "nul-as-500",
        clauses: &["end/session/malformed", "rpc/robust/no-5xx"],
        how: "PostgreSQL takes no NUL in a text, and the driver's error is passed on",
        hooks: Hooks { after: Some(nul_as_500), ..HONEST },
    },
    Fault {
        name: "non-ascii-as-500",
        clauses: &["end/session/malformed", "rpc/robust/no-5xx"],
        how: "the id goes into a header of the call to the backend, which takes ASCII alone",
        hooks: Hooks { after: Some(non_ascii_as_500), ..HONEST },
    },
    Fault {
        name: "emoji-as-500",
        clauses: &["end/session/malformed", "rpc/robust/no-5xx"],
        how: "MySQL's three-byte utf8 cannot be compared with a character outside the basic plane",
        hooks: Hooks { after: Some(emoji_as_500), ..HONEST },
    },
    Fault {
        name: "noncharacter-as-500",
        clauses: &["end/session/malformed", "rpc/robust/no-5xx"],
        how: "the id goes into XML for the backend, whose writer throws at what XML has no place for",
        hooks: Hooks { after: Some(noncharacter_as_500), ..HONEST },
    },
    Fault {
        name: "brace-as-500",
        clauses: &["end/session/malformed", "rpc/robust/no-5xx"],
        how: "the id becomes part of a message's format, in which a brace begins an argument",
        hooks: Hooks { after: Some(brace_as_500), ..HONEST },
    },
    Fault {
        name: "over-long-as-500",
        clauses: &["end/session/malformed", "rpc/robust/no-5xx"],
        how: "the attempt is written to an audit table whose column holds 255 characters",
        hooks: Hooks { after: Some(over_long_as_500), ..HONEST },
    },
    Fault {
        name: "quote-as-500",
        clauses: &["end/session/malformed", "rpc/robust/no-5xx"],
        how: "the id is pasted into SQL, and a single quote ends the text too early",
        hooks: Hooks { after: Some(quote_as_500), ..HONEST },
    },
    Fault {
        name: "injection-ok",
        clauses: &["end/session/malformed"],
        how: "the id is pasted into SQL, and a condition that is always true finds more than enough rows",
        hooks: Hooks { after: Some(injection_ok), ..HONEST },
    },
    Fault {
        name: "malformed-by-release",
        clauses: &["end/session/malformed"],
        how: "half of the replicas run the release that checks the shape of ids, and retries go to the other half",
        hooks: Hooks { after: Some(malformed_by_release), ..HONEST },
    },
];

fn region_defaulted(parameters: &mut Parameters, _: &mut Scene<'_>) {
    if !parameters.iter().any(|(name, _)| name == "RegionId") {
        parameters.push(("RegionId".to_owned(), REGION_ID.to_owned()));
    }
}

fn missing_region_as_unknown(scene: &mut Scene<'_>, response: &mut Response) {
    if is_end(scene) && lacks(response, "RegionId") {
        no_such_region(response);
    }
}

fn no_such_region(response: &mut Response) {
    refuse(response, 404, "InvalidRegionId.NotFound", "The RegionId provided does not exist in our records.");
}

fn no_such_session(response: &mut Response) {
    refuse(response, 404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
}

/// Whether the call is an End without any SessionId.
fn lacks_session(scene: &Scene<'_>, response: &Response) -> bool {
    is_end(scene) && scene.ends().is_none() && lacks(response, "SessionId")
}

fn missing_session_as_not_found(scene: &mut Scene<'_>, response: &mut Response) {
    if lacks_session(scene, response) {
        no_such_session(response);
    }
}

fn missing_session_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if lacks_session(scene, response) {
        crash(response);
    }
}

fn missing_session_ok(scene: &mut Scene<'_>, response: &mut Response) {
    if lacks_session(scene, response) {
        accept(response);
    }
}

fn missing_session_names_region(scene: &mut Scene<'_>, response: &mut Response) {
    if lacks_session(scene, response) {
        refuse(response, 400, "MissingParameter.RegionId", "RegionId is mandatory for this action.");
    }
}

fn missing_parameter_as_422(scene: &mut Scene<'_>, response: &mut Response) {
    if is_end(scene) && has_code(response, "MissingParameter") {
        response.status = 422;
    }
}

fn missing_parameter_as_validation_error(scene: &mut Scene<'_>, response: &mut Response) {
    if is_end(scene) && has_code(response, "MissingParameter") {
        refuse(response, 400, "ValidationError", "must not be null");
    }
}

/// Whether the call is an End with an empty SessionId.
fn has_empty_session(scene: &Scene<'_>, response: &Response) -> bool {
    scene.ends().is_some_and(|id| id.is_empty()) && lacks(response, "SessionId")
}

fn empty_session_ok(scene: &mut Scene<'_>, response: &mut Response) {
    if has_empty_session(scene, response) {
        accept(response);
    }
}

fn empty_session_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if has_empty_session(scene, response) {
        crash(response);
    }
}

fn empty_region_defaulted(parameters: &mut Parameters, _: &mut Scene<'_>) {
    for (_, value) in parameters.iter_mut().filter(|(name, value)| name == "RegionId" && value.is_empty()) {
        REGION_ID.clone_into(value);
    }
}

/// Whether the call is an End in a region without the API.
fn is_unsupported(scene: &Scene<'_>, response: &Response) -> bool {
    is_end(scene) && has_code(response, "RegionId.ApiNotSupported")
}

fn unsupported_region_ok(scene: &mut Scene<'_>, response: &mut Response) {
    if is_unsupported(scene, response) {
        accept(response);
    }
}

fn unsupported_region_as_not_found(scene: &mut Scene<'_>, response: &mut Response) {
    if is_unsupported(scene, response) {
        no_such_region(response);
    }
}

fn unsupported_region_unchecked(scene: &mut Scene<'_>, response: &mut Response) {
    if is_unsupported(scene, response) {
        no_such_session(response);
    }
}

fn unsupported_region_as_403(scene: &mut Scene<'_>, response: &mut Response) {
    if is_unsupported(scene, response) {
        response.status = 403;
    }
}

/// Whether the call is an End in what is no region.
fn is_nowhere(scene: &Scene<'_>, response: &Response) -> bool {
    is_end(scene) && has_code(response, "InvalidRegionId.NotFound")
}

fn unknown_region_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if is_nowhere(scene, response) {
        crash(response);
    }
}

fn unknown_region_ok(scene: &mut Scene<'_>, response: &mut Response) {
    if is_nowhere(scene, response) {
        accept(response);
    }
}

fn unknown_region_taken_for_home(parameters: &mut Parameters, _: &mut Scene<'_>) {
    let unknown = |value: &str| !value.is_empty() && !region::all().any(|region| region == value);
    for (_, value) in parameters.iter_mut().filter(|(name, value)| name == "RegionId" && unknown(value)) {
        REGION_ID.clone_into(value);
    }
}

/// Whether the call is an End of a session that was never started.
fn never_was(scene: &Scene<'_>, response: &Response) -> bool {
    is_not_found(response) && scene.ends().is_some_and(|id| scene.model.find(&id).is_none())
}

fn unknown_session_ok(scene: &mut Scene<'_>, response: &mut Response) {
    if never_was(scene, response) {
        accept(response);
    }
}

fn unknown_session_as_403(scene: &mut Scene<'_>, response: &mut Response) {
    if never_was(scene, response) {
        refuse(response, 403, "Forbidden", "You are not the owner of the specified session.");
    }
}

fn unknown_session_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if never_was(scene, response) {
        crash(response);
    }
}

/// Whether the call is an End of a session whose id is such a text.
fn is_of(scene: &Scene<'_>, response: &Response, such: impl Fn(&str) -> bool) -> bool {
    never_was(scene, response) && scene.ends().is_some_and(|id| such(&id))
}

fn nul_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if is_of(scene, response, |id| id.contains('\0')) {
        crash(response);
    }
}

fn noncharacter_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if is_of(scene, response, |id| id.contains(['\u{fffe}', '\u{ffff}'])) {
        crash(response);
    }
}

fn brace_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if is_of(scene, response, |id| id.ends_with('{')) {
        crash(response);
    }
}

fn non_ascii_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if is_of(scene, response, |id| !id.is_ascii()) {
        crash(response);
    }
}

fn emoji_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if is_of(scene, response, |id| id.chars().any(|c| c > '\u{ffff}')) {
        crash(response);
    }
}

fn over_long_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if is_of(scene, response, |id| id.chars().count() > 255) {
        crash(response);
    }
}

fn quote_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if is_of(scene, response, |id| id.contains('\'')) {
        crash(response);
    }
}

fn injection_ok(scene: &mut Scene<'_>, response: &mut Response) {
    if is_of(scene, response, |id| id.contains("' OR ")) {
        accept(response);
    }
}

fn malformed_by_release(scene: &mut Scene<'_>, response: &mut Response) {
    let strange = |id: &str| !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    if !is_of(scene, response, strange) {
        return;
    }
    let turns = scene.scratch.counts.entry(scene.ends().unwrap_or_default()).or_default();
    *turns += 1;
    if turns.is_multiple_of(2) {
        refuse(response, 400, "InvalidSessionId.Malformed", "The specified SessionId is not valid.");
    }
}
