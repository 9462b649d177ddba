//! What a statement answers, gathered alike from every engine.

use futures::TryStreamExt;
use futures::stream::BoxStream;
use sqlx::error::BoxDynError;
use sqlx::{ColumnIndex, Database, Either, Row as _, ValueRef};

use super::value::{Row, Value};

/// What a statement did.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) rows: Vec<Row>,
    pub(crate) affected: u64,
}

/// What an engine sends while a statement runs: how many rows it touched, and rows.
type Sent<'q, D> =
    BoxStream<'q, Result<Either<<D as Database>::QueryResult, <D as Database>::Row>, sqlx::Error>>;

impl Answer {
    /// Gathers what an engine sends; `affected` and `value` read its words, the latter for what is
    /// not null.
    pub(crate) async fn gather<D: Database>(
        mut sent: Sent<'_, D>,
        affected: fn(&D::QueryResult) -> u64,
        value: fn(D::ValueRef<'_>) -> Result<Value, BoxDynError>,
    ) -> Result<Self, sqlx::Error>
    where
        usize: ColumnIndex<D::Row>,
    {
        let mut answer = Self {
            rows: Vec::new(),
            affected: 0,
        };
        while let Some(step) = sent.try_next().await? {
            match step {
                Either::Left(result) => answer.affected += affected(&result),
                Either::Right(row) => answer.rows.push(read::<D>(&row, value)?),
            }
        }
        Ok(answer)
    }
}

fn read<D: Database>(
    row: &D::Row,
    value: fn(D::ValueRef<'_>) -> Result<Value, BoxDynError>,
) -> Result<Row, sqlx::Error>
where
    usize: ColumnIndex<D::Row>,
{
    let values = (0..row.len()).map(|column| {
        let raw = row.try_get_raw(column)?;
        if raw.is_null() {
            return Ok(Value::Null);
        }
        value(raw).map_err(sqlx::Error::Decode)
    });
    values.collect::<Result<_, _>>().map(Row)
}
