//! How a statement runs on a connection.

use std::borrow::Cow;

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{
    PgArgumentBuffer, PgArguments, PgConnection, PgQueryResult, PgTypeInfo, PgValueRef,
};
use sqlx::{Arguments, AssertSqlSafe, Decode, Encode, Postgres, Type, TypeInfo, ValueRef};

use crate::sql::answer::Answer;
use crate::sql::value::{Statement, Value};

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
    #[expect(
        deprecated,
        reason = "one statement; `execute` would drop rows, `fetch` counts"
    )]
    let sent = query.fetch_many(connection);
    Answer::gather::<Postgres>(sent, PgQueryResult::rows_affected, value).await
}

fn value(raw: PgValueRef<'_>) -> Result<Value, BoxDynError> {
    let kind = raw.type_info().into_owned();
    Ok(match kind.name() {
        "INT8" => Value::Int(Decode::<Postgres>::decode(raw)?),
        "INT4" => Value::Int(<i32 as Decode<'_, Postgres>>::decode(raw)?.into()),
        "BYTEA" => Value::Bytes(Decode::<Postgres>::decode(raw)?),
        _ => Value::Text(Decode::<Postgres>::decode(raw)?),
    })
}
