//! Masking: signatures and tokens never reach a report.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::OnceLock;

use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose;
use serde_json::Value;

use crate::http::Request;
use crate::tree::Node;
use crate::wire::{Encoding, Incoming, parameters};

/// Texts before a secret, and the characters that end it.
const BEFORE: [(&str, &[char]); 12] = [
    ("Signature=", &['&', ' ', '"', ',', '\r', '\n']),
    ("Signature%3D", &['&', '%', ' ']),
    ("SecurityToken=", &['&', ' ', '"', '\r', '\n']),
    ("SecurityToken%3D", &['&', ' ']),
    ("\"SecurityToken\":\"", &['"']),
    ("\"SecurityToken\": \"", &['"']),
    ("\\\"SecurityToken\\\":\\\"", &['\\']),
    ("<SecurityToken>", &['<']),
    ("token=", &['&', '"', '<', ' ', '\\']),
    ("token%3D", &['&', '%', ' ']),
    ("Signature%253D", &['%', '&', ' ']),
    ("x-acs-security-token:", &['\n', '\r']),
];

/// The text with every signature and token replaced by `***`.
pub fn text(text: &str) -> String {
    let mut masked = text.to_owned();
    for (before, ends) in BEFORE {
        let mut from = 0;
        while let Some(at) = masked[from..].find(before).map(|at| from + at + before.len()) {
            let end = masked[at..].find(ends).map_or(masked.len(), |end| at + end);
            from = at;
            if end > at {
                masked.replace_range(at..end, "***");
                from += "***".len();
            }
        }
    }
    pairs(&masked)
}

/// Parameters whose values are secret, in lower case.
const PARAMETERS: [&str; 3] = ["signature", "securitytoken", "token"];

/// The text with the values of secret parameters replaced whose names are written in percent-encoding.
fn pairs(text: &str) -> String {
    const ENDS: [char; 11] = ['&', '?', ' ', '"', '\'', '<', '>', '\r', '\n', '\t', ';'];
    let one = |piece: &str| {
        let (pair, end) = piece.strip_suffix(ENDS).map_or((piece, ""), |pair| (pair, &piece[pair.len()..]));
        let secret = pair.split_once('=').filter(|(name, value)| name.contains('%') && !value.is_empty());
        let secret = secret.filter(|(name, _)| {
            let read = parameters::parse(name.as_bytes()).unwrap_or_default();
            read.iter().any(|(name, _)| PARAMETERS.contains(&name.to_ascii_lowercase().as_str()))
        });
        secret.map_or_else(|| piece.to_owned(), |(name, _)| format!("{name}=***{end}"))
    };
    text.split_inclusive(ENDS).map(one).collect()
}

/// A header field's value, masked: what the name says is secret whole, others by their text.
pub fn header(name: &str, value: &str) -> String {
    let signed = name.eq_ignore_ascii_case("authorization") && value.starts_with("ACS3-");
    if is_secret_name(name) && !signed { "***".to_owned() } else { text(value) }
}

/// Whether a field of that name carries a secret.
pub fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    if let Some(own) = name.strip_prefix("x-acs-") {
        return own.ends_with("-token");
    }
    let words = ["authorization", "cookie", "token", "secret", "password", "passwd", "api-key", "apikey", "credential"];
    words.iter().any(|word| name.contains(word)) || name.ends_with("-key")
}

/// Secrets of a run by value: whatever shape they come back in, they are found.
#[derive(Clone, Default)]
pub struct Secrets {
    all: BTreeSet<String>,
    /// Finds any of them, however many there are: a report has a hundred thousand texts and a thousand secrets. Made once all are
    /// known.
    finder: OnceLock<AhoCorasick>,
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.all.len())
    }
}

/// Shorter texts may stand anywhere by chance.
const SECRET_LENGTH: usize = 6;

impl Secrets {
    /// Takes in what a Start answered: its SecurityToken, and every value in the query of its WebSocketUrl but the id.
    pub fn learn(&mut self, started: Node<'_>) {
        let text = |name: &str| started.get(name).and_then(Node::as_str).unwrap_or("");
        let id = text("SessionId");
        let query = text("WebSocketUrl").split_once('?').map_or("", |(_, query)| query);
        let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        for secret in values.chain([text("SecurityToken")]) {
            if secret != id {
                self.learn_value(secret);
            }
        }
        self.learn_bytes(text("WebSocketUrl"));
    }

    /// Takes in the signature of a request, in whatever scheme it is.
    pub fn learn_signature(&mut self, request: &Request) {
        let Ok(incoming) = Incoming::parse(request) else { return };
        let own = incoming.parameter("Signature").map(str::to_owned);
        own.into_iter().chain(incoming.authorization().map(|own| own.signature)).for_each(|own| self.learn_value(&own));
    }

    /// Takes in one, as it is and as it is encoded.
    pub fn learn_value(&mut self, secret: &str) {
        if secret.len() >= SECRET_LENGTH {
            let twice = Encoding::Strict.encode(&Encoding::Strict.encode(secret));
            self.extend([secret.to_owned(), secret.replace('/', "\\/"), twice]);
            self.extend(Encoding::ALL.map(|encoding| encoding.encode(secret)));
            self.learn_bytes(secret);
        }
    }

    /// Takes in how the bytes of a secret are written elsewhere than in requests.
    fn learn_bytes(&mut self, secret: &str) {
        if secret.len() >= SECRET_LENGTH {
            let (standard, url) = (general_purpose::STANDARD.encode(secret), general_purpose::URL_SAFE.encode(secret));
            let bare = |text: &str| text.trim_end_matches('=').to_owned();
            self.extend([bare(&standard), bare(&url)]);
        }
    }

    fn extend(&mut self, more: impl IntoIterator<Item = String>) {
        self.finder.take();
        self.all.extend(more);
    }

    fn finder(&self) -> &AhoCorasick {
        self.finder.get_or_init(|| {
            // The longer first: one may be the beginning of another.
            let longest = AhoCorasick::builder().match_kind(MatchKind::LeftmostLongest).build(&self.all);
            longest.expect("the secrets of a run are far fewer than the states that there may be")
        })
    }

    /// A text without them.
    pub fn masked(&self, text: &str) -> String {
        let mut masked = String::with_capacity(text.len());
        self.finder().replace_all_with(text, &mut masked, |_, _, masked| {
            masked.push_str("***");
            true
        });
        masked
    }

    /// Masks every text of a report.
    pub fn mask(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if self.finder().is_match(text.as_str()) {
                    *text = self.masked(text);
                }
            }
            Value::Array(values) => values.iter_mut().for_each(|value| self.mask(value)),
            Value::Object(members) => members.values_mut().for_each(|value| self.mask(value)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::Tree;

    #[test]
    fn tokens_of_the_run_are_masked_in_whatever_shape_they_come_back() {
        let mut secrets = Secrets::default();
        let started = Tree::of(&serde_json::json!({
            "SessionId": "s-hz1234567", "SecurityToken": "tok/+=12", "WebSocketUrl": "ws://h/?id=s-hz1234567&ticket=abcdef99"
        }));
        secrets.learn(started.root());
        let mut report = serde_json::json!({
            "a": ["\"SecurityToken\" : \"tok/+=12\"", "ticket\\u003dabcdef99", "tok%2F%2B%3D12", "tok%2f%2b%3d12",
                "tok\\/+=12", "%74%6F%6B%2F%2B%3D%31%32", "dG9rLys9MTI="], "id": "s-hz1234567"
        });
        secrets.mask(&mut report);
        let masked = serde_json::json!({ "a": ["\"SecurityToken\" : \"***\"", "ticket\\u003d***", "***", "***", "***", "***", "***="],
                "id": "s-hz1234567" });
        assert_eq!(report, masked);
    }

    #[test]
    fn signatures_and_tokens_are_masked_wherever_they_stand() {
        for (name, given, masked) in [
            ("query", "/?Signature=abc%3D&X=1", "/?Signature=***&X=1"),
            (
                "authorization",
                "ACS3-HMAC-SHA256 Credential=k,SignedHeaders=a,Signature=00ff",
                "ACS3-HMAC-SHA256 Credential=k,SignedHeaders=a,Signature=***",
            ),
            ("json", r#"{"SecurityToken":"t-1","A":1}"#, r#"{"SecurityToken":"***","A":1}"#),
            ("xml", "<SecurityToken>t</SecurityToken>", "<SecurityToken>***</SecurityToken>"),
            ("url", "wss://h/session?sessionId=s&token=zz", "wss://h/session?sessionId=s&token=***"),
            (
                "every byte of the name encoded",
                "GET /?%53%69%67%6E%61%74%75%72%65=%61%62&%58=1&%53%65%63%75%72%69%74%79%54%6F%6B%65%6E=%7A' -H",
                "GET /?%53%69%67%6E%61%74%75%72%65=***&%58=1&%53%65%63%75%72%69%74%79%54%6F%6B%65%6E=***' -H",
            ),
            ("twice", "Signature=a Signature=b", "Signature=*** Signature=***"),
            ("an empty one before a letter of two bytes", "Signature=&a\u{e9}", "Signature=&a\u{e9}"),
            ("nothing", "SignatureMethod=HMAC-SHA1", "SignatureMethod=HMAC-SHA1"),
        ] {
            assert_eq!(text(given), masked, "{name}");
        }
        assert_eq!(header("X-Acs-Security-Token", "tok"), "***");
    }
}
