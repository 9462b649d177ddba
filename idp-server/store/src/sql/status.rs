//! What others signed about the status of certificates.

use async_trait::async_trait;
use idp_core::base::fault::Fault;
use idp_core::base::secret::Digest;
use idp_core::base::time::Timestamp;
use idp_core::model::certificate_status::{KeptStatus, StatusKind, StatusStamp};
use idp_core::store::status::StatusRecords;

use super::ask::SqlRecords;
use super::engine::Engine;
use super::value::{Row, Value, values};

#[async_trait]
impl<E: Engine> StatusRecords for SqlRecords<E> {
    async fn kept_status(&self, key: &Digest) -> Result<Option<KeptStatus>, Fault> {
        let text = "SELECT kind, issuer, address, fetched_ms, this_update_ms, until_ms, body \
                    FROM certificate_status WHERE key = $1";
        let mut rows = self.rows(text, values![key]).await?;
        rows.pop().map(|row| kept(row, *key)).transpose()
    }

    async fn kept_lists(&self, issuer: &Digest) -> Result<Vec<StatusStamp>, Fault> {
        let text = "SELECT key, address, fetched_ms, this_update_ms, until_ms \
                    FROM certificate_status WHERE issuer = $1 AND kind = 'list' \
                    ORDER BY key LIMIT 64";
        let rows = self.rows(text, values![issuer]).await?;
        rows.iter().map(stamp).collect()
    }

    async fn keep_status(&self, kept: KeptStatus) -> Result<bool, Fault> {
        let text = "INSERT INTO certificate_status (key, kind, issuer, address, fetched_ms, \
                    this_update_ms, until_ms, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
                    ON CONFLICT (key) DO UPDATE SET address = excluded.address, \
                    fetched_ms = excluded.fetched_ms, this_update_ms = excluded.this_update_ms, \
                    until_ms = excluded.until_ms, body = excluded.body \
                    WHERE certificate_status.this_update_ms <= excluded.this_update_ms RETURNING 1";
        let values = values![
            &kept.key,
            kept.kind.name(),
            &kept.issuer,
            kept.address,
            kept.fetched_at,
            kept.this_update,
            kept.until,
            kept.body,
        ];
        Ok(!self.change(text, values).await?.is_empty())
    }
}

/// Takes the body out of the row: it may be large.
fn kept(mut row: Row, key: Digest) -> Result<KeptStatus, Fault> {
    let body = match row.0.pop() {
        Some(Value::Bytes(body)) => body,
        _ => return Err(strange()),
    };
    let kind = match row.text(0)? {
        "list" => StatusKind::List,
        "answer" => StatusKind::Answer,
        _ => return Err(strange()),
    };
    let time = |column| row.int(column).map(Timestamp::from_millis);
    Ok(KeptStatus {
        key,
        kind,
        issuer: digest(&row, 1)?,
        address: row.text(2)?.to_owned(),
        fetched_at: time(3)?,
        this_update: time(4)?,
        until: time(5)?,
        body,
    })
}

fn stamp(row: &Row) -> Result<StatusStamp, Fault> {
    let time = |column| row.int(column).map(Timestamp::from_millis);
    Ok(StatusStamp {
        key: digest(row, 0)?,
        address: row.text(1)?.to_owned(),
        fetched_at: time(2)?,
        this_update: time(3)?,
        until: time(4)?,
    })
}

fn digest(row: &Row, column: usize) -> Result<Digest, Fault> {
    let octets = row.bytes(column)?.try_into().map_err(|_| strange())?;
    Ok(Digest::from_bytes(octets))
}

fn strange() -> Fault {
    Fault::lasting("store", "a row of certificate_status does not read back")
}
