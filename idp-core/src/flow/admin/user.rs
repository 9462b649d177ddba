//! Flows about accounts.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Administration, Ground, load};
use crate::admin::user::{
    self, Administrators, MadeLink, PositionEdit, PositionNew, ResetFacts, RoleGrantNew,
    StateFacts, UserEdit, UserNew,
};
use crate::base::refusal::Reason;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::UserId;
use crate::model::credential::Credential;
use crate::model::identifier::IdentifierKind;
use crate::model::role::RoleName;
use crate::model::user::{AccountKind, User};
use crate::organisation::UnitTree;
use crate::store::decision::Decision;
use crate::store::page::{Listing, PageRequest};
use crate::store::records::UserFilter;

/// An account with what is shown beside it.
#[derive(Clone, Debug)]
pub struct WholeUser {
    /// The account.
    pub user: User,
    /// Its credentials.
    pub credentials: Vec<Credential>,
    /// All units.
    pub tree: Arc<UnitTree>,
    /// Whether the administrator may see whole numbers: whoever may take the account over may.
    pub entitled: bool,
    /// The link that was just made; never after a dry run.
    pub link: Option<MadeLink>,
}

impl WholeUser {
    /// Whether the account can sign in by something of its own; the others wait for activation.
    pub fn is_activated(&self) -> bool {
        self.credentials.iter().any(|c| c.lookup().is_none())
            || !self.user.external_identities.is_empty()
    }
}

/// Which accounts are listed.
#[derive(Clone, Debug, Default)]
pub struct UserQuery {
    /// Words of the name, or the beginning of an identifier.
    pub text: Option<String>,
    /// With a position in the unit with this id or code, or below it.
    pub unit: Option<String>,
    /// Not in the units below.
    pub here_only: bool,
    /// Holding this role.
    pub role: Option<String>,
    /// Of this kind.
    pub kind: Option<AccountKind>,
    /// Only active or only disabled ones.
    pub active: Option<bool>,
    /// Only those that were activated, or only those that wait for it.
    pub activated: Option<bool>,
}

/// A page of accounts with what is shown beside them.
#[derive(Debug)]
pub struct ListedUsers {
    /// The accounts.
    pub page: Listing<User>,
    /// Those of them that can sign in by something of their own; the others wait for activation.
    pub activated: BTreeSet<UserId>,
    /// All units.
    pub tree: Arc<UnitTree>,
}

/// Accounts by given name. A unit administrator sees those with a position within reach.
///
/// # Errors
/// `administrator_unknown`, `unit_unknown`, `role_unknown`, `search_text_malformed`.
pub async fn list(
    desk: &Administration,
    query: &UserQuery,
    page: &PageRequest,
) -> Result<ListedUsers, Failure> {
    let ground = desk.ground().await?;
    let role = query
        .role
        .as_deref()
        .map(|r| RoleName::new(r).ok_or(Reason::RoleUnknown));
    let filter = UserFilter {
        text: user::search_text(query.text.as_deref())?,
        units: units(&ground, query)?,
        role: role.transpose()?,
        kind: query.kind,
        active: query.active,
        activated: query.activated,
    };
    let mut listing = desk.provider.records.users(&filter, page).await?;
    let now = desk.context.here.now;
    listing.entries.retain(|user| ground.by.sees(user, now));
    let ids: Vec<_> = listing.entries.iter().map(|user| user.id).collect();
    Ok(ListedUsers {
        activated: desk.provider.records.activated(&ids).await?,
        page: listing,
        tree: ground.tree,
    })
}

/// The units asked for, cut to those within reach.
fn units(ground: &Ground, query: &UserQuery) -> Result<Option<Vec<crate::model::UnitId>>, Reason> {
    let wanted = match &query.unit {
        None => None,
        Some(named) => {
            let unit = ground.act().unit(named)?.id;
            let below = ground.tree.subtree(unit);
            Some(if query.here_only {
                BTreeSet::from([unit])
            } else {
                below
            })
        }
    };
    let cut = match (wanted, ground.by.units()) {
        (None, reach) => reach.cloned(),
        (Some(wanted), None) => Some(wanted),
        (Some(wanted), Some(reach)) => Some(wanted.intersection(reach).copied().collect()),
    };
    Ok(cut.map(|units| units.into_iter().collect()))
}

/// An account, by id or by an identifier.
///
/// # Errors
/// `administrator_unknown`, `not_found_here`.
pub async fn show(desk: &Administration, named: &str) -> Result<WholeUser, Failure> {
    let ground = desk.ground().await?;
    let user = load::user(&desk.provider, named).await?;
    ground.by.needs_sight(&user, desk.context.here.now)?;
    whole(desk, ground, user, None).await
}

/// The account as it is stored now, or after a dry run as it would be.
async fn whole(
    desk: &Administration,
    ground: Ground,
    user: User,
    link: Option<MadeLink>,
) -> Result<WholeUser, Failure> {
    let stored = match desk.dry_run {
        true => None,
        false => desk.provider.records.user(user.id).await?,
    };
    let user = stored.unwrap_or(user);
    let credentials = desk.provider.records.credentials(user.id).await?;
    let entitled = ground
        .by
        .needs_account(&user, desk.context.here.now)
        .is_ok();
    let link = link.filter(|_| !desk.dry_run);
    Ok(WholeUser {
        user,
        credentials,
        tree: ground.tree,
        entitled,
        link,
    })
}

/// Adds an account.
///
/// # Errors
/// What [`user::add`] refuses with.
pub async fn add(desk: &mut Administration, new: &UserNew) -> Result<WholeUser, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let known = desk.provider.records.roles().await?;
        let decision = user::add(&ground.act(), new, &known, &mut desk.context.entropy);
        if let Some((user, link)) = desk.settle(decision).await? {
            return whole(desk, ground, user, link).await;
        }
    }
    Err(contended())
}

/// What is to be done with an existing account.
#[derive(Clone, Debug)]
pub enum UserChange {
    /// See [`user::edit`].
    Edit(UserEdit),
    /// See [`user::verify`].
    Verify(Vec<IdentifierKind>),
    /// See [`user::disable`], with the note.
    Disable(String),
    /// See [`user::enable`].
    Enable,
    /// See [`user::assign_position`].
    AssignPosition(PositionNew),
    /// See [`user::edit_position`], with the position's id.
    EditPosition(String, PositionEdit),
    /// See [`user::unassign_position`], with the position's id.
    UnassignPosition(String),
    /// See [`user::assign_role`].
    AssignRole(RoleGrantNew),
    /// See [`user::unassign_role`], with the role's name and the unit.
    UnassignRole(String, Option<String>),
}

/// Changes an account, by id or by an identifier.
///
/// # Errors
/// What the decision behind the change refuses with; `not_found_here`.
pub async fn change(
    desk: &mut Administration,
    named: &str,
    change: &UserChange,
) -> Result<WholeUser, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let user = load::user(&desk.provider, named).await?;
        let decision = decided(desk, &ground, &user, change).await?;
        if let Some(user) = desk.settle(decision).await? {
            return whole(desk, ground, user, None).await;
        }
    }
    Err(contended())
}

async fn decided(
    desk: &mut Administration,
    ground: &Ground,
    user: &User,
    change: &UserChange,
) -> Result<Decision<User>, Failure> {
    let act = ground.act();
    let known = match change {
        UserChange::AssignRole(_) => desk.provider.records.roles().await?,
        _ => Vec::new(),
    };
    let facts = state_facts(desk, user, change).await?;
    let entropy = &mut desk.context.entropy;
    Ok(match change {
        UserChange::Edit(edit) => user::edit(&act, user, edit, entropy),
        UserChange::Verify(kinds) => user::verify(&act, user, kinds, entropy),
        UserChange::Disable(why) => user::disable(&act, user, why, &facts, entropy),
        UserChange::Enable => user::enable(&act, user, entropy),
        UserChange::AssignPosition(new) => user::assign_position(&act, user, new, entropy),
        UserChange::EditPosition(id, edit) => {
            let id = id.parse().map_err(|_| Reason::NotFoundHere)?;
            user::edit_position(&act, user, id, edit, entropy)
        }
        UserChange::UnassignPosition(id) => {
            let id = id.parse().map_err(|_| Reason::NotFoundHere)?;
            user::unassign_position(&act, user, id, entropy)
        }
        UserChange::AssignRole(new) => user::assign_role(&act, user, new, &known, entropy),
        UserChange::UnassignRole(role, unit) => {
            let role = RoleName::new(role).ok_or(Reason::RoleUnknown)?;
            let taken = (&role, unit.as_deref());
            user::unassign_role(&act, user, taken, &facts.administrators, entropy)
        }
    })
}

/// Who administers and where the person is signed in, where the change asks for it.
async fn state_facts(
    desk: &Administration,
    user: &User,
    change: &UserChange,
) -> Result<StateFacts, Failure> {
    let mut facts = StateFacts::default();
    if matches!(
        change,
        UserChange::Disable(_) | UserChange::UnassignRole(..)
    ) {
        facts.administrators = load::administrators(&desk.provider).await?;
    }
    if matches!(change, UserChange::Disable(_)) {
        let now = desk.context.here.now;
        facts.signed_in = desk.provider.signed_in_everywhere(user.id, now).await?;
    }
    Ok(facts)
}

/// Makes a one-time link for an account, by id or by an identifier.
///
/// # Errors
/// What [`user::reset`] refuses with.
pub async fn reset(
    desk: &mut Administration,
    named: &str,
    end_sessions: bool,
) -> Result<WholeUser, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let user = load::user(&desk.provider, named).await?;
        let now = desk.context.here.now;
        let facts = ResetFacts {
            credentials: desk.provider.records.credentials(user.id).await?,
            signed_in: desk.provider.signed_in_everywhere(user.id, now).await?,
        };
        let entropy = &mut desk.context.entropy;
        let decision = user::reset(&ground.act(), &user, &facts, end_sessions, entropy);
        if let Some(link) = desk.settle(decision).await? {
            return whole(desk, ground, user, Some(link)).await;
        }
    }
    Err(contended())
}

/// Whether a province administrator exists: what `init` asks before it makes the first.
///
/// # Errors
/// A fault of the store.
pub async fn province_administrators(desk: &Administration) -> Result<Administrators, Failure> {
    Ok(load::administrators(&desk.provider).await?)
}
