//! The flows against the store in memory: who may, what is written, what comes back.

use std::sync::Arc;

use async_trait::async_trait;

use super::user::{UserChange, UserQuery};
use super::{
    Acting, Administration, audit, change_set, client, import, key, role, session, unit, user,
};
use crate::admin::client::{ClientMetadata, ClientNew};
use crate::admin::import::{ImportRow, RowOutcome, UserImport};
use crate::admin::key::KeyRotation;
use crate::admin::role::RoleNew;
use crate::admin::sample;
use crate::base::entropy::Entropy;
use crate::base::fault::Fault;
use crate::base::issuer::{Issuer, IssuerKey};
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::event::Circumstances;
use crate::flow::{Failure, Provider, RequestContext};
use crate::jose::{JwkSet, SigningAlgorithm};
use crate::model::client::ClientKind;
use crate::model::key::KeyPurpose;
use crate::model::user::User;
use crate::model::{LocalText, Version};
use crate::policy::Policy;
use crate::ports::{
    Fetch, Incoming, KeyMaker, MadeKey, Outgoing, PasswordVerdict, Passwords, Signer, SigningKeyRef,
};
use crate::store::change::{Batch, Change, Write};
use crate::store::memory::{MemoryRecords, MemoryTickets};
use crate::store::page::PageRequest;

/// Doors that administration never opens, but for wrapping hashes and making keys.
struct Closed;

fn closed<T>() -> Result<T, Fault> {
    Err(Fault::lasting("test", "administration does not ask this"))
}

#[async_trait]
impl Signer for Closed {
    async fn active_key(
        &self,
        _: &IssuerKey,
        _: KeyPurpose,
        _: Option<SigningAlgorithm>,
    ) -> Result<SigningKeyRef, Fault> {
        closed()
    }
    async fn sign(&self, _: &IssuerKey, _: &SigningKeyRef, _: &[u8]) -> Result<Vec<u8>, Fault> {
        closed()
    }
    async fn published(&self, _: &IssuerKey) -> Result<Arc<JwkSet>, Fault> {
        Ok(Arc::new(JwkSet::new(Vec::new())))
    }
    async fn mac(&self, _: &IssuerKey, _: KeyPurpose, _: &[u8]) -> Result<Vec<[u8; 32]>, Fault> {
        closed()
    }
}

#[async_trait]
impl Passwords for Closed {
    async fn verify(&self, _: Option<&str>, _: &SecretText) -> Result<PasswordVerdict, Fault> {
        closed()
    }
    async fn hash(&self, _: &SecretText) -> Result<String, Fault> {
        closed()
    }
    async fn wrap(&self, _: &SecretText) -> Result<String, Fault> {
        Ok("$argon2id$wrapped".into())
    }
}

#[async_trait]
impl Fetch for Closed {
    async fn fetch(&self, _: Outgoing) -> Result<Incoming, Fault> {
        closed()
    }
}

#[async_trait]
impl KeyMaker for Closed {
    async fn make(
        &self,
        _: &IssuerKey,
        kid: &str,
        _: Option<SigningAlgorithm>,
        _: KeyPurpose,
    ) -> Result<MadeKey, Fault> {
        Ok(MadeKey {
            public_jwk: Some(serde_json::json!({ "kid": kid })),
            sealed: "s".into(),
        })
    }
}

/// The sample province with its two administrators and the built-in roles.
async fn provider() -> Provider {
    let issuer = Issuer::parse("https://sso.tinh.example").unwrap();
    let sealing = || Arc::new(SealingKey::derive(&[1; 32], "test").unwrap());
    let provider = Provider {
        records: Arc::new(MemoryRecords::new()),
        tickets: Arc::new(MemoryTickets::new()),
        signer: Arc::new(Closed),
        passwords: Arc::new(Closed),
        fetch: Arc::new(Closed),
        key_sets: Arc::default(),
        ticket_sealing: sealing(),
        outbox_sealing: sealing(),
        policy: Arc::new(Policy::new(IssuerKey::main(), issuer)),
    };
    let mut changes = Vec::new();
    for mut unit in sample::units() {
        unit.version = Version::NEW;
        changes.push(Change::Unit(Write::Put(unit)));
    }
    for name in ["province-administrator", "unit-administrator", "clerk"] {
        let mut role = sample::role(name);
        role.version = Version::NEW;
        changes.push(Change::Role(Write::Put(role)));
    }
    for user in [
        sample::province_administrator(),
        sample::unit_administrator(),
    ] {
        changes.push(Change::User(Write::Put(User {
            version: Version::NEW,
            ..user
        })));
    }
    provider
        .records
        .commit(Batch {
            changes,
            events: Vec::new(),
        })
        .await
        .unwrap();
    provider
}

fn desk(provider: &Provider, name: &str) -> Administration {
    let seed = u8::try_from(name.len()).unwrap();
    let context = RequestContext {
        here: Circumstances::of_system(IssuerKey::main(), sample::NOW),
        entropy: Entropy::from_seed(&[seed; 32]),
        source: "test".into(),
    };
    Administration::new(provider.clone(), context, Acting::Named(name.to_owned()))
}

fn refused<T>(result: Result<T, Failure>) -> Option<Reason> {
    result.err().and_then(|failure| match failure {
        Failure::Refused(refusal) => Some(refusal.reason),
        Failure::Fault(_) => None,
    })
}

fn rows(names: &[(&str, &str)]) -> UserImport {
    let row = |(line, (name, unit)): (usize, &(&str, &str))| ImportRow {
        line: line as u64 + 2,
        name: (*name).into(),
        unit: Some((*unit).into()),
        title: Some("Chuyên viên".into()),
        ..ImportRow::default()
    };
    UserImport {
        title: "canbo.csv".into(),
        rows: names.iter().enumerate().map(row).collect(),
        pattern: Some("{given}{initials}".into()),
        activation_links: true,
        ..UserImport::default()
    }
}

#[tokio::test]
async fn nobody_administers_without_being_an_administrator() {
    let provider = provider().await;
    for name in ["", "nobody", "an"] {
        let result = unit::tree(&desk(&provider, name)).await;
        assert_eq!(
            refused(result),
            Some(Reason::AdministratorUnknown),
            "{name}"
        );
    }
    assert!(unit::tree(&desk(&provider, "quantri.yte")).await.is_ok());
}

#[tokio::test]
async fn a_dry_run_answers_and_writes_nothing() {
    let provider = provider().await;
    let mut desk = desk(&provider, "quantri");
    desk.dry_run = true;
    let new = RoleNew {
        name: "auditor".into(),
        title: LocalText::plain("Kiểm toán"),
        ..RoleNew::default()
    };
    assert_eq!(
        role::add(&mut desk, &new).await.unwrap().name.as_str(),
        "auditor"
    );
    assert_eq!(
        refused(role::show(&desk, "auditor").await),
        Some(Reason::NotFoundHere)
    );
    let wanted = rows(&[("Nguyễn Văn An", "H42.05")]);
    let report = import::import(&mut desk, &wanted, None).await.unwrap();
    assert!(report.clean && report.change_set.is_none() && report.links.is_empty());
    assert!(
        provider
            .records
            .events_after(0, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test]
async fn a_stale_version_is_refused() {
    let provider = provider().await;
    let mut desk = desk(&provider, "quantri");
    desk.expected = Some(Version(9));
    let result = unit::disable(&mut desk, "H42.06").await;
    assert_eq!(refused(result), Some(Reason::ChangedMeanwhile));
}

#[tokio::test]
async fn an_import_is_written_whole_reported_and_undone() {
    let provider = provider().await;
    let mut health = desk(&provider, "quantri.yte");
    let wrong = rows(&[("Nguyễn Văn An", "H42.05"), ("Lê Bình", "H42.06")]);
    let report = import::import(&mut health, &wrong, None).await.unwrap();
    assert!(!report.clean && report.change_set.is_none());
    assert_eq!(
        report.rows[1].outcome,
        RowOutcome::Refused(Reason::OutsideScope)
    );
    let wanted = rows(&[("Nguyễn Văn An", "H42.05"), ("Ngô Việt Ân", "H42.05.01")]);
    let report = import::import(&mut health, &wanted, None).await.unwrap();
    assert_eq!(report.links.len(), 2);
    assert_eq!(report.rows[1].user_name, "annv2");
    let query = UserQuery {
        text: Some("an".into()),
        ..UserQuery::default()
    };
    let (found, _) = user::list(&health, &query, &PageRequest::first(9))
        .await
        .unwrap();
    assert_eq!(found.entries.len(), 2);
    let id = report.change_set.unwrap();
    user::change(&mut health, "annv2", &UserChange::Disable("nhầm".into()))
        .await
        .unwrap();
    let undone = change_set::undo(&mut health, id).await.unwrap();
    assert_eq!((undone.restored, undone.kept.len()), (1, 1));
    let again = change_set::undo(&mut health, id).await;
    assert_eq!(refused(again), Some(Reason::ChangeSetNotUndoable));
    assert!(!user::show(&health, "annv").await.unwrap().user.is_active());
}

#[tokio::test]
async fn the_last_administrator_stays_and_others_are_out_of_reach() {
    let provider = provider().await;
    let (mut province, mut health) = (desk(&provider, "quantri"), desk(&provider, "quantri.yte"));
    let disable = UserChange::Disable(String::new());
    let last = user::change(&mut province, "quantri", &disable).await;
    assert_eq!(refused(last), Some(Reason::LastAdministrator));
    let above = user::change(&mut health, "quantri", &disable).await;
    assert_eq!(refused(above), Some(Reason::NotFoundHere));
    let reset = user::reset(&mut health, "quantri", true).await;
    assert_eq!(refused(reset), Some(Reason::NotFoundHere));
    assert_eq!(
        refused(session::list(&health, None, false, &PageRequest::first(9)).await),
        Some(Reason::OutsideScope)
    );
    assert_eq!(
        refused(key::list(&health).await),
        Some(Reason::OutsideScope)
    );
}

#[tokio::test]
async fn clients_and_keys_are_made_and_shown() {
    let provider = provider().await;
    let mut desk = desk(&provider, "quantri");
    let metadata = ClientMetadata {
        name: Some(LocalText::plain("Một cửa")),
        redirect_uris: Some(vec!["https://rp.example/cb".into()]),
        ..ClientMetadata::default()
    };
    let new = ClientNew {
        id: Some("motcua".into()),
        kind: ClientKind::Web,
        metadata,
    };
    assert_eq!(
        refused(client::add(&mut desk, &new).await),
        Some(Reason::ClientAlgorithmWithoutKey)
    );
    let wanted = KeyRotation {
        purpose: KeyPurpose::Token,
        algorithm: Some("ES256".into()),
        at_once: false,
    };
    let first = key::rotate(&mut desk, &wanted, &Closed).await.unwrap();
    let made = client::add(&mut desk, &new).await.unwrap();
    assert!(made.secret.is_some());
    assert_eq!(
        refused(client::add(&mut desk, &new).await),
        Some(Reason::CodeTaken)
    );
    let (found, _) = client::list(&desk, Some("mot cua"), &PageRequest::first(9))
        .await
        .unwrap();
    assert_eq!(found.entries.len(), 1);
    let second = key::rotate(&mut desk, &wanted, &Closed).await.unwrap();
    assert_eq!((first.retired.len(), second.retired.len()), (0, 1));
    assert_eq!(key::list(&desk).await.unwrap().len(), 2);
}

#[tokio::test]
async fn reading_the_audit_is_in_the_audit_and_an_unsealed_tail_is_reported() {
    let provider = provider().await;
    let mut desk = desk(&provider, "quantri");
    let filter = crate::admin::audit::AuditFilter::default();
    let page = audit::list(&mut desk, &filter, audit::Direction::Before(None), 10)
        .await
        .unwrap();
    assert_eq!(page.events.len(), 1);
    assert_eq!(
        page.names.values().next().map(String::as_str),
        Some("quantri")
    );
    let report = audit::verify(&mut desk, &[]).await.unwrap();
    assert_eq!(
        (report.blocks, report.unsealed, report.broken),
        (0, 2, None)
    );
}
