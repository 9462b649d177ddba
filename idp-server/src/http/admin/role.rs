//! Roles over HTTP.

use axum::extract::Path;
use idp_admin_api::PageQuery;
use idp_admin_api::role::{Role, RoleEdit, RoleNew};
use idp_core::admin::role as core;
use idp_core::flow::admin::role as flow;
use idp_core::model;

use super::desk::{Body, Desk, Query, cut, listed, made, one, page};
use super::problem::Answer;
use super::wire::{core_local, local};

fn shown(role: &model::role::Role) -> Role {
    Role {
        name: role.name.to_string(),
        version: role.version.0,
        title: local(&role.title),
        description: role.description.clone(),
        built_in: role.built_in,
    }
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<PageQuery>) -> Answer {
    let roles = flow::list(&desk).await?;
    Ok(listed(
        cut(roles, &page(query.after, query.limit)?)?,
        |role| shown(&role),
    ))
}

pub(super) async fn show(Desk(desk): Desk, Path(name): Path<String>) -> Answer {
    let role = flow::show(&desk, &name).await?;
    Ok(one(shown(&role), role.version.0))
}

pub(super) async fn add(Desk(mut desk): Desk, Body(new): Body<RoleNew>) -> Answer {
    let title = core_local(new.title);
    let new = core::RoleNew {
        name: new.name,
        title,
        description: new.description,
    };
    let role = flow::add(&mut desk, &new).await?;
    Ok(made(desk.dry_run, shown(&role), role.version.0))
}

pub(super) async fn edit(
    Desk(mut desk): Desk,
    Path(name): Path<String>,
    Body(edit): Body<RoleEdit>,
) -> Answer {
    let title = edit.title.map(core_local);
    let edit = core::RoleEdit {
        title,
        description: edit.description,
    };
    let role = flow::edit(&mut desk, &name, &edit).await?;
    Ok(one(shown(&role), role.version.0))
}

pub(super) async fn remove(Desk(mut desk): Desk, Path(name): Path<String>) -> Answer {
    let role = flow::remove(&mut desk, &name).await?;
    Ok(one(shown(&role), role.version.0))
}
