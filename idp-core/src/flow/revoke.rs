//! `POST /revoke`.

use super::answer::endless;
use super::authorize::deciding;
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::base::secret::SecretText;
use crate::oauth::params::Parameters;
use crate::oauth::revoke::decide;
use crate::oauth::sender::Sender;
use crate::store::decision::Outcome;
use crate::store::tickets::TicketOp;

impl Provider {
    /// Revokes a token of the client that asks.
    ///
    /// # Errors
    /// The client's refusal, [`crate::base::refusal::Reason::ParameterMissing`], or a fault.
    pub async fn revoke(
        &self,
        sender: impl Into<Sender<'_>>,
        body: &Parameters,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let client = self.authenticate_client(sender, body, context).await?;
        let token = SecretText::new(body.required("token")?.to_owned());
        let known = self.recognise(&token, context).await?;
        for _ in 0..ATTEMPTS {
            let facts = self.token_facts(known.as_ref(), context).await?;
            let grant = facts.grant.as_ref();
            let decision = decide(&client, known.as_ref(), grant, &mut deciding(self, context));
            let (outcome, batch) = decision.into_parts();
            let mark = match outcome {
                Outcome::Done(mark) => mark,
                Outcome::Refused(refusal) => return Err(refusal.into()),
                Outcome::Need(_) => return Err(endless()),
            };
            if let Some((key, until)) = mark {
                let put = TicketOp::Put {
                    key,
                    value: Vec::new(),
                    until,
                };
                self.tickets.apply(vec![put], context.here.now).await?;
            }
            if self.commit(batch).await? == Committed::Yes {
                return Ok(());
            }
        }
        Err(contended())
    }
}
