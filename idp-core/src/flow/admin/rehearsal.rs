//! What only the store knows on a dry run: whether a unique value is taken.

use std::sync::Arc;

use crate::base::refusal::Reason;
use crate::flow::Failure;
use crate::model::Version;
use crate::model::user::User;
use crate::store::change::{Change, Write};
use crate::store::records::Records;

/// Asks for every unique value that the changes would write whether another has it. The answer
/// holds at this moment: a real run may still come second.
///
/// # Errors
/// `identifier_taken`, `unit_code_taken`, `role_name_taken`, `client_id_taken`, as a commit of the
/// changes would refuse; a fault of the store.
pub(super) async fn untaken(records: &Arc<dyn Records>, changes: &[Change]) -> Result<(), Failure> {
    for change in changes {
        match change {
            Change::User(Write::Put(user)) => identifiers(records, user).await?,
            Change::Unit(Write::Put(unit)) => {
                let holder = records.unit_by_code(unit.code.as_str()).await?;
                let other = holder.is_some_and(|holder| holder.id != unit.id);
                free(!other, Reason::UnitCodeTaken)?;
            }
            Change::Role(Write::Put(role)) if role.version == Version::NEW => {
                let other = records.role(&role.name).await?;
                free(other.is_none(), Reason::RoleNameTaken)?;
            }
            Change::Client(Write::Put(client)) if client.version == Version::NEW => {
                let other = records.client(&client.issuer, &client.id).await?;
                free(other.is_none(), Reason::ClientIdTaken)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn free(is_free: bool, otherwise: Reason) -> Result<(), Reason> {
    is_free.then_some(()).ok_or(otherwise)
}

async fn identifiers(records: &Arc<dyn Records>, user: &User) -> Result<(), Failure> {
    for identifier in user.identifiers.iter().filter(|i| i.kind.is_unique()) {
        let owner = records.identifier_owner(&identifier.key()).await?;
        if owner.is_some_and(|owner| owner != user.id) {
            return Err(Reason::IdentifierTaken.into());
        }
    }
    Ok(())
}
