//! Sessions that began with a certificate, judged anew while they run.

use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::authn::certificate_session::{Over, standing};
use crate::authn::session_end::SessionEnding;
use crate::base::fault::Fault;
use crate::base::time::Timestamp;
use crate::event::Actor;
use crate::model::session::{Session, SessionCertificate, SessionEnd};
use crate::model::trust::Trust;
use crate::store::change::Batch;
use crate::store::page::PageRequest;

/// The lease of the round.
const JUDGE: &str = "certificate-sessions";

/// What one round came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CertificateRound {
    /// Live sessions that began with a certificate.
    pub judged: u32,
    /// Ended now.
    pub ended: u32,
}

impl Provider {
    /// Judges every live session that began with a certificate, and ends those whose certificate is
    /// revoked, was taken from the account, or leads to nobody who is trusted, with all that goes
    /// with a session. `None` when another node did it within the policy's interval.
    ///
    /// # Errors
    /// A fault of the store: what was judged before it stays judged.
    pub async fn judge_certificate_sessions(
        &self,
        holder: &str,
        context: &mut RequestContext,
    ) -> Result<Option<CertificateRound>, Failure> {
        let now = context.here.now;
        // A little less than the interval, so that whoever holds it finds it free for the next round.
        let until = now + self.policy.lifetimes.certificate_check * 9 / 10;
        if !self.records.lease(JUDGE, holder, now, until).await? {
            return Ok(None);
        }
        let trust = self.trust().await?;
        let mut round = CertificateRound::default();
        let mut page = PageRequest::first(500);
        loop {
            let listing = self.records.sessions(None, Some(now), &page).await?;
            for session in listing.entries {
                if let Some(by) = session.certificate.clone() {
                    round.judged += 1;
                    let over = self.is_over((&session, &by), &trust, now).await?;
                    if over.is_err() {
                        round.ended += self.end_revoked(session, context).await?;
                    }
                }
            }
            match listing.next {
                Some(next) => page.after = Some(next),
                None => return Ok(Some(round)),
            }
        }
    }

    async fn is_over(
        &self,
        (session, by): (&Session, &SessionCertificate),
        trust: &Trust,
        now: Timestamp,
    ) -> Result<Result<(), Over>, Fault> {
        let credential = self.records.credential(by.credential).await?;
        let standing = match standing((session, by), credential.as_ref(), trust, now) {
            Ok(standing) => standing,
            Err(over) => return Ok(Err(over)),
        };
        let Some(found) = standing.found() else {
            return Ok(Ok(()));
        };
        let learned = self.certificate_status.learned(found.question(now)).await?;
        Ok(standing.judge(&learned, now))
    }

    /// Ends it; 0 when somebody else did meanwhile.
    async fn end_revoked(
        &self,
        session: Session,
        context: &mut RequestContext,
    ) -> Result<u32, Failure> {
        for _ in 0..ATTEMPTS {
            let facts = self
                .signed_in_during(session.user, vec![session.clone()])
                .await?;
            let ending = SessionEnding {
                why: SessionEnd::CertificateRevoked,
                actor: Actor::System,
                here: &context.here,
                sealing: &self.outbox_sealing,
            };
            let ended = ending.end(&facts, &mut context.entropy);
            let batch = Batch {
                changes: ended.changes,
                events: ended.events,
            };
            if self.commit(batch).await? == Committed::Yes {
                return Ok(ended.ended.sessions);
            }
        }
        Err(contended())
    }
}
