//! The outbox worker's turns: lease, sign, send, settle.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::collections::BTreeMap;
use std::time::Duration;

use super::receivers::{Receiver, receiver};
use super::{Failure, Provider, RequestContext};
use crate::base::fault::Fault;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::{Actor, What};
use crate::jose::SigningAlgorithm;
use crate::model::outbox::{LogoutPayload, OutboxEntry};
use crate::oidc::delivery::{self, Attempt, TYP, Turn, claims, put_off, settle};
use crate::ports::Outgoing;
use crate::store::records::CommitError;

/// How long a worker keeps what it leased: longer than a turn may take.
const LEASE: Duration = Duration::from_secs(300);
const MOST_AT_ONCE: u32 = 64;
const MOST_ANSWER_BYTES: usize = 4 * 1024;

/// The leased deliveries of one receiver, oldest first. Turns of different receivers may run at
/// the same time.
#[derive(Debug)]
pub struct ReceiverTurn {
    receiver: Receiver,
    entries: Vec<OutboxEntry>,
}

impl ReceiverTurn {
    /// Whose turn it is.
    pub const fn receiver(&self) -> &Receiver {
        &self.receiver
    }
}

impl Provider {
    /// Leases what is due, by receiver.
    ///
    /// # Errors
    /// A fault of the store.
    pub async fn lease_deliveries(&self, now: Timestamp) -> Result<Vec<ReceiverTurn>, Fault> {
        let records = &self.records;
        let due = records.lease_outbox(now, now + LEASE, MOST_AT_ONCE);
        let mut turns: BTreeMap<Receiver, Vec<OutboxEntry>> = BTreeMap::new();
        for entry in due.await? {
            turns.entry(receiver(&entry)).or_default().push(entry);
        }
        let turns = turns.into_iter().map(|(receiver, mut entries)| {
            // A store need not answer in order. Identities grow with time.
            entries.sort_by_key(|entry| entry.id);
            ReceiverTurn { receiver, entries }
        });
        Ok(turns.collect())
    }

    /// Delivers one after the other. `contexts` makes the circumstances of each attempt, so that
    /// each has its own time.
    ///
    /// # Errors
    /// A fault of the store; what a receiver does wrong is no failure of this flow. What was not
    /// settled is offered again when its lease has passed.
    pub async fn deliver<C>(&self, turn: ReceiverTurn, contexts: C) -> Result<(), Failure>
    where
        C: Fn() -> Result<RequestContext, Fault>,
    {
        let begun = contexts()?.here.now;
        for entry in turn.entries {
            let mut context = contexts()?;
            let now = context.here.now;
            let health = self.receivers.health(&turn.receiver);
            let (settled, what) = match delivery::turn(health, begun, now) {
                Turn::GiveBack => (entry, None),
                Turn::PutOff(until) => put_off(entry, until, now),
                Turn::Attempt => {
                    let attempt = self.attempt(&entry, &mut context).await?;
                    context = contexts()?;
                    let now = context.here.now;
                    let pauses = self.policy.delivery_pauses;
                    self.receivers.note(&turn.receiver, &attempt, pauses, now);
                    settle(entry, attempt, pauses, now)
                }
            };
            self.settle_delivery(&settled, what, &mut context).await?;
        }
        Ok(())
    }

    /// Gives a turn back whose receiver has one and waits for another. It is due again a turn
    /// later, so that a receiver with much to get does not fill every lease.
    ///
    /// # Errors
    /// A fault of the store; what was not given back is offered again when its lease has passed.
    pub async fn hand_back(
        &self,
        turn: ReceiverTurn,
        context: &mut RequestContext,
    ) -> Result<(), Fault> {
        let now = context.here.now;
        for entry in turn.entries {
            self.settle_delivery(&delivery::wait(entry, now), None, context)
                .await?;
        }
        Ok(())
    }

    async fn settle_delivery(
        &self,
        settled: &OutboxEntry,
        what: Option<What>,
        context: &mut RequestContext,
    ) -> Result<(), Fault> {
        let (here, entropy) = (&context.here, &mut context.entropy);
        let event = what.map(|what| here.event(Actor::System, what, entropy));
        let events = event.into_iter().collect();
        match self.records.settle_outbox(settled, events).await {
            Ok(()) | Err(CommitError::Changed { .. } | CommitError::Taken { .. }) => Ok(()),
            Err(CommitError::Fault(fault)) => Err(fault),
        }
    }

    async fn attempt(
        &self,
        entry: &OutboxEntry,
        context: &mut RequestContext,
    ) -> Result<Attempt, Failure> {
        let client = self.records.client(&entry.issuer, &entry.client).await?;
        let receiver = client.filter(|c| !c.disabled);
        let Some((address, alg)) =
            receiver.and_then(|c| c.backchannel_logout_uri.map(|uri| (uri, c.id_token_alg)))
        else {
            return Ok(Attempt::NoReceiver);
        };
        // What cannot be read or signed is this entry's trouble, not that of those behind it.
        let Ok(payload) = self.open_payload(entry) else {
            return Ok(Attempt::Unsent("unreadable"));
        };
        let Ok(token) = self.logout_token(entry, &payload, &alg, context).await else {
            return Ok(Attempt::Unsent("cannot_sign"));
        };
        let request = Outgoing {
            url: address,
            form: Some(vec![("logout_token".to_owned(), SecretText::new(token))]),
            most_bytes: MOST_ANSWER_BYTES,
        };
        Ok(match self.fetch.fetch(request).await {
            Ok(answer) if matches!(answer.status, 200 | 204) => Attempt::Accepted,
            Ok(answer) => Attempt::Failed(answer.status.to_string()),
            Err(fault) => Attempt::Failed(fault.detail),
        })
    }

    async fn logout_token(
        &self,
        entry: &OutboxEntry,
        payload: &LogoutPayload,
        alg: &str,
        context: &mut RequestContext,
    ) -> Result<String, Failure> {
        let judged = (context.here.now, self.policy.as_ref());
        let claims = claims(entry, payload, judged, &mut context.entropy);
        let claims = serde_json::to_vec(&claims).map_err(|e| Fault::lasting("outbox", e))?;
        let algorithm = SigningAlgorithm::parse(alg).map_err(|e| Fault::lasting("outbox", e))?;
        self.sign_jwt(algorithm, Some(TYP), &claims).await
    }

    fn open_payload(&self, entry: &OutboxEntry) -> Result<LogoutPayload, Fault> {
        let unreadable = |e: &dyn std::fmt::Display| Fault::lasting("outbox", e);
        let sealed = URL_SAFE_NO_PAD
            .decode(&entry.payload)
            .map_err(|e| unreadable(&e))?;
        let plain = self
            .outbox_sealing
            .open(&OutboxEntry::seal_name(entry.id), &sealed)
            .map_err(|e| unreadable(&e))?;
        serde_json::from_slice(&plain).map_err(|e| unreadable(&e))
    }
}
