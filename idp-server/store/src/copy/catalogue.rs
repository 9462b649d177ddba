//! Which tables, columns and keys there are, by the target's own catalogue.

use std::collections::BTreeMap;

use idp_core::base::fault::Fault;
use sqlx::postgres::PgConnection;

use super::{execute, query};
use crate::sql::value::{Row, Statement, Value};

/// Tables that say something about their own database, or about who works on it now; and what others
/// signed, which is fetched or brought again: pages of lists of a hundred megabytes would fill the
/// memory for nothing that is ours.
const OWN: [&str; 5] = [
    "schema_versions",
    "event_places",
    "change_counts",
    "leases",
    "certificate_status",
];

/// A table: its columns, those of the key first.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    key: usize,
}

/// A column.
#[derive(Debug)]
pub(super) struct Column {
    name: String,
    pub(super) kind: Kind,
}

/// The three types of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Text,
    Bytes,
}

impl Table {
    /// The next rows after a key, in the order of the key.
    pub(super) fn page(&self, after: Option<&[Value]>, most: usize) -> Statement {
        let keys = self.columns.iter().take(self.key);
        let keys: Vec<&str> = keys.map(|column| column.name.as_str()).collect();
        let keys = keys.join(", ");
        let condition = after.map_or_else(String::new, |after| {
            let markers: Vec<String> = (1..=after.len()).map(|n| format!("${n}")).collect();
            format!(" WHERE ({keys}) > ({})", markers.join(", "))
        });
        let (columns, name) = (self.column_names(), &self.name);
        let text = format!("SELECT {columns} FROM {name}{condition} ORDER BY {keys} LIMIT {most}");
        Statement {
            text: text.into(),
            values: after.unwrap_or_default().to_vec(),
        }
    }

    /// The key of a row of [`Table::page`].
    pub(super) fn key_of(&self, row: &Row) -> Vec<Value> {
        row.0.iter().take(self.key).cloned().collect()
    }

    /// The statement that takes rows in.
    pub(super) fn copy_text(&self) -> String {
        format!("COPY {} ({}) FROM STDIN", self.name, self.column_names())
    }

    fn column_names(&self) -> String {
        let names = self.columns.iter().map(|column| column.name.as_str());
        names.collect::<Vec<_>>().join(", ")
    }
}

/// The tables that are copied.
pub(super) async fn read(connection: &mut PgConnection) -> Result<Vec<Table>, Fault> {
    // Key columns in the order of the key, then the others.
    let text = "SELECT c.table_name::text, c.column_name::text, c.data_type::text, \
         COALESCE(k.ordinal_position, 0)::bigint FROM information_schema.columns c \
         LEFT JOIN information_schema.table_constraints t ON t.table_schema = c.table_schema \
         AND t.table_name = c.table_name AND t.constraint_type = 'PRIMARY KEY' \
         LEFT JOIN information_schema.key_column_usage k \
         ON k.constraint_schema = t.constraint_schema AND k.constraint_name = t.constraint_name \
         AND k.column_name = c.column_name WHERE c.table_schema = current_schema() \
         ORDER BY c.table_name, k.ordinal_position NULLS LAST, c.ordinal_position";
    let rows = query(connection, &Statement::new(text, Vec::new())).await?;
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for row in &rows {
        let name = row.text(0)?;
        if OWN.contains(&name) {
            continue;
        }
        let table = tables.entry(name.to_owned()).or_insert_with(|| Table {
            name: name.to_owned(),
            columns: Vec::new(),
            key: 0,
        });
        table.columns.push(Column {
            name: row.text(1)?.to_owned(),
            kind: kind(row.text(2)?)?,
        });
        table.key += usize::from(row.int(3)? > 0);
    }
    let tables: Vec<Table> = tables.into_values().collect();
    match tables.iter().find(|table| table.key == 0) {
        Some(table) => Err(strange(&table.name)),
        None => Ok(tables),
    }
}

fn kind(name: &str) -> Result<Kind, Fault> {
    match name {
        "bigint" => Ok(Kind::Int),
        "text" => Ok(Kind::Text),
        "bytea" => Ok(Kind::Bytes),
        other => Err(strange(other)),
    }
}

fn strange(what: &str) -> Fault {
    let why = format!("the target database holds something that is not the store's ({what})");
    Fault::lasting("store", why)
}

/// Keeps everybody else out of the tables until the transaction ends, and refuses what is not
/// empty.
pub(super) async fn lock_empty(
    connection: &mut PgConnection,
    tables: &[Table],
) -> Result<(), Fault> {
    for table in tables {
        let name = &table.name;
        execute(
            connection,
            format!("LOCK TABLE {name} IN ACCESS EXCLUSIVE MODE"),
        )
        .await?;
        let one = Statement {
            text: format!("SELECT 1 FROM {name} LIMIT 1").into(),
            values: Vec::new(),
        };
        if !query(connection, &one).await?.is_empty() {
            return Err(Fault::lasting(
                "store",
                format!(
                    "the target database is not empty ({name} has rows): a store is moved into an \
                     empty one only"
                ),
            ));
        }
    }
    Ok(())
}
