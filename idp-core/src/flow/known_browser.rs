//! Browsers that are known for an account: recognised by their long-lived cookie, and remembered.

use super::{Provider, RequestContext};
use crate::authn::known_browser::{KNOWN_FOR, KnownBrowser, KnownBrowsers};
use crate::base::fault::Fault;
use crate::base::secret::{Digest, SecretText};
use crate::base::time::Timestamp;
use crate::model::UserId;
use crate::store::tickets::{TicketKey, TicketKind, TicketOp};

impl Provider {
    /// The browser's long-lived cookie, if it is known for exactly this.
    pub(super) async fn recognised<'a>(
        &self,
        device: Option<&'a SecretText>,
        known: Option<&KnownBrowser>,
        now: Timestamp,
    ) -> Result<Option<&'a SecretText>, Fault> {
        let Some(device) = device else {
            return Ok(None);
        };
        // Looked up for names that are nobody's too: the same work, whoever was typed.
        let found = self.known_browser(device, now).await?;
        Ok((found.is_some() && found.as_ref() == known).then_some(device))
    }

    /// What is known about the browser with this cookie.
    pub(super) async fn known_browser(
        &self,
        device: &SecretText,
        now: Timestamp,
    ) -> Result<Option<KnownBrowser>, Fault> {
        let key = browser_key(device.digest());
        self.sealed_tickets().peek(key, now).await
    }

    /// The operations by which the browser is known from now on, for the whole span again, and
    /// those that the account has no room for are not known any more. Of two sign-ins at the same
    /// moment one may stay unknown: it then counts like any other browser of its network.
    pub(super) async fn remember(
        &self,
        device: &SecretText,
        known: &KnownBrowser,
        context: &mut RequestContext,
    ) -> Result<Vec<TicketOp>, Fault> {
        let (tickets, now) = (self.sealed_tickets(), context.here.now);
        let (until, all) = (now + KNOWN_FOR, list_key(known.user()));
        let listed = tickets.peek::<KnownBrowsers>(all, now).await?;
        let (listed, forgotten) = listed.unwrap_or_default().after_use_of(device.digest());
        let this = browser_key(device.digest());
        let mut ops: Vec<_> = forgotten.into_iter().map(browser_key).collect();
        ops.extend([this, all]);
        let mut ops: Vec<_> = ops
            .into_iter()
            .map(|key| TicketOp::Forget { key })
            .collect();
        ops.push(tickets.put(this, known, until, &mut context.entropy)?);
        ops.push(tickets.put(all, &listed, until, &mut context.entropy)?);
        Ok(ops)
    }
}

const fn browser_key(digest: Digest) -> TicketKey {
    TicketKey {
        kind: TicketKind::KnownBrowser,
        digest,
    }
}

fn list_key(user: UserId) -> TicketKey {
    TicketKey::of(TicketKind::KnownBrowsers, &user.to_string())
}
