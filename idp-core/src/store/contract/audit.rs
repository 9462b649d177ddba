//! Events, blocks, change sets, and batches that leave nothing.

use super::{commit, refusal, sample};
use crate::base::issuer::IssuerKey;
use crate::event::EventBody;
use crate::event::seal::{Block, BlockHead};
use crate::model::Version;
use crate::model::change_set::{ChangeSet, ChangeSetEntry, ChangeSetKind, ChangeSetState};
use crate::store::change::{Batch, Change, Write};
use crate::store::page::PageRequest;
use crate::store::records::Records;

fn events(numbers: std::ops::Range<u32>) -> Batch {
    Batch {
        changes: Vec::new(),
        events: numbers.map(sample::event).collect(),
    }
}

pub(super) async fn events_keep_their_order(records: &impl Records) {
    records.commit(events(0..3)).await.unwrap();
    records.commit(events(3..300)).await.unwrap();
    let all = records.events_after(0, 10_000).await.unwrap();
    let times: Vec<_> = all
        .iter()
        .map(|e| {
            serde_json::from_str::<EventBody>(&e.body)
                .unwrap()
                .at
                .millis()
        })
        .collect();
    assert_eq!(times, (0..300).collect::<Vec<_>>());
    assert!(all[0].place > 0);
    // Inside a commit the places follow each other.
    assert!(all[3..].windows(2).all(|w| w[1].place == w[0].place + 1));
    assert!(all[2].place < all[3].place);
    assert_eq!(
        records.events_after(all[9].place, 5).await.unwrap(),
        all[10..15]
    );
    assert!(
        records
            .events_after(all[299].place, 5)
            .await
            .unwrap()
            .is_empty()
    );
    let mut tail = records.events_before(None, 4).await.unwrap();
    tail.reverse();
    assert_eq!(tail, all[296..]);
    let earlier = records.events_before(Some(all[2].place), 9).await.unwrap();
    assert_eq!(earlier, [all[1].clone(), all[0].clone()]);
}

pub(super) async fn a_refused_batch_leaves_nothing(records: &impl Records) {
    let an = sample::user(1, "Lê An", "an");
    commit(records, vec![Change::User(Write::Put(an.clone()))])
        .await
        .unwrap();
    let stored = records.user(an.id).await.unwrap().unwrap();
    let session = sample::session(1, an.id);
    let mut renamed = stored.clone();
    renamed.name = "Tên khác".to_owned();
    let batch = Batch {
        changes: vec![
            Change::User(Write::Put(renamed)),
            Change::Session(Write::Put(session.clone())),
            Change::Outbox(sample::delivery(1)),
            Change::Unit(Write::Put(sample::unit(1, "H99", None))),
            Change::User(Write::Put(sample::user(2, "Trần Bình", "binh"))),
            Change::User(Write::Put(sample::user(3, "Kẻ khác", "an"))),
        ],
        events: vec![sample::event(1)],
    };
    assert_eq!(refusal(records.commit(batch).await), "taken identifier");
    assert_eq!(records.user(an.id).await.unwrap(), Some(stored));
    assert_eq!(records.user(sample::id(2)).await.unwrap(), None);
    assert_eq!(records.user(sample::id(3)).await.unwrap(), None);
    assert!(records.session(session.id).await.unwrap().is_none());
    assert!(records.outbox_entry(sample::id(1)).await.unwrap().is_none());
    assert!(records.unit_by_code("H99").await.unwrap().is_none());
    assert!(records.events_after(0, 10).await.unwrap().is_empty());
    // What the refused batch had reserved is free.
    let binh = sample::user(4, "Vũ Bình", "binh");
    commit(records, vec![Change::User(Write::Put(binh))])
        .await
        .unwrap();
    records.commit(Batch::default()).await.unwrap();
}

pub(super) async fn blocks_and_change_sets_are_kept(records: &impl Records) {
    records.commit(events(0..6)).await.unwrap();
    let all = records.events_after(0, 100).await.unwrap();
    let mut blocks: Vec<Block> = Vec::new();
    for part in all.chunks(2) {
        let previous = blocks.last().map(|b| &b.head);
        blocks.push(Block {
            head: BlockHead::over(previous, part, sample::at(9)).unwrap(),
            kid: "k".to_owned(),
            signature: "s".to_owned(),
        });
    }
    assert_eq!(records.last_block().await.unwrap(), None);
    let batch = blocks.iter().cloned().map(Change::AuditBlock).collect();
    commit(records, batch).await.unwrap();
    let again = vec![Change::AuditBlock(blocks[1].clone())];
    assert_eq!(refusal(commit(records, again).await), "taken audit_block");
    assert_eq!(records.last_block().await.unwrap().as_ref(), blocks.last());
    assert_eq!(records.blocks_from(2, 1).await.unwrap(), blocks[1..2]);
    assert_eq!(records.blocks_from(1, 9).await.unwrap(), blocks);
    change_sets_are_kept(records).await;
}

async fn change_sets_are_kept(records: &impl Records) {
    let set = ChangeSet {
        id: sample::id(1),
        version: Version::NEW,
        issuer: IssuerKey::main(),
        kind: ChangeSetKind::UserImport,
        state: ChangeSetState::Applying,
        actor: "system".to_owned(),
        title: "users.csv".to_owned(),
        planned: 3,
        applied: 0,
        created_at: sample::at(1),
    };
    let entry = |set: u128, place| ChangeSetEntry {
        change_set: sample::id(set),
        place,
        aggregate: "user".to_owned(),
        id: "x".to_owned(),
        after: Version(1),
        before: None,
    };
    let mut batch = vec![Change::ChangeSet(Write::Put(set.clone()))];
    batch.extend((0..3).map(|place| Change::ChangeSetEntry(entry(1, place))));
    batch.push(Change::ChangeSetEntry(entry(2, 0)));
    commit(records, batch).await.unwrap();
    let again = vec![Change::ChangeSetEntry(entry(1, 2))];
    assert_eq!(
        refusal(commit(records, again).await),
        "changed change_set_entry"
    );
    let stored = records.change_set(set.id).await.unwrap().unwrap();
    assert_eq!(stored.version, Version(1));
    let newer = ChangeSet {
        id: sample::id(5),
        ..set.clone()
    };
    commit(records, vec![Change::ChangeSet(Write::Put(newer))])
        .await
        .unwrap();
    let mut page = PageRequest::first(1);
    let newest = records.change_sets(&page).await.unwrap();
    page.after = newest.next;
    let older = records.change_sets(&page).await.unwrap();
    assert_eq!(newest.entries[0].id, sample::id(5));
    assert_eq!((older.entries, older.next), (vec![stored], None));
    let entries = records.change_set_entries(set.id, 1, 100).await.unwrap();
    assert_eq!(entries, [entry(1, 1), entry(1, 2)]);
    assert_eq!(
        records.change_set_entries(set.id, 0, 1).await.unwrap(),
        [entry(1, 0)]
    );
}
