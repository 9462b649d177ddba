//! `idp client`.

use std::path::Path;

use idp_admin_api::LocalText;
use idp_admin_api::client::{
    ClientEdit, ClientKind, ClientNew, ClientQuery, ClientWithSecret, SecretRotation,
};
use idp_admin_api::client_features::ClientFeatures;

use super::client_columns::{LIST, WHOLE};
use super::{client_check, client_features, client_profile};
use crate::cli::args::{ClientCommand, ClientFields, Format, Paging, Profile};
use crate::cli::context::{Context, clearable, retold};
use crate::cli::failure::Failure;
use crate::cli::file::read_bounded;
use crate::cli::language::{Text, text};
use crate::cli::output::{Column, column};

/// At most so many bytes of a key set.
const MAX_JWKS: u64 = 256 * 1024;

const KEEP_SECRET: Text = text(
    "Chỉ hiện một lần: cất vào cấu hình của ứng dụng ngay. Mất thì tạo lại bằng `idp client rotate-secret`.",
    "Shown this once: put it into the application's configuration now. If it is lost, make another with `idp client rotate-secret`.",
);

pub(super) async fn run(command: ClientCommand, context: &mut Context<'_>) -> Result<(), Failure> {
    match command {
        ClientCommand::Add {
            client,
            name,
            name_en,
            profile,
            kind,
            fields,
        } => {
            let name = LocalText {
                vi: name,
                en: name_en,
            };
            add((client, name), (profile, kind), *fields, context).await
        }
        ClientCommand::Check { client } => check(client, context).await,
        ClientCommand::Show { client } => {
            let client = context.api.client(&client).await?;
            context.output.one(&client, WHOLE)
        }
        ClientCommand::List { paging } => list(None, &paging, context).await,
        ClientCommand::Search { text, paging } => list(Some(text), &paging, context).await,
        ClientCommand::Edit {
            client,
            name,
            name_en,
            accept_new_subjects,
            fields,
        } => {
            let present = context.api.client(&client).await?;
            let name = retold(&present.name, name, name_en);
            let edit = ClientEdit {
                accept_new_subjects,
                ..client_edit(name, *fields)?
            };
            let client = context.api.edit_client(&present, &edit).await?;
            context.changed(&client, WHOLE)
        }
        ClientCommand::Disable { client } => {
            context.confirm(&format!("client disable {client}"))?;
            let client = context.api.disable_client(&client).await?;
            context.changed(&client, WHOLE)
        }
        ClientCommand::Enable { client } => {
            let client = context.api.enable_client(&client).await?;
            context.changed(&client, WHOLE)
        }
        ClientCommand::RotateSecret { client, at_once } => {
            context.confirm(&format!("client rotate-secret {client}"))?;
            let rotation = SecretRotation { at_once };
            let rotated = context.api.rotate_client_secret(&client, &rotation).await?;
            with_secret(&rotated, context)
        }
    }
}

async fn add(
    (id, name): (Option<String>, LocalText),
    (profile, kind): (Option<Profile>, ClientKind),
    mut fields: ClientFields,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let kind = profile.map_or(kind, client_profile::kind);
    let taken = profile.map(|profile| client_profile::apply(profile, &mut fields));
    let client = new_client(id, name, kind, fields)?;
    let added = context.api.add_client(&client).await?;
    with_secret(&added, context)?;
    explain(&taken.transpose()?.unwrap_or_default(), context);
    Ok(())
}

/// Tells what a profile set, and why.
fn explain(taken: &[&client_profile::Setting], context: &mut Context<'_>) {
    for setting in taken {
        let why = context.say(setting.why);
        let line = format!("{} = {}: {why}", setting.name, setting.value);
        context.output.note(&line);
    }
}

/// Looks for weaknesses; that there are some is an answer, not a failure.
async fn check(client: Option<String>, context: &mut Context<'_>) -> Result<(), Failure> {
    let clients = match client {
        Some(id) => vec![context.api.client(&id).await?],
        None => {
            let api = context.api.clone();
            let fetch = async |page: idp_admin_api::PageQuery| {
                let query = ClientQuery {
                    q: None,
                    after: page.after,
                    limit: page.limit,
                };
                api.clients(&query).await
            };
            crate::cli::context::all(fetch).await?
        }
    };
    let now = crate::outside::clock::Clock::system().now().seconds();
    let language = context.output.style.language;
    let found: Vec<_> = clients
        .iter()
        .flat_map(|client| client_check::findings(client, now, language))
        .collect();
    context.output.list(&found, &found, client_check::COLUMNS)
}

async fn list(
    q: Option<String>,
    paging: &Paging,
    context: &mut Context<'_>,
) -> Result<(), Failure> {
    let api = context.api.clone();
    let fetch = async |page: idp_admin_api::PageQuery| {
        let query = ClientQuery {
            q: q.clone(),
            after: page.after,
            limit: page.limit,
        };
        api.clients(&query).await
    };
    context.list(paging, LIST, fetch).await
}

/// Writes a client and, once, the secret just made for it.
fn with_secret(made: &ClientWithSecret, context: &mut Context<'_>) -> Result<(), Failure> {
    match context.globals.output {
        Format::Json => context.output.json(made)?,
        Format::Csv => {
            let columns: &[Column<ClientWithSecret>] = &[
                column("client_id", text("", ""), |m, _| m.client.client_id.clone()),
                column("client_secret", text("", ""), |m, _| {
                    m.client_secret.clone().unwrap_or_default()
                }),
            ];
            context
                .output
                .csv(std::slice::from_ref(made), columns, true)?;
        }
        Format::Table => {
            context.output.one(&made.client, WHOLE)?;
            if let Some(secret) = &made.client_secret {
                context.output.line(&format!("client_secret: {secret}"))?;
            }
        }
    }
    if made.client_secret.is_some() {
        context.output.note(context.say(KEEP_SECRET));
    }
    context.remind();
    Ok(())
}

fn key_set(file: Option<&Path>) -> Result<Option<serde_json::Value>, Failure> {
    let Some(file) = file else { return Ok(None) };
    let bytes = read_bounded(file, MAX_JWKS)?;
    serde_json::from_slice(&bytes)
        .map(Some)
        .map_err(|e| Failure::file(file, e))
}

fn new_client(
    client_id: Option<String>,
    name: LocalText,
    kind: ClientKind,
    fields: ClientFields,
) -> Result<ClientNew, Failure> {
    Ok(ClientNew {
        client_id,
        name,
        kind,
        token_endpoint_auth_method: fields.auth_method,
        jwks: key_set(fields.jwks.as_deref())?,
        jwks_uri: fields.jwks_uri,
        redirect_uris: fields.redirect_uri.unwrap_or_default(),
        post_logout_redirect_uris: fields.post_logout_redirect_uri.unwrap_or_default(),
        backchannel_logout_uri: fields.backchannel_logout_uri,
        grant_types: fields.grant_type,
        scopes: fields.scope,
        id_token_signed_response_alg: fields.id_token_alg,
        position: fields.position,
        consent: fields.consent,
        introspects: fields.introspects.unwrap_or_default(),
        unit: fields.unit,
        client_uri: fields.client_uri,
        policy_uri: fields.policy_uri,
        tos_uri: fields.tos_uri,
        access_token_seconds: fields.access_token_seconds,
        features: new_features(&fields.set)?,
    })
}

/// Of a new client nothing can be taken back.
fn new_features(set: &[String]) -> Result<ClientFeatures, Failure> {
    let mut features = client_features::patch(set)?;
    features.retain(|_, value| !value.is_null());
    serde_json::from_value(features.into()).map_err(Failure::failed)
}

fn client_edit(name: Option<LocalText>, fields: ClientFields) -> Result<ClientEdit, Failure> {
    // A list given as one empty value is an empty list.
    let whole = |list: Option<Vec<String>>| {
        list.map(|list| list.into_iter().filter(|value| !value.is_empty()).collect())
    };
    Ok(ClientEdit {
        name,
        token_endpoint_auth_method: fields.auth_method,
        jwks: key_set(fields.jwks.as_deref())?.map(Some),
        jwks_uri: clearable(fields.jwks_uri),
        redirect_uris: whole(fields.redirect_uri),
        post_logout_redirect_uris: whole(fields.post_logout_redirect_uri),
        backchannel_logout_uri: clearable(fields.backchannel_logout_uri),
        grant_types: fields.grant_type,
        scopes: whole(fields.scope),
        id_token_signed_response_alg: fields.id_token_alg,
        position: fields.position,
        consent: fields.consent,
        introspects: fields.introspects,
        unit: clearable(fields.unit),
        client_uri: clearable(fields.client_uri),
        policy_uri: clearable(fields.policy_uri),
        tos_uri: clearable(fields.tos_uri),
        access_token_seconds: fields.access_token_seconds.map(Some),
        features: match fields.set.as_slice() {
            [] => None,
            set => Some(client_features::patch(set)?),
        },
        accept_new_subjects: false,
    })
}
