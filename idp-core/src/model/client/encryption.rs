//! How answers are encrypted for a client.

use super::ClientFeatures;
use crate::jose::{ContentEncryption, KeyManagement};

/// Two algorithms that belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Encryption {
    /// How the content key reaches the client.
    pub alg: KeyManagement,
    /// How the content is encrypted.
    pub enc: ContentEncryption,
}

impl Encryption {
    /// The registered algorithms; A128CBC-HS256 for the content where only the first was registered
    /// (OpenID Connect Registration §2). None without the first.
    fn of(alg: Option<KeyManagement>, enc: Option<ContentEncryption>) -> Option<Self> {
        alg.map(|alg| Self {
            alg,
            enc: enc.unwrap_or(ContentEncryption::A128CbcHs256),
        })
    }
}

impl ClientFeatures {
    /// How ID Tokens are encrypted, if they are.
    pub fn id_token_encryption(&self) -> Option<Encryption> {
        Encryption::of(
            self.id_token_encrypted_response_alg,
            self.id_token_encrypted_response_enc,
        )
    }

    /// How userinfo is encrypted, if it is.
    pub fn userinfo_encryption(&self) -> Option<Encryption> {
        Encryption::of(
            self.userinfo_encrypted_response_alg,
            self.userinfo_encrypted_response_enc,
        )
    }

    /// How JARM answers are encrypted, if they are.
    pub fn authorization_encryption(&self) -> Option<Encryption> {
        Encryption::of(
            self.authorization_encrypted_response_alg,
            self.authorization_encrypted_response_enc,
        )
    }

    /// How introspection answers are encrypted, if they are.
    pub fn introspection_encryption(&self) -> Option<Encryption> {
        Encryption::of(
            self.introspection_encrypted_response_alg,
            self.introspection_encrypted_response_enc,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_content_has_a_default_and_the_key_none() {
        let mut features = ClientFeatures::default();
        assert_eq!(features.id_token_encryption(), None);
        features.id_token_encrypted_response_alg = Some(KeyManagement::EcdhEs);
        let expected = |enc| {
            let alg = KeyManagement::EcdhEs;
            Some(Encryption { alg, enc })
        };
        let by_default = expected(ContentEncryption::A128CbcHs256);
        assert_eq!(features.id_token_encryption(), by_default);
        features.id_token_encrypted_response_enc = Some(ContentEncryption::A256Gcm);
        let chosen = expected(ContentEncryption::A256Gcm);
        assert_eq!(features.id_token_encryption(), chosen);
        assert_eq!(features.userinfo_encryption(), None);
        assert_eq!(features.authorization_encryption(), None);
        assert_eq!(features.introspection_encryption(), None);
    }
}
