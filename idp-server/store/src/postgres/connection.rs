//! How a statement runs on a connection.

use std::borrow::Cow;

use futures::TryStreamExt;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgConnection, PgRow, PgTypeInfo};
use sqlx::{
    Arguments, AssertSqlSafe, Decode, Either, Encode, Postgres, Row as _, Type, TypeInfo, ValueRef,
};

use crate::sql::value::{Row, Statement, Value};

/// A null of whatever type its place in the statement has. A null of a fixed type would fix the
/// marker's type for every later use of the prepared statement.
struct Untyped;

impl Type<Postgres> for Untyped {
    fn type_info() -> PgTypeInfo {
        // Type 0 in a Parse message asks the server to infer (PostgreSQL protocol, "Parse").
        PgTypeInfo::with_oid(Oid(0))
    }
}

impl Encode<'_, Postgres> for Untyped {
    fn encode_by_ref(&self, _: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        Ok(IsNull::Yes)
    }
}

/// What a statement did.
pub(crate) struct Answer {
    pub(crate) rows: Vec<Row>,
    pub(super) affected: u64,
}

/// Binds `values` behind what is bound already.
pub(super) fn bind(arguments: &mut PgArguments, values: &[Value]) -> Result<(), sqlx::Error> {
    for value in values {
        let added = match value {
            Value::Null => arguments.add(Untyped),
            Value::Int(number) => arguments.add(*number),
            Value::Text(text) => arguments.add(text.as_str()),
            Value::Bytes(bytes) => arguments.add(bytes.as_slice()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    Ok(())
}

/// Runs a statement: one round trip once it is prepared.
pub(crate) async fn run(
    connection: &mut PgConnection,
    statement: &Statement,
) -> Result<Answer, sqlx::Error> {
    let mut arguments = PgArguments::default();
    bind(&mut arguments, &statement.values)?;
    run_bound(connection, statement.text.clone(), arguments).await
}

/// Runs a text with what is bound to it.
pub(super) async fn run_bound(
    connection: &mut PgConnection,
    text: Cow<'static, str>,
    arguments: PgArguments,
) -> Result<Answer, sqlx::Error> {
    let query = match text {
        Cow::Borrowed(text) => sqlx::query_with(text, arguments),
        // Put together from fixed texts by this crate; values are always bound.
        Cow::Owned(text) => sqlx::query_with(AssertSqlSafe(text), arguments),
    };
    let mut answer = Answer {
        rows: Vec::new(),
        affected: 0,
    };
    #[expect(
        deprecated,
        reason = "one statement; `execute` would drop rows, `fetch` counts"
    )]
    let mut stream = query.fetch_many(connection);
    while let Some(step) = stream.try_next().await? {
        match step {
            Either::Left(result) => answer.affected += result.rows_affected(),
            Either::Right(row) => answer.rows.push(read(&row)?),
        }
    }
    Ok(answer)
}

fn read(row: &PgRow) -> Result<Row, sqlx::Error> {
    let columns = 0..row.len();
    let values = columns.map(|column| {
        let value = row.try_get_raw(column)?;
        if value.is_null() {
            return Ok(Value::Null);
        }
        let kind = value.type_info();
        let decoded = match kind.name() {
            "INT8" => <i64 as Decode<'_, Postgres>>::decode(value).map(Value::Int),
            "INT4" => <i32 as Decode<'_, Postgres>>::decode(value).map(|n| Value::Int(n.into())),
            "BYTEA" => <Vec<u8> as Decode<'_, Postgres>>::decode(value).map(Value::Bytes),
            _ => <String as Decode<'_, Postgres>>::decode(value).map(Value::Text),
        };
        decoded.map_err(sqlx::Error::Decode)
    });
    values.collect::<Result<_, _>>().map(Row)
}
