//! Deliveries: seen, and tried again at once.

use super::acting::Act;
use crate::base::refusal::Reason;
use crate::model::outbox::{OutboxEntry, OutboxState};

/// Makes a waiting delivery due now. The store writes deliveries outside batches, because only
/// the worker that holds the lease settles them; so this answers the entry and no change.
///
/// # Errors
/// [`Reason::OutsideScope`]; [`Reason::DeliveryOver`] when its payload is wiped.
pub fn retry(act: &Act<'_>, entry: &OutboxEntry) -> Result<OutboxEntry, Reason> {
    act.by.needs_everything()?;
    if entry.state != OutboxState::Pending {
        return Err(Reason::DeliveryOver);
    }
    Ok(OutboxEntry {
        due_at: act.now(),
        ..entry.clone()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, NOW, Stage};
    use crate::base::issuer::IssuerKey;
    use crate::model::OutboxId;
    use crate::model::outbox::OutboxKind;

    #[test]
    fn only_waiting_deliveries_are_tried_again() {
        let entry = |state| OutboxEntry {
            id: OutboxId::from_u128(1),
            issuer: IssuerKey::main(),
            kind: OutboxKind::BackChannelLogout,
            client: sample::client_id("app"),
            payload: "sealed".into(),
            state,
            attempts: 3,
            due_at: NOW + std::time::Duration::from_secs(900),
            created_at: NOW,
            last_error: "timeout".into(),
        };
        let stage = Stage::province();
        let due = retry(&stage.act(), &entry(OutboxState::Pending)).unwrap();
        assert_eq!((due.due_at, due.attempts), (NOW, 3));
        for state in [OutboxState::Delivered, OutboxState::Failed] {
            assert_eq!(
                retry(&stage.act(), &entry(state)),
                Err(Reason::DeliveryOver)
            );
        }
        let outside = retry(&Stage::health().act(), &entry(OutboxState::Pending));
        assert_eq!(outside, Err(Reason::OutsideScope));
    }
}
