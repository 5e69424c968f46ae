//! Masking: signatures and tokens never reach a report.

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
            if end > at {
                masked.replace_range(at..end, "***");
            }
            from = (at + 3).min(masked.len());
        }
    }
    masked
}

/// A header field's value, masked: tokens whole, others by their text.
pub fn header(name: &str, value: &str) -> String {
    let secret = ["x-acs-security-token", "x-acs-session-token", "cookie", "set-cookie", "proxy-authorization"];
    if secret.iter().any(|secret| name.eq_ignore_ascii_case(secret)) { "***".to_owned() } else { text(value) }
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("nothing", "SignatureMethod=HMAC-SHA1", "SignatureMethod=HMAC-SHA1"),
        ] {
            assert_eq!(text(given), masked, "{name}");
        }
        assert_eq!(header("X-Acs-Security-Token", "tok"), "***");
    }
}
