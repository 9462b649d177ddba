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
use crate::admin::user::{PositionNew, UserEdit, UserNew};
use crate::base::entropy::Entropy;
use crate::base::fault::Fault;
use crate::base::issuer::{Issuer, IssuerKey};
use crate::base::refusal::Reason;
use crate::base::seal::SealingKey;
use crate::base::secret::SecretText;
use crate::event::Circumstances;
use crate::flow::{Failure, Provider, RequestContext};
use crate::jose::{JwkSet, SigningAlgorithm};
use crate::model::change_set::{ChangeSet, ChangeSetEntry, ChangeSetKind, ChangeSetState};
use crate::model::client::ClientKind;
use crate::model::credential::{Credential, CredentialSecret, PasswordCredential};
use crate::model::identifier::IdentifierKind;
use crate::model::key::{KeyPlace, KeyPurpose};
use crate::model::user::{AccountKind, User};
use crate::model::{ChangeSetId, CredentialId, LocalText, Version};
use crate::policy::Policy;
use crate::ports::{
    Fetch, Incoming, KeyMaker, KeyToMake, MadeKey, Notices, Outgoing, PasswordVerdict, Passwords,
    Signer, SigningKeyRef,
};
use crate::store::change::{Batch, Change, Write};
use crate::store::memory::{MemoryRecords, MemoryTickets};
use crate::store::page::PageRequest;

mod renewal;

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

impl Notices for Closed {
    fn note(&self, fault: &Fault, _: Option<&str>) {
        panic!("{fault:?}");
    }
}

#[async_trait]
impl KeyMaker for Closed {
    fn offers(&self, place: KeyPlace) -> bool {
        place.is_store()
    }
    async fn make(&self, wanted: &KeyToMake) -> Result<MadeKey, Fault> {
        Ok(MadeKey {
            public_jwk: Some(serde_json::json!({ "kid": wanted.kid })),
            sealed: "s".into(),
        })
    }
    async fn discard(&self, _: &KeyToMake) -> Result<(), Fault> {
        closed()
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
        certificate_status: Arc::new(crate::ports::StatusUnknown),
        notices: Arc::new(Closed),
        key_sets: Arc::default(),
        request_objects: Arc::default(),
        receivers: Arc::default(),
        framing_origins: Arc::default(),
        ticket_sealing: sealing(),
        client_sealing: sealing(),
        outbox_sealing: sealing(),
        policy: Arc::new(Policy::new(IssuerKey::main(), issuer)),
        shared_configuration: None,
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

fn new_user(name: &str, user_name: &str, mail: Option<&str>) -> UserNew {
    let mail = mail.map(|mail| (IdentifierKind::Mail, mail.to_owned()));
    let named = std::iter::once((IdentifierKind::UserName, user_name.to_owned()));
    UserNew {
        kind: AccountKind::Official,
        name: name.into(),
        identifiers: named.chain(mail).collect(),
        address: Vec::new(),
        locale: None,
        positions: vec![PositionNew {
            unit: "H42.05".into(),
            title: "Chuyên viên".into(),
            ..PositionNew::default()
        }],
        roles: Vec::new(),
        activation_link: true,
    }
}

#[tokio::test]
async fn a_dry_run_sees_what_is_taken_and_what_once_was() {
    let provider = provider().await;
    let mut desk = desk(&provider, "quantri");
    let an = new_user("Lê An", "an", Some("an@tinh.example"));
    user::add(&mut desk, &an).await.unwrap();
    let away = UserChange::Edit(UserEdit {
        identifiers: vec![(IdentifierKind::Mail, None)],
        ..UserEdit::default()
    });
    user::change(&mut desk, "an", &away).await.unwrap();
    let mail = UserChange::Edit(UserEdit {
        identifiers: vec![(IdentifierKind::Mail, Some("an@tinh.example".into()))],
        ..UserEdit::default()
    });
    let mut import = rows(&[("Lê Bình", "H42.05")]);
    import.rows[0].mail = Some("an@tinh.example".into());
    for dry_run in [true, false] {
        desk.dry_run = dry_run;
        let named = new_user("Lê Bình", "an", None);
        let mailed = new_user("Lê Bình", "binh", Some("AN@tinh.example"));
        for new in [named, mailed] {
            let reason = refused(user::add(&mut desk, &new).await);
            assert_eq!(reason, Some(Reason::IdentifierTaken), "dry: {dry_run}");
        }
        let edited = refused(user::change(&mut desk, "quantri", &mail).await);
        assert_eq!(edited, Some(Reason::IdentifierTaken), "dry: {dry_run}");
        let report = import::import(&mut desk, &import, None).await.unwrap();
        let outcome = RowOutcome::Refused(Reason::IdentifierTaken);
        assert_eq!(report.rows[0].outcome, outcome, "dry: {dry_run}");
    }
    desk.dry_run = true;
    assert!(
        user::change(&mut desk, "an", &mail).await.is_ok(),
        "its own"
    );
}

/// A change set that was broken off after its first row, which is in the store.
async fn broken_off(desk: &mut Administration, planned: u32) -> ChangeSetId {
    let an = user::add(desk, &new_user("Nguyễn Văn An", "annv", None)).await;
    let ground = desk.ground().await.unwrap();
    let id = ChangeSetId::from_u128(77);
    let head = ChangeSet {
        id,
        version: Version::NEW,
        issuer: IssuerKey::main(),
        kind: ChangeSetKind::UserImport,
        state: ChangeSetState::Applying,
        actor: ground.by.signature(),
        title: "canbo.csv".into(),
        planned,
        applied: 1,
        created_at: sample::NOW,
    };
    let entry = ChangeSetEntry {
        change_set: id,
        place: 0,
        aggregate: "user".into(),
        id: an.unwrap().user.id.to_string(),
        after: Version(1),
        before: None,
    };
    let changes = vec![
        Change::ChangeSet(Write::Put(head)),
        Change::ChangeSetEntry(entry),
    ];
    let events = Vec::new();
    let batch = Batch { changes, events };
    desk.provider.records.commit(batch).await.unwrap();
    id
}

#[tokio::test]
async fn a_broken_off_import_goes_on_where_it_stopped() {
    for names in [
        &[("Nguyễn Văn An", "H42.05"), ("Ngô Việt Ân", "H42.05.01")][..],
        // The row that was left is gone from the file: nothing is to be added any more.
        &[("Nguyễn Văn An", "H42.05")],
    ] {
        let provider = provider().await;
        let mut health = desk(&provider, "quantri.yte");
        let id = broken_off(&mut health, 2).await;
        let wanted = rows(names);
        let mut other = desk(&provider, "quantri");
        let reason = refused(import::import(&mut other, &wanted, Some(id)).await);
        assert_eq!(reason, Some(Reason::ChangeSetNotResumable), "another's");
        let renamed = rows(&[("Người khác", "H42.05")]);
        let reason = refused(import::import(&mut health, &renamed, Some(id)).await);
        assert_eq!(reason, Some(Reason::ChangeSetNotResumable), "other rows");

        let report = import::import(&mut health, &wanted, Some(id)).await;
        let report = report.unwrap();
        assert!(report.clean && report.change_set == Some(id));
        assert!(report.rows.iter().all(|r| r.outcome == RowOutcome::Added));
        let linked: Vec<_> = report.links.iter().map(|(u, _)| u.user_name()).collect();
        assert_eq!(linked, ["annv", "annv2"][..names.len()]);
        let (query, page) = (UserQuery::default(), PageRequest::first(9));
        let all = user::list(&health, &query, &page).await.unwrap();
        let all = all.page.entries.into_iter();
        let added = all.filter(|u| u.user_name().starts_with("annv")).count();
        assert_eq!(added, names.len(), "each row once");
        let head = provider.records.change_set(id).await.unwrap().unwrap();
        assert_eq!(head.state, ChangeSetState::Applied);
        assert_eq!(head.applied as usize, names.len());
        assert_eq!(head.planned, head.applied);
        let again = refused(import::import(&mut health, &wanted, Some(id)).await);
        assert_eq!(again, Some(Reason::ChangeSetNotResumable), "finished");
    }
}

#[tokio::test]
async fn one_account_that_gets_no_link_costs_nobody_else_theirs() {
    let provider = provider().await;
    let mut health = desk(&provider, "quantri.yte");
    let id = broken_off(&mut health, 2).await;
    // Meanwhile the first account holds a position that reaches further.
    let an = user::show(&health, "annv").await.unwrap().user;
    let moved = sample::with_position(an, sample::JUSTICE);
    let changes = vec![Change::User(Write::Put(moved))];
    let events = Vec::new();
    provider
        .records
        .commit(Batch { changes, events })
        .await
        .unwrap();

    let wanted = rows(&[("Nguyễn Văn An", "H42.05"), ("Ngô Việt Ân", "H42.05.01")]);
    let report = import::import(&mut health, &wanted, Some(id))
        .await
        .unwrap();
    assert!(report.clean);
    let linked: Vec<_> = report.links.iter().map(|(u, _)| u.user_name()).collect();
    assert_eq!(linked, ["annv2"]);
    let unlinked: Vec<_> = report.rows.iter().map(|row| row.unlinked).collect();
    assert_eq!(unlinked, [Some(Reason::OutsideScope), None]);
    let head = provider.records.change_set(id).await.unwrap().unwrap();
    assert_eq!(head.state, ChangeSetState::Applied);
}

#[tokio::test]
async fn an_import_that_tells_who_exists_is_recorded_though_nothing_is_written() {
    let provider = provider().await;
    let mut health = desk(&provider, "quantri.yte");
    let known = user::add(&mut health, &new_user("Nguyễn Văn An", "annv", None)).await;
    let known = known.unwrap().user.id;
    let mut wanted = rows(&[("Lê Bình", "H42.05"), ("Người lạ", "H42.05")]);
    health.dry_run = true;
    import::import(&mut health, &wanted, None).await.unwrap();
    assert_eq!(
        recorded(&provider, "import_rehearsed").await,
        0,
        "it met nobody"
    );
    wanted.rows[0].user_name = Some("annv".into());
    for (dry_run, times) in [(true, 1), (false, 2)] {
        health.dry_run = dry_run;
        let report = import::import(&mut health, &wanted, None).await.unwrap();
        let taken = RowOutcome::Refused(Reason::IdentifierTaken);
        assert_eq!(report.rows[0].outcome, taken);
        assert_eq!(recorded(&provider, "import_rehearsed").await, times);
    }
    let events = provider.records.events_before(None, 1).await.unwrap();
    let body: serde_json::Value = serde_json::from_str(&events[0].body).unwrap();
    assert_eq!(body["users"], serde_json::json!([known]));
    assert_eq!((&body["rows"], &body["existing"]), (&2.into(), &1.into()));
}

#[tokio::test]
async fn accounts_that_wait_for_activation_are_told_apart() {
    let provider = provider().await;
    let mut desk = desk(&provider, "quantri");
    let an = user::add(&mut desk, &new_user("Lê An", "an", None)).await;
    let an = an.unwrap();
    assert!(!an.is_activated(), "its link is not its own");
    let password = Credential {
        id: CredentialId::from_u128(9),
        version: Version::NEW,
        user: an.user.id,
        secret: CredentialSecret::Password(PasswordCredential {
            hash: "$argon2id$".into(),
            must_change: false,
            history: Vec::new(),
        }),
        set_at: sample::NOW,
    };
    for activated in [false, true] {
        let query = UserQuery {
            text: Some("an".into()),
            activated: Some(activated),
            ..UserQuery::default()
        };
        let found = user::list(&desk, &query, &PageRequest::first(9)).await;
        let found = found.unwrap();
        assert_eq!(found.page.entries.len(), 1, "{activated}");
        assert_eq!(found.activated.contains(&an.user.id), activated);
        let change = Change::Credential(Write::Put(password.clone()));
        let (changes, events) = (vec![change], Vec::new());
        // The second time it exists already.
        let _second = provider.records.commit(Batch { changes, events }).await;
    }
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
    let found = user::list(&health, &query, &PageRequest::first(9))
        .await
        .unwrap();
    assert_eq!(found.page.entries.len(), 2);
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
        place: None,
        at_once: false,
        succeeds: None,
    };
    let first = key::rotate(&mut desk, &wanted, &Closed).await.unwrap();
    let made = client::add(&mut desk, &new).await.unwrap();
    assert!(made.secret.is_some());
    assert_eq!(
        refused(client::add(&mut desk, &new).await),
        Some(Reason::ClientIdTaken)
    );
    desk.dry_run = true;
    assert_eq!(
        refused(client::add(&mut desk, &new).await),
        Some(Reason::ClientIdTaken)
    );
    desk.dry_run = false;
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
    let page = audit::list(&mut desk, &filter, None, audit::Direction::Before(None), 10)
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

/// How many events of a name are on record.
async fn recorded(provider: &Provider, name: &str) -> usize {
    let (events, name) = (
        provider.records.events_after(0, 10_000).await,
        format!("\"{name}\""),
    );
    let events = events.unwrap();
    events.iter().filter(|e| e.body.contains(&name)).count()
}

/// How many readings of the audit are on record.
async fn readings(provider: &Provider) -> usize {
    recorded(provider, "audit_read").await
}

#[tokio::test]
async fn no_page_of_the_audit_is_read_unrecorded() {
    use audit::Direction::{After, Before};
    let filter = crate::admin::audit::AuditFilter::default();
    for direction in [
        After(0),
        After(1),
        After(i64::MIN),
        Before(None),
        Before(Some(i64::MAX)),
        Before(Some(1)),
    ] {
        for dry_run in [false, true] {
            let provider = provider().await;
            let mut desk = desk(&provider, "quantri");
            desk.dry_run = dry_run;
            let page = audit::list(&mut desk, &filter, None, direction, 10).await;
            page.unwrap();
            assert_eq!(readings(&provider).await, 1, "{direction:?} {dry_run}");
        }
    }
}

#[tokio::test]
async fn a_reading_is_recorded_once_a_minute_for_each_reader() {
    let provider = provider().await;
    let filter = crate::admin::audit::AuditFilter::default();
    let read = async |reader: &mut Administration, seconds| {
        reader.context.here.now = sample::NOW + std::time::Duration::from_secs(seconds);
        let page = audit::list(reader, &filter, None, audit::Direction::After(1), 10).await;
        page.unwrap();
        readings(&provider).await
    };
    let mut root = desk(&provider, "quantri");
    let mut machine = desk(&provider, "quantri");
    machine.acting = Acting::Installation;
    assert_eq!(read(&mut root, 0).await, 1);
    assert_eq!(read(&mut root, 59).await, 1);
    assert_eq!(read(&mut machine, 59).await, 2);
    assert_eq!(read(&mut root, 60).await, 3);
    // Verifying is one act, and each counts.
    audit::verify(&mut root, &[]).await.unwrap();
    assert_eq!(readings(&provider).await, 4);
}

#[tokio::test]
async fn copying_the_audit_is_recorded_also_after_reading_it() {
    let provider = provider().await;
    let mut desk = desk(&provider, "quantri");
    let filter = crate::admin::audit::AuditFilter::default();
    for _ in 0..2 {
        let page = audit::list(&mut desk, &filter, None, audit::Direction::After(1), 10).await;
        page.unwrap();
        audit::export(&mut desk, 1, 10).await.unwrap();
    }
    assert_eq!(readings(&provider).await, 1);
    assert_eq!(recorded(&provider, "audit_exported").await, 1);
}

#[tokio::test]
async fn the_audit_tells_nobody_who_exists() {
    let provider = provider().await;
    let mut desk = desk(&provider, "quantri.yte");
    let filter = crate::admin::audit::AuditFilter::default();
    for named in ["quantri", "nobody"] {
        let direction = audit::Direction::After(1);
        let page = audit::list(&mut desk, &filter, Some(named), direction, 10).await;
        assert_eq!(refused(page), Some(Reason::OutsideScope), "{named}");
    }
    desk.acting = Acting::Named("quantri".into());
    let direction = audit::Direction::After(1);
    let page = audit::list(&mut desk, &filter, Some("nobody"), direction, 10).await;
    assert_eq!(refused(page), Some(Reason::NotFoundHere));
}
