//! Clients: registered, edited, disabled, enabled, given new secrets.

mod answers;
mod authentication;
mod certificate;
mod changed;
mod declared;
mod fapi;
mod features;
pub mod logo;
mod logout;
mod metadata;
mod outside;
mod request_objects;
mod resource;
mod responsible;
mod rights;
mod secret;
mod sector;

pub use declared::{Declared, DeclaredClient, Standing, broken_rules, declare, release};
pub use features::offers;
pub use metadata::{blank, violations};
pub use outside::{Outside, Settled, settle};
pub use responsible::Responsible;
pub use secret::{first_secret, is_secret_of, opened_secrets};
pub use sector::SectorDocument;

pub use changed::changed_fields;

use super::acting::Act;
use super::unit::local;
use crate::base::entropy::Entropy;
use crate::base::id::Id;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::LocalText;
use crate::model::client::{
    Client, ClientAuthenticationMethod as Method, ClientId, ClientKind, ConsentRule, GrantType,
    PositionChoice,
};
use crate::model::key::{Key, KeyPurpose};
use crate::policy::Policy;
use crate::store::change::{Change, Write};
use crate::store::decision::{Decision, Outcome};

/// What may be said about a client; absent fields get the default of its kind, or stay.
#[derive(Clone, Debug, Default)]
pub struct ClientMetadata {
    /// What people read.
    pub name: Option<LocalText>,
    /// How it proves itself.
    pub authentication: Option<Method>,
    /// Its public keys by value; `Some(None)` removes them.
    pub jwks: Option<Option<serde_json::Value>>,
    /// Its public keys by reference; `Some(None)` removes the address.
    pub jwks_uri: Option<Option<String>>,
    /// Where codes may be sent.
    pub redirect_uris: Option<Vec<String>>,
    /// Where browsers may go after signing out.
    pub post_logout_redirect_uris: Option<Vec<String>>,
    /// Where logout tokens are sent.
    pub backchannel_logout_uri: Option<Option<String>>,
    /// Which grant types it may use.
    pub grant_types: Option<Vec<GrantType>>,
    /// Which scopes it may ask for.
    pub scopes: Option<Vec<String>>,
    /// The algorithm of its ID Tokens.
    pub id_token_alg: Option<String>,
    /// Which position it is told.
    pub position: Option<PositionChoice>,
    /// Whether people are asked first.
    pub consent: Option<ConsentRule>,
    /// May introspect tokens.
    pub introspects: Option<bool>,
    /// The unit that answers for it, by id or code.
    pub unit: Option<Option<String>>,
    /// A page about it.
    pub client_uri: Option<Option<String>>,
    /// Its privacy policy.
    pub policy_uri: Option<Option<String>>,
    /// Its terms.
    pub tos_uri: Option<Option<String>>,
    /// Its own access-token lifetime in seconds.
    pub access_token_seconds: Option<Option<u32>>,
    /// A JSON merge patch of its features (RFC 7396).
    pub features: Option<serde_json::Map<String, serde_json::Value>>,
    /// Whether the caller knows that the client's people will have other subjects.
    pub accept_new_subjects: bool,
}

/// A new client.
#[derive(Clone, Debug)]
pub struct ClientNew {
    /// The wished `client_id`; made here when absent.
    pub id: Option<String>,
    /// What kind of program it is; it never changes.
    pub kind: ClientKind,
    /// What is said about it.
    pub metadata: ClientMetadata,
}

/// A client with the secret that was just made for it, if one was.
#[derive(Clone, Debug)]
pub struct WithSecret {
    /// The client.
    pub client: Client,
    /// The secret: 256 bits, here and in the answer and nowhere else.
    pub secret: Option<SecretText>,
}

/// Lets a client be written only when keys sign what was chosen for its ID Tokens and its other
/// signed answers; its first sign-in would fail otherwise.
///
/// Refuses with `client_algorithm_without_key`.
pub fn with_key<T>(
    decision: Decision<T>,
    written: impl Fn(&T) -> &Client,
    keys: &[Key],
    now: Timestamp,
) -> Decision<T> {
    match &decision.outcome {
        Outcome::Done(made) if !is_signed_for(written(made), keys, now) => {
            Decision::refused(Reason::ClientAlgorithmWithoutKey)
        }
        _ => decision,
    }
}

/// Whether keys sign what was chosen for the client's ID Tokens and its other signed answers.
fn is_signed_for(client: &Client, keys: &[Key], now: Timestamp) -> bool {
    let signs_with = |algorithm: &str| {
        let fits = |key: &&Key| key.purpose == KeyPurpose::Token && key.algorithm == algorithm;
        keys.iter().filter(fits).any(|key| key.is_active(now))
    };
    signs_with(&client.id_token_alg)
        && answers::signing_algorithms(client).all(|algorithm| signs_with(algorithm.name()))
}

/// Checks a client as a whole: every rule of metadata, its name, and that a key signs for it.
///
/// # Errors
/// The reason of the first rule that does not hold.
pub fn check(policy: &Policy, client: &Client, keys: &[Key], now: Timestamp) -> Result<(), Reason> {
    name(&client.name)?;
    metadata::check_alone(policy, client)?;
    is_signed_for(client, keys, now)
        .then_some(())
        .ok_or(Reason::ClientAlgorithmWithoutKey)
}

/// Registers a client. The province's alone. `outside` is what was fetched for it so far.
///
/// Refuses with `outside_scope`, `client_name_malformed`, `client_id_malformed`, `client_id_taken` (by the store) and every
/// reason of `metadata` and of [`settle`].
pub fn add(
    act: &Act<'_>,
    new: &ClientNew,
    outside: &Outside,
    entropy: &mut Entropy,
) -> Decision<WithSecret> {
    let settled = added(act, new, entropy)
        .and_then(|client| settle(act.tree, (None, client), outside, false));
    match settled {
        Ok(Settled::Ask(asks)) => Decision::need(asks),
        Ok(Settled::Client(client)) => {
            let mut client = *client;
            let secret = first_secret(&mut client, act.client_sealing, act.now(), entropy);
            let what = What::ClientAdded {
                client: client.id.clone(),
            };
            Decision::done(WithSecret {
                client: client.clone(),
                secret,
            })
            .with_change(Change::Client(Write::Put(client)))
            .with_event(act.event(what, entropy))
        }
        Err(reason) => Decision::refused(reason),
    }
}

fn added(act: &Act<'_>, new: &ClientNew, entropy: &mut Entropy) -> Result<Client, Reason> {
    act.by.needs_everything()?;
    let made = || Id::<Client>::generate(act.now(), entropy).to_string();
    let id = new.id.clone().unwrap_or_else(made);
    let id = ClientId::new(&id).ok_or(Reason::ClientIdMalformed)?;
    let unnamed = LocalText::default();
    let mut client = Client {
        name: name(new.metadata.name.as_ref().unwrap_or(&unnamed))?,
        ..blank((act.policy, act.now()), id, new.kind)
    };
    apply(act, &mut client, &new.metadata)?;
    metadata::check_alone(act.policy, &client)?;
    Ok(client)
}

/// Changes a client's metadata. Moving away from a secret forgets the secrets; moving to one
/// needs [`rotate_secret`] afterwards.
///
/// Refuses with `outside_scope`, `changed_meanwhile` and every reason of `metadata` and of
/// [`settle`].
pub fn edit(
    act: &Act<'_>,
    client: &Client,
    edit: &ClientMetadata,
    outside: &Outside,
    entropy: &mut Entropy,
) -> Decision<Client> {
    let check = || -> Result<Settled, Reason> {
        act.by.needs_everything()?;
        act.expects(client.version)?;
        let mut changed = client.clone();
        apply(act, &mut changed, edit)?;
        secret::drop_unfit(&mut changed);
        metadata::check_alone(act.policy, &changed)?;
        let accepted = edit.accept_new_subjects;
        settle(act.tree, (Some(client), changed), outside, accepted)
    };
    match check() {
        Ok(Settled::Client(changed)) => written(act, client, *changed, entropy),
        Ok(Settled::Ask(asks)) => Decision::need(asks),
        Err(reason) => Decision::refused(reason),
    }
}

/// Takes a client out of use: it can neither authenticate nor send people here. Sessions and
/// grants stay; enabling it brings them back.
///
/// Refuses with `outside_scope`, `changed_meanwhile`.
pub fn disable(act: &Act<'_>, client: &Client, entropy: &mut Entropy) -> Decision<Client> {
    switched(act, client, true, entropy)
}

/// Takes a client into use again.
///
/// Refuses with `outside_scope`, `changed_meanwhile`.
pub fn enable(act: &Act<'_>, client: &Client, entropy: &mut Entropy) -> Decision<Client> {
    switched(act, client, false, entropy)
}

fn switched(
    act: &Act<'_>,
    client: &Client,
    disabled: bool,
    entropy: &mut Entropy,
) -> Decision<Client> {
    match act
        .by
        .needs_everything()
        .and_then(|()| act.expects(client.version))
    {
        Ok(()) => written(
            act,
            client,
            Client {
                disabled,
                ..client.clone()
            },
            entropy,
        ),
        Err(reason) => Decision::refused(reason),
    }
}

/// Makes a new secret. The present one is accepted for the policy's overlap, or, `at_once`, no
/// longer; earlier ones never longer than they were.
///
/// Refuses with `outside_scope`, `changed_meanwhile`, `client_has_no_secret`.
pub fn rotate_secret(
    act: &Act<'_>,
    client: &Client,
    at_once: bool,
    entropy: &mut Entropy,
) -> Decision<WithSecret> {
    let check = || {
        act.by.needs_everything()?;
        act.expects(client.version)?;
        secret::has_secret(client)
            .then_some(())
            .ok_or(Reason::ClientHasNoSecret)
    };
    if let Err(reason) = check() {
        return Decision::refused(reason);
    }
    let mut changed = client.clone();
    let end = act.now() + act.policy.lifetimes.secret_overlap;
    for secret in &mut changed.secrets {
        secret.expires_at = Some(secret.expires_at.map_or(end, |present| present.min(end)));
    }
    changed
        .secrets
        .retain(|s| !at_once && s.expires_at.is_none_or(|end| act.now() < end));
    let made = secret::fresh(&mut changed, act.client_sealing, act.now(), entropy);
    let what = What::ClientSecretRotated {
        client: client.id.clone(),
    };
    Decision::done(WithSecret {
        client: changed.clone(),
        secret: Some(made),
    })
    .with_change(Change::Client(Write::Put(changed)))
    .with_event(act.event(what, entropy))
}

/// Copies what is given onto the client, unchecked but for what must be looked up.
fn apply(act: &Act<'_>, client: &mut Client, given: &ClientMetadata) -> Result<(), Reason> {
    if let Some(text) = &given.name {
        client.name = name(text)?;
        if let Some(registration) = &mut client.registration {
            registration.name_checked = true;
        }
    }
    if let Some(unit) = &given.unit {
        client.unit = unit
            .as_deref()
            .map(|named| act.unit(named))
            .transpose()?
            .map(|u| u.id);
    }
    copy(client, given)
}

/// Copies what needs no looking up.
fn copy(client: &mut Client, given: &ClientMetadata) -> Result<(), Reason> {
    fn set<T: Clone>(field: &mut T, given: &Option<T>) {
        if let Some(value) = given {
            field.clone_from(value);
        }
    }
    set(&mut client.authentication, &given.authentication);
    set(&mut client.jwks, &given.jwks);
    set(&mut client.jwks_uri, &given.jwks_uri);
    set(&mut client.redirect_uris, &given.redirect_uris);
    set(
        &mut client.post_logout_redirect_uris,
        &given.post_logout_redirect_uris,
    );
    set(
        &mut client.backchannel_logout_uri,
        &given.backchannel_logout_uri,
    );
    set(&mut client.grant_types, &given.grant_types);
    set(&mut client.scopes, &given.scopes);
    set(&mut client.id_token_alg, &given.id_token_alg);
    set(&mut client.position, &given.position);
    set(&mut client.consent, &given.consent);
    set(&mut client.introspects, &given.introspects);
    set(&mut client.client_uri, &given.client_uri);
    set(&mut client.policy_uri, &given.policy_uri);
    set(&mut client.tos_uri, &given.tos_uri);
    set(
        &mut client.access_token_seconds,
        &given.access_token_seconds,
    );
    if let Some(patch) = &given.features {
        *client.features = features::patched(&client.features, patch)?;
    }
    Ok(())
}

fn written(
    act: &Act<'_>,
    before: &Client,
    after: Client,
    entropy: &mut Entropy,
) -> Decision<Client> {
    let fields = changed_fields(before, &after);
    if fields.is_empty() {
        return Decision::done(after);
    }
    let what = What::ClientEdited {
        client: after.id.clone(),
        fields,
    };
    Decision::done(after.clone())
        .with_change(Change::Client(Write::Put(after)))
        .with_event(act.event(what, entropy))
}

fn name(text: &LocalText) -> Result<LocalText, Reason> {
    local(text).ok_or(Reason::ClientNameMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, NOW, Stage, done, reason};
    use crate::jose::base64url;

    fn new(kind: ClientKind, redirect_uris: &[&str]) -> ClientNew {
        let metadata = ClientMetadata {
            name: Some(LocalText::plain("Văn phòng điện tử")),
            redirect_uris: Some(redirect_uris.iter().map(|u| (*u).to_owned()).collect()),
            ..ClientMetadata::default()
        };
        ClientNew {
            id: None,
            kind,
            metadata,
        }
    }

    #[test]
    fn only_the_province_touches_clients() {
        let stage = Stage::health();
        let client = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
        let mut entropy = sample::entropy();
        let outside = Some(Reason::OutsideScope);
        let act = stage.act();
        let wanted = new(ClientKind::Web, &["https://rp.example/cb"]);
        assert_eq!(
            reason(&add(&act, &wanted, &Outside::default(), &mut entropy)),
            outside
        );
        assert_eq!(
            reason(&edit(
                &act,
                &client,
                &ClientMetadata::default(),
                &Outside::default(),
                &mut entropy
            )),
            outside
        );
        assert_eq!(reason(&disable(&act, &client, &mut entropy)), outside);
        assert_eq!(reason(&enable(&act, &client, &mut entropy)), outside);
        assert_eq!(
            reason(&rotate_secret(&act, &client, true, &mut entropy)),
            outside
        );
    }

    #[test]
    fn a_secret_that_is_a_key_rests_sealed_for_its_client() {
        let stage = Stage::province();
        let mut wanted = new(ClientKind::Web, &["https://rp.example/cb"]);
        wanted.metadata.authentication = Some(Method::ClientSecretJwt);
        let none = Outside::default();
        let decision = add(&stage.act(), &wanted, &none, &mut sample::entropy());
        let stored = format!("{:?} {:?}", decision.changes, decision.events);
        let made = done(decision);
        let secret = made.secret.unwrap();
        assert!(secret.expose().len() >= 64, "long enough for HS512");
        assert!(!stored.contains(secret.expose()));
        let opened = |client: &Client, name: &Client| {
            let sealed = client.secrets[0].sealed.as_ref().unwrap();
            let sealed = base64url::decode(sealed.as_bytes()).unwrap();
            let name = name.secret_seal_name();
            stage
                .client_sealing
                .open(&name, &sealed)
                .map(|plain| plain.to_vec())
        };
        let client = &made.client;
        assert_eq!(client.secrets[0].digest, None);
        assert_eq!(opened(client, client).unwrap(), secret.expose().as_bytes());
        let other = Client {
            id: sample::client_id("other"),
            ..client.clone()
        };
        assert!(opened(client, &other).is_err(), "moved to another row");

        let mut entropy = sample::entropy();
        let rotated = done(rotate_secret(&stage.act(), client, false, &mut entropy));
        assert_eq!(rotated.client.secrets.len(), 2);
        let basic = ClientMetadata {
            authentication: Some(Method::ClientSecretBasic),
            ..ClientMetadata::default()
        };
        let changed = done(edit(
            &stage.act(),
            &rotated.client,
            &basic,
            &none,
            &mut entropy,
        ));
        assert!(changed.secrets.is_empty(), "neither form serves the other");
    }

    #[test]
    fn a_secret_is_answered_once_and_rests_as_a_digest() {
        let stage = Stage::province();
        let wanted = new(ClientKind::Web, &["https://rp.example/cb"]);
        let decision = add(
            &stage.act(),
            &wanted,
            &Outside::default(),
            &mut sample::entropy(),
        );
        let stored = format!("{:?} {:?}", decision.changes, decision.events);
        let made = done(decision);
        let secret = made.secret.unwrap();
        assert!(!stored.contains(secret.expose()));
        assert_eq!(made.client.secrets[0].digest, Some(secret.digest()));
        let public = done(add(
            &stage.act(),
            &new(ClientKind::Spa, &["https://a.example/"]),
            &Outside::default(),
            &mut sample::entropy(),
        ));
        assert!(public.secret.is_none() && public.client.secrets.is_empty());
    }

    #[test]
    fn an_old_secret_overlaps_unless_it_was_stolen() {
        let stage = Stage::province();
        let mut entropy = sample::entropy();
        let wanted = new(ClientKind::Web, &["https://rp.example/cb"]);
        let client = done(add(
            &stage.act(),
            &wanted,
            &Outside::default(),
            &mut entropy,
        ))
        .client;
        let once = done(rotate_secret(&stage.act(), &client, false, &mut entropy)).client;
        let end = NOW + stage.policy.lifetimes.secret_overlap;
        assert_eq!(
            once.secrets
                .iter()
                .map(|s| s.expires_at)
                .collect::<Vec<_>>(),
            [None, Some(end)]
        );
        let stolen = done(rotate_secret(&stage.act(), &once, true, &mut entropy)).client;
        assert_eq!(stolen.secrets.len(), 1);
        let public = sample::client(ClientKind::Spa, &[]);
        let public = Client {
            authentication: Method::None,
            ..public
        };
        let refused = rotate_secret(&stage.act(), &public, false, &mut entropy);
        assert_eq!(reason(&refused), Some(Reason::ClientHasNoSecret));
    }

    #[test]
    fn an_edit_names_its_fields() {
        let stage = Stage::province();
        let client = sample::client(ClientKind::Web, &["https://rp.example/cb"]);
        let change = ClientMetadata {
            tos_uri: Some(Some("https://rp.example/tos".into())),
            ..ClientMetadata::default()
        };
        let decision = edit(
            &stage.act(),
            &client,
            &change,
            &Outside::default(),
            &mut sample::entropy(),
        );
        let fields = vec!["tos_uri".to_owned()];
        assert_eq!(
            decision.events[0].what,
            What::ClientEdited {
                client: client.id.clone(),
                fields
            }
        );
        let nothing = edit(
            &stage.act(),
            &client,
            &ClientMetadata::default(),
            &Outside::default(),
            &mut sample::entropy(),
        );
        assert!(nothing.changes.is_empty());
        let disabled = done(disable(&stage.act(), &client, &mut sample::entropy()));
        assert!(
            disabled.disabled
                && !done(enable(&stage.act(), &disabled, &mut sample::entropy())).disabled
        );
    }
}
