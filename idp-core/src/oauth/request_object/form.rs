//! What a request object is made of, before anything of it is believed.

use serde_json::{Map, Value};

use super::MOST_BYTES;
use crate::base::refusal::Reason;
use crate::jose::json::object_without_duplicates;
use crate::jose::{CompactJws, JoseError, base64url};

/// The forms that are told apart by their header.
pub(super) enum Form<'a> {
    /// Signed; by whom is to be found out.
    Signed(CompactJws<'a>),
    /// With `alg` `none` and no signature: its claims, which nobody vouches for.
    Unsigned(Map<String, Value>),
}

impl<'a> Form<'a> {
    /// Parses a request object.
    ///
    /// # Errors
    /// [`Reason::RequestObjectTooLarge`]; [`Reason::RequestObjectAlgorithmUnknown`] for an HMAC
    /// or an algorithm that is not offered; [`Reason::RequestObjectMalformed`] for anything else
    /// that is no JWT, an "unsigned" one with a signature included.
    pub(super) fn parse(text: &'a str) -> Result<Self, Reason> {
        match CompactJws::parse(text, MOST_BYTES) {
            Ok(jws) => Ok(Self::Signed(jws)),
            Err(JoseError::AlgorithmNone) => unsigned(text)
                .map(Self::Unsigned)
                .ok_or(Reason::RequestObjectMalformed),
            Err(JoseError::JwsTooLarge) => Err(Reason::RequestObjectTooLarge),
            Err(JoseError::AlgorithmSymmetric | JoseError::AlgorithmUnsupported) => {
                Err(Reason::RequestObjectAlgorithmUnknown)
            }
            Err(_) => Err(Reason::RequestObjectMalformed),
        }
    }
}

/// The claims of an unsecured JWT (RFC 7519 §6), whose header was parsed before.
fn unsigned(text: &str) -> Option<Map<String, Value>> {
    let mut parts = text.split('.');
    let (_, payload, signature) = (parts.next()?, parts.next()?, parts.next()?);
    if !signature.is_empty() || parts.next().is_some() {
        return None;
    }
    let payload = base64url::decode(payload.as_bytes())?;
    object_without_duplicates(&payload).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(header: &str, payload: &str, signature: &str) -> String {
        let mut text = String::new();
        base64url::encode_onto(header.as_bytes(), &mut text);
        text.push('.');
        base64url::encode_onto(payload.as_bytes(), &mut text);
        format!("{text}.{signature}")
    }

    #[test]
    fn each_form_is_told_by_its_header() {
        let none = r#"{"alg":"none"}"#;
        let es256 = r#"{"alg":"ES256"}"#;
        let claims = r#"{"scope":"openid"}"#;
        let large = format!(r#"{{"state":"{}"}}"#, "x".repeat(MOST_BYTES));
        for (header, payload, signature, expected) in [
            (none, claims, "", Ok(false)),
            (es256, claims, "c2ln", Ok(true)),
            (none, claims, "c2ln", Err(Reason::RequestObjectMalformed)),
            (none, claims, ".", Err(Reason::RequestObjectMalformed)),
            (none, "[]", "", Err(Reason::RequestObjectMalformed)),
            (
                none,
                r#"{"a":1,"a":2}"#,
                "",
                Err(Reason::RequestObjectMalformed),
            ),
            (es256, claims, "", Err(Reason::RequestObjectMalformed)),
            (
                r#"{"alg":"HS256"}"#,
                claims,
                "c2ln",
                Err(Reason::RequestObjectAlgorithmUnknown),
            ),
            (
                r#"{"alg":"None"}"#,
                claims,
                "",
                Err(Reason::RequestObjectAlgorithmUnknown),
            ),
            (
                r#"{"alg":"RS1"}"#,
                claims,
                "c2ln",
                Err(Reason::RequestObjectAlgorithmUnknown),
            ),
            (
                r#"{"alg":"none","crit":["b64"]}"#,
                claims,
                "",
                Err(Reason::RequestObjectMalformed),
            ),
            (
                r#"{"alg":"none","alg":"ES256"}"#,
                claims,
                "",
                Err(Reason::RequestObjectMalformed),
            ),
            ("{}", claims, "", Err(Reason::RequestObjectMalformed)),
            (none, &large, "", Err(Reason::RequestObjectTooLarge)),
        ] {
            let text = made(header, payload, signature);
            let form = Form::parse(&text).map(|form| matches!(form, Form::Signed(_)));
            assert_eq!(form, expected, "{header} {signature:?}");
        }
        for text in ["", "..", "a.b", "a.b.c.d.e"] {
            let refused = Form::parse(text).err();
            assert_eq!(refused, Some(Reason::RequestObjectMalformed), "{text}");
        }
    }
}
