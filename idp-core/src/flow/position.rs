//! `POST /choose-position`: the person says as whom they act.

use super::authorize::Visitor;
use super::{Failure, Provider, RequestContext};
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::model::user::PositionId;
use crate::oauth::interaction::choose;

impl Provider {
    /// Keeps the chosen position with the waiting request, which gets a new secret.
    ///
    /// # Errors
    /// As [`Provider::pending`]; [`Reason::PageAnswered`] when it was answered meanwhile;
    /// [`Reason::PositionNotHeld`] for a position that the person does
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
        // Of two answers the first counts; the other tab is told that the page was answered.
        self.take_pending(waiting, context).await?;
        self.store_waiting(&pending, context).await
    }
}
