//! New keys: made, sealed under the master key or kept by a device, ready to be stored.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_core::base::fault::Fault;
use idp_core::base::seal::SealingKey;
use idp_core::jose::{DecryptionKey, Jwk, KeyManagement, SigningAlgorithm, SigningKey};
use idp_core::model::key::{Key, KeyAlgorithm, KeyPlace};
use idp_core::ports::{KeyMaker, KeyToMake, MadeKey, Obstacle};
use zeroize::Zeroizing;

use super::device::{Device, Trouble};
use super::entropy::Generator;

const PLACE: &str = "key maker";

/// Makes keys from the system's generator and seals them, or has the device make them.
#[derive(Clone)]
pub struct SealedKeyMaker {
    sealing: Arc<SealingKey>,
    generator: Generator,
    device: Option<Device>,
}

impl SealedKeyMaker {
    /// Seals with `sealing` (purpose `keys` of the master key).
    #[must_use]
    pub fn new(sealing: Arc<SealingKey>, generator: Generator, device: Option<Device>) -> Self {
        Self {
            sealing,
            generator,
            device,
        }
    }

    fn make_here(&self, wanted: &KeyToMake) -> Result<MadeKey, Fault> {
        let (private, public_jwk) = match wanted.algorithm {
            KeyAlgorithm::Signing(algorithm) => self.signing_parts(&wanted.kid, algorithm)?,
            KeyAlgorithm::Decryption(algorithm) => self.decryption_parts(&wanted.kid, algorithm)?,
            KeyAlgorithm::Mac => {
                let random = self.generator.entropy()?.bytes::<32>();
                (Zeroizing::new(random.to_vec()), None)
            }
        };
        self.sealed(wanted, &private, public_jwk)
    }

    fn signing_parts(&self, kid: &str, algorithm: SigningAlgorithm) -> Result<Parts, Fault> {
        let trouble = |e| Fault::lasting(PLACE, e);
        let rng = self.generator.secure_random();
        let der = SigningKey::generate(algorithm, rng).map_err(trouble)?;
        let key = SigningKey::from_pkcs8(algorithm, der.as_bytes(), rng).map_err(trouble)?;
        let public = key.public_jwk(kid).map_err(trouble)?.to_object();
        let private = Zeroizing::new(der.as_bytes().to_vec());
        Ok((private, Some(serde_json::Value::Object(public))))
    }

    fn decryption_parts(&self, kid: &str, algorithm: KeyManagement) -> Result<Parts, Fault> {
        let trouble = |e| Fault::lasting(PLACE, e);
        let rng = self.generator.secure_random();
        let der = DecryptionKey::generate(algorithm, rng).map_err(trouble)?;
        let key = DecryptionKey::from_pkcs8(algorithm, der.as_bytes()).map_err(trouble)?;
        let public = key.public_jwk(kid).map_err(trouble)?.to_object();
        let private = Zeroizing::new(der.as_bytes().to_vec());
        Ok((private, Some(serde_json::Value::Object(public))))
    }

    /// Has the device make a key, and seals its public half: what is published is thereby bound
    /// to the key that the device made, whoever else may write to the store.
    async fn make_in_device(&self, wanted: &KeyToMake) -> Result<MadeKey, Fault> {
        let KeyAlgorithm::Signing(algorithm) = wanted.algorithm else {
            return Err(Fault::lasting(PLACE, "a device makes signing keys only"));
        };
        let public = self.device()?.make(&wanted.kid, algorithm).await?;
        let public = Jwk::for_signatures(public, algorithm, &wanted.kid);
        let public = public.map_err(|e| Fault::lasting(PLACE, e))?.to_object();
        let public = serde_json::Value::Object(public);
        self.sealed(wanted, public.to_string().as_bytes(), Some(public.clone()))
    }

    fn sealed(
        &self,
        wanted: &KeyToMake,
        plain: &[u8],
        public_jwk: Option<serde_json::Value>,
    ) -> Result<MadeKey, Fault> {
        let name = Key::seal_name(&wanted.issuer, &wanted.kid, wanted.place);
        let sealed = self
            .sealing
            .seal(&name, plain, &mut self.generator.entropy()?);
        Ok(MadeKey {
            public_jwk,
            sealed: Key::mark(wanted.place, &URL_SAFE_NO_PAD.encode(sealed)),
        })
    }

    fn device(&self) -> Result<&Device, Trouble> {
        let missing = || Trouble::new(Obstacle::NotConfigured, "no device is configured");
        self.device.as_ref().ok_or_else(missing)
    }
}

/// The private octets, and the public JWK where there is a public half.
type Parts = (Zeroizing<Vec<u8>>, Option<serde_json::Value>);

#[async_trait]
impl KeyMaker for SealedKeyMaker {
    fn offers(&self, place: KeyPlace) -> bool {
        match place {
            KeyPlace::Store => true,
            KeyPlace::Device => self.device.is_some(),
        }
    }

    /// Works on a blocking thread, or on one of the device's.
    async fn make(&self, wanted: &KeyToMake) -> Result<MadeKey, Fault> {
        if wanted.place == KeyPlace::Device {
            return self.make_in_device(wanted).await;
        }
        let (maker, wanted) = (self.clone(), wanted.clone());
        let made = tokio::task::spawn_blocking(move || maker.make_here(&wanted));
        made.await
            .map_err(|_| Fault::lasting(PLACE, "making a key broke off"))?
    }

    async fn discard(&self, unwanted: &KeyToMake) -> Result<(), Fault> {
        if unwanted.place == KeyPlace::Device {
            self.device()?.destroy(&unwanted.kid).await?;
        }
        Ok(())
    }
}
