//! The other doors to outside: signing, password hashing, fetching.

use async_trait::async_trait;

use crate::base::fault::Fault;
use crate::base::issuer::IssuerKey;
use crate::base::secret::SecretText;
use crate::jose::{CompactJwe, JoseError, SigningAlgorithm};
use crate::model::key::{KeyAlgorithm, KeyPlace, KeyPurpose};

/// Which key signs next: its `kid` and JWA algorithm.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeyRef {
    /// The key's id.
    pub kid: String,
    /// The JWA name of its algorithm.
    pub algorithm: SigningAlgorithm,
}

/// Holds the private keys. A signature may be discarded when the commit conflicts.
#[async_trait]
pub trait Signer: Send + Sync {
    /// The active key of a purpose; for tokens the one of `algorithm`.
    ///
    /// # Errors
    /// When no such key is active or keys cannot be read.
    async fn active_key(
        &self,
        issuer: &IssuerKey,
        purpose: KeyPurpose,
        algorithm: Option<SigningAlgorithm>,
    ) -> Result<SigningKeyRef, Fault>;

    /// Signs `message` with the key.
    ///
    /// # Errors
    /// When the key is gone or the device refuses.
    async fn sign(
        &self,
        issuer: &IssuerKey,
        key: &SigningKeyRef,
        message: &[u8],
    ) -> Result<Vec<u8>, Fault>;

    /// The published public keys, as a JWK set.
    ///
    /// # Errors
    /// When keys cannot be read.
    async fn published(
        &self,
        issuer: &IssuerKey,
    ) -> Result<std::sync::Arc<crate::jose::JwkSet>, Fault>;

    /// The HMAC-SHA-256 tags of `message` under every usable symmetric key of `purpose`, newest
    /// key first: the first tag is for making, all are for checking.
    ///
    /// # Errors
    /// When keys cannot be read.
    async fn mac(
        &self,
        issuer: &IssuerKey,
        purpose: KeyPurpose,
        message: &[u8],
    ) -> Result<Vec<[u8; 32]>, Fault>;

    /// Decrypts what was encrypted to one of the provider's keys of [`KeyPurpose::Encryption`]: to
    /// the one that the header names, or, where it names none, to any. The inner result refuses
    /// with [`JoseError::JweNoMatchingKey`], also where there is no such key at all, or with what
    /// [`CompactJwe::decrypt`] refuses.
    ///
    /// # Errors
    /// When keys cannot be read.
    async fn decrypt(
        &self,
        _issuer: &IssuerKey,
        _jwe: &CompactJwe,
    ) -> Result<Result<Vec<u8>, JoseError>, Fault> {
        Ok(Err(JoseError::JweNoMatchingKey))
    }

    /// What keeps a key that should sign now, and rests in a device, from signing. None as well
    /// when no active key rests in a device, and when the keys cannot be read, which
    /// [`Signer::published`] tells.
    async fn obstacle(&self, _issuer: &IssuerKey) -> Option<Obstacle> {
        None
    }
}

/// What keeps a device from signing: a closed list, shown to whoever asks whether this node is
/// ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// The configuration of this node names no device.
    NotConfigured,
    /// The token is not there, or the device fails.
    Absent,
    /// The PIN was refused. It is not tried again, because that would lock the token.
    PinRefused,
    /// The token does not hold the key, or does not sign with it as published.
    KeyUnusable,
    /// It did not answer in time.
    Slow,
}

impl Obstacle {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::Absent => "absent",
            Self::PinRefused => "pin_refused",
            Self::KeyUnusable => "key_unusable",
            Self::Slow => "slow",
        }
    }
}

/// The answer of a password check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordVerdict {
    /// It is the right one.
    pub correct: bool,
    /// The stored hash is weaker than the policy asks, so it should be replaced.
    pub outdated: bool,
}

/// Hashes passwords on threads of its own, a bounded number at a time.
#[async_trait]
pub trait Passwords: Send + Sync {
    /// Checks a password against a stored hash; without a hash it does the same work and answers
    /// no, so that time does not tell whether an account exists.
    ///
    /// # Errors
    /// A transient fault when the queue is full.
    async fn verify(
        &self,
        hash: Option<&str>,
        password: &SecretText,
    ) -> Result<PasswordVerdict, Fault>;

    /// Hashes a new password.
    ///
    /// # Errors
    /// A transient fault when the queue is full.
    async fn hash(&self, password: &SecretText) -> Result<String, Fault>;

    /// Wraps a hash of another system in Argon2id, so that it may rest.
    ///
    /// # Errors
    /// A transient fault when the queue is full; a lasting one for a hash of no known kind, which
    /// the caller has refused before.
    async fn wrap(&self, imported: &SecretText) -> Result<String, Fault>;
}

/// A guarded request to outside.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// The address, https unless the operator listed its host.
    pub url: String,
    /// A form to POST; a GET when absent.
    pub form: Option<Vec<(String, SecretText)>>,
    /// At most so many bytes of answer.
    pub most_bytes: usize,
}

/// A guarded question about the status of certificates. It goes only to hosts that the operator
/// listed for it: the address comes from a certificate. Plain HTTP will do, because what comes back
/// is signed.
#[derive(Clone, Debug)]
pub struct StatusRequest {
    /// The address, `http` or `https`.
    pub url: String,
    /// An OCSP request to POST (RFC 6960 appendix A.1); a GET when absent.
    pub question: Option<Vec<u8>>,
    /// At most so many bytes of answer.
    pub most_bytes: usize,
    /// The longest time for all of it.
    pub patience: std::time::Duration,
}

/// The answer to an [`Outgoing`] request.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: Vec<u8>,
}

/// The one guarded fetcher.
#[async_trait]
pub trait Fetch: Send + Sync {
    /// Sends the request: no redirects, bounded time and size, no private addresses unless listed.
    ///
    /// # Errors
    /// A transient fault that says, in a word of a closed list, what failed.
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, Fault>;

    /// Asks about the status of certificates: ports 80 and 443 of listed hosts, no redirects,
    /// bounded time and size, no private addresses unless listed.
    ///
    /// # Errors
    /// As [`Fetch::fetch`].
    async fn fetch_status(&self, _request: StatusRequest) -> Result<Incoming, Fault> {
        Err(Fault::transient("fetch", "not_offered"))
    }
}

/// What is known about whether the certificates of one path are revoked. Nothing in it is verified.
#[derive(Clone, Debug, Default)]
pub struct StatusEvidence {
    /// Revocation lists, complete and delta ones.
    pub lists: Vec<pki::revocation::RevocationList>,
    /// Answers of responders, of any nonce: those that had to come back did.
    pub answers: Vec<pki::ocsp::Response>,
    /// Certificates of those who sign lists in the place of an issuer.
    pub certificates: Vec<pki::Certificate>,
}

/// Whose status is asked for.
#[derive(Clone, Copy, Debug)]
pub struct StatusQuestion<'a> {
    /// The path; it holds, so its addresses may be asked.
    pub path: &'a pki::path::ValidPath,
    /// How the operator wants it asked.
    pub rule: &'a crate::model::trust::RevocationRule,
    /// When.
    pub now: crate::base::time::Timestamp,
}

/// What became of a revocation list that an operator brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ListOutcome {
    /// It is kept, or would be.
    Kept,
    /// This very list was kept before.
    Known,
    /// It is not kept: a word of a closed list.
    Refused(String),
}

/// A revocation list that an operator brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtList {
    /// Who issued it, as the name reads; empty where the octets are no list.
    pub issuer: String,
    /// Made.
    pub this_update: Option<crate::base::time::Timestamp>,
    /// The next one comes by then.
    pub next_update: Option<crate::base::time::Timestamp>,
    /// How many certificates it calls revoked.
    pub entries: u64,
    /// What became of it.
    pub outcome: ListOutcome,
}

/// Learns whether certificates are revoked, and keeps what it learned where all nodes find it.
#[async_trait]
pub trait CertificateStatus: Send + Sync {
    /// What is known without asking anybody outside; answers that are over are among it.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn known(&self, question: StatusQuestion<'_>) -> Result<StatusEvidence, Fault>;

    /// Asks those who are to be asked, and answers with all that is known then. That nobody answers
    /// is no fault: it is noted, and what was known before is what is known.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn learned(&self, question: StatusQuestion<'_>) -> Result<StatusEvidence, Fault>;

    /// Takes in one revocation list, DER or PEM, that an operator brought, if it is signed by somebody
    /// who is trusted; in a rehearsal only says whether it would.
    ///
    /// # Errors
    /// When the store fails, or lists are not kept here at all.
    async fn bring(
        &self,
        _list: Vec<u8>,
        _trust: &crate::model::trust::Trust,
        _now: crate::base::time::Timestamp,
        _rehearsal: bool,
    ) -> Result<BroughtList, Fault> {
        Err(Fault::lasting("certificate_status", "not offered here"))
    }
}

/// Knows nothing and asks nobody: every certificate whose status matters is refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatusUnknown;

#[async_trait]
impl CertificateStatus for StatusUnknown {
    async fn known(&self, _question: StatusQuestion<'_>) -> Result<StatusEvidence, Fault> {
        Ok(StatusEvidence::default())
    }

    async fn learned(&self, _question: StatusQuestion<'_>) -> Result<StatusEvidence, Fault> {
        Ok(StatusEvidence::default())
    }
}

/// A key that is to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyToMake {
    /// Whose.
    pub issuer: IssuerKey,
    /// Its name.
    pub kid: String,
    /// What for.
    pub purpose: KeyPurpose,
    /// What it computes. Only keys that sign can be kept elsewhere than in the store.
    pub algorithm: KeyAlgorithm,
    /// Where its private part is to be kept.
    pub place: KeyPlace,
}

/// A key that was just made, ready to rest.
#[derive(Clone, Debug)]
pub struct MadeKey {
    /// The public JWK, carrying the `kid`; absent for symmetric keys.
    pub public_jwk: Option<serde_json::Value>,
    /// What [`crate::model::key::Key::sealed`] will hold.
    pub sealed: String,
}

/// Makes the provider's keys, on threads of its own: an RSA key takes up to seconds.
#[async_trait]
pub trait KeyMaker: Send + Sync {
    /// Whether keys can be made in this place.
    fn offers(&self, place: KeyPlace) -> bool;

    /// Makes a key.
    ///
    /// # Errors
    /// When the generator or the device fails.
    async fn make(&self, wanted: &KeyToMake) -> Result<MadeKey, Fault>;

    /// Gives up a key that was made and will not be stored: a device would keep it for ever.
    ///
    /// # Errors
    /// When the device fails; the key then stays there, unused.
    async fn discard(&self, unwanted: &KeyToMake) -> Result<(), Fault>;
}

/// Hears of trouble beside a request: something went wrong after what was asked for was done, so
/// that nobody is refused for it, and only the operator is told.
pub trait Notices: Send + Sync {
    /// Notes it. `request` is the id that the caller also sees, where one is known.
    fn note(&self, fault: &Fault, request: Option<&str>);
}
