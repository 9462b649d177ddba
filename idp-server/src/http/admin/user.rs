//! Accounts over HTTP.

use axum::extract::Path;
use idp_admin_api::Page;
use idp_admin_api::address::Address;
use idp_admin_api::user::{
    AccountDisabled, AccountState, ActivationLink, Identifier, Position, PositionEdit, PositionNew,
    PositionSummary, RoleGrant, RoleGrantNew, RoleGrantQuery, User, UserDisable, UserEdit, UserNew,
    UserQuery, UserSummary, UserWithLink, Verification,
};
use idp_core::admin::user as core;
use idp_core::admin::user::MadeLink;
use idp_core::base::issuer::Issuer;
use idp_core::base::refusal::Reason;
use idp_core::base::time::Timestamp;
use idp_core::flow::admin::user as flow;
use idp_core::flow::admin::user::{ListedUsers, UserChange, WholeUser};
use idp_core::model::credential::CredentialSecret;
use idp_core::model::identifier::{IdentifierKind as Kind, masked};
use idp_core::model::user as model;
use idp_core::organisation::UnitTree;

use super::address;
use super::desk::{Body, Desk, Query, made, one, page};
use super::problem::Answer;
use super::wire::{parse_times, same, time, unit_reference};

/// Whether something that counts from one time to another counts now.
fn held(from: Timestamp, until: Option<Timestamp>, now: Timestamp) -> bool {
    from <= now && until.is_none_or(|end| now < end)
}

fn identifier(
    of: &idp_core::model::identifier::Identifier,
    entitled: bool,
) -> Result<Identifier, Reason> {
    let hidden = of.kind == Kind::PersonalId && !entitled;
    let verified = of.verified.as_ref().map(|v| Verification {
        source: v.source.clone(),
        by: v.by.clone(),
        at: time(v.at),
    });
    Ok(Identifier {
        kind: same(of.kind)?,
        value: if hidden {
            masked(&of.value)
        } else {
            of.value.clone()
        },
        masked: hidden,
        verified,
        assigned_at: time(of.assigned_at),
        released_at: of.released_at.map(time),
    })
}

fn position(tree: &UnitTree, of: &model::Position, now: Timestamp) -> Position {
    Position {
        id: of.id.to_string(),
        unit: unit_reference(tree, of.unit),
        title: of.title.clone(),
        main: of.main,
        from: time(of.from),
        until: of.until.map(time),
        held: held(of.from, of.until, now),
    }
}

fn role(tree: &UnitTree, of: &model::RoleGrant, now: Timestamp) -> RoleGrant {
    RoleGrant {
        role: of.role.to_string(),
        unit: of.unit.map(|id| unit_reference(tree, id)),
        from: time(of.from),
        until: of.until.map(time),
        held: held(of.from, of.until, now),
    }
}

fn state(user: &model::User, activated: bool) -> AccountState {
    match (user.is_active(), activated) {
        (false, _) => AccountState::Disabled,
        (true, false) => AccountState::Invited,
        (true, true) => AccountState::Active,
    }
}

/// Until when the newest link works.
fn link_end(of: &WholeUser, now: Timestamp) -> Option<Timestamp> {
    let link = |secret: &CredentialSecret| match secret {
        CredentialSecret::ActivationLink(link) => Some(link.expires_at),
        CredentialSecret::Password(_) | CredentialSecret::Certificate(_) => None,
    };
    of.credentials
        .iter()
        .filter_map(|c| link(&c.secret))
        .filter(|end| now < *end)
        .max()
}

fn shown(of: &WholeUser, now: Timestamp) -> Result<User, Reason> {
    let (user, tree) = (&of.user, &of.tree);
    let disabled = match &user.state {
        model::AccountState::Active => None,
        model::AccountState::Disabled { at, why } => Some(AccountDisabled {
            at: time(*at),
            why: why.clone(),
        }),
    };
    let identifiers: Result<Vec<_>, _> = user
        .identifiers
        .iter()
        .map(|i| identifier(i, of.entitled))
        .collect();
    Ok(User {
        id: user.id.to_string(),
        version: user.version.0,
        user_name: user.user_name(),
        name: user.name.clone(),
        kind: same(user.kind)?,
        state: state(user, of.is_activated()),
        disabled,
        identifiers: identifiers?,
        positions: user
            .positions
            .iter()
            .map(|p| position(tree, p, now))
            .collect(),
        roles: user.roles.iter().map(|r| role(tree, r, now)).collect(),
        address: if of.entitled {
            address::shown(&user.address)
        } else {
            Address::default()
        },
        claims: match serde_json::to_value(&user.claims) {
            Ok(serde_json::Value::Object(claims)) if of.entitled => claims,
            _ => serde_json::Map::new(),
        },
        locale: user.locale.clone(),
        has_password: of.credentials.iter().any(|c| c.password().is_some()),
        activation_link_expires_at: link_end(of, now).map(time),
        created_at: time(user.created_at),
        updated_at: time(user.updated_at),
    })
}

fn summary(of: &ListedUsers, user: &model::User, now: Timestamp) -> Result<UserSummary, Reason> {
    let position = |p: &model::Position| PositionSummary {
        unit: of
            .tree
            .find(p.unit)
            .map_or_else(|| p.unit.to_string(), |u| u.code.to_string()),
        title: p.title.clone(),
    };
    let mut roles: Vec<_> = user.roles_at(now).map(|r| r.role.to_string()).collect();
    roles.sort();
    roles.dedup();
    Ok(UserSummary {
        id: user.id.to_string(),
        user_name: user.user_name(),
        name: user.name.clone(),
        kind: same(user.kind)?,
        state: state(user, of.activated.contains(&user.id)),
        mail: user.identifier(Kind::Mail).map(|i| i.value.clone()),
        personal_id: user.identifier(Kind::PersonalId).map(|i| masked(&i.value)),
        positions: user.positions_at(now).into_iter().map(position).collect(),
        roles,
    })
}

/// The link as an administrator hands it over.
pub(super) fn link(issuer: &Issuer, user: &model::User, made: &MadeLink) -> ActivationLink {
    ActivationLink {
        user_name: user.user_name(),
        name: user.name.clone(),
        url: issuer.endpoint(&format!("/activate?link={}", made.secret.expose())),
        expires_at: time(made.expires_at),
    }
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<UserQuery>) -> Answer {
    let page = page(query.after, query.limit)?;
    let query = flow::UserQuery {
        text: query.q,
        unit: query.unit,
        here_only: query.here_only,
        role: query.role,
        kind: query.kind.map(same).transpose()?,
        active: query.state.map(|s| s != AccountState::Disabled),
        activated: match query.state {
            None | Some(AccountState::Disabled) => None,
            Some(state) => Some(state == AccountState::Active),
        },
    };
    let listed = flow::list(&desk, &query, &page).await?;
    let now = desk.context.here.now;
    let entries: Result<Vec<_>, _> = listed
        .page
        .entries
        .iter()
        .map(|u| summary(&listed, u, now))
        .collect();
    let page = Page {
        entries: entries?,
        next: listed.page.next,
    };
    Ok(axum::response::IntoResponse::into_response(axum::Json(
        page,
    )))
}

pub(super) async fn show(Desk(desk): Desk, Path(named): Path<String>) -> Answer {
    let whole = flow::show(&desk, &named).await?;
    Ok(one(
        shown(&whole, desk.context.here.now)?,
        whole.user.version.0,
    ))
}

/// Makes a change and shows the account after it.
async fn changed(Desk(mut desk): Desk, named: &str, change: UserChange) -> Answer {
    let whole = flow::change(&mut desk, named, &change).await?;
    Ok(one(
        shown(&whole, desk.context.here.now)?,
        whole.user.version.0,
    ))
}

/// The same where something was added to the account.
async fn given(Desk(mut desk): Desk, named: &str, change: UserChange) -> Answer {
    let whole = flow::change(&mut desk, named, &change).await?;
    let user = shown(&whole, desk.context.here.now)?;
    Ok(made(desk.dry_run, user, whole.user.version.0))
}

fn core_position(new: PositionNew) -> Result<core::PositionNew, Reason> {
    Ok(core::PositionNew {
        from: parse_times(new.from.as_ref())?,
        until: parse_times(new.until.as_ref())?,
        unit: new.unit,
        title: new.title,
        main: new.main,
    })
}

fn core_role(new: RoleGrantNew) -> Result<core::RoleGrantNew, Reason> {
    Ok(core::RoleGrantNew {
        from: parse_times(new.from.as_ref())?,
        until: parse_times(new.until.as_ref())?,
        role: new.role,
        unit: new.unit,
    })
}

fn core_user(new: UserNew) -> Result<core::UserNew, Reason> {
    let identifiers = [
        (
            Kind::UserName,
            Some(new.user_name).filter(|name| !name.is_empty()),
        ),
        (Kind::Mail, new.mail),
        (Kind::Mobile, new.mobile),
        (Kind::PersonalId, new.personal_id),
        (Kind::EmployeeCode, new.employee_code),
        (Kind::TaxCode, new.tax_code),
    ];
    let identifiers = identifiers
        .into_iter()
        .filter_map(|(kind, text)| Some((kind, text?)));
    Ok(core::UserNew {
        kind: same(new.kind)?,
        name: new.name,
        identifiers: identifiers.collect(),
        address: address::given(new.address),
        locale: new.locale,
        positions: new
            .positions
            .into_iter()
            .map(core_position)
            .collect::<Result<_, _>>()?,
        roles: new
            .roles
            .into_iter()
            .map(core_role)
            .collect::<Result<_, _>>()?,
        activation_link: new.activation_link,
    })
}

fn with_link(of: &WholeUser, issuer: &Issuer, now: Timestamp) -> Result<UserWithLink, Reason> {
    let activation_link = of.link.as_ref().map(|made| link(issuer, &of.user, made));
    Ok(UserWithLink {
        user: shown(of, now)?,
        activation_link,
    })
}

pub(super) async fn add(Desk(mut desk): Desk, Body(new): Body<UserNew>) -> Answer {
    let whole = flow::add(&mut desk, &core_user(new)?).await?;
    let user = with_link(&whole, &desk.provider.policy.issuer, desk.context.here.now)?;
    Ok(made(desk.dry_run, user, whole.user.version.0))
}

pub(super) async fn reset(Desk(mut desk): Desk, Path(named): Path<String>) -> Answer {
    let whole = flow::reset(&mut desk, &named, true).await?;
    let user = with_link(&whole, &desk.provider.policy.issuer, desk.context.here.now)?;
    Ok(one(user, whole.user.version.0))
}

pub(super) async fn edit(
    desk: Desk,
    Path(named): Path<String>,
    Body(edit): Body<UserEdit>,
) -> Answer {
    let identifiers = [
        (Kind::Mail, edit.mail),
        (Kind::Mobile, edit.mobile),
        (Kind::PersonalId, edit.personal_id),
        (Kind::EmployeeCode, edit.employee_code),
        (Kind::TaxCode, edit.tax_code),
    ];
    let identifiers = identifiers
        .into_iter()
        .filter_map(|(kind, text)| Some((kind, text?)));
    let edit = core::UserEdit {
        name: edit.name,
        identifiers: identifiers.collect(),
        address: edit.address.map(address::changed).unwrap_or_default(),
        locale: edit.locale,
        claims: edit.claims,
    };
    changed(desk, &named, UserChange::Edit(edit)).await
}

pub(super) async fn disable(
    desk: Desk,
    Path(named): Path<String>,
    Body(note): Body<UserDisable>,
) -> Answer {
    changed(desk, &named, UserChange::Disable(note.why)).await
}

pub(super) async fn enable(desk: Desk, Path(named): Path<String>) -> Answer {
    changed(desk, &named, UserChange::Enable).await
}

pub(super) async fn assign_position(
    desk: Desk,
    Path(named): Path<String>,
    Body(new): Body<PositionNew>,
) -> Answer {
    given(
        desk,
        &named,
        UserChange::AssignPosition(core_position(new)?),
    )
    .await
}

pub(super) async fn edit_position(
    desk: Desk,
    Path((named, id)): Path<(String, String)>,
    Body(edit): Body<PositionEdit>,
) -> Answer {
    let until = match edit.until {
        None => None,
        Some(until) => Some(parse_times(until.as_ref())?),
    };
    let edit = core::PositionEdit {
        title: edit.title,
        main: edit.main,
        until,
    };
    changed(desk, &named, UserChange::EditPosition(id, edit)).await
}

pub(super) async fn unassign_position(
    desk: Desk,
    Path((named, id)): Path<(String, String)>,
) -> Answer {
    changed(desk, &named, UserChange::UnassignPosition(id)).await
}

pub(super) async fn assign_role(
    desk: Desk,
    Path(named): Path<String>,
    Body(new): Body<RoleGrantNew>,
) -> Answer {
    given(desk, &named, UserChange::AssignRole(core_role(new)?)).await
}

pub(super) async fn unassign_role(
    desk: Desk,
    Path((named, role)): Path<(String, String)>,
    Query(query): Query<RoleGrantQuery>,
) -> Answer {
    changed(desk, &named, UserChange::UnassignRole(role, query.unit)).await
}
