//! The gateway: methods, actions, versions, caches, and failures that come with the traffic.

use super::{
    Fault, HONEST, Hooks, Response, Scene, accept, crash, early, has_code, is_end, is_not_found, lacks, page, refuse,
};
use crate::wire::Parameters;

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "get-refused",
        clauses: &["rpc/method/get-post"],
        how: "what changes state is routed for POST alone",
        hooks: Hooks { before: Some(get_refused), ..HONEST },
    },
    Fault {
        name: "get-redirected",
        clauses: &["rpc/method/get-post"],
        how: "the web server in front sends whoever asks by GET on to the path with a slash more",
        hooks: Hooks { before: Some(get_redirected), ..HONEST },
    },
    Fault {
        name: "get-ends-nothing",
        clauses: &["rpc/method/get-post", "end/effect/closes"],
        how: "GET goes to a read replica, which takes the change and loses it at the next synchronization",
        hooks: Hooks { after: Some(get_ends_nothing), ..HONEST },
    },
    Fault {
        name: "get-empty-session-as-unknown",
        clauses: &["rpc/method/get-post"],
        how: "two handlers bind the query and the body, and only one of them takes empty for missing",
        hooks: Hooks { after: Some(get_empty_session_as_unknown), ..HONEST },
    },
    Fault {
        name: "put-taken",
        clauses: &["rpc/method/other"],
        how: "the handler is registered for the path, whatever the method",
        hooks: Hooks { before: Some(put_taken), ..HONEST },
    },
    Fault {
        name: "delete-welcomed",
        clauses: &["rpc/method/other"],
        how: "what no route takes falls through to the page that health checks look at",
        hooks: Hooks { after: Some(delete_welcomed), ..HONEST },
    },
    Fault {
        name: "patch-as-500",
        clauses: &["rpc/method/other"],
        how: "the table of methods has no row for PATCH, and the lookup throws",
        hooks: Hooks { after: Some(patch_as_500), ..HONEST },
    },
    Fault {
        name: "unknown-action-as-400",
        clauses: &["rpc/action/unknown"],
        how: "an unknown action is a bad request to whoever wrote the router",
        hooks: Hooks { after: Some(unknown_action_as_400), ..HONEST },
    },
    Fault {
        name: "unknown-action-as-500",
        clauses: &["rpc/action/unknown", "rpc/robust/no-5xx"],
        how: "handlers are found by reflection, and a class that does not exist is an exception",
        hooks: Hooks { after: Some(unknown_action_as_500), ..HONEST },
    },
    Fault {
        name: "action-defaulted",
        clauses: &["rpc/action/missing"],
        how: "the service has one operation, so that nobody has to name it",
        hooks: Hooks { means: Some(action_defaulted), ..HONEST },
    },
    Fault {
        name: "missing-action-welcomed",
        clauses: &["rpc/action/missing"],
        how: "a call of the path without an action is taken for the balancer's health check",
        hooks: Hooks { after: Some(missing_action_welcomed), ..HONEST },
    },
    Fault {
        name: "version-ignored",
        clauses: &["rpc/version/unknown"],
        how: "there has only ever been one version, so that nobody looks at it",
        hooks: Hooks { means: Some(version_ignored), ..HONEST },
    },
    Fault {
        name: "unknown-version-as-406",
        clauses: &["rpc/version/unknown"],
        how: "the framework takes versions for media types, and an unknown one is not acceptable",
        hooks: Hooks { after: Some(unknown_version_as_406), ..HONEST },
    },
    Fault {
        name: "unknown-version-as-500",
        clauses: &["rpc/version/unknown", "rpc/robust/no-5xx"],
        how: "the version chooses a package to load, and the loader throws",
        hooks: Hooks { after: Some(unknown_version_as_500), ..HONEST },
    },
    Fault {
        name: "session-in-header",
        clauses: &["rpc/robust/no-reflection"],
        how: "the log's fields are sent along as headers, for whoever reads the proxy's log",
        hooks: Hooks { after: Some(session_in_header), ..HONEST },
    },
    Fault {
        name: "bracket-in-name-as-500",
        clauses: &["rpc/robust/no-5xx"],
        how: "a framework reads `a[b]=c` as a nested parameter, and the binding of the call takes none",
        hooks: Hooks { before: Some(bracket_in_name_as_500), ..HONEST },
    },
    Fault {
        name: "long-name-as-500",
        clauses: &["rpc/robust/no-5xx"],
        how: "the audit log has a column of 64 characters for the names of parameters",
        hooks: Hooks { before: Some(long_name_as_500), ..HONEST },
    },
    Fault {
        name: "cookie-as-500",
        clauses: &["rpc/robust/no-5xx"],
        how: "a filter of the console looks for its session in every cookie, and finds none",
        hooks: Hooks { before: Some(cookie_as_500), ..HONEST },
    },
    Fault {
        name: "action-by-reflection-as-500",
        clauses: &["rpc/action/unknown", "rpc/robust/no-5xx"],
        how: "the operation is looked up as a member of the object that holds them all, which has others as well",
        hooks: Hooks { after: Some(action_by_reflection_as_500), ..HONEST },
    },
    Fault {
        name: "action-unescaped",
        clauses: &["end/error/envelope"],
        how: "the refusal is a text with a place for the operation's name, and nobody escapes it",
        hooks: Hooks { after: Some(action_unescaped), ..HONEST },
    },
    Fault {
        name: "every-fortieth-as-500",
        clauses: &["rpc/robust/no-5xx"],
        how: "one worker of forty has lost its connection to the database, and takes its turn all the same",
        hooks: Hooks { before: Some(every_fortieth_as_500), ..HONEST },
    },
    Fault {
        name: "second-of-connection-as-503",
        clauses: &["rpc/robust/no-5xx"],
        how: "the proxy gives its connection to the backend back too early, and the next request on it finds it closed",
        hooks: Hooks { before: Some(second_of_connection_as_503), ..HONEST },
    },
    Fault {
        name: "target-of-1k-too-long",
        clauses: &["end/session/malformed"],
        how: "a proxy has room for 1 KiB of a request's line, which a long token alone fills",
        hooks: Hooks { before: Some(target_of_1k_too_long), ..HONEST },
    },
    Fault {
        name: "get-cached-by-path",
        clauses: &["end/request-id/unique", "rpc/method/get-post"],
        how: "the proxy's cache keys answers by path, and the query is no part of it",
        hooks: Hooks { before: Some(cached_by_path), after: Some(cache_by_path), ..HONEST },
    },
    Fault {
        name: "refusal-cached-by-session",
        clauses: &["end/request-id/unique"],
        how: "what is not found is remembered for a while, as it was written for whoever asked first",
        hooks: Hooks { before: Some(refusal_cached_by_session), after: Some(cache_refusal_by_session), ..HONEST },
    },
    Fault {
        name: "success-replayed",
        clauses: &["end/effect/stays-closed", "end/effect/once", "end/request-id/unique"],
        how: "a layer for idempotence keeps the first success of each session and sends it again",
        hooks: Hooks { before: Some(success_replayed), after: Some(keep_success), ..HONEST },
    },
];

fn get_refused(scene: &mut Scene<'_>) -> Option<Response> {
    let refused = is_end(scene) && scene.asked.method == "GET";
    refused.then(|| early(scene, 405, "UnsupportedHTTPMethod", "This http method not supported."))
}

fn get_redirected(scene: &mut Scene<'_>) -> Option<Response> {
    let redirected = is_end(scene) && scene.asked.method == "GET";
    redirected.then(|| {
        let mut response = early(scene, 307, "", "");
        page(&mut response, 307, "307 Temporary Redirect");
        response.headers.push("location", "//");
        response
    })
}

fn get_ends_nothing(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends().filter(|_| response.status == 200 && scene.asked.method == "GET") {
        scene.model.revive(&id, scene.now);
    }
}

fn get_empty_session_as_unknown(scene: &mut Scene<'_>, response: &mut Response) {
    let empty = scene.ends().is_some_and(|id| id.is_empty());
    if empty && scene.asked.method == "GET" && lacks(response, "SessionId") {
        refuse(response, 404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
    }
}

fn put_taken(scene: &mut Scene<'_>) -> Option<Response> {
    let id = scene.ends().filter(|_| scene.asked.method == "PUT")?;
    let region = scene.asked.value("RegionId")?.to_owned();
    scene.model.end(&region, &id, scene.now);
    let mut response = early(scene, 404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.");
    accept(&mut response);
    Some(response)
}

fn delete_welcomed(scene: &mut Scene<'_>, response: &mut Response) {
    if scene.asked.method == "DELETE" {
        page(response, 200, "It works!");
    }
}

fn patch_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    if scene.asked.method == "PATCH" {
        crash(response);
    }
}

fn unknown_action_as_400(_: &mut Scene<'_>, response: &mut Response) {
    if has_code(response, "InvalidAction.NotFound") {
        response.status = 400;
    }
}

fn unknown_action_as_500(_: &mut Scene<'_>, response: &mut Response) {
    if has_code(response, "InvalidAction.NotFound") {
        crash(response);
    }
}

fn action_defaulted(parameters: &mut Parameters, _: &mut Scene<'_>) {
    if !parameters.iter().any(|(name, _)| name == "Action") {
        parameters.push(("Action".to_owned(), "EndTerminalSession".to_owned()));
    }
}

fn missing_action_welcomed(_: &mut Scene<'_>, response: &mut Response) {
    if lacks(response, "Action") {
        page(response, 200, "It works!");
    }
}

fn version_ignored(parameters: &mut Parameters, _: &mut Scene<'_>) {
    for (_, value) in parameters.iter_mut().filter(|(name, _)| name == "Version") {
        "2014-05-26".clone_into(value);
    }
}

fn unknown_version_as_406(_: &mut Scene<'_>, response: &mut Response) {
    if has_code(response, "InvalidVersion") {
        response.status = 406;
    }
}

fn unknown_version_as_500(_: &mut Scene<'_>, response: &mut Response) {
    if has_code(response, "InvalidVersion") {
        crash(response);
    }
}

fn session_in_header(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends() {
        response.headers.push("x-log-session", id);
    }
}

const FAILED: &str = "The request processing has failed due to some unknown error.";

fn bracket_in_name_as_500(scene: &mut Scene<'_>) -> Option<Response> {
    let nested = scene.asked.parameters.iter().any(|(name, _)| name.contains('['));
    nested.then(|| early(scene, 500, "InternalError", FAILED))
}

fn long_name_as_500(scene: &mut Scene<'_>) -> Option<Response> {
    let long = scene.asked.parameters.iter().any(|(name, _)| name.len() > 64);
    long.then(|| early(scene, 500, "InternalError", FAILED))
}

fn cookie_as_500(scene: &mut Scene<'_>) -> Option<Response> {
    scene.asked.has_cookie.then(|| early(scene, 500, "InternalError", FAILED))
}

fn action_by_reflection_as_500(scene: &mut Scene<'_>, response: &mut Response) {
    const MEMBERS: [&str; 3] = ["constructor", "toString", "__class__"];
    if scene.asked.action.as_deref().is_some_and(|action| MEMBERS.contains(&action)) {
        crash(response);
    }
}

fn action_unescaped(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(action) = scene.asked.action.clone().filter(|_| has_code(response, "InvalidAction.NotFound")) {
        let text = String::from_utf8_lossy(&response.body).into_owned();
        response.body = text.replacen("\"Message\":\"", &format!("\"Message\":\"{action}: "), 1).into_bytes();
    }
}

fn every_fortieth_as_500(scene: &mut Scene<'_>) -> Option<Response> {
    let unlucky = is_end(scene) && scene.asked.number.is_multiple_of(40);
    unlucky.then(|| early(scene, 500, "InternalError", FAILED))
}

fn target_of_1k_too_long(scene: &mut Scene<'_>) -> Option<Response> {
    (is_end(scene) && scene.asked.length > 1024).then(|| {
        let mut response = early(scene, 414, "", "");
        page(&mut response, 414, "414 Request-URI Too Large");
        response
    })
}

fn second_of_connection_as_503(scene: &mut Scene<'_>) -> Option<Response> {
    let unlucky = is_end(scene) && scene.asked.origin.request == 2;
    let message = "The request has failed due to a temporary failure of the server.";
    unlucky.then(|| early(scene, 503, "ServiceUnavailable", message))
}

fn cached_by_path(scene: &mut Scene<'_>) -> Option<Response> {
    scene.scratch.cache.get("/").filter(|_| is_end(scene) && scene.asked.method == "GET").cloned()
}

fn cache_by_path(scene: &mut Scene<'_>, response: &mut Response) {
    if is_end(scene) && scene.asked.method == "GET" {
        scene.scratch.cache.entry("/".to_owned()).or_insert_with(|| response.clone());
    }
}

fn refusal_cached_by_session(scene: &mut Scene<'_>) -> Option<Response> {
    scene.scratch.cache.get(&scene.ends()?).cloned()
}

fn cache_refusal_by_session(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends().filter(|_| is_not_found(response)) {
        scene.scratch.cache.insert(id, response.clone());
    }
}

fn success_replayed(scene: &mut Scene<'_>) -> Option<Response> {
    scene.scratch.cache.get(&scene.ends()?).cloned()
}

fn keep_success(scene: &mut Scene<'_>, response: &mut Response) {
    if let Some(id) = scene.ends().filter(|_| response.status == 200) {
        scene.scratch.cache.insert(id, response.clone());
    }
}
