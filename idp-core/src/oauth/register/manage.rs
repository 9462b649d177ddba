//! The registration of a client, read, replaced and removed by itself (RFC 7592).

use super::create::{Registered, Stop, with_statement};
use super::metadata::RegistrationRequest;
use crate::admin::client::{self, Outside, Settled};
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::event::{Actor, What};
use crate::model::client::Client;
use crate::model::key::Key;
use crate::model::registration::Registration;
use crate::organisation::UnitTree;
use crate::store::change::{Change, Write};
use crate::store::decision::{Deciding, Decision};

/// Reads a registration (RFC 7592 §2.1).
///
/// # Errors
/// [`Reason::RegistrationAccessWrong`] for a client that does not exist, is disabled or was
/// registered by an administrator, and for a token that is not its: alike.
pub fn read<'a>(
    client: Option<&'a Client>,
    presented: Option<&SecretText>,
) -> Result<&'a Client, Reason> {
    proved(client, presented).map(|(client, _)| client)
}

fn proved<'a>(
    client: Option<&'a Client>,
    presented: Option<&SecretText>,
) -> Result<(&'a Client, &'a Registration), Reason> {
    let found = client
        .filter(|client| !client.disabled)
        .and_then(|client| Some((client, client.registration.as_deref()?)));
    let digest = presented.map(SecretText::digest);
    found
        .filter(|(_, registration)| digest == Some(registration.token))
        .ok_or(Reason::RegistrationAccessWrong)
}

/// What a replacement is decided by.
#[derive(Clone, Copy, Debug)]
pub struct ReplaceFacts<'a> {
    /// The client as it is.
    pub client: Option<&'a Client>,
    /// The registration access token that was presented.
    pub presented: Option<&'a SecretText>,
    /// What was sent.
    pub request: &'a RegistrationRequest,
    /// The provider's keys.
    pub keys: &'a [Key],
    /// Seals the secrets that are keys.
    pub sealing: &'a SealingKey,
    /// The units, for a client to which an administrator gave an agency's sector.
    pub tree: &'a UnitTree,
    /// What was fetched for it.
    pub outside: &'a Outside,
}

/// Replaces the whole of a registration (RFC 7592 §2.2). What only administrators set stays as it
/// is; a new registration access token takes over. A secret is made when the client needs one and
/// has none.
///
/// Refuses with `registration_access_wrong`, the reasons of a replacement and of metadata, and
/// `client_subjects_would_change`.
pub fn replace(facts: &ReplaceFacts<'_>, deciding: &mut Deciding<'_>) -> Decision<Registered> {
    let before = match read(facts.client, facts.presented) {
        Ok(before) => before,
        Err(reason) => return Decision::refused(reason),
    };
    let described = match described(facts, before, deciding) {
        Ok(described) => described,
        Err(stop) => return stop.decision(),
    };
    let (mut client, statement) = described;
    let token = SecretText::generate(deciding.entropy);
    if let Some(registration) = &mut client.registration {
        registration.token = token.digest();
    }
    let secret = client::first_secret(&mut client, facts.sealing, deciding.now(), deciding.entropy);
    let what = What::ClientEdited {
        client: client.id.clone(),
        fields: client::changed_fields(before, &client),
    };
    let event = deciding.event(Actor::Client(client.id.clone()), what);
    Decision::done(Registered {
        client: client.clone(),
        secret,
        token: Some(token),
        statement,
    })
    .with_change(Change::Client(Write::Put(client)))
    .with_event(event)
}

fn described(
    facts: &ReplaceFacts<'_>,
    before: &Client,
    deciding: &Deciding<'_>,
) -> Result<(Client, Option<String>), Stop> {
    facts.request.check_replacement(before, facts.sealing)?;
    let judged = (deciding.now(), deciding.policy);
    let (request, statement) = with_statement(facts.request, facts.outside, judged)?;
    let client = request.client(before.clone(), &deciding.policy.registration)?;
    client::check(deciding.policy, &client, facts.keys, deciding.now())?;
    match client::settle(facts.tree, (Some(before), client), facts.outside, false)? {
        Settled::Client(client) => Ok((*client, statement)),
        Settled::Ask(asks) => Err(Stop::Ask(asks)),
    }
}

/// Removes a registration (RFC 7592 §2.3). Its refresh tokens and codes are dead with it; access
/// tokens that resource servers verify by themselves end with their short lifetime.
///
/// Refuses with `registration_access_wrong`.
pub fn remove(
    client: Option<&Client>,
    presented: Option<&SecretText>,
    deciding: &mut Deciding<'_>,
) -> Decision<()> {
    match proved(client, presented) {
        Ok((client, _)) => {
            let actor = Actor::Client(client.id.clone());
            removed(client, actor, deciding)
        }
        Err(reason) => Decision::refused(reason),
    }
}

/// Removes a client that nobody signed in with in time; nothing happens to any other.
pub fn expire(client: &Client, deciding: &mut Deciding<'_>) -> Option<Decision<()>> {
    let ends = client.registration.as_ref()?.expires_at?;
    (ends <= deciding.now()).then(|| removed(client, Actor::System, deciding))
}

fn removed(client: &Client, actor: Actor, deciding: &mut Deciding<'_>) -> Decision<()> {
    let what = What::ClientRemoved {
        client: client.id.clone(),
    };
    let event = deciding.event(actor, what);
    Decision::done(())
        .with_change(Change::Client(Write::Remove(client.clone())))
        .with_event(event)
}

/// The client as it is once somebody signs in with it: it stays. None when it stays already.
pub fn kept(client: &Client) -> Option<Client> {
    let registration = client.registration.as_deref()?;
    registration.expires_at?;
    Some(Client {
        registration: Some(Box::new(Registration {
            expires_at: None,
            ..registration.clone()
        })),
        ..client.clone()
    })
}
