//! Clients that a file of the operator declares: what the file says is all there is to say about them.

use super::secret::{drop_unfit, is_secret_of, rest};
use super::{
    ClientMetadata, ClientNew, Outside, Settled, added, blank, changed_fields, copy, is_signed_for,
    metadata, name, sector, settle, written,
};
use crate::admin::acting::Act;
use crate::base::entropy::Entropy;
use crate::base::refusal::Reason;
use crate::base::secret::SecretText;
use crate::base::time::Timestamp;
use crate::event::What;
use crate::model::LocalText;
use crate::model::client::{Client, ClientId, ClientKind};
use crate::model::key::Key;
use crate::organisation::UnitTree;
use crate::policy::Policy;
use crate::store::change::{Change, Write};
use crate::store::decision::Decision;

/// A client as a file declares it.
#[derive(Clone, Debug)]
pub struct DeclaredClient {
    /// Its `client_id`.
    pub id: ClientId,
    /// What kind of program it is.
    pub kind: ClientKind,
    /// What is said about it; what is not said has the default of its kind.
    pub metadata: ClientMetadata,
    /// Its one secret. Only a conformance suite needs to know it beforehand: whoever reads the file
    /// knows it too, so the configuration takes one under the certification preset alone.
    pub secret: Option<SecretText>,
}

/// What a declaration came to.
#[derive(Clone, Debug)]
pub enum Declared {
    /// There was no such client.
    Added(Client),
    /// It was not as the file says.
    Changed(Client),
    /// It was.
    Same(Client),
}

impl Declared {
    /// The client as the file says.
    pub const fn client(&self) -> &Client {
        match self {
            Self::Added(client) | Self::Changed(client) | Self::Same(client) => client,
        }
    }
}

/// Makes a client what a file declares it to be. Whether it is disabled stays, and so do secrets that
/// the file does not tell; a client that registered itself under this id no longer manages itself.
///
/// Refuses with `outside_scope`, `client_kind_fixed`, and every reason of `metadata` and of [`settle`].
pub fn declare(
    act: &Act<'_>,
    present: Option<&Client>,
    declared: &DeclaredClient,
    outside: &Outside,
    entropy: &mut Entropy,
) -> Decision<Declared> {
    let settled = described(act, present, declared, entropy)
        .and_then(|client| settle(act.tree, (present, client), outside, false));
    let mut client = match settled {
        Ok(Settled::Client(client)) => *client,
        Ok(Settled::Ask(asks)) => return Decision::need(asks),
        Err(reason) => return Decision::refused(reason),
    };
    with_secret(act, &mut client, declared, entropy);
    let Some(before) = present else {
        let what = What::ClientAdded {
            client: client.id.clone(),
        };
        return Decision::done(Declared::Added(client.clone()))
            .with_change(Change::Client(Write::Put(client)))
            .with_event(act.event(what, entropy));
    };
    if *before == client {
        return Decision::done(Declared::Same(client));
    }
    let what = What::ClientEdited {
        client: client.id.clone(),
        fields: changed_fields(before, &client),
    };
    Decision::done(Declared::Changed(client.clone()))
        .with_change(Change::Client(Write::Put(client)))
        .with_event(act.event(what, entropy))
}

/// The client as declared, with what no file says from the one that rests.
fn described(
    act: &Act<'_>,
    present: Option<&Client>,
    declared: &DeclaredClient,
    entropy: &mut Entropy,
) -> Result<Client, Reason> {
    let new = ClientNew {
        id: Some(declared.id.to_string()),
        kind: declared.kind,
        metadata: declared.metadata.clone(),
    };
    let client = Client {
        declared: true,
        ..added(act, &new, entropy)?
    };
    let Some(before) = present else {
        return Ok(client);
    };
    if before.kind != client.kind {
        return Err(Reason::ClientKindFixed);
    }
    Ok(Client {
        version: before.version,
        disabled: before.disabled,
        secrets: before.secrets.clone(),
        created_at: before.created_at,
        ..client
    })
}

fn with_secret(
    act: &Act<'_>,
    client: &mut Client,
    declared: &DeclaredClient,
    entropy: &mut Entropy,
) {
    drop_unfit(client);
    let Some(secret) = &declared.secret else {
        return;
    };
    let alone = client.secrets.len() == 1;
    if alone && is_secret_of(client, secret, act.client_sealing) {
        return;
    }
    let made = rest(client, secret, (act.client_sealing, act.now()), entropy);
    client.secrets = vec![made];
    // A method without a secret has no use for it.
    drop_unfit(client);
}

/// Takes the mark from a client that no file declares any more; everything else about it stays.
///
/// Refuses with `outside_scope`.
pub fn release(act: &Act<'_>, client: &Client, entropy: &mut Entropy) -> Decision<Client> {
    if let Err(reason) = act.by.needs_everything() {
        return Decision::refused(reason);
    }
    let released = Client {
        declared: false,
        ..client.clone()
    };
    written(act, client, released, entropy)
}

/// What a declaration meets in the store.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The client that has its id.
    pub present: Option<&'a Client>,
    /// All units.
    pub tree: &'a UnitTree,
    /// The issuer's keys.
    pub keys: &'a [Key],
}

/// Every rule that a declaration breaks, so that whoever wrote it can mend all at once: those of
/// the client by itself, and with a `standing` those about units, keys and what is registered.
/// What lies elsewhere (a sector document, a picture, the responsible person) is not looked at.
pub fn broken_rules(
    (policy, now): (&Policy, Timestamp),
    declared: &DeclaredClient,
    standing: Option<Standing<'_>>,
) -> Vec<Reason> {
    let given = &declared.metadata;
    let mut client = blank((policy, now), declared.id.clone(), declared.kind);
    let unnamed = LocalText::default();
    let named = name(given.name.as_ref().unwrap_or(&unnamed)).err();
    let copied = copy(&mut client, given).err();
    let mut broken: Vec<Reason> = named.into_iter().chain(copied).collect();
    broken.extend(metadata::violations(policy, &client));
    if let Some(standing) = standing {
        broken.extend(misplaced(&mut client, given, standing));
        if !is_signed_for(&client, standing.keys, now) {
            broken.push(Reason::ClientAlgorithmWithoutKey);
        }
    }
    broken
}

/// What does not fit to the units and to the client that is there.
fn misplaced(
    client: &mut Client,
    given: &ClientMetadata,
    standing: Standing<'_>,
) -> impl Iterator<Item = Reason> {
    let named = given.unit.as_ref().and_then(Option::as_deref);
    let unit = named.map(|named| standing.tree.named(named).ok_or(Reason::UnitUnknown));
    let unit = unit.transpose().map(|unit| unit.map(|unit| unit.id));
    client.unit = unit.unwrap_or_default();
    let kind = standing.present.filter(|before| before.kind != client.kind);
    // A sector that needs a unit is told only where the unit itself is known.
    let sector = match standing.present {
        _ if unit.is_err() => None,
        None => sector::described(standing.tree, client).err(),
        Some(before) => sector::resettled(standing.tree, (before, client), false).err(),
    };
    let fixed = kind.map(|_| Reason::ClientKindFixed);
    unit.err().into_iter().chain(fixed).chain(sector)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::sample::{self, NOW, Stage, done, reason};
    use crate::model::LocalText;
    use crate::model::client::ClientAuthenticationMethod as Method;
    use crate::model::registration::Registration;

    fn declaration(kind: ClientKind) -> DeclaredClient {
        DeclaredClient {
            id: sample::client_id("suite"),
            kind,
            metadata: ClientMetadata {
                name: Some(LocalText::plain("Bộ kiểm thử")),
                redirect_uris: Some(vec!["https://rp.example/cb".into()]),
                ..ClientMetadata::default()
            },
            secret: Some(SecretText::new("s".repeat(32))),
        }
    }

    fn declared(present: Option<&Client>, wanted: &DeclaredClient) -> Decision<Declared> {
        let stage = Stage::province();
        let none = Outside::default();
        declare(&stage.act(), present, wanted, &none, &mut sample::entropy())
    }

    #[test]
    fn the_file_is_all_there_is_to_say() {
        let wanted = declaration(ClientKind::Web);
        let Declared::Added(first) = done(declared(None, &wanted)) else {
            panic!("it was there")
        };
        let digest = wanted.secret.as_ref().unwrap().digest();
        assert_eq!(first.secrets[0].digest, Some(digest));

        let again = declared(Some(&first), &wanted);
        assert!(again.changes.is_empty() && again.events.is_empty());
        assert!(matches!(done(again), Declared::Same(_)));

        let mut drifted = first.clone();
        drifted.scopes.push("payroll:read".into());
        drifted.disabled = true;
        drifted.registration = Some(Box::new(Registration {
            token: digest,
            initial: None,
            name_checked: false,
            expires_at: Some(NOW),
        }));
        let Declared::Changed(mended) = done(declared(Some(&drifted), &wanted)) else {
            panic!("nothing changed")
        };
        assert!(mended.disabled, "an administrator's word about use stays");
        assert!(mended.registration.is_none(), "the operator took it over");
        assert!(mended.declared && first.declared);
        assert_eq!(mended.scopes, first.scopes);
        assert_eq!(mended.secrets, first.secrets);
    }

    #[test]
    fn a_client_that_the_file_named_once_stays_as_it_is() {
        let stage = Stage::province();
        let wanted = declaration(ClientKind::Web);
        let first = done(declared(None, &wanted)).client().clone();
        let decision = release(&stage.act(), &first, &mut sample::entropy());
        assert_eq!(decision.events.len(), 1);
        let released = done(decision);
        let expected = Client {
            declared: false,
            ..first
        };
        assert_eq!(released, expected);
        let again = release(&stage.act(), &released, &mut sample::entropy());
        assert!(again.changes.is_empty() && again.events.is_empty());
        let unit = release(&Stage::health().act(), &released, &mut sample::entropy());
        assert_eq!(reason(&unit), Some(Reason::OutsideScope));
    }

    #[test]
    fn every_broken_rule_of_a_declaration_is_told_at_once() {
        let policy = Stage::province().policy;
        let told = |wanted: &DeclaredClient, standing: Option<Standing<'_>>| {
            broken_rules((&policy, NOW), wanted, standing)
        };
        let mut wanted = declaration(ClientKind::Web);
        assert!(told(&wanted, None).is_empty());
        let first = done(declared(None, &wanted)).client().clone();
        let metadata = &mut wanted.metadata;
        metadata.name = None;
        metadata.redirect_uris = Some(vec!["http://rp.example/cb".into()]);
        metadata.unit = Some(Some("H42.99".into()));
        let features = serde_json::json!({"sector": "agency"});
        metadata.features = features.as_object().cloned();
        wanted.kind = ClientKind::Native;
        let alone = [
            Reason::ClientNameMalformed,
            Reason::ClientRedirectNotHttps,
            Reason::ClientSectorUnfit,
        ];
        assert_eq!(told(&wanted, None), alone);
        let tree = sample::tree();
        let standing = Standing {
            present: Some(&first),
            tree: &tree,
            keys: &[],
        };
        let placed = [
            Reason::UnitUnknown,
            Reason::ClientKindFixed,
            Reason::ClientAlgorithmWithoutKey,
        ];
        assert_eq!(told(&wanted, Some(standing)), [alone, placed].concat());
    }

    #[test]
    fn a_told_secret_is_the_only_one_and_an_untold_one_stays() {
        let mut wanted = declaration(ClientKind::Web);
        let first = done(declared(None, &wanted)).client().clone();
        wanted.secret = Some(SecretText::new("t".repeat(32)));
        let second = done(declared(Some(&first), &wanted)).client().clone();
        let digests: Vec<_> = second.secrets.iter().map(|s| s.digest).collect();
        assert_eq!(digests, [Some(wanted.secret.as_ref().unwrap().digest())]);
        wanted.secret = None;
        assert!(matches!(
            done(declared(Some(&second), &wanted)),
            Declared::Same(_)
        ));
        wanted.metadata.authentication = Some(Method::ClientSecretJwt);
        wanted.secret = Some(SecretText::new("u".repeat(64)));
        let sealed = done(declared(Some(&second), &wanted)).client().clone();
        assert!(sealed.secrets.len() == 1 && sealed.secrets[0].sealed.is_some());
        assert!(matches!(
            done(declared(Some(&sealed), &wanted)),
            Declared::Same(_)
        ));
    }

    #[test]
    fn a_declaration_is_refused_as_an_administrator_would_be() {
        let mut wanted = declaration(ClientKind::Web);
        let first = done(declared(None, &wanted)).client().clone();
        let native = declaration(ClientKind::Native);
        assert_eq!(
            reason(&declared(Some(&first), &native)),
            Some(Reason::ClientKindFixed)
        );
        wanted.metadata.redirect_uris = Some(vec!["http://rp.example/cb".into()]);
        assert_eq!(
            reason(&declared(None, &wanted)),
            Some(Reason::ClientRedirectNotHttps)
        );
        let stage = Stage::health();
        let outside = Outside::default();
        let decision = declare(
            &stage.act(),
            None,
            &wanted,
            &outside,
            &mut sample::entropy(),
        );
        assert_eq!(reason(&decision), Some(Reason::OutsideScope));
    }
}
