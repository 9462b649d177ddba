//! Flows about clients.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Administration;
use crate::admin::client::{
    self, ClientMetadata, ClientNew, Declared, DeclaredClient, Outside, WithSecret,
};
use crate::base::fault::Fault;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::text::search_key;
use crate::flow::outside::LOOKS;
use crate::flow::{ATTEMPTS, Failure, contended};
use crate::model::client::{Client, ClientId};
use crate::model::key::Key;
use crate::organisation::UnitTree;
use crate::store::decision::{Decision, Outcome};
use crate::store::page::{Listing, PageRequest};

/// A client, its fresh secret if one was made, and the tree in which its unit stands.
#[derive(Clone, Debug)]
pub struct ClientAnswer {
    /// The client.
    pub client: Client,
    /// The secret; never after a dry run.
    pub secret: Option<SecretText>,
    /// All units.
    pub tree: Arc<UnitTree>,
}

/// Clients by id, of those whose name has the words of `text` or whose id begins with it.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`.
pub async fn list(
    desk: &Administration,
    text: Option<&str>,
    page: &PageRequest,
) -> Result<(Listing<Client>, Arc<UnitTree>), Failure> {
    let ground = desk.ground().await?;
    ground.by.needs_everything()?;
    let key = text.map(search_key).filter(|k| !k.is_empty());
    let wanted = usize::try_from(page.limit).unwrap_or(500);
    let mut found = Listing {
        entries: Vec::new(),
        next: None,
    };
    let mut page = page.clone();
    loop {
        let some = desk
            .provider
            .records
            .clients(&desk.provider.policy.issuer_key, &page)
            .await?;
        found.entries.extend(
            some.entries
                .into_iter()
                .filter(|c| is_found(c, key.as_deref())),
        );
        found.next.clone_from(&some.next);
        match some.next {
            Some(next)
                if found.entries.is_empty() || found.entries.len() < wanted && key.is_some() =>
            {
                page.after = Some(next);
                let missing = wanted.saturating_sub(found.entries.len()).max(1);
                page.limit = u32::try_from(missing).unwrap_or(500);
            }
            _ => return Ok((found, ground.tree)),
        }
    }
}

fn is_found(client: &Client, key: Option<&str>) -> bool {
    let Some(key) = key else { return true };
    let in_name = |name: &str| {
        let name = search_key(name);
        key.split(' ')
            .all(|word| name.split(' ').any(|n| n.starts_with(word)))
    };
    client.id.as_str().to_ascii_lowercase().starts_with(key)
        || in_name(&client.name.vi)
        || client.name.en.as_deref().is_some_and(in_name)
}

/// A client.
///
/// # Errors
/// `administrator_unknown`, `outside_scope`, `not_found_here`.
pub async fn show(desk: &Administration, id: &str) -> Result<ClientAnswer, Failure> {
    let ground = desk.ground().await?;
    ground.by.needs_everything()?;
    let client = load_client(desk, id).await?;
    Ok(ClientAnswer {
        client,
        secret: None,
        tree: ground.tree,
    })
}

async fn load_client(desk: &Administration, id: &str) -> Result<Client, Failure> {
    let id = ClientId::new(id).ok_or(Reason::NotFoundHere)?;
    let issuer = &desk.provider.policy.issuer_key;
    let client = desk.provider.records.client(issuer, &id).await?;
    client.ok_or_else(|| Reason::NotFoundHere.into())
}

/// Registers a client.
///
/// # Errors
/// What [`client::add`] refuses with; what its metadata point to and cannot be fetched.
pub async fn add(desk: &mut Administration, new: &ClientNew) -> Result<ClientAnswer, Failure> {
    let mut outside = Outside::default();
    for _ in 0..ATTEMPTS + LOOKS {
        let ground = desk.ground().await?;
        let decision = client::add(&ground.act(), new, &outside, &mut desk.context.entropy);
        let Some(decision) = desk.looked(decision, &mut outside).await? else {
            continue;
        };
        let keys = desk.keys().await?;
        let decision =
            client::with_key(decision, |made| &made.client, &keys, desk.context.here.now);
        if let Some(made) = desk.settle(decision).await? {
            return stored(desk, made, ground.tree).await;
        }
    }
    Err(contended())
}

/// Changes a client.
///
/// # Errors
/// What [`client::edit`] refuses with; `not_found_here`; what its metadata point to and cannot be
/// fetched.
pub async fn edit(
    desk: &mut Administration,
    id: &str,
    edit: &ClientMetadata,
) -> Result<ClientAnswer, Failure> {
    let mut outside = Outside::default();
    for _ in 0..ATTEMPTS + LOOKS {
        let ground = desk.ground().await?;
        let client = load_client(desk, id).await?;
        let entropy = &mut desk.context.entropy;
        let decision = client::edit(&ground.act(), &client, edit, &outside, entropy);
        let Some(decision) = desk.looked(decision, &mut outside).await? else {
            continue;
        };
        let keys = desk.keys().await?;
        let decision = client::with_key(decision, |client| client, &keys, desk.context.here.now);
        if let Some(client) = desk.settle(decision).await? {
            let made = WithSecret {
                client,
                secret: None,
            };
            return stored(desk, made, ground.tree).await;
        }
    }
    Err(contended())
}

/// Makes a client what a file of the operator declares.
///
/// # Errors
/// What [`client::declare`] refuses with; `client_algorithm_without_key`; what its metadata point to
/// and cannot be fetched.
pub async fn declare(
    desk: &mut Administration,
    declared: &DeclaredClient,
) -> Result<Declared, Failure> {
    let mut outside = Outside::default();
    for _ in 0..ATTEMPTS + LOOKS {
        let ground = desk.ground().await?;
        let issuer = &desk.provider.policy.issuer_key;
        let present = desk.provider.records.client(issuer, &declared.id).await?;
        let (act, entropy) = (ground.act(), &mut desk.context.entropy);
        let decision = client::declare(&act, present.as_ref(), declared, &outside, entropy);
        let Some(decision) = desk.looked(decision, &mut outside).await? else {
            continue;
        };
        let keys = desk.keys().await?;
        let now = desk.context.here.now;
        let decision = client::with_key(decision, Declared::client, &keys, now);
        if let Some(done) = desk.settle(decision).await? {
            return Ok(done);
        }
    }
    Err(contended())
}

/// Takes the mark of a declared client from those that are not among `named`.
///
/// # Errors
/// What [`client::release`] refuses with.
pub async fn release_others(
    desk: &mut Administration,
    named: &BTreeSet<ClientId>,
) -> Result<Vec<ClientId>, Failure> {
    let mut released = Vec::new();
    let mut page = PageRequest::first(500);
    loop {
        let issuer = &desk.provider.policy.issuer_key;
        let some = desk.provider.records.clients(issuer, &page).await?;
        let marked = some.entries.into_iter().filter(|client| client.declared);
        for client in marked.filter(|client| !named.contains(&client.id)) {
            release(desk, &client.id).await?;
            released.push(client.id);
        }
        match some.next {
            Some(next) => page.after = Some(next),
            None => return Ok(released),
        }
    }
}

async fn release(desk: &mut Administration, id: &ClientId) -> Result<(), Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let client = load_client(desk, id.as_str()).await?;
        let entropy = &mut desk.context.entropy;
        let decision = client::release(&ground.act(), &client, entropy);
        if desk.settle(decision).await?.is_some() {
            return Ok(());
        }
    }
    Err(contended())
}

impl Administration {
    /// Fetches what a decision asked for, so that it is made again; hands back one that asks
    /// nothing.
    async fn looked<T>(
        &self,
        decision: Decision<T>,
        outside: &mut Outside,
    ) -> Result<Option<Decision<T>>, Failure> {
        match decision.outcome {
            Outcome::Need(asks) => {
                let now = self.context.here.now;
                self.provider.look_outside(asks, outside, now).await?;
                Ok(None)
            }
            _ => Ok(Some(decision)),
        }
    }

    async fn keys(&self) -> Result<Vec<Key>, Fault> {
        let issuer = &self.provider.policy.issuer_key;
        self.provider.records.keys(issuer).await
    }
}

/// Takes a client out of use, or into use again.
///
/// # Errors
/// What [`client::disable`] refuses with; `not_found_here`.
pub async fn switch(
    desk: &mut Administration,
    id: &str,
    disabled: bool,
) -> Result<ClientAnswer, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let client = load_client(desk, id).await?;
        let decide = if disabled {
            client::disable
        } else {
            client::enable
        };
        let decision = decide(&ground.act(), &client, &mut desk.context.entropy);
        if let Some(client) = desk.settle(decision).await? {
            return stored(
                desk,
                WithSecret {
                    client,
                    secret: None,
                },
                ground.tree,
            )
            .await;
        }
    }
    Err(contended())
}

/// Makes a new secret.
///
/// # Errors
/// What [`client::rotate_secret`] refuses with; `not_found_here`.
pub async fn rotate_secret(
    desk: &mut Administration,
    id: &str,
    at_once: bool,
) -> Result<ClientAnswer, Failure> {
    for _ in 0..ATTEMPTS {
        let ground = desk.ground().await?;
        let client = load_client(desk, id).await?;
        let decision =
            client::rotate_secret(&ground.act(), &client, at_once, &mut desk.context.entropy);
        if let Some(made) = desk.settle(decision).await? {
            return stored(desk, made, ground.tree).await;
        }
    }
    Err(contended())
}

async fn stored(
    desk: &Administration,
    made: WithSecret,
    tree: Arc<UnitTree>,
) -> Result<ClientAnswer, Failure> {
    if desk.dry_run {
        return Ok(ClientAnswer {
            client: made.client,
            secret: None,
            tree,
        });
    }
    let client = &made.client;
    let stored = desk
        .provider
        .records
        .client(&client.issuer, &client.id)
        .await?;
    Ok(ClientAnswer {
        client: stored.unwrap_or(made.client),
        secret: made.secret,
        tree,
    })
}
