//! Sets of public keys (RFC 7517 §5).

use super::json::{ObjectError, UniqueObject, object_without_duplicates};
use super::{Header, JoseError, Jwk, KeyManagement, PublicKeyUse};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, SerializeStruct, Serializer};
use serde_json::{Map, Value};

/// The largest set that is parsed, in octets: 64 keys with room for certificate chains.
pub const MAX_BYTES: usize = 512 * 1024;
/// The most entries of a set, skipped ones included.
pub const MAX_KEYS: usize = 64;
/// The most keys that one verification tries.
pub const MAX_CANDIDATES: usize = 4;

/// A key of the set that was left out, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SkippedKey {
    /// The position in `keys`, from 0.
    pub index: usize,
    /// What makes the key unusable here.
    pub error: JoseError,
}

/// Public keys of one owner.
///
/// Two keys may share a `kid` (RFC 7517 §4.5 allows it for alternatives of different type).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JwkSet {
    keys: Vec<Jwk>,
    skipped: Vec<SkippedKey>,
}

impl JwkSet {
    /// A set of keys that are at hand.
    pub fn new(keys: Vec<Jwk>) -> Self {
        Self {
            keys,
            skipped: Vec::new(),
        }
    }

    /// Parses a set from a stranger; any octets may be given.
    ///
    /// A key that is not understood, lacks a member or is out of range is skipped and reported in
    /// [`JwkSet::skipped`], as RFC 7517 §5 advises. The whole set is refused when it is too large
    /// ([`MAX_BYTES`], [`MAX_KEYS`]), repeats a member, has no array `keys`, has an entry that is no
    /// object, or gives away a private or symmetric key: its owner has lost that key and must know.
    pub fn parse(octets: &[u8]) -> Result<Self, JoseError> {
        if octets.len() > MAX_BYTES {
            return Err(JoseError::JwkSetTooLarge);
        }
        let object = object_without_duplicates(octets).map_err(|error| match error {
            ObjectError::DuplicateMember => JoseError::JwkSetDuplicateMember,
            ObjectError::Malformed | ObjectError::NotAnObject => JoseError::JwkSetJson,
        })?;
        Self::from_object(&object)
    }

    /// The same for an object that was parsed without duplicates, as part of something larger.
    pub fn from_object(object: &Map<String, Value>) -> Result<Self, JoseError> {
        let entries = object.get("keys").and_then(Value::as_array);
        let entries = entries.ok_or(JoseError::JwkSetKeysMissing)?;
        if entries.len() > MAX_KEYS {
            return Err(JoseError::JwkSetTooManyKeys);
        }
        let mut set = Self::default();
        for (index, entry) in entries.iter().enumerate() {
            match Jwk::from_object(entry.as_object().ok_or(JoseError::JwkJson)?) {
                Ok(key) => set.keys.push(key),
                Err(given_away @ (JoseError::JwkPrivate | JoseError::JwkSymmetric)) => {
                    return Err(given_away);
                }
                Err(error) => set.skipped.push(SkippedKey { index, error }),
            }
        }
        Ok(set)
    }

    /// The usable keys, in the owner's order.
    pub fn keys(&self) -> &[Jwk] {
        &self.keys
    }

    /// The keys that were left out when the set was parsed.
    pub fn skipped(&self) -> &[SkippedKey] {
        &self.skipped
    }

    /// The keys that may verify a JWS with this header, by the rules of [`Jwk::check_fits`].
    pub fn candidates<'a>(&'a self, header: &'a Header) -> impl Iterator<Item = &'a Jwk> {
        self.keys
            .iter()
            .filter(move |key| key.check_fits(header).is_ok())
    }
}

impl JwkSet {
    /// The key to which a message for the owner is encrypted, by the rules of
    /// [`Jwk::check_encrypts`]: the first one marked for encryption, else the first that fits
    /// (OpenID Connect Core §10.2).
    pub fn recipient(&self, algorithm: KeyManagement) -> Option<&Jwk> {
        let fits = |key: &&Jwk| key.check_encrypts(algorithm).is_ok();
        let marked = |key: &&Jwk| key.key_use() == Some(&PublicKeyUse::Encryption);
        let mut fitting = self.keys.iter().filter(fits);
        let first = fitting.clone().next();
        fitting.find(marked).or(first)
    }
}

impl FromIterator<Jwk> for JwkSet {
    fn from_iter<I: IntoIterator<Item = Jwk>>(keys: I) -> Self {
        Self::new(keys.into_iter().collect())
    }
}

/// Writes the usable keys; skipped ones are gone.
impl Serialize for JwkSet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut set = serializer.serialize_struct("JwkSet", 1)?;
        set.serialize_field("keys", &self.keys)?;
        set.end()
    }
}

/// Applies the same rules as [`JwkSet::parse`], the size in octets apart.
impl<'de> Deserialize<'de> for JwkSet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let UniqueObject(object) = UniqueObject::deserialize(deserializer)?;
        JwkSet::from_object(&object).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{JwkSet, MAX_BYTES, MAX_KEYS, SkippedKey};
    use crate::jose::{Header, JoseError, Jwk, SigningAlgorithm, sample};
    use serde_json::json;

    #[test]
    fn refusals() {
        let key = serde_json::to_value(sample::jwk(SigningAlgorithm::ES256)).unwrap();
        let mut private = key.clone();
        private["d"] = json!("AA");
        let cases = [
            ("[]".to_owned(), JoseError::JwkSetJson),
            ("{".to_owned(), JoseError::JwkSetJson),
            ("{}".to_owned(), JoseError::JwkSetKeysMissing),
            (r#"{"keys":{}}"#.to_owned(), JoseError::JwkSetKeysMissing),
            (
                r#"{"keys":[],"keys":[]}"#.to_owned(),
                JoseError::JwkSetDuplicateMember,
            ),
            (
                r#"{"keys":[{"kty":"X","kty":"X"}]}"#.to_owned(),
                JoseError::JwkSetDuplicateMember,
            ),
            (r#"{"keys":[1]}"#.to_owned(), JoseError::JwkJson),
            (
                json!({"keys": [key, private]}).to_string(),
                JoseError::JwkPrivate,
            ),
            (
                json!({"keys": [{"kty": "oct", "k": "AA"}]}).to_string(),
                JoseError::JwkSymmetric,
            ),
            (
                json!({"keys": vec![json!({}); 65]}).to_string(),
                JoseError::JwkSetTooManyKeys,
            ),
            (
                format!("{{\"keys\":[]}}{}", " ".repeat(MAX_BYTES)),
                JoseError::JwkSetTooLarge,
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(JwkSet::parse(text.as_bytes()), Err(expected), "{text:.60}");
        }
    }

    #[test]
    fn keys_that_are_not_understood_are_skipped() {
        let good = sample::jwk(SigningAlgorithm::ES256);
        let text = json!({"keys": [
            {"kty": "AKP", "alg": "ML-DSA-44", "pub": "AA"},
            {"kty": "EC", "crv": "P-521", "x": "AA", "y": "AA"},
            good,
            {"kty": "RSA", "e": "AQAB"},
            {"kid": "no type"},
        ], "other": 1});
        let set = JwkSet::parse(text.to_string().as_bytes()).unwrap();
        assert_eq!(set.keys(), [good]);
        let skipped = [
            SkippedKey {
                index: 0,
                error: JoseError::JwkKeyTypeUnsupported,
            },
            SkippedKey {
                index: 1,
                error: JoseError::JwkCurveUnsupported,
            },
            SkippedKey {
                index: 3,
                error: JoseError::JwkMemberMissing,
            },
            SkippedKey {
                index: 4,
                error: JoseError::JwkKeyTypeMissing,
            },
        ];
        assert_eq!(set.skipped(), skipped);
    }

    #[test]
    fn as_many_keys_as_allowed() {
        let key = sample::jwk(SigningAlgorithm::EdDSA);
        let text = json!({"keys": vec![key; MAX_KEYS]}).to_string();
        let set = JwkSet::parse(text.as_bytes()).unwrap();
        assert_eq!(set.keys().len(), MAX_KEYS);
        assert_eq!(serde_json::to_string(&set).unwrap(), text);
        assert_eq!(serde_json::from_str::<JwkSet>(&text).unwrap(), set);
    }

    #[test]
    fn candidates_by_identifier_and_algorithm() {
        let set: JwkSet = SigningAlgorithm::ALL
            .iter()
            .map(|&one| sample::jwk(one))
            .collect();
        for &algorithm in SigningAlgorithm::ALL {
            let header = Header::new(algorithm).with_kid("k1");
            let candidates: Vec<&Jwk> = set.candidates(&header).collect();
            assert_eq!(candidates, [&sample::jwk(algorithm)]);
            let other = Header::new(algorithm).with_kid("k2");
            assert_eq!(set.candidates(&other).count(), 0);
        }
    }
}
