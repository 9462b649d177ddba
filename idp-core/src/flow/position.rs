//! `POST /choose-position`: the person says as whom they act.

use super::authorize::Visitor;
use super::pending::pending_key;
use super::{Failure, Provider, RequestContext};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::model::user::PositionId;
use crate::oauth::interaction::choose;
use crate::store::tickets::TicketOp;

impl Provider {
    /// Keeps the chosen position with the waiting request, which gets a new secret.
    ///
    /// # Errors
    /// As [`Provider::pending`]; [`Reason::PositionNotHeld`] for a position that the person does
    /// not hold.
    pub async fn choose_position(
        &self,
        waiting: &SecretText,
        chosen: PositionId,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<SecretText, Failure> {
        let mut pending = self.pending(waiting, &visitor.browser, context).await?;
        let now = context.here.now;
        let facts = self.live_session(visitor.session.as_ref(), now).await?;
        let user = facts.ok_or(Reason::SessionOver)?.user;
        pending.chosen = Some(choose(&user, chosen, now)?);
        let next = self.store_waiting(&pending, context).await?;
        let forget = TicketOp::Forget {
            key: pending_key(waiting),
        };
        self.tickets.apply(vec![forget], now).await?;
        Ok(next)
    }
}
