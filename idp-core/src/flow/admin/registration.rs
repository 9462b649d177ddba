//! Flows about initial access tokens.

use super::Administration;
use crate::admin::registration::{self, InitialTokenNew, MadeInitialToken};
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::registration::{INITIAL_TOKENS, InitialToken};
use crate::oauth::register::InitialTokens;

/// All tokens, newest first.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`.
pub async fn list(desk: &Administration) -> Result<Vec<InitialToken>, Failure> {
    desk.ground().await?.by.needs_everything()?;
    let present = load(desk).await?;
    Ok(present
        .of(&desk.provider.policy.issuer_key)
        .cloned()
        .collect())
}

/// Makes a token.
///
/// # Errors
/// What [`registration::add`] refuses with.
pub async fn add(
    desk: &mut Administration,
    new: &InitialTokenNew,
) -> Result<MadeInitialToken, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let present = load(desk).await?;
        let decision = registration::add(&ground.act(), new, &present, &mut desk.context.entropy);
        if let Some(made) = desk.settle(decision).await? {
            return Ok(made);
        }
    }
    Err(contended())
}

/// Takes a token away; answers what it was.
///
/// # Errors
/// What [`registration::remove`] refuses with.
pub async fn remove(desk: &mut Administration, id: &str) -> Result<InitialToken, Failure> {
    let id = id.parse().map_err(|_| Reason::NotFoundHere)?;
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let present = load(desk).await?;
        let decision = registration::remove(&ground.act(), id, &present, &mut desk.context.entropy);
        if let Some(removed) = desk.settle(decision).await? {
            return Ok(removed);
        }
    }
    Err(contended())
}

async fn load(desk: &Administration) -> Result<InitialTokens, Fault> {
    InitialTokens::parse(desk.provider.records.setting(INITIAL_TOKENS).await?)
}
