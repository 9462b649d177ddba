//! What proves that somebody is the holder of an account.

use serde::{Deserialize, Serialize};

use super::trust::Der;
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
    /// A certificate whose holder is the account's.
    Certificate(CertificateCredential),
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

/// How a certificate came to be bound to an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CertificateBinding {
    /// An administrator bound it.
    ByAdministrator,
    /// The person did, signed in by something else.
    BySelf,
    /// It named the verified identifier of exactly this account when it was first used.
    Matched,
}

impl CertificateBinding {
    /// The name in the API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ByAdministrator => "by_administrator",
            Self::BySelf => "by_self",
            Self::Matched => "matched",
        }
    }
}

/// A certificate bound to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateCredential {
    /// The certificate.
    pub certificate: Der,
    /// SHA-256 of its public key (`SubjectPublicKeyInfo`), under which it is found.
    pub key: Digest,
    /// The name of the anchor that it led to when it was bound.
    pub anchor: String,
    /// Over at, by its own word.
    pub expires_at: Timestamp,
    /// How it was bound.
    pub binding: CertificateBinding,
}

impl Credential {
    /// The password, if that is what it is.
    pub fn password(&self) -> Option<&PasswordCredential> {
        match &self.secret {
            CredentialSecret::Password(password) => Some(password),
            CredentialSecret::ActivationLink(_) | CredentialSecret::Certificate(_) => None,
        }
    }

    /// The certificate, if that is what it is.
    pub fn certificate(&self) -> Option<&CertificateCredential> {
        match &self.secret {
            CredentialSecret::Certificate(certificate) => Some(certificate),
            CredentialSecret::Password(_) | CredentialSecret::ActivationLink(_) => None,
        }
    }

    /// Whether its holder signs in by it, now and later: a link only leads to something that does.
    pub fn signs_in(&self) -> bool {
        !matches!(self.secret, CredentialSecret::ActivationLink(_))
    }

    /// The digest by which the credential itself is looked up, for those that are presented
    /// without a user name.
    pub fn lookup(&self) -> Option<Digest> {
        match &self.secret {
            CredentialSecret::Password(_) => None,
            CredentialSecret::ActivationLink(link) => Some(link.digest),
            CredentialSecret::Certificate(certificate) => Some(certificate.key),
        }
    }
}
