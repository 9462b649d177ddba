//! A key of ours in the device.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use idp_core::jose::{Jwk, SigningAlgorithm};
use idp_core::ports::Obstacle;
use tokio::sync::Mutex;

use super::Device;
use super::objects::PROBE;
use super::trouble::Trouble;
use super::worker::Order;

/// What was found out about a key holds this long: whoever asks for readiness often does not keep
/// the device busy.
const FRESH: Duration = Duration::from_secs(1);

/// The public half that we publish, and the way to the private one.
pub(in crate::outside) struct DeviceKey {
    kid: String,
    algorithm: SigningAlgorithm,
    public: Jwk,
    device: Option<Device>,
    proved: AtomicBool,
    looked: Mutex<Option<(Instant, Option<Trouble>)>>,
}

impl DeviceKey {
    /// A key that `device` holds under its `kid` as CKA_ID; without a device it is only published.
    pub(in crate::outside) fn new(
        kid: &str,
        algorithm: SigningAlgorithm,
        public: Jwk,
        device: Option<Device>,
    ) -> Self {
        Self {
            kid: kid.to_owned(),
            algorithm,
            public,
            device,
            proved: AtomicBool::new(false),
            looked: Mutex::default(),
        }
    }

    /// What it signs with.
    pub(in crate::outside) fn algorithm(&self) -> SigningAlgorithm {
        self.algorithm
    }

    /// Its public half.
    pub(in crate::outside) fn public(&self) -> &Jwk {
        &self.public
    }

    /// Signs in the device. The first signature is verified: a token that was restored wrongly
    /// would sign with another key than the one that applications know.
    ///
    /// # Errors
    /// See [`Obstacle`].
    pub(in crate::outside) async fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Trouble> {
        let Some(device) = &self.device else {
            let detail = format!("key {} is in a device, and none is configured", self.kid);
            return Err(Trouble::new(Obstacle::NotConfigured, detail));
        };
        let order = Order {
            id: self.kid.clone().into_bytes(),
            algorithm: self.algorithm,
            message: message.to_vec(),
        };
        let signature = device.sign(order).await?;
        if !self.proved.load(Ordering::Relaxed) {
            let verified = self
                .public
                .key()
                .verify(self.algorithm, message, &signature);
            verified.map_err(|_| {
                let detail = format!("what the device signs as {} does not verify", self.kid);
                Trouble::new(Obstacle::KeyUnusable, detail)
            })?;
            self.proved.store(true, Ordering::Relaxed);
        }
        Ok(signature)
    }

    /// What keeps it from signing now, or did up to a second ago. Who asks while another asks gets
    /// the same answer, so that asking costs the device one signature a second at most.
    pub(in crate::outside) async fn trouble(&self) -> Option<Trouble> {
        let mut looked = self.looked.lock().await;
        if let Some((_, trouble)) = looked.as_ref().filter(|(at, _)| at.elapsed() < FRESH) {
            return trouble.clone();
        }
        let trouble = self.sign(PROBE).await.err();
        *looked = Some((Instant::now(), trouble.clone()));
        trouble
    }
}
