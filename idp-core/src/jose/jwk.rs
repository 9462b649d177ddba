//! Public keys as JSON (RFC 7517, RFC 7518 §6, RFC 8037 §2).

use super::json::{ObjectError, UniqueObject, object_without_duplicates};
use super::{EcCurve, Header, JoseError, KeyManagement, PublicKey, SigningAlgorithm, base64url};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use serde_json::{Map, Value};

/// Members that only a private or a symmetric key has (RFC 7518 §6.2.2, §6.3.2, §6.4, RFC 8037 §2).
const PRIVATE_MEMBERS: [&str; 8] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

/// What a key is meant for (RFC 7517 §4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublicKeyUse {
    /// `sig`
    Signature,
    /// `enc`
    Encryption,
    /// Any other value; such a key never verifies.
    Other(String),
}

impl PublicKeyUse {
    fn parse(text: String) -> Self {
        match text.as_str() {
            "sig" => PublicKeyUse::Signature,
            "enc" => PublicKeyUse::Encryption,
            _ => PublicKeyUse::Other(text),
        }
    }

    fn as_str(&self) -> &str {
        match self {
            PublicKeyUse::Signature => "sig",
            PublicKeyUse::Encryption => "enc",
            PublicKeyUse::Other(text) => text,
        }
    }
}

/// A JSON Web Key that holds a public signing key, and nothing secret.
///
/// Members that we give no meaning to (`x5c`, `x5t#S256`, `x5u` and unknown ones) are ignored, as
/// RFC 7517 §4 asks, and are not written again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Jwk {
    key: PublicKey,
    kid: Option<String>,
    alg: Option<String>,
    key_use: Option<PublicKeyUse>,
    key_ops: Option<Vec<String>>,
}

impl Jwk {
    /// A key without any metadata: it fits every algorithm of its type.
    pub fn new(key: PublicKey) -> Self {
        Self {
            key,
            kid: None,
            alg: None,
            key_use: None,
            key_ops: None,
        }
    }

    /// A key as an issuer publishes it: identified, for one algorithm, for signatures only.
    ///
    /// Refuses an algorithm of another key type ([`JoseError::JwkAlgorithmMismatch`]).
    pub fn for_signatures(
        key: PublicKey,
        algorithm: SigningAlgorithm,
        kid: &str,
    ) -> Result<Self, JoseError> {
        if !key.fits(algorithm) {
            return Err(JoseError::JwkAlgorithmMismatch);
        }
        Ok(Self {
            key,
            kid: Some(kid.to_owned()),
            alg: Some(algorithm.name().to_owned()),
            key_use: Some(PublicKeyUse::Signature),
            key_ops: None,
        })
    }

    /// A key as a recipient publishes it: identified, for encryption to it only.
    ///
    /// Refuses an algorithm of another key type ([`JoseError::JwkAlgorithmMismatch`]).
    pub fn for_encryption(
        key: PublicKey,
        algorithm: KeyManagement,
        kid: &str,
    ) -> Result<Self, JoseError> {
        if !key.encrypts(algorithm) {
            return Err(JoseError::JwkAlgorithmMismatch);
        }
        Ok(Self {
            key,
            kid: Some(kid.to_owned()),
            alg: Some(algorithm.name().to_owned()),
            key_use: Some(PublicKeyUse::Encryption),
            key_ops: None,
        })
    }

    /// Parses one public key; any octets may be given, bounding their number is the caller's part.
    ///
    /// Refuses duplicate members, private and symmetric keys, types and curves that are not
    /// supported, and malformed or out-of-range members, each with its own `jwk_…` reason. An `alg`
    /// that is unknown here is kept: such a key never matches a header.
    pub fn parse(octets: &[u8]) -> Result<Self, JoseError> {
        let object = object_without_duplicates(octets).map_err(|error| match error {
            ObjectError::DuplicateMember => JoseError::JwkDuplicateMember,
            ObjectError::Malformed | ObjectError::NotAnObject => JoseError::JwkJson,
        })?;
        Self::from_object(&object)
    }

    /// The same for an object that was parsed without duplicates, as part of something larger.
    pub fn from_object(object: &Map<String, Value>) -> Result<Self, JoseError> {
        let key = key_material(object)?;
        let alg = optional_text(object, "alg")?;
        let named = alg
            .as_deref()
            .and_then(|name| SigningAlgorithm::in_header(name).ok());
        if named.is_some_and(|algorithm| !key.fits(algorithm)) {
            return Err(JoseError::JwkAlgorithmMismatch);
        }
        Ok(Self {
            key,
            kid: optional_text(object, "kid")?,
            alg,
            key_use: optional_text(object, "use")?.map(PublicKeyUse::parse),
            key_ops: key_operations(object)?,
        })
    }

    /// The key itself.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The key's identifier (RFC 7517 §4.5).
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The algorithm the key is reserved for, in the sender's spelling (RFC 7517 §4.4).
    pub fn alg(&self) -> Option<&str> {
        self.alg.as_deref()
    }

    /// What the key is meant for (RFC 7517 §4.2).
    pub fn key_use(&self) -> Option<&PublicKeyUse> {
        self.key_use.as_ref()
    }

    /// Whether this key may verify a JWS with this header; says nothing about the signature.
    ///
    /// Refuses another `kid` where both sides state one ([`JoseError::JwsKeyIdMismatch`]), a key
    /// reserved for another algorithm ([`JoseError::JwsKeyAlgorithmMismatch`]), a key of another type
    /// ([`JoseError::JwsKeyTypeMismatch`]), and a key whose `use` or `key_ops` excludes verifying
    /// ([`JoseError::JwsKeyNotForVerification`]).
    pub fn check_fits(&self, header: &Header) -> Result<(), JoseError> {
        if matches!((self.kid(), header.kid()), (Some(own), Some(asked)) if own != asked) {
            return Err(JoseError::JwsKeyIdMismatch);
        }
        if self
            .alg()
            .is_some_and(|reserved| SigningAlgorithm::in_header(reserved) != Ok(header.algorithm()))
        {
            return Err(JoseError::JwsKeyAlgorithmMismatch);
        }
        if !self.key.fits(header.algorithm()) {
            return Err(JoseError::JwsKeyTypeMismatch);
        }
        let other_use = self
            .key_use()
            .is_some_and(|of| *of != PublicKeyUse::Signature);
        let verifies = |operations: &Vec<String>| operations.iter().any(|one| one == "verify");
        if other_use
            || self
                .key_ops
                .as_ref()
                .is_some_and(|listed| !verifies(listed))
        {
            return Err(JoseError::JwsKeyNotForVerification);
        }
        Ok(())
    }

    /// Whether a message may be encrypted to this key in this way.
    ///
    /// Refuses a key of another type ([`JoseError::JweKeyTypeMismatch`]), and one whose `use`,
    /// `key_ops` or `alg` reserves it for something else ([`JoseError::JweKeyNotForEncryption`]). An
    /// `alg` of the same family is no hindrance: ECDH-ES keys serve with and without key wrapping.
    pub fn check_encrypts(&self, algorithm: KeyManagement) -> Result<(), JoseError> {
        const OPERATIONS: [&str; 4] = ["encrypt", "wrapKey", "deriveKey", "deriveBits"];
        if !self.key.encrypts(algorithm) {
            return Err(JoseError::JweKeyTypeMismatch);
        }
        let of_family = |name: &str| {
            KeyManagement::parse(name)
                .is_some_and(|own| own.is_agreement() == algorithm.is_agreement())
        };
        let other_use = self
            .key_use()
            .is_some_and(|of| *of != PublicKeyUse::Encryption);
        let encrypts =
            |listed: &Vec<String>| listed.iter().any(|one| OPERATIONS.contains(&one.as_str()));
        let other_operations = self
            .key_ops
            .as_ref()
            .is_some_and(|listed| !encrypts(listed));
        if other_use || other_operations || self.alg().is_some_and(|name| !of_family(name)) {
            return Err(JoseError::JweKeyNotForEncryption);
        }
        Ok(())
    }

    /// The SHA-256 thumbprint of RFC 7638, base64url encoded; it depends on the key alone.
    pub fn thumbprint(&self) -> String {
        // Written by hand because the order of the members is part of the rule, and safe without
        // escaping because names and values are base64url or registered words.
        let members: Vec<String> = self
            .key
            .required_members()
            .iter()
            .map(|(name, value)| format!("\"{name}\":\"{value}\""))
            .collect();
        let canonical = format!("{{{}}}", members.join(","));
        let digest = ring::digest::digest(&ring::digest::SHA256, canonical.as_bytes());
        base64url::encode(digest.as_ref())
    }

    /// The key as a JSON object.
    pub fn to_object(&self) -> Map<String, Value> {
        let mut object = Map::new();
        for (name, value) in self.key.required_members() {
            object.insert(name.to_owned(), Value::String(value));
        }
        let key_use = self.key_use().map(PublicKeyUse::as_str);
        for (name, value) in [("kid", self.kid()), ("alg", self.alg()), ("use", key_use)] {
            if let Some(text) = value {
                object.insert(name.to_owned(), Value::from(text));
            }
        }
        if let Some(operations) = &self.key_ops {
            object.insert("key_ops".to_owned(), Value::from(operations.clone()));
        }
        object
    }
}

impl Serialize for Jwk {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_object().serialize(serializer)
    }
}

/// Applies the same rules as [`Jwk::parse`].
impl<'de> Deserialize<'de> for Jwk {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let UniqueObject(object) = UniqueObject::deserialize(deserializer)?;
        Jwk::from_object(&object).map_err(D::Error::custom)
    }
}

/// Reads the members of the key type, and nothing else.
fn key_material(object: &Map<String, Value>) -> Result<PublicKey, JoseError> {
    let kty = optional_text(object, "kty")?.ok_or(JoseError::JwkKeyTypeMissing)?;
    if kty == "oct" {
        return Err(JoseError::JwkSymmetric);
    }
    if PRIVATE_MEMBERS
        .iter()
        .any(|name| object.contains_key(*name))
    {
        return Err(JoseError::JwkPrivate);
    }
    match kty.as_str() {
        "EC" => {
            let curve = match required_text(object, "crv")?.as_str() {
                "P-256" => EcCurve::P256,
                "P-384" => EcCurve::P384,
                _ => return Err(JoseError::JwkCurveUnsupported),
            };
            PublicKey::ec(curve, &octets(object, "x")?, &octets(object, "y")?)
        }
        "OKP" => match required_text(object, "crv")?.as_str() {
            "Ed25519" => PublicKey::ed25519(&octets(object, "x")?),
            _ => Err(JoseError::JwkCurveUnsupported),
        },
        "RSA" => PublicKey::rsa(&octets(object, "n")?, &octets(object, "e")?),
        _ => Err(JoseError::JwkKeyTypeUnsupported),
    }
}

fn key_operations(object: &Map<String, Value>) -> Result<Option<Vec<String>>, JoseError> {
    let Some(value) = object.get("key_ops") else {
        return Ok(None);
    };
    let entries = value.as_array().ok_or(JoseError::JwkMemberType)?;
    let mut operations: Vec<String> = Vec::with_capacity(entries.len());
    for entry in entries {
        let operation = entry.as_str().ok_or(JoseError::JwkMemberType)?;
        if operations.iter().any(|earlier| earlier == operation) {
            return Err(JoseError::JwkDuplicateOperation);
        }
        operations.push(operation.to_owned());
    }
    Ok(Some(operations))
}

fn optional_text(object: &Map<String, Value>, name: &str) -> Result<Option<String>, JoseError> {
    match object.get(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(JoseError::JwkMemberType),
    }
}

fn required_text(object: &Map<String, Value>, name: &str) -> Result<String, JoseError> {
    optional_text(object, name)?.ok_or(JoseError::JwkMemberMissing)
}

fn octets(object: &Map<String, Value>, name: &str) -> Result<Vec<u8>, JoseError> {
    let text = required_text(object, name)?;
    base64url::decode(text.as_bytes()).ok_or(JoseError::JwkBase64)
}

#[cfg(test)]
mod tests {
    use super::{Jwk, PublicKeyUse};
    use crate::jose::{Header, JoseError, SigningAlgorithm, base64url, sample};
    use serde_json::{Value, json};

    fn public(algorithm: SigningAlgorithm) -> Value {
        Value::Object(Jwk::new(sample::key(algorithm).public_key().clone()).to_object())
    }

    /// The key of the algorithm, with members replaced; null removes one.
    fn changed(algorithm: SigningAlgorithm, changes: &Value) -> Vec<u8> {
        let mut key = public(algorithm);
        for (name, value) in changes.as_object().unwrap() {
            key[name] = value.clone();
        }
        key.as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        key.to_string().into_bytes()
    }

    fn encoded(octets: &[u8]) -> String {
        base64url::encode(octets)
    }

    #[test]
    fn refusals_of_any_key() {
        use SigningAlgorithm::{ES256, EdDSA, RS256};
        let cases = [
            (ES256, json!({"kty": null}), JoseError::JwkKeyTypeMissing),
            (ES256, json!({"kty": 1}), JoseError::JwkMemberType),
            (
                ES256,
                json!({"kty": "ec"}),
                JoseError::JwkKeyTypeUnsupported,
            ),
            (
                ES256,
                json!({"kty": "AKP"}),
                JoseError::JwkKeyTypeUnsupported,
            ),
            (ES256, json!({"kty": "oct"}), JoseError::JwkSymmetric),
            (ES256, json!({"d": "AA"}), JoseError::JwkPrivate),
            (ES256, json!({"d": ""}), JoseError::JwkPrivate),
            (EdDSA, json!({"d": 7}), JoseError::JwkPrivate),
            (RS256, json!({"qi": "AA"}), JoseError::JwkPrivate),
            (RS256, json!({"oth": []}), JoseError::JwkPrivate),
            (ES256, json!({"k": "AA"}), JoseError::JwkPrivate),
            (ES256, json!({"kid": 1}), JoseError::JwkMemberType),
            (ES256, json!({"alg": 1}), JoseError::JwkMemberType),
            (ES256, json!({"use": ["sig"]}), JoseError::JwkMemberType),
            (
                ES256,
                json!({"key_ops": "verify"}),
                JoseError::JwkMemberType,
            ),
            (ES256, json!({"key_ops": [1]}), JoseError::JwkMemberType),
            (
                ES256,
                json!({"key_ops": ["verify", "verify"]}),
                JoseError::JwkDuplicateOperation,
            ),
            (
                ES256,
                json!({"alg": "RS256"}),
                JoseError::JwkAlgorithmMismatch,
            ),
            (
                ES256,
                json!({"alg": "ES384"}),
                JoseError::JwkAlgorithmMismatch,
            ),
            (
                RS256,
                json!({"alg": "EdDSA"}),
                JoseError::JwkAlgorithmMismatch,
            ),
        ];
        for (algorithm, changes, expected) in cases {
            assert_eq!(
                Jwk::parse(&changed(algorithm, &changes)),
                Err(expected),
                "{changes}"
            );
        }
        let duplicate = Jwk::parse(br#"{"kty":"EC","kty":"EC"}"#);
        assert_eq!(duplicate, Err(JoseError::JwkDuplicateMember));
        assert_eq!(Jwk::parse(b"[]"), Err(JoseError::JwkJson));
        assert_eq!(Jwk::parse(b"{"), Err(JoseError::JwkJson));
    }

    #[test]
    fn refusals_of_elliptic_curve_keys() {
        use SigningAlgorithm::{ES256, ES384, EdDSA};
        let (one, zeros) = (encoded(&[1; 32]), encoded(&[0; 32]));
        let too_large = encoded(&[0xff; 32]);
        let cases = [
            (ES256, json!({"crv": null}), JoseError::JwkMemberMissing),
            (ES256, json!({"x": null}), JoseError::JwkMemberMissing),
            (ES256, json!({"y": null}), JoseError::JwkMemberMissing),
            (ES256, json!({"y": 1}), JoseError::JwkMemberType),
            (
                ES256,
                json!({"crv": "P-521"}),
                JoseError::JwkCurveUnsupported,
            ),
            (
                ES256,
                json!({"crv": "secp256k1"}),
                JoseError::JwkCurveUnsupported,
            ),
            (
                ES256,
                json!({"crv": "Ed25519"}),
                JoseError::JwkCurveUnsupported,
            ),
            (ES256, json!({"x": format!("{one}=")}), JoseError::JwkBase64),
            (
                ES256,
                json!({"x": encoded(&[1; 31])}),
                JoseError::JwkCoordinateLength,
            ),
            (
                ES256,
                json!({"y": encoded(&[1; 33])}),
                JoseError::JwkCoordinateLength,
            ),
            (
                ES256,
                json!({"crv": "P-384"}),
                JoseError::JwkCoordinateLength,
            ),
            (
                ES384,
                json!({"crv": "P-256"}),
                JoseError::JwkCoordinateLength,
            ),
            (ES256, json!({"x": one}), JoseError::JwkPointInvalid),
            (
                ES256,
                json!({"x": zeros, "y": zeros}),
                JoseError::JwkPointInvalid,
            ),
            (ES256, json!({"x": too_large}), JoseError::JwkPointInvalid),
            (
                ES384,
                json!({"y": encoded(&[1; 48])}),
                JoseError::JwkPointInvalid,
            ),
            (
                EdDSA,
                json!({"crv": "X25519"}),
                JoseError::JwkCurveUnsupported,
            ),
            (
                EdDSA,
                json!({"crv": "P-256"}),
                JoseError::JwkCurveUnsupported,
            ),
            (
                EdDSA,
                json!({"x": encoded(&[1; 31])}),
                JoseError::JwkCoordinateLength,
            ),
            (EdDSA, json!({"x": ""}), JoseError::JwkCoordinateLength),
        ];
        for (algorithm, changes, expected) in cases {
            assert_eq!(
                Jwk::parse(&changed(algorithm, &changes)),
                Err(expected),
                "{changes}"
            );
        }
    }

    #[test]
    fn refusals_of_rsa_keys() {
        let modulus = |octets: usize, first: u8, last: u8| {
            let mut modulus = vec![0x55; octets];
            modulus[0] = first;
            modulus[octets - 1] = last;
            encoded(&modulus)
        };
        let cases = [
            (json!({"n": null}), JoseError::JwkMemberMissing),
            (json!({"e": null}), JoseError::JwkMemberMissing),
            (json!({"n": ""}), JoseError::JwkRsaInteger),
            (json!({"n": modulus(257, 0, 1)}), JoseError::JwkRsaInteger),
            (
                json!({"n": modulus(256, 0x7f, 1)}),
                JoseError::JwkRsaModulusSize,
            ),
            (
                json!({"n": modulus(128, 0x80, 1)}),
                JoseError::JwkRsaModulusSize,
            ),
            (
                json!({"n": modulus(1025, 0x01, 1)}),
                JoseError::JwkRsaModulusSize,
            ),
            (
                json!({"n": modulus(256, 0x80, 2)}),
                JoseError::JwkRsaModulusEven,
            ),
            (json!({"e": ""}), JoseError::JwkRsaInteger),
            (json!({"e": "AAEAAQ"}), JoseError::JwkRsaInteger),
            (json!({"e": encoded(&[1])}), JoseError::JwkRsaExponent),
            (json!({"e": encoded(&[2])}), JoseError::JwkRsaExponent),
            (json!({"e": encoded(&[1, 0])}), JoseError::JwkRsaExponent),
            (
                json!({"e": encoded(&[2, 0, 0, 0, 1])}),
                JoseError::JwkRsaExponent,
            ),
            (json!({"e": encoded(&[1; 9])}), JoseError::JwkRsaExponent),
        ];
        for (changes, expected) in cases {
            let parsed = Jwk::parse(&changed(SigningAlgorithm::RS256, &changes));
            assert_eq!(parsed, Err(expected), "{changes}");
        }
        let bounds = [
            json!({"n": modulus(256, 0x80, 1)}),
            json!({"n": modulus(1024, 0xff, 1)}),
            json!({"e": encoded(&[3])}),
            json!({"e": encoded(&[1, 0xff, 0xff, 0xff, 0xff])}),
        ];
        for changes in bounds {
            let parsed = Jwk::parse(&changed(SigningAlgorithm::RS256, &changes));
            assert!(parsed.is_ok(), "{changes}");
        }
    }

    #[test]
    fn which_header_a_key_fits() {
        use SigningAlgorithm::{ES256, ES384, EdDSA, PS256, RS256};
        let plain = Header::new(ES256);
        let named = Header::new(ES256).with_kid("k1");
        let cases = [
            (ES256, json!({}), &plain, Ok(())),
            (ES256, json!({}), &named, Ok(())),
            (ES256, json!({"kid": "k1"}), &plain, Ok(())),
            (
                ES256,
                json!({"kid": "k1", "use": "sig", "alg": "ES256"}),
                &named,
                Ok(()),
            ),
            (
                ES256,
                json!({"key_ops": ["sign", "verify"]}),
                &plain,
                Ok(()),
            ),
            (
                ES256,
                json!({"kid": "K1"}),
                &named,
                Err(JoseError::JwsKeyIdMismatch),
            ),
            (
                ES256,
                json!({"kid": ""}),
                &named,
                Err(JoseError::JwsKeyIdMismatch),
            ),
            (
                ES256,
                json!({"alg": "ECDH-ES"}),
                &plain,
                Err(JoseError::JwsKeyAlgorithmMismatch),
            ),
            (
                ES256,
                json!({"alg": "none"}),
                &plain,
                Err(JoseError::JwsKeyAlgorithmMismatch),
            ),
            (RS256, json!({}), &plain, Err(JoseError::JwsKeyTypeMismatch)),
            (ES384, json!({}), &plain, Err(JoseError::JwsKeyTypeMismatch)),
            (
                ES256,
                json!({"use": "enc"}),
                &plain,
                Err(JoseError::JwsKeyNotForVerification),
            ),
            (
                ES256,
                json!({"use": "SIG"}),
                &plain,
                Err(JoseError::JwsKeyNotForVerification),
            ),
            (
                ES256,
                json!({"key_ops": []}),
                &plain,
                Err(JoseError::JwsKeyNotForVerification),
            ),
        ];
        for (algorithm, changes, header, expected) in cases {
            let key = Jwk::parse(&changed(algorithm, &changes)).unwrap();
            assert_eq!(key.check_fits(header), expected, "{changes}");
        }
        let reserved = Jwk::parse(&changed(RS256, &json!({"alg": "RS256"}))).unwrap();
        let refused = reserved.check_fits(&Header::new(PS256));
        assert_eq!(refused, Err(JoseError::JwsKeyAlgorithmMismatch));
        let named = Jwk::parse(&changed(EdDSA, &json!({"alg": "Ed25519"}))).unwrap();
        assert_eq!(named.check_fits(&Header::new(EdDSA)), Ok(()));
    }

    #[test]
    fn keys_are_written_as_they_were_read() {
        for &algorithm in SigningAlgorithm::ALL {
            let key = sample::jwk(algorithm);
            let text = serde_json::to_string(&key).unwrap();
            assert_eq!(Jwk::parse(text.as_bytes()), Ok(key.clone()));
            assert_eq!(serde_json::from_str::<Jwk>(&text).unwrap(), key);
            assert_eq!((key.kid(), key.alg()), (Some("k1"), Some(algorithm.name())));
            assert_eq!(key.key_use(), Some(&PublicKeyUse::Signature));
        }
        let unknown = json!({"x5c": ["AA=="], "x5t": "AA", "exp": 1, "use": "mac"});
        let key = Jwk::parse(&changed(SigningAlgorithm::ES256, &unknown)).unwrap();
        assert_eq!(key.to_object().get("x5c"), None);
        assert_eq!(key.key_use(), Some(&PublicKeyUse::Other("mac".to_owned())));
        assert_eq!(key.to_object().get("use"), Some(&json!("mac")));
    }

    #[test]
    fn the_thumbprint_depends_on_the_key_alone() {
        let named = sample::jwk(SigningAlgorithm::ES384);
        let plain = Jwk::new(named.key().clone());
        assert_ne!(named, plain);
        assert_eq!(named.thumbprint(), plain.thumbprint());
        assert_ne!(
            named.thumbprint(),
            sample::jwk(SigningAlgorithm::ES256).thumbprint()
        );
    }

    #[test]
    fn a_key_is_published_only_for_an_algorithm_of_its_type() {
        let key = sample::key(SigningAlgorithm::ES256).public_key().clone();
        let refused = Jwk::for_signatures(key, SigningAlgorithm::RS256, "k1");
        assert_eq!(refused, Err(JoseError::JwkAlgorithmMismatch));
    }

    #[test]
    fn serde_keeps_the_rules() {
        let private = changed(SigningAlgorithm::ES256, &json!({"d": "AA"}));
        assert!(serde_json::from_slice::<Jwk>(&private).is_err());
        assert!(serde_json::from_str::<Jwk>(r#"{"kty":"EC","kty":"EC"}"#).is_err());
    }
}
