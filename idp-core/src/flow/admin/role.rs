//! Flows about roles.

use super::{Administration, load};
use crate::admin::role::{self, RoleEdit, RoleNew};
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::role::{Role, RoleName};
use crate::store::records::UserFilter;

/// All roles, by name.
///
/// # Errors
/// `administrator_unknown`.
pub async fn list(desk: &Administration) -> Result<Vec<Role>, Failure> {
    desk.ground().await?;
    Ok(desk.provider.records.roles().await?)
}

/// A role.
///
/// # Errors
/// `administrator_unknown`, `not_found_here`.
pub async fn show(desk: &Administration, name: &str) -> Result<Role, Failure> {
    desk.ground().await?;
    load_role(desk, name).await
}

async fn load_role(desk: &Administration, name: &str) -> Result<Role, Failure> {
    let name = RoleName::new(name).ok_or(Reason::NotFoundHere)?;
    let role = desk.provider.records.role(&name).await?;
    role.ok_or_else(|| Reason::NotFoundHere.into())
}

/// Adds a role.
///
/// # Errors
/// What [`role::add`] refuses with.
pub async fn add(desk: &mut Administration, new: &RoleNew) -> Result<Role, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let known = desk.provider.records.roles().await?;
        let decision = role::add(&ground.act(), new, &known, &mut desk.context.entropy);
        if let Some(role) = desk.settle(decision).await? {
            return stored(desk, role).await;
        }
    }
    Err(contended())
}

/// Changes a role.
///
/// # Errors
/// What [`role::edit`] refuses with; `not_found_here`.
pub async fn edit(desk: &mut Administration, name: &str, edit: &RoleEdit) -> Result<Role, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let role = load_role(desk, name).await?;
        let decision = role::edit(&ground.act(), &role, edit, &mut desk.context.entropy);
        if let Some(role) = desk.settle(decision).await? {
            return stored(desk, role).await;
        }
    }
    Err(contended())
}

/// Removes a role; answers what it was.
///
/// # Errors
/// What [`role::remove`] refuses with; `not_found_here`.
pub async fn remove(desk: &mut Administration, name: &str) -> Result<Role, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let role = load_role(desk, name).await?;
        let filter = UserFilter {
            role: Some(role.name.clone()),
            ..UserFilter::default()
        };
        let holders = load::everybody(&desk.provider, &filter).await?;
        let decision = role::remove(&ground.act(), &role, &holders, &mut desk.context.entropy);
        if desk.settle(decision).await?.is_some() {
            return Ok(role);
        }
    }
    Err(contended())
}

async fn stored(desk: &Administration, role: Role) -> Result<Role, Failure> {
    if desk.dry_run {
        return Ok(role);
    }
    Ok(desk
        .provider
        .records
        .role(&role.name)
        .await?
        .unwrap_or(role))
}
