//! RequestIds: repeated, misshapen, or told in one place otherwise than in another.

use super::{Fault, HONEST, Hooks, Response, Scene, edit, is_refusal, set, text};

pub(super) const FAULTS: &[Fault] = &[
    Fault {
        name: "request-id-constant",
        clauses: &["end/request-id/unique"],
        how: "the id of the documentation's example was left in the mock",
        hooks: Hooks { after: Some(request_id_constant), ..HONEST },
    },
    Fault {
        name: "request-id-of-connection",
        clauses: &["end/request-id/unique"],
        how: "the id is made when a connection is accepted, and clients keep theirs open",
        hooks: Hooks { after: Some(request_id_of_connection), ..HONEST },
    },
    Fault {
        name: "request-id-of-millisecond",
        clauses: &["end/request-id/unique"],
        how: "the id is made of the clock in milliseconds, and a busy one serves many requests",
        hooks: Hooks { after: Some(request_id_of_millisecond), ..HONEST },
    },
    Fault {
        name: "request-id-of-parameters",
        clauses: &["end/request-id/unique"],
        how: "the id is a hash of what was asked, so that retries can be found in the log",
        hooks: Hooks { after: Some(request_id_of_parameters), ..HONEST },
    },
    Fault {
        name: "request-id-of-short-counter",
        clauses: &["end/request-id/unique"],
        how: "the id is a name of the process and a counter of nine bits",
        hooks: Hooks { after: Some(request_id_of_short_counter), ..HONEST },
    },
    Fault {
        name: "request-id-lower-case",
        clauses: &["end/request-id/upper-case"],
        how: "most languages print a UUID in lower case",
        hooks: Hooks { after: Some(request_id_lower_case), ..HONEST },
    },
    Fault {
        name: "request-id-without-dashes",
        clauses: &["end/request-id/shape"],
        how: "the id is the trace id of the tracing library, which has 32 digits in a row",
        hooks: Hooks { after: Some(request_id_without_dashes), ..HONEST },
    },
    Fault {
        name: "request-id-in-braces",
        clauses: &["end/request-id/shape"],
        how: "the formatter for GUIDs of the platform writes braces",
        hooks: Hooks { after: Some(request_id_in_braces), ..HONEST },
    },
    Fault {
        name: "request-id-as-number",
        clauses: &["end/request-id/shape"],
        how: "the ids of a snowflake service are numbers of 64 bits",
        hooks: Hooks { after: Some(request_id_as_number), ..HONEST },
    },
    Fault {
        name: "request-id-missing-in-errors",
        clauses: &["end/request-id/shape", "end/error/envelope"],
        how: "the exception handler has no access to the request's context",
        hooks: Hooks { after: Some(request_id_missing_in_errors), ..HONEST },
    },
    Fault {
        name: "request-id-other-in-header",
        clauses: &["end/request-id/header"],
        how: "the gateway makes an id for the header, and the service behind it one for the body",
        hooks: Hooks { after: Some(request_id_other_in_header), ..HONEST },
    },
    Fault {
        name: "request-id-header-of-answer-before",
        clauses: &["end/request-id/header"],
        how: "the filter reads the id from its thread before the handler has made a new one",
        hooks: Hooks { after: Some(request_id_header_of_answer_before), ..HONEST },
    },
    Fault {
        name: "request-id-header-missing",
        clauses: &["end/request-id/header"],
        how: "the proxy strips the headers that it does not know",
        hooks: Hooks { after: Some(request_id_header_missing), ..HONEST },
    },
    Fault {
        name: "request-id-header-missing-in-errors",
        clauses: &["end/request-id/header"],
        how: "the filter that sets the header runs after the handler, and an exception passes it by",
        hooks: Hooks { after: Some(request_id_header_missing_in_errors), ..HONEST },
    },
];

/// Gives an answer another RequestId, in body and header.
pub(in crate::server::fault) fn identify(response: &mut Response, id: &str) {
    set(response, "RequestId", id);
    response.headers.remove("x-acs-request-id");
    response.headers.push("x-acs-request-id", id);
}

/// A UUID that holds these bits.
fn of_bits(high: u64, low: u64) -> String {
    let group = |bits: u64, shift: u32| bits >> shift & 0xFFFF;
    let (a, b, c) = (high >> 32, group(high, 16), high & 0xFFF);
    format!("{a:08X}-{b:04X}-4{c:03X}-8{:03X}-{:012X}", group(low, 48) & 0xFFF, low & 0xFFFF_FFFF_FFFF)
}

fn request_id_constant(_: &mut Scene<'_>, response: &mut Response) {
    identify(response, "473469C7-AA6F-4DC5-B3DB-A3DC0DE3C83E");
}

fn request_id_of_connection(scene: &mut Scene<'_>, response: &mut Response) {
    identify(response, &of_bits(0x7A31_55D2_0C11_0E5B, scene.asked.origin.connection));
}

fn request_id_of_millisecond(scene: &mut Scene<'_>, response: &mut Response) {
    identify(response, &of_bits(0x10F7_1A9D_530B_081C, scene.now.moment.0 / 1_000));
}

fn request_id_of_parameters(scene: &mut Scene<'_>, response: &mut Response) {
    let own = ["Signature", "SignatureNonce", "Timestamp"];
    let asked = scene.asked.parameters.iter().filter(|(name, _)| !own.contains(&name.as_str()));
    let bytes = asked.flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]).flatten();
    // FNV-1a, the hash that such code mostly takes.
    let hash =
        bytes.fold(0xCBF2_9CE4_8422_2325, |hash: u64, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3));
    identify(response, &of_bits(hash, hash));
}

fn request_id_of_short_counter(scene: &mut Scene<'_>, response: &mut Response) {
    identify(response, &of_bits(0x0000_7F31_0000_0A41, scene.asked.number & 0x1FF));
}

/// Writes the RequestId otherwise, in body and header.
fn respell(response: &mut Response, spell: impl Fn(&str) -> String) {
    if let Some(id) = text(response, "RequestId") {
        identify(response, &spell(&id));
    }
}

fn request_id_lower_case(_: &mut Scene<'_>, response: &mut Response) {
    respell(response, str::to_ascii_lowercase);
}

fn request_id_without_dashes(_: &mut Scene<'_>, response: &mut Response) {
    respell(response, |id| id.replace('-', ""));
}

fn request_id_in_braces(_: &mut Scene<'_>, response: &mut Response) {
    respell(response, |id| format!("{{{id}}}"));
}

fn request_id_as_number(scene: &mut Scene<'_>, response: &mut Response) {
    let id = scene.now.moment.0 << 22 | scene.asked.number;
    identify(response, &id.to_string());
    set(response, "RequestId", id);
}

fn request_id_missing_in_errors(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        edit(response, |members| {
            members.shift_remove("RequestId");
        });
    }
}

fn request_id_other_in_header(scene: &mut Scene<'_>, response: &mut Response) {
    response.headers.remove("x-acs-request-id");
    response.headers.push("x-acs-request-id", of_bits(0x55D0_21CC_9BE4_0F70, scene.asked.number));
}

fn request_id_header_of_answer_before(scene: &mut Scene<'_>, response: &mut Response) {
    let Some(id) = text(response, "RequestId") else { return };
    let before = scene.scratch.notes.pop().map_or_else(|| id.clone(), |(before, _)| before);
    scene.scratch.notes.push((id, scene.now));
    response.headers.remove("x-acs-request-id");
    response.headers.push("x-acs-request-id", before);
}

fn request_id_header_missing(_: &mut Scene<'_>, response: &mut Response) {
    response.headers.remove("x-acs-request-id");
}

fn request_id_header_missing_in_errors(_: &mut Scene<'_>, response: &mut Response) {
    if is_refusal(response) {
        response.headers.remove("x-acs-request-id");
    }
}
