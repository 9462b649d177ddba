//! Flows about the authorities that are trusted.

use super::Administration;
use crate::admin::trust::{self, AnchorNew, AnchorRules, Believed};
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::time::Timestamp;
use crate::flow::{ATTEMPTS, Failure, Provider, contended};
use crate::model::trust::{SETTING, TrustAnchor};

/// All of them, by name.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`.
pub async fn list(desk: &Administration) -> Result<Vec<TrustAnchor>, Failure> {
    desk.ground().await?.by.needs_everything()?;
    Ok(load(&desk.provider).await?.trust.anchors)
}

/// One of them.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`, `not_found_here`.
pub async fn show(desk: &Administration, name: &str) -> Result<TrustAnchor, Failure> {
    let all = list(desk).await?;
    let named = all.into_iter().find(|anchor| anchor.name == name);
    named.ok_or_else(|| Reason::NotFoundHere.into())
}

/// Trusts an authority.
///
/// # Errors
/// What [`trust::add`] refuses with.
pub async fn add(desk: &mut Administration, new: &AnchorNew) -> Result<TrustAnchor, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let present = load(&desk.provider).await?;
        let decision = trust::add(&ground.act(), new, &present, &mut desk.context.entropy);
        if let Some(anchor) = desk.settle(decision).await? {
            return Ok(anchor);
        }
    }
    Err(contended())
}

/// Changes rules of one.
///
/// # Errors
/// What [`trust::edit`] refuses with.
pub async fn edit(
    desk: &mut Administration,
    name: &str,
    rules: &AnchorRules,
) -> Result<TrustAnchor, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let present = load(&desk.provider).await?;
        let entropy = &mut desk.context.entropy;
        let decision = trust::edit(&ground.act(), name, rules, &present, entropy);
        if let Some(anchor) = desk.settle(decision).await? {
            return Ok(anchor);
        }
    }
    Err(contended())
}

/// Withdraws trust from one.
///
/// # Errors
/// What [`trust::distrust`] refuses with.
pub async fn distrust(
    desk: &mut Administration,
    name: &str,
    from: Option<Timestamp>,
) -> Result<TrustAnchor, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let present = load(&desk.provider).await?;
        let entropy = &mut desk.context.entropy;
        let decision = trust::distrust(&ground.act(), name, from, &present, entropy);
        if let Some(anchor) = desk.settle(decision).await? {
            return Ok(anchor);
        }
    }
    Err(contended())
}

/// The present trust.
pub(super) async fn load(provider: &Provider) -> Result<Believed, Fault> {
    Believed::parse(provider.records.setting(SETTING).await?)
}
