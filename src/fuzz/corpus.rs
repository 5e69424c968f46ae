//! Corpora: how far a campaign came, and what it has told, as a small text that a later one goes on from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{Abilities, Shard};
use crate::seed::Seed;
use crate::wire::encoding::hex;

/// The version of the text.
const FORMAT: u32 = 4;

/// What makes a campaign what it is: with anything of it changed, a number stands for another case or another answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    target: String,
    contract: String,
    seed: String,
    shard: String,
    abilities: String,
}

impl Identity {
    /// Of a campaign.
    pub fn new(target: &str, contract: &str, seed: Seed, shard: Shard, abilities: &Abilities) -> Identity {
        let digest = Sha256::digest(format!("{abilities:?}"));
        Identity {
            target: target.to_owned(),
            contract: contract.to_owned(),
            seed: seed.to_string(),
            shard: shard.to_string(),
            abilities: hex(&digest[..8]),
        }
    }

    /// What stands for the digest of a suite: all that cases are drawn from besides the seed.
    pub fn suite(&self) -> String {
        self.abilities.clone()
    }

    /// What differs from another's, in words.
    fn difference(&self, other: &Identity) -> Option<String> {
        let parts = [
            ("target", &self.target, &other.target),
            ("contract", &self.contract, &other.contract),
            ("seed", &self.seed, &other.seed),
            ("shard", &self.shard, &other.shard),
            ("target's abilities or number of clients", &self.abilities, &other.abilities),
        ];
        let (name, own, others) = parts.into_iter().find(|(_, own, others)| own != others)?;
        Some(format!("the {name} was {others}, and is {own}"))
    }
}

/// What was done before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Past {
    /// Turns of the shard that are over: the cases drawn at them were run, and what was found in them pursued.
    pub turns: usize,
    /// Those among them whose cases pause and still wait for others to pause with.
    pub pausing: Vec<usize>,
    /// What was told, by clause: its shapes; none where it was seen once and nobody tried it again.
    pub told: BTreeMap<String, BTreeSet<String>>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    format: u32,
    endspec: String,
    campaign: Identity,
    past: Past,
}

/// The text.
pub fn write(identity: &Identity, past: &Past) -> String {
    let endspec = env!("CARGO_PKG_VERSION").to_owned();
    let text = Text { format: FORMAT, endspec, campaign: identity.clone(), past: past.clone() };
    serde_json::to_string_pretty(&text).unwrap_or_default() + "\n"
}

/// What a campaign left behind.
///
/// # Errors
/// The text is none of this version's, or of another campaign.
pub fn read(text: &str, identity: &Identity) -> Result<Past, String> {
    let text = understood(text)?;
    match identity.difference(&text.campaign) {
        None => Ok(text.past),
        Some(difference) => Err(format!("it belongs to another campaign: {difference}")),
    }
}

/// The seed of the campaign that left it behind.
///
/// # Errors
/// The text is none of this version's.
pub fn seed(text: &str) -> Result<Seed, String> {
    understood(text)?.campaign.seed.parse()
}

fn understood(text: &str) -> Result<Text, String> {
    // Another version's may have other members: its version is read before them.
    let value: Value = serde_json::from_str(text).map_err(|error| format!("it is no JSON: {error}"))?;
    let own = env!("CARGO_PKG_VERSION");
    match (value["format"].as_u64(), value["endspec"].as_str()) {
        (Some(format), Some(version)) if format != u64::from(FORMAT) || version != own => {
            let by = if version == own { "another build of endspec" } else { "endspec" };
            return Err(format!(
                "{by} {version} wrote it, and to this endspec {own} its numbers stand for other cases"
            ));
        }
        (Some(_), Some(_)) => {}
        _ => return Err("it names no `format` and `endspec` that wrote it".to_owned()),
    }
    let text: Text = serde_json::from_value(value).map_err(|error| format!("it cannot be read: {error}"))?;
    let Past { turns, pausing, .. } = &text.past;
    if !pausing.is_sorted_by(|one, next| one < next) || pausing.last() >= Some(turns) {
        return Err("its `pausing` is no list of turns that are over".to_owned());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(seed: u64, clients: u32) -> Identity {
        Identity::new(
            "http://127.0.0.1:1/",
            "2025-04-25",
            Seed(seed),
            Shard::default(),
            &Abilities::everything(clients),
        )
    }

    fn past() -> Past {
        let told = BTreeMap::from([("end/success/status".to_owned(), BTreeSet::from(["500".to_owned()]))]);
        Past { turns: 12, pausing: vec![7], told }
    }

    #[test]
    fn what_was_written_is_read_by_the_same_campaign() {
        let text = write(&identity(7, 8), &past());
        assert_eq!(read(&text, &identity(7, 8)), Ok(past()));
        assert_eq!(seed(&text), Ok(Seed(7)));
        assert!(text.len() < 600, "{text}");
    }

    #[test]
    fn what_another_campaign_or_version_wrote_is_refused_in_words() {
        let text = write(&identity(7, 8), &past());
        let own = format!("\"{}\"", env!("CARGO_PKG_VERSION"));
        let rows = [
            ("another seed", write(&identity(8, 8), &past()), "the seed was 0000000000000008"),
            ("other clients", write(&identity(7, 4), &past()), "number of clients was"),
            ("another version", text.replace(&own, "\"0.0.1\""), "endspec 0.0.1 wrote it"),
            (
                "another format",
                text.replace(&format!("\"format\": {FORMAT}"), "\"format\": 2"),
                "another build of endspec",
            ),
            ("a member more", text.replace("\"turns\"", "\"more\": 1, \"turns\""), "unknown field `more`"),
            ("a turn to come", text.replace("      7\n", "      12\n"), "no list of turns that are over"),
            ("no version", "{}".to_owned(), "names no `format`"),
            ("half of it", text[..text.len() / 2].to_owned(), "no JSON"),
        ];
        for (name, text, words) in rows {
            let refusal = read(&text, &identity(7, 8)).unwrap_err();
            assert!(refusal.contains(words), "{name}: {refusal}");
        }
    }
}
