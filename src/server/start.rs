//! StartTerminalSession (FACTS 4.2).

use serde_json::{Map, Value};

use super::answer::{Answer, Problem};
use super::model::{Model, NotStarted};
use super::parameters::Given;
use super::problem;
use super::session::{Asked, Now};
use super::settings::{Operation, Settings};
use crate::seed::Stream;

/// Most instances that a session may name.
const INSTANCES: usize = 10;
/// Most characters of `CommandLine`.
const COMMAND_LINE: usize = 512;
/// Most characters of `TargetServer`.
const TARGET_SERVER: usize = 128;
/// Most characters of `PasswordName`.
const PASSWORD_NAME: usize = 255;
/// Most characters of `ClientToken`.
const CLIENT_TOKEN: usize = 64;

/// Answers one call; `base` is scheme and authority of the WebSocket URL, `principal` who calls.
///
/// # Errors
/// The documented refusals.
pub fn start(
    model: &mut Model,
    settings: &Settings,
    entropy: &mut Stream,
    given: Given<'_>,
    (base, principal): (&str, (String, bool)),
    now: Now,
) -> Result<Answer, Problem> {
    let asked = Asked { principal, ..asked(settings, given)? };
    let client_token = client_token(given)?;
    let session = model.start(asked, client_token, &settings.limits, entropy, now).map_err(|why| match why {
        NotStarted::TooMany => {
            Problem::new(403, "SessionCount.ExceedLimit", "The number of sessions exceeds the upper limit.")
        }
        NotStarted::OtherRequest => problem::not_valid("ClientToken"),
    })?;
    let url = format!("{base}/session?sessionId={}&token={}", session.id, session.token);
    let member = |name: &str, value: &str| (name.to_owned(), Value::from(value));
    let members =
        [member("SessionId", &session.id), member("SecurityToken", &session.token), member("WebSocketUrl", &url)];
    Ok(Answer { action: Operation::Start.name(), members: Map::from_iter(members) })
}

fn asked(settings: &Settings, given: Given<'_>) -> Result<Asked, Problem> {
    let region = given.required("RegionId")?;
    let instances = given.numbered("InstanceId")?;
    if instances.is_empty() {
        return Err(problem::missing("InstanceId", settings.readings.missing_code));
    }
    if !settings.regions.contains(region) {
        return Err(no_such_region());
    }
    if settings.unsupported_regions.contains(region) {
        return Err(problem::not_supported_in_region());
    }
    let asked = Asked {
        region: region.to_owned(),
        instances: instances.iter().map(|id| (*id).to_owned()).collect(),
        port: given.optional("PortNumber")?.map(port).transpose()?,
        command_line: given.optional("CommandLine")?.unwrap_or("").to_owned(),
        target_server: given.optional("TargetServer")?.unwrap_or("").to_owned(),
        username: given.optional("Username")?.unwrap_or("").to_owned(),
        principal: Default::default(),
    };
    lengths(&asked, given.optional("PasswordName")?.unwrap_or(""), settings.limits.username)?;
    combinations(&asked)?;
    if !matches!(given.optional("ConnectionType")?, None | Some("Internet" | "Intranet")) {
        return Err(problem::invalid("ConnectionType"));
    }
    let encryption = given.optional("EncryptionOptions")?.map(serde_json::from_str::<Map<String, Value>>);
    if encryption.is_some_and(|options| options.is_err()) {
        return Err(problem::not_valid("EncryptionOptions"));
    }
    if !asked.instances.iter().all(|id| exists(id)) {
        return Err(Problem::new(404, "InvalidInstance.NotFound", "The specified instances not found."));
    }
    Ok(asked)
}

fn no_such_region() -> Problem {
    Problem::new(404, "InvalidRegionId.NotFound", "The RegionId provided does not exist in our records.")
}

fn port(text: &str) -> Result<u16, Problem> {
    let port = text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    port.filter(|port| *port > 0).ok_or_else(|| Problem::new(400, "PortNumber.Invalid", "The port number is invalid."))
}

fn lengths(asked: &Asked, password_name: &str, username: usize) -> Result<(), Problem> {
    let rows = [
        (
            &*asked.command_line,
            COMMAND_LINE,
            "InvalidCommandLine.LengthLimitExceeded",
            "The length of the parameter CommandLine exceeded the limit of 512 characters.",
        ),
        (
            &*asked.target_server,
            TARGET_SERVER,
            "InvalidTargetServer.LengthLimitExceeded",
            "The length of the parameter TargetServer exceeded the limit of 128 characters.",
        ),
        (&*asked.username, username, "Username.ExceedLimit", "The length of the username exceeds the upper limit."),
        (
            password_name,
            PASSWORD_NAME,
            "InvalidPasswordName.LengthLimitExceeded",
            "The length of the parameter PasswordName exceeds the limit of 255 characters.",
        ),
    ];
    match rows.into_iter().find(|(value, most, ..)| value.chars().count() > *most) {
        Some((_, _, code, message)) => Err(Problem::new(403, code, message)),
        None => Ok(()),
    }
}

fn combinations(asked: &Asked) -> Result<(), Problem> {
    let command_line = !asked.command_line.is_empty();
    let target_server = !asked.target_server.is_empty();
    if asked.instances.len() > INSTANCES {
        return Err(Problem::new(
            403,
            "InstanceIds.ExceedLimit",
            "The number of instance IDs exceeds the upper limit.",
        ));
    }
    if command_line && (target_server || asked.port.is_some()) {
        return Err(Problem::new(
            403,
            "InvalidCommandLine.Conflict",
            "The parameter PortNumber or TargetServer cannot be specified with parameter CommandLine.",
        ));
    }
    if target_server && asked.port.is_none() {
        return Err(Problem::new(
            403,
            "InvalidTargetServer.MissingPortNumber",
            "The parameter PortNumber must be specified with parameter TargetServer.",
        ));
    }
    if (command_line || target_server) && asked.instances.len() > 1 {
        return Err(Problem::new(
            403,
            "InvalidInstanceIds.CountLimitExceeded",
            "The count of Instances exceeded the maximum limit of 1 when TargetServer or CommandLine parameter was specified.",
        ));
    }
    Ok(())
}

fn client_token(given: Given<'_>) -> Result<Option<&str>, Problem> {
    let token = given.optional("ClientToken")?;
    match token {
        Some(text) if !text.is_ascii() || text.len() > CLIENT_TOKEN => Err(problem::not_valid("ClientToken")),
        token => Ok(token),
    }
}

/// Every instance exists whose id looks like one (FACTS 6), managed ones included.
fn exists(id: &str) -> bool {
    id.strip_prefix("i-").or_else(|| id.strip_prefix("mi-")).is_some_and(|rest| {
        (1..=64).contains(&rest.len()) && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use crate::server::Server;
    use crate::server::calls::{get, is, server, verdict};
    use crate::server::settings::{Auth, REGION_ID, UNSUPPORTED_REGION_ID};

    #[test]
    fn ports_are_of_tcp() {
        let rows = [
            ("ssh", "22", Ok(22)),
            ("largest", "65535", Ok(65535)),
            ("zero", "0", Err("PortNumber.Invalid")),
            ("too large", "65536", Err("PortNumber.Invalid")),
            ("signed", "+22", Err("PortNumber.Invalid")),
            ("no number", "ssh", Err("PortNumber.Invalid")),
        ];
        for (name, text, expected) in rows {
            assert_eq!(port(text).map_err(|problem| problem.code), expected.map_err(Into::into), "{name}");
        }
    }

    #[test]
    fn instances_exist_when_their_ids_look_like_ids() {
        for (id, expected) in [("i-bp1", true), ("mi-hz0", true), ("i-", false), ("x-1", false), ("i-1/../2", false)] {
            assert_eq!(exists(id), expected, "{id}");
        }
    }

    #[test]
    fn start_refuses_what_the_documents_refuse() {
        let server = server(|_| ());
        let long = |length| "x".repeat(length);
        let many = (1..=11).map(|n| format!("InstanceId.{n}=i-{n}")).collect::<Vec<_>>().join("&");
        let rows = [
            ("no instance", String::new(), 400, "MissingParameter"),
            ("too many instances", many, 403, "InstanceIds.ExceedLimit"),
            ("no such instance", "InstanceId.1=x".to_owned(), 404, "InvalidInstance.NotFound"),
            ("port", "I&PortNumber=70000".to_owned(), 400, "PortNumber.Invalid"),
            ("connection type", "I&ConnectionType=Moon".to_owned(), 400, "InvalidParameter.ConnectionType"),
            ("encryption", "I&EncryptionOptions=yes".to_owned(), 400, "InvalidParameter"),
            ("long token", format!("I&ClientToken={}", long(65)), 400, "InvalidParameter"),
            ("long name", format!("I&Username={}", long(129)), 403, "Username.ExceedLimit"),
            ("long command", format!("I&CommandLine={}", long(513)), 403, "InvalidCommandLine.LengthLimitExceeded"),
            (
                "long password name",
                format!("I&PasswordName={}", long(256)),
                403,
                "InvalidPasswordName.LengthLimitExceeded",
            ),
            (
                "long target",
                format!("I&PortNumber=1&TargetServer={}", long(129)),
                403,
                "InvalidTargetServer.LengthLimitExceeded",
            ),
            ("command and port", "I&CommandLine=ls&PortNumber=1".to_owned(), 403, "InvalidCommandLine.Conflict"),
            ("target without port", "I&TargetServer=h".to_owned(), 403, "InvalidTargetServer.MissingPortNumber"),
            (
                "command on two",
                "I&InstanceId.2=i-2&CommandLine=ls".to_owned(),
                403,
                "InvalidInstanceIds.CountLimitExceeded",
            ),
            ("empty options count as unset", "I&PortNumber=&CommandLine=&ClientToken=".to_owned(), 200, ""),
            (
                "everything",
                "I&PortNumber=22&TargetServer=h&Username=u&ConnectionType=Intranet&EncryptionOptions=%7B%7D".to_owned(),
                200,
                "",
            ),
        ];
        for (name, query, status, code) in rows {
            let query = query.replacen("I&", "InstanceId.1=i-1&", 1);
            let query = format!("Action=StartTerminalSession&RegionId={REGION_ID}&{query}");
            is(verdict(&server, &query), status, code, name);
        }
        let elsewhere = |region: &str| format!("Action=StartTerminalSession&RegionId={region}&InstanceId.1=i-1");
        is(verdict(&server, &elsewhere("x")), 404, "InvalidRegionId.NotFound", "no region");
        is(verdict(&server, &elsewhere(UNSUPPORTED_REGION_ID)), 400, "RegionId.ApiNotSupported", "no API");
    }

    #[test]
    fn start_hands_out_a_url_with_session_and_token_on_the_host_that_was_called() {
        let query = format!("Action=StartTerminalSession&RegionId={REGION_ID}&InstanceId.1=i-1");
        let (_, body) = get(&server(|_| ()), &query);
        let text = |name: &str| body[name].as_str().unwrap().to_owned();
        let (id, token) = (text("SessionId"), text("SecurityToken"));
        assert_eq!(text("WebSocketUrl"), format!("ws://localhost:8080/session?sessionId={id}&token={token}"));
        let web_socket_base = Some("wss://terminals.example".to_owned());
        let settings = Settings { auth: Auth::Open, web_socket_base, ..Settings::default() };
        let (_, body) = get(&Server::new(settings, Seed(1)), &query);
        assert!(body["WebSocketUrl"].as_str().unwrap().starts_with("wss://terminals.example/session?"), "as set");
    }
}
