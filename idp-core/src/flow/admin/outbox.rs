//! Flows about deliveries.

use super::Administration;
use crate::admin::outbox;
use crate::base::refusal::Reason;
use crate::flow::receivers::receiver;
use crate::flow::{Failure, contended};
use crate::model::OutboxId;
use crate::model::outbox::{OutboxEntry, OutboxState};
use crate::store::page::{Listing, PageRequest};
use crate::store::records::CommitError;

/// Deliveries, newest first.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`.
pub async fn list(
    desk: &Administration,
    state: Option<OutboxState>,
    page: &PageRequest,
) -> Result<Listing<OutboxEntry>, Failure> {
    desk.ground().await?.by.needs_everything()?;
    Ok(desk.provider.records.outbox(state, page).await?)
}

/// A delivery.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`, `not_found_here`.
pub async fn show(desk: &Administration, id: &str) -> Result<OutboxEntry, Failure> {
    desk.ground().await?.by.needs_everything()?;
    find(desk, id).await
}

async fn find(desk: &Administration, id: &str) -> Result<OutboxEntry, Failure> {
    let id: OutboxId = id.parse().map_err(|_| Reason::NotFoundHere)?;
    let entry = desk.provider.records.outbox_entry(id).await?;
    entry.ok_or_else(|| Reason::NotFoundHere.into())
}

/// Makes a delivery due now.
///
/// # Errors
/// What [`outbox::retry`] refuses with; `not_found_here`.
pub async fn retry(desk: &mut Administration, id: &str) -> Result<OutboxEntry, Failure> {
    let ground = desk.ground().await?;
    ground.by.needs_everything()?;
    let waiting = find(desk, id).await?;
    let (due, event) = outbox::retry(&ground.act(), &waiting, &mut desk.context.entropy)?;
    if desk.dry_run {
        return Ok(due);
    }
    // Whoever asks for it knows that the receiver is there again.
    desk.provider.receivers.retry(&receiver(&due));
    match desk.provider.records.settle_outbox(&due, vec![event]).await {
        Ok(()) => Ok(due),
        Err(CommitError::Fault(fault)) => Err(fault.into()),
        Err(_) => Err(contended()),
    }
}
