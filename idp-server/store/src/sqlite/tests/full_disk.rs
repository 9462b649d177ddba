//! A disk without space.

use idp_core::store::change::{Batch, Change, Write};
use idp_core::store::contract::sample;
use idp_core::store::records::{CommitError, Records};

use super::empty;
use crate::sql::engine::Engine;
use crate::sql::value::Statement;

fn batch(number: u128) -> Batch {
    let mut user = sample::user(number, "Lê An", &format!("an{number}"));
    user.locale = Some("x".repeat(20_000));
    Batch {
        changes: vec![Change::User(Write::Put(user))],
        events: vec![sample::event(1)],
    }
}

#[tokio::test]
async fn a_full_disk_leaves_nothing_half_written_and_passes() {
    let folder = tempfile::tempdir().unwrap();
    let (records, _tickets) = empty(folder.path()).await;
    // SQLite answers as for a full disk when a database may not grow.
    let limit = async |text| {
        let statement = Statement::new(text, Vec::new());
        records.engine.change(vec![statement]).await.unwrap();
    };
    records.commit(batch(1)).await.unwrap();
    limit("PRAGMA max_page_count = 1").await;
    let mut committed = 1;
    let fault = loop {
        match records.commit(batch(committed + 1)).await {
            Ok(()) => committed += 1,
            Err(CommitError::Fault(fault)) => break fault,
            Err(other) => panic!("{other:?}"),
        }
        assert!(committed < 100, "the limit does not hold");
    };
    assert!(
        fault.transient && fault.detail.contains("no space"),
        "{fault}"
    );
    let refused = sample::id(committed + 1);
    assert_eq!(records.user(refused).await.unwrap(), None);
    let events = records.events_after(0, 1_000).await.unwrap().len();
    assert_eq!(events as u128, committed);

    limit("PRAGMA max_page_count = 1073741823").await;
    records.commit(batch(committed + 1)).await.unwrap();
    assert!(records.user(refused).await.unwrap().is_some());
    records.check().await.unwrap();
}
