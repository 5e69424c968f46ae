//! Masking: signatures and tokens never reach a report.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use serde_json::Value;

use crate::wire::Encoding;

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
    masked
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
pub struct Secrets(BTreeSet<String>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.0.len())
    }
}

/// Shorter texts may stand anywhere by chance.
const SECRET_LENGTH: usize = 6;

impl Secrets {
    /// Takes in what a Start answered: its SecurityToken, and every value in the query of its WebSocketUrl but the id.
    pub fn learn(&mut self, started: &Value) {
        let text = |name: &str| started.get(name).and_then(Value::as_str).unwrap_or("");
        let id = text("SessionId");
        let query = text("WebSocketUrl").split_once('?').map_or("", |(_, query)| query);
        let values = query.split('&').map(|pair| pair.split_once('=').map_or(pair, |(_, value)| value));
        for secret in values.chain([text("SecurityToken")]) {
            if secret != id {
                self.learn_value(secret);
            }
        }
    }

    /// Takes in one, as it is and as it is encoded.
    pub fn learn_value(&mut self, secret: &str) {
        if secret.len() >= SECRET_LENGTH {
            let encoded = Encoding::Strict.encode(secret);
            let bytes = base64::engine::general_purpose::STANDARD.encode(secret);
            self.0.extend([secret.to_owned(), Encoding::Strict.encode(&encoded), encoded, bytes]);
        }
    }

    /// A text without them.
    pub fn masked(&self, text: &str) -> String {
        // The longer first: one may be the beginning of another.
        let mut secrets: Vec<&String> = self.0.iter().collect();
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets.into_iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }

    /// Masks every text of a report.
    pub fn mask(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                if self.0.iter().any(|secret| text.contains(secret.as_str())) {
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

    #[test]
    fn tokens_of_the_run_are_masked_in_whatever_shape_they_come_back() {
        let mut secrets = Secrets::default();
        secrets.learn(&serde_json::json!({
            "SessionId": "s-hz1234567", "SecurityToken": "tok/+=12", "WebSocketUrl": "ws://h/?id=s-hz1234567&ticket=abcdef99"
        }));
        let mut report = serde_json::json!({
            "a": ["\"SecurityToken\" : \"tok/+=12\"", "ticket\\u003dabcdef99", "tok%2F%2B%3D12"], "id": "s-hz1234567"
        });
        secrets.mask(&mut report);
        let masked =
            serde_json::json!({ "a": ["\"SecurityToken\" : \"***\"", "ticket\\u003d***", "***"], "id": "s-hz1234567" });
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
            ("twice", "Signature=a Signature=b", "Signature=*** Signature=***"),
            ("an empty one before a letter of two bytes", "Signature=&a\u{e9}", "Signature=&a\u{e9}"),
            ("nothing", "SignatureMethod=HMAC-SHA1", "SignatureMethod=HMAC-SHA1"),
        ] {
            assert_eq!(text(given), masked, "{name}");
        }
        assert_eq!(header("X-Acs-Security-Token", "tok"), "***");
    }
}
