//! The outbox worker's round: lease, sign, send, settle.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use std::time::Duration;

use super::{Failure, Provider, RequestContext};
use crate::base::fault::Fault;
use crate::base::secret::SecretText;
use crate::event::Actor;
use crate::jose::SigningAlgorithm;
use crate::model::outbox::{LogoutPayload, OutboxEntry};
use crate::oidc::delivery::{Attempt, TYP, claims, settle};
use crate::ports::Outgoing;
use crate::store::records::CommitError;

/// How long a worker keeps what it leased: longer than all requests of a round may take.
const LEASE: Duration = Duration::from_secs(300);
const MOST_AT_ONCE: u32 = 16;
const MOST_ANSWER_BYTES: usize = 4 * 1024;

impl Provider {
    /// Delivers what is due; answers how many were tried.
    ///
    /// # Errors
    /// A fault of the store; what a receiver does wrong is no failure of this flow.
    pub async fn deliver_due(&self, context: &mut RequestContext) -> Result<usize, Failure> {
        let now = context.here.now;
        let due = self
            .records
            .lease_outbox(now, now + LEASE, MOST_AT_ONCE)
            .await?;
        let tried = due.len();
        for entry in due {
            let attempt = self.attempt(&entry, context).await?;
            let (settled, what) = settle(entry, attempt, now);
            let events = what
                .map(|what| {
                    context
                        .here
                        .event(Actor::System, what, &mut context.entropy)
                })
                .into_iter()
                .collect();
            match self.records.settle_outbox(&settled, events).await {
                Ok(()) | Err(CommitError::Changed { .. } | CommitError::Taken { .. }) => {}
                Err(CommitError::Fault(fault)) => return Err(fault.into()),
            }
        }
        Ok(tried)
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
            return Ok(Attempt::Failed("unreadable".to_owned()));
        };
        let Ok(token) = self.logout_token(entry, &payload, &alg, context).await else {
            return Ok(Attempt::Failed("cannot_sign".to_owned()));
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
