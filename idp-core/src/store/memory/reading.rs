//! What the records in memory answer with, and what is cleared away.

use super::state::{Leased, State};
use crate::base::issuer::IssuerKey;
use crate::base::time::Timestamp;
use crate::event::Event;
use crate::event::seal::StoredEvent;
use crate::model::UserId;
use crate::model::client::{Client, LOGO_SETTING};
use crate::model::credential::{Credential, CredentialSecret};
use crate::model::outbox::{OutboxEntry, OutboxState};
use crate::model::session::Session;
use crate::model::subject::Subject;
use crate::model::user::User;
use crate::store::page::{Listing, PageRequest};
use crate::store::records::SessionFacts;

impl State {
    pub(super) fn user(&self, id: UserId) -> Option<User> {
        self.users.get(&id.to_string()).cloned()
    }

    pub(super) fn credentials_of(&self, user: UserId) -> Vec<Credential> {
        let all = self.credentials.values();
        all.filter(|c| c.user == user).cloned().collect()
    }

    pub(super) fn session_facts(&self, session: Option<&Session>) -> Option<SessionFacts> {
        let session = session?;
        Some(SessionFacts {
            session: session.clone(),
            user: self.user(session.user)?,
        })
    }

    pub(super) fn subject(
        &self,
        issuer: &IssuerKey,
        user: UserId,
        sector: &str,
    ) -> Option<Subject> {
        let mut subjects = self.subjects.iter();
        subjects
            .find(|s| s.issuer == *issuer && s.user == user && s.sector == sector)
            .cloned()
    }

    pub(super) fn append(&mut self, events: &[Event]) {
        for event in events {
            let (body, personal) = event.halves();
            let place = self.events.last().map_or(1, |last| last.place + 1);
            self.events.push(StoredEvent {
                place,
                body,
                personal,
            });
        }
    }

    /// Takes up to `most` due deliveries until `lease_until`.
    pub(super) fn lease_outbox(
        &mut self,
        now: Timestamp,
        lease_until: Timestamp,
        most: u32,
    ) -> Vec<OutboxEntry> {
        let mut due: Vec<&mut Leased> = self
            .outbox
            .values_mut()
            .filter(|l| l.entry.state == OutboxState::Pending && l.entry.due_at <= now)
            .filter(|l| l.until <= now.millis())
            .collect();
        due.sort_by_key(|l| (l.entry.due_at, l.entry.id));
        due.truncate(most as usize);
        due.into_iter()
            .map(|leased| {
                leased.until = lease_until.millis();
                leased.entry.clone()
            })
            .collect()
    }

    /// Removes at most `most` things that ended before `before`; how many went.
    pub(super) fn clean(&mut self, before: Timestamp, most: u32) -> u64 {
        let mut budget = most;
        let mut over = |is_over: bool| {
            let removes = is_over && budget > 0;
            budget -= u32::from(removes);
            !removes
        };
        self.sessions.retain(|_, s| {
            over(s.expires_at < before || s.ended.is_some_and(|(at, _)| at < before))
        });
        self.grants.retain(|_, g| over(g.expires_at < before));
        self.credentials.retain(|_, c| match &c.secret {
            CredentialSecret::Password(_) | CredentialSecret::Certificate(_) => true,
            CredentialSecret::ActivationLink(link) => over(link.expires_at < before),
        });
        self.outbox
            .retain(|_, l| over(l.entry.state != OutboxState::Pending && l.entry.due_at < before));
        self.statuses.retain(|_, kept| over(kept.until < before));
        u64::from(most - budget)
    }
}

/// A page of what is already in order, with the cursor of each entry.
pub(super) fn listing<T>(
    entries: impl Iterator<Item = (String, T)>,
    page: &PageRequest,
    is_after: impl Fn(&str, &str) -> bool,
) -> Listing<T> {
    let limit = page.limit.clamp(1, 500) as usize;
    let mut rest = entries.filter(|(cursor, _)| {
        page.after
            .as_deref()
            .is_none_or(|after| is_after(cursor, after))
    });
    let page: Vec<_> = rest.by_ref().take(limit).collect();
    let last = page.last().map(|(cursor, _)| cursor.clone());
    Listing {
        next: last.filter(|_| rest.next().is_some()),
        entries: page.into_iter().map(|(_, entry)| entry).collect(),
    }
}

pub(super) fn is_unused_logo(state: &State, name: &str) -> bool {
    name.strip_prefix(LOGO_SETTING).is_some_and(|digest| {
        let shows = |client: &Client| client.logo.is_some_and(|l| l.to_base64url() == digest);
        !state.clients.values().any(shows)
    })
}

pub(super) fn upwards(cursor: &str, after: &str) -> bool {
    cursor > after
}

pub(super) fn downwards(cursor: &str, after: &str) -> bool {
    cursor < after
}
