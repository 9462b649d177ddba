//! A tickets file that gives space back.

use idp_core::base::time::Timestamp;
use idp_core::store::tickets::{TicketAnswer, TicketKey, TicketKind, TicketOp, Tickets};
use sqlx::{ConnectOptions, Connection, Executor};

use super::{OpenOptions, SqliteRecords, empty, open};
use crate::sql::value::Statement;

async fn pages(records: &SqliteRecords) -> i64 {
    let statement = Statement::new("PRAGMA page_count", Vec::new());
    let database = records.engine.tickets(false);
    let rows = database.readers.read(statement).await.unwrap();
    rows[0].int(0).unwrap()
}

fn ticket(number: u32, until: i64) -> TicketOp {
    TicketOp::Put {
        key: TicketKey::of(TicketKind::PendingAuthorization, &number.to_string()),
        value: vec![7; 8 * 1024],
        until: Timestamp::from_seconds(until),
    }
}

#[tokio::test]
async fn a_flood_of_tickets_is_swept_out_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let (records, tickets) = empty(folder.path()).await;
    let now = Timestamp::from_seconds(1);
    for hundred in 0..40 {
        let ops = (0..100).map(|n| ticket(hundred * 100 + n, 10)).collect();
        tickets.apply(ops, now).await.unwrap();
    }
    let flooded = pages(&records).await;
    assert!(flooded > 8_000, "{flooded}");
    tickets.sweep(Timestamp::from_seconds(10)).await.unwrap();
    let swept = pages(&records).await;
    assert!(swept < 1_500, "{swept} pages of {flooded} are left");
    tickets.apply(vec![ticket(1, 20)], now).await.unwrap();
    records.check().await.unwrap();
}

#[tokio::test]
async fn a_file_that_was_made_without_it_learns_to_shrink() {
    let folder = tempfile::tempdir().unwrap();
    let (records, tickets) = empty(folder.path()).await;
    let now = Timestamp::from_seconds(1);
    tickets.apply(vec![ticket(1, 20)], now).await.unwrap();
    let old = async |text| {
        let database = records.engine.tickets(false);
        let statement = Statement::new(text, Vec::new());
        database.readers.read(statement).await.unwrap()[0].int(0)
    };
    assert_eq!(old("PRAGMA auto_vacuum").await.unwrap(), 2);
    records.close().await;
    drop((records, tickets));

    let file = folder.path().join("tickets.db");
    let mut plain = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(&file)
        .connect()
        .await
        .unwrap();
    let without = "PRAGMA auto_vacuum = NONE; VACUUM";
    plain.execute(sqlx::raw_sql(without)).await.unwrap();
    plain.close().await.unwrap();

    let (records, tickets) = open(folder.path(), OpenOptions::default()).await.unwrap();
    let database = records.engine.tickets(false);
    let mode = Statement::new("PRAGMA auto_vacuum", Vec::new());
    let mode = database.readers.read(mode).await.unwrap()[0].int(0);
    assert_eq!(mode.unwrap(), 2);
    let key = *ticket(1, 20).key();
    let kept = tickets.apply(vec![TicketOp::Peek { key }], now).await;
    assert!(matches!(kept.unwrap()[0], TicketAnswer::Value(_)));
}
