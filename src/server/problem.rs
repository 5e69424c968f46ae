//! The refusals that more than one operation makes, worded as the documents word them (FACTS 3 and 4).

use super::answer::Problem;
use super::settings::MissingCode;

/// A parameter that must be there is not.
pub fn missing(name: &str, code: MissingCode) -> Problem {
    let gateway =
        format!("The input parameter \"{name}\" that is mandatory for processing this request is not supplied.");
    match code {
        MissingCode::Plain => Problem::new(400, "MissingParameter", gateway),
        MissingCode::Dotted => Problem::new(400, format!("MissingParameter.{name}"), gateway),
        MissingCode::Joined => {
            Problem::new(400, format!("Missing{name}"), format!("{name} is mandatory for this action."))
        }
    }
}

/// A parameter has a value that it cannot have. `name` is never a caller's text.
pub fn invalid(name: &str) -> Problem {
    Problem::new(400, format!("InvalidParameter.{name}"), format!("The specified parameter {name} is not valid."))
}

/// A parameter for which no code of its own is documented cannot be taken.
pub fn not_valid(what: &str) -> Problem {
    Problem::new(400, "InvalidParameter", format!("The specified parameter \"{what}\" is not valid."))
}

/// The region exists and has no such API.
pub fn not_supported_in_region() -> Problem {
    Problem::new(400, "RegionId.ApiNotSupported", "The api is not supported in this region.")
}

/// No such session, or none that is open.
pub fn no_such_session() -> Problem {
    Problem::new(404, "InvalidSessionId.NotFound", "The specified SessionId does not exist.")
}

/// No such operation; also for paths at which nothing is.
pub fn no_such_action() -> Problem {
    Problem::new(404, "InvalidAction.NotFound", "Specified api is not found, please check your url and method.")
}

/// No such version of the API.
pub fn no_such_version() -> Problem {
    Problem::new(400, "InvalidVersion", "Specified parameter Version is not valid.")
}

/// A format that is neither JSON nor XML.
pub fn no_such_format() -> Problem {
    Problem::new(400, "InvalidParameter.Format", "Specified parameter format is not valid.")
}

/// What was asked could not be done for good, through no fault of the caller's.
pub fn unavailable() -> Problem {
    Problem::new(503, "ServiceUnavailable", "The request has failed due to a temporary failure of the server.")
}

/// The caller may not.
pub fn not_allowed() -> Problem {
    Problem::new(
        403,
        "Forbidden.RAM",
        "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    )
}
