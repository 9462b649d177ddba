//! Units, roles, clients, keys, consents, subjects, credentials.

use super::{commit, refusal, sample};
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::model::client::ClientId;
use crate::model::consent::Consent;
use crate::model::identifier::IdentifierKey;
use crate::model::key::{Key, KeyPurpose};
use crate::model::subject::Subject;
use crate::model::{UnitId, Version};
use crate::store::change::{Change, Write};
use crate::store::page::PageRequest;
use crate::store::records::Records;

pub(super) async fn units_form_a_tree(records: &impl Records) {
    let units = [
        sample::unit(1, "H99", None),
        sample::unit(2, "H99.1", Some(1)),
        sample::unit(3, "H99.1.2", Some(2)),
    ];
    let put = |unit| Change::Unit(Write::Put(unit));
    let batch = units.iter().rev().cloned().map(put).collect();
    commit(records, batch).await.unwrap();
    let stored = records.units().await.unwrap();
    let codes: Vec<_> = stored.iter().map(|u| u.code.to_string()).collect();
    assert_eq!(codes, ["H99", "H99.1", "H99.1.2"]);
    let path = records.unit_path(sample::id(3)).await.unwrap();
    assert_eq!(path, stored);
    assert!(records.unit_path(sample::id(9)).await.unwrap().is_empty());
    let by_code = records.unit_by_code("H99.1").await.unwrap().unwrap();
    assert_eq!(records.unit(sample::id(2)).await.unwrap().unwrap(), by_code);

    let clash = put(sample::unit(4, "H99.1", None));
    assert_eq!(
        refusal(commit(records, vec![clash]).await),
        "taken unit_code"
    );
    let twice = put(sample::unit(1, "H98", None));
    assert_eq!(refusal(commit(records, vec![twice]).await), "changed unit");
    let mut clash = by_code.clone();
    clash.code = stored[0].code.clone();
    assert_eq!(
        refusal(commit(records, vec![put(clash)]).await),
        "taken unit_code"
    );

    // A code that was given up may go to another unit.
    let mut moved = by_code;
    moved.code = sample::unit(9, "H99.7", None).code;
    commit(records, vec![put(moved)]).await.unwrap();
    assert_eq!(records.unit_by_code("H99.1").await.unwrap(), None);
    commit(records, vec![put(sample::unit(4, "H99.1", Some(1)))])
        .await
        .unwrap();
    let last = records.unit(sample::id(4)).await.unwrap().unwrap();
    commit(records, vec![Change::Unit(Write::Remove(last))])
        .await
        .unwrap();
    assert_eq!(records.unit_by_code("H99.1").await.unwrap(), None);

    // Even units that were made each other's parents end the walk.
    let mut root = records.unit(sample::id(1)).await.unwrap().unwrap();
    root.parent = Some(UnitId::from_u128(3 << 80));
    commit(records, vec![put(root)]).await.unwrap();
    assert!(records.unit_path(sample::id(3)).await.unwrap().len() <= 64);
}

pub(super) async fn roles_and_clients_are_kept(records: &impl Records) {
    let put_role = |name| Change::Role(Write::Put(sample::role(name)));
    commit(records, vec![put_role("writer"), put_role("reader")])
        .await
        .unwrap();
    let stored = records.roles().await.unwrap();
    let names: Vec<_> = stored.iter().map(|r| r.name.as_str()).collect();
    assert_eq!(names, ["reader", "writer"]);
    let again = commit(records, vec![put_role("reader")]).await;
    assert_eq!(refusal(again), "taken role");
    let removal = Change::Role(Write::Remove(stored[0].clone()));
    commit(records, vec![removal]).await.unwrap();
    assert_eq!(records.role(&stored[0].name).await.unwrap(), None);
    let kept = records.role(&stored[1].name).await.unwrap();
    assert_eq!(kept.as_ref(), Some(&stored[1]));

    let (main, other) = (IssuerKey::main(), IssuerKey::new("other").unwrap());
    let put =
        |issuer: &IssuerKey, name: &str| Change::Client(Write::Put(sample::client(issuer, name)));
    let batch = vec![
        put(&main, "b"),
        put(&main, "a"),
        put(&main, "c"),
        put(&other, "a"),
    ];
    commit(records, batch).await.unwrap();
    let again = commit(records, vec![put(&main, "a")]).await;
    assert_eq!(refusal(again), "taken client_id");
    let mut page = PageRequest::first(2);
    let first = records.clients(&main, &page).await.unwrap();
    page.after.clone_from(&first.next);
    let second = records.clients(&main, &page).await.unwrap();
    let all = first.entries.iter().chain(&second.entries);
    let ids: Vec<_> = all.map(|c| c.id.as_str()).collect();
    assert_eq!((ids, second.next), (vec!["a", "b", "c"], None));

    let mut edited = first.entries[0].clone();
    edited.disabled = true;
    let edit = || vec![Change::Client(Write::Put(edited.clone()))];
    commit(records, edit()).await.unwrap();
    assert_eq!(refusal(commit(records, edit()).await), "changed client");
    let stored = records.client(&main, &edited.id).await.unwrap().unwrap();
    assert_eq!((stored.disabled, stored.version), (true, Version(2)));
    let theirs = records.client(&other, &edited.id).await.unwrap().unwrap();
    assert!(!theirs.disabled);
}

fn key(kid: &str, created: i64) -> Key {
    Key {
        kid: kid.to_owned(),
        version: Version::NEW,
        issuer: IssuerKey::main(),
        purpose: KeyPurpose::Token,
        algorithm: "ES256".to_owned(),
        created_at: sample::at(created),
        active_from: sample::at(created),
        active_until: None,
        published_until: None,
        public_jwk: None,
        sealed: String::new(),
    }
}

pub(super) async fn keys_consents_and_subjects_are_kept(records: &impl Records) {
    let main = IssuerKey::main();
    let put = |kid, created| Change::Key(Write::Put(key(kid, created)));
    commit(records, vec![put("a", 5), put("b", 9), put("c", 7)])
        .await
        .unwrap();
    let keys = records.keys(&main).await.unwrap();
    let kids: Vec<_> = keys.iter().map(|k| k.kid.as_str()).collect();
    assert_eq!(kids, ["b", "c", "a"]);
    assert_eq!(
        refusal(commit(records, vec![put("a", 5)]).await),
        "changed key"
    );
    let other = IssuerKey::new("other").unwrap();
    assert!(records.keys(&other).await.unwrap().is_empty());
    keys_get_one_successor(records, &main).await;
    consents_are_kept(records, &main).await;
    subjects_are_kept(records, &main, &other).await;
}

/// A new key is written with the end of the old one, so that of two nodes that have read the same
/// key the second is too late, and leaves nothing behind.
async fn keys_get_one_successor(records: &impl Records, main: &IssuerKey) {
    let keys = records.keys(main).await.unwrap();
    let mut ended = keys.into_iter().find(|k| k.kid == "a").unwrap();
    ended.active_until = Some(sample::at(20));
    let succession = |kid| {
        let added = Change::Key(Write::Put(key(kid, 20)));
        vec![added, Change::Key(Write::Put(ended.clone()))]
    };
    commit(records, succession("d")).await.unwrap();
    assert_eq!(
        refusal(commit(records, succession("e")).await),
        "changed key"
    );
    let keys = records.keys(main).await.unwrap();
    let new = keys.iter().filter(|k| k.created_at == sample::at(20));
    assert_eq!((new.count(), keys.len()), (1, 4));
}

async fn consents_are_kept(records: &impl Records, main: &IssuerKey) {
    let an = sample::user(1, "Lê An", "an");
    let app = sample::client(main, "app").id;
    let consent = Consent {
        issuer: main.clone(),
        user: an.id,
        client: app.clone(),
        version: Version::NEW,
        scope: vec!["openid".to_owned()],
        claims: vec!["birthdate".to_owned()],
        at: sample::at(3),
    };
    let put = || vec![Change::Consent(Write::Put(consent.clone()))];
    commit(records, put()).await.unwrap();
    assert_eq!(refusal(commit(records, put()).await), "changed consent");
    let stored = records.consent(main, an.id, &app).await.unwrap().unwrap();
    assert_eq!(
        (&stored.scope, &stored.claims),
        (&consent.scope, &consent.claims)
    );
    let holds = |consent: &Consent| vec![Change::ConsentUnchanged(consent.clone())];
    commit(records, holds(&stored)).await.unwrap();
    let other = Consent {
        version: stored.version.next(),
        ..stored.clone()
    };
    let lost = refusal(commit(records, holds(&other)).await);
    assert_eq!(lost, "changed consent");
    let withdrawn = stored.clone();
    commit(records, vec![Change::Consent(Write::Remove(stored))])
        .await
        .unwrap();
    let lost = refusal(commit(records, holds(&withdrawn)).await);
    assert_eq!(lost, "changed consent");
    assert_eq!(records.consent(main, an.id, &app).await.unwrap(), None);
    let other = |name: &str, user| Consent {
        client: ClientId::new(name).unwrap(),
        user,
        ..consent.clone()
    };
    let several = [
        other("b", an.id),
        other("a", an.id),
        other("a", sample::id(2)),
    ];
    let several = several.map(|c| Change::Consent(Write::Put(c)));
    commit(records, several.into()).await.unwrap();
    let listed = records.consents_of_user(main, an.id).await.unwrap();
    let listed: Vec<_> = listed.iter().map(|c| c.client.as_str()).collect();
    assert_eq!(listed, ["a", "b"]);
}

async fn subjects_are_kept(records: &impl Records, main: &IssuerKey, other: &IssuerKey) {
    let an = sample::user(1, "Lê An", "an");
    let subject = |issuer: &IssuerKey, user: u128, sector: &str, sub: &str| Subject {
        issuer: issuer.clone(),
        user: sample::id(user),
        sector: sector.to_owned(),
        sub: sub.to_owned(),
    };
    let public = subject(main, 1, "", "s-1");
    let batch = vec![
        Change::User(Write::Put(an.clone())),
        Change::Subject(public.clone()),
    ];
    commit(records, batch).await.unwrap();
    for clash in [subject(main, 1, "", "s-2"), subject(main, 2, "", "s-1")] {
        let result = commit(records, vec![Change::Subject(clash)]).await;
        assert_eq!(refusal(result), "taken subject");
    }
    let others = [subject(other, 1, "", "s-1"), subject(main, 1, "app", "s-3")];
    commit(records, others.map(Change::Subject).into())
        .await
        .unwrap();
    assert_eq!(
        records.subject(main, an.id, "").await.unwrap(),
        Some(public)
    );
    assert_eq!(
        records.subject(main, sample::id(2), "").await.unwrap(),
        None
    );
    let found = records.user_by_subject(main, "s-3").await.unwrap();
    assert_eq!(found.map(|u| u.id), Some(an.id));
    assert_eq!(records.user_by_subject(other, "s-3").await.unwrap(), None);
}

pub(super) async fn credentials_are_found(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    let (password, link) = (sample::password(1, an.id), sample::link(2, an.id, "x"));
    let put = |c: &crate::model::credential::Credential| Change::Credential(Write::Put(c.clone()));
    let batch = vec![
        Change::User(Write::Put(an.clone())),
        put(&password),
        put(&link),
    ];
    commit(records, batch).await.unwrap();
    let stored = records.credentials(an.id).await.unwrap();
    assert_eq!(
        stored.iter().map(|c| c.id).collect::<Vec<_>>(),
        [password.id, link.id]
    );
    let (user, all) = records
        .user_by_identifier(&IdentifierKey::of("an"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((user.id, &all), (an.id, &stored));
    let (found, user) = records
        .credential_by_digest(&Digest::of(b"x"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((&found, user.id), (&stored[1], an.id));
    assert!(
        records
            .credential_by_digest(&Digest::of(b"y"))
            .await
            .unwrap()
            .is_none()
    );
    let twin = sample::link(3, an.id, "x");
    assert_eq!(
        refusal(commit(records, vec![put(&twin)]).await),
        "changed credential"
    );

    let unchanged = |version| vec![Change::CredentialUnchanged(found.id, version)];
    commit(records, unchanged(found.version)).await.unwrap();
    let stale = commit(records, unchanged(found.version.next())).await;
    assert_eq!(refusal(stale), "changed credential");
    let removal = || vec![Change::Credential(Write::Remove(found.clone()))];
    commit(records, removal()).await.unwrap();
    assert_eq!(
        refusal(commit(records, removal()).await),
        "changed credential"
    );
    assert_eq!(records.credential(link.id).await.unwrap(), None);
    let kept = records.credential(password.id).await.unwrap();
    assert_eq!(kept.as_ref(), Some(&stored[0]));
}
