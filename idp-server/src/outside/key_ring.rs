//! The provider's keys, opened: which signs now, which are published, which authenticate.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_core::base::fault::Fault;
use idp_core::base::seal::SealingKey;
use idp_core::base::time::Timestamp;
use idp_core::jose::{
    CompactJwe, DecryptionKey, JoseError, Jwk, JwkSet, SigningAlgorithm, SigningKey,
};
use idp_core::model::key::{Key, KeyAlgorithm, KeyPlace, KeyPurpose};
use idp_core::ports::SigningKeyRef;
use ring::hmac;

use super::device::{Device, DeviceKey};
use super::entropy::Generator;

const PLACE: &str = "signer";

/// What opens keys.
pub struct Opener {
    /// Opens what is sealed (purpose `keys` of the master key).
    pub sealing: SealingKey,
    /// Hedges the nonces of signatures.
    pub generator: Generator,
    /// Holds the keys that do not rest in the store.
    pub device: Option<Device>,
}

/// All keys of one issuer, parsed once and shared by all requests.
pub(super) struct KeyRing {
    keys: Vec<Key>,
    private: Vec<Arc<PrivateKey>>,
    published: Arc<JwkSet>,
}

/// An opened private key with what tells when it may be used.
pub(super) struct PrivateKey {
    key: Key,
    material: Material,
}

enum Material {
    Signing(SigningKey),
    Decryption(DecryptionKey),
    Device(DeviceKey),
    Mac(hmac::Key),
}

impl KeyRing {
    /// Opens what may still be needed at `now`. Retired token keys are only published, so their
    /// private halves stay closed.
    pub(super) fn open(keys: Vec<Key>, opener: &Opener, now: Timestamp) -> Result<Self, Fault> {
        let private = keys
            .iter()
            .filter(|key| is_needed(key, now))
            .map(|key| PrivateKey::open(key, opener).map(Arc::new))
            .collect::<Result<_, _>>()?;
        let published = keys
            .iter()
            .filter(|key| key.is_published(now))
            .map(|key| own_public_half(key, opener))
            .collect::<Result<_, _>>()?;
        // Audit blocks are verified by these for ever, so none may be another's.
        let audit = keys.iter().filter(|key| key.purpose == KeyPurpose::Audit);
        for key in audit {
            own_public_half(key, opener)?;
        }
        Ok(Self {
            keys,
            private,
            published: Arc::new(JwkSet::new(published)),
        })
    }

    /// Whether opening `keys` at `now` would give this ring again.
    pub(super) fn is_current(&self, keys: &[Key], now: Timestamp) -> bool {
        let needed = keys.iter().filter(|key| is_needed(key, now)).count();
        let published = keys.iter().filter(|key| key.is_published(now)).count();
        self.keys == keys
            && self.private.len() == needed
            && self.published.keys().len() == published
    }

    /// The key that signs now: the one activated last.
    pub(super) fn active(
        &self,
        purpose: KeyPurpose,
        algorithm: Option<SigningAlgorithm>,
        now: Timestamp,
    ) -> Option<SigningKeyRef> {
        let signing = self
            .private
            .iter()
            .filter_map(|private| Some((&private.key, private.algorithm()?)));
        signing
            .filter(|(_, own)| algorithm.is_none_or(|wanted| *own == wanted))
            .filter(|(key, _)| key.purpose == purpose && key.is_active(now))
            .max_by_key(|(key, _)| key.active_from)
            .map(|(key, algorithm)| SigningKeyRef {
                kid: key.kid.clone(),
                algorithm,
            })
    }

    /// The private key called `kid`.
    pub(super) fn private(&self, kid: &str) -> Option<Arc<PrivateKey>> {
        self.private
            .iter()
            .find(|private| private.key.kid == kid)
            .cloned()
    }

    /// The keys that may open a message, newest first: the one that its header names, or, where it
    /// names none, those that fit.
    pub(super) fn decrypting(&self, jwe: &CompactJwe, now: Timestamp) -> Vec<Arc<PrivateKey>> {
        let named = |kid: &str| jwe.header().kid().is_none_or(|named| named == kid);
        let mut fitting: Vec<_> = self
            .private
            .iter()
            .filter(|private| named(&private.key.kid) && is_needed(&private.key, now))
            .filter(|private| private.opens(jwe))
            .cloned()
            .collect();
        fitting.sort_by_key(|private| -private.key.active_from.millis());
        fitting
    }

    /// The keys in a device that sign at `now` or later, and whether they sign now.
    pub(super) fn in_device(&self, now: Timestamp) -> Vec<(Arc<PrivateKey>, bool)> {
        let device = self
            .private
            .iter()
            .filter(|private| private.in_device().is_some() && is_needed(&private.key, now));
        device
            .map(|private| (Arc::clone(private), private.key.is_active(now)))
            .collect()
    }

    /// The published set.
    pub(super) fn published(&self) -> Arc<JwkSet> {
        Arc::clone(&self.published)
    }

    /// The tags of `message`, the key that makes new ones first; empty when none may make any.
    pub(super) fn mac(&self, purpose: KeyPurpose, message: &[u8], now: Timestamp) -> Vec<[u8; 32]> {
        let mut usable: Vec<(&Key, &hmac::Key)> = self
            .private
            .iter()
            .filter(|private| private.key.purpose == purpose && is_needed(&private.key, now))
            .filter_map(|private| match &private.material {
                Material::Mac(mac) => Some((&private.key, mac)),
                Material::Signing(_) | Material::Decryption(_) | Material::Device(_) => None,
            })
            .collect();
        usable.sort_by_key(|(key, _)| (!key.is_active(now), -key.active_from.millis()));
        if !usable.first().is_some_and(|(key, _)| key.is_active(now)) {
            return Vec::new();
        }
        usable
            .into_iter()
            .map(|(_, mac)| tag(mac, message))
            .collect()
    }
}

impl PrivateKey {
    fn open(key: &Key, opener: &Opener) -> Result<Self, Fault> {
        let trouble = |detail: &dyn std::fmt::Display| {
            Fault::lasting(PLACE, format!("key {}: {detail}", key.kid))
        };
        let (place, sealed) = key.kept();
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|e| trouble(&e))?;
        let name = Key::seal_name(&key.issuer, &key.kid, place);
        let plain = opener.sealing.open(&name, &sealed);
        let plain = plain.map_err(|e| trouble(&e))?;
        let algorithm = KeyAlgorithm::parse(&key.algorithm).map_err(|e| trouble(&e))?;
        let material = match (algorithm, place) {
            (KeyAlgorithm::Mac, KeyPlace::Store) => {
                Material::Mac(hmac::Key::new(hmac::HMAC_SHA256, &plain))
            }
            (KeyAlgorithm::Decryption(algorithm), KeyPlace::Store) => {
                let opened = DecryptionKey::from_pkcs8(algorithm, &plain);
                Material::Decryption(opened.map_err(|e| trouble(&e))?)
            }
            (KeyAlgorithm::Signing(algorithm), KeyPlace::Store) => {
                let rng = opener.generator.secure_random();
                let opened = SigningKey::from_pkcs8(algorithm, &plain, rng);
                Material::Signing(opened.map_err(|e| trouble(&e))?)
            }
            (KeyAlgorithm::Signing(algorithm), KeyPlace::Device) => {
                let public = Jwk::parse(&plain).map_err(|e| trouble(&e))?;
                let device = opener.device.clone();
                Material::Device(DeviceKey::new(&key.kid, algorithm, public, device))
            }
            (KeyAlgorithm::Mac | KeyAlgorithm::Decryption(_), KeyPlace::Device) => {
                return Err(trouble(&"a device holds signing keys only"));
            }
        };
        Ok(Self {
            key: key.clone(),
            material,
        })
    }

    /// What it signs with; none for a key that signs nothing.
    fn algorithm(&self) -> Option<SigningAlgorithm> {
        match &self.material {
            Material::Signing(key) => Some(key.algorithm()),
            Material::Device(key) => Some(key.algorithm()),
            Material::Decryption(_) | Material::Mac(_) => None,
        }
    }

    /// The way to a private half that a device holds.
    pub(super) fn in_device(&self) -> Option<&DeviceKey> {
        match &self.material {
            Material::Device(key) => Some(key),
            Material::Signing(_) | Material::Decryption(_) | Material::Mac(_) => None,
        }
    }

    fn opens(&self, jwe: &CompactJwe) -> bool {
        match &self.material {
            Material::Decryption(key) => key.opens(jwe.header().algorithm()),
            Material::Signing(_) | Material::Device(_) | Material::Mac(_) => false,
        }
    }

    /// Decrypts; some tenths of a millisecond on elliptic curves, more than one for RSA.
    pub(super) fn decrypt(&self, jwe: &CompactJwe) -> Result<Vec<u8>, JoseError> {
        match &self.material {
            Material::Decryption(key) => jwe.decrypt(key),
            Material::Signing(_) | Material::Device(_) | Material::Mac(_) => {
                Err(JoseError::JweNoMatchingKey)
            }
        }
    }

    /// Signs with a key that rests in the store; some hundredths of a millisecond for elliptic curves, about one for RSA.
    pub(super) fn sign(&self, message: &[u8], generator: &Generator) -> Result<Vec<u8>, Fault> {
        match &self.material {
            Material::Signing(key) => key
                .sign(message, generator.secure_random())
                .map_err(|e| Fault::lasting(PLACE, e)),
            Material::Device(_) => Err(Fault::lasting(PLACE, "the device signs with this key")),
            Material::Decryption(_) | Material::Mac(_) => {
                Err(Fault::lasting(PLACE, "this key signs nothing"))
            }
        }
    }
}

/// Whether the private half may be used at `now` or later.
fn is_needed(key: &Key, now: Timestamp) -> bool {
    let end = match key.purpose {
        KeyPurpose::Refresh | KeyPurpose::Encryption => key.published_until,
        KeyPurpose::Token | KeyPurpose::Audit => key.active_until,
    };
    end.is_none_or(|end| now < end)
}

/// The public half, derived from the sealed private one, or sealed itself: who can write the store but does not hold
/// the master key can neither add a key nor put another's public half in place of ours.
fn own_public_half(key: &Key, opener: &Opener) -> Result<Jwk, Fault> {
    let trouble = |detail: &dyn std::fmt::Display| {
        Fault::lasting(PLACE, format!("key {}: {detail}", key.kid))
    };
    let own = match PrivateKey::open(key, opener)?.material {
        Material::Signing(signing) => signing.public_jwk(&key.kid).map_err(|e| trouble(&e))?,
        Material::Decryption(own) => own.public_jwk(&key.kid).map_err(|e| trouble(&e))?,
        Material::Device(device) => device.public().clone(),
        Material::Mac(_) => return Err(trouble(&"a MAC key has no public half")),
    };
    let stored = key
        .public_jwk
        .as_ref()
        .and_then(serde_json::Value::as_object);
    if stored != Some(&own.to_object()) {
        return Err(trouble(
            &"the stored public half is not its own; the store was changed",
        ));
    }
    Ok(own)
}

fn tag(key: &hmac::Key, message: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    for (to, from) in out.iter_mut().zip(hmac::sign(key, message).as_ref()) {
        *to = *from;
    }
    out
}
