//! Flows about what the nodes must be told alike.

use super::Administration;
use crate::admin::configuration::{self, Difference};
use crate::flow::{ATTEMPTS, Failure, contended};

/// Where this node's configuration differs from what the nodes agreed on.
///
/// # Errors
/// What [`configuration::compared`] refuses with; a fault of the store.
pub async fn compare(desk: &Administration) -> Result<Vec<Difference>, Failure> {
    let ground = desk.ground().await?;
    let here = desk.provider.shared_configuration.as_deref();
    let here = configuration::compared(&ground.act(), here)?;
    Ok(desk
        .provider
        .agreed_configuration()
        .await?
        .differences(here))
}

/// Makes this node's configuration the one that counts; answers what changed by that.
///
/// # Errors
/// What [`configuration::agree`] refuses with; a fault of the store.
pub async fn agree(desk: &mut Administration) -> Result<Vec<Difference>, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let agreed = desk.provider.agreed_configuration().await?;
        let here = desk.provider.shared_configuration.clone();
        let entropy = &mut desk.context.entropy;
        let decision = configuration::agree(&ground.act(), &agreed, here.as_deref(), entropy);
        if let Some(differences) = desk.settle(decision).await? {
            return Ok(differences);
        }
    }
    Err(contended())
}
