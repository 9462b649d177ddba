//! The protected header of a compact JWS (RFC 7515 §4).

use super::json::{ObjectError, object_without_duplicates};
use super::{JoseError, SigningAlgorithm, base64url};
use serde_json::{Map, Value};

/// A header whose algorithm is supported and that asks for no extension.
///
/// `jwk`, `jku`, `x5u` and `x5c` never choose the verification key: whoever writes the header would
/// choose it. They remain readable through [`Header::member`] for protocols that bind the key by
/// other means.
#[derive(Clone, Debug, PartialEq)]
pub struct Header {
    algorithm: SigningAlgorithm,
    kid: Option<String>,
    typ: Option<String>,
    others: Map<String, Value>,
}

impl Header {
    /// A header with nothing but `alg`.
    pub fn new(algorithm: SigningAlgorithm) -> Self {
        Self {
            algorithm,
            kid: None,
            typ: None,
            others: Map::new(),
        }
    }

    /// Names the key (RFC 7515 §4.1.4).
    #[must_use]
    pub fn with_kid(mut self, kid: &str) -> Self {
        self.kid = Some(kid.to_owned());
        self
    }

    /// States the type of the whole (RFC 7515 §4.1.9), such as `at+jwt`.
    #[must_use]
    pub fn with_typ(mut self, typ: &str) -> Self {
        self.typ = Some(typ.to_owned());
        self
    }

    /// Parses the decoded header octets.
    ///
    /// Refuses what is no JSON object ([`JoseError::JwsHeaderJson`]), repeated members, any `crit`
    /// ([`JoseError::JwsCritical`]), a `b64` other than true ([`JoseError::JwsUnencodedPayload`]),
    /// `alg`, `kid` or `typ` that are no strings, a missing `alg`, and every algorithm that
    /// [`SigningAlgorithm::in_header`] refuses.
    pub fn parse(octets: &[u8]) -> Result<Self, JoseError> {
        let opened = open(octets)?;
        Ok(Self {
            algorithm: SigningAlgorithm::in_header(&opened.alg)?,
            kid: opened.kid,
            typ: opened.typ,
            others: opened.others,
        })
    }

    /// The signing algorithm.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The key identifier that the sender states.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The type that the sender states, in the sender's spelling.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// Any member other than `alg`, `kid` and `typ`.
    pub fn member(&self, name: &str) -> Option<&Value> {
        self.others.get(name)
    }

    /// Encodes the header once, for any number of signatures.
    pub fn encode(&self) -> EncodedHeader {
        let mut json = format!("{{\"alg\":\"{}\"", self.algorithm);
        for (name, value) in [("kid", &self.kid), ("typ", &self.typ)] {
            if let Some(text) = value {
                append_member(&mut json, name, &Value::from(text.as_str()));
            }
        }
        for (name, value) in &self.others {
            append_member(&mut json, name, value);
        }
        json.push('}');
        let mut text = String::with_capacity(base64url::encoded_len(json.len()) + 1);
        base64url::encode_onto(json.as_bytes(), &mut text);
        text.push('.');
        EncodedHeader {
            text,
            algorithm: self.algorithm,
        }
    }
}

/// A header's members, whatever its algorithm.
pub(super) struct OpenedHeader {
    pub(super) alg: String,
    pub(super) kid: Option<String>,
    pub(super) typ: Option<String>,
    pub(super) others: Map<String, Value>,
}

/// Opens the decoded octets of a header; see [`Header::parse`] for what is refused.
pub(super) fn open(octets: &[u8]) -> Result<OpenedHeader, JoseError> {
    let mut object = object_without_duplicates(octets).map_err(|error| match error {
        ObjectError::DuplicateMember => JoseError::JwsHeaderDuplicateMember,
        ObjectError::Malformed | ObjectError::NotAnObject => JoseError::JwsHeaderJson,
    })?;
    if object.contains_key("crit") {
        return Err(JoseError::JwsCritical);
    }
    if object
        .get("b64")
        .is_some_and(|value| *value != Value::Bool(true))
    {
        return Err(JoseError::JwsUnencodedPayload);
    }
    let alg = take_text(&mut object, "alg")?.ok_or(JoseError::JwsAlgorithmMissing)?;
    Ok(OpenedHeader {
        alg,
        kid: take_text(&mut object, "kid")?,
        typ: take_text(&mut object, "typ")?,
        others: object,
    })
}

fn take_text(object: &mut Map<String, Value>, name: &str) -> Result<Option<String>, JoseError> {
    match object.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JoseError::JwsHeaderMemberType),
    }
}

fn append_member(json: &mut String, name: &str, value: &Value) {
    json.push(',');
    json.push_str(&Value::from(name).to_string());
    json.push(':');
    json.push_str(&value.to_string());
}

/// A header ready for signing; an issuer keeps one per key and type of token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedHeader {
    /// Base64url, with the dot that follows it.
    text: String,
    algorithm: SigningAlgorithm,
}

impl EncodedHeader {
    /// The algorithm that the header names.
    pub fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// The octets to be signed (RFC 7515 §5.1 step 8), as text.
    ///
    /// Reserves room for the signature too, so that [`super::jws::assemble`] appends in place.
    pub fn signing_input(&self, payload: &[u8]) -> String {
        let signature = base64url::encoded_len(self.algorithm.usual_signature_len()) + 1;
        let capacity = self.text.len() + base64url::encoded_len(payload.len()) + signature;
        let mut input = String::with_capacity(capacity);
        input.push_str(&self.text);
        base64url::encode_onto(payload, &mut input);
        input
    }
}

#[cfg(test)]
mod tests {
    use super::Header;
    use crate::jose::{JoseError, SigningAlgorithm, base64url};
    use serde_json::json;

    #[test]
    fn refusals() {
        let cases: [(&str, JoseError); 18] = [
            ("", JoseError::JwsHeaderJson),
            ("[\"alg\"]", JoseError::JwsHeaderJson),
            ("{\"alg\":\"ES256\"}x", JoseError::JwsHeaderJson),
            (
                "{\"alg\":\"ES256\",\"alg\":\"none\"}",
                JoseError::JwsHeaderDuplicateMember,
            ),
            (
                "{\"alg\":\"ES256\",\"jwk\":{\"x\":1,\"x\":2}}",
                JoseError::JwsHeaderDuplicateMember,
            ),
            (
                "{\"alg\":\"ES256\",\"crit\":[\"exp\"],\"exp\":1}",
                JoseError::JwsCritical,
            ),
            ("{\"alg\":\"ES256\",\"crit\":[]}", JoseError::JwsCritical),
            ("{\"alg\":\"ES256\",\"crit\":null}", JoseError::JwsCritical),
            (
                "{\"alg\":\"ES256\",\"b64\":false}",
                JoseError::JwsUnencodedPayload,
            ),
            (
                "{\"alg\":\"ES256\",\"b64\":\"true\"}",
                JoseError::JwsUnencodedPayload,
            ),
            ("{}", JoseError::JwsAlgorithmMissing),
            ("{\"alg\":null}", JoseError::JwsHeaderMemberType),
            ("{\"alg\":[\"ES256\"]}", JoseError::JwsHeaderMemberType),
            (
                "{\"alg\":\"ES256\",\"kid\":1}",
                JoseError::JwsHeaderMemberType,
            ),
            (
                "{\"alg\":\"ES256\",\"typ\":{}}",
                JoseError::JwsHeaderMemberType,
            ),
            ("{\"alg\":\"none\"}", JoseError::AlgorithmNone),
            ("{\"alg\":\"HS256\"}", JoseError::AlgorithmSymmetric),
            ("{\"alg\":\"ECDH-ES\"}", JoseError::AlgorithmUnsupported),
        ];
        for (text, expected) in cases {
            assert_eq!(Header::parse(text.as_bytes()), Err(expected), "{text}");
        }
    }

    #[test]
    fn other_members_are_readable_and_survive() {
        let text = br#"{"b64":true,"typ":"a\"b","alg":"PS256","kid":"\u0111","jwk":{"kty":"EC"}}"#;
        let header = Header::parse(text).unwrap();
        assert_eq!(header.algorithm(), SigningAlgorithm::PS256);
        assert_eq!(
            (header.kid(), header.typ()),
            (Some("\u{111}"), Some("a\"b"))
        );
        assert_eq!(header.member("jwk"), Some(&json!({"kty": "EC"})));
        assert_eq!(header.member("alg"), None);
        let encoded = header.encode().signing_input(b"");
        let octets = base64url::decode(encoded.trim_end_matches('.').as_bytes()).unwrap();
        assert_eq!(Header::parse(&octets), Ok(header));
    }

    #[test]
    fn encoding_is_compact_and_stable() {
        let header = Header::new(SigningAlgorithm::ES256)
            .with_kid("k")
            .with_typ("at+jwt");
        let expected = base64url::encode(br#"{"alg":"ES256","kid":"k","typ":"at+jwt"}"#);
        assert_eq!(
            header.encode().signing_input(b"f"),
            format!("{expected}.Zg")
        );
    }

    #[test]
    fn the_signing_input_has_room_for_the_signature() {
        for &algorithm in SigningAlgorithm::ALL {
            let input = Header::new(algorithm).encode().signing_input(&[7; 333]);
            let room = input.capacity() - input.len();
            assert!(room > base64url::encoded_len(algorithm.usual_signature_len()));
        }
    }
}
