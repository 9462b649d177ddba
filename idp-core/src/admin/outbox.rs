//! Deliveries: seen, and tried again at once.

use super::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::event::{Event, What};
use crate::model::outbox::{OutboxEntry, OutboxState};

/// Makes a waiting delivery due now. The store writes deliveries outside batches, because only
/// the worker that holds the lease settles them; so this answers the entry, with what to record,
/// and no change.
///
/// # Errors
/// [`Reason::OutsideScope`]; [`Reason::DeliveryOver`] when its payload is wiped.
pub fn retry(
    act: &Act<'_>,
    entry: &OutboxEntry,
    entropy: &mut Entropy,
) -> Result<(OutboxEntry, Event), Reason> {
    act.by.needs_everything()?;
    if entry.state != OutboxState::Pending {
        return Err(Reason::DeliveryOver);
    }
    let what = What::DeliveryRetried {
        client: entry.client.clone(),
        delivery: entry.id,
    };
    let due = OutboxEntry {
        due_at: act.now(),
        ..entry.clone()
    };
    Ok((due, act.event(what, entropy)))
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
        let ask = |stage: &Stage, state| retry(&stage.act(), &entry(state), &mut sample::entropy());
        let (due, event) = ask(&stage, OutboxState::Pending).unwrap();
        assert_eq!((due.due_at, due.attempts), (NOW, 3));
        assert!(matches!(event.what, What::DeliveryRetried { delivery, .. } if delivery == due.id));
        for state in [OutboxState::Delivered, OutboxState::Failed] {
            assert_eq!(ask(&stage, state), Err(Reason::DeliveryOver));
        }
        let outside = ask(&Stage::health(), OutboxState::Pending);
        assert_eq!(outside, Err(Reason::OutsideScope));
    }
}
