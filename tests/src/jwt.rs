//! JWS verification and signing by a library that the product does not use.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};
use serde_json::Value;

/// Base64url without padding.
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The claims of a JWT whose signature verifies under a key of the set that carries its `kid`.
///
/// # Panics
/// When the token is malformed, names no key of the set, or does not verify for this audience.
pub fn verified(token: &str, keys: &Value, issuer: &str, audience: Option<&str>) -> Value {
    let header = decode_header(token).expect("a JWS header");
    let keys: JwkSet = serde_json::from_value(keys.clone()).expect("a JWK Set");
    let kid = header.kid.expect("a kid");
    let key = keys.find(&kid).expect("the kid is published");
    let mut validation = Validation::new(header.alg);
    validation.set_issuer(&[issuer]);
    validation.leeway = 5;
    match audience {
        Some(audience) => validation.set_audience(&[audience]),
        None => validation.validate_aud = false,
    }
    let key = DecodingKey::from_jwk(key).expect("a usable key");
    decode::<Value>(token, &key, &validation)
        .expect("a valid JWT")
        .claims
}

/// The claims as they stand, nothing verified.
pub fn unverified(token: &str) -> Value {
    let payload = token.split('.').nth(1).expect("three parts");
    let bytes = URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&bytes).expect("JSON claims")
}

/// The JOSE header as it stands.
pub fn header(token: &str) -> Value {
    let header = token.split('.').next().expect("three parts");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).expect("base64url")).expect("JSON")
}

/// An unsecured JWT (`alg` `none`), as an attacker would send it.
pub fn unsecured(claims: &Value) -> String {
    let header = base64url(br#"{"alg":"none"}"#);
    format!("{header}.{}.", base64url(claims.to_string().as_bytes()))
}

/// The same token with one character of its signature changed.
pub fn with_broken_signature(token: &str) -> String {
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let first = if signature.starts_with('A') { 'B' } else { 'A' };
    format!("{signed}.{first}{}", &signature[1..])
}
