//! Flows about keys.

use std::time::Duration;

use super::Administration;
use crate::admin::key::{self, KeyRotation, PlannedKey, Rotated};
use crate::admin::key_schedule;
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::key::{Key, KeyPlace};
use crate::ports::{KeyMaker, MadeKey};
use crate::store::decision::Outcome;

/// All keys, newest first.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`.
pub async fn list(desk: &Administration) -> Result<Vec<Key>, Failure> {
    desk.ground().await?.by.needs_everything()?;
    Ok(desk
        .provider
        .records
        .keys(&desk.provider.policy.issuer_key)
        .await?)
}

/// A key.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`, `not_found_here`.
pub async fn show(desk: &Administration, kid: &str) -> Result<Key, Failure> {
    let keys = list(desk).await?;
    keys.into_iter()
        .find(|k| k.kid == kid)
        .ok_or_else(|| Reason::NotFoundHere.into())
}

/// Makes a key that takes over. On a dry run none is made, and only the plan is checked.
///
/// # Errors
/// What [`key::plan`] refuses with; a fault of the key maker.
pub async fn rotate(
    desk: &mut Administration,
    wanted: &KeyRotation,
    maker: &dyn KeyMaker,
) -> Result<Rotated, Failure> {
    let keys = list(desk).await?;
    let ground = desk.ground().await?;
    let has_device = maker.offers(KeyPlace::Device);
    let entropy = &mut desk.context.entropy;
    let planned = match key::plan(&ground.act(), wanted, &keys, has_device, entropy).outcome {
        Outcome::Done(planned) => planned,
        Outcome::Refused(refusal) => return Err(refusal.into()),
        Outcome::Need(_) => return Err(contended()),
    };
    if desk.dry_run {
        return Ok(Rotated {
            added: None,
            retired: Vec::new(),
        });
    }
    let order = planned.order(&desk.provider.policy.issuer_key);
    let made = maker.make(&order).await?;
    let stored = put(desk, &planned, (made, wanted.at_once)).await;
    // After a fault it may be stored all the same: then what was made must stay.
    if matches!(stored, Ok(None) | Err(Failure::Refused(_))) {
        maker.discard(&order).await?;
    }
    stored?.ok_or_else(contended)
}

/// One holder renews at a time: making a key takes a device up to a minute or two. A holder that
/// died is succeeded after this.
const LEASE: Duration = Duration::from_secs(300);
const RENEWER: &str = "key-rotation";

/// What a round of renewals came to.
#[derive(Debug, Default)]
pub struct Renewed {
    /// The rotations that were made.
    pub rotated: Vec<Rotated>,
    /// How many are due and were not made, here or by somebody else.
    pub overdue: usize,
    /// Why, for the first of them.
    pub failure: Option<Failure>,
}

/// Makes the successors that the policy's schedule asks for, as [`rotate`] does, while this
/// process, `holder`, has the lease. Places that `maker` does not offer are left to other nodes.
/// A key gets one successor even when the lease moves meanwhile: the end of the old key is
/// written with the new one, or neither is.
///
/// # Errors
/// A fault of the store. What fails for one key holds up no other, and is in the answer.
pub async fn renew(
    desk: &mut Administration,
    holder: &str,
    maker: &dyn KeyMaker,
) -> Result<Renewed, Failure> {
    let mut due = due(desk).await?;
    due.retain(|wanted| wanted.place.is_none_or(|place| maker.offers(place)));
    let (records, now) = (desk.provider.records.clone(), desk.context.here.now);
    if due.is_empty() || !records.lease(RENEWER, holder, now, now + LEASE).await? {
        return Ok(Renewed::default());
    }
    let mut renewed = Renewed::default();
    for wanted in due {
        match rotate(desk, &wanted, maker).await {
            Ok(rotated) => renewed.rotated.push(rotated),
            // An administrator, or a node that held the lease before, was faster.
            Err(Failure::Refused(refusal)) if refusal.reason == Reason::ChangedMeanwhile => {}
            Err(failure) => {
                renewed.overdue += 1;
                renewed.failure.get_or_insert(failure);
            }
        }
    }
    // Given back, so that a node whose device works comes next when ours does not.
    let _held = records.lease(RENEWER, holder, now, now).await?;
    Ok(renewed)
}

/// The rotations that are due now; none without a schedule.
async fn due(desk: &Administration) -> Result<Vec<KeyRotation>, Failure> {
    let policy = &desk.provider.policy;
    let Some(every) = policy.key_rotation else {
        return Ok(Vec::new());
    };
    let keys = desk.provider.records.keys(&policy.issuer_key).await?;
    let spans = (every, policy.lifetimes.key_announcement);
    Ok(key_schedule::due(&keys, spans, desk.context.here.now))
}

/// Stores a key that was made, with the ends of those that it takes over from; `None` when every
/// attempt lost against another write.
async fn put(
    desk: &mut Administration,
    planned: &PlannedKey,
    (made, at_once): (MadeKey, bool),
) -> Result<Option<Rotated>, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let issuer = &desk.provider.policy.issuer_key;
        let keys = desk.provider.records.keys(issuer).await?;
        let made = (made.clone(), at_once);
        let entropy = &mut desk.context.entropy;
        let decision = key::rotate(&ground.act(), planned, made, &keys, entropy);
        if let Some(rotated) = desk.settle(decision).await? {
            return Ok(Some(rotated));
        }
    }
    Ok(None)
}
