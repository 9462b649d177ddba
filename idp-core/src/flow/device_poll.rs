//! The polls of a device at the token endpoint (RFC 8628 §3.4, §3.5).

use serde_json::{Map, Value};

use super::authorize::deciding;
use super::token::issue_facts;
use super::{ATTEMPTS, Failure, Provider, RequestContext, contended};
use crate::base::secret::{Digest, SecretText};
use crate::oauth::client_auth::AuthenticatedClient;
use crate::oauth::device::{DeviceAnswer, LIFETIME};
use crate::oauth::token::device_code::{self, Pace};
use crate::store::sealed::Taken;
use crate::store::tickets::{TicketKey, TicketKind, TicketOp};

impl Provider {
    /// A poll of a device (RFC 8628 §3.4).
    ///
    /// # Errors
    /// Those of [`device_code::check`], [`Pace::after`] and [`device_code::decide`],
    /// or a fault.
    pub(super) async fn poll_device(
        &self,
        client: &AuthenticatedClient,
        code: &SecretText,
        context: &mut RequestContext,
    ) -> Result<Map<String, Value>, Failure> {
        let now = context.here.now;
        let key = TicketKey::of(TicketKind::DeviceCode, code.expose());
        let ticket = self.sealed_tickets().peek(key, now).await?;
        device_code::check(client.client(), ticket.as_ref(), now)?;
        self.keep_pace(key.digest, context).await?;
        let key = TicketKey {
            kind: TicketKind::DeviceAnswer,
            digest: key.digest,
        };
        let taken = self.sealed_tickets().take::<DeviceAnswer>(key, now).await?;
        let grant = match &taken {
            Taken::First(DeviceAnswer::Approved(grant))
            | Taken::Again(DeviceAnswer::Approved(grant)) => Some(*grant),
            _ => None,
        };
        for _ in 0..ATTEMPTS {
            let loaded = self.load_grant(grant, now).await?;
            let facts = issue_facts(&loaded);
            let deciding = &mut deciding(self, context);
            let decision = device_code::decide(client, &taken, facts.as_ref(), deciding);
            if let Some(answer) = self.finish(client, decision).await? {
                return Ok(answer);
            }
        }
        Err(contended())
    }

    /// Keeps a device to its pace. Of two polls at the same moment both may pass here; the answer
    /// is taken once.
    async fn keep_pace(&self, device: Digest, context: &mut RequestContext) -> Result<(), Failure> {
        let now = context.here.now;
        let key = TicketKey {
            kind: TicketKind::DevicePolled,
            digest: device,
        };
        let tickets = self.sealed_tickets();
        let before = tickets.peek::<Pace>(key, now).await?;
        let (pace, judged) = Pace::after(before, now);
        let put = tickets.put(key, &pace, now + LIFETIME, &mut context.entropy)?;
        let forget = TicketOp::Forget { key };
        self.tickets.apply(vec![forget, put], now).await?;
        Ok(judged?)
    }
}
