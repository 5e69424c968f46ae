//! Signature V1: `Base64(HMAC-SHA1(secret + "&", METHOD&%2F&enc(sorted parameters)))` (FACTS 1.3).

/// The string to sign for decoded parameters, `Signature` left out wherever it stands.
pub fn string_to_sign(method: &str, parameters: &[(String, String)]) -> String {
    let _ = (method, parameters);
    todo!()
}

/// The signature of a string to sign, in Base64.
pub fn sign(secret: &str, string_to_sign: &str) -> String {
    let _ = (secret, string_to_sign);
    todo!()
}

/// Whether `signature` is the right one, compared as bytes in constant time; the unused bits of its last Base64
/// character do not matter.
pub fn verify(secret: &str, string_to_sign: &str, signature: &str) -> bool {
    let _ = (secret, string_to_sign, signature);
    todo!()
}
