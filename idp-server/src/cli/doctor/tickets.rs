//! Redis, when tickets rest there: reachable, allowed, and a safe place for them.

use idp_core::store::Tickets;
use idp_store::redis::open;

use super::Finding;
use crate::config::Settings;
use crate::outside::ticket_servers::complete;

const REMEDIES: &str = "docs/operators/redis.md";

/// Connects as the server does; nothing when tickets rest with the data.
pub(super) async fn examine(settings: &Settings) -> Vec<Finding> {
    let Some(tickets) = &settings.tickets else {
        return Vec::new();
    };
    let asked = async {
        let tickets = open(&complete(tickets)?).await?;
        tickets.ready().await?;
        tickets.advice().await
    };
    match asked.await {
        Ok(advice) if advice.is_empty() => {
            let sound = "every Redis master answers, takes writes and keeps them";
            vec![Finding::ok("tickets", sound)]
        }
        Ok(advice) => {
            let warn = |advice| Finding::warn("tickets", advice, REMEDIES);
            advice.into_iter().map(warn).collect()
        }
        Err(fault) => vec![Finding::fail("tickets", fault.detail, REMEDIES)],
    }
}
