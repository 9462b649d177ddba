//! Clients over HTTP.

use axum::extract::Path;
use idp_admin_api::client::{
    Client, ClientEdit, ClientNew, ClientOrigin, ClientQuery, ClientSecretInfo, ClientWithSecret,
    SecretRotation,
};
use idp_core::admin::client as core;
use idp_core::admin::client::ClientMetadata;
use idp_core::base::refusal::Reason;
use idp_core::flow::admin::Administration;
use idp_core::flow::admin::client as flow;
use idp_core::flow::admin::client::ClientAnswer;
use idp_core::model;
use idp_core::organisation::UnitTree;
use idp_core::policy::Policy;

use super::desk::{Body, Desk, Query, made, one, page};
use super::problem::Answer;
use super::wire::{core_local, local, same, time, unit_reference};

/// A client as it is shown, with what the rules say of it today.
fn shown(
    (tree, policy): (&UnitTree, &Policy),
    c: &model::client::Client,
) -> Result<Client, Reason> {
    let secret = |s: &model::client::ClientSecret| ClientSecretInfo {
        created_at: time(s.created_at),
        expires_at: s.expires_at.map(time),
    };
    Ok(Client {
        client_id: c.id.to_string(),
        version: c.version.0,
        name: local(&c.name),
        kind: same(c.kind)?,
        disabled: c.disabled,
        token_endpoint_auth_method: same(c.authentication)?,
        secrets: c.secrets.iter().map(secret).collect(),
        jwks: c.jwks.clone(),
        jwks_uri: c.jwks_uri.clone(),
        redirect_uris: c.redirect_uris.clone(),
        post_logout_redirect_uris: c.post_logout_redirect_uris.clone(),
        backchannel_logout_uri: c.backchannel_logout_uri.clone(),
        grant_types: same(&c.grant_types)?,
        scopes: c.scopes.clone(),
        id_token_signed_response_alg: c.id_token_alg.clone(),
        position: same(c.position)?,
        consent: same(c.consent)?,
        introspects: c.introspects,
        unit: c.unit.map(|id| unit_reference(tree, id)),
        client_uri: c.client_uri.clone(),
        policy_uri: c.policy_uri.clone(),
        tos_uri: c.tos_uri.clone(),
        access_token_seconds: c.access_token_seconds,
        features: same(&c.features)?,
        origin: match (c.declared, &c.registration) {
            (true, _) => ClientOrigin::Declared,
            (false, Some(_)) => ClientOrigin::SelfRegistered,
            (false, None) => ClientOrigin::Administrator,
        },
        broken_rules: core::violations(policy, c)
            .into_iter()
            .map(|reason| reason.name().to_owned())
            .collect(),
        created_at: time(c.created_at),
    })
}

fn whole(desk: &Administration, answer: &ClientAnswer) -> Answer {
    Ok(one(
        shown((&answer.tree, &desk.provider.policy), &answer.client)?,
        answer.client.version.0,
    ))
}

fn with_secret(desk: &Administration, answer: &ClientAnswer) -> Result<ClientWithSecret, Reason> {
    Ok(ClientWithSecret {
        client: shown((&answer.tree, &desk.provider.policy), &answer.client)?,
        client_secret: answer.secret.as_ref().map(|s| s.expose().to_owned()),
    })
}

/// The kind and the metadata of a client that a file declares as a request would register it.
///
/// # Errors
/// [`Reason::ClientFeatureInvalid`] and its like for a value that is none of its member's.
pub fn declared_metadata(
    new: ClientNew,
) -> Result<(model::client::ClientKind, ClientMetadata), Reason> {
    Ok((same(new.kind)?, new_metadata(new)?))
}

/// What a new client says is what an edit of an empty one would say.
fn new_metadata(new: ClientNew) -> Result<ClientMetadata, Reason> {
    Ok(ClientMetadata {
        name: Some(core_local(new.name)),
        authentication: new.token_endpoint_auth_method.map(same).transpose()?,
        jwks: Some(new.jwks),
        jwks_uri: Some(new.jwks_uri),
        redirect_uris: Some(new.redirect_uris),
        post_logout_redirect_uris: Some(new.post_logout_redirect_uris),
        backchannel_logout_uri: Some(new.backchannel_logout_uri),
        grant_types: new.grant_types.map(same).transpose()?,
        scopes: new.scopes,
        id_token_alg: new.id_token_signed_response_alg,
        position: new.position.map(same).transpose()?,
        consent: new.consent.map(same).transpose()?,
        introspects: Some(new.introspects),
        unit: Some(new.unit),
        client_uri: Some(new.client_uri),
        policy_uri: Some(new.policy_uri),
        tos_uri: Some(new.tos_uri),
        access_token_seconds: Some(new.access_token_seconds),
        features: Some(same(new.features)?),
        accept_new_subjects: false,
    })
}

fn edit_metadata(edit: ClientEdit) -> Result<ClientMetadata, Reason> {
    Ok(ClientMetadata {
        name: edit.name.map(core_local),
        authentication: edit.token_endpoint_auth_method.map(same).transpose()?,
        jwks: edit.jwks,
        jwks_uri: edit.jwks_uri,
        redirect_uris: edit.redirect_uris,
        post_logout_redirect_uris: edit.post_logout_redirect_uris,
        backchannel_logout_uri: edit.backchannel_logout_uri,
        grant_types: edit.grant_types.map(same).transpose()?,
        scopes: edit.scopes,
        id_token_alg: edit.id_token_signed_response_alg,
        position: edit.position.map(same).transpose()?,
        consent: edit.consent.map(same).transpose()?,
        introspects: edit.introspects,
        unit: edit.unit,
        client_uri: edit.client_uri,
        policy_uri: edit.policy_uri,
        tos_uri: edit.tos_uri,
        access_token_seconds: edit.access_token_seconds,
        features: edit.features,
        accept_new_subjects: edit.accept_new_subjects,
    })
}

pub(super) async fn list(Desk(desk): Desk, Query(query): Query<ClientQuery>) -> Answer {
    let page = page(query.after, query.limit)?;
    let (listing, tree) = flow::list(&desk, query.q.as_deref(), &page).await?;
    let ground = (tree.as_ref(), desk.provider.policy.as_ref());
    let shown: Result<Vec<_>, _> = listing.entries.iter().map(|c| shown(ground, c)).collect();
    let page = idp_admin_api::Page {
        entries: shown?,
        next: listing.next,
    };
    Ok(axum::response::IntoResponse::into_response(axum::Json(
        page,
    )))
}

pub(super) async fn show(Desk(desk): Desk, Path(id): Path<String>) -> Answer {
    whole(&desk, &flow::show(&desk, &id).await?)
}

pub(super) async fn add(Desk(mut desk): Desk, Body(new): Body<ClientNew>) -> Answer {
    let (id, kind) = (new.client_id.clone(), same(new.kind)?);
    let new = core::ClientNew {
        id,
        kind,
        metadata: new_metadata(new)?,
    };
    let added = flow::add(&mut desk, &new).await?;
    Ok(made(
        desk.dry_run,
        with_secret(&desk, &added)?,
        added.client.version.0,
    ))
}

pub(super) async fn edit(
    Desk(mut desk): Desk,
    Path(id): Path<String>,
    Body(edit): Body<ClientEdit>,
) -> Answer {
    let edited = flow::edit(&mut desk, &id, &edit_metadata(edit)?).await?;
    whole(&desk, &edited)
}

pub(super) async fn disable(Desk(mut desk): Desk, Path(id): Path<String>) -> Answer {
    let switched = flow::switch(&mut desk, &id, true).await?;
    whole(&desk, &switched)
}

pub(super) async fn enable(Desk(mut desk): Desk, Path(id): Path<String>) -> Answer {
    let switched = flow::switch(&mut desk, &id, false).await?;
    whole(&desk, &switched)
}

pub(super) async fn rotate_secret(
    Desk(mut desk): Desk,
    Path(id): Path<String>,
    Body(rotation): Body<SecretRotation>,
) -> Answer {
    let rotated = flow::rotate_secret(&mut desk, &id, rotation.at_once).await?;
    let version = rotated.client.version.0;
    Ok(one(with_secret(&desk, &rotated)?, version))
}
