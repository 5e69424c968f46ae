//! Masking: signatures and tokens never reach a report.

use std::collections::BTreeSet;

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

/// A header field's value, masked: tokens whole, others by their text.
pub fn header(name: &str, value: &str) -> String {
    let secret = ["x-acs-security-token", "x-acs-session-token", "cookie", "set-cookie", "proxy-authorization"];
    if secret.iter().any(|secret| name.eq_ignore_ascii_case(secret)) { "***".to_owned() } else { text(value) }
}

/// Secrets of a run by value: whatever shape they come back in, they are found.
#[derive(Debug, Default)]
pub struct Secrets(BTreeSet<String>);

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
            if secret.len() >= SECRET_LENGTH && secret != id {
                self.0.insert(secret.to_owned());
                self.0.insert(Encoding::Strict.encode(secret));
                self.0.insert(Encoding::Strict.encode(&Encoding::Strict.encode(secret)));
            }
        }
    }

    /// Masks every text of a report.
    pub fn mask(&self, value: &mut Value) {
        match value {
            Value::String(text) => {
                for secret in self.0.iter().filter(|secret| !secret.is_empty()) {
                    if text.contains(secret.as_str()) {
                        *text = text.replace(secret.as_str(), "***");
                    }
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
