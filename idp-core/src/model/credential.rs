//! What proves that somebody is the holder of an account.

use serde::{Deserialize, Serialize};

use super::{CredentialId, UserId, Version};
use crate::base::secret::Digest;
use crate::base::time::Timestamp;

/// A credential of one account. It rests apart from the account, so that lists and tokens never
/// load a hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Credential {
    /// Its identity.
    pub id: CredentialId,
    /// Written so often.
    pub version: Version,
    /// Whose it is.
    pub user: UserId,
    /// What it is.
    pub secret: CredentialSecret,
    /// Set at.
    pub set_at: Timestamp,
}

/// The kinds of credentials.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CredentialSecret {
    /// A password.
    Password(PasswordCredential),
    /// A one-time link by which its holder sets a new password.
    ActivationLink(ActivationLink),
}

/// A password at rest.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PasswordCredential {
    /// The hash in PHC format, always Argon2id outermost.
    pub hash: String,
    /// The person must set another one at the next sign-in.
    #[serde(default)]
    pub must_change: bool,
    /// Hashes of earlier passwords, newest first, that may not come back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<String>,
}

impl std::fmt::Debug for PasswordCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordCredential")
            .field("must_change", &self.must_change)
            .finish()
    }
}

/// A link that an administrator handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActivationLink {
    /// The digest of its 256-bit secret.
    pub digest: Digest,
    /// Until when it works.
    pub expires_at: Timestamp,
}

impl Credential {
    /// The password, if that is what it is.
    pub fn password(&self) -> Option<&PasswordCredential> {
        match &self.secret {
            CredentialSecret::Password(password) => Some(password),
            CredentialSecret::ActivationLink(_) => None,
        }
    }

    /// The digest by which the credential itself is looked up, for those that are presented
    /// without a user name.
    pub fn lookup(&self) -> Option<Digest> {
        match &self.secret {
            CredentialSecret::Password(_) => None,
            CredentialSecret::ActivationLink(link) => Some(link.digest),
        }
    }
}
