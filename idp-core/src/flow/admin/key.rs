//! Flows about keys.

use super::Administration;
use crate::admin::key::{self, KeyRotation, PlannedKey, Rotated};
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
