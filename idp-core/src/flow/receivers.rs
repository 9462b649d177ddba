//! How the receivers of deliveries did lately, as far as this process knows: the breakers.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::base::issuer::IssuerKey;
use crate::base::time::Timestamp;
use crate::model::client::ClientId;
use crate::model::outbox::OutboxEntry;
use crate::oidc::delivery::{Attempt, Health};
use crate::policy::DeliveryPauses;

/// Who receives: one client of one issuer.
pub type Receiver = (IssuerKey, ClientId);

/// The receivers that failed since they last accepted something. Forgotten when the process ends;
/// another process learns for itself.
#[derive(Debug, Default)]
pub struct Receivers(Mutex<HashMap<Receiver, Health>>);

/// The receiver of a delivery.
pub fn receiver(entry: &OutboxEntry) -> Receiver {
    (entry.issuer.clone(), entry.client.clone())
}

impl Receivers {
    /// How a receiver did lately.
    pub fn health(&self, receiver: &Receiver) -> Health {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(receiver).copied().unwrap_or_default()
    }

    /// Notes an attempt.
    pub fn note(
        &self,
        receiver: &Receiver,
        attempt: &Attempt,
        pauses: DeliveryPauses,
        now: Timestamp,
    ) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = known.get(receiver).copied().unwrap_or_default();
        match before.after(attempt, pauses, now) {
            healthy if healthy == Health::default() => known.remove(receiver),
            health => known.insert(receiver.clone(), health),
        };
    }

    /// Lets a receiver be tried at once, because somebody asks for it.
    pub fn retry(&self, receiver: &Receiver) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(health) = known.get_mut(receiver) {
            health.paused_until = None;
        }
    }

    /// How many receivers are left alone at `now`.
    pub fn paused(&self, now: Timestamp) -> usize {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let paused = |h: &&Health| h.paused_until.is_some_and(|until| now < until);
        known.values().filter(paused).count()
    }
}
