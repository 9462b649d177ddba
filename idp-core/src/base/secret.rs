//! Secrets that cannot be printed or compared by accident, and the digests they rest as.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::entropy::Entropy;

/// A text that must not be logged: a password, a token, a code. Wiped when dropped.
#[derive(Clone)]
pub struct SecretText(Zeroizing<String>);

impl SecretText {
    /// Takes the text in.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// 256 fresh random bits as 43 base64url characters.
    pub fn generate(entropy: &mut Entropy) -> Self {
        let bytes = Zeroizing::new(entropy.bytes::<32>());
        Self::new(URL_SAFE_NO_PAD.encode(bytes.as_ref()))
    }

    /// The text itself, for the one place that has to send or check it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What may rest of a secret with at least 128 bits of entropy.
    pub fn digest(&self) -> Digest {
        Digest::of(self.0.as_bytes())
    }
}

impl std::fmt::Debug for SecretText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// SHA-256 of a high-entropy secret; equality takes the same time wherever the two differ.
/// Not for passwords: those have their own, slow, hash.
#[derive(Clone, Copy)]
pub struct Digest([u8; 32]);

impl Digest {
    /// Hashes `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        let mut out = [0; 32];
        let hash = ring::digest::digest(&ring::digest::SHA256, bytes);
        for (to, from) in out.iter_mut().zip(hash.as_ref()) {
            *to = *from;
        }
        Self(out)
    }

    /// A digest read back from a store.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// 43 base64url characters.
    pub fn to_base64url(self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// Reads what [`Digest::to_base64url`] wrote; `None` for anything else.
    pub fn from_base64url(text: &str) -> Option<Self> {
        URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok().map(Self)
    }
}

impl PartialEq for Digest {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}
impl Eq for Digest {}

impl std::fmt::Debug for Digest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Digest(…)")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.to_base64url())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        Self::from_base64url(&text).ok_or_else(|| de::Error::custom("not a base64url SHA-256"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_is_printed() {
        let secret = SecretText::new("mật khẩu".into());
        assert_eq!(
            format!("{secret:?} {:?}", secret.digest()),
            "SecretText(…) Digest(…)"
        );
    }

    #[test]
    fn digests_survive_their_text() {
        let digest = Digest::of(b"x");
        assert_eq!(Digest::from_base64url(&digest.to_base64url()), Some(digest));
        assert!(Digest::from_base64url("short").is_none());
    }
}
