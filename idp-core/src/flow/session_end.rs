//! What ending sessions needs to know: grants, their clients, the public subject.

use std::collections::BTreeSet;

use super::Provider;
use crate::authn::session_end::SignedIn;
use crate::base::fault::Fault;
use crate::base::time::Timestamp;
use crate::model::UserId;
use crate::model::session::Session;
use crate::store::page::PageRequest;

impl Provider {
    /// Some sessions of a user, with the grants given in them.
    pub(super) async fn signed_in_during(
        &self,
        user: UserId,
        sessions: Vec<Session>,
    ) -> Result<SignedIn, Fault> {
        let mut signed_in = SignedIn::default();
        for session in &sessions {
            let grants = self.records.grants_of_session(session.id).await?;
            signed_in.grants.extend(grants);
        }
        signed_in.sessions = sessions;
        self.with_clients(user, signed_in).await
    }

    /// Everywhere a user is signed in, with the grants that outlived their sessions.
    pub(super) async fn signed_in_everywhere(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<SignedIn, Fault> {
        let sessions = self.live_sessions(user, now).await?;
        let mut signed_in = self.signed_in_during(user, sessions).await?;
        let during: BTreeSet<_> = signed_in.grants.iter().map(|g| g.id).collect();
        let mut others = self.records.grants_of_user(user).await?;
        others.retain(|grant| !during.contains(&grant.id));
        signed_in.grants.extend(others);
        Ok(signed_in)
    }

    async fn with_clients(&self, user: UserId, mut signed_in: SignedIn) -> Result<SignedIn, Fault> {
        let named = signed_in.grants.iter().map(|g| (&g.issuer, &g.client));
        for (issuer, id) in named.collect::<BTreeSet<_>>() {
            let client = self.records.client(issuer, id).await?;
            signed_in.clients.extend(client);
        }
        if !signed_in.clients.is_empty() {
            let issuer = &self.policy.issuer_key;
            let subject = self.records.subject(issuer, user, "").await?;
            signed_in.sub = subject.map(|s| s.sub);
        }
        Ok(signed_in)
    }

    /// The sessions of a user that have neither ended nor expired, newest first.
    pub(super) async fn live_sessions(
        &self,
        user: UserId,
        now: Timestamp,
    ) -> Result<Vec<Session>, Fault> {
        let mut sessions = Vec::new();
        let mut page = PageRequest::first(500);
        loop {
            let listing = self.records.sessions(Some(user), Some(now), &page).await?;
            sessions.extend(listing.entries);
            match listing.next {
                Some(next) => page.after = Some(next),
                None => return Ok(sessions),
            }
        }
    }
}
