//! `clients.file`: applications that a file declares, brought into the store at every start.

mod file;
mod trouble;

use std::collections::BTreeSet;

use idp_core::admin::client::{Declared, DeclaredClient, Standing, broken_rules};
use idp_core::base::fault::Fault;
use idp_core::base::time::Timestamp;
use idp_core::flow::Failure;
use idp_core::flow::admin::{Acting, Administration, client};
use idp_core::model::client::ClientId;
use idp_core::organisation::UnitTree;
use idp_core::policy::Policy;
use idp_core::store::Records;

use crate::cli::language::Language;
use crate::config::Settings;
use crate::http::context::Arrival;
use crate::http::site::Site;

pub(crate) use file::{Declarations, read};
pub(crate) use trouble::Trouble;

/// What is wrong with the configured file: what keeps the provider from starting, then the rules
/// that its clients break by themselves. Units, keys and present clients are not looked at.
/// Nothing when no file is configured.
pub(crate) fn troubles(settings: &Settings, policy: &Policy, now: Timestamp) -> Vec<Trouble> {
    let Some(path) = &settings.declared.clients else {
        return Vec::new();
    };
    let Declarations { clients, troubles } = read(path, settings.preset);
    let broken = clients
        .iter()
        .flat_map(|declared| of_rules(declared, broken_rules((policy, now), declared, None)));
    troubles.into_iter().chain(broken).collect()
}

/// The same with what rests: units, keys of the issuer, and the clients that are there.
///
/// # Errors
/// A fault of the store.
pub(crate) async fn troubles_beside(
    settings: &Settings,
    (policy, now): (&Policy, Timestamp),
    records: &dyn Records,
) -> Result<Vec<Trouble>, Fault> {
    let Some(path) = &settings.declared.clients else {
        return Ok(Vec::new());
    };
    let Declarations {
        clients,
        mut troubles,
    } = read(path, settings.preset);
    let tree = UnitTree::new(records.units().await?);
    let keys = records.keys(&policy.issuer_key).await?;
    for declared in &clients {
        let present = records.client(&policy.issuer_key, &declared.id).await?;
        let standing = Standing {
            present: present.as_ref(),
            tree: &tree,
            keys: &keys,
        };
        let broken = broken_rules((policy, now), declared, Some(standing));
        troubles.extend(of_rules(declared, broken));
    }
    Ok(troubles)
}

fn of_rules(
    declared: &DeclaredClient,
    broken: Vec<idp_core::base::refusal::Reason>,
) -> impl Iterator<Item = Trouble> {
    let told = |reason| Trouble::of_rule(declared.id.as_str(), reason);
    broken.into_iter().map(told)
}

/// Makes the store's clients what the file declares, and takes the mark from those that it no
/// longer names. One that a rule refuses is reported and stays as it was: a unit that was merged
/// meanwhile must not keep a province from signing in.
///
/// # Errors
/// A fault with everything that is wrong with the file, or of the store.
pub(crate) async fn bring(settings: &Settings, site: &Site) -> Result<(), Fault> {
    let declarations = match &settings.declared.clients {
        Some(path) => read(path, settings.preset),
        None => Declarations::default(),
    };
    if !declarations.troubles.is_empty() {
        let lines = declarations.troubles.iter();
        let lines: Vec<_> = lines.map(|trouble| trouble.line(Language::En)).collect();
        let listed = format!(
            "everything that is wrong with it:\n  {}",
            lines.join("\n  ")
        );
        return Err(Fault::lasting("clients.file", listed));
    }
    for declared in &declarations.clients {
        one(site, declared).await?;
    }
    let named = declarations.clients.into_iter().map(|declared| declared.id);
    let named: BTreeSet<ClientId> = named.collect();
    for client in released(site, &named).await? {
        tracing::info!(client = %client, "a client is no longer declared; it stays as it is");
    }
    Ok(())
}

async fn one(site: &Site, declared: &DeclaredClient) -> Result<(), Fault> {
    match client::declare(&mut desk(site)?, declared).await {
        Ok(Declared::Same(_)) => {}
        Ok(Declared::Added(client)) => {
            tracing::info!(client = %client.id, "a declared client was added");
        }
        Ok(Declared::Changed(client)) => {
            tracing::info!(client = %client.id, "a client was made what the file declares");
        }
        Err(Failure::Refused(refusal)) => {
            let (reason, remedy) = (refusal.reason.name(), refusal.reason.remedy());
            let what =
                "a declared client is refused and stays as it was; `idp doctor` tells everything";
            tracing::error!(client = %declared.id, reason, remedy, "{what}");
        }
        Err(Failure::Fault(fault)) => return Err(fault),
    }
    Ok(())
}

async fn released(site: &Site, named: &BTreeSet<ClientId>) -> Result<Vec<ClientId>, Fault> {
    match client::release_others(&mut desk(site)?, named).await {
        Ok(released) => Ok(released),
        Err(Failure::Refused(refusal)) => {
            Err(Fault::lasting("clients.file", refusal.reason.name()))
        }
        Err(Failure::Fault(fault)) => Err(fault),
    }
}

fn desk(site: &Site) -> Result<Administration, Fault> {
    let arrival = Arrival {
        request_id: "start".to_owned(),
        address: None,
        user_agent: None,
        local_uid: None,
    };
    let (provider, context) = (site.provider.clone(), site.context(&arrival)?);
    Ok(Administration::new(provider, context, Acting::Installation))
}
