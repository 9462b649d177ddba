//! Cheap doors to outside, with one real signing key behind them.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;

use crate::base::fault::Fault;
use crate::base::issuer::IssuerKey;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::jose::{JwkSet, SigningAlgorithm, SigningKey};
use crate::model::key::KeyPurpose;
use crate::ports::{
    CertificateStatus, Fetch, Incoming, Notices, Outgoing, PasswordVerdict, Passwords, Signer,
    SigningKeyRef, StatusEvidence, StatusQuestion,
};
use crate::store::memory::MemoryTickets;
use crate::store::tickets::{TicketAnswer, TicketOp, Tickets};

#[allow(clippy::disallowed_methods)] // Tests stand outside of the rule that keeps decisions pure.
pub(super) fn rng() -> ring::rand::SystemRandom {
    ring::rand::SystemRandom::new()
}

/// A signing key of its own.
pub(super) fn signing_key() -> SigningKey {
    let der = SigningKey::generate(SigningAlgorithm::ES256, &rng()).unwrap();
    SigningKey::from_pkcs8(SigningAlgorithm::ES256, der.as_bytes(), &rng()).unwrap()
}

/// Signs by one ES256 key.
pub(super) struct OneKey(pub(super) SigningKey);

#[async_trait]
impl Signer for OneKey {
    async fn active_key(
        &self,
        _: &IssuerKey,
        _: KeyPurpose,
        _: Option<SigningAlgorithm>,
    ) -> Result<SigningKeyRef, Fault> {
        let (kid, algorithm) = ("k".to_owned(), SigningAlgorithm::ES256);
        Ok(SigningKeyRef { kid, algorithm })
    }

    async fn sign(
        &self,
        _: &IssuerKey,
        _: &SigningKeyRef,
        message: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        Ok(self.0.sign(message, &rng()).unwrap())
    }

    async fn published(&self, _: &IssuerKey) -> Result<Arc<JwkSet>, Fault> {
        Ok(Arc::new(JwkSet::new(vec![self.0.public_jwk("k").unwrap()])))
    }

    async fn mac(
        &self,
        issuer: &IssuerKey,
        _: KeyPurpose,
        message: &[u8],
    ) -> Result<Vec<[u8; 32]>, Fault> {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, issuer.as_str().as_bytes());
        let tag = ring::hmac::sign(&key, message);
        Ok(vec![tag.as_ref().try_into().unwrap()])
    }
}

/// Something that happens while a flow waits for its answer.
pub(super) type Meanwhile = Pin<Box<dyn Future<Output = ()> + Send>>;

/// "Hashes" by writing `plain:` in front; `weak:` in its place is an outdated hash.
#[derive(Default)]
pub(super) struct PlainPasswords {
    pub(super) checked: AtomicU64,
    /// What happens while the next password is worked on.
    pub(super) meanwhile: Mutex<Option<Meanwhile>>,
    pub(super) busy: AtomicBool,
}

#[async_trait]
impl Passwords for PlainPasswords {
    async fn verify(
        &self,
        hash: Option<&str>,
        password: &SecretText,
    ) -> Result<PasswordVerdict, Fault> {
        tokio::task::yield_now().await;
        if self.busy.load(Ordering::SeqCst) {
            return Err(Fault::transient("passwords", "the queue is full"));
        }
        self.checked.fetch_add(1, Ordering::SeqCst);
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(meanwhile) = meanwhile {
            meanwhile.await;
        }
        let (kind, text) = hash.and_then(|h| h.split_once(':')).unwrap_or_default();
        let (correct, outdated) = (text == password.expose(), kind == "weak");
        Ok(PasswordVerdict {
            correct: correct && hash.is_some(),
            outdated,
        })
    }

    async fn hash(&self, password: &SecretText) -> Result<String, Fault> {
        Ok(format!("plain:{}", password.expose()))
    }

    async fn wrap(&self, imported: &SecretText) -> Result<String, Fault> {
        Ok(imported.expose().to_owned())
    }
}

/// Knows of the status of certificates what it was told, and learns what it was told besides.
#[derive(Default)]
pub(super) struct Status {
    known: Mutex<StatusEvidence>,
    outside: Mutex<Option<StatusEvidence>>,
    /// So often somebody outside would have been asked.
    pub(super) asked: AtomicU64,
}

impl Status {
    /// From now on this is known.
    pub(super) fn know(&self, evidence: StatusEvidence) {
        *self.known.lock().unwrap() = evidence;
    }

    /// From now on this is learned by asking; until then nobody answers.
    pub(super) fn answer(&self, evidence: StatusEvidence) {
        *self.outside.lock().unwrap() = Some(evidence);
    }
}

#[async_trait]
impl CertificateStatus for Status {
    async fn known(&self, _: StatusQuestion<'_>) -> Result<StatusEvidence, Fault> {
        Ok(self.known.lock().unwrap().clone())
    }

    async fn learned(&self, question: StatusQuestion<'_>) -> Result<StatusEvidence, Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if let Some(evidence) = self.outside.lock().unwrap().clone() {
            self.know(evidence);
        }
        self.known(question).await
    }
}

/// Answers requests to outside from a table, and remembers them.
#[derive(Default)]
pub(super) struct Outside {
    pub(super) bodies: Mutex<BTreeMap<String, Vec<u8>>>,
    pub(super) requests: Mutex<Vec<Outgoing>>,
}

#[async_trait]
impl Fetch for Outside {
    async fn fetch(&self, request: Outgoing) -> Result<Incoming, Fault> {
        let body = self.bodies.lock().unwrap().get(&request.url).cloned();
        self.requests.lock().unwrap().push(request);
        let body = body.ok_or_else(|| Fault::transient("fetch", "connect"))?;
        Ok(Incoming { status: 200, body })
    }
}

/// Which operations fail, for as long as they do.
type Broken = fn(&TicketOp) -> bool;

/// Tickets that let every other task run before and after each answer, and that can break.
#[derive(Default)]
pub(super) struct Yielding {
    tickets: MemoryTickets,
    pub(super) broken: Mutex<Option<Broken>>,
    /// How often it was asked anything.
    pub(super) asked: AtomicU64,
}

#[async_trait]
impl Tickets for Yielding {
    async fn apply(&self, ops: Vec<TicketOp>, now: Timestamp) -> Result<Vec<TicketAnswer>, Fault> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let broken = *self.broken.lock().unwrap();
        if broken.is_some_and(|broken| ops.iter().any(broken)) {
            return Err(Fault::transient("tickets", "the store is away"));
        }
        let answers = self.tickets.apply(ops, now).await;
        tokio::task::yield_now().await;
        answers
    }

    async fn sweep(&self, now: Timestamp) -> Result<u64, Fault> {
        self.tickets.sweep(now).await
    }
}

/// Remembers what went wrong beside requests.
#[derive(Default)]
pub(super) struct Heard(pub(super) Mutex<Vec<String>>);

impl Notices for Heard {
    fn note(&self, fault: &Fault, _: Option<&str>) {
        self.0.lock().unwrap().push(fault.detail.clone());
    }
}
