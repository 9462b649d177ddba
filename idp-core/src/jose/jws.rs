//! Signed messages in the compact serialisation (RFC 7515 §7.1).
//!
//! Making one takes two steps, [`signing_input`] and [`assemble`], so that a signer behind a port (a
//! file, a hardware module, another machine) can stand between them. Reading one takes two steps as
//! well: [`CompactJws::parse`] says what the message claims, [`CompactJws::verify`] makes the proof.

use super::{Header, JoseError, Jwk, JwkSet, SigningKey, base64url, jwk_set};
use ring::rand::SecureRandom;

/// The size bound for tokens where the caller has no better one, in octets.
pub const DEFAULT_MAX_BYTES: usize = 16 * 1024;

/// The octets to be signed, as text; an issuer with a fixed header keeps [`Header::encode`]'s result
/// and asks that instead.
pub fn signing_input(header: &Header, payload: &[u8]) -> String {
    header.encode().signing_input(payload)
}

/// The finished compact serialisation: the signing input, a dot, and the encoded signature.
///
/// Does not look at either; a signature over something else makes a message that never verifies.
pub fn assemble(signing_input: String, signature: &[u8]) -> String {
    let mut compact = signing_input;
    compact.reserve(base64url::encoded_len(signature.len()) + 1);
    compact.push('.');
    base64url::encode_onto(signature, &mut compact);
    compact
}

/// Signs with a key that is at hand.
///
/// Refuses a header for another algorithm ([`JoseError::SigningAlgorithmMismatch`]).
pub fn sign(
    header: &Header,
    payload: &[u8],
    key: &SigningKey,
    rng: &dyn SecureRandom,
) -> Result<String, JoseError> {
    if header.algorithm() != key.algorithm() {
        return Err(JoseError::SigningAlgorithmMismatch);
    }
    let input = signing_input(header, payload);
    let signature = key.sign(input.as_bytes(), rng)?;
    Ok(assemble(input, &signature))
}

/// The keys that a verification may use: one, or a set to choose from by `kid` and `alg`.
#[derive(Clone, Copy, Debug)]
pub enum VerificationKeys<'a> {
    /// Exactly this key.
    One(&'a Jwk),
    /// Whichever keys of the set fit.
    Set(&'a JwkSet),
}

impl<'a> From<&'a Jwk> for VerificationKeys<'a> {
    fn from(key: &'a Jwk) -> Self {
        VerificationKeys::One(key)
    }
}

impl<'a> From<&'a JwkSet> for VerificationKeys<'a> {
    fn from(keys: &'a JwkSet) -> Self {
        VerificationKeys::Set(keys)
    }
}

/// A well-formed compact JWS; nothing in it is to be believed yet.
#[derive(Clone, Debug, PartialEq)]
pub struct CompactJws<'a> {
    signing_input: &'a [u8],
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
}

impl<'a> CompactJws<'a> {
    /// Parses text or any octets of at most `max_bytes` octets.
    ///
    /// Refuses what is larger ([`JoseError::JwsTooLarge`]), has another number of parts
    /// ([`JoseError::JwsPartCount`]; an encrypted token has five), is not strict base64url, has an
    /// empty signature, or a header that [`Header::parse`] refuses. The payload may be any octets.
    pub fn parse<T>(text: &'a T, max_bytes: usize) -> Result<Self, JoseError>
    where
        T: AsRef<[u8]> + ?Sized,
    {
        let text = text.as_ref();
        if text.len() > max_bytes {
            return Err(JoseError::JwsTooLarge);
        }
        let mut parts = text.split(|octet| *octet == b'.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(JoseError::JwsPartCount);
        };
        let header_octets = base64url::decode(header).ok_or(JoseError::JwsHeaderBase64)?;
        let signed_len = header.len() + 1 + payload.len();
        let jws = Self {
            signing_input: text.get(..signed_len).ok_or(JoseError::JwsPartCount)?,
            header: Header::parse(&header_octets)?,
            payload: base64url::decode(payload).ok_or(JoseError::JwsPayloadBase64)?,
            signature: base64url::decode(signature).ok_or(JoseError::JwsSignatureBase64)?,
        };
        if jws.signature.is_empty() {
            return Err(JoseError::JwsSignatureEmpty);
        }
        Ok(jws)
    }

    /// What the sender states about the signature.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload that nobody has vouched for; only good for finding out whose keys to load.
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies the signature under one key, or under a key of a set.
    ///
    /// With one key, refuses with what [`Jwk::check_fits`] finds. With a set, refuses when no key fits
    /// ([`JoseError::JwsNoMatchingKey`]) or more than [`jwk_set::MAX_CANDIDATES`] do
    /// ([`JoseError::JwsTooManyCandidateKeys`]). In both cases refuses a signature that does not
    /// verify ([`JoseError::JwsSignatureInvalid`]). Does not check whether the caller wants this
    /// algorithm: that is the caller's, or [`super::JwtRules`]'s.
    pub fn verify<'k>(
        &self,
        keys: impl Into<VerificationKeys<'k>>,
    ) -> Result<VerifiedJws, JoseError> {
        match keys.into() {
            VerificationKeys::One(key) => {
                key.check_fits(&self.header)?;
                self.check_signature(key)?;
            }
            VerificationKeys::Set(set) => self.check_signature_among(set)?,
        }
        Ok(VerifiedJws {
            header: self.header.clone(),
            payload: self.payload.clone(),
        })
    }

    fn check_signature_among(&self, set: &JwkSet) -> Result<(), JoseError> {
        let fitting = set.candidates(&self.header).count();
        if fitting == 0 {
            return Err(JoseError::JwsNoMatchingKey);
        }
        if fitting > jwk_set::MAX_CANDIDATES {
            return Err(JoseError::JwsTooManyCandidateKeys);
        }
        let verified = set
            .candidates(&self.header)
            .any(|key| self.check_signature(key).is_ok());
        if verified {
            Ok(())
        } else {
            Err(JoseError::JwsSignatureInvalid)
        }
    }

    fn check_signature(&self, key: &Jwk) -> Result<(), JoseError> {
        key.key()
            .verify(self.header.algorithm(), self.signing_input, &self.signature)
    }
}

/// A message whose signature was verified; only [`CompactJws::verify`] makes one.
#[derive(Clone, Debug, PartialEq)]
pub struct VerifiedJws {
    header: Header,
    payload: Vec<u8>,
}

impl VerifiedJws {
    /// The header, covered by the signature.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The payload, covered by the signature.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Header and payload, given away.
    pub fn into_parts(self) -> (Header, Vec<u8>) {
        (self.header, self.payload)
    }
}

#[cfg(test)]
mod tests {
    use super::{CompactJws, DEFAULT_MAX_BYTES, assemble, sign, signing_input};
    use crate::jose::{Header, JoseError, Jwk, JwkSet, SigningAlgorithm, SigningKey, sample};

    #[test]
    fn refusals_before_any_key_is_seen() {
        let es256 = "eyJhbGciOiJFUzI1NiJ9";
        let cases = [
            (String::new(), JoseError::JwsPartCount),
            (es256.to_owned(), JoseError::JwsPartCount),
            (format!("{es256}.AA"), JoseError::JwsPartCount),
            (format!("{es256}.AA.AA."), JoseError::JwsPartCount),
            (format!("{es256}.AA.AA.AA.AA"), JoseError::JwsPartCount),
            (format!("{es256}=.AA.AA"), JoseError::JwsHeaderBase64),
            (format!(" {es256}.AA.AA"), JoseError::JwsHeaderBase64),
            (format!("{es256}.AB.AA"), JoseError::JwsPayloadBase64),
            (format!("{es256}.A.AA"), JoseError::JwsPayloadBase64),
            (format!("{es256}.AA.A+"), JoseError::JwsSignatureBase64),
            (format!("{es256}.AA.AA\n"), JoseError::JwsSignatureBase64),
            (format!("{es256}.AA.AB"), JoseError::JwsSignatureBase64),
            (format!("{es256}.AA."), JoseError::JwsSignatureEmpty),
            (".AA.AA".to_owned(), JoseError::JwsHeaderJson),
            ("e30.AA.AA".to_owned(), JoseError::JwsAlgorithmMissing),
            (
                format!("{es256}.{}.AA", "A".repeat(80)),
                JoseError::JwsTooLarge,
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(CompactJws::parse(&text, 100), Err(expected), "{text:?}");
        }
        assert!(CompactJws::parse(&format!("{es256}..AA"), 24).is_ok());
    }

    #[test]
    fn refusals_by_the_keys() {
        let text = sample::token(SigningAlgorithm::ES256, b"{}");
        let jws = CompactJws::parse(&text, DEFAULT_MAX_BYTES).unwrap();
        let right = sample::jwk(SigningAlgorithm::ES256);
        let fresh = sample::fresh_der(SigningAlgorithm::ES256);
        let other = SigningKey::from_pkcs8(SigningAlgorithm::ES256, &fresh, &sample::rng());
        let other = other.unwrap();
        let namesake = other.public_jwk("k1").unwrap();
        let stranger = other.public_jwk("k2").unwrap();
        let rsa = sample::jwk(SigningAlgorithm::RS256);
        let cases: [(Vec<&Jwk>, Result<(), JoseError>); 7] = [
            (vec![], Err(JoseError::JwsNoMatchingKey)),
            (vec![&stranger, &rsa], Err(JoseError::JwsNoMatchingKey)),
            (vec![&namesake], Err(JoseError::JwsSignatureInvalid)),
            (vec![&namesake, &right], Ok(())),
            (vec![&rsa, &right, &stranger], Ok(())),
            (vec![&namesake, &namesake, &namesake, &right], Ok(())),
            (vec![&namesake; 5], Err(JoseError::JwsTooManyCandidateKeys)),
        ];
        for (keys, expected) in cases {
            let set: JwkSet = keys.into_iter().cloned().collect();
            assert_eq!(jws.verify(&set).map(|_| ()), expected, "{set:?}");
        }
        assert_eq!(jws.verify(&stranger), Err(JoseError::JwsKeyIdMismatch));
        assert_eq!(jws.verify(&rsa), Err(JoseError::JwsKeyAlgorithmMismatch));
        assert_eq!(jws.verify(&namesake), Err(JoseError::JwsSignatureInvalid));
    }

    #[test]
    fn a_signature_counts_only_for_its_own_algorithm_and_form() {
        let key = sample::key(SigningAlgorithm::RS256);
        let header = Header::new(SigningAlgorithm::PS256);
        let input = signing_input(&header, b"{}");
        let pkcs1 = key.sign(input.as_bytes(), &sample::rng()).unwrap();
        let text = assemble(input, &pkcs1);
        let jws = CompactJws::parse(&text, DEFAULT_MAX_BYTES).unwrap();
        let plain = Jwk::new(key.public_key().clone());
        assert_eq!(jws.verify(&plain), Err(JoseError::JwsSignatureInvalid));

        let key = sample::key(SigningAlgorithm::ES256);
        let input = signing_input(&Header::new(SigningAlgorithm::ES256), b"{}");
        let signature = key.sign(input.as_bytes(), &sample::rng()).unwrap();
        assert_eq!(signature.len(), 64);
        for wrong in [
            &signature[..63],
            &[&signature[..], &[0]].concat()[..],
            &[0; 64],
        ] {
            let text = assemble(input.clone(), wrong);
            let jws = CompactJws::parse(&text, DEFAULT_MAX_BYTES).unwrap();
            let refused = jws.verify(&Jwk::new(key.public_key().clone()));
            assert_eq!(refused, Err(JoseError::JwsSignatureInvalid));
        }
    }

    #[test]
    fn the_two_steps_make_what_sign_makes() {
        let header = Header::new(SigningAlgorithm::EdDSA).with_kid("k1");
        let key = sample::key(SigningAlgorithm::EdDSA);
        let input = signing_input(&header, b"payload");
        let signature = key.sign(input.as_bytes(), &sample::rng()).unwrap();
        let whole = sign(&header, b"payload", key, &sample::rng());
        assert_eq!(whole, Ok(assemble(input, &signature)));
        let other = Header::new(SigningAlgorithm::ES256);
        let refused = sign(&other, b"payload", key, &sample::rng());
        assert_eq!(refused, Err(JoseError::SigningAlgorithmMismatch));
    }

    #[test]
    fn keys_inside_the_header_are_never_used() {
        let key = sample::key(SigningAlgorithm::ES256);
        let own = serde_json::to_string(&sample::jwk(SigningAlgorithm::ES256)).unwrap();
        let header = Header::parse(format!(r#"{{"alg":"ES256","jwk":{own}}}"#).as_bytes());
        let text = sign(&header.unwrap(), b"{}", key, &sample::rng()).unwrap();
        let jws = CompactJws::parse(&text, DEFAULT_MAX_BYTES).unwrap();
        assert_eq!(
            jws.verify(&JwkSet::default()),
            Err(JoseError::JwsNoMatchingKey)
        );
    }
}
