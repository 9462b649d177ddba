//! Redis, when tickets rest there: reachable, allowed, and a safe place for them.

use idp_store::redis::open;

use super::Finding;
use crate::config::Settings;
use crate::outside::ticket_servers::complete;

/// Connects as the server does; nothing when tickets rest with the data.
pub(super) async fn examine(settings: &Settings) -> Option<Finding> {
    let tickets = settings.tickets.as_ref()?;
    let opened = match complete(tickets) {
        Ok(redis) => open(&redis).await.map(drop),
        Err(fault) => Err(fault),
    };
    Some(match opened {
        Ok(()) => Finding::ok("tickets", "every Redis master answers and may hold tickets"),
        Err(fault) => Finding::fail("tickets", fault.detail, "docs/operators/redis.md"),
    })
}
