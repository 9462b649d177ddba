//! New keys: made, sealed under the master key, ready to be stored.

use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use idp_core::base::fault::Fault;
use idp_core::base::issuer::IssuerKey;
use idp_core::base::seal::SealingKey;
use idp_core::jose::{SigningAlgorithm, SigningKey};
use idp_core::model::key::{Key, KeyPurpose};
use idp_core::ports::{KeyMaker, MadeKey};
use zeroize::Zeroizing;

use super::entropy::Generator;

const PLACE: &str = "key maker";

/// Makes keys from the system's generator and seals them.
#[derive(Clone, Debug)]
pub struct SealedKeyMaker {
    sealing: Arc<SealingKey>,
    generator: Generator,
}

impl SealedKeyMaker {
    /// Seals with `sealing` (purpose `keys` of the master key).
    #[must_use]
    pub fn new(sealing: Arc<SealingKey>, generator: Generator) -> Self {
        Self { sealing, generator }
    }

    fn make_here(
        &self,
        issuer: &IssuerKey,
        kid: &str,
        algorithm: Option<SigningAlgorithm>,
    ) -> Result<MadeKey, Fault> {
        let mut entropy = self.generator.entropy()?;
        let (private, public_jwk) = match algorithm {
            Some(algorithm) => self.signing_parts(kid, algorithm)?,
            None => (Zeroizing::new(entropy.bytes::<32>().to_vec()), None),
        };
        let name = Key::seal_name(issuer, kid);
        let sealed = self.sealing.seal(&name, &private, &mut entropy);
        Ok(MadeKey {
            public_jwk,
            sealed: URL_SAFE_NO_PAD.encode(sealed),
        })
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
}

/// The private octets, and the public JWK of a signing key.
type Parts = (Zeroizing<Vec<u8>>, Option<serde_json::Value>);

#[async_trait]
impl KeyMaker for SealedKeyMaker {
    /// Works on a blocking thread. The purpose makes no difference to a key that rests in a file.
    async fn make(
        &self,
        issuer: &IssuerKey,
        kid: &str,
        algorithm: Option<SigningAlgorithm>,
        _purpose: KeyPurpose,
    ) -> Result<MadeKey, Fault> {
        let (maker, issuer, kid) = (self.clone(), issuer.clone(), kid.to_owned());
        let made = tokio::task::spawn_blocking(move || maker.make_here(&issuer, &kid, algorithm));
        made.await
            .map_err(|_| Fault::lasting(PLACE, "making a key broke off"))?
    }
}
