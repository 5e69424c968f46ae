//! The profile as it is written: every value with where it comes from, and what is not known as a comment that says how to
//! give it.

use std::fmt::Write as _;
use std::path::Path;

use super::ask::{Asked, Found};
use crate::contract::Contract;

/// Columns that comments behind values begin at.
const COLUMN: usize = 36;

/// The file.
pub(super) fn text(asked: &Asked<'_>, found: &Found) -> String {
    let target = &asked.target;
    let mut text = format!(
        "# What `endspec run` tests here, as {} answered when `endspec init` asked it.\n# Every key is a flag of `endspec \
         run`; a flag goes before its variable in the environment, and that before this file.\n# Keys to sign with never \
         stand here: ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET.\n\n",
        target.endpoint
    );
    key("target", &target.endpoint.to_string(), "", &mut text);
    key("auth", target.auth.name(), "how ordinary calls are signed", &mut text);
    key("region", &target.region, "a region that has the API", &mut text);
    let rows = [
        (
            "other-region",
            &found.other_region,
            asked.args.other_region.is_some(),
            "a second one; sessions are named in it too",
        ),
        (
            "unsupported-region",
            &found.unsupported_region,
            asked.args.unsupported_region.is_some(),
            "a known one without the API",
        ),
    ];
    for (name, value, given, about) in rows {
        let from = if given { "as given" } else { "as it answers" };
        match value {
            Some(Ok(region)) => key(name, region, &format!("{about}, {from}"), &mut text),
            Some(Err(why)) => missing(name, "ID", &format!("{about}: {why}"), &mut text),
            None => missing(name, "ID", about, &mut text),
        }
    }
    match &target.instance_id {
        Some(instance) => key("instance-id", instance, "sessions are started on it, and ended", &mut text),
        None => missing(
            "instance-id",
            "ID",
            "sessions are started on it; then take `sessions` and `start` away below",
            &mut text,
        ),
    }
    match &asked.args.restart_command {
        Some(command) => key("restart-command", command, "returns when the target is back", &mut text),
        None => missing("restart-command", "CMD", "restarts the target, and returns when it is back", &mut text),
    }
    without(asked.contract, found, &mut text);
    readings(found, &mut text);
    text.push_str(
        "\n# Further keys, with their defaults (`endspec run --help`):\n# strict: false  # whether SHOULD counts as MUST\n\
         # settle: 2s  # how late looks at a session may be; 0s on loopback\n# time-limit: 10m\n# report: [json=endspec.json, \
         junit=endspec.xml]  # none\n",
    );
    text
}

fn key(name: &str, value: &str, about: &str, text: &mut String) {
    line(&format!("{name}: {}", scalar(value)), about, text);
}

fn missing(name: &str, value: &str, about: &str, text: &mut String) {
    line(&format!("# {name}: {value}"), about, text);
}

fn line(words: &str, about: &str, text: &mut String) {
    let _ = match about {
        "" => writeln!(text, "{words}"),
        _ => writeln!(text, "{words:COLUMN$} # {about}"),
    };
}

/// A text as YAML: plain where every reader takes it for that text.
fn scalar(value: &str) -> String {
    let plain = value.starts_with(|c: char| c.is_ascii_alphabetic())
        && value.contains(['-', ':', '/', '1', '3'])
        && value.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:".contains(c))
        && !value.ends_with(':');
    if plain || value == "none" { value.to_owned() } else { serde_json::Value::from(value).to_string() }
}

fn without(contract: &Contract, found: &Found, text: &mut String) {
    text.push_str(
        "\n# What the target lacks, or cannot be tested for; the clauses that go with it are reported as excluded.\n",
    );
    if found.lacking.is_empty() {
        text.push_str("# Nothing: it was seen to have everything.\n");
        return;
    }
    text.push_str("without:\n");
    for (name, why) in &found.lacking {
        line(&format!("  - {name}"), why, text);
        let sentence = contract.capability(name).map_or("", |capability| capability.sentence.as_str());
        let _ = writeln!(text, "    # {sentence}");
    }
}

fn readings(found: &Found, text: &mut String) {
    text.push_str("\n# How the target reads what the documents leave open: `endspec list readings`.\n");
    if found.idempotent {
        text.push_str("reading:\n");
        line("  repeat-end: idempotent", "a second End of a session was answered with success", text);
    } else {
        text.push_str("# reading: { repeat-end: idempotent }\n");
    }
}

/// What was written, and what it leaves out, for people.
pub(super) fn told(file: &Path, found: &Found) -> String {
    let mut text = format!("wrote {}\n", file.display());
    for (name, why) in &found.lacking {
        let _ = writeln!(text, "not tested with it: {name} - {why}");
    }
    if found.idempotent {
        text.push_str("declared: repeat-end=idempotent, as a second End of a session was answered with success\n");
    }
    if let Some(session) = &found.left {
        let _ = writeln!(text, "left open: {session}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::scalar;

    #[test]
    fn values_are_quoted_where_a_reader_could_take_them_for_something_else() {
        for plain in ["v3", "none", "cn-hangzhou", "http://127.0.0.1:80/", "i-bp1"] {
            assert_eq!(scalar(plain), plain);
        }
        for other in ["", "yes", "no", "12", "1e3", "a: b", "a #b", "- a", "{{a}}", "a'b", "true", "null", "ends:"] {
            assert_eq!(scalar(other), format!("{:?}", other), "{other}");
        }
    }
}
