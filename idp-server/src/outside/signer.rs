//! The signer: keys that rest sealed in the store, and keys that a device holds for us.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use idp_core::base::fault::Fault;
use idp_core::base::issuer::IssuerKey;
use idp_core::base::time::Timestamp;
use idp_core::jose::{CompactJwe, JoseError, JwkSet, SigningAlgorithm};
use idp_core::model::key::KeyPurpose;
use idp_core::ports::{Obstacle, Signer, SigningKeyRef};
use idp_core::store::Records;

use super::clock::Clock;
use super::device::Trouble;
use super::key_ring::{KeyRing, Opener};

const PLACE: &str = "signer";

/// Keys are looked up again when what is known is older than this, so that a rotation on another
/// node is seen in time; far below the announcement of a new key.
const FRESH: Duration = Duration::from_secs(5);

/// A [`Signer`] over the keys of a store. Parsed keys are kept; no lock is held while signing.
pub struct RingSigner {
    records: Arc<dyn Records>,
    opener: Opener,
    clock: Clock,
    rings: RwLock<HashMap<IssuerKey, Known>>,
    loading: tokio::sync::Mutex<()>,
}

#[derive(Clone)]
struct Known {
    ring: Arc<KeyRing>,
    at: Timestamp,
}

impl RingSigner {
    /// Signs with the keys of `records`.
    #[must_use]
    pub fn new(records: Arc<dyn Records>, opener: Opener, clock: Clock) -> Self {
        Self {
            records,
            opener,
            clock,
            rings: RwLock::default(),
            loading: tokio::sync::Mutex::default(),
        }
    }

    /// Reads the keys of an issuer anew, after a change of them in this process.
    ///
    /// # Errors
    /// When the store fails or a key does not open.
    pub async fn refresh(&self, issuer: &IssuerKey) -> Result<(), Fault> {
        let _one = self.loading.lock().await;
        self.load(issuer).await.map(drop)
    }

    /// What keeps keys in a device from signing, the announced ones too: each key that does not
    /// sign, with the reason.
    ///
    /// # Errors
    /// When the store fails or a key does not open.
    pub async fn troubles(&self, issuer: &IssuerKey) -> Result<Vec<Trouble>, Fault> {
        let ring = self.ring(issuer).await?;
        let mut troubles = Vec::new();
        for (private, _) in ring.in_device(self.clock.now()) {
            if let Some(key) = private.in_device() {
                troubles.extend(key.trouble().await);
            }
        }
        Ok(troubles)
    }

    async fn load(&self, issuer: &IssuerKey) -> Result<Arc<KeyRing>, Fault> {
        let keys = self.records.keys(issuer).await?;
        let now = self.clock.now();
        let ring = match self.known(issuer) {
            Some(known) if known.ring.is_current(&keys, now) => known.ring,
            _ => Arc::new(KeyRing::open(keys, &self.opener, now)?),
        };
        let known = Known {
            ring: Arc::clone(&ring),
            at: now,
        };
        let mut rings = self.rings.write().unwrap_or_else(PoisonError::into_inner);
        rings.insert(issuer.clone(), known);
        Ok(ring)
    }

    fn known(&self, issuer: &IssuerKey) -> Option<Known> {
        let rings = self.rings.read().unwrap_or_else(PoisonError::into_inner);
        rings.get(issuer).cloned()
    }

    /// The keys as known; when they are no longer fresh, one caller reads them again while all
    /// others go on with what is known.
    async fn ring(&self, issuer: &IssuerKey) -> Result<Arc<KeyRing>, Fault> {
        let is_fresh = |known: &Known| {
            // Also stale when the clock went back, so that a wrong clock does not freeze the keys.
            let now = self.clock.now();
            known.at <= now && now.since(known.at) < FRESH
        };
        let Some(known) = self.known(issuer) else {
            let _one = self.loading.lock().await;
            return match self.known(issuer) {
                Some(known) => Ok(known.ring),
                None => self.load(issuer).await,
            };
        };
        if is_fresh(&known) {
            return Ok(known.ring);
        }
        let Ok(_one) = self.loading.try_lock() else {
            return Ok(known.ring);
        };
        match self.load(issuer).await {
            Ok(ring) => Ok(ring),
            // A store that is busy for a moment must not stop signing.
            Err(fault) if fault.transient => {
                tracing::warn!(%fault, "keys not refreshed");
                Ok(known.ring)
            }
            Err(fault) => Err(fault),
        }
    }
}

#[async_trait]
impl Signer for RingSigner {
    async fn active_key(
        &self,
        issuer: &IssuerKey,
        purpose: KeyPurpose,
        algorithm: Option<SigningAlgorithm>,
    ) -> Result<SigningKeyRef, Fault> {
        let ring = self.ring(issuer).await?;
        let missing = || {
            let wanted = algorithm.map_or("any", SigningAlgorithm::name);
            Fault::lasting(
                PLACE,
                format!("no active {purpose:?} key ({wanted}) of {issuer}"),
            )
        };
        ring.active(purpose, algorithm, self.clock.now())
            .ok_or_else(missing)
    }

    async fn sign(
        &self,
        issuer: &IssuerKey,
        key: &SigningKeyRef,
        message: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let ring = self.ring(issuer).await?;
        let private = ring
            .private(&key.kid)
            .ok_or_else(|| Fault::transient(PLACE, format!("key {} is gone", key.kid)))?;
        if let Some(key) = private.in_device() {
            return Ok(key.sign(message).await?);
        }
        if !key.algorithm.is_rsa() {
            return private.sign(message, &self.opener.generator);
        }
        // An RSA signature takes about a millisecond: too long for a thread that serves others.
        let (message, generator) = (message.to_vec(), self.opener.generator.clone());
        let signed = tokio::task::spawn_blocking(move || private.sign(&message, &generator));
        signed
            .await
            .map_err(|_| Fault::lasting(PLACE, "signing broke off"))?
    }

    async fn published(&self, issuer: &IssuerKey) -> Result<Arc<JwkSet>, Fault> {
        Ok(self.ring(issuer).await?.published())
    }

    async fn mac(
        &self,
        issuer: &IssuerKey,
        purpose: KeyPurpose,
        message: &[u8],
    ) -> Result<Vec<[u8; 32]>, Fault> {
        let tags = self
            .ring(issuer)
            .await?
            .mac(purpose, message, self.clock.now());
        if tags.is_empty() {
            let detail = format!("no active {purpose:?} key of {issuer}");
            return Err(Fault::lasting(PLACE, detail));
        }
        Ok(tags)
    }

    async fn decrypt(
        &self,
        issuer: &IssuerKey,
        jwe: &CompactJwe,
    ) -> Result<Result<Vec<u8>, JoseError>, Fault> {
        let fitting = self.ring(issuer).await?.decrypting(jwe, self.clock.now());
        if fitting.is_empty() {
            return Ok(Err(JoseError::JweNoMatchingKey));
        }
        let jwe = jwe.clone();
        // Too long for a thread that serves others, as RSA signatures are.
        let decrypted = tokio::task::spawn_blocking(move || {
            let mut opened = fitting.iter().map(|key| key.decrypt(&jwe));
            let first = opened.find(Result::is_ok);
            first.unwrap_or(Err(JoseError::JweDecryptionFailed))
        });
        decrypted
            .await
            .map_err(|_| Fault::lasting(PLACE, "decrypting broke off"))
    }

    async fn obstacle(&self, issuer: &IssuerKey) -> Option<Obstacle> {
        let ring = self.ring(issuer).await.ok()?;
        for (private, active) in ring.in_device(self.clock.now()) {
            if let Some(key) = private.in_device().filter(|_| active)
                && let Some(trouble) = key.trouble().await
            {
                return Some(trouble.obstacle);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests;
