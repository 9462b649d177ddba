//! What a person sees and takes back by themselves: applications they allowed, and their sessions.

use super::authorize::{Visitor, deciding};
use super::{ATTEMPTS, Committed, Failure, Provider, RequestContext, contended};
use crate::authn::session_end::SessionEnding;
use crate::base::refusal::Reason;
use crate::event::Actor;
use crate::model::client::{Client, ClientId};
use crate::model::consent::Consent;
use crate::model::session::{Session, SessionEnd};
use crate::model::{LocalText, SessionId, UserId};
use crate::oauth::consent::withdraw;
use crate::oidc::third_party_login::{known_clients, launch_address};
use crate::store::decision::Decision;
use crate::store::records::SessionFacts;

/// What a person has let others have.
#[derive(Clone, Debug)]
pub struct Access {
    /// The applications that the person agreed to, by id; those that are gone are left out, for
    /// nothing is given to them.
    pub allowed: Vec<(Client, Consent)>,
    /// The applications that the person knows and that say where a sign-in begins.
    pub launches: Vec<Launch>,
    /// The live sessions, newest first, this browser's among them.
    pub sessions: Vec<Session>,
    /// This browser's session.
    pub current: SessionId,
}

/// An application that can be opened from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Launch {
    /// What people read.
    pub name: LocalText,
    /// Where its sign-in begins, with everything that is sent there.
    pub address: String,
}

/// Which of the person's sessions are to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Elsewhere {
    /// This one. The present one may be named as well, which signs out.
    One(SessionId),
    /// All but the present one.
    All,
}

impl Provider {
    /// What the person who is signed in has allowed, and where they are signed in.
    ///
    /// # Errors
    /// [`Reason::SessionOver`], or a fault.
    pub async fn access(
        &self,
        visitor: &Visitor,
        context: &RequestContext,
    ) -> Result<Access, Failure> {
        let SessionFacts { session, user } = self.present(visitor, context).await?;
        let issuer = &self.policy.issuer_key;
        let consents = self.records.consents_of_user(issuer, user.id).await?;
        let grants = self.records.grants_of_user(user.id).await?;
        let mut clients = Vec::new();
        for id in known_clients(&consents, &grants, issuer) {
            clients.extend(self.records.client(issuer, id).await?);
        }
        let launch = |client: &Client| {
            let address = launch_address(client, &self.policy.issuer)?;
            let name = client.name.clone();
            Some(Launch { name, address })
        };
        let with_client = |consent: Consent| {
            let client = clients.iter().find(|c| c.id == consent.client)?;
            Some((client.clone(), consent))
        };
        Ok(Access {
            launches: clients.iter().filter_map(launch).collect(),
            allowed: consents.into_iter().filter_map(with_client).collect(),
            sessions: self.own_sessions(user.id, context).await?,
            current: session.id,
        })
    }

    /// The person takes their consent to an application back. Where there is none any more, there
    /// is nothing to do.
    ///
    /// # Errors
    /// [`Reason::SessionOver`], or a fault.
    pub async fn withdraw_consent(
        &self,
        client: &ClientId,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let user = self.present(visitor, context).await?.user.id;
        let issuer = &self.policy.issuer_key;
        for _ in 0..ATTEMPTS {
            let Some(consent) = self.records.consent(issuer, user, client).await? else {
                return Ok(());
            };
            let grants = self.records.grants_of_user(user).await?;
            let decision = withdraw(&consent, &grants, &mut deciding(self, context));
            let (_, batch) = decision.into_parts();
            if self.commit(batch).await? == Committed::Yes {
                return Ok(());
            }
        }
        Err(contended())
    }

    /// The person ends sessions of their own, as signing out there would. One that is over, or
    /// is not theirs, is left as it is.
    ///
    /// # Errors
    /// [`Reason::SessionOver`], or a fault.
    pub async fn end_own_sessions(
        &self,
        which: Elsewhere,
        visitor: &Visitor,
        context: &mut RequestContext,
    ) -> Result<(), Failure> {
        let SessionFacts { session, user } = self.present(visitor, context).await?;
        let mut ending = self.own_sessions(user.id, context).await?;
        ending.retain(|own| match which {
            Elsewhere::One(named) => own.id == named,
            Elsewhere::All => own.id != session.id,
        });
        let signed_in = self.signed_in_during(user.id, ending).await?;
        let ending = SessionEnding {
            why: SessionEnd::SignedOut,
            actor: Actor::User(user.id),
            here: &context.here,
            sealing: &self.outbox_sealing,
        };
        let ended = ending.end(&signed_in, &mut context.entropy);
        let (_, batch) = ended.join(Decision::done(())).into_parts();
        // Nothing in it depends on a version, so it cannot lose against another write.
        self.commit(batch).await?;
        Ok(())
    }

    async fn present(
        &self,
        visitor: &Visitor,
        context: &RequestContext,
    ) -> Result<SessionFacts, Failure> {
        let session = visitor.session.as_ref();
        let live = self.live_session(session, context.here.now).await?;
        live.ok_or_else(|| Reason::SessionOver.into())
    }

    /// The sessions of a person at this issuer that a browser could still use.
    async fn own_sessions(
        &self,
        user: UserId,
        context: &RequestContext,
    ) -> Result<Vec<Session>, Failure> {
        let (now, idle) = (context.here.now, self.policy.lifetimes.session_idle);
        let mut sessions = self.live_sessions(user, now).await?;
        sessions.retain(|s| s.is_live(now, idle) && s.issuer == self.policy.issuer_key);
        Ok(sessions)
    }
}
