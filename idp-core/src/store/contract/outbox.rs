//! Deliveries, leases, settings.

use super::{commit, refusal, sample};
use crate::base::issuer::IssuerKey;
use crate::base::secret::Digest;
use crate::model::client::LOGO_SETTING;
use crate::model::outbox::{OutboxEntry, OutboxState};
use crate::store::change::{Change, SettingWrite, Write};
use crate::store::page::PageRequest;
use crate::store::records::Records;

async fn lease(records: &impl Records, now: i64, until: i64, most: u32) -> Vec<OutboxEntry> {
    let (now, until) = (sample::at(now), sample::at(until));
    let mut leased = records.lease_outbox(now, until, most).await.unwrap();
    leased.sort_by_key(|entry| entry.id);
    leased
}

pub(super) async fn deliveries_are_leased_and_settled(records: &impl Records) {
    let entries: Vec<_> = (1..=3).map(sample::delivery).collect();
    let batch = entries.iter().cloned().map(Change::Outbox).collect();
    commit(records, batch).await.unwrap();
    let again = vec![Change::Outbox(entries[0].clone())];
    assert_eq!(refusal(commit(records, again).await), "changed outbox");

    assert!(lease(records, 9, 50, 9).await.is_empty());
    assert_eq!(lease(records, 10, 50, 2).await, entries[..2]);
    assert_eq!(lease(records, 10, 50, 9).await, entries[2..]);
    assert!(lease(records, 49, 60, 9).await.is_empty());
    assert_eq!(lease(records, 50, 90, 9).await, entries);

    let mut delivered = entries[0].clone();
    delivered.state = OutboxState::Delivered;
    delivered.payload.clear();
    let events = vec![sample::event(1)];
    records
        .settle_outbox(&delivered, events.clone())
        .await
        .unwrap();
    let second = records.settle_outbox(&entries[0], events).await;
    assert_eq!(refusal(second), "changed outbox");
    assert_eq!(records.events_after(0, 9).await.unwrap().len(), 1);

    // Given back for a later attempt, whatever is left of the lease.
    let mut later = entries[1].clone();
    later.attempts = 1;
    later.due_at = sample::at(70);
    records.settle_outbox(&later, Vec::new()).await.unwrap();
    assert!(lease(records, 69, 90, 9).await.is_empty());
    assert_eq!(lease(records, 70, 90, 9).await, [later.clone()]);

    let page = PageRequest::first(2);
    let newest = records.outbox(None, &page).await.unwrap();
    assert_eq!(newest.entries, [entries[2].clone(), later]);
    let page = PageRequest {
        after: newest.next,
        ..page
    };
    let rest = records.outbox(None, &page).await.unwrap();
    assert_eq!((rest.entries, rest.next), (vec![delivered.clone()], None));
    let page = PageRequest::first(9);
    let over = records
        .outbox(Some(OutboxState::Delivered), &page)
        .await
        .unwrap();
    assert_eq!(over.entries, [delivered.clone()]);
    let one = records.outbox_entry(delivered.id).await.unwrap();
    assert_eq!(one, Some(delivered));
}

pub(super) async fn leases_and_settings_are_kept(records: &impl Records) {
    let lease = async |holder: &str, now: i64, until: i64| {
        let (now, until) = (sample::at(now), sample::at(until));
        records.lease("sealer", holder, now, until).await.unwrap()
    };
    assert!(lease("a", 1, 10).await);
    assert!(!lease("b", 9, 20).await);
    assert!(lease("a", 9, 20).await);
    assert!(!lease("b", 19, 30).await);
    assert!(lease("b", 20, 30).await);
    assert!(!lease("a", 20, 40).await);
    let other = records
        .lease("cleaner", "a", sample::at(1), sample::at(9))
        .await;
    assert!(other.unwrap());

    assert_eq!(records.setting("demo").await.unwrap(), None);
    records.set_setting("demo", "yes").await.unwrap();
    records.set_setting("demo", "no").await.unwrap();
    assert_eq!(
        records.setting("demo").await.unwrap().as_deref(),
        Some("no")
    );
    records.ping().await.unwrap();
}

pub(super) async fn of_two_writers_of_a_setting_one_wins(records: &impl Records) {
    let write = async |was: Option<&str>, value: &str| {
        let setting = Change::Setting(SettingWrite {
            name: "agreed".into(),
            was: was.map(str::to_owned),
            value: value.to_owned(),
        });
        commit(records, vec![setting]).await
    };
    let lost = |result| assert_eq!(refusal(result), "changed setting");
    lost(write(Some("one"), "two").await);
    assert_eq!(records.setting("agreed").await.unwrap(), None);
    write(None, "one").await.unwrap();
    lost(write(None, "other").await);
    write(Some("one"), "two").await.unwrap();
    lost(write(Some("one"), "three").await);
    assert_eq!(
        records.setting("agreed").await.unwrap().as_deref(),
        Some("two")
    );
}

pub(super) async fn pictures_go_that_no_client_shows(records: &impl Records) {
    let (main, other) = (IssuerKey::main(), IssuerKey::new("other").unwrap());
    let picture = |name: &str| {
        let digest = Digest::of(name.as_bytes());
        (format!("{LOGO_SETTING}{}", digest.to_base64url()), digest)
    };
    let [shown, elsewhere, unused] = ["a", "b", "c"].map(picture);
    for (name, _) in [&shown, &elsewhere, &unused] {
        records.set_setting(name, "picture").await.unwrap();
    }
    records.set_setting("client_logos", "no").await.unwrap();
    for (issuer, (_, digest)) in [(&main, &shown), (&other, &elsewhere)] {
        let mut client = sample::client(issuer, "app");
        client.logo = Some(*digest);
        let put = vec![Change::Client(Write::Put(client))];
        commit(records, put).await.unwrap();
    }
    let unused = unused.0;
    assert_eq!(records.unused_logos().await.unwrap(), [unused.as_str()]);
    for kept in [&shown.0, &elsewhere.0, "client_logos", "nothing"] {
        assert!(!records.forget_logo(kept).await.unwrap(), "{kept}");
    }
    assert!(records.forget_logo(&unused).await.unwrap());
    assert!(!records.forget_logo(&unused).await.unwrap());
    assert!(records.unused_logos().await.unwrap().is_empty());
    for kept in [&shown.0, &elsewhere.0, "client_logos"] {
        assert!(records.setting(kept).await.unwrap().is_some(), "{kept}");
    }
}
