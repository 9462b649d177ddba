//! Flows about keys.

use super::Administration;
use crate::admin::key::{self, KeyRotation, Rotated};
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::key::Key;
use crate::ports::KeyMaker;
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
    let planned = match key::plan(&ground.act(), wanted, &keys, &mut desk.context.entropy).outcome {
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
    let issuer = desk.provider.policy.issuer_key.clone();
    let made = maker
        .make(&issuer, &planned.kid, planned.signing(), planned.purpose)
        .await?;
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let keys = desk.provider.records.keys(&issuer).await?;
        let made = (made.clone(), wanted.at_once);
        let decision = key::rotate(
            &ground.act(),
            &planned,
            made,
            &keys,
            &mut desk.context.entropy,
        );
        if let Some(rotated) = desk.settle(decision).await? {
            return Ok(rotated);
        }
    }
    Err(contended())
}
