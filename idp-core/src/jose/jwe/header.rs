//! The protected header of a compact JWE (RFC 7516 §4).

use serde_json::{Map, Value};

use crate::jose::json::{ObjectError, object_without_duplicates};
use crate::jose::{ContentEncryption, JoseError, Jwk, KeyManagement, base64url};

/// A header whose algorithms are supported and that asks for no extension.
///
/// `jwk`, `jku`, `x5u` and `x5c` are ignored: they describe the recipient's key, which is ours.
#[derive(Clone, Debug, PartialEq)]
pub struct JweHeader {
    pub(super) alg: KeyManagement,
    pub(super) enc: ContentEncryption,
    kid: Option<String>,
    typ: Option<String>,
    cty: Option<String>,
    /// The sender's ephemeral key (RFC 7518 §4.6.1.1); present exactly for key agreement.
    pub(super) epk: Option<Jwk>,
    /// What the sender says of itself and of us (RFC 7518 §4.6.1.2, §4.6.1.3), decoded.
    pub(super) parties: [Vec<u8>; 2],
}

impl JweHeader {
    /// A header with nothing but the two algorithms.
    pub fn new(alg: KeyManagement, enc: ContentEncryption) -> Self {
        Self {
            alg,
            enc,
            kid: None,
            typ: None,
            cty: None,
            epk: None,
            parties: [Vec::new(), Vec::new()],
        }
    }

    /// Names the recipient's key (RFC 7516 §4.1.6).
    #[must_use]
    pub fn with_kid(mut self, kid: &str) -> Self {
        self.kid = Some(kid.to_owned());
        self
    }

    /// States the type of the whole (RFC 7516 §4.1.11).
    #[must_use]
    pub fn with_typ(mut self, typ: &str) -> Self {
        self.typ = Some(typ.to_owned());
        self
    }

    /// States the type of what is inside: `JWT` for a nested JWT (RFC 7519 §5.2).
    #[must_use]
    pub fn with_cty(mut self, cty: &str) -> Self {
        self.cty = Some(cty.to_owned());
        self
    }

    /// Parses the decoded header octets.
    ///
    /// Refuses what is no JSON object ([`JoseError::JweHeaderJson`]), repeated members, any `crit`
    /// ([`JoseError::JweCritical`]), any `zip` ([`JoseError::JweCompressed`]), members of a wrong JSON
    /// type, an `alg` or `enc` that is missing or not supported ([`JoseError::JweAlgorithmRsa15`],
    /// [`JoseError::JweAlgorithmSymmetric`] and [`JoseError::JweAlgorithmPassword`] tell those apart
    /// that people ask for), and with key agreement an `epk` that is absent or no key of a supported curve
    /// ([`JoseError::JweEphemeralKey`]).
    pub fn parse(octets: &[u8]) -> Result<Self, JoseError> {
        let mut object = object_without_duplicates(octets).map_err(|error| match error {
            ObjectError::DuplicateMember => JoseError::JweHeaderDuplicateMember,
            ObjectError::Malformed | ObjectError::NotAnObject => JoseError::JweHeaderJson,
        })?;
        if object.contains_key("crit") {
            return Err(JoseError::JweCritical);
        }
        if object.contains_key("zip") {
            return Err(JoseError::JweCompressed);
        }
        let alg = take_text(&mut object, "alg")?.ok_or(JoseError::JweAlgorithmMissing)?;
        let alg = KeyManagement::parse(&alg).ok_or_else(|| refused(&alg))?;
        let enc = take_text(&mut object, "enc")?.ok_or(JoseError::JweEncryptionMissing)?;
        Ok(Self {
            alg,
            enc: ContentEncryption::parse(&enc).ok_or(JoseError::JweEncryptionUnsupported)?,
            kid: take_text(&mut object, "kid")?,
            typ: take_text(&mut object, "typ")?,
            cty: take_text(&mut object, "cty")?,
            epk: alg.is_agreement().then(|| ephemeral(&object)).transpose()?,
            parties: [party(&mut object, "apu")?, party(&mut object, "apv")?],
        })
    }

    /// How the content key reaches the recipient.
    pub fn algorithm(&self) -> KeyManagement {
        self.alg
    }

    /// How the content is encrypted.
    pub fn encryption(&self) -> ContentEncryption {
        self.enc
    }

    /// Which of the recipient's keys the sender used.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The type of the whole, in the sender's spelling.
    pub fn typ(&self) -> Option<&str> {
        self.typ.as_deref()
    }

    /// The type of what is inside, in the sender's spelling.
    pub fn cty(&self) -> Option<&str> {
        self.cty.as_deref()
    }

    /// The header as it is sent and authenticated, base64url.
    pub(super) fn encode(&self) -> String {
        let mut object = Map::new();
        let mut put = |name: &str, value: Value| object.insert(name.to_owned(), value);
        put("alg", self.alg.name().into());
        put("enc", self.enc.name().into());
        for (name, value) in [("kid", &self.kid), ("typ", &self.typ), ("cty", &self.cty)] {
            if let Some(text) = value {
                put(name, text.as_str().into());
            }
        }
        if let Some(epk) = &self.epk {
            put("epk", Value::Object(epk.to_object()));
        }
        for (name, value) in ["apu", "apv"].into_iter().zip(&self.parties) {
            if !value.is_empty() {
                put(name, base64url::encode(value).into());
            }
        }
        base64url::encode(Value::Object(object).to_string().as_bytes())
    }
}

/// The rule that an algorithm outside [`KeyManagement`] breaks.
fn refused(alg: &str) -> JoseError {
    match alg {
        "RSA1_5" => JoseError::JweAlgorithmRsa15,
        "dir" | "A128KW" | "A192KW" | "A256KW" | "A128GCMKW" | "A192GCMKW" | "A256GCMKW" => {
            JoseError::JweAlgorithmSymmetric
        }
        password if password.starts_with("PBES2-") => JoseError::JweAlgorithmPassword,
        _ => JoseError::JweAlgorithmUnsupported,
    }
}

fn take_text(object: &mut Map<String, Value>, name: &str) -> Result<Option<String>, JoseError> {
    match object.remove(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(JoseError::JweHeaderMemberType),
    }
}

/// The point is checked to lie on its curve when the key is parsed, so a sender cannot learn our
/// private key from agreements on weaker curves.
fn ephemeral(object: &Map<String, Value>) -> Result<Jwk, JoseError> {
    object
        .get("epk")
        .and_then(Value::as_object)
        .and_then(|epk| Jwk::from_object(epk).ok())
        .filter(|epk| epk.key().ec_point().is_some())
        .ok_or(JoseError::JweEphemeralKey)
}

fn party(object: &mut Map<String, Value>, name: &str) -> Result<Vec<u8>, JoseError> {
    let text = take_text(object, name)?.unwrap_or_default();
    base64url::decode(text.as_bytes()).ok_or(JoseError::JwePartyBase64)
}
